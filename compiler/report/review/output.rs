//! What the checked-in output has to do with a branch: that of the base may be older than its spec, that of the new side
//! may not be what is reviewed.

use super::blocks::{Block, Line, sentence, text};
use super::fold::{self, Row};
use super::load::thousands;
use super::page::Detail;
use super::{CheckedIn, Review, tables};

/// What is applied from the branch is not what its page says.
pub(super) fn built(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let Some(built) = &review.built else { return };
    let rows = fold::rows(built.changes, built.sources);
    if rows.is_empty() {
        return;
    }
    blocks.push(Block::Heading(4, "Output that is not of this spec".to_owned()));
    let words = format!(
        "The output of {} is not what the spec there compiles to: nobody ran `watershed build` after its last change, or it \
         was edited by hand. What is applied from it is not what this page says. From what is checked in to what the spec \
         says{}:",
        review.head,
        if built.is_ours { String::new() } else { format!(" (it was written by Watershed {})", built.compiler) }
    );
    blocks.push(Block::Paragraph(sentence(&words)));
    let others = listed(rows, detail, blocks);
    blocks.extend(others);
}

/// What has nothing to do with the branch.
pub(super) fn older(review: &Review<'_>, detail: &Detail, blocks: &mut Vec<Block>) {
    let rows = review.checked_in.map(|c| fold::rows(c.changes, c.sources)).unwrap_or_default();
    if rows.is_empty() && review.unread.is_none() {
        return;
    }
    blocks.push(Block::Heading(4, "Not of this change".to_owned()));
    if let Some(finding) = review.unread {
        let words = format!("What is checked in is not known: {}.", finding.veiled().what);
        blocks.push(Block::Paragraph(sentence(&words)));
    }
    if let Some(checked_in) = review.checked_in.filter(|_| !rows.is_empty()) {
        blocks.push(Block::Paragraph(sentence(&was_written(&checked_in, &rows, review.base))));
        let others = listed(rows, detail, blocks);
        if !others.is_empty() {
            blocks.push(Block::Details { summary: vec![text("what it writes otherwise")], blocks: others });
        }
    }
}

fn was_written(checked_in: &CheckedIn<'_>, rows: &[Row], base: &str) -> String {
    let things = |one: &str, many: &str| match rows.iter().map(|r| r.changes).sum::<usize>() {
        1 => format!("one thing otherwise: it {one}"),
        n => format!("{} things otherwise: they {many}", thousands(n as u64)),
    };
    if checked_in.is_ours {
        format!(
            "The output checked in at {base} is not what its spec compiles to, and this compiler and catalog wrote it: nobody \
             ran `watershed build` after a change of the spec, or it was edited by hand. It has {} with the next build, \
             whatever this branch does.",
            things("changes", "change")
        )
    } else {
        format!(
            "The output checked in at {base} was written by Watershed {} (catalog {}). From the same spec this compiler writes \
             {} with the next build, whatever this branch does.",
            checked_in.compiler,
            checked_in.catalog,
            things("comes", "come")
        )
    }
}

/// Tells what is destructive; what is not, to be told or folded.
fn listed(rows: Vec<Row>, detail: &Detail, blocks: &mut Vec<Block>) -> Vec<Block> {
    let (grave, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(Row::is_destructive);
    let shown: Vec<Vec<Line>> = tables::rows_of(&grave, detail).take(detail.grave).collect();
    if !shown.is_empty() {
        blocks.push(Block::Table { head: vec!["effect", "change", "where", "line"], rows: shown });
    }
    let mut inside = Vec::new();
    tables::table("change", &fold::alike(others), detail, &mut inside);
    inside
}
