//! What a route means for a series, read from the fleet anew: the language's four questions, and
//! nothing of how the compiler answers them with relabelling.
//!
//! 1. Does a line name its job? That line has it; in a namespace, if the line names both.
//! 2. Is it about a namespace that a line owns? The most particular line has it.
//! 3. Is it about no namespace? It is shared.
//! 4. Else it is unowned.
//!
//! A `copy` line is asked the same by itself, and sends what it claims besides.

use std::collections::{BTreeMap, BTreeSet};

use watershed::catalog::{Catalog, WorkloadNamespace};
use watershed::diag::Sourced;
use watershed::model::fleet::{Destination, Fleet, Line, Route};
use watershed::model::ids::StoreId;
use watershed::model::plan::{ClusterPlan, FleetPlan, Monitor};
use watershed::model::value::JobGlob;

/// A series: `__name__` and all other labels.
pub type Series = BTreeMap<String, String>;

/// A tenant of a store.
pub type Target = (StoreId, u32);

/// Faster ones are sent nowhere but where a route names them, milliseconds.
const FAST: u64 = 5_000;

pub struct Meaning<'a> {
    catalog: &'a Catalog,
    plan: &'a ClusterPlan<'a>,
    /// Of the Prometheus that is asked about.
    lane: &'a str,
    route: Option<&'a Route>,
}

impl<'a> Meaning<'a> {
    /// For what the Prometheus `lane` of a cluster holds.
    pub fn of(
        fleet: &'a Fleet,
        fleet_plan: &'a FleetPlan,
        catalog: &'a Catalog,
        plan: &'a ClusterPlan<'a>,
        lane: &'a str,
    ) -> Self {
        let routes = fleet_plan.routes.get(plan.id.index()).map_or(&[][..], Vec::as_slice);
        let route = routes.iter().find(|(name, _)| name == lane).map(|(_, id)| fleet.route(*id));
        Meaning { catalog, plan, lane, route }
    }

    /// Where a series of this Prometheus has to arrive.
    pub fn destinations(&self, series: &Series) -> BTreeSet<Target> {
        let Some(route) = self.route else { return BTreeSet::new() };
        // What a rule has made is, with the labels of a job's target, that job's; peaks of a fast class belong where its
        // twin does, which another Prometheus scrapes.
        let made = label(series, "__name__").contains(':');
        let monitor = self.monitor(series).or_else(|| self.twin(series).filter(|_| made));
        if monitor.is_some_and(|m| !m.owned) {
            return BTreeSet::new();
        }
        let fast = monitor.is_some_and(|m| m.endpoints.iter().any(|e| e.interval.value.millis() < FAST));
        let namespace = self.workload(series, monitor);
        let lines = |lines: &'a [Line], shared, unowned| {
            let asked = Asked { monitor, fast, namespace, shared, unowned };
            targets(asked.answer(lines).iter().map(|s| s.value))
        };
        // Every copy is asked by itself, and what it does not claim it does not send.
        let copies = route.copies.iter().flat_map(|copy| lines(std::slice::from_ref(copy), &[], &[]));
        let of = |said: &'a Option<Vec<_>>| said.as_deref().unwrap_or_default();
        lines(&route.lines, of(&route.shared), of(&route.unowned)).into_iter().chain(copies).collect()
    }

    /// Whether the relay scrapes it too, from the same target.
    pub fn twice(&self, series: &Series) -> bool {
        let scrapes = || self.plan.relay.iter().flat_map(|r| &r.scrapes);
        let made = label(series, "__name__").contains(':') || label(series, "__name__").starts_with("ALERTS");
        !made && self.monitor(series).is_some_and(|m| m.owned && scrapes().any(|s| s.job == m.job))
    }

    /// The monitor whose target a series was scraped from.
    fn monitor(&self, series: &Series) -> Option<&'a Monitor> {
        let (job, class, path) = (label(series, "job"), label(series, "job_class"), label(series, "metrics_path"));
        self.plan.monitors.iter().find(|m| {
            m.lane == self.lane
                && m.job_value == job
                && m.class.as_deref().unwrap_or_default() == class
                && (path.is_empty() || m.endpoints.iter().any(|e| e.path == path))
        })
    }

    /// The monitor of the twin that recorded peaks go with.
    fn twin(&self, series: &Series) -> Option<&'a Monitor> {
        let (job, class, name) = (label(series, "job"), label(series, "job_class"), label(series, "__name__"));
        let own = self.plan.lanes.iter().filter(|l| l.name == self.lane).flat_map(|l| &l.peaks);
        let mut peaks = own.filter(|p| p.twin == class && p.values.iter().any(|v| v == job));
        let made = peaks.find(|p| p.records.iter().any(|(record, _)| record == name))?;
        self.plan.monitors.iter().find(|m| m.owned && m.job == made.job && m.class.as_deref() == Some(class))
    }

    /// The namespace of the workload a series is about.
    fn workload<'s>(&self, series: &'s Series, monitor: Option<&Monitor>) -> Option<&'s str> {
        let namespace = series.get("namespace").map(String::as_str).filter(|n| !n.is_empty())?;
        let Some(job) = monitor.and_then(|m| self.catalog.job(&m.job)) else { return Some(namespace) };
        let name = label(series, "__name__");
        // Of these, the target is the exporter and not what it reports about.
        let of_scrape = name == "up" || name.starts_with("scrape_");
        let about = match job.workload_namespace {
            WorkloadNamespace::Target => true,
            WorkloadNamespace::Reported | WorkloadNamespace::ReportedIfAny => !of_scrape,
            WorkloadNamespace::Nowhere => false,
        };
        about.then_some(namespace)
    }
}

/// The four questions about one series.
struct Asked<'a, 's> {
    monitor: Option<&'a Monitor>,
    fast: bool,
    namespace: Option<&'s str>,
    shared: &'a [Sourced<Destination>],
    unowned: &'a [Sourced<Destination>],
}

impl<'a> Asked<'a, '_> {
    fn answer(&self, lines: &'a [Line]) -> &'a [Sourced<Destination>] {
        let named = |line: &&Line| {
            let globs = line.jobs.iter().filter_map(|j| JobGlob::parse(&j.value).ok());
            let mut globs = globs.filter(|g| !self.fast || g.class.is_some());
            self.monitor.is_some_and(|m| globs.any(|g| g.matches(&m.job, m.class.as_deref())))
        };
        let both = lines.iter().filter(|l| !l.jobs.is_empty() && !l.namespaces.is_empty()).filter(named);
        if let Some(line) = self.namespace.and_then(|n| owner(both, n)) {
            return &line.stores;
        }
        if let Some(line) = lines.iter().filter(|l| !l.jobs.is_empty() && l.namespaces.is_empty()).find(named) {
            return &line.stores;
        }
        if self.fast {
            return &[];
        }
        let plain = |line: &&Line| line.jobs.is_empty();
        if lines.iter().all(|l| l.namespaces.is_empty()) {
            return lines.iter().find(plain).map_or(&[], |l| &l.stores);
        }
        let Some(namespace) = self.namespace else { return self.shared };
        owner(lines.iter().filter(plain), namespace).map_or(self.unowned, |l| &l.stores)
    }
}

/// The line with the most particular pattern for a namespace: a name before a prefix, a longer prefix
/// before a shorter one.
fn owner<'l>(lines: impl Iterator<Item = &'l Line>, namespace: &str) -> Option<&'l Line> {
    let mut best: Option<(usize, &Line)> = None;
    for line in lines {
        for pattern in line.namespaces.iter().map(|n| n.value.as_str()) {
            let weight = match pattern.strip_suffix('*') {
                None if pattern == namespace => usize::MAX,
                Some(stem) if namespace.starts_with(stem) => stem.len() + 1,
                _ => continue,
            };
            if best.is_none_or(|(b, _)| weight > b) {
                best = Some((weight, line));
            }
        }
    }
    best.map(|(_, line)| line)
}

fn targets(said: impl Iterator<Item = Destination>) -> BTreeSet<Target> {
    said.filter_map(|d| match d {
        Destination::Store(store, tenant) => Some((store, tenant)),
        Destination::None => None,
    })
    .collect()
}

fn label<'s>(series: &'s Series, name: &str) -> &'s str {
    series.get(name).map_or("", String::as_str)
}
