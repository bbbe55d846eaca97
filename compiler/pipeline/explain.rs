//! What stands behind a field of an emitted object.

use super::Compiled;
use super::build::choose;
use super::cluster::{self, Context};
use crate::diag::{Diagnostic, Origin, Origins, Sink, Span, Why};
use crate::object::{Kind, NodeId, ObjectId, Tree};
use crate::plan;

/// One field of one object, and the causes of its value, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedField {
    pub cluster: String,
    pub object: String,
    /// `spec.remoteWrite[0].url`; empty for the object as a whole.
    pub path: String,
    /// As JSON; long ones are cut.
    pub value: String,
    pub causes: Vec<Cause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// [`Span::NONE`] where no line of the spec is behind it.
    pub at: Span,
    /// Why the value is so, in words.
    pub text: String,
    /// How far it is from the value: a cause of a cause is one deeper.
    pub depth: usize,
}

/// Longest value shown, characters.
const SHOWN: usize = 200;

/// Explains `field` (a dotted path, empty for the whole) of every emitted object that `object`
/// names: `Prometheus/user`, or with its namespace `Prometheus/monitoring/user`.
///
/// # Errors
/// No such cluster, object or field.
pub fn explain(
    compiled: &Compiled,
    object: &str,
    field: &str,
    clusters: &[String],
) -> Result<Vec<ExplainedField>, Vec<Diagnostic>> {
    let (Some(fleet), Some(fleet_plan)) = (&compiled.fleet, &compiled.fleet_plan) else { return Ok(Vec::new()) };
    let cx = Context { fleet, fleet_plan, catalog: &compiled.catalog, raws: &compiled.raws };
    let mut found = Vec::new();
    let mut known: Vec<String> = Vec::new();
    let mut fields: Vec<String> = Vec::new();
    let mut matched = false;
    for id in choose(fleet, clusters)? {
        let mut quiet = Sink::default();
        let plan = plan::plan(fleet, &compiled.catalog, fleet_plan, id, &mut quiet);
        cluster::objects(&cx, &plan, None, &mut |emitted| {
            known.push(format!("{}/{}", emitted.object.id.kind, emitted.object.id.name));
            if !names(object, &emitted.object.id) {
                return;
            }
            matched = true;
            let way = match walk(emitted.tree, emitted.object.root, field) {
                Ok(way) => way,
                Err(near) => return fields.extend(near),
            };
            let node = way[way.len() - 1];
            // Origins stand on the node or on what it is in.
            let origin = way.iter().rev().map(|n| emitted.tree.origin(*n)).find(|o| *o != Origin::INHERIT);
            let mut causes = Vec::new();
            causes_of(origin.unwrap_or(Origin::INHERIT), emitted.origins, &fleet.origins, 0, &mut causes);
            found.push(ExplainedField {
                cluster: plan.cluster.name.clone(),
                object: emitted.object.id.to_string(),
                path: field.to_owned(),
                value: shown(emitted.tree, node),
                causes,
            });
        });
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let diagnostic = if matched {
        let what = format!("`{object}` has no field `{field}`");
        let word = field.rsplit('.').next().unwrap_or(field);
        let mut there = fields.iter().map(String::as_str).collect::<Vec<_>>();
        there.sort_unstable();
        there.dedup();
        let help = format!("there is: {}", there.join(", "));
        Diagnostic::new(&super::codes::NO_FIELD, Span::NONE, what).help(help).did_you_mean(word, there)
    } else {
        let what = format!("nothing named `{object}` is emitted");
        let known = known.iter().map(String::as_str);
        Diagnostic::new(&super::codes::NO_OBJECT, Span::NONE, what).did_you_mean(object, known)
    };
    Err(vec![diagnostic])
}

fn names(object: &str, id: &ObjectId) -> bool {
    let parts: Vec<&str> = object.split('/').collect();
    match parts[..] {
        [kind, name] => id.kind.eq_ignore_ascii_case(kind) && id.name == name,
        [kind, namespace, name] => id.kind.eq_ignore_ascii_case(kind) && id.namespace == namespace && id.name == name,
        _ => false,
    }
}

/// The nodes from the root to a field; or, where it leads nowhere, what stands beside the first
/// word that is unknown.
fn walk(tree: &Tree, root: NodeId, field: &str) -> Result<Vec<NodeId>, Vec<String>> {
    let mut way = vec![root];
    let mut rest = field;
    while !rest.is_empty() {
        let mut here = way[way.len() - 1];
        // A document inside a string is walked into as if it were part of the object.
        if matches!(tree.kind(here), Kind::Embedded(_))
            && let Some(inner) = tree.children(here).next()
        {
            way.push(inner);
            here = inner;
        }
        let (next, left) = if let Some(after) = rest.strip_prefix("[\"") {
            // A key with dots or brackets of its own: `data["0.yaml"]`.
            let Some((key, left)) = after.split_once("\"]") else { return Err(Vec::new()) };
            (tree.get(here, key), left)
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((word, left)) = after.split_once(']') else { return Err(Vec::new()) };
            let named = |item: &NodeId| tree.at(*item, &["name"]).and_then(|n| tree.as_str(n)) == Some(word);
            let item = match word.parse::<usize>() {
                Ok(index) => tree.children(here).nth(index),
                Err(_) => tree.children(here).find(named),
            };
            (item, left)
        } else {
            // Keys may hold dots (labels, file names): the longest one that fits is taken.
            let fits =
                |c: &NodeId| rest.strip_prefix(tree.key(*c)).is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']));
            let child = tree.children(here).filter(fits).max_by_key(|c| tree.key(*c).len());
            (child, child.map_or(rest, |c| &rest[tree.key(c).len()..]))
        };
        let Some(next) = next else {
            return Err(tree.children(here).map(|c| tree.key(c).to_owned()).collect());
        };
        way.push(next);
        rest = left.strip_prefix('.').unwrap_or(left);
    }
    Ok(way)
}

fn shown(tree: &Tree, node: NodeId) -> String {
    let text = tree.to_json(node).to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn causes_of(origin: Origin, cluster: &Origins, fleet: &Origins, depth: usize, out: &mut Vec<Cause>) {
    let cause = |at, text: String| Cause { at, text, depth };
    match cluster.resolve(fleet, origin) {
        Some(Why::Spec(span)) => out.push(cause(*span, "written in the spec".to_owned())),
        Some(Why::Patch(span)) => out.push(cause(*span, "set by a patch, or taken from a raw file".to_owned())),
        Some(Why::Default(text)) => out.push(cause(Span::NONE, (*text).to_owned())),
        Some(Why::Template { file, line }) => {
            out.push(cause(Span::NONE, format!("the catalog: templates/{file}:{line}")));
        }
        Some(Why::Derived { reason, from }) => {
            out.push(cause(Span::NONE, format!("computed: {reason}")));
            for origin in from {
                causes_of(*origin, cluster, fleet, depth + 1, out);
            }
        }
        None => out.push(cause(Span::NONE, "a fixed part of the object".to_owned())),
    }
}
