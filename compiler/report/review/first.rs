//! What a reviewer has to know before the changes themselves: what must be there before they are applied, and what the
//! branch excepts from the rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::blocks::{Block, Line, code, sentence, strong, text};
use super::page::Detail;
use super::{Exception, Review};
use crate::diff::{Change, Edit};
use crate::report::changes::ClusterChanges;
use crate::report::masks::Masks;

/// The list of Secrets that every cluster's folder has.
const SECRETS: &str = "secrets.required.yaml";

/// A Secret that has to be made by hand, or to get more keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needed {
    pub secret: String,
    pub keys: BTreeSet<String>,
}

/// What no cluster had to have before, and the clusters that need it.
pub(super) fn needed(clusters: &[ClusterChanges<'_>]) -> BTreeMap<Needed, BTreeSet<String>> {
    let mut all: BTreeMap<Needed, BTreeSet<String>> = BTreeMap::new();
    for cluster in clusters {
        let listed = cluster.changes.iter().filter(|c| c.file == SECRETS && c.edit == Edit::Added);
        for needed in listed.flat_map(of_change) {
            all.entry(needed).or_default().insert(cluster.cluster.to_owned());
        }
    }
    all
}

fn of_change(change: &Change) -> Vec<Needed> {
    let Some(value) = &change.after else { return Vec::new() };
    let one = |entry: &Json| {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let keys = entry.get("keys").and_then(Json::as_array).into_iter().flatten();
        let keys = keys.filter_map(Json::as_str).map(str::to_owned).collect();
        Some(Needed { secret: format!("{}/{}", text("namespace")?, text("name")?), keys })
    };
    match (value.get("secrets").and_then(Json::as_array), value) {
        // The whole list, of a cluster that is new.
        (Some(list), _) => list.iter().filter_map(one).collect(),
        (None, Json::Object(_)) => one(value).into_iter().collect(),
        // One more key of a Secret that is there: `secrets[central-write].keys["ca.crt"]`.
        (None, Json::String(key)) => {
            let secret = change.path.strip_prefix("secrets[").and_then(|rest| rest.split(']').next());
            let keys = BTreeSet::from([key.clone()]);
            let of_keys = change.path.contains(".keys");
            secret.filter(|_| of_keys).map(|name| Needed { secret: name.to_owned(), keys }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

pub(super) fn secrets(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let needed = needed(review.changes);
    if needed.is_empty() {
        return;
    }
    blocks.push(Block::Heading(4, "Before this is applied".to_owned()));
    let what = "Pods that use a Secret that is not there do not start. To be made by hand, where it is not there yet:";
    blocks.push(Block::Paragraph(vec![text(what)]));
    let lines = needed.into_iter().map(|(one, clusters)| {
        let keys = one.keys.into_iter().collect::<Vec<_>>().join(", ");
        vec![text("Secret "), code(one.secret), text(" with "), code(keys), text(" in "), detail.open(clusters)]
    });
    blocks.push(Block::List(lines.collect()));
}

impl Exception<'_> {
    /// As people wrote it, without what they should not have written.
    pub(super) fn why(&self) -> String {
        Masks::default().quoted(self.why)
    }
}

pub(super) fn exceptions(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    if review.exceptions.is_empty() {
        return;
    }
    blocks.push(Block::Heading(4, "New exceptions".to_owned()));
    let line = |one: &Exception<'_>| -> Line {
        let mut line = vec![strong(one.kind), text(" "), code(detail.cut(one.what)), text(": ")];
        line.extend(sentence(&detail.cut(&one.why())));
        line.extend([text(" ("), code(review.sources.display(one.at)), text(")")]);
        line
    };
    let mut lines: Vec<Line> = review.exceptions.iter().take(detail.findings).map(line).collect();
    if review.exceptions.len() > lines.len() {
        lines.push(vec![text(format!("{} more", review.exceptions.len() - lines.len()))]);
    }
    blocks.push(Block::List(lines));
}
