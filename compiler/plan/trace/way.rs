//! One way, from an endpoint to the stores.

use std::sync::Arc;

use super::super::context::Context;
use super::super::critical;
use super::super::discovered::{Discovery, Names};
use super::super::keep;
use super::super::monitors::{CLASS_LABEL, PATH_LABEL};
use super::super::parts::Part;
use super::super::pod_labels::{self, NO_LABEL};
use super::super::routing::{Partition, PodLabel, Who, route_of};
use super::super::senders::{Senders, dialect};
use super::super::source::Workload;
use super::ends::applied;
use super::{NAME, NAMESPACE, Question, Wanted};
use crate::catalog::metrics::Metric;
use crate::model::ids::StoreId;
use crate::model::plan::{ClusterPlan, Endpoint, LanePlan, Monitor, MonitorKind, RelayScrape};
use crate::model::trace::{Scrape, Way};
use crate::relabel::regex::Cache;
use crate::relabel::stages;
use crate::relabel::{Chain, Dialect, Labels, Outcome, Step, Written, is_of_scrape};

/// Everything one cluster's ways are found with.
pub(super) struct Walk<'w, 'a> {
    pub cx: &'w Context<'a>,
    pub plan: &'w ClusterPlan<'a>,
    pub question: &'w Question,
    pub partitions: &'w [Partition<'a>],
    pub senders: &'w Senders<'a>,
    pub parts: &'w [Part<'a>],
    /// `None`: whole jobs are asked for.
    pub name: Option<&'w str>,
}

/// What is looked at: one endpoint of a monitor.
#[derive(Clone, Copy)]
struct At<'w, 'a> {
    monitor: &'w Monitor,
    endpoint: &'w Endpoint,
    part: &'w Part<'a>,
    lane: &'w LanePlan<'a>,
    partition: Option<&'w Partition<'a>>,
    /// What the table says of the series; `None`: it is in none, or Prometheus makes it.
    metric: Option<Metric<'w>>,
    /// `up` and its like.
    of_scrape: bool,
    certain: bool,
}

/// Labels that say which target it is: a selector may name any of them.
const PLACES: [&str; 5] = ["pod", "node", "container", "instance", "service"];
/// Where a pod runs whose namespace nobody has named.
const SOMEWHERE: &str = "default";

impl<'a> Walk<'_, 'a> {
    /// The ways of what an endpoint brings: one, or one for each namespace that is answered differently.
    ///
    /// # Errors
    /// Why the series is not among what it brings.
    pub fn from(
        &self,
        monitor: &Monitor,
        part: &Part<'a>,
        endpoint: &Endpoint,
        certain: bool,
    ) -> Result<Vec<Way>, String> {
        let lane = self.plan.lanes.iter().find(|l| l.name == monitor.lane);
        let lane = lane.ok_or_else(|| "no Prometheus selects it".to_owned())?;
        let table = part.source.entry.and_then(|e| self.cx.catalog.metrics(&e.name));
        let at = At {
            monitor,
            endpoint,
            part,
            lane,
            partition: self.partition(lane),
            metric: self.name.and_then(|name| table?.find(name)),
            of_scrape: self.name.is_some_and(is_of_scrape),
            certain,
        };
        let mut why = None;
        let mut ways = Vec::new();
        for (namespace, alike) in self.namespaces(&at)? {
            match self.way(&at, &namespace) {
                Ok(way) => ways.push(Way { alike, ..way }),
                Err(reason) => why = Some(reason),
            }
        }
        // What a rule drops, it drops in every namespace alike: once is enough to see it.
        if ways.iter().all(|w| w.dropped.is_some()) {
            ways.truncate(1);
            ways.iter_mut().for_each(|w| w.alike.clear());
        }
        match why {
            Some(why) if ways.is_empty() => Err(why),
            _ => Ok(ways),
        }
    }

    /// The ways of pods whose labels a line of the route asks for, where the question says nothing about them and
    /// they go elsewhere than those of others do.
    pub fn labelled(
        &self,
        monitor: &Monitor,
        part: &Part<'a>,
        endpoint: &Endpoint,
        certain: bool,
        others: &[Way],
    ) -> Vec<Way> {
        let Some(lane) = self.plan.lanes.iter().find(|l| l.name == monitor.lane).filter(|_| monitor.owned) else {
            return Vec::new();
        };
        let partition = self.partition(lane);
        let carried = |labels: &&[PodLabel]| {
            labels.iter().all(|(label, _)| pod_labels::carried(partition, part, label) && !self.question.asks(label))
        };
        let reached = |way: &Way| -> Vec<(StoreId, u32)> {
            way.ends.iter().filter(|e| e.arrives.is_some()).map(|e| (e.store, e.tenant)).collect()
        };
        let new = |way: &Way| others.iter().all(|o| o.workload != way.workload || reached(o) != reached(way));
        let mut seen: Vec<&[PodLabel]> = Vec::new();
        let mut out = Vec::new();
        for labels in partition.iter().flat_map(|p| p.witness_labels()).filter(carried) {
            if labels.is_empty() || seen.contains(&labels) {
                continue;
            }
            seen.push(labels);
            let question = Question { pods: labels.to_vec(), ..self.question.clone() };
            let walk = Walk { question: &question, ..*self };
            out.extend(walk.from(monitor, part, endpoint, certain).unwrap_or_default().into_iter().filter(&new));
        }
        out
    }

    /// Series that rules make: of no job, in every Prometheus that may have them.
    pub fn recorded(&self) -> Vec<Way> {
        let of_lane = |(lane, wanted): (&LanePlan<'a>, String)| {
            let partition = self.partition(lane);
            let external = self.external(lane);
            let like = self.question.like().into_iter().filter(|name| name != NAMESPACE);
            let like = like.filter_map(|name| Some((name.clone(), self.question.made_up(&name)?)));
            let own = self.question.labels().into_iter().chain(like).filter(|(name, _)| !external.has(name));
            let mut stored: Labels = own.collect();
            if !wanted.is_empty() {
                stored.set(NAMESPACE, wanted.as_str());
            }
            // What a rule of ours has made is known by more than its name.
            let ours =
                lane.peaks.iter().find(|p| p.records.iter().any(|(record, _)| Some(record.as_str()) == self.name));
            for (label, value) in ours.iter().flat_map(|p| [("job", p.values.first()), (CLASS_LABEL, Some(&p.twin))]) {
                if let Some(value) = value.filter(|_| !stored.has(label)) {
                    stored.set(label, value.as_str());
                }
            }
            stored.settle();
            let namespace = stored.get(NAMESPACE).to_owned();
            let mut ends = self.ends(lane, &stored);
            if let Some(p) = partition {
                self.by_line(p, self.maker(p, &stored), &namespace, &mut ends);
            }
            Way {
                scrape: None,
                lane: lane.name.to_owned(),
                retention: lane.retention,
                workload: (!namespace.is_empty()).then(|| namespace.clone()),
                alike: Vec::new(),
                dropped: None,
                changed: Vec::new(),
                answer: partition.map(|p| self.answer(p, self.maker(p, &stored), &namespace)),
                ends,
                stored,
            }
        };
        let records = |lane: &&LanePlan<'a>| {
            let mut names = lane.peaks.iter().flat_map(|p| &p.records).map(|(record, _)| record.as_str());
            names.any(|record| Some(record) == self.name)
        };
        let known = self.plan.lanes.iter().any(|l| records(&l));
        let lanes = self.plan.lanes.iter().filter(|l| !known || records(l));
        lanes.flat_map(|lane| self.recorded_about(lane).into_iter().map(move |n| (lane, n))).map(of_lane).collect()
    }

    /// Namespaces a rule's series is asked for: the one that is said, one for each answer that an expression
    /// allows, else none.
    fn recorded_about(&self, lane: &LanePlan<'a>) -> Vec<String> {
        if let Some(said) = self.question.label(NAMESPACE) {
            return vec![said];
        }
        if !self.question.like().contains(NAMESPACE) {
            return vec![String::new()];
        }
        let there = |n: &str| !n.is_empty() && self.question.allows(n);
        let split = self.partition(lane).filter(|p| p.by_namespace());
        let each = split.map_or_else(Vec::new, |p| self.by_answer(p, Who::Nobody, &there));
        match each.is_empty() {
            true => self.question.made_up(NAMESPACE).into_iter().collect(),
            false => each.into_iter().map(|(namespace, _)| namespace).collect(),
        }
    }

    /// The route a Prometheus is in.
    fn partition(&self, lane: &LanePlan<'_>) -> Option<&Partition<'a>> {
        let route = route_of(self.cx.fleet, self.cx.id, lane.name);
        self.partitions.iter().find(|p| Some(p.id) == route)
    }

    /// Whose series a rule has made: of the job whose labels it carries, else nobody's. Of jobs with one value of
    /// `job` the path tells which, where they do not go the same way.
    fn maker(&self, partition: &Partition<'_>, stored: &Labels) -> Who<'_, 'a> {
        let (job, class, path) = (stored.get("job"), stored.get(CLASS_LABEL), stored.get(PATH_LABEL));
        let of_value = |p: &&Part<'a>| p.source.values.iter().any(|v| v == job);
        let is = |p: &&Part<'a>| of_value(p) && p.class.as_deref().unwrap_or_default() == class;
        let at_path = |p: &&Part<'a>| keep::paths(p).iter().any(|known| known == path);
        if let Some(part) = self.parts.iter().filter(is).find(at_path) {
            return Who::Sample(part);
        }
        let namespace = stored.get(NAMESPACE);
        let to = |p: &Part<'a>| partition.main.targets(partition.main.decide(Who::Sample(p), namespace));
        let Some(first) = self.parts.iter().find(is) else { return Who::Nobody };
        let alike = self.parts.iter().filter(of_value).all(|p| p.job().name == first.job().name || to(p) == to(first));
        if alike { Who::Sample(first) } else { Who::Nobody }
    }

    /// Values of `namespace` to look at, each with those that go the same way.
    fn namespaces(&self, at: &At<'_, 'a>) -> Result<Vec<(String, Vec<String>)>, String> {
        let alone = |namespace: String| vec![(namespace, Vec::new())];
        let said = self.question.label(NAMESPACE);
        let home = at.monitor.namespaces.first().map_or(SOMEWHERE, String::as_str);
        if !self.is_about_a_pod(at) {
            return match said {
                Some(wanted) if at.monitor.any_namespace => Ok(alone(wanted)),
                Some(wanted) if wanted != home => Err(format!(
                    "its label `namespace` is `{home}`, where the exporter runs: it is about no pod of `{wanted}`"
                )),
                _ => Ok(alone(home.to_owned())),
            };
        }
        let reported = self.is_reported(at);
        if reported && self.question.of_none() {
            return Ok(alone(String::new()));
        }
        let fixed = at.part.source.workload == Workload::Target && !at.monitor.any_namespace;
        if let Some(wanted) = said {
            if fixed && !at.monitor.namespaces.contains(&wanted) {
                return Err(format!("its targets are in {} only", at.monitor.namespaces.join(", ")));
            }
            return Ok(alone(wanted));
        }
        let split = at.partition.filter(|p| p.by_namespace());
        // An exporter may tell of what belongs to no namespace, too: the root of all cgroups, an idle card.
        let there = |n: &str| {
            (reported || !n.is_empty())
                && (!fixed || at.monitor.namespaces.iter().any(|m| m == n))
                && self.question.allows(n)
        };
        let each = split.map_or_else(Vec::new, |p| self.by_answer(p, Who::Sample(at.part), &there));
        let like = || self.question.examples(NAMESPACE).into_iter().find(|n| there(n));
        Ok(match (each.is_empty(), fixed) {
            (false, _) => each,
            (true, true) => alone(home.to_owned()),
            (true, false) => alone(like().unwrap_or_else(|| SOMEWHERE.to_owned())),
        })
    }

    fn is_about_a_pod(&self, at: &At<'_, 'a>) -> bool {
        match at.part.source.workload {
            Workload::Target => true,
            Workload::Reported => !at.of_scrape && at.metric.is_none_or(|m| m.namespace.is_some()),
            Workload::Nowhere | Workload::Unsaid => false,
        }
    }

    /// Whether the namespace asked for is one that the exporter tells, and not that of its target.
    fn is_reported(&self, at: &At<'_, 'a>) -> bool {
        at.part.source.workload == Workload::Reported && self.is_about_a_pod(at)
    }

    fn way(&self, at: &At<'_, 'a>, namespace: &str) -> Result<Way, String> {
        let external = self.external(at.lane);
        let wanted: Vec<(String, String)> =
            self.question.labels().into_iter().filter(|(n, _)| n != NAME && n != NAMESPACE).collect();
        let wanted = || wanted.iter().filter(|(name, _)| !external.has(name)).map(|(n, v)| (n.as_str(), v.as_str()));
        let on_page = |label: &str| !at.of_scrape && at.metric.is_some_and(|m| m.labels().any(|l| l == label));
        let (target, of_relay) = self.target(at, namespace, &|label| !on_page(label))?;

        let mut exposed: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut expose = |name: &str, value: &str| exposed.push((Arc::from(name), Arc::from(value)));
        self.name.iter().for_each(|name| expose(NAME, name));
        if self.is_reported(at) && !namespace.is_empty() {
            expose(at.metric.and_then(|m| m.namespace).unwrap_or(NAMESPACE), namespace);
        }
        // What is asked for by an expression, and the target does not have, is on the page.
        let like = self.question.like().into_iter().filter(|label| label != NAME && label != NAMESPACE);
        let like = like.filter(|label| !external.has(label) && (on_page(label) || !target.has(label)));
        let like: Vec<(String, String)> = like.filter_map(|l| Some((l.clone(), self.question.made_up(&l)?))).collect();
        let like = like.iter().map(|(label, value)| (label.as_str(), value.as_str())).filter(|(_, v)| !v.is_empty());
        for (label, value) in wanted().filter(|(label, _)| on_page(label) || !target.has(label)).chain(like) {
            if at.of_scrape || at.metric.is_some() && !on_page(label) {
                let own = label.strip_prefix("exported_").filter(|own| at.endpoint.honor_labels && on_page(own));
                let kept = own.map(|own| format!("; what it says itself stands in `{own}`, for honorLabels is on"));
                return Err(format!("it has no label `{label}`{}", kept.unwrap_or_default()));
            }
            expose(label, value);
        }

        let rules = &at.endpoint.metric_relabelings;
        let (stored, steps, outcome) =
            self.measured(at, &exposed, &target, (dialect(at.lane), Written::CustomResource))?;
        let differs = |(name, value): &(&str, &str)| stored.get(name) != *value;
        if let (Some((name, _)), Outcome::Kept) = (wanted().find(differs), outcome) {
            return Err(format!("its `{name}` is `{}`", stored.get(name)));
        }
        let scraped = match of_relay {
            Some(target) => Some(self.measured(at, &exposed, &target, (Dialect::Vmagent, Written::File))?),
            None => None,
        };
        let scraped = scraped.filter(|(_, _, outcome)| *outcome == Outcome::Kept).map(|(labels, ..)| labels);
        let by_relay = scraped.as_ref().map(|labels| self.sent_by_relay(labels));
        // A label of the sender asks for what the one or the other brings.
        let asked = |labels: &Labels| match &self.question.wanted {
            Wanted::Series(condition) => condition.matches(labels),
            Wanted::Job { .. } => true,
        };
        let own = outcome != Outcome::Kept || asked(&stages::external(&stored, &external));
        let scraped = scraped.filter(|_| by_relay.as_ref().is_some_and(asked));
        if !own && scraped.is_none() {
            let unmet = match &self.question.wanted {
                Wanted::Series(condition) => condition.unmet(&stages::external(&stored, &external)),
                Wanted::Job { .. } => None,
            };
            return Err(match unmet {
                Some(label) if stored.has(label) => format!("its `{label}` is `{}`", stored.get(label)),
                Some(label) => format!("it has no label `{label}`"),
                None => "its labels do not match".to_owned(),
            });
        }
        let stage = format!("metricRelabelings of {}", title(at.monitor));
        let (changed, dropped) = applied(&stage, rules, steps, outcome);
        let who = if at.of_scrape { Who::Scrape(at.part) } else { Who::Sample(at.part) };
        let leaves = dropped.is_none() && at.monitor.owned;
        let about = self.is_about_a_pod(at);
        let mut ends = if dropped.is_none() && own { self.ends(at.lane, &stored) } else { Vec::new() };
        ends.extend(scraped.iter().flat_map(|labels| self.ends_by_relay(labels)));
        let asked = if about { namespace } else { "" };
        if let Some(partition) = at.partition.filter(|_| leaves) {
            self.by_line(partition, who, asked, &mut ends);
        }
        Ok(Way {
            scrape: Some(Scrape { by_relay, ..self.scrape(at, exposed.into_iter().collect(), target) }),
            lane: at.lane.name.to_owned(),
            retention: at.lane.retention,
            workload: (about && !namespace.is_empty()).then(|| namespace.to_owned()),
            alike: Vec::new(),
            answer: at.partition.filter(|_| leaves).map(|p| self.answer(p, who, asked)),
            ends,
            dropped,
            changed,
            stored,
        })
    }

    /// What is kept of a sample of the target by the program that scrapes it, and what its rules did.
    fn measured(
        &self,
        at: &At<'_, 'a>,
        exposed: &[(Arc<str>, Arc<str>)],
        target: &Labels,
        (dialect, written): (Dialect, Written),
    ) -> Result<(Labels, Vec<Step>, Outcome), String> {
        if at.of_scrape {
            return Ok((stages::report(self.name.unwrap_or_default(), target, dialect), Vec::new(), Outcome::Kept));
        }
        let mut labels = stages::merged(exposed, target, at.endpoint.honor_labels, dialect);
        labels.retain(|label| !label.value.is_empty());
        // Which of a whole job's series they drop depends on the name.
        let rules = if self.name.is_some() { &at.endpoint.metric_relabelings[..] } else { &[] };
        let chain = Chain::compile(rules, dialect, written, &Cache::new());
        let chain = chain.map_err(|_| "a rule of its monitor cannot be read".to_owned())?;
        let (outcome, steps) = stages::metric(&mut labels, &chain);
        Ok((labels, steps, outcome))
    }

    fn scrape(&self, at: &At<'_, 'a>, exposed: Labels, target: Labels) -> Scrape {
        let e = at.endpoint;
        Scrape {
            class: at.part.reference(),
            certain: at.certain,
            owned: at.monitor.owned,
            by_relay: None,
            monitor: format!("{} {}/{}", kind(at.monitor), self.plan.cluster.namespace.value, at.monitor.name),
            port: e.port.clone(),
            path: e.path.clone(),
            interval: e.interval,
            sampled: (e.batch > 1).then_some(e.sampled.value),
            honor_labels: e.honor_labels,
            exposed,
            target: stages::attached(&target),
            origin: at.monitor.origin,
        }
    }

    /// The same endpoint as the relay scrapes it.
    fn relay_scrape(&self, at: &At<'_, 'a>) -> Option<&RelayScrape> {
        let index = at.monitor.endpoints.iter().position(|e| std::ptr::eq(e, at.endpoint))?;
        let name = critical::job_name(&self.cx.cluster.namespace.value, at.monitor, index);
        self.plan.relay.iter().flat_map(|r| &r.scrapes).find(|s| at.monitor.owned && s.job_name == name)
    }

    /// Labels of a target of the monitor, by Prometheus and by the relay; `ours`: whether a label a selector names is
    /// the target's to have.
    fn target(
        &self,
        at: &At<'_, 'a>,
        namespace: &str,
        ours: &dyn Fn(&str) -> bool,
    ) -> Result<(Labels, Option<Labels>), String> {
        let usual = |label: &str| match label {
            "pod" => "pod-1",
            "node" => "node-1",
            "container" => "container-1",
            _ => "",
        };
        let said = |label: &str| {
            let value = self.question.made_up_or(label, usual(label));
            value.filter(|value| ours(label) && !value.is_empty())
        };
        let (pod, node, container) = (said("pod"), said("node"), said("container"));
        let home = at.monitor.namespaces.first().map_or(SOMEWHERE, String::as_str);
        let names = Names {
            namespace: if self.is_reported(at) { home } else { namespace },
            pod: pod.as_deref().unwrap_or("pod-1"),
            node: node.as_deref().unwrap_or("node-1"),
            container: container.as_deref().unwrap_or("container-1"),
        };
        let found = Discovery::of(self.cx, at.part, (at.monitor, at.endpoint), dialect(at.lane), &Cache::new());
        let discovery = found.map_err(|_| "a rule of its monitor cannot be read".to_owned())?;
        let mut found = discovery.found(&names);
        // A label of the pod that a line of the route asks for: the pod has it.
        for label in self.carried(at) {
            if let Some(value) = self.question.made_up_or(&label, "").filter(|v| !v.is_empty() && v != NO_LABEL) {
                found.set(format!("__meta_kubernetes_{label}"), value);
            }
        }
        found.settle();
        let mut target = match discovery.target(&found) {
            stages::Target::Kept(labels) => labels,
            stages::Target::Dropped { by } => {
                return Err(format!("rule {} of its monitor drops every such target", by + 1));
            }
            stages::Target::Refused(fault) => return Err(format!("Prometheus refuses its targets: {fault:?}")),
        };
        let by_relay = self.relay_scrape(at).and_then(|scrape| discovery.by_relay(scrape, &Cache::new()).ok());
        let mut of_relay = by_relay.and_then(|by_relay| match by_relay.target(&found) {
            stages::Target::Kept(labels) => Some(labels),
            stages::Target::Dropped { .. } | stages::Target::Refused(_) => None,
        });
        for labels in std::iter::once(&mut target).chain(&mut of_relay) {
            for label in PLACES {
                if let Some(value) = said(label).filter(|_| labels.has(label)) {
                    labels.set(label, value);
                }
            }
            labels.settle();
        }
        Ok((target, of_relay))
    }

    /// Labels of pods that the targets of the monitor carry.
    fn carried(&self, at: &At<'_, 'a>) -> Vec<String> {
        let partition = at.partition.filter(|_| at.monitor.owned);
        let asked = partition.iter().flat_map(|p| p.witness_labels()).flatten().map(|(label, _)| label.clone());
        let mut all: Vec<String> = asked.filter(|label| pod_labels::carried(partition, at.part, label)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn external(&self, lane: &LanePlan<'_>) -> Labels {
        self.senders.lanes.get(lane.name).map(|s| s.external.clone()).unwrap_or_default()
    }
}

fn kind(monitor: &Monitor) -> &'static str {
    match monitor.kind {
        MonitorKind::Service => "ServiceMonitor",
        MonitorKind::Pod => "PodMonitor",
        MonitorKind::Annotations | MonitorKind::Address => "ScrapeConfig",
        MonitorKind::Probe => "Probe",
    }
}

fn title(monitor: &Monitor) -> String {
    format!("{} {}", kind(monitor), monitor.name)
}
