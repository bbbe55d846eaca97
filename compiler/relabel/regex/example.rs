//! A text that a pattern matches, to show what becomes of such texts.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::{Paste, Regex, parser};

/// Longer repetitions than this are not written out.
const LONGEST: u32 = 256;

/// The texts of the pattern, if it is a short list of them, else one that it matches: of alternatives the
/// first, of letters one that names are made of, everything optional once. `None`: the pattern is malformed, or
/// what it looks for around itself is not found this way.
pub fn examples(pattern: &str) -> Option<Vec<String>> {
    let regex = Regex::new(pattern, Paste::DotAll).ok()?;
    if let Some(literals) = regex.literals() {
        return Some(literals.iter().map(ToString::to_string).collect());
    }
    let parsed = parser::parse(&format!("(?s:{pattern})")).ok()?;
    let branches = branches(&parsed.hir);
    let made = branches.into_iter().filter_map(|hir| {
        let mut bytes = Vec::new();
        write(hir, &mut bytes)?;
        String::from_utf8(bytes).ok().filter(|text| regex.is_match(text))
    });
    Some(made.collect::<Vec<_>>()).filter(|made| !made.is_empty())
}

/// The alternatives of a pattern that is nothing else.
fn branches(hir: &Hir) -> Vec<&Hir> {
    match hir.kind() {
        HirKind::Capture(group) => branches(&group.sub),
        HirKind::Alternation(all) => all.iter().flat_map(branches).collect(),
        _ => vec![hir],
    }
}

fn write(hir: &Hir, out: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => out.extend(letter(class)?),
        HirKind::Repetition(r) => {
            let times = r.min.max(1).min(r.max.unwrap_or(u32::MAX));
            for _ in 0..Some(times).filter(|t| *t <= LONGEST)? {
                write(&r.sub, out)?;
            }
        }
        HirKind::Capture(group) => write(&group.sub, out)?,
        HirKind::Concat(all) => all.iter().try_for_each(|h| write(h, out))?,
        HirKind::Alternation(all) => write(all.first()?, out)?,
    }
    Some(())
}

fn letter(class: &Class) -> Option<Vec<u8>> {
    const NAMES: &str = "xabcdefghijklmnopqrstuvwyz1023456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
    let holds = |c: char| match class {
        Class::Unicode(class) => class.ranges().iter().any(|r| (r.start()..=r.end()).contains(&c)),
        Class::Bytes(class) => {
            u8::try_from(c).is_ok_and(|c| class.ranges().iter().any(|r| (r.start()..=r.end()).contains(&c)))
        }
    };
    if let Some(c) = NAMES.chars().find(|c| holds(*c)) {
        return Some(c.to_string().into_bytes());
    }
    match class {
        Class::Unicode(class) => class.ranges().first().map(|r| r.start().to_string().into_bytes()),
        Class::Bytes(class) => class.ranges().first().map(|r| vec![r.start()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_shown_by_texts_they_match() {
        for (pattern, texts) in [
            ("team-.*", &["team-x"][..]),
            ("team-a|team-b", &["team-a", "team-b"]),
            ("team-.+|kube-[0-9]{2}", &["team-x", "kube-11"]),
            ("(a|b.)c?", &["ac"]),
            (".*", &["x"]),
            ("", &[""]),
            ("[^a-z]+", &["1"]),
            ("(?i)up", &["UP", "Up", "uP", "up"]),
        ] {
            let made = examples(pattern).unwrap_or_default();
            assert_eq!(made, texts, "{pattern}");
        }
        assert_eq!(examples("a("), None);
        assert_eq!(examples(r"a\bb"), None);
    }
}
