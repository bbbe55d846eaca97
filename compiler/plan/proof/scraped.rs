//! The series of one endpoint, for one part: a target made up as discovery would show it, and what target and
//! metric rules make of its page, in Prometheus and in the relay.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::discovered::{Discovery, Names};
use super::super::keep;
use super::super::lanes::SENDER;
use super::super::monitors::{CLASS_LABEL, PATH_LABEL};
use super::super::parts::Part;
use super::super::routing::{Partition, PodLabel};
use super::super::source::Workload;
use super::fault::Fault;
use crate::catalog::WorkloadNamespace;
use crate::model::value::MetricGlob;
use crate::relabel::stages::{self, Target};
use crate::relabel::{Action, Chain, Dialect, Labels, Outcome, Rule};

const NAME: &str = "__name__";
pub(super) const NAMESPACE: &str = "namespace";
const META_NAMESPACE: &str = "__meta_kubernetes_namespace";

/// One endpoint, for one part and Prometheus.
pub(super) struct Scraped<'x, 'a> {
    pub part: &'x Part<'a>,
    pub by_prometheus: Program<'x>,
    /// The relay scrapes it too.
    pub by_relay: Option<Program<'x>>,
    /// Of a metric that the part is to have.
    pub name: Option<String>,
    /// What the catalog leaves out of the page.
    pub left_out: Vec<Chain>,
    pub home: &'x str,
    /// What becomes of a target is the same in every namespace, but for the label.
    pub blind: bool,
    pub known: BTreeMap<Vec<PodLabel>, Targets>,
}

/// Who scrapes, and by which rules.
pub(super) struct Program<'x> {
    pub discovery: Discovery<'x>,
    pub metric: Chain,
}

/// A line of a page: the metric, the namespace it tells (empty: none), and what it claims beside.
#[derive(Clone, Copy)]
pub(super) struct Page<'p> {
    pub name: &'p str,
    pub namespace: &'p str,
    pub claims: &'p [PodLabel],
}

/// Labels of a target, by Prometheus and by the relay.
pub(super) type Targets = (Labels, Option<Labels>);

/// A series as it is stored, or as the relay has it before it sends it.
pub(super) struct Stored {
    pub labels: Labels,
    pub relayed: Option<Labels>,
    /// The namespace of the workload it is about, as it should be told.
    pub namespace: String,
}

impl<'x, 'a> Scraped<'x, 'a> {
    pub fn is_relayed(&self) -> bool {
        self.by_relay.is_some()
    }

    /// Whether a namespace is written down in what is stored, and changes nothing else about it.
    pub fn is_blind(&self) -> bool {
        let programs = std::iter::once(&self.by_prometheus).chain(&self.by_relay);
        self.blind && programs.into_iter().all(|p| is_blind(&p.discovery.endpoint.metric_relabelings))
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
    pub fn claims(&self, parts: &[Part<'_>], labelled: &[&[PodLabel]], several: bool) -> Vec<Vec<PodLabel>> {
        let said_by_pods = matches!(self.part.source.workload, Workload::Target | Workload::Unsaid);
        if !said_by_pods || self.honors() {
            // Which route it is of no page is to say, where several meet.
            let honored = self.by_prometheus.discovery.endpoint.honor_labels;
            let sender = (several && honored).then(|| vec![(SENDER.to_owned(), "claimed".to_owned())]);
            return std::iter::once(Vec::new()).chain(sender).collect();
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
    pub fn leaves_out(&self, target: &Labels, page: Page<'_>) -> bool {
        let program = &self.by_prometheus;
        self.left_out.iter().any(|chain| stages::metric(&mut program.merged(target, page), chain).0 != Outcome::Kept)
    }

    fn not_sampled(&self, labels: Labels) -> Fault {
        let verdict = format!("is kept by prometheus for {}, and dropped by the relay", self.part.reference());
        Fault::of(&labels, "", verdict, (self.part.origin, "is critical")).about_part(self.part)
    }

    pub fn dropped(&self, labels: Labels, by: usize) -> Fault {
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
    pub fn target(&mut self, namespace: &str, pods: &[PodLabel]) -> Result<Targets, Fault> {
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
    pub fn sample(&self, target: &Labels, page: Page<'_>) -> (Outcome, Labels) {
        let mut labels = self.merged(target, page);
        let (outcome, _) = stages::metric(&mut labels, &self.metric);
        labels.settle();
        (outcome, labels)
    }
}

/// Whether the part is to have the metric, by its class and by what the job keeps and drops.
pub(super) fn wants(part: &Part<'_>, name: &str) -> bool {
    let fits = |g: &str| MetricGlob::parse(g).is_ok_and(|g| g.matches(name));
    let (keep, drop, job) = (&part.pick.keep, &part.pick.drop, part.job());
    (keep.is_empty() || keep.iter().any(|g| fits(g)))
        && !drop.iter().any(|g| fits(g))
        && (job.keep.is_empty() || job.keep.iter().any(|g| fits(&g.value)))
        && !job.drop.iter().any(|g| fits(&g.value))
}

/// Whether rules do nothing with a namespace but write it down.
pub(super) fn is_blind(rules: &[Rule]) -> bool {
    let asks = |r: &Rule| r.source_labels.iter().any(|l| l == META_NAMESPACE || l == NAMESPACE);
    let copies = |r: &Rule| {
        r.action.unwrap_or_default() == Action::Replace
            && r.source_labels == [META_NAMESPACE]
            && r.target_label.as_deref() == Some(NAMESPACE)
            && r.regex.as_deref().is_none_or(|r| matches!(r, "(.*)" | "(.+)"))
            && r.replacement.as_deref().is_none_or(|r| matches!(r, "$1" | "${1}"))
    };
    let writes = |r: &Rule| {
        let target = r.target_label.as_deref().unwrap_or_default();
        matches!(target, NAMESPACE | META_NAMESPACE) || target.contains('$')
    };
    rules.iter().all(|r| r.action != Some(Action::LabelMap) && (!asks(r) && !writes(r) || copies(r)))
}

/// Labels of pods that a line asks for and that the part's targets are to have.
pub(super) fn claimed<'p>(partition: Option<&'p Partition<'_>>, part: &Part<'_>) -> Vec<&'p [PodLabel]> {
    let carried = |pods: &&[PodLabel]| pods.iter().all(|l| super::super::pod_labels::carried(partition, part, &l.0));
    partition.iter().flat_map(|p| p.witness_labels()).filter(carried).collect()
}
