//! Objects of ours on a real API server: applied, changed by somebody else, compared, and put back.

use std::path::PathBuf;

use serde_json::Value;
use watershed::catalog::fields::{self, Field};
use watershed::diff::{Approved, Found, Live, Ours, Side, Wanted, compare_live};
use watershed::object::{NodeId, ObjectId, Tree};
use watershed::pipeline::rules;
use watershed::snapshot::{self, Head, Known, Of};
use watershed::syntax::plain;
use watershed::world::server::{Listed, Served};
use watershed::world::{Access, Memory, Recorded, Time, World as _};

use super::places::bare;
use crate::ground::kubectl::{Kubectl, OWNER};
use crate::ground::{During as _, Outcome, Trouble};
use crate::steps::emitted::{self, repository};

/// How an object of ours came to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    ServerSide,
    /// By `kubectl apply` alone.
    ClientSide,
}

pub struct Object {
    pub file: PathBuf,
    /// What is checked in.
    pub emitted: Value,
    /// As the API server gives it back where nobody has touched it.
    pub live: Value,
    pub table: Field,
    applied: Applied,
    id: ObjectId,
    ours: Ours,
    tree: Tree,
    root: NodeId,
}

/// Who `kubectl apply` says it is.
const CLIENT: &str = "kubectl-client-side-apply";

impl Object {
    /// # Errors
    /// It is not of a kind we know, or the API server refuses it.
    pub fn apply(from: &emitted::Object, applied: Applied, kubectl: &Kubectl) -> Outcome<Object> {
        let file = repository(&from.file);
        let text = std::fs::read_to_string(&file).during(file.display())?;
        let mut tree = Tree::new();
        let roots =
            plain::read_tree(&text, &mut tree).map_err(|_| Trouble::new(format!("{} is no YAML", from.file)))?;
        let root = *roots.first().ok_or_else(|| Trouble::new("an empty file"))?;
        let live = match applied {
            Applied::ServerSide => kubectl.rest().put(&from.json, OWNER, "")?,
            Applied::ClientSide => {
                kubectl.run(&["apply", "-f", &file.display().to_string()])?;
                kubectl.rest().read(&from.json)?.ok_or_else(|| Trouble::new("what was applied is not there"))?
            }
        };
        let id = Live(&from.json).id().ok_or_else(|| Trouble::new(format!("{}: no object", from.file)))?;
        let table = fields::table(&id.api_version, &id.kind);
        let table = table.ok_or_else(|| Trouble::new(format!("no field table of {}", id.kind)))?.root();
        let labels = from.json["metadata"]["labels"].as_object().into_iter().flatten();
        let marks = ["app.kubernetes.io/managed-by", "watershed/fleet", "watershed/cluster"];
        let labels = labels.filter(|(key, _)| marks.contains(&key.as_str()));
        let labels = labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        let ours = Ours { labels, ..Ours::default() };
        Ok(Object { file, emitted: from.json.clone(), live, table, applied, id, ours, tree, root })
    }

    pub fn kind(&self) -> &str {
        &self.id.kind
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.id.kind, self.id.name)
    }

    /// What our program says of it, as the API server has it.
    pub fn compare(&self, live: &Value) -> Found {
        let side = Side::new(&self.tree, self.root);
        let wanted = Wanted { id: &self.id, file: "", side, approved: Approved::Same };
        compare_live(wanted, Live(live), &self.ours, &rules())
    }

    /// The object once it was written into a snapshot and read again.
    ///
    /// # Errors
    /// The snapshot cannot be read.
    pub fn through_snapshot(&self, live: &Value) -> Outcome<Value> {
        let world = Memory::new();
        let (api_version, kind) = (self.id.api_version.clone(), self.id.kind.clone());
        let namespaced = !self.id.namespace.is_empty();
        let served = Served { api_version: api_version.clone(), plural: kind.to_lowercase(), kind, namespaced };
        let recorded = Recorded {
            kinds: vec![served.clone()],
            objects: vec![live.clone()],
            complete: vec![Listed { served, namespace: None, labels: None }],
            discovered: Some(vec![api_version]),
            ..Recorded::default()
        };
        let (fleet, cluster) = ("mutated".to_owned(), "live".to_owned());
        let head = Head { fleet, cluster, context: String::new(), taken: Time(0), compiler: String::new() };
        let mut known = Known::default();
        known.add(&self.emitted);
        let files = snapshot::files(&head, &recorded, |_| true, &known, &[7; 16]);
        let told = |t: Trouble| t.during("a snapshot");
        let output = world.output("s", Access::Write).map_err(|t| told(Trouble::new(t.message)))?;
        output.commit(&files.write_set(&head.cluster, Vec::new())).map_err(|t| told(Trouble::new(t.message)))?;
        let of = Of { fleet: &head.fleet, name: &head.cluster, identity: &head.cluster, clusters: &[], only: true };
        let stored = snapshot::read(&world, "s", &of).map_err(|f| told(Trouble::new(f.to_string())))?;
        stored.recorded.objects.into_iter().next().ok_or_else(|| told(Trouble::new("nothing is in it")))
    }

    /// Brings it back to what it was, and to whom it belonged.
    ///
    /// # Errors
    /// It cannot be brought back.
    pub fn restore(&mut self, kubectl: &Kubectl, somebody: &str) -> Outcome<()> {
        let rest = kubectl.rest();
        let wanted = bare(&self.live);
        let whole = |now: &Value| bare(now) == wanted && !names(now).contains(&somebody.to_owned());
        if self.applied == Applied::ServerSide
            && let Ok(now) = rest.put(&self.emitted, OWNER, "")
            && whole(&now)
        {
            self.live = now;
            return Ok(());
        }
        // Who put something in that nobody asked for takes it out.
        let mut back = self.live.clone();
        if let Some(metadata) = back["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
            metadata.remove("managedFields");
            if let Some(now) = rest.read(&self.emitted)? {
                metadata.insert("resourceVersion".to_owned(), now["metadata"]["resourceVersion"].clone());
            }
        }
        let owner = if self.applied == Applied::ClientSide { CLIENT } else { somebody };
        if let Ok(now) = rest.replace(&back, owner)? {
            let now = if self.applied == Applied::ServerSide { rest.put(&self.emitted, OWNER, "")? } else { now };
            if whole(&now) {
                self.live = now;
                return Ok(());
            }
        }
        rest.delete(&self.emitted)?;
        self.live = match self.applied {
            Applied::ServerSide => rest.put(&self.emitted, OWNER, "")?,
            Applied::ClientSide => {
                kubectl.run(&["apply", "-f", &self.file.display().to_string()])?;
                rest.read(&self.emitted)?.unwrap_or_default()
            }
        };
        // Addresses that are given out anew may be others.
        if names(&self.live).contains(&somebody.to_owned()) {
            return Err(Trouble::new(format!("{} is not what it was, deleted and applied again", self.name())));
        }
        Ok(())
    }
}

/// All who own something of an object.
pub fn names(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries.filter_map(|entry| entry["manager"].as_str().map(str::to_owned)).collect()
}
