//! kubectl, as whoever applies our output uses it. What it warns about is kept beside what it did.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{During, Outcome, Trouble};

/// Who applies Watershed's output.
pub const OWNER: &str = "watershed";
/// Who stands in for kubelets and controllers.
pub const CONTROLLERS: &str = "controllers";

#[derive(Debug, Clone)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// Where it caches what the API server can do.
    home: PathBuf,
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
    pub fn new(program: PathBuf, kubeconfig: PathBuf, home: PathBuf) -> Self {
        Self { program, kubeconfig, home }
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

    /// Applies objects that somebody else than Watershed makes.
    ///
    /// # Errors
    /// As for [`Kubectl::apply`].
    pub fn put(&self, objects: &[Value]) -> Outcome<Applied> {
        if objects.is_empty() {
            return Ok(Applied::default());
        }
        let mut arguments = apply_arguments(CONTROLLERS);
        arguments.extend(["--force-conflicts", "-f", "-"].map(str::to_owned));
        applied(self.call(&arguments, Some(&list(objects)))?)
    }

    /// Sets the status of objects.
    ///
    /// # Errors
    /// As for [`Kubectl::apply`].
    pub fn put_status(&self, objects: &[Value]) -> Outcome<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let mut arguments = apply_arguments(CONTROLLERS);
        arguments.extend(["--force-conflicts", "--subresource=status", "-f", "-"].map(str::to_owned));
        self.call(&arguments, Some(&list(objects))).map(drop)
    }

    /// # Errors
    /// The API server could not be asked; an object that does not exist is none.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Outcome<Option<Value>> {
        let said = self.run(&["get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "json"])?;
        if said.trim().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&said).map(Some).during("kubectl get")
    }

    /// All objects of a kind (or of several, with commas), everywhere.
    ///
    /// # Errors
    /// The API server could not be asked, or does not know the kind.
    pub fn list(&self, kinds: &str) -> Outcome<Vec<Value>> {
        let said = self.run(&["get", kinds, "-A", "-o", "json"])?;
        Ok(items(serde_json::from_str(&said).during("kubectl get")?))
    }

    /// A token of a service account, bound to a pod where one is given (name and uid).
    ///
    /// # Errors
    /// No such service account.
    pub fn token(&self, namespace: &str, account: &str, pod: Option<(&str, &str)>, audience: &str) -> Outcome<String> {
        let mut arguments = vec!["create", "token", account, "-n", namespace];
        if let Some((name, uid)) = pod {
            arguments.extend(["--bound-object-kind", "Pod", "--bound-object-name", name, "--bound-object-uid", uid]);
        }
        if !audience.is_empty() {
            arguments.extend(["--audience", audience]);
        }
        Ok(self.run(&arguments)?.trim().to_owned())
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
    ["apply", "--server-side", &owner, "--validate=strict", "-o", "json"].map(str::to_owned).into()
}

fn list(objects: &[Value]) -> String {
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
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
