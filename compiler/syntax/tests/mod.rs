//! The front ends against a small language of their own, with a key of every form.

mod convert;
mod mutate;
mod oracle;
mod read;

use super::shape::{Form, Key, Shape, Status, Type};
use super::{Document, read as read_sources};
use crate::diag::{Diagnostic, Sink, Sources};

const fn key(name: &'static str, form: Form) -> Key {
    Key { name, form, required: false, default: "", doc: "", serves: "", status: Status::Compiled, native: &[] }
}

const fn native(key: Key, native: &'static [&'static str]) -> Key {
    Key { native, ..key }
}

const fn shape(name: &'static str, argument: Option<&'static str>, keys: &'static [Key]) -> Shape {
    Shape { name, doc: "", argument, keys }
}

static STORAGE: Shape = shape(
    "storage",
    Some("size"),
    &[key("size", Form::Scalar(Type::Size)), key("class", Form::Scalar(Type::KubeName))],
);
static CLASS: Shape =
    shape("class", None, &[key("interval", Form::Scalar(Type::Duration)), key("disabled", Form::Flag)]);
static EXPORTER: Shape = shape(
    "exporter",
    Some("managed"),
    &[key("managed", Form::Scalar(Type::Text)), key("args", Form::List(Type::Text))],
);
static JOB: Shape = shape(
    "job",
    None,
    &[
        key("interval", Form::Scalar(Type::Duration)),
        key("class", Form::Named(Type::Name, &CLASS)),
        key("exporter", Form::Object(&EXPORTER)),
        key("disabled", Form::Flag),
    ],
);
static PATCH: Shape = shape(
    "patch",
    Some("target"),
    &[key("target", Form::Scalar(Type::Target)), key("why", Form::Scalar(Type::Text)), key("merge", Form::Free)],
);
static FLEET: Shape = shape(
    "fleet",
    Some("name"),
    &[
        key("name", Form::Scalar(Type::Name)),
        native(key("interval", Form::Scalar(Type::Duration)), &["scrapeInterval", "scrape_interval"]),
        key("versions", Form::Map(Type::Name, Type::Version)),
        key("labels", Form::Map(Type::LabelName, Type::LabelValue)),
        key("profile", Form::List(Type::Name)),
        key("jobs", Form::List(Type::JobClass)),
        key("rest", Form::Flag),
        key("replicas", Form::Scalar(Type::Positive)),
        key("storage", Form::Object(&STORAGE)),
        native(key("external-labels", Form::Map(Type::LabelName, Type::LabelValue)), &["global_labels"]),
        key("job", Form::Named(Type::Name, &JOB)),
        key("patch", Form::Repeated(&PATCH)),
    ],
);
static TO: Shape = shape(
    "to",
    Some("stores"),
    &[
        key("stores", Form::List(Type::Destination)),
        key("namespaces", Form::List(Type::NamespacePattern)),
        key("survive", Form::Scalar(Type::Duration)),
    ],
);
static ROUTE: Shape = shape(
    "route",
    None,
    &[
        key("from", Form::List(Type::Selector)),
        key("to", Form::Repeated(&TO)),
        key("collectors", Form::List(Type::Text)),
    ],
);
pub(super) static ROOT: Shape = shape(
    "spec",
    None,
    &[
        key("fleet", Form::Object(&FLEET)),
        key("profile", Form::Named(Type::Name, &FLEET)),
        key("cluster", Form::Named(Type::Name, &FLEET)),
        key("route", Form::Named(Type::Name, &ROUTE)),
    ],
);

/// Reads files given as `(path, text)`.
fn read_all(files: &[(&str, &str)]) -> (Document, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    let mut sink = Sink::default();
    let document = read_sources(sources, &ROOT, &mut sink);
    let found = sink.into_sorted();
    for fault in &found {
        assert!(!fault.why.is_empty() && !fault.help.is_empty() && !fault.what.is_empty(), "{fault:?}");
        assert!(!fault.at.is_none(), "{fault:?}");
    }
    (document, found)
}

fn sound(path: &str, text: &str) -> Document {
    let (document, found) = read_all(&[(path, text)]);
    assert!(found.is_empty(), "{text}\n{found:#?}");
    document
}

/// `CODE text-under-the-span` of every finding.
fn faults(path: &str, text: &str) -> Vec<String> {
    let (document, found) = read_all(&[(path, text)]);
    found.iter().map(|d| format!("{} {}", d.code.id, document.sources.slice(d.at))).collect()
}

/// A spec with every form in it.
const EVERYTHING: &str = r#"// The fleet of the tests.

fleet "lab" {
    interval "15s"
    versions kubernetes="1.34" prometheus="3.13.2"   // pinned
    labels {}
    jobs "node-exporter" "cadvisor"
    jobs "kubelet/resource"                          // joined
    rest
    replicas 2
    storage "100Gi" class="fast"
    job "node-exporter" {
        // as fast as it goes
        class "roce" interval="1s"
        class "cpu"
        exporter "watershed" {
            args "--log level" "x"
        }
    }
    patch "Prometheus/user" why="slow \"disk\"" {
        merge {
            spec {
                walCompression #false
                empty {}
                none { - }
                list "a" 1 #null
                one { - 1.5 }
                deep {
                    - { a 1 }
                    - { - "x"; - "y" }
                    - "p" "q"
                }
            }
        }
    }
    patch "Service/x"
}

profile "gpu" {
    job "dcgm" #null
    disk-free
}
/-cluster "old" {
    rest
}
cluster "edge-1" profile="gpu public" rest=#false
cluster "集群" { storage {}; job {}; jobs #null; labels a="b" c="1" }

route "home" from="* !edge-9" to="central"
route "split" {
    from "tier=gpu,region=sh"
    to "a" namespaces="x y"
    to "a" "b" survive="0s" // two
    // end of block
}
// end
"#;

fn everything() -> String {
    EVERYTHING.replace("    disk-free\n", "")
}

/// A linear congruential generator (Knuth, MMIX): the same texts on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}
