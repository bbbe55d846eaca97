//! Everything that can be wrong with a spec before a name is resolved.

use super::gate::gate;
use super::telling::smells;
use super::{ROOT, codes, not_yet, secret, settings, together, value};
use crate::diag::{Diagnostic, FileId, Sink, Sources, Span};
use crate::syntax::{Data, Document, Form, Free, Key, Node, Object, Scalar, Spanned, Status, Type};

/// Checks form: required keys, values, keys that exclude each other, secrets; and refuses what is
/// not compiled yet. Whether names exist is not looked at.
///
/// Below a setting a required key may come from another level, so it is not asked for here; that
/// is done once everything is inherited.
pub fn check(document: &Document, sink: &mut Sink) {
    if let Some(refusal) = gate(document) {
        sink.push(refusal);
        return;
    }
    let start = document.sources.ids().next().map_or(Span::NONE, |file: FileId| Span::new(file, 0, 0));
    Check { sources: &document.sources, complete: document.complete, sink }.object(&document.root, start, true);
}

struct Check<'a> {
    sources: &'a Sources,
    complete: bool,
    sink: &'a mut Sink,
}

impl Check<'_> {
    /// `head` is the name or key of the block; `whole` says that nothing of it can be inherited.
    fn object(&mut self, object: &Object, head: Span, whole: bool) {
        let inherits = settings::is_place(object.shape);
        for key in object.shape.keys.iter().filter(|k| k.required) {
            let elsewhere = object.shape.name == ROOT.name && !self.complete;
            let inherited = inherits && settings::is_setting(key.name);
            let due = whole && !elsewhere && !inherited;
            if due && !says_something(object, key) {
                self.missing(object, key, head);
            }
        }
        for node in &object.nodes {
            let setting = inherits && settings::is_setting(node.key.name);
            self.node(if setting { "settings" } else { object.shape.name }, node, whole && !setting);
        }
        for finding in together::examine(object, head) {
            self.sink.push(finding);
        }
    }

    fn node(&mut self, shape: &str, node: &Node, whole: bool) {
        if takes_back(node) {
            return;
        }
        if let Status::NotYet(will) = node.key.status {
            let what = format!("`{}` is not compiled yet", node.key.name);
            self.not_yet(what, will, node.key_span);
        }
        let name = node.key.name;
        match (node.key.form, &node.data) {
            (Form::Scalar(ty), Data::Scalar(scalar)) => {
                self.value(name, ty, scalar);
                if let Some(will) = not_yet::value(shape, name, &scalar.value) {
                    let what = match &scalar.value {
                        Scalar::Int(n) => format!("`{name} {n}` is not compiled yet"),
                        other => format!("`{name} \"{}\"` is not compiled yet", other.as_str().unwrap_or_default()),
                    };
                    // A word that is unknown altogether was reported just now.
                    if known_word(ty, &scalar.value) {
                        self.not_yet(what, will, scalar.span);
                    }
                }
            }
            (Form::Flag, Data::Scalar(scalar)) => self.flag(name, scalar),
            (Form::List(ty), Data::List(items)) => self.list(name, ty, items),
            (Form::Map(key, value), Data::Map(entries)) => {
                for (word, scalar) in entries {
                    let text = Spanned { value: Scalar::Str(word.value.clone()), span: word.span };
                    self.value(name, key, &text);
                    self.entry(&word.value, value, scalar);
                }
            }
            (Form::Object(_), Data::Object(object)) => self.object(object, node.key_span, whole),
            (Form::Named(ty, _), Data::Named(members)) => {
                for member in members {
                    let text = Spanned { value: Scalar::Str(member.name.value.clone()), span: member.name.span };
                    self.value(name, ty, &text);
                    if let Some(object) = &member.object {
                        self.object(object, member.name.span, whole);
                    }
                }
            }
            // Repeated blocks are inherited whole or not at all.
            (Form::Repeated(_), Data::Repeated(objects)) => {
                objects.iter().for_each(|object| self.object(object, head_of(object, node), true));
            }
            (Form::Free, Data::Free(tree)) => self.free(name, &tree.value, tree.span),
            // A value of another shape than its key has: reported when the text was read.
            _ => {}
        }
    }

    fn value(&mut self, key: &str, ty: Type, scalar: &Spanned<Scalar>) {
        let finding = value::examine(key, ty, &scalar.value, scalar.span);
        if let Some(finding) = finding {
            let finding = self.fitted(finding);
            self.sink.push(finding);
        }
    }

    /// The items of a list; those of `args` may hand a credential to a flag.
    fn list(&mut self, key: &str, ty: Type, items: &[Spanned<Scalar>]) {
        let given = match ty {
            Type::Text => self.arguments(&items.iter().map(|i| (i.value.as_str(), i.span)).collect::<Vec<_>>()),
            _ => Vec::new(),
        };
        let others = items.iter().enumerate().filter(|(at, _)| !given.contains(at));
        others.for_each(|(_, item)| self.value(key, ty, item));
    }

    /// Reports credentials among arguments, and says which they are.
    fn arguments(&mut self, all: &[(Option<&str>, Span)]) -> Vec<usize> {
        let texts: Vec<Option<&str>> = all.iter().map(|(text, _)| *text).collect();
        let report = |(index, flag): (usize, &str)| {
            let at = all[index].1;
            let what = format!("`{flag}` is given a credential");
            self.sink.push(Diagnostic::new(&codes::SECRET, at, what).here("not shown").hide(at));
            index
        };
        secret::arguments(&texts).into_iter().map(report).collect()
    }

    fn entry(&mut self, key: &str, ty: Type, scalar: &Spanned<Scalar>) {
        if ty == Type::Text && holds_credential(key, &scalar.value) {
            self.credential(key, scalar.span);
        } else {
            self.value(key, ty, scalar);
        }
    }

    fn flag(&mut self, key: &str, scalar: &Spanned<Scalar>) {
        if matches!(scalar.value, Scalar::Bool(_) | Scalar::Null) {
            return;
        }
        let what = format!("`{key}` is a flag: it stands there or it does not");
        let help = format!("write `{key}` alone; `{key} #false` (`{key}: false` in YAML) takes an inherited one back");
        self.sink.push(Diagnostic::new(&codes::KIND, scalar.span, what).help(help));
    }

    fn free(&mut self, key: &str, tree: &Free, at: Span) {
        match tree {
            Free::Scalar(scalar) if holds_credential(key, scalar) => self.credential(key, at),
            Free::Scalar(scalar) => {
                let scalar = Spanned { value: scalar.clone(), span: at };
                self.value(key, Type::Any, &scalar);
            }
            Free::List(items) => {
                let text = |item: &Free| match item {
                    Free::Scalar(Scalar::Str(text)) => Some(text.clone()),
                    _ => None,
                };
                let texts: Vec<(Option<String>, Span)> = items.iter().map(|i| (text(&i.value), i.span)).collect();
                let given = self.arguments(&texts.iter().map(|(t, at)| (t.as_deref(), *at)).collect::<Vec<_>>());
                let others = items.iter().enumerate().filter(|(at, _)| !given.contains(at));
                others.for_each(|(_, item)| self.free(key, &item.value, item.span));
            }
            Free::Map(entries) => {
                let named = names_a_credential(entries);
                for (word, child) in entries {
                    match (named, &child.value) {
                        (Some(name), Free::Scalar(Scalar::Str(text))) if word.value == "value" && is_given(text) => {
                            self.credential(name, child.span);
                        }
                        _ => self.free(&word.value, &child.value, child.span),
                    }
                }
            }
        }
    }

    fn credential(&mut self, key: &str, at: Span) {
        let what = format!("`{key}` is given a credential");
        self.sink.push(Diagnostic::new(&codes::SECRET, at, what).here("not shown").hide(at));
    }

    fn missing(&mut self, object: &Object, key: &Key, head: Span) {
        let what = match object.shape.name {
            "spec" => format!("this spec has no `{}`", key.name),
            _ => format!("`{}` needs `{}`", object.shape.word(), key.name),
        };
        let emptied = object.get(key.name).map(|node| node.span);
        let (at, here) = emptied.map_or((head, "it is missing here"), |span| (span, "this is empty"));
        let help = format!("write `{}`: {}", key.name, lower_first(key.doc));
        self.sink.push(Diagnostic::new(&codes::MISSING, at, what).here(here).help(help));
    }

    fn not_yet(&mut self, what: String, will: &str, at: Span) {
        self.sink.push(Diagnostic::new(&codes::NOT_YET, at, format!("{what}: it will {will}")));
    }

    /// A fix is written in quotes; where the text it replaces has none, or lies inside quotes, it
    /// must not bring any.
    fn fitted(&self, mut finding: Diagnostic) -> Diagnostic {
        if let Some(fix) = &mut finding.fix
            && !self.sources.slice(fix.span).starts_with(['"', '\''])
        {
            fix.replacement = fix.replacement.trim_matches('"').to_owned();
        }
        finding
    }
}

/// `key #null` and `flag #false` set nothing.
fn takes_back(node: &Node) -> bool {
    match &node.data {
        Data::Null => true,
        Data::Scalar(scalar) => match scalar.value {
            Scalar::Null => true,
            Scalar::Bool(false) => matches!(node.key.form, Form::Flag),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a required key is there and not empty.
fn says_something(object: &Object, key: &Key) -> bool {
    object.get(key.name).is_some_and(|node| match &node.data {
        Data::Null => false,
        Data::Scalar(scalar) => scalar.value != Scalar::Null,
        Data::List(items) => !items.is_empty(),
        Data::Map(entries) => !entries.is_empty(),
        Data::Named(members) => !members.is_empty(),
        Data::Repeated(objects) => !objects.is_empty(),
        Data::Object(_) | Data::Free(_) => true,
    })
}

/// Where a repeated block begins: what fills its argument, else its first key.
fn head_of(object: &Object, node: &Node) -> Span {
    object.nodes.first().map_or(if object.span.is_none() { node.key_span } else { object.span }, |first| first.key_span)
}

fn known_word(ty: Type, scalar: &Scalar) -> bool {
    match (ty, scalar) {
        (Type::Enum(words), Scalar::Str(text)) => words.contains(&text.as_str()),
        _ => true,
    }
}

/// A credential is text; `token #false` and an object with a Secret's name are none.
fn holds_credential(key: &str, scalar: &Scalar) -> bool {
    secret::is_credential_key(key) && scalar.as_str().is_some_and(is_given)
}

/// The name in `{name: DB_PASSWORD, value: …}`, an environment variable or a header, where its value is a credential.
fn names_a_credential(entries: &[(Spanned<String>, Spanned<Free>)]) -> Option<&str> {
    entries.iter().find_map(|(word, child)| match &child.value {
        Free::Scalar(Scalar::Str(name)) if word.value == "name" && smells(name) => Some(name.as_str()),
        _ => None,
    })
}

fn is_given(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("$(")
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let rest_is_word = text.chars().nth(1).is_none_or(|c| !c.is_uppercase());
    match chars.next() {
        Some(first) if rest_is_word => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ROOT;
    use crate::syntax::read;

    /// A spec with nothing wrong, to which each test adds.
    const SOUND: &str = r#"
fleet "lab" language=1 {
    versions kubernetes="1.34"
    prometheus "user" {
        rest
        retention "7d"
        storage "100Gi"
    }
}
cluster "a" nodes=3
"#;

    /// Id and marked text of every finding, and all the words of all of them.
    fn findings_in(name: &str, text: &str) -> (Vec<(&'static str, String)>, String) {
        let mut sources = Sources::default();
        sources.add(name, text);
        let mut sink = Sink::default();
        let document = read(sources, &ROOT, &mut sink);
        check(&document, &mut sink);
        let found = sink.into_sorted();
        for finding in &found {
            assert!(!finding.why.is_empty() && !finding.help.is_empty(), "{finding:?}");
        }
        let words = format!("{found:?}");
        (found.iter().map(|d| (d.code.id, document.sources.slice(d.at).to_owned())).collect(), words)
    }

    fn findings(text: &str) -> Vec<(&'static str, String)> {
        findings_in("fleet.kdl", text).0
    }

    fn with(more: &str) -> Vec<(&'static str, String)> {
        findings(&format!("{SOUND}{more}"))
    }

    /// The findings with a line added to the cluster.
    fn in_cluster(line: &str) -> Vec<(&'static str, String)> {
        findings(&SOUND.replace("nodes=3", &format!("nodes=3 {{\n{line}\n}}")))
    }

    fn one(id: &'static str, marked: &str) -> Vec<(&'static str, String)> {
        vec![(id, marked.to_owned())]
    }

    #[test]
    fn a_sound_spec_has_no_findings() {
        assert_eq!(findings(SOUND), []);
    }

    #[test]
    fn a_later_language_is_refused_alone() {
        let text = SOUND.replace("language=1", "language=2").replace("nodes=3", "nodes=0");
        assert_eq!(findings(&text), one("SPC101", "2"));
    }

    #[test]
    fn a_compiler_outside_the_range_is_refused_alone() {
        let text =
            SOUND.replace("rest", "rest\nretention-size \"x\"").replace("versions", "requires \">=9\"\nversions");
        assert_eq!(findings(&text), one("SPC102", "\">=9\""));
        assert_eq!(findings(&SOUND.replace("versions", "requires \">=0.1\"\nversions")), []);
    }

    #[test]
    fn what_is_required_is_asked_for_where_it_cannot_be_inherited() {
        assert_eq!(findings("zone \"z\"").iter().filter(|(id, _)| *id == "SPC103").count(), 2);
        assert_eq!(findings("fleet \"lab\"\ncluster \"a\" nodes=3"), one("SPC103", "fleet"));
        assert_eq!(with("route \"r\" from=\"*\""), one("SPC103", "\"r\""));
        assert_eq!(with("route \"r\" from=\"*\" { to jobs=\"a\" }"), one("SPC103", "jobs"));
        // Each of these may have its rest from another level.
        assert_eq!(in_cluster("prometheus \"user\" retention=\"1d\""), []);
        assert_eq!(in_cluster("prometheus \"user\" { storage class=\"fast\" }"), []);
        assert_eq!(in_cluster("job \"x\" { basic-auth username-key=\"u\" }"), []);
        // A repeated block never has.
        assert_eq!(in_cluster("raw \"a.yaml\""), one("SPC103", "\"a.yaml\""));
    }

    #[test]
    fn an_empty_list_is_not_what_is_required() {
        assert_eq!(with("route \"r\" { from {}; to \"x\" }").len(), 1);
    }

    #[test]
    fn values_are_checked_at_their_own_place() {
        assert_eq!(in_cluster("interval \"15\""), one("SPC110", "\"15\""));
        assert_eq!(in_cluster("labels tier=\"a,b\""), one("SPC123", "\"a,b\""));
        assert_eq!(in_cluster("versions kubernetes=1.34"), one("SPC104", "1.34"));
        assert_eq!(in_cluster("rbac \"namespace\""), one("SPC105", "\"namespace\""));
        assert_eq!(with("zone \"Z\""), one("SPC120", "\"Z\""));
        let split = with("route \"r\" from=\"*\" { to \"x\" namespaces=\"team-a hero-user-clsuterB_ID\" }");
        assert_eq!(split, one("SPC124", "hero-user-clsuterB_ID"));
    }

    #[test]
    fn every_fault_is_found_in_one_run() {
        let found = in_cluster("interval \"15\"\nsurvive \"x\"\nnamespace \"A\"");
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["SPC110", "SPC110", "SPC121"]);
    }

    #[test]
    fn yaml_is_checked_alike() {
        let text = "fleet: {name: lab, language: 1}\ncluster:\n  a: {nodes: 0, interval: 15}\n";
        assert_eq!(findings_in("a.yaml", text).0, [("SPC113", "0".into()), ("SPC104", "15".into())]);
    }

    #[test]
    fn a_fix_fits_the_quotes_around_it() {
        let fix = |name: &str, text: &str| {
            let mut sources = Sources::default();
            sources.add(name, text);
            let mut sink = Sink::default();
            let document = read(sources, &ROOT, &mut sink);
            check(&document, &mut sink);
            let found = sink.into_sorted();
            found.iter().find_map(|d| d.fix.clone()).unwrap().replacement
        };
        assert_eq!(fix("a.kdl", &SOUND.replace("\"7d\"", "\"7days\"")), "\"7d\"");
        let metrics = SOUND.replace("nodes=3", "nodes=3 {\njob \"x\" keep=\"up node_.+\"\n}");
        assert_eq!(fix("a.kdl", &metrics), "node_*");
        assert_eq!(fix("a.yaml", "fleet: {name: a, language: 1, survive: 3hours}"), "3h");
    }

    #[test]
    fn what_is_not_compiled_yet_is_refused_by_name() {
        assert_eq!(in_cluster("budget series=1"), one("SPC190", "budget"));
        assert_eq!(in_cluster("budget #null"), []);
        assert_eq!(in_cluster("prometheus \"user\" shards=2"), one("SPC190", "2"));
        assert_eq!(in_cluster("prometheus \"user\" shards=1"), []);
        // What stands in it is checked all the same.
        assert_eq!(in_cluster("budget memory=\"x\"").iter().map(|f| f.0).collect::<Vec<_>>(), ["SPC190", "SPC111"]);
        // A word nobody knows is no promise for later.
        let store = "store \"s\" kind=\"mimmir\" { address \"x\" url=\"https://x\" }";
        assert_eq!(with(store), one("SPC105", "\"mimmir\""));
        assert_eq!(with(&store.replace("mimmir", "mimir")), one("SPC190", "\"mimir\""));
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for (line, secret) in [
            ("job \"x\" { params token=\"hunter2\" }", "hunter2"),
            ("job \"x\" { exporter { args \"--web.password=hunter2\" } }", "hunter2"),
            ("job \"x\" { exporter { args \"--log\" \"--token\" \"hunter2\" } }", "hunter2"),
            (
                "patch \"Deployment/x\" why=\"w\" { merge { spec { args { - \"--api-key\"; - \"hunter2\" } } } }",
                "hunter2",
            ),
            ("context \"https://hooks.slack.com/services/T0/B0/hunter2x\"", "hunter2"),
            ("external-labels note=\"Bearer 0123456789abcdef\"", "0123456789abcdef"),
            ("patch \"Secret/x\" why=\"w\" { merge { stringData { password \"hunter2\" } } }", "hunter2"),
            ("patch \"Prometheus/x\" why=\"w\" { merge { spec { url \"https://a:hunter2@b\" } } }", "hunter2"),
            ("context \"AKIAIOSFODNN7EXAMPLE\"", "AKIAIOSFODNN7EXAMPLE"),
        ] {
            let (found, words) = findings_in("a.kdl", &SOUND.replace("nodes=3", &format!("nodes=3 {{\n{line}\n}}")));
            assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), ["SPC140"], "{line}");
            assert!(!words.contains(secret), "{words}");
        }
        let (found, words) = findings_in(
            "a.kdl",
            &format!(
                "{SOUND}store \"s\" kind=\"remote-write\" accepts-late=\"1h\" {{ address \"x\" url=\"https://admin:hunter2@x\" }}"
            ),
        );
        assert_eq!(found[0].0, "SPC140");
        assert!(!words.contains("hunter2"));
    }

    #[test]
    fn a_random_routing_key_is_a_credential_whatever_the_kind() {
        let key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
        for kind in ["pagerduty", "victorops", "pager"] {
            let text = format!(
                "{SOUND}alertmanager \"m\" cluster=\"a\" {{ receiver \"p\" kind=\"{kind}\" secret=\"s\" routing-key=\"{key}\" }}"
            );
            let (found, words) = findings_in("a.kdl", &text);
            assert!(found.contains(&("SPC140", format!("\"{key}\""))), "{found:?}");
            assert!(!words.contains(key), "{words}");
        }
    }

    #[test]
    fn a_retention_below_a_block_is_a_warning() {
        for text in ["14s", "10m", "119m"] {
            let spec = SOUND.replace("7d", text);
            assert_eq!(findings(&spec), one("SPC110", &format!("\"{text}\"")));
            assert!(findings_in("a.kdl", &spec).1.contains("severity: Warning"));
        }
        assert_eq!(findings(&SOUND.replace("7d", "2h")), []);
    }

    #[test]
    fn keys_that_need_or_exclude_each_other() {
        let store = |lines: &str| with(&format!("store \"s\" kind=\"victoriametrics-cluster\" {{\n{lines}\n}}"));
        let here = "cluster \"a\"; retention \"90d\"; storage \"1Gi\"";
        assert_eq!(store(here), []);
        assert_eq!(store("cluster \"a\"; storage \"1Gi\""), one("SPC103", "\"s\""));
        assert_eq!(store(&here.replace("90d", "12h")), one("SPC110", "\"12h\""));
        assert_eq!(store("address \"x\" url=\"https://x\"; storage \"1Gi\""), one("SPC150", "storage"));
        assert_eq!(store(""), one("SPC103", "\"s\""));
        let both = "basic-auth secret=\"a\"; bearer secret=\"b\"";
        assert_eq!(store(&format!("{here}; {both}")), one("SPC151", "bearer"));
        let foreign = "store \"s\" kind=\"remote-write\" accepts-late=\"1h\" { address \"x\" url=\"https://x\" }";
        assert_eq!(with(foreign), []);
        assert_eq!(with(&foreign.replace(" accepts-late=\"1h\"", "")), one("SPC103", "\"s\""));
        assert_eq!(with("alertmanager \"m\""), one("SPC103", "\"m\""));
        assert_eq!(in_cluster("patch \"Prometheus/user\" why=\"w\""), one("SPC152", "\"Prometheus/user\""));
        assert_eq!(in_cluster("tolerations operator=\"Exists\""), []);
        assert_eq!(in_cluster("tolerations key=\"a\" toleration-seconds=3"), one("SPC151", "toleration-seconds"));
        assert_eq!(findings(&SOUND.replace("language=1", "language=1 identity=\"job\"")), one("SPC153", "\"job\""));
        for name in ["job", "namespace", "instance", "le", "quantile", "job_class", "prometheus", "prometheus_replica"]
        {
            let line = format!("external-labels region=\"a\" {name}=\"x\"");
            assert_eq!(in_cluster(&line), one("SPC154", name), "{name}");
            assert_eq!(findings(&SOUND.replace("versions", &format!("{line}\n    versions"))), one("SPC154", name));
        }
        assert_eq!(in_cluster("external-labels region=\"a\""), []);
        assert_eq!(in_cluster("external-labels __x=\"a\"").len(), 1);
        assert_eq!(in_cluster("budget growth=\"1%\"").iter().map(|f| f.0).collect::<Vec<_>>(), ["SPC190", "SPC150"]);
    }
}
