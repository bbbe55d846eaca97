//! `diff --against live --server-side` on a real API server: what is applied would not change; what is new is taken, with
//! no default told as somebody's; what admission, other managers or missing rights refuse is told in the server's words.
//! All by dry runs: afterwards every object is the one it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::applied::Program;
use super::roles;
use crate::ground::cluster::Cluster;
use crate::ground::{Outcome, Trouble};
use crate::subject::Subject;

const MONITORS: &str = "servicemonitors.monitoring.coreos.com";
const PROMETHEIS: &str = "prometheuses.monitoring.coreos.com";
/// The operator writes a status.
const NOTED: &str = "prometheuses.monitoring.coreos.com,servicemonitors.monitoring.coreos.com,\
                     podmonitors.monitoring.coreos.com,prometheusrules.monitoring.coreos.com";
const STILL: &str = "services,serviceaccounts,configmaps";
const TRIED: [&str; 4] = ["diff", "--against", "live", "--server-side"];
/// A policy, and why it refuses.
const POLICY: &str = "refuse-one-monitor";
const DENIED: &str = "no monitors today";
/// Until the API server obeys a policy.
const OBEYED: Duration = Duration::from_secs(30);

/// Of an empty cluster: everything is new, the server takes it, and nothing that it fills in is told as a webhook's.
pub(super) fn before(program: &Program<'_>) -> Outcome<()> {
    let said = program.run(&TRIED)?.ends(2)?;
    let lab = &said["clusters"][0];
    if lab["refused"] != json!([]) || lab["accepted"].as_u64().unwrap_or(0) == 0 || rewritten(&said) > 0 {
        return Err(Trouble::new("what is new is refused or rewritten").said(said.to_string()));
    }
    Ok(())
}

/// Of what was applied: nothing would change, and nothing has. How many objects the server took.
pub(super) fn after(cluster: &Cluster, program: &Program<'_>) -> Outcome<u64> {
    let before = versions(cluster)?;
    let said = program.run(&TRIED)?.ends(0)?;
    let lab = &said["clusters"][0];
    let (accepted, compared) = (lab["accepted"].as_u64(), lab["compared"].as_u64());
    if accepted != compared || compared.is_none_or(|n| n == 0) {
        return Err(Trouble::new("not everything is taken").said(said.to_string()));
    }
    same(cluster, &before)?;
    Ok(accepted.unwrap_or_default())
}

/// What is refused, by whom and with what words.
pub(super) fn meddled(cluster: &Cluster, subject: &Subject<'_>, program: &Program<'_>, folder: &Path) -> Outcome<()> {
    let (kubectl, namespace) = (&cluster.api.kubectl, subject.namespace());
    let wrong = |what: &str, said: &Value| Err(Trouble::new(what).said(said.to_string()));

    let patch = json!({"spec": {"retention": "1h"}}).to_string();
    let theirs = ["-n", namespace, "--type=merge", "-p", &patch, "--field-manager=somebody"];
    kubectl.run(&[&["patch", PROMETHEIS, "user"], &theirs[..]].concat())?;
    let before = versions(cluster)?;
    let said = program.run(&TRIED)?.ends(4)?;
    let refused = &said["clusters"][0]["refused"];
    let why = refused[0]["why"].as_str().unwrap_or_default();
    let one = refused.as_array().map(Vec::len) == Some(1);
    if !one || !why.contains("\"somebody\"") || !why.contains(".spec.retention") || !drifts(&said) {
        return wrong("a conflict is not told", &said);
    }
    let said = program.run(&[&TRIED[..], &["--force-conflicts"]].concat())?.ends(2)?;
    if !drifts(&said) || rewritten(&said) > 0 || said["changes"].as_array().map(Vec::len) != Some(1) {
        return wrong("with force it is not what would change", &said);
    }

    let reader = roles::logged_in(cluster, folder, "tried-reader", "examples/ci/read-only.yaml")?;
    let said = program.run_as(&reader, &TRIED)?.ends(4)?;
    let lab = &said["clusters"][0];
    let whys: Vec<&str> =
        lab["unverified"].as_array().into_iter().flatten().filter_map(|u| u["why"].as_str()).collect();
    let is_told = |why: &&str| why.contains("the right to patch it") && why.contains("cannot patch resource");
    if whys.is_empty() || !whys.iter().all(is_told) || lab["refused"] != json!([]) || !drifts(&said) {
        return wrong("missing rights are not told", &said);
    }
    same(cluster, &before)?;
    program.run(&["apply", "--yes", "--no-wait", "--force-conflicts"])?.ends(0)?;

    let monitors = kubectl.list(MONITORS)?;
    let name = monitors.first().and_then(|m| m["metadata"]["name"].as_str()).unwrap_or_default();
    let before = versions(cluster)?;
    kubectl.put(&policy(name))?;
    let told = denied(program, name);
    kubectl.delete(&["validatingadmissionpolicybindings", POLICY])?;
    kubectl.delete(&["validatingadmissionpolicies", POLICY])?;
    told?;
    same(cluster, &before)?;
    // Policies are forgotten as slowly as they are learned.
    let since = Instant::now();
    loop {
        match program.run(&TRIED)?.ends(0) {
            Ok(_) => return Ok(()),
            Err(trouble) if since.elapsed() > OBEYED => return Err(trouble),
            Err(_) => sleep(Duration::from_millis(500)),
        }
    }
}

/// A policy is told in its own words, and all else is compared.
fn denied(program: &Program<'_>, name: &str) -> Outcome<()> {
    let since = Instant::now();
    loop {
        let said = program.run(&TRIED)?;
        let refused = &said.json["clusters"][0]["refused"];
        let why = refused[0]["why"].as_str().unwrap_or_default();
        let what = refused[0]["what"].as_str().unwrap_or_default();
        if what.ends_with(&format!("/{name}")) && why.contains(DENIED) && why.contains(POLICY) {
            let one = refused.as_array().map(Vec::len) == Some(1);
            let said = said.ends(4)?;
            let accepted = said["clusters"][0]["accepted"].as_u64().unwrap_or(0);
            let compared = said["clusters"][0]["compared"].as_u64().unwrap_or(0);
            if one && said["changes"] == json!([]) && accepted + 1 == compared {
                return Ok(());
            }
            return Err(Trouble::new("one refused object hides others").said(said.to_string()));
        }
        if since.elapsed() > OBEYED {
            return Err(Trouble::new("a policy is not told").said(said.json.to_string()));
        }
        sleep(Duration::from_millis(500));
    }
}

/// Refuses a monitor of this name, whoever applies it.
fn policy(name: &str) -> Vec<Value> {
    let api = "admissionregistration.k8s.io/v1";
    let rule = json!({"apiGroups": ["monitoring.coreos.com"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                      "resources": ["servicemonitors"]});
    vec![
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": POLICY},
               "spec": {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]},
                        "validations": [{"expression": format!("object.metadata.name != '{name}'"), "message": DENIED}]}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": POLICY},
               "spec": {"policyName": POLICY, "validationActions": ["Deny"]}}),
    ]
}

fn changes(said: &Value) -> impl Iterator<Item = &Value> {
    said["changes"].as_array().into_iter().flatten()
}

fn rewritten(said: &Value) -> usize {
    changes(said).filter(|c| c["cause"] == "rewritten").count()
}

/// What field owners tell of the meddled object is told.
fn drifts(said: &Value) -> bool {
    let meddled = |c: &&Value| c["path"] == "spec.retention" && c["object"]["name"] == "user";
    changes(said).find(meddled).is_some_and(|c| c["cause"] == "drift" && c["before"] == "1h")
}

/// All objects of ours without what the operator notes of them. What nobody notes anything of has its version, too.
fn versions(cluster: &Cluster) -> Outcome<BTreeMap<String, Value>> {
    let all = cluster.api.kubectl.list(&format!("{NOTED},{STILL}"))?;
    let ours = all.into_iter().filter(|o| o["metadata"]["labels"]["watershed/cluster"].is_string());
    let one = |mut object: Value| {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        object["status"] = Value::Null;
        if !["Service", "ServiceAccount", "ConfigMap"].contains(&kind.as_str()) {
            // Whoever writes a status takes over labels, too.
            object["metadata"]["resourceVersion"] = Value::Null;
            object["metadata"]["managedFields"] = Value::Null;
        }
        (format!("{kind}/{}", object["metadata"]["name"]), object)
    };
    Ok(ours.map(one).collect())
}

fn same(cluster: &Cluster, before: &BTreeMap<String, Value>) -> Outcome<()> {
    let after = versions(cluster)?;
    let changed = |name: &&String| before.get(*name) != after.get(*name);
    match before.keys().chain(after.keys()).find(changed) {
        Some(name) => {
            let state = |of: &BTreeMap<String, Value>| of.get(name).map(Value::to_string).unwrap_or_default();
            Err(Trouble::new(format!("a dry run has changed {name}")).said(format!(
                "{}\n{}",
                state(before),
                state(&after)
            )))
        }
        None => Ok(()),
    }
}
