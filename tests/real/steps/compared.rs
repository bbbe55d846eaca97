//! `watershed diff --against live` on a cluster that was applied and reconciled: no difference, nothing that could not be
//! looked at, with the rights of `examples/ci/read-only.yaml` and no other. Once for what is applied server-side, once
//! for what `kubectl apply` does by itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::emitted::repository;
use super::roles;
use crate::ground::cluster::Cluster;
use crate::ground::{During as _, Outcome, Trouble};
use crate::subject::Subject;

const READER: &str = "watershed-reader";

/// Somebody who may list what Watershed emits, and nothing else.
pub struct Reader {
    kubeconfig: PathBuf,
}

/// What the program said of one cluster.
pub struct Said {
    pub code: i32,
    pub json: Value,
    pub text: String,
}

impl Reader {
    /// # Errors
    /// The role is refused, or its account gets no token.
    pub fn new(cluster: &Cluster, folder: &Path) -> Outcome<Reader> {
        let kubeconfig = roles::logged_in(cluster, folder, READER, "examples/ci/read-only.yaml")?;
        Ok(Reader { kubeconfig })
    }

    /// Runs the program as an operator would, on a cluster of this spec.
    ///
    /// # Errors
    /// It does not start.
    pub fn diff(&self, spec: &Path, cluster: &str, more: &[&str]) -> Outcome<Said> {
        let run = |format: &str| {
            Command::new(env!("CARGO_BIN_EXE_watershed"))
                .current_dir(repository("."))
                .arg("diff")
                .arg(spec)
                .args(["--against", "live", "--cluster", cluster, "--context", "run", "--format", format])
                .arg("--kubeconfig")
                .arg(&self.kubeconfig)
                .args(more)
                .output()
                .during("watershed diff")
        };
        let (json, text) = (run("json")?, run("text")?);
        let words = String::from_utf8_lossy(&text.stdout).into_owned() + &String::from_utf8_lossy(&text.stderr);
        let parsed =
            serde_json::from_slice(&json.stdout).map_err(|e| Trouble::new(format!("no JSON: {e}")).said(&words))?;
        Ok(Said { code: json.status.code().unwrap_or(-1), json: parsed, text: words })
    }
}

/// Nothing differs and everything was looked at: how many objects.
///
/// # Errors
/// Something differs, or could not be looked at: what the program says.
pub fn unchanged(reader: &Reader, subject: &Subject<'_>) -> Outcome<String> {
    let spec = repository("examples").join(&subject.emitted.fleet);
    let said = reader.diff(&spec, &subject.emitted.name, &[])?;
    let compared = said.json["clusters"][0]["compared"].as_u64().unwrap_or(0);
    if said.code != 0 || compared == 0 {
        return Err(Trouble::new(format!("exit {}", said.code)).said(said.text));
    }
    Ok(format!("{compared} objects"))
}

/// Applies everything of a cluster as `kubectl apply` does by itself.
///
/// # Errors
/// An object is refused: the API server's words.
pub fn apply_client_side(cluster: &Cluster, subject: &Subject<'_>) -> Outcome<()> {
    for stage in subject.emitted.stages()? {
        cluster.api.kubectl.run(&["apply", "-k", &stage.display().to_string()])?;
    }
    Ok(())
}
