//! The real programs that consume our output judge it: see `README.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the suite runs programs, touches files and tells what it does"
)]
#![allow(dead_code, reason = "steps come one by one")]

mod ground;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ground::cluster::Cluster;
use ground::pod::Program;
use ground::{Outcome, api, http, operator, sandbox, volumes};

fn main() -> ExitCode {
    let done = match sandbox::inside() {
        None => sandbox::enter(),
        Some(inside) => demonstrate(&inside.scratch).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|e| {
        eprintln!("{e}");
        ExitCode::FAILURE
    })
}

fn demonstrate(scratch: &Path) -> Outcome<()> {
    let begin = Instant::now();
    let say = |what: &str| println!("{:6.1} {what}", begin.elapsed().as_secs_f32());
    let cache = PathBuf::from("/root/.cache/watershed/real");
    let programs = api::Programs {
        etcd: cache.join("etcd-3.5/usr/bin/etcd"),
        kube_apiserver: cache.join("kube-apiserver-1.35.4/bin/kube-apiserver"),
        kubectl: cache.join("kubectl-layer-2.2.2/kubectl/kubectl"),
    };
    let images = |image: &str| {
        let name = image.rsplit('/').next()?.split(':').next()?;
        let path = match name {
            "prometheus" => "prometheus-3.5/usr/bin/prometheus",
            "node-exporter" => "node-exporter-1.11/usr/bin/prometheus-node-exporter",
            "prometheus-operator" => "prometheus-operator-0.93.1/bin/operator",
            "prometheus-config-reloader" => "prometheus-operator-0.93.1/bin/prometheus-config-reloader",
            _ => return None,
        };
        Some(Program { path: cache.join(path), entrypoint: format!("/bin/{name}") })
    };
    let mut cluster = Cluster::start(&programs, "ip".into(), scratch)?;
    say("API server");
    cluster.add_node("node-a", &[])?;
    cluster.add_node("node-b", &[])?;
    let release = PathBuf::from("/root/go/pkg/mod/github.com/prometheus-operator/prometheus-operator@v0.93.1/example");
    let started = operator::start(
        &mut cluster,
        &release.join("prometheus-operator-crd"),
        &release.join("rbac/prometheus-operator"),
        &images,
    );
    started?;
    say("operator");
    let output = Path::new(env!("CARGO_MANIFEST_DIR")).join("output/single-split/lab");
    let copy = scratch.join("copy");
    let shell =
        format!("cp -r {0} {1}; sed -i s/v3.13.2/v3.5.0/ {1}/20*/prometheus-*.yaml", output.display(), copy.display());
    ground::process::run(std::process::Command::new("sh").args(["-c", &shell]))?;
    let output = copy;
    let applied = cluster.api.kubectl.apply(&[output])?;
    say(&format!("{} objects; warnings: {:?}", applied.objects.len(), applied.warnings));
    operator::settled(&cluster, Duration::from_secs(60))?;
    say("settled");
    for complaint in operator::complaints(&cluster)? {
        println!("    {complaint}");
    }
    cluster.settle()?;
    for object in applied.objects.iter().filter(|o| o["kind"] == "DaemonSet" || o["kind"] == "Deployment") {
        let range = cluster.run(object, &images)?;
        say(volumes::text(object, "/metadata/name"));
        for pod in &cluster.pods()[range] {
            println!("    {} {} missing {:?}", pod.name, pod.address, pod.missing);
        }
    }
    for name in ["system", "user", "fast"] {
        let reconciled = operator::reconciled(&cluster, "monitoring", name)?;
        for set in &reconciled.stateful_sets {
            cluster.run(set, &images)?;
            say(name);
        }
    }
    std::thread::sleep(Duration::from_secs(20));
    for pod in cluster.pods_with("monitoring", &[("app.kubernetes.io/name", "prometheus")]) {
        let targets = http::get_json(&format!("{}/api/v1/targets?state=active", pod.url(9090)))?;
        println!("{}", pod.name);
        for target in targets["data"]["activeTargets"].as_array().into_iter().flatten() {
            let [pool, url, health, error] =
                ["/scrapePool", "/scrapeUrl", "/health", "/lastError"].map(|p| volumes::text(target, p));
            println!("    {pool} {url} {health} {error}");
        }
    }
    say("done");
    cluster.clear(&["monitoring"])?;
    say("cleared");
    Ok(())
}
