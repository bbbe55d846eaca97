//! A review as a page, in more or less detail.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::{Block, Line, Piece, code, sentence, strong, text};
use super::fold::{self, Row};
use super::load::{self, thousands};
use super::{CheckedIn, Review, State};
use crate::diag::{Diagnostic, Severity, Sources};
use crate::diff::{Change, Edit, Effect, Presence};
use crate::report::changes::ClusterChanges;
use crate::report::style::count;

/// How much of a review is shown.
pub(super) struct Detail {
    /// What the reader is told is left out; empty where nothing is.
    left_out: &'static str,
    /// Characters of a value.
    values: usize,
    /// Clusters and objects named in a row that is not folded.
    names: usize,
    /// The same, where they are.
    folded: usize,
    /// Rows of changes that are not destructive.
    pub rows: usize,
    /// Rows of destructive changes.
    grave: usize,
    findings: usize,
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
const OPEN_NAMES: usize = 4;
/// Rows beyond this are folded.
const OPEN_ROWS: usize = 12;

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
    fn open(&self, names: impl IntoIterator<Item = String>) -> Piece {
        let all: Vec<String> = names.into_iter().collect();
        code(listed(&all, self.names))
    }

    fn value(&self, value: &str) -> Piece {
        match value.char_indices().nth(self.values) {
            None => code(value),
            Some((at, _)) => code(format!("{}…", &value[..at])),
        }
    }
}

fn listed(all: &[String], most: usize) -> String {
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
    blocks.push(Block::Paragraph(verdict(review, &grave, gone.len())));
    if let (false, Some(limit)) = (detail.left_out.is_empty(), limit) {
        let words = format!(
            "Shortened to {} characters: left out is {}. All of it: ",
            thousands(limit as u64),
            detail.left_out
        );
        blocks.push(Block::Paragraph(vec![strong(words), code(review.command)]));
    }
    load::table(review.before, review.after, detail, blocks);
    load::ways(review.before, review.after, detail, blocks);
    destructive(&grave, &gone, review, detail, blocks);
    findings_of(review, detail, blocks);
    clusters(review, detail, blocks);
    table("change", &others, detail, blocks);
    if detail.by_cluster {
        by_cluster(review, detail, blocks);
    }
    if let Some(checked_in) = &review.checked_in {
        older(checked_in, review, detail, blocks);
    }
}

/// The whole of it in a line.
fn verdict(review: &Review<'_>, grave: &[Row], gone: usize) -> Line {
    let changes: usize = review.changes.iter().map(|c| c.changes.len()).sum();
    if changes == 0 && review.found.is_empty() {
        return vec![strong("Nothing that is applied changes.")];
    }
    let mut parts = Vec::new();
    let destructive: usize = grave.iter().map(|r| r.changes).sum::<usize>() + gone;
    let head = if destructive > 0 {
        let worst = grave.iter().map(|r| r.effect).max().filter(|e| *e >= Effect::QueueReset);
        let worst = worst.map(|e| format!(" (the gravest: {})", e.name())).unwrap_or_default();
        format!("{}{worst}", count(destructive, "destructive change"))
    } else {
        "Nothing destructive".to_owned()
    };
    let of_object = |c: &'_ ClusterChanges<'_>, wanted: &dyn Fn(&Change) -> bool| {
        let objects = c.changes.chunk_by(|a, b| a.object == b.object && a.file == b.file);
        objects.filter(|of_object| of_object.iter().any(wanted)).count()
    };
    let objects = |wanted: &dyn Fn(&Change) -> bool| review.changes.iter().map(|c| of_object(c, wanted)).sum::<usize>();
    let restarted = objects(&|c| c.effect == Effect::Restart);
    if restarted > 0 {
        parts.push(format!("{} restarted", count(restarted, "object")));
    }
    let gone_too = review.changes.iter().filter(|c| *c.presence == Presence::Removed).count();
    let all = count(review.after.clusters + gone_too, "cluster");
    let touched = format!("{} of {all}", review.changes.len());
    parts.push(format!("{} in {}, {touched}", count(changes, "change"), count(objects(&|_| true), "object")));
    parts.extend(load::in_short(review.before, review.after));
    let errors = review.found.iter().filter(|f| f.severity >= Severity::Warning).count();
    if errors > 0 {
        parts.push(count(errors, "new finding"));
    }
    if matches!(review.state, State::First) {
        parts.push(format!("there is no spec at {}: everything is new", review.base));
    }
    vec![strong(head), text(format!(" · {}", parts.join(" · ")))]
}

/// Never folded, never left out but for the shortest page, which says so.
fn destructive(
    grave: &[Row],
    gone: &[&ClusterChanges<'_>],
    review: &Review<'_>,
    detail: &Detail,
    blocks: &mut Vec<Block>,
) {
    if grave.is_empty() && gone.is_empty() {
        return;
    }
    blocks.push(Block::Heading(4, "Destructive".to_owned()));
    let of_gone = gone.iter().flat_map(|c| {
        c.changes.iter().map(move |change| {
            let line = c.place(change, review.sources);
            let what =
                vec![text("the cluster is taken out of the spec; its folder and what runs there are left alone")];
            vec![vec![strong("cluster gone")], what, vec![code(c.cluster)], place(&line)]
        })
    });
    let of_rows = grave.iter().enumerate().map(|(i, row)| {
        let effect = if row.effect >= Effect::QueueReset { row.effect.name() } else { "removed" };
        let mut what = changed(row, detail);
        let said = i > 0 && grave[i - 1].consequence == row.consequence;
        match (row.consequence.as_str(), said) {
            ("", _) => {}
            (_, true) => what.push(text(". As above")),
            (words, false) => {
                what.push(text(". "));
                what.extend(sentence(words));
            }
        }
        let objects = detail.open(row.objects.iter().cloned());
        let place_of = vec![objects, text(" in "), detail.open(row.clusters.iter().cloned())];
        vec![vec![strong(effect)], what, place_of, place(&row.line)]
    });
    let mut rows: Vec<Vec<Line>> = of_gone.chain(of_rows).collect();
    let more = rows.len().saturating_sub(detail.grave);
    rows.truncate(detail.grave);
    blocks.push(Block::Table { head: vec!["effect", "change", "where", "line"], rows });
    if more > 0 {
        let words = format!("{} more that this page has no room for.", count(more, "destructive change"));
        blocks.push(Block::Paragraph(vec![strong(words)]));
    }
}

/// Changes that can be taken back, one row for all that are alike.
fn table(what: &str, rows: &[Row], detail: &Detail, blocks: &mut Vec<Block>) {
    if rows.is_empty() {
        return;
    }
    let all: usize = rows.iter().map(|r| r.changes).sum();
    let mut effects: BTreeMap<Effect, usize> = BTreeMap::new();
    rows.iter().for_each(|r| *effects.entry(r.effect).or_default() += r.changes);
    let named: Vec<String> = effects.iter().rev().map(|(effect, n)| format!("{n} × {}", label(*effect))).collect();
    let summary = format!("{}, {}: {}", count(all, what), count(rows.len(), "kind"), named.join(", "));
    let shown = rows.iter().take(detail.rows).map(|row| {
        let objects = if row.objects.len() > OPEN_NAMES {
            let kinds = row.kinds.iter().cloned().collect::<Vec<_>>().join(", ");
            vec![text(format!("{kinds}: ")), detail.names(row.objects.iter().cloned())]
        } else {
            vec![detail.names(row.objects.iter().cloned())]
        };
        vec![
            vec![text(label(row.effect))],
            changed(row, detail),
            objects,
            vec![detail.names(row.clusters.iter().cloned())],
            place(&row.line),
        ]
    });
    let shown: Vec<Vec<Line>> = shown.collect();
    let more = rows.len() - shown.len();
    let open = shown.len() <= OPEN_ROWS;
    let mut inside = Vec::new();
    if !shown.is_empty() {
        inside.push(Block::Table { head: vec!["effect", "change", "objects", "clusters", "line"], rows: shown });
    }
    if more > 0 {
        inside.push(Block::Paragraph(vec![text(format!("{} more of other kinds.", count(more, "row")))]));
    }
    if open {
        blocks.push(Block::Paragraph(vec![text(summary)]));
        blocks.extend(inside);
    } else {
        blocks.push(Block::Details { summary: vec![text(summary)], blocks: inside });
    }
}

fn label(effect: Effect) -> &'static str {
    if effect == Effect::None { "no effect on what runs" } else { effect.name() }
}

/// What a row does, without where.
fn changed(row: &Row, detail: &Detail) -> Line {
    let name = || if row.path.is_empty() { row.objects.first().cloned().unwrap_or_default() } else { row.path.clone() };
    let value = |v: &Option<String>| detail.value(v.as_deref().unwrap_or_default());
    let mut line = match row.edit {
        Edit::Added if row.is_whole() => vec![text("added: "), code(name())],
        Edit::Removed if row.is_whole() => vec![text("removed: "), code(name())],
        Edit::Added => vec![code(name()), text(" added: "), value(&row.after)],
        Edit::Removed => vec![code(name()), text(" removed: "), value(&row.before)],
        Edit::Renamed => vec![value(&row.before), text(" is renamed "), value(&row.after)],
        Edit::Reordered => {
            vec![code(name()), text(" in another order: "), value(&row.before), text(" → "), value(&row.after)]
        }
        Edit::Changed => vec![code(name()), text(": "), value(&row.before), text(" → "), value(&row.after)],
    };
    if !row.others.is_empty() {
        line.push(text("; other values "));
        let other = |(sides, clusters): (&String, &BTreeSet<String>)| {
            format!("{sides} ({})", clusters.iter().cloned().collect::<Vec<_>>().join(", "))
        };
        let others: Vec<String> = row.others.iter().take(detail.folded).map(other).collect();
        line.push(Piece::Fold(row.others.len(), others.join("; ")));
    }
    line
}

fn place(line: &str) -> Line {
    if line.is_empty() { Line::new() } else { vec![code(line)] }
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

/// Clusters that are new, or called otherwise.
fn clusters(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut lines = Vec::new();
    let mut new = Vec::new();
    for cluster in review.changes {
        match cluster.presence {
            Presence::Added => new.push(format!(
                "{} ({})",
                cluster.cluster,
                count(cluster.changes.iter().filter(|c| c.object.is_some()).count(), "object")
            )),
            Presence::Renamed(was) => {
                let known = [text("; the same by its identity, "), code(cluster.identity)];
                lines.push(
                    [vec![text("now called "), code(cluster.cluster), text(", before "), code(was)], known.into()]
                        .concat(),
                );
            }
            Presence::Kept | Presence::Removed => {}
        }
    }
    if !new.is_empty() {
        lines.insert(0, vec![text(format!("{}: ", count(new.len(), "new cluster"))), detail.names(new)]);
    }
    if !lines.is_empty() {
        blocks.push(Block::Heading(4, "Clusters".to_owned()));
        blocks.push(Block::List(lines));
    }
}

/// Every change once more, where it is made. Clusters with the very same changes stand together.
fn by_cluster(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut groups: BTreeMap<String, (Vec<&str>, Vec<Vec<Line>>)> = BTreeMap::new();
    let mut order = Vec::new();
    let lines = |rows: Vec<Row>| -> Vec<Vec<Line>> {
        let line = |row: &Row| {
            let object = row.objects.iter().cloned().collect::<String>();
            vec![vec![code(object)], changed(row, detail), vec![text(label(row.effect))], place(&row.line)]
        };
        rows.iter().map(line).collect()
    };
    for cluster in review.changes.iter().filter(|c| *c.presence != Presence::Removed) {
        let (own, anywhere) = fold::of_cluster(cluster, review.sources);
        let anywhere = lines(anywhere);
        let key = format!("{anywhere:?}");
        match groups.get_mut(&key) {
            None => {
                order.push(key.clone());
                groups.insert(key, (vec![cluster.cluster], lines(own)));
            }
            Some((names, rows)) => {
                names.push(cluster.cluster);
                *rows = anywhere;
            }
        }
    }
    // Of clusters that are all alike the table above has said everything.
    let kept = |c: &ClusterChanges<'_>| *c.presence == Presence::Kept;
    if order.len() == 1 && review.changes.iter().all(kept) {
        return;
    }
    for (names, rows) in order.iter().filter_map(|key| groups.get(key)) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let head = names.iter().take(OPEN_NAMES).cloned().collect::<Vec<_>>().join(", ");
        let more = names.len().saturating_sub(OPEN_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let summary = vec![code(head), text(format!("{more}: {}", count(rows.len(), "change")))];
        let mut inside = vec![Block::Table { head: vec!["object", "change", "effect", "line"], rows: rows.clone() }];
        if names.len() > OPEN_NAMES {
            inside.insert(0, Block::Paragraph(vec![code(listed(&names, detail.names))]));
        }
        blocks.push(Block::Details { summary, blocks: inside });
    }
}

/// What has nothing to do with the branch.
fn older(checked_in: &CheckedIn<'_>, review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let rows = fold::rows(checked_in.changes, checked_in.sources);
    if rows.is_empty() {
        return;
    }
    let of = |rows: &[Row]| rows.iter().map(|r| r.changes).sum::<usize>();
    blocks.push(Block::Heading(4, "Not of this change".to_owned()));
    let words = format!(
        "The output checked in at {} was written by Watershed {} (catalog {}). From the same spec this compiler writes {} \
         with the next build, whatever this branch does.",
        review.base,
        checked_in.compiler,
        checked_in.catalog,
        match of(&rows) {
            1 => "one thing otherwise: it comes".to_owned(),
            n => format!("{} things otherwise: they come", thousands(n as u64)),
        }
    );
    blocks.push(Block::Paragraph(vec![text(words)]));
    let (grave, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(Row::is_destructive);
    let others = fold::alike(others);
    let shown = grave.iter().take(detail.grave).map(|row| {
        let place_of =
            vec![detail.open(row.objects.iter().cloned()), text(" in "), detail.open(row.clusters.iter().cloned())];
        vec![vec![strong(row.effect.name())], changed(row, detail), place_of]
    });
    let shown: Vec<Vec<Line>> = shown.collect();
    if !shown.is_empty() {
        blocks.push(Block::Table { head: vec!["effect", "change", "where"], rows: shown });
    }
    let mut folded = Vec::new();
    table("change", &others, detail, &mut folded);
    if !folded.is_empty() {
        blocks.push(Block::Details { summary: vec![text("what it writes otherwise")], blocks: folded });
    }
}
