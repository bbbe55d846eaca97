//! Patterns that match whatever there is.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::parser;

/// Whether the pattern is `.*`, between anchors, groups and flags or not, where `.` is a newline too.
pub fn is_everything(pattern: &str) -> bool {
    parser::parse(&format!("(?s:{pattern})")).is_ok_and(|parsed| is_all(&parsed.hir))
}

fn is_all(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(group) => is_all(&group.sub),
        HirKind::Concat(items) => {
            let mut rest = &items[..];
            while let [first, others @ ..] = rest
                && is_nothing(first, Look::Start)
            {
                rest = others;
            }
            while let [others @ .., last] = rest
                && is_nothing(last, Look::End)
            {
                rest = others;
            }
            matches!(rest, [only] if is_all(only))
        }
        HirKind::Repetition(r) => r.min == 0 && r.max.is_none() && r.greedy && is_any(&r.sub),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) | HirKind::Alternation(_) => false,
    }
}

/// Whether it says nothing where a whole value is matched: an anchor of that side, or an empty group.
fn is_nothing(hir: &Hir, anchor: Look) -> bool {
    match hir.kind() {
        HirKind::Capture(group) => is_nothing(&group.sub, anchor),
        HirKind::Look(look) => *look == anchor,
        _ => matches!(hir.kind(), HirKind::Empty),
    }
}

/// Whether it is every letter there is: all but surrogates, which are none.
fn is_any(hir: &Hir) -> bool {
    const ALL: u32 = 0x11_0000 - 0x800;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(|r| r.end() as u32 - r.start() as u32 + 1).sum::<u32>() == ALL
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_known_however_it_is_written() {
        for pattern in [".*", "^.*$", "(.*)", "(?s).*", "(?s:.*)", "(?:(.*))", "^(^.*)$", "()(?:.*)"] {
            assert!(is_everything(pattern), "{pattern}");
        }
        for pattern in [".+", ".*?", "(?-s).*", ".*.*", "x.*", "", "[^a]*", ".*|x", "(.*"] {
            assert!(!is_everything(pattern), "{pattern}");
        }
    }
}
