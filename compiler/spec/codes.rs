//! The faults of a spec that can be seen without resolving a name.

use crate::diag::{Code, Stage};

const fn spec(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::error(id, Stage::Spec, title, why, help)
}

pub static LANGUAGE: Code = spec(
    "SPC101",
    "a spec of another version of the language",
    "a later language may mean something else by the same words, and what is compiled would not be what the author meant",
    "compile it with the release that the people who wrote it use",
);
pub static COMPILER: Code = spec(
    "SPC102",
    "a spec for another version of the compiler",
    "two people who compile one spec with two versions rewrite each other's output with every commit",
    "install a version within the range, or widen the range in a commit of its own that brings the new output along",
);
pub static MISSING: Code = spec(
    "SPC103",
    "a required key that is missing",
    "there is no default that would be right for every fleet, and a guessed one would be found out in the cluster",
    "write the key",
);
pub static KIND: Code = spec(
    "SPC104",
    "a value of another kind than its key takes",
    "a number, a word and a yes-or-no are read by different rules; taking one for another would be a guess",
    "write the value in the form of its key",
);
pub static WORD: Code = spec(
    "SPC105",
    "a word the key does not take",
    "the key chooses between a few ways of working, and this is none of them",
    "write one of the words the key takes",
);
pub static DURATION: Code = spec(
    "SPC110",
    "text that is no duration",
    "Prometheus refuses a configuration with a malformed duration, and goes on with the old one until it is restarted, and then not at all",
    "write numbers with units: `\"15s\"`, `\"12h\"`, `\"1d12h\"`",
);
pub static SIZE: Code = spec(
    "SPC111",
    "text that is no size",
    "a volume or a limit of a wrong size is found out when the disk is full",
    "write a quantity of Kubernetes: `\"500Gi\"`",
);
pub static QUANTITY: Code = spec(
    "SPC112",
    "text that is no quantity",
    "Kubernetes refuses the object that this would go into",
    "write a quantity of Kubernetes: `\"500m\"`, `\"2\"`",
);
pub static NUMBER: Code = spec(
    "SPC113",
    "a number out of range",
    "a count that cannot be would make capacity and limits wrong",
    "write a whole number in the range of the key",
);
pub static PERCENT: Code = spec(
    "SPC114",
    "text that is no percentage",
    "a gate that cannot be read does not hold anything back",
    "write whole percent: `\"10%\"`",
);
pub static VERSION: Code = spec(
    "SPC115",
    "text that is no version",
    "every field, metric and flag is gated by the versions declared; a wrong one lets through what the cluster refuses",
    "write numbers with dots, in quotes: `\"1.34\"`",
);
pub static DATE: Code = spec(
    "SPC116",
    "text that is no date",
    "an exception without a day on which it ends stays for ever",
    "write year, month and day: `\"2027-03-31\"`",
);
pub static NAME: Code = spec(
    "SPC120",
    "text that cannot be a name",
    "names become parts of object names, label values and folders, which Kubernetes refuses or cuts off in any other form",
    "write lower-case letters, digits and `-`",
);
pub static KUBE_NAME: Code = spec(
    "SPC121",
    "text that cannot be a name in Kubernetes",
    "the API server refuses an object that has it, or refers to it",
    "write the name as `kubectl get` shows it",
);
pub static ID: Code = spec(
    "SPC122",
    "text that cannot be a cluster's id",
    "an id is a label value on every series and a folder of the output at once",
    "write letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
);
pub static LABEL: Code = spec(
    "SPC123",
    "text that cannot be a label",
    "Prometheus or Kubernetes refuses the label, and with it everything that carries it",
    "write letters, digits and `_` for a label of Prometheus; `-`, `.` and a prefix may stand in one of Kubernetes",
);
pub static NAMESPACE: Code = spec(
    "SPC124",
    "a namespace that cannot exist",
    "series of the tenant that was meant would match no line and go where unowned namespaces go",
    "write the namespace as `kubectl get namespaces` shows it, or its beginning and a `*`",
);
pub static METRIC: Code = spec(
    "SPC125",
    "text that matches no metric name",
    "a pattern that matches nothing keeps or drops nothing, and nobody notices",
    "write a metric name, `*` for any characters",
);
pub static REFERENCE: Code = spec(
    "SPC126",
    "text that can refer to nothing",
    "what it was meant to name would be left out",
    "write the name of what is meant",
);
pub static SELECTOR: Code = spec(
    "SPC127",
    "text that selects no cluster",
    "a cluster that is not selected sends nothing",
    "write a cluster's name, `*` allowed, or `label=value`",
);
pub static URL: Code = spec(
    "SPC130",
    "text that is no URL",
    "senders would retry for ever against an address that does not exist, and lose data once their queue is full",
    "write `https://host`, with a port and a path where needed",
);
pub static HOST: Code = spec(
    "SPC131",
    "text that is no host, port or path",
    "nothing answers there, and the target is down for ever",
    "write a DNS name or an address; a port from 1 to 65535 or its name; a path that begins with `/`",
);
pub static IMAGE: Code = spec(
    "SPC132",
    "text that is no image reference",
    "the pod that needs it stays in `ImagePullBackOff` or `InvalidImageName`",
    "write host, path and tag: `\"quay.io/prometheus/prometheus:v3.13.2\"`",
);
pub static FILE: Code = spec(
    "SPC133",
    "a path that leads out of the spec",
    "a spec is compiled from what is checked in beside it, the same on every machine",
    "write a path below the folder of the spec",
);
pub static TARGET: Code = spec(
    "SPC134",
    "text that points at no object or field",
    "a patch that changes nothing is taken for one that works",
    "write `\"Kind/name\"` for an object and `\"/spec/field\"` for a field",
);
pub static SECRET: Code = spec(
    "SPC140",
    "a secret in the spec",
    "a spec is checked in and read by many; a credential in it has to be taken for lost, even after the line is gone",
    "put it into a Secret in the cluster, write the Secret's name here (`basic-auth secret=\"…\"`, `bearer secret=\"…\"`), and replace the credential itself",
);
pub static PLACE: Code = spec(
    "SPC150",
    "a key where it can mean nothing",
    "a setting that takes no effect is worse than none: people rely on it",
    "move it to where it holds",
);
pub static CONFLICT: Code = spec(
    "SPC151",
    "keys that exclude each other",
    "only one of them can hold, and which one would be a matter of luck",
    "keep one of them",
);
pub static EMPTY: Code = spec(
    "SPC152",
    "a block that does nothing",
    "what it was meant to do does not happen, and its reason is listed in every report as if it did",
    "say what it should do, or take it out",
);
pub static IDENTITY: Code = spec(
    "SPC153",
    "an identity label that series have already",
    "an external label never replaces a label a series has, so these series would leave without their cluster's id",
    "choose a label no target sets, such as `\"cluster\"`",
);
pub static EXTERNAL: Code = spec(
    "SPC154",
    "an external label under the name of another label",
    "an external label never replaces a label a series has: it would stand on the few series and alerts that lack it, and say of \
     them something about another job, namespace or target",
    "take another name, such as `region` or `environment`",
);
pub static NOT_YET: Code = spec(
    "SPC190",
    "not compiled yet",
    "a setting is emitted or refused, never dropped: this release knows the word but does not do what it says",
    "take it out of the spec until a release compiles it",
);

/// Every code of this phase, by id.
pub const ALL: &[&Code] = &[
    &LANGUAGE, &COMPILER, &MISSING, &KIND, &WORD, &DURATION, &SIZE, &QUANTITY, &NUMBER, &PERCENT, &VERSION, &DATE,
    &NAME, &KUBE_NAME, &ID, &LABEL, &NAMESPACE, &METRIC, &REFERENCE, &SELECTOR, &URL, &HOST, &IMAGE, &FILE, &TARGET,
    &SECRET, &PLACE, &CONFLICT, &EMPTY, &IDENTITY, &EXTERNAL, &NOT_YET,
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_sorted_unique_and_say_why_and_what_to_do() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
        for code in ALL {
            assert!(code.id.starts_with("SPC1") && !code.why.is_empty() && !code.help.is_empty(), "{}", code.id);
        }
    }
}
