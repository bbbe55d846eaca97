//! What each type is called, what it looks like, and what JSON Schema can say of it.

use serde_json::{Value, json};

use crate::syntax::{Reference, Type};

/// The types of the reference page, with their form, in the order people meet them.
pub(super) const TYPES: &[(&str, &str)] = &[
    ("name", "`[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 40 characters; `none`, `rest`, `all` are words of the language"),
    (
        "duration",
        "Prometheus': `\"15s\"`, `\"12h\"`, `\"1d12h\"`; units y, w, d, h, m, s, ms, long before short; above zero unless it says *or zero*",
    ),
    ("size", "a Kubernetes quantity of bytes, at least a mebibyte: `\"500Gi\"`"),
    ("quantity", "a Kubernetes quantity: `\"500m\"`, `\"2\"`"),
    ("rate", "size and `/s`, in bytes: `\"25Mi/s\"`"),
    ("count", "a whole number; *positive*: at least 1"),
    ("percent", "`\"10%\"`"),
    (
        "version",
        "one to three numbers with dots, in quotes: `\"1.34\"`; a missing part means the newest the catalog knows",
    ),
    ("version range", "conditions with commas: `\">=0.1, <0.2\"`"),
    ("date", "`\"2027-03-31\"`, UTC"),
    ("id", "a Kubernetes label value that is not empty; `delivery`, `fleet.json` and `README.md` are taken"),
    ("Kubernetes name", "a DNS label, at most 63 characters; *with dots*: a DNS subdomain, at most 253"),
    ("namespace pattern", "a namespace, or the beginning of some and `*`: `\"team-*\"`"),
    ("metric glob", "a metric name with `*` for any characters; never a regular expression"),
    ("job or class", "`\"job\"` or `\"job/class\"`; *glob*: with `*` in either"),
    ("destination", "`\"store\"`, `\"store/tenant\"`, or `\"none\"`"),
    ("selector", "`edge-*`, `tier=gpu`, `region!=sh`; a comma is *and*, `!` in front takes out"),
    ("label name", "Prometheus': letters, digits, `_`"),
    ("label key, label value", "Kubernetes': `app.kubernetes.io/name`"),
    ("url", "absolute, `https` or `http`, no user information, no query"),
    ("endpoint", "`host`, `host:port`, or a URL for a prober"),
    ("port", "a number, or the name it has in its Service or pod"),
    ("target", "`\"Kind/name\"`, `*` allowed in the name, or `\"values/RELEASE\"`"),
    ("JSON pointer", "`\"/spec/replicas\"`"),
    ("path", "below the folder of the spec"),
    ("unit", "`\"relay\"`, `\"prometheus/NAME\"`, `\"exporter/JOB\"`"),
];

/// What a type is called on the reference page.
pub(super) fn name(ty: Type) -> String {
    let plain = match ty {
        Type::Name => "name",
        Type::KubeName => "Kubernetes name",
        Type::ObjectName => "Kubernetes name, with dots",
        Type::SecretKey => "key of a Secret",
        Type::Duration => "duration",
        Type::DurationOrZero => "duration or zero",
        Type::Size => "size",
        Type::Quantity => "quantity",
        Type::Rate => "rate",
        Type::Count => "count",
        Type::Positive => "count, positive",
        Type::Percent => "percent",
        Type::Version => "version",
        Type::VersionRange => "version range",
        Type::NamespacePattern => "namespace pattern",
        Type::MetricGlob => "metric glob",
        Type::JobClass => "job or class",
        Type::JobGlob => "job or class, glob",
        Type::Destination => "destination",
        Type::Date => "date",
        Type::Id => "id",
        Type::LabelName => "label name",
        Type::LabelKey => "label key",
        Type::LabelValue => "label value",
        Type::Url => "url",
        Type::Domain => "DNS name",
        Type::Selector => "selector",
        Type::Target => "target",
        Type::NamespacedName => "`namespace/name`",
        Type::JsonPointer => "JSON pointer",
        Type::Path => "path",
        Type::Port => "port",
        Type::Endpoint => "endpoint",
        Type::UrlPath => "path of a URL",
        Type::Image => "image",
        Type::Registry => "host and path",
        Type::Unit => "unit",
        Type::Collector => "collector",
        Type::Text => "text",
        Type::Any => "any value",
        Type::Enum(words) => return words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" "),
        Type::Ref(Reference::PrometheusOrStore) => "prometheus or store",
        Type::Ref(reference) => referred(reference),
    };
    plain.to_owned()
}

/// The kind of thing a string of this type refers to, for completion and *go to definition*.
pub(super) fn reference(ty: Type) -> Option<&'static str> {
    match ty {
        Type::Ref(reference) => Some(referred(reference)),
        Type::JobClass | Type::JobGlob => Some("job"),
        Type::Destination => Some("store"),
        Type::Selector => Some("cluster"),
        _ => None,
    }
}

fn referred(reference: Reference) -> &'static str {
    match reference {
        Reference::Profile => "profile",
        Reference::Zone => "zone",
        Reference::Cluster => "cluster",
        Reference::Store => "store",
        Reference::Alertmanager => "alertmanager",
        Reference::Prometheus => "prometheus",
        Reference::PrometheusOrStore => "prometheus|store",
        Reference::Job => "job",
        Reference::Address => "address",
        Reference::Wave => "wave",
        Reference::RulePack => "rule-pack",
        Reference::Dashboard => "dashboard",
        Reference::Rule => "rule",
    }
}

/// What JSON Schema can say of a value of this type. The compiler checks more.
pub(super) fn schema(ty: Type) -> Value {
    const NAME: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    const SIZE: &str = r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?";
    const VERSION: &str = r"[0-9]+(\.[0-9]+){0,2}";
    let pattern = |p: &str| json!({"type": "string", "pattern": format!("^(?:{p})$")});
    let short =
        |p: &str, longest: u32| json!({"type": "string", "pattern": format!("^(?:{p})$"), "maxLength": longest});
    match ty {
        Type::Name => {
            let mut schema = short(NAME, 40);
            schema["not"] = json!({"enum": ["none", "rest", "all"]});
            schema
        }
        Type::Ref(Reference::Rule) => pattern("[A-Z]{3}[0-9]{3}"),
        Type::Ref(_) => short(NAME, 40),
        Type::KubeName => short(NAME, 63),
        Type::ObjectName => short(&format!(r"{NAME}(\.{NAME})*"), 253),
        Type::SecretKey | Type::Collector => pattern("[-._a-zA-Z0-9]+"),
        Type::Duration | Type::DurationOrZero => json!({
            "type": "string",
            "minLength": 2,
            "pattern": "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
        }),
        Type::Size => pattern(SIZE),
        Type::Quantity => pattern(r"[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?"),
        Type::Rate => pattern(&format!("{SIZE}/s")),
        Type::Count => json!({"type": "integer", "minimum": 0}),
        Type::Positive => json!({"type": "integer", "minimum": 1}),
        Type::Percent => pattern("[1-9][0-9]*%"),
        Type::Version => pattern(VERSION),
        Type::VersionRange => pattern(&format!(r"(>=|<=|>|<|=)?\s*{VERSION}(\s*,\s*(>=|<=|>|<|=)?\s*{VERSION})*")),
        Type::NamespacePattern => short(r"[a-z0-9][-a-z0-9]*\*?|\*", 64),
        Type::MetricGlob => pattern("[a-zA-Z_:*][a-zA-Z0-9_:*]*"),
        Type::JobClass => pattern(&format!("{NAME}(/{NAME})?")),
        Type::JobGlob => pattern("[-a-z0-9*]+(/[-a-z0-9*]+)?"),
        Type::Destination => pattern(&format!("{NAME}(/{NAME})?")),
        Type::Date => json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Type::Id => {
            let mut schema = short("[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?", 63);
            schema["not"] = json!({"enum": ["delivery", "fleet.json", "README.md"]});
            schema
        }
        Type::LabelName => pattern("[a-zA-Z_][a-zA-Z0-9_]*"),
        Type::LabelKey => pattern("([a-z0-9][-.a-z0-9]*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?"),
        Type::LabelValue => short("([a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?)?", 63),
        Type::Url => json!({"type": "string", "format": "uri", "pattern": r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"}),
        Type::Domain => short(&format!(r"{NAME}(\.{NAME})*"), 253),
        Type::Selector => pattern(r"!?[^\s,!]([^\s,]*)(,[^\s,]+)*"),
        Type::Target => pattern(r"([A-Z][A-Za-z0-9]*|values)/[-.:a-z0-9*]+"),
        Type::NamespacedName => pattern(&format!(r"{NAME}/{NAME}(\.{NAME})*")),
        Type::JsonPointer => pattern("(/[^/]+)+"),
        Type::Path => pattern(r"[^/\\].*"),
        Type::Port => {
            json!({"type": ["integer", "string"], "minimum": 1, "maximum": 65535, "pattern": "^[-a-z0-9]{1,15}$"})
        }
        Type::UrlPath => pattern(r"/[^?#\s]*"),
        Type::Image | Type::Registry | Type::Endpoint => pattern(r"\S+"),
        Type::Unit => pattern(&format!("relay|(prometheus|exporter|store)/{NAME}")),
        Type::Text => json!({"type": "string"}),
        Type::Any => json!({"type": ["string", "number", "boolean"]}),
        Type::Enum(words) => json!({"enum": words}),
    }
}
