//! Rule packs as PrometheusRules, each selected by one lane.

use super::{Emit, LANE_LABEL, Meta};
use crate::catalog::Settings;
use crate::model::plan::RulePlan;
use crate::object::{Place, Tree};

pub fn pack(out: &mut Emit<'_, '_>, rule: &RulePlan) {
    let Some(entry) = out.catalog.rule_pack(&rule.pack) else { return };
    let Some(template) = out.catalog.rules_template(entry) else { return };
    let settings = Settings::new(&out.versions).with("prometheus", rule.lane.as_str());
    let mut groups = Tree::new();
    let Some(root) = out.evaluate(template, &settings, &mut groups) else { return };
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
