//! Which namespaces of thousands have to be asked about one by one.
//!
//! A route that names five thousand namespaces answers most of them alike. What the emitted rules make of each is not
//! known by that: a name can be missing from one of them. So each rule that asks for a namespace is asked about every name,
//! by that part of its expression; only names that all rules match alike have one stand for them with every part.

use std::collections::BTreeMap;

use super::super::parts::Part;
use super::super::routing::Partition;
use super::scraped::NAMESPACE;
use crate::model::plan::{ClusterPlan, LanePlan};
use crate::relabel::regex::{Paste, Regex};
use crate::relabel::{Action, Rule};

/// Those of the route's namespaces that stand for themselves where series of a Prometheus are written; all of them
/// where a rule asks in a way that is not understood here.
pub(super) fn told_apart<'p>(
    partition: &'p Partition<'_>,
    parts: &[Part<'_>],
    plan: &ClusterPlan<'_>,
    lane: &LanePlan<'_>,
) -> Vec<&'p str> {
    let all: Vec<&str> = partition.witness_namespaces().collect();
    let written = lane.remote_write.iter().flat_map(|w| &w.rules);
    let relayed = plan.relay.iter().flat_map(|r| r.common.iter().chain(r.urls.iter().flat_map(|u| &u.rules)));
    let asked: Option<Vec<Option<Regex>>> = written.chain(relayed).map(asked_of_namespace).collect();
    let Some(asked) = asked.filter(|_| parts.iter().all(separable)) else { return all };
    let asked: Vec<Regex> = asked.into_iter().flatten().collect();
    let seen = |name: &str| asked.iter().map(|regex| regex.is_match(name)).collect::<Vec<bool>>();
    // What stands for others is the first of them: it is asked about, and so before them.
    let mut spokesmen: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    let mut out = Vec::new();
    for (name, first) in all.iter().zip(partition.alike()) {
        let matched = seen(name);
        match spokesmen.get(first) {
            Some(alike) if *alike == matched => {}
            Some(_) => out.push(*name),
            None => {
                spokesmen.insert(*first, matched);
                out.push(*name);
            }
        }
    }
    out
}

/// Whether labels by which rules tell the part hold no separator, so that its place in a joined text is known.
fn separable(part: &Part<'_>) -> bool {
    let values = part.source.values.iter().chain(&part.class);
    let paths = part.pick.endpoints.iter().map(|e| &e.path);
    values.chain(paths).all(|text| !text.contains(';'))
}

/// What a rule asks of a namespace; inside, `None`: nothing. `None`: it does more with it than ask, or asks for it together
/// with other labels in a way that cannot be taken apart.
fn asked_of_namespace(rule: &Rule) -> Option<Option<Regex>> {
    let action = rule.action.unwrap_or_default();
    let changes = |label: &Option<String>| label.as_deref().is_some_and(|l| l == NAMESPACE || l.contains('$'));
    if action == Action::LabelMap || changes(&rule.target_label) || !rule.condition.is_empty() {
        return None;
    }
    let Some(at) = rule.source_labels.iter().position(|l| l == NAMESPACE) else { return Some(None) };
    let decides = match action {
        Action::Keep | Action::Drop => true,
        Action::Replace => rule.replacement.as_ref().is_some_and(|r| !r.contains('$')),
        _ => false,
    };
    if !decides || rule.separator.as_deref().is_some_and(|s| s != ";") {
        return None;
    }
    let regex = rule.regex.as_deref()?;
    let piece = match rule.source_labels.len() {
        1 => regex,
        labels => piece(regex, labels, at)?,
    };
    Regex::new(piece, Paste::DotAll).ok().map(Some)
}

/// The part of an expression that is for one of the labels it is asked of, `;` between them: where it matches exactly if
/// each part matches its labels.
fn piece(regex: &str, labels: usize, wanted: usize) -> Option<&str> {
    let pieces = split(regex, ';')?;
    if split(regex, '|')?.len() > 1 {
        return None;
    }
    let (mut label, mut found) = (0, None);
    for piece in pieces {
        let separators = separators(piece)?;
        if label == wanted && separators == 0 {
            found = Some(piece);
        }
        label += separators + 1;
    }
    found.filter(|_| label == labels)
}

/// How many separators whatever matches holds; `None` where that is not the same for all, or not clear.
fn separators(regex: &str) -> Option<usize> {
    if !regex.contains(';') {
        return Some(0);
    }
    let inside = regex.strip_prefix("(?:").or_else(|| regex.strip_prefix('('))?.strip_suffix(')')?;
    let mut counts = split(inside, '|')?.into_iter().map(|alternative| {
        let pieces = split(alternative, ';')?;
        let inner = pieces.iter().map(|p| separators(p)).sum::<Option<usize>>()?;
        Some(inner + pieces.len() - 1)
    });
    let first = counts.next()??;
    counts.all(|n| n == Some(first)).then_some(first)
}

/// Splits where the character stands outside of groups and classes. `None` where groups do not close, or change how what
/// follows is read.
fn split(regex: &str, at: char) -> Option<Vec<&str>> {
    let (mut out, mut from, mut depth, mut class) = (Vec::new(), 0, 0_usize, false);
    let mut chars = regex.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => class = true,
            ']' => class = false,
            _ if class => {}
            '(' if regex[i..].starts_with("(?") && !regex[i..].starts_with("(?:") => return None,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if c == at && depth == 0 => {
                out.push(regex.get(from..i)?);
                from = i + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(regex.get(from..)?);
    (depth == 0 && !class).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_for_a_namespace_is_found_among_others() {
        for (regex, labels, at, expected) in [
            ("kubelet;a|b", 2, 1, None),
            ("kubelet;(?:a|b)", 2, 1, Some("(?:a|b)")),
            ("(?:x;(?:a|b)|y;c);(?:ns-1|ns-2)", 3, 2, Some("(?:ns-1|ns-2)")),
            ("(?:x;a|y);(?:ns-1|ns-2)", 3, 2, None),
            ("(?:x;a)+;ns", 3, 2, None),
            ("user;job;.+;v", 4, 2, Some(".+")),
            (r"a\;b;ns", 2, 1, None),
            ("[;];ns", 2, 1, None),
            ("(?i)a;ns", 2, 1, None),
            ("a;b;ns", 2, 1, None),
            ("a;(b;c);ns", 4, 1, None),
        ] {
            assert_eq!(piece(regex, labels, at), expected, "{regex}");
        }
    }

    #[test]
    fn what_does_more_than_ask_is_not_taken_apart() {
        let asks = |rule: Rule| asked_of_namespace(&rule).map(|r| r.is_some());
        let base = || Rule::new(Action::Replace).source(["job", NAMESPACE]).regex("a;(b|c)");
        assert_eq!(asks(base().target("x").replacement("1")), Some(true));
        assert_eq!(asks(base().target("x").replacement("$1")), None);
        assert_eq!(asks(base().target("x")), None);
        assert_eq!(asks(base().target(NAMESPACE).replacement("1")), None);
        assert_eq!(asks(Rule::new(Action::LabelMap).regex("a(.*)")), None);
        assert_eq!(asks(Rule::new(Action::HashMod).source([NAMESPACE]).target("x")), None);
        assert_eq!(asks(Rule::new(Action::Keep).source(["job"]).regex("a")), Some(false));
        assert_eq!(asks(Rule::new(Action::Drop).source([NAMESPACE]).regex("a|b")), Some(true));
    }
}
