//! Rule packs as PrometheusRules, each selected by one lane.

use super::{Emit, LANE_LABEL, Meta};
use crate::catalog::{RulesInput, Scraped};
use crate::diag::Origin;
use crate::model::plan::{ClusterPlan, Endpoint, Monitor, RulePlan};
use crate::object::{Place, Tree};

pub fn pack(out: &mut Emit<'_, '_>, rule: &RulePlan) {
    let Some(entry) = out.catalog.rule_pack(&rule.pack) else { return };
    let Some(template) = out.catalog.rules_template(entry) else { return };
    let (scraped, intervals): (Vec<Scraped>, Vec<Origin>) = scraped(out.plan, &rule.lane).into_iter().unzip();
    let input = RulesInput {
        evaluated_by: rule.lane.clone(),
        scraped,
        watches: watches(out.plan, &rule.lane),
        remote_write: out.plan.lanes.iter().any(|l| !l.remote_write.is_empty()),
        runbooks: None,
    };
    let mut settings = input.settings(&out.versions);
    for (i, origin) in intervals.into_iter().enumerate() {
        settings.came_from(&format!("scraped[{i}].interval"), origin);
        settings.came_from(&format!("scraped[{i}].interval_ms"), origin);
    }
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

/// Whether a lane scrapes the Prometheis themselves: what they say of their queues is there, and
/// nowhere else.
fn watches(plan: &ClusterPlan<'_>, lane: &str) -> bool {
    plan.monitors.iter().any(|m| m.lane == lane && m.selector.contains_key(LANE_LABEL))
}

/// What a lane scrapes, one entry for each `job` and class, sorted, and where its interval comes from.
fn scraped(plan: &ClusterPlan<'_>, lane: &str) -> Vec<(Scraped, Origin)> {
    let key = |(s, _): &(Scraped, Origin)| (s.job.clone(), s.class.clone(), s.matchers.clone());
    let monitors = plan.monitors.iter().filter(|m| m.lane == lane);
    let mut all: Vec<(Scraped, Origin)> = monitors
        .flat_map(|m| m.endpoints.iter().map(move |e| (m, e)))
        .map(|(m, e)| {
            let scraped = Scraped {
                job: m.job_value.clone(),
                class: m.class.clone(),
                matchers: matchers(plan, m, e),
                interval_ms: u32::try_from(e.interval.value.millis()).unwrap_or(u32::MAX),
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

/// What tells a monitor's targets from those of another job under the same `job` label (kubelets
/// serve several): the path, which such jobs carry as a label.
fn matchers(plan: &ClusterPlan<'_>, monitor: &Monitor, endpoint: &Endpoint) -> Vec<String> {
    let shared = plan.monitors.iter().any(|m| m.job_value == monitor.job_value && m.job != monitor.job);
    if shared { vec![format!("metrics_path=\"{}\"", endpoint.path)] } else { Vec::new() }
}
