//! Where a series goes, step by step: a target made up for each monitor that brings it, its labels
//! through every rule that is emitted, to the stores that take it.

mod ends;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use super::boards::{collectors, serves_metric};
use super::context::Context;
use super::parts::{self, Part};
use super::relay;
use super::routing::{self, PodLabel, Target};
use super::senders::Senders;
use crate::catalog::{Asked, Catalog, Has};
use crate::diag::Sink;
use crate::model::fleet::Fleet;
use crate::model::ids::StoreId;
use crate::model::plan::{ClusterPlan, Endpoint, Monitor};
use crate::model::trace::{Trace, Whither};
use crate::relabel::Condition;
use crate::relabel::regex::examples;

/// What somebody wants to know of.
#[derive(Debug, Clone)]
pub struct Question {
    pub wanted: Wanted,
    /// Only what is about pods of this namespace.
    pub namespace: Option<String>,
    /// And with these labels, of those that lines of the route ask for.
    pods: Vec<PodLabel>,
}

#[derive(Debug, Clone)]
pub enum Wanted {
    Series(Condition),
    Job { job: String, class: Option<String> },
}

impl Question {
    pub fn new(wanted: Wanted, namespace: Option<String>) -> Self {
        Question { wanted, namespace, pods: Vec::new() }
    }

    /// The value a label has to have.
    fn label(&self, name: &str) -> Option<String> {
        if let (NAMESPACE, Some(namespace)) = (name, &self.namespace) {
            return Some(namespace.clone());
        }
        self.labels().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The value a label that we make up is given: the one it has to have, or one that fits.
    fn made_up(&self, name: &str) -> Option<String> {
        let others = ["x", "y"].map(str::to_owned).into_iter().filter(|value| self.allows_value(name, value));
        self.label(name).or_else(|| self.examples(name).into_iter().chain(others).next())
    }

    /// The same of a label that has a value where nothing else is asked for.
    fn made_up_or(&self, name: &str, usual: &str) -> Option<String> {
        match self.label(name).is_none() && self.allows_value(name, usual) {
            true => Some(usual.to_owned()),
            false => self.made_up(name),
        }
    }

    fn allows_value(&self, name: &str, value: &str) -> bool {
        match &self.wanted {
            Wanted::Series(condition) => condition.allows(name, value),
            Wanted::Job { .. } => true,
        }
    }

    /// Values by which an expression for the label is shown, where the question has one.
    fn examples(&self, name: &str) -> Vec<String> {
        let Wanted::Series(condition) = &self.wanted else { return Vec::new() };
        let patterns = condition.expressions().into_iter().filter(|(label, _)| *label == name);
        let made = patterns.filter_map(|(_, pattern)| examples(pattern)).flatten();
        made.filter(|value| condition.allows(name, value)).collect()
    }

    /// Labels that are asked for otherwise than by their value.
    fn like(&self) -> BTreeSet<String> {
        let Wanted::Series(condition) = &self.wanted else { return BTreeSet::new() };
        condition.needed().into_iter().map(str::to_owned).collect()
    }

    /// Whether series about pods of the namespace are meant.
    fn allows(&self, namespace: &str) -> bool {
        self.allows_value(NAMESPACE, namespace)
    }

    /// Whether series of no namespace are meant.
    fn of_none(&self) -> bool {
        matches!(&self.wanted, Wanted::Series(condition) if condition.asks_for_none(NAMESPACE))
    }

    fn labels(&self) -> Vec<(String, String)> {
        let equal = match &self.wanted {
            Wanted::Series(condition) => condition.equalities().unwrap_or_default(),
            Wanted::Job { .. } => Vec::new(),
        };
        let said = equal.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        said.chain(self.pods.iter().cloned()).collect()
    }

    /// Whether it says anything about a label.
    fn asks(&self, label: &str) -> bool {
        let is = |name: &str| name == label;
        self.labels().iter().any(|(name, _)| is(name))
            || matches!(&self.wanted, Wanted::Series(condition) if condition.names(label))
    }
}

const NAME: &str = "__name__";
const NAMESPACE: &str = "namespace";

/// The ways of what is asked for through one cluster. Pure; a rule that no program takes ends a way
/// where it stands.
pub fn trace(fleet: &Fleet, catalog: &Catalog, plan: &ClusterPlan<'_>, question: &Question) -> Trace {
    let cx = Context::new(fleet, catalog, plan.id);
    let parts = parts::parts(&cx, &mut Sink::default());
    let partitions = routing::partitions(&cx);
    let mut out = Trace { ways: Vec::new(), not_from: Vec::new(), not_collected: Vec::new() };
    let Ok(senders) = Senders::compile(&cx, plan) else { return out };
    let name = question.label(NAME);
    let asked = name.as_deref().map(|name| catalog.who_has(name));
    let walk = way::Walk {
        cx: &cx,
        plan,
        question,
        partitions: &partitions,
        senders: &senders,
        parts: &parts.all,
        name: name.as_deref(),
    };
    let made = name.as_deref().is_some_and(is_made);
    let mut lacking = Vec::new();
    for monitor in plan.monitors.iter().filter(|_| !made) {
        let part = parts.all.iter().find(|p| p.job().name == monitor.job && p.class == monitor.class);
        let Some(part) = part.filter(|p| names(question, p)) else { continue };
        let certain = match presence(&cx, &parts.all, part, asked.as_ref(), question, monitor) {
            Ok(presence) => presence,
            Err(why) => {
                lacking.extend(why.map(|why| (part.reference(), why)));
                continue;
            }
        };
        let before = out.ways.len();
        let mut why_not = None;
        for endpoint in &monitor.endpoints {
            if !certain.at(part, endpoint) {
                continue;
            }
            match walk.from(monitor, part, endpoint, certain.is_sure()) {
                Ok(ways) => {
                    let labelled = walk.labelled(monitor, part, endpoint, certain.is_sure(), &ways);
                    out.ways.extend(ways);
                    out.ways.extend(labelled);
                }
                Err(why) => why_not = why_not.or(Some(why)),
            }
        }
        let reference = part.reference();
        if out.ways.len() == before
            && let Some(why) = why_not
            && !out.not_from.iter().any(|(class, _)| *class == reference)
        {
            out.not_from.push((reference, why));
        }
    }
    if made {
        out.ways = walk.recorded();
    }
    // Another class of the job, or another job, may well have it.
    if out.ways.is_empty() && out.not_from.is_empty() {
        lacking.dedup();
        out.not_from = lacking;
    }
    let wanted = |job: &str| match &question.wanted {
        Wanted::Job { job: wanted, .. } => wanted == job,
        Wanted::Series(_) => asked.as_ref().is_some_and(|a| a.jobs.iter().any(|has| has.job == job)),
    };
    out.not_collected = plan.not_collected.iter().filter(|(job, _)| wanted(job)).cloned().collect();
    // What is known to be there says more than what may be.
    if out.ways.iter().any(|w| w.scrape.as_ref().is_some_and(|s| s.certain)) {
        out.ways.retain(|w| w.scrape.as_ref().is_none_or(|s| s.certain));
    }
    out
}

/// The destination of a name: a store, one of its tenants as routes write it, or either as pages call it.
///
/// # Errors
/// There is none of this name, with what may have been meant.
pub fn destination(fleet: &Fleet, name: &str) -> Result<Whither, String> {
    let mut all: BTreeMap<String, (StoreId, Option<u32>)> = BTreeMap::new();
    for store in fleet.store_ids() {
        let of = fleet.store(store);
        for tenant in &of.tenants {
            let id = tenant.id.value;
            all.insert(format!("{}/{}", of.name, tenant.name), (store, Some(id)));
            all.entry(relay::name_in(fleet, Target { store, tenant: id })).or_insert((store, Some(id)));
        }
        all.insert(of.name.clone(), (store, None));
    }
    if let Some((store, tenant)) = all.get(name) {
        return Ok(Whither { name: name.to_owned(), store: *store, tenant: *tenant });
    }
    // A tenant is one of its store's, where that is spelt right.
    let store = name.split_once('/').map(|(store, _)| store).filter(|store| all.contains_key(*store));
    let near =
        |known: &&str| store.is_none_or(|s| known.strip_prefix(s).is_some_and(|t| t.is_empty() || t.starts_with('/')));
    let names = || all.keys().map(String::as_str).filter(near);
    Err(match crate::diag::nearest(name, names()) {
        Some(near) => format!("there is no store or destination `{name}`, did you mean `{near}`?"),
        None => {
            format!("there is no store or destination `{name}`; there are: {}", names().collect::<Vec<_>>().join(", "))
        }
    })
}

/// Whether a rule has made it: nothing that is exposed is called so.
fn is_made(name: &str) -> bool {
    name.contains(':') || matches!(name, "ALERTS" | "ALERTS_FOR_STATE")
}

fn names(question: &Question, part: &Part<'_>) -> bool {
    match &question.wanted {
        Wanted::Series(_) => true,
        Wanted::Job { job, class } => {
            *job == part.job().name && class.as_ref().is_none_or(|c| Some(c) == part.class.as_ref())
        }
    }
}

/// Which endpoints of a part may have the series.
enum Presence {
    /// A table says that it comes from these; none: from each.
    Sure(Vec<String>),
    /// There is no table.
    Perhaps,
}

impl Presence {
    fn is_sure(&self) -> bool {
        matches!(self, Presence::Sure(_))
    }

    fn at(&self, part: &Part<'_>, endpoint: &Endpoint) -> bool {
        let Presence::Sure(from) = self else { return true };
        // Otherwise they are collectors, which all answer at one endpoint.
        let named = part.pick.endpoints.iter().any(|e| from.contains(&e.name));
        !named || from.contains(&endpoint.name)
    }
}

/// # Errors
/// The part does not have it; with why, where its job is one that may.
fn presence(
    cx: &Context<'_>,
    all: &[Part<'_>],
    part: &Part<'_>,
    asked: Option<&Asked>,
    question: &Question,
    monitor: &Monitor,
) -> Result<Presence, Option<String>> {
    let Some(asked) = asked else { return Ok(Presence::Sure(Vec::new())) };
    if asked.of_every_scrape {
        return Ok(Presence::Sure(Vec::new()));
    }
    let collectors = collectors(cx, all, part);
    // What `drop` or `keep` of the job takes out goes a way as well, as far as to the rule that drops it.
    if let Some(has) = asked.jobs.iter().find(|has| serves_metric(cx, part, &collectors, &asked.metric, has)) {
        return Ok(Presence::Sure(has.from.clone()));
    }
    let unlisted = part.source.entry.is_none_or(|entry| cx.catalog.metrics(&entry.name).is_none());
    let by_name = question.label("job").is_some_and(|job| job == monitor.job_value);
    if unlisted && (by_name || asked.jobs.is_empty()) {
        return Ok(Presence::Perhaps);
    }
    let of_job = asked.jobs.iter().find(|has| has.job == part.job().name && part.source.entry.is_some());
    Err(of_job.map(|has| lack(cx, has)))
}

/// Why nothing of a job that has the metric brings it.
fn lack(cx: &Context<'_>, has: &Has) -> String {
    let declared = has.component.as_ref().and_then(|c| Some((c, cx.versions.get(c)?)));
    match declared.filter(|_| !has.is_in(&cx.versions)) {
        Some((component, version)) => {
            let since = has.since.as_ref().map(|v| format!(" from {v} on"));
            let until = has.until.as_ref().map(|v| format!(" before {v}"));
            let when = since.into_iter().chain(until).collect::<Vec<_>>().join(" and");
            format!("{component} {version} does not have it: it is there{when}")
        }
        None if has.from.is_empty() => "it is of another class".to_owned(),
        None => format!("nothing asks it for {} here", has.from.join(" or ")),
    }
}
