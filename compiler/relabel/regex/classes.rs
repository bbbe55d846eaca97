//! Sets of code points, and what the named classes of Go hold.
//!
//! A set ranges over all code points, surrogates included, because Go's does and negation has to
//! see them; they are dropped on the way to `regex-syntax`, where no text can hold them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::names;

const MAX: u32 = 0x10FFFF;
const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);

/// Code points as ranges, both ends included. Canonical (sorted, apart) after [`RuneSet::clean`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RuneSet(Vec<(u32, u32)>);

impl RuneSet {
    pub(super) fn of(ranges: &[(u32, u32)]) -> Self {
        RuneSet(ranges.to_vec())
    }

    pub(super) fn extend(&mut self, other: &RuneSet) {
        self.0.extend_from_slice(&other.0);
    }

    pub(super) fn clean(&mut self) {
        self.0.sort_unstable();
        let mut kept: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for &(low, high) in &self.0 {
            match kept.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => kept.push((low, high)),
            }
        }
        self.0 = kept;
    }

    /// Everything else. The set has to be clean.
    pub(super) fn negated(&self) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.0 {
            if next < low {
                out.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= MAX {
            out.push((next, MAX));
        }
        RuneSet(out)
    }

    /// The set and everything that folds to something in it. The result is clean.
    pub(super) fn folded(&self) -> Self {
        let mut class = self.to_class();
        // Fails only if the tables are compiled out, which `Cargo.toml` does not do.
        if class.try_case_fold_simple().is_err() {
            return self.clone();
        }
        let mut out = self.clone();
        out.0.extend(class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))));
        out.clean();
        out
    }

    pub(super) fn is_single(&self) -> bool {
        matches!(self.0.as_slice(), [(low, high)] if low == high)
    }

    pub(super) fn contains(&self, c: char) -> bool {
        let c = u32::from(c);
        let i = self.0.partition_point(|&(_, high)| high < c);
        self.0.get(i).is_some_and(|&(low, _)| low <= c)
    }

    pub(super) fn to_hir(&self) -> Hir {
        Hir::class(Class::Unicode(self.to_class()))
    }

    fn to_class(&self) -> ClassUnicode {
        let (first, last) = SURROGATES;
        let around = self.0.iter().flat_map(|&(low, high)| [(low, high.min(first - 1)), (low.max(last + 1), high)]);
        ClassUnicode::new(
            around
                .filter(|(low, high)| low <= high)
                .filter_map(|(low, high)| Some(ClassUnicodeRange::new(char::from_u32(low)?, char::from_u32(high)?))),
        )
    }

    #[cfg(test)]
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}

/// `\d`, `\s`, `\w`: ASCII only, as in Go.
pub(super) fn perl(letter: char) -> Option<RuneSet> {
    Some(match letter {
        'd' => ascii("digit")?,
        's' => RuneSet::of(&[(9, 10), (12, 13), (32, 32)]),
        'w' => ascii("word")?,
        _ => return None,
    })
}

/// The name inside `[[:alpha:]]`.
pub(super) fn ascii(name: &str) -> Option<RuneSet> {
    const DIGIT: (u32, u32) = (0x30, 0x39);
    const UPPER: (u32, u32) = (0x41, 0x5A);
    const LOWER: (u32, u32) = (0x61, 0x7A);
    Some(RuneSet::of(match name {
        "alnum" => &[DIGIT, UPPER, LOWER],
        "alpha" => &[UPPER, LOWER],
        "ascii" => &[(0, 0x7F)],
        "blank" => &[(9, 9), (32, 32)],
        "cntrl" => &[(0, 0x1F), (0x7F, 0x7F)],
        "digit" => &[DIGIT],
        "graph" => &[(0x21, 0x7E)],
        "lower" => &[LOWER],
        "print" => &[(0x20, 0x7E)],
        "punct" => &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "space" => &[(9, 13), (32, 32)],
        "upper" => &[UPPER],
        "word" => &[DIGIT, UPPER, (0x5F, 0x5F), LOWER],
        "xdigit" => &[DIGIT, (0x41, 0x46), (0x61, 0x66)],
        _ => return None,
    }))
}

/// What `\p{name}` holds, and whether the name is read only since Go 1.25.
pub(super) fn unicode(name: &str) -> Option<(RuneSet, bool)> {
    let (class, newer) = names::resolve(name)?;
    let mut set = match class {
        names::Named::Any => RuneSet::of(&[(0, MAX)]),
        names::Named::Ascii => RuneSet::of(&[(0, 0x7F)]),
        names::Named::Assigned => assigned(),
        names::Named::Category("Cn") => assigned().negated(),
        names::Named::Category("Cs") => RuneSet::of(&[SURROGATES]),
        names::Named::Category("C") => {
            let mut set = table("gc=C")?;
            set.extend(&assigned().negated());
            set.extend(&RuneSet::of(&[SURROGATES]));
            set
        }
        names::Named::Category("LC") => {
            let mut set = table("gc=Lu")?;
            set.extend(&table("gc=Ll")?);
            set.extend(&table("gc=Lt")?);
            set
        }
        names::Named::Category(category) => table(&format!("gc={category}"))?,
        names::Named::Script(script) => table(&format!("sc={script}"))?,
    };
    set.clean();
    Some((set, newer))
}

fn assigned() -> RuneSet {
    let mut set = table("gc=Assigned").unwrap_or_default();
    set.extend(&RuneSet::of(&[SURROGATES]));
    set.clean();
    set
}

/// A Unicode table, asked of `regex-syntax` by its own name.
fn table(query: &str) -> Option<RuneSet> {
    match regex_syntax::parse(&format!(r"\p{{{query}}}")).ok()?.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            Some(RuneSet(class.iter().map(|r| (u32::from(r.start()), u32::from(r.end()))).collect()))
        }
        // A class of one code point is a literal to `regex-syntax`.
        HirKind::Literal(literal) => {
            let c = u32::from(std::str::from_utf8(&literal.0).ok()?.chars().next()?);
            Some(RuneSet::of(&[(c, c)]))
        }
        _ => None,
    }
}
