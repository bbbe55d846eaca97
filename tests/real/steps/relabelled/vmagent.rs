//! vmagent as a relay: rules for all it sends, rules of each URL, and labels behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use watershed::relabel::regex::Cache;
use watershed::relabel::stages::{self, Relayed};
use watershed::relabel::{Action, Chain, Dialect, Labels, Rule, Written};

use super::ends::Ends;
use super::random::{self, Pairs, Random, Style};
use super::wire::Sent;
use super::{Compiler, Tally, Wrong, agents, pairs, shown, verdict};
use crate::ground::process::{Process, Ready};
use crate::ground::{During, Outcome, http};
use crate::steps::backends;

/// Each with rules of its own for all it sends.
const AGENTS: usize = 4;
const URLS: usize = 40;
const SERIES: u64 = 300;
const START: Duration = Duration::from_secs(30);
/// A queue of forty may come late on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long is waited for what ought not to come.
const LATE: Duration = Duration::from_millis(700);
const STYLE: Style = Style { dialect: Dialect::Vmagent, free_names: true };

struct Agent {
    series: BTreeMap<u64, Labels>,
    common: (Vec<Rule>, Chain),
    urls: Vec<(Vec<Rule>, Chain)>,
    /// Added last.
    own: Vec<(Arc<str>, Arc<str>)>,
}

/// # Errors
/// What the evaluator and the program see differently.
pub fn judge(program: &Path, seed: u64, scratch: &Path) -> Outcome<String> {
    let compiler = Compiler { cache: Cache::new(), dialect: Dialect::Vmagent };
    let mut tally = Tally { chains: AGENTS * (URLS + 1), ..Tally::default() };
    for number in 0..AGENTS {
        let agent = Agent::draw(seed, number as u64, &compiler);
        agent.judge(program, &scratch.join(format!("relabelled-by-vmagent-{number}")), &compiler, &mut tally)?;
    }
    verdict(seed, vec![("relay", tally)])
}

impl Agent {
    fn draw(seed: u64, number: u64, compiler: &Compiler) -> Agent {
        let mut random = Random::new(seed, 40_000 + 1_000 * number);
        let mut series: BTreeMap<u64, Pairs> = BTreeMap::new();
        for id in 0..SERIES {
            let mut labels = random::labels(&mut random, STYLE, 7, 0);
            labels.push(("__name__".to_owned(), random::metric(&mut random)));
            labels.sort();
            series.insert(id, labels);
        }
        let chain = |part: u64, most: usize| {
            let mut random = Random::new(seed, 40_001 + 1_000 * number + part);
            let some: Vec<&Pairs> =
                (0..6).filter_map(|_| series.get(&(random.below(SERIES as usize) as u64))).collect();
            let rules = compiler.legal(random::chain(&mut random, STYLE, &some, most));
            (compiler.chain(&rules), rules)
        };
        // The first has none, where nothing is taken off; the others have few, so that something is left.
        let none = (compiler.chain(&[]), Vec::new());
        let common = if number == 0 { none } else { chain(0, 2) };
        let urls = (1..=URLS as u64).map(|url| chain(url, 5)).map(|(chain, rules)| (rules, chain)).collect();
        let own = if number.is_multiple_of(2) {
            Vec::new()
        } else {
            vec![("a".into(), "own".into()), ("agent".into(), "x".into())]
        };
        let series = series.into_iter().map(|(id, pairs)| (id, pairs.into_iter().collect())).collect();
        Agent { series, common: (common.1, common.0), urls, own }
    }

    fn judge(&self, program: &Path, folder: &Path, compiler: &Compiler, tally: &mut Tally) -> Outcome<()> {
        std::fs::create_dir_all(folder).during(folder.display())?;
        let (listener, _) = Ends::listen()?;
        let ends = Ends::start(listener, BTreeMap::new(), URLS)?;
        let file = |name: String, rules: &[Rule]| -> Outcome<String> {
            let path = folder.join(name);
            std::fs::write(&path, agents(rules).to_string()).during(path.display())?;
            Ok(path.display().to_string())
        };
        let address = backends::free()?;
        let mut command = Command::new(program);
        command
            .arg(format!("-httpListenAddr={address}"))
            .arg(format!("-remoteWrite.tmpDataPath={}", folder.join("queues").display()))
            .args(["-remoteWrite.forcePromProto=true", "-remoteWrite.flushInterval=200ms", "-remoteWrite.queues=1"])
            .arg("-memory.allowedBytes=512MiB");
        if !self.common.0.is_empty() {
            command.arg(format!("-remoteWrite.relabelConfig={}", file("common.yaml".to_owned(), &self.common.0)?));
        }
        for (i, (rules, _)) in self.urls.iter().enumerate() {
            let rules = if rules.is_empty() { String::new() } else { file(format!("url-{i}.yaml"), rules)? };
            command.arg(format!("-remoteWrite.url={}", ends.write_url(i)));
            command.arg(format!("-remoteWrite.urlRelabelConfig={rules}"));
        }
        for (name, value) in &self.own {
            command.arg(format!("-remoteWrite.label={name}={value}"));
        }
        let mut process = Process::start("vmagent", &mut command, &folder.join("log"))?;
        process.wait(&Ready::Http(&format!("http://{address}/health")), START)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).during("the clock")?.as_millis();
        let lines = self.series.iter().map(|(id, labels)| {
            let metric: serde_json::Map<_, _> = pairs(labels).into_iter().map(|(n, v)| (n, v.into())).collect();
            json!({"metric": metric, "values": [id], "timestamps": [now as u64]}).to_string()
        });
        let body = lines.collect::<Vec<_>>().join("\n");
        http::post(&format!("http://{address}/api/v1/import"), "application/json", body.as_bytes())?;

        let expected: Vec<BTreeMap<u64, Option<Labels>>> =
            self.urls.iter().map(|(_, chain)| self.sent(chain)).collect();
        let began = Instant::now();
        let all_there = |sent: &[Sent]| {
            let there = |(expected, sent): (&BTreeMap<u64, Option<Labels>>, &Sent)| {
                expected.iter().all(|(id, labels)| labels.is_none() || sent.by_value.contains_key(id))
            };
            expected.iter().zip(sent).all(there)
        };
        while !ends.look(all_there)? && began.elapsed() < PATIENCE {
            process.alive()?;
            std::thread::sleep(Duration::from_millis(200));
        }
        std::thread::sleep(LATE);
        drop(process);
        ends.look(|sent| {
            for ((rules, _), (expected, sent)) in self.urls.iter().zip(expected.iter().zip(sent)) {
                for (id, after) in expected {
                    let before = &self.series[id];
                    // It keeps two labels of one name then, and so cannot be said to be right or wrong.
                    if is_twice(self.common.0.iter().chain(rules), before, compiler) {
                        continue;
                    }
                    tally.count(before, after.as_ref());
                    let came: BTreeSet<String> = sent.with(*id).map(sorted).map(|pairs| shown(&pairs)).collect();
                    let program = came.into_iter().collect::<Vec<_>>().join(" and ");
                    let evaluator = after.as_ref().map_or_else(String::new, |labels| shown(&pairs(labels)));
                    if evaluator != program {
                        let given = vec![
                            ("relabelConfig", agents(&self.common.0).to_string()),
                            ("series", shown(&pairs(before))),
                            ("labels", format!("{:?}", self.own)),
                        ];
                        tally.wrong.push(Wrong { stage: "relay", rules: rules.clone(), given, evaluator, program });
                    }
                }
            }
        })
    }

    /// What goes to a URL with these rules.
    fn sent(&self, url: &Chain) -> BTreeMap<u64, Option<Labels>> {
        let sent = |labels: &Labels| match stages::relay(labels, &self.common.1, url, &self.own) {
            Relayed::Sent(labels) => Some(labels),
            _ => None,
        };
        self.series.iter().map(|(id, labels)| (*id, sent(labels))).collect()
    }
}

/// Whether `labelmap_all` gives two labels one name.
fn is_twice<'r>(rules: impl Iterator<Item = &'r Rule> + Clone, labels: &Labels, compiler: &Compiler) -> bool {
    if rules.clone().all(|rule| rule.action != Some(Action::LabelMapAll)) {
        return false;
    }
    let mut labels = labels.clone();
    for rule in rules {
        let Ok(one) = Chain::compile(std::slice::from_ref(rule), Dialect::Vmagent, Written::File, &compiler.cache)
        else {
            return true;
        };
        if rule.action == Some(Action::LabelMapAll) {
            let mut names = BTreeSet::new();
            for label in &labels {
                let mut alone: Labels = [(label.name.clone(), label.value.clone())].into_iter().collect();
                one.apply(&mut alone);
                if !alone.iter().all(|l| names.insert(l.name.clone())) {
                    return true;
                }
            }
        }
        one.apply(&mut labels);
    }
    false
}

fn sorted(pairs: &Pairs) -> Pairs {
    let mut pairs = pairs.clone();
    pairs.sort();
    pairs
}
