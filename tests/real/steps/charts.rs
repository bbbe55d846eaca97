//! Every values file of a Helm release: each path is one the chart knows, and where the chart is at
//! hand it renders with them, to the Services that others are told to write to.
//!
//! Charts are published where no package registry leads. So the keys are held against the table that
//! is part of the compiler; a folder in `WATERSHED_CHARTS` with the charts by name adds their default
//! values, and, where it holds the templates too (with the charts they need in `charts/`), rendering.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;
use watershed::catalog::fields::{self, Field, Type};

use super::emitted::{self, Cluster};
use crate::ground::{During, Outcome, Trouble};

/// A line of a cluster's `helm/releases.yaml`.
#[derive(Deserialize)]
struct Release {
    name: String,
    namespace: String,
    /// `repository/name`.
    chart: String,
    version: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
struct Releases {
    releases: Vec<Release>,
}

/// `helm` renders where there is a chart to render.
///
/// # Errors
/// A path no chart knows, or helm's words.
pub fn judge(helm: &Path, scratch: &Path) -> Outcome<String> {
    let charts = std::env::var_os("WATERSHED_CHARTS").map(PathBuf::from);
    let clusters = emitted::clusters()?;
    let mut said = Vec::new();
    for cluster in &clusters {
        let values = cluster.of_kind("values")?;
        let releases = releases(cluster)?;
        let named: usize = releases.iter().map(|r| r.values.len()).sum();
        if values.len() != named {
            let what = format!("{}/{}: releases.yaml does not name each values file", cluster.fleet, cluster.name);
            return Err(Trouble::new(what));
        }
        for release in &releases {
            let how = one(release, cluster, &clusters, charts.as_deref(), helm, scratch)?;
            said.push(format!("{}/{} {}: {how}", cluster.fleet, cluster.name, release.name));
        }
    }
    if said.is_empty() {
        return Err(Trouble::new("output/ holds no Helm release"));
    }
    Ok(said.join("\n"))
}

fn releases(cluster: &Cluster) -> Outcome<Vec<Release>> {
    let path = cluster.folder.join("helm/releases.yaml");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).during(path.display())?;
    Ok(serde_yaml::from_str::<Releases>(&text).during(path.display())?.releases)
}

/// What was done with a release, in words.
fn one(
    release: &Release,
    cluster: &Cluster,
    all: &[Cluster],
    charts: Option<&Path>,
    helm: &Path,
    scratch: &Path,
) -> Outcome<String> {
    let chart = release.chart.rsplit('/').next().unwrap_or_default();
    let table = fields::values(chart, &release.version);
    let table = table.ok_or_else(|| Trouble::new(format!("there is no table of {chart} {}", release.version)))?;
    let mut paths = 0;
    for file in &release.values {
        let values = cluster.object(&format!("helm/{file}"))?;
        let mut unknown = Vec::new();
        paths += against_table(&values.json, table.root(), "", &mut unknown);
        refuse(&values.file, chart, &unknown)?;
        would_be_seen(&values.json, table.root(), &values.file)?;
    }
    let table_only =
        |why: &str| format!("{paths} paths checked against the known keys of {chart} {}{why}", release.version);
    let Some(folder) = charts.map(|c| c.join(chart)) else { return Ok(table_only("")) };
    let Some(defaults) = defaults(&folder, &release.version)? else {
        return Ok(table_only(&format!(" (none of that version in {})", folder.display())));
    };
    for file in &release.values {
        let values = cluster.object(&format!("helm/{file}"))?;
        let mut unknown = Vec::new();
        against_defaults(&values.json, &defaults, "", &mut unknown);
        refuse(&values.file, chart, &unknown)?;
    }
    if !folder.join("templates").is_dir() {
        return Ok(table_only(", and its default values"));
    }
    let rendered = render(release, cluster, &folder, helm, scratch)?;
    let asked = asked_for(release, all)?;
    if let Some((host, port)) = asked.iter().find(|host| !rendered.contains(host)) {
        let what = format!("{host}:{port} is written in output/, and the chart makes no such Service: {rendered:?}");
        return Err(Trouble::new(what));
    }
    Ok(format!(
        "rendered {chart} {}; {} Services, {} of them named in output/",
        release.version,
        rendered.len(),
        asked.len()
    ))
}

fn refuse(file: &str, chart: &str, unknown: &[String]) -> Outcome<()> {
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Trouble::new(format!("{file}: the chart {chart} does not know {}", unknown.join(", "))))
}

/// Every path that the table does not have; returns how many it looked at.
fn against_table(value: &Value, field: Field, at: &str, unknown: &mut Vec<String>) -> usize {
    let described = field.target();
    match (value, described.ty) {
        (Value::Object(map), Type::Map | Type::Open) => {
            let below = map.iter().map(|(key, value)| {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match described.child(key) {
                    Some(field) => against_table(value, field, &path, unknown),
                    None => {
                        unknown.push(path);
                        1
                    }
                }
            });
            below.sum()
        }
        (Value::Array(items), Type::List) => {
            let Some(field) = described.items() else { return 1 };
            items.iter().enumerate().map(|(i, v)| against_table(v, field, &format!("{at}[{i}]"), unknown)).sum()
        }
        (Value::Object(_) | Value::Array(_), Type::Any) => 1,
        (Value::Object(_) | Value::Array(_), ty) => {
            unknown.push(format!("{at} (which is {}, not what it holds here)", ty.words()));
            1
        }
        _ => 1,
    }
}

/// Misspells each key at the top and one level down: each has to be found, or this step proves nothing.
fn would_be_seen(values: &Value, root: Field, file: &str) -> Outcome<()> {
    let deaf = |key: &str| Trouble::new(format!("{file}: `{key}x` is taken for a key of the chart"));
    for (key, below) in values.as_object().into_iter().flatten() {
        let mut unknown = Vec::new();
        against_table(&serde_json::json!({format!("{key}x"): below}), root, "", &mut unknown);
        if unknown.is_empty() {
            return Err(deaf(key));
        }
        for (inner, value) in below.as_object().into_iter().flatten() {
            let mut unknown = Vec::new();
            against_table(&serde_json::json!({key: {format!("{inner}x"): value}}), root, "", &mut unknown);
            if unknown.is_empty() {
                return Err(deaf(&format!("{key}.{inner}")));
            }
        }
    }
    Ok(())
}

/// The chart's own values, if the folder holds it in this version.
fn defaults(folder: &Path, version: &str) -> Outcome<Option<Value>> {
    let read = |file: &str| -> Outcome<Value> {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).during(path.display())?;
        serde_yaml::from_str(&text).during(path.display())
    };
    if !folder.join("Chart.yaml").exists() || read("Chart.yaml")?["version"] != version {
        return Ok(None);
    }
    read("values.yaml").map(Some)
}

/// Every path that default values neither have nor leave open (empty maps and lists, null).
fn against_defaults(value: &Value, default: &Value, at: &str, unknown: &mut Vec<String>) {
    let (Value::Object(map), Value::Object(known)) = (value, default) else { return };
    if known.is_empty() {
        return;
    }
    for (key, value) in map {
        let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match known.get(key) {
            Some(default) => against_defaults(value, default, &path, unknown),
            // Free maps that come with entries of the chart's own.
            None if at.ends_with("extraArgs") || at.ends_with("config") => {}
            None => unknown.push(path),
        }
    }
}

/// Names and ports of the Services that the chart makes.
fn render(
    release: &Release,
    cluster: &Cluster,
    chart: &Path,
    helm: &Path,
    scratch: &Path,
) -> Outcome<BTreeSet<(String, u64)>> {
    let mut command = Command::new(helm);
    command.args(["template", &release.name]).arg(chart).args(["--namespace", &release.namespace]);
    for file in &release.values {
        command.arg("--values").arg(cluster.folder.join("helm").join(file));
    }
    // Its own folders, not those of whoever runs this.
    for (name, folder) in [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")] {
        command.env(name, scratch.join("helm").join(folder));
    }
    let output = command.stdin(Stdio::null()).output().during(format!("{} does not start", helm.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A value of the wrong kind is only a warning to helm.
    if !output.status.success() || said.contains("warning:") {
        return Err(Trouble::new(format!("helm template {}: {}", release.name, said.trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut services = BTreeSet::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let object = Value::deserialize(document).during(format!("what helm made of {}", release.name))?;
        if object["kind"] == "Service" {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let ports = object["spec"]["ports"].as_array().into_iter().flatten();
            services.extend(ports.filter_map(|p| Some((name.to_owned(), p["port"].as_u64()?))));
        }
    }
    Ok(services)
}

/// Services of a release's namespace that any file of `output/` names in a URL, with their ports.
fn asked_for(release: &Release, clusters: &[Cluster]) -> Outcome<BTreeSet<(String, u64)>> {
    let (start, end) = (format!("://{}-", release.name), format!(".{}.svc", release.namespace));
    let mut found = BTreeSet::new();
    for cluster in clusters {
        for file in files(&cluster.folder)? {
            let text = std::fs::read_to_string(&file).during(file.display())?;
            for url in text.split(&start).skip(1) {
                let host = url.split(['/', '"', '\'', ' ', '\n']).next().unwrap_or_default();
                let Some((name, rest)) = host.split_once(&end) else { continue };
                let port = rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80);
                found.insert((format!("{}-{name}", release.name), port));
            }
        }
    }
    Ok(found)
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).during(folder.display())? {
        let path = entry.during(folder.display())?.path();
        if path.is_dir() { all.extend(files(&path)?) } else { all.push(path) }
    }
    Ok(all)
}
