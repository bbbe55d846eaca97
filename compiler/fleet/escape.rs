//! Escape hatches: `patch`, `raw`, `allow` and `ignore`.

use super::codes;
use super::context::Context;
use super::levels::Level;
use super::merge::{Block, Value};
use crate::diag::{Allowed, Diagnostic, Span};
use crate::model::fleet::{Ignore, Patch, Raw};
use crate::syntax::{Data, Document, Object};
use crate::world::Date;

/// Patches of all levels, farthest first; `level` names the block each stands in.
pub fn patches(cx: &mut Context<'_, '_>, block: &Block<'_>, level: impl Fn(Level<'_>) -> String) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (from, object) in block.repeated("patch") {
        let patch = Block::of(*from, object);
        let Some(target) = cx.read.text(&patch, "target") else { continue };
        patches.push(Patch {
            target,
            why: why(&patch),
            merge: match patch.entry("merge").map(|e| &e.value) {
                Some(Value::Free(tree)) => Some((tree.value.clone(), tree.span)),
                _ => None,
            },
            remove: cx.read.texts(&patch, "remove"),
            level: level(*from),
            at: object.span,
        });
    }
    patches
}

pub fn raws(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Vec<Raw> {
    let mut raws = Vec::new();
    for (from, object) in block.repeated("raw") {
        let raw = Block::of(*from, object);
        if let Some(file) = cx.read.text(&raw, "file") {
            raws.push(Raw { file, why: why(&raw), at: object.span });
        }
    }
    raws
}

/// Differences of all levels that are not drift.
pub fn ignores(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    for (from, object) in block.repeated("ignore") {
        let ignore = Block::of(*from, object);
        let Some(target) = cx.read.text(&ignore, "target") else { continue };
        ignores.push(Ignore {
            target,
            fields: cx.read.texts(&ignore, "fields"),
            managers: cx.read.texts(&ignore, "managers"),
            why: why(&ignore),
            until: ignore.scalar("until").and_then(|until| date(until.value.as_str()?)),
            at: object.span,
        });
    }
    ignores
}

/// Every `allow` of the document that still holds on `today`.
pub fn allows(cx: &mut Context<'_, '_>, doc: &Document, today: Date) -> Vec<Allowed> {
    let mut allows = Vec::new();
    below(cx, &doc.root, today, &mut allows);
    allows
}

// Depth is bounded: blocks nest at most 32 deep, which is checked before parsing.
fn below(cx: &mut Context<'_, '_>, object: &Object, today: Date, allows: &mut Vec<Allowed>) {
    for node in &object.nodes {
        match &node.data {
            Data::Repeated(objects) if node.key.name == "allow" => {
                allows.extend(objects.iter().filter_map(|allow| one(cx, allow, object.span, today)));
            }
            Data::Repeated(objects) if node.key.name == "ignore" => {
                objects.iter().for_each(|ignore| ended(cx, ignore, today));
            }
            Data::Repeated(objects) => objects.iter().for_each(|o| below(cx, o, today, allows)),
            Data::Object(inner) => below(cx, inner, today, allows),
            Data::Named(members) => {
                members.iter().filter_map(|m| m.object.as_ref()).for_each(|o| below(cx, o, today, allows));
            }
            _ => {}
        }
    }
}

/// Tells of an `ignore` whose day has passed.
fn ended(cx: &mut Context<'_, '_>, object: &Object, today: Date) {
    let ignore = Block::of(Level::Own, object);
    let (Some(target), Some(until)) = (ignore.scalar("target"), ignore.scalar("until")) else { return };
    let Some(last) = until.value.as_str().and_then(date).filter(|last| *last < today) else { return };
    let target_name = target.value.as_str().unwrap_or_default();
    cx.read.report(
        Diagnostic::new(&codes::IGNORE_EXPIRED, until.span, format!("the `ignore` of `{target_name}` ended on {last}"))
            .label(target.span, "what it was about"),
    );
}

fn one(cx: &mut Context<'_, '_>, object: &Object, block: Span, today: Date) -> Option<Allowed> {
    let allow = Block::of(Level::Own, object);
    let rule = allow.scalar("rule")?;
    let code = rule.value.as_str()?.to_owned();
    if let Some(until) = allow.scalar("until") {
        let last = date(until.value.as_str()?)?;
        if last < today {
            cx.read.report(
                Diagnostic::new(&codes::ALLOW_EXPIRED, until.span, format!("the `allow` of `{code}` ended on {last}"))
                    .label(rule.span, "the rule it allowed"),
            );
            return None;
        }
    }
    Some(Allowed { code, block, why: why(&allow), at: rule.span })
}

/// `2027-03-31`; what is no date has been reported as such.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Some(Date { year, month, day })
}

fn why(block: &Block<'_>) -> String {
    block.scalar("why").and_then(|s| s.value.as_str()).unwrap_or_default().to_owned()
}
