//! VictoriaMetrics, the cluster version, from the Helm chart `victoria-metrics-cluster`.
//!
//! Names, ports and paths are those of chart 0.49.0. Its values are `emit/helm`'s business.

use std::collections::BTreeMap;

use super::outside::outside;
use super::{Door, Late, Paths, Profile, Protocol, Replicas, Standing, StoreKind, codes};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Span, Why};
use crate::model::fleet::{Auth, Resources, Store};
use crate::model::plan::{DoorUser, StorePlan, Workload};
use crate::model::value::{Bytes, Duration, Version};

const CHART: &str = "victoria-metrics-cluster";
const CHART_VERSION: Version = Version::new(0, 49, 0);
/// What that version of the chart deploys.
const APP_VERSION: Version = Version::new(1, 150, 0);

pub struct VictoriaMetricsCluster;

impl StoreKind for VictoriaMetricsCluster {
    fn word(&self) -> &'static str {
        "victoriametrics-cluster"
    }

    fn profile(&self) -> Profile {
        Profile {
            late: Late::WithinRetention,
            replicas: Replicas::MergedIfIdentical,
            protocol: Protocol::VictoriaMetrics,
            paths: Paths::Added,
        }
    }

    /// The long form of the path, which Prometheus and vmagent both take as it stands. The front
    /// door (vmauth) passes paths on, so they are the same behind an address.
    fn write_url(&self, door: &Door<'_>, tenant: u32) -> String {
        format!("{}/insert/{tenant}/prometheus/api/v1/write", base(door, "vminsert", 8480))
    }

    fn read_url(&self, door: &Door<'_>, tenant: u32) -> Option<String> {
        Some(format!("{}/select/{tenant}/prometheus", base(door, "vmselect", 8481)))
    }

    fn plan(&self, standing: &Standing<'_>, origins: &mut Origins, sink: &mut Sink) -> Option<StorePlan> {
        let store = standing.store;
        let retention_days = whole_days(standing, sink)?;
        let replication = store.replication.value.max(1);
        let users = users(store);
        if users.is_empty() {
            report_no_door(standing, sink);
        }
        Some(StorePlan {
            store: standing.id,
            release: store.release.value.clone(),
            namespace: store.namespace.value.clone(),
            fullname: full_name(&store.release.value),
            chart: CHART,
            chart_version: store.chart_version.map_or(CHART_VERSION, |v| v.value),
            app_version: store.app_version.map_or(APP_VERSION, |v| v.value),
            retention_days,
            replication,
            replicas: replicas(store, replication, !users.is_empty()),
            dedup: dedup(standing, replication, origins),
            front_door: !users.is_empty(),
            entrance: entrance(store, !users.is_empty()),
            outside: outside(standing, !users.is_empty(), sink),
            users,
            keeper: keeper(store),
            origin: store.origin,
        })
    }
}

/// Scheme, host and port of a component's Service, or the address without a slash at its end.
fn base(door: &Door<'_>, component: &str, port: u16) -> String {
    match door {
        Door::Address(url) => url.trim_end_matches('/').to_owned(),
        Door::Service { store, dns_domain } => format!(
            "http://{}.{}.svc.{dns_domain}:{port}",
            component_name(&store.release.value, component),
            store.namespace.value
        ),
    }
}

/// Where an address has to lead: everything to vmauth, or each path to the component that has it.
fn entrance(store: &Store, front_door: bool) -> String {
    let service = |component: &str, port: u16| {
        let name = component_name(&store.release.value, component);
        format!("Service `{}/{name}`, port {port}", store.namespace.value)
    };
    match front_door {
        true => service("vmauth", 8427),
        false => format!("`/insert` of {} and `/select` of {}", service("vminsert", 8480), service("vmselect", 8481)),
    }
}

/// The chart's rule: a release whose name contains the chart's is the full name, any other is put
/// before it; cut at 63 characters with and without the component.
fn component_name(release: &str, component: &str) -> String {
    cut(&format!("{}-{component}", full_name(release))).to_owned()
}

fn full_name(release: &str) -> String {
    if release.contains(CHART) { cut(release).to_owned() } else { cut(&format!("{release}-{CHART}")).to_owned() }
}

/// vmstorage: a StatefulSet named as the chart does, with the chart's name of the volume before it.
fn keeper(store: &Store) -> Workload {
    let name = format!("{}-vmstorage", full_name(&store.release.value));
    let name = escape(cut(&name));
    Workload {
        unit: format!("store/{}", store.name),
        namespace: store.namespace.value.clone(),
        pods: format!("{name}-[0-9]+"),
        container: "vmstorage".to_owned(),
        memory: store.limits.get("storage").and_then(|l| l.get("memory")).and_then(|m| Bytes::parse(&m.value).ok()),
        claims: Some(format!("vmstorage-volume-{name}-[0-9]+")),
    }
}

/// In a regular expression that stands in a string of a query. Names of Kubernetes have no other sign that means something there.
fn escape(name: &str) -> String {
    name.replace('.', r"\\.")
}

fn cut(name: &str) -> &str {
    name.get(..63).unwrap_or(name).trim_end_matches('-')
}

fn whole_days(standing: &Standing<'_>, sink: &mut Sink) -> Option<u64> {
    let retention = standing.store.retention?;
    let days = retention.value.days();
    if days == 0 || Duration::from_days(days) != retention.value {
        let at = place(standing, retention.origin);
        let what =
            format!("the store `{}` keeps {}, which is no whole number of days", standing.store.name, retention.value);
        let help = format!("write `retention \"{}d\"`", days.max(1));
        sink.push(Diagnostic::new(&codes::PART_OF_A_DAY, at, what).here("not in whole days").help(help));
        return None;
    }
    Some(days)
}

/// Two of each component; of storage as many as keep all copies while one node for each further
/// copy is down: 2 × replication − 1, and two for one copy.
fn replicas(store: &Store, replication: u32, front_door: bool) -> BTreeMap<&'static str, u32> {
    let storage = replication.saturating_mul(2).saturating_sub(1).max(2);
    [("insert", 2), ("select", 2), ("storage", storage)]
        .into_iter()
        .chain(front_door.then_some(("auth", 2)))
        .map(|(component, default)| (component, store.replicas.get(component).map_or(default, |r| r.value)))
        .collect()
}

/// Everybody who comes through the front door: with the store's credential, with the one it replaces
/// while a rotation lasts, with that of an address; each once.
fn users(store: &Store) -> Vec<DoorUser> {
    let mut users: Vec<DoorUser> = Vec::new();
    let mut add = |variable: String, auth: Auth| {
        if !users.iter().any(|u| u.auth.reads_same(&auth)) {
            users.push(DoorUser { variable, auth });
        }
    };
    if let Some(auth) = &store.credentials.auth {
        add("STORE".to_owned(), auth.clone());
        if let Some(previous) = &store.previous {
            add("PREVIOUS".to_owned(), auth.in_secret(previous));
        }
    }
    for (address, number) in store.addresses.iter().zip(1..) {
        if let Some(auth) = &address.credentials.auth {
            add(format!("ADDRESS_{number}"), auth.clone());
        }
    }
    users
}

/// What is said of a front door that nobody's credentials call for.
fn report_no_door(standing: &Standing<'_>, sink: &mut Sink) {
    let store = standing.store;
    let sizes = |of: &BTreeMap<String, Resources>| {
        of.get("auth").and_then(|r| r.values().next()).map(|quantity| quantity.origin)
    };
    let said = [
        ("replicas", store.replicas.get("auth").map(|r| r.origin)),
        ("requests", sizes(&store.requests)),
        ("limits", sizes(&store.limits)),
    ];
    for (key, origin) in said.into_iter().filter_map(|(key, origin)| Some((key, origin?))) {
        let what = format!("`{key}` sizes `auth` of the store `{}`, which has no front door", store.name);
        sink.push(
            Diagnostic::new(&codes::NO_FRONT_DOOR, place(standing, origin), what).here("nothing of this name runs"),
        );
    }
}

/// One sample of a series is kept per window, and the window is one for all series: with HA pairs it is the fastest
/// interval written here. A longer one would throw samples of that class away. Of a slower class both replicas' samples
/// stay, taken at different moments from the same target: more to keep, and nothing wrong with any rate. Copies made
/// by replication need any window at all.
fn dedup(standing: &Standing<'_>, replication: u32, origins: &mut Origins) -> Option<Sourced<Duration>> {
    let load = standing.load;
    match (load.fastest, load.pairs) {
        (Some(fastest), Some(pair)) => {
            let reason = "the fastest interval written here by whomever, for a pair sends each sample twice";
            let from = vec![fastest.origin, pair];
            Some(Sourced::new(fastest.value, origins.add(Why::Derived { reason, from })))
        }
        _ if replication > 1 => Some(Sourced::new(Duration::from_millis(1), standing.store.replication.origin)),
        _ => None,
    }
}

pub(super) fn place(standing: &Standing<'_>, origin: Origin) -> Span {
    let span = standing.origins.span(standing.origins, origin);
    if span.is_none() { standing.store.at } else { span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_by_the_rules_of_the_chart() {
        assert_eq!(component_name("vm-cluster", "vminsert"), "vm-cluster-victoria-metrics-cluster-vminsert");
        assert_eq!(component_name("my-victoria-metrics-cluster", "vmselect"), "my-victoria-metrics-cluster-vmselect");
        let long = component_name("a-release-that-is-much-longer-than-it-should-be", "vmselect");
        assert!(long.len() <= 63);
    }

    #[test]
    fn an_address_keeps_its_path_and_loses_its_slash() {
        let kind = VictoriaMetricsCluster;
        assert_eq!(
            kind.write_url(&Door::Address("https://m.example.com/vm/"), 3),
            "https://m.example.com/vm/insert/3/prometheus/api/v1/write"
        );
        assert_eq!(
            kind.read_url(&Door::Address("https://m.example.com"), 0).as_deref(),
            Some("https://m.example.com/select/0/prometheus")
        );
    }
}
