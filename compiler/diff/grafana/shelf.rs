//! What a Grafana should have: dashboards, data sources and folders, taken out of the objects that bring them there.

use std::collections::BTreeMap;

use crate::diff::{Rules, Side, embedded};
use crate::object::{Kind, NodeId, ObjectId, Tree};

/// Kinds of what a Grafana has, as they are named in changes.
pub const DASHBOARD: &str = "Dashboard";
pub const DATA_SOURCE: &str = "DataSource";
pub const FOLDER: &str = "Folder";

/// Everything by its key: dashboards and data sources by uid, folders by the object that asks for them.
#[derive(Default)]
pub struct Shelf {
    pub(super) tree: Tree,
    pub dashboards: BTreeMap<String, Item>,
    pub sources: BTreeMap<String, Item>,
    pub folders: BTreeMap<String, Item>,
    /// Objects with a dashboard or data source that has no uid, by which alone it could be found.
    pub nameless: Vec<ObjectId>,
    /// What several objects bring under one uid, each otherwise, with those objects.
    pub twice: BTreeMap<ObjectId, Vec<ObjectId>>,
}

/// One document.
pub struct Item {
    pub(super) root: NodeId,
    pub(super) way: Way,
    /// That brings it.
    object: ObjectId,
}

/// How it gets there.
#[derive(Clone)]
pub(super) struct Way {
    /// The file that brings it, relative to the cluster's folder.
    pub file: String,
    /// The object that asks for the folder it should be in; `None` where that is left to Grafana's own settings.
    pub folder: Option<String>,
    /// The operator makes it through the API; all else comes by files, which Grafana calls provisioned.
    pub by_operator: bool,
}

/// As a change names it.
pub fn id(kind: &str, name: &str) -> ObjectId {
    ObjectId { api_version: String::new(), kind: kind.to_owned(), namespace: String::new(), name: name.to_owned() }
}

impl Shelf {
    /// Takes in what an object brings.
    pub fn add(&mut self, object: &ObjectId, file: &str, side: Side<'_>, rules: &Rules<'_>) {
        let Side { tree, root } = side;
        let text = |path: &[&str]| tree.at(root, path).and_then(|n| tree.as_str(n)).map(str::to_owned);
        let by_file = Way { file: file.to_owned(), folder: None, by_operator: false };
        let by_operator = Way { by_operator: true, ..by_file.clone() };
        match object.kind.as_str() {
            "ConfigMap" => {
                let entries = tree.get(root, "data").into_iter().flat_map(|data| tree.children(data));
                for entry in entries {
                    let document = embedded::document(side.at(entry), tree.key(entry), rules.parse);
                    let Some(document) = document else { continue };
                    let Side { tree, root } = document.side();
                    if let Some(sources) = tree.get(root, "datasources") {
                        for source in tree.children(sources) {
                            let source = Side { tree, root: source };
                            self.keep(DATA_SOURCE, object, source, None, &by_file);
                        }
                    } else if tree.get(root, "panels").is_some() {
                        self.keep(DASHBOARD, object, Side { tree, root }, None, &by_file);
                    }
                }
            }
            "GrafanaDashboard" => {
                let Some(json) = tree.at(root, &["spec", "json"]) else { return };
                let Some(document) = embedded::document(side.at(json), "json", rules.parse) else { return };
                let folder = text(&["spec", "folderRef"]);
                self.keep(DASHBOARD, object, document.side(), text(&["spec", "uid"]), &Way { folder, ..by_operator });
            }
            "GrafanaDatasource" => {
                let Some(source) = tree.at(root, &["spec", "datasource"]) else { return };
                self.keep(DATA_SOURCE, object, side.at(source), text(&["spec", "uid"]), &by_operator);
            }
            "GrafanaFolder" => {
                if let Some(spec) = tree.get(root, "spec").filter(|spec| tree.get(*spec, "title").is_some()) {
                    let root = self.tree.copy(tree, spec, "");
                    let item = Item { root, way: by_operator, object: object.clone() };
                    self.folders.insert(object.name.clone(), item);
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, kind: &str, object: &ObjectId, side: Side<'_>, uid: Option<String>, way: &Way) {
        let Side { tree, root } = side;
        let own = || tree.get(root, "uid").and_then(|n| tree.as_str(n)).map(str::to_owned);
        match uid.or_else(own).filter(|uid| tree.kind(root) == Kind::Map && !uid.is_empty()) {
            Some(uid) => {
                let shelf = if kind == DASHBOARD { &mut self.dashboards } else { &mut self.sources };
                if let Some(first) = shelf.get(&uid) {
                    if !self.tree.same(first.root, tree, root) {
                        let all = self.twice.entry(id(kind, &uid)).or_insert_with(|| vec![first.object.clone()]);
                        all.push(object.clone());
                    }
                    return;
                }
                let root = self.tree.copy(tree, root, "");
                shelf.insert(uid, Item { root, way: way.clone(), object: object.clone() });
            }
            None => self.nameless.push(object.clone()),
        }
    }

    /// Whether it is known what is wanted under a uid.
    pub fn is_one(&self, kind: &str, uid: &str) -> bool {
        !self.twice.contains_key(&id(kind, uid))
    }

    pub(super) fn side(&self, item: &Item) -> Side<'_> {
        Side { tree: &self.tree, root: item.root }
    }

    /// Of a folder.
    pub(super) fn title(&self, item: &Item) -> &str {
        self.tree.get(item.root, "title").and_then(|n| self.tree.as_str(n)).unwrap_or_default()
    }

    /// The title of the folder that a dashboard should be in.
    pub(super) fn folder_of(&self, item: &Item) -> Option<&str> {
        self.folders.get(item.way.folder.as_ref()?).map(|folder| self.title(folder))
    }

    /// What cannot be said anything of where nothing can be asked.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> + '_ {
        let folders = self.folders.values().map(|folder| id(FOLDER, self.title(folder)));
        let dashboards = self.dashboards.keys().map(|uid| id(DASHBOARD, uid));
        folders.chain(dashboards).chain(self.sources.keys().map(|uid| id(DATA_SOURCE, uid)))
    }
}
