//! Every rule file through promtool: it is accepted and has nothing to object to, and each rule fires
//! when it should and is silent when it should not.
//!
//! The rules are those of `output/`. Versions of Prometheus that no example declares are tried with
//! what the compiler makes of the examples for them. The unit tests stand beside each rule pack and
//! are evaluated with what the pack itself is evaluated with, so that every class of every Prometheus
//! is tried at its own interval.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use watershed::emit;
use watershed::model::plan::ClusterPlan;

use super::emitted;
use super::planned::{self, Planned};
use crate::ground::{During, Outcome, Trouble, process};

/// What this step runs.
pub struct Programs<'a> {
    /// promtool of Prometheus 2.
    pub promtool_2: &'a Path,
    /// promtool of Prometheus 3.
    pub promtool_3: &'a Path,
    /// What evaluates the rules of stores.
    pub vmalert: &'a Path,
}

/// The version the examples declare, and others that templates take other ways for.
const DECLARED: &str = "prometheus=\"3.13.2\"";
const OTHERS: [&str; 3] = ["2.41.0", "2.53.5", "3.6.0"];
/// Examples that between them have all that rules are made for; templates take the same ways for the rest.
const OF_OTHERS: [&str; 2] = ["hero", "single-split"];

/// How many promtools run at once.
const AT_ONCE: usize = 6;

/// The rules of one Prometheus, written for promtool.
struct File {
    /// What messages call it.
    name: String,
    rules: PathBuf,
    /// Its unit tests.
    tests: PathBuf,
    major: u32,
    /// vmalert evaluates them, beside a store.
    at_store: bool,
}

/// # Errors
/// promtool's or vmalert's words.
pub fn judge(programs: &Programs<'_>, scratch: &Path) -> Outcome<String> {
    let mut files = as_checked_in(scratch)?;
    let emitted = files.len();
    for version in OTHERS {
        files.extend(as_compiled(version, scratch)?);
    }
    let (mut rules, mut different) = (0, 0);
    for (major, promtool) in [(2, programs.promtool_2), (3, programs.promtool_3)] {
        let mine = unlike(files.iter().filter(|f| f.major == major))?;
        if mine.is_empty() {
            return Err(Trouble::new(format!("no rules for Prometheus {major} were made")));
        }
        different += mine.len();
        let said = accepted(promtool, mine.iter().map(|f| f.rules.as_path()))?;
        rules += said.lines().filter_map(found).sum::<u64>();
        tested(promtool, &mine)?;
        would_be_seen(promtool, mine[0])?;
    }
    let at_stores: Vec<&File> = files.iter().filter(|f| f.at_store).collect();
    taken_by_vmalert(programs.vmalert, &at_stores)?;
    Ok(format!(
        "{} rule files ({emitted} of output/, the rest for Prometheus {}), {different} of them different: {rules} rules \
         accepted, linted and unit-tested; those of {} stores taken by vmalert",
        files.len(),
        OTHERS.join(", "),
        at_stores.len()
    ))
}

/// One of each: clusters of a kind have the same rules and the same tests, byte for byte.
fn unlike<'f>(files: impl Iterator<Item = &'f File>) -> Outcome<Vec<&'f File>> {
    let mut all = BTreeMap::new();
    for file in files {
        let read = |path: &Path| std::fs::read_to_string(path).during(path.display());
        all.entry((read(&file.rules)?, read(&file.tests)?)).or_insert(file);
    }
    Ok(all.into_values().collect())
}

/// The rules of `output/`, with the unit tests of the plans they come from.
fn as_checked_in(scratch: &Path) -> Outcome<Vec<File>> {
    let clusters = emitted::clusters()?;
    let mut files = Vec::new();
    for example in planned::examples(&[])? {
        for plan in example.clusters()? {
            let name = &plan.cluster.id.value;
            let folder = clusters.iter().find(|c| c.fleet == fleet(&example).unwrap_or_default() && &c.name == name);
            let folder = folder.ok_or_else(|| Trouble::new(format!("output/ has no cluster {name}")))?;
            let objects = folder.of_kind("PrometheusRule")?;
            let objects = objects.into_iter().map(|o| {
                let name = o.json["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                (name, o.json)
            });
            files.extend(written(&example, &plan, objects.collect(), scratch)?);
            let values = folder.of_kind("values")?;
            files.extend(at_stores(&example, &plan, values.into_iter().map(|o| o.json).collect(), scratch)?);
        }
    }
    Ok(files)
}

/// The rules of the stores of a cluster, each with the unit tests of all its packs. Prometheus' own
/// language is all they use.
fn at_stores(example: &Planned, plan: &ClusterPlan<'_>, values: Vec<Value>, scratch: &Path) -> Outcome<Vec<File>> {
    let mut files = Vec::new();
    let with_rules: Vec<&Value> = values.iter().filter(|v| v["server"]["config"]["alerts"].is_object()).collect();
    if with_rules.len() != plan.store_rules.len() {
        let what = format!(
            "{}: {} releases with rules, {} planned",
            plan.cluster.name,
            with_rules.len(),
            plan.store_rules.len()
        );
        return Err(Trouble::new(what));
    }
    for rules in &plan.store_rules {
        let name = format!("{}/{}/{}", fleet(example)?, plan.cluster.name, rules.release);
        let url = rules.read_url.as_str();
        let values = with_rules.iter().find(|v| v["server"]["datasource"]["url"] == url);
        let values = values.ok_or_else(|| Trouble::new(format!("{name} is not there")))?;
        let tests = emit::store_rule_tests(plan, example.fleet()?.0, example.catalog(), rules);
        let mut all = Vec::new();
        for (pack, tests) in rules.packs.iter().zip(tests.map_err(|d| Trouble::new(d.what))?) {
            let text = tests.ok_or_else(|| Trouble::new(format!("the rule pack {} has no unit tests", pack.value)))?;
            all.extend(serde_json::from_str::<Vec<Value>>(&text).during(&name)?);
        }
        let folder = scratch.join(&name);
        std::fs::create_dir_all(&folder).during(folder.display())?;
        let file =
            File { name, rules: folder.join("rules.yaml"), tests: folder.join("tests.yaml"), major: 3, at_store: true };
        put(&file.rules, &values["server"]["config"]["alerts"])?;
        put(&file.tests, &json!({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": all}))?;
        files.push(file);
    }
    Ok(files)
}

/// What the compiler makes of the examples for another version of Prometheus.
fn as_compiled(version: &str, scratch: &Path) -> Outcome<Vec<File>> {
    let scratch = scratch.join(version);
    let mut files = Vec::new();
    let examples = planned::examples(&[(DECLARED, &format!("prometheus=\"{version}\""))])?;
    for example in examples.iter().filter(|e| OF_OTHERS.contains(&e.example.as_str())) {
        // A cluster may declare a version of its own, and is judged as it is.
        let mut plans = example.clusters()?;
        plans.retain(|p| p.lanes.iter().all(|l| l.version.value.to_string() == version));
        if plans.is_empty() {
            return Err(Trouble::new(format!("examples/{} no longer says {DECLARED}", example.example)));
        }
        for plan in plans {
            let objects = example.objects(&plan)?.into_iter().filter(|(kind, ..)| kind == "PrometheusRule");
            files.extend(written(example, &plan, objects.map(|(_, name, json)| (name, json)).collect(), &scratch)?);
        }
    }
    Ok(files)
}

fn fleet(example: &Planned) -> Outcome<String> {
    Ok(example.fleet()?.0.name.value.clone())
}

/// Writes the groups of each rule pack of a cluster, and its unit tests beside them.
fn written(
    example: &Planned,
    plan: &ClusterPlan<'_>,
    objects: Vec<(String, Value)>,
    scratch: &Path,
) -> Outcome<Vec<File>> {
    let mut files = Vec::new();
    if objects.len() != plan.rules.len() {
        let what = format!("{}: {} rule objects for {} packs", plan.cluster.name, objects.len(), plan.rules.len());
        return Err(Trouble::new(what));
    }
    for rule in &plan.rules {
        let object = format!("{}-{}", rule.lane, rule.pack);
        let name = format!("{}/{}/{object}", fleet(example)?, plan.cluster.name);
        let json = objects.iter().find(|(name, _)| *name == object).map(|(_, json)| json);
        let json = json.ok_or_else(|| Trouble::new(format!("{name} is not there")))?;
        let tests = emit::rule_tests(plan, example.catalog(), rule).map_err(|d| Trouble::new(d.what))?;
        let tests = tests.ok_or_else(|| Trouble::new(format!("the rule pack {} has no unit tests", rule.pack)))?;
        let tests: Value = serde_json::from_str(&tests).during(&name)?;
        let lane = plan.lanes.iter().find(|l| l.name == rule.lane);
        let lane = lane.ok_or_else(|| Trouble::new(format!("{name} is for no Prometheus")))?;
        let folder = scratch.join(&name);
        std::fs::create_dir_all(&folder).during(folder.display())?;
        let file = File {
            name,
            rules: folder.join("rules.yaml"),
            tests: folder.join("tests.yaml"),
            major: lane.version.value.major(),
            at_store: false,
        };
        put(&file.rules, &json!({"groups": json["spec"]["groups"]}))?;
        put(&file.tests, &json!({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}))?;
        files.push(file);
    }
    Ok(files)
}

fn accepted<'f>(promtool: &Path, files: impl Iterator<Item = &'f Path>) -> Outcome<String> {
    run(Command::new(promtool).args(["check", "rules", "--lint=all", "--lint-fatal"]).args(files))
}

/// vmalert reads the rules of stores as it would beside them, and refuses what is none.
fn taken_by_vmalert(vmalert: &Path, files: &[&File]) -> Outcome<()> {
    let reads =
        |rules: &Path| process::run(Command::new(vmalert).arg("-dryRun").arg(format!("-rule={}", rules.display())));
    let Some(first) = files.first() else { return Err(Trouble::new("no store of output/ has rules")) };
    files.iter().try_for_each(|file| reads(&file.rules).map(drop).map_err(|e| e.during(&file.name)))?;
    let broken = first.rules.with_file_name("broken.yaml");
    put(&broken, &json!({"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "absent_over_time(up["}]}]}))?;
    match reads(&broken) {
        Ok(_) => Err(Trouble::new(format!("{} takes what is no query", vmalert.display()))),
        Err(_) => Ok(()),
    }
}

/// Runs the unit tests of all files, several at once.
fn tested(promtool: &Path, files: &[&File]) -> Outcome<()> {
    std::thread::scope(|scope| {
        let shares = files.chunks(files.len().div_ceil(AT_ONCE).max(1));
        let running: Vec<_> = shares
            .map(|share| {
                scope.spawn(|| run(Command::new(promtool).args(["test", "rules"]).args(share.iter().map(|f| &f.tests))))
            })
            .collect();
        running
            .into_iter()
            .try_for_each(|r| r.join().map_err(|_| Trouble::new("a thread of this step died"))?.map(drop))
    })
}

/// Breaks a copy of a file twice: promtool has to object each time, or this step proves nothing.
fn would_be_seen(promtool: &Path, file: &File) -> Outcome<()> {
    let folder = file.rules.with_file_name("broken");
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let (rules, tests) = (folder.join("rules.yaml"), folder.join("tests.yaml"));
    std::fs::copy(&file.tests, &tests).during(tests.display())?;
    let read = || -> Outcome<Value> {
        let text = std::fs::read_to_string(&file.rules).during(file.rules.display())?;
        serde_json::from_str(&text).during(file.rules.display())
    };

    let mut twice = read()?;
    let first = twice["groups"][0]["rules"][0].clone();
    if let Some(all) = twice["groups"][0]["rules"].as_array_mut() {
        all.push(first);
    }
    put(&rules, &twice)?;
    if accepted(promtool, [rules.as_path()].into_iter()).is_ok() {
        return Err(Trouble::new(format!("{} takes a rule that is there twice", promtool.display())));
    }

    let mut deaf = read()?;
    for group in deaf["groups"].as_array_mut().into_iter().flatten() {
        for rule in group["rules"].as_array_mut().into_iter().flatten() {
            rule["for"] = json!("1d");
        }
    }
    put(&rules, &deaf)?;
    match run(Command::new(promtool).args(["test", "rules"]).arg(&tests)) {
        Ok(_) => Err(Trouble::new(format!("the unit tests of {} pass with alerts that never fire", file.name))),
        Err(_) => Ok(()),
    }
}

/// The `9` of promtool's `SUCCESS: 9 rules found`.
fn found(line: &str) -> Option<u64> {
    line.trim().strip_prefix("SUCCESS: ")?.split(' ').next()?.parse().ok()
}

/// YAML is a superset of JSON.
fn put(path: &Path, json: &Value) -> Outcome<()> {
    std::fs::write(path, json.to_string()).during(path.display())
}

/// promtool says what it objects to on either stream.
fn run(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().during("promtool does not start")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(Trouble::new(format!("promtool objects:\n{}", said.trim()))) }
}
