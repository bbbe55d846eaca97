//! Levels and merging.

use super::*;
use crate::model::value::Duration;

fn survive(text: &str, name: &str) -> Duration {
    cluster(&sound(text), name).survive.value
}

#[test]
fn the_nearest_level_wins_and_the_last_profile_is_the_nearest() {
    let text = with(
        r#"
profile "slow" { survive "2h"; timeout "5s" }
profile "public" { survive "12h" }
profile "both" profile="slow public"
cluster "a"
cluster "b" profile="slow"
cluster "c" profile="slow public"
cluster "d" profile="public slow"
cluster "e" profile="slow public" survive="1h"
cluster "f" profile="both"
"#,
    );
    let hours = |h: u64| Duration::from_secs(h * 3600);
    let fleet = sound(&text);
    let survive: Vec<Duration> = fleet.clusters.iter().map(|c| c.survive.value).collect();
    assert_eq!(survive, [Duration::ZERO, hours(2), hours(12), hours(2), hours(1), hours(12)]);
    assert_eq!(cluster(&fleet, "c").timeout.as_ref().map(|t| t.value), Some(Duration::from_secs(5)));
    assert_eq!(cluster(&fleet, "f").profiles, ["both", "public", "slow"]);
}

#[test]
fn a_profile_reached_twice_counts_where_it_is_nearest() {
    let text = with(
        r#"
profile "site" { survive "2h" }
profile "gpu" profile="site" { gpus-per-node 8 }
profile "fast" { survive "3h" }
cluster "c" profile="site fast gpu"
"#,
    );
    // gpu is nearest, site right behind it and not once more behind fast.
    assert_eq!(cluster(&sound(&text), "c").profiles, ["gpu", "site", "fast"]);
    assert_eq!(survive(&text, "c"), Duration::from_secs(7200));
}

#[test]
fn profiles_in_a_circle_show_the_circle() {
    let text = with(
        "profile \"a\" profile=\"b\"\nprofile \"b\" profile=\"c\"\nprofile \"c\" profile=\"a\"\ncluster \"x\" profile=\"a\"\n",
    );
    let (d, doc) = only(&text);
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF103", "a"));
    assert!(d.what.contains("a → b → c → a"), "{}", d.what);
    assert_eq!(shows(&doc, &d), ["b", "c"]);
    // A diamond is none.
    let diamond = "profile \"a\" profile=\"b c\"\nprofile \"b\" profile=\"d\"\nprofile \"c\" profile=\"d\"\nprofile \"d\"\ncluster \"x\" profile=\"a\"\n";
    assert_eq!(found(&with(diamond)), [""; 0]);
}

#[test]
fn a_long_chain_of_profiles_neither_overflows_nor_hangs() {
    let mut text = with("profile \"p0\" { survive \"1h\" }\n");
    for i in 1..20_000 {
        text.push_str(&format!("profile \"p{i}\" profile=\"p{}\"\n", i - 1));
    }
    text.push_str("cluster \"c\" profile=\"p19999\"\n");
    assert_eq!(survive(&text, "c"), Duration::from_secs(3600));
}

#[test]
fn maps_and_objects_merge_by_key_lists_win_whole_and_named_merge_by_name() {
    let text = format!(
        r#"
fleet "f" language=1 {{
    versions kubernetes="1.34" prometheus="3.13.2"
    nodes 4
    labels site="a" tier="x"
    pull-secrets "one" "two"
    relay "always" class="fast"
    {USER}
    prometheus "fast" {{ retention "1d"; storage "1Gi" class="nvme" }}
}}
cluster "c" {{
    labels tier="y"
    versions kubernetes="1.30"
    pull-secrets "three"
    relay replicas=2
    prometheus "user" retention="30d"
    prometheus "fast" {{ storage "2Gi" }}
}}
cluster "d" {{ prometheus "fast" disabled=#true }}
"#
    );
    let fleet = sound(&text);
    let c = cluster(&fleet, "c");
    let labels: Vec<(&str, &str)> = c.labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
    assert_eq!(labels, [("site", "a"), ("tier", "y")]);
    assert_eq!(c.versions["kubernetes"].value.to_string(), "1.30.0");
    assert_eq!(c.versions["prometheus"].value.to_string(), "3.13.2");
    assert_eq!(c.pull_secrets.iter().map(|s| s.value.as_str()).collect::<Vec<_>>(), ["three"]);
    assert!(c.relay.always.value && c.relay.replicas.value == 2);
    assert_eq!(c.relay.storage_class.as_ref().map(|s| s.value.as_str()), Some("fast"));
    let user = c.lane("user").unwrap();
    assert_eq!(user.retention.value, Duration::from_days(30));
    assert!(user.rest.is_some());
    let fast = c.lane("fast").unwrap();
    assert_eq!(fast.storage.class.as_ref().map(|s| s.value.as_str()), Some("nvme"));
    assert_eq!(fast.storage.size.value.get(), 2 << 30);
    assert!(cluster(&fleet, "d").lane("fast").is_none());
}

#[test]
fn null_takes_the_inherited_value_back_and_false_a_flag() {
    let text = with(
        r#"
profile "p" { survive "12h"; managed-control-plane; labels tier="x"; prometheus "extra" { retention "1d"; storage "1Gi" } }
cluster "a" profile="p" { survive #null; managed-control-plane #false; labels tier=#null; prometheus "extra" #null }
cluster "b" profile="p"
"#,
    );
    let text = text.replace("; prometheus \"extra\" #null", "");
    let fleet = sound(&text);
    let a = cluster(&fleet, "a");
    assert_eq!(a.survive.value, Duration::ZERO);
    assert!(!a.managed_control_plane.value && a.labels.is_empty());
    let b = cluster(&fleet, "b");
    assert!(b.managed_control_plane.value && b.labels.contains_key("tier"));
    let origin = |o| fleet.origins.get(o).cloned();
    assert_eq!(origin(a.survive.origin), Some(crate::diag::Why::Default("language default")));
}

#[test]
fn a_required_value_taken_back_is_missing_again() {
    let (d, doc) = only(&with("cluster \"a\" { nodes #null }\n"));
    assert_eq!((d.code.id, doc.sources.slice(d.at)), ("REF106", "\"a\""));
    assert_eq!(shows(&doc, &d), ["nodes #null"]);
}

#[test]
fn patches_of_all_levels_hold_together_farthest_first() {
    let text = fleet_of(&format!("{USER}\npatch \"Prometheus/user\" why=\"a\" {{ remove \"/spec/x\" }}"))
        + "profile \"p\" { patch \"Prometheus/user\" why=\"b\" { merge { spec { y 1 } } } }\n"
        + "cluster \"d\" profile=\"p\" { patch \"Prometheus/user\" why=\"c\" { remove \"/spec/z\" } }\n";
    let fleet = sound(&text);
    let of = |name| cluster(&fleet, name).patches.iter().map(|p| (p.level.clone(), p.why.clone())).collect::<Vec<_>>();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(of("c"), [pair("fleet", "a")]);
    assert_eq!(of("d"), [pair("fleet", "a"), pair("profile p", "b"), pair("cluster d", "c")]);
    assert!(cluster(&fleet, "d").patches[1].merge.is_some());
}

#[test]
fn a_line_that_changes_nothing_anywhere_is_a_warning() {
    let (d, doc) = only(&with("profile \"p\" { survive \"2h\" }\ncluster \"a\" profile=\"p\" { survive \"2h\" }\n"));
    assert_eq!((d.code.id, d.severity), ("REF104", crate::diag::Severity::Warning));
    assert!(d.what.contains("profile `p`"), "{}", d.what);
    assert_eq!(doc.sources.position(d.at).line, 12);
    // The line of q changes nothing behind p, but something in b.
    let needed = "profile \"p\" { survive \"2h\" }\nprofile \"q\" { survive \"2h\" }\ncluster \"a\" profile=\"p q\"\ncluster \"b\" profile=\"q\"\n";
    assert_eq!(found(&with(needed)), [""; 0]);
    // Items of maps count one by one.
    assert_eq!(found(&with("cluster \"a\" { versions kubernetes=\"1.34\" }\n")), ["REF104 kubernetes=\"1.34\""]);
}

#[test]
fn disabled_must_have_something_to_take_out() {
    for (block, name) in [
        ("prometheus \"usr\" disabled=#true", "\"usr\""),
        ("job \"node-exportr\" disabled=#true", "\"node-exportr\""),
        ("reader \"grafna\" disabled=#true", "\"grafna\""),
        ("job \"node-exporter\" { class \"dsk\" disabled=#true }", "\"dsk\""),
    ] {
        assert_eq!(found(&with(&format!("cluster \"a\" {{ {block} }}\n"))), [format!("REF131 {name}")], "{block}");
    }
    // The catalog is a level too.
    assert_eq!(found(&with("cluster \"a\" { job \"node-exporter\" disabled=#true }\n")), [""; 0]);
}

#[test]
fn order_of_blocks_and_files_means_nothing() {
    let a = with("zone \"z\"\ncluster \"b\"\ncluster \"a\" zone=\"z\"\n");
    let b = format!("cluster \"a\" zone=\"z\"\ncluster \"b\"\nzone \"z\"\n{FLEET}");
    let names =
        |f: &Fleet| f.clusters.iter().map(|c| (c.name.clone(), c.zone.as_ref().map(|z| z.value))).collect::<Vec<_>>();
    assert_eq!(names(&sound(&a)), names(&sound(&b)));
}
