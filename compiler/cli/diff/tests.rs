mod tried;

use std::ffi::OsString;

use serde_json::{Value as Json, json};

use crate::cli;
use crate::object::Tree;
use crate::syntax::plain;
use crate::world::server::{Failure, FailureKind, Listed, Served};
use crate::world::{Memory, Recorded, Stream};

const SPEC: &str = include_str!("../../../examples/single-split/fleet.kdl");

fn run(world: &Memory, args: &[&str]) -> (u8, String) {
    let before = world.printed(Stream::Out).len();
    let args = ["watershed"].iter().chain(args).map(OsString::from);
    let code = cli::run(world, args).code();
    (code, world.printed(Stream::Out)[before..].to_owned())
}

/// A world with a spec that was built.
fn built() -> Memory {
    let world = Memory::new().with("fleet.kdl", SPEC);
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}{}", world.printed(Stream::Err));
    world
}

/// A server that has exactly what was built.
fn applied(world: &Memory) -> Recorded {
    let mut server = Recorded { version: "v1.35.0".to_owned(), ..Recorded::default() };
    for path in world.paths().iter().filter(|p| p.starts_with("output/") && p.ends_with(".yaml")) {
        let bytes = world.get(path).unwrap_or_default();
        let mut tree = Tree::new();
        let roots = plain::read_tree(std::str::from_utf8(&bytes).unwrap(), &mut tree).unwrap();
        for object in roots.into_iter().map(|r| tree.to_json(r)).filter(|o| o.pointer("/metadata/labels").is_some()) {
            server.objects.push(object);
        }
    }
    for (api_version, kind) in crate::pipeline::searched() {
        let namespaced = !crate::check::is_cluster_scoped(kind);
        let served = Served {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: kind.to_lowercase(),
            namespaced,
        };
        server.kinds.push(served.clone());
        server.complete.push(Listed { served, namespace: None, labels: None });
    }
    server
}

fn find<'s>(server: &'s mut Recorded, kind: &str, name: &str) -> &'s mut Json {
    let is = |o: &&mut Json| o["kind"] == kind && o["metadata"]["name"] == name;
    server.objects.iter_mut().find(is).expect(name)
}

fn diff(world: &Memory, server: Recorded) -> (u8, String) {
    world.serve("lab", server);
    run(world, &["diff", "--against", "live"])
}

#[test]
fn what_is_live_as_it_was_built_differs_in_nothing() {
    let world = built();
    let mut server = applied(&world);
    // A controller copies our labels to the addresses of our Services.
    let selects = |o: &&Json| o["kind"] == "Service" && o["spec"]["selector"].is_object();
    let mut endpoints = server.objects.iter().find(selects).unwrap().clone();
    (endpoints["kind"], endpoints["spec"]) = (json!("Endpoints"), Json::Null);
    server.objects.push(endpoints);
    let (code, text) = diff(&world, server);
    assert_eq!((code, text.contains("No differences in ")), (0, true), "{text}");
}

#[test]
fn every_difference_is_told_with_its_cause() {
    let world = built();
    let mut server = applied(&world);
    find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
    let gone = server.objects.iter().position(|o| o["kind"] == "ServiceMonitor").unwrap();
    let gone = server.objects.remove(gone);
    let mut left = gone.clone();
    left["metadata"]["name"] = json!("left-over");
    left["spec"] = json!({"selector": {}, "endpoints": [{"port": "a"}]});
    server.objects.push(left);
    let mut theirs = gone.clone();
    theirs["metadata"]["name"] = json!("theirs");
    theirs["metadata"]["labels"] = json!({"watershed/prometheus": "user"});
    server.objects.push(theirs);
    let labels = &mut find(&mut server, "Prometheus", "system")["metadata"]["labels"];
    labels["app.kubernetes.io/managed-by"] = json!("Helm");
    let (code, text) = diff(&world, server);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("spec.retention: 1d → "), "{text}");
    assert!(text.contains("drift: changed outside"), "{text}");
    assert!(text.contains("+ ServiceMonitor/") && text.contains("pending: it is not there"), "{text}");
    assert!(text.contains("- ServiceMonitor/monitoring/left-over") && text.contains("orphan"), "{text}");
    assert!(text.contains("foreign: it belongs to `Helm`"), "{text}");
    let theirs = "selected: by `user`; it belongs to nobody";
    assert!(text.contains(theirs), "{text}");
    let view = |view: &str| run(&world, &["diff", "--against", "live", "--view", view]).1;
    let summary = view("summary");
    assert!(summary.contains("~ Prometheus/monitoring/user  1 change, drift, reload"), "{summary}");
    assert!(summary.contains("- ServiceMonitor/monitoring/left-over  orphan, reload"), "{summary}");
    let unified = view("unified");
    assert!(unified.contains("@@ spec.retention @@  drift: changed outside\n-1d\n+15d\n"), "{unified}");
    let values = view("values");
    assert!(!values.contains("Prometheus/monitoring/user"), "{values}");
    assert!(text.contains("fleet.kdl:"), "every difference names the line behind it: {text}");
}

#[test]
fn what_could_not_be_looked_at_is_told_and_nothing_is_claimed_of_it() {
    let world = built();
    let mut server = applied(&world);
    let lists = server.complete.clone();
    let of = |kind: &str| lists.iter().find(|l| l.served.kind == kind).unwrap().clone();
    server.failed.push((of("ServiceMonitor"), Failure::new(FailureKind::Server, "it says: etcd is gone")));
    server.objects.retain(|o| o["kind"] != "ServiceMonitor");
    let (code, text) = diff(&world, server);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("? ServiceMonitor (") && text.contains("etcd is gone"), "{text}");
    assert!(!text.contains("+ ServiceMonitor"), "{text}");

    let world = built();
    let (code, text) = run(&world, &["diff", "--against", "live"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("there is no context `lab`") && text.contains("NOT verified"), "{text}");
    let (code, text) = run(&world, &["diff", "--against", "live", "--format", "json"]);
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((code, json["clusters"][0]["unverified"].as_array().unwrap().len()), (4, 1), "{text}");
}

#[test]
fn objects_that_are_being_deleted_are_not_compared() {
    let world = built();
    let mut server = applied(&world);
    find(&mut server, "Prometheus", "user")["metadata"]["deletionTimestamp"] = json!("2026-11-22T10:00:00Z");
    let (code, text) = diff(&world, server);
    assert_eq!((code, text.contains("it is being deleted since 2026-11-22T10:00:00Z")), (4, true), "{text}");
}

#[test]
fn what_the_spec_leaves_to_others_is_not_told_until_its_day() {
    let ignore = |until: &str| {
        let node =
            format!("ignore \"Prometheus/*\" why=\"the autoscaler owns it\" {until} {{ fields \"/spec/retention\" }}");
        SPEC.replacen(
            "fleet \"single-split\" language=1 {",
            &format!("fleet \"single-split\" language=1 {{\n{node}\n"),
            1,
        )
    };
    let told = |until: &str| {
        let world = built();
        let mut server = applied(&world);
        find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
        world.put("fleet.kdl", ignore(until));
        diff(&world, server)
    };
    let (code, text) = told("");
    assert_eq!((code, text.contains("1 × ignored: the autoscaler owns it")), (0, true), "{text}");
    assert_eq!(told("until=\"2026-01-01\"").0, 0, "it holds on its last day");
    let (code, text) = told("until=\"2025-12-31\"");
    assert_eq!((code, text.contains("spec.retention: 1d")), (2, true), "{text}");
}

#[test]
fn what_is_left_over_is_found_among_kinds_that_only_raw_files_bring() {
    let world = built();
    let mut server = applied(&world);
    let mut claim = server.objects.iter().find(|o| o["kind"] == "ConfigMap").unwrap().clone();
    claim["kind"] = json!("PersistentVolumeClaim");
    claim["metadata"]["name"] = json!("once-raw");
    server.objects.push(claim);
    let (code, text) = diff(&world, server);
    assert_eq!((code, text.contains("- PersistentVolumeClaim/")), (2, true), "{text}");
}

#[test]
fn what_a_cluster_that_is_gone_from_the_fleet_has_left_is_told() {
    let world = built();
    let mut server = applied(&world);
    let mut left = server.objects.iter().find(|o| o["kind"] == "ConfigMap").unwrap().clone();
    left["metadata"]["name"] = json!("of-before");
    left["metadata"]["labels"]["watershed/cluster"] = json!("lab-old");
    server.objects.push(left.clone());
    let told = |(code, text): (u8, String), side: u8| {
        assert_eq!((code, text.contains("/of-before")), (side, true), "{text}");
        assert!(text.contains("of the cluster `lab-old`, which the fleet does not have"), "{text}");
    };
    told(diff(&world, server.clone()), 2);
    world.serve("lab", server.clone());
    assert_eq!(run(&world, &["snapshot", "--out", "snapshots"]).0, 0);
    told(run(&world, &["diff", "--against", "snapshot:snapshots"]), 2);
    world.put("dumps/lab.json", json!({"apiVersion": "v1", "kind": "List", "items": server.objects}).to_string());
    told(run(&world, &["diff", "--against", "snapshot:dumps"]), 4);
}

#[test]
fn where_not_all_namespaces_may_be_listed_it_is_not_claimed_that_nothing_is_left_over() {
    let world = built();
    let mut server = applied(&world);
    let at = server.complete.iter().position(|l| l.served.kind == "ConfigMap").unwrap();
    let all = server.complete.remove(at);
    let namespaces: std::collections::BTreeSet<String> =
        server.objects.iter().filter_map(|o| o["metadata"]["namespace"].as_str().map(str::to_owned)).collect();
    server.complete.extend(namespaces.into_iter().map(|n| Listed { namespace: Some(n), ..all.clone() }));
    server.failed.push((all, Failure::new(FailureKind::Forbidden, "no")));
    let (code, text) = diff(&world, server.clone());
    assert_eq!((code, text.contains("? left-over objects in other namespaces")), (4, true), "{text}");
    world.serve("lab", server);
    assert_eq!(run(&world, &["snapshot", "--out", "snapshots"]).0, 4);
    let (code, text) = run(&world, &["diff", "--against", "snapshot:snapshots"]);
    assert_eq!((code, text.contains("? left-over objects in other namespaces")), (4, true), "{text}");
}

#[test]
fn checked_in_output_that_cannot_be_read_hides_nothing_of_what_is_live() {
    let world = built();
    let mut server = applied(&world);
    find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
    world.serve("lab", server);
    world.put("output/single-split/lab/index.json", "<<<<<<< HEAD\n");
    let (code, text) = run(&world, &["diff", "--against", "live"]);
    assert_eq!((code, text.contains("spec.retention: 1d → ")), (4, true), "{text}");
    assert!(text.contains("? what is checked in"), "{text}");
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots"]);
    assert_eq!((code, text.contains("not read: what is checked in: `")), (4, true), "{text}");
    let (code, text) = run(&world, &["apply", "--yes", "--no-wait"]);
    let said = world.printed(Stream::Err);
    assert_eq!((code, said.contains("nobody has approved it.\n  lab: it cannot be read")), (4, true), "{text}{said}");
}

#[test]
fn a_snapshot_is_too_old_a_minute_after_its_time() {
    let world = built();
    world.serve("lab", applied(&world));
    assert_eq!(run(&world, &["snapshot", "--out", "snapshots"]).0, 0);
    let aged = |most: &str, seconds: u64| {
        crate::world::World::wait(&world, std::time::Duration::from_secs(seconds));
        run(&world, &["diff", "--against", "snapshot:snapshots", "--max-age", most])
    };
    assert_eq!(aged("2", 7_200).0, 0);
    let (code, text) = aged("2", 60);
    assert_eq!((code, text.contains("2 h 1 min ago; at most 2 h are wanted")), (4, true), "{text}");
}

/// A Secret as Helm keeps a revision in.
fn revision(release: &str, number: u64, status: &str, config: &Json, manifest: &str) -> Json {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let json = json!({"name": release, "version": number, "info": {"status": status}, "config": config,
        "chart": {"metadata": {"name": "victoria-metrics-cluster", "version": "0.49.0"}}, "manifest": manifest});
    json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": format!("sh.helm.release.v1.{release}.v{number}"), "namespace": "vm",
            "labels": {"owner": "helm", "name": release, "status": status, "version": number.to_string()}},
        "data": {"release": encode(encode(json.to_string().as_bytes()).as_bytes())}})
}

#[test]
fn helm_releases_are_compared_by_their_values_and_by_what_became_of_their_objects() {
    const STORES: &str = include_str!("../../../examples/two-stores/fleet.kdl");
    let world = Memory::new().with("fleet.kdl", STORES);
    let (code, text) = run(&world, &["build"]);
    assert_eq!(code, 0, "{text}{}", world.printed(Stream::Err));
    let values = |release: &str| {
        let bytes = world.get(&format!("output/two-stores/lab/helm/{release}.values.yaml")).unwrap();
        let mut tree = Tree::new();
        let root = plain::read_tree(std::str::from_utf8(&bytes).unwrap(), &mut tree).unwrap()[0];
        tree.to_json(root)
    };
    let releases: Vec<String> = world
        .paths()
        .iter()
        .filter_map(|p| p.strip_prefix("output/two-stores/lab/helm/")?.strip_suffix(".values.yaml").map(str::to_owned))
        .collect();
    assert!(releases.len() > 1, "{releases:?}");
    let service = |port: u64| {
        json!({"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": "vmselect", "namespace": "vm", "labels": {"app.kubernetes.io/managed-by": "Helm"}},
               "spec": {"ports": [{"port": port}]}})
    };
    let manifest = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: vmselect\n  labels:\n    \
                    app.kubernetes.io/managed-by: Helm\nspec:\n  ports:\n  - port: 8481\n";
    let server = |config: &dyn Fn(&str) -> Json, port: u64| {
        let mut server = applied(&world);
        let served =
            Served { api_version: "v1".into(), kind: "Secret".into(), plural: "secrets".into(), namespaced: true };
        server.complete.push(Listed { served, namespace: None, labels: None });
        server.objects.push(service(port));
        for release in &releases {
            let manifest = if *release == releases[0] { manifest } else { "" };
            server.objects.push(revision(release, 2, "deployed", &config(release), manifest));
        }
        server
    };
    let helm = |server: Recorded| {
        world.serve("lab", server);
        run(&world, &["diff", "--against", "live", "--helm"])
    };
    let chart = |text: &str| text.contains("chart: victoria-metrics-cluster 0.49.0");
    let (code, text) = helm(server(&values, 8481));
    // The alerting chart is told from the other one, which is all that differs here.
    let alert = releases.iter().any(|r| r.ends_with("-alert"));
    assert_eq!((code, chart(&text)), (if alert { 2 } else { 0 }, alert), "{text}");
    // Whoever applies is told the commands of those that differ, and of all where nobody looks.
    let commands = |more: &[&str]| {
        let (code, text) = run(&world, &[&["apply", "--yes", "--no-wait"], more].concat());
        assert_eq!(code, 0, "{text}");
        (text.matches("by Helm: helm upgrade").count(), text.contains("Helm releases were not compared"))
    };
    assert_eq!(commands(&["--helm"]), (releases.iter().filter(|r| r.ends_with("-alert")).count(), false));
    assert_eq!(commands(&[]), (releases.len(), true));
    // What nobody asked for is named, and leaves nothing open.
    let (code, text) = run(&world, &["diff", "--against", "live"]);
    assert_eq!(code, 0, "{text}");
    assert!(releases.iter().all(|release| text.contains(&format!("`{release}` in vm"))), "{text}");
    let set = |release: &str| {
        let mut values = values(release);
        values["vmstorage"]["retentionPeriod"] = json!("1d");
        values["fromTheCommandLine"] = json!({"adminPassword": "canary"});
        values
    };
    let (code, text) = helm(server(&set, 9999));
    assert_eq!(code, 2, "{text}");
    assert_eq!(commands(&["--helm"]), (releases.len(), false));
    assert!(text.contains("vmstorage.retentionPeriod: 1d →"), "{text}");
    assert!(text.contains("fromTheCommandLine") && !text.contains("canary"), "{text}");
    assert!(text.contains("~ Service/vm/vmselect") && text.contains("9999"), "{text}");
    world.put("given/lab/month.yaml", "vmstorage:\n  retentionPeriod: 1d\n");
    let (code, text) = run(&world, &["diff", "--against", "live", "--helm-values", "given"]);
    assert_eq!(code, 4, "files of other releases are missing: {text}");
    assert!(text.contains("not verified"), "{text}");
}

#[test]
fn a_snapshot_says_what_the_cluster_said() {
    let world = built();
    let mut server = applied(&world);
    find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
    server.objects.retain(|o| o["metadata"]["name"] != "alertmanager");
    let live = diff(&world, server);
    let (code, text) = run(&world, &["snapshot", "--out", "snapshots"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(&world, &["diff", "--against", "snapshot:snapshots"]);
    let changes =
        |text: &str| -> Vec<String> { text.lines().filter(|l| !l.contains("remark: ")).map(str::to_owned).collect() };
    assert_eq!((code, changes(&text)), (live.0, changes(&live.1)), "{text}");
    assert!(text.contains("remark: as of "), "{text}");
    let (code, text) = run(&world, &["diff", "--against", "snapshot:nowhere"]);
    assert_eq!((code, text.contains("has nothing of cluster `lab`")), (4, true), "{text}");
}

#[test]
fn of_what_is_not_in_a_dump_nothing_is_claimed() {
    let world = built();
    let mut server = applied(&world);
    find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
    server.objects.retain(|o| o["metadata"]["name"] != "alertmanager" || o["kind"] != "ServiceMonitor");
    let dump = json!({"apiVersion": "v1", "kind": "List", "items": server.objects});
    world.put("dumps/lab.json", dump.to_string());
    let (code, text) = run(&world, &["diff", "--against", "snapshot:dumps"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("spec.retention: 1d → ") && text.contains("? ServiceMonitor"), "{text}");
    assert!(!text.contains("+ ServiceMonitor") && text.contains("left-over objects could not be looked for"), "{text}");
}

#[test]
fn only_text_that_somebody_reads_is_shown_page_by_page() {
    for (more, paged) in [(&[][..], true), (&["--no-pager"], false), (&["--format", "json"], false)] {
        for against in ["dir:nowhere", "live"] {
            let world = built();
            let mut server = applied(&world);
            find(&mut server, "Prometheus", "user")["spec"]["retention"] = json!("1d");
            world.serve("lab", server);
            let (code, text) = run(&world, &[&["diff", "--against", against], more].concat());
            assert_eq!((code, world.paged()), (2, if paged { text } else { String::new() }), "{against} {more:?}");
        }
    }
}
