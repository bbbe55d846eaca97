//! What dashboards are asked against: a Prometheus 2 and a Prometheus 3 that scrape themselves and a
//! stand-in, and a VictoriaMetrics both of them write to.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::exporters::{About, Exporter, Kind};
use crate::ground::process::{Process, Ready};
use crate::ground::{During, Outcome, Trouble, http};

const START: Duration = Duration::from_secs(60);
/// How far back ranges begin, seconds.
const BACK: f64 = 120.0;

pub struct Programs<'a> {
    pub prometheus_2: &'a Path,
    pub prometheus_3: &'a Path,
    pub victoria_metrics: &'a Path,
}

pub struct Backends {
    all: Vec<Backend>,
    _exporter: Exporter,
}

/// Something that answers PromQL.
pub struct Backend {
    pub name: String,
    /// Values its label `cluster` has: none inside of a Prometheus.
    pub clusters: Vec<String>,
    /// Up to `/api/v1`.
    base: String,
    _process: Process,
}

impl Backends {
    /// Backends whose stand-in is scraped once for each of these classes; an empty one is none. The
    /// Prometheis among them evaluate these groups of rules.
    ///
    /// # Errors
    /// A program does not come up.
    pub fn start(
        programs: &Programs<'_>,
        classes: &BTreeSet<String>,
        rules: &[Value],
        scratch: &Path,
    ) -> Outcome<Backends> {
        let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).during("a stand-in")?;
        let exporter = Exporter::start(
            listener,
            Kind::Hardware,
            About { node: "node-0".to_owned(), namespaces: vec!["a".to_owned()], ..About::default() },
        )?;
        let store = victoria_metrics(programs.victoria_metrics, scratch)?;
        let of_class = |class: &String| {
            let labels = json!({"job_class": class, "node": "node-0"});
            json!({"targets": [exporter.address.to_string()], "labels": labels})
        };
        let stand_in: Value = classes.iter().map(of_class).collect();
        let mut all = Vec::new();
        for (name, program) in [("Prometheus 2", programs.prometheus_2), ("Prometheus 3", programs.prometheus_3)] {
            let cluster = name.to_lowercase().replace(' ', "-");
            all.push(prometheus((name, program), &cluster, &stand_in, rules, &store.base, scratch)?);
        }
        all.push(store);
        Ok(Backends { all, _exporter: exporter })
    }

    pub fn all(&self) -> impl Iterator<Item = &Backend> {
        self.all.iter()
    }
}

fn prometheus(
    (name, program): (&str, &Path),
    cluster: &str,
    stand_in: &Value,
    rules: &[Value],
    store: &str,
    scratch: &Path,
) -> Outcome<Backend> {
    let address = free()?;
    let folder = scratch.join(cluster);
    std::fs::create_dir_all(&folder).during(folder.display())?;
    let (config, recorded) = (folder.join("prometheus.yaml"), folder.join("rules.yaml"));
    std::fs::write(&recorded, json!({"groups": rules}).to_string()).during(recorded.display())?;
    let text = json!({
        "global": {"scrape_interval": "1s", "external_labels": {"cluster": cluster, "prometheus": "monitoring/user"}},
        "rule_files": [recorded.display().to_string()],
        "scrape_configs": [
            {"job_name": "prometheus-user", "static_configs": [{"targets": [address.to_string()]}]},
            {"job_name": "node-exporter", "static_configs": stand_in},
        ],
        "remote_write": [{"name": "relay", "url": format!("{store}/api/v1/write"),
                          "queue_config": {"batch_send_deadline": "1s"},
                          // Prometheus 3 counts what is dropped only once something is.
                          "write_relabel_configs": [{"source_labels": ["__name__"], "regex": "node_load1", "action": "drop"}]}],
    });
    // YAML is a superset of JSON.
    std::fs::write(&config, text.to_string()).during(config.display())?;
    let mut command = Command::new(program);
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"));
    let mut process = Process::start(name, &mut command, &folder.join("log"))?;
    process.wait(&Ready::Http(&format!("http://{address}/-/ready")), START)?;
    Ok(Backend { name: name.to_owned(), clusters: Vec::new(), base: format!("http://{address}"), _process: process })
}

fn victoria_metrics(program: &Path, scratch: &Path) -> Outcome<Backend> {
    let address = free()?;
    let folder = scratch.join("victoria-metrics");
    let mut command = Command::new(program);
    command
        .arg(format!("-storageDataPath={}", folder.join("data").display()))
        .arg(format!("-httpListenAddr={address}"))
        // It keeps the newest half minute back otherwise.
        .arg("-search.latencyOffset=1s");
    let mut process = Process::start("VictoriaMetrics", &mut command, &folder.join("log"))?;
    process.wait(&Ready::Http(&format!("http://{address}/health")), START)?;
    let clusters = vec!["prometheus-2".to_owned(), "prometheus-3".to_owned()];
    Ok(Backend { name: "VictoriaMetrics".to_owned(), clusters, base: format!("http://{address}"), _process: process })
}

/// A port of loopback that was free a moment ago.
pub fn free() -> Outcome<SocketAddrV4> {
    let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).during("a free port")?;
    let port = listener.local_addr().during("a free port")?.port();
    Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
}

impl Backend {
    /// How many series an instant query gives.
    ///
    /// # Errors
    /// Its own words, or a warning.
    pub fn now(&self, expr: &str) -> Outcome<usize> {
        self.ask("query", &[("query", expr)])
    }

    /// How many series a query over the last minutes gives.
    ///
    /// # Errors
    /// As for [`Backend::now`].
    pub fn range(&self, expr: &str, step: u64) -> Outcome<usize> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).during("the clock")?.as_secs_f64();
        let (start, end) = (format!("{:.3}", now - BACK), format!("{now:.3}"));
        self.ask("query_range", &[("query", expr), ("start", &start), ("end", &end), ("step", &step.to_string())])
    }

    /// The values of a label on a metric; waits until those it has to have are there.
    ///
    /// # Errors
    /// Its own words.
    pub fn label_values(&self, metric: &str, label: &str) -> Outcome<Vec<String>> {
        let url = http::with_query(&format!("{}/api/v1/label/{label}/values", self.base), &[("match[]", metric)]);
        let deadline = std::time::Instant::now() + START;
        loop {
            let answer = http::get_json(&url)?;
            let values: Vec<String> =
                answer["data"].as_array().into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())).collect();
            let there = match label {
                "cluster" => self.clusters.iter().all(|c| values.contains(c)),
                _ => !values.is_empty(),
            };
            if there || std::time::Instant::now() > deadline {
                return Ok(values);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn ask(&self, what: &str, query: &[(&str, &str)]) -> Outcome<usize> {
        let answer = http::get_json(&http::with_query(&format!("{}/api/v1/{what}", self.base), query))?;
        // Prometheus 3 warns of what it can calculate and thinks is wrong.
        let said = [&answer["warnings"], &answer["infos"]].into_iter().filter_map(Value::as_array).flatten();
        let warned = said.filter_map(Value::as_str).find(|text| !named_otherwise(text));
        if let Some(warning) = warned {
            return Err(Trouble::new(format!("{} warns: {warning}", self.name)));
        }
        match &answer["data"]["result"] {
            Value::Array(series) => Ok(series.len()),
            _ => Err(Trouble::new(format!("{} answers {answer}", self.name))),
        }
    }
}

/// Whether it is only the name that has Prometheus doubt a counter, and the name is an exporter's own: node_exporter
/// takes those of ethtool from the driver.
fn named_otherwise(warning: &str) -> bool {
    warning.contains("metric might not be a counter") && warning.contains("\"node_ethtool_")
}
