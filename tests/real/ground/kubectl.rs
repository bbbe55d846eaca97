//! kubectl, as whoever applies our output uses it. What it warns about is kept beside what it did.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};

use super::rest::Rest;
use super::{During, Outcome, Trouble};

/// Who applies Watershed's output.
pub const OWNER: &str = "watershed";
/// Who stands in for kubelets and controllers.
pub const CONTROLLERS: &str = "controllers";

const MAKERS: [&str; 3] = [
    "prometheuses.monitoring.coreos.com",
    "prometheusagents.monitoring.coreos.com",
    "alertmanagers.monitoring.coreos.com",
];

#[derive(Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// Where it caches what the API server can do.
    home: PathBuf,
    rest: Arc<Rest>,
}

/// What an apply did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The objects as the API server has them now.
    pub objects: Vec<Value>,
    /// What the API server warned about: fields that mean nothing, versions that go.
    pub warnings: Vec<String>,
}

struct Said {
    out: String,
    warnings: Vec<String>,
}

impl Kubectl {
    /// `proxy` is where a `kubectl proxy` serves, or will.
    pub fn new(program: PathBuf, kubeconfig: PathBuf, home: PathBuf, proxy: &str) -> Self {
        Self { program, kubeconfig, home, rest: Arc::new(Rest::new(proxy.to_owned())) }
    }

    /// Applies files, or folders with a `kustomization.yaml` (one only), server-side and strictly.
    ///
    /// # Errors
    /// The API server refused an object: its words.
    pub fn apply(&self, paths: &[PathBuf]) -> Outcome<Applied> {
        self.apply_as(OWNER, paths)
    }

    /// The same for somebody else.
    ///
    /// # Errors
    /// As for [`Kubectl::apply`].
    pub fn apply_as(&self, owner: &str, paths: &[PathBuf]) -> Outcome<Applied> {
        let mut arguments = apply_arguments(owner);
        for path in paths {
            arguments.push(if path.is_dir() { "-k" } else { "-f" }.to_owned());
            arguments.push(path.display().to_string());
        }
        applied(self.call(&arguments, None)?)
    }

    /// Applies objects, as [`Kubectl::apply`] does files.
    ///
    /// # Errors
    /// As for [`Kubectl::apply`].
    pub fn apply_objects(&self, objects: &[Value]) -> Outcome<Applied> {
        let mut arguments = apply_arguments(OWNER);
        arguments.extend(["-f", "-"].map(str::to_owned));
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        applied(self.call(&arguments, Some(&list.to_string()))?)
    }

    /// Applies objects that somebody else than Watershed makes; hands them back as they are now.
    ///
    /// # Errors
    /// The API server refused one: its words.
    pub fn put(&self, objects: &[Value]) -> Outcome<Vec<Value>> {
        objects.iter().map(|o| self.rest.put(o, CONTROLLERS, "")).collect()
    }

    /// Sets the status of objects.
    ///
    /// # Errors
    /// As for [`Kubectl::put`].
    pub fn put_status(&self, objects: &[Value]) -> Outcome<()> {
        objects.iter().try_for_each(|o| self.rest.put(o, CONTROLLERS, "/status").map(drop))
    }

    /// The API server without kubectl.
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Whether a command that compares says that something differs: it ends with 1, not with 0.
    ///
    /// # Errors
    /// It ends with anything else: its words.
    pub fn finds(&self, arguments: &[&str]) -> Outcome<bool> {
        let mut command = Command::new(&self.program);
        let output = command.args(arguments).env("KUBECONFIG", &self.kubeconfig).env("HOME", &self.home).output();
        let output = output.during("kubectl")?;
        match output.status.code() {
            Some(code @ (0 | 1)) => Ok(code == 1),
            _ => Err(Trouble::new(arguments.join(" ")).said(String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// An object of a resource, e.g. `secrets` or `prometheuses.monitoring.coreos.com`.
    ///
    /// # Errors
    /// The API server could not be asked; an object that does not exist is none.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Outcome<Option<Value>> {
        self.rest.get(resource, namespace, name)
    }

    /// All objects of a resource, or of several, with commas between them, everywhere.
    ///
    /// # Errors
    /// The API server could not be asked, or does not know the resource.
    pub fn list(&self, resources: &str) -> Outcome<Vec<Value>> {
        let lists: Outcome<Vec<_>> = resources.split(',').map(|r| self.rest.list(r)).collect();
        Ok(lists?.concat())
    }

    /// A token of a service account, bound to a pod where one is given (name and uid).
    ///
    /// # Errors
    /// No such service account.
    pub fn token(&self, namespace: &str, account: &str, pod: Option<(&str, &str)>, audience: &str) -> Outcome<String> {
        let mut request = json!({"audiences": [], "expirationSeconds": 3607});
        if let Some((name, uid)) = pod {
            request["boundObjectRef"] = json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid});
        }
        if !audience.is_empty() {
            request["audiences"] = json!([audience]);
        }
        self.rest.token(namespace, account, &request)
    }

    /// Whether a token lets its owner read a path: see [`Rest::may_read`].
    ///
    /// # Errors
    /// The API server could not be asked.
    pub fn may_read(&self, token: &str, path: &str) -> Outcome<u16> {
        self.rest.may_read(token, path)
    }

    /// Deletes all that was put into these namespaces, and all objects of no namespace that carry Watershed's label.
    /// The namespaces stay: to remove one takes a controller manager.
    ///
    /// # Errors
    /// As for [`Kubectl::run`].
    pub fn clear(&self, namespaces: &[&str]) -> Outcome<()> {
        let kinds = |namespaced: &str| -> Outcome<String> {
            let said = self.run(&["api-resources", "--verbs=delete,list", namespaced, "-o", "name"])?;
            let kept = |k: &&str| {
                // Events tell what happened; the rest are the API server's own.
                !k.starts_with("events")
                    && !["namespaces", "nodes", "customresourcedefinitions.apiextensions.k8s.io"].contains(k)
            };
            Ok(said.lines().filter(kept).collect::<Vec<_>>().join(","))
        };
        let inside = kinds("--namespaced=true")?;
        for namespace in namespaces {
            // First what others are made of, or the operator would make these again.
            for first in inside.split(',').filter(|k| MAKERS.contains(k)) {
                self.delete(&[first, "--all", "-n", namespace])?;
            }
            self.delete(&[&inside, "--all", "-n", namespace])?;
        }
        self.delete(&[&kinds("--namespaced=false")?, "-l", "app.kubernetes.io/managed-by=watershed"])
    }

    /// `kubectl delete`, at once and without waiting for anyone.
    ///
    /// # Errors
    /// As for [`Kubectl::run`].
    pub fn delete(&self, what: &[&str]) -> Outcome<()> {
        let how = ["--ignore-not-found", "--force", "--grace-period=0", "--wait=false"];
        self.run(&[&["delete"], what, &how].concat()).map(drop)
    }

    /// Any other command; hands back what it printed.
    ///
    /// # Errors
    /// It did not end well: its words.
    pub fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let arguments: Vec<_> = arguments.iter().map(|&a| a.to_owned()).collect();
        Ok(self.call(&arguments, None)?.out)
    }

    fn call(&self, arguments: &[String], input: Option<&str>) -> Outcome<Said> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.home)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .during(format!("kubectl ({}) does not start", self.program.display()))?;
        // It reads everything before it says anything.
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), input) {
            pipe.write_all(text.as_bytes()).during("kubectl")?;
        }
        let output = child.wait_with_output().during("kubectl")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(Trouble::new(format!("kubectl {}", arguments.join(" "))).said(said));
        }
        let warnings = said.lines().filter_map(|l| l.strip_prefix("Warning: ")).map(str::to_owned).collect();
        Ok(Said { out: String::from_utf8_lossy(&output.stdout).into_owned(), warnings })
    }
}

fn apply_arguments(owner: &str) -> Vec<String> {
    let owner = format!("--field-manager={owner}");
    ["apply", "--server-side", &owner, "--validate=strict", "--show-managed-fields", "-o", "json"]
        .map(str::to_owned)
        .into()
}

fn applied(said: Said) -> Outcome<Applied> {
    let answer: Value = serde_json::from_str(&said.out).during("what kubectl apply printed")?;
    Ok(Applied { objects: items(answer), warnings: said.warnings })
}

fn items(mut answer: Value) -> Vec<Value> {
    match answer.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => vec![answer],
    }
}
