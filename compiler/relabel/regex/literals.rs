//! Patterns that are lists of literals: a look-up instead of an automaton.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More texts than this are left to the automaton.
const LIMIT: usize = 16_384;

/// All texts an anchored pattern matches, sorted.
pub(super) fn of(hir: &Hir) -> Option<Vec<Box<str>>> {
    let HirKind::Concat(items) = hir.kind() else { return None };
    let [first, inner @ .., last] = items.as_slice() else { return None };
    if !matches!(first.kind(), HirKind::Look(Look::Start)) || !matches!(last.kind(), HirKind::Look(Look::End)) {
        return None;
    }
    let mut texts: Vec<Box<str>> = Vec::new();
    for bytes in sequence(inner)? {
        texts.push(String::from_utf8(bytes).ok()?.into_boxed_str());
    }
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

fn sequence(items: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut texts = vec![Vec::new()];
    for item in items {
        let tails = texts_of(item)?;
        if texts.len() * tails.len() > LIMIT {
            return None;
        }
        texts = texts.iter().flat_map(|head| tails.iter().map(|tail| [head.as_slice(), tail].concat())).collect();
    }
    Some(texts)
}

fn texts_of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Capture(group) => texts_of(&group.sub),
        HirKind::Concat(items) => sequence(items),
        HirKind::Alternation(items) => {
            let mut texts = Vec::new();
            for item in items {
                texts.extend(texts_of(item)?);
                if texts.len() > LIMIT {
                    return None;
                }
            }
            Some(texts)
        }
        HirKind::Class(Class::Unicode(class)) => {
            let size: usize = class.iter().map(|r| r.len()).sum();
            (size <= 64).then(|| {
                let chars = class.iter().flat_map(|r| r.start()..=r.end());
                chars.map(|c| c.to_string().into_bytes()).collect()
            })
        }
        _ => None,
    }
}
