//! What comparing one cluster comes to: its differences, what nothing can be said about, and what limits the answer.

use std::collections::{BTreeMap, BTreeSet};

use super::material::wrong_cluster;
use super::read::{Asked, Reading, Unverified};
use super::tried::Trials;
use crate::diff::{self, Approved, Change, Found, Hidden, Live, Ours, Wanted, compare_live};
use crate::object::ObjectId;
use crate::pipeline::diff::rules;
use crate::snapshot::NOT_KEPT;
use crate::world::Trouble;
use crate::world::server::{Failure, FailureKind};

#[derive(Default)]
pub(super) struct Compared<'s> {
    pub(super) reading: Reading,
    pub(super) ours: Ours,
    pub(super) changes: Vec<Change>,
    pub(super) unverified: Vec<Unverified>,
    pub(super) hidden: BTreeMap<Hidden, usize>,
    pub(super) hidden_at: BTreeMap<Hidden, Vec<String>>,
    pub(super) ignored: BTreeMap<usize, usize>,
    pub(super) ahead: usize,
    pub(super) count: usize,
    pub(super) ownerless: usize,
    /// Ours, and nothing asks for them any more.
    pub(super) left: Vec<ObjectId>,
    pub(super) remarks: Vec<String>,
    /// Where the server is asked what it would do.
    pub(super) trials: Option<Trials<'s>>,
}

impl Compared<'_> {
    pub(super) fn object(&mut self, wanted: Wanted<'_>) {
        if self.reading.unverified.iter().any(|u| u.objects.contains(wanted.id)) {
            return;
        }
        let Some(live) = self.reading.objects.get(wanted.id) else {
            let mut change = diff::added(wanted.id, wanted.file, wanted.side);
            change.because =
                Some(diff::Because { cause: diff::Cause::Pending, by: absent(wanted.approved).to_owned() });
            let mut found = Found { changes: vec![change], ..Found::default() };
            if let Some(trials) = &mut self.trials {
                found = trials.object(wanted, None, found, &self.ours);
            }
            self.take(wanted.id, found);
            return;
        };
        let live = Live(live);
        if live.0.pointer("/metadata/annotations").is_some_and(|a| a.get(NOT_KEPT).is_some()) {
            let why = Failure::new(FailureKind::NotRecorded, "it is somebody else's, and was not kept in the snapshot");
            let (what, objects) = (wanted.id.to_string(), BTreeSet::from([wanted.id.clone()]));
            self.unverified.push(Unverified { what, objects, why });
            return;
        }
        if let Some(since) = live.terminating() {
            let why = Failure::new(FailureKind::Conflict, format!("it is being deleted since {since}"));
            let (what, objects) = (wanted.id.to_string(), BTreeSet::from([wanted.id.clone()]));
            self.unverified.push(Unverified { what, objects, why });
            return;
        }
        let mut found = compare_live(wanted, live, &self.ours, &rules());
        if let Some(trials) = &mut self.trials {
            found = trials.object(wanted, Some(live.0), found, &self.ours);
        }
        self.count += 1;
        self.take(wanted.id, found);
    }

    fn take(&mut self, id: &ObjectId, found: Found) {
        self.ahead += found.ahead;
        self.ownerless += usize::from(found.ownerless);
        self.hide(id, found.hidden_at);
        for (ignore, n) in found.ignored {
            *self.ignored.entry(ignore).or_default() += n;
        }
        self.changes.extend(found.changes);
    }

    /// What is ours and nothing asks for, of this cluster or of one that the fleet no longer has.
    pub(super) fn orphans(&mut self, asked: &Asked, fleet: &BTreeSet<&str>) {
        let mut strays: BTreeMap<String, usize> = BTreeMap::new();
        for (id, object) in &self.reading.objects {
            let live = Live(object);
            if asked.objects.contains(id) || live.is_made_by_others(&self.ours) || self.is_of_a_service(id) {
                continue;
            }
            let own = live.is_marked(&self.ours);
            let of = live.cluster().unwrap_or_default();
            if !own && fleet.contains(of) {
                *strays.entry(of.to_owned()).or_default() += 1;
                continue;
            }
            let mut change = live.orphan(id);
            let mut by = match live.terminating() {
                Some(since) => format!("being deleted since {since}{}", live.held()),
                None => String::new(),
            };
            if !own {
                let whose = format!("of the cluster `{of}`, which the fleet does not have; nobody deletes it for you");
                by = if by.is_empty() { whose } else { format!("{whose}; {by}") };
            } else if by.is_empty() {
                self.left.push(id.clone());
            }
            change.because = change.because.map(|because| diff::Because { by, ..because });
            self.changes.push(change);
        }
        for (of, n) in strays {
            let objects = if n == 1 { "1 object".to_owned() } else { format!("{n} objects") };
            self.remarks.push(format!("{objects} of the cluster `{of}` of this fleet are here, too, by their labels"));
        }
        diff::link_renames(&mut self.changes);
        self.unverified.splice(0..0, std::mem::take(&mut self.reading.unverified));
    }

    /// Where a Service says whom it is about, its addresses are a controller's, whatever labels he has copied.
    fn is_of_a_service(&self, id: &ObjectId) -> bool {
        let service = ObjectId { api_version: "v1".to_owned(), kind: "Service".to_owned(), ..id.clone() };
        let selects = |object: &serde_json::Value| {
            object.pointer("/spec/selector").and_then(|s| s.as_object()).is_some_and(|s| !s.is_empty())
        };
        id.kind == "Endpoints" && self.reading.objects.get(&service).is_some_and(selects)
    }

    /// Another cluster of the fleet has answered: of the one that was asked for nothing is known, and what was found says
    /// nothing of it.
    pub(super) fn is_another(&mut self, asked: &Asked, other: &str, objects: usize) {
        let why = wrong_cluster(other, objects);
        let all = Unverified { what: "the whole cluster".to_owned(), objects: asked.objects.clone(), why };
        (self.changes, self.unverified, self.remarks) = (Vec::new(), vec![all], Vec::new());
        (self.hidden, self.hidden_at, self.ignored) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        (self.count, self.ahead) = (0, 0);
    }

    /// What became of trying: what the server refuses, and how much it takes.
    pub(super) fn tried(&mut self) -> (Vec<Unverified>, Option<usize>) {
        let Some(trials) = self.trials.take() else { return (Vec::new(), None) };
        self.unverified.extend(trials.untried);
        if trials.waiting > 0 {
            self.remarks.push(format!(
                "{} cannot be tried by the server before their Namespace or role is there",
                match trials.waiting {
                    1 => "1 object".to_owned(),
                    n => format!("{n} objects"),
                }
            ));
        }
        (trials.refused, Some(trials.accepted))
    }

    pub(super) fn selected(&mut self) {
        for (id, (object, by)) in std::mem::take(&mut self.reading.selected) {
            self.changes.push(Live(&object).selected(&id, &by));
        }
    }

    pub(super) fn hide(&mut self, id: &ObjectId, hidden: Vec<(Hidden, String)>) {
        for (hidden, pointer) in hidden {
            *self.hidden.entry(hidden).or_default() += 1;
            self.hidden_at.entry(hidden).or_default().push(format!("{id} {pointer}"));
        }
    }

    /// Checked-in output that cannot be read.
    pub(super) fn unapproved(&mut self, trouble: &Trouble) {
        let so = "; what is not applied yet and what was changed outside is told apart by field owners alone";
        self.unverified.push(Unverified::checked_in(trouble, so));
    }

    /// Whether what is compiled is also checked in.
    pub(super) fn approval(&mut self, approved: &str, built: bool, stale: usize) {
        let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
        if !built {
            self.remarks.push(format!(
                "there is no checked-in output in `{approved}`: what is not applied yet and what was changed outside \
                 is told apart by field owners alone"
            ));
        } else if stale > 0 {
            self.remarks.push(format!(
                "{} in `{approved}` are not what the spec compiles to: run `watershed build`, and have it approved",
                files(stale)
            ));
        }
    }

    pub(super) fn remark(&mut self, asked: &Asked, releases: &[&ObjectId]) {
        if self.ownerless > 0 {
            self.remarks.push(format!(
                "{} objects have no managedFields: who changed what cannot be said (`kubectl get` leaves them out \
                 without --show-managed-fields)",
                self.ownerless
            ));
        }
        if !self.reading.unsearched.is_empty() {
            let kinds: Vec<&str> = self.reading.unsearched.iter().map(String::as_str).collect();
            let message = format!(
                "left-over objects could not be looked for among {}: it is not recorded what else is there",
                kinds.join(", ")
            );
            let why = Failure::new(FailureKind::NotRecorded, message);
            let what = "what is there besides".to_owned();
            self.unverified.push(Unverified { what, objects: BTreeSet::new(), why });
        }
        if !asked.selected.unread.is_empty() {
            let unread: Vec<&str> = asked.selected.unread.iter().map(String::as_str).collect();
            self.remarks.push(format!(
                "whether others' monitors and rules are selected is not known of {}: only labels with one value are \
                 looked for",
                unread.join(", ")
            ));
        }
        for (kinds, namespaces) in together(&self.reading.narrowed, |_| true) {
            let message = format!(
                "{kinds} may not be listed in all namespaces: left-over ones were looked for in {namespaces} only"
            );
            let why = Failure::new(FailureKind::Forbidden, message);
            let what = "left-over objects in other namespaces".to_owned();
            self.unverified.push(Unverified { what, objects: BTreeSet::new(), why });
        }
        // Of the others it is told that nothing else is known of them at all.
        for (kinds, namespaces) in together(&self.reading.recorded_in, |kind| !self.reading.unsearched.contains(kind)) {
            self.remarks.push(match namespaces.as_str() {
                "" => format!("of {kinds} nothing was recorded: left-over ones were not looked for"),
                _ => format!(
                    "of {kinds} only what is in {namespaces} was recorded: left-over ones were looked for there"
                ),
            });
        }
        for (at, ignore) in self.ours.ignores.iter().enumerate() {
            let whole = self.unverified.is_empty();
            if whole && !self.ignored.contains_key(&at) {
                let (kind, name) = (&ignore.kind, &ignore.name);
                self.remarks.push(format!("the `ignore` of `{kind}/{name}` has nothing to leave out here"));
            }
        }
        if !releases.is_empty() {
            let names: Vec<String> = releases.iter().map(|id| format!("`{}` in {}", id.name, id.namespace)).collect();
            self.remarks.push(format!(
                "nobody asked for Helm releases, and these are not compared: {}; --helm reads the Secrets in which Helm \
                 keeps them, --helm-values files of `helm get values`",
                names.join(", ")
            ));
        }
    }
}

/// What is known of an object that is not there.
fn absent(approved: Approved<'_>) -> &'static str {
    match approved {
        Approved::Unknown | Approved::Other(None) => "it is not there",
        Approved::Same | Approved::Other(Some(_)) => "it is not there: deleted, or never applied",
    }
}

/// Kinds that were looked for in the same namespaces.
fn together(narrowed: &BTreeMap<String, BTreeSet<String>>, is_told: impl Fn(&String) -> bool) -> Vec<(String, String)> {
    let mut all: BTreeMap<&BTreeSet<String>, Vec<&str>> = BTreeMap::new();
    for (kind, namespaces) in narrowed.iter().filter(|(kind, _)| is_told(kind)) {
        all.entry(namespaces).or_default().push(kind);
    }
    let joined = |(namespaces, kinds): (&BTreeSet<String>, Vec<&str>)| {
        let namespaces: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        (kinds.join(", "), namespaces.join(", "))
    };
    all.into_iter().map(joined).collect()
}
