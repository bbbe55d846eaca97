//! Random rules on random labels, through the evaluator and through the programs it is to be equal to.
//!
//! Nothing of the programs is taken apart. Each scrapes pages whose samples carry a number each, with hundreds of jobs of
//! rules of their own, and writes to queues with rules of their own; what arrives with a number is compared, label set by
//! label set, with what [`watershed::relabel::stages`] says. `WATERSHED_SEED` repeats a run.

mod draw;
mod ends;
mod prometheus;
mod random;
mod refused;
mod regexes;
mod vmagent;
mod wire;

use std::fmt::Write as _;

use serde_json::{Value, json};
use watershed::relabel::regex::Cache;
use watershed::relabel::{Chain, Dialect, Labels, Rule, Written};

use crate::ground::{Outcome, Trouble};
use random::Pairs;

pub use prometheus::judge as prometheus;
pub use refused::{Checkers, judge as refused};
pub use vmagent::judge as vmagent;

/// What is drawn where nobody says: a run that is red for everybody is red for a reason.
const SEED: u64 = 7;

/// The seed of a run: that of the environment, `clock` for a new one each time.
///
/// # Errors
/// The environment's is neither that nor a number.
pub fn seed() -> Outcome<u64> {
    const VARIABLE: &str = "WATERSHED_SEED";
    match std::env::var(VARIABLE) {
        Ok(said) if said == "clock" => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Ok(now.as_secs() % 1_000_000_007)
        }
        Ok(said) => {
            said.parse().map_err(|_| Trouble::new(format!("{VARIABLE}={said} is neither a number nor `clock`")))
        }
        Err(_) => Ok(SEED),
    }
}

/// Fewer cases than this prove nothing.
const ENOUGH: usize = 10_000;
/// How many differences are told.
const TOLD: usize = 12;

/// What came of the cases of one stage.
#[derive(Debug, Default)]
struct Tally {
    chains: usize,
    cases: usize,
    changed: usize,
    dropped: usize,
    wrong: Vec<Wrong>,
}

/// Rules that do something else than they are said to.
#[derive(Debug)]
struct Wrong {
    stage: &'static str,
    rules: Vec<Rule>,
    /// What they were given, and what around them matters.
    given: Vec<(&'static str, String)>,
    evaluator: String,
    program: String,
}

impl Tally {
    fn count(&mut self, before: &Labels, after: Option<&Labels>) {
        self.cases += 1;
        match after {
            None => self.dropped += 1,
            Some(after) if after != before => self.changed += 1,
            Some(_) => {}
        }
    }
}

/// What all stages together say.
fn verdict(seed: u64, stages: Vec<(&str, Tally)>) -> Outcome<String> {
    let cases: usize = stages.iter().map(|(_, t)| t.cases).sum();
    let chains: usize = stages.iter().map(|(_, t)| t.chains).sum();
    let mut said = format!("{cases} cases of {chains} random chains, seed {seed}");
    for (stage, t) in &stages {
        let _ = write!(
            said,
            "\n{stage}: {} chains, {} cases, {} changed, {} dropped",
            t.chains, t.cases, t.changed, t.dropped
        );
    }
    let mut wrong: Vec<Wrong> = stages.into_iter().flat_map(|(_, t)| t.wrong).collect();
    if wrong.is_empty() {
        return if cases < ENOUGH { Err(Trouble::new(format!("only {said}"))) } else { Ok(said) };
    }
    wrong.sort_by_key(|w| w.rules.len());
    let mut text = String::new();
    for w in wrong.iter().take(TOLD) {
        text.push_str(&w.yaml());
    }
    // All of them: a message is cut where it is long.
    Err(Trouble::new(format!(
        "{} of {said}\ndiffer; WATERSHED_SEED={seed} repeats them. The shortest:\n{text}",
        wrong.len()
    )))
}

impl Wrong {
    fn yaml(&self) -> String {
        let mut out = format!("- stage: {}\n  rules:\n", self.stage);
        for rule in &self.rules {
            let _ = writeln!(out, "  - {}", written(rule));
        }
        for (name, value) in &self.given {
            let _ = writeln!(out, "  {name}: {value}");
        }
        let _ = writeln!(out, "  evaluator: {}\n  program: {}", self.evaluator, self.program);
        out
    }
}

/// Compiles what is legal.
struct Compiler {
    cache: Cache,
    dialect: Dialect,
}

impl Compiler {
    fn legal(&self, mut rules: Vec<Rule>) -> Vec<Rule> {
        rules.retain(|rule| rule.compile(self.dialect, Written::File, &self.cache).is_ok());
        rules
    }

    fn chain(&self, rules: &[Rule]) -> Chain {
        let empty = |_| Chain::compile(&[], self.dialect, Written::File, &self.cache);
        match Chain::compile(rules, self.dialect, Written::File, &self.cache).or_else(empty) {
            Ok(chain) => chain,
            Err(_) => unreachable!("no rule is refused"),
        }
    }
}

/// A rule as it stands in a configuration file. YAML is a superset of JSON.
fn written(rule: &Rule) -> Value {
    let mut out = json!({});
    let mut put = |name: &str, value: Value| out[name] = value;
    if !rule.source_labels.is_empty() {
        put("source_labels", json!(rule.source_labels));
    }
    rule.separator.iter().for_each(|s| put("separator", json!(s)));
    rule.regex.iter().for_each(|s| put("regex", json!(s)));
    rule.modulus.iter().for_each(|n| put("modulus", json!(n)));
    rule.target_label.iter().for_each(|s| put("target_label", json!(s)));
    rule.replacement.iter().for_each(|s| put("replacement", json!(s)));
    rule.action.iter().for_each(|a| put("action", json!(a.name())));
    match rule.condition.as_slice() {
        [] => {}
        [one] => put("if", json!(one)),
        all => put("if", json!(all)),
    }
    out
}

fn all_written(rules: &[Rule]) -> Value {
    rules.iter().map(written).collect()
}

/// As [`all_written`] for vmagent: about half of the regexes that can be lists are.
fn agents(rules: &[Rule]) -> Value {
    let mut all = all_written(rules);
    for rule in all.as_array_mut().into_iter().flatten() {
        if let Some(list) = rule["regex"].as_str().and_then(listed) {
            rule["regex"] = list;
        }
    }
    all
}

/// A regex as the list vmagent puts together again, with a list in it and what YAML takes for no text. It cuts wherever
/// there is a `|`, in groups as well: nothing but the whole has to be a regex. The text decides whether it does.
fn listed(text: &str) -> Option<Value> {
    let element = |text: &str| match text {
        "null" => Value::Null,
        "true" => json!(true),
        _ => text.parse::<i64>().ok().filter(|n| n.to_string() == text).map_or_else(|| json!(text), |n| json!(n)),
    };
    let parts: Vec<Value> = text.split('|').map(element).collect();
    match (text.bytes().map(u32::from).sum::<u32>() % 4, parts.as_slice()) {
        (0, _) => Some(json!(parts)),
        (1, [first, rest @ ..]) if !rest.is_empty() => Some(json!([first, rest])),
        _ => None,
    }
}

fn shown(pairs: &Pairs) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{}: {}", json!(n), json!(v))).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn pairs(labels: &Labels) -> Pairs {
    labels.iter().map(|l| (l.name.to_string(), l.value.to_string())).collect()
}
