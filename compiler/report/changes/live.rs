//! What a comparison with a live cluster says more: causes, and what could not be looked at.

use serde_json::{Value as Json, json};

use crate::diff::{Cause, Change};
use crate::report::masks::Masks;
use crate::report::style::{DIM, Look, REMOVED, count, one_line};

/// What is to be said of a live cluster beside its differences.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// As the server names its release; empty where it could not be asked.
    pub version: &'a str,
    /// Objects that were compared.
    pub compared: usize,
    pub unverified: &'a [NotVerified],
    /// What the server would not take.
    pub refused: &'a [NotVerified],
    /// Objects that it would take; `None` where it was not asked.
    pub accepted: Option<usize>,
    /// Why something is not shown, and how often.
    pub hidden: &'a [(String, usize)],
    /// The same with each place: the object and a JSON pointer.
    pub hidden_at: &'a [(String, Vec<String>)],
    /// Changes that are live before they were approved.
    pub ahead: usize,
    pub remarks: &'a [String],
}

impl Live<'_> {
    /// Nothing limits what is said of it.
    pub(super) fn is_silent(&self) -> bool {
        self.unverified.is_empty() && self.refused.is_empty() && self.remarks.is_empty() && self.ahead == 0
    }
}

/// Something nothing can be said about.
#[derive(Debug, Clone)]
pub struct NotVerified {
    pub what: String,
    /// As people name objects.
    pub objects: Vec<String>,
    pub why: String,
}

/// What is to be said of a live cluster below its differences.
pub(super) fn beside(live: &Live<'_>, look: Look, out: &mut String) {
    for refused in live.refused {
        let head = format!("! {}: the server would refuse it", one_line(&refused.what));
        out.push_str(&format!("  {}\n        {}\n", look.paint(REMOVED, &head), one_line(&refused.why)));
    }
    for not in live.unverified {
        let objects = match &not.objects[..] {
            [] => String::new(),
            [one] if *one == not.what => String::new(),
            [one] => format!(" ({})", one_line(one)),
            all => format!(" ({})", count(all.len(), "object")),
        };
        let head = format!("? {}{objects}: not verified", one_line(&not.what));
        out.push_str(&format!("  {}\n        {}\n", look.paint(REMOVED, &head), one_line(&not.why)));
    }
    if live.ahead > 0 {
        let words = format!("{} live before approved", count(live.ahead, "change"));
        out.push_str(&format!("  {}\n", look.paint(DIM, &words)));
    }
    if !live.hidden.is_empty() {
        let hidden: Vec<String> = live.hidden.iter().map(|(why, n)| format!("{n} × {}", one_line(why))).collect();
        out.push_str(&format!("  {}\n", look.paint(DIM, &format!("not shown: {}", hidden.join(", ")))));
    }
    for remark in live.remarks {
        out.push_str(&format!("  {}\n", look.paint(DIM, &format!("remark: {}", one_line(remark)))));
    }
}

/// Why a live value differs, and since when.
pub(super) fn because(change: &Change) -> String {
    let Some(because) = &change.because else { return String::new() };
    let by = if because.by.is_empty() { because.cause.words() } else { &because.by };
    let by = match because.cause {
        Cause::Extra | Cause::PendingStale if !because.by.is_empty() => format!("{}: {by}", because.cause.words()),
        _ => by.to_owned(),
    };
    one_line(&format!("{}: {by}", because.cause.name()))
}

pub(super) fn as_json(cluster: &str, live: &Live<'_>, masks: &mut Masks) -> Json {
    let said = |all: &[NotVerified]| -> Vec<Json> {
        all.iter().map(|u| json!({"what": u.what, "objects": u.objects, "why": u.why})).collect()
    };
    let hidden: serde_json::Map<String, Json> = live.hidden.iter().map(|(why, n)| (why.clone(), (*n).into())).collect();
    // People put credentials into names, too.
    let mut safe = |place: &String| {
        let mut place = place.clone();
        masks.text(&mut place);
        Json::from(place)
    };
    let at = live.hidden_at.iter().map(|(why, at)| (why.clone(), at.iter().map(&mut safe).collect()));
    let at: serde_json::Map<String, Json> = at.collect();
    json!({
        "cluster": cluster,
        "version": live.version,
        "compared": live.compared,
        "unverified": said(live.unverified),
        "accepted": live.accepted,
        "refused": said(live.refused),
        "notShown": hidden,
        "notShownAt": at,
        "liveBeforeApproved": live.ahead,
        "remarks": live.remarks,
    })
}
