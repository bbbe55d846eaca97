//! A review as a page, in more or less detail.

use std::collections::BTreeMap;

use super::blocks::{Block, Line, Piece, code, sentence, strong, text};
use super::fold::{self, Row};
use super::load::{self, thousands};
use super::{Review, State, first, output, tables};
use crate::diag::{Diagnostic, Severity, Sources};
use crate::diff::{Change, Effect, Pods, Presence};
use crate::report::changes::ClusterChanges;
use crate::report::style::count;

/// How much of a review is shown.
pub(super) struct Detail {
    /// What the reader is told is left out; empty where nothing is.
    left_out: &'static str,
    /// Characters of a value.
    pub values: usize,
    /// Clusters and objects named in a row that is not folded.
    pub names: usize,
    /// The same, where they are.
    pub folded: usize,
    /// Rows of changes that are not destructive.
    pub rows: usize,
    /// Rows of destructive changes.
    pub grave: usize,
    pub findings: usize,
    /// Figures of each kind.
    pub figures: usize,
    /// Every change again, by cluster.
    by_cluster: bool,
}

/// From everything to what nobody may miss.
pub(super) const LEVELS: &[Detail] = &[
    Detail {
        left_out: "",
        values: 300,
        names: MANY,
        folded: MANY,
        rows: MANY,
        grave: MANY,
        findings: MANY,
        figures: 20,
        by_cluster: true,
    },
    Detail {
        left_out: "what changes in each cluster",
        values: 200,
        names: MANY,
        folded: 1000,
        rows: MANY,
        grave: MANY,
        findings: 200,
        figures: 12,
        by_cluster: false,
    },
    Detail {
        left_out: "what changes in each cluster, and most of what is not destructive",
        values: 120,
        names: MANY,
        folded: 50,
        rows: 60,
        grave: MANY,
        findings: 50,
        figures: 8,
        by_cluster: false,
    },
    Detail {
        left_out: "nearly all that is not destructive, and long values",
        values: 80,
        names: MANY,
        folded: 5,
        rows: 10,
        grave: MANY,
        findings: 20,
        figures: 5,
        by_cluster: false,
    },
    Detail {
        left_out: "all that is not destructive, long values, and clusters beyond 100 of a change",
        values: 60,
        names: 100,
        folded: 0,
        rows: 0,
        grave: MANY,
        findings: 10,
        figures: 3,
        by_cluster: false,
    },
    Detail {
        left_out: "all that is not destructive, long values, and clusters beyond 5 of a change",
        values: 40,
        names: 5,
        folded: 0,
        rows: 0,
        grave: MANY,
        findings: 5,
        figures: 3,
        by_cluster: false,
    },
    Detail {
        left_out: "all but the first destructive changes",
        values: 40,
        names: 3,
        folded: 0,
        rows: 0,
        grave: 100,
        findings: 3,
        figures: 1,
        by_cluster: false,
    },
    Detail {
        left_out: "all but the first destructive changes",
        values: 30,
        names: 2,
        folded: 0,
        rows: 0,
        grave: 8,
        findings: 1,
        figures: 0,
        by_cluster: false,
    },
];

const MANY: usize = usize::MAX;

/// Names beyond this are folded, where their row may be.
pub(super) const OPEN_NAMES: usize = 4;
/// Rows beyond this are folded.
pub(super) const OPEN_ROWS: usize = 12;

impl Detail {
    /// Names for a row that may be folded.
    pub fn names(&self, names: impl IntoIterator<Item = String>) -> Piece {
        let all: Vec<String> = names.into_iter().collect();
        if all.len() <= OPEN_NAMES {
            Piece::Code(all.join(", "))
        } else {
            Piece::Fold(all.len(), listed(&all, self.folded))
        }
    }

    /// Names for a row that must not be.
    pub fn open(&self, names: impl IntoIterator<Item = String>) -> Piece {
        let all: Vec<String> = names.into_iter().collect();
        code(listed(&all, self.names))
    }

    pub fn value(&self, value: &str) -> Piece {
        code(self.cut(value))
    }

    pub fn cut(&self, value: &str) -> String {
        match value.char_indices().nth(self.values) {
            None => value.to_owned(),
            Some((at, _)) => format!("{}…", &value[..at]),
        }
    }
}

pub(super) fn listed(all: &[String], most: usize) -> String {
    let named = all.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > most { format!("{named} and {} more", all.len() - most) } else { named }
}

pub(super) fn blocks(review: &Review<'_>, title: &str, detail: &Detail, limit: Option<usize>) -> Vec<Block> {
    let mut blocks =
        vec![Block::Marker(format!("watershed review {}", review.fleet)), Block::Heading(3, title.to_owned())];
    match &review.state {
        State::BaseBroken { findings, sources } => {
            let words = format!("Nothing can be compared: the spec does not compile at {}.", review.base);
            blocks.push(Block::Paragraph(vec![strong(words)]));
            listed_findings(findings, sources, detail, &mut blocks);
            findings_of(review, detail, &mut blocks);
            output::older(review, detail, &mut blocks);
        }
        State::AgainstOutput { findings, sources, compiler, catalog } => {
            let words = format!(
                "The spec does not compile at {}. What follows is against the output that is checked in there: what its \
                 compiler, Watershed {compiler} (catalog {catalog}), wrote otherwise is among the changes, and how load and \
                 ways change cannot be told.",
                review.base
            );
            blocks.push(Block::Paragraph(vec![strong(words)]));
            listed_findings(findings, sources, detail, &mut blocks);
            compared(review, detail, limit, &mut blocks);
        }
        State::HeadBroken { findings } => {
            let new = review.found.iter().filter(|f| f.severity == Severity::Error).count();
            let words = format!("The spec does not compile: {}, {new} of them new.", count(findings.len(), "error"));
            blocks.push(Block::Paragraph(vec![strong(words)]));
            listed_findings(findings, review.sources, detail, &mut blocks);
        }
        State::Compared | State::First => compared(review, detail, limit, &mut blocks),
    }
    let estimates = "Estimates come from the sizes of clusters, on both sides by the same rules.";
    let words = format!("{} → {}, compiled by Watershed {}. {estimates}", review.base, review.head, review.compiler);
    blocks.push(Block::Paragraph(vec![text(words)]));
    blocks
}

fn compared(review: &Review<'_>, detail: &Detail, limit: Option<usize>, blocks: &mut Vec<Block>) {
    let rows = fold::rows(review.changes, review.sources);
    let (grave, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(Row::is_destructive);
    let others = fold::alike(others);
    let gone: Vec<&ClusterChanges<'_>> = review.changes.iter().filter(|c| *c.presence == Presence::Removed).collect();
    blocks.push(Block::Paragraph(verdict(review, &grave, &gone)));
    if let (false, Some(limit)) = (detail.left_out.is_empty(), limit) {
        let words =
            format!("Shortened to {} characters: left out is {}. All of it:", thousands(limit as u64), detail.left_out);
        blocks.push(Block::Paragraph(vec![strong(words), text(" "), code(review.command)]));
    }
    output::built(review, detail, blocks);
    if review.state.has_loads() {
        load::table(review.before, review.after, detail, blocks);
        load::ways(review.before, review.after, detail, blocks);
        load::promises(review.before, review.after, detail, blocks);
    }
    tables::destructive(&grave, &gone, review, detail, blocks);
    first::secrets(review, detail, blocks);
    findings_of(review, detail, blocks);
    first::exceptions(review, detail, blocks);
    tables::clusters(review, detail, blocks);
    tables::table("change", &others, detail, blocks);
    if detail.by_cluster {
        tables::by_cluster(review, detail, blocks);
    }
    output::older(review, detail, blocks);
}

/// The whole of it in a line.
fn verdict(review: &Review<'_>, grave: &[Row], gone: &[&ClusterChanges<'_>]) -> Line {
    let changes: usize = review.changes.iter().map(|c| c.changes.len()).sum();
    let unbuilt = review.built.is_some_and(|built| built.changes.iter().any(|c| !c.changes.is_empty()));
    let astray = unbuilt || review.unread.is_some();
    if changes == 0 && review.found.is_empty() && review.exceptions.is_empty() {
        return vec![strong(match astray {
            false => "Nothing that is applied changes.",
            true if unbuilt => "The spec changes nothing that is applied, and the output is not what the spec says.",
            true => "The spec changes nothing that is applied; what is checked in cannot be read.",
        })];
    }
    let mut parts = Vec::new();
    let destructive: usize = grave.iter().map(|r| r.changes).sum::<usize>() + gone.len();
    let head = if destructive > 0 {
        let mut effects: BTreeMap<Effect, usize> = BTreeMap::new();
        grave.iter().for_each(|r| *effects.entry(r.effect.max(Effect::Restart)).or_default() += r.changes);
        let anew = gone.iter().filter(|c| c.changes.iter().any(|c| c.effect == Effect::NewSeries)).count();
        *effects.entry(Effect::NewSeries).or_default() += anew;
        effects.retain(|_, n| *n > 0);
        let removed = effects.remove(&Effect::Restart).unwrap_or(0);
        let named = effects.iter().rev().map(|(effect, n)| (*n, effect.name()));
        let others = [(removed, "object removed"), (gone.len() - anew, "cluster gone")];
        let named = named.chain(others).filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} × {what}"));
        format!("{}: {}", count(destructive, "destructive change"), named.collect::<Vec<_>>().join(", "))
    } else {
        "Nothing destructive".to_owned()
    };
    let of_object = |c: &'_ ClusterChanges<'_>, wanted: &dyn Fn(&Change) -> bool| {
        let objects = c.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file);
        objects.filter(|of_object| of_object.iter().any(wanted)).count()
    };
    let objects = |wanted: &dyn Fn(&Change) -> bool| review.changes.iter().map(|c| of_object(c, wanted)).sum::<usize>();
    let restarted = objects(&|c| c.effect == Effect::Restart || c.pods.is_some());
    if restarted > 0 {
        let pods = review.changes.iter().flat_map(|c| {
            let of_object = c.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file);
            of_object.filter_map(|changes| changes.iter().find_map(|c| c.pods))
        });
        let pods: Vec<Pods> = pods.collect();
        // Of what a release runs nobody may know the number.
        let pods = if pods.len() == restarted { format!(" ({})", Pods::words(pods)) } else { String::new() };
        parts.push(format!("{} restarted{pods}", count(restarted, "object")));
    }
    let all = count(review.after.clusters + gone.len(), "cluster");
    let touched = format!("{} of {all}", review.changes.iter().filter(|c| !c.changes.is_empty()).count());
    parts.push(format!("{} in {}, {touched}", count(changes, "change"), count(objects(&|_| true), "object")));
    if review.state.has_loads() {
        parts.extend(load::in_short(review.before, review.after));
    }
    let errors = review.found.iter().filter(|f| f.severity >= Severity::Warning).count();
    if errors > 0 {
        parts.push(count(errors, "new finding"));
    }
    if !review.exceptions.is_empty() {
        parts.push(count(review.exceptions.len(), "new exception"));
    }
    if matches!(review.state, State::First) {
        parts.push(format!("there is no spec at {}: everything is new", review.base));
    }
    let mut line = vec![strong(head)];
    if unbuilt {
        line.extend([text(" · "), strong("the output is not what the spec says")]);
    }
    line.push(text(format!(" · {}", parts.join(" · "))));
    line
}

fn findings_of(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    if !review.found.is_empty() {
        blocks.push(Block::Heading(4, "New findings".to_owned()));
        listed_findings(review.found, review.sources, detail, blocks);
    }
    if review.gone > 0 {
        let verb = if review.gone == 1 { "is" } else { "are" };
        blocks.push(Block::Paragraph(vec![text(format!("{} of before {verb} gone.", count(review.gone, "finding")))]));
    }
}

fn listed_findings(findings: &[Diagnostic], sources: &Sources, detail: &Detail, blocks: &mut Vec<Block>) {
    let lines = findings.iter().take(detail.findings).map(|finding| {
        let finding = finding.veiled();
        let mut line = vec![strong(finding.severity.name()), text(" "), code(finding.code.id), text(" ")];
        line.extend(sentence(&finding.what));
        let place = sources.display(finding.at);
        if !place.is_empty() {
            line.extend([text(" ("), code(place), text(")")]);
        }
        line
    });
    let mut lines: Vec<Line> = lines.collect();
    if findings.len() > lines.len() {
        lines.push(vec![text(format!("{} more", findings.len() - lines.len()))]);
    }
    blocks.push(Block::List(lines));
}
