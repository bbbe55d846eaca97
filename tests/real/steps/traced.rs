//! What `trace` tells of a series, held against where it is.

use std::collections::BTreeSet;

use watershed::catalog::Version;
use watershed::catalog::metrics::Table;
use watershed::model::plan::ClusterPlan;
use watershed::plan::{Question, Wanted};
use watershed::relabel::Condition;
use watershed::relabel::regex::Cache;

use super::delivered::LATELY;
use super::meaning::Series;
use super::planned::Planned;
use super::running::Running;
use super::stores::{self, Store};
use crate::ground::cluster::Cluster;
use crate::ground::{Outcome, Trouble};

/// Classes that the smallest of the examples has: fewer, and what is held against stores says nothing.
const FEW: usize = 8;

/// `trace` is asked where one series of each class goes that a Prometheus holds: it has to name the stores that hold it.
pub fn agrees(cluster: &Cluster, running: &Running, example: &Planned, plan: &ClusterPlan<'_>) -> Outcome<usize> {
    let (fleet, _) = example.fleet()?;
    let catalog = example.catalog();
    let said = plan.cluster.versions.iter();
    let versions = said.filter_map(|(n, v)| Some((n.clone(), Version::parse(&v.value.to_string())?))).collect();
    let at: Vec<(&Store, Vec<Series>)> =
        running.stores.iter().map(|s| Ok((s, s.series(LATELY)?))).collect::<Outcome<_>>()?;
    let (mut asked, mut wrong) = (BTreeSet::new(), Vec::new());
    for (lane, _, base) in running.prometheis(cluster, plan)? {
        let sender = format!("{}/{lane}", plan.cluster.namespace.value);
        for series in stores::series(&base, LATELY)? {
            let label = |name: &str| series.get(name).map_or("", String::as_str);
            let (name, job, class) = (label("__name__"), label("job"), label("job_class"));
            let monitor =
                plan.monitors.iter().find(|m| m.job_value == job && m.class.as_deref().unwrap_or("") == class);
            // What a rule has made comes from no target, and what no table lists is not known to trace; nor is what only
            // the newer release exposes that stands in for the declared one.
            let listed = monitor.is_some_and(|m| {
                let known = |t: Table<'_>| t.find(name).is_some_and(|f| f.is_in(t.component, &versions));
                catalog.metrics(&m.job).is_none_or(known)
            });
            if name.contains(':') || name.starts_with("ALERTS") || !listed {
                continue;
            }
            if !asked.insert((lane.to_owned(), job.to_owned(), class.to_owned())) {
                continue;
            }
            let told = ["job", "job_class", "metrics_path", "namespace"].map(|l| (l, label(l)));
            let selector: Vec<String> =
                told.iter().filter(|(_, v)| !v.is_empty()).map(|(l, v)| format!("{l}={v:?}")).collect();
            let text = format!("{name}{{{}}}", selector.join(","));
            let selector = Condition::parse(&text, &Cache::new()).map_err(|e| Trouble::new(format!("{text}: {e}")))?;
            let question = Question::new(Wanted::Series(selector), None);
            let trace = watershed::plan::trace(fleet, catalog, plan, &question);
            let ways: Vec<_> = trace.ways.iter().filter(|w| w.lane == lane).collect();
            if ways.is_empty() {
                wrong.push(format!("{text} of {lane}: trace knows no way"));
                continue;
            }
            let ends = ways.iter().flat_map(|w| &w.ends).filter(|e| e.arrives.is_some());
            let expected: BTreeSet<_> = ends.map(|e| (e.store, e.tenant)).collect();
            let same = |there: &Series| {
                let has = |l: &str, v: &str| there.get(l).map_or("", String::as_str) == v;
                has("__name__", name) && has("prometheus", &sender) && told.iter().all(|(l, v)| has(l, v))
            };
            let held: BTreeSet<_> = at.iter().filter(|(_, all)| all.iter().any(same)).map(|(s, _)| s.target).collect();
            if expected != held {
                wrong.push(format!("{text} of {lane}: trace says {expected:?}, and {held:?} hold it"));
            }
        }
    }
    if asked.len() < FEW {
        let what = format!("{} classes were found to ask trace for, and every cluster has {FEW}", asked.len());
        return Err(Trouble::new(what));
    }
    if wrong.is_empty() {
        Ok(asked.len())
    } else {
        Err(Trouble::new("trace does not say where series are").said(wrong.join("\n")))
    }
}
