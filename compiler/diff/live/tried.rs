//! What a dry run of applying says of an object: which of its differences would go, and what the server makes of what is
//! compiled.
//!
//! Field owners tell what is to be expected of applying. What a webhook does to an object, what the server refuses and
//! what it fills in, only the server knows; it tells by doing everything but the last step.

use serde_json::Value as Json;

use super::evidence::overlap;
use super::owners::{Operation, Owners};
use super::{Found, Hidden, Live, MARK, Ours, Wanted, claim, is_equal, visible};
use crate::catalog::fields;
use crate::diag::Origin;
use crate::diff::{Because, Cause, Change, Edit, Effect, Rules, Side, compare};
use crate::object::Tree;
use crate::object::edit::escape_token;

/// A dry run.
#[derive(Clone, Copy)]
pub struct Tried<'j> {
    /// What was there; `None`: nothing.
    pub live: Option<Live<'j>>,
    /// What would be there.
    pub then: &'j Json,
}

/// The differences of an object as a dry run shows them. Those that applying takes back stay; those that would stay for
/// the server makes something else of what is compiled are told as that. What others have added stays told: a dry run
/// leaves it there, and says nothing.
pub fn tried(wanted: Wanted<'_>, mut found: Found, tried: Tried<'_>, ours: &Ours, rules: &Rules<'_>) -> Found {
    let rules = Rules { equal: &is_equal, ..*rules };
    let (rewritten, defaults) = rewritten(wanted, tried, ours, &rules);
    let Some(live) = tried.live else {
        found.hidden_at.extend(defaults);
        found.changes.extend(rewritten);
        return found;
    };
    let moved = moved(wanted, live, tried.then, &rules);
    let leads = |changes: &[Change], path: &str| changes.iter().any(|c| overlap(&c.path, path));
    let judged = applied_by_us_alone(live, ours) && moved.is_empty();
    let mut kept = Vec::new();
    found.changes.retain(|change| {
        let goes = change.because.as_ref().is_some_and(|b| b.cause != Cause::Extra);
        if !goes || leads(&moved, &change.path) {
            return true;
        }
        let stays = judged && change.edit == Edit::Removed && !leads(&rewritten, &change.path);
        if stays {
            kept.push((Hidden::Kept, pointer(&change.path)));
        }
        !stays && !leads(&rewritten, &change.path)
    });
    for (hidden, _) in &kept {
        *found.hidden.entry(*hidden).or_insert(0) += 1;
    }
    found.hidden_at.extend(kept);
    let told = |c: &Change| leads(&found.changes, &c.path) || leads(&rewritten, &c.path);
    let along: Vec<Change> = moved.iter().filter(|c| !told(c) && !is_ignored(c, &[], wanted, ours)).cloned().collect();
    found.changes.extend(rewritten);
    found.changes.extend(along.into_iter().map(|change| Change {
        because: Some(Because { cause: Cause::Rewritten, by: ALONG.to_owned() }),
        origin: Origin::INHERIT,
        was: Origin::INHERIT,
        ..change
    }));
    found
}

const ALONG: &str = "nothing that is compiled; the server would change it along";

/// What would change, whoever owns it.
fn moved(wanted: Wanted<'_>, live: Live<'_>, then: &Json, rules: &Rules<'_>) -> Vec<Change> {
    let (mut was, mut is) = (Tree::new(), Tree::new());
    let (_, old) = Owners::read(live.0, &mut was);
    let (_, new) = Owners::read(then, &mut is);
    compare(wanted.id, wanted.file, Side::new(&was, old), Side::new(&is, new), rules)
}

/// What is compiled and what would be there, where these differ; and which defaults the server fills in.
fn rewritten(
    wanted: Wanted<'_>,
    tried: Tried<'_>,
    ours: &Ours,
    rules: &Rules<'_>,
) -> (Vec<Change>, Vec<(Hidden, String)>) {
    let Wanted { id, file, .. } = wanted;
    let new = tried.live.is_none();
    let mut then = tried.then.clone();
    // Of something new nobody has written anything but us: what is neither ours nor a default that is known comes from
    // a webhook, for all the owners tell.
    if let Some(metadata) = then.get_mut("metadata").and_then(Json::as_object_mut).filter(|_| new) {
        metadata.remove("managedFields");
    }
    let (mut is, mut was) = (Tree::new(), Tree::new());
    let (mut owners, old) = Owners::read(&then, &mut was);
    claim(&mut owners, Live(&then), ours, (&was, old));
    let root = is.copy(wanted.side.tree, wanted.side.root, "");
    let table = fields::table(&id.api_version, &id.kind).map(|t| t.root());
    let hidden = visible::settle(&id.kind, table, (&mut was, old), (&mut is, root), (&owners, ours.applied));
    let mut changes = compare(id, file, Side::new(&was, old), Side::new(&is, root), rules);
    changes.retain(|change| {
        let given = change.edit != Edit::Removed || change.in_text || owners.is_within(change.was);
        let managers: Vec<&str> = owners.of(change.was).map(|m| m.name.as_str()).collect();
        (given || new) && !is_ignored(change, &managers, wanted, ours)
    });
    (changes.into_iter().map(turned).collect(), hidden)
}

/// A difference seen from its other side.
fn turned(change: Change) -> Change {
    Change {
        edit: match change.edit {
            Edit::Added => Edit::Removed,
            Edit::Removed => Edit::Added,
            edit => edit,
        },
        before: change.after,
        after: change.before,
        // Of what happens the difference to what is there tells.
        effect: Effect::None,
        consequence: "".into(),
        was: Origin::INHERIT,
        because: Some(Because { cause: Cause::Rewritten, by: String::new() }),
        ..change
    }
}

fn is_ignored(change: &Change, managers: &[&str], wanted: Wanted<'_>, ours: &Ours) -> bool {
    ours.ignores.iter().any(|ignore| ignore.is_about(wanted.id) && ignore.takes(change, managers))
}

/// Whether all of ours in an object has come by applying under our own name: what a dry run leaves of it then stays.
fn applied_by_us_alone(live: Live<'_>, ours: &Ours) -> bool {
    let mut tree = Tree::new();
    let (mut owners, root) = Owners::read(live.0, &mut tree);
    claim(&mut owners, live, ours, (&tree, root));
    let mut own = owners.managers().iter().filter(|m| m.ours).peekable();
    own.peek().is_some() && own.all(|m| m.name == MARK && m.operation == Operation::Apply)
}

/// A path as people read it, as a pointer with the names of items.
fn pointer(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(quoted) if quoted.starts_with('"') => {
                let mut texts = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
                let key = texts.next().and_then(Result::ok).unwrap_or_default();
                (key, quoted.get(texts.byte_offset()..).unwrap_or_default().strip_prefix(']').unwrap_or_default())
            }
            Some(item) => item.split_once(']').map(|(name, after)| (name.to_owned(), after)).unwrap_or_default(),
            None => {
                let plain = rest.strip_prefix('.').unwrap_or(rest);
                let (key, after) = plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()));
                (key.to_owned(), after)
            }
        };
        out.push_str(&format!("/{}", escape_token(&step)));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diff::Approved;
    use crate::diff::live::compare_live;
    use crate::object::ObjectId;

    /// A ConfigMap of ours with this data: `applied` is what of it was applied by us.
    fn settings(data: Json, applied: &[&str]) -> Json {
        let fields: serde_json::Map<String, Json> = applied.iter().map(|key| (format!("f:{key}"), json!({}))).collect();
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "m", "labels": {"watershed/fleet": "f"}, "managedFields": [
                {"manager": "watershed", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:watershed/fleet": {}}}, "f:data": fields}},
                {"manager": "mallory", "operation": "Update", "apiVersion": "v1",
                 "fieldsV1": {"f:data": {"f:theirs": {}}}}]},
            "data": data})
    }

    /// What is told: cause, path, before and after.
    fn told(wanted: Json, live: Option<&Json>, then: &Json) -> (Vec<String>, Vec<(Hidden, String)>) {
        let id = ObjectId {
            api_version: then["apiVersion"].as_str().unwrap().into(),
            kind: then["kind"].as_str().unwrap().into(),
            namespace: "m".into(),
            name: "a".into(),
        };
        let mut object = json!({"apiVersion": id.api_version, "kind": id.kind,
            "metadata": {"name": "a", "namespace": "m", "labels": {"watershed/fleet": "f"}}});
        object.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        let mut tree = Tree::new();
        let root = tree.add_json("", &object, Origin::INHERIT);
        let wanted = Wanted { id: &id, file: "", side: Side::new(&tree, root), approved: Approved::Same };
        let ours = Ours { labels: vec![("watershed/fleet".to_owned(), "f".to_owned())], ..Ours::default() };
        let (lists, parse) = (|_: &ObjectId, _: &[String]| crate::diff::ListKind::Plain, |_: &str, _: &mut Tree| None);
        let equal = |_: &ObjectId, _: &[String], _: crate::object::Value<'_>, _: crate::object::Value<'_>| false;
        let rules = Rules { lists: &lists, parse: &parse, equal: &equal };
        let found = live.map(|live| compare_live(wanted, Live(live), &ours, &rules)).unwrap_or_default();
        let found = tried(wanted, found, Tried { live: live.map(Live), then }, &ours, &rules);
        let text = |value: &Option<Json>| value.as_ref().map_or_else(|| "-".to_owned(), |v| v.to_string());
        let one = |c: &Change| {
            let cause = c.because.as_ref().map_or("", |b| b.cause.name());
            format!("{cause} {}: {} → {}", c.path, text(&c.before), text(&c.after))
        };
        (found.changes.iter().map(one).collect(), found.hidden_at)
    }

    #[test]
    fn what_applying_changes_stays_and_what_a_webhook_puts_back_is_told_as_that() {
        let live = settings(json!({"a": "1", "b": "theirs", "theirs": "x"}), &["a", "b"]);
        let wanted = || json!({"data": {"a": "2", "b": "ours"}});
        let as_sent = settings(json!({"a": "2", "b": "ours", "theirs": "x"}), &["a", "b"]);
        let extra = "extra data.theirs: \"x\" → -";
        let pending = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let (told_then, _) = told(wanted(), Some(&live), &as_sent);
        let expected = [r#"pending data.a: "1" → "2""#, r#"pending data.b: "theirs" → "ours""#, extra];
        assert_eq!(told_then, pending(&expected));

        let put_back = settings(json!({"a": "2", "b": "theirs", "theirs": "x"}), &["a", "b"]);
        let (told_then, _) = told(wanted(), Some(&live), &put_back);
        let expected = [r#"pending data.a: "1" → "2""#, extra, r#"rewritten data.b: "ours" → "theirs""#];
        assert_eq!(told_then, pending(&expected));
    }

    #[test]
    fn what_a_webhook_brings_or_drops_along_is_told() {
        let live = settings(json!({"a": "1"}), &["a"]);
        let mut then = settings(json!({"a": "1", "b": "x"}), &["a"]);
        assert_eq!(told(json!({"data": {"a": "1"}}), Some(&live), &then).0, [r#"rewritten data.b: - → "x""#]);
        then["data"] = json!({});
        let (said, _) = told(json!({"data": {"a": "1"}}), Some(&live), &then);
        assert_eq!(said, [r#"rewritten data.a: "1" → -"#]);
        assert_eq!(told(json!({"data": {"a": "1"}}), Some(&live), &live), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_the_server_would_not_take_away_is_counted() {
        let live = settings(json!({"a": "1", "b/c": "2"}), &["a", "b/c"]);
        let wanted = || json!({"data": {"a": "1"}});
        let gone = settings(json!({"a": "1"}), &["a"]);
        assert_eq!(told(wanted(), Some(&live), &gone).0, [r#"pending data["b/c"]: "2" → -"#]);
        let (said, hidden) = told(wanted(), Some(&live), &live);
        assert_eq!((said, hidden), (Vec::new(), vec![(Hidden::Kept, "/data/b~1c".to_owned())]));
        // What kubectl has applied is taken over first, which no dry run knows.
        let by_kubectl: Json = serde_json::from_str(&live.to_string().replace("\"watershed\"", "\"kubectl\"")).unwrap();
        assert_eq!(told(wanted(), Some(&by_kubectl), &by_kubectl).0.len(), 1);
    }

    #[test]
    fn of_a_new_object_defaults_are_counted_and_what_a_webhook_brings_is_told() {
        let service = |spec: Json| {
            json!({"apiVersion": "v1", "kind": "Service",
                   "metadata": {"name": "a", "namespace": "m", "labels": {"watershed/fleet": "f"}}, "spec": spec})
        };
        let wanted = || json!({"spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}});
        let mut then =
            service(json!({"selector": {"a": "b"}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            "clusterIP": "10.0.0.1", "sessionAffinity": "None", "type": "ClusterIP"}));
        let (said, hidden) = told(wanted(), None, &then);
        assert_eq!(said, Vec::<String>::new());
        assert!(hidden.contains(&(Hidden::Default, "/spec/clusterIP".to_owned())), "{hidden:?}");
        then["spec"]["externalIPs"] = json!(["10.1.1.1"]);
        then["spec"]["selector"]["a"] = json!("c");
        let said = told(wanted(), None, &then).0;
        assert_eq!(
            said,
            [r#"rewritten spec.selector.a: "b" → "c""#, r#"rewritten spec.externalIPs: - → ["10.1.1.1"]"#]
        );
    }

    #[test]
    fn paths_become_pointers() {
        assert_eq!(pointer(r#"spec.containers[a].args[0]["x.y/z"].b"#), "/spec/containers/a/args/0/x.y~1z/b");
    }
}
