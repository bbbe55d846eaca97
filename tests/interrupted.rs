//! Builds that do not come to their end: killed, interrupted, out of space, on a disk that is
//! read-only. Every file is old or new, nothing of anybody else is touched, and the next build
//! completes what was begun.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::library::{Files, of};
use crate::support::{Folder, steps};

const CLUSTERS: usize = 40;
const ROUNDS: u32 = 12;

/// A fleet; `generation` changes something in every cluster.
fn fleet(clusters: usize, generation: u32) -> String {
    let mut out = format!(
        "fleet \"many\" language=1 {{\n    versions kubernetes=\"1.34\"\n    alerts \"platform\"\n    prometheus \"main\" {{\n        \
         rest\n        retention \"{}d\"\n        storage \"50Gi\"\n    }}\n}}\n\
         alertmanager \"platform\" service=\"monitoring/alertmanager-main\"\n",
        7 + generation
    );
    for i in 0..clusters {
        out.push_str(&format!("cluster \"c-{i}\" nodes={} pods=90\n", 3 + i));
    }
    out
}

#[test]
fn a_build_that_is_killed_leaves_every_file_old_or_new() {
    let folder = Folder::new();
    let specs = [fleet(CLUSTERS, 0), fleet(CLUSTERS, 1)];
    let mut trees: Vec<Files> = Vec::new();
    for spec in &specs {
        folder.write("fleet.kdl", spec);
        let ended = steps::binary(folder.path(), &["build", "--out", "whole"]);
        assert!(ended.status.success(), "{}", ended.stderr);
        trees.push(of(&folder, "whole"));
        std::fs::remove_dir_all(folder.at("whole")).unwrap();
    }
    let ours = "output/many/c-0/notes.txt";
    let (mut killed, mut mixed) = (0, 0);
    for round in 0..ROUNDS {
        let (before, now) = (trees[(round as usize + 1) % 2].clone(), &trees[round as usize % 2]);
        folder.write("fleet.kdl", &specs[round as usize % 2]);
        // Every fifth build begins with nothing.
        let first = round % 5 == 0;
        if first && folder.at("output").exists() {
            std::fs::remove_dir_all(folder.at("output")).unwrap();
        }
        let signal = if round % 4 < 2 { Signal::KILL } else { Signal::INT };
        // The moment is when a certain file is new: each round another one, of early and late clusters.
        let watched = format!("many/c-{}/20-prometheus/prometheus-main.yaml", round as usize * 7 % CLUSTERS);
        let mut child = Command::new(env!("CARGO_BIN_EXE_watershed"))
            .args(["build"])
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while std::fs::read(folder.at(&format!("output/{watched}"))).ok().as_ref() != Some(&now[&watched])
            && started.elapsed() < Duration::from_secs(60)
            && child.try_wait().unwrap().is_none()
        {
            std::thread::sleep(Duration::from_micros(100));
        }
        // Not yet waited for, its id is still its own.
        if child.try_wait().unwrap().is_none() {
            kill_process(Pid::from_child(&child), signal).unwrap();
        }
        let status = child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(signal.as_raw()), "{status}");
        killed += usize::from(!status.success());

        let left = of(&folder, "output");
        let mut states = BTreeMap::new();
        for (path, bytes) in left.iter().filter(|(p, _)| visible(p) && format!("output/{p}") != ours) {
            let state = match () {
                () if now.get(path) == Some(bytes) && before.get(path) == Some(bytes) && !first => "both",
                () if now.get(path) == Some(bytes) => "new",
                () if before.get(path) == Some(bytes) && !first => "old",
                () => panic!("round {round}: {path} is neither old nor new"),
            };
            *states.entry(state).or_insert(0) += 1;
        }
        mixed += usize::from(states.contains_key("old") && states.contains_key("new"));

        let check = steps::binary(folder.path(), &["build", "--check"]);
        let complete = now.iter().all(|(path, bytes)| left.get(path) == Some(bytes));
        assert_eq!(
            check.status.code(),
            Some(if complete { 0 } else { 2 }),
            "round {round}: {}{}",
            check.stdout,
            check.stderr
        );

        let again = steps::binary(folder.path(), &["build"]);
        assert!(again.status.success(), "round {round}: {}{}", again.stdout, again.stderr);
        let mut healed = of(&folder, "output");
        healed.retain(|path, _| visible(path));
        if first {
            folder.write(ours, "mine\n");
        } else {
            assert_eq!(healed.remove("many/c-0/notes.txt").as_deref(), Some(&b"mine\n"[..]), "round {round}");
        }
        let wrong = crate::support::library::differing(&healed, now);
        assert!(wrong.is_empty(), "round {round}: {wrong:?}");
    }
    assert!(killed >= 4 && mixed >= 1, "only {killed} builds were cut short, and {mixed} left a mixture");
    eprintln!("{killed} of {ROUNDS} builds were cut short, {mixed} left a mixture");
}

/// Temporary files and the lock have hidden names, and are nobody's output.
fn visible(path: &str) -> bool {
    !path.split('/').any(|part| part.starts_with('.'))
}

/// Runs a script with a small disk of its own mounted at `output`, which is copied to `seen` at the
/// end. `None` where this machine lets nobody mount one.
fn on_a_small_disk(folder: &Folder, size: &str, script: &str) -> Option<String> {
    std::fs::create_dir_all(folder.at("output")).unwrap();
    let whole = format!(
        "mount -t tmpfs -o size={size} none output || exit 99\n\
         build() {{ \"$WATERSHED\" build --out output; echo \"[exit $?]\"; }}\n{script}\ncp -r output seen"
    );
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &whole])
        .current_dir(folder.path())
        .env("WATERSHED", env!("CARGO_BIN_EXE_watershed"))
        .env_remove("COLUMNS")
        .output();
    match ran {
        Ok(ran) if ran.status.code() == Some(99) || (!ran.status.success() && ran.stdout.is_empty()) => {
            eprintln!("not tested: this machine lets nobody mount a disk: {}", String::from_utf8_lossy(&ran.stderr));
            None
        }
        Ok(ran) => Some(String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned()),
        Err(e) => {
            eprintln!("not tested: no `unshare` here: {e}");
            None
        }
    }
}

#[test]
fn a_full_disk_stops_the_build_and_leaves_what_was_there() {
    let folder = Folder::new();
    folder.write("fleet.kdl", &fleet(1, 0));
    folder.write("larger.kdl", &fleet(40, 0));
    let Some(said) = on_a_small_disk(&folder, "400k", "build; mv larger.kdl fleet.kdl; build") else { return };
    assert!(said.contains("[exit 0]") && said.contains("[exit 1]"), "{said}");
    assert!(said.contains("OUT104"), "{said}");
    assert!(said.contains("help: free some space and build again"), "{said}");
    let seen = of(&folder, "seen");
    let kept = seen.keys().filter(|p| p.starts_with("many/c-0/")).count();
    assert!(kept > 25, "{:?}", seen.keys());
    // New folders appear whole or not at all.
    for i in 1..40 {
        let files = seen.keys().filter(|p| p.starts_with(&format!("many/c-{i}/")) && visible(p)).count();
        assert!(files == 0 || files == kept, "c-{i} has {files} of {kept} files");
    }
}

#[test]
fn a_read_only_disk_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    folder.write("fleet.kdl", &fleet(1, 0));
    folder.write("other.kdl", &fleet(1, 3));
    let script = "build; mount -o remount,ro output; mv other.kdl fleet.kdl; build";
    let Some(said) = on_a_small_disk(&folder, "2m", script) else { return };
    assert!(said.contains("[exit 0]") && said.contains("[exit 1]"), "{said}");
    assert!(said.contains("OUT105"), "{said}");
    assert!(said.contains("read-only"), "{said}");
    let seen = of(&folder, "seen");
    let old = String::from_utf8(seen["many/c-0/20-prometheus/prometheus-main.yaml"].clone()).unwrap();
    assert!(old.contains("retention: 7d"), "{old}");
}
