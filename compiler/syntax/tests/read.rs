use super::{ROOT, everything, faults, read_all, sound};
use crate::syntax::{Data, Document, Scalar, same_data};

fn object<'d>(document: &'d Document, path: &[&str]) -> &'d Data {
    let mut object = &document.root;
    for (i, word) in path.iter().enumerate() {
        let (key, name) = word.split_once(':').unwrap_or((word, ""));
        let node = object.get(key).unwrap_or_else(|| panic!("no {word}"));
        object = match &node.data {
            Data::Object(inner) => inner,
            Data::Named(members) if !name.is_empty() => {
                members.iter().find(|m| m.name.value == name).and_then(|m| m.object.as_ref()).expect(word)
            }
            data if i + 1 == path.len() => return data,
            data => panic!("{word} is {data:?}"),
        };
    }
    panic!("{path:?} is an object")
}

fn items(data: &Data) -> Vec<&str> {
    match data {
        Data::List(items) => items.iter().filter_map(|i| i.value.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

fn same(kdl: &str, yaml: &str) {
    let (a, b) = (sound("a.kdl", kdl), sound("a.yaml", yaml));
    assert!(same_data(&a, &b), "{kdl}\n{:#?}\n{yaml}\n{:#?}", a.root, b.root);
}

#[test]
fn every_form_means_the_same_in_both_languages() {
    same("fleet \"x\"", "fleet: x");
    same("fleet \"x\" { rest; replicas 2 }", "fleet: {name: x, rest: true, replicas: 2}");
    same(
        "fleet { rest #false; jobs {}; labels {}; storage {}; job {}; patch {} }",
        "fleet: {rest: false, jobs: [], labels: {}, storage: {}, job: {}, patch: []}",
    );
    same(
        "fleet { rest #null; jobs #null; labels #null; storage #null; job #null; patch #null; interval #null }",
        "fleet: {rest: null, jobs: ~, labels: null, storage: null, job: null, patch: null, interval: null}",
    );
    same("fleet { jobs \"a\" }", "fleet: {jobs: a}");
    same("fleet { jobs { - \"a\"; - \"b\" } }", "fleet: {jobs: [a, b]}");
    same("fleet { labels a=\"1\" { b \"2\" } }", "fleet: {labels: {a: \"1\", b: \"2\"}}");
    same("fleet storage=\"1Gi\"", "fleet: {storage: 1Gi}");
    same("fleet { storage \"1Gi\" class=\"x\" }", "fleet: {storage: {size: 1Gi, class: x}}");
    same("cluster \"a\"\ncluster \"b\" #null\ncluster \"c\" { rest }", "cluster: {a: {}, b: null, c: {rest: true}}");
    same("route \"r\" { to \"a\"; to \"b\" }", "route: {r: {to: [a, b]}}");
    same("route \"r\" { to \"a\" \"b\" }", "route: {r: {to: [[a, b]]}}");
    same("route \"r\" to=\"a b\"", "route: {r: {to: [{stores: [a, b]}]}}");
    same("route \"r\" to=\"a\"", "route: {r: {to: a}}");
    same(
        "fleet { patch \"X/y\" { merge { a 1; b 1.5; c \"x\" #true; d {}; e { - }; f { - { g #null } } } } }",
        "fleet: {patch: [{target: X/y, merge: {a: 1, b: 1.5, c: [x, true], d: {}, e: [], f: [{g: null}]}}]}",
    );
    assert!(!same_data(&sound("a.kdl", "fleet { jobs {} }"), &sound("a.kdl", "fleet {}")));
    assert!(!same_data(&sound("a.kdl", "fleet { jobs {} }"), &sound("a.kdl", "fleet { jobs #null }")));
}

#[test]
fn json_is_yaml() {
    same(
        "fleet \"x\" { replicas 2; jobs \"a\" \"b\" }",
        "{\n\t\"fleet\": {\"name\": \"x\", \"replicas\": 2,\n\t\t\"jobs\": [\"a\", \"b\"]}\n}\n",
    );
}

#[test]
fn a_list_in_a_property_is_split_and_each_item_has_its_place() {
    let document = sound("a.kdl", "cluster \"a\" profile=\"gpu  集群 x\" { jobs \"a b\" }");
    let Data::List(list) = object(&document, &["cluster:a", "profile"]) else { panic!("no list") };
    let places: Vec<&str> = list.iter().map(|i| document.sources.slice(i.span)).collect();
    assert_eq!(places, ["gpu", "集群", "x"]);
    assert_eq!(items(object(&document, &["cluster:a", "jobs"])), ["a b"]);
}

#[test]
fn repeated_nodes_add_and_files_join() {
    let (document, found) = read_all(&[
        ("a.kdl", "fleet \"x\" { jobs \"a\"; jobs \"b\" }\ncluster \"a\""),
        ("b.yaml", "cluster: {b: {}}\n"),
        ("c.kdl", "cluster \"c\""),
    ]);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(items(object(&document, &["fleet", "jobs"])), ["a", "b"]);
    let Data::Named(clusters) = &document.root.get("cluster").unwrap().data else { panic!("no clusters") };
    assert_eq!(clusters.iter().map(|c| c.name.value.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn what_stands_twice_is_shown_twice() {
    let (document, found) =
        read_all(&[("a.kdl", "fleet \"x\"\ncluster \"a\""), ("b.yaml", "fleet: z\ncluster: {a: {}}\n")]);
    let shown: Vec<(String, String)> =
        found.iter().map(|d| (document.sources.display(d.at), document.sources.display(d.labels[0].span))).collect();
    assert_eq!(shown, [("b.yaml:1:1".into(), "a.kdl:1:1".into()), ("b.yaml:2:11".into(), "a.kdl:2:9".into())]);
    assert_eq!((found[0].code.id, found[1].code.id), ("SYN113", "SYN114"));

    for (text, expected) in [
        ("cluster \"a\" rest=#true rest=#false", vec!["SYN113 rest"]),
        ("cluster \"a\" jobs=\"x\" { jobs \"y\" }", vec!["SYN113 jobs"]),
        ("fleet { storage \"1Gi\" size=\"2Gi\" }", vec!["SYN113 size"]),
        ("fleet { replicas 1; replicas 2 }", vec!["SYN113 replicas"]),
        ("fleet { storage \"1Gi\"; storage \"1Gi\" }", vec!["SYN113 storage"]),
        ("fleet { jobs \"a\"; jobs #null }", vec!["SYN113 jobs"]),
        ("fleet { labels a=\"1\"; labels a=\"2\" }", vec!["SYN113 a"]),
        ("cluster \"a\"\ncluster \"a\"", vec!["SYN114 \"a\""]),
        ("fleet { patch \"X/y\" { merge { a 1; a 2 } } }", vec!["SYN113 a"]),
    ] {
        assert_eq!(faults("a.kdl", text), expected, "{text}");
    }
    assert_eq!(faults("a.yaml", "fleet: {replicas: 1, replicas: 2}"), ["SYN113 replicas"]);
    assert_eq!(faults("a.yaml", "cluster:\n  a: {}\n  a: {}\n"), ["SYN114 a"]);
}

#[test]
fn kdl_of_the_wrong_shape() {
    for (text, expected) in [
        ("fleet { replicas }", "SYN118 replicas"),
        ("fleet { storage }", "SYN118 storage"),
        ("fleet { jobs }", "SYN118 jobs"),
        ("fleet { labels \"a\" }", "SYN117 \"a\""),
        ("fleet { replicas 1 2 }", "SYN120 2"),
        ("fleet { replicas 1 x=2 }", "SYN117 x"),
        ("fleet { rest \"yes\" }", "SYN117 \"yes\""),
        ("fleet { jobs \"a\" #null }", "SYN117 #null"),
        ("fleet { jobs { a 1 } }", "SYN117 a"),
        ("fleet { jobs { - { a 1 } } }", "SYN117 - { a 1 }"),
        ("cluster", "SYN119 cluster"),
        ("cluster { rest }", "SYN119 cluster"),
        ("cluster 1", "SYN117 1"),
        ("cluster \"a\" \"b\"", "SYN120 \"b\""),
        ("fleet { job \"x\" { exporter args=\"a b\" } }", "SYN121 args=\"a b\""),
        ("cluster \"a\" jobs=\"\"", "SYN118 \"\""),
        ("route \"r\" { to }", "SYN118 to"),
        ("fleet { patch \"X/y\" { merge { a } } }", "SYN118 a"),
        ("fleet { patch \"X/y\" { merge { a 1 b=2 } } }", "SYN117 a"),
        ("route \"r\" \"x\"", "SYN120 \"x\""),
    ] {
        assert_eq!(faults("a.kdl", text), [expected], "{text}");
    }
}

#[test]
fn yaml_of_the_wrong_shape() {
    for (text, expected) in [
        ("fleet:\n", "SYN118 fleet"),
        ("cluster: {a: }", "SYN118 a"),
        ("fleet: {replicas: [1]}", "SYN117 [1]"),
        ("fleet: {rest: 1}", "SYN117 1"),
        ("fleet: {labels: [a]}", "SYN117 [a]"),
        ("fleet: {jobs: {a: 1}}", "SYN117 {a: 1}"),
        ("fleet: {jobs: [a, null]}", "SYN117 null"),
        ("cluster: [a]", "SYN117 [a]"),
        ("route: {r: {to: {stores: [a]}}}", "SYN117 {stores: [a]}"),
        ("route: {r: {to: [{}]}}", "SYN117 {}"),
        ("route: {r: x}", "SYN117 x"),
        ("- fleet", "SYN117 fleet"),
        ("fleet: {versions: {kubernetes: 1.30}}", "SYN112 1.30"),
        ("fleet: {name: 12}", "SYN112 12"),
        ("fleet: {interval: 012}", "SYN111 012"),
        ("fleet: {labels: {a: yes}}", "SYN111 yes"),
        ("fleet: {labels: {1: x}}", "SYN111 1"),
        ("fleet: {labels: {on: x}}", "SYN111 on"),
        ("fleet: {replicas: .inf}", "SYN124 .inf"),
        ("fleet: &a {}", "SYN110 &a"),
        ("fleet: !x {}", "SYN110 !x"),
        ("fleet: {<<: {rest: true}}", "SYN110 <<"),
        ("fleet: x\n---\ncluster: {}\n", "SYN110 ---"),
        ("%YAML 1.2\n---\nfleet: x\n", "SYN110 %YAML 1.2"),
        ("fleet: [", "SYN107 ["),
        ("fleet:\n\tname: x", "SYN107 n"),
    ] {
        let found = faults("a.yaml", text);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{text}: {found:?}");
        assert!(found.len() <= 2, "{text}: {found:?}");
    }
    assert_eq!(faults("a.yaml", "fleet: &a {jobs: [x]}\ncluster: {b: *a}"), ["SYN110 &a", "SYN110 *a"]);
}

#[test]
fn text_that_is_not_kdl() {
    for (text, expected) in [
        ("fleet \"x", "SYN106 \"x"),
        ("fleet {", "SYN106 {"),
        ("fleet {}\n}", "SYN106 }"),
        ("fleet { jobs [\"a\"] }", "SYN106 ["),
        ("fleet a/b", "SYN106 /"),
        ("fleet rest=", "SYN106 ="),
        ("fleet \"a\"rest=#true", "SYN106 rest"),
        ("fleet { rest #yes }", "SYN106 #yes"),
        ("fleet { interval \"a\\qb\" }", "SYN106 \\q"),
        ("fleet { replicas 1x }", "SYN124 1x"),
        (
            "fleet { replicas 99999999999999999999999999999999999999999 }",
            "SYN124 99999999999999999999999999999999999999999",
        ),
        ("fleet { rest true }", "SYN108 true"),
        ("fleet { interval r\"x\" }", "SYN108 r\"x\""),
        ("(t)fleet \"x\"", "SYN109 (t)"),
        ("fleet (t)\"x\"", "SYN109 (t)"),
        ("/- /- fleet \"x\"", "SYN105 /- /-"),
        ("fleet \"x\" /-", "SYN105 /-"),
        ("/* a", "SYN106 /*"),
        ("\"x\" {} {}", "SYN106 {}"),
    ] {
        let found = faults("a.kdl", text);
        assert!(found.contains(&expected.to_owned()), "{text}: {found:?}");
    }
}

#[test]
fn several_faults_in_one_run_and_the_rest_is_read() {
    let text = "fleet \"x\" {\n    intervall \"1s\"\n    replicas 1.\n    storage \"1Gi\n    jobs \"a\"\n}\ncluster \"a\" zone=true\n";
    let (document, found) = read_all(&[("a.kdl", text)]);
    let codes: Vec<&str> = found.iter().map(|d| d.code.id).collect();
    assert_eq!(codes, ["SYN115", "SYN118", "SYN124", "SYN118", "SYN106", "SYN115", "SYN108"]);
    assert_eq!(items(object(&document, &["fleet", "jobs"])), ["a"]);
}

#[test]
fn unknown_words_are_answered() {
    let help = |path: &str, text: &str| {
        let (_, found) = read_all(&[(path, text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].help.clone(), found[0].fix.as_ref().map(|f| f.replacement.clone()))
    };
    assert_eq!(help("a.kdl", "fleet { intervall \"1s\" }").0, "did you mean `interval`?");
    for native in ["scrapeInterval", "scrape_interval"] {
        assert_eq!(help("a.kdl", &format!("fleet {{ {native} \"1s\" }}")).1.as_deref(), Some("interval"));
    }
    assert_eq!(help("a.yaml", "fleet: {external_labels: {a: b}}").1.as_deref(), Some("external-labels"));
    assert_eq!(help("a.kdl", "fleet { interval: \"1s\" }").1.as_deref(), Some("interval"));
    assert!(help("a.kdl", "interval \"1s\"").0.contains("`fleet` (for every cluster), a `profile` or a `cluster`"));
    assert!(help("a.kdl", "fleet { collectors \"x\" }").0.contains("`route`"));
    assert!(help("a.kdl", "fleet { zebra 1 }").0.contains("known here"));
}

#[test]
fn bombs_are_refused_quickly() {
    let kdl = [
        "a {".repeat(20_000),
        "/-".repeat(20_000),
        "/- ".repeat(20_000),
        "/*".repeat(20_000),
        "(".repeat(20_000),
        "a=".repeat(20_000),
        "{".repeat(20_000),
        "}".repeat(20_000),
        "\"".repeat(20_001),
        "#".repeat(20_000),
        format!("fleet {{ patch \"x\" {{ merge {} }} }}", "{ - ".repeat(20_000)),
    ];
    for text in &kdl {
        assert!(!faults("a.kdl", text).is_empty(), "{}", &text[..20]);
    }
    for text in
        ["[".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000), "? ".repeat(20_000), "&a ".repeat(20_000)]
    {
        assert!(!faults("a.yaml", &text).is_empty(), "{}", &text[..20]);
    }
    // More values than are read; the message comes instead of an endless search for the next `=`.
    let many = faults("a.kdl", &"a=1 ".repeat(super::super::text::MAX_VALUES / 2 + 1));
    assert!(many.iter().any(|f| f.starts_with("SYN101")), "{many:?}");
    let huge = "a\n".repeat(9 << 20);
    assert_eq!(faults("a.kdl", &huge), ["SYN101 "]);
    assert_eq!(faults("a.txt", "x"), ["SYN122 "]);
    assert_eq!(faults("a.kdl", "fleet \"a\0\u{202E}\"").len(), 2);
}

#[test]
fn many_slashdashes_are_read_in_linear_time() {
    let text = format!("fleet \"x\" {}\n", "/-a ".repeat(200_000));
    assert!(sound("a.kdl", &text).root.get("fleet").is_some());
}

#[test]
fn a_file_of_nothing_but_faults_ends() {
    let text = "zebra 1\n".repeat(50_000);
    let (_, found) = read_all(&[("a.kdl", &text)]);
    assert_eq!(found.len(), 201);
    assert_eq!(found.last().map(|d| d.code.id), Some("SYN123"));
}

#[test]
fn spans_cover_blocks_and_keys() {
    let text = "fleet \"x\" {\n    storage \"1Gi\"\n}\n";
    let document = sound("a.kdl", text);
    let node = document.root.get("fleet").unwrap();
    assert_eq!(document.sources.slice(node.span), text.trim_end());
    assert_eq!(document.sources.slice(node.key_span), "fleet");
    let Data::Object(fleet) = &node.data else { panic!("no object") };
    assert_eq!(document.sources.slice(fleet.span), text.trim_end());
    assert_eq!(document.sources.slice(fleet.get("name").unwrap().key_span), "\"x\"");

    let text = "fleet:\n  name: x\n  storage: {size: 1Gi}\n# end\n";
    let document = sound("a.yaml", text);
    let Data::Object(fleet) = &document.root.get("fleet").unwrap().data else { panic!("no object") };
    assert_eq!(document.sources.slice(fleet.span), "fleet:\n  name: x\n  storage: {size: 1Gi}");
    let storage = fleet.get("storage").unwrap();
    assert_eq!(document.sources.slice(storage.span), "storage: {size: 1Gi}");
    assert!(matches!(&fleet.get("name").unwrap().data, Data::Scalar(s) if s.value == Scalar::Str("x".into())));
}

#[test]
fn everything_is_read() {
    let document = sound("a.kdl", &everything());
    assert!(std::ptr::eq(document.root.shape, &ROOT));
    let empty = read_all(&[]).0;
    assert!(empty.root.nodes.is_empty() && empty.root.span.is_none());
    assert!(sound("a.yaml", "# nothing\n").root.nodes.is_empty());
    assert!(sound("a.kdl", "// nothing").root.nodes.is_empty());
}
