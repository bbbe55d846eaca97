//! etcd and kube-apiserver, with authorization as in a cluster: what a service account may do is what the applied roles
//! grant. There is no controller manager and no kubelet; `cluster.rs` stands in for what is needed of them.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::certificates::{Authority, Tokens};
use super::kubectl::Kubectl;
use super::network::{API_SERVER, SERVICES};
use super::process::{Process, Ready};
use super::{Outcome, write};

/// Where it listens: the bridge's address, as a control plane's node would.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const PORT: u16 = 6443;
const ETCD: &str = "http://127.0.0.1:2379";
const PROXY: u16 = 8001;
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs that make an API.
#[derive(Debug, Clone)]
pub struct Programs {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    pub kubectl: PathBuf,
}

pub struct Api {
    pub kubectl: Kubectl,
    // Ended in this order.
    proxy: Process,
    server: Process,
    etcd: Process,
}

impl Api {
    /// # Errors
    /// One of them does not come up: the end of its log.
    pub fn start(programs: &Programs, authority: &Authority, scratch: &Path) -> Outcome<Self> {
        let folder = scratch.join("api");
        let logs = scratch.join("logs");
        let mut etcd = Process::start("etcd", &mut etcd(programs, &folder), &logs.join("etcd.log"))?;
        etcd.wait(&Ready::Http(&format!("{ETCD}/health")), PATIENCE)?;

        let mut command = server(programs, authority, &folder)?;
        let mut server = Process::start("kube-apiserver", &mut command, &logs.join("kube-apiserver.log"))?;
        let kubeconfig = folder.join("kubeconfig");
        write(&kubeconfig, kubeconfig_of(authority)?)?;
        let kubectl = Kubectl::new(
            programs.kubectl.clone(),
            kubeconfig.clone(),
            folder.join("home"),
            &format!("http://127.0.0.1:{PROXY}"),
        );
        server.until(PATIENCE, || kubectl.run(&["get", "--raw", "/readyz"]).map(drop))?;
        let mut command = Command::new(&programs.kubectl);
        command.arg("proxy").arg(format!("--port={PROXY}")).env("KUBECONFIG", &kubeconfig);
        let mut proxy = Process::start("kubectl proxy", &mut command, &logs.join("kubectl-proxy.log"))?;
        proxy.wait(&Ready::Http(&format!("http://127.0.0.1:{PROXY}/version")), PATIENCE)?;
        Ok(Self { kubectl, proxy, server, etcd })
    }

    /// # Errors
    /// One of them has ended: the end of its log.
    pub fn alive(&mut self) -> Outcome<()> {
        self.etcd.alive()?;
        self.server.alive()?;
        self.proxy.alive()
    }
}

fn etcd(programs: &Programs, folder: &Path) -> Command {
    let mut command = Command::new(&programs.etcd);
    command
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", ETCD, "--advertise-client-urls", ETCD])
        .args(["--listen-peer-urls", "http://127.0.0.1:2380", "--log-level", "warn"])
        // Nothing here outlives the run.
        .arg("--unsafe-no-fsync");
    command
}

fn server(programs: &Programs, authority: &Authority, folder: &Path) -> Outcome<Command> {
    let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
    let (own, service) = (ADDRESS.to_string(), API_SERVER.to_string());
    let pair = authority.server("kube-apiserver", &[&names[..], &[&own, &service, "localhost"]].concat())?;
    let tokens = Tokens::new(folder)?;
    let mut command = Command::new(&programs.kube_apiserver);
    for (flag, value) in [
        ("etcd-servers", ETCD.to_owned()),
        ("bind-address", own.clone()),
        ("advertise-address", own),
        ("secure-port", PORT.to_string()),
        ("service-cluster-ip-range", SERVICES.to_owned()),
        ("tls-cert-file", pair.certificate.display().to_string()),
        ("tls-private-key-file", pair.key.display().to_string()),
        ("client-ca-file", authority.certificate.display().to_string()),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local".to_owned()),
        ("service-account-key-file", tokens.public.display().to_string()),
        ("service-account-signing-key-file", tokens.private.display().to_string()),
        ("authorization-mode", "RBAC".to_owned()),
        ("allow-privileged", "true".to_owned()),
        ("cert-dir", folder.join("certificates").display().to_string()),
    ] {
        command.arg(format!("--{flag}={value}"));
    }
    Ok(command)
}

fn kubeconfig_of(authority: &Authority) -> Outcome<String> {
    let pair = authority.client("administrator", "administrator", "system:masters")?;
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "run",
        "clusters": [{"name": "run", "cluster": {
            "server": format!("https://{ADDRESS}:{PORT}"),
            "certificate-authority": authority.certificate,
        }}],
        "users": [{"name": "run", "user": {"client-certificate": pair.certificate, "client-key": pair.key}}],
        "contexts": [{"name": "run", "context": {"cluster": "run", "user": "run"}}],
    });
    Ok(config.to_string())
}
