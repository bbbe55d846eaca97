//! The part of a review that says what a change costs, and where series go instead.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::{Block, Line, code, sentence, strong, text};
use super::page::Detail;
use crate::diff::{Load, Loads, Moved, Promised, moved, promised, rerouted};
use crate::model::value::Duration;

/// The table of figures; nothing where they are the same.
pub(super) fn table(before: &Loads, after: &Loads, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut rows = Vec::new();
    let counts = [
        ("clusters", before.clusters as u64, after.clusters as u64),
        ("targets", before.fleet.targets, after.fleet.targets),
        ("series", before.fleet.series, after.fleet.series),
        ("samples/s", rounded(before.fleet), rounded(after.fleet)),
    ];
    for (what, was, is) in counts.into_iter().filter(|(_, was, is)| was != is) {
        rows.push(vec![vec![text("the fleet")], vec![text(what)], number(was), number(is), change(was, is)]);
    }
    for (kind, found) in [
        ("store", moved(&before.stores, &after.stores, Clone::clone)),
        ("route", moved(&before.routes, &after.routes, Clone::clone)),
        ("prometheus", moved(&before.lanes, &after.lanes, |(cluster, lane)| format!("{cluster}/{lane}"))),
    ] {
        let mut found: Vec<Moved<Load>> = found.into_iter().filter(shows).collect();
        found.sort_by_key(|m| std::cmp::Reverse(of(m.before).abs_diff(of(m.after))));
        let more = found.len().saturating_sub(detail.figures);
        for one in found.iter().take(detail.figures) {
            let limit = after.limits.get(&one.name).filter(|_| kind == "store");
            rows.extend(of_one(kind, one, limit.copied()));
        }
        if more > 0 {
            let name = vec![text(format!("{more} more of kind {kind}"))];
            rows.push(vec![name, Line::new(), Line::new(), Line::new(), Line::new()]);
        }
    }
    if rows.is_empty() {
        let words = format!(
            "The load is the same: {} targets, {} series, {} samples/s.",
            thousands(after.fleet.targets),
            thousands(after.fleet.series),
            thousands(rounded(after.fleet))
        );
        blocks.push(Block::Paragraph(vec![text(words)]));
    } else {
        blocks.push(Block::Table { head: vec!["of", "estimate", "before", "after", "change"], rows });
    }
}

fn of_one(kind: &str, one: &Moved<Load>, limit: Option<u64>) -> Vec<Vec<Line>> {
    let name = || vec![text(format!("{kind} ")), code(one.name.as_str())];
    let cell = |load: Option<Load>, figure: &dyn Fn(Load) -> u64| load.map_or_else(Line::new, |l| number(figure(l)));
    let figures: [(&str, &dyn Fn(Load) -> u64); 3] =
        [("targets", &|l| l.targets), ("series", &|l| l.series), ("samples/s", &rounded)];
    let differs = |figure: &dyn Fn(Load) -> u64| one.before.map(figure) != one.after.map(figure);
    let rows = figures.into_iter().filter(|(_, figure)| differs(figure));
    rows.filter(|(_, figure)| one.before.map_or(0, figure) + one.after.map_or(0, figure) > 0)
        .map(|(what, figure)| {
            let (was, is) = (one.before.map_or(0, figure), one.after.map_or(0, figure));
            let told = match (one.before, one.after) {
                (None, _) => vec![text("new")],
                (_, None) => vec![text("gone")],
                _ => change(was, is),
            };
            let mut now = cell(one.after, figure);
            if let Some(limit) = limit.filter(|_| what == "samples/s") {
                now.push(text(format!(" of {}", thousands(limit))));
            }
            vec![name(), vec![text(what)], cell(one.before, figure), now, told]
        })
        .collect()
}

/// Whether it differs by a whole number of anything.
fn shows(one: &Moved<Load>) -> bool {
    let figures = |load: Load| (load.targets, load.series, rounded(load));
    one.before.map(figures) != one.after.map(figures)
}

fn of(load: Option<Load>) -> u64 {
    load.map_or(0, rounded)
}

/// One sentence for the verdict: `samples/s 84,210 → 94,300 (+12 %)`.
pub(super) fn in_short(before: &Loads, after: &Loads) -> Option<String> {
    let (was, is) = (rounded(before.fleet), rounded(after.fleet));
    let percent = percent(was, is).map(|p| format!(" ({p})")).unwrap_or_default();
    (was != is).then(|| format!("samples/s {} → {}{percent}", thousands(was), thousands(is)))
}

/// What goes elsewhere than before: lines of routes, and classes of clusters.
pub(super) fn ways(before: &Loads, after: &Loads, detail: &Detail, blocks: &mut Vec<Block>) {
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for one in rerouted(&before.ways, &after.ways) {
        let to = |to: &Option<String>| to.as_deref().map_or_else(|| vec![text("no line is for it")], sentence);
        rows.push(vec![
            sentence(&format!("route `{}`: {}", one.route, one.named(detail.rows))),
            to(&one.before),
            to(&one.after),
        ]);
    }
    let mut classes: BTreeMap<(String, String, String), BTreeSet<&str>> = BTreeMap::new();
    for ((cluster, class), was) in &before.flows {
        if let Some(is) = after.flows.get(&(cluster.clone(), class.clone())).filter(|is| *is != was) {
            classes.entry((class.clone(), was.clone(), is.clone())).or_default().insert(cluster);
        }
    }
    for ((class, was, is), clusters) in classes {
        let what = vec![code(class), text(" of "), detail.names(clusters.into_iter().map(str::to_owned))];
        rows.push(vec![what, sentence(&was), sentence(&is)]);
    }
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(detail.rows);
    rows.truncate(detail.rows);
    blocks.push(Block::Heading(4, "Goes elsewhere".to_owned()));
    blocks.push(Block::Table { head: vec!["what", "before", "after"], rows });
    let anew = "In another store or tenant series begin anew, and what stays in the cluster is in no store; what was \
                written before stays where it is.";
    blocks.push(Block::Paragraph(vec![text(anew)]));
    if more > 0 {
        blocks.push(Block::Paragraph(vec![text(format!("{more} more go elsewhere."))]));
    }
}

/// How long clusters survive without a destination that they send to before and after: what is lowered first.
pub(super) fn promises(before: &Loads, after: &Loads, detail: &Detail, blocks: &mut Vec<Block>) {
    let alike = promised(&before.promises, &after.promises);
    if alike.is_empty() {
        return;
    }
    let lowered = alike.iter().any(|one| !one.raised);
    let promise =
        |promise: Duration| vec![text(if promise.is_zero() { "no promise".to_owned() } else { promise.to_string() })];
    let more = alike.len().saturating_sub(detail.rows);
    let row = |one: Promised| {
        let what = vec![code(one.destination), text(" out of reach of "), detail.names(one.clusters)];
        let now = promise(one.after);
        let now = if one.raised { now } else { [vec![strong("lowered"), text(" to ")], now].concat() };
        vec![what, promise(one.before), now]
    };
    let rows = alike.into_iter().take(detail.rows).map(row).collect();
    blocks.push(Block::Heading(4, "Survives without loss".to_owned()));
    blocks.push(Block::Table { head: vec!["what", "before", "after"], rows });
    if lowered {
        let words = "What is lowered is a promise taken back: an outage that lasts longer loses samples from now on.";
        blocks.push(Block::Paragraph(vec![text(words)]));
    }
    if more > 0 {
        blocks.push(Block::Paragraph(vec![text(format!("{more} more differ."))]));
    }
}

fn rounded(load: Load) -> u64 {
    load.samples_per_second.round() as u64
}

fn number(n: u64) -> Line {
    vec![text(thousands(n))]
}

fn change(was: u64, is: u64) -> Line {
    let sign = if is >= was { "+" } else { "−" };
    let percent = percent(was, is).map(|p| format!(", {p}")).unwrap_or_default();
    vec![text(format!("{sign}{}{percent}", thousands(is.abs_diff(was))))]
}

/// `+12 %`; of changes below one percent one digit more. `None` from nothing.
fn percent(was: u64, is: u64) -> Option<String> {
    let percent = (is as f64 - was as f64) * 100.0 / (was > 0).then_some(was as f64)?;
    let sign = if percent < 0.0 { "−" } else { "+" };
    let digits = usize::from(percent.abs() < 1.0);
    Some(format!("{sign}{:.digits$} %", percent.abs()))
}

/// `12,345`
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
