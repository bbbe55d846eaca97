//! What cases need of git, without its program: the same files give the same commits everywhere.

use std::collections::BTreeSet;
use std::path::Path;

use git2::build::CheckoutBuilder;
use git2::{BranchType, IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature, Time};

/// Carries out one `git` step of a case in its folder.
pub fn run(folder: &Path, args: &[&str]) -> Result<(), String> {
    let done = match args {
        ["commit", message] => commit(folder, message).map(drop),
        ["branch", name] => branch(folder, name),
        ["switch", name] => switch(folder, name),
        ["tag", name] => tag(folder, name),
        ["shallow"] => shallow(folder),
        _ => return Err(format!("`git {}` is no command of a case; see tests/README.md", args.join(" "))),
    };
    done.map_err(|e| format!("git {}: {e}", args.join(" ")))
}

/// Commits every file, in a repository that is made where there is none.
pub fn commit(folder: &Path, message: &str) -> Result<Oid, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repository = match Repository::open(folder) {
        Ok(repository) => repository,
        Err(_) => Repository::init_opts(folder, &options)?,
    };
    let mut index = repository.index()?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.update_all(["*"], None)?;
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let parent = repository.head().and_then(|head| head.peel_to_commit()).ok();
    // A second apart, so that the newest is known.
    let time = parent.as_ref().map_or(1_700_000_000, |p| p.time().seconds() + 1);
    let who = Signature::new("A. N. Engineer", "engineer@example.com", &Time::new(time, 0))?;
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parent.iter().collect::<Vec<_>>())
}

fn branch(folder: &Path, name: &str) -> Result<(), git2::Error> {
    let repository = Repository::open(folder)?;
    let tip = repository.head()?.peel_to_commit()?;
    repository.branch(name, &tip, false)?;
    repository.set_head(&format!("refs/heads/{name}"))
}

fn switch(folder: &Path, name: &str) -> Result<(), git2::Error> {
    let repository = Repository::open(folder)?;
    repository.set_head(&format!("refs/heads/{name}"))?;
    repository.checkout_head(Some(CheckoutBuilder::new().force().remove_untracked(true)))
}

fn tag(folder: &Path, name: &str) -> Result<(), git2::Error> {
    let repository = Repository::open(folder)?;
    let tip = repository.head()?.peel_to_commit()?;
    repository.tag_lightweight(name, tip.as_object(), false).map(drop)
}

/// Cuts the history below the tip of each branch, as `fetch --depth=1` does.
fn shallow(folder: &Path) -> Result<(), git2::Error> {
    let repository = Repository::open(folder)?;
    let mut tips = BTreeSet::new();
    for branch in repository.branches(Some(BranchType::Local))? {
        tips.extend(branch?.0.get().target());
    }
    let mut walk = repository.revwalk()?;
    tips.iter().try_for_each(|tip| walk.push(*tip))?;
    let gone: Vec<Oid> = walk.flatten().filter(|id| !tips.contains(id)).collect();
    let git = repository.path();
    for id in gone {
        let id = id.to_string();
        std::fs::remove_file(git.join("objects").join(&id[..2]).join(&id[2..])).unwrap();
    }
    let lines: String = tips.iter().map(|tip| format!("{tip}\n")).collect();
    std::fs::write(git.join("shallow"), lines).unwrap();
    Ok(())
}
