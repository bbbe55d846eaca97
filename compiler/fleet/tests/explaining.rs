//! `explain PATH`.

use super::*;

const SPEC: &str = r#"
fleet "f" language=1 {
    versions kubernetes="1.34"
    nodes 4
    survive "2h"
    interval "20s"
    prometheus "user" {
        rest
        retention "7d"
        storage "10Gi"
        interval "30s"
    }
    prometheus "fast" {
        jobs "node-exporter/network"
        retention "1d"
        storage "1Gi" class="nvme"
    }
    job "kubelet" interval="60s"
}
profile "public" {
    survive "12h"
    labels "a.b/c"="x"
}
cluster "edge-1" profile="public" {
    job "kubelet" { interval #null }
}
cluster "edge-2" profile="public" survive="1h"
"#;

fn explained(path: &str) -> Result<Explained, Diagnostic> {
    let mut sink = Sink::default();
    let doc = document(SPEC, &mut sink);
    assert!(sink.is_empty());
    explain(&doc, &Catalog::builtin(), path)
}

/// Value and chain, as `from: value`, with `*` in front of what holds.
fn chain(path: &str) -> (String, Vec<String>) {
    let explained = explained(path).unwrap();
    let step = |s: &Step| format!("{}{}: {}", if s.holds { "*" } else { "" }, s.from, s.value);
    (explained.value.unwrap_or_default(), explained.chain.iter().map(step).collect())
}

#[test]
fn the_chain_of_levels_nearest_first() {
    let (value, steps) = chain("cluster[edge-2].survive");
    assert_eq!(value, "1h");
    assert_eq!(steps, ["*cluster `edge-2`: 1h", "profile `public`: 12h", "the fleet block: 2h"]);
    assert_eq!(chain("cluster.edge-1.survive").1, ["*profile `public`: 12h", "the fleet block: 2h"]);
    assert_eq!(explained("cluster.edge-1.survive").unwrap().path, "cluster[edge-1].survive");
}

#[test]
fn fallbacks_go_from_class_to_job_to_prometheus_to_cluster() {
    let (value, steps) = chain("cluster[edge-1].job[node-exporter].class[network].interval");
    assert_eq!(value, "20s");
    assert_eq!(
        steps,
        [
            "job[node-exporter].interval (fallback): ",
            "prometheus[fast].interval (fallback): ",
            "*interval (fallback) in the fleet block: 20s",
        ]
    );
    // The remainder is with the Prometheus that takes the rest.
    let (value, steps) = chain("cluster[edge-1].job[node-exporter].interval");
    assert_eq!(
        (value.as_str(), steps.last().unwrap().as_str()),
        ("30s", "*prometheus[user].interval (fallback) in the fleet block: 30s")
    );
    // Taken back on edge-1, said on edge-2.
    let (value, steps) = chain("cluster[edge-1].job[kubelet].interval");
    assert_eq!(value, "30s");
    assert_eq!(steps[..2], ["cluster `edge-1`: #null", "the fleet block: 60s"]);
    assert!(steps[2].starts_with("*prometheus[user].interval"), "{steps:?}");
    assert_eq!(chain("cluster[edge-2].job[kubelet].interval").0, "60s");
}

#[test]
fn defaults_are_named() {
    assert_eq!(chain("cluster[edge-1].pods"), ("120".to_owned(), vec!["*assumed: 30 pods a node: 120".to_owned()]));
    assert_eq!(chain("cluster[edge-1].namespace"), ("monitoring".to_owned(), vec!["*default: monitoring".to_owned()]));
    assert_eq!(chain("cluster[edge-1].id").0, "edge-1");
    assert_eq!(chain("cluster[edge-1].prometheus[user].replicas").0, "1");
    assert!(chain("cluster[edge-1].versions.prometheus").0.starts_with("3."));
    assert!(chain("cluster[edge-1].job[node-exporter].class[network].collectors").0.contains("netdev"));
}

#[test]
fn a_block_shows_its_content() {
    let user = explained("cluster[edge-1].prometheus[user]").unwrap();
    let content: Vec<(&str, &str)> = user.content.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(content, [("rest", "true"), ("retention", "7d"), ("storage", "10Gi"), ("interval", "30s")]);
    let steps = chain("cluster[edge-1].job[kubelet]").1;
    assert_eq!(steps, ["*cluster `edge-1`: interval=#null", "*the fleet block: interval=60s"]);
    assert_eq!(chain("cluster[edge-1].prometheus[fast].storage").1, ["*the fleet block: 1Gi class=nvme"]);
    assert_eq!(chain("cluster[edge-1].prometheus").0, "fast user");
    assert_eq!(chain("cluster[edge-1].labels[a.b/c]").0, "x");
    assert_eq!(chain("cluster[edge-1].labels.a.b/c").0, "x");
    assert_eq!(chain("profile[public].survive").0, "12h");
    assert_eq!(chain("fleet.interval").0, "20s");
}

#[test]
fn unknown_words_of_a_path_have_a_nearest() {
    for (path, near) in [
        ("clustr[edge-1]", "`cluster`"),
        ("cluster[edge-3]", "`edge-1`"),
        ("cluster[edge-1].surviv", "`survive`"),
        ("cluster[edge-1].prometheus[usr]", "`user`"),
        ("cluster[edge-1].job[node-exportr].interval", "`node-exporter`"),
        ("cluster[edge-1].job[node-exporter].class[netwrk]", "`network`"),
        ("cluster", "`cluster[edge-1]`"),
    ] {
        let found = explained(path).unwrap_err();
        assert_eq!(found.code.id, "REF137");
        assert!(found.help.contains(near), "{path}: {}", found.help);
    }
    for path in ["", "[", "cluster[edge-1].survive.x", "cluster[edge-1].patch[0].target", "....", "zone"] {
        assert!(explained(path).is_err(), "{path}");
    }
}
