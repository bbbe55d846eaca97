//! What Grafana makes of a dashboard before it asks a data source: variables and macros of queries,
//! replaced as its Prometheus data source does it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ground::{Outcome, Trouble};

/// The value of each variable, as it is put into a query.
pub type Values = BTreeMap<String, String>;

/// The time range shown, seconds. Macros only depend on it for `$__range`.
const RANGE: u64 = 3600;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    pub panel: String,
    pub expr: String,
    pub when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    Now,
    /// Seconds.
    Range {
        step: u64,
    },
}

/// Every variable with all of it chosen; data sources are not in queries.
pub fn everything(model: &Value) -> Values {
    let mut values = Values::new();
    for variable in variables(model) {
        let name = variable["name"].as_str().unwrap_or_default();
        let current = variable["current"]["value"].as_str();
        let all = variable["allValue"].as_str().filter(|_| variable["includeAll"] == true);
        if variable["type"] != "datasource" {
            values.insert(name.to_owned(), all.or(current).unwrap_or_default().to_owned());
        }
    }
    values
}

/// Variables whose values are those of a label: variable, metric, label.
pub fn label_queries(model: &Value) -> Vec<(String, String, String)> {
    let queries = variables(model).filter_map(|variable| {
        let text = variable["query"].as_str()?.strip_prefix("label_values(")?.strip_suffix(')')?;
        let (metric, label) = text.rsplit_once(',')?;
        Some((variable["name"].as_str()?.to_owned(), metric.trim().to_owned(), label.trim().to_owned()))
    });
    queries.collect()
}

/// Every query of every panel.
///
/// # Errors
/// A variable nobody has defined, or an interval that cannot be read.
pub fn queries(model: &Value, values: &Values) -> Outcome<Vec<Query>> {
    let mut all = Vec::new();
    for panel in model["panels"].as_array().into_iter().flatten() {
        let title = panel["title"].as_str().unwrap_or_default();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let interval = target["interval"].as_str().and_then(seconds);
            let interval = interval.ok_or_else(|| Trouble::new(format!("{title}: no interval in whole seconds")))?;
            let expr = replaced(target["expr"].as_str().unwrap_or_default(), interval, values);
            let expr = expr.map_err(|e| e.during(title))?;
            let mut add = |when| all.push(Query { panel: title.to_owned(), expr: expr.clone(), when });
            if target["instant"] == true {
                add(When::Now);
            }
            if target["range"] == true {
                add(When::Range { step: interval });
            }
        }
    }
    Ok(all)
}

fn variables(model: &Value) -> impl Iterator<Item = &Value> {
    model["templating"]["list"].as_array().into_iter().flatten()
}

/// `$__rate_interval` is the larger of step and interval together, and four intervals; the step is the
/// interval where a panel is wide enough.
fn replaced(expr: &str, interval: u64, values: &Values) -> Outcome<String> {
    let mut known: Vec<(String, String)> = vec![
        ("__rate_interval".to_owned(), format!("{}s", (2 * interval).max(4 * interval))),
        ("__interval_ms".to_owned(), (interval * 1000).to_string()),
        ("__interval".to_owned(), format!("{interval}s")),
        ("__range_s".to_owned(), RANGE.to_string()),
        ("__range".to_owned(), format!("{RANGE}s")),
    ];
    known.extend(values.iter().map(|(k, v)| (k.clone(), v.clone())));
    // A name may begin with another one.
    known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut text = expr.to_owned();
    for (name, value) in &known {
        text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    match text.find('$') {
        Some(at) => Err(Trouble::new(format!("nothing defines `{}` in {expr}", &text[at..]))),
        None => Ok(text),
    }
}

fn seconds(interval: &str) -> Option<u64> {
    let (number, unit) = interval.split_at(interval.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "s" => Some(number),
        "m" => Some(60 * number),
        "h" => Some(3600 * number),
        _ => None,
    }
}
