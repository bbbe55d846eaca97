//! Patterns with `*`: over namespaces, metrics and jobs. Never regular expressions.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;

use super::{Malformed, name, quoted};

/// Whether `pattern` matches the whole text; `*` matches any characters, none included. Time grows
/// with the product of both lengths at worst.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on if what follows the last star does not fit: behind that star, one byte on.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            p += 1;
            retry = Some((p, t));
        } else if p < pattern.len() && pattern[p] == text[t] {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            p = star;
            t = from + 1;
            retry = Some((star, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// A namespace, or all that begin with something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespacePattern {
    stem: String,
    open: bool,
}

impl NamespacePattern {
    /// `"kube-system"`, `"team-*"` or `"*"`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (stem, open) = text.strip_suffix('*').map_or((text, false), |stem| (stem, true));
        let never = |because: &str| format!("{} can never match: {because}", quoted(text));
        if stem.contains('*') {
            let what = format!("{} has a `*` that is not at its end", quoted(text));
            return Err(Malformed::new(what, "write the beginning of the namespaces and one `*`: `\"team-*\"`"));
        }
        if let Some(odd) = stem.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
            let because = match odd {
                'A'..='Z' => "Kubernetes namespaces are lower case",
                '_' => "Kubernetes namespaces have no `_`",
                '.' => "Kubernetes namespaces have no `.`, and this is no regular expression",
                _ => "Kubernetes namespaces are lower-case letters, digits and `-`",
            };
            let both = stem.contains('_') && stem.chars().any(|c| c.is_ascii_uppercase());
            let because = if both { "Kubernetes namespaces are lower case and have no `_`" } else { because };
            let help = "write the namespace as `kubectl get namespaces` shows it, or its beginning and a `*`";
            return Err(Malformed::new(never(because), help));
        }
        if stem.is_empty() && !open {
            return Err(Malformed::new("an empty text is no namespace", "write a namespace, or `\"*\"` for all"));
        }
        if stem.starts_with('-') || (!open && stem.ends_with('-')) {
            let help = "take the `-` at the end away, or end the pattern with `*`";
            return Err(Malformed::new(never("Kubernetes namespaces begin and end with a letter or digit"), help));
        }
        if stem.len() > 63 {
            return Err(Malformed::new(never("Kubernetes namespaces have at most 63 characters"), "shorten it"));
        }
        Ok(NamespacePattern { stem: stem.to_owned(), open })
    }

    /// The name, or what names begin with.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// Whether it ends in `*`.
    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn matches(&self, namespace: &str) -> bool {
        if self.open { namespace.starts_with(&self.stem) } else { namespace == self.stem }
    }

    /// Whether some namespace matches both.
    pub fn overlaps(&self, other: &NamespacePattern) -> bool {
        match (self.open, other.open) {
            (true, true) => self.stem.starts_with(&other.stem) || other.stem.starts_with(&self.stem),
            (true, false) => self.matches(&other.stem),
            (false, _) => other.matches(&self.stem),
        }
    }

    /// Whether this one is asked before `other` where both match: a name beats a pattern, a longer
    /// pattern a shorter one.
    pub fn beats(&self, other: &NamespacePattern) -> bool {
        (!self.open, self.stem.len()) > (!other.open, other.stem.len())
    }
}

impl fmt::Display for NamespacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stem, if self.open { "*" } else { "" })
    }
}

/// Namespace patterns to look names up in: there may be thousands.
#[derive(Debug, Clone, Default)]
pub struct NamespacePatterns {
    names: BTreeSet<String>,
    beginnings: BTreeSet<String>,
}

impl NamespacePatterns {
    pub fn add(&mut self, pattern: &NamespacePattern) {
        let set = if pattern.open { &mut self.beginnings } else { &mut self.names };
        set.insert(pattern.stem.clone());
    }

    /// The pattern that is for a namespace and beaten by no other that is.
    pub fn most_specific(&self, namespace: &str) -> Option<NamespacePattern> {
        if self.names.contains(namespace) {
            return Some(NamespacePattern { stem: namespace.to_owned(), open: false });
        }
        self.beginning_of(namespace).map(|stem| NamespacePattern { stem: stem.to_owned(), open: true })
    }

    /// Whether some namespace matches the pattern and one of these.
    pub fn overlap(&self, pattern: &NamespacePattern) -> bool {
        let stem = pattern.stem.as_str();
        let from = (Bound::Included(stem), Bound::Unbounded);
        let begin_with_it =
            |set: &BTreeSet<String>| set.range::<str, _>(from).next().is_some_and(|first| first.starts_with(stem));
        match pattern.open {
            false => self.most_specific(stem).is_some(),
            true => self.beginning_of(stem).is_some() || begin_with_it(&self.names) || begin_with_it(&self.beginnings),
        }
    }

    /// The longest beginning that a text has.
    fn beginning_of<'t>(&self, text: &'t str) -> Option<&'t str> {
        (0..=text.len()).rev().filter_map(|n| text.get(..n)).find(|stem| self.beginnings.contains(*stem))
    }
}

impl<'p> FromIterator<&'p NamespacePattern> for NamespacePatterns {
    fn from_iter<I: IntoIterator<Item = &'p NamespacePattern>>(patterns: I) -> Self {
        let mut all = NamespacePatterns::default();
        patterns.into_iter().for_each(|p| all.add(p));
        all
    }
}

/// A metric name with `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricGlob(String);

impl MetricGlob {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str = "write a metric name, with `*` for any characters: `\"node_nfs_*\"`";
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '*');
        if !text.is_empty() && text.chars().all(good) && !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(MetricGlob(text.to_owned()));
        }
        if text.contains(['|', '(', ')', '[', ']', '^', '$', '+', '?', '\\']) || text.contains(".*") {
            let plain = text.trim_start_matches('^').trim_end_matches('$').replace(".*", "*").replace(".+", "*");
            let what = format!("{} is a regular expression; metrics are matched with `*` only", quoted(text));
            return Err(match plain != text && MetricGlob::parse(&plain).is_ok() {
                true => Malformed::instead(what, plain),
                false => Malformed::new(what, "write one item for each alternative, with `*` for any characters"),
            });
        }
        Err(Malformed::new(format!("{} is no metric name", quoted(text)), FORM))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, metric: &str) -> bool {
        glob(&self.0, metric)
    }

    /// Whether some name fits both.
    pub fn meets(&self, other: &MetricGlob) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        // For each place in `b`: whether what is left of `a` and of `b` from there fits one name. One
        // row for each place in `a`, last first.
        let mut below = vec![false; b.len() + 1];
        for i in (0..=a.len()).rev() {
            let star = a.get(i) == Some(&b'*');
            let mut row = vec![false; b.len() + 1];
            for j in (0..=b.len()).rev() {
                row[j] = match (a.get(i), b.get(j)) {
                    (None, None) => true,
                    _ if star => below[j] || row.get(j + 1).is_some_and(|r| *r),
                    (_, Some(b'*')) => row[j + 1] || (i < a.len() && below[j]),
                    (Some(x), Some(y)) => x == y && below[j + 1],
                    _ => false,
                };
            }
            below = row;
        }
        below[0]
    }

    /// As a regular expression, which Prometheus anchors at both ends. No character of a metric
    /// name means anything in one.
    pub fn regex(&self) -> String {
        self.0.replace('*', ".*")
    }
}

impl fmt::Display for MetricGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `job` or `job/class`, with `*` in either. Without a class it means the whole job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobGlob {
    pub job: String,
    pub class: Option<String>,
}

impl JobGlob {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (job, class) = text.split_once('/').map_or((text, None), |(job, class)| (job, Some(class)));
        for part in [Some(job), class].into_iter().flatten() {
            // With a letter for each star, a pattern is a name.
            if part.is_empty() || name(&part.replace('*', "x")).is_err() {
                let what = format!("{} names no job or class", quoted(text));
                return Err(Malformed::new(what, "write `\"job\"` or `\"job/class\"`, with `*` for any characters"));
            }
        }
        Ok(JobGlob { job: job.to_owned(), class: class.map(str::to_owned) })
    }

    /// Whether it means this class of this job; `None` is the remainder, or a job without classes.
    pub fn matches(&self, job: &str, class: Option<&str>) -> bool {
        glob(&self.job, job)
            && match (&self.class, class) {
                (None, _) => true,
                (Some(pattern), Some(class)) => glob(pattern, class),
                (Some(pattern), None) => pattern == "*",
            }
    }
}

impl fmt::Display for JobGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.job)?;
        self.class.iter().try_for_each(|class| write!(f, "/{class}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_up_finds_what_asking_each_pattern_finds() {
        let texts = ["a", "ab", "abc", "b", "team", "team-", "team-a", "team-ab", "x"];
        let all: Vec<NamespacePattern> = texts
            .iter()
            .flat_map(|t| [(*t).to_owned(), format!("{t}*")])
            .chain(["*".to_owned()])
            .filter_map(|t| NamespacePattern::parse(&t).ok())
            .collect();
        // Every third, fifth … of them: sets with gaps of many kinds.
        for step in 1..all.len() {
            for start in 0..step {
                let some: Vec<&NamespacePattern> = all.iter().skip(start).step_by(step).collect();
                let looked_up: NamespacePatterns = some.iter().copied().collect();
                for text in texts {
                    let matching = some.iter().copied().filter(|p| p.matches(text));
                    let best = matching.reduce(|best, p| if p.beats(best) { p } else { best });
                    assert_eq!(looked_up.most_specific(text).as_ref(), best, "{text} in {some:?}");
                }
                for pattern in &all {
                    let overlaps = some.iter().any(|p| p.overlaps(pattern));
                    assert_eq!(looked_up.overlap(pattern), overlaps, "{pattern} in {some:?}");
                }
            }
        }
    }

    #[test]
    fn stars_match_any_characters_and_nothing_else_does() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("edge-*", "edge-1", true),
            ("edge-*", "edge", false),
            ("*-1", "edge-1", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("a.c", "abc", false),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!glob(&"*a".repeat(200), &"b".repeat(20_000)));
    }

    #[test]
    fn namespaces_that_can_never_match_are_told_so() {
        let what = |text: &str| NamespacePattern::parse(text).unwrap_err().what;
        assert!(what("hero-user-clsuterB_ID").contains("can never match: Kubernetes namespaces are lower case"));
        assert!(what("team_a").contains("no `_`"));
        assert!(what("team-.*").contains("no regular expression"));
        assert!(what("team-").contains("begin and end"));
        for bad in ["", "-a", "a*b", "**", &"x".repeat(64), "命名"] {
            assert!(NamespacePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn namespace_patterns_match_overlap_and_beat() {
        let p = |text: &str| NamespacePattern::parse(text).unwrap();
        assert!(p("team-*").matches("team-a"));
        assert!(p("team-a").matches("team-a"));
        assert!(!p("team-a").matches("team-ab"));
        assert!(p("team-*").overlaps(&p("te*")));
        assert!(!p("team-*").overlaps(&p("kube-*")));
        assert!(p("team-a").beats(&p("team-a*")));
        assert!(p("team-*").beats(&p("*")));
        assert!(!p("*").beats(&p("team-*")));
        assert_eq!(p("team-*").to_string(), "team-*");
    }

    #[test]
    fn metrics_are_globs() {
        assert!(MetricGlob::parse("node_nfs_*").unwrap().matches("node_nfs_requests_total"));
        assert_eq!(MetricGlob::parse("node_*_total").unwrap().regex(), "node_.*_total");
        assert_eq!(MetricGlob::parse("node_.*").unwrap_err().instead.as_deref(), Some("node_*"));
        assert_eq!(MetricGlob::parse("^go_.+$").unwrap_err().instead.as_deref(), Some("go_*"));
        for bad in ["", "a|b", "1a", "a b", "a-b"] {
            assert!(MetricGlob::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn globs_meet_where_one_name_fits_both() {
        let meet = |a: &str, b: &str| {
            let (a, b) = (MetricGlob::parse(a).unwrap(), MetricGlob::parse(b).unwrap());
            assert_eq!(a.meets(&b), b.meets(&a));
            a.meets(&b)
        };
        for (a, b) in [("a", "a"), ("a*", "*b"), ("*", "x"), ("a*c", "ab*"), ("a**b", "ab"), ("*a*", "*b*")] {
            assert!(meet(a, b), "{a} {b}");
        }
        for (a, b) in [("a", "b"), ("a*", "b*"), ("*a", "*b"), ("a", "aa"), ("a*b", "a"), ("x_*_total", "x_total")] {
            assert!(!meet(a, b), "{a} {b}");
        }
    }

    #[test]
    fn jobs_are_globs() {
        let g = |text: &str| JobGlob::parse(text).unwrap();
        assert!(g("node").matches("node", Some("roce")));
        assert!(g("node/roce").matches("node", Some("roce")));
        assert!(!g("node/roce").matches("node", None));
        assert!(g("node/*").matches("node", None));
        assert!(g("*/roce").matches("node", Some("roce")));
        for bad in ["", "/", "a/", "/b", "a/b/c", "A"] {
            assert!(JobGlob::parse(bad).is_err(), "{bad}");
        }
    }
}
