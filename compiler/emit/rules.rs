//! Rule packs as PrometheusRules, each selected by one lane.

use super::{Emit, LANE_LABEL, Meta};
use crate::catalog::{Catalog, Held, PeaksInput, RelayQueue, RulesInput, Scraped, Settings, Versions};
use crate::diag::{Diagnostic, Origin, Sourced};
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, Endpoint, Monitor, PeaksPlan, RelayUrl, RulePlan, StoreRulesPlan, Workload};
use crate::model::value::Duration;
use crate::object::{NodeId, Place, Tree, json};

pub fn pack(out: &mut Emit<'_, '_>, rule: &RulePlan) {
    let Some(entry) = out.catalog.rule_pack(&rule.pack) else { return };
    let Some(template) = out.catalog.rules_template(entry) else { return };
    let settings = settings(out.plan, &out.versions, rule);
    let mut groups = Tree::new();
    let Some(root) = out.evaluate(template, settings, &mut groups) else { return };
    let namespace = out.namespace().to_owned();
    let name = format!("{}-{}", rule.lane, rule.pack);
    let meta = Meta {
        place: Place::Rules,
        api_version: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        namespace: &namespace,
        name: &name,
        unit: ("prometheus", &rule.lane),
        origin: rule.origin,
        labels: &[(LANE_LABEL, &rule.lane)],
    };
    out.object(&meta, |o| o.object("spec", |s| s.copy("groups", &groups, root)));
}

/// The unit tests of a pack for what a lane evaluates: the list `tests` of promtool's format, as JSON.
/// `None` where the pack has none.
///
/// # Errors
/// A template that cannot be evaluated with what the plan gives it.
pub fn rule_tests(
    plan: &ClusterPlan<'_>,
    catalog: &Catalog,
    rule: &RulePlan,
) -> Result<Option<String>, Box<Diagnostic>> {
    let Some(template) = catalog.rule_pack(&rule.pack).and_then(|pack| catalog.rules_tests(pack)) else {
        return Ok(None);
    };
    let evaluated = catalog.memo().eval(template, settings(plan, &super::versions(plan), rule))?;
    Ok(evaluated.root().map(|(tree, root)| {
        let mut text = String::new();
        json::write(tree, root, false, &mut text);
        text
    }))
}

/// As [`rule_tests`], for the packs that a store evaluates: one text for each, in their order.
///
/// # Errors
/// A template that cannot be evaluated with what the plan gives it.
pub fn store_rule_tests(
    plan: &ClusterPlan<'_>,
    fleet: &Fleet,
    catalog: &Catalog,
    rules: &StoreRulesPlan,
) -> Result<Vec<Option<String>>, Box<Diagnostic>> {
    let versions = super::versions(plan);
    let tests = rules.packs.iter().map(|pack| {
        let entry = catalog.rule_pack(&pack.value);
        let Some(template) = entry.and_then(|pack| catalog.rules_tests(pack)) else { return Ok(None) };
        let evaluated = catalog.memo().eval(template, store_settings(fleet, rules, &versions))?;
        Ok(evaluated.root().map(|(tree, root)| {
            let mut text = String::new();
            json::write(tree, root, false, &mut text);
            text
        }))
    });
    tests.collect()
}

/// How long an alert of a store's rules is pending before it fires, `5m`.
pub fn store_alert_waits(
    plan: &ClusterPlan<'_>,
    fleet: &Fleet,
    catalog: &Catalog,
    rules: &StoreRulesPlan,
    alert: &str,
) -> Option<String> {
    let settings = store_settings(fleet, rules, &super::versions(plan));
    let templates = rules.packs.iter().filter_map(|p| catalog.rules_template(catalog.rule_pack(&p.value)?));
    let evaluated: Vec<_> = templates.filter_map(|t| catalog.memo().eval(t, settings.clone()).ok()).collect();
    let waits = |(tree, root): (&Tree, NodeId)| {
        let groups = tree.children(root).filter_map(|group| tree.get(group, "rules"));
        let of = |rule: &NodeId| tree.get(*rule, "alert").and_then(|name| tree.as_str(name)) == Some(alert);
        let rule = groups.flat_map(|rules| tree.children(rules)).find(of)?;
        Some(tree.as_str(tree.get(rule, "for")?)?.to_owned())
    };
    evaluated.iter().filter_map(|e| e.root()).find_map(waits)
}

/// What the templates of a pack are evaluated with at a store.
pub(super) fn store_settings(fleet: &Fleet, rules: &StoreRulesPlan, versions: &Versions) -> Settings {
    let input = RulesInput {
        evaluated_by: fleet.store(rules.store).name.clone(),
        identity: fleet.identity.value.clone(),
        clusters: rules.clusters.clone(),
        ..RulesInput::default()
    };
    input.settings(versions)
}

/// What the templates of a pack are evaluated with.
fn settings(plan: &ClusterPlan<'_>, versions: &Versions, rule: &RulePlan) -> Settings {
    let lane = rule.lane.as_str();
    let (scraped, intervals): (Vec<Scraped>, Vec<Origin>) = scraped(plan, lane).into_iter().unzip();
    let peaks = peaks(plan, lane);
    let input = RulesInput {
        evaluated_by: lane.to_owned(),
        scraped,
        has: rule.has.clone(),
        watches: watches(plan, lane),
        queues: queues(plan),
        workloads: plan.workloads.iter().map(held).collect(),
        remote_write: plan.lanes.iter().any(|l| !l.remote_write.is_empty()),
        identity: lane_identity(plan).to_owned(),
        clusters: Vec::new(),
        runbooks: None,
        peaks: peaks.iter().map(|(input, _)| input.clone()).collect(),
    };
    let mut settings = input.settings(versions);
    for (i, (_, peaks)) in peaks.iter().enumerate() {
        settings.came_from(&format!("peaks[{i}].interval"), peaks.interval.origin);
        settings.came_from(&format!("peaks[{i}].window"), peaks.interval.origin);
        settings.came_from(&format!("peaks[{i}].every"), peaks.every.origin);
    }
    for (i, origin) in intervals.into_iter().enumerate() {
        settings.came_from(&format!("scraped[{i}].interval"), origin);
        settings.came_from(&format!("scraped[{i}].interval_ms"), origin);
    }
    settings
}

/// What a lane records, for each value of the label `job`.
fn peaks<'p>(plan: &'p ClusterPlan<'_>, lane: &str) -> Vec<(PeaksInput, &'p PeaksPlan)> {
    let ms = |d: Sourced<Duration>| u32::try_from(d.value.millis()).unwrap_or(u32::MAX);
    let of_value = |peaks: &'p PeaksPlan, job: &str| {
        let input = PeaksInput {
            job: job.to_owned(),
            class: peaks.class.clone(),
            twin: peaks.twin.clone(),
            interval_ms: ms(peaks.interval),
            every_ms: ms(peaks.every),
            records: peaks.records.clone(),
        };
        (input, peaks)
    };
    let own = plan.lanes.iter().filter(|l| l.name == lane).flat_map(|l| &l.peaks);
    own.flat_map(|p| p.values.iter().map(move |job| of_value(p, job))).collect()
}

/// The label that tells clusters apart: the first of every Prometheus' external labels.
fn lane_identity<'p>(plan: &'p ClusterPlan<'_>) -> &'p str {
    plan.lanes.iter().find_map(|l| l.external_labels.first()).map_or("", |(name, _)| name)
}

/// Whether a lane scrapes the Prometheis themselves: what they say of their queues is there, and
/// nowhere else.
fn watches(plan: &ClusterPlan<'_>, lane: &str) -> bool {
    plan.monitors.iter().any(|m| m.lane == lane && m.selector.contains_key(LANE_LABEL))
}

/// Of the relay, in the order it was given them, by which it counts.
fn queues(plan: &ClusterPlan<'_>) -> Vec<RelayQueue> {
    let urls = plan.relay.iter().flat_map(|relay| &relay.urls);
    let queue =
        |(place, url): (u32, &RelayUrl)| RelayQueue { to: url.name.clone(), place, bytes: url.queue.value.get() };
    (1..).zip(urls).map(queue).collect()
}

fn held(workload: &Workload) -> Held {
    Held {
        unit: workload.unit.clone(),
        namespace: workload.namespace.clone(),
        pods: workload.pods.clone(),
        container: workload.container.clone(),
        memory: workload.memory.map(|m| m.get()),
        claims: workload.claims.clone(),
    }
}

/// Of a scrape that nothing says it of: Prometheus' own `scrape_timeout`, `global` in its documentation.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a lane scrapes, one entry for each `job` and class, sorted, and where its interval comes from.
fn scraped(plan: &ClusterPlan<'_>, lane: &str) -> Vec<(Scraped, Origin)> {
    let key = |(s, _): &(Scraped, Origin)| (s.job.clone(), s.class.clone(), s.path.clone());
    let monitors = plan.monitors.iter().filter(|m| m.lane == lane);
    let of_lane = plan.lanes.iter().find(|l| l.name == lane).and_then(|l| l.scrape_timeout);
    let ms = |d: Duration| u32::try_from(d.millis()).unwrap_or(u32::MAX);
    let timeout = |e: &Endpoint| e.timeout.or(of_lane).map_or(TIMEOUT, |t| t.value).min(e.interval.value);
    let mut all: Vec<(Scraped, Origin)> = monitors
        .flat_map(|m| m.endpoints.iter().map(move |e| (m, e)))
        .map(|(m, e)| {
            let scraped = Scraped {
                job: m.job_value.clone(),
                class: m.class.clone(),
                path: path(plan, m, e),
                interval_ms: ms(e.interval.value),
                timeout_ms: ms(timeout(e)),
                per_node: m.per_node,
                may_be_none: m.may_be_none,
            };
            (scraped, e.interval.origin)
        })
        .collect();
    all.sort_by(|a, b| key(a).cmp(&key(b)).then(a.0.interval_ms.cmp(&b.0.interval_ms)));
    // Several endpoints of one class (kubelets) alert together, by the slowest of them.
    all.reverse();
    all.dedup_by(|a, b| key(a) == key(b));
    all.reverse();
    all
}

/// The path of an endpoint where it tells the monitor's targets from those of another job under the
/// same label `job` (kubelets serve several): such jobs carry it as a label.
fn path(plan: &ClusterPlan<'_>, monitor: &Monitor, endpoint: &Endpoint) -> Option<String> {
    let shared = plan.monitors.iter().any(|m| m.job_value == monitor.job_value && m.job != monitor.job);
    shared.then(|| endpoint.path.clone())
}
