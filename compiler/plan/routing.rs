//! Where a series goes: the four questions of a route, asked as the language puts them.
//!
//! This is the meaning. The rules that make it happen are in `keep.rs`, and `proof.rs` holds the two
//! against each other.

mod witnesses;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes;
use super::context::Context;
use super::parts::Part;
use super::pod_labels;
use super::source::Workload;
use crate::diag::{Diagnostic, Origin, Sink, Sourced};
use crate::model::fleet::{Destination, Fleet, Line, Route};
use crate::model::ids::{ClusterId, RouteId, StoreId};
use crate::model::plan::{ClassRef, InNamespace};
use crate::model::value::{Duration, JobGlob, NamespacePattern, NamespacePatterns};

/// A store and a tenant in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub store: StoreId,
    pub tenant: u32,
}

/// A destination of a cluster, in the order of [`destinations`].
#[derive(Debug, Clone)]
pub(super) struct Dest<'a> {
    pub target: Target,
    pub survive: Sourced<Duration>,
    pub via: Option<&'a Sourced<String>>,
    pub origin: Origin,
}

/// A route as one cluster has it.
pub(super) struct Partition<'a> {
    pub id: RouteId,
    pub route: &'a Route,
    /// Its `to` lines with `shared` and `unowned`: every series has exactly one answer.
    pub main: Division,
    /// Its `copy` lines, each asked by itself and whatever the others answer.
    pub copies: Vec<Division>,
    witnesses: OnceCell<Vec<(InNamespace, String)>>,
    /// For each witness the first one that no line tells from it.
    alike: OnceCell<Vec<usize>>,
    /// Where series of a part can go at all; asked for each destination.
    reached: RefCell<BTreeMap<ClassRef, Arc<BTreeSet<Target>>>>,
}

/// Lines that the four questions are put to.
pub(super) struct Division {
    pub claims: Vec<Claim>,
    pub shared: Vec<Target>,
    pub unowned: Vec<Target>,
    /// Where `shared` and `unowned` are said.
    pub said: Said,
    pub by_namespace: bool,
    /// Lines by labels of pods, which are asked before all others.
    pub by_pod: Vec<PodClaim>,
}

/// The places of what says where a remainder goes, each destination's own.
#[derive(Default)]
pub(super) struct Said {
    pub shared: Vec<(Option<Target>, Origin)>,
    pub unowned: Vec<(Option<Target>, Origin)>,
    /// The route or the `copy` line: what nobody says is said by it.
    pub origin: Origin,
}

impl Said {
    /// Where it is said that the destination has what belongs to no pod, or has it not.
    pub fn shared(&self, target: Target) -> Origin {
        self.of(&self.shared, target)
    }

    pub fn unowned(&self, target: Target) -> Origin {
        self.of(&self.unowned, target)
    }

    fn of(&self, said: &[(Option<Target>, Origin)], target: Target) -> Origin {
        let own = said.iter().find(|(t, _)| *t == Some(target));
        own.or_else(|| said.first()).map_or(self.origin, |(_, origin)| *origin)
    }
}

/// A label of a pod as it stands on a series, and its value.
pub(super) type PodLabel = (String, String);

/// What a `to` line asks for, and where it sends that.
pub(super) struct Claim {
    /// The line.
    pub origin: Origin,
    pub jobs: Vec<JobGlob>,
    pub namespaces: Vec<NamespacePattern>,
    /// The same, to look names up in.
    looked_up: NamespacePatterns,
    pub targets: Vec<Target>,
}

/// What a `to` line with `pod-labels` asks for: pods that pass all its filters.
pub(super) struct PodClaim {
    pub claim: Claim,
    pub labels: Vec<PodLabel>,
}

/// Whose series it is.
#[derive(Clone, Copy)]
pub(super) enum Who<'p, 'a> {
    /// Measured by a target of the part.
    Sample(&'p Part<'a>),
    /// `up` and `scrape_*` of a target of the part.
    Scrape(&'p Part<'a>),
    /// Of no job we scrape: recorded series and alerts without the labels of a job's target. With
    /// them they are that job's, for labels are all that a rule can tell.
    Nobody,
}

impl Who<'_, '_> {
    /// Whether the namespace of the series is that of the workload it is about.
    pub fn has_workload(self) -> bool {
        match self {
            Who::Nobody => true,
            Who::Sample(part) => matches!(part.source.workload, Workload::Reported | Workload::Target),
            Who::Scrape(part) => part.source.workload == Workload::Target,
        }
    }
}

impl<'a> Partition<'a> {
    pub fn of(cx: &Context<'a>, id: RouteId) -> Self {
        let route = cx.fleet.route(id);
        let targets = |said: &[Sourced<Destination>]| said.iter().filter_map(|d| target(d.value)).collect::<Vec<_>>();
        let claim = |line: &Line| {
            let namespaces: Vec<NamespacePattern> =
                line.namespaces.iter().filter_map(|n| NamespacePattern::parse(&n.value).ok()).collect();
            Claim {
                origin: line.origin,
                jobs: line.jobs.iter().filter_map(|j| JobGlob::parse(&j.value).ok()).collect(),
                looked_up: namespaces.iter().collect(),
                namespaces,
                targets: targets(&line.stores),
            }
        };
        let division = |lines: &[Line], shared, unowned, said| Division {
            claims: plain(lines).map(claim).collect(),
            shared,
            unowned,
            said,
            by_namespace: plain(lines).any(|l| !l.namespaces.is_empty()),
            by_pod: lines.iter().filter(|l| !l.pod_labels.is_empty()).map(|l| PodClaim::of(l, claim(l))).collect(),
        };
        let remainder = |said: &Option<Vec<Sourced<Destination>>>| said.as_deref().map(targets).unwrap_or_default();
        // What a copy does not claim, it does not send.
        let copy = |line: &Line| {
            let said = Said { origin: line.origin, ..Said::default() };
            division(std::slice::from_ref(line), Vec::new(), Vec::new(), said)
        };
        let places = |said: &Option<Vec<Sourced<Destination>>>| -> Vec<(Option<Target>, Origin)> {
            said.iter().flatten().map(|d| (target(d.value), d.origin)).collect()
        };
        let said = Said { shared: places(&route.shared), unowned: places(&route.unowned), origin: route.origin };
        Partition {
            id,
            route,
            main: division(&route.lines, remainder(&route.shared), remainder(&route.unowned), said),
            copies: route.copies.iter().map(copy).collect(),
            witnesses: OnceCell::new(),
            alike: OnceCell::new(),
            reached: RefCell::default(),
        }
    }

    /// The destinations of a series with this `namespace` label; empty: it stays in the cluster.
    pub fn answer(&self, who: Who<'_, '_>, namespace: &str) -> Cow<'_, [Target]> {
        let mut all = Cow::Borrowed(self.main.answer(who, namespace));
        for copy in &self.copies {
            for target in copy.answer(who, namespace) {
                if !all.contains(target) {
                    all.to_mut().push(*target);
                }
            }
        }
        all
    }

    /// The same for a series that carries labels of its pod.
    pub fn answer_labelled(&self, who: Who<'_, '_>, namespace: &str, labels: &[PodLabel]) -> Vec<Target> {
        let mut all = Vec::new();
        for division in self.divisions() {
            for target in division.targets(division.decide_labelled(who, namespace, labels)) {
                if !all.contains(target) {
                    all.push(*target);
                }
            }
        }
        all
    }

    /// Every set of labels that a line asks for.
    pub fn witness_labels(&self) -> impl Iterator<Item = &[PodLabel]> {
        self.divisions().flat_map(|d| &d.by_pod).map(|c| c.labels.as_slice())
    }

    pub fn divisions(&self) -> impl Iterator<Item = &Division> {
        std::iter::once(&self.main).chain(&self.copies)
    }

    pub fn by_namespace(&self) -> bool {
        self.divisions().any(|d| d.by_namespace || !d.by_pod.is_empty())
    }
}

/// Which of the four questions a series is answered by.
#[derive(Clone, Copy)]
pub(super) enum By<'d> {
    /// A line that names it: its job, its namespace or both.
    Line(&'d Claim),
    /// A class faster than five seconds goes nowhere but where a line names it.
    TooFast,
    /// It belongs to no namespace of a workload.
    Shared,
    /// Nobody has its namespace.
    Unowned,
    /// No line is for it.
    Nothing,
}

impl By<'_> {
    /// Which one, whatever line answers it.
    pub fn question(&self) -> u8 {
        match self {
            By::Line(_) => 0,
            By::TooFast => 1,
            By::Shared => 2,
            By::Unowned => 3,
            By::Nothing => 4,
        }
    }
}

impl Division {
    /// The destinations of a series with this `namespace` label, as these lines say.
    pub fn answer(&self, who: Who<'_, '_>, namespace: &str) -> &[Target] {
        self.targets(self.decide(who, namespace))
    }

    pub fn targets<'d>(&'d self, by: By<'d>) -> &'d [Target] {
        match by {
            By::Line(claim) => &claim.targets,
            By::Shared => &self.shared,
            By::Unowned => &self.unowned,
            By::TooFast | By::Nothing => &[],
        }
    }

    /// As [`Division::decide`], labels of its pod first.
    pub fn decide_labelled(&self, who: Who<'_, '_>, namespace: &str, labels: &[PodLabel]) -> By<'_> {
        let by_pod = self.by_pod.iter().find(|c| c.has(who, namespace, labels));
        by_pod.map_or_else(|| self.decide(who, namespace), |c| By::Line(&c.claim))
    }

    /// The question that settles where a series with this `namespace` label goes.
    pub fn decide(&self, who: Who<'_, '_>, namespace: &str) -> By<'_> {
        let workload = workload_namespace(who, namespace);
        let part = match who {
            Who::Sample(part) | Who::Scrape(part) => Some(part),
            Who::Nobody => None,
        };
        let named = |claim: &&Claim| part.is_some_and(|p| claim.names(p));
        // A line with both filters is asked before all others.
        let both = || self.claims.iter().filter(|c| !c.jobs.is_empty() && !c.namespaces.is_empty()).filter(named);
        if let Some(claim) = workload.and_then(|n| most_specific(both(), n)) {
            return By::Line(claim);
        }
        if let Some(claim) = self.claims.iter().filter(|c| !c.jobs.is_empty() && c.namespaces.is_empty()).find(named) {
            return By::Line(claim);
        }
        if part.is_some_and(Part::is_fast) {
            return By::TooFast;
        }
        if !self.by_namespace {
            let rest = self.claims.iter().find(|c| c.jobs.is_empty() && c.namespaces.is_empty());
            return rest.map_or(By::Nothing, By::Line);
        }
        match workload {
            None => By::Shared,
            Some(namespace) => {
                let owners = self.claims.iter().filter(|c| c.jobs.is_empty() && !c.namespaces.is_empty());
                most_specific(owners, namespace).map_or(By::Unowned, By::Line)
            }
        }
    }
}

impl Partition<'_> {
    /// Whether the route names the destination at all.
    pub fn mentions(&self, target: Target) -> bool {
        let among = |d: &Division| {
            d.claims.iter().chain(d.by_pod.iter().map(|c| &c.claim)).any(|c| c.targets.contains(&target))
                || d.shared.contains(&target)
                || d.unowned.contains(&target)
        };
        self.divisions().any(among)
    }

    /// Whether any series of the part can go there.
    pub fn reaches(&self, part: &Part<'_>, target: Target) -> bool {
        self.reached(part).contains(&target)
    }

    fn reached(&self, part: &Part<'_>) -> Arc<BTreeSet<Target>> {
        let class = part.reference();
        if let Some(known) = self.reached.borrow().get(&class) {
            return Arc::clone(known);
        }
        let pods = self.divisions().flat_map(|d| &d.by_pod).filter(|c| c.covers(part));
        let mut all: BTreeSet<Target> = pods.flat_map(|c| &c.claim.targets).copied().collect();
        for namespace in self.questions() {
            for who in [Who::Sample(part), Who::Scrape(part)] {
                all.extend(self.answer(who, namespace).iter());
            }
        }
        let all = Arc::new(all);
        self.reached.borrow_mut().insert(class, Arc::clone(&all));
        all
    }

    /// Whether every series of the part stays in the cluster.
    pub fn keeps_home(&self, part: &Part<'_>) -> bool {
        self.reached(part).is_empty()
    }
}

impl PodClaim {
    fn of(line: &Line, claim: Claim) -> Self {
        let label = |(key, value): (&String, &Sourced<String>)| (pod_labels::on_series(key), value.value.clone());
        PodClaim { claim, labels: line.pod_labels.iter().map(label).collect() }
    }

    /// Whether series of the part may be among what it asks for.
    pub fn covers(&self, part: &Part<'_>) -> bool {
        let named = if self.claim.jobs.is_empty() { !part.is_fast() } else { self.claim.names(part) };
        named && part.source.workload == Workload::Target
    }

    pub fn has(&self, who: Who<'_, '_>, namespace: &str, labels: &[PodLabel]) -> bool {
        let part = match who {
            Who::Sample(part) | Who::Scrape(part) => part,
            Who::Nobody => return false,
        };
        let spaces = &self.claim.namespaces;
        self.covers(part)
            && (spaces.is_empty() || self.claim.best(namespace).is_some())
            && self.labels.iter().all(|l| labels.contains(l))
    }

    /// Whether both may ask for one pod.
    pub fn meets(&self, other: &PodClaim) -> bool {
        let differ = |(key, value): &PodLabel| other.labels.iter().any(|(k, v)| k == key && v != value);
        let (mine, theirs) = (&self.claim.namespaces, &other.claim.namespaces);
        let spaces = mine.is_empty() || theirs.is_empty() || mine.iter().any(|p| theirs.iter().any(|q| p.overlaps(q)));
        spaces && !self.labels.iter().any(differ)
    }
}

fn plain(lines: &[Line]) -> impl Iterator<Item = &Line> {
    lines.iter().filter(|l| l.pod_labels.is_empty())
}

impl Claim {
    /// Whether a `jobs` glob means the part. A fast class is meant only where its class is written:
    /// the whole job does not bring one-second data to a centre by the way.
    pub fn names(&self, part: &Part<'_>) -> bool {
        let (job, class) = (part.job().name.as_str(), part.class.as_deref());
        self.jobs.iter().any(|g| g.matches(job, class) && (!part.is_fast() || g.class.is_some()))
    }

    /// Whether two lines that name one job claim the same of its series: both whole, or both in a
    /// namespace that one pattern of each is for.
    pub fn meets(&self, other: &Claim) -> bool {
        let none = self.namespaces.is_empty() && other.namespaces.is_empty();
        none || self.namespaces.iter().any(|p| other.namespaces.contains(p))
    }

    fn best(&self, namespace: &str) -> Option<NamespacePattern> {
        self.looked_up.most_specific(namespace)
    }
}

fn most_specific<'c>(claims: impl Iterator<Item = &'c Claim>, namespace: &str) -> Option<&'c Claim> {
    let matching = claims.filter_map(|c| Some((c, c.best(namespace)?)));
    matching.reduce(|best, c| if c.1.beats(&best.1) { c } else { best }).map(|(claim, _)| claim)
}

/// The namespace of the pod the series is about, where it has one.
fn workload_namespace<'n>(who: Who<'_, '_>, namespace: &'n str) -> Option<&'n str> {
    (who.has_workload() && !namespace.is_empty()).then_some(namespace)
}

fn target(destination: Destination) -> Option<Target> {
    match destination {
        Destination::Store(store, tenant) => Some(Target { store, tenant }),
        Destination::None => None,
    }
}

/// Routes of a cluster with the Prometheis that are in each; `None` where all are.
pub(super) fn partitions<'a>(cx: &Context<'a>) -> Vec<Partition<'a>> {
    let ids = (0..cx.fleet.routes.len() as u32).map(RouteId);
    let from = |id: &RouteId| cx.fleet.route(*id).from.iter().any(|c| c.value == cx.id);
    let sends = |id: &RouteId| cx.cluster.lanes.iter().any(|l| route_of(cx.fleet, cx.id, &l.name) == Some(*id));
    ids.filter(from).filter(sends).map(|id| Partition::of(cx, id)).collect()
}

/// The route a Prometheus of the cluster is in: the first by name where there are several, which is
/// an error of its own.
pub(super) fn route_of(fleet: &Fleet, cluster: ClusterId, lane: &str) -> Option<RouteId> {
    let routes = fleet.routes.iter().position(|r| {
        r.from.iter().any(|c| c.value == cluster) && r.lanes.as_ref().is_none_or(|l| l.iter().any(|n| n.value == lane))
    });
    routes.map(|i| RouteId(i as u32))
}

/// A destination is reached one way, whatever line leads to it.
pub(super) fn check_vias(cx: &Context<'_>, partitions: &[Partition<'_>], sink: &mut Sink) {
    let mut known: BTreeMap<Target, &Sourced<String>> = BTreeMap::new();
    for line in partitions.iter().flat_map(|p| p.route.all_lines()) {
        let Some(via) = &line.via else { continue };
        for target in line.stores.iter().filter_map(|d| target(d.value)) {
            let first = *known.entry(target).or_insert(via);
            if first.value != via.value {
                let store = &cx.fleet.store(target.store).name;
                let what = format!("`{store}` is reached over `{}` and over `{}`", first.value, via.value);
                let at = cx.place(via.origin, line.origin);
                let diagnostic = Diagnostic::new(&codes::TWO_VIAS, at, what).here("another way");
                sink.push(cx.labelled(diagnostic, first.origin, "one way"));
            }
        }
    }
}

/// All destinations of the cluster's routes, each once: `shared` and `unowned` of all routes, then
/// their `to` lines as written, and `copy` lines behind them. A relay's queue belongs to its place in this list, and lines are what
/// is added: a new one comes last and moves none.
pub(super) fn destinations<'a>(cx: &Context<'a>, partitions: &[Partition<'a>]) -> Vec<Dest<'a>> {
    let mut out: Vec<Dest<'a>> = Vec::new();
    let routes = || partitions.iter().map(|p| p.route);
    let lines = routes().flat_map(|r| &r.lines).chain(routes().flat_map(|r| &r.copies));
    let lines = lines.flat_map(|l| l.stores.iter().map(move |d| (d, Some(l))));
    let remainders = || routes().flat_map(|r| r.shared.iter().chain(&r.unowned).flatten());
    for (said, line) in lines.chain(remainders().map(|d| (d, None))) {
        let Some(target) = target(said.value) else { continue };
        let survive = line.and_then(|l| l.survive).unwrap_or(cx.cluster.survive);
        let via = line.and_then(|l| l.via.as_ref());
        match out.iter_mut().find(|d| d.target == target) {
            Some(known) => {
                if survive.value > known.survive.value {
                    known.survive = survive;
                }
                known.via = known.via.or(via);
            }
            None => out.push(Dest { target, survive, via, origin: said.origin }),
        }
    }
    // A line says more about where a destination comes from than `shared` does; it does not say when.
    let first: Vec<Target> = remainders().filter_map(|d| target(d.value)).collect();
    out.sort_by_key(|d| first.iter().position(|t| *t == d.target).unwrap_or(usize::MAX));
    out
}
