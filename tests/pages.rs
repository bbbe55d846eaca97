//! Pages people read first, held to what the program does.

use watershed::cli;
use watershed::tree::IndexedRoute;

use crate::support::{Folder, difference, expect_file, read, repository, steps, updating};

/// The part of the README between two marks is written by this test.
fn generated(name: &str, text: &str) {
    let page = read("README.md");
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&open).unwrap_or_else(|| panic!("README.md has no `{}`", open.trim()));
    let (_, after) = rest.split_once(&close).unwrap_or_else(|| panic!("README.md has no `{close}`"));
    expect_file("README.md", &format!("{before}{open}{text}{close}{after}"));
}

#[test]
fn the_readme_has_every_command_with_the_words_of_its_help() {
    let command = cli::command();
    let mut table = String::from("| command | what it does |\n|---|---|\n");
    for sub in command.get_subcommands() {
        let about = sub.get_about().unwrap_or_else(|| panic!("{} says nothing", sub.get_name()));
        table.push_str(&format!("| `{}` | {about} |\n", sub.get_name()));
    }
    generated("commands", &table);
}

#[test]
fn the_readme_has_every_exit_code() {
    let mut table = String::from("| exit code | meaning |\n|---|---|\n");
    for (_, code, meaning) in cli::TABLE {
        table.push_str(&format!("| {code} | {meaning} |\n"));
    }
    generated("exit codes", &table);
}

/// Two commands set everything up; both are in the README as they are typed, and nothing else is.
#[test]
fn the_readme_has_the_two_commands() {
    let page = read("README.md");
    let setup: Vec<&str> = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap().lines().collect();
    assert_eq!(setup, ["cargo run -- build examples/single-split --out output", "cargo test"]);
    assert!(repository("examples/single-split/fleet.kdl").exists());
}

/// The worked example is a spec and a transcript; the transcript is what really happens.
#[test]
fn the_worked_example_of_the_readme_is_real() {
    let page = read("README.md");
    let spec = page.split("```kdl\n").nth(1).unwrap().split("```").next().unwrap();
    let (before, rest) = page.split_once("```console\n").unwrap();
    let (shown, after) = rest.split_once("```").unwrap();
    let folder = Folder::new();
    folder.write("fleet.kdl", spec);
    let mut actual = String::new();
    for command in shown.lines().filter_map(|l| l.strip_prefix("$ ")) {
        let said = match command.split_once(' ').unwrap() {
            ("watershed", args) => {
                let args: Vec<&str> = args.split(' ').map(|a| a.trim_matches('\'')).collect();
                let ended = steps::binary(folder.path(), &args);
                format!("{}{}", ended.stderr, ended.stdout)
            }
            _ => steps::run(&folder, command).unwrap(),
        };
        let gap = if actual.is_empty() { "" } else { "\n" };
        actual.push_str(&format!("{gap}$ {command}\n{said}"));
    }
    if updating() {
        expect_file("README.md", &format!("{before}```console\n{actual}```{after}"));
    } else if let Some(text) = difference("README.md", shown, &actual) {
        panic!("{text}");
    }
}

#[test]
fn every_example_is_in_the_list_and_has_five_lines_about_it() {
    let list = read("examples/README.md");
    let mut found = 0;
    for entry in std::fs::read_dir(repository("examples")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() {
            continue;
        }
        found += 1;
        assert!(list.contains(&format!("({name}/README.md)")), "examples/README.md does not link {name}");
        let page = read(&format!("examples/{name}/README.md"));
        assert!(
            (3..=8).contains(&page.lines().count()),
            "examples/{name}/README.md has {} lines",
            page.lines().count()
        );
    }
    assert!(found >= 3);
}

#[test]
fn the_readme_of_outputs_has_every_key_of_the_routing_in_an_index() {
    let full = IndexedRoute {
        route: "r".to_owned(),
        series: vec!["s".to_owned()],
        peaks: vec!["p".to_owned()],
        up: vec!["u".to_owned()],
        of_no_job: true,
        namespaces: Vec::new(),
        pod_labels: [("app".to_owned(), "a".to_owned())].into(),
        to: Vec::new(),
    };
    let keys: Vec<String> = match serde_json::to_value(&full) {
        Ok(serde_json::Value::Object(object)) => object.into_iter().map(|(key, _)| key).collect(),
        other => panic!("{other:?}"),
    };
    let page = read("output/README.md");
    let told: Vec<&str> = page.lines().filter_map(|l| Some(l.strip_prefix("| `")?.split_once('`')?.0)).collect();
    assert_eq!(told, keys, "what `index.json` says of routes is told key by key");
    // What is always there is told to be.
    let empty = serde_json::to_value(IndexedRoute::default()).expect("JSON");
    let always: Vec<&String> = empty.as_object().into_iter().flat_map(|o| o.keys()).collect();
    assert_eq!(always, ["route", "namespaces", "to"]);
}
