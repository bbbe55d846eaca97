use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Asked, Config, Fake, Live, NOTHING, QUICK, Reply, TOKEN, is_clean, kubeconfig};
use crate::world::Server;
use crate::world::server::{Failure, FailureKind, Login};

fn refused(text: &str, context: &str) -> Failure {
    let failure = Live::new(&Config::new(text).login(context), QUICK, NOTHING).unwrap_err();
    is_clean(&failure);
    failure
}

#[test]
fn contexts_that_are_not_there_are_told_with_the_nearest() {
    let text = kubeconfig("https://127.0.0.1:1", "{}");
    let failure = refused(&text, "prodution");
    assert_eq!(failure.kind, FailureKind::Config);
    assert!(failure.message.ends_with("did you mean `production`?"), "{failure}");
    let failure = refused(&text, "\x1b[2Jzebra");
    assert!(failure.message.ends_with("it has `anonymous`, `production`"), "{failure}");
    let failure = refused("{}", "x");
    assert!(failure.message.ends_with("it has none"), "{failure}");
}

#[test]
fn kubeconfigs_that_cannot_be_used_are_told_without_what_stands_in_them() {
    let ok = kubeconfig("https://127.0.0.1:1", &format!("{{token: {TOKEN}}}"));
    for (text, words) in [
        (ok.replace("user: u", "user: w"), "names the user `w`, which is not there"),
        (ok.replace("cluster: c,", "cluster: d,"), "names the cluster `d`, which is not there"),
        (ok.replace("https://127.0.0.1:1", "127.0.0.1"), "its `server` is no URL"),
        (ok.replace("server:", "proxy-url: 'http://proxy:3128', server:"), "has a `proxy-url`"),
        (ok.replace("server:", "certificate-authority: /nonexistent/ca, server:"), "/nonexistent/ca"),
        (ok.replace("token:", "exec: {}, client-key-data: [] #"), "it cannot be read as one"),
        (format!("{ok}\n - {TOKEN}: ["), "it cannot be read as one"),
        ("\u{0}".repeat(10), "it cannot be read as one"),
    ] {
        let failure = refused(&text, "production");
        assert_eq!(failure.kind, FailureKind::Config, "{text}");
        assert!(failure.message.contains(words), "{failure}");
    }
    let login = Login { kubeconfig: Some("/nonexistent/config".to_owned()), ..Config::new("").login("x") };
    let failure = Live::new(&login, QUICK, NOTHING).unwrap_err();
    assert!(failure.message.contains("there is no kubeconfig `/nonexistent/config`"), "{failure}");
    let login = Login { kubeconfig: Some("/dev/zero".to_owned()), ..login };
    assert!(Live::new(&login, QUICK, NOTHING).unwrap_err().message.contains("is no kubeconfig"));
}

#[test]
fn several_kubeconfigs_are_joined_and_the_first_wins() {
    let config = Config::new("");
    let fake = Fake::start(|_| Reply::json(&json!({"gitVersion": "v1.30.0"})));
    let first = config.put("first", &kubeconfig(&fake.url, "{}").replace("production", "one"));
    let second = config.put("second", &kubeconfig("http://127.0.0.1:1", "{}").replace("production", "two"));
    let joined = format!("{first}:{}/nonexistent::{second}", config.folder.path().display());
    let home = config.folder.path().to_owned();
    let vars = |name: &str| match name {
        "KUBECONFIG" => Some(OsString::from(&joined)),
        "HOME" => Some(home.clone().into_os_string()),
        _ => None,
    };
    let login = |context: &str| Login { kubeconfig: None, ..config.login(context) };
    // The cluster is that of the first file for both.
    for context in ["one", "two"] {
        assert_eq!(Live::new(&login(context), QUICK, &vars).unwrap().version().unwrap(), "v1.30.0");
    }
    assert!(Live::new(&login("three"), QUICK, &vars).unwrap_err().message.contains("second"));
    let failure = Live::new(&login("one"), QUICK, &|name| vars(name).filter(|_| name == "HOME")).unwrap_err();
    assert!(failure.message.contains("there is no kubeconfig: looked at `~/.kube/config`"), "{failure}");
    std::fs::create_dir(home.join(".kube")).unwrap();
    std::fs::copy(&first, home.join(".kube/config")).unwrap();
    Live::new(&login("one"), QUICK, &|name| vars(name).filter(|_| name == "HOME")).unwrap();
    assert!(Live::new(&login("one"), QUICK, NOTHING).unwrap_err().message.contains("HOME"));
}

#[test]
fn a_proxy_that_is_demanded_is_not_passed_by() {
    let config = Config::new(&kubeconfig("https://api.example.com", "{}"));
    let vars = |name: &str| (name == "HTTPS_PROXY").then(|| OsString::from("http://proxy:3128"));
    let failure = Live::new(&config.login("production"), QUICK, &vars).unwrap_err();
    assert!(failure.message.contains("`HTTPS_PROXY` is set") && failure.message.contains("`NO_PROXY`"), "{failure}");
}

/// A plugin that notes that it ran, and then does this.
fn plugin(config: &Config, script: &str) -> String {
    let ran = config.folder.path().join("ran");
    let path = config.put("get-token", &format!("#!/bin/sh\necho run >> {}\n{script}\n", ran.display()));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn runs(config: &Config) -> usize {
    std::fs::read_to_string(config.folder.path().join("ran")).map_or(0, |text| text.lines().count())
}

/// Stands for the whole path of the plugin.
const ITSELF: &str = "itself";

/// A login by a plugin at a server that takes tokens with this name in them.
fn by_plugin(script: &str, exec: &[&str]) -> (Config, Fake, Result<Live, Failure>) {
    let fake = Fake::start(|asked: &Asked| match asked.header("authorization") {
        Some(token) if token.contains("good") => Reply::json(&json!({"gitVersion": "v1.35.0"})),
        _ => Reply::Says(401, json!({"kind": "Status", "message": "Unauthorized"}).to_string()),
    });
    let config = Config::new("");
    let path = plugin(&config, script);
    let user = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {path}, args: [a], provideClusterInfo: true, \
         env: [{{name: GREETING, value: hello}}]}}}}"
    );
    config.put("config", &kubeconfig(&fake.url, &user));
    // A path is allowed as it is written.
    let exec = exec.iter().map(|e| if *e == ITSELF { path.clone() } else { (*e).to_owned() }).collect();
    let login = Login { exec, ..config.login("production") };
    let live = Live::new(&login, QUICK, NOTHING);
    (config, fake, live)
}

fn credential(token: &str) -> String {
    format!(
        r#"echo '{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"{token}"}}}}'"#
    )
}

#[test]
fn a_plugin_that_nobody_allowed_is_not_run() {
    for exec in [&[][..], &["other"], &["get-token"]] {
        let (config, fake, live) = by_plugin(&credential("good"), exec);
        let failure = live.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Plugin);
        assert!(failure.message.ends_with("/get-token`"), "the whole path has to be named: {failure}");
        assert_eq!((runs(&config), fake.asked().len()), (0, 0));
    }
}

#[test]
fn a_kubeconfig_does_not_say_what_a_name_stands_for() {
    let text = |exec: &str| kubeconfig("http://127.0.0.1:1", &format!("{{exec: {exec}}}"));
    for variable in ["PATH", "LD_PRELOAD", "BASH_ENV"] {
        let config = Config::new(&text(&format!("{{command: sh, env: [{{name: {variable}, value: /tmp/x}}]}}")));
        let login = Login { exec: vec!["sh".to_owned()], ..config.login("production") };
        let failure = Live::new(&login, QUICK, NOTHING).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Plugin);
        assert!(failure.message.contains(&format!("sets `{variable}`")), "{failure}");
    }
}

#[test]
fn a_plugin_that_is_allowed_is_run_once_and_with_the_first_question() {
    let script = format!(
        "[ \"$1\" = a ] && [ \"$GREETING\" = hello ] || exit 3\n\
         case \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":false'*127.0.0.1*) ;; *) exit 4;; esac\n{}",
        credential("good")
    );
    let (config, _fake, live) = by_plugin(&script, &["other", ITSELF]);
    let live = live.unwrap();
    assert_eq!(runs(&config), 0);
    assert_eq!(live.version().unwrap(), "v1.35.0");
    assert_eq!(live.version().unwrap(), "v1.35.0");
    assert_eq!(runs(&config), 1);
}

#[test]
fn a_credential_that_ran_out_is_fetched_anew_once() {
    // The second one is good.
    let script =
        format!("if [ $(wc -l < ${{0%/*}}/ran) = 1 ]; then {}; else {}; fi", credential("stale"), credential("good"));
    let (config, fake, live) = by_plugin(&script, &[ITSELF]);
    let live = live.unwrap();
    assert_eq!(live.version().unwrap_err().kind, FailureKind::Unauthorized);
    assert_eq!(live.version().unwrap(), "v1.35.0");
    assert_eq!((runs(&config), fake.asked().len()), (2, 3));
    let (config, fake, live) = by_plugin(&credential("stale"), &[ITSELF]);
    let live = live.unwrap();
    for _ in 0..2 {
        assert_eq!(live.version().unwrap_err().kind, FailureKind::Unauthorized);
    }
    assert_eq!((runs(&config), fake.asked().len()), (2, 3));
}

#[test]
fn plugins_that_fail_are_told_without_what_they_know() {
    for (script, words) in [
        (
            format!("echo 'refresh_token={TOKEN} is refused' >&2; exit 1"),
            "failed (exit status: 1); it says: refresh_token=*** is refused",
        ),
        ("exit 7".to_owned(), "failed (exit status: 7); it says nothing"),
        (format!("echo {TOKEN}"), "printed no credential: it is not JSON"),
        ("echo '{\"kind\":\"Pod\"}'".to_owned(), "its kind is not"),
        ("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v0\"}'".to_owned(), "its `apiVersion` is not"),
        (credential(""), "neither a token nor a certificate"),
        ("head -c 2000000 /dev/zero".to_owned(), "more than a megabyte"),
    ] {
        let (_config, _fake, live) = by_plugin(&script, &[ITSELF]);
        let failure = live.unwrap().version().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Plugin, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        is_clean(&failure);
    }
    let (config, _fake, live) = by_plugin("sleep 60 & sleep 60", &[ITSELF]);
    let began = Instant::now();
    assert!(live.unwrap().version().unwrap_err().message.contains("was not ready within 0.7 s"));
    assert!(began.elapsed() < QUICK.timeout + Duration::from_secs(2));
    assert_eq!(runs(&config), 1);
}

#[test]
fn plugins_that_are_not_there_or_want_a_terminal_are_told() {
    let text = |exec: &str| kubeconfig("http://127.0.0.1:1", &format!("{{exec: {exec}}}"));
    let login = |config: &Config| Login { exec: vec!["nosuch-plugin".to_owned()], ..config.login("production") };
    let config = Config::new(&text("{command: nosuch-plugin, installHint: 'install it'}"));
    let failure = Live::new(&login(&config), QUICK, NOTHING).unwrap().version().unwrap_err();
    assert!(failure.message.ends_with("is not installed; the kubeconfig says: install it"), "{failure}");
    let config = Config::new(&text("{command: nosuch-plugin, interactiveMode: Always}"));
    assert!(Live::new(&login(&config), QUICK, NOTHING).unwrap_err().message.contains("wants a terminal"));
    // Neither is a program of the kinds that kubectl once had.
    let user = "{auth-provider: {name: gcp, config: {cmd-path: /bin/sh, cmd-args: '-c exit'}}}";
    let failure = refused(&kubeconfig("http://127.0.0.1:1", user), "production");
    assert_eq!(failure.kind, FailureKind::Config);
    assert!(failure.message.contains("auth provider `gcp`"), "{failure}");
}

#[test]
fn a_user_without_anything_is_nobody() {
    let fake = Fake::start(|asked: &Asked| match asked.header("authorization") {
        None => Reply::json(&json!({"gitVersion": "v1.35.0"})),
        Some(_) => Reply::Says(401, "{}".to_owned()),
    });
    let config = Config::new(&kubeconfig(&fake.url, "{}"));
    for context in ["production", "anonymous"] {
        assert_eq!(Live::new(&config.login(context), QUICK, NOTHING).unwrap().version().unwrap(), "v1.35.0");
    }
    let id = format!("{{auth-provider: {{name: oidc, config: {{id-token: {TOKEN}, refresh-token: x}}}}}}");
    let config = Config::new(&kubeconfig(&fake.url, &id));
    let live = Live::new(&config.login("production"), QUICK, NOTHING).unwrap();
    assert_eq!(live.version().unwrap_err().kind, FailureKind::Unauthorized);
    assert_eq!(fake.asked().last().unwrap().header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}
