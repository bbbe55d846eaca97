//! The description of the language, as a type. The tables themselves are in `spec/`.
//!
//! One table drives decoding, the mapping of KDL and YAML onto each other, did-you-mean, the JSON
//! Schema, the reference page and `convert`.

/// An object of the language: the keys that may stand in it.
#[derive(Debug)]
pub struct Shape {
    /// `job`, `storage`: unique over the language.
    pub name: &'static str,
    /// One sentence for the reference page and the editor.
    pub doc: &'static str,
    /// The key that the arguments of a KDL node, or a bare YAML scalar or list, fill (marked ① in
    /// the reference).
    pub argument: Option<&'static str>,
    /// In the order of the reference, which is the order `convert` writes.
    pub keys: &'static [Key],
}

impl Shape {
    /// The key it stands under in a spec. Where one key has other shapes in other blocks, their names
    /// carry the block in front.
    pub fn word(&self) -> &'static str {
        let blocks = ["address-", "prometheus-", "route-", "store-", "zone-"];
        blocks.iter().find_map(|block| self.name.strip_prefix(block)).unwrap_or(self.name)
    }
}

/// One key of a [`Shape`].
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    pub required: bool,
    /// The default in words, as the reference shows it; empty where absent means absent.
    pub default: &'static str,
    /// What it is, what it compiles to.
    pub doc: &'static str,
    /// Requirement numbers it serves: `"G3 P2"`.
    pub serves: &'static str,
    pub status: Status,
    /// Spellings people bring from elsewhere (`external_labels`, `scrapeInterval`), answered with
    /// a fix.
    pub native: &'static [&'static str],
}

/// Whether the machinery behind a key exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Compiled,
    /// Read, checked for form and reference, then refused by name; the text says what it will do.
    NotYet(&'static str),
}

/// The seven shapes of a key, and free trees.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    Scalar(Type),
    Flag,
    List(Type),
    /// Free keys of the first type, scalars of the second.
    Map(Type, Type),
    Object(&'static Shape),
    /// A set of objects, each with a name of the given type.
    Named(Type, &'static Shape),
    Repeated(&'static Shape),
    /// Below `merge` only: no schema, the shape follows from the text.
    Free,
}

/// What a scalar may be (§6.12 of the reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 40 characters; `none`, `rest`, `all` reserved.
    Name,
    /// A DNS label of Kubernetes (63 characters): a namespace, a Service.
    KubeName,
    /// A DNS subdomain of Kubernetes (253 characters, dots allowed): a Secret, a storage class, a
    /// priority class.
    ObjectName,
    /// Prometheus' duration, above zero.
    Duration,
    /// Prometheus' duration, `"0s"` allowed.
    DurationOrZero,
    /// A Kubernetes quantity of bytes.
    Size,
    /// A Kubernetes quantity, of CPU or anything else.
    Quantity,
    /// Bytes per second, `"25Mi/s"`.
    Rate,
    /// A whole number, not negative.
    Count,
    /// A whole number, at least one.
    Positive,
    Percent,
    Version,
    VersionRange,
    NamespacePattern,
    MetricGlob,
    /// `job` or `job/class`.
    JobClass,
    /// `job` or `job/class`, `*` allowed.
    JobGlob,
    /// `store`, `store/tenant` or `none`.
    Destination,
    Date,
    Id,
    /// Of Prometheus: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with `__`.
    LabelName,
    /// Of Kubernetes, with an optional prefix: `app.kubernetes.io/name`.
    LabelKey,
    /// Of Kubernetes: empty, or at most 63 characters.
    LabelValue,
    Url,
    Domain,
    /// A selector term over clusters (§8).
    Selector,
    /// `Kind/name` of an emitted object, or `values/<release>`; `*` in the name.
    Target,
    /// A key of a Secret: letters, digits, `-`, `_` and `.`.
    SecretKey,
    /// `"namespace/name"`.
    NamespacedName,
    JsonPointer,
    /// A path relative to the spec's folder.
    Path,
    /// A port: name or number.
    Port,
    /// `host`, `host:port` or, for a probe, a URL.
    Endpoint,
    /// The path of a URL, `/metrics`.
    UrlPath,
    /// An image reference.
    Image,
    /// Where images are mirrored: host, optional port and path, no tag.
    Registry,
    /// The name of a collector of an exporter.
    Collector,
    /// A unit with a size of its own: `relay`, `prometheus/user`.
    Unit,
    /// Free text.
    Text,
    /// A string, number or boolean, handed on as it stands.
    Any,
    Enum(&'static [&'static str]),
    /// The name of something declared in the spec or known to the catalog.
    Ref(Reference),
}

/// What a reference refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    Profile,
    Zone,
    Cluster,
    Store,
    Alertmanager,
    /// A Prometheus of the same cluster.
    Prometheus,
    /// A Prometheus of the same cluster, or a store.
    PrometheusOrStore,
    Job,
    Address,
    Wave,
    RulePack,
    Dashboard,
    Rule,
}

impl Shape {
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }

    /// The key that arguments fill.
    pub fn argument_key(&self) -> Option<&'static Key> {
        self.argument.and_then(|name| self.key(name))
    }
}
