//! The proof that emitted rules do what the route says.
//!
//! Witness series — of every part, in every namespace that is answered differently, measured and
//! made by Prometheus itself, and of no job at all — are pushed through the very rules that are
//! emitted, with the relabel evaluator: a target as discovery shows it through the rules of its
//! monitor, a sample of its page through metric rules, what is stored through write rules and those
//! of the relay. Each must come by one endpoint, with the labels it is told by, and arrive where the
//! four questions send it and nowhere else, once, its labels as they were; and so must the same series
//! of a page that brings the marks itself by which our rules decide.

mod blame;
mod endpoints;
mod fault;
mod queues;
mod scraped;
mod shape;
mod told_apart;
mod witness;

pub(super) use shape::of_parts;

use std::collections::BTreeSet;
use std::sync::Mutex;

use self::blame::Blame;
use self::endpoints::Scrapes;
use self::fault::Fault;
use self::queues::Reached;
use self::witness::Witness;
use super::context::Context;
use super::critical;
use super::keep::{self, COPY_MARK, MARK};
use super::lanes::{self, REPLICA_LABEL, SENDER};
use super::parts::{self, Part};
use super::relay;
use super::routing::{self, Partition, Target, Who, route_of};
use super::senders::{Arrival, Queue, Senders};
use super::values;
use crate::catalog::Catalog;
use crate::diag::Sink;
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::relabel::Labels;
use crate::relabel::regex::Cache;

/// What is proven of one fleet: clusters of a kind differ in their identity only, and the rules of one
/// prove those of all.
#[derive(Debug, Default)]
pub struct Proven {
    shapes: Mutex<BTreeSet<u64>>,
    /// Expressions of target and metric rules, which all clusters share.
    cache: Cache,
}

impl Proven {
    fn has(&self, shape: u64) -> bool {
        self.shapes.lock().is_ok_and(|known| known.contains(&shape))
    }

    /// How many kinds of clusters are proven.
    pub fn kinds(&self) -> usize {
        self.shapes.lock().map_or(0, |known| known.len())
    }

    fn add(&self, shape: u64) {
        if let Ok(mut known) = self.shapes.lock() {
            known.insert(shape);
        }
    }
}

/// Checks the plan of a cluster; each contradiction is an internal error. Costs some milliseconds for
/// the first cluster of a kind in `proven`, which is for one fleet and catalog, so it is for the pass
/// that only looks for findings.
pub fn prove(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, proven: &Proven, sink: &mut Sink) {
    let shape = shape::of(fleet, plan);
    // What a cluster calls itself is its own, and of no kind.
    let mut faults = queues::identities(fleet, plan);
    if faults.is_empty() && proven.has(shape) {
        return;
    }
    let cx = Context::new(fleet, catalog, plan.id);
    let parts = parts::parts(&cx, &mut Sink::default()).all;
    faults.extend(self::faults(&cx, plan, &parts, &proven.cache));
    if faults.is_empty() {
        proven.add(shape);
    }
    fault::report(&cx, plan, faults, sink);
}

/// One for each witness that goes astray, and for each queue that nothing goes through.
fn faults<'a>(cx: &Context<'a>, plan: &ClusterPlan<'_>, parts: &[Part<'a>], cache: &Cache) -> Vec<Fault> {
    let partitions = routing::partitions(cx);
    let shared = values::shared(parts);
    let senders = match Senders::compile(cx, plan) {
        Ok(senders) => senders,
        Err(refused) => return refused.into_iter().map(Fault::from).collect(),
    };
    let mut out = queues::listed(cx, plan, &senders);
    let mut reached = Reached::default();
    let scrapes = Scrapes { cx, plan, parts, shared: &shared, cache };
    out.extend(scrapes.strangers());
    out.extend(scrapes.strange_to_the_relay());
    for lane in &plan.lanes {
        let route = route_of(cx.fleet, cx.id, lane.name);
        let partition = partitions.iter().find(|p| Some(p.id) == route);
        let several = plan.relay.is_some() && partitions.len() > 1;
        let on_lane =
            OnLane { cx, senders: &senders, lane, several, blame: Blame { plan, senders: &senders, lane, partition } };
        for witness in witness::witnesses(&scrapes, partition, lane, several, &mut out) {
            reached.expect(&witness.targets);
            on_lane.by_prometheus(&witness, &mut reached, &mut out);
            if let Some(scraped) = &witness.relayed {
                on_lane.by_the_relay(&witness, scraped, &mut out);
            }
        }
    }
    out.extend(reached.dead(plan, &senders));
    out
}

/// What is asked of the witnesses of one Prometheus.
struct OnLane<'x, 'a> {
    cx: &'x Context<'a>,
    senders: &'x Senders<'a>,
    lane: &'x LanePlan<'x>,
    /// Several routes meet in the relay, which tells them by who sends.
    several: bool,
    blame: Blame<'x, 'a>,
}

impl OnLane<'_, '_> {
    fn by_prometheus(&self, witness: &Witness<'_, '_>, reached: &mut Reached, out: &mut Vec<Fault>) {
        let arrived = self.senders.send(self.lane, &witness.labels);
        reached.by(self.lane.name, &arrived);
        let whole = self.whole(&witness.labels, lanes::sender(self.cx, self.lane.name));
        let told = format!(" of `{}`", self.lane.name);
        out.extend(self.judge(witness, &witness.labels, &arrived, &whole, true, told));
        for (labels, told) in forged(witness, &witness.labels, self.cx.fleet.identity.value.as_str()) {
            let arrived = self.unmarked(self.senders.send(self.lane, &labels));
            let told = format!("{told} of `{}`", self.lane.name);
            out.extend(self.judge(witness, &labels, &arrived, &whole, true, told));
        }
        for sender in self.others(witness) {
            let mut labels = witness.labels.clone();
            labels.set(SENDER, sender.as_str());
            let arrived = self.senders.send(self.lane, &labels);
            let told = format!(" that says `{SENDER}=\"{sender}\"` itself, of `{}`", self.lane.name);
            out.extend(self.judge(witness, &labels, &arrived, &whole, true, told));
        }
    }

    /// Who else sends to the relay; a series from a page may say that it comes from them.
    fn others(&self, witness: &Witness<'_, '_>) -> Vec<String> {
        if !self.several || matches!(witness.who, Who::Scrape(_)) {
            return Vec::new();
        }
        let lanes = self.blame.plan.lanes.iter().filter(|l| l.name != self.lane.name);
        lanes.map(|l| lanes::sender(self.cx, l.name)).collect()
    }

    fn by_the_relay(&self, witness: &Witness<'_, '_>, scraped: &Labels, out: &mut Vec<Fault>) {
        let sender = critical::sender(self.cx, self.lane.name);
        let arrived = self.senders.relayed(scraped, None);
        // The same as its Prometheus has, but for who sends it.
        let mut same = witness.labels.clone();
        same.set(SENDER, sender.as_str());
        let whole = self.whole(&same, sender);
        let told = format!(" scraped by the relay for `{}`", self.lane.name);
        out.extend(self.judge(witness, scraped, &arrived, &whole, false, told));
        for (labels, told) in forged(witness, scraped, self.cx.fleet.identity.value.as_str()) {
            let arrived = self.unmarked(self.senders.relayed(&labels, None));
            let told = format!("{told} scraped by the relay for `{}`", self.lane.name);
            out.extend(self.judge(witness, &labels, &arrived, &whole, false, told));
        }
    }

    /// Where no rule asks for a mark, what is called like one is a label like any other.
    fn unmarked(&self, arrived: Vec<Arrival>) -> Vec<Arrival> {
        let rules = |queue: Queue| match (queue.url, queue.write) {
            (Some(url), _) => self.blame.plan.relay.as_ref().and_then(|r| r.urls.get(url)).map(|u| &u.rules),
            (None, write) => write.and_then(|w| self.lane.remote_write.get(w)).map(|w| &w.rules),
        };
        let plain = |mut arrival: Arrival| {
            if !rules(arrival.queue).is_some_and(|r| keep::marks(r)) {
                arrival.labels.retain(|l| *l.name != *MARK && *l.name != *COPY_MARK);
            }
            arrival
        };
        arrived.into_iter().map(plain).collect()
    }

    /// The series as stores are to have it, but for the label that tells replicas apart: the identity is the
    /// cluster's whatever it says itself, and other external labels stand where it has none.
    fn whole(&self, series: &Labels, sender: String) -> Labels {
        let cluster = self.cx.cluster;
        let mut labels = series.clone();
        for (name, value) in &cluster.external_labels {
            if !labels.has(name) {
                labels.set(name.as_str(), value.value.as_str());
            }
        }
        if self.several || !labels.has(SENDER) {
            labels.set(SENDER, sender);
        }
        labels.set(self.cx.fleet.identity.value.as_str(), cluster.id.value.as_str());
        labels.settle();
        labels
    }

    /// Who gets it and who does not, how often, as what.
    fn judge(
        &self,
        witness: &Witness<'_, '_>,
        sent: &Labels,
        arrived: &[Arrival],
        whole: &Labels,
        replicas: bool,
        told: String,
    ) -> Vec<Fault> {
        let expected: BTreeSet<Target> = witness.targets.iter().copied().collect();
        let targets: BTreeSet<Target> = arrived.iter().map(|a| a.target).collect();
        let blame = &self.blame;
        let fault = |verdict: String, (at, here)| {
            Fault::of(&witness.labels, &told, verdict, (at, here)).about(witness).beside(blame.line(witness))
        };
        let mut out = Vec::new();
        if expected != targets {
            let verdict = format!("should reach {} and reaches {}", self.names(&expected), self.names(&targets));
            let leak = arrived.iter().find(|a| !expected.contains(&a.target));
            let at = match (leak, expected.difference(&targets).next()) {
                (Some(leak), _) => blame.lets_through(sent, leak.queue),
                (None, Some(missing)) => blame.keeps_away(sent, *missing, replicas),
                (None, None) => blame.of_queue(Queue { write: None, url: None }),
            };
            out.push(fault(verdict, at));
        }
        for (i, second) in arrived.iter().enumerate() {
            if let Some(first) = arrived[..i].iter().find(|a| a.target == second.target) {
                let [one, other] = [first, second].map(|a| blame.name_of(a.queue));
                let store = relay::name(self.cx, second.target);
                let verdict = format!("reaches {store} twice, by {one} and by {other}");
                out.push(fault(verdict, blame.of_queue(second.queue)));
            }
        }
        for arrival in arrived.iter().filter(|a| expected.contains(&a.target)) {
            if !alike(&arrival.labels, whole) {
                let store = relay::name(self.cx, arrival.target);
                let verdict = format!("arrives at {store} as {}", arrival.labels);
                out.push(fault(verdict, blame.changes(sent, arrival.queue)));
            } else if arrival.labels.has(REPLICA_LABEL) != (replicas && !self.merges(arrival.target)) {
                let store = relay::name(self.cx, arrival.target);
                let verdict = match arrival.labels.has(REPLICA_LABEL) {
                    true => format!("is at {store} once for each replica, for `{REPLICA_LABEL}` is on it"),
                    false => {
                        format!("comes to {store} from each replica as if from one, for `{REPLICA_LABEL}` is not on it")
                    }
                };
                out.push(fault(verdict, blame.changes(sent, arrival.queue)));
            }
        }
        out
    }

    /// Whether the store makes one of what replicas send, where it is alike.
    fn merges(&self, target: Target) -> bool {
        self.senders.outlets.iter().any(|o| o.dest.target == target && relay::merges(o))
    }

    fn names(&self, targets: &BTreeSet<Target>) -> String {
        let all: Vec<String> = targets.iter().map(|t| relay::name(self.cx, *t)).collect();
        if all.is_empty() { "no store".to_owned() } else { all.join(", ") }
    }
}

/// The series as a page exposes it that brings our marks, at each of their values, and says that it is another
/// cluster's. What whoever scrapes makes itself is on no page.
fn forged(witness: &Witness<'_, '_>, series: &Labels, identity: &str) -> Vec<(Labels, &'static str)> {
    if matches!(witness.who, Who::Scrape(_)) {
        return Vec::new();
    }
    let values = [("1", " that brings our marks as \"1\""), ("0", " that brings our marks as \"0\"")];
    let with = |(value, told): (&'static str, _)| {
        let mut labels = series.clone();
        labels.set(MARK, value);
        labels.set(COPY_MARK, value);
        labels.set(identity, "another");
        labels.settle();
        (labels, told)
    };
    values.map(with).into()
}

/// The operator's label that tells Prometheis apart.
/// But for the label that tells replicas apart.
fn alike(a: &Labels, b: &Labels) -> bool {
    let others = |labels| Labels::iter(labels).filter(|l| *l.name != *REPLICA_LABEL);
    others(a).eq(others(b))
}

/// The route a Prometheus is in.
type Route<'x, 'a> = Option<&'x Partition<'a>>;
