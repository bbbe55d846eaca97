//! The tables of a review: what is destructive, what is not, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::Review;
use super::blocks::{Block, Line, Piece, code, sentence, strong, text};
use super::fold::{self, Row};
use super::page::{Detail, OPEN_NAMES, OPEN_ROWS, listed};
use crate::diff::{Edit, Effect, Pods, Presence};
use crate::report::changes::ClusterChanges;
use crate::report::style::count;

/// Never folded, never left out but for the shortest page, which says so.
pub(super) fn destructive(
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
            // One that is there under another identity begins anew.
            let effect = if change.effect == Effect::NewSeries { change.effect.name() } else { "cluster gone" };
            vec![vec![strong(effect)], sentence(&change.consequence), vec![code(c.cluster)], place(&line)]
        })
    });
    let mut rows: Vec<Vec<Line>> = of_gone.chain(rows_of(grave, detail)).collect();
    let more = rows.len().saturating_sub(detail.grave);
    rows.truncate(detail.grave);
    blocks.push(Block::Table { head: vec!["effect", "change", "where", "line"], rows });
    if more > 0 {
        let words = format!("{} more that this page has no room for.", count(more, "destructive change"));
        blocks.push(Block::Paragraph(vec![strong(words)]));
    }
}

/// A line of a table for each row that is destructive.
pub(super) fn rows_of<'r>(grave: &'r [Row], detail: &'r Detail) -> impl Iterator<Item = Vec<Line>> + 'r {
    grave.iter().enumerate().map(|(i, row)| {
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
        vec![vec![strong(with_pods(row, effect))], what, place_of, place(&row.line)]
    })
}

/// Changes that can be taken back, one row for all that are alike.
pub(super) fn table(what: &str, rows: &[Row], detail: &Detail, blocks: &mut Vec<Block>) {
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
            vec![text(with_pods(row, label(row.effect)))],
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

/// `restart of 2 pods`
fn with_pods(row: &Row, effect: &str) -> String {
    let pods = Pods::words(row.pods.values().copied());
    match row.effect {
        _ if row.pods.is_empty() => effect.to_owned(),
        Effect::Restart => format!("{effect} of {pods}"),
        _ => format!("{effect}, restart of {pods}"),
    }
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
            let clusters = clusters.iter().cloned().collect::<Vec<_>>().join(", ");
            format!("{} ({clusters})", detail.cut(sides))
        };
        let others: Vec<String> = row.others.iter().take(detail.folded).map(other).collect();
        line.push(Piece::Fold(row.others.len(), others.join("; ")));
    }
    line
}

fn place(line: &str) -> Line {
    if line.is_empty() { Line::new() } else { vec![code(line)] }
}

/// Clusters that are new, or called otherwise.
pub(super) fn clusters(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut lines = Vec::new();
    let mut new = Vec::new();
    let gone = review.changes.iter().filter(|c| *c.presence == Presence::Removed);
    let gone: BTreeSet<&str> = gone.map(|c| c.cluster).collect();
    for cluster in review.changes {
        match cluster.presence {
            // It is told as one that has another identity.
            Presence::Added if gone.contains(cluster.cluster) => {}
            Presence::Added => new.push(format!(
                "{} ({})",
                cluster.cluster,
                count(cluster.changes.iter().filter(|c| c.object.is_some()).count(), "object")
            )),
            Presence::Renamed(was) => {
                let known = [
                    text("; the same by its identity, "),
                    code(cluster.identity),
                    text(". Where no "),
                    code("context"),
                    text(" says otherwise, its name is that of the kubeconfig context: "),
                    code(cluster.cluster),
                    text(" from now on"),
                ];
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
pub(super) fn by_cluster(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut groups: BTreeMap<String, (Vec<&str>, Vec<Vec<Line>>)> = BTreeMap::new();
    let mut order = Vec::new();
    let lines = |rows: Vec<Row>| -> Vec<Vec<Line>> {
        let line = |row: &Row| {
            let object = row.objects.iter().cloned().collect::<String>();
            vec![
                vec![code(object)],
                changed(row, detail),
                vec![text(with_pods(row, label(row.effect)))],
                place(&row.line),
            ]
        };
        rows.iter().map(line).collect()
    };
    let shown = |c: &&ClusterChanges<'_>| *c.presence != Presence::Removed && !c.changes.is_empty();
    for cluster in review.changes.iter().filter(shown) {
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
