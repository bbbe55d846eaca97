//! HTTPS in front of a stand-in, as kubelets serve: vmauth with a certificate, which hands everything on.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::ground::certificates::Pair;
use crate::ground::process::{Process, Ready};
use crate::ground::{During, Outcome};

/// Starts vmauth at `listen` in the network namespace `namespace` (none: the sandbox's own), in front of
/// `behind`. Tokens are not looked at: who may ask is the API server's to say, not a stand-in's.
///
/// # Errors
/// vmauth does not come up.
pub fn front(
    vmauth: &Path,
    namespace: Option<&Path>,
    listen: SocketAddr,
    behind: SocketAddr,
    pair: &Pair,
    scratch: &Path,
) -> Outcome<Process> {
    let everybody = serde_json::json!({"unauthorized_user": {"url_prefix": format!("http://{behind}")}});
    door(vmauth, namespace, listen, &everybody, pair, scratch)
}

/// The same with a configuration of vmauth's own, which may ask for credentials.
///
/// # Errors
/// As for [`front`].
pub fn door(
    vmauth: &Path,
    namespace: Option<&Path>,
    listen: SocketAddr,
    users: &serde_json::Value,
    pair: &Pair,
    scratch: &Path,
) -> Outcome<Process> {
    let folder = scratch.join(format!("tls-{listen}"));
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let config = folder.join("auth.json");
    std::fs::write(&config, users.to_string()).during(config.display())?;
    let mut command = match namespace {
        Some(namespace) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net={}", namespace.display())).arg(vmauth);
            command
        }
        None => Command::new(vmauth),
    };
    command
        .arg(format!("-auth.config={}", config.display()))
        .arg(format!("-httpListenAddr={listen}"))
        // Its own pages elsewhere, or its `/metrics` would be answered for that of what is behind.
        .arg("-httpInternalListenAddr=127.0.0.1:0")
        .args(["-tls=true".to_owned(), format!("-tlsCertFile={}", pair.certificate.display())])
        .arg(format!("-tlsKeyFile={}", pair.key.display()));
    let mut process = Process::start(format!("vmauth at {listen}"), &mut command, &folder.join("log"))?;
    process.wait(&Ready::Line(&format!("started server at https://{listen}")), Duration::from_secs(20))?;
    Ok(process)
}
