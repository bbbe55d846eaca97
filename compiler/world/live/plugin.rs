//! Credential plugins of a kubeconfig (`exec`), as client-go runs them, but for three things: only those that were
//! allowed are run, never with a terminal, and not for longer than one request may take.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kube::config::{ExecConfig, ExecInteractiveMode};
use serde_json::{Value as Json, json};

use super::words;
use crate::world::server::{Failure, FailureKind};

/// A credential is a few kilobytes.
const LARGEST: u64 = 1024 * 1024;
const POLL: Duration = Duration::from_millis(10);

/// A plugin that may be run.
#[derive(Debug, Clone)]
pub(super) struct Plugin {
    exec: ExecConfig,
    command: String,
    /// The command, as it may be shown.
    name: String,
}

/// What a plugin hands out. Never shown.
pub(super) struct Credential {
    pub token: Option<String>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, String)>,
}

impl Plugin {
    /// # Errors
    /// The plugin is none of those allowed, or wants a terminal. Nothing was run.
    pub(super) fn allowed(exec: ExecConfig, allowed: &[String]) -> Result<Plugin, Failure> {
        let refused = |message: String| Err(Failure::new(FailureKind::Plugin, message));
        let command = exec.command.clone().unwrap_or_default();
        let name = words::of_server(&command, &[]);
        if name.is_empty() {
            return refused("the user of this context has an `exec` without a `command`".to_owned());
        }
        let mut names = exec.env.iter().flatten().filter_map(|variable| variable.get("name").cloned());
        if let Some(variable) = names.find(|name| is_dangerous(name)) {
            return refused(format!(
                "the kubeconfig sets `{}` for the credential plugin `{name}`, which would have another program run: \
                 take it out of `exec.env`",
                words::of_server(&variable, &[])
            ));
        }
        // A name says which of the installed programs; a path has to be allowed as it is written, for it may lead
        // anywhere.
        if !allowed.contains(&command) {
            return refused(format!(
                "this context logs in with the credential plugin `{name}`, a program named by the kubeconfig, which is \
                 not run unless it is allowed: `--allow-exec {name}`"
            ));
        }
        if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
            return refused(format!(
                "the credential plugin `{name}` wants a terminal (`interactiveMode: Always`), which it does not get here: \
                 log in with it first, and use a context with a token or a certificate"
            ));
        }
        Ok(Plugin { exec, command, name })
    }

    /// Runs the plugin.
    ///
    /// # Errors
    /// It does not start, fails, is not ready in time, or prints something else than a credential.
    pub(super) fn run(&self, timeout: Duration) -> Result<Credential, Failure> {
        let failed =
            |what: String| Failure::new(FailureKind::Plugin, format!("the credential plugin `{}` {what}", self.name));
        let mut child = self.start().map_err(|e| failed(self.unstarted(&e)))?;
        let group = child.id();
        let ended = wait(&mut child, timeout);
        // With it goes whatever it has started.
        if ended.is_none()
            && let Some(pid) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
            let _ = child.wait();
        }
        let Some((success, status, out, err)) = ended else {
            return Err(failed(format!("was not ready within {} s and was ended", timeout.as_secs_f32())));
        };
        let said = words::of_plugin(&String::from_utf8_lossy(&err));
        if !success {
            let said = if said.is_empty() { "it says nothing".to_owned() } else { format!("it says: {said}") };
            return Err(failed(format!("failed ({status}); {said}")));
        }
        if out.len() as u64 > LARGEST {
            return Err(failed("printed more than a megabyte".to_owned()));
        }
        self.read(&out).map_err(failed)
    }

    fn start(&self) -> std::io::Result<Child> {
        let exec = &self.exec;
        let mut command = Command::new(self.program()?);
        command.args(exec.args.iter().flatten());
        for variable in exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                command.env(name, value);
            }
        }
        let mut spec = json!({"interactive": false});
        if let Some(cluster) = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info) {
            spec["cluster"] = serde_json::to_value(cluster).unwrap_or(Json::Null);
        }
        let info = json!({"kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec});
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()
    }

    /// Where a bare name leads by our own `PATH`, whatever the kubeconfig would have it be.
    fn program(&self) -> std::io::Result<PathBuf> {
        if self.command.contains('/') {
            return Ok(PathBuf::from(&self.command));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        let is_there =
            |file: &PathBuf| file.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
        let found = places.map(|folder| folder.join(&self.command)).find(is_there);
        found.ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn unstarted(&self, e: &std::io::Error) -> String {
        let hint = self.exec.install_hint.as_deref().map(|h| words::of_server(h, &[])).filter(|h| !h.is_empty());
        let hint = hint.map_or_else(String::new, |h| format!("; the kubeconfig says: {h}"));
        match e.kind() {
            std::io::ErrorKind::NotFound => format!("is not installed{hint}"),
            _ => format!("does not start: {}{hint}", words::of_server(&e.to_string(), &[])),
        }
    }

    fn read(&self, out: &[u8]) -> Result<Credential, String> {
        let no = |what: &str| format!("printed no credential: {what}");
        let answer: Json = serde_json::from_slice(out).map_err(|_| no("it is not JSON"))?;
        if answer.get("kind").and_then(Json::as_str) != Some("ExecCredential") {
            return Err(no("its kind is not `ExecCredential`"));
        }
        let version = answer.get("apiVersion").and_then(Json::as_str);
        if self.exec.api_version.is_some() && version != self.exec.api_version.as_deref() {
            return Err(no("its `apiVersion` is not the one of the kubeconfig"));
        }
        let text =
            |name: &str| answer.pointer("/status")?.get(name)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        let certificate = text("clientCertificateData").zip(text("clientKeyData"));
        let token = text("token");
        if token.is_none() && certificate.is_none() {
            return Err(no("it has neither a token nor a certificate with its key"));
        }
        Ok(Credential { token, certificate })
    }
}

/// Variables that decide which code a program runs.
fn is_dangerous(variable: &str) -> bool {
    const NAMES: [&str; 14] = [
        "PATH",
        "BASH_ENV",
        "ENV",
        "SHELLOPTS",
        "IFS",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONHOME",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PERL5OPT",
        "PERL5LIB",
        "RUBYOPT",
        "RUBYLIB",
    ];
    NAMES.contains(&variable) || variable.starts_with("LD_") || variable.starts_with("DYLD_")
}

/// What a process came to, how it ended, and what it printed; `None` where it did not end, or close its streams, in time.
fn wait(child: &mut Child, timeout: Duration) -> Option<(bool, String, Vec<u8>, Vec<u8>)> {
    let until = Instant::now() + timeout;
    let out = drained(child.stdout.take()?);
    let err = drained(child.stderr.take()?);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => std::thread::sleep(POLL),
            _ => return None,
        }
    };
    let left = || until.saturating_duration_since(Instant::now()).max(POLL);
    Some((status.success(), status.to_string(), out.recv_timeout(left()).ok()?, err.recv_timeout(left()).ok()?))
}

fn drained(stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut stream = stream.take(LARGEST + 1);
        // What came before a failure is all there is.
        let _ = stream.read_to_end(&mut bytes);
        let _ = std::io::copy(&mut stream.into_inner(), &mut std::io::sink());
        let _ = send.send(bytes);
    });
    receive
}
