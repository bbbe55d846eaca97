//! What the emitted monitors bring into a Prometheus: a target of each endpoint that the plan means for a
//! part, made up as discovery would show it, and the series that target and metric rules make of its page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::context::Context;
use super::super::critical;
use super::super::discovered::{Discovery, Names};
use super::super::keep;
use super::super::monitors::{CLASS_LABEL, PATH_LABEL, from_catalog};
use super::super::parts::Part;
use super::super::routing::{Partition, PodLabel};
use super::super::senders::dialect;
use super::super::source::Workload;
use super::fault::Fault;
use crate::catalog::WorkloadNamespace;
use crate::model::plan::{ClusterPlan, Endpoint, LanePlan, Monitor, RelayScrape};
use crate::model::value::MetricGlob;
use crate::relabel::regex::Cache;
use crate::relabel::stages::{self, Target};
use crate::relabel::{Action, Chain, Dialect, Labels, Outcome, Rule, Written};

const NAME: &str = "__name__";
const NAMESPACE: &str = "namespace";
const META_NAMESPACE: &str = "__meta_kubernetes_namespace";
/// Where a pod runs whose namespace nobody has named.
const SOMEWHERE: &str = "default";
/// A metric that no glob of the catalog or a spec is about.
const MEASURED: &str = "measured_total";

/// Everything that the monitors of one cluster are looked at with.
pub(super) struct Scrapes<'x, 'a> {
    pub cx: &'x Context<'a>,
    pub plan: &'x ClusterPlan<'x>,
    pub parts: &'x [Part<'a>],
    /// Values of `job` that several jobs share.
    pub shared: &'x BTreeSet<String>,
    pub cache: &'x Cache,
}

/// One endpoint, for one part and Prometheus.
pub(super) struct Scraped<'x, 'a> {
    part: &'x Part<'a>,
    by_prometheus: Program<'x>,
    /// The relay scrapes it too.
    by_relay: Option<Program<'x>>,
    /// Of a metric that the part is to have.
    name: Option<String>,
    /// What the catalog leaves out of the page.
    left_out: Vec<Chain>,
    home: &'x str,
    /// What becomes of a target is the same in every namespace, but for the label.
    blind: bool,
    known: BTreeMap<Vec<PodLabel>, Targets>,
}

/// Who scrapes, and by which rules.
struct Program<'x> {
    discovery: Discovery<'x>,
    metric: Chain,
}

/// A line of a page: the metric, the namespace it tells (empty: none), and what it claims beside.
#[derive(Clone, Copy)]
struct Page<'p> {
    name: &'p str,
    namespace: &'p str,
    claims: &'p [PodLabel],
}

/// Labels of a target, by Prometheus and by the relay.
type Targets = (Labels, Option<Labels>);

/// A series as it is stored, or as the relay has it before it sends it.
pub(super) struct Stored {
    pub labels: Labels,
    pub relayed: Option<Labels>,
    /// The namespace of the workload it is about, as it should be told.
    pub namespace: String,
}

impl<'x, 'a> Scrapes<'x, 'a> {
    /// Every endpoint by which a Prometheus scrapes a part: one for each path of it, none more.
    pub fn of(&self, part: &'x Part<'a>, lane: &LanePlan<'_>, faults: &mut Vec<Fault>) -> Vec<Scraped<'x, 'a>> {
        let owned = part.lane.name == lane.name;
        let mut out = Vec::new();
        let mut wanted: Vec<(String, String)> = Vec::new();
        for value in &part.source.values {
            wanted.extend(keep::paths(part).into_iter().map(|path| (value.clone(), path)));
        }
        let mut seen: Vec<(String, String, &Endpoint)> = Vec::new();
        for monitor in self.plan.monitors.iter().filter(|m| is_for(m, part, lane.name, owned)) {
            for (i, endpoint) in monitor.endpoints.iter().enumerate() {
                let Some(mut scraped) = self.endpoint(part, lane, (monitor, i), owned, faults) else { continue };
                let target = match scraped.target(scraped.home, &[]) {
                    Ok((target, _)) => target.clone(),
                    Err(fault) => {
                        faults.push(fault);
                        continue;
                    }
                };
                faults.extend(self.identity(&scraped, &target, lane));
                faults.extend(self.kept(&mut scraped, &target, lane));
                let job = target.get("job").to_owned();
                let same = |(j, p, e): &&(String, String, &Endpoint)| {
                    *j == job && *p == endpoint.path && e.port == endpoint.port && e.params == endpoint.params
                };
                let again = seen.iter().any(|s| same(&s));
                match wanted.iter().position(|(v, p)| *v == job && *p == endpoint.path).filter(|_| !again) {
                    Some(found) => drop(wanted.swap_remove(found)),
                    None if again => faults.push(self.whole(part, lane, monitor, &endpoint.path, "scrapes twice")),
                    None => faults.push(self.whole(part, lane, monitor, &endpoint.path, "scrapes unasked")),
                }
                seen.push((job, endpoint.path.clone(), endpoint));
                out.push(scraped);
            }
        }
        for (value, path) in wanted {
            let verdict = format!(
                "nothing brings {} at {path} (job={value:?}) into prometheus `{}`",
                part.reference(),
                lane.name
            );
            faults.push(Fault::plain(verdict, (part.origin, "is to be scraped")).about_part(part));
        }
        out
    }

    /// What the relay scrapes beside what it is to scrape.
    pub fn strange_to_the_relay(&self) -> Vec<Fault> {
        let home = &self.cx.cluster.namespace.value;
        let critical = |m: &&Monitor| {
            m.owned && self.parts.iter().any(|p| critical::is_critical(p) && is_for(m, p, &p.lane.name, true))
        };
        let ends = |m: &'x Monitor| (0..m.endpoints.len()).map(move |i| critical::job_name(home, m, i));
        let mut wanted: Vec<String> = self.plan.monitors.iter().filter(critical).flat_map(ends).collect();
        let mut known = BTreeSet::new();
        let mut out = Vec::new();
        for scrape in self.plan.relay.iter().flat_map(|r| &r.scrapes) {
            let name = &scrape.job_name;
            let found = wanted.iter().position(|w| w == name).map(|i| wanted.swap_remove(i));
            let verdict = match (found, known.insert(name)) {
                (Some(_), _) => continue,
                (None, true) => format!("the relay scrapes what nobody asked for, by {name}"),
                (None, false) => format!("the relay scrapes twice by {name}"),
            };
            out.push(Fault::plain(verdict, (scrape.origin, "of this")));
        }
        out
    }

    /// Monitors that no part is behind.
    pub fn strangers(&self) -> Vec<Fault> {
        let known = |m: &&Monitor| {
            let lanes = |p: &Part<'_>| {
                is_for(m, p, &p.lane.name, true) || p.copies.iter().any(|c| is_for(m, p, &c.0.name, false))
            };
            !self.parts.iter().filter(|p| p.is_scraped()).any(lanes)
        };
        let fault = |m: &Monitor| {
            let verdict = format!("`{}` brings what nobody asked for into prometheus `{}`", m.name, m.lane);
            Fault::plain(verdict, (m.origin, "of this"))
        };
        self.plan.monitors.iter().filter(known).map(fault).collect()
    }

    fn whole(&self, part: &Part<'_>, lane: &LanePlan<'_>, monitor: &Monitor, path: &str, how: &str) -> Fault {
        let verdict =
            format!("prometheus `{}` {how} {path} for {}, by `{}`", lane.name, part.reference(), monitor.name);
        Fault::plain(verdict, (part.origin, "of this")).about_part(part)
    }

    fn endpoint(
        &self,
        part: &'x Part<'a>,
        lane: &LanePlan<'_>,
        (monitor, index): (&'x Monitor, usize),
        owned: bool,
        faults: &mut Vec<Fault>,
    ) -> Option<Scraped<'x, 'a>> {
        let endpoint = monitor.endpoints.get(index)?;
        let own = dialect(lane);
        let found = Discovery::of(self.cx, part, (monitor, endpoint), own, self.cache);
        let metric = Chain::compile(&endpoint.metric_relabelings, own, Written::CustomResource, self.cache);
        let made = found.and_then(|discovery| Ok((discovery, metric?)));
        let (discovery, metric) = match made {
            Ok(made) => made,
            Err(errors) => {
                for (i, error) in errors {
                    let verdict = format!("a rule of `{}` is refused: {error:?} (rule {})", monitor.name, i + 1);
                    faults.push(Fault::plain(verdict, (monitor.origin, "of this")));
                }
                return None;
            }
        };
        let by_relay = match self.scrape(part, monitor, index).filter(|_| owned) {
            None => None,
            Some(scrape) => {
                if !asks_alike(&scrape.endpoint, endpoint) {
                    faults.push(self.otherwise(part, scrape, lane));
                }
                let rules = &scrape.endpoint.metric_relabelings;
                let metric = Chain::compile(rules, Dialect::Vmagent, Written::File, self.cache);
                let made = discovery.by_relay(scrape, self.cache).and_then(|d| Ok((d, metric?)));
                made.ok().map(|(discovery, metric)| Program { discovery, metric })
            }
        };
        let blind = [Some(&discovery), by_relay.as_ref().map(|r| &r.discovery)]
            .into_iter()
            .flatten()
            .all(|d| is_blind(&d.rules));
        let home = monitor.namespaces.first().map_or(SOMEWHERE, String::as_str);
        let entries = part.pick.endpoints.iter().filter(|e| e.path == endpoint.path);
        let catalog = entries.map(|e| from_catalog(self.cx, &e.metric_relabelings));
        let left_out =
            catalog.filter_map(|rules| Chain::compile(&rules, own, Written::CustomResource, self.cache).ok()).collect();
        let by_prometheus = Program { discovery, metric };
        Some(Scraped { part, by_prometheus, by_relay, name: None, left_out, home, blind, known: BTreeMap::new() })
    }

    /// The same endpoint as the relay scrapes it.
    fn scrape(&self, part: &Part<'_>, monitor: &Monitor, index: usize) -> Option<&'x RelayScrape> {
        let name = critical::job_name(&self.cx.cluster.namespace.value, monitor, index);
        let relay = self.plan.relay.as_ref().filter(|_| critical::is_critical(part))?;
        relay.scrapes.iter().find(|s| s.job_name == name)
    }

    fn otherwise(&self, part: &Part<'_>, scrape: &RelayScrape, lane: &LanePlan<'_>) -> Fault {
        let (path, whose) = (&scrape.endpoint.path, part.reference());
        let verdict = format!("the relay scrapes {whose} at {path} otherwise than `{}` does", lane.name);
        Fault::plain(verdict, (part.origin, "is critical")).about_part(part)
    }

    /// The labels that routes tell the part by.
    fn identity(&self, scraped: &Scraped<'_, '_>, target: &Labels, lane: &LanePlan<'_>) -> Vec<Fault> {
        let part = scraped.part;
        let endpoint = scraped.by_prometheus.discovery.endpoint;
        let job = target.get("job");
        let mut wanted = vec![(CLASS_LABEL, part.class.clone().unwrap_or_default())];
        if !part.source.values.iter().any(|v| v == job) {
            wanted.push(("job", part.source.values.first().cloned().unwrap_or_default()));
        }
        if part.source.values.iter().any(|v| self.shared.contains(v)) {
            wanted.push((PATH_LABEL, endpoint.path.clone()));
        }
        let attached = stages::attached(target);
        let differs = wanted.into_iter().filter(|(label, value)| attached.get(label) != value);
        let fault = |(label, value): (&str, String)| {
            let got = attached.get(label);
            let verdict = format!("of `{}` has {label}={got:?} and should have {label}={value:?}", lane.name);
            Fault::of(&attached, "", verdict, (part.origin, "is told by it")).about_part(part)
        };
        differs.map(fault).collect()
    }

    /// That the endpoint brings what the part is to have of its job, and nothing else of it.
    fn kept(&self, scraped: &mut Scraped<'_, '_>, target: &Labels, lane: &LanePlan<'_>) -> Vec<Fault> {
        let part = scraped.part;
        let of_job = self.parts.iter().filter(|p| p.job().name == part.job().name && p.is_scraped());
        let names: BTreeSet<String> = of_job.flat_map(|p| self.names(p)).collect();
        let mut out = Vec::new();
        for name in names {
            let page = Page { name: &name, namespace: "", claims: &[] };
            let wanted = wants(part, &name) && !scraped.leaves_out(target, page);
            let (outcome, labels) = scraped.by_prometheus.sample(target, page);
            match (wanted, outcome) {
                (true, Outcome::Dropped { by }) => out.push(scraped.dropped(labels, by)),
                (false, Outcome::Kept) => {
                    let verdict = format!(
                        "is kept for {} in `{}`, and is of another class or of none",
                        part.reference(),
                        lane.name
                    );
                    out.push(Fault::of(&labels, "", verdict, (part.origin, "of this")).about_part(part));
                }
                (true, Outcome::Kept) if name == MEASURED || scraped.name.is_none() => scraped.name = Some(name),
                _ => {}
            }
        }
        out
    }

    /// A metric for each glob that the part or its job is about, and one that none is about.
    fn names(&self, part: &Part<'_>) -> Vec<String> {
        let job = part.job();
        let said = job.keep.iter().chain(&job.drop).map(|g| &g.value);
        let globs = part.pick.keep.iter().chain(&part.pick.drop).chain(said);
        std::iter::once(MEASURED.to_owned()).chain(globs.map(|g| g.replace('*', "x"))).collect()
    }
}

impl<'x, 'a> Scraped<'x, 'a> {
    pub fn is_relayed(&self) -> bool {
        self.by_relay.is_some()
    }

    /// That the relay does not scrape what is critical.
    pub fn not_relayed(&self) -> Fault {
        let path = &self.by_prometheus.discovery.endpoint.path;
        let verdict = format!("the relay does not scrape {} at {path}", self.part.reference());
        Fault::plain(verdict, (self.part.origin, "is critical")).about_part(self.part)
    }

    /// A sample about a pod of the namespace (none: about no pod), where the part has any, of a page that
    /// claims labels beside.
    pub fn sample(&mut self, namespace: &str, pods: &[PodLabel], claims: &[PodLabel]) -> Result<Option<Stored>, Fault> {
        match self.name.clone() {
            Some(name) => self.sample_of(&name, namespace, pods, claims),
            None => Ok(None),
        }
    }

    /// Whether the part is to have a metric of that name.
    pub fn brings(&self, name: &str) -> bool {
        wants(self.part, name)
    }

    /// The same of a metric that the part is to have.
    pub fn sample_of(
        &mut self,
        name: &str,
        namespace: &str,
        pods: &[PodLabel],
        claims: &[PodLabel],
    ) -> Result<Option<Stored>, Fault> {
        // An exporter tells whose pod it is: where it runs itself is another matter. What a pod says of itself
        // is not heeded, unless the spec would have it so.
        let (runs_in, says) = match self.part.source.workload {
            Workload::Reported => (self.home, namespace),
            Workload::Target if !self.honors() => (namespace, "claimed"),
            _ => (namespace, ""),
        };
        let (target, by_relay) = self.target(runs_in, pods)?;
        let page = Page { name, namespace: says, claims };
        let (outcome, labels) = self.by_prometheus.sample(&target, page);
        if let Outcome::Dropped { by } = outcome {
            return if self.leaves_out(&target, page) { Ok(None) } else { Err(self.dropped(labels, by)) };
        }
        let mut relayed = None;
        if let (Some(target), Some(relay)) = (by_relay, &self.by_relay) {
            let (outcome, labels) = relay.sample(&target, page);
            if outcome != Outcome::Kept {
                return Err(self.not_sampled(labels));
            }
            relayed = Some(labels);
        }
        let if_any = |e: &crate::catalog::Job| e.workload_namespace == WorkloadNamespace::ReportedIfAny;
        let meant = match self.part.source.workload {
            Workload::Target => self.place(namespace).to_owned(),
            Workload::Reported if !says.is_empty() || self.part.source.entry.is_some_and(if_any) => says.to_owned(),
            _ => labels.get(NAMESPACE).to_owned(),
        };
        self.stored(labels, relayed, meant)
    }

    /// A series that whoever scrapes makes itself, of a target in the namespace.
    pub fn report(&mut self, name: &str, namespace: &str, pods: &[PodLabel]) -> Result<Option<Stored>, Fault> {
        let (target, by_relay) = self.target(namespace, pods)?;
        let labels = stages::report(name, &target, self.by_prometheus.metric.dialect());
        let meant = match self.part.source.workload {
            Workload::Target => self.place(namespace).to_owned(),
            _ => labels.get(NAMESPACE).to_owned(),
        };
        self.stored(labels, by_relay.map(|t| stages::report(name, &t, Dialect::Vmagent)), meant)
    }

    fn stored(&self, labels: Labels, relayed: Option<Labels>, namespace: String) -> Result<Option<Stored>, Fault> {
        if labels.get(NAMESPACE) != namespace {
            let verdict = "is not stored with the namespace of the pod it is about".to_owned();
            let fault = Fault::of(&labels, "", verdict, (self.part.origin, "of this")).about_part(self.part);
            return Err(fault);
        }
        Ok(Some(Stored { labels, relayed, namespace }))
    }

    /// What a page may say of itself that its target does not, to be taken for another part's of the same
    /// `job`, or for that of a pod with another label. Where its labels are honoured it is believed.
    pub fn claims(&self, parts: &[Part<'_>], labelled: &[&[PodLabel]]) -> Vec<Vec<PodLabel>> {
        let said_by_pods = matches!(self.part.source.workload, Workload::Target | Workload::Unsaid);
        if !said_by_pods || self.honors() {
            return vec![Vec::new()];
        }
        let alike = |p: &&Part<'_>| {
            (p.job().name != self.part.job().name || p.class != self.part.class)
                && p.source.values.iter().any(|v| self.part.source.values.contains(v))
        };
        let told = |p: &Part<'_>| -> Vec<PodLabel> {
            let path = keep::paths(p).first().map(|path| (PATH_LABEL.to_owned(), path.clone()));
            let class = p.class.iter().map(|class| (CLASS_LABEL.to_owned(), class.clone()));
            class.chain(path).collect()
        };
        let others = parts.iter().filter(alike).map(told);
        let pods = labelled.iter().map(|labels| labels.to_vec());
        let job = vec![("job".to_owned(), "claimed".to_owned())];
        let mut all: Vec<Vec<PodLabel>> = std::iter::once(job).chain(others).chain(pods).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether the catalog leaves the sample out of every page.
    fn leaves_out(&self, target: &Labels, page: Page<'_>) -> bool {
        let program = &self.by_prometheus;
        self.left_out.iter().any(|chain| stages::metric(&mut program.merged(target, page), chain).0 != Outcome::Kept)
    }

    fn not_sampled(&self, labels: Labels) -> Fault {
        let verdict = format!("is kept by prometheus for {}, and dropped by the relay", self.part.reference());
        Fault::of(&labels, "", verdict, (self.part.origin, "is critical")).about_part(self.part)
    }

    fn dropped(&self, labels: Labels, by: usize) -> Fault {
        let (part, monitor) = (self.part, self.by_prometheus.discovery.monitor);
        let rule = self.by_prometheus.discovery.endpoint.metric_relabelings.get(by);
        let rule = rule.map(|r| format!(" ({r})")).unwrap_or_default();
        let verdict = format!(
            "is to be of {}, and metric rule {} of `{}` drops it{rule}",
            part.reference(),
            by + 1,
            monitor.name
        );
        Fault::of(&labels, "", verdict, (part.origin, "of this")).about_part(part)
    }

    /// Whether what a page says is to be believed.
    fn honors(&self) -> bool {
        let path = &self.by_prometheus.discovery.endpoint.path;
        let catalog = self.part.pick.endpoints.iter().any(|e| e.path == *path && e.honor_labels);
        self.part.job().honor_labels.map_or(catalog, |h| h.value)
    }

    fn place<'n>(&'n self, namespace: &'n str) -> &'n str {
        if namespace.is_empty() { self.home } else { namespace }
    }

    /// Labels of a target that runs there; no namespace: where its like are found.
    fn target(&mut self, namespace: &str, pods: &[PodLabel]) -> Result<Targets, Fault> {
        let place = self.place(namespace).to_owned();
        if !self.blind {
            return self.targets(&place, pods);
        }
        let (target, relayed) = match self.known.get(pods) {
            Some(known) => known.clone(),
            None => {
                let home = self.home.to_owned();
                let made = self.targets(&home, pods)?;
                self.known.insert(pods.to_vec(), made.clone());
                made
            }
        };
        let there = |mut target: Labels| {
            if target.has(NAMESPACE) {
                target.set(NAMESPACE, place.as_str());
                target.settle();
            }
            target
        };
        Ok((there(target), relayed.map(there)))
    }

    fn targets(&self, namespace: &str, pods: &[PodLabel]) -> Result<Targets, Fault> {
        let names = Names { namespace, pod: "pod-1", node: "node-1", container: "container-1" };
        let mut found = self.by_prometheus.discovery.found(&names);
        for (label, value) in pods {
            found.set(format!("__meta_kubernetes_{label}"), value.as_str());
        }
        found.settle();
        let target = self.by_prometheus.target(&found, self.part, "prometheus")?;
        let by_relay = self.by_relay.as_ref().map(|relay| relay.target(&found, self.part, "the relay")).transpose()?;
        Ok((target, by_relay))
    }
}

impl Program<'_> {
    fn target(&self, found: &Labels, part: &Part<'_>, who: &str) -> Result<Labels, Fault> {
        let monitor = self.discovery.monitor;
        let why = match self.discovery.target(found) {
            Target::Kept(labels) => return Ok(labels),
            Target::Dropped { by } => match self.discovery.rules.get(by) {
                Some(rule) => format!("a rule drops them ({rule})"),
                None => "a rule drops them".to_owned(),
            },
            Target::Refused(fault) => format!("they are refused ({fault:?})"),
        };
        let verdict = format!("{who} has no target of {} by `{}`: {why}", part.reference(), monitor.name);
        Err(Fault::plain(verdict, (part.origin, "is to be scraped")).about_part(part))
    }

    /// A sample of the page of a target, as metric rules see it.
    fn merged(&self, target: &Labels, page: Page<'_>) -> Labels {
        let mut exposed: Vec<(Arc<str>, Arc<str>)> = vec![(NAME.into(), page.name.into())];
        if !page.namespace.is_empty() {
            exposed.push((NAMESPACE.into(), page.namespace.into()));
        }
        exposed.extend(page.claims.iter().map(|(label, value)| (label.as_str().into(), value.as_str().into())));
        let honor = self.discovery.endpoint.honor_labels;
        stages::merged(&exposed, target, honor, self.metric.dialect())
    }

    /// The same as it is stored.
    fn sample(&self, target: &Labels, page: Page<'_>) -> (Outcome, Labels) {
        let mut labels = self.merged(target, page);
        let (outcome, _) = stages::metric(&mut labels, &self.metric);
        labels.settle();
        (outcome, labels)
    }
}

/// Whether the part is to have the metric, by its class and by what the job keeps and drops.
fn wants(part: &Part<'_>, name: &str) -> bool {
    let fits = |g: &str| MetricGlob::parse(g).is_ok_and(|g| g.matches(name));
    let (keep, drop, job) = (&part.pick.keep, &part.pick.drop, part.job());
    (keep.is_empty() || keep.iter().any(|g| fits(g)))
        && !drop.iter().any(|g| fits(g))
        && (job.keep.is_empty() || job.keep.iter().any(|g| fits(&g.value)))
        && !job.drop.iter().any(|g| fits(&g.value))
}

/// Whether two endpoints ask the same and believe the same of it. Their rules are for the witnesses.
fn asks_alike(a: &Endpoint, b: &Endpoint) -> bool {
    let asked = |e: &Endpoint| (e.port.clone(), e.path.clone(), e.scheme.clone(), e.params.clone(), e.honor_labels);
    asked(a) == asked(b)
}

fn is_for(monitor: &Monitor, part: &Part<'_>, lane: &str, owned: bool) -> bool {
    monitor.job == part.job().name && monitor.class == part.class && monitor.lane == lane && monitor.owned == owned
}

/// Whether rules do nothing with a namespace but write it down.
fn is_blind(rules: &[Rule]) -> bool {
    let asks = |r: &Rule| r.source_labels.iter().any(|l| l == META_NAMESPACE || l == NAMESPACE);
    let copies = |r: &Rule| {
        r.action.unwrap_or_default() == Action::Replace
            && r.source_labels == [META_NAMESPACE]
            && r.target_label.as_deref() == Some(NAMESPACE)
            && r.regex.as_deref().is_none_or(|r| matches!(r, "(.*)" | "(.+)"))
            && r.replacement.as_deref().is_none_or(|r| matches!(r, "$1" | "${1}"))
    };
    rules.iter().all(|r| r.action != Some(Action::LabelMap) && (!asks(r) || copies(r)))
}

/// Labels of pods that a line asks for and that the part's targets are to have.
pub(super) fn claimed<'p>(partition: Option<&'p Partition<'_>>, part: &Part<'_>) -> Vec<&'p [PodLabel]> {
    let carried = |pods: &&[PodLabel]| pods.iter().all(|l| super::super::pod_labels::carried(partition, part, &l.0));
    partition.iter().flat_map(|p| p.witness_labels()).filter(carried).collect()
}
