//! A pod: made from a template through the API server, whose admission completes it, then run as a kubelet would run
//! it. Init containers run first, then the containers whose image is known here, with their own command, arguments,
//! environment and volumes, on an address of their own (or their node's). Users, groups, limits and capabilities of the
//! template are not applied.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::Node;
use super::kubectl::Kubectl;
use super::network::{API_SERVER, Attached, Network};
use super::process::{Process, Ready, Signal};
use super::root::{Base, Root};
use super::volumes::{self, Filler, text};
use super::{Outcome, Trouble, http};

/// How long an init container may take.
const INIT: Duration = Duration::from_secs(30);
const PROBE: Duration = Duration::from_secs(2);

/// The program that stands for an image.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    /// Where the image has it; this is run unless the template has a command.
    pub entrypoint: String,
    /// What else its package puts below `/usr`, if it cannot do without.
    pub usr: Option<PathBuf>,
}

/// Which program an image is; none where there is no such program here.
pub type Images<'a> = &'a dyn Fn(&str) -> Option<Program>;

/// What all pods of a cluster need.
pub struct Kubelet {
    pub kubectl: Kubectl,
    pub network: Arc<Network>,
    pub base: Base,
    pub scratch: PathBuf,
    /// Where persistent volumes are.
    pub claims: PathBuf,
}

pub struct Pod {
    pub namespace: String,
    pub name: String,
    pub node: String,
    pub address: Ipv4Addr,
    /// As the API server has it.
    pub object: Value,
    /// Containers that do not run here, with their images: something has to stand in for them.
    pub missing: Vec<(String, String)>,
    pub ready: bool,
    // Processes end before their files and their network go.
    containers: Vec<Container>,
    place: Place,
}

struct Container {
    spec: Value,
    /// As it was started, and is started again.
    command: Command,
    process: Process,
    _root: Root,
}

enum Place {
    Own(Attached),
    Node(PathBuf),
}

impl Kubelet {
    /// Makes the pod `namespace/name` of a template on `node` and starts it; it may not be ready yet.
    ///
    /// # Errors
    /// The API server refuses it, a volume cannot be filled, an init container fails, or a program does not start.
    pub fn start(
        &self,
        template: &Value,
        namespace: &str,
        name: &str,
        node: &Node,
        images: Images<'_>,
    ) -> Outcome<Pod> {
        let doing = |e: Trouble| e.during(format!("pod {namespace}/{name}"));
        let mut spec = template["spec"].clone();
        spec["nodeName"] = json!(node.name);
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        });
        for field in ["labels", "annotations"] {
            if let Some(value) = template["metadata"].get(field).filter(|v| v.is_object()) {
                object["metadata"][field] = value.clone();
            }
        }
        let mut object = self.kubectl.put(&[object]).map_err(doing)?.swap_remove(0);
        let place = match object["spec"]["hostNetwork"].as_bool() {
            Some(true) => Place::Node(node.namespace().to_owned()),
            _ => Place::Own(self.network.pod()?),
        };
        let address = match &place {
            Place::Own(attached) => attached.address,
            Place::Node(_) => node.address,
        };
        object["status"]["podIP"] = json!(address);
        object["status"]["hostIP"] = json!(node.address);
        let mut pod = Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            node: node.name.clone(),
            address,
            object,
            missing: Vec::new(),
            ready: false,
            containers: Vec::new(),
            place,
        };
        self.start_containers(&mut pod, images).map_err(doing)?;
        Ok(pod)
    }

    fn start_containers(&self, pod: &mut Pod, images: Images<'_>) -> Outcome<()> {
        let folder = self.folder(pod);
        let volumes = self.volumes(pod, &folder)?;
        let spec = pod.object["spec"].clone();
        for (kind, is_init) in [("initContainers", true), ("containers", false)] {
            for container in spec[kind].as_array().into_iter().flatten() {
                let (name, image) = (text(container, "/name"), text(container, "/image"));
                let Some(program) = images(image) else {
                    pod.missing.push((name.to_owned(), image.to_owned()));
                    continue;
                };
                let root = self.root(container, &program, &volumes, &folder.join("roots").join(name))?;
                let filler = self.filler(pod, &folder);
                let mut command = command(container, &program, &root, pod, &filler)?;
                let title = format!("{}/{} {name}", pod.namespace, pod.name);
                let log = self.scratch.join("logs").join(format!("{}_{}_{name}.log", pod.namespace, pod.name));
                let mut process = Process::start(title, &mut command, &log)?;
                if is_init && text(container, "/restartPolicy") != "Always" {
                    process.wait(&Ready::Ended, INIT)?;
                } else {
                    pod.containers.push(Container { spec: container.clone(), command, process, _root: root });
                }
            }
        }
        Ok(())
    }

    /// Fills the volumes of a running pod anew, as a kubelet does when what they are filled from has changed.
    ///
    /// # Errors
    /// As for [`volumes::refresh`].
    pub fn refresh(&self, pod: &Pod) -> Outcome<()> {
        self.volumes(pod, &self.folder(pod)).map(drop)
    }

    fn volumes(&self, pod: &Pod, folder: &Path) -> Outcome<BTreeMap<String, PathBuf>> {
        let filler = self.filler(pod, folder);
        let listed = pod.object["spec"]["volumes"].as_array().into_iter().flatten();
        listed.map(|v| Ok((text(v, "/name").to_owned(), volumes::refresh(v, &filler)?))).collect()
    }

    fn root(
        &self,
        container: &Value,
        program: &Program,
        volumes: &BTreeMap<String, PathBuf>,
        path: &Path,
    ) -> Outcome<Root> {
        let mut root = Root::new(path.to_owned(), &self.base)?;
        program.usr.iter().try_for_each(|usr| root.over_usr(usr))?;
        root.bind(&program.path, entrypoint(container, program), true)?;
        let mut mounts: Vec<_> = container["volumeMounts"].as_array().into_iter().flatten().collect();
        // An outer one first, or it would hide what is mounted in it.
        mounts.sort_by_key(|m| text(m, "/mountPath").len());
        for mount in mounts {
            let name = text(mount, "/name");
            let volume = volumes.get(name).ok_or_else(|| Trouble::new(format!("no volume is called {name}")))?;
            let source = match text(mount, "/subPath") {
                "" => volume.clone(),
                below => volume.join(below),
            };
            if !source.exists() {
                // A kubelet makes folders that are asked for by subPath.
                std::fs::create_dir_all(&source).map_err(|e| Trouble::new(format!("{}: {e}", source.display())))?;
            }
            root.bind(&source, text(mount, "/mountPath"), mount["readOnly"].as_bool().unwrap_or(false))?;
        }
        Ok(root)
    }

    fn filler<'a>(&'a self, pod: &'a Pod, folder: &'a Path) -> Filler<'a> {
        Filler { kubectl: &self.kubectl, base: &self.base, pod: &pod.object, folder, claims: &self.claims }
    }

    fn folder(&self, pod: &Pod) -> PathBuf {
        // The same name may come again with other contents.
        self.scratch.join("pods").join(format!("{}_{}_{}", pod.namespace, pod.name, text(&pod.object, "/metadata/uid")))
    }
}

impl Pod {
    /// # Errors
    /// A container ended, or its probe does not succeed within `patience`.
    pub fn wait(&mut self, patience: Duration) -> Outcome<()> {
        for container in &mut self.containers {
            let Some(probe) = ["startupProbe", "readinessProbe"].into_iter().find_map(|p| container.spec.get(p)) else {
                container.process.alive()?;
                continue;
            };
            let (spec, address) = (&container.spec, self.address);
            container.process.until(patience, || succeeds(probe, spec, address))?;
        }
        self.ready = true;
        Ok(())
    }

    /// Ends a container by a signal and leaves it so: [`Pod::start_again`] does what a kubelet would do at once.
    ///
    /// # Errors
    /// There is no such container, or it does not end within `patience`.
    pub fn end(&mut self, container: &str, signal: Signal, patience: Duration) -> Outcome<()> {
        self.container(container)?.process.end(signal, patience)
    }

    /// Starts a container that has ended, with the volumes it had, and waits until it is ready.
    ///
    /// # Errors
    /// There is no such container, or it does not become ready within `patience`.
    pub fn start_again(&mut self, container: &str, patience: Duration) -> Outcome<()> {
        let Container { command, process, .. } = self.container(container)?;
        let (name, log) = (process.name.clone(), process.log.clone());
        *process = Process::start(name, command, &log)?;
        self.wait(patience)
    }

    /// Ends all containers as a kubelet does with a pod that is deleted.
    ///
    /// # Errors
    /// One does not end within `patience`.
    pub fn terminate(mut self, patience: Duration) -> Outcome<()> {
        self.containers.iter_mut().try_for_each(|c| c.process.end(Signal::TERM, patience))
    }

    fn container(&mut self, name: &str) -> Outcome<&mut Container> {
        let what = format!("{}/{} has no container {name}", self.namespace, self.name);
        self.containers.iter_mut().find(|c| text(&c.spec, "/name") == name).ok_or_else(|| Trouble::new(what))
    }

    /// # Errors
    /// A container has ended: the end of its log.
    pub fn alive(&mut self) -> Outcome<()> {
        self.containers.iter_mut().try_for_each(|c| c.process.alive())
    }

    /// `http://ADDRESS:PORT`.
    pub fn url(&self, port: u16) -> String {
        format!("http://{}:{port}", self.address)
    }

    /// Its network namespace.
    pub fn network(&self) -> &Path {
        match &self.place {
            Place::Own(attached) => &attached.namespace,
            Place::Node(namespace) => namespace,
        }
    }

    /// What a container has printed, or nothing.
    pub fn log(&self, container: &str) -> String {
        let found = self.containers.iter().find(|c| text(&c.spec, "/name") == container);
        found.map(|c| c.process.text()).unwrap_or_default()
    }

    /// The number of a port of any container, by name.
    pub fn port(&self, name: &str) -> Option<u16> {
        let containers = self.object["spec"]["containers"].as_array()?;
        containers.iter().find_map(|c| port(c, &json!(name)))
    }

    /// What a container is told by a flag.
    pub fn flag(&self, container: &str, flag: &str) -> Option<&str> {
        let containers = self.object["spec"]["containers"].as_array()?;
        let arguments = containers.iter().find(|c| c["name"] == container)?["args"].as_array()?;
        arguments.iter().find_map(|a| a.as_str()?.strip_prefix(flag)?.strip_prefix('='))
    }

    /// Where something that stands in for a missing container listens.
    pub fn socket(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, port)
    }

    /// The status a kubelet would write.
    pub fn status(&self) -> Value {
        let ready = if self.ready { "True" } else { "False" };
        let conditions: Vec<_> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
            .into_iter()
            .map(|kind| json!({"type": kind, "status": if kind.ends_with("Ready") { ready } else { "True" }}))
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "status": {
                "phase": "Running",
                "podIP": self.address,
                "podIPs": [{"ip": self.address}],
                "hostIP": self.object["status"]["hostIP"],
                "hostIPs": [{"ip": self.object["status"]["hostIP"]}],
                "conditions": conditions,
            },
        })
    }
}

fn entrypoint<'a>(container: &'a Value, program: &'a Program) -> &'a str {
    match text(container, "/command/0") {
        "" => &program.entrypoint,
        command => command,
    }
}

fn command(container: &Value, program: &Program, root: &Root, pod: &Pod, filler: &Filler<'_>) -> Outcome<Command> {
    let mut env = BTreeMap::from([
        ("HOSTNAME".to_owned(), pod.name.clone()),
        ("KUBERNETES_SERVICE_HOST".to_owned(), API_SERVER.to_string()),
        ("KUBERNETES_SERVICE_PORT".to_owned(), "443".to_owned()),
    ]);
    for variable in container["env"].as_array().into_iter().flatten() {
        let name = text(variable, "/name").to_owned();
        let value = match variable.get("valueFrom") {
            None => Some(expand(text(variable, "/value"), &env)),
            Some(from) => value_from(from, pod, filler).map_err(|e| e.during(format!("environment {name}")))?,
        };
        env.extend(value.map(|v| (name, v)));
    }
    let namespace = pod.network();
    let folder = container["workingDir"].as_str().unwrap_or("/");
    let mut command = root.command(entrypoint(container, program), namespace, folder);
    let words = container["command"].as_array().into_iter().flatten().skip(1);
    let arguments = words.chain(container["args"].as_array().into_iter().flatten());
    command.args(arguments.map(|a| expand(a.as_str().unwrap_or_default(), &env)));
    command.envs(env);
    Ok(command)
}

fn value_from(from: &Value, pod: &Pod, filler: &Filler<'_>) -> Outcome<Option<String>> {
    if let Some(field) = from.get("fieldRef") {
        return volumes::field(&pod.object, text(field, "/fieldPath")).map(Some);
    }
    match (from.get("secretKeyRef"), from.get("configMapKeyRef")) {
        (Some(reference), _) => volumes::key("secrets", reference, filler),
        (None, Some(reference)) => volumes::key("configmaps", reference, filler),
        (None, None) => Err(Trouble::new(format!("valueFrom is not known here: {from}"))),
    }
}

/// `$(NAME)` of a known name; `$$` is a dollar.
fn expand(value: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest.strip_prefix("$(").and_then(|r| r.split_once(')'));
        if let Some((value, after)) = name.and_then(|(name, after)| Some((env.get(name)?, after))) {
            out.push_str(value);
            rest = after;
        } else {
            out.push('$');
            rest = rest.strip_prefix("$$").unwrap_or(&rest[1..]);
        }
    }
    out + rest
}

fn succeeds(probe: &Value, container: &Value, address: Ipv4Addr) -> Outcome<()> {
    let number = |at: &Value| port(container, at).ok_or_else(|| Trouble::new(format!("no port {at}")));
    if let Some(get) = probe.get("httpGet") {
        let port = number(&get["port"])?;
        if text(get, "/scheme") == "HTTPS" {
            return connects(address, port);
        }
        return http::get(&format!("http://{address}:{port}{}", text(get, "/path"))).map(drop);
    }
    match probe.get("tcpSocket") {
        Some(socket) => connects(address, number(&socket["port"])?),
        // A command in the container; it is not run.
        None => Ok(()),
    }
}

fn connects(address: Ipv4Addr, port: u16) -> Outcome<()> {
    let socket = SocketAddrV4::new(address, port);
    TcpStream::connect_timeout(&socket.into(), PROBE).map(drop).map_err(|e| Trouble::new(format!("{socket}: {e}")))
}

/// A port by its number or its name.
pub fn port(container: &Value, wanted: &Value) -> Option<u16> {
    let number = match wanted {
        Value::Number(n) => n.as_u64(),
        _ => {
            let named = container["ports"].as_array()?.iter().find(|p| p["name"] == *wanted)?;
            named["containerPort"].as_u64()
        }
    };
    number.and_then(|n| u16::try_from(n).ok())
}
