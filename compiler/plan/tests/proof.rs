//! The proof can fail: plans whose emitted rules are broken by hand, and what it says of each.

mod scraped;

use super::World;
use super::routing::{SPLIT, pool};
use crate::diag::{Diagnostic, Sink};
use crate::model::plan::{ClusterPlan, RemoteWrite};
use crate::plan::{Proven, prove};
use crate::relabel::{Action, Rule};

/// Findings of the proof about one cluster, broken.
struct Broken {
    found: Vec<Diagnostic>,
    world: World,
}

impl Broken {
    fn by(world: World, cluster: &str, change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
        let mut sink = Sink::default();
        {
            let proven = Proven::default();
            let mut plan = world.sound(cluster);
            prove(&world.fleet, &world.catalog, &plan, &proven, &mut sink);
            assert!(sink.is_empty(), "what is sound is proven");
            change(&mut plan);
            // Known are the clusters of its kind, of which it no longer is one.
            prove(&world.fleet, &world.catalog, &plan, &proven, &mut sink);
        }
        let found = sink.into_sorted();
        for d in &found {
            assert!(d.code.id == "PLN901" && !d.at.is_none() && d.labels.iter().all(|l| !l.span.is_none()), "{d:?}");
        }
        Broken { found, world }
    }

    /// That one finding points at `at`, with `beside` as another place, and says all of `what`.
    #[track_caller]
    fn says(&self, at: &str, beside: &str, what: &[&str]) -> &Diagnostic {
        let slice = |span| self.world.doc.sources.slice(span);
        let fits = |d: &&Diagnostic| {
            slice(d.at).starts_with(at)
                && (beside.is_empty() || d.labels.iter().any(|l| slice(l.span).starts_with(beside)))
                && what.iter().all(|w| d.what.contains(w))
        };
        let told = || -> Vec<String> {
            let one = |d: &Diagnostic| {
                let labels: Vec<&str> = d.labels.iter().map(|l| slice(l.span).lines().next().unwrap_or("")).collect();
                format!("{} {labels:?}: {}", slice(d.at).lines().next().unwrap_or(""), d.what)
            };
            self.found.iter().map(one).collect()
        };
        self.found.iter().find(fits).unwrap_or_else(|| panic!("nothing of {at} that says {what:?}: {:#?}", told()))
    }
}

/// In a cluster whose relay splits by namespace.
fn split(change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
    Broken::by(pool(SPLIT), "pool-1", change)
}

/// In a cluster whose Prometheis write by themselves.
fn direct(change: impl FnOnce(&mut ClusterPlan<'_>)) -> Broken {
    Broken::by(pool(SPLIT), "control-a", change)
}

fn rules<'p>(plan: &'p mut ClusterPlan<'_>, url: &str) -> &'p mut Vec<Rule> {
    let urls = &mut plan.relay.as_mut().expect("a relay").urls;
    &mut urls.iter_mut().find(|u| u.name == url).expect("a destination").rules
}

fn about<'r>(rules: &'r mut [Rule], text: &str) -> &'r mut Rule {
    let fits = |r: &&mut Rule| r.regex.as_deref().is_some_and(|regex| regex.contains(text));
    rules.iter_mut().find(fits).expect("a rule")
}

#[test]
fn a_namespace_that_is_lost_from_a_rule_is_named_with_its_line() {
    let broken = split(|plan| {
        let rule = about(rules(plan, "plane-b"), "hero-user-b");
        rule.regex = rule.regex.as_ref().map(|r| r.replace("hero-user-b|", ""));
    });
    let d = broken.says(
        "\"plane-b\"",
        "cluster \"pool-1\"",
        &[
            "job=\"kubelet\"",
            "namespace=\"hero-user-b\"",
            "of `user` should reach plane-b and reaches no store",
            "and so do",
        ],
    );
    assert_eq!(d.at_label, "its rules keep it away");
    assert!(d.help.contains("watershed trace cadvisor --namespace hero-user-b --cluster pool-1`"), "{}", d.help);
    assert!(broken.found.iter().all(|d| !d.what.contains("team-b-x")), "others are where they belong");
}

/// One of many that are answered alike, and from a rule that asks for other labels beside.
#[test]
fn one_of_many_namespaces_that_a_single_rule_forgets_is_named() {
    let many: Vec<String> = (0..20).map(|i| format!("t-{i:02}")).collect();
    let many = many.join(" ");
    let route = format!(
        "to \"plane-b\" jobs=\"cadvisor\" namespaces=\"{many}\"\nto \"plane-a\" namespaces=\"{many}\"\n\
         shared \"plane-a\" \"plane-b\"\nunowned \"none\""
    );
    let broken = Broken::by(pool(&route), "pool-1", |plan| {
        let rule = about(rules(plan, "plane-b"), "t-07");
        assert!(rule.source_labels.len() > 1, "{rule}");
        rule.regex = rule.regex.as_ref().map(|r| r.replace("t-07|", ""));
    });
    broken.says(
        "\"plane-b\"",
        "cluster \"pool-1\"",
        &["namespace=\"t-07\"", "should reach plane-b and reaches no store"],
    );
    assert!(broken.found.iter().all(|d| !d.what.contains("t-08")), "others are where they belong");
}

#[test]
fn a_regex_that_is_too_wide_is_a_leak_at_the_destination_that_opens_it() {
    let broken = split(|plan| {
        let rule = about(rules(plan, "plane-b"), "hero-user-b");
        rule.regex = rule.regex.as_ref().map(|r| r.replace("hero-user-b", "hero-user-.*"));
    });
    let d = broken.says(
        "\"plane-b\"",
        "\"plane-a\"",
        &["namespace=\"hero-user-a\"", "should reach plane-a and reaches plane-a, plane-b"],
    );
    assert_eq!(d.at_label, "its rules let it through");
}

#[test]
fn a_namespace_that_nobody_has_is_a_leak_too() {
    let broken = split(|plan| {
        about(rules(plan, "plane-a"), "hero-user-a").regex = Some(".+".to_owned());
    });
    broken.says("\"plane-a\"", "\"none\"", &["namespace=\"nobodys\"", "should reach no store and reaches plane-a"]);
}

fn takes_marks(rule: &Rule) -> bool {
    rule.source_labels.is_empty() && rule.target_label.as_deref() == Some("__tmp_watershed")
}

#[test]
fn a_pod_that_brings_our_mark_is_a_leak_where_nothing_takes_it_first() {
    let broken = split(|plan| rules(plan, "plane-b").retain(|r| !takes_marks(r)));
    let forged = "that brings our marks as \"1\" of `user`";
    broken.says(
        "\"plane-b\"",
        "\"plane-a\"",
        &["namespace=\"hero-user-a\"", forged, "should reach plane-a and reaches plane-a, plane-b"],
    );
    broken.says("\"plane-b\"", "\"none\"", &["namespace=\"nobodys\"", forged, "should reach no store"]);
    assert!(broken.found.iter().all(|d| d.what.contains("that brings our marks as \"1\"")), "{:#?}", broken.found);
}

/// What the relay scrapes by itself brings the same, and its rules for all destinations take it.
#[test]
fn where_the_relay_scrapes_no_mark_comes_as_far_as_a_destination() {
    let text = pool(SPLIT).doc.sources.text(crate::diag::FileId(0)).to_owned();
    let job = "job \"kubernetes-pods\" critical=#true\n    job \"node-exporter\" {";
    let world = || World::of(&text.replacen("job \"node-exporter\" {", job, 1));
    let broken = Broken::by(world(), "pool-1", |plan| {
        let relay = plan.relay.as_mut().expect("a relay");
        relay.urls.iter_mut().for_each(|u| u.rules.retain(|r| !takes_marks(r)));
        assert!(!relay.common.is_empty());
    });
    assert!(broken.found.is_empty(), "{:#?}", broken.found);
    let broken = Broken::by(world(), "pool-1", |plan| {
        let relay = plan.relay.as_mut().expect("a relay");
        relay.urls.iter_mut().for_each(|u| u.rules.retain(|r| !takes_marks(r)));
        relay.common.clear();
    });
    let told = "that brings our marks as \"1\" scraped by the relay for `user` should reach plane-a and reaches plane-a, plane-b";
    broken.says("\"plane-b\"", "", &["namespace=\"hero-user-a\"", told]);
}

/// Of several copies that take back on the way, each has a mark of its own.
#[test]
fn the_mark_of_a_copy_is_not_for_pods_to_bring() {
    let copies = "copy \"plane-b\" namespaces=\"hero-user-a\"\n copy \"plane-b\" jobs=\"kubernetes-pods\" namespaces=\"stranger\"";
    let broken = Broken::by(pool(&format!("{SPLIT}\n{copies}")), "pool-1", |plan| {
        let takes = |r: &Rule| r.source_labels.is_empty() && r.target_label.as_deref() == Some("__tmp_watershed_copy");
        let rules = rules(plan, "plane-b");
        let first = rules.iter().position(takes).expect("a mark of its own");
        rules.remove(first);
    });
    broken.says("\"plane-b\"", "", &["that brings our marks as \"1\" of `user`", "should reach"]);
}

/// Destinations that a Prometheus writes to by itself, each with some.
const BY_JOB: &str = r#"
fleet "lab" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "all" {
        rest
        retention "3d"
        storage "100Gi"
    }
}
zone "z"
cluster "lab" zone="z" nodes=3 pods=60
store "a" kind="victoriametrics-cluster" cluster="lab" { retention "30d"; storage "50Gi" }
store "b" kind="victoriametrics-cluster" cluster="lab" { retention "730d"; storage "50Gi" }
route "r" from="lab" {
    to "a"
    to "b" jobs="node-exporter"
}
"#;

#[test]
fn a_pod_that_brings_our_mark_is_found_where_prometheus_writes_by_itself() {
    let broken = Broken::by(World::of(BY_JOB), "lab", |plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "all").expect("a lane");
        let write = lane.remote_write.iter_mut().find(|w| w.name == "b").expect("a destination");
        write.rules.retain(|r| !takes_marks(r));
    });
    let told = "that brings our marks as \"1\" of `all` should reach a and reaches a, b";
    broken.says("", "", &[told]);
    // And it must not stay on what is sent.
    let broken = Broken::by(World::of(BY_JOB), "lab", |plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "all").expect("a lane");
        let write = lane.remote_write.iter_mut().find(|w| w.name == "b").expect("a destination");
        about(&mut write.rules, "__tmp_watershed.*").regex = Some("__tmp_watershed".to_owned());
    });
    broken.says("", "", &["that brings our marks as \"0\" of `all` arrives at b as", "__tmp_watershed_copy=\"0\""]);
}

#[test]
fn one_second_data_that_escapes_is_found() {
    let broken = split(|plan| {
        rules(plan, "plane-a").retain(|r| !r.source_labels.iter().any(|l| l == "job_class"));
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.remote_write[0].rules.retain(|r| r.action != Some(Action::Drop));
    });
    broken.says("\"plane-a\"", "", &["job_class=\"network\"", "should reach no store and reaches plane-a"]);
}

#[test]
fn rules_of_two_destinations_that_are_swapped_are_found() {
    let broken = split(|plan| {
        let b = rules(plan, "plane-b").clone();
        let a = std::mem::replace(rules(plan, "plane-a"), b);
        *rules(plan, "plane-b") = a;
    });
    broken.says("", "", &["namespace=\"hero-user-a\"", "should reach plane-a and reaches plane-b"]);
    broken.says("", "", &["namespace=\"hero-user-b\"", "should reach plane-b and reaches plane-a"]);
}

#[test]
fn addresses_of_two_destinations_that_are_swapped_are_found() {
    let broken = split(|plan| {
        let urls = &mut plan.relay.as_mut().expect("a relay").urls;
        let b = urls[1].url.value.clone();
        urls[1].url.value = std::mem::replace(&mut urls[0].url.value, b);
    });
    broken.says("\"plane-a\"", "", &["`plane-a` of the relay writes to https://metrics.b.example.com"]);
}

#[test]
fn queues_in_another_order_would_bring_each_the_others_backlog() {
    let broken = split(|plan| plan.relay.as_mut().expect("a relay").urls.reverse());
    broken.says("", "", &["queues of the relay are plane-b, plane-a and should be plane-a, plane-b"]);
}

#[test]
fn a_destination_that_is_there_twice_gets_everything_twice() {
    let broken = split(|plan| {
        let urls = &mut plan.relay.as_mut().expect("a relay").urls;
        urls.push(urls[0].clone());
    });
    broken.says("\"plane-a\"", "", &["reaches plane-a twice, by `plane-a` of the relay and by `plane-a` of the relay"]);
    broken.says("", "", &["queues of the relay are plane-a, plane-b, plane-a"]);
}

#[test]
fn a_prometheus_that_writes_beside_the_relay_writes_twice() {
    let broken = split(|plan| {
        let url = plan.relay.as_ref().expect("a relay").urls[0].clone();
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        let write = RemoteWrite {
            name: url.name,
            url: url.url,
            rules: url.rules,
            origin: url.origin,
            ..lane.remote_write[0].clone()
        };
        lane.remote_write.push(write);
    });
    broken.says(
        "\"plane-a\"",
        "",
        &["reaches plane-a twice, by `plane-a` of the relay and by `plane-a` of prometheus `user`"],
    );
}

#[test]
fn a_queue_that_nothing_goes_through_is_dead() {
    let broken = direct(|plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.remote_write[0].rules.push(Rule::new(Action::Keep).source(["job"]).regex("nobodys"));
    });
    broken.says("", "", &["nothing goes through `plane-a` of prometheus `user`"]);
    let broken = direct(|plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.remote_write[0].name = "plane-c".to_owned();
    });
    broken.says("", "", &["`plane-c` of prometheus `user` is no destination of the cluster"]);
}

#[test]
fn a_prometheus_that_writes_nowhere_loses_everything() {
    let broken = direct(|plan| {
        plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane").remote_write.clear();
    });
    let d = broken.says("", "", &["of `user` should reach plane-a and reaches no store"]);
    assert_eq!(d.at_label, "nothing of it is written there");
}

#[test]
fn a_cluster_that_writes_as_another_is_found() {
    let broken = direct(|plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.external_labels[0].1.value = "control-b".to_owned();
    });
    broken.says("", "", &["writes as {cluster=\"control-b\"} and should as {cluster=\"control-a\"}"]);
    // The rule that forces it takes care of what a pod claims to be, and of nothing else.
    let broken = direct(|plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.remote_write[0].rules.retain(|r| r.target_label.as_deref() != Some("cluster"));
    });
    broken.says("", "", &["cluster=\"another\"", "arrives at plane-a as", "of `user`"]);
    assert!(broken.found.iter().all(|d| d.what.contains("cluster=\"another\"")), "{:#?}", broken.found);
}

#[test]
fn an_external_label_that_is_gone_is_found() {
    let broken = direct(|plan| {
        let lane = plan.lanes.iter_mut().find(|l| l.name == "user").expect("a lane");
        lane.external_labels.clear();
    });
    broken.says("", "", &["prometheus `user` writes as {} and should as {cluster=\"control-a\"}"]);
}

#[test]
fn a_label_that_changes_on_the_way_is_found_at_the_rule_that_changes_it() {
    let broken = split(|plan| {
        let origin = rules(plan, "plane-b")[0].origin;
        let drop = Rule::new(Action::LabelDrop).regex("instance").origin(origin);
        rules(plan, "plane-b").push(drop);
    });
    let d = broken.says("\"plane-b\"", "", &["of `user` arrives at plane-b as", "and so do"]);
    assert_eq!(d.at_label, "changes its labels");
    assert!(broken.found.iter().all(|d| !d.what.contains("at plane-a")), "{:#?}", broken.found);
}

#[test]
fn what_tells_replicas_apart_must_not_be_where_replicas_are_merged() {
    let broken = split(|plan| plan.lanes.iter_mut().for_each(|l| l.replica_label = None));
    broken.says("", "", &["is at plane-a once for each replica, for `prometheus_replica` is on it"]);
    // One that keeps whatever it gets has to be told whose it is.
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0)).replace("replicas 2", "replicas 1");
    let (before, rest) = text.split_once("store \"plane-b\"").expect("a store");
    let (_, rest) = rest.split_once("}\n").expect("its end");
    let keeps_all = "store \"plane-b\" kind=\"remote-write\" accepts-late=\"1d\" {\n    basic-auth secret=\"b\"\n    address \"public\" url=\"https://b.example.com/api/v1/write\"\n}\n";
    let broken = Broken::by(World::of(&format!("{before}{keeps_all}{rest}")), "pool-1", |plan| {
        let drop = Rule::new(Action::LabelDrop).regex("prometheus_replica");
        rules(plan, "plane-b").push(drop);
    });
    broken.says("", "", &["comes to plane-b from each replica as if from one"]);
}

#[test]
fn a_regex_that_no_program_takes_is_found_with_its_line() {
    let broken = split(|plan| about(rules(plan, "plane-b"), "hero-user-b").regex = Some("(".to_owned()));
    broken.says("\"plane-b\"", "", &["of `plane-b` is refused"]);
}

/// Two routes meet in one relay, which tells them by the Prometheus that sends.
const TWO: &str = r#"
    prometheus "user"
    to "plane-a"
}
route "of-the-system" from="pool-1" {
    prometheus "system"
    to "plane-b"
"#;

#[test]
fn a_pod_cannot_choose_the_route_by_naming_another_prometheus() {
    let world = || pool(TWO);
    let plan = world();
    let plan = plan.sound("pool-1");
    assert!(plan.relay.is_some() && plan.lanes.iter().all(|l| l.remote_write.len() == 1), "both go through the relay");
    drop(plan);
    let broken = Broken::by(world(), "pool-1", |plan| {
        let user = plan.lanes.iter_mut().find(|l| l.name == "user").expect("user");
        let rules = &mut user.remote_write[0].rules;
        let before = rules.len();
        rules.retain(|r| r.target_label.as_deref() != Some("prometheus"));
        assert_eq!(rules.len() + 1, before);
    });
    broken.says("", "", &["that says `prometheus=\"monitoring/system\"` itself, of `user`", "plane-b"]);
}

#[test]
fn names_that_only_begin_or_end_alike_are_somebody_elses() {
    for (regex, wider) in [("hero-user-b", ".*hero-user-b"), ("hero-user-b", "hero-user-b.*"), ("team-b-", "team-b")] {
        let broken = split(|plan| {
            let rule = about(rules(plan, "plane-b"), "hero-user-b");
            let made = rule.regex.as_deref().unwrap_or_default().replace(regex, wider);
            assert_ne!(rule.regex.replace(made.clone()), Some(made));
        });
        broken.says("", "", &["reaches", "plane-b"]);
    }
}

#[test]
fn an_exporters_own_metric_is_not_taken_for_one_of_its_scrape() {
    let broken = split(|plan| {
        for rule in rules(plan, "plane-b") {
            rule.regex = rule.regex.take().map(|r| r.replace(&crate::relabel::of_scrape(), "up|scrape_.*"));
        }
    });
    broken.says("", "", &["scrape_errors_total{"]);
    // Of an exporter whose own namespace is not for everybody, each name of a scrape matters.
    let job = r#"job "train" {
        discover "pod" namespace="exporters" port="metrics" { labels app="train" }
        honor-labels #true
        series 400
    }
    job "node-exporter" {"#;
    let doc = pool(SPLIT).doc;
    let text = doc.sources.text(crate::diag::FileId(0)).replacen("job \"node-exporter\" {", job, 1);
    let broken = Broken::by(World::of(&text), "pool-1", |plan| {
        for rule in rules(plan, "plane-b") {
            rule.regex = rule.regex.take().map(|r| r.replace("|timeout_seconds", ""));
        }
    });
    broken.says("", "", &["scrape_timeout_seconds{", "job=\"train\""]);
}
