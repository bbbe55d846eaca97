//! What is drawn for a Prometheus: jobs with their targets and rules, pages, queues; and its configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use watershed::relabel::regex::Cache;
use watershed::relabel::stages::{self, Job, Target};
use watershed::relabel::{Action, Chain, Labels, Outcome as Kept, Rule, Written};

use super::ends::Ends;
use super::random::{self, Pairs, Random, Style};
use super::{Compiler, all_written, pairs};

/// Jobs whose targets are looked at and hardly ever scraped.
const TARGET_JOBS: usize = 250;
const TARGETS: usize = 8;
/// Jobs that are scraped.
const SERIES_JOBS: usize = 300;
const ROWS: usize = 8;
pub const QUEUES: usize = 20;
/// Numbers of samples begin here: what Prometheus says about a scrape is less.
pub const FIRST: u64 = 1_000_000;
const INTERVAL: &str = "6s";
pub const NEVER: &str = "1d";
/// Labels that say where a target is, and when.
const PLACE: [&str; 7] = [
    "__address__",
    "__metrics_path__",
    "__scheme__",
    "__scrape_interval__",
    "__scrape_timeout__",
    "__param_q",
    "__param_x",
];

pub struct Looked {
    pub rules: Vec<Rule>,
    pub chain: Chain,
    pub params: Option<&'static str>,
    pub found: Vec<(u64, Labels)>,
}

pub struct Scraped {
    pub rules: Vec<Rule>,
    pub honor: bool,
    pub metric_rules: Vec<Rule>,
    pub metrics: Chain,
    pub found: Labels,
    pub target: Option<Labels>,
    pub path: String,
    pub rows: Vec<(u64, Pairs)>,
}

pub struct Queue {
    pub rules: Vec<Rule>,
    pub chain: Chain,
}

/// All that is drawn for one run.
pub struct Drawn {
    pub looked: Vec<Looked>,
    pub scraped: Vec<Scraped>,
    pub queues: Vec<Queue>,
    pub external: Labels,
}

impl Drawn {
    pub fn draw(style: Style, seed: u64, port: u16) -> Drawn {
        let mut ids = FIRST..;
        let mut next = || ids.next().unwrap_or_default();
        let compiler = Compiler { cache: Cache::new(), dialect: style.dialect };
        let looked = (0..TARGET_JOBS)
            .map(|job| looked_at(&mut Random::new(seed, job as u64), style, &compiler, &mut next))
            .collect();
        let scraped: Vec<Scraped> = (0..SERIES_JOBS)
            .map(|job| scraped(&mut Random::new(seed, 10_000 + job as u64), style, &compiler, (job, port), &mut next))
            .collect();
        let mut random = Random::new(seed, 20_000);
        let external = random::labels(&mut random, Style { free_names: false, ..style }, 3, 0);
        // Prometheus 3 takes `$` for a variable of its environment.
        let external: Labels = external.into_iter().filter(|(n, v)| !v.contains('$') && !n.starts_with("__")).collect();
        let seen: Vec<&Pairs> = scraped.iter().flat_map(|job| job.rows.iter().map(|(_, pairs)| pairs)).collect();
        let queues = (0..QUEUES)
            .map(|queue| {
                let mut random = Random::new(seed, 30_000 + queue as u64);
                let some: Vec<&Pairs> = (0..6).map(|_| seen[random.below(seen.len())]).collect();
                let most = if queue == 0 { 0 } else { 5 };
                let rules =
                    if most == 0 { Vec::new() } else { compiler.legal(random::chain(&mut random, style, &some, most)) };
                Queue { chain: compiler.chain(&rules), rules }
            })
            .collect();
        Drawn { looked, scraped, queues, external }
    }

    pub fn config(&self, ends: &Ends) -> Value {
        let looked = self.looked.iter().enumerate().map(|(i, job)| {
            let targets = job.found.iter().map(|(_, found)| configured(found));
            json!({"job_name": format!("looked-{i}"), "scrape_interval": NEVER, "scrape_timeout": "10s",
                   "params": job.params.map(|q| json!({"q": [q]})).unwrap_or_else(|| json!({})),
                   "static_configs": targets.collect::<Vec<_>>(), "relabel_configs": all_written(&job.rules)})
        });
        let scraped = self.scraped.iter().enumerate().map(|(i, job)| {
            json!({"job_name": format!("scraped-{i}"), "scrape_interval": INTERVAL, "scrape_timeout": "5s",
                   "metrics_path": job.path, "honor_labels": job.honor, "static_configs": [configured(&job.found)],
                   "relabel_configs": all_written(&job.rules), "metric_relabel_configs": all_written(&job.metric_rules)})
        });
        let queues = self.queues.iter().enumerate().map(|(i, queue)| {
            json!({"url": ends.write_url(i), "name": format!("queue-{i}"), "write_relabel_configs": all_written(&queue.rules),
                   "metadata_config": {"send": false},
                   "queue_config": {"batch_send_deadline": "200ms", "max_samples_per_send": 1000, "capacity": 3000,
                                    "min_shards": 1, "max_shards": 1}})
        });
        json!({
            "global": {"external_labels": pairs(&self.external).into_iter().collect::<BTreeMap<_, _>>()},
            "scrape_configs": looked.chain(scraped).collect::<Vec<_>>(),
            "remote_write": queues.collect::<Vec<_>>(),
        })
    }
}

/// The label of a target that says which case it is.
pub const CASE: &str = "__meta_case";

fn looked_at(random: &mut Random, style: Style, compiler: &Compiler, next: &mut impl FnMut() -> u64) -> Looked {
    let params = random.percent(30).then_some("v");
    let found: Vec<(u64, Pairs)> = (0..TARGETS)
        .map(|_| {
            let id = next();
            let mut labels: BTreeMap<String, String> = random::labels(random, style, 6, 0).into_iter().collect();
            for name in PLACE {
                if random.percent(4) {
                    let value = random.pick(&["x", "30s", "1m", "0s", "https", "1h30m", "/x"]);
                    labels.insert(name.to_owned(), value.to_owned());
                }
            }
            let address = match random.below(8) {
                0 => format!("t{id}"),
                1 => format!("[::{}]", id % 10_000),
                2 => format!("[::{}]:9100", id % 10_000),
                _ => format!("t{id}.invalid:9100"),
            };
            labels.insert("__address__".to_owned(), address);
            labels.insert(CASE.to_owned(), id.to_string());
            (id, labels.into_iter().collect())
        })
        .collect();
    // No rule is to change what says which case it is: old releases also change what they say was discovered.
    let seen: Vec<Pairs> =
        found.iter().map(|(_, pairs)| pairs.iter().filter(|(n, _)| n != CASE).cloned().collect()).collect();
    let seen: Vec<&Pairs> = seen.iter().collect();
    let mut rules = random::chain(random, style, &seen, 5);
    if random.percent(25) {
        let value = random.pick(&["x", "30s", "1m", "0s", "https", "t1/x", "$1", ""]);
        let rule = Rule::new(Action::Replace).source(["a"]).target(random.pick(&PLACE)).replacement(value);
        rules.insert(random.below(rules.len()), rule);
    }
    let mut rules = compiler.legal(rules);
    rules.retain(|rule| {
        let mut case: Labels = [(CASE, "1")].into_iter().collect();
        let by_name = matches!(rule.action, Some(Action::LabelDrop | Action::LabelKeep));
        !by_name || compiler.chain(std::slice::from_ref(rule)).apply(&mut case) == Kept::Kept && !case.is_empty()
    });
    let found = found.into_iter().map(|(id, pairs)| (id, pairs.into_iter().collect())).collect();
    Looked { chain: compiler.chain(&rules), rules, params, found }
}

fn scraped(
    random: &mut Random,
    style: Style,
    compiler: &Compiler,
    (number, port): (usize, u16),
    next: &mut impl FnMut() -> u64,
) -> Scraped {
    let mut found: BTreeMap<String, String> = random::labels(random, style, 5, 0).into_iter().collect();
    found.insert("__address__".to_owned(), format!("127.1.{}.{}:{port}", number / 250, 1 + number % 250));
    let found: Pairs = found.into_iter().collect();
    let labels: Labels = found.iter().cloned().collect();
    let name = format!("scraped-{number}");
    let path = format!("/page/{number}");
    let about = about(&name, INTERVAL, "5s", &path, &[]);
    let before = stages::discovered(&labels, &about, style.dialect);
    let mut rules = Vec::new();
    let mut target = stages::target(&labels, &about, &compiler.chain(&rules));
    for _ in 0..4 {
        let drawn = compiler.legal(random::chain(random, style, &[&found], 3));
        let chain = compiler.chain(&drawn);
        let after = stages::target(&labels, &about, &chain);
        // It has to be scraped, where the page is, and its labels are to be no matter of luck.
        let stays = |labels: &Labels| PLACE.iter().all(|name| labels.get(name) == before.get(name));
        if matches!(&after, Target::Kept(labels) if stays(labels)) && !is_luck(&drawn, &labels, &about, &chain) {
            (rules, target) = (drawn, after);
            break;
        }
    }
    let target = if let Target::Kept(labels) = target { Some(labels) } else { None };
    let mut rows: Vec<(u64, Pairs)> = Vec::new();
    let mut there = BTreeSet::new();
    for _ in 0..ROWS {
        let mut row = random::labels(random, style, 6, 15);
        row.push(("__name__".to_owned(), random::metric(random)));
        row.sort();
        if there.insert(row.clone()) {
            rows.push((next(), row));
        }
    }
    let mut seen: Vec<&Pairs> = rows.iter().map(|(_, pairs)| pairs).collect();
    let attached = target.as_ref().map(|t| pairs(&stages::attached(t))).unwrap_or_default();
    seen.push(&attached);
    let metric_rules = compiler.legal(random::chain(random, style, &seen, 5));
    let metrics = compiler.chain(&metric_rules);
    Scraped { rules, honor: random.percent(50), metrics, metric_rules, found: labels, target, path, rows }
}

pub fn about<'a>(
    name: &'a str,
    interval: &'a str,
    timeout: &'a str,
    path: &'a str,
    params: &'a [(&'a str, &'a str)],
) -> Job<'a> {
    Job {
        job_name: name,
        scheme: "http",
        metrics_path: path,
        scrape_interval: interval,
        scrape_timeout: timeout,
        params,
    }
}

/// Whether a rule maps two labels to one name, with two values: the labels of a target are in no order.
pub fn is_luck(rules: &[Rule], found: &Labels, about: &Job<'_>, chain: &Chain) -> bool {
    let cache = Cache::new();
    let mut labels = stages::discovered(found, about, chain.dialect());
    for rule in rules {
        let Ok(one) = Chain::compile(std::slice::from_ref(rule), chain.dialect(), Written::File, &cache) else {
            return true;
        };
        if rule.action == Some(Action::LabelMap) {
            let mut new: BTreeMap<String, String> = BTreeMap::new();
            for label in &labels {
                let mut alone: Labels = [(label.name.clone(), label.value.clone())].into_iter().collect();
                one.apply(&mut alone);
                for mapped in alone.iter().filter(|l| l.name != label.name) {
                    let other = new.insert(mapped.name.to_string(), mapped.value.to_string());
                    if other.is_some_and(|value| value != *mapped.value) {
                        return true;
                    }
                }
            }
            // Mapped to itself it writes over what another was mapped to, or the other way round.
            if new.keys().any(|name| labels.has(name)) {
                return true;
            }
        }
        if one.apply(&mut labels) != Kept::Kept {
            return false;
        }
    }
    false
}

fn configured(found: &Labels) -> Value {
    let labels: BTreeMap<String, String> = pairs(found).into_iter().filter(|(n, _)| n != "__address__").collect();
    json!({"targets": [found.get("__address__")], "labels": labels})
}

/// A page in the text format, with quotes around what is no plain name.
pub fn page(rows: &[(u64, Pairs)]) -> String {
    let mut text = String::new();
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    for (id, row) in rows {
        let plain = |name: &str| {
            name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
                && !name.starts_with(|c: char| c.is_ascii_digit())
        };
        let labels = row.iter().filter(|(name, _)| name != "__name__").map(|(name, value)| {
            let name = if plain(name) { name.clone() } else { format!("\"{}\"", escaped(name)) };
            format!("{name}=\"{}\"", escaped(value))
        });
        let labels: Vec<String> = labels.collect();
        let name = row.iter().find(|(name, _)| name == "__name__").map_or("", |(_, value)| value);
        let _ = writeln!(text, "{name}{{{}}} {id}", labels.join(","));
    }
    text
}
