//! Prometheus: target relabelling as its API tells it, everything behind as its queues send it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use watershed::relabel::stages::{self, Target};
use watershed::relabel::{Dialect, Labels, Outcome as Kept};

use super::draw::{self, CASE, Drawn, FIRST, NEVER, QUEUES, Queue};
use super::ends::Ends;
use super::random::{Pairs, Style};
use super::wire::Sent;
use super::{Tally, Wrong, all_written, pairs, shown, verdict};
use crate::ground::process::{Process, Ready};
use crate::ground::{During, Outcome, http};
use crate::steps::backends;

const START: Duration = Duration::from_secs(90);
/// From the start to the last sample.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long is waited for what ought not to come.
const LATE: Duration = Duration::from_millis(700);
/// What Prometheus says about each scrape.
const REPORTS: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];
/// A sample that is stored.
struct Stored<'d> {
    id: u64,
    labels: Labels,
    exposed: &'d Pairs,
    job: usize,
}

/// # Errors
/// What the evaluator and the program see differently.
pub fn judge(program: &Path, dialect: Dialect, seed: u64, scratch: &Path) -> Outcome<String> {
    let style = Style { dialect, free_names: matches!(dialect, Dialect::Prometheus3 { .. }) };
    let (listener, port) = Ends::listen()?;
    let drawn = Drawn::draw(style, seed, port);
    let pages = drawn.scraped.iter().map(|job| (job.path.clone(), draw::page(&job.rows))).collect();
    let ends = Ends::start(listener, pages, QUEUES)?;
    let folder = scratch.join(format!("relabelled-by-{}", if style.free_names { 3 } else { 2 }));
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let config = folder.join("prometheus.yaml");
    std::fs::write(&config, drawn.config(&ends).to_string()).during(config.display())?;
    let address = backends::free()?;
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--log.level=warn");
    let mut process = Process::start("Prometheus", &mut command, &folder.join("log"))?;
    process.wait(&Ready::Http(&format!("http://{address}/-/ready")), START)?;

    let (stored, unstored) = drawn.stored(dialect);
    let expected = drawn.expected(&stored);
    let began = Instant::now();
    while !ends.look(|sent| expected.arrived(sent))? && began.elapsed() < PATIENCE {
        process.alive()?;
        std::thread::sleep(Duration::from_millis(400));
    }
    std::thread::sleep(LATE);
    let targets = http::get_json(&format!("http://{address}/api/v1/targets"))?;
    drop(process);
    let target = drawn.targets(&targets, dialect);
    let (metric, write) = ends.look(|sent| drawn.compare(&stored, &unstored, &expected, sent))?;
    verdict(seed, vec![("target", target), ("merge and metric", metric), ("write", write)])
}

impl Drawn {
    /// What is stored of the pages, and the numbers of what is not.
    fn stored(&self, dialect: Dialect) -> (Vec<Stored<'_>>, BTreeSet<u64>) {
        let (mut stored, mut not) = (Vec::new(), BTreeSet::new());
        for (job, scraped) in self.scraped.iter().enumerate() {
            let mut of_page = Vec::new();
            // What it says of the scrape cannot be stored then, nor anything with it.
            let mut fails = scraped.target.as_ref().is_some_and(|target| is_nameless(target, dialect));
            for (id, exposed) in &scraped.rows {
                not.insert(*id);
                let Some(target) = &scraped.target else { continue };
                let shared: Vec<_> = exposed.iter().map(|(n, v)| (n.as_str().into(), v.as_str().into())).collect();
                let (outcome, labels) = stages::sample(&shared, target, scraped.honor, &scraped.metrics);
                if outcome == Kept::Kept {
                    fails |= stages::storable(&labels, dialect).is_err();
                    of_page.push(Stored { id: *id, labels, exposed, job });
                }
            }
            if !fails {
                not.retain(|id| of_page.iter().all(|s| s.id != *id));
                stored.extend(of_page);
            }
        }
        (stored, not)
    }

    fn expected(&self, stored: &[Stored<'_>]) -> Expected {
        let mut alike: BTreeMap<Pairs, Vec<u64>> = BTreeMap::new();
        for s in stored {
            alike.entry(pairs(&s.labels)).or_default().push(s.id);
        }
        let dialect = self.queues[0].chain.dialect();
        let reported: Vec<Labels> = self
            .scraped
            .iter()
            .filter_map(|job| job.target.as_ref())
            .filter(|target| !is_nameless(target, dialect))
            .flat_map(|target| REPORTS.map(|name| stages::report(name, target, dialect)))
            .collect();
        let sent = |labels: &Labels, queue: &Queue| match stages::write(labels, &self.external, &queue.chain) {
            (Kept::Kept, labels) => Some(pairs(&labels)),
            _ => None,
        };
        let queues = self.queues.iter().map(|queue| OfQueue {
            sent: stored.iter().map(|s| (s.id, sent(&s.labels, queue))).collect(),
            reports: reported.iter().filter_map(|labels| sent(labels, queue)).collect(),
        });
        Expected { alike: alike.into_values().collect(), queues: queues.collect() }
    }

    /// The targets as the API tells them.
    fn targets(&self, said: &Value, dialect: Dialect) -> Tally {
        let mut tally = Tally { chains: self.looked.len(), ..Tally::default() };
        let list = |name: &str| said["data"][name].as_array().cloned().unwrap_or_default();
        let id = |target: &Value| target["discoveredLabels"][CASE].as_str().and_then(|id| id.parse::<u64>().ok());
        let by_id = |name| list(name).into_iter().filter_map(|t| Some((id(&t)?, t))).collect::<BTreeMap<u64, Value>>();
        let (active, dropped) = (by_id("activeTargets"), by_id("droppedTargets"));
        for (number, job) in self.looked.iter().enumerate() {
            for (id, found) in &job.found {
                let name = format!("looked-{number}");
                let params: Vec<(&str, &str)> = job.params.map(|q| ("q", q)).into_iter().collect();
                let about = draw::about(&name, NEVER, "10s", "/metrics", &params);
                // Which of two labels of one new name wins is a matter of luck there.
                if dialect != (Dialect::Prometheus2 { minor: 42 })
                    && draw::is_luck(&job.rules, found, &about, &job.chain)
                {
                    continue;
                }
                let before = stages::discovered(found, &about, dialect);
                let after = stages::target(found, &about, &job.chain);
                let evaluator = match &after {
                    Target::Kept(labels) => format!(
                        "{} every {} within {}",
                        shown(&pairs(&stages::attached(labels))),
                        labels.get("__scrape_interval__"),
                        labels.get("__scrape_timeout__")
                    ),
                    Target::Dropped { .. } => "dropped".to_owned(),
                    Target::Refused(_) => "not there".to_owned(),
                };
                let program = match (active.get(id), dropped.contains_key(id)) {
                    (Some(t), _) => format!(
                        "{} every {} within {}",
                        shown(&of_json(&t["labels"])),
                        t["scrapeInterval"].as_str().unwrap_or_default(),
                        t["scrapeTimeout"].as_str().unwrap_or_default()
                    ),
                    (None, true) => "dropped".to_owned(),
                    (None, false) => "not there".to_owned(),
                };
                tally.count(&before, if let Target::Kept(labels) = &after { Some(labels) } else { None });
                if evaluator != program {
                    let given = vec![("discovered", shown(&pairs(&before)))];
                    tally.wrong.push(Wrong { stage: "target", rules: job.rules.clone(), given, evaluator, program });
                }
            }
        }
        tally
    }

    fn compare(
        &self,
        stored: &[Stored<'_>],
        not: &BTreeSet<u64>,
        expected: &Expected,
        sent: &[Sent],
    ) -> (Tally, Tally) {
        let mut metric = Tally { chains: self.scraped.len(), ..Tally::default() };
        let mut write = Tally { chains: self.queues.len() - 1, ..Tally::default() };
        let may_miss: BTreeSet<u64> = expected.alike.iter().filter(|ids| ids.len() > 1).flatten().copied().collect();
        let came = |queue: usize, id: u64| sent[queue].with(id).map(shown).collect::<Vec<_>>().join(" and ");
        let mut bad = BTreeSet::new();
        let told = |s: Option<&Pairs>| s.map_or_else(String::new, shown);
        let jobs = stored.iter().map(|s| (s.id, s.job, s.exposed));
        let lost = self.scraped.iter().enumerate().flat_map(|(job, scraped)| {
            scraped.rows.iter().filter(|(id, _)| not.contains(id)).map(move |(id, exposed)| (*id, job, exposed))
        });
        for (id, job, exposed) in jobs.chain(lost) {
            let job = &self.scraped[job];
            let ours = expected.queues[0].sent.get(&id).and_then(Option::as_ref);
            let after = stored.binary_search_by_key(&id, |s| s.id).ok().map(|i| &stored[i].labels);
            metric.count(&exposed.iter().cloned().collect(), after);
            let (evaluator, program) = (told(ours), came(0, id));
            if evaluator != program && !(program.is_empty() && may_miss.contains(&id)) {
                bad.insert(id);
                let given = vec![
                    ("target_rules", all_written(&job.rules).to_string()),
                    ("target", job.target.as_ref().map_or_else(String::new, |t| shown(&pairs(t)))),
                    ("honor_labels", job.honor.to_string()),
                    ("exposed", shown(exposed)),
                    ("external_labels", shown(&pairs(&self.external))),
                ];
                let rules = job.metric_rules.clone();
                metric.wrong.push(Wrong { stage: "merge and metric", rules, given, evaluator, program });
            }
        }
        for (i, queue) in self.queues.iter().enumerate().skip(1) {
            let wrong = |given, evaluator, program| Wrong {
                stage: "write",
                rules: queue.rules.clone(),
                given,
                evaluator,
                program,
            };
            for s in stored.iter().filter(|s| !bad.contains(&s.id)) {
                let ours = expected.queues[i].sent.get(&s.id).and_then(Option::as_ref);
                let after = ours.map(|pairs| pairs.iter().cloned().collect::<Labels>());
                write.count(&stages::external(&s.labels, &self.external), after.as_ref());
                let (evaluator, program) = (told(ours), came(i, s.id));
                if evaluator != program && !(program.is_empty() && may_miss.contains(&s.id)) {
                    let given =
                        vec![("series", shown(&pairs(&s.labels))), ("external_labels", shown(&pairs(&self.external)))];
                    write.wrong.push(wrong(given, evaluator, program));
                }
            }
            let reports: BTreeSet<Pairs> =
                sent[i].by_value.range(..FIRST).flat_map(|(_, all)| all.iter().cloned()).collect();
            // Targets that are only looked at may have been scraped by now.
            let missing = expected.queues[i].reports.iter().find(|labels| !reports.contains(*labels));
            write.cases += expected.queues[i].reports.len();
            if let Some(labels) = missing {
                let of = |labels: &Pairs| labels.iter().find(|(n, _)| n == "job").map(|(_, v)| v.clone());
                let came: Vec<String> = reports.iter().filter(|r| of(r) == of(labels)).map(shown).collect();
                write.wrong.push(wrong(vec![("of", "a scrape".to_owned())], shown(labels), came.join(" and ")));
            }
        }
        (metric, write)
    }
}

/// Whether Prometheus 3 takes the target's labels for none: one of them has no name.
fn is_nameless(target: &Labels, dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Prometheus3 { .. }) && target.has("")
}

/// What is expected of a run.
struct Expected {
    /// Numbers of samples that are one series once they are stored: one of them has to arrive.
    alike: Vec<Vec<u64>>,
    queues: Vec<OfQueue>,
}

struct OfQueue {
    /// `None`: dropped.
    sent: BTreeMap<u64, Option<Pairs>>,
    reports: BTreeSet<Pairs>,
}

impl Expected {
    fn arrived(&self, sent: &[Sent]) -> bool {
        self.queues.iter().zip(sent).all(|(queue, sent)| {
            let reports: BTreeSet<&Pairs> = sent.by_value.range(..FIRST).flat_map(|(_, all)| all).collect();
            let there = |ids: &Vec<u64>| {
                let dropped = ids.iter().all(|id| matches!(queue.sent.get(id), Some(None)));
                dropped || ids.iter().any(|id| sent.by_value.contains_key(id))
            };
            self.alike.iter().all(there) && queue.reports.iter().all(|labels| reports.contains(labels))
        })
    }
}

fn of_json(labels: &Value) -> Pairs {
    let entries = labels.as_object().into_iter().flatten();
    let mut pairs: Pairs = entries.map(|(n, v)| (n.clone(), v.as_str().unwrap_or_default().to_owned())).collect();
    pairs.sort();
    pairs
}
