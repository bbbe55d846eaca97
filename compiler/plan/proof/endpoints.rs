//! What the emitted monitors bring into a Prometheus: each endpoint that the plan means for a part, none twice and
//! none that nobody asked for, with the labels its series are told by.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::Context;
use super::super::critical;
use super::super::discovered::Discovery;
use super::super::keep;
use super::super::monitors::{CLASS_LABEL, PATH_LABEL, from_catalog};
use super::super::parts::Part;
use super::super::senders::dialect;
use super::super::source::Found;
use super::fault::Fault;
use super::scraped::{Page, Program, Scraped, is_blind, wants};
use crate::model::plan::{ClusterPlan, Endpoint, LanePlan, Monitor, RelayScrape};
use crate::relabel::regex::Cache;
use crate::relabel::{Chain, Dialect, Labels, Outcome, Written, stages};

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
            if !self.selects(part, monitor) {
                faults.push(self.whole(part, lane, monitor, "targets that are not its own", "takes"));
            }
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

    /// Whether the monitor looks where the targets of the part are, and asks for their labels.
    fn selects(&self, part: &Part<'_>, monitor: &Monitor) -> bool {
        let home = &self.cx.cluster.namespace.value;
        let (namespaces, any) = match &part.source.found {
            Found::Service(place) | Found::Pod(place) | Found::Kubelet(place) | Found::Annotations(place) => {
                if monitor.selector != place.labels {
                    return false;
                }
                (&place.namespaces[..], place.namespaces.is_empty())
            }
            Found::Static(_) | Found::Lanes => (std::slice::from_ref(home), false),
            Found::Probe => (&[][..], false),
        };
        monitor.namespaces == namespaces && monitor.any_namespace == any
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
                if !asks_alike(&scrape.endpoint, endpoint) || !looks_alike(scrape, monitor) {
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

/// Whether two endpoints ask the same and believe the same of it. Their rules are for the witnesses.
fn asks_alike(a: &Endpoint, b: &Endpoint) -> bool {
    let asked = |e: &Endpoint| (e.port.clone(), e.path.clone(), e.scheme.clone(), e.params.clone(), e.honor_labels);
    asked(a) == asked(b)
}

/// Whether the relay looks for targets in the same namespaces.
fn looks_alike(scrape: &RelayScrape, monitor: &Monitor) -> bool {
    let everywhere = monitor.any_namespace && scrape.namespaces.is_empty();
    everywhere || !monitor.any_namespace && scrape.namespaces == monitor.namespaces
}

fn is_for(monitor: &Monitor, part: &Part<'_>, lane: &str, owned: bool) -> bool {
    monitor.job == part.job().name && monitor.class == part.class && monitor.lane == lane && monitor.owned == owned
}
