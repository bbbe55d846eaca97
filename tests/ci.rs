//! `examples/ci/`: the files are read as their build systems read them, and what they run is run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_yaml::{Mapping, Value};

use crate::support::{Folder, git, read};

const FLEET: &str = "\
fleet \"lab\" language=1 {
    versions kubernetes=\"1.34\"
}

cluster \"lab\" nodes=3 pods=90
";

/// A checked-out branch with one commit more than `origin/main`, its output checked in.
fn branch() -> Folder {
    let folder = Folder::new();
    folder.write("fleet.kdl", FLEET);
    build(&folder);
    let base = git::commit(folder.path(), "The fleet").unwrap();
    let repository = git2::Repository::open(folder.path()).unwrap();
    repository.reference("refs/remotes/origin/main", base, false, "").unwrap();
    git::run(folder.path(), &["branch", "topic"]).unwrap();
    folder.write("fleet.kdl", &FLEET.replace("nodes=3", "nodes=5"));
    build(&folder);
    // As `kubectl get -o yaml` has it.
    let there = std::fs::read_to_string(folder.at("output/lab/lab/00-prereq/namespace-monitoring.yaml")).unwrap();
    folder.write("snapshots/lab.yaml", &there);
    git::commit(folder.path(), "Larger").unwrap();
    folder
}

fn build(folder: &Folder) {
    let done = crate::support::steps::binary(folder.path(), &["build"]);
    assert!(done.status.success(), "{}", done.stderr);
}

/// Runs lines of a file as a build system does: a shell that stops at the first failure, with
/// `watershed` on its path.
fn run(folder: &Folder, script: &str) {
    let (code, said) = ends(folder, script);
    assert_eq!(code, Some(0), "`{script}`\n{said}");
}

/// How such lines end, and what they say.
fn ends(folder: &Folder, script: &str) -> (Option<i32>, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_watershed"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
    let base = git2::Repository::open(folder.path()).unwrap().revparse_single("origin/main").unwrap().id();
    let done = Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", path)
        .env("BASE", "origin/main")
        .env("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.to_string())
        .env("GITHUB_STEP_SUMMARY", folder.at("summary.md"))
        .env("SNAPSHOTS", "snapshots")
        .env("WATERSHED_SNAPSHOTS", "snapshots")
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].map(|out| String::from_utf8_lossy(&out).into_owned()).concat();
    (done.status.code(), said)
}

fn parse(path: &str) -> Mapping {
    let text = read(path);
    let value: Value = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    value.as_mapping().unwrap_or_else(|| panic!("{path} is no map")).clone()
}

/// The keys of a map, all of them known.
fn keys<'m>(map: &'m Mapping, known: &[&str], what: &str) -> Vec<&'m str> {
    let keys: Vec<&str> =
        map.keys().map(|k| k.as_str().unwrap_or_else(|| panic!("{what}: {k:?} is no text"))).collect();
    let odd: Vec<&&str> = keys.iter().filter(|k| !known.contains(k)).collect();
    assert!(odd.is_empty(), "{what} has {odd:?}");
    keys
}

fn map<'v>(value: &'v Value, what: &str) -> &'v Mapping {
    value.as_mapping().unwrap_or_else(|| panic!("{what} is no map"))
}

const WORKFLOW: &[&str] = &["name", "on", "permissions", "concurrency", "env", "jobs"];
const JOB: &[&str] = &["if", "runs-on", "timeout-minutes", "env", "steps"];
const STEP: &[&str] = &["name", "if", "uses", "with", "env", "run", "continue-on-error"];

/// The steps of a workflow of GitHub, their form checked.
fn steps_of(workflow: &Mapping, path: &str) -> Vec<Mapping> {
    let top = keys(workflow, WORKFLOW, path);
    assert!(["name", "on", "permissions", "jobs"].iter().all(|k| top.contains(k)), "{path}: {top:?}");
    let mut steps = Vec::new();
    for (name, job) in map(&workflow["jobs"], "jobs") {
        let job = map(job, "a job");
        let has = keys(job, JOB, &format!("{path}: job {name:?}"));
        assert!(has.contains(&"runs-on") && has.contains(&"timeout-minutes"), "{path}: {has:?}");
        steps.extend(job["steps"].as_sequence().unwrap().iter().map(|s| map(s, "a step").clone()));
    }
    for step in &steps {
        let has = keys(step, STEP, &format!("{path}: a step"));
        assert!(has.contains(&"uses") != has.contains(&"run"), "{path}: {has:?}");
        // What others write (branches, titles) reaches a shell by its environment only.
        let script = step.get("run").and_then(Value::as_str).unwrap_or_default();
        assert!(!script.contains("${{"), "{path}: {script}");
        if let Some(action) = step.get("uses").and_then(Value::as_str) {
            assert!(action.contains("@v"), "{path}: {action} is of no version");
        }
    }
    steps
}

fn scripts(steps: &[Mapping]) -> Vec<String> {
    let all = steps.iter().filter_map(|s| Some(s.get("run")?.as_str()?.to_owned()));
    all.filter(|s| s.contains("watershed ") && !s.contains("curl")).collect()
}

#[test]
fn the_workflow_for_github_runs_as_it_stands() {
    let path = "examples/ci/github/watershed.yml";
    let workflow = parse(path);
    let text = read(path);
    assert!(!text.contains("secrets.") && !text.contains("pull_request_target"), "it runs for forks too");
    assert_eq!(map(&workflow["permissions"], "permissions").len(), 1);
    assert_eq!(workflow["permissions"]["contents"], "read");
    let steps = steps_of(&workflow, path);
    assert_eq!(steps[0]["with"]["fetch-depth"], 0);
    let scripts = scripts(&steps);
    assert!(scripts.len() == 3, "{scripts:?}");
    let folder = branch();
    scripts.iter().for_each(|script| run(&folder, script));
    let page = std::fs::read_to_string(folder.at("review.md")).unwrap();
    assert!(page.starts_with("<!-- watershed review lab -->\n"), "{page}");
    assert_eq!(std::fs::read_to_string(folder.at("summary.md")).unwrap(), page);
}

/// The workflow with the right to comment has no code of the pull request, and knows its own comment.
#[test]
fn the_comment_for_github_is_found_by_its_marker() {
    let path = "examples/ci/github/watershed-comment.yml";
    let workflow = parse(path);
    let names = parse("examples/ci/github/watershed.yml");
    assert_eq!(workflow["on"]["workflow_run"]["workflows"][0], names["name"]);
    let steps = steps_of(&workflow, path);
    let text = read(path);
    assert!(!text.contains("checkout") && text.contains("<!-- watershed review "), "{text}");
    let artifact = |steps: &[Mapping]| {
        let with = steps.iter().find_map(|s| s.get("with")?.get("name").cloned());
        with.unwrap_or_else(|| panic!("no artifact"))
    };
    assert_eq!(artifact(&steps), artifact(&steps_of(&names, path)));
}

const GITLAB: &[&str] =
    &["extends", "image", "variables", "before_script", "stage", "needs", "rules", "script", "artifacts"];

#[test]
fn the_template_for_gitlab_runs_as_it_stands() {
    let path = "examples/ci/gitlab/watershed.gitlab-ci.yml";
    let template = parse(path);
    let folder = branch();
    let mut run_here = 0;
    for (name, job) in &template {
        let (name, job) = (name.as_str().unwrap(), map(job, "a job"));
        let has = keys(job, GITLAB, &format!("{path}: {name}"));
        assert!(has.contains(&"script") != name.starts_with('.'), "{path}: {name} has {has:?}");
        if let Some(from) = job.get("extends") {
            assert!(template.contains_key(from), "{path}: {name} extends {from:?}");
        }
        for line in job.get("script").and_then(Value::as_sequence).into_iter().flatten() {
            let line = line.as_str().unwrap_or_else(|| panic!("{path}: {name}: {line:?} is no text"));
            if line.contains("watershed ") {
                run(&folder, line);
                run_here += 1;
            }
        }
    }
    assert_eq!(run_here, 4);
    assert!(std::fs::read_to_string(folder.at("diff.txt")).unwrap().contains("No differences in 1 object"));
    assert_eq!(template[".watershed"]["variables"]["GIT_DEPTH"], "0");
    assert!(folder.at("review.md").exists());
}

const REVIEWS: &str = "sh -c 'watershed review || test $? -eq 4'";

/// Pull requests run nothing that has credentials; what runs is compared with what is checked in on the main branch alone.
#[test]
fn the_workflow_that_reads_clusters_for_github_runs_on_the_main_branch_alone() {
    let path = "examples/ci/github/watershed-live.yml";
    let workflow = parse(path);
    let on: Vec<&str> = keys(map(&workflow["on"], "on"), &["push", "schedule"], path);
    assert_eq!((on.len(), &workflow["on"]["push"]["branches"][0]), (2, &Value::from("main")));
    let scripts = scripts(&steps_of(&workflow, path));
    assert_eq!(scripts.len(), 1, "{scripts:?}");
    let folder = branch();
    run(&folder, &scripts[0]);
    let told = std::fs::read_to_string(folder.at("diff.txt")).unwrap();
    assert!(told.contains("No differences in 1 object"), "{told}");
}

/// The branch that mends a base which does not compile must be able to pass, and one that does not compile must not.
#[test]
fn a_branch_that_mends_its_base_passes_and_a_broken_one_does_not() {
    let scripts = |path: &str| -> Vec<String> {
        let file = parse(path);
        match file.get("watershed-review") {
            Some(job) => vec![job["script"][0].as_str().unwrap().to_owned()],
            None => scripts(&steps_of(&file, path)).into_iter().filter(|s| s.contains("watershed review")).collect(),
        }
    };
    let mut all = vec![REVIEWS.to_owned()];
    all.extend(scripts("examples/ci/github/watershed.yml"));
    all.extend(scripts("examples/ci/gitlab/watershed.gitlab-ci.yml"));
    assert_eq!(all.len(), 3);
    for script in all {
        let folder = branch();
        folder.write("fleet.kdl", "fleet \"lab\" language=1 {\n");
        let broken = git::commit(folder.path(), "Broken").unwrap();
        let repository = git2::Repository::open(folder.path()).unwrap();
        repository.reference("refs/remotes/origin/main", broken, true, "").unwrap();
        assert_ne!(ends(&folder, &script).0, Some(0), "{script}: broken");
        folder.write("fleet.kdl", FLEET);
        git::commit(folder.path(), "Mended").unwrap();
        let (code, said) = ends(&folder, &script);
        assert_eq!(code, Some(0), "{script}: mended\n{said}");
    }
}

#[test]
fn the_hooks_run_as_they_stand() {
    let path = "examples/ci/pre-commit/.pre-commit-config.yaml";
    let config = parse(path);
    keys(&config, &["repos"], path);
    let folder = branch();
    let mut entries = Vec::new();
    for repository in config["repos"].as_sequence().unwrap() {
        assert_eq!(repository["repo"], "local");
        for hook in repository["hooks"].as_sequence().unwrap() {
            let known =
                ["id", "name", "entry", "language", "files", "pass_filenames", "always_run", "verbose", "stages"];
            let has = keys(map(hook, "a hook"), &known, path);
            assert!(["id", "name", "entry", "language"].iter().all(|k| has.contains(k)), "{path}: {has:?}");
            let entry = hook["entry"].as_str().unwrap();
            run(&folder, entry);
            entries.push(entry.to_owned());
        }
    }
    assert_eq!(entries, ["watershed fmt --check", "watershed check", "watershed build --check", REVIEWS]);
}

/// An output that is out of date, or a spec with an error, stops each of them.
#[test]
fn what_is_wrong_stops_the_build() {
    let folder = branch();
    folder.write("fleet.kdl", &FLEET.replace("nodes=3", "nodes=7"));
    let ended = |args: &[&str]| crate::support::steps::binary(folder.path(), args).status.code();
    assert_eq!(ended(&["build", "--check"]), Some(2));
    folder.write("fleet.kdl", "fleet \"lab\" language=1\n");
    assert_eq!((ended(&["check"]), ended(&["review", "origin/main...HEAD"])), (Some(3), Some(0)));
    assert_eq!(ended(&["review"]), Some(3));
}

/// What a role lets do: verb, group and resource; of paths the group `/`.
type Rights = BTreeSet<(String, String, String)>;

fn rights(role: &serde_json::Value) -> Rights {
    let texts = |rule: &serde_json::Value, key: &str| -> Vec<String> {
        rule[key].as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = Rights::new();
    for rule in role["rules"].as_array().unwrap() {
        for verb in texts(rule, "verbs") {
            let paths = texts(rule, "nonResourceURLs").into_iter().map(|path| ("/".to_owned(), path));
            let resources = texts(rule, "apiGroups")
                .into_iter()
                .flat_map(|group| texts(rule, "resources").into_iter().map(move |resource| (group.clone(), resource)));
            rights.extend(resources.chain(paths).map(|(group, resource)| (verb.clone(), group, resource)));
        }
    }
    rights
}

/// Of a file of `examples/ci/`.
fn roles(path: &str) -> Vec<serde_json::Value> {
    let text = read(path);
    serde_yaml::Deserializer::from_str(&text).map(|one| serde::Deserialize::deserialize(one).unwrap()).collect()
}

/// What doing something with these kinds takes.
fn with(verbs: &[&str], kinds: impl Iterator<Item = (&'static str, &'static str)>) -> Rights {
    let kinds: Vec<_> = kinds.collect();
    let plural = |kind: &str| {
        let kind = kind.to_lowercase();
        match kind.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if kind == "endpoints" => kind,
            None if kind.ends_with('s') => format!("{kind}es"),
            None => format!("{kind}s"),
        }
    };
    let one = |verb: &str, (api_version, kind): (&str, &str)| {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        (verb.to_owned(), group.to_owned(), plural(kind))
    };
    verbs.iter().flat_map(|verb| kinds.iter().map(move |kind| one(verb, *kind))).collect()
}

/// `examples/ci/read-only.yaml` lets list what is emitted or may be in `raw` files, and nothing else.
#[test]
fn the_role_for_reading_clusters_lists_every_kind_that_is_looked_for() {
    let [role] = &roles("examples/ci/read-only.yaml")[..] else { panic!("one role") };
    assert_eq!(rights(role), with(&["list"], watershed::pipeline::searched()));
}

/// `examples/ci/apply.yaml` lets make and change what is emitted, hand out what emitted roles grant, and, by a role of its
/// own, delete what `--prune` may delete.
#[test]
fn the_roles_for_applying_let_do_what_it_takes_and_no_more() {
    let [apply, prune] = &roles("examples/ci/apply.yaml")[..] else { panic!("two roles") };
    let kinds = watershed::emit::KINDS.iter().copied();
    let by_hand = ["Alertmanager", "Namespace", "Prometheus", "StatefulSet"];
    let deleted = kinds.clone().filter(|(_, kind)| !by_hand.contains(kind));
    assert_eq!(rights(prune), with(&["delete"], deleted));

    let mut granted = Rights::new();
    for (path, bytes) in crate::support::library::files("output") {
        if path.ends_with(".yaml") && (path.contains("/clusterrole-") || path.contains("/role-")) {
            granted.extend(rights(&serde_yaml::from_slice(&bytes).unwrap()));
        }
    }
    assert!(granted.len() > 60, "{granted:?}");
    let allowed = rights(apply);
    let mut needed = with(&["create", "patch"], kinds.clone());
    needed.extend(with(&["list"], watershed::pipeline::searched()));
    let covers = |(verb, group, resource): &(String, String, String)| {
        let starred = format!("{}/*", resource.rsplit_once('/').map_or("", |(parent, _)| parent));
        let by = |resource: &str| allowed.contains(&(verb.clone(), group.clone(), resource.to_owned()));
        by(resource) || (group == "/" && by(&starred))
    };
    let lacking: Vec<_> = needed.iter().chain(&granted).filter(|right| !covers(right)).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
    let more: Vec<_> =
        allowed.difference(&needed).filter(|(verb, ..)| !matches!(verb.as_str(), "get" | "list" | "watch")).collect();
    assert!(more.is_empty(), "it may change what is not ours: {more:?}");
    let no_secret = |rights: &Rights| rights.iter().all(|(_, _, resource)| resource != "secrets" && resource != "*");
    assert!(no_secret(&allowed) && no_secret(&rights(prune)));
}

/// Where left-over objects are looked for is where we put any.
#[test]
fn every_kind_in_the_output_is_looked_for_in_clusters() {
    let mut seen = 0;
    for (path, text) in
        crate::support::library::files("output").into_iter().filter(|(path, _)| path.ends_with("index.json"))
    {
        let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
        for object in index["objects"].as_array().into_iter().flatten() {
            let (api_version, kind) =
                (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap());
            let known = watershed::pipeline::searched().any(|known| known == (api_version, kind));
            assert!(known || kind == watershed::emit::VALUES, "{path}: {kind} of {api_version} is not looked for");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}
