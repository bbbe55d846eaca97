//! `world::Server` against a real API server: every list is what kubectl says it is, over pages too; credentials of all
//! sorts are taken or refused as kubectl's; what is applied and deleted is what was meant.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use watershed::world::server::{Apply, Base, Failure, FailureKind, Listed, Login, Seen, Served, Verb};
use watershed::world::{Os, Server, World as _};

use crate::ground::cluster::Cluster;
use crate::ground::{During as _, Outcome, Trouble, write};

pub const STEP: &str = "server asked";

const NAMESPACE: &str = "asked";
/// More than two pages.
const MANY: usize = 1_100;

/// # Errors
/// The API server or kubectl cannot be asked; what is wrong is among the errors, too.
pub fn judge(cluster: &mut Cluster, scratch: &Path) -> Outcome<String> {
    cluster.prepare(NAMESPACE)?;
    let many: Vec<Value> = (0..MANY).map(|i| config_map(&format!("many-{i}"), "x")).collect();
    cluster.api.kubectl.put(&many)?;
    let logins = Logins::new(cluster, &scratch.join(NAMESPACE))?;
    let server = logins.server("run", &[]).map_err(|f| told("the administrator's context", &f))?;
    let lists = lists(cluster, server.as_ref())?;
    pages(server.as_ref()).map_err(|f| told("pages", &f))??;
    credentials(&logins)?;
    changes(server.as_ref()).map_err(|f| told("changes", &f))??;
    cluster.clear(&[NAMESPACE])?;
    Ok(format!("{lists} kinds, as many objects as kubectl finds; {MANY} of one over pages"))
}

fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}, "data": {"a": value}})
}

fn told(doing: &str, failure: &Failure) -> Trouble {
    Trouble::new(format!("{doing}: {:?}: {failure}", failure.kind))
}

fn wrong<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Trouble::new(what.into()))
}

/// Every kind that kubectl can list, counted by both.
fn lists(cluster: &Cluster, server: &dyn Server) -> Outcome<usize> {
    let kubectl = &cluster.api.kubectl;
    let said = kubectl.run(&["version", "-o", "json"])?;
    let said: Value = serde_json::from_str(&said).during("kubectl version")?;
    let version = server.version().map_err(|f| told("version", &f))?;
    if said["serverVersion"]["gitVersion"] != version.as_str() {
        return wrong(format!("the server's version is not {version}"));
    }
    let mut counted = 0;
    let listable = kubectl.run(&["api-resources", "--verbs=list", "-o", "name"])?;
    let listable: BTreeSet<&str> = listable.lines().collect();
    for api_version in kubectl.run(&["api-versions"])?.lines() {
        for served in server.kinds(api_version).map_err(|f| told(api_version, &f))? {
            let group = api_version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
            let name = format!("{}{group}", served.plural);
            // What happens meanwhile is not counted.
            if !listable.contains(name.as_str())
                || ["events", "leases", "endpointslices"].contains(&served.plural.as_str())
            {
                continue;
            }
            let all = server.list(&Listed { served: served.clone(), namespace: None, labels: None });
            let all = all.map_err(|f| told(&name, &f))?;
            let said = kubectl.run(&["get", &name, "--all-namespaces", "-o", "name"])?;
            let wanted = said.lines().count();
            if all.len() != wanted {
                return wrong(format!("{api_version} {name}: {} objects, and kubectl finds {wanted}", all.len()));
            }
            if let Some(odd) = all.iter().find(|o| o["kind"] != served.kind.as_str() || o["apiVersion"] != api_version)
            {
                return wrong(format!(
                    "{api_version} {name}: an object says it is {} {}",
                    odd["apiVersion"], odd["kind"]
                ));
            }
            counted += 1;
        }
    }
    match server.kinds("nosuch.example.com/v1") {
        Err(failure) if failure.kind == FailureKind::Missing && counted > 40 => Ok(counted),
        answer => wrong(format!("{counted} kinds counted; of a group that is not there: {answer:?}")),
    }
}

fn config_maps(namespace: Option<&str>, labels: Option<&str>) -> Listed {
    let served = Served {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        plural: "configmaps".to_owned(),
        namespaced: true,
    };
    Listed { served, namespace: namespace.map(str::to_owned), labels: labels.map(str::to_owned) }
}

fn pages(server: &dyn Server) -> Result<Outcome<()>, Failure> {
    let all = server.list(&config_maps(Some(NAMESPACE), None))?;
    let names: BTreeSet<&str> = all.iter().filter_map(|o| o["metadata"]["name"].as_str()).collect();
    // With the one every namespace has.
    if all.len() != MANY + 1 || names.len() != all.len() {
        return Ok(wrong(format!("{} objects of {} names", all.len(), names.len())));
    }
    if !all.iter().all(|o| o["metadata"]["managedFields"].is_array()) {
        return Ok(wrong("an object has lost its managed fields"));
    }
    let none = server.list(&config_maps(None, Some("app.kubernetes.io/managed-by=watershed,watershed/fleet=none")))?;
    Ok(if none.is_empty() { Ok(()) } else { wrong("a selector is not obeyed") })
}

/// Contexts that differ in how they log in, in one kubeconfig.
struct Logins {
    file: String,
    /// The credential plugin, as the kubeconfig names it.
    plugin: String,
}

impl Logins {
    fn new(cluster: &Cluster, folder: &Path) -> Outcome<Logins> {
        let config = cluster.api.kubectl.run(&["config", "view", "--raw", "-o", "json"])?;
        let mut config: Value = serde_json::from_str(&config).during("kubectl config view")?;
        let mut server = config["clusters"][0]["cluster"].clone();
        let stranger = cluster.authority.client("stranger", "stranger", "nobodies")?;
        let own = config["users"][0]["user"].clone();
        let plugin = folder.join("hand-out");
        let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {
            "clientCertificateData": read(own["client-certificate"].as_str())?,
            "clientKeyData": read(own["client-key"].as_str())?}});
        write(&plugin, format!("#!/bin/sh\ncat <<'END'\n{credential}\nEND\n"))?;
        std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).during(plugin.display())?;
        let mut add = |name: &str, cluster: Value, user: Value| {
            for (list, item) in [
                ("clusters", json!({"name": name, "cluster": cluster})),
                ("users", json!({"name": name, "user": user})),
                ("contexts", json!({"name": name, "context": {"cluster": name, "user": name}})),
            ] {
                config[list].as_array_mut().into_iter().for_each(|all| all.push(item.clone()));
            }
        };
        let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": plugin,
                                   "interactiveMode": "IfAvailable"}});
        add("plugin", server.clone(), exec);
        add("expired", server.clone(), json!({"token": "expired"}));
        add(
            "stranger",
            server.clone(),
            json!({"client-certificate": stranger.certificate, "client-key": stranger.key}),
        );
        server["certificate-authority"] = json!(stranger.certificate);
        add("other-authority", server.clone(), own.clone());
        if let Some(server) = server.as_object_mut() {
            server.remove("certificate-authority");
        }
        server["insecure-skip-tls-verify"] = json!(true);
        add("unverified", server, own);
        let file = folder.join("kubeconfig");
        write(&file, config.to_string())?;
        Ok(Logins { file: file.display().to_string(), plugin: plugin.display().to_string() })
    }

    fn server(&self, context: &str, exec: &[&str]) -> Result<Arc<dyn Server>, Failure> {
        Os.server(&Login {
            context: context.to_owned(),
            kubeconfig: Some(self.file.clone()),
            exec: exec.iter().map(|e| (*e).to_owned()).collect(),
            timeout: Duration::from_secs(20),
        })
    }
}

fn read(path: Option<&str>) -> Outcome<String> {
    let path = path.unwrap_or_default();
    std::fs::read_to_string(path).during(path)
}

fn credentials(logins: &Logins) -> Outcome<()> {
    let what = config_maps(Some(NAMESPACE), None);
    for (context, exec, wanted) in [
        ("unverified", &[][..], None),
        ("plugin", &[logins.plugin.as_str()], None),
        // A bare name allows what stands on PATH, not whatever is called so.
        ("plugin", &["hand-out"], Some(FailureKind::Plugin)),
        ("plugin", &[], Some(FailureKind::Plugin)),
        ("expired", &[], Some(FailureKind::Unauthorized)),
        ("stranger", &[], Some(FailureKind::Forbidden)),
        ("other-authority", &[], Some(FailureKind::Unreachable)),
    ] {
        let came = logins.server(context, exec).and_then(|server| server.list(&what)).map(|all| all.len());
        let as_wanted = match (&came, wanted) {
            (Ok(number), None) => *number > MANY,
            (Err(failure), Some(kind)) => failure.kind == kind,
            _ => false,
        };
        if !as_wanted {
            return wrong(format!("context {context} with {exec:?}: {came:?}"));
        }
    }
    let (stranger, run) = (logins.server("stranger", &[]), logins.server("run", &[]));
    let may = |server: Result<Arc<dyn Server>, Failure>| server?.may(Verb::List, &what.served, Some(NAMESPACE));
    match (may(stranger), may(run)) {
        (Ok(false), Ok(true)) => Ok(()),
        answers => wrong(format!("who may what: {answers:?}")),
    }
}

fn changes(server: &dyn Server) -> Result<Outcome<()>, Failure> {
    let what = config_maps(Some(NAMESPACE), None);
    let apply = |value: &str, manager: &str, force: bool, dry_run: bool| {
        server.apply(&what.served, &config_map("changed", value), Apply { manager, force, dry_run, base: Base::Any })
    };
    let there = || server.list(&what).map(|all| all.into_iter().find(|o| o["metadata"]["name"] == "changed"));
    apply("1", "watershed", true, true)?;
    if there()?.is_some() {
        return Ok(wrong("a dry run has made an object"));
    }
    apply("1", "watershed", false, false)?;
    let Some(seen) = there()? else { return Ok(wrong("what was applied is not there")) };
    let conflict = apply("2", "somebody", false, false).map_err(|f| f.kind);
    apply("3", "somebody", true, false)?;
    let mut odd = config_map("changed", "1");
    odd["nonsense"] = json!(1);
    let how = Apply { manager: "watershed", force: true, dry_run: true, base: Base::Any };
    let refused = server.apply(&what.served, &odd, how).map_err(|f| f.kind);
    let text = |o: &Value, name: &str| o["metadata"][name].as_str().unwrap_or_default().to_owned();
    let delete = |o: &Value| {
        let seen = Seen {
            namespace: Some(NAMESPACE.to_owned()),
            name: text(o, "name"),
            uid: text(o, "uid"),
            resource_version: text(o, "resourceVersion"),
        };
        server.delete(&what.served, &seen).map_err(|f| f.kind)
    };
    let stale = delete(&seen);
    let Some(now) = there()? else { return Ok(wrong("what was seen in an older state is deleted")) };
    let gone = delete(&now);
    let again = delete(&now);
    let all = (conflict.err(), refused.err(), stale, gone, again);
    use FailureKind as K;
    let wanted = (Some(K::Conflict), Some(K::Invalid), Err(K::Conflict), Ok(()), Err(K::Missing));
    Ok(if all == wanted && there()?.is_none() { Ok(()) } else { wrong(format!("{all:?}, not {wanted:?}")) })
}
