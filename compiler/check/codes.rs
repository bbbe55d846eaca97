//! The faults of objects.

use crate::diag::{Code, Stage};

pub const UNKNOWN_FIELD: Code = Code::error(
    "OBJ101",
    Stage::Objects,
    "a field the kind does not have",
    "The API server prunes or refuses fields it does not know, so the setting would never take effect.",
    "Check the spelling against the kind's reference; names are case-sensitive.",
);

pub const WRONG_TYPE: Code = Code::error(
    "OBJ102",
    Stage::Objects,
    "a value of the wrong type",
    "The API server refuses the whole object, and everything applied after it waits.",
    "",
);

pub const NOT_ALLOWED: Code = Code::error(
    "OBJ103",
    Stage::Objects,
    "a value the field does not allow",
    "The API server refuses the whole object, and everything applied after it waits.",
    "",
);

pub const MISSING: Code = Code::error(
    "OBJ104",
    Stage::Objects,
    "a required field is missing",
    "The API server refuses the whole object, and everything applied after it waits.",
    "",
);

pub const TOO_NEW: Code = Code::error(
    "OBJ105",
    Stage::Objects,
    "a field newer than the declared version",
    "The version this cluster declares does not know the field: it is pruned without a word, and the setting never takes effect.",
    "",
);

pub const GONE: Code = Code::error(
    "OBJ106",
    Stage::Objects,
    "a field the declared version no longer has",
    "The version this cluster declares has dropped the field: it is pruned without a word, and the setting never takes effect.",
    "Remove the field, or use what replaced it.",
);

pub const PERHAPS_TOO_NEW: Code = Code::warning(
    "OBJ107",
    Stage::Objects,
    "a field that may be newer than the declared version",
    "The field tables compare some releases, not all. If the declared one does not know the field yet, it is pruned without a \
     word, and the setting never takes effect.",
    "",
);

pub const DUPLICATE: Code = Code::error(
    "OBJ108",
    Stage::Objects,
    "two items of a list with the same key",
    "The API server tells the items of this list apart by their key; with two alike it refuses the object.",
    "Give one of them another name, or leave one out.",
);

pub const BAD_NAME: Code = Code::error(
    "OBJ109",
    Stage::Objects,
    "a name Kubernetes does not accept",
    "The API server refuses the object.",
    "",
);

pub const BAD_LABEL: Code = Code::error(
    "OBJ110",
    Stage::Objects,
    "a label or annotation Kubernetes does not accept",
    "The API server refuses the object, and selectors that rely on the label would match nothing.",
    "",
);

pub const TOO_LARGE: Code =
    Code::error("OBJ111", Stage::Objects, "an object that is too large", "", "Split it into several objects.");

pub const NOT_DESCRIBED: Code = Code::info(
    "OBJ112",
    Stage::Objects,
    "a kind without a field table",
    "Its fields are handed on unchecked: a typing error in them shows up only when it is applied, or not at all.",
    "Try it on a cluster: `kubectl apply --dry-run=server` names the fields that are not known there.",
);

pub const CHART_NOT_DESCRIBED: Code = Code::error(
    "OBJ113",
    Stage::Objects,
    "a version of a chart whose values are not known",
    "Helm drops values that a chart does not read without a word: what the spec says of the store might not hold.",
    "Leave the version of the chart out, or declare one that is described.",
);

pub const PATCH_TARGET: Code = Code::error(
    "OBJ121",
    Stage::Objects,
    "a patch whose target is no target",
    "A patch that meets nothing changes nothing, and nobody notices until the setting is missed.",
    "Write `Kind/name` of an emitted object, or `values/<release>` of a values file; `*` stands for any part of the name.",
);

pub const PATCH_WITHOUT_EFFECT: Code = Code::error(
    "OBJ122",
    Stage::Objects,
    "a patch that changes nothing",
    "What it asks for is already so. It hides where the value really comes from, and will undo a later change in silence.",
    "Remove the patch.",
);

pub const NOTHING_TO_REMOVE: Code = Code::error(
    "OBJ123",
    Stage::Objects,
    "a pointer that matches nothing",
    "Nothing is removed, so the object is not what the patch was written for.",
    "",
);

pub const PATCHES_DISAGREE: Code = Code::error(
    "OBJ124",
    Stage::Objects,
    "two patches of one level set the same field",
    "Which of them holds would depend on the order in which files are read.",
    "Join the two, or move the one that shall win to a nearer level.",
);

pub const CANNOT_MERGE: Code = Code::error(
    "OBJ125",
    Stage::Objects,
    "a merge that does not fit the list it meets",
    "Items of this list are told apart by their key; without it nobody can say which item is meant.",
    "",
);

pub const PATCH_IDENTITY: Code = Code::error(
    "OBJ126",
    Stage::Objects,
    "a patch that changes what an object is known by",
    "Names, namespaces and the labels of Watershed say whose object it is and which Prometheus selects it: under others it \
     is found by nobody, and what was applied before stays in the cluster.",
    "Take it out of the patch; an object of another name is written as a `raw` file of its own.",
);

pub const RAW_NO_OBJECT: Code = Code::error(
    "OBJ131",
    Stage::Objects,
    "a document that is no Kubernetes object",
    "It cannot be applied, and cannot be found again to be compared or removed.",
    "",
);

pub const RAW_SECRET: Code = Code::error(
    "OBJ132",
    Stage::Objects,
    "a Secret with its contents",
    "Everything Watershed reads and writes is checked in: the secret would be readable to all who can read the repository, for ever.",
    "Create the Secret in the cluster (by hand, External Secrets or the like) and refer to it by name; if this one was ever \
     checked in, change it.",
);

pub const TWICE: Code = Code::error(
    "OBJ133",
    Stage::Objects,
    "an object that is there twice",
    "Both would be applied, the later one over the earlier one, and every run would undo the other's.",
    "",
);

pub const RAW_WHERE: Code = Code::warning(
    "OBJ134",
    Stage::Objects,
    "a raw object that may lack its namespace",
    "Without one, it is applied to whatever namespace the person or tool that applies it happens to use.",
    "Give it `metadata.namespace`; if the kind has none, allow this finding with that as its reason.",
);

pub const TAKEN: Code = Code::error("OBJ135", Stage::Objects, "an object under the name of somebody else's", "", "");

pub const NOT_ADMITTED: Code = Code::error(
    "OBJ140",
    Stage::Objects,
    "a Prometheus without the label that a network policy asks for",
    "The exporter comes with a network policy that lets in pods with this label only: every scrape would time out, and its nodes would look as if they were down.",
    "Leave the label on the pods; or give the job to another Prometheus.",
);

pub const POD_REFUSED: Code = Code::error(
    "OBJ141",
    Stage::Objects,
    "pods that their namespace refuses",
    "The API server refuses every one of them, and says so on the workload only: it stays at none ready, and what it would \
     collect is missing.",
    "",
);

pub const LABEL_GONE: Code = Code::error(
    "OBJ142",
    Stage::Objects,
    "a rule that asks for a label that is gone",
    "Prometheus takes off every label that begins with `__` once a target is relabelled. A rule that comes later reads it as \
     empty, and nothing says so: neither the API server, nor the operator, nor promtool.",
    "",
);

pub const OPEN_SPLIT: Code = Code::warning(
    "OBJ143",
    Stage::Objects,
    "a split by namespace that is open",
    "The next namespace, and every series without one, reaches all destinations whose rules do not name it; each new owner \
     is a rule more at all the others.",
    "",
);

pub const NAMELESS_LOST: Code = Code::warning(
    "OBJ144",
    Stage::Objects,
    "a split by namespace that loses what has none",
    "Idle accelerators, nodes of some exporters, recorded series and alerts have no namespace, and those of exporters have \
     that of the exporter: such a rule keeps them all away, and nothing says so.",
    "",
);

pub const LABEL_ELSEWHERE: Code = Code::warning(
    "OBJ145",
    Stage::Objects,
    "a rule that asks where series of our monitors say nothing",
    "`exported_` is put before a label of an exporter only where its monitor does not honour labels. Ours do, wherever the \
     exporter tells of workloads: the namespace of a workload is in `namespace`.",
    "",
);

pub const ROUTE_PATCHED: Code = Code::warning(
    "OBJ146",
    Stage::Objects,
    "a patch of what the proof rests on",
    "A page, `trace` and the matrix say what the spec's routes do; from here on the cluster does something else, and a series \
     that goes astray is nobody's finding.",
    "Say it in the spec: a store of `kind=\"remote-write\"` for a destination more, lines of the `route` for what it gets, \
     `honor-labels`, `drop` and `discover` in the job.",
);

pub const BAD_REGEX: Code = Code::error(
    "OBJ147",
    Stage::Objects,
    "a regular expression that Go refuses",
    "The operator leaves out the whole monitor, or keeps the last configuration it could use, and says so in its log only.",
    "Write it as Go's RE2 reads it: no look-around, no back-references, at most 1,000 repetitions.",
);

pub const MERGE_PATCHED: Code = Code::warning(
    "OBJ149",
    Stage::Objects,
    "a patch of how a store merges what comes twice",
    "Each sample of a pair, or of a copy, comes twice. Without a window, or with a shorter one, all of them are kept and queries \
     count both; a longer one throws away samples of every class that is scraped more often.",
    "Take the flag out of the patch: the window follows from the fastest class that is sent there, and from `replication`.",
);

pub const RAW_MONITOR: Code = Code::warning(
    "OBJ148",
    Stage::Objects,
    "a monitor that is not in the proof",
    "Its series take part in the route by the labels they happen to have: with a tenant's namespace, or another job's name, they \
     reach that tenant's store. No page, estimate or `trace` knows of them.",
    "Say it as a job of the spec, with `discover` and its labels: then it is planned, proven and counted.",
);

pub const ALL: &[&Code] = &[
    &UNKNOWN_FIELD,
    &WRONG_TYPE,
    &NOT_ALLOWED,
    &MISSING,
    &TOO_NEW,
    &GONE,
    &PERHAPS_TOO_NEW,
    &DUPLICATE,
    &BAD_NAME,
    &BAD_LABEL,
    &TOO_LARGE,
    &NOT_DESCRIBED,
    &CHART_NOT_DESCRIBED,
    &PATCH_TARGET,
    &PATCH_WITHOUT_EFFECT,
    &NOTHING_TO_REMOVE,
    &PATCHES_DISAGREE,
    &CANNOT_MERGE,
    &PATCH_IDENTITY,
    &RAW_NO_OBJECT,
    &RAW_SECRET,
    &TWICE,
    &RAW_WHERE,
    &TAKEN,
    &NOT_ADMITTED,
    &POD_REFUSED,
    &LABEL_GONE,
    &OPEN_SPLIT,
    &NAMELESS_LOST,
    &LABEL_ELSEWHERE,
    &ROUTE_PATCHED,
    &BAD_REGEX,
    &RAW_MONITOR,
    &MERGE_PATCHED,
];
