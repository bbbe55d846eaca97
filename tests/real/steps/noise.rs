//! What others who are known write into our objects on a real API server, in their own ways: it is counted under their
//! names and told as no difference; what they write over is told with their names, until an `ignore` of the spec leaves
//! it to them, as long as that holds; and what somebody really changes beside all that is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::accepted;
use super::compared::{Reader, Said};
use super::emitted::{self, repository};
use crate::ground::cluster::Cluster;
use crate::ground::kubectl::Kubectl;
use crate::ground::{During as _, Outcome, Trouble, write};
use crate::subject::Subject;

pub const STEP: &str = "live noise";
/// The example in whose cluster they write.
pub const FLEET: &str = "single-split";

const ARGO: &str = "argocd-controller";
/// Horizontal autoscalers are a part of it.
const AUTOSCALER: &str = "kube-controller-manager";
const SOMEBODY: &str = "somebody";
const SYSTEM: &str = "prometheuses.monitoring.coreos.com/system";
/// What all that is told is counted under, but for defaults.
const NAMES: [&str; 5] = ["Argo CD", "Helm", "a service mesh", "kubectl rollout restart", "an autoscaler"];

/// # Errors
/// Something is told that is noise, or not told that is none, or counted under another name.
pub fn judge(cluster: &mut Cluster, scratch: &Path, subject: &Subject<'_>) -> Outcome<String> {
    let namespace = subject.namespace().to_owned();
    cluster.prepare(&namespace)?;
    let reader = Reader::new(cluster, scratch)?;
    let noisy = Noisy { kubectl: cluster.api.kubectl.clone(), reader, subject, folder: scratch.join("noise") };
    accepted::apply(&noisy.kubectl, subject)?;
    noisy.spec("", "").and_then(|said| said.tells(&[], &[]))?;

    let counted = noisy.written_by_all()?;
    noisy.spec("", "")?.tells(&[AUTOSCALED, SHARDED, LABELLED], &counted)?;
    let ignores = noisy.ignored(&counted)?;
    noisy.changed_beside(&counted)?;

    cluster.clear(&[&namespace, "vm"])?;
    let argo = noisy.applied_by_argo()?;
    cluster.clear(&[&namespace, "vm"])?;
    let counted: Vec<String> = counted.iter().map(|(name, n)| format!("{n} by {name}")).collect();
    let told = "replicas by an autoscaler and a label by Helm told with their names";
    Ok(format!("{}, {argo}; {told}, {ignores}; what is changed beside is told", counted.join(", ")))
}

/// A difference that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Told<'a> {
    path: &'a str,
    cause: &'a str,
    /// What the words begin with that say who it was.
    by: &'a str,
}

/// What comes through `scale`.
const AUTOSCALED: Told<'_> =
    Told { path: "spec.replicas", cause: "drift", by: "an autoscaler (kube-controller-manager) through scale" };
/// Of what it writes into a custom resource the API server keeps no owner.
const SHARDED: Told<'_> = Told { path: "spec.shards", cause: "extra", by: "" };
/// A label of ours that Helm writes over.
const LABELLED: Told<'_> =
    Told { path: "metadata.labels[\"app.kubernetes.io/managed-by\"]", cause: "drift", by: "helm at " };

impl Said {
    /// These differences and no others, and so much counted under these names and nothing under the other ones.
    fn tells(&self, wanted: &[Told<'_>], counted: &[(&str, u64)]) -> Outcome<()> {
        let text = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
        let changes = self.json["changes"].as_array().map_or(&[][..], Vec::as_slice);
        let is = |told: &Told<'_>, change: &Value| {
            text(change, "path") == told.path
                && text(change, "cause") == told.cause
                && text(change, "by").starts_with(told.by)
        };
        let all = changes.iter().all(|c| wanted.iter().any(|told| is(told, c)));
        let each = wanted.iter().all(|told| changes.iter().filter(|c| is(told, c)).count() == 1);
        let not_shown = &self.json["clusters"][0]["notShown"];
        let here: BTreeMap<&str, u64> =
            NAMES.iter().filter_map(|name| Some((*name, not_shown[*name].as_u64()?))).collect();
        let there: BTreeMap<&str, u64> = counted.iter().copied().collect();
        let code = if wanted.is_empty() { 0 } else { 2 };
        if all && each && here == there && self.code == code {
            return Ok(());
        }
        let what = format!("exit {} and not {code}; wanted {wanted:?}, counted {here:?} and not {there:?}", self.code);
        Err(Trouble::new(what).said(&self.text))
    }
}

struct Noisy<'c> {
    kubectl: Kubectl,
    reader: Reader,
    subject: &'c Subject<'c>,
    folder: PathBuf,
}

impl Noisy<'_> {
    /// The comparison of the example with one more node in its fleet.
    fn spec(&self, name: &str, node: &str) -> Outcome<Said> {
        let from = repository("examples").join(FLEET).join("fleet.kdl");
        let text = std::fs::read_to_string(&from).during(from.display())?;
        let head = "fleet \"single-split\" language=1 {\n";
        let with = text.replacen(head, &format!("{head}{node}\n"), 1);
        let folder = self.folder.join(format!("spec-{name}"));
        write(&folder.join("fleet.kdl"), with)?;
        self.reader.diff(&folder, &self.subject.emitted.name, &[])
    }

    fn patch(&self, what: &str, how: &str, by: &str, patch: &Value) -> Outcome<()> {
        let (patch, how, by) = (patch.to_string(), format!("--type={how}"), format!("--field-manager={by}"));
        let namespace = self.subject.namespace();
        self.kubectl.run(&["patch", what, "-n", namespace, &how, &by, "-p", &patch]).map(drop)
    }

    /// All of them write; under which names how much is counted then.
    fn written_by_all(&self) -> Outcome<Vec<(&'static str, u64)>> {
        let namespace = self.subject.namespace();
        // The chart of somebody who has taken our objects into a release of his.
        let release = json!({"metadata": {
            "labels": {"helm.sh/chart": "monitoring-1.4.2"},
            "annotations": {"meta.helm.sh/release-name": "monitoring", "meta.helm.sh/release-namespace": namespace}}});
        for object in ["configmap/grafana-datasources", "service/node-exporter", SYSTEM] {
            self.patch(object, "merge", "helm", &release)?;
        }
        // Helm writes this over in all it installs.
        let label = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}});
        self.patch("service/node-exporter", "merge", "helm", &label)?;

        self.patch("deployment/kube-state-metrics", "strategic", "istioctl", &istio())?;
        self.patch("daemonset/node-exporter", "strategic", "proxy-injector", &linkerd())?;
        self.kubectl.run(&["rollout", "restart", "daemonset/dcgm-exporter", "-n", namespace])?;
        for (what, version, replicas) in
            [("deployments/kube-state-metrics", "apps/v1", 3), ("prometheuses/system", "monitoring.coreos.com/v1", 2)]
        {
            self.kubectl.rest().scale(version, namespace, what, replicas, AUTOSCALER)?;
        }
        Ok(vec![
            ("Helm", 3 * 3),
            // Labels, annotations, containers and volumes, one by one.
            ("a service mesh", (3 + 1 + 2 + 8) + (3 + 3 + 2 + 3)),
            ("kubectl rollout restart", 1),
        ])
    }

    /// What the spec leaves to others is not told, until the day it holds to.
    fn ignored(&self, counted: &[(&str, u64)]) -> Outcome<String> {
        let why = "the autoscaler owns it";
        let about = |target: &str, until: &str, what: &str| {
            format!("    ignore \"{target}\" why=\"{why}\" until=\"{until}\" {{\n        {what}\n    }}")
        };
        let ignored = |said: &Said| said.json["clusters"][0]["notShown"][format!("ignored: {why}")].as_u64();
        let field = "fields \"/spec/replicas\"";
        let manager = format!("managers \"{AUTOSCALER}\"");
        for (name, target, what) in
            [("field", "Deployment/kube-state-metrics", field), ("manager", "Deployment/kube-*", manager.as_str())]
        {
            let said = self.spec(name, &about(target, "2999-12-31", what))?;
            said.tells(&[SHARDED, LABELLED], counted)?;
            if ignored(&said) != Some(1) {
                return Err(Trouble::new(format!("{name}: what is ignored is not counted")).said(said.text));
            }
        }
        let both = format!(
            "{}\n    ignore \"Service/node-exporter\" why=\"a release of theirs\" {{\n        \
             fields \"/metadata/labels/app.kubernetes.io~1managed-by\"\n    }}\n    \
             ignore \"Prometheus/*\" why=\"scaled by hand\" {{\n        fields \"/spec/shards\"\n    }}",
            about("Deployment/kube-state-metrics", "2999-12-31", field)
        );
        self.spec("both", &both)?.tells(&[], counted)?;
        for (name, target, what) in [
            ("expired", "Deployment/kube-state-metrics", field),
            ("expired-manager", "Deployment/kube-*", manager.as_str()),
        ] {
            let said = self.spec(name, &about(target, "2026-01-31", what))?;
            said.tells(&[AUTOSCALED, SHARDED, LABELLED], counted)?;
            if ignored(&said).is_some() {
                return Err(Trouble::new(format!("{name}: it still ignores")).said(said.text));
            }
        }
        Ok("and ignored by field and by manager until the day named".to_owned())
    }

    /// Somebody changes something beside what is noise or ignored.
    fn changed_beside(&self, counted: &[(&str, u64)]) -> Outcome<()> {
        let debug = json!({"name": "debug", "image": "busybox:1.37"});
        let container = json!({"spec": {"template": {"spec": {"containers": [debug]}}}});
        self.patch("daemonset/node-exporter", "strategic", SOMEBODY, &container)?;
        let image = json!({"name": "kube-state-metrics", "image": "example.com/ksm:v0"});
        let image = json!({"spec": {"template": {"spec": {"containers": [image]}}}});
        self.patch("deployment/kube-state-metrics", "strategic", SOMEBODY, &image)?;
        let team = json!({"metadata": {"labels": {"team": "red"}}, "spec": {"retention": "1h"}});
        self.patch(SYSTEM, "merge", SOMEBODY, &team)?;
        let by = "somebody at ";
        let container = "spec.template.spec.containers[kube-state-metrics].image";
        let theirs =
            "    ignore \"Deployment/*\" why=\"theirs\" {\n        managers \"kube-controller-manager\"\n    }";
        let said = self.spec("beside", theirs)?;
        said.tells(
            &[
                LABELLED,
                SHARDED,
                Told { path: "spec.template.spec.containers[debug]", cause: "extra", by },
                Told { path: container, cause: "drift", by },
                Told { path: "metadata.labels.team", cause: "extra", by },
                Told { path: "spec.retention", cause: "drift", by },
            ],
            counted,
        )
    }

    /// Argo CD applies all of it, as it does by itself and as it does server-side.
    fn applied_by_argo(&self) -> Outcome<String> {
        let mut told = Vec::new();
        for (how, flags) in [("by itself", &[][..]), ("server-side", &["--server-side", "--force-conflicts"][..])] {
            let objects = tracked(&self.subject.emitted)?;
            let file = self.folder.join("argo.json");
            write(&file, json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
            let (file, by) = (file.display().to_string(), format!("--field-manager={ARGO}"));
            self.kubectl.run(&[&["apply", "-f", &file, &by][..], flags].concat())?;
            let counted = ("Argo CD", 2 * objects.len() as u64);
            self.spec("argo", "")?.tells(&[], &[counted]).map_err(|t| t.during(format!("Argo CD {how}")))?;
            told.push(format!("{} objects applied by Argo CD {how}", objects.len()));
            self.kubectl.delete(&["-f", &file])?;
        }
        Ok(told.join(", "))
    }
}

/// Everything of a cluster as Argo CD applies it: with both of its ways to know it again. Namespaces stay: nobody is there
/// to end them.
fn tracked(cluster: &emitted::Cluster) -> Outcome<Vec<Value>> {
    let mut objects = Vec::new();
    for object in cluster.all()? {
        let mut object = object.json;
        if object["kind"] == "Namespace" {
            continue;
        }
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
        let kind = object["kind"].as_str().unwrap_or_default();
        let id = format!("monitoring:{group}/{kind}:{}/{}", text("namespace"), text("name"));
        object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = json!(id);
        object["metadata"]["labels"]["app.kubernetes.io/instance"] = json!("monitoring");
        objects.push(object);
    }
    Ok(objects)
}

/// What `istioctl kube-inject` makes of a pod template, as far as it adds.
fn istio() -> Value {
    let proxy = |name: &str, command: &str| {
        json!({"name": name, "image": "docker.io/istio/proxyv2:1.27.1", "args": [command],
               "securityContext": {"runAsUser": 1337}})
    };
    let volumes = ["workload-socket", "credential-socket", "workload-certs", "istio-envoy", "istio-data"];
    let mut volumes: Vec<Value> = volumes.iter().map(|name| json!({"name": name, "emptyDir": {}})).collect();
    volumes.extend([
        json!({"name": "istio-podinfo", "downwardAPI": {
            "items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
        json!({"name": "istio-token", "projected": {
            "sources": [{"serviceAccountToken": {"audience": "istio-ca", "path": "istio-token"}}]}}),
        json!({"name": "istiod-ca-cert", "configMap": {"name": "istio-ca-root-cert"}}),
    ]);
    let metadata = json!({
        "labels": {"security.istio.io/tlsMode": "istio", "service.istio.io/canonical-name": "kube-state-metrics",
                   "service.istio.io/canonical-revision": "latest"},
        "annotations": {"sidecar.istio.io/status": "{\"initContainers\":[\"istio-init\"]}"},
    });
    json!({"spec": {"template": {"metadata": metadata, "spec": {
        "containers": [proxy("istio-proxy", "proxy")], "initContainers": [proxy("istio-init", "istio-iptables")],
        "volumes": volumes}}}})
}

/// What the proxy injector of Linkerd makes of one.
fn linkerd() -> Value {
    let proxy = |name: &str| json!({"name": name, "image": "cr.l5d.io/linkerd/proxy:edge-25.10.7"});
    let volumes = ["linkerd-identity-end-entity", "linkerd-identity-token", "linkerd-proxy-init-xtables-lock"];
    let volumes: Vec<Value> = volumes.iter().map(|name| json!({"name": name, "emptyDir": {}})).collect();
    let metadata = json!({
        "labels": {"linkerd.io/control-plane-ns": "linkerd", "linkerd.io/proxy-daemonset": "node-exporter",
                   "linkerd.io/workload-ns": "monitoring"},
        "annotations": {"linkerd.io/created-by": "linkerd/proxy-injector edge-25.10.7", "linkerd.io/inject": "enabled",
                        "linkerd.io/proxy-version": "edge-25.10.7"},
    });
    json!({"spec": {"template": {"metadata": metadata, "spec": {
        "containers": [proxy("linkerd-proxy")], "initContainers": [proxy("linkerd-init")], "volumes": volumes}}}})
}
