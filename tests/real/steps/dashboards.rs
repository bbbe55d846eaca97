//! Every dashboard: its model is one Grafana takes, and every query in it is answered, with data, by a
//! Prometheus 2, a Prometheus 3 and a VictoriaMetrics that hold what Prometheis say of themselves.
//!
//! The two Prometheis scrape themselves and a stand-in, and write to the VictoriaMetrics as two
//! clusters. Variables and macros are replaced as Grafana does it. Grafana itself is in no package
//! registry: a folder in `WATERSHED_GRAFANA_SCHEMAS` with the JSON Schemas of its foundation SDK is
//! used beside the schema of this suite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::backends::{Backend, Backends, Programs};
use super::emitted;
use super::grafana::{self, Query, When};
use crate::ground::{During, Outcome, Trouble};

const SCHEMA: &str = include_str!("../schemas/dashboard.schema.json");
/// Until every query has data: rates need two samples, a queue its first success.
const PATIENCE: Duration = Duration::from_secs(60);

/// # Errors
/// A dashboard no Grafana would take, a query that is refused, or one without data.
pub fn judge(programs: &Programs<'_>, scratch: &Path) -> Outcome<String> {
    let sdk = std::env::var_os("WATERSHED_GRAFANA_SCHEMAS").map(PathBuf::from);
    let mut dashboards = Vec::new();
    for cluster in emitted::clusters()? {
        for map in cluster.of_kind("ConfigMap")? {
            if map.json["metadata"]["labels"].get("grafana_dashboard").is_none() {
                continue;
            }
            for (key, text) in map.json["data"].as_object().into_iter().flatten() {
                let name = format!("{} {key}", map.file);
                let model: Value = serde_json::from_str(text.as_str().unwrap_or_default()).during(&name)?;
                dashboards.push((name, model));
            }
        }
    }
    if dashboards.is_empty() {
        return Err(Trouble::new("output/ holds no dashboard"));
    }
    let own: Value = serde_json::from_str(SCHEMA).during("the schema of dashboards")?;
    for (name, model) in &dashboards {
        valid(&own, model).map_err(|e| e.during(name))?;
        laid_out(model).map_err(|e| e.during(name))?;
        if let Some(folder) = &sdk {
            by_the_sdk(folder, model).map_err(|e| e.during(name))?;
        }
    }
    would_be_seen(&own, &dashboards[0].1)?;

    let backends = Backends::start(programs, &classes(&dashboards), &recorded()?, scratch)?;
    let mut asked = BTreeSet::new();
    for (name, model) in &dashboards {
        for backend in backends.all() {
            let choices = choices(backend, model).map_err(|e| e.during(name))?;
            for values in choices {
                for query in grafana::queries(model, &values).map_err(|e| e.during(name))? {
                    // Dashboards of several clusters ask the same.
                    if asked.insert((backend.name.clone(), query.clone())) {
                        answered(backend, &query).map_err(|e| e.during(name))?;
                    }
                }
            }
        }
    }
    let against = if sdk.is_some() { " and Grafana's own" } else { "" };
    Ok(format!(
        "{} dashboards satisfy the schema{against}; {} queries ran on {}, each with data",
        dashboards.len(),
        asked.len(),
        backends.all().map(|b| b.name.as_str()).collect::<Vec<_>>().join(", ")
    ))
}

/// The emitted groups that record what dashboards show, each once, at the interval of the backends.
fn recorded() -> Outcome<Vec<Value>> {
    let mut groups: BTreeMap<String, Value> = BTreeMap::new();
    for cluster in emitted::clusters()? {
        for rules in cluster.of_kind("PrometheusRule")? {
            for group in rules.json["spec"]["groups"].as_array().into_iter().flatten() {
                let rules = group["rules"].as_array().map_or(&[][..], Vec::as_slice);
                if rules.iter().all(|rule| rule.get("record").is_some()) {
                    let mut group = group.clone();
                    group["interval"] = json!("1s");
                    // The same class of two clusters may be recorded of different counters.
                    let of = groups.entry(group["name"].as_str().unwrap_or_default().to_owned());
                    let known = of.or_insert_with(|| group.clone());
                    if known["rules"].as_array().map_or(0, Vec::len) < rules.len() {
                        *known = group;
                    }
                }
            }
        }
    }
    Ok(groups.into_values().collect())
}

/// The classes that queries ask for by name, and one that none does.
fn classes(dashboards: &[(String, Value)]) -> BTreeSet<String> {
    let mut classes = BTreeSet::from(["cpu".to_owned()]);
    for (_, model) in dashboards {
        let panels = model["panels"].as_array().into_iter().flatten();
        for target in panels.flat_map(|p| p["targets"].as_array().into_iter().flatten()) {
            let matchers = target["expr"].as_str().unwrap_or_default().split("job_class=\"").skip(1);
            classes.extend(matchers.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    classes
}

fn valid(schema: &Value, instance: &Value) -> Outcome<()> {
    let validator = jsonschema::validator_for(schema).during("the schema")?;
    let faults: Vec<String> = validator.iter_errors(instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(Trouble::new(faults.join("\n"))) }
}

/// What a schema cannot say: ids and references are there once, no panel hides another.
fn laid_out(model: &Value) -> Outcome<()> {
    let panels = model["panels"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = &panel["title"];
        if !ids.insert(panel["id"].as_u64()) {
            return Err(Trouble::new(format!("two panels have the id of {title}")));
        }
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
        let (x, y, w, h) = (place("x"), place("y"), place("w"), place("h"));
        if x + w > 24 {
            return Err(Trouble::new(format!("{title} is wider than the grid")));
        }
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            if !cells.insert(cell) {
                return Err(Trouble::new(format!("{title} lies on another panel")));
            }
        }
    }
    Ok(())
}

/// The schemas Grafana publishes, their two known errors mended: values of overrides and options of
/// matchers are typed as objects, and are numbers and strings everywhere.
fn by_the_sdk(folder: &Path, model: &Value) -> Outcome<()> {
    let read = |name: &str| -> Outcome<Value> {
        let path = folder.join(format!("{name}.jsonschema.json"));
        let text = std::fs::read_to_string(&path).during(path.display())?;
        serde_json::from_str(&text).during(path.display())
    };
    let of = |schema: &Value, definition: &str| {
        let mut schema = schema.clone();
        schema["$ref"] = json!(format!("#/definitions/{definition}"));
        schema
    };
    let mut dashboard = read("dashboard")?;
    dashboard["definitions"]["DynamicConfigValue"]["properties"]["value"] = json!({});
    dashboard["definitions"]["MatcherConfig"]["properties"]["options"] = json!({});
    valid(&dashboard, model)?;
    let query = read("prometheus")?;
    let units = read("units")?;
    let known: BTreeSet<&str> =
        units["definitions"].as_object().into_iter().flatten().filter_map(|(_, d)| d["const"].as_str()).collect();
    for panel in model["panels"].as_array().into_iter().flatten() {
        let title = panel["title"].to_string();
        let kind = read(panel["type"].as_str().unwrap_or_default())?;
        valid(&of(&kind, "Options"), &panel["options"]).map_err(|e| e.during(&title))?;
        let defaults = &panel["fieldConfig"]["defaults"];
        if !kind["definitions"]["FieldConfig"].is_null() && !defaults["custom"].is_null() {
            valid(&of(&kind, "FieldConfig"), &defaults["custom"]).map_err(|e| e.during(&title))?;
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            valid(&query, target).map_err(|e| e.during(&title))?;
        }
        let unit = defaults["unit"].as_str().unwrap_or_default();
        if !known.contains(unit) {
            return Err(Trouble::new(format!("{title}: Grafana has no unit {unit}")));
        }
    }
    Ok(())
}

/// Breaks a model in three ways: each has to be found, or this step proves nothing.
fn would_be_seen(schema: &Value, model: &Value) -> Outcome<()> {
    let misspelt = |pointer: &str| {
        let mut broken = model.clone();
        if let Some(map) = broken.pointer_mut(pointer).and_then(Value::as_object_mut) {
            map.insert("misspelt".to_owned(), json!(1));
        }
        broken
    };
    for pointer in ["", "/panels/0", "/panels/0/targets/0"] {
        if valid(schema, &misspelt(pointer)).is_ok() {
            return Err(Trouble::new(format!("the schema takes a misspelt key at {pointer:?}")));
        }
    }
    Ok(())
}

/// What people may choose: everything, and where a variable's query has answers, all of them by name.
fn choices(backend: &Backend, model: &Value) -> Outcome<Vec<grafana::Values>> {
    let all = grafana::everything(model);
    let mut named = all.clone();
    for (variable, metric, label) in grafana::label_queries(model) {
        let mut values = backend.label_values(&metric, &label)?;
        let lacking: Vec<_> = backend.clusters.iter().filter(|c| !values.contains(c)).collect();
        if label == "cluster" && !lacking.is_empty() {
            return Err(Trouble::new(format!("{}: the variable {variable} does not offer {lacking:?}", backend.name)));
        }
        values.sort();
        if !values.is_empty() {
            named.insert(variable, format!("({})", values.join("|")));
        }
    }
    Ok(if named == all { vec![all] } else { vec![all, named] })
}

/// Parses by our own reader of PromQL, runs, and has data before patience ends.
fn answered(backend: &Backend, query: &Query) -> Outcome<()> {
    let what = || format!("{}: panel {}: {}", backend.name, query.panel, query.expr);
    promql_parser::parser::parse(&query.expr).map_err(|e| Trouble::new(e).during(what()))?;
    let until = Instant::now() + PATIENCE;
    loop {
        let found = match query.when {
            When::Now => backend.now(&query.expr),
            When::Range { step } => backend.range(&query.expr, step),
        };
        if found.map_err(|e| e.during(what()))? > 0 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Trouble::new(format!("{} has no data after {} s", what(), PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
