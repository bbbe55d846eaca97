use serde_json::json;

use super::*;
use crate::diag::{Origin, Origins, Span};
use crate::diff::{Change, Edit, Effect, Load, Pods, Presence};
use crate::object::ObjectId;

fn change(kind: &str, name: &str, path: &str, effect: Effect, after: &str) -> Change {
    Change {
        object: Some(ObjectId {
            api_version: "v1".into(),
            kind: kind.into(),
            namespace: "monitoring".into(),
            name: name.into(),
        }),
        file: format!("{kind}-{name}.yaml"),
        path: path.into(),
        edit: Edit::Changed,
        in_text: false,
        handed: false,
        pods: None,
        before: Some(json!("old")),
        after: Some(json!(after)),
        effect,
        consequence: if effect > Effect::Restart { "it is lost".into() } else { "".into() },
        origin: Origin::INHERIT,
        was: Origin::INHERIT,
        because: None,
    }
}

struct Fleet {
    sources: Sources,
    origins: Origins,
    before: Loads,
    after: Loads,
    found: Vec<Diagnostic>,
    clusters: Vec<(String, Vec<Change>)>,
}

impl Fleet {
    fn of(clusters: Vec<(String, Vec<Change>)>) -> Self {
        let load = |n: u64| Load { targets: n, series: n * 10, samples_per_second: n as f64 };
        let loads = |n: u64| Loads { clusters: clusters.len(), fleet: load(n), ..Loads::default() };
        let (before, after) = (loads(100), loads(112));
        let (sources, origins) = (Sources::default(), Origins::default());
        Fleet { sources, origins, before, after, found: Vec::new(), clusters }
    }

    fn page(&self, form: Form, limit: Option<usize>) -> String {
        let changes: Vec<ClusterChanges<'_>> = self
            .clusters
            .iter()
            .map(|(name, changes)| ClusterChanges {
                cluster: name,
                identity: name,
                presence: &Presence::Kept,
                changes,
                origins: &self.origins,
                fleet: &self.origins,
                was: None,
                live: None,
                masks: None,
            })
            .collect();
        let page = Review {
            fleet: "acme",
            base: "abc1234 (main)",
            head: "the working tree",
            compiler: "0.1.0",
            command: "watershed review --format html",
            state: State::Compared,
            changes: &changes,
            sources: &self.sources,
            before: &self.before,
            after: &self.after,
            found: &self.found,
            gone: 0,
            checked_in: None,
            built: None,
            unread: None,
            exceptions: &[],
        };
        review(&page, form, limit)
    }
}

fn many(n: usize, of_cluster: impl Fn(usize) -> Vec<Change>) -> Fleet {
    Fleet::of((0..n).map(|i| (format!("edge-{i:04}"), of_cluster(i))).collect())
}

#[test]
fn what_is_alike_in_all_clusters_is_one_row_with_its_names_folded() {
    let restarts = |i| {
        let url = format!("https://edge-{i:04}.example.com");
        let of_url = change("Prometheus", "user", "spec.externalUrl", Effect::Restart, &url);
        Change { pods: Some(Pods::Exactly(2)), ..of_url }
    };
    let fleet = many(100, |i| {
        vec![change("ServiceMonitor", "kubelet", "spec.endpoints[0].interval", Effect::Reload, "15s"), restarts(i)]
    });
    let page = fleet.page(Form::Markdown, Some(65_536));
    assert!(
        page.contains("**Nothing destructive** · 100 objects restarted (200 pods) · 200 changes in 200 objects"),
        "{page}"
    );
    assert_eq!(page.matches("`old` → `15s`").count(), 1, "{page}");
    assert!(page.contains("| restart of 200 pods | `spec.externalUrl`"), "{page}");
    assert!(page.contains("`old` → `https://⟨cluster⟩.example.com`"), "{page}");
    assert!(page.contains("<details><summary>100</summary>edge-0000, edge-0001"), "{page}");
    assert!(page.contains("samples/s 100 → 112 (+12 %)"), "{page}");
}

#[test]
fn destructive_changes_are_never_folded_and_stay_in_the_shortest_page() {
    let fleet = many(300, |i| {
        let mut changes: Vec<Change> = (0..40)
            .map(|n| change("ConfigMap", &format!("c{n}"), &format!("data.k{i}"), Effect::Reload, &"v".repeat(200)))
            .collect();
        changes.push(change("Prometheus", "user", "spec.externalLabels.team", Effect::NewSeries, "b"));
        if i == 7 {
            changes.push(change("Prometheus", "user", "spec.retention", Effect::DataLoss, "1d"));
        }
        changes
    });
    for limit in [4096, 8192, 65_536] {
        let page = fleet.page(Form::Markdown, Some(limit));
        assert!(page.chars().count() <= limit, "{} characters of {limit}", page.chars().count());
        assert!(page.contains("**301 destructive changes: 1 × data loss, 300 × new series**"), "{page}");
        assert!(page.contains("| **data loss** | `spec.retention`: `old` → `1d`"), "{page}");
        assert!(page.contains("| **new series** | `spec.externalLabels.team`: `old` → `b`"), "{page}");
        let folded = page.find("<details").unwrap_or(page.len());
        assert!(page.find("spec.externalLabels.team").unwrap() < folded);
        assert!(page.contains("Shortened to") && page.contains("`watershed review --format html`"), "{page}");
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    }
    let page = fleet.page(Form::Markdown, Some(65_536));
    assert!((0..300).all(|i| page.contains(&format!("edge-{i:04}"))), "every cluster that loses something is named");
    let whole = fleet.page(Form::Html, None);
    assert!(!whole.contains("Shortened") && whole.contains("data.k299"));
}

#[test]
fn more_destructive_changes_than_there_is_room_for_are_counted() {
    let fleet =
        many(400, |i| vec![change("Prometheus", "user", &format!("spec.x{i}"), Effect::DataLoss, &"y".repeat(90))]);
    let page = fleet.page(Form::Markdown, Some(4096));
    assert!(page.chars().count() <= 4096, "{}", page.chars().count());
    assert!(page.contains("**392 destructive changes more that this page has no room for.**"), "{page}");
    assert!(page.contains("400 destructive changes"));
}

#[test]
fn values_that_differ_by_cluster_stand_under_the_first() {
    let fleet =
        many(5, |i| vec![change("Relay", "relay", &format!("spec.args[{i}]"), Effect::Restart, &format!("size={i}"))]);
    let page = fleet.page(Form::Markdown, None);
    assert!(page.contains("`spec.args[*]`: `old` → `size=0`; other values <details><summary>4</summary>"), "{page}");
    assert!(page.contains("old → size=4 (edge-0004)"), "{page}");
}

#[test]
fn panels_that_change_alike_are_one_row_and_others_are_not() {
    let panel = |name: &str, what: &str, after: &str| {
        let path = format!("data[\"lanes.json\"].panels[{name}].{what}");
        change("ConfigMap", "lanes", &path, Effect::Reload, after)
    };
    let fleet = many(2, |_| {
        let intervals = ["Up", "Down", "Slowest"].map(|name| panel(name, "targets[A].interval", "60s"));
        let titles = ["Up", "Down", "Slowest"].map(|name| panel(name, "description", &format!("{name} now")));
        intervals.into_iter().chain(titles).collect()
    });
    let page = fleet.page(Form::Markdown, None);
    let table = page.split("<details><summary><code>").next().unwrap();
    assert!(table.contains("`data[\"lanes.json\"].panels[*].targets[*].interval`: `old` → `60s`"), "{table}");
    for name in ["Up", "Down", "Slowest"] {
        assert!(table.contains(&format!("panels[{name}].description`: `old` → `{name} now`")), "{table}");
    }
}

/// A page of Markdown without its code spans.
fn without_code(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let fence: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let inside = &rest[at + fence.len()..];
        let mut end = 0;
        loop {
            end += inside[end..].find('`').unwrap_or_else(|| panic!("{fence} is open: {inside}"));
            let run = inside[end..].chars().take_while(|c| *c == '`').count();
            end += run;
            if run == fence.len() {
                break;
            }
        }
        rest = &inside[end..];
    }
    out + rest
}

#[test]
fn what_objects_are_called_cannot_break_the_page() {
    let evil = "</details>|<script>`x` @all\n# h";
    let mut fleet = Fleet::of(vec![(evil.to_owned(), vec![change("ConfigMap", evil, evil, Effect::DataLoss, evil)])]);
    let code = &crate::pipeline::all_codes()[0];
    fleet.found.push(Diagnostic::new(code, Span::NONE, format!("`{evil}` is wrong")));
    for form in [Form::Markdown, Form::Html] {
        let page = fleet.page(form, None);
        let outside: String = if form == Form::Html {
            assert!(!page.contains("<script>"), "{page}");
            page.clone()
        } else {
            without_code(&page)
        };
        assert_eq!(outside.matches("<details").count(), outside.matches("</details>").count(), "{page}");
        assert!(!page.contains("\n# h"), "{page}");
    }
    let json: serde_json::Value = serde_json::from_str(&fleet.page(Form::Json, None)).unwrap();
    assert_eq!(json["changes"][0]["destructive"], true);
    assert_eq!(json["impact"]["fleet"]["after"]["samplesPerSecond"], 112.0);
}

#[test]
fn credentials_in_addresses_are_on_no_page() {
    let url = "https://user:canary-7f3a@store.example.com/write";
    let fleet = many(1, |_| {
        let mut reset = change("Prometheus", url, &format!("spec.args[{url}]"), Effect::QueueReset, url);
        reset.consequence = format!("what waits for {url} stays on the volume").into();
        reset.before = Some(json!({ url: [url] }));
        vec![reset]
    });
    for form in [Form::Markdown, Form::Html, Form::Json] {
        let page = fleet.page(form, None);
        assert!(page.contains("store.example.com") && !page.contains("canary-7f3a"), "{page}");
    }
}
