//! `watershed apply` on a real API server with the operator: what is compiled becomes live and the comparison falls
//! silent; all with the rights of `examples/ci/apply.yaml` and no other; applied again, nothing changes; what others own is told and not taken; what is left over goes when asked to.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::emitted::repository;
use super::{roles, tried};
use crate::ground::cluster::Cluster;
use crate::ground::{During as _, Outcome, Trouble};
use crate::subject::Subject;

const MONITORS: &str = "servicemonitors.monitoring.coreos.com";
const PROMETHEIS: &str = "prometheuses.monitoring.coreos.com";
/// The account.
const APPLIER: &str = "applier";
/// The one in which others meddle.
const MEDDLED: &str = "single-split";

/// # Errors
/// What is not as it should be, with all that the program said.
pub fn judge(cluster: &Cluster, subject: &Subject<'_>, folder: &Path) -> Outcome<String> {
    let program = Program::new(cluster, subject, folder)?;
    let done = program.apply(&["--dry-run"])?.ends(0)?;
    if program.of_monitoring(cluster)? > 0 {
        return Err(Trouble::new("a dry run has made something").said(done.to_string()));
    }
    tried::before(&program)?;
    if program.of_monitoring(cluster)? > 0 {
        return Err(Trouble::new("a comparison has made something"));
    }
    let done = program.apply(&[])?.ends(0)?;
    let applied = done["clusters"][0]["objects"].as_array().map_or(0, Vec::len);
    program.is_silent()?;
    let tried = tried::after(cluster, &program)?;
    let again = program.apply(&[])?.ends(0)?;
    if applied == 0 || again["clusters"][0]["objects"] != json!([]) {
        let what = format!("{applied} objects, and not none the second time");
        return Err(Trouble::new(what).said(again.to_string()));
    }
    if subject.emitted.fleet != MEDDLED {
        return Ok(format!("{applied} objects; the server takes {tried}, and would change none"));
    }
    tried::meddled(cluster, subject, &program, folder)?;
    meddled(cluster, subject, &program)?;
    Ok(format!("{applied} objects; conflicts, others' objects, what is left over and what is not ready are told"))
}

fn meddled(cluster: &Cluster, subject: &Subject<'_>, program: &Program<'_>) -> Outcome<()> {
    let (kubectl, namespace) = (&cluster.api.kubectl, subject.namespace());
    let before = kubectl.list(PROMETHEIS)?;
    program.apply(&["--all"])?.ends(0)?;
    let generations = |all: &[Value]| all.iter().map(|o| o["metadata"]["generation"].clone()).collect::<Vec<_>>();
    if generations(&before) != generations(&kubectl.list(PROMETHEIS)?) {
        return Err(Trouble::new("applying what is there changes it"));
    }

    let patch = |name: &str, patch: &Value| {
        let patch = patch.to_string();
        let who = "--field-manager=somebody";
        kubectl.run(&["patch", PROMETHEIS, name, "-n", namespace, "--type=merge", "-p", &patch, who])
    };
    patch("user", &json!({"spec": {"retention": "1h"}}))?;
    let told = program.apply(&[])?.ends(4)?;
    let object = &told["clusters"][0]["objects"][0];
    let why = object["why"].as_str().unwrap_or_default();
    if object["outcome"] != "failed" || !why.contains("\"somebody\"") || !why.contains(".spec.retention") {
        return Err(Trouble::new("a conflict is not told").said(told.to_string()));
    }
    // Nobody runs pods here: it is reconciled, and never available.
    let late = program.run(&["apply", "--yes", "--force-conflicts", "--timeout", "8s"])?.ends(4)?;
    let unready = late["clusters"][0]["notReady"].as_array().into_iter().flatten().find(|o| o["name"] == "user");
    let why = unready.and_then(|u| u["why"].as_str()).unwrap_or_default();
    if !why.starts_with("Available is False: ") {
        return Err(Trouble::new("what it waits for is not told").said(late.to_string()));
    }
    program.is_silent()?;

    let monitors = kubectl.list(MONITORS)?;
    let name = monitors.first().and_then(|m| m["metadata"]["name"].as_str()).unwrap_or_default();
    let label = "app.kubernetes.io/managed-by=somebody";
    kubectl.run(&["label", MONITORS, name, "-n", namespace, label, "--overwrite", "--field-manager=somebody"])?;
    // A label of ours that somebody edits is drift, and no other owner.
    let healed = program.apply(&["--force-conflicts"])?.ends(0)?;
    if healed["clusters"][0]["objects"][0]["name"] != name {
        return Err(Trouble::new("an edited label is not put right").said(healed.to_string()));
    }
    program.is_silent()?;

    let mut theirs =
        json!({"apiVersion": monitors[0]["apiVersion"], "kind": "ServiceMonitor", "spec": monitors[0]["spec"]});
    theirs["metadata"] =
        json!({"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "somebody"}});
    kubectl.delete(&[MONITORS, name, "-n", namespace])?;
    kubectl.put(&[theirs])?;
    let told = program.apply(&["--force-conflicts"])?.ends(4)?;
    if told["clusters"][0]["foreign"][0]["name"] != name || told["clusters"][0]["objects"] != json!([]) {
        return Err(Trouble::new("somebody else's object is not left alone").said(told.to_string()));
    }
    program.apply(&["--adopt", &format!("ServiceMonitor/{namespace}/{name}")])?.ends(0)?;
    program.is_silent()?;

    let labels = &monitors[0]["metadata"]["labels"];
    let labels = json!({"app.kubernetes.io/managed-by": "watershed", "watershed/fleet": labels["watershed/fleet"],
                        "watershed/cluster": labels["watershed/cluster"], "watershed/unit": "old"});
    let left = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
                      "metadata": {"name": "left-over", "namespace": namespace, "labels": labels}});
    kubectl.apply_objects(&[left])?;
    let told = program.apply(&[])?.ends(0)?;
    let kept = kubectl.get("configmaps", namespace, "left-over")?.is_some();
    if !kept || told["clusters"][0]["leftOver"][0]["name"] != "left-over" {
        return Err(Trouble::new("what is left over is not told, or not kept").said(told.to_string()));
    }
    program.apply(&["--prune"])?.ends(0)?;
    if kubectl.get("configmaps", namespace, "left-over")?.is_some() {
        return Err(Trouble::new("what is left over is still there"));
    }
    program.is_silent()
}

/// The program, with the roles of `examples/ci/apply.yaml` and no other.
pub(super) struct Program<'s> {
    subject: &'s Subject<'s>,
    kubeconfig: PathBuf,
}

/// How a run ended, and what it said.
pub(super) struct Said {
    code: i32,
    pub(super) json: Value,
    err: String,
}

impl Said {
    pub(super) fn ends(self, code: i32) -> Outcome<Value> {
        if self.code == code {
            return Ok(self.json);
        }
        let what = format!("exit {} and not {code}", self.code);
        // Differences would bury what the servers said.
        let cluster = &self.json["clusters"][0];
        let objects = cluster["objects"].as_array().into_iter().flatten();
        let failed: Vec<String> =
            objects.filter(|o| o.get("why").is_some()).map(|o| format!("{} {}", o["kind"], o["why"])).collect();
        let rest = [&cluster["notReady"], &cluster["foreign"], &cluster["notDeleted"], &cluster["deleted"]];
        let rest = rest.map(Value::to_string).join("\n");
        Err(Trouble::new(what).said(format!("{}\n{}\n{rest}", self.err, failed.join("\n"))))
    }
}

impl<'s> Program<'s> {
    fn new(cluster: &Cluster, subject: &'s Subject<'s>, folder: &Path) -> Outcome<Program<'s>> {
        let kubeconfig = roles::logged_in(cluster, folder, APPLIER, "examples/ci/apply.yaml")?;
        Ok(Program { subject, kubeconfig })
    }

    fn apply(&self, more: &[&str]) -> Outcome<Said> {
        self.run(&[&["apply", "--yes", "--no-wait"], more].concat())
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Outcome<Said> {
        self.run_as(&self.kubeconfig, arguments)
    }

    /// The same with the rights of somebody else.
    pub(super) fn run_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Outcome<Said> {
        let emitted = &self.subject.emitted;
        let said = Command::new(env!("CARGO_BIN_EXE_watershed"))
            .current_dir(repository("."))
            .args(arguments)
            .args(["--cluster", &emitted.name, "--context", "run", "--format", "json", "--kubeconfig"])
            .arg(kubeconfig)
            .arg(repository("examples").join(&emitted.fleet))
            .output()
            .during("watershed")?;
        let err = String::from_utf8_lossy(&said.stderr).into_owned();
        let json = serde_json::from_slice(&said.stdout)
            .map_err(|e| Trouble::new(format!("{arguments:?}: no JSON: {e}")).said(&err))?;
        Ok(Said { code: said.status.code().unwrap_or(-1), json, err })
    }

    fn is_silent(&self) -> Outcome<()> {
        self.run(&["diff", "--against", "live"])?.ends(0).map(drop)
    }

    /// How many Prometheis and monitors there are.
    fn of_monitoring(&self, cluster: &Cluster) -> Outcome<usize> {
        Ok(cluster.api.kubectl.list(&format!("{PROMETHEIS},{MONITORS}"))?.len())
    }
}
