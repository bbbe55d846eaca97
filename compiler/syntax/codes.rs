//! The faults of form: what can be wrong with a text before anything is known about a fleet.

use crate::diag::{Code, Stage};

const fn syntax(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::error(id, Stage::Syntax, title, why, help)
}

pub static TOO_LARGE: Code = syntax(
    "SYN101",
    "a file too large to be a spec",
    "a spec is read whole and by people; a file of this size is data that got in by mistake, or an attack on whoever compiles it",
    "split it into several files of one folder, at most 16 MiB each, or take the file out of the folder",
);
pub static ENCODING: Code = syntax(
    "SYN102",
    "a file that is not UTF-8",
    "text in another encoding would be read as other names than the author sees",
    "save the file as UTF-8",
);
pub static CHARACTER: Code = syntax(
    "SYN103",
    "a character that must not stand in a spec",
    "control characters are invisible in a review, and those for text direction show a line in another order than it is read in",
    "remove the character",
);
pub static TOO_DEEP: Code = syntax(
    "SYN104",
    "nesting too deep",
    "no construct of the language needs more than a few levels; deeper text is a mistake, or an attack on whoever compiles it",
    "close the blocks that are still open, or remove the nesting: 32 levels are the limit",
);
pub static SLASHDASH: Code = syntax(
    "SYN105",
    "`/-` with nothing of its own to comment out",
    "KDL takes out exactly one node, argument, property or block per `/-`; which one this would be is not defined",
    "write `/-` once, directly before what it takes out",
);
pub static KDL: Code = syntax(
    "SYN106",
    "text that is not KDL",
    "what cannot be read is not compiled, and nothing is written until the whole spec can be read",
    "a node is a key, its values, its `key=value` properties and a block: `storage \"100Gi\" class=\"fast\"`",
);
pub static YAML: Code = syntax(
    "SYN107",
    "text that is not YAML",
    "what cannot be read is not compiled, and nothing is written until the whole spec can be read",
    "check the indentation, the quotes and the brackets on this line and the one above it",
);
pub static KDL_V1: Code = syntax(
    "SYN108",
    "a word of KDL version 1",
    "specs are KDL version 2, where this word would be a string or nothing at all",
    "write the word as KDL 2 does: `#true`, `#false`, `#null`, `#\"raw\"#`",
);
pub static ANNOTATION: Code = syntax(
    "SYN109",
    "a type annotation",
    "the type of a value belongs to its key; an annotation could only repeat it or contradict it",
    "remove the parentheses and what is in them",
);
pub static YAML_FEATURE: Code = syntax(
    "SYN110",
    "a feature of YAML that specs do not use",
    "a cluster is understood from its own block, its profiles and the fleet; YAML's anchors, tags and documents would be a second way that no message could point through",
    "write the value where it is used, or put what clusters share into a `profile`",
);
pub static AMBIGUOUS: Code = syntax(
    "SYN111",
    "a plain word on which YAML versions disagree",
    "YAML 1.1 and 1.2 read it as different values, so two tools would see two specs",
    "put it in quotes if it is a string; otherwise write `true`, `false` or a plain decimal number",
);
pub static UNQUOTED_NUMBER: Code = syntax(
    "SYN112",
    "a number where a string is due",
    "as a number it loses its spelling: `1.30` is 1.3, and Kubernetes 1.3 is another release",
    "put it in quotes",
);
pub static DUPLICATE: Code = syntax(
    "SYN113",
    "a key given twice",
    "only one of the two can hold, and which one would depend on the reader",
    "remove one of them",
);
pub static DUPLICATE_NAME: Code = syntax(
    "SYN114",
    "a name used twice in one set",
    "two things of one name cannot be told apart in routes, selectors and object names",
    "rename one of them, or join the two blocks",
);
pub static UNKNOWN_KEY: Code = syntax(
    "SYN115",
    "a key the language does not know here",
    "a setting that is not understood would not take effect, and nobody would notice until it is needed",
    "see `watershed schema` for the keys of this block",
);
pub static NATIVE_KEY: Code = syntax(
    "SYN116",
    "a key in the spelling of another tool",
    "every key has one spelling, so that a search through a spec finds all its uses",
    "use the spelling of this language",
);
pub static FORM: Code = syntax(
    "SYN117",
    "a value of another shape than its key has",
    "the shape belongs to the key; reading it any other way would be a guess",
    "write the value in the shape of its key",
);
pub static MISSING_VALUE: Code = syntax(
    "SYN118",
    "a key without a value",
    "whether the value was forgotten or meant to be empty cannot be told",
    "write the value; `{}` is an empty list, map or object, and null drops what was inherited",
);
pub static MISSING_NAME: Code = syntax(
    "SYN119",
    "a block without its name",
    "it is by its name that other blocks refer to it and that levels are merged",
    "write the name as a quoted string right behind the key",
);
pub static TOO_MANY_VALUES: Code =
    syntax("SYN120", "more values than the key takes", "the value behind the first would be ignored", "keep one value");
pub static CHILD_ONLY: Code = syntax(
    "SYN121",
    "a list whose items may hold spaces, written as a property",
    "a list in a property is split at spaces, which would tear its items apart",
    "write it as a node of its own in the block",
);
pub static FILE_KIND: Code = syntax(
    "SYN122",
    "a file of a kind that is not read",
    "a spec is KDL, YAML or JSON, told apart by the end of the file's name",
    "name the file `.kdl`, `.yaml`, `.yml` or `.json`",
);
pub static TOO_MANY_FAULTS: Code = syntax(
    "SYN123",
    "too many faults in one file",
    "the rest are most likely consequences of the first",
    "correct the faults shown and run again",
);
pub static NUMBER: Code = syntax(
    "SYN124",
    "a number that cannot be read",
    "a number that is read as something else would be a wrong limit or size in the cluster",
    "write a decimal number such as `400`, `3_000_000` (KDL only) or `1.5`; put anything else in quotes",
);

pub static UNCONVERTIBLE: Code = syntax(
    "SYN125",
    "data that the other form cannot hold",
    "a conversion that changes data would change what is applied",
    "keep the file as it is: both forms may stand side by side in one folder",
);

pub static CREDENTIAL: Code = syntax(
    "SYN126",
    "a key for a credential",
    "a spec is checked in and read by many; a credential in it has to be taken for lost, even after the line is gone",
    "put the credential into a Secret in the cluster, write `basic-auth secret=\"name\"` or `bearer secret=\"name\"`, \
     and replace the credential itself: it has been seen",
);

/// Faults after which a text, or part of it, could not be read.
pub(super) const UNREADABLE: &[&Code] =
    &[&TOO_LARGE, &ENCODING, &CHARACTER, &TOO_DEEP, &SLASHDASH, &KDL, &YAML, &FILE_KIND];

/// Every code of this phase, by id.
pub const ALL: &[&Code] = &[
    &TOO_LARGE,
    &ENCODING,
    &CHARACTER,
    &TOO_DEEP,
    &SLASHDASH,
    &KDL,
    &YAML,
    &KDL_V1,
    &ANNOTATION,
    &YAML_FEATURE,
    &AMBIGUOUS,
    &UNQUOTED_NUMBER,
    &DUPLICATE,
    &DUPLICATE_NAME,
    &UNKNOWN_KEY,
    &NATIVE_KEY,
    &FORM,
    &MISSING_VALUE,
    &MISSING_NAME,
    &TOO_MANY_VALUES,
    &CHILD_ONLY,
    &FILE_KIND,
    &TOO_MANY_FAULTS,
    &NUMBER,
    &UNCONVERTIBLE,
    &CREDENTIAL,
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_sorted_and_say_why_and_what_to_do() {
        assert!(ALL.windows(2).all(|w| w[0].id < w[1].id));
        for code in ALL {
            assert!(code.id.starts_with("SYN1"), "{}", code.id);
            assert!(!code.why.is_empty() && !code.help.is_empty(), "{}", code.id);
            assert!(!code.allowable, "{}: faults of form cannot be allowed", code.id);
        }
    }
}
