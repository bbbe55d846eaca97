//! Helm releases: what a cluster was last given, against the values that are compiled.
//!
//! A release is a Secret of type `helm.sh/release.v1`, one for each revision, named
//! `sh.helm.release.v1.<release>.v<revision>` and labelled `owner=helm,name=…,status=…,version=…`; its key `release` is
//! base64 of (mostly gzipped) JSON (helm `pkg/storage/driver`). It holds every value, credentials among them.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::{Because, Cause, Change, Edit, Effect, Rules, Side, compare};
use crate::diag::Origin;
use crate::object::{NodeId, ObjectId, Tree, json_values};

/// Inflated size of a release; Secrets hold 1 MiB, and JSON of charts shrinks to a tenth.
const MAX_INFLATED: u64 = 64 << 20;
/// Values of one release.
const MAX_NODES: usize = 1_000_000;
/// Bytes of a manifest that are read as YAML.
const MAX_MANIFEST: usize = 16 << 20;
/// Objects of one manifest.
const MAX_DOCUMENTS: usize = 10_000;

/// One revision of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    pub number: u64,
    /// `deployed`, `failed`, `pending-upgrade`, `superseded` …
    pub status: String,
    /// Name of the chart, without its repository.
    pub chart: String,
    pub version: String,
    /// The values its user gave.
    pub config: Json,
    /// YAML of all objects, as they were sent.
    pub manifest: String,
}

impl Revision {
    /// Reads the Secret of a revision, as the API server gives it.
    ///
    /// # Errors
    /// What is wrong with it, in words without any of its content.
    pub fn of_secret(secret: &Json) -> Result<Self, String> {
        let text = secret.pointer("/data/release").and_then(Json::as_str).ok_or("it has no key `release`")?;
        let once = STANDARD.decode(text).map_err(|_| "its key `release` is no base64")?;
        let twice = STANDARD.decode(once).map_err(|_| "its key `release` is no base64 of base64")?;
        let json = if twice.starts_with(&[0x1f, 0x8b, 0x08]) { inflated(&twice)? } else { twice };
        if json_values(&json) > MAX_NODES {
            return Err(format!("it has more than {MAX_NODES} values"));
        }
        // The words of the parser would quote what stands there.
        let release: Json = serde_json::from_slice(&json).map_err(|_| "it holds no JSON")?;
        Revision::of_json(&release).ok_or_else(|| "it is no release of Helm".to_owned())
    }

    fn of_json(release: &Json) -> Option<Self> {
        let text = |pointer: &str| release.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
        Some(Revision {
            number: release.get("version")?.as_u64()?,
            status: text("/info/status")?,
            chart: text("/chart/metadata/name")?,
            version: text("/chart/metadata/version")?,
            config: release.get("config").filter(|c| !c.is_null()).cloned().unwrap_or_else(|| serde_json::json!({})),
            manifest: text("/manifest").unwrap_or_default(),
        })
    }

    /// What a file of `helm get values` tells of it: nothing of the chart.
    pub fn of_values(values: Json, wanted: &Release<'_>) -> Self {
        Revision {
            number: 0,
            status: "deployed".to_owned(),
            chart: wanted.chart_name().to_owned(),
            version: wanted.version.to_owned(),
            config: if values.is_null() { serde_json::json!({}) } else { values },
            manifest: String::new(),
        }
    }

    /// The objects it sent, by the documents of its manifest; `None` where it is none.
    pub fn objects(&self, rules: &Rules<'_>, tree: &mut Tree) -> Option<Vec<NodeId>> {
        let text = Some(&self.manifest).filter(|text| text.len() <= MAX_MANIFEST)?;
        (rules.parse)(text, tree).filter(|all| all.len() <= MAX_DOCUMENTS)
    }
}

fn inflated(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(bytes).take(MAX_INFLATED + 1);
    reader.read_to_end(&mut out).map_err(|_| "it cannot be inflated")?;
    if out.len() as u64 > MAX_INFLATED {
        return Err(format!("inflated it has more than {} MiB", MAX_INFLATED >> 20));
    }
    Ok(out)
}

/// A release as it is compiled.
#[derive(Clone, Copy)]
pub struct Release<'a> {
    pub id: &'a ObjectId,
    pub file: &'a str,
    /// As Helm takes it: `vm/victoria-metrics-cluster`.
    pub chart: &'a str,
    pub version: &'a str,
    pub values: Side<'a>,
    /// Whether these values are what reviewers approved; `None` where nobody knows.
    pub approved: Option<bool>,
}

impl Release<'_> {
    /// Without its repository.
    fn chart_name(&self) -> &str {
        self.chart.rsplit('/').next().unwrap_or(self.chart)
    }
}

/// Of the Secrets of a release those of the newest revision and of the newest one that was deployed, by their labels:
/// what came before them is neither read nor inflated.
pub fn that_count(secrets: &[Json]) -> Vec<&Json> {
    let label = |secret: &Json, name: &str| secret.pointer("/metadata/labels")?.get(name)?.as_str().map(str::to_owned);
    let number = |secret: &Json| label(secret, "version").and_then(|v| v.parse::<u64>().ok());
    // Helm labels all of them; one without is no better known than by being read.
    if secrets.iter().any(|s| number(s).is_none() || label(s, "status").is_none()) {
        return secrets.iter().collect();
    }
    let newest = secrets.iter().max_by_key(|s| number(s));
    let deployed =
        secrets.iter().filter(|s| label(s, "status").as_deref() == Some("deployed")).max_by_key(|s| number(s));
    let mut all: Vec<&Json> = newest.into_iter().chain(deployed).collect();
    all.dedup_by_key(|s| number(s));
    all
}

/// The revision that runs.
pub fn deployed(revisions: &[Revision]) -> Option<&Revision> {
    revisions.iter().filter(|r| r.status == "deployed").max_by_key(|r| r.number)
}

/// What differs between a release and its revisions, the newest of which need not be the one that runs.
pub fn compare_release(wanted: Release<'_>, revisions: &[Revision], rules: &Rules<'_>) -> Vec<Change> {
    let newest = revisions.iter().max_by_key(|r| r.number);
    let deployed = deployed(revisions);
    let mut changes = Vec::new();
    if let Some(newest) = newest.filter(|n| deployed.is_none_or(|d| n.number > d.number)) {
        let (number, status) = (newest.number, newest.status.as_str());
        let not = if deployed.is_none() && status != "uninstalled" { "; its values are not compared" } else { "" };
        let words = format!("{}{not}", meaning(status));
        changes.push(about(wanted, "revision", Some(format!("{number}, {status}")), None, words, Cause::Drift));
    }
    let Some(deployed) = deployed else {
        if newest.is_none_or(|newest| newest.status == "uninstalled") {
            let words = "nothing of it is installed";
            changes.push(about(wanted, "", None, Some(wanted.chart.to_owned()), words, Cause::Pending));
        }
        return changes;
    };
    let cause = if wanted.approved == Some(true) { Cause::Drift } else { Cause::Pending };
    let (was, is) =
        (format!("{} {}", deployed.chart, deployed.version), format!("{} {}", wanted.chart_name(), wanted.version));
    if was != is {
        changes.push(about(wanted, "chart", Some(was), Some(is), "", cause));
    }
    let mut tree = Tree::new();
    let root = tree.add_json("", &deployed.config, Origin::INHERIT);
    let values = compare(wanted.id, wanted.file, Side::new(&tree, root), wanted.values, rules);
    changes.extend(values.into_iter().map(|change| {
        let by = match change.edit {
            // Nobody is on record: Helm keeps values, not who gave them.
            Edit::Removed if deployed.number == 0 => "given by --set or another values file".to_owned(),
            Edit::Removed => format!("revision {} was given it, by --set or another values file", deployed.number),
            _ if deployed.number == 0 => "as of its values".to_owned(),
            _ => format!("as of revision {}", deployed.number),
        };
        Change { was: Origin::INHERIT, because: Some(Because { cause, by }), ..change }
    }));
    changes
}

/// What it means that the newest revision of a release does not run (helm `pkg/release/status.go`).
fn meaning(status: &str) -> &'static str {
    match status {
        "failed" => "the last install, upgrade or rollback failed: what runs may be half of it",
        "pending-install" => {
            "an install is under way, or was cut short: Helm refuses the next one until it is uninstalled"
        }
        "pending-upgrade" => {
            "an upgrade is under way, or was cut short: Helm refuses the next one until it is rolled back"
        }
        "pending-rollback" => "a rollback is under way, or was cut short: Helm refuses all else until one ends",
        "uninstalling" => "it is being uninstalled, or that was cut short: what runs may be half of it",
        "uninstalled" => "it was uninstalled, and its history kept: nothing of it runs",
        "superseded" => {
            "it was superseded, and the record of the revision that came after it is gone: what runs is not known"
        }
        _ => "Helm does not say that it runs",
    }
}

/// A change that is about the release as such.
fn about(
    wanted: Release<'_>,
    path: &str,
    before: Option<String>,
    after: Option<String>,
    words: impl Into<Cow<'static, str>>,
    cause: Cause,
) -> Change {
    let edit = match (&before, &after) {
        (None, _) => Edit::Added,
        (_, None) => Edit::Removed,
        _ => Edit::Changed,
    };
    let effect = if path == "chart" { Effect::Restart } else { Effect::None };
    Change {
        object: Some(wanted.id.clone()),
        file: wanted.file.to_owned(),
        path: path.to_owned(),
        edit,
        in_text: false,
        handed: false,
        pods: None,
        before: before.map(Json::from),
        after: after.map(Json::from),
        effect,
        consequence: words.into(),
        origin: wanted.values.tree.origin(wanted.values.root),
        was: Origin::INHERIT,
        because: Some(Because { cause, by: String::new() }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;
    use crate::diff::ListKind;

    fn secret(release: &Json) -> Json {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        json!({"data": {"release": STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()))}})
    }

    fn release(number: u64, status: &str, version: &str, config: Json) -> Revision {
        let json = json!({"name": "central", "version": number, "info": {"status": status}, "config": config,
            "chart": {"metadata": {"name": "victoria-metrics-cluster", "version": version}}, "manifest": "---\n"});
        Revision::of_secret(&secret(&json)).unwrap()
    }

    fn told(values: &Json, approved: Option<bool>, revisions: &[Revision]) -> Vec<String> {
        let mut tree = Tree::new();
        let root = tree.add_json("", values, Origin::INHERIT);
        let id = ObjectId {
            api_version: String::new(),
            kind: "values".into(),
            namespace: "vm".into(),
            name: "central".into(),
        };
        let wanted = Release {
            id: &id,
            file: "helm/central.values.yaml",
            chart: "vm/victoria-metrics-cluster",
            version: "0.49.0",
            values: Side::new(&tree, root),
            approved,
        };
        let rules = Rules { lists: &|_, _| ListKind::Plain, parse: &|_, _| None, equal: &|_, _, _, _| false };
        let shown = |v: &Option<Json>| v.as_ref().map_or("-".to_owned(), Json::to_string);
        let line = |c: &Change| {
            let cause = c.because.as_ref().map_or("", |b| b.cause.name());
            format!("{} {} {} {} {cause}", c.path, c.edit.name(), shown(&c.before), shown(&c.after)).trim().to_owned()
        };
        compare_release(wanted, revisions, &rules).iter().map(line).collect()
    }

    #[test]
    fn values_are_compared_by_type_and_null_is_not_absent() {
        let values = json!({"port": 8480, "extra": {"a": null}});
        let same = release(3, "deployed", "0.49.0", values.clone());
        assert_eq!(told(&values, Some(true), &[same]), Vec::<String>::new());
        let other = release(3, "deployed", "0.48.1", json!({"port": "8480", "extra": {}, "set": true}));
        assert_eq!(
            told(&values, Some(true), &[other]),
            [
                "chart changed \"victoria-metrics-cluster 0.48.1\" \"victoria-metrics-cluster 0.49.0\" drift",
                "port changed \"8480\" 8480 drift",
                "extra.a added - null drift",
                "set removed true - drift",
            ]
        );
    }

    #[test]
    fn the_revision_that_runs_counts_and_a_later_one_is_told() {
        let old = release(1, "superseded", "0.1.0", json!({}));
        let runs = release(2, "deployed", "0.49.0", json!({}));
        let cut = release(3, "pending-upgrade", "0.49.0", json!({"a": 1}));
        assert_eq!(
            told(&json!({}), Some(true), &[cut, runs, old]),
            ["revision removed \"3, pending-upgrade\" - drift"]
        );
        for (status, words) in [
            ("uninstalled", "nothing of it runs"),
            ("uninstalling", "it is being uninstalled"),
            ("superseded", "what runs is not known"),
            ("pending-install", "an install is under way"),
            ("pending-rollback", "a rollback is under way"),
        ] {
            let newest = release(4, status, "0.49.0", json!({}));
            let lines = told(&json!({}), Some(true), std::slice::from_ref(&newest));
            assert_eq!(lines[0], format!("revision removed \"4, {status}\" - drift"));
            let installed = lines.get(1).map(String::as_str);
            let gone = Some("added - \"vm/victoria-metrics-cluster\" pending").filter(|_| status == "uninstalled");
            assert_eq!(installed, gone, "{status}");
            assert!(meaning(status).contains(words) && !meaning(status).contains("upgrade is"), "{status}");
        }
        assert_eq!(told(&json!({}), None, &[]), ["added - \"vm/victoria-metrics-cluster\" pending"]);
    }

    #[test]
    fn what_is_no_release_is_told_without_its_content() {
        let of = |data: &str| Revision::of_secret(&json!({"data": {"release": data}})).unwrap_err();
        assert_eq!(of("?"), "its key `release` is no base64");
        assert_eq!(of(&STANDARD.encode("?")), "its key `release` is no base64 of base64");
        assert_eq!(of(&STANDARD.encode(STANDARD.encode("canary"))), "it holds no JSON");
        assert_eq!(of(&STANDARD.encode(STANDARD.encode("{}"))), "it is no release of Helm");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..65 {
            gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let bomb = STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()));
        assert_eq!(of(&bomb), "inflated it has more than 64 MiB");
    }

    #[test]
    fn only_the_newest_and_the_one_that_runs_are_read() {
        let secret = |number: u64, status: &str| json!({"metadata": {"labels": {"version": number.to_string(), "status": status}}, "data": {"release": "?"}});
        let all = [secret(9, "superseded"), secret(11, "failed"), secret(10, "deployed"), secret(2, "deployed")];
        let numbers = |all: &[Json]| -> Vec<Json> {
            that_count(all).into_iter().map(|s| s["metadata"]["labels"]["version"].clone()).collect()
        };
        assert_eq!(numbers(&all), [json!("11"), json!("10")]);
        assert_eq!(numbers(&all[2..3]), [json!("10")]);
        assert_eq!(that_count(&[json!({}), secret(1, "deployed")]).len(), 2, "without labels nothing is known");
    }

    #[test]
    fn what_would_fill_the_memory_is_not_read() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(b"[").unwrap();
        for _ in 0..1100 {
            gzip.write_all(&b"1,".repeat(1000)).unwrap();
        }
        gzip.write_all(b"1]").unwrap();
        let bomb = STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()));
        let why = Revision::of_secret(&json!({"data": {"release": bomb}})).unwrap_err();
        assert_eq!(why, "it has more than 1000000 values");
    }
}
