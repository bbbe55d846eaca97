//! Codes of reading what a spec consists of, and the list of all codes of all phases.

use crate::diag::{Code, Stage};
use crate::{catalog, check, fleet, lint, plan, spec, store, syntax, tree};

pub const TOO_LARGE: Code = Code::error(
    "INP103",
    Stage::Syntax,
    "a file of over 16 MiB",
    "A spec of a thousand clusters has less than one MiB; something else was probably named.",
    "split it into files of one folder, or name the right file",
);

pub const OUTSIDE: Code = Code::error(
    "INP104",
    Stage::Spec,
    "a path that leaves the spec's folder",
    "The spec is what is checked in; what stands outside of it differs from machine to machine.",
    "move the file below the spec's folder and name it relative to that",
);

pub const NO_CLUSTER: Code = Code::error(
    "INP105",
    Stage::Usage,
    "a cluster the fleet does not have",
    "Nothing would be built or compared for it.",
    "name a cluster of the spec, by its name or its identity",
);

pub const RAW_TEXT: Code = Code::error(
    "INP106",
    Stage::Objects,
    "a raw file that is no YAML",
    "Its objects would be missing from what is applied.",
    "mend the file at the place named, or take the `raw` node out",
);

pub const RAW_SECRET: Code = Code::error(
    "INP109",
    Stage::Objects,
    "a credential in a raw file",
    "What is checked in is read by everybody who can read the repository, for ever.",
    "put it into a Secret of the cluster and refer to that by name",
);

pub const NO_OBJECT: Code = Code::error(
    "INP107",
    Stage::Usage,
    "an object that is not emitted",
    "There is nothing to explain.",
    "name it by kind and name, `Prometheus/user`; the cluster's index.json lists all of them",
);

pub const NO_FIELD: Code = Code::error(
    "INP108",
    Stage::Usage,
    "a field that an object does not have",
    "There is nothing to explain.",
    "write the path as in `kubectl explain`, `spec.remoteWrite[0].url`",
);

pub const LEFT_BEHIND: Code = Code::warning(
    "INP110",
    Stage::Output,
    "the folder of a cluster that is no longer in the spec",
    "What it holds may still run there, and writes under that identity; nobody compares it any more.",
    "if the cluster is gone, delete its folder; if it was renamed, keep its data with `id=` on the cluster",
);

pub const NO_SERIES: Code = Code::error(
    "INP111",
    Stage::Usage,
    "a series or job that nothing collects",
    "There is no way to show.",
    "name a metric as its exporter exposes it; `watershed catalog metrics JOB` lists those of a job",
);

pub const NO_REPOSITORY: Code = Code::error(
    "INP112",
    Stage::Output,
    "no git repository that can be read",
    "What the spec was at a revision is read from the objects of the repository it is checked in to.",
    "run it where the spec is checked out by git; in a container whose checkout belongs to another user, tell git to trust \
     it (`git config --global --add safe.directory <folder>`)",
);

pub const NO_REVISION: Code = Code::error(
    "INP113",
    Stage::Output,
    "a revision that the repository does not have",
    "There is nothing to compare with.",
    "name a branch, tag or commit as git does, `git branch --all` lists branches; one of another repository has to be \
     fetched first",
);

pub const SHALLOW: Code = Code::error(
    "INP114",
    Stage::Output,
    "a clone without the history that is asked for",
    "Build systems fetch only the newest commit unless told otherwise; what a branch is compared with is then missing.",
    "fetch the whole history: `git fetch --unshallow`, or `git fetch --deepen=500 origin main`; on GitHub set \
     `fetch-depth: 0` for actions/checkout, on GitLab the variable `GIT_DEPTH: 0`",
);

pub const NOT_THEN: Code = Code::error(
    "INP115",
    Stage::Output,
    "a spec that did not exist at a revision",
    "There is nothing to compare with: against an empty fleet everything would be called new.",
    "name a later revision; a spec that was moved is compared with its checked-in output, `--against dir`",
);

pub const PAST_BROKEN: Code = Code::error(
    "INP116",
    Stage::Output,
    "a spec that does not compile as of a revision",
    "Both sides are compiled by this compiler, which may refuse what an older one took, so that the difference is only \
     what the specs say.",
    "the findings below are those of the spec as it was then; compare with a later revision, or with the checked-in output \
     (`--against dir`)",
);

pub const UNREADABLE: Code = Code::error(
    "INP101",
    Stage::Output,
    "a file of the spec cannot be read",
    "What stands in it would silently be missing from what is compiled.",
    "check the path and its permissions; paths in a spec are relative to the spec's folder, and symlinks are refused",
);

pub const EMPTY: Code = Code::error(
    "INP102",
    Stage::Output,
    "a folder without a spec",
    "There is nothing to compile.",
    "name the folder that holds the spec, or start one with `watershed init`",
);

pub const UNREAD: Code = Code::error(
    "INP117",
    Stage::Syntax,
    "a part of the spec that is not read",
    "A fleet without its stores and routes compiles to one that sends nothing, and what it had is taken away.",
    "name the folder instead of the file",
);

/// Codes of this module.
pub const ALL: &[&Code] = &[
    &UNREADABLE,
    &EMPTY,
    &TOO_LARGE,
    &OUTSIDE,
    &NO_CLUSTER,
    &RAW_TEXT,
    &NO_OBJECT,
    &NO_FIELD,
    &RAW_SECRET,
    &LEFT_BEHIND,
    &NO_SERIES,
    &NO_REPOSITORY,
    &NO_REVISION,
    &SHALLOW,
    &NOT_THEN,
    &PAST_BROKEN,
    &UNREAD,
];

/// The codes of every phase, in the order of the phases. `explain` and `allow` look here.
const CODES: &[&[&Code]] = &[
    ALL,
    syntax::codes::ALL,
    spec::codes::ALL,
    catalog::codes::ALL,
    store::codes::ALL,
    fleet::codes::ALL,
    plan::codes::ALL,
    check::codes::ALL,
    lint::CODES,
    tree::codes::ALL,
];

/// Every code there is, sorted by id.
pub fn all() -> Vec<&'static Code> {
    let mut all: Vec<&'static Code> = CODES.iter().flat_map(|list| list.iter().copied()).collect();
    all.sort_by_key(|c| c.id);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_lists_are_sorted() {
        let mut seen = std::collections::BTreeMap::new();
        for list in CODES {
            for pair in list.windows(2) {
                assert!(pair[0].id < pair[1].id, "{} stands before {}", pair[0].id, pair[1].id);
            }
            for code in *list {
                assert_eq!(seen.insert(code.id, code.title), None, "{} is used twice", code.id);
                assert!(!code.title.is_empty(), "{} has no title", code.id);
            }
        }
    }
}
