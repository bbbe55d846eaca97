//! What no field of an object says, behind the changes of two specs: where series go instead, and what outages they
//! survive.

use serde_json::{Value as Json, json};

use super::NAMED;
use crate::diff::{Moves, Promised, Rerouted};
use crate::model::value::Duration;
use crate::report::style::{BOLD, CHANGED, Look, REMOVED, one_line};

/// What makes one move that is named; the rest is counted.
const TOLD: usize = 20;

pub(super) fn text(moves: &Moves, look: Look, out: &mut String) {
    if !moves.ways.is_empty() {
        out.push_str(&format!("{}\n", look.paint(BOLD, "goes elsewhere")));
        moves.ways.iter().for_each(|way| out.push_str(&of_way(way, look)));
        out.push_str(
            "        what was written before stays where it is; in another store or tenant series begin anew\n\n",
        );
    }
    if !moves.promises.is_empty() {
        out.push_str(&format!("{}\n", look.paint(BOLD, "survives without loss")));
        moves.promises.iter().for_each(|promise| out.push_str(&of_promise(promise, look)));
        out.push('\n');
    }
}

fn of_way(way: &Rerouted, look: Look) -> String {
    let to = |to: &Option<String>| to.clone().unwrap_or_else(|| "no line is for it".to_owned());
    let line = format!("route `{}`: {}: {} → {}", way.route, way.named(TOLD), to(&way.before), to(&way.after));
    format!("  {} {}\n", look.paint(CHANGED, "~"), one_line(&line))
}

fn of_promise(promise: &Promised, look: Look) -> String {
    let mut clusters = promise.clusters.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if promise.clusters.len() > NAMED {
        clusters.push_str(&format!(" and {} more", promise.clusters.len() - NAMED));
    }
    let length = |d: Duration| if d.is_zero() { "no promise".to_owned() } else { d.to_string() };
    let (before, after) = (length(promise.before), length(promise.after));
    let line = one_line(&format!("`{}` out of reach of {clusters}: {before} → {after}", promise.destination));
    let lowered = "lowered: an outage that lasts longer loses samples from now on";
    let told = if promise.raised { String::new() } else { format!("        {}\n", look.paint(REMOVED, lowered)) };
    format!("  {} {line}\n{told}", look.paint(CHANGED, "~"))
}

/// For the last line: how many there are of each.
pub(super) fn words(moves: &Moves) -> Vec<String> {
    let lowered = moves.promises.iter().filter(|p| !p.raised).count();
    let counts = [(moves.ways.len(), "goes elsewhere"), (lowered, "promise lowered")];
    counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} × {what}")).collect()
}

pub(super) fn as_json(moves: &Moves, document: &mut Json) {
    let way = |w: &Rerouted| json!({ "route": w.route, "what": w.what, "before": w.before, "after": w.after });
    let promise = |p: &Promised| {
        json!({
            "destination": p.destination, "clusters": p.clusters,
            "beforeSeconds": p.before.secs(), "afterSeconds": p.after.secs(),
        })
    };
    document["ways"] = moves.ways.iter().map(way).collect();
    document["promises"] = moves.promises.iter().map(promise).collect();
}
