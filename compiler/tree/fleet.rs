//! `fleet.json`: the only data file of the whole fleet, and the index of the fleet's own folder.

use serde::{Deserialize, Serialize};

use super::index::{FORMAT, IndexedFile, check, lines, parse};
use super::parse_hash;
use crate::world::{Fingerprint, Trouble, WriteSet};

const README: &str = "README.md";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FleetIndex {
    pub format_version: u64,
    pub compiler: String,
    pub catalog: String,
    pub fleet: String,
    /// Sorted by identity.
    pub clusters: Vec<FleetCluster>,
    /// Identities whose folders are still there, though no cluster of the fleet has them. Sorted.
    #[serde(default)]
    pub left: Vec<String>,
    /// Stores, routes and the like, as the caller gives them: one member each.
    pub plan: serde_json::Map<String, serde_json::Value>,
    files: Vec<IndexedFile>,
    #[serde(skip)]
    own: Option<Fingerprint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetCluster {
    pub identity: String,
    pub name: String,
    /// [`super::Index::digest`] of the cluster.
    pub digest: String,
}

impl FleetIndex {
    /// Name of the file, in the fleet's folder.
    pub const FILE: &str = "fleet.json";

    pub fn new(compiler: &str, catalog: &str, fleet: &str, mut clusters: Vec<FleetCluster>) -> Self {
        clusters.sort_by(|a, b| a.identity.cmp(&b.identity));
        FleetIndex {
            format_version: FORMAT,
            compiler: compiler.to_owned(),
            catalog: catalog.to_owned(),
            fleet: fleet.to_owned(),
            clusters,
            left: Vec::new(),
            plan: serde_json::Map::new(),
            files: Vec::new(),
            own: None,
        }
    }

    /// Reads what a build wrote; `path` is for messages.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, Trouble> {
        let mut index: FleetIndex = parse(path, bytes)?;
        for file in &index.files {
            check(path, &file.path, &file.hash)?;
        }
        index.own = Some(Fingerprint::of(bytes));
        Ok(index)
    }

    /// The digest a cluster had. For a build of a few clusters, which keeps those of the others.
    pub fn digest(&self, identity: &str) -> Option<&str> {
        self.clusters.iter().find(|c| c.identity == identity).map(|c| c.digest.as_str())
    }

    /// Identities an earlier build knew that `has` does not hold for: clusters taken out of the spec.
    pub fn gone(&self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let known = self.clusters.iter().map(|c| &c.identity).chain(&self.left);
        let mut gone: Vec<String> = known.filter(|identity| !has(identity)).cloned().collect();
        gone.sort();
        gone.dedup();
        gone
    }

    /// The text of `fleet.json` beside a README of this text.
    pub fn render(&mut self, readme: &str) -> String {
        self.files = vec![IndexedFile::new(README, readme.as_bytes())];
        let mut text = format!("{{\n  \"format_version\": {FORMAT},\n");
        for (key, value) in [("compiler", &self.compiler), ("catalog", &self.catalog), ("fleet", &self.fleet)] {
            text.push_str(&format!("  \"{key}\": {},\n", serde_json::Value::from(value.as_str())));
        }
        lines("clusters", &self.clusters, &mut text);
        if !self.left.is_empty() {
            text.push_str(&format!(",\n  \"left\": {}", serde_json::Value::from(self.left.as_slice())));
        }
        text.push_str(",\n  \"plan\": {");
        for (i, (key, value)) in self.plan.iter().enumerate() {
            text.push_str(if i == 0 { "\n    " } else { ",\n    " });
            text.push_str(&format!("{}: {value}", serde_json::Value::from(key.as_str())));
        }
        text.push_str(if self.plan.is_empty() { "},\n" } else { "\n  },\n" });
        lines("files", &self.files, &mut text);
        text.push_str("\n}\n");
        text
    }

    /// What to write into the fleet's own folder, given what is there now. `text` is [`render`]'s.
    ///
    /// [`render`]: FleetIndex::render
    pub fn write_set<'a>(folder: &'a str, text: &'a str, readme: &'a str, old: Option<&FleetIndex>) -> WriteSet<'a> {
        WriteSet {
            folder,
            files: vec![(README.to_owned(), readme.as_bytes())],
            index: Some((FleetIndex::FILE.to_owned(), text.as_bytes())),
            owned: old.map(FleetIndex::owned).unwrap_or_default(),
        }
    }

    fn owned(&self) -> Vec<(String, Fingerprint)> {
        let listed = self.files.iter().filter_map(|f| Some((f.path.clone(), parse_hash(&f.hash)?)));
        listed.chain(self.own.map(|print| (FleetIndex::FILE.to_owned(), print))).collect()
    }
}
