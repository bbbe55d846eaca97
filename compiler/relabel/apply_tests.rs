use super::*;
use crate::relabel::{Action, Lint, Names};

const P2: Dialect = Dialect::PROMETHEUS2;
const P242: Dialect = Dialect::Prometheus2 { minor: 42 };
const P3: Dialect = Dialect::PROMETHEUS3;
const LEGACY3: Dialect = Dialect::Prometheus3 { minor: 14, names: Names::Legacy };
const VM: Dialect = Dialect::Vmagent;

fn compile(dialect: Dialect, rule: &Rule) -> Result<Compiled, RuleError> {
    rule.compile(dialect, Written::File, &Cache::new())
}

/// `a=1 b=2`, spaces in values as `_`; `DROP` for what is dropped.
fn run(dialect: Dialect, labels: &str, rules: &[Rule]) -> String {
    let mut labels = read(labels);
    let chain = Chain::compile(rules, dialect, Written::File, &Cache::new()).unwrap();
    match chain.apply(&mut labels) {
        Outcome::Dropped { .. } => "DROP".into(),
        Outcome::Kept => labels.iter().map(|l| format!("{}={}", l.name, l.value)).collect::<Vec<_>>().join(" "),
    }
}

fn read(labels: &str) -> Labels {
    labels.split(' ').filter_map(|pair| pair.split_once('=')).collect()
}

fn replace(target: &str) -> Rule {
    Rule::new(Action::Replace).target(target)
}

fn rule(action: Action) -> Rule {
    Rule::new(action)
}

#[test]
fn replace_joins_matches_and_expands() {
    let cases: [(&str, Rule, &str); 18] = [
        ("a=foo b=bar", replace("c").source(["a", "b"]), "a=foo b=bar c=foo;bar"),
        ("a=foo b=bar", replace("c").source(["a", "b"]).separator(""), "a=foo b=bar c=foobar"),
        ("a=foo", replace("c").source(["a", "x"]), "a=foo c=foo;"),
        ("a=foo", replace("c").source(["a"]).regex("f(.*)").replacement("${1}-$1"), "a=foo c=oo-oo"),
        // Anchored at both ends.
        ("a=foo", replace("c").source(["a"]).regex("o"), "a=foo"),
        ("a=foo", replace("a").source(["a"]).regex(".*o.*").replacement("x"), "a=x"),
        // `$1_x` is a group named `1_x`.
        ("a=foo", replace("c").source(["a"]).replacement("$1_x"), "a=foo"),
        ("a=foo", replace("c").source(["a"]).replacement("${1}_x"), "a=foo c=foo_x"),
        // An empty result deletes.
        ("a=foo c=x", replace("c").source(["a"]).replacement(""), "a=foo"),
        ("a=foo c=x", replace("c").source(["missing"]), "a=foo"),
        ("c=x", replace("c").replacement(""), ""),
        ("a=foo", replace("c").replacement("constant"), "a=foo c=constant"),
        // The default regex matches an empty value, a written one may not.
        ("a=foo c=x", replace("c").source(["missing"]).regex("(.+)"), "a=foo c=x"),
        // A target by template; what is no valid name is skipped in silence.
        ("a=foo", replace("${1}_x").source(["a"]).replacement("v"), "a=foo foo_x=v"),
        ("a=9lives", replace("$1").source(["a"]).replacement("v"), "a=9lives"),
        ("a=f-o", replace("$1").source(["a"]).replacement("v"), "a=f-o"),
        ("a=foo", replace("c").source(["a"]).regex("(?P<first>f)(o+)").replacement("$first-$2"), "a=foo c=f-oo"),
        ("a=foo", replace("c").source(["a"]).replacement("$$1"), "a=foo c=$1"),
    ];
    for (labels, rule, expected) in cases {
        assert_eq!(run(P2, labels, std::slice::from_ref(&rule)), expected, "{rule:?}");
        assert_eq!(run(LEGACY3, labels, std::slice::from_ref(&rule)), expected, "{rule:?}");
    }
    // Any text is a name under the UTF-8 scheme.
    assert_eq!(run(P3, "a=f-o", &[replace("$1").source(["a"]).replacement("v")]), "a=f-o f-o=v");
    assert_eq!(run(P3, "a=1", &[replace("a.b").source(["a"])]), "a=1 a.b=1");
}

#[test]
fn a_newline_is_matched_by_a_dot_since_prometheus_3() {
    let labels: Labels = [("a", "x\ny")].into_iter().collect();
    for (dialect, expected) in [(P2, ""), (P3, "x\ny"), (VM, "x\ny")] {
        let chain = Chain::compile(&[replace("b").source(["a"])], dialect, Written::File, &Cache::new()).unwrap();
        let mut labels = labels.clone();
        chain.apply(&mut labels);
        assert_eq!(labels.get("b"), expected, "{dialect:?}");
    }
    let keep = rule(Action::Keep).source(["a"]).regex("x.*");
    let mut outcomes = Vec::new();
    for dialect in [P2, P3, VM] {
        let chain = Chain::compile(std::slice::from_ref(&keep), dialect, Written::File, &Cache::new()).unwrap();
        outcomes.push(chain.apply(&mut labels.clone()));
    }
    assert_eq!(outcomes, [Outcome::Dropped { by: 0 }, Outcome::Kept, Outcome::Kept]);
}

#[test]
fn keep_and_drop_stop_the_chain() {
    let kept = "a=foo b=foo";
    let keep = |regex: &str| rule(Action::Keep).source(["a"]).regex(regex);
    let drop = |regex: &str| rule(Action::Drop).source(["a"]).regex(regex);
    for dialect in [P2, P3, VM] {
        assert_eq!(run(dialect, kept, &[keep("foo|bar")]), kept);
        assert_eq!(run(dialect, kept, &[keep("fo")]), "DROP");
        assert_eq!(run(dialect, kept, &[drop("fo")]), kept);
        assert_eq!(run(dialect, kept, &[drop("f.*")]), "DROP");
        assert_eq!(run(dialect, kept, &[rule(Action::KeepEqual).source(["a"]).target("b")]), kept);
        assert_eq!(run(dialect, kept, &[rule(Action::DropEqual).source(["a"]).target("b")]), "DROP");
        assert_eq!(run(dialect, kept, &[rule(Action::KeepEqual).source(["a", "b"]).target("b")]), "DROP");
        assert_eq!(run(dialect, kept, &[rule(Action::DropEqual).source(["a", "b"]).target("b")]), kept);
    }
    // A label that is not there is empty: the dead source of a namespace split fails open.
    let split = rule(Action::Drop).source(["__meta_kubernetes_namespace"]).regex("hero-user-b");
    assert_eq!(run(P3, "namespace=hero-user-b", &[split]), "namespace=hero-user-b");
    // Prometheus takes a keep without sources: the value is empty.
    assert_eq!(run(P3, kept, &[rule(Action::Keep).regex("x")]), "DROP");
    // Missing on both sides is equal.
    assert_eq!(run(P3, kept, &[rule(Action::DropEqual).source(["x"]).target("y")]), "DROP");
}

#[test]
fn an_empty_regex_matches_the_empty_value_in_a_file_and_is_refused_in_a_custom_resource() {
    let drop = rule(Action::Drop).source(["a"]).regex("");
    assert_eq!(run(P3, "a=1", std::slice::from_ref(&drop)), "a=1");
    assert_eq!(run(P3, "b=1", std::slice::from_ref(&drop)), "DROP");
    assert_eq!(compile(P3, &drop).unwrap().lints(), [Lint::EmptyRegex]);
    let error = drop.compile(P3, Written::CustomResource, &Cache::new()).unwrap_err();
    assert_eq!(error, RuleError::EmptyRegexInCr);
    let fixed = rule(Action::Drop).source(["a"]).regex("^$");
    assert_eq!(run(P3, "a=1", std::slice::from_ref(&fixed)), "a=1");
    assert_eq!(run(P3, "b=1", &[fixed]), "DROP");
}

#[test]
fn labels_are_mapped_dropped_and_kept_by_name() {
    let map = rule(Action::LabelMap).regex("__meta_(.+)");
    assert_eq!(run(P3, "__meta_a=1 b=2", &[map]), "__meta_a=1 a=1 b=2");
    assert_eq!(run(P3, "a=1", &[rule(Action::LabelMap).regex("(a)").replacement("x_${1}")]), "a=1 x_a=1");
    assert_eq!(run(P3, "a=1 ab=2 b=3", &[rule(Action::LabelDrop).regex("a.*")]), "b=3");
    assert_eq!(run(P3, "__name__=up a=1", &[rule(Action::LabelKeep).regex("a")]), "a=1");
    // Two names mapped to one: the last visited wins, which is the added one, not the last by name.
    let same = rule(Action::LabelMap).regex("[xy](.)").replacement("$1");
    assert_eq!(run(P3, "x1=a y1=b", std::slice::from_ref(&same)), "1=b x1=a y1=b");
    let added = [replace("x1").replacement("late"), same];
    assert_eq!(run(P3, "x1=a y1=b", &added), "1=late x1=late y1=b");
    // What a labelmap adds is not mapped again.
    assert_eq!(run(P3, "a=1", &[rule(Action::LabelMap).regex("(a+)").replacement("a$1")]), "a=1 aa=1");
}

#[test]
fn half_anchored_patterns_act_as_pasted() {
    // `^(?s:a)|(b)$`
    let keep = rule(Action::Keep).source(["l"]).regex("a)|(b");
    assert_eq!(run(P3, "l=axx", std::slice::from_ref(&keep)), "l=axx");
    assert_eq!(run(P3, "l=xxb", std::slice::from_ref(&keep)), "l=xxb");
    assert_eq!(run(P3, "l=xax", std::slice::from_ref(&keep)), "DROP");
    // vmagent compiles the regex on its own first.
    assert!(matches!(compile(VM, &keep), Err(RuleError::Regex(_))));
}

#[test]
fn hashes_and_cases() {
    let hash = |modulus| rule(Action::HashMod).source(["a", "b"]).target("h").modulus(modulus);
    let expected = hash::md5("foo;bar") % 8;
    assert_eq!(run(P3, "a=foo b=bar", &[hash(8)]), format!("a=foo b=bar h={expected}"));
    let expected = hash::xxh64("foo;bar") % 8;
    assert_eq!(run(VM, "a=foo b=bar", &[hash(8)]), format!("a=foo b=bar h={expected}"));
    let upper = rule(Action::Uppercase).source(["a"]).target("u");
    let lower = rule(Action::Lowercase).source(["A"]).target("l");
    assert_eq!(run(P3, "A=FoO a=bAr", &[upper, lower]), "A=FoO a=bAr l=foo u=BAR");
    assert_eq!(run(P3, "l=x", &[rule(Action::Lowercase).source(["a"]).target("l")]), "");
}

#[test]
fn prometheus_refuses_what_it_cannot_load() {
    let bad_name = |action| RuleError::Target { action, target: "a-b".into(), names: Names::Legacy };
    let cases: [(Rule, RuleError); 14] = [
        (rule(Action::Replace), RuleError::MissingTarget(Action::Replace)),
        (replace("a-b"), bad_name(Action::Replace)),
        (rule(Action::Lowercase).target("a-b"), bad_name(Action::Lowercase)),
        (
            rule(Action::Lowercase).target("${3}"),
            RuleError::Target { action: Action::Lowercase, target: "${3}".into(), names: Names::Legacy },
        ),
        (rule(Action::Uppercase).target("a").replacement("x"), RuleError::ReplacementSet(Action::Uppercase)),
        (rule(Action::HashMod).target("a"), RuleError::ZeroModulus),
        (rule(Action::HashMod).modulus(2), RuleError::MissingTarget(Action::HashMod)),
        (rule(Action::KeepEqual).target("a").regex("(.*)"), RuleError::OnlySourceAndTarget(Action::KeepEqual)),
        (rule(Action::DropEqual).target("a").separator(","), RuleError::OnlySourceAndTarget(Action::DropEqual)),
        (rule(Action::LabelDrop).source(["a"]).regex("a"), RuleError::OnlyRegex(Action::LabelDrop)),
        (rule(Action::LabelKeep).regex("a").replacement("b"), RuleError::OnlyRegex(Action::LabelKeep)),
        (
            rule(Action::LabelMap).replacement("a-$1"),
            RuleError::LabelMapReplacement { replacement: "a-$1".into(), names: Names::Legacy },
        ),
        (rule(Action::KeepMetrics).regex("a"), RuleError::OnlyVmagent("keep_metrics")),
        (rule(Action::Keep).source(["a.b"]).regex("x"), RuleError::SourceLabel("a.b".into())),
    ];
    for (rule, expected) in cases {
        assert_eq!(compile(P2, &rule).unwrap_err(), expected, "{rule:?}");
        assert!(!expected.help().is_empty() && !expected.to_string().is_empty());
    }
    assert_eq!(compile(P3, &rule(Action::Keep).when("up")).unwrap_err(), RuleError::OnlyVmagent("if"));
    assert!(matches!(compile(P3, &rule(Action::Keep).regex("(?=a)")), Err(RuleError::Regex(_))));
    // The same under the UTF-8 scheme, where a name may be anything.
    for rule in [replace("a-b"), rule(Action::Lowercase).target("${3}"), rule(Action::LabelMap).replacement("a-$1")] {
        assert!(compile(P3, &rule).is_ok(), "{rule:?}");
    }
    // A source label may be any text in Prometheus 3, even under the legacy scheme.
    assert!(compile(LEGACY3, &rule(Action::Keep).source(["a.b"]).regex("x")).is_ok());
    assert!(matches!(compile(LEGACY3, &replace("a-b")), Err(RuleError::Target { .. })));
    assert_eq!(compile(P3, &replace("")).unwrap_err(), RuleError::MissingTarget(Action::Replace));
}

#[test]
fn what_is_legal_and_hardly_meant_is_marked() {
    let lints = |rule: &Rule| rule.compile(P2, Written::CustomResource, &Cache::new()).unwrap().lints().to_vec();
    assert_eq!(
        lints(&replace("c").source(["a"]).replacement("$1_x")),
        [Lint::UnknownReference { field: "replacement", reference: "1_x".into() }]
    );
    assert_eq!(lints(&replace("label_${1}").source(["a"])), [Lint::TemplatedTarget]);
    assert_eq!(lints(&replace("c").source(["a"]).replacement("${1}_x")), []);
}

#[test]
fn a_trace_tells_what_each_rule_changed_and_where_it_ended() {
    let rules = [
        replace("b").source(["a"]),
        replace("c").source(["missing"]).regex("(.+)"),
        rule(Action::LabelDrop).regex("a"),
        rule(Action::Drop).source(["b"]).regex("1"),
        replace("d").replacement("never"),
    ];
    let chain = Chain::compile(&rules, P3, Written::File, &Cache::new()).unwrap();
    let mut labels = read("a=1");
    let (outcome, steps) = chain.trace(&mut labels);
    assert_eq!(outcome, Outcome::Dropped { by: 3 });
    let told: Vec<_> = steps
        .iter()
        .map(|step| {
            let change = |c: &Change| format!("{}:{:?}->{:?}", c.name, c.before.as_deref(), c.after.as_deref());
            (step.rule, step.changes.iter().map(change).collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [(0, "b:None->Some(\"1\")"), (1, ""), (2, "a:Some(\"1\")->None"), (3, "")];
    assert_eq!(told, expected.map(|(i, text)| (i, text.to_owned())));
}

#[test]
fn vmagent_has_actions_of_its_own() {
    let cases: [(&str, Rule, &str); 25] = [
        ("a=x-y-z", rule(Action::ReplaceAll).source(["a"]).target("a").regex("-").replacement("_"), "a=x_y_z"),
        ("a=xyz", rule(Action::ReplaceAll).source(["a"]).target("b").regex("-").replacement("_"), "a=xyz"),
        ("a-b=1 c=2", rule(Action::LabelMapAll).regex("-").replacement("_"), "a_b=1 c=2"),
        ("a=1 b=1", rule(Action::KeepIfEqual).source(["a", "b"]), "a=1 b=1"),
        ("a=1 b=2", rule(Action::KeepIfEqual).source(["a", "b"]), "DROP"),
        ("a=1 b=1", rule(Action::DropIfEqual).source(["a", "b"]), "DROP"),
        ("t=x,y a=x", rule(Action::KeepIfContains).source(["a"]).target("t"), "a=x t=x,y"),
        ("t=x,y a=z", rule(Action::KeepIfContains).source(["a"]).target("t"), "DROP"),
        ("t=x,y a=x", rule(Action::DropIfContains).source(["a"]).target("t"), "DROP"),
        ("__name__=up", rule(Action::KeepMetrics).regex_of(&["up", "node_.*"]), "__name__=up"),
        ("__name__=down", rule(Action::KeepMetrics).regex_of(&["up", "node_.*"]), "DROP"),
        ("__name__=up", rule(Action::DropMetrics).regex("up"), "DROP"),
        // `if`: keep drops on a mismatch, the others do nothing.
        ("a=1", rule(Action::Keep).when("{a=\"2\"}"), "DROP"),
        ("a=1", rule(Action::Keep).when("{a=\"1\"}"), "a=1"),
        ("a=1", rule(Action::Drop).when("{a=\"2\"}").when("{a=\"1\"}"), "DROP"),
        ("a=1", rule(Action::Drop).when("{a=\"2\"}"), "a=1"),
        ("a=1", replace("b").replacement("{{a}}-x"), "a=1 b=1-x"),
        ("a=foo", replace("b").source(["a"]).regex("^f(.*)$").replacement("${1}{{a}}"), "a=foo b=oofoo"),
        // The value is filled in first and makes one name with what stands before it.
        ("a=foo", replace("b").source(["a"]).regex("f(.*)").replacement("$1{{a}}"), "a=foo"),
        // What matches everything is the default, however it is written: its one group is all there is.
        ("a=foo b=old", replace("b").source(["a"]).regex("(?s).*"), "a=foo b=foo"),
        ("a=foo b=old", replace("b").source(["a"]).regex("(?-s).*"), "a=foo"),
        // No name is checked.
        ("a=foo", replace("b-c").source(["a"]), "a=foo b-c=foo"),
        ("a=foo", replace("${1}-x").source(["a"]).replacement("v"), "a=foo foo-x=v"),
        // What has no label left is dropped.
        ("a=1", rule(Action::LabelDrop).regex("a"), "DROP"),
        ("a=1 b=2", replace("a").replacement(""), "b=2"),
    ];
    for (labels, rule, expected) in cases {
        assert_eq!(run(VM, labels, std::slice::from_ref(&rule)), expected, "{rule:?}");
    }
    // `a` is emptied and still there for the next rule, which copies its emptiness over `b`.
    let chain = [replace("a").replacement(""), rule(Action::LabelMap).regex("a").replacement("b")];
    assert_eq!(run(VM, "a=1 b=2 c=3", &chain), "c=3");
    assert_eq!(run(P3, "a=1 b=2 c=3", &chain), "b=2 c=3");
    // A labelmap sees what it has written itself: `a` goes to `ab`, and from there to `abb`.
    let append = rule(Action::LabelMap).replacement("${1}b");
    assert_eq!(run(VM, "a=1 ab=2", std::slice::from_ref(&append)), "a=1 ab=1 abb=1");
    assert_eq!(run(P3, "a=1 ab=2", &[append]), "a=1 ab=1 abb=2");
}

#[test]
fn vmagent_refuses_rules_without_effect() {
    let cases: [(Rule, RuleError); 8] = [
        (rule(Action::Keep).regex("x"), RuleError::MissingSource(Action::Keep)),
        (rule(Action::Drop), RuleError::MissingSource(Action::Drop)),
        (rule(Action::KeepIfEqual).source(["a"]), RuleError::FewSources(Action::KeepIfEqual)),
        (rule(Action::KeepMetrics), RuleError::MissingRegex(Action::KeepMetrics)),
        (
            rule(Action::DropMetrics).regex("x").source(["a"]),
            RuleError::Needless { action: Action::DropMetrics, field: "source_labels" },
        ),
        (rule(Action::HashMod).source(["a"]).target("b"), RuleError::ZeroModulus),
        (rule(Action::Lowercase).target("b"), RuleError::MissingSource(Action::Lowercase)),
        (
            rule(Action::KeepEqual).target("b").regex("x"),
            RuleError::Needless { action: Action::KeepEqual, field: "regex" },
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(compile(VM, &rule).unwrap_err(), expected, "{rule:?}");
    }
    assert!(matches!(compile(VM, &rule(Action::Keep).when("up{")), Err(RuleError::Condition { .. })));
}

#[test]
fn actions_are_read_as_their_programs_read_them() {
    for action in Action::ALL {
        assert_eq!(Action::parse(action.name()), Some(action));
        assert_eq!(Action::parse(&action.name().to_uppercase()), Some(action));
    }
    assert_eq!(Action::parse_in_cr("LabelDrop"), Some(Action::LabelDrop));
    assert_eq!(Action::parse_in_cr("labeldrop"), Some(Action::LabelDrop));
    assert_eq!(Action::parse_in_cr("Labeldrop"), None);
    assert_eq!(Action::parse_in_cr("replace_all"), None);
}

#[test]
fn before_2_43_a_rule_visits_all_labels_by_name() {
    let rules =
        [rule(Action::Replace).target("b").replacement("new"), rule(Action::LabelMap).regex("[bc]").replacement("to")];
    assert_eq!(run(P242, "c=old", &rules), "b=new c=old to=old");
    assert_eq!(run(P2, "c=old", &rules), "b=new c=old to=new");
}

#[test]
fn before_2_50_an_empty_result_leaves_a_target_by_template_as_it_is() {
    let empty = replace("$1_x").source(["a"]).regex("(.*)").replacement("$2");
    let empty = Rule { target_label: Some("${1}_x".into()), ..empty };
    assert_eq!(run(P242, "a=b b_x=old", std::slice::from_ref(&empty)), "a=b b_x=old");
    assert_eq!(run(P2, "a=b b_x=old", std::slice::from_ref(&empty)), "a=b");
}
