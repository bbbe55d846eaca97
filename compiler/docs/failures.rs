//! What a failure loses, what comes late, and who says so; then what a change resets.
//!
//! Bounds are those of the programs (`plan/held.rs`): a Prometheus holds back what its WAL has, cut every
//! two hours whatever is still to be sent, and forgets what it had not sent when it restarts; a vmagent
//! keeps its queue on disk, but for seconds in memory and in the hands of its senders.

use std::collections::{BTreeMap, BTreeSet};

use super::alerts::missed;
use super::markdown::table;
use super::written::{Written, written};
use crate::catalog::{Catalog, Notices, Version, Versions};
use crate::emit::LANE_LABEL;
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::model::value::{Bytes, Duration};
use crate::plan::held;

pub(super) fn section(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, out: &mut String) {
    let page = Page {
        fleet,
        plan,
        alerts: Alerts::of(catalog, plan),
        missed: missed(fleet, catalog, plan),
        written: written(fleet, plan),
    };
    let mut rows = Vec::new();
    page.stores(&mut rows);
    page.prometheis(&mut rows);
    page.relay(&mut rows);
    page.cluster(&mut rows);
    out.push_str("## What a failure loses\n\n");
    table(out, &["failure", "lost", "late", "who says so", "bound"], &rows);
    page.residuals(out);
    if !page.alerts.told {
        out.push_str(
            "No Prometheus here is told of an Alertmanager (`alerts`): alerts fire, and nobody hears them.\n\n",
        );
    }
    page.resets(out);
}

struct Page<'p, 'f> {
    fleet: &'p Fleet,
    plan: &'p ClusterPlan<'f>,
    alerts: Alerts,
    /// Who notices elsewhere that nothing comes from here.
    missed: Option<String>,
    written: Vec<Written<'p>>,
}

/// Alerts of the rule packs, by what they notice, as `Name` of `lane`.
struct Alerts {
    /// With the lane that evaluates it.
    all: Vec<(Notices, String, String)>,
    /// Whether any of them goes anywhere.
    told: bool,
}

impl Alerts {
    fn of(catalog: &Catalog, plan: &ClusterPlan<'_>) -> Self {
        let versions = plan.cluster.versions.iter().map(|(n, v)| (n.clone(), Version::from(v.value)));
        let versions: Versions = versions.collect();
        let mut all = Vec::new();
        for planned in &plan.rules {
            let Some(pack) = catalog.rule_pack(&planned.pack) else { continue };
            for rule in pack.rules.iter().filter(|r| r.gate.open(&versions)) {
                all.extend(rule.notices.map(|n| (n, rule.name.clone(), planned.lane.clone())));
            }
        }
        Alerts { all, told: plan.lanes.iter().any(|l| !l.alerting.is_empty()) }
    }

    fn names(&self, what: Notices, by: impl Fn(&str) -> bool) -> Option<String> {
        let fits = self.all.iter().filter(|(n, _, lane)| *n == what && by(lane));
        let mut by_name: Vec<(&str, BTreeSet<&str>)> = Vec::new();
        for (_, name, lane) in fits {
            match by_name.iter_mut().find(|(n, _)| n == name) {
                Some((_, lanes)) => drop(lanes.insert(lane)),
                None => by_name.push((name, BTreeSet::from([lane.as_str()]))),
            }
        }
        let of = |(name, lanes): &(&str, BTreeSet<&str>)| {
            format!("`{name}` of {}", lanes.iter().copied().collect::<Vec<_>>().join(", "))
        };
        (!by_name.is_empty()).then(|| by_name.iter().map(of).collect::<Vec<_>>().join("; "))
    }
}

const NOBODY_HERE: &str = "nobody in this cluster";
const GAP: &str = "nobody in this cluster; where it is read, its series end";

impl Page<'_, '_> {
    fn stores(&self, rows: &mut Vec<Vec<String>>) {
        let relayed = self.alerts.names(Notices::Relaying, |lane| self.watches_relay(lane));
        let relayed = relayed.unwrap_or_else(|| GAP.to_owned());
        for to in &self.written {
            let url = self.plan.relay.iter().flat_map(|r| &r.urls).find(|u| u.name == to.name);
            let (away, public) = (self.is_away(to), self.is_public(to));
            let link = if away && !public { ", or the line to it," } else { "" };
            let (lost, late, who, bound) = match url {
                Some(url) => (
                    "nothing within the bound; beyond it the oldest samples of its queue",
                    "all since, in order, once it is back",
                    relayed.clone(),
                    match url.survive.value.is_zero() {
                        true => format!("its queue of {}", url.queue.value),
                        false => format!("{}, its queue of {}", url.survive.value, url.queue.value),
                    },
                ),
                None => (
                    "nothing within the bound; beyond it all that waits, at the latest after three hours; all that waits, \
                     too, if its Prometheus restarts",
                    "what waits, once it is back",
                    self.alerts
                        .names(Notices::Sending, |lane| self.watches(lane, None))
                        .unwrap_or_else(|| GAP.to_owned()),
                    format!("{}, without a restart", held::certain(held::CUT)),
                ),
            };
            let row =
                |failure: String| vec![failure, format!("in it: {lost}"), late.to_owned(), who.clone(), bound.clone()];
            rows.push(row(format!("`{}`{link} is down", to.name)));
            if public {
                rows.push(row(format!("the public line to `{}` is down", to.name)));
            }
        }
    }

    /// Whether a store stands elsewhere.
    fn is_away(&self, to: &Written<'_>) -> bool {
        to.store.and_then(|s| self.fleet.store(s).cluster.as_ref()).is_none_or(|c| c.value != self.plan.id)
    }

    /// Whether the way leads over an address that is reached from anywhere.
    fn is_public(&self, to: &Written<'_>) -> bool {
        let addresses = to.store.iter().flat_map(|s| &self.fleet.store(*s).addresses);
        addresses.filter(|a| a.zones.is_none()).any(|a| to.url.starts_with(a.url.value.as_str()))
    }

    /// Whether a lane scrapes a Prometheus of the cluster, or any.
    fn watches(&self, lane: &str, which: Option<&str>) -> bool {
        let of = |m: &crate::model::plan::Monitor| m.selector.get(LANE_LABEL).cloned();
        self.plan.monitors.iter().filter(|m| m.lane == lane).filter_map(of).any(|name| which.is_none_or(|w| w == name))
    }

    fn watches_relay(&self, lane: &str) -> bool {
        let found_by = self.plan.relay.as_ref().map(|relay| &relay.found_by);
        self.plan.monitors.iter().any(|m| m.lane == lane && Some(&m.selector) == found_by)
    }

    fn prometheis(&self, rows: &mut Vec<Vec<String>>) {
        for lane in &self.plan.lanes {
            let others = |by: &str| by != lane.name && self.watches(by, Some(lane.name));
            // Where another replica goes on, no target is missing and nothing falls silent.
            let alone = lane.replicas.value <= 1;
            let noticed = self.alerts.names(Notices::Targets, others).filter(|_| alone);
            let silent = self.alerts.names(Notices::Silence, |by| by == lane.name).filter(|_| alone);
            let who = [noticed, silent.map(|s| format!("{s} no longer arrives"))];
            let who: Vec<String> = who.into_iter().flatten().collect();
            rows.push(vec![
                format!("a pod of `{}` is killed", lane.name),
                self.of_a_pod(lane),
                "nothing".to_owned(),
                if who.is_empty() { NOBODY_HERE.to_owned() } else { who.join("; ") },
                match (lane.replicas.value > 1, lane.remote_write.is_empty()) {
                    (true, _) => "-".to_owned(),
                    (false, true) => "until it is back".to_owned(),
                    (false, false) => format!("{} before, until it is back", held::UNSENT),
                },
            ]);
        }
    }

    fn of_a_pod(&self, lane: &LanePlan<'_>) -> String {
        if lane.replicas.value > 1 {
            return "nothing at the stores, for the other replicas go on; its own pages have a gap until it is back"
                .to_owned();
        }
        let sent = match (lane.remote_write.is_empty(), &self.plan.relay) {
            (true, _) => "",
            (false, Some(_)) => "; at the stores also the seconds it had not handed to the relay",
            (false, None) => {
                "; at the stores also what it had not sent: seconds while they take it, all that waits while they do not"
            }
        };
        let scrapes = self.plan.relay.iter().flat_map(|r| &r.scrapes).map(|s| s.job.as_str());
        let owned = |job: &&str| lane.owns.iter().any(|c| c.job == *job);
        let critical: BTreeSet<&str> = scrapes.filter(owned).collect();
        let but = match critical.is_empty() {
            true => String::new(),
            false => format!("; the relay goes on with {}", critical.into_iter().collect::<Vec<_>>().join(", ")),
        };
        format!("what it would have scraped until it is back, minutes of WAL replay included{sent}{but}")
    }

    fn relay(&self, rows: &mut Vec<Vec<String>>) {
        let Some(relay) = &self.plan.relay else { return };
        let who = [
            self.alerts.names(Notices::Targets, |lane| self.watches_relay(lane)),
            self.alerts.names(Notices::Sending, |lane| self.watches(lane, None)),
        ];
        let who: Vec<String> = who.into_iter().flatten().collect();
        let who = if who.is_empty() { GAP.to_owned() } else { who.join("; ") };
        let held_back = format!("{} while it is away", held::certain(held::CUT));
        rows.push(vec![
            "a pod of the relay is killed".to_owned(),
            "what it had not written to its disk, seconds; nothing if it is told to end and has the time to; Prometheis \
             hold the rest back"
                .to_owned(),
            "what waits, once it is back".to_owned(),
            who.clone(),
            format!("{} before; {held_back}", held::UNWRITTEN),
        ]);
        let queues = relay.urls.iter().fold(0, |sum: u64, u| sum.saturating_add(u.queue.value.get()));
        let kept = if relay.replicas.value > 1 {
            "nothing of what other replicas have; the queue on its volume, if that is node-local"
        } else {
            "the queues, if their volume is node-local; nothing on a volume that moves"
        };
        rows.push(vec![
            "the node of the relay is lost".to_owned(),
            kept.to_owned(),
            "as above, until the pod runs elsewhere".to_owned(),
            who,
            format!("what waits, at most {}; {held_back}", Bytes::new(queues)),
        ]);
    }

    fn cluster(&self, rows: &mut Vec<Vec<String>>) {
        let away: Vec<&Written<'_>> = self.written.iter().filter(|w| self.is_away(w)).collect();
        let bound = match &self.plan.relay {
            Some(relay) => match relay.urls.iter().map(|u| u.survive.value).min().unwrap_or_default() {
                Duration::ZERO => "as long as the queues hold".to_owned(),
                shortest => shortest.to_string(),
            },
            None => format!("{}, without a restart", held::certain(held::CUT)),
        };
        if !away.is_empty() {
            rows.push(vec![
                "this cluster is cut off".to_owned(),
                "at the stores: nothing within the bound; people here read their own Prometheis on".to_owned(),
                "what waits, once it is back".to_owned(),
                self.missed.clone().unwrap_or_else(|| GAP.to_owned()),
                bound.clone(),
            ]);
        }
        for (control, stores) in self.control_planes(&away) {
            rows.push(vec![
                format!("the control plane `{control}` is lost, volumes included"),
                format!("what {stores} kept; nothing since, within the bound"),
                "what waits, to a store under the same URLs".to_owned(),
                "as when its stores are down".to_owned(),
                bound.clone(),
            ]);
        }
        for store in &self.plan.stores {
            let lost = if store.replication > 1 {
                format!("nothing while fewer than {} storage nodes are lost at once", store.replication)
            } else {
                "with a storage node's volume, its share of all history: there is one copy".to_owned()
            };
            rows.push(vec![
                format!("a storage node of `{}` is lost", self.fleet.store(store.store).name),
                lost,
                "nothing: writes go to the others".to_owned(),
                NOBODY_HERE.to_owned(),
                match store.replication {
                    0 | 1 => "one copy".to_owned(),
                    copies => format!("{copies} copies"),
                },
            ]);
        }
        if !self.plan.stores.is_empty() {
            rows.push(vec![
                "this cluster is lost, volumes included".to_owned(),
                "all history of the stores above; the Prometheis of the senders keep theirs".to_owned(),
                "what senders hold back, to a store under the same URLs".to_owned(),
                "its senders, as their pages say".to_owned(),
                "as their pages say".to_owned(),
            ]);
        }
    }

    /// Other clusters with stores that are written to, and these stores.
    fn control_planes(&self, away: &[&Written<'_>]) -> BTreeMap<&str, String> {
        let mut out: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for store in away.iter().filter_map(|w| w.store).map(|s| self.fleet.store(s)) {
            if let Some(cluster) = &store.cluster {
                out.entry(&self.fleet.cluster(cluster.value).name).or_default().insert(format!("`{}`", store.name));
            }
        }
        let joined = |stores: BTreeSet<String>| stores.into_iter().collect::<Vec<_>>().join(", ");
        out.into_iter().map(|(name, stores)| (name, joined(stores))).collect()
    }

    /// What no way of sending survives.
    fn residuals(&self, out: &mut String) {
        let refused = match (self.written.is_empty(), &self.plan.relay) {
            (true, _) => return,
            (false, Some(_)) => "400 or 409",
            (false, None) => "any 4xx but 429",
        };
        out.push_str(&format!(
            "Whatever the bound: what a store refuses with {refused} is lost, for nobody sends it again.\n\n"
        ));
    }

    fn resets(&self, out: &mut String) {
        if self.written.is_empty() {
            return;
        }
        out.push_str("## What a change resets\n\n`watershed diff` says it for the change at hand.\n\n");
        let mut lines = vec![
            "the cluster's `id` or an external label: every series begins anew, and what waits to be sent is lost",
        ];
        if self.plan.relay.is_some() {
            lines.extend([
                "an address, or the place of a destination in the list above: its queue stays on the volume, and is sent only once the list is as it was. The list begins with what `shared` and `unowned` name, then come `to` lines as they are written: a new line goes behind the others",
                "who owns a namespace, any other rule: read anew, and no queue is touched where the list stays as it is",
                "a destination more, another `survive`, and so many more series that a queue grows by a step: the volume of the relay changes, which Kubernetes takes only after `kubectl delete statefulset relay --cascade=orphan`, and its pod restarts; until then the rules are new and the list of stores is not: what is only for the new one is dropped",
                "a credential inside its Secret: read anew here, and by vmauth at the store only when its pods restart; until then samples wait. Another Secret: the relay restarts and keeps its queues",
            ]);
        } else {
            lines.extend([
                "an address, a rule or the Secret a destination names: that queue starts at the present, and what it had not sent is lost",
                "a credential inside its Secret: a reload here; vmauth at the store reads its own when its pods restart, and until then samples wait",
            ]);
        }
        for line in lines {
            out.push_str(&format!("- {line}\n"));
        }
        out.push('\n');
    }
}
