//! The built-in catalog as a whole: it reads, agrees with itself, and every expression in it
//! evaluates for every setting its contract allows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::diag::{FileId, Origin, Sink};
use crate::object::{NodeId, Tree, Value};

fn newest(catalog: &Catalog) -> Versions {
    catalog.components().into_iter().map(|c| (c.name.clone(), c.default)).collect()
}

fn oldest(catalog: &Catalog) -> Versions {
    catalog.components().into_iter().map(|c| (c.name.clone(), c.oldest)).collect()
}

fn eval(template: &Template, settings: &Settings) -> (Tree, NodeId) {
    let mut tree = Tree::new();
    let root = template.eval(settings, &mut tree, &mut |_, line| Origin(line)).unwrap_or_else(|e| panic!("{}", e.what));
    (tree, root.unwrap())
}

fn text<'t>(tree: &'t Tree, node: NodeId, path: &[&str]) -> &'t str {
    tree.at(node, path).and_then(|n| tree.as_str(n)).unwrap_or("")
}

fn all_strings(tree: &Tree, node: NodeId, out: &mut Vec<String>) {
    if let Value::Str(s) = tree.value(node) {
        out.push(s.to_owned());
    }
    for child in tree.children(node) {
        assert_ne!(tree.value(child), Value::Null, "null under {}", tree.key(child));
        all_strings(tree, child, out);
    }
}

#[test]
fn every_entry_reads() {
    let catalog = Catalog::builtin();
    assert!(catalog.jobs().count() >= 8);
    for kind in Kind::ALL {
        for name in catalog.names(kind) {
            let about = match kind {
                Kind::Job => catalog.job(name).map(|e| e.about.clone()),
                Kind::Rules => catalog.rule_pack(name).map(|e| e.about.clone()),
                Kind::Dashboard => catalog.dashboard(name).map(|e| e.about.clone()),
                Kind::Reader => catalog.reader(name).map(|e| e.about.clone()),
            };
            assert!(about.is_some_and(|a| a.ends_with('.')), "{name}");
            assert!(!catalog.is_not_yet(kind, name), "{name} is in not-yet.yaml and has an entry");
        }
    }
    let not_yet = catalog.not_yet();
    let has_both = |names: &[String], kind| names.iter().any(|n| catalog.names(kind).contains(&n.as_str()));
    assert!(!has_both(&not_yet.jobs, Kind::Job) && !has_both(&not_yet.rules, Kind::Rules));
    assert!(!has_both(&not_yet.dashboards, Kind::Dashboard) && !has_both(&not_yet.readers, Kind::Reader));
    assert!(catalog.is_not_yet(Kind::Rules, "gpu"));
    assert!(!catalog.is_not_yet(Kind::Job, "no-such-job"));
}

#[test]
fn entries_agree_with_themselves() {
    let catalog = Catalog::builtin();
    for job in catalog.jobs() {
        let faults: Vec<_> = job.faults().into_iter().map(|f| f.what).collect();
        assert_eq!(faults, Vec::<String>::new(), "{}", job.name);
    }
}

#[test]
fn gates_speak_of_components_that_exist() {
    let catalog = Catalog::builtin();
    let known: BTreeSet<String> = catalog.components().iter().map(|c| c.name.clone()).collect();
    let check = |gate: &Gate, whose: &str| {
        for component in gate.since.keys().chain(gate.until.keys()) {
            assert!(known.contains(component), "{whose}: {component}");
        }
    };
    for job in catalog.jobs() {
        job.classes.iter().for_each(|c| check(&c.gate, &job.name));
        for endpoint in &job.endpoints {
            check(&endpoint.gate, &job.name);
            endpoint.relabelings.iter().chain(&endpoint.metric_relabelings).for_each(|r| check(&r.gate, &job.name));
        }
        job.parts.iter().flat_map(|p| p.gates.values().chain([&p.without_gate])).for_each(|g| check(g, &job.name));
    }
    for name in catalog.names(Kind::Rules) {
        catalog.rule_pack(name).unwrap().rules.iter().for_each(|r| check(&r.gate, name));
    }
}

/// With labels of the exporter's own target gone, a series that is about no pod has no namespace,
/// and routing by namespace cannot take it for the exporter's.
#[test]
fn jobs_that_report_namespaces_never_lend_their_own() {
    for job in Catalog::builtin().jobs() {
        let reported = matches!(job.workload_namespace, WorkloadNamespace::Reported | WorkloadNamespace::ReportedIfAny);
        for endpoint in job.endpoints.iter().filter(|_| reported) {
            let dropped = endpoint.relabelings.iter().any(|r| {
                r.action.as_deref() == Some("labeldrop")
                    && r.regex.as_deref().is_some_and(|p| p.split('|').any(|l| l == "namespace"))
            });
            assert!(dropped, "{}/{}", job.name, endpoint.name);
        }
    }
}

#[test]
fn every_exporter_template_evaluates_to_objects_that_its_monitor_selects() {
    let catalog = Catalog::builtin();
    let mut workloads = 0;
    for job in catalog.jobs().filter(|j| j.exporter.is_some()) {
        let template = catalog.exporter_template(job).unwrap();
        for versions in [newest(&catalog), oldest(&catalog)] {
            for input in ExporterInput::samples(job) {
                let (tree, root) = eval(template, &input.settings(&versions));
                let mut ports = BTreeSet::new();
                for object in tree.children(root) {
                    all_strings(&tree, object, &mut Vec::new());
                    let kind = text(&tree, object, &["kind"]);
                    // Names without a namespace are everybody's: they carry the workload's.
                    let shared = kind.starts_with("ClusterRole").then(|| format!("{}-{}", input.namespace, job.name));
                    assert_eq!(
                        text(&tree, object, &["metadata", "name"]),
                        shared.unwrap_or(job.name.clone()),
                        "{kind}"
                    );
                    let labels = tree.at(object, &["metadata", "labels"]).unwrap();
                    for (label, value) in &input.labels {
                        assert_eq!(text(&tree, labels, &[label]), value, "{}/{kind}: {label}", job.name);
                    }
                    if kind == "Service" {
                        let listed = tree.at(object, &["spec", "ports"]).unwrap();
                        ports.extend(tree.children(listed).map(|p| text(&tree, p, &["name"]).to_owned()));
                    }
                    if let Some(pod) = tree.at(object, &["spec", "template", "spec"]) {
                        workloads += 1;
                        let expected =
                            if input.shards > 1 { "StatefulSet" } else { job.exporter.as_ref().unwrap().kind.name() };
                        assert_eq!(kind, expected);
                        let containers = tree.get(pod, "containers").unwrap();
                        let first = tree.children(containers).next().unwrap();
                        assert_eq!(text(&tree, first, &["image"]), input.image);
                        let mut args = Vec::new();
                        all_strings(&tree, tree.get(first, "args").unwrap(), &mut args);
                        assert!(input.args.iter().all(|a| args.contains(a)));
                        let host = tree.get(pod, "hostNetwork").is_some_and(|h| tree.value(h) == Value::Bool(true));
                        assert_eq!(host, job.exporter.as_ref().unwrap().host_network, "{}: host_network", job.name);
                        assert_eq!(tree.get(pod, "tolerations").is_some(), !input.tolerations.is_empty());
                    }
                }
                let Some(ours) = job.variants.iter().find(|v| v.ours) else {
                    // Where it is found is the spec's, unless we run it: then by this name.
                    assert!(job.is_private() && ports.contains("metrics"), "{}", job.name);
                    continue;
                };
                for access in ours.ports.values() {
                    let Some(Port::Name(port)) = &access.port else { panic!("{}: a port without a name", job.name) };
                    assert!(ports.contains(port), "{}: {port}", job.name);
                }
            }
        }
    }
    assert!(workloads >= 12);
}

#[test]
fn parts_are_switched_on_and_off_by_flags() {
    let catalog = Catalog::builtin();
    let mut seen = 0;
    for job in catalog.jobs() {
        let (Some(parts), Some(_)) = (&job.parts, &job.exporter) else { continue };
        let input = ExporterInput::samples(job).pop().unwrap();
        let (tree, root) = eval(catalog.exporter_template(job).unwrap(), &input.settings(&newest(&catalog)));
        let mut all = Vec::new();
        all_strings(&tree, root, &mut all);
        for (part, on) in parts.optional.iter().map(|p| (p, true)).chain(parts.disabled.iter().map(|p| (p, false))) {
            let flag = if on { format!("--collector.{part}") } else { format!("--no-collector.{part}") };
            assert!(all.contains(&flag), "{}: {flag}", job.name);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn every_rule_template_evaluates_to_the_rules_it_declares() {
    let catalog = Catalog::builtin();
    for name in catalog.names(Kind::Rules) {
        let pack = catalog.rule_pack(name).unwrap();
        let template = catalog.rules_template(pack).unwrap();
        for versions in [newest(&catalog), oldest(&catalog)] {
            let mut seen = BTreeMap::<String, Vec<String>>::new();
            for input in RulesInput::samples(pack) {
                let (tree, root) = eval(template, &input.settings(&versions));
                for group in tree.children(root) {
                    for rule in tree.children(tree.get(group, "rules").unwrap()) {
                        let expr = text(&tree, rule, &["expr"]);
                        assert!(promql_parser::parser::parse(expr).is_ok(), "{expr}");
                        seen.entry(name_of(&tree, rule)).or_default().push(expr.to_owned());
                    }
                }
            }
            let rules = rules(pack);
            let declared: BTreeMap<&str, &Rule> =
                rules.iter().filter(|r| r.gate.open(&versions)).map(|r| (r.name.as_str(), r)).collect();
            assert_eq!(Vec::from_iter(seen.keys()), Vec::from_iter(declared.keys()), "{name}");
            for (rule, exprs) in seen {
                for (metric, expr) in
                    declared[rule.as_str()].metrics.iter().flat_map(|m| exprs.iter().map(move |e| (m, e)))
                {
                    assert!(expr.contains(metric.as_str()), "{rule} declares {metric}: {expr}");
                }
            }
        }
    }
}

/// The alert, or what is recorded.
fn name_of(tree: &Tree, rule: NodeId) -> String {
    text(tree, rule, &[if tree.get(rule, "record").is_some() { "record" } else { "alert" }]).to_owned()
}

/// What a pack says of its rules; where they follow from what is collected, those of the sample.
fn rules(pack: &RulePack) -> Vec<Rule> {
    let Some(Records::Peaks) = pack.records else { return pack.rules.clone() };
    let samples = RulesInput::samples(pack);
    let records = samples.iter().flat_map(|input| &input.peaks).flat_map(|p| p.records.clone());
    let rule =
        |(name, metric): (String, String)| Rule { name, gate: Gate::default(), metrics: vec![metric], notices: None };
    records.map(rule).collect()
}

/// Two rules with one name and equal labels are one alert to whoever receives it: the one that does not
/// fire resolves what the other says.
#[test]
fn no_two_rules_of_a_pack_have_one_name_and_equal_labels() {
    let catalog = Catalog::builtin();
    for name in catalog.names(Kind::Rules) {
        let pack = catalog.rule_pack(name).unwrap();
        let template = catalog.rules_template(pack).unwrap();
        for input in RulesInput::samples(pack) {
            let (tree, root) = eval(template, &input.settings(&newest(&catalog)));
            let mut seen = BTreeSet::new();
            for group in tree.children(root) {
                for rule in tree.children(tree.get(group, "rules").unwrap()) {
                    let labels = template::tests::to_json(&tree, tree.get(rule, "labels").unwrap()).to_string();
                    let alert = name_of(&tree, rule);
                    assert!(seen.insert(format!("{alert} {labels}")), "{name}: twice: {alert} {labels}");
                }
            }
        }
    }
}

/// That they do what is expected is promtool's to say: `tests/real`.
#[test]
fn every_rule_of_a_pack_is_expected_to_fire_and_to_be_silent() {
    let catalog = Catalog::builtin();
    for name in catalog.names(Kind::Rules) {
        let pack = catalog.rule_pack(name).unwrap();
        let template = catalog.rules_tests(pack).unwrap_or_else(|| panic!("{name} has no tests"));
        for versions in [newest(&catalog), oldest(&catalog)] {
            let (tree, root) = eval(template, &RulesInput::samples(pack)[1].settings(&versions));
            let mut seen = BTreeSet::new();
            for test in tree.children(root) {
                for expected in tree.get(test, "alert_rule_test").into_iter().flat_map(|t| tree.children(t)) {
                    let fires = !tree.is_empty(tree.get(expected, "exp_alerts").unwrap());
                    seen.insert((text(&tree, expected, &["alertname"]).to_owned(), fires));
                }
                for expected in tree.get(test, "promql_expr_test").into_iter().flat_map(|t| tree.children(t)) {
                    let name = text(&tree, expected, &["expr"]).to_owned();
                    for sample in tree.children(tree.get(expected, "exp_samples").unwrap()) {
                        let value = template::tests::to_json(&tree, tree.get(sample, "value").unwrap());
                        seen.insert((name.clone(), value.as_f64().is_some_and(|v| v > 0.0)));
                    }
                }
            }
            let mut wanted = BTreeSet::new();
            for rule in rules(pack).iter().filter(|r| r.gate.open(&versions)) {
                wanted.insert((rule.name.clone(), true));
                // What reads nothing always fires.
                if !rule.metrics.is_empty() {
                    wanted.insert((rule.name.clone(), false));
                }
            }
            assert_eq!(seen, wanted, "{name}");
        }
    }
}

#[test]
fn remote_write_is_watched_in_the_form_that_fits_the_version() {
    let catalog = Catalog::builtin();
    let pack = catalog.rule_pack("starter").unwrap();
    let template = catalog.rules_template(pack).unwrap();
    for (version, old) in [("3.6.0", true), ("3.7.0", false)] {
        let mut versions = newest(&catalog);
        versions.insert("prometheus".to_owned(), Version::parse(version).unwrap());
        let (tree, root) = eval(template, &RulesInput::samples(pack)[1].settings(&versions));
        let mut all = Vec::new();
        all_strings(&tree, root, &mut all);
        assert_eq!(all.iter().any(|e| e.contains("highest_timestamp_in_seconds")), old, "{version}");
        assert!(all.iter().any(|a| a.contains("{{ $labels.job }}")), "Prometheus' own templates are not touched");
        assert!(all.contains(&"https://runbooks.example.com/Watchdog".to_owned()));
    }
}

#[test]
fn every_target_of_a_dashboard_has_the_interval_it_is_given() {
    let catalog = Catalog::builtin();
    for name in catalog.names(Kind::Dashboard) {
        let dashboard = catalog.dashboard(name).unwrap();
        let template = catalog.dashboard_template(dashboard).unwrap();
        let (tree, root) = eval(template, &DashboardInput::sample().settings(&newest(&catalog)));
        assert_eq!(tree.get(root, "schemaVersion").map(|n| tree.value(n)), Some(Value::Int(42)));
        let panels: Vec<NodeId> = tree.children(tree.get(root, "panels").unwrap()).collect();
        assert!(!panels.is_empty());
        for target in panels.iter().flat_map(|panel| tree.children(tree.get(*panel, "targets").unwrap())) {
            assert_eq!(text(&tree, target, &["interval"]), "15s");
        }
    }
}

/// Whatever is asked is asked of the chosen clusters, and known by name: by that it is decided who can
/// answer.
#[test]
fn every_query_of_a_dashboard_reads_what_it_seems_to() {
    let catalog = Catalog::builtin();
    for dashboard in catalog.names(Kind::Dashboard).into_iter().filter_map(|name| catalog.dashboard(name)) {
        assert!(!dashboard.title.is_empty() && !dashboard.panels.is_empty(), "{}", dashboard.name);
        for query in dashboard.panels.iter().flat_map(|p| &p.targets).flat_map(|t| &t.any) {
            let plain = query.replace("$where", "cluster=~\"a\"").replace("$id", "cluster");
            let plain = plain.replace("$__rate_interval", "1m");
            let parsed = promql_parser::parser::parse(&plain).unwrap_or_else(|e| panic!("{plain}: {e}"));
            let mut selected = selectors(&parsed);
            for selector in &selected {
                assert!(selector.1, "{query}: {} is asked of all clusters", selector.0);
            }
            selected.sort_unstable();
            selected.dedup();
            let mut read = query_reads(query);
            read.sort_unstable();
            read.dedup();
            assert_eq!(read, selected.iter().map(|s| s.0.as_str()).collect::<Vec<_>>(), "{query}");
        }
    }
}

/// Metrics of an expression, and whether each is matched by cluster.
fn selectors(expr: &promql_parser::parser::Expr) -> Vec<(String, bool)> {
    use promql_parser::parser::Expr;
    let of = |s: &promql_parser::parser::VectorSelector| {
        let by_cluster = s.matchers.matchers.iter().any(|m| m.name == "cluster");
        vec![(s.name.clone().unwrap_or_default(), by_cluster)]
    };
    match expr {
        Expr::VectorSelector(s) => of(s),
        Expr::MatrixSelector(m) => of(&m.vs),
        Expr::Aggregate(a) => selectors(&a.expr),
        Expr::Unary(u) => selectors(&u.expr),
        Expr::Binary(b) => [selectors(&b.lhs), selectors(&b.rhs)].concat(),
        Expr::Paren(p) => selectors(&p.expr),
        Expr::Subquery(s) => selectors(&s.expr),
        Expr::Call(c) => c.args.args.iter().flat_map(|a| selectors(a)).collect(),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Vec::new(),
    }
}

/// A version that can be declared is one that objects can be checked for, and the other way round.
#[test]
fn declarable_versions_are_those_that_the_field_tables_span() {
    let catalog = Catalog::builtin();
    for (component, tables) in [("operator", "prometheus-operator"), ("kubernetes", "kubernetes")] {
        let of = |(api_version, kind): (&str, &str)| fields::table(api_version, kind);
        let tables: Vec<_> = fields::kinds().filter_map(of).filter(|t| t.component() == tables).collect();
        let first = tables.iter().filter_map(|t| t.releases().first()).min().unwrap().minor_release();
        let last = tables.iter().filter_map(|t| t.releases().last()).max().unwrap().minor_release();
        let component = catalog.component(component).unwrap();
        let release = |v: Version| fields::Release::parse(&v.to_string()).unwrap().minor_release();
        assert_eq!(release(component.oldest), first, "{}", component.name);
        assert_eq!(release(component.newest()), last, "{}", component.name);
        assert!(component.known.iter().all(|v| *v >= component.oldest), "{}", component.name);
    }
}

fn toy() -> Vec<UserFile> {
    let job = r#"
about: A toy.
workload_namespace: nowhere
targets: per-node
component: {name: toy, default: "1.0.0", oldest: "1.0.0", known: ["1.0.0"]}
endpoints: [{name: metrics}]
variants:
  - name: watershed
    about: Ours.
    ours: true
    discovery: {service: {namespaces: exporter, labels: {app: toy}}}
    job: {set: toy}
    ports: {metrics: {port: web}}
exporter:
  kind: DaemonSet
  template: exporter.yaml
  image: {registry: registry.example.com, repository: toy, tag: "{version}"}
  port: 8000
  resources: {}
"#;
    let exporter = "- apiVersion: v1\n  kind: Service\n  metadata: {name: !expr name}\n";
    let file = |path: &str, text: &str, id| UserFile { path: path.to_owned(), text: text.to_owned(), id: FileId(id) };
    vec![file("jobs/toy/job.yaml", job, 0), file("jobs/toy/exporter.yaml", exporter, 1)]
}

#[test]
fn adding_an_exporter_takes_one_folder_and_no_rust() {
    let mut sink = Sink::default();
    let before = Catalog::builtin();
    let catalog = Catalog::builtin().with_folder(toy(), &mut sink);
    assert_eq!(sink.into_sorted(), []);
    let job = catalog.job("toy").unwrap();
    let (tree, root) =
        eval(catalog.exporter_template(job).unwrap(), &ExporterInput::samples(job)[0].settings(&newest(&catalog)));
    let service = tree.children(root).next().unwrap();
    assert_eq!(text(&tree, service, &["metadata", "name"]), "toy");
    assert_eq!(catalog.component("toy").unwrap().default, Version::new(1, 0, 0));
    assert_ne!(catalog.version(), before.version());
    assert_eq!(catalog.jobs().count(), before.jobs().count() + 1);
}

#[test]
fn an_entry_of_the_same_name_is_replaced_with_all_its_files() {
    let mut sink = Sink::default();
    let files = toy().into_iter().take(1).map(|mut f| {
        f.path = "jobs/node-exporter/job.yaml".to_owned();
        f
    });
    let catalog = Catalog::builtin().with_folder(files.collect(), &mut sink);
    assert_eq!(catalog.job("node-exporter").unwrap().about, "A toy.");
    // Its template went with the built-in entry, and that is said.
    let found = sink.into_sorted();
    assert_eq!(found.len(), 1);
    assert!(found[0].what.contains("exporter.yaml"), "{}", found[0].what);
}

#[test]
fn a_folder_without_its_entry_is_refused_and_takes_nothing_away() {
    let mut sink = Sink::default();
    let mut files = toy();
    files.remove(0);
    files[0].path = "jobs/node-exporter/exporter.yaml".to_owned();
    let catalog = Catalog::builtin().with_folder(files, &mut sink);
    let found = sink.into_sorted();
    assert_eq!(found.iter().map(|d| d.code.id).collect::<Vec<_>>(), ["CAT104"]);
    assert!(found[0].what.contains("no `job.yaml`") && found[0].help.contains("jobs/node-exporter/job.yaml"));
    let job = catalog.job("node-exporter").expect("the built-in one");
    assert!(catalog.exporter_template(job).is_some());
}

#[test]
fn faults_in_folders_of_users_are_diagnostics_with_their_lines() {
    let cases: [(&str, &str, &str, u32, &str); 9] = [
        ("jobs/toy/job.yaml", "about: [\n", "CAT101", 1, ""),
        ("jobs/toy/job.yaml", "about: x\nabuot: y\n", "CAT102", 2, "abuot"),
        ("exporter.yaml", "a: 1\n", "CAT103", 1, "no place"),
        ("jobs/toy/exporter.yaml", "a: !exprs x\n", "CAT110", 1, "exprs"),
        ("jobs/toy/exporter.yaml", "a: 1\nb: !expr 1 +\n", "CAT111", 2, "1 +"),
        ("jobs/toy/exporter.yaml", "a: !text \"{{ name\"\n", "CAT110", 1, "}}"),
        ("jobs/toy/exporter.yaml", "a: !text \"{% if x %}\"\n", "CAT110", 1, "{%"),
        ("jobs/toy/exporter.yaml", "a: !when {then: 1}\n", "CAT110", 1, "without"),
        ("jobs/toy/exporter.yaml", "- a: !expr nmae\n", "CAT112", 1, "nmae"),
    ];
    for (path, wrong, code, line, part) in cases {
        let mut files = toy();
        match files.iter_mut().find(|f| f.path == path) {
            Some(file) => wrong.clone_into(&mut file.text),
            None => files.push(UserFile { path: path.to_owned(), text: wrong.to_owned(), id: FileId(9) }),
        }
        let mut sink = Sink::default();
        let _ = Catalog::builtin().with_folder(files, &mut sink);
        let found = sink.into_sorted();
        let fault = found.iter().find(|d| d.code.id == code).unwrap_or_else(|| panic!("{wrong}: {found:?}"));
        assert!(fault.what.contains(part) && fault.what.contains(&format!("{path}:{line}")), "{}", fault.what);
        assert!(!fault.at.is_none() && !fault.why.is_empty() && !fault.help.is_empty());
    }
}

#[test]
fn codes_are_sorted_and_unique() {
    let ids: Vec<&str> = codes::ALL.iter().map(|c| c.id).collect();
    assert!(ids.is_sorted() && BTreeSet::from_iter(&ids).len() == ids.len());
}

/// Read into the types of the Kubernetes API and written again, an object is the same: no field is
/// unknown there, and none has another type.
#[test]
fn objects_of_exporters_are_what_the_kubernetes_api_knows() {
    use k8s_openapi::api::{apps::v1 as apps, core::v1 as core, rbac::v1 as rbac};
    use serde_json::Value as Json;

    fn again<T: serde::de::DeserializeOwned + serde::Serialize>(json: &Json) -> Json {
        let typed: T = serde_json::from_value(json.clone()).unwrap_or_else(|e| panic!("{e}: {json}"));
        serde_json::to_value(typed).unwrap()
    }

    let catalog = Catalog::builtin();
    for job in catalog.jobs().filter(|j| j.exporter.is_some()) {
        for input in ExporterInput::samples(job) {
            let (tree, root) = eval(catalog.exporter_template(job).unwrap(), &input.settings(&newest(&catalog)));
            for object in tree.children(root) {
                let json = template::tests::to_json(&tree, object);
                let read = match json["kind"].as_str().unwrap_or("") {
                    "ServiceAccount" => again::<core::ServiceAccount>(&json),
                    "Service" => again::<core::Service>(&json),
                    "DaemonSet" => again::<apps::DaemonSet>(&json),
                    "Deployment" => again::<apps::Deployment>(&json),
                    "StatefulSet" => again::<apps::StatefulSet>(&json),
                    "ClusterRole" => again::<rbac::ClusterRole>(&json),
                    "ClusterRoleBinding" => again::<rbac::ClusterRoleBinding>(&json),
                    "Role" => again::<rbac::Role>(&json),
                    "RoleBinding" => again::<rbac::RoleBinding>(&json),
                    other => panic!("{}: {other}", job.name),
                };
                assert_eq!(read, json, "{}", job.name);
            }
        }
    }
}

/// Rust knows capabilities, never jobs: no name of an entry stands in the compiler's code.
#[test]
fn no_job_is_named_in_the_compiler() {
    let catalog = Catalog::builtin();
    let names: Vec<String> = catalog
        .names(Kind::Job)
        .into_iter()
        .chain(catalog.not_yet().jobs.iter().map(String::as_str))
        // Also words of their own: a component, a kind, a folder.
        .filter(|n| !["prometheus", "alertmanager", "grafana", "prometheus-operator", "relay"].contains(n))
        .map(|n| format!("\"{n}\""))
        .collect();
    let mut files = Vec::new();
    rust_files(std::path::Path::new("compiler"), &mut files);
    assert!(files.len() > 20);
    for (path, text) in files {
        // Names under which components write into objects of others, and of containers that they put there.
        let is_of_writers = path.ends_with("diff/live/known.rs");
        if path.ends_with("tests.rs") || path.contains("/tests/") || is_of_writers {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
        let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        for name in &names {
            assert!(!code.contains(name.as_str()), "{path} names the job {name}; that is for templates/ to say");
        }
    }
}

#[allow(clippy::disallowed_methods)]
fn rust_files(folder: &std::path::Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            rust_files(&path, out);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            out.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// `WATERSHED_UPDATE=1 cargo test` writes the part between the markers.
#[test]
#[allow(clippy::disallowed_methods)]
fn the_readme_lists_every_entry() {
    let (begin, end) = ("<!-- generated: index -->\n", "<!-- end -->");
    let text = std::fs::read_to_string("templates/README.md").unwrap();
    let start = text.find(begin).unwrap() + begin.len();
    let stop = start + text[start..].find(end).unwrap();
    let index = format!("\n{}\n", Catalog::builtin().index());
    if std::env::var("WATERSHED_UPDATE").is_ok() {
        std::fs::write("templates/README.md", format!("{}{index}{}", &text[..start], &text[stop..])).unwrap();
    } else {
        assert_eq!(&text[start..stop], index, "run the tests with WATERSHED_UPDATE=1");
    }
    for names in [ExporterInput::NAMES, RulesInput::NAMES, DashboardInput::NAMES] {
        for name in names {
            assert!(text.contains(&format!("`{name}`")), "templates/README.md does not speak of `{name}`");
        }
    }
}

#[test]
fn the_names_of_settings_are_those_that_templates_get() {
    let catalog = Catalog::builtin();
    let versions = newest(&catalog);
    let keys = |s: &Settings| s.values.keys().cloned().collect::<BTreeSet<_>>();
    let named = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&ExporterInput::default().settings(&versions)), named(ExporterInput::NAMES));
    assert_eq!(keys(&RulesInput::default().settings(&versions)), named(RulesInput::NAMES));
    assert_eq!(keys(&DashboardInput::default().settings(&versions)), named(DashboardInput::NAMES));
}

#[test]
fn entries_can_be_listed_and_shown() {
    let catalog = Catalog::builtin();
    let list = catalog.list();
    assert!(list.contains("node-exporter") && list.contains("not yet: ") && list.contains(&catalog.version()));
    let shown = catalog.show("node-exporter").unwrap();
    for part in ["class roce", "node-exporter from 1.11.0 on", "--- jobs/node-exporter/exporter.yaml", "port metrics"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert_eq!(catalog.show("no-such-entry"), None);
}

#[test]
fn pods_are_not_shown_a_token_that_their_monitor_cannot_refer_to() {
    let mut job = Catalog::builtin().job("kubelet").unwrap().clone();
    assert_eq!(job.faults(), []);
    job.variants[0].discovery = super::Discovery::Annotations;
    job.variants[0].ports.values_mut().for_each(|access| access.port = None);
    let told: Vec<String> = job.faults().into_iter().map(|f| f.what).collect();
    assert!(told.iter().any(|t| t.contains("token")) && told.iter().any(|t| t.contains("not several")), "{told:?}");
}
