//! The contract of writing, against a real file system, with faults injected.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::world::{Committed, Fingerprint, WriteSet};

const FOLDER: &str = "acme/edge-1";

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> String {
        self.dir.path().join("output").to_str().unwrap().to_owned()
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join("output").join(path)
    }

    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble> {
        Os.output(&self.root(), Access::Write)?.commit(set)
    }

    fn holds(&self, access: Access, files: &[(String, Fingerprint)]) -> bool {
        Os.output(&self.root(), access).unwrap().holds(FOLDER, files)
    }

    /// Every file below the root, hidden ones too, with its text.
    fn tree(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(&self.dir.path().join("output"), "", &mut found);
        found.sort();
        found
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push((path, fs::read_to_string(entry.path()).unwrap_or_default()));
        }
    }
}

fn set<'a>(files: &[(&str, &'a str)], index: &'a str, owned: &[(&str, &str)]) -> WriteSet<'a> {
    WriteSet {
        folder: FOLDER,
        files: files.iter().map(|(p, text)| ((*p).to_owned(), text.as_bytes())).collect(),
        index: Some(("index.json".to_owned(), index.as_bytes())),
        owned: owned.iter().map(|(p, text)| ((*p).to_owned(), Fingerprint::of(text.as_bytes()))).collect(),
    }
}

#[test]
fn a_new_folder_appears_whole_and_a_second_build_touches_nothing() {
    let place = Place::new();
    let first = set(&[("00-prereq/ns.yaml", "a"), ("README.md", "b")], "i", &[]);
    assert_eq!(place.commit(&first).unwrap().written, ["00-prereq/ns.yaml", "README.md", "index.json"]);
    let before = fs::metadata(place.path("acme/edge-1/README.md")).unwrap();
    let again = place.commit(&first).unwrap();
    assert_eq!(again, Committed { unchanged: 3, ..Committed::default() });
    let after = fs::metadata(place.path("acme/edge-1/README.md")).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(place.tree().len(), 3, "nothing temporary stays: {:?}", place.tree());
}

#[test]
fn a_change_replaces_removes_and_keeps() {
    let place = Place::new();
    place
        .commit(&set(&[("s/a.yaml", "1"), ("s/b.yaml", "1"), ("t/c.yaml", "1"), ("t/d.yaml", "1")], "i", &[]))
        .unwrap();
    fs::write(place.path("acme/edge-1/t/c.yaml"), "edited").unwrap();
    fs::write(place.path("acme/edge-1/t/foreign.yaml"), "mine").unwrap();
    let owned = [("s/a.yaml", "1"), ("s/b.yaml", "1"), ("t/c.yaml", "1"), ("t/d.yaml", "1"), ("index.json", "i")];
    let done = place.commit(&set(&[("s/a.yaml", "2"), ("u/e.yaml", "1")], "j", &owned)).unwrap();
    assert_eq!(done.written, ["s/a.yaml", "u/e.yaml", "index.json"]);
    assert_eq!(done.removed, ["s/b.yaml", "t/d.yaml"]);
    assert_eq!(done.kept, ["t/c.yaml"]);
    let names: Vec<String> = place.tree().into_iter().map(|(p, _)| p).collect();
    let expected = ["index.json", "s/a.yaml", "t/c.yaml", "t/foreign.yaml", "u/e.yaml"];
    assert_eq!(names, expected.map(|p| format!("{FOLDER}/{p}")));
}

#[test]
fn a_folder_that_becomes_empty_goes() {
    let place = Place::new();
    place.commit(&set(&[("s/a.yaml", "1"), ("t/b.yaml", "1")], "i", &[])).unwrap();
    place.commit(&set(&[("s/a.yaml", "1")], "j", &[("t/b.yaml", "1"), ("index.json", "i")])).unwrap();
    assert!(!place.path("acme/edge-1/t").exists());
}

#[test]
fn looking_makes_and_changes_nothing() {
    let place = Place::new();
    let wanted = set(&[("a.yaml", "1")], "i", &[]);
    let done = Os.output(&place.root(), Access::Look).unwrap().commit(&wanted).unwrap();
    assert_eq!(done.written, ["a.yaml", "index.json"]);
    assert!(!place.path("").exists());
    place.commit(&wanted).unwrap();
    let changed = set(&[("a.yaml", "2")], "j", &[("a.yaml", "1"), ("index.json", "i")]);
    let done = Os.output(&place.root(), Access::Look).unwrap().commit(&changed).unwrap();
    assert_eq!(done.written, ["a.yaml", "index.json"]);
    assert_eq!(place.tree()[0].1, "1");
}

#[test]
fn a_foreign_file_in_the_way_stops_the_folder_before_anything_is_written() {
    let place = Place::new();
    fs::create_dir_all(place.path("acme/edge-1/s")).unwrap();
    fs::write(place.path("acme/edge-1/s/b.yaml"), "mine").unwrap();
    let before = place.tree();
    let trouble = place.commit(&set(&[("s/a.yaml", "1"), ("s/b.yaml", "1")], "i", &[])).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Foreign);
    assert!(trouble.path.ends_with("output/acme/edge-1/s/b.yaml"), "{trouble}");
    assert_eq!(place.tree(), before);
    // One with the same bytes is no loss to anybody.
    assert!(place.commit(&set(&[("s/a.yaml", "1"), ("s/b.yaml", "mine")], "i", &[])).is_ok());
}

#[test]
fn symlinks_are_refused_wherever_they_stand() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a.yaml"), "1").unwrap();
    let wanted = set(&[("s/a.yaml", "2")], "i", &[("s/a.yaml", "1")]);
    for link in ["", "acme", "acme/edge-1", "acme/edge-1/s", "acme/edge-1/s/a.yaml"] {
        let place = Place::new();
        let at = place.dir.path().join("output").join(link);
        let at = if link.is_empty() { place.dir.path().join("output") } else { at };
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        let to = if link.ends_with(".yaml") { outside.path().join("a.yaml") } else { outside.path().to_owned() };
        symlink(to, at).unwrap();
        assert_eq!(place.commit(&wanted).unwrap_err().kind, TroubleKind::Symlink, "{link:?}");
        // A trailing slash must not make a difference.
        let slashed = Os.output(&format!("{}/", place.root()), Access::Write).and_then(|o| o.commit(&wanted));
        assert_eq!(slashed.unwrap_err().kind, TroubleKind::Symlink, "{link:?}");
    }
    assert_eq!(fs::read_to_string(outside.path().join("a.yaml")).unwrap(), "1");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_file_where_a_folder_must_stand_is_named() {
    let place = Place::new();
    place.commit(&set(&[("a.yaml", "1")], "i", &[])).unwrap();
    fs::write(place.path("acme/edge-1/s"), "a file").unwrap();
    let before = place.tree();
    let trouble = place.commit(&set(&[("a.yaml", "2"), ("s/b.yaml", "1")], "j", &[("a.yaml", "1")])).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Foreign, "{trouble}");
    assert_eq!(place.tree(), before);
}

#[test]
fn a_folder_where_a_file_must_stand_is_named() {
    let place = Place::new();
    place.commit(&set(&[("a.yaml", "1")], "i", &[])).unwrap();
    fs::create_dir(place.path("acme/edge-1/b.yaml")).unwrap();
    let trouble = place.commit(&set(&[("a.yaml", "2"), ("b.yaml", "1")], "j", &[("a.yaml", "1")])).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::NotAFile, "{trouble}");
    assert_eq!(place.tree()[0].1, "1");
}

#[test]
fn a_second_build_is_locked_out_until_the_first_ends() {
    let place = Place::new();
    let first = Os.output(&place.root(), Access::Write).unwrap();
    assert_eq!(Os.output(&place.root(), Access::Write).err().unwrap().kind, TroubleKind::Locked);
    assert!(Os.output(&place.root(), Access::Look).is_ok());
    drop(first);
    assert!(Os.output(&place.root(), Access::Write).is_ok());
}

#[test]
fn leftovers_of_a_killed_build_go_and_its_files_are_known() {
    let place = Place::new();
    place.commit(&set(&[("s/a.yaml", "1"), ("s/b.yaml", "1")], "i", &[])).unwrap();
    // As after a kill between the renames of a build that added x, changed a and was to remove b.
    fs::create_dir_all(place.path("acme/.watershed-new-edge-2/s")).unwrap();
    fs::write(place.path("acme/.watershed-new-edge-2/s/a.yaml"), "half").unwrap();
    fs::write(place.path("acme/edge-1/s/.watershed-tmp-3"), "half").unwrap();
    fs::write(place.path("acme/edge-1/s/a.yaml"), "2").unwrap();
    fs::write(place.path("acme/edge-1/s/x.yaml"), "1").unwrap();
    let note = [("s/a.yaml", "2"), ("s/x.yaml", "1"), ("s/b.yaml", "1")]
        .map(|(p, t)| (p.to_owned(), Fingerprint::of(t.as_bytes())));
    fs::write(place.path("acme/edge-1/.watershed-pending"), crate::world::pending::write(&note)).unwrap();
    // The next build wants another x, and a gone.
    let owned = [("s/a.yaml", "1"), ("s/b.yaml", "1"), ("index.json", "i")];
    let done = place.commit(&set(&[("s/x.yaml", "2")], "k", &owned)).unwrap();
    assert_eq!((done.removed.len(), done.kept.len()), (2, 0), "{done:?}");
    let expected = [("acme/edge-1/index.json", "k"), ("acme/edge-1/s/x.yaml", "2")];
    assert_eq!(place.tree(), expected.map(|(p, t)| (p.to_owned(), t.to_owned())));
}

#[test]
fn a_note_that_never_counted_goes_even_where_nothing_else_changes() {
    let place = Place::new();
    let wanted = set(&[("a.yaml", "1")], "i", &[]);
    place.commit(&wanted).unwrap();
    fs::write(place.path("acme/edge-1/.watershed-tmp-note"), "half").unwrap();
    assert_eq!(place.commit(&wanted).unwrap().unchanged, 2);
    assert_eq!(place.tree().len(), 2);
}

#[test]
fn a_folder_holds_its_files_until_one_is_touched_or_a_build_is_cut_short() {
    let place = Place::new();
    place.commit(&set(&[("s/a.yaml", "1"), ("s/b.yaml", "2")], "i", &[])).unwrap();
    let files = [("s/a.yaml", "1"), ("s/b.yaml", "2"), ("index.json", "i")]
        .map(|(p, t)| (p.to_owned(), Fingerprint::of(t.as_bytes())));
    let holds = || place.holds(Access::Look, &files);
    assert!(holds() && place.holds(Access::Write, &files));
    for left in [".watershed-pending", ".watershed-tmp-note"] {
        fs::write(place.path("acme/edge-1").join(left), "").unwrap();
        assert!(!holds(), "{left}");
        fs::remove_file(place.path("acme/edge-1").join(left)).unwrap();
    }
    fs::write(place.path("acme/edge-1/s/a.yaml"), "3").unwrap();
    assert!(!holds());
    fs::remove_file(place.path("acme/edge-1/s/a.yaml")).unwrap();
    assert!(!holds());
    symlink("b.yaml", place.path("acme/edge-1/s/a.yaml")).unwrap();
    assert!(!holds());
    assert!(!Os.output(&place.root(), Access::Look).unwrap().holds("acme/edge-2", &files));
}

#[test]
fn a_write_that_fails_halfway_leaves_the_old_tree_and_no_leftovers() {
    let place = Place::new();
    let one = [("s/a.yaml", "1"), ("s/b.yaml", "1"), ("index.json", "i")];
    place.commit(&set(&one[..2], "i", &[])).unwrap();
    let before = place.tree();
    // Stands where the second temporary file has to be made, as a full disk would.
    fs::create_dir(place.path("acme/edge-1/s/.watershed-tmp-1")).unwrap();
    place.commit(&set(&[("s/a.yaml", "2"), ("s/b.yaml", "2")], "j", &one)).unwrap_err();
    fs::remove_dir(place.path("acme/edge-1/s/.watershed-tmp-1")).unwrap();
    assert_eq!(place.tree(), before);
    assert!(place.commit(&set(&[("s/a.yaml", "2"), ("s/b.yaml", "2")], "j", &one)).is_ok());
}

#[test]
fn a_full_device_and_a_read_only_one_are_told_apart() {
    assert_eq!(trouble("x", rustix::io::Errno::NOSPC).kind, TroubleKind::Full);
    assert_eq!(trouble("x", rustix::io::Errno::ROFS).kind, TroubleKind::Denied);
    // Nothing can be made in /proc, whoever asks.
    let set = set(&[("a.yaml", "1")], "i", &[]);
    assert!(Os.output("/proc/self/output", Access::Write).and_then(|o| o.commit(&set)).is_err());
}

#[test]
fn a_spec_is_listed_without_hidden_files_and_without_symlinks() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    fs::create_dir(dir.path().join("b")).unwrap();
    for file in ["b/c.kdl", "b-.kdl", "a.kdl", ".hidden.kdl"] {
        fs::write(dir.path().join(file), file).unwrap();
    }
    let entries = Os.list(root).unwrap();
    let paths: Vec<&str> = entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["a.kdl", "b-.kdl", "b/c.kdl"]);
    assert_eq!(Os.read(&entries[2].location, 7).unwrap(), b"b/c.kdl");
    let one = Os.list(&entries[2].location).unwrap();
    assert_eq!((one.len(), one[0].path.as_str(), &one[0].location), (1, "c.kdl", &entries[2].location));
    symlink("a.kdl", dir.path().join("d.kdl")).unwrap();
    assert_eq!(Os.list(root).unwrap_err().kind, TroubleKind::Symlink);
    assert_eq!(Os.list(&format!("{root}/none")).unwrap_err().kind, TroubleKind::Missing);
}

#[test]
fn no_part_of_a_path_below_a_folder_may_be_a_symlink() {
    let dir = tempfile::tempdir().unwrap();
    let path = |p: &str| dir.path().join(p);
    for folder in ["spec/raw", "outside"] {
        fs::create_dir_all(path(folder)).unwrap();
        fs::write(path(folder).join("a.yaml"), folder).unwrap();
    }
    // Hidden, so that listing the spec does not meet them.
    symlink("../outside", path("spec/.link")).unwrap();
    symlink("../outside/a.yaml", path("spec/.file.yaml")).unwrap();
    symlink("spec", path("current")).unwrap();
    let spec = path("spec").to_str().unwrap().to_owned();
    assert_eq!(Os.read_in(&spec, "raw/a.yaml", 100).unwrap(), b"spec/raw");
    assert_eq!(Os.read_in(&spec, "./raw//a.yaml", 100).unwrap(), b"spec/raw");
    assert_eq!(Os.read_in(&spec, "raw/a.yaml", 3).unwrap_err().kind, TroubleKind::TooLarge);
    let entries = Os.list_in(&spec, "raw/").unwrap();
    assert_eq!(
        (entries.len(), &entries[0].path, &entries[0].location),
        (1, &"a.yaml".to_owned(), &format!("{spec}/raw/a.yaml"))
    );
    assert_eq!(Os.list_in(&spec, "raw/a.yaml").unwrap_err().kind, TroubleKind::Foreign);

    for inside in [".link/a.yaml", ".link/./a.yaml", ".file.yaml"] {
        assert_eq!(Os.read_in(&spec, inside, 100).unwrap_err().kind, TroubleKind::Symlink, "{inside}");
    }
    assert_eq!(Os.list_in(&spec, ".link").unwrap_err().kind, TroubleKind::Symlink);
    assert_eq!(Os.read_in(&spec, "raw/../raw/a.yaml", 100).unwrap_err().kind, TroubleKind::Name);
    assert_eq!(Os.read_in(&spec, "none/a.yaml", 100).unwrap_err().kind, TroubleKind::Missing);
    // How the user got to the spec is the user's affair.
    let current = path("current").to_str().unwrap().to_owned();
    assert_eq!(Os.read_in(&current, "raw/a.yaml", 100).unwrap(), b"spec/raw");
}

#[test]
fn files_too_large_and_things_that_are_no_files_are_refused_without_reading() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big");
    fs::File::create(&file).unwrap().set_len(100 << 20).unwrap();
    assert_eq!(Os.read(file.to_str().unwrap(), 16 << 20).unwrap_err().kind, TroubleKind::TooLarge);
    assert_eq!(Os.read("/dev/zero", 10).unwrap_err().kind, TroubleKind::NotAFile);
    assert_eq!(Os.read(dir.path().to_str().unwrap(), 10).unwrap_err().kind, TroubleKind::NotAFile);
}

#[test]
fn colour_follows_the_environment() {
    let with = |interactive, set: &[(&str, &str)]| {
        colour(interactive, |name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    };
    assert!(with(true, &[]) && !with(false, &[]));
    assert!(!with(true, &[("NO_COLOR", "1")]) && with(true, &[("NO_COLOR", "")]));
    assert!(with(false, &[("CLICOLOR_FORCE", "1")]) && !with(false, &[("CLICOLOR_FORCE", "0")]));
    assert!(!with(true, &[("TERM", "dumb")]) && !with(true, &[("CLICOLOR", "0")]));
}

const CHILD: &str = "WATERSHED_TEST_WRITER";

/// Not a test of its own: the process that `a_build_killed_at_any_point` kills. Writes generation
/// after generation of one folder until it is killed.
#[test]
fn writer_to_be_killed() {
    let Ok(root) = std::env::var(CHILD) else { return };
    let mut old: Vec<(String, Fingerprint)> = Vec::new();
    for generation in 0_u32.. {
        let files = generation_files(generation);
        let index = generation.to_string();
        let mut set = WriteSet { folder: FOLDER, owned: old, ..WriteSet::default() };
        set.files = files.iter().map(|(p, text)| (p.clone(), text.as_bytes())).collect();
        set.index = Some(("index.json".to_owned(), index.as_bytes()));
        Os.output(&root, Access::Write).unwrap().commit(&set).unwrap();
        old = owned_of(generation);
    }
}

/// Every file says which generation it is of, in a text long enough to tear. Names come and go.
fn generation_files(generation: u32) -> Vec<(String, String)> {
    (0..8_u32)
        .map(|i| i + generation % 3)
        .map(|i| (format!("s{}/f{i}.yaml", i % 2), format!("generation {generation}\n").repeat(2_000)))
        .collect()
}

fn owned_of(generation: u32) -> Vec<(String, Fingerprint)> {
    let files = generation_files(generation);
    let mut owned: Vec<_> = files.iter().map(|(p, text)| (p.clone(), Fingerprint::of(text.as_bytes()))).collect();
    owned.push(("index.json".to_owned(), Fingerprint::of(generation.to_string().as_bytes())));
    owned
}

#[test]
fn a_build_killed_at_any_point_leaves_whole_files_and_the_next_one_completes() {
    for round in 0..24_u64 {
        let place = Place::new();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "world::os::tests::writer_to_be_killed"])
            .env(CHILD, place.root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !place.path("acme/edge-1/index.json").exists() {
            assert_eq!(child.try_wait().unwrap(), None, "the writer ended by itself");
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_micros(630 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let generation: u32 = fs::read_to_string(place.path("acme/edge-1/index.json")).unwrap().parse().unwrap();
        for (path, text) in place.tree() {
            let name = path.rsplit('/').next().unwrap();
            if !name.starts_with('f') {
                continue;
            }
            let line = text.lines().next().unwrap();
            assert_eq!(text, format!("{line}\n").repeat(2_000), "{path} is torn");
            let of: u32 = line.strip_prefix("generation ").unwrap().parse().unwrap();
            // Of the old one are only files that the new one has no more: prunes come after the index.
            let wanted = generation_files(generation).iter().any(|(p, _)| path.ends_with(p));
            let old = of + 1 == generation && !wanted;
            assert!(of == generation || of == generation + 1 || old, "{path} is of {of}, the index of {generation}");
        }

        // Another spec by now: the next build owns what the killed one wrote, and removes all of it.
        let wanted = set_of("final.yaml", owned_of(generation));
        let done = place.commit(&wanted).unwrap();
        assert_eq!(done.kept, Vec::<String>::new());
        let names: Vec<String> = place.tree().into_iter().map(|(p, _)| p).collect();
        assert_eq!(names, ["acme/edge-1/final.yaml", "acme/edge-1/index.json"]);
    }
}

fn set_of(path: &str, owned: Vec<(String, Fingerprint)>) -> WriteSet<'static> {
    WriteSet {
        folder: FOLDER,
        files: vec![(path.to_owned(), b"final")],
        index: Some(("index.json".to_owned(), b"final")),
        owned,
    }
}
