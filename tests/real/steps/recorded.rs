//! `watershed snapshot` of a real API server: everything that was applied is in it, whole and with its owners, nothing of
//! others but names; and what kubectl prints of the same objects is read as a dump.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use watershed::snapshot::{NOT_KEPT, Of, read};
use watershed::world::Os;

use super::accepted;
use super::emitted::repository;
use crate::ground::cluster::Cluster;
use crate::ground::operator::{self, Generation};
use crate::ground::{During as _, Outcome, Trouble, process, write};
use crate::subject::Subject;

pub const STEP: &str = "server recorded";

/// How long the operator may take for what is applied here.
const SETTLED: Duration = Duration::from_secs(60);
const CANARY: &str = "canary-7f3a9b1c";

/// # Errors
/// The API server or kubectl cannot be asked; what is wrong is among the errors, too.
pub fn judge(cluster: &mut Cluster, scratch: &Path, subject: &Subject<'_>) -> Outcome<String> {
    let folder = scratch.join("recorded");
    let namespace = subject.namespace().to_owned();
    cluster.prepare(&namespace)?;
    let kubectl = cluster.api.kubectl.clone();
    let (applied, _) = accepted::apply(&kubectl, subject)?;
    kubectl.put(&[json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": CANARY},
                         "metadata": {"name": "somebody-s", "namespace": namespace}})])?;
    // One of ours that the labels do not find, so that all of its kind are looked through.
    let lost = applied.iter().find(|o| o["kind"] == "ConfigMap").or(applied.first());
    let lost = lost.ok_or_else(|| Trouble::new("nothing was applied"))?;
    let strip = json!({"metadata": {"labels": {"watershed/fleet": null}}}).to_string();
    let (kind, name) = (text(lost, "/kind"), text(lost, "/metadata/name"));
    kubectl.run(&["patch", &kind, &name, "-n", &text(lost, "/metadata/namespace"), "--type=merge", "-p", &strip])?;

    let kubeconfig = folder.join("kubeconfig");
    write(&kubeconfig, kubectl.run(&["config", "view", "--raw", "-o", "json"])?)?;
    let snapshots = folder.join("snapshots");
    let (name, identity) = (subject.plan.cluster.name.as_str(), subject.plan.cluster.id.value.as_str());
    let mut command = Command::new(env!("CARGO_BIN_EXE_watershed"));
    command.arg("snapshot").arg(repository("examples").join("single-split")).arg("--out").arg(&snapshots);
    command.args(["--cluster", name, "--context", "run", "--kubeconfig"]).arg(&kubeconfig);
    command.arg("--approved").arg(repository("output"));
    let said = process::run(&mut command)?;

    let of = Of { fleet: &subject.emitted.fleet, name, identity, clusters: &[], only: true };
    let told = |f| Trouble::new(format!("the snapshot cannot be read: {f}"));
    let stored = read(&Os, &snapshots.display().to_string(), &of).map_err(told)?;
    if !stored.is_complete() || stored.ownerless > 0 {
        return Err(Trouble::new("the snapshot is not complete, or has objects without owners").said(said));
    }
    let kept: BTreeMap<[String; 4], &Value> = stored.recorded.objects.iter().map(|o| (id(o), o)).collect();
    for object in &applied {
        let name = id(object);
        match kept.get(&name) {
            Some(kept) if kept["spec"] == object["spec"] && kept["data"] == object["data"] => {}
            found => return Err(Trouble::new(format!("{name:?} was applied, and the snapshot has {found:?}"))),
        }
    }
    let theirs = stored.recorded.objects.iter().find(|o| o["metadata"]["name"] == "somebody-s");
    if theirs.is_none_or(|o| o["metadata"]["annotations"][NOT_KEPT] != "true" || o.get("data").is_some()) {
        return Err(Trouble::new(format!("of somebody's ConfigMap the snapshot has {theirs:?}")));
    }
    // What the operator makes is in all dumps, or in none.
    operator::settled(cluster, Generation::Newest, SETTLED)?;
    let dumped = dump(cluster, &folder, &of, &namespace)?;
    cluster.clear(&[&namespace, "vm"])?;
    Ok(format!("{} of {} objects are ours; a dump of {dumped}", applied.len(), kept.len()))
}

/// As people make them.
fn dump(cluster: &Cluster, folder: &Path, of: &Of<'_>, namespace: &str) -> Outcome<usize> {
    let kinds = "services,configmaps,serviceaccounts,roles,rolebindings,daemonsets,prometheuses,servicemonitors,prometheusrules";
    let get = ["get", kinds, "-n", namespace, "-o"];
    let kubectl = &cluster.api.kubectl;
    let all = kubectl.run(&[&get[..], &["json", "--show-managed-fields"]].concat())?;
    let all: Value = serde_json::from_str(&all).during("kubectl get")?;
    let items = all["items"].as_array().map_or(&[][..], Vec::as_slice);
    let wanted = items.len();
    // The API server itself makes some.
    let nobody_s = items.iter().filter(|o| !o["metadata"]["managedFields"].is_array()).count();
    for (file, format, owners) in [("a.yaml", "yaml", true), ("b.json", "json", true), ("c.yaml", "yaml", false)] {
        let flag: &[&str] = if owners { &["--show-managed-fields"] } else { &[] };
        let path = folder.join("dumps").join(file);
        write(&path, kubectl.run(&[&get[..], &[format], flag].concat())?)?;
        let place = path.display().to_string();
        let stored = read(&Os, &place, of).map_err(|f| Trouble::new(format!("the dump {file} cannot be read: {f}")))?;
        let ownerless = if owners { nobody_s } else { wanted };
        if (stored.recorded.objects.len(), stored.ownerless) != (wanted, ownerless) {
            let found = (stored.recorded.objects.len(), stored.ownerless);
            return Err(Trouble::new(format!("{file}: {found:?} objects and ones without owners, of {wanted}")));
        }
    }
    std::fs::remove_dir_all(folder).during(folder.display())?;
    if wanted > 10 && nobody_s < 3 {
        Ok(wanted)
    } else {
        Err(Trouble::new(format!("{nobody_s} of {wanted} have no owners")))
    }
}

fn id(object: &Value) -> [String; 4] {
    ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(|at| text(object, at))
}

fn text(object: &Value, at: &str) -> String {
    object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
}
