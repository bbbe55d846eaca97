//! Faults in catalog folders of users; the built-in catalog has none (tests hold that).

use crate::diag::{Code, Stage};

pub const UNREADABLE: Code = Code::error(
    "CAT101",
    Stage::Spec,
    "a catalog file that is no YAML of a catalog",
    "an entry that cannot be read would leave its job without a monitor, and nobody would notice the missing data",
    "write the file as YAML 1.2 with the local tags !expr !text !when !each !merge and no others; \
     `watershed catalog show NAME` prints an entry to start from",
);

pub const MISFIT: Code = Code::error(
    "CAT102",
    Stage::Spec,
    "a catalog entry with a key or value that entries do not have",
    "a key that is ignored is a setting that silently does not hold",
    "see templates/README.md for what an entry may say; \
     `watershed catalog show NAME` prints a complete one",
);

pub const PLACE: Code = Code::error(
    "CAT103",
    Stage::Spec,
    "a file that stands where a catalog has no place for it",
    "a misplaced file is not read, so what it was meant to add would be missing from every cluster",
    "put it at jobs/NAME/job.yaml, rules/NAME/pack.yaml, dashboards/NAME/dashboard.yaml or \
     readers/NAME/reader.yaml, or beside one of these as its template; metrics.tsv beside job.yaml is the job's metric table",
);

pub const INCONSISTENT: Code = Code::error(
    "CAT104",
    Stage::Spec,
    "a catalog entry that contradicts itself",
    "an entry whose parts do not fit together gives monitors that select nothing or targets that answer HTTP 400",
    "make the names agree; `watershed catalog show NAME` prints a complete entry",
);

pub const TEMPLATE: Code = Code::error(
    "CAT110",
    Stage::Spec,
    "a template that is not well formed",
    "a template is checked before anything is written, so that a cluster never gets half of its objects",
    "see \"Templates\" in templates/README.md for the five tags and what they take",
);

pub const EXPRESSION: Code = Code::error(
    "CAT111",
    Stage::Spec,
    "an expression that does not compile",
    "a template is checked before anything is written, so that a cluster never gets half of its objects",
    "write a minijinja expression, for example !expr \"shards > 1\"; statements such as {% if %} are not \
     expressions, use !when, !each and !merge",
);

pub const EVALUATION: Code = Code::error(
    "CAT112",
    Stage::Spec,
    "a template that fails when it is evaluated",
    "a value that is missing or of the wrong type would leave a hole in an object",
    "use the settings that templates/README.md lists for this kind of template, with !when where one may be absent",
);

pub const ALL: &[&Code] = &[&UNREADABLE, &MISFIT, &PLACE, &INCONSISTENT, &TEMPLATE, &EXPRESSION, &EVALUATION];
