//! Patterns that are lists of literals, or mostly: a look-up instead of an automaton.
//!
//! An automaton of thousands of long names does not fit the memory that fast engines are given, and the engine that
//! is left takes a thousand times as long.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// More texts than this are left to the automaton.
const LIMIT: usize = 16_384;
/// Fewer are not worth taking out of a pattern that has more than literals.
const WORTH: usize = 32;

/// What an anchored pattern matches.
pub(super) struct Texts {
    /// Sorted.
    pub texts: Vec<Box<str>>,
    /// Further alternatives, anchored too; `None`: the texts are all.
    pub rest: Option<Hir>,
}

/// The texts an anchored pattern matches, if it is a list of literals or has one in it.
pub(super) fn of(hir: &Hir) -> Option<Texts> {
    let HirKind::Concat(items) = hir.kind() else { return None };
    let [first, inner @ .., last] = items.as_slice() else { return None };
    if !matches!(first.kind(), HirKind::Look(Look::Start)) || !matches!(last.kind(), HirKind::Look(Look::End)) {
        return None;
    }
    let (texts, rest) = match sequence(inner) {
        Some(texts) => (texts, None),
        None => {
            let (texts, rest) = mixed(inner)?;
            (texts, Some(Hir::concat(vec![first.clone(), rest, last.clone()])))
        }
    };
    let mut texts: Vec<Box<str>> =
        texts.into_iter().map(|bytes| Some(String::from_utf8(bytes).ok()?.into_boxed_str())).collect::<Option<_>>()?;
    texts.sort_unstable();
    texts.dedup();
    Some(Texts { texts, rest })
}

/// Splits the one alternation of a sequence that has more than literals.
fn mixed(items: &[Hir]) -> Option<(Vec<Vec<u8>>, Hir)> {
    let at = items.iter().position(|item| texts_of(item).is_none())?;
    let HirKind::Alternation(branches) = items[at].kind() else { return None };
    let (listed, others): (Vec<&Hir>, Vec<&Hir>) = branches.iter().partition(|b| texts_of(b).is_some());
    let with = |branches: Vec<&Hir>| {
        let mut items = items.to_vec();
        items[at] = Hir::alternation(branches.into_iter().cloned().collect());
        items
    };
    let texts = sequence(&with(listed)).filter(|texts| texts.len() >= WORTH)?;
    Some((texts, Hir::concat(with(others))))
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
