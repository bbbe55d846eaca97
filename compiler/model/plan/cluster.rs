//! What is decided of a fleet and of each of its clusters.

use super::{
    AlertService, AlertmanagerPlan, Answered, Answers, ClassRef, Edge, ExporterPlan, LanePlan, Monitor, Policy,
    ReaderPlan, RelayPlan, RulePlan, StaticService, StorePlan, StoreRulesPlan, Workload,
};
use crate::diag::{Origin, Origins, Sourced};
use crate::model::fleet::{Cluster, Fleet, Patch, Raw};
use crate::model::ids::{ClusterId, RouteId, StoreId};
use crate::model::value::Duration;

/// What `settle` makes of all summaries.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// In the order of the fleet's stores.
    pub stores: Vec<StoreLoad>,
    /// Stores that stand on each cluster, in the order of the fleet's clusters.
    pub stands_on: Vec<Vec<StoreId>>,
    /// The route each cluster's Prometheis are in, in the order of the fleet's clusters:
    /// `(lane, route)`.
    pub routes: Vec<Vec<(String, RouteId)>>,
}

/// What the fleet level needs to know of one cluster; at most about a kilobyte each.
#[derive(Debug, Clone)]
pub struct Summary {
    pub cluster: ClusterId,
    /// Load sent to each store, by destination.
    pub sends: Vec<Send>,
    /// Series sent to each store, by interval.
    pub intervals: Vec<(StoreId, Sourced<Duration>, u64)>,
    /// Stores that a Prometheus with several replicas writes to, and what says that it has them.
    pub pairs: Vec<(StoreId, Origin)>,
    pub lanes: Vec<String>,
    /// What dashboards can ask of each store for this cluster; empty where nobody reads any.
    pub answers: Vec<(StoreId, Answers)>,
}

#[derive(Debug, Clone)]
pub struct Send {
    pub route: RouteId,
    pub store: StoreId,
    pub tenant: u32,
    /// How long it may be out of reach.
    pub survive: Duration,
    pub series: u64,
    pub samples_per_second: f64,
}

#[derive(Debug, Clone, Default)]
pub struct StoreLoad {
    pub series: u64,
    pub samples_per_second: f64,
    /// Smallest interval of any class written here: the store's deduplication window must not be
    /// longer.
    pub fastest: Option<Sourced<Duration>>,
    /// The interval most of its series have.
    pub usual: Option<Duration>,
    /// An HA pair of Prometheis writes here, so that each sample comes twice: what says that there are two.
    pub pairs: Option<Origin>,
    /// Sending clusters, with the samples per second of each.
    pub senders: Vec<(ClusterId, f64)>,
    /// Those that send something to the store itself and not to a tenant.
    pub untenanted: Vec<ClusterId>,
    /// Of all clusters that send here, without those that send to a tenant.
    pub answers: Answers,
}

/// Everything about one cluster. Pure, repeatable, dropped after use.
#[derive(Debug)]
pub struct ClusterPlan<'f> {
    pub id: ClusterId,
    pub cluster: &'f Cluster,
    /// Fingerprint of what is scraped as one thing, by whom, with which labels: alike in clusters of a kind.
    pub parts: u64,
    /// Continues the fleet's table.
    pub origins: Origins,
    pub lanes: Vec<LanePlan<'f>>,
    pub monitors: Vec<Monitor>,
    /// Services of ours in front of addresses that no selector finds.
    pub addresses: Vec<StaticService>,
    pub exporters: Vec<ExporterPlan>,
    pub relay: Option<RelayPlan>,
    /// Alertmanagers of ours that stand here.
    pub alertmanagers: Vec<AlertmanagerPlan<'f>>,
    /// Services of ours in front of the addresses of Alertmanagers elsewhere.
    pub alert_services: Vec<AlertService>,
    /// Stores that stand here.
    pub stores: Vec<StorePlan>,
    /// What evaluates rules beside stores that stand here.
    pub store_rules: Vec<StoreRulesPlan>,
    /// Stores whose rules are evaluated over this cluster.
    pub judged_at: Vec<StoreId>,
    pub readers: Vec<ReaderPlan<'f>>,
    pub rules: Vec<RulePlan>,
    /// What of ours holds data here.
    pub workloads: Vec<Workload>,
    pub secrets: Vec<SecretUse>,
    /// What must be set by hand on nodes or the control plane, in words.
    pub checklist: Vec<String>,
    /// Who opens a connection to whom; empty where nobody asked (`network-policies "off"`).
    pub edges: Vec<Edge>,
    /// Whom pods of ours admit, for `network-policies "enforce"`.
    pub policies: Vec<Policy>,
    /// One line for each class: who scrapes it, how often, where it goes. For READMEs.
    pub flows: Vec<Flow>,
    /// Where which series go, route by route.
    pub answered: Vec<Answered>,
    /// Present jobs that nobody takes, and absent ones: name and reason.
    pub not_collected: Vec<(String, String)>,
}

impl ClusterPlan<'_> {
    /// Patches that are for this cluster: its own, farthest level first, then those of the stores and Alertmanagers here.
    pub fn patches<'p>(&'p self, fleet: &'p Fleet) -> impl Iterator<Item = &'p Patch> {
        let stores = self.stores.iter().flat_map(|s| &fleet.store(s.store).patches);
        let alertmanagers = self.alertmanagers.iter().flat_map(|a| &fleet.alertmanager(a.alertmanager).patches);
        self.cluster.patches.iter().chain(stores).chain(alertmanagers)
    }

    /// Files of raw objects that are for this cluster, in the order of [`patches`](Self::patches).
    pub fn raws<'p>(&'p self, fleet: &'p Fleet) -> impl Iterator<Item = &'p Raw> {
        let stores = self.stores.iter().flat_map(|s| &fleet.store(s.store).raws);
        let alertmanagers = self.alertmanagers.iter().flat_map(|a| &fleet.alertmanager(a.alertmanager).raws);
        self.cluster.raws.iter().chain(stores).chain(alertmanagers)
    }

    /// Whether anything here is in no table of the plan.
    pub fn is_changed_by_hand(&self, fleet: &Fleet) -> bool {
        self.patches(fleet).next().is_some() || self.raws(fleet).next().is_some()
    }
}

#[derive(Debug, Clone)]
pub struct Flow {
    pub class: ClassRef,
    pub lane: String,
    /// How often a value is taken.
    pub interval: Duration,
    /// How often batches of them are fetched, where that is rarer.
    pub fetched: Option<Duration>,
    /// What is scraped for it; none where it is recorded.
    pub targets: u64,
    pub series: u64,
    /// Not scraped but made of a faster class.
    pub recorded: bool,
    /// Destinations by question: `central`, or `plane-a (namespaces hero-user-a)`.
    pub goes_to: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    pub namespace: String,
    pub name: String,
    pub keys: Vec<String>,
    /// `Prometheus user`, `relay`, `store central`.
    pub used_by: String,
}
