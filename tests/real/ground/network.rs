//! The network of a run: a bridge to which every pod and every node is attached by a network namespace of its own, as
//! in a cluster, so that a pod listens on the ports its template says and finds its siblings on localhost. What stands
//! for the rest of the world (service addresses, stores, stand-ins) has addresses of the sandbox itself. Nothing of it
//! is connected to the machine's network.
//!
//! | addresses | whose |
//! | --- | --- |
//! | 10.0.0.1 | the bridge: the sandbox itself |
//! | 10.0.1.0/24 | nodes |
//! | 10.1.0.0/16 | whatever the suite itself serves: stores, stand-ins |
//! | 10.96.0.0/16 | services; the API server is 10.96.0.1 |
//! | 10.244.0.0/16 | pods |

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::thread::LinkNameSpaceType;

use super::process::run;
use super::{During, Outcome, Trouble};

/// Named network namespaces are kept there by `ip`.
const NAMESPACES: &str = "/run/netns";
pub const API_SERVER: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
pub const SERVICES: &str = "10.96.0.0/16";

pub struct Network {
    ip: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pods: u16,
    nodes: u16,
    own: u16,
    links: u32,
    /// Addresses that are in a namespace of their own.
    places: BTreeMap<Ipv4Addr, PathBuf>,
}

/// Brings up what is enough for programs that only talk to this suite: 127.0.0.0/8.
///
/// # Errors
/// `ip`, the program of iproute2, is missing.
pub fn loopback(ip: &Path) -> Outcome<()> {
    run(Command::new(ip).args(["link", "set", "lo", "up"])).map(drop).map_err(|e| e.during("iproute2 is needed"))
}

/// An address in a namespace of its own, which goes with this handle.
pub struct Attached {
    pub address: Ipv4Addr,
    /// What `nsenter --net=` takes.
    pub namespace: PathBuf,
    name: String,
    network: Arc<Network>,
}

impl Network {
    /// Brings up what every run needs. `ip` is the program of iproute2.
    ///
    /// # Errors
    /// The program is missing, or the kernel has no bridges or virtual links.
    pub fn up(ip: PathBuf) -> Outcome<Arc<Self>> {
        // Named namespaces are mounts; they must not be made in the machine's folder, which may not be ours.
        rustix::mount::mount("tmpfs", "/run", "tmpfs", rustix::mount::MountFlags::empty(), None)
            .during("an empty /run of the sandbox")?;
        let network = Self { ip, state: Mutex::default() };
        let version = network.ip(&["-V"]).map_err(|e| e.during("iproute2 is needed (package iproute2)"))?;
        if !version.contains("iproute2") {
            return Err(Trouble::new(format!(
                "iproute2 is needed (package iproute2); `ip -V` says {}",
                version.trim()
            )));
        }
        for line in [
            "link set lo up",
            // Its own address, or it would take that of one link after the other, and nobody would find it meanwhile.
            "link add bridge0 address 02:00:00:00:00:01 type bridge",
            "addr add 10.0.0.1/8 dev bridge0",
            "link set bridge0 up",
            "addr add 10.96.0.1/16 dev lo",
            "addr add 10.1.0.1/16 dev lo",
        ] {
            network.ip(&line.split(' ').collect::<Vec<_>>()).map_err(|e| {
                e.during(
                    "the kernel gives no network (it needs CONFIG_BRIDGE and CONFIG_VETH, modules bridge and veth)",
                )
            })?;
        }
        Ok(Arc::new(network))
    }

    /// An address for a pod.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn pod(self: &Arc<Self>) -> Outcome<Attached> {
        let address = self.next(|s| &mut s.pods, [10, 244]);
        self.attach(address)
    }

    /// An address for a node; pods on the host's network share it.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn node(self: &Arc<Self>) -> Outcome<Attached> {
        // 10.0.0.0/24 is left to the bridge.
        let address = self.next(|s| &mut s.nodes, [10, 0]);
        let [a, b, c, d] = address.octets();
        self.attach(Ipv4Addr::new(a, b, c + 1, d))
    }

    /// An address of the sandbox itself, for what the suite serves.
    pub fn own(&self) -> Ipv4Addr {
        // The first is the interface's.
        let address = self.next(|s| &mut s.own, [10, 1]);
        let [a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c + 1, d)
    }

    /// An address of the outside that a spec names: the sandbox has it from now on.
    ///
    /// # Errors
    /// It is not of the network of a run, 10.0.0.0/8, or somebody else's; what `ip` said.
    pub fn claim(&self, address: Ipv4Addr) -> Outcome<()> {
        if address.octets()[0] != 10 || self.locked(|s| s.places.contains_key(&address)) {
            return Err(Trouble::new(format!("{address} cannot stand for an address of the outside here")));
        }
        self.ip(&["addr", "replace", &format!("{address}/32"), "dev", "lo"]).map(drop)
    }

    /// Listens where the address is: on a pod's or a node's address in its namespace.
    ///
    /// # Errors
    /// The port is taken, or the address is not here.
    pub fn listen(&self, address: SocketAddrV4) -> Outcome<TcpListener> {
        let place = self.locked(|s| s.places.get(address.ip()).cloned());
        let what = format!("listening on {address}");
        let Some(place) = place else { return TcpListener::bind(address).during(what) };
        // A thread that has moved stays there, so it is one of its own. A socket belongs where it was made.
        let moved = std::thread::spawn(move || -> Outcome<TcpListener> {
            let namespace = File::open(&place).during(place.display())?;
            rustix::thread::move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .during(place.display())?;
            TcpListener::bind(address).during(format!("listening on {address}"))
        });
        moved.join().map_err(|_| Trouble::new(what))?
    }

    fn attach(self: &Arc<Self>, address: Ipv4Addr) -> Outcome<Attached> {
        let link = self.locked(|s| {
            s.links += 1;
            format!("link{}", s.links)
        });
        let name = address.to_string();
        self.ip(&["netns", "add", &name])?;
        // From here on the handle takes it away again.
        let namespace = PathBuf::from(NAMESPACES).join(&name);
        let attached =
            Attached { address, namespace: namespace.clone(), name: name.clone(), network: Arc::clone(self) };
        self.ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name])?;
        self.ip(&["link", "set", &link, "master", "bridge0", "up"])?;
        self.ip(&["-n", &name, "link", "set", "lo", "up"])?;
        self.ip(&["-n", &name, "addr", "add", &format!("{address}/8"), "dev", "eth0"])?;
        self.ip(&["-n", &name, "link", "set", "eth0", "up"])?;
        self.locked(|s| s.places.insert(address, namespace));
        Ok(attached)
    }

    /// The next address of a range, never with 0 or 255 at its end.
    fn next(&self, counter: impl Fn(&mut State) -> &mut u16, [a, b]: [u8; 2]) -> Ipv4Addr {
        let n = self.locked(|s| {
            let counter = counter(s);
            *counter += 1;
            *counter - 1
        });
        let [c, d] = [n / 250, n % 250 + 1].map(|v| u8::try_from(v).unwrap_or(u8::MAX));
        Ipv4Addr::new(a, b, c, d)
    }

    fn ip(&self, arguments: &[&str]) -> Outcome<String> {
        run(Command::new(&self.ip).args(arguments))
    }

    fn locked<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.network.locked(|s| s.places.remove(&self.address));
        // The link goes with its namespace, the namespace with its last process.
        let _ = self.network.ip(&["netns", "del", &self.name]);
    }
}
