//! Checks of the cache itself, with components that are shell scripts: no network, no registry, no
//! time. They run whenever the suite is started, also where it is skipped.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::cache::{Cache, Program, Wanted};
use super::{Assets, COMPONENTS, command, debian};
use crate::trouble::{Trouble, failed};

type Done = Result<(), Trouble>;
/// Gets an empty folder.
type Check = fn(&Path) -> Done;

const PROGRAMS: &[Program] =
    &[Program { name: "thing", path: "bin/thing", ask: &["--version"], says: "thing, version 1." }];
const WANTED: Wanted = Wanted { name: "thing", version: "1.2", recipe: 7, programs: PROGRAMS };
const WORKS: &str = "#!/bin/sh\necho thing, version 1.2.3\n";

/// Every check with its name and how it ended.
pub fn self_checks() -> Vec<(&'static str, Done)> {
    const CHECKS: &[(&str, Check)] = &[
        ("what is missing is installed once", installed_once),
        ("a failed installation leaves nothing, and is tried again", failed_installation),
        ("a long failure is shown from its end, and kept whole", long_failure),
        ("what an interrupted run left is removed", interrupted),
        ("a component that was never completed is installed again", never_completed),
        ("a program that no longer runs is installed again", broken),
        ("a program of another version is not kept", another_version),
        ("a changed recipe installs again", changed_recipe),
        ("other versions are removed, nothing else is", pruned),
        ("two runs do not install at once", locked),
        ("a cache that can't be written is told", unwritable),
        ("a missing tool is named, and what for", missing_tool),
        ("given assets replace etcd and the API server", assets),
        ("given assets that are not whole are told", broken_assets),
        ("a Debian version is read and ordered as upstream's", debian::versions_are_read),
    ];
    let ended = |check: Check| {
        let folder = tempfile::tempdir().map_err(failed("making a temporary folder"))?;
        check(folder.path())
    };
    CHECKS.iter().map(|(name, check)| (*name, ended(*check))).collect()
}

fn installed_once(folder: &Path) -> Done {
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.starts_with("thing 1.2: installing\nthing 1.2: 1.2.3-1 installed in "), &said)?;
    let said = keep(folder, &WANTED, "exit 1")?;
    expect(said.is_empty(), &said)
}

fn failed_installation(folder: &Path) -> Done {
    let cache = Cache::open(folder, &mut |_| {})?;
    let refused = cache.keep(&WANTED, &mut |_| {}, |into| {
        write(&into.join("bin/half"), "half of it")?;
        Err(Trouble::new("the mirror is away").said("404 Not Found"))
    });
    let told = trouble_of(refused)?;
    expect(
        told.contains("thing 1.2") && told.contains("the mirror is away") && told.contains("| 404 Not Found"),
        &told,
    )?;
    expect(!folder.join("thing-1.2").exists(), "there is a folder")?;
    drop(cache);
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.contains("1.2.3-1 installed"), &said)?;
    expect(!folder.join("thing-1.2/bin/half").exists(), "the half is among the whole")
}

fn long_failure(folder: &Path) -> Done {
    let cache = Cache::open(folder, &mut |_| {})?;
    let lines: Vec<String> = (1..=100).map(|n| format!("line {n}")).collect();
    let refused = cache.keep(&WANTED, &mut |_| {}, |_| Err(Trouble::new("no").said(lines.join("\n"))));
    let told = trouble_of(refused)?;
    expect(told.contains("| line 100") && !told.contains("| line 1\n") && told.contains("thing-1.2.log"), &told)?;
    let log = fs::read_to_string(folder.join("thing-1.2.log")).map_err(failed("reading the log"))?;
    expect(log.starts_with("line 1\n"), &log)
}

fn interrupted(folder: &Path) -> Done {
    write(&folder.join("staging/thing-1.2/bin/thing"), "half of it")?;
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.starts_with("an earlier run was interrupted"), &said)?;
    expect(said.contains("1.2.3-1 installed"), &said)
}

fn never_completed(folder: &Path) -> Done {
    keep(folder, &WANTED, WORKS)?;
    fs::remove_file(folder.join("thing-1.2/ready")).map_err(failed("removing the stamp"))?;
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.contains("never completed") && said.contains("1.2.3-1 installed"), &said)
}

fn broken(folder: &Path) -> Done {
    keep(folder, &WANTED, WORKS)?;
    let program = folder.join("thing-1.2/bin/thing");
    let fails = "#!/bin/sh\necho damaged >&2\nexit 3\n##";
    expect(fails.len() == WORKS.len(), "the broken one is not of the same size")?;
    write(&program, fails)?;
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.contains("`thing` does not run") && said.contains("| damaged"), &said)?;
    expect(said.contains("installing it again") && said.contains("1.2.3-1 installed"), &said)?;
    write(&program, "")?;
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.contains("not as large as it was") && said.contains("1.2.3-1 installed"), &said)?;
    fs::remove_file(folder.join("thing-1.2/bin/thing")).map_err(failed("removing the program"))?;
    let said = keep(folder, &WANTED, WORKS)?;
    expect(said.contains("installing it again"), &said)
}

fn another_version(folder: &Path) -> Done {
    let cache = Cache::open(folder, &mut |_| {})?;
    let newer = "#!/bin/sh\necho thing, version 2.0\n";
    let told = trouble_of(cache.keep(&WANTED, &mut |_| {}, |into| install(into, newer)))?;
    expect(told.contains("thing, version 1.") && told.contains("| thing, version 2.0"), &told)?;
    expect(!folder.join("thing-1.2").exists(), "it was kept")
}

fn changed_recipe(folder: &Path) -> Done {
    keep(folder, &WANTED, WORKS)?;
    let said = keep(folder, &Wanted { recipe: 8, ..WANTED }, WORKS)?;
    expect(said.contains("in another way") && said.contains("1.2.3-1 installed"), &said)
}

fn pruned(folder: &Path) -> Done {
    for name in ["thing-1.1", "thing-1.2", "thing-else-1.1", "things-1.1", "other-1.1"] {
        write(&folder.join(name).join("bin/thing"), WORKS)?;
    }
    let mut said = String::new();
    let cache = Cache::open(folder, &mut |_| {})?;
    cache.prune(&[WANTED], &mut |line| said += line)?;
    expect(said == "thing-1.1: another version is wanted now; removed", &said)?;
    let left: Vec<String> = fs::read_dir(folder)
        .map_err(failed("reading the cache"))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.contains('-'))
        .collect();
    expect(left.len() == 4 && !left.contains(&"thing-1.1".to_owned()), &left.join(" "))
}

fn locked(folder: &Path) -> Done {
    let first = Cache::open(folder, &mut |_| {})?;
    write(&folder.join("staging/of-the-first"), "")?;
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let second = scope.spawn(move || Cache::open(folder, &mut |line| drop(tell.send(line.to_owned()))).map(drop));
        let line = told.recv_timeout(Duration::from_secs(10)).map_err(failed("the second run said nothing"))?;
        expect(line.starts_with("another run is installing into"), &line)?;
        expect(!second.is_finished(), "the second run did not wait")?;
        expect(folder.join("staging/of-the-first").exists(), "the second run removed what the first is installing")?;
        drop(first);
        second.join().map_err(|_| Trouble::new("the second run panicked"))?
    })
}

fn unwritable(folder: &Path) -> Done {
    // A file where the folder should be: permissions would not stop root.
    write(&folder.join("cache"), "")?;
    let told = trouble_of(Cache::open(&folder.join("cache/real"), &mut |_| {}))?;
    expect(told.contains("can't be made") && told.contains("cache/real"), &told)
}

fn missing_tool(_: &Path) -> Done {
    let told = trouble_of(command::run(&mut Command::new("no-such-tool"), "etcd and others"))?;
    expect(told == "`no-such-tool` is not on this machine, and is needed for etcd and others", &told)
}

fn assets(folder: &Path) -> Done {
    script(&folder.join("etcd"), "#!/bin/sh\necho etcd Version: 3.6.1\n")?;
    script(&folder.join("kube-apiserver"), "#!/bin/sh\necho Kubernetes v1.34.0\n")?;
    let given = Assets::of(Some(folder.as_os_str().to_owned()))?;
    let replaced: Vec<&str> = COMPONENTS.iter().filter(|c| given.replace(c)).map(|c| c.name).collect();
    expect(replaced == ["etcd", "kube-apiserver"], &replaced.join(" "))?;
    script(&folder.join("kubectl"), "#!/bin/sh\necho Client Version: v1.34.0\n")?;
    let part = Assets::of(Some(folder.as_os_str().to_owned()))?.part();
    expect(part.is_some_and(|part| part.programs().count() == 3), "kubectl is not taken")
}

fn broken_assets(folder: &Path) -> Done {
    script(&folder.join("etcd"), "#!/bin/sh\necho etcd Version: 3.6.1\n")?;
    let told = trouble_of(Assets::of(Some(folder.as_os_str().to_owned())))?;
    expect(told.contains("KUBEBUILDER_ASSETS is set to") && told.contains("kube-apiserver"), &told)
}

/// Opens the cache and keeps what is wanted, as a run does; what was reported, a line each.
fn keep(folder: &Path, wanted: &Wanted, program: &str) -> Result<String, Trouble> {
    let mut said = String::new();
    let mut report = |line: &str| said += &format!("{line}\n");
    let cache = Cache::open(folder, &mut report)?;
    let kept = cache.keep(wanted, &mut report, |into| install(into, program))?;
    cache.sweep()?;
    expect(kept.version == "1.2.3-1" && kept.folder == folder.join("thing-1.2"), &kept.version)?;
    expect(!folder.join("staging").exists(), "the staging folder is still there")?;
    Ok(said)
}

fn install(into: &Path, program: &str) -> Result<String, Trouble> {
    write(&into.join("bin/thing"), program)?;
    Ok("1.2.3-1".to_owned())
}

fn script(path: &Path, text: &str) -> Done {
    write(path, text)?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).map_err(failed("making it executable"))
}

fn write(path: &Path, text: &str) -> Done {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text)).map_err(failed(format!("writing {}", path.display())))
}

fn trouble_of<T>(result: Result<T, Trouble>) -> Result<String, Trouble> {
    match result {
        Ok(_) => Err(Trouble::new("it went well, and should not")),
        Err(trouble) => Ok(trouble.to_string()),
    }
}

fn expect(holds: bool, found: &str) -> Done {
    if holds { Ok(()) } else { Err(Trouble::new("not as it should be").said(found)) }
}
