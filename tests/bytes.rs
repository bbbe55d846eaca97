//! Same spec, same bytes: what must change nothing, what may change how much, and that both forms of
//! the language say the same.

use crate::support::library::{Files, build, differing, example, examples, files};
use crate::support::{repository, updating};

fn text(files: &Files, path: &str) -> String {
    String::from_utf8(files[path].clone()).unwrap()
}

#[test]
fn examples_are_compiled_into_output_byte_for_byte() {
    let mut expected = Files::new();
    for name in examples() {
        expected.extend(build(&example(&name), "spec"));
    }
    let mut there = files("output");
    there.remove("README.md");
    let wrong = differing(&expected, &there);
    if updating() {
        return wrong.iter().for_each(|path| take_over(path, expected.get(path)));
    }
    assert!(
        wrong.is_empty(),
        "output/ is not what examples/ compile to:\n{}\nFor each example: cargo run -- build examples/NAME --out output; or WATERSHED_UPDATE=1 cargo test",
        wrong.join("\n")
    );
}

/// Writes a file of `output/`, or removes it with the folders it leaves empty.
fn take_over(path: &str, bytes: Option<&Vec<u8>>) {
    let at = repository("output").join(path);
    let folders = at.ancestors().skip(1).take_while(|folder| *folder != repository("output"));
    match bytes {
        Some(bytes) => {
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(&at, bytes).unwrap();
        }
        None => {
            std::fs::remove_file(&at).unwrap();
            // Stops at the first that still holds something.
            let _ = folders.map(std::fs::remove_dir).take_while(Result::is_ok).count();
        }
    }
}

#[test]
fn kdl_and_yaml_give_the_same_tree() {
    let (kdl, yaml) = (build(&example("shared-member"), "spec"), build(&example("shared-member-yaml"), "spec"));
    assert_eq!(differing(&kdl, &yaml), Vec::<String>::new());
}

#[test]
fn two_builds_of_one_spec_are_equal() {
    let spec = example("shared-member");
    assert_eq!(differing(&build(&spec, "spec"), &build(&spec, "spec")), Vec::<String>::new());
}

#[test]
fn names_and_order_of_files_change_no_byte() {
    let spec = example("shared-member");
    let before = build(&spec, "spec");
    let (fleet, routes) = (spec["spec/fleet.kdl"].clone(), spec["spec/routes.kdl"].clone());
    let renamed =
        Files::from([("spec/z/later.kdl".to_owned(), fleet.clone()), ("spec/a.kdl".to_owned(), routes.clone())]);
    assert_eq!(differing(&before, &build(&renamed, "spec")), Vec::<String>::new());
    let joined = Files::from([("one.kdl".to_owned(), [routes, fleet].concat())]);
    assert_eq!(differing(&before, &build(&joined, "one.kdl")), Vec::<String>::new());
}

#[test]
fn comments_and_layout_change_no_byte() {
    for name in examples() {
        let spec = example(&name);
        let before = build(&spec, "spec");
        let mut noisy = Files::new();
        for path in spec.keys() {
            let mut out = String::from("// a line above everything\n\n/* and\n   another */\n");
            for line in text(&spec, path).lines() {
                let spaced = line.replace("    ", "\t");
                out.push_str(&format!("\n{spaced} // noise\n"));
            }
            noisy.insert(path.clone(), out.replace("/* here", "").into_bytes());
        }
        assert_eq!(differing(&before, &build(&noisy, "spec")), Vec::<String>::new(), "{name}");
    }
}

/// Top-level blocks, and keys within blocks, in the opposite order. Only a route's destinations keep
/// theirs, for queues on disk depend on it.
#[test]
fn order_of_nodes_changes_no_byte() {
    for name in examples() {
        let spec = example(&name);
        let before = build(&spec, "spec");
        let mut turned = Files::new();
        for path in spec.keys() {
            turned.insert(path.clone(), reversed(&text(&spec, path)).into_bytes());
        }
        assert_ne!(turned, spec);
        assert_eq!(differing(&before, &build(&turned, "spec")), Vec::<String>::new(), "{name}");
    }
}

/// Reverses the nodes of every block of a tidy KDL text, but those of routes.
fn reversed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty() && !l.trim().starts_with("//")).collect();
    block(&lines, &mut 0, false)
}

fn block(lines: &[&str], at: &mut usize, keep: bool) -> String {
    let mut nodes: Vec<String> = Vec::new();
    while let Some(line) = lines.get(*at).copied() {
        if line.trim() == "}" {
            break;
        }
        *at += 1;
        let mut node = format!("{line}\n");
        let code = line.split("//").next().unwrap_or(line).trim_end();
        if code.ends_with('{') {
            node.push_str(&block(lines, at, line.starts_with("route ")));
            node.push_str("}\n");
            *at += 1;
        }
        nodes.push(node);
    }
    if !keep {
        nodes.reverse();
    }
    nodes.concat()
}

#[test]
fn the_reversal_of_this_test_reverses() {
    let text = "a {\n    b 1 // {\n    c {\n        d 2\n        e 3\n    }\n}\nroute \"x\" {\n    f 4\n    g 5\n}\n";
    let expected = "route \"x\" {\n    f 4\n    g 5\n}\na {\n    c {\n        e 3\n        d 2\n}\n    b 1 // {\n}\n";
    assert_eq!(reversed(text), expected);
}

/// The order of a route's destinations is the order of queues on disk, and may not be lost.
#[test]
fn the_order_of_destinations_is_kept() {
    let mut spec = example("shared-member");
    let before = build(&spec, "spec");
    let text = text(&spec, "spec/routes.kdl");
    let swapped = text.replace("shared \"plane-a\" \"plane-b\"", "shared \"plane-b\" \"plane-a\"");
    assert_ne!(swapped, text);
    spec.insert("spec/routes.kdl".to_owned(), swapped.into_bytes());
    let after = build(&spec, "spec");
    let relay = "shared-member/pool-1/20-prometheus/statefulset-relay.yaml";
    assert!(differing(&before, &after).iter().any(|p| p == relay), "{:?}", differing(&before, &after));
}

#[test]
fn a_new_member_touches_its_folder_and_what_counts_members() {
    let mut spec = example("shared-member");
    let before = build(&spec, "spec");
    let line = "cluster \"pool-2\" zone=\"aliyun-sh\" nodes=8 pods=200 survive=\"12h\"\n";
    spec.insert("spec/new.kdl".to_owned(), line.as_bytes().to_vec());
    // The route selects its members by name.
    let routes = text(&spec, "spec/routes.kdl").replace("from=\"pool-1\"", "from=\"pool-1 pool-2\"");
    spec.insert("spec/routes.kdl".to_owned(), routes.into_bytes());
    let after = build(&spec, "spec");
    let touched = differing(&before, &after);
    let own = |p: &String| p.starts_with("shared-member/pool-2/");
    assert!(touched.iter().any(own));
    // Of the control planes: objects of the store (its size may follow its load), what a reader of
    // all clusters shows, the page and the index.
    let counts = |p: &String| {
        let control = ["control-a", "control-b"].iter().find_map(|c| p.strip_prefix(&format!("shared-member/{c}/")));
        control.is_some_and(|p| {
            p.starts_with("helm/") || p.starts_with("60-grafana/") || matches!(p, "README.md" | "index.json")
        })
    };
    let fleet = |p: &String| matches!(p.as_str(), "shared-member/fleet.json" | "shared-member/README.md");
    let others: Vec<&String> = touched.iter().filter(|p| !own(p) && !counts(p) && !fleet(p)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(touched.iter().any(fleet));
}
