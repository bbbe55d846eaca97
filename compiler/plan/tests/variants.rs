//! What is emitted for every way to find and reach a job is what the operator takes.

use super::{World, emitted};
use crate::catalog::{Catalog, Discovery, Job, Variant};

/// A cluster that has everything, and the job found as the variant says.
fn text(job: &Job, variant: &Variant, said: &str) -> String {
    let cert = if variant.when.client_cert == Some(true) { "client-cert secret=\"scrape\"" } else { "" };
    let discover = match variant.discovery {
        Discovery::Static => "discover \"static\" port=\"9100\" {\n addresses \"10.0.0.11\"\n }",
        Discovery::Said => "discover \"pod\" namespace=\"apps\" port=\"metrics\" {\n labels app=\"x\"\n }",
        _ => "",
    };
    let image = if variant.ours && !job.has_image() { "image=\"registry.example.com/exporter:1\"" } else { "" };
    // Refused by a store, it waits in the relay.
    let written = match variant.discovery {
        Discovery::Relay => {
            "store \"central\" kind=\"remote-write\" accepts-late=\"1d\" {\n basic-auth secret=\"central\"\n \
             address \"public\" url=\"https://metrics.example.com/api/v1/write\"\n }\nroute \"home\" from=\"lab\" to=\"central\""
        }
        _ => "",
    };
    format!(
        r#"
fleet "lab" language=1 {{
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    alerts "platform"
    prometheus "user" {{
        rest
        retention "2d"
        storage "20Gi"
    }}
    job "{}" {{
        exporter "{}" {image}
        {discover}
        {cert}
        {said}
    }}
}}
cluster "lab" nodes=3 gpus-per-node=8 npus-per-node=8 roce-ports-per-node=8 {{
    reachable "etcd" "kube-scheduler" "kube-controller-manager" "kube-proxy"
}}
alertmanager "platform" service="monitoring/alertmanager-main"
{written}
"#,
        job.name, variant.name
    )
}

#[test]
fn every_variant_of_every_job_is_emitted_as_the_operator_takes_it() {
    let catalog = Catalog::builtin();
    let mut kinds = std::collections::BTreeSet::new();
    for job in catalog.jobs() {
        for variant in &job.variants {
            for said in [
                "",
                "scheme \"https\"\nca secret=\"ca\"",
                "basic-auth secret=\"user\"",
                "server-name \"x\"\nparams a=\"b\"",
            ] {
                if variant.when.client_cert == Some(false) && said.contains("https") {
                    // Refused: it asks for a certificate.
                    continue;
                }
                let world = World::of(&text(job, variant, said));
                let plan = world.sound("lab");
                let own = |o: &&serde_json::Value| {
                    let monitor = ["ServiceMonitor", "PodMonitor", "ScrapeConfig"].iter().any(|k| o["kind"] == *k);
                    monitor && o["metadata"]["name"].as_str().is_some_and(|n| n.starts_with(&job.name))
                };
                let objects = emitted(&world, &plan);
                let made: Vec<_> = objects.iter().filter(own).collect();
                assert!(!made.is_empty(), "{}/{} {said}: {:?}", job.name, variant.name, plan.not_collected);
                kinds.extend(made.iter().map(|o| o["kind"].to_string()));
                // What the spec says arrives, whatever the kind.
                let written = format!("{made:?}").replace("\\\"", "\"");
                for word in ["ca secret", "basic-auth", "params"].iter().filter(|w| said.contains(**w)) {
                    let field = match *word {
                        "ca secret" => "tlsConfig",
                        "basic-auth" => "basicAuth",
                        other => other,
                    };
                    assert!(written.contains(field), "{field} {}/{}: {written}", job.name, variant.name);
                }
            }
        }
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[test]
fn a_job_by_annotations_is_scraped_as_it_says() {
    let world = World::of(
        r#"
fleet "lab" language=1 {
    versions kubernetes="1.34" operator="0.93.1" prometheus="3.13.2"
    prometheus "user" {
        rest
        retention "2d"
        storage "20Gi"
    }
    job "mine" series=100 path="/m" scheme="https" {
        discover "annotations" namespace="web" {
            labels team="a" app="b"
        }
        params format="x"
        client-cert secret="client"
    }
}
cluster "lab" nodes=3
"#,
    );
    let plan = world.sound("lab");
    let objects = emitted(&world, &plan);
    let mine = objects.iter().find(|o| o["kind"] == "ScrapeConfig" && o["metadata"]["name"] == "mine");
    let spec = &mine.expect("a ScrapeConfig")["spec"];
    assert_eq!((&spec["scheme"], &spec["metricsPath"]), (&"HTTPS".into(), &"/m".into()));
    assert_eq!(spec["params"]["format"][0], "x");
    assert_eq!(spec["kubernetesSDConfigs"][0]["selectors"][0]["label"], "app=b,team=a");
    assert_eq!(spec["kubernetesSDConfigs"][0]["namespaces"]["names"][0], "web");
    assert_eq!(spec["tlsConfig"]["keySecret"]["name"], "client");
}
