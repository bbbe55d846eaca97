//! Stand-ins for long-term stores: for each tenant somebody writes to, a real VictoriaMetrics at the
//! address that is emitted, behind a front door with a certificate and the emitted users where the
//! address asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use watershed::model::fleet::Fleet;
use watershed::model::plan::ClusterPlan;

use super::meaning::{Series, Target};
use crate::components::Components;
use crate::ground::cluster::Cluster;
use crate::ground::process::{Process, Ready, Signal};
use crate::ground::{During, Outcome, Trouble, http};

/// No cluster of this suite has as many series.
const MOST: u32 = 1_000_000;
const START: Duration = Duration::from_secs(60);
const INSERT: &str = "/api/v1/write";
/// Where a VictoriaMetrics listens that has a front door.
const BEHIND: u16 = 8428;

/// A tenant of a store.
pub struct Store {
    pub name: String,
    pub target: Target,
    /// What its answers are asked at, up to `/api/v1`.
    base: String,
    command: Command,
    process: Process,
    _front: Option<Process>,
}

/// Where a cluster writes: the URL, and whether it shows the credentials of which Secret.
struct Writes {
    url: String,
    target: Target,
}

/// What the credentials of a Secret are here.
pub fn secret(name: &str, key: &str) -> String {
    // Who refers to an address has it checked.
    if key == "url" { format!("http://{name}.example.com/{key}") } else { format!("{key}-of-{name}") }
}

/// Starts everything a cluster writes to; `values` are the values files of all releases, by store.
///
/// # Errors
/// A program does not come up.
pub fn start(
    cluster: &mut Cluster,
    components: &Components,
    fleet: &Fleet,
    plan: &ClusterPlan<'_>,
    all: &[ClusterPlan<'_>],
    values: &BTreeMap<String, Value>,
    scratch: &Path,
) -> Outcome<Vec<Store>> {
    let mut stores: Vec<Store> = Vec::new();
    let mut addresses = BTreeMap::<String, Ipv4Addr>::new();
    for writes in writes(fleet, plan)? {
        if stores.iter().any(|s| s.target == writes.target) {
            continue;
        }
        let store = &fleet.store(writes.target.0).name;
        let name = format!("{store}-t{}", writes.target.1);
        let (secure, host, port, path) = parts(&writes.url)?;
        if addresses.contains_key(&host) {
            return Err(Trouble::new(format!("{host} serves two tenants, which this suite has no stand-in for yet")));
        }
        let own = address(cluster, &host)?;
        addresses.insert(host.clone(), own);
        let prefix =
            path.strip_suffix(INSERT).ok_or_else(|| Trouble::new(format!("{} is no remote write", writes.url)))?;
        // Where the cluster version of VictoriaMetrics takes a tenant's series.
        if prefix != format!("/insert/{}/prometheus", writes.target.1) {
            return Err(Trouble::new(format!("{} is not where {name} is written to", writes.url)));
        }
        let dedup =
            all.iter().flat_map(|p| &p.stores).find(|s| s.store == writes.target.0).and_then(|s| s.dedup.as_ref());
        let at = SocketAddrV4::new(own, if secure { BEHIND } else { port });
        let mut command = Command::new(&components.victoria_metrics);
        command
            .arg(format!("-storageDataPath={}", scratch.join(&name).display()))
            .arg(format!("-httpListenAddr={at}"))
            .arg(format!("-http.pathPrefix={prefix}"))
            .arg("-search.latencyOffset=1s")
            // All series are asked for in one go.
            .args(["-search.maxSeries", "-search.maxUniqueTimeseries"].map(|limit| format!("{limit}={MOST}")))
            .args(dedup.map(|d| format!("-dedup.minScrapeInterval={}ms", d.value.millis())));
        let log = scratch.join(format!("{name}.log"));
        let mut process = Process::start(&name, &mut command, &log)?;
        let base = format!("http://{at}{prefix}");
        process.wait(&Ready::Http(&format!("{base}/health")), START)?;
        let mut door = None;
        if secure {
            let values = values.get(store).ok_or_else(|| Trouble::new(format!("{store} has no values file")))?;
            door = Some(front(cluster, components, &name, &host, SocketAddrV4::new(own, port), at, values, scratch)?);
        }
        stores.push(Store { name, target: writes.target, base, command, process, _front: door });
    }
    Ok(stores)
}

/// The front door of the chart: vmauth with the users that are emitted, its own certificate, and the
/// stand-in behind it in place of the chart's Services.
#[allow(clippy::too_many_arguments, reason = "each is one thing, used once")]
fn front(
    cluster: &Cluster,
    components: &Components,
    name: &str,
    host: &str,
    listen: SocketAddrV4,
    behind: SocketAddrV4,
    values: &Value,
    scratch: &Path,
) -> Outcome<Process> {
    let mut config = values["vmauth"]["config"].clone();
    for user in config["users"].as_array_mut().into_iter().flatten() {
        for way in user["url_map"].as_array_mut().into_iter().flatten() {
            let leads = |path: &str, service: &str| {
                let paths = way["src_paths"].to_string().contains(path);
                !paths || way["url_prefix"].to_string().contains(service)
            };
            // One stand-in is both; the chart's Services are two.
            if !leads("/insert/", "-vminsert.") || !leads("/select/", "-vmselect.") {
                return Err(Trouble::new(format!("{name}: the front door leads to the wrong Service: {way}")));
            }
            way["url_prefix"] = json!(format!("http://{behind}/"));
        }
    }
    let file = scratch.join(format!("{name}-door.json"));
    std::fs::write(&file, config.to_string()).during(file.display())?;
    let pair = cluster.authority.server(&format!("{name}-door"), &[host])?;
    let mut command = Command::new(&components.vmauth);
    command
        .arg(format!("-auth.config={}", file.display()))
        .arg(format!("-httpListenAddr={listen}"))
        .arg("-tls=true")
        .arg(format!("-tlsCertFile={}", pair.certificate.display()))
        .arg(format!("-tlsKeyFile={}", pair.key.display()));
    for variable in values["vmauth"]["env"].as_array().into_iter().flatten() {
        let from = &variable["valueFrom"]["secretKeyRef"];
        let (Some(name), Some(secret_name), Some(key)) =
            (variable["name"].as_str(), from["name"].as_str(), from["key"].as_str())
        else {
            return Err(Trouble::new(format!("{name}: an environment variable from no Secret: {variable}")));
        };
        command.env(name, secret(secret_name, key));
    }
    let mut process =
        Process::start(format!("{name} (vmauth)"), &mut command, &scratch.join(format!("{name}-door.log")))?;
    process.wait(&Ready::Line("started server at"), START)?;
    Ok(process)
}

impl Store {
    /// Ends it as its owner would: what it has taken it keeps.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&mut self) -> Outcome<()> {
        self.process.end(Signal::TERM, START)
    }

    /// Starts it where it was, with what it had.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_again(&mut self) -> Outcome<()> {
        let (name, log) = (self.process.name.clone(), self.process.log.clone());
        self.process = Process::start(name, &mut self.command, &log)?;
        self.process.wait(&Ready::Http(&format!("{}/health", self.base)), START)
    }

    /// The samples it has of the series a selector selects, whatever it makes of them for queries.
    ///
    /// # Errors
    /// Its own words.
    pub fn samples(&self, selector: &str) -> Outcome<String> {
        http::get(&http::with_query(&format!("{}/api/v1/export", self.base), &[("match[]", selector)]))
    }

    /// Every series that has a sample of the last `seconds`.
    ///
    /// # Errors
    /// Its own words.
    pub fn series(&self, seconds: u64) -> Outcome<Vec<Series>> {
        series(&self.base, seconds)
    }

    /// How many samples of the last `seconds` each series of `up` has; replicas count once.
    ///
    /// # Errors
    /// Its own words.
    pub fn samples_of_up(&self, seconds: u64) -> Outcome<Vec<(String, f64)>> {
        let query = format!("count_over_time(up[{seconds}s])");
        let answer = http::get_json(&http::with_query(&format!("{}/api/v1/query", self.base), &[("query", &query)]))?;
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let counted = result.iter().map(|r| {
            let count = r["value"][1].as_str().and_then(|c| c.parse().ok()).unwrap_or(f64::NAN);
            (r["metric"].to_string(), count)
        });
        Ok(counted.collect())
    }
}

/// Every series of a Prometheus or VictoriaMetrics with a sample of the last `seconds`.
///
/// # Errors
/// Its own words.
pub fn series(base: &str, seconds: u64) -> Outcome<Vec<Series>> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).during("the clock")?.as_secs();
    let start = (now - seconds).to_string();
    let query = [("match[]", "{__name__=~\".+\"}"), ("start", start.as_str())];
    let answer = http::get_json(&http::with_query(&format!("{base}/api/v1/series"), &query))?;
    serde_json::from_value(answer["data"].clone()).during(base)
}

/// Every series of a Prometheus that has a number now; VictoriaMetrics does not store what is none.
///
/// # Errors
/// Its own words.
pub fn numbers(base: &str) -> Outcome<BTreeSet<Series>> {
    let query = [("query", "{__name__=~\".+\"}")];
    let answer = http::get_json(&http::with_query(&format!("{base}/api/v1/query"), &query))?;
    let result = answer["data"]["result"].as_array().into_iter().flatten();
    result
        .filter(|r| r["value"][1] != "NaN")
        .map(|r| serde_json::from_value(r["metric"].clone()).during(base))
        .collect()
}

fn writes(fleet: &Fleet, plan: &ClusterPlan<'_>) -> Outcome<Vec<Writes>> {
    if let Some(relay) = &plan.relay {
        let of =
            |u: &watershed::model::plan::RelayUrl| Writes { url: u.url.value.clone(), target: (u.store, u.tenant) };
        return Ok(relay.urls.iter().map(of).collect());
    }
    let mut all = Vec::new();
    for write in plan.lanes.iter().flat_map(|l| &l.remote_write) {
        // The name of an entry is that of its destination: `central`, `central-t3`.
        let found = (0_u32..).zip(&fleet.stores).find_map(|(i, store)| {
            let rest = write.name.strip_prefix(store.name.as_str())?;
            let tenant = if rest.is_empty() { 0 } else { rest.strip_prefix("-t")?.parse().ok()? };
            Some((watershed::model::ids::StoreId(i), tenant))
        });
        let target = found.ok_or_else(|| Trouble::new(format!("{} is no store", write.name)))?;
        all.push(Writes { url: write.url.value.clone(), target });
    }
    Ok(all)
}

/// The address of a host of the outside: its own, or one that its name leads to from now on.
///
/// # Errors
/// It cannot stand for one of the outside.
pub fn address(cluster: &mut Cluster, host: &str) -> Outcome<Ipv4Addr> {
    if let Ok(address) = host.parse() {
        cluster.network.claim(address)?;
        return Ok(address);
    }
    let own = cluster.network.own();
    cluster.add_name(host, own)?;
    Ok(own)
}

/// Whether it is HTTPS, host, port, path.
///
/// # Errors
/// It is no URL with a path.
pub fn parts(url: &str) -> Outcome<(bool, String, u16, String)> {
    let odd = || Trouble::new(format!("{url} is no URL"));
    let (scheme, rest) = url.split_once("://").ok_or_else(odd)?;
    let (authority, path) = rest.split_at(rest.find('/').ok_or_else(odd)?);
    let secure = scheme == "https";
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| odd())?),
        None => (authority, if secure { 443 } else { 80 }),
    };
    Ok((secure, host.to_owned(), port, path.to_owned()))
}
