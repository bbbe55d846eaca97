use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::super::grafana::Site;
use super::{Asked, Fake, NOTHING, QUICK, Reply, TOKEN, is_clean};
use crate::world::Grafana;
use crate::world::grafana::{Credentials, GrafanaLogin, Held};
use crate::world::server::FailureKind;

fn login(url: &str) -> GrafanaLogin {
    let credentials = Some(Credentials::Token(Held::Variable("TOKEN".to_owned())));
    GrafanaLogin { url: url.to_owned(), credentials, timeout: QUICK.timeout }
}

fn site(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Fake, Site) {
    let fake = Fake::start(reply);
    let site = Site::new(&login(&format!("{}/grafana/", fake.url)), QUICK, &|_| Some(TOKEN.into())).unwrap();
    (fake, site)
}

#[test]
fn it_is_asked_below_its_root_with_the_token_and_names_that_cannot_lead_elsewhere() {
    let (fake, site) = site(|_| Reply::json(&json!({"dashboard": {}, "meta": {}})));
    site.dashboard("../admin?x=1").unwrap().unwrap();
    let asked = &fake.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/grafana/api/dashboards/uid/..%2Fadmin%3Fx%3D1"));
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let basic = Credentials::Basic { user: "admin".to_owned(), password: Held::Variable("P".to_owned()) };
    let login = GrafanaLogin { credentials: Some(basic), ..login(&fake.url) };
    Site::new(&login, QUICK, &|_| Some("secret\n".into())).unwrap().dashboard("a").unwrap();
    assert_eq!(fake.asked()[1].header("authorization"), Some("Basic YWRtaW46c2VjcmV0"));
}

#[test]
fn only_grafana_itself_says_that_something_is_not_there() {
    let missing = |body: &'static str| site(move |_| Reply::Says(404, body.to_owned())).1.dashboard("a");
    assert_eq!(missing("{\"message\":\"Dashboard not found\"}"), Ok(None));
    for body in ["{\"message\":\"Not found\"}", "<html>404</html>", "404 page not found", "{}"] {
        let failure = missing(body).unwrap_err();
        assert_eq!((failure.kind, failure.message.contains("no such path")), (FailureKind::Missing, true), "{failure}");
    }
}

#[test]
fn what_else_may_answer_is_told_apart() {
    type Case = (fn() -> Reply, FailureKind, &'static str);
    let cases: [Case; 10] = [
        (|| Reply::Says(200, "<!doctype html><title>Sign in".to_owned()), FailureKind::Garbage, "is a web page"),
        (|| Reply::Says(200, "{".to_owned()), FailureKind::Garbage, "is no JSON"),
        (
            || Reply::With(302, "location: /login?token=x", String::new()),
            FailureKind::Unauthorized,
            "leads to a login page (/login)",
        ),
        (
            || Reply::With(301, "location: https://other.example.com/", String::new()),
            FailureKind::Garbage,
            "leads to `https://other.example.com/`",
        ),
        (
            || Reply::Says(401, json!({"message": format!("Invalid API key {TOKEN}")}).to_string()),
            FailureKind::Unauthorized,
            "is not accepted",
        ),
        (
            || Reply::Says(403, json!({"message": "no \u{1b}[2J\u{202e}"}).to_string()),
            FailureKind::Forbidden,
            "is not permitted",
        ),
        (|| Reply::Says(502, "<html>".to_owned()), FailureKind::Server, "failed (502)"),
        (|| Reply::Waits, FailureKind::Timeout, "no answer within"),
        (|| Reply::Breaks("{".to_owned()), FailureKind::Unreachable, "broke"),
        (|| Reply::Says(200, "x".repeat(QUICK.size + 1)), FailureKind::Garbage, "larger than"),
    ];
    for (reply, kind, words) in cases {
        let (_fake, site) = site(move |_| reply());
        let failure = site.dashboard("a").unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        is_clean(&failure);
    }
}

#[test]
fn a_search_is_read_to_its_end_and_one_without_pages_is_too_old() {
    let hits = |page: usize, count: usize| {
        let hit = |n: usize| json!({"uid": format!("{page}-{n}"), "title": "a", "tags": ["watershed"]});
        Reply::json(&(0..count).map(hit).collect())
    };
    let (fake, site_of_two) = site(move |asked| match asked.number {
        0 => hits(0, 1000),
        n => hits(n, 3),
    });
    let all = site_of_two.search("a&b").unwrap();
    let uids: BTreeSet<&str> = all.iter().filter_map(|h| h["uid"].as_str()).collect();
    assert_eq!((all.len(), uids.len()), (1003, 1003));
    assert_eq!(fake.asked()[1].path, "/grafana/api/search?type=dash-db&tag=a%26b&limit=1000&page=2");
    let (_fake, without_pages) = site(move |_| hits(0, 1000));
    let failure = without_pages.search("a").unwrap_err();
    assert!(failure.message.contains("too old to hand out pages"), "{failure}");
    for bad in [json!({}), json!([{"title": "no uid"}])] {
        let (_fake, site) = site(move |_| Reply::json(&bad));
        assert_eq!(site.search("a").unwrap_err().kind, FailureKind::Garbage);
    }
}

#[test]
fn a_grafana_says_what_it_is_and_old_ones_are_not_asked() {
    let version = |health: Json| site(move |_| Reply::json(&health)).1.version();
    assert_eq!(version(json!({"database": "ok", "version": "12.1.0"})), Ok("12.1.0".to_owned()));
    assert_eq!(version(json!({"database": "ok"})), Ok(String::new()), "it may hide it");
    let failure = version(json!({"database": "ok", "version": "7.5.17"})).unwrap_err();
    assert!(failure.message.contains("7.5.17 is too old"), "{failure}");
    let failure = version(json!({"status": "up"})).unwrap_err();
    assert!(failure.message.contains("no Grafana"), "{failure}");
}

#[test]
fn what_cannot_be_asked_is_said_before_anything_is_sent() {
    let refused = |url: &str, token: Option<&str>| {
        let failure = Site::new(&login(url), QUICK, &|_| token.map(Into::into)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config, "{failure}");
        is_clean(&failure);
        failure.message
    };
    for (url, words) in [
        ("grafana.example.com", "begins with https://"),
        ("ftp://a", "begins with https://"),
        ("https://a b", "is no URL"),
        ("https://u:canary-7f3a9b1c@a", "--grafana-user"),
        ("https://a/?orgId=1", "has a query"),
    ] {
        assert!(refused(url, Some(TOKEN)).contains(words), "{url}");
    }
    assert!(refused("https://a", None).contains("`TOKEN` is not set"));
    for token in ["", " \n", "canary-7f3a9b1c\nx", "caf\u{e9}"] {
        assert!(refused("https://a", Some(token)).contains("holds no token"), "{token}");
    }
    let file = GrafanaLogin {
        credentials: Some(Credentials::Token(Held::File("/no/such/file".to_owned()))),
        ..login("https://a")
    };
    let failure = Site::new(&file, QUICK, NOTHING).unwrap_err();
    assert!(failure.message.contains("`/no/such/file` cannot be read"), "{failure}");
}
