use std::path::Path;
use std::process::Command;

use git2::{FileMode, Oid, Repository as Git, Signature, Time};

use super::tree::{Kind, lines};
use super::{Objects, library, program};
use crate::world::{Access, Os, TroubleKind, World};

/// A repository whose one commit on `main` holds these entries, each a mode and a content.
fn repository(folder: &Path, entries: &[(&str, i32, &[u8])]) -> Oid {
    let mut options = git2::RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let git = Git::init_opts(folder, &options).unwrap();
    let mut fleet = git.treebuilder(None).unwrap();
    for (name, mode, content) in entries {
        let submodule = *mode == i32::from(FileMode::Commit);
        let id = if submodule { Oid::from_str(&"12".repeat(20)).unwrap() } else { git.blob(content).unwrap() };
        fleet.insert(name, id, *mode).unwrap();
    }
    let mut root = git.treebuilder(None).unwrap();
    root.insert("fleet", fleet.write().unwrap(), FileMode::Tree.into()).unwrap();
    let tree = git.find_tree(root.write().unwrap()).unwrap();
    let who = Signature::new("A", "a@example.com", &Time::new(0, 0)).unwrap();
    git.commit(Some("HEAD"), &who, &who, "first", &tree, &[]).unwrap()
}

const FILE: i32 = 0o100_644;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

#[test]
fn a_revision_is_read_as_a_disk_is() {
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, i32, &[u8]); 3] =
        [("b.kdl", FILE, b"b"), ("a.kdl", FILE, b"fleet \"lab\""), (".hidden.kdl", FILE, b"x")];
    let id = repository(folder.path(), &files).to_string();
    // Nothing of it is checked out.
    let spec = folder.path().join("fleet").display().to_string();
    let history = Os.history(&spec).unwrap();
    let revision = history.revision("main").unwrap();
    assert_eq!((revision.id.as_str(), revision.short.as_str()), (id.as_str(), &id[..7]));
    let world = history.at(&revision).unwrap();
    let listed: Vec<String> = world.list(&spec).unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(listed, ["a.kdl", "b.kdl"]);
    let file = format!("{spec}/a.kdl");
    assert_eq!(world.list(&file).unwrap()[0].location, file);
    assert_eq!(world.read(&file, 100).unwrap(), b"fleet \"lab\"");
    assert_eq!(world.read(&file, 3).unwrap_err().kind, TroubleKind::TooLarge);
    assert_eq!(world.read(&spec, 3).unwrap_err().kind, TroubleKind::NotAFile);
    assert_eq!(world.read_in(&spec, "./b.kdl", 9).unwrap(), b"b");
    assert_eq!(world.read_in(&spec, "../fleet/b.kdl", 9).unwrap_err().kind, TroubleKind::Name);
    assert_eq!(world.read("/etc/passwd", 9).unwrap_err().kind, TroubleKind::Name);
    assert_eq!(world.list(&format!("{spec}/none")).unwrap_err().kind, TroubleKind::Missing);
    let output = world.output(&spec, Access::Look).unwrap();
    assert_eq!(output.read("b.kdl").unwrap().as_deref(), Some(&b"b"[..]));
    assert_eq!(output.read("c/d.kdl").unwrap(), None);
    assert_eq!(world.output(&spec, Access::Write).err().unwrap().kind, TroubleKind::Denied);
    assert_eq!(world.replace(&file, b"").unwrap_err().kind, TroubleKind::Denied);
}

#[test]
fn symlinks_submodules_and_what_lfs_keeps_are_refused() {
    let lfs: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n";
    for (mode, content, kind, word) in [
        (LINK, &b"/etc/passwd"[..], TroubleKind::Symlink, "symbolic link"),
        (SUBMODULE, b"", TroubleKind::NotAFile, "submodule"),
        (FILE, lfs, TroubleKind::NotAFile, "LFS"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path(), &[("a.kdl", FILE, b"a"), ("x.kdl", mode, content)]);
        let spec = folder.path().join("fleet").display().to_string();
        let history = Os.history(&spec).unwrap();
        let world = history.at(&history.revision("HEAD").unwrap()).unwrap();
        let trouble = world.read_in(&spec, "x.kdl", 999).unwrap_err();
        assert_eq!((trouble.kind, trouble.message.contains(word)), (kind, true), "{trouble}");
        if mode != FILE {
            assert_eq!(world.list(&spec).unwrap_err().kind, kind);
        }
        assert_eq!(world.read_in(&spec, "a.kdl", 9).unwrap(), b"a");
    }
}

#[test]
fn no_repository_and_no_revision_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("fleet.kdl").display().to_string();
    assert_eq!(Os.history(&spec).err().unwrap().kind, TroubleKind::Repository);
    repository(folder.path(), &[("a.kdl", FILE, b"a")]);
    let history = Os.history(&spec).unwrap();
    for name in ["", "--help", "nope", "main:fleet", "main..main", "HEAD^", "@{9}", "a\nb"] {
        assert_eq!(history.revision(name).unwrap_err().kind, TroubleKind::Revision, "{name:?}");
    }
    assert_eq!(history.names(), ["main"]);
}

#[test]
fn a_bare_repository_is_read_by_the_paths_of_its_trees() {
    let folder = tempfile::tempdir().unwrap();
    repository(&folder.path().join("work"), &[("a.kdl", FILE, b"a")]);
    let bare = folder.path().join("bare.git");
    std::fs::rename(folder.path().join("work/.git"), &bare).unwrap();
    Git::open(&bare).unwrap().config().unwrap().set_bool("core.bare", true).unwrap();
    let (mut library, place) = library::open(&bare).ok().unwrap();
    assert_eq!(place.parts("fleet/./a.kdl").unwrap(), ["fleet", "a.kdl"]);
    assert!(place.parts("/fleet").is_err() && place.parts("../fleet").is_err());
    assert!(library.commit("main").unwrap().is_some());
}

/// Where there is no `git`, there is nothing to fall back to either.
fn git_is_there() -> bool {
    Command::new("git").arg("--version").output().is_ok_and(|done| done.status.success())
}

#[test]
fn library_and_program_read_the_same() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = repository(folder.path(), &[("a.kdl", FILE, b"a"), ("l", LINK, b"a")]).to_string();
    let (mut library, _) = library::open(folder.path()).ok().unwrap();
    let (mut program, place) = program::open(folder.path()).unwrap();
    let spec = folder.path().join("fleet").display().to_string();
    assert_eq!(place.parts(&spec).unwrap(), ["fleet"]);
    let both: [&mut dyn Objects; 2] = [&mut library, &mut program];
    for objects in both {
        assert_eq!(objects.commit("main").unwrap(), Some(id.clone()));
        assert_eq!(objects.commit("nope").unwrap(), None);
        assert_eq!(objects.merge_base(&id, &id).unwrap(), Some(id.clone()));
        let (kind, bytes) = objects.object(&id, 1000).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(kind == "commit" && text.ends_with("\n\nfirst"), "{text}");
        let tree = text.lines().next().unwrap().strip_prefix("tree ").unwrap().to_owned();
        assert_eq!(objects.object(&tree, 3).unwrap_err().kind, TroubleKind::TooLarge);
        let (kind, bytes) = objects.object(&tree, 1000).unwrap();
        let root = lines(&bytes, 20).unwrap();
        assert_eq!((kind.as_str(), &root[0].kind, &*root[0].name), ("tree", &Kind::Folder, &b"fleet"[..]));
        let fleet = lines(&objects.object(&root[0].id, 1000).unwrap().1, 20).unwrap();
        assert_eq!((&fleet[0].kind, &fleet[1].kind), (&Kind::File, &Kind::Symlink));
        assert_eq!(objects.object(&fleet[0].id, 1000).unwrap(), ("blob".to_owned(), b"a".to_vec()));
        assert!(objects.object(&"0".repeat(40), 9).is_err());
        assert_eq!(objects.object(&fleet[0].id, 1000).unwrap().1, b"a", "it answers after a refusal too");
        assert_eq!((objects.names(), objects.is_shallow()), (vec!["main".to_owned()], false));
    }
}

/// As build systems clone it with `--filter`; libgit2 knows no such extension.
#[test]
fn what_the_library_cannot_open_the_program_reads() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path(), &[("a.kdl", FILE, b"a")]);
    let mut config = Git::open(folder.path()).unwrap().config().unwrap();
    config.set_i32("core.repositoryformatversion", 1).unwrap();
    config.set_str("extensions.partialclone", "origin").unwrap();
    assert!(matches!(library::open(folder.path()), Err(library::Refusal::Unusable(_))));
    let spec = folder.path().join("fleet/a.kdl").display().to_string();
    let history = Os.history(&spec).unwrap();
    let world = history.at(&history.revision("main").unwrap()).unwrap();
    assert_eq!(world.read(&spec, 9).unwrap(), b"a");
}

#[test]
fn a_torn_tree_is_no_tree() {
    let whole = [b"100644 a\0".as_slice(), &[7; 20]].concat();
    assert_eq!(lines(&whole, 20).unwrap()[0].id, "07".repeat(20));
    for end in 1..whole.len() {
        assert_eq!(lines(&whole[..end], 20), None);
    }
}

/// Fifty trees, each of which holds the next one twice: there are 2^50 folders in it, and no file.
#[test]
fn a_tree_with_more_folders_than_can_be_visited_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path(), &[("a.kdl", FILE, b"a")]);
    let git = Git::open(folder.path()).unwrap();
    let mut id = git.treebuilder(None).unwrap().write().unwrap();
    for _ in 0..50 {
        let mut tree = git.treebuilder(None).unwrap();
        tree.insert("a", id, FileMode::Tree.into()).unwrap();
        tree.insert("b", id, FileMode::Tree.into()).unwrap();
        id = tree.write().unwrap();
    }
    let mut root = git.treebuilder(None).unwrap();
    root.insert("fleet", id, FileMode::Tree.into()).unwrap();
    let tree = git.find_tree(root.write().unwrap()).unwrap();
    let who = Signature::new("A", "a@example.com", &Time::new(0, 0)).unwrap();
    git.commit(Some("refs/heads/bomb"), &who, &who, "bomb", &tree, &[]).unwrap();
    let spec = folder.path().join("fleet").display().to_string();
    let history = Os.history(&spec).unwrap();
    let world = history.at(&history.revision("bomb").unwrap()).unwrap();
    let trouble = world.list(&spec).unwrap_err();
    assert_eq!((trouble.kind, trouble.message.contains("files and folders together")), (TroubleKind::TooLarge, true));
    let output = world.output(&spec, Access::Look).unwrap();
    assert_eq!(output.list("a").unwrap_err().kind, TroubleKind::TooLarge);
}

/// A replacement gives a commit the content of another, by a reference that nobody sees.
#[test]
fn replaced_objects_are_read_as_they_are_called() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = repository(folder.path(), &[("a.kdl", FILE, b"a")]).to_string();
    let git = Git::open(folder.path()).unwrap();
    let (one, other) = (git.blob(b"a").unwrap(), git.blob(b"other").unwrap());
    git.reference(&format!("refs/replace/{one}"), other, false, "").unwrap();
    let (mut library, _) = library::open(folder.path()).ok().unwrap();
    let (mut program, _) = program::open(folder.path()).unwrap();
    let both: [&mut dyn Objects; 2] = [&mut library, &mut program];
    for objects in both {
        assert_eq!(objects.commit("main").unwrap(), Some(id.clone()));
        assert_eq!(objects.object(&one.to_string(), 99).unwrap().1, b"a");
    }
}

#[test]
fn a_failure_is_no_missing_revision() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = repository(folder.path(), &[("a.kdl", FILE, b"a")]).to_string();
    let nothing = "f".repeat(40);
    std::fs::write(folder.path().join(".git/refs/heads/torn"), &nothing).unwrap();
    let (mut library, _) = library::open(folder.path()).ok().unwrap();
    let (mut program, _) = program::open(folder.path()).unwrap();
    let both: [&mut dyn Objects; 2] = [&mut library, &mut program];
    for objects in both {
        let trouble = objects.commit("torn").unwrap_err();
        assert_eq!((trouble.kind, trouble.message.contains("torn` is here")), (TroubleKind::Repository, true));
        assert_eq!((objects.commit(&nothing).unwrap(), objects.commit("HEAD^{tree}").unwrap()), (None, None));
        assert!(objects.merge_base(&id, &nothing).is_err());
    }
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(program.commit("main").is_err(), "a folder that is gone has no answer");
    assert!(program.object(&id, 9).unwrap_err().message.contains("`git cat-file`"));
}

/// As build systems clone it: blobs come when they are checked out, and some never do.
#[test]
fn a_partial_clone_is_read_as_far_as_it_goes() {
    if !git_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin");
    repository(&origin, &[("a.kdl", FILE, b"old")]);
    let git = Git::open(&origin).unwrap();
    git.config().unwrap().set_bool("uploadpack.allowFilter", true).unwrap();
    git.config().unwrap().set_bool("uploadpack.allowAnySHA1InWant", true).unwrap();
    let first = git.head().unwrap().peel_to_commit().unwrap();
    let mut fleet = git.treebuilder(None).unwrap();
    fleet.insert("a.kdl", git.blob(b"new").unwrap(), FILE).unwrap();
    let mut root = git.treebuilder(None).unwrap();
    root.insert("fleet", fleet.write().unwrap(), FileMode::Tree.into()).unwrap();
    let tree = git.find_tree(root.write().unwrap()).unwrap();
    let who = first.author();
    git.commit(Some("HEAD"), &who, &who, "second", &tree, &[&first]).unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", origin.display());
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--filter=blob:none", &url])
        .arg(&clone)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .unwrap();
    assert!(cloned.status.success(), "{}", String::from_utf8_lossy(&cloned.stderr));
    assert!(matches!(library::open(&clone), Err(library::Refusal::Unusable(_))), "{}", url);
    let spec = clone.join("fleet/a.kdl").display().to_string();
    let history = Os.history(&spec).unwrap();
    let now = history.at(&history.revision("HEAD").unwrap()).unwrap();
    assert_eq!(now.read(&spec, 9).unwrap(), b"new", "what was checked out is here");
    let then = history.at(&history.revision("HEAD~1").unwrap()).unwrap();
    assert_eq!(then.list(&spec).unwrap().len(), 1, "trees are here");
    let trouble = then.read(&spec, 9).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Repository);
    assert!(trouble.message.contains("partial") && trouble.message.contains("without `--filter`"), "{trouble}");
    assert_eq!(now.read(&spec, 9).unwrap(), b"new", "it answers after a refusal too");
}
