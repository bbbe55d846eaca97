//! Trees without a schema (rule 9 of §4): their shape follows from the text.

use super::map::{Given, Reader, word};
use super::parser::{Statement, Value};
use crate::diag::Span;
use crate::syntax::block::key_twice;
use crate::syntax::document::{Free, Spanned};
use crate::syntax::words::shown;
use std::collections::BTreeMap;

type Entries = Vec<(Spanned<String>, Spanned<Free>)>;

impl Reader<'_> {
    /// `k v` is a scalar, `k v w` and `k { - v }` are lists, `k a=1`, `k { a 1 }` and `k {}` objects.
    /// The empty list, which patches of Kubernetes objects need, is `k { - }`.
    pub(super) fn free(&mut self, given: Given<'_>) -> Option<Spanned<Free>> {
        if given.is_bare() {
            return self.missing(given);
        }
        let nodes = given.block.map_or(&[] as &[Statement], |b| &b.nodes);
        let items = nodes.iter().filter(|n| n.name.text == "-").count();
        let keyed = !given.props.is_empty() || items < nodes.len();
        let listed = !given.args.is_empty() || items > 0;
        if let ([_, ..], Some(block), 0) = (given.args, given.block, items) {
            let what = format!("`{}` has both a value and a block", shown(&given.key.text));
            self.form(block.span, what, "remove one of the two");
            return None;
        }
        if keyed && listed {
            let what = format!("`{}` has both items and keys", shown(&given.key.text));
            self.form(given.key.span, what, "a list has values or `-` lines, an object has keys; keep one of the two");
            return None;
        }
        let value = match given.args {
            [one] if given.block.is_none() => Free::Scalar(one.scalar.clone()),
            [] if items == 0 => Free::Map(self.free_entries(given.props, nodes)),
            args => {
                let mut list: Vec<Spanned<Free>> = args.iter().map(free_scalar).collect();
                let is_empty = args.is_empty() && matches!(nodes, [item] if Given::from(item).is_bare());
                if !is_empty {
                    list.extend(nodes.iter().filter_map(|n| self.free(n.into())));
                }
                Free::List(list)
            }
        };
        Some(Spanned { value, span: value_span(given) })
    }

    fn free_entries(&mut self, props: &[super::parser::Property], nodes: &[Statement]) -> Entries {
        let mut entries: Entries = props.iter().map(|p| (word(&p.key), free_scalar(&p.value))).collect();
        entries.extend(nodes.iter().filter_map(|n| Some((word(&n.name), self.free(n.into())?))));
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        entries.retain(|(key, _)| match seen.get(&key.value) {
            Some(first) => {
                self.faults.push(key_twice(key, *first));
                false
            }
            None => {
                seen.insert(key.value.clone(), key.span);
                true
            }
        });
        entries
    }
}

fn free_scalar(value: &Value) -> Spanned<Free> {
    Spanned { value: Free::Scalar(value.scalar.clone()), span: value.span }
}

/// What stands behind the key.
fn value_span(given: Given<'_>) -> Span {
    let first = given
        .args
        .iter()
        .map(|a| a.span)
        .chain(given.props.iter().map(|p| p.key.span))
        .chain(given.block.map(|b| b.span));
    first.min_by_key(|s| s.start).map_or(given.span, |s| s.to(given.span))
}
