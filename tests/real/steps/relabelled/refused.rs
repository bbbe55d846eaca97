//! What is refused: random chains, most of them with a rule that is broken in one place, compiled here and shown to the
//! programs that check configurations. What the evaluator refuses they have to refuse, and take what it takes.
//!
//! Left out, and counted: `target_label: $1` of `lowercase`, `keepequal` and their like. Prometheus 2.42 takes it and then
//! means a label of that very name, which nothing can store; Prometheus 3 refuses it, and so do we for both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use watershed::relabel::regex::Cache;
use watershed::relabel::{Action, Chain, Dialect, Names, Rule, RuleError, Written};

use super::random::{self, Pairs, Random, Style};
use super::{Compiler, agents, all_written};
use crate::ground::{During, Outcome, Trouble};

/// Of each program.
const CHAINS: usize = 1000;
/// Fewer of either kind prove nothing.
const ENOUGH: usize = 200;
/// vmagent says one thing of all it is shown: what it is to take is shown to it in heaps.
const HEAP: usize = 50;
const TOLD: usize = 8;
const BROKEN: [&str; 24] = [
    "(",
    "a)",
    "[",
    "[b-a]",
    "*a",
    "a**",
    "a{2,1}",
    "a{1001}",
    "(?=a)",
    "(?<!a)b",
    r"\1",
    r"\Z",
    r"\k",
    "(?P<n>a)(?P<n>b)",
    "(?P<1>a)",
    r"[[:alhpa:]]",
    r"\p{Nope}",
    "(?x)a",
    r"\x{110000}",
    "a++",
    r"[\d-z]",
    "(?i",
    r"\",
    "a|*",
];
/// Neither Rust's regexes nor Go's are the other's: these Go takes.
const ODD: [&str; 10] =
    [r"\pN", r"\Qa(b\E", "a{,2}", "a{1000}", r"[\w-]", "[]a]", r"\z", "(?U)a+", "x{2}{3}|a{", r"\C?"];

pub struct Checkers<'p> {
    pub promtool_2: &'p Path,
    pub promtool_3: &'p Path,
    pub vmagent: &'p Path,
}

struct Case {
    rules: Vec<Rule>,
    /// Why the evaluator refuses it.
    refused: Option<String>,
}

/// # Errors
/// A chain that one takes and the other does not.
pub fn judge(checkers: &Checkers<'_>, seed: u64, scratch: &Path) -> Outcome<String> {
    let folder = scratch.join("refused");
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let three = Dialect::Prometheus3 { minor: 5, names: Names::Utf8 };
    let mut said = Vec::new();
    let mut wrong = Vec::new();
    let two = Dialect::Prometheus2 { minor: 42 };
    for (name, dialect) in [("promtool 2.42", two), ("promtool 3.5", three), ("vmagent", Dialect::Vmagent)] {
        let cases = cases(dialect, seed);
        let files: Vec<PathBuf> = (0..cases.len()).map(|i| folder.join(format!("{name}-{i}.yaml"))).collect();
        for (case, file) in cases.iter().zip(&files) {
            std::fs::write(file, case.written(dialect).to_string()).during(file.display())?;
        }
        let taken = match name {
            "vmagent" => dry_run(checkers.vmagent, &cases, &files)?,
            "promtool 2.42" => checked(checkers.promtool_2, &files)?,
            _ => checked(checkers.promtool_3, &files)?,
        };
        let refused = cases.iter().filter(|case| case.refused.is_some()).count();
        let left_out = CHAINS - cases.len();
        said.push(format!("{name}: {refused} chains refused, {} taken, {left_out} left out", cases.len() - refused));
        if refused.min(cases.len() - refused) < ENOUGH {
            return Err(Trouble::new(format!("only {}", said.join("; "))));
        }
        for (i, case) in cases.iter().enumerate() {
            if taken.contains(&i) == case.refused.is_some() {
                let evaluator = case.refused.as_deref().unwrap_or("takes it");
                let program = if taken.contains(&i) { "takes it" } else { "refuses it" };
                let rules = case.written(dialect);
                wrong.push(format!("- program: {name}, which {program}\n  evaluator: {evaluator}\n  rules: {rules}\n"));
            }
        }
    }
    let said = format!("{}, seed {seed}", said.join("; "));
    match wrong.len() {
        0 => Ok(said),
        count => {
            wrong.sort_by_key(String::len);
            wrong.truncate(TOLD);
            let told: String = wrong.concat();
            Err(Trouble::new(format!(
                "{count} of {said}\ndiffer; WATERSHED_SEED={seed} repeats them. The shortest:\n{told}"
            )))
        }
    }
}

impl Case {
    fn written(&self, dialect: Dialect) -> Value {
        match dialect.is_vmagent() {
            true => agents(&self.rules),
            false => json!({"scrape_configs": [{"job_name": "x", "relabel_configs": all_written(&self.rules)}]}),
        }
    }
}

fn cases(dialect: Dialect, seed: u64) -> Vec<Case> {
    let style = Style { dialect, free_names: !matches!(dialect, Dialect::Prometheus2 { .. }) };
    let compiler = Compiler { cache: Cache::new(), dialect };
    let left_out = |errors: &[(usize, RuleError)]| {
        let reference = |error: &RuleError| {
            matches!(error, RuleError::Target { action, target, .. }
                if *action != Action::Replace && *action != Action::HashMod && target.contains('$'))
        };
        matches!(dialect, Dialect::Prometheus2 { .. }) && errors.iter().all(|(_, error)| reference(error))
    };
    let draw = |number: usize| {
        let mut random = Random::new(seed, 90_000 + number as u64);
        let labels: Pairs = random::labels(&mut random, style, 7, 0);
        let mut rules = compiler.legal(random::chain(&mut random, style, &[&labels], 4));
        if !number.is_multiple_of(3) {
            let mut rule = random::chain(&mut random, style, &[&labels], 1).remove(0);
            broken(&mut random, &mut rule);
            rules.insert(random.below(rules.len() + 1), rule);
        }
        let errors = Chain::compile(&rules, dialect, Written::File, &compiler.cache).err();
        let leaves = errors.as_deref().is_some_and(left_out);
        let refused = errors.and_then(|all| all.into_iter().next()).map(|(i, e)| format!("rule {}: {e}", i + 1));
        (!leaves).then_some(Case { rules, refused })
    };
    (0..CHAINS).filter_map(draw).collect()
}

/// One thing about a rule that may well be a fault.
fn broken(random: &mut Random, rule: &mut Rule) {
    match random.below(14) {
        0..4 => rule.regex = Some(random.pick(&BROKEN).to_owned()),
        4 => rule.regex = Some(random.pick(&ODD).to_owned()),
        5 => rule.regex = rule.regex.take().map_or_else(|| Some("a".to_owned()), |_| None),
        6 => rule.target_label = None,
        7 => {
            let targets = ["", "1a", "a-b", "$", "${1", "a:$1", "$1", "é", "a b", "__name__", "x_${1}_y"];
            rule.target_label = Some(random.pick(&targets).to_owned());
        }
        8 => rule.modulus = (!random.percent(50)).then_some(random.below(2) as u64),
        9 => rule.source_labels.clear(),
        10 => rule.source_labels.push(random.pick(&["a", "1a", "a-b", "é", ""]).to_owned()),
        11 => {
            let actions = [
                Action::HashMod,
                Action::LabelDrop,
                Action::LabelKeep,
                Action::LabelMap,
                Action::KeepEqual,
                Action::DropEqual,
                Action::Lowercase,
                Action::KeepIfEqual,
                Action::DropIfContains,
                Action::KeepMetrics,
                Action::ReplaceAll,
                Action::Keep,
            ];
            rule.action = Some(actions[random.below(actions.len())]);
        }
        12 => {
            let replacements = ["", "$1", "${1", "a-$1", "label_${1}", "1a"];
            rule.replacement = Some(random.pick(&replacements).to_owned());
        }
        _ => {
            let selectors = [
                "{",
                "{a}",
                r#"{a="b""#,
                r#"{a=~"("}"#,
                r#"{a="b"}"#,
                "up[5m]",
                "rate(up)",
                r#"up{a!~"b|c"}"#,
                r#"{a="b" or c="d"}"#,
                r#"{a="b" c="d"}"#,
            ];
            rule.condition = vec![random.pick(&selectors).to_owned()];
        }
    }
}

/// Which of the files promtool takes.
fn checked(promtool: &Path, files: &[PathBuf]) -> Outcome<BTreeSet<usize>> {
    let mut command = Command::new(promtool);
    let output =
        command.args(["check", "config"]).args(files).stdin(Stdio::null()).output().during(promtool.display())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let taken = |file: &PathBuf| said.contains(&format!("SUCCESS: {} is valid", file.display()));
    Ok((0..files.len()).filter(|i| taken(&files[*i])).collect())
}

/// Which of the files vmagent takes. Those it ought to take it is shown together, and one by one where it refuses a heap.
fn dry_run(vmagent: &Path, cases: &[Case], files: &[PathBuf]) -> Outcome<BTreeSet<usize>> {
    let takes = |some: &[usize]| -> Outcome<bool> {
        let mut command = Command::new(vmagent);
        command.arg("-dryRun");
        for i in some {
            command.arg("-remoteWrite.url=http://127.0.0.1:9/");
            command.arg(format!("-remoteWrite.urlRelabelConfig={}", files[*i].display()));
        }
        let output = command.stdin(Stdio::null()).output().during(vmagent.display())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let refuses = said.contains("error when checking relabel configs");
        match output.status.success() || refuses {
            true => Ok(!refuses),
            false => Err(Trouble::new("vmagent does not say whether it takes a file").said(said)),
        }
    };
    let mut taken = BTreeSet::new();
    let (refused, kept): (Vec<usize>, Vec<usize>) = (0..cases.len()).partition(|i| cases[*i].refused.is_some());
    for heap in kept.chunks(HEAP) {
        if takes(heap)? {
            taken.extend(heap);
            continue;
        }
        for i in heap {
            if takes(&[*i])? {
                taken.insert(*i);
            }
        }
    }
    for i in refused {
        if takes(&[i])? {
            taken.insert(i);
        }
    }
    Ok(taken)
}
