//! Faults of the output folder.

use crate::diag::{Code, Stage};

const OUTPUT: Stage = Stage::Output;

pub const SYMLINK: Code = Code::error(
    "OUT101",
    OUTPUT,
    "a symbolic link stands in the output folder",
    "Writing through a link would change files outside the output folder, perhaps those of another fleet. Nothing \
     of this folder was written.",
    "remove the link, or give the folder it points to as `--out`",
);

pub const FOREIGN: Code = Code::error(
    "OUT102",
    OUTPUT,
    "something that Watershed did not write stands where its output goes",
    "Watershed replaces only files that the folder's index names, so that nobody's work is overwritten. Nothing of \
     this folder was written.",
    "move it out of the way, or choose another folder with `--out`; if it is old output whose index was lost, delete \
     the cluster's folder and build again",
);

pub const LOCKED: Code = Code::error(
    "OUT103",
    OUTPUT,
    "another build is writing to the output folder",
    "Two builds at once would leave a mixture of two specs, which would then be applied.",
    "wait for the other build, or give this one a folder of its own with `--out`",
);

pub const FULL: Code = Code::error(
    "OUT104",
    OUTPUT,
    "the disk of the output folder is full",
    "The clusters written so far are complete and the one that failed is as it was before, so the output is a mixture \
     of old and new until a build ends.",
    "free some space and build again",
);

pub const DENIED: Code = Code::error(
    "OUT105",
    OUTPUT,
    "the output folder cannot be written",
    "The folder is as it was before: nothing of it was written.",
    "check who owns the folder and whether it is mounted read-only, or choose another with `--out`",
);

pub const NAME: Code = Code::error(
    "OUT106",
    OUTPUT,
    "a name cannot be a file name",
    "Output is checked in and read on other machines; a file that leaves its folder, or that some file systems take \
     for another one, would be lost or would overwrite that one.",
    "rename one of the two, in the spec or in the raw object it comes from",
);

pub const CORRUPT: Code = Code::error(
    "OUT107",
    OUTPUT,
    "an index in the output folder cannot be read",
    "Without its index Watershed cannot tell which files of the folder are its own, and touches none of them.",
    "after a merge conflict take either side of the file; otherwise restore it from version control, or delete the \
     whole folder of the cluster and build again",
);

pub const IO: Code = Code::error(
    "OUT108",
    OUTPUT,
    "the output folder could not be read or written",
    "The clusters written so far are complete; the one that failed has whole files, old or new.",
    "see to the cause that the system gives, then build again: a build completes an interrupted one",
);

pub const EDITED: Code = Code::warning(
    "OUT109",
    OUTPUT,
    "a file that is no longer generated was edited by hand and stays",
    "The object is not in the spec any more, but whoever applies the folder's files by hand still applies it; the \
     kustomization no longer names it.",
    "delete the file, or move what was edited into the spec as a `patch` or a `raw` object",
);

pub const STALE: Code = Code::error(
    "OUT110",
    OUTPUT,
    "the checked-in output is not what the spec compiles to",
    "What is reviewed and applied would not be what the spec says.",
    "run `watershed build` and check the output in together with the spec",
);

pub const TWICE: Code = Code::error(
    "OUT111",
    OUTPUT,
    "one object would be written twice",
    "The second would overwrite the first, and part of the monitoring would be missing without a word.",
    "rename one of the two, in the spec or in the raw object it comes from",
);

pub const ALL: &[&Code] = &[&SYMLINK, &FOREIGN, &LOCKED, &FULL, &DENIED, &NAME, &CORRUPT, &IO, &EDITED, &STALE, &TWICE];
