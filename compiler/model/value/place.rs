//! Where something is: a store, an object, a field, a file.

use std::fmt;

use super::{Malformed, glob, kube_name, name, object_name, quoted};
use crate::model::fleet::JobClass;

/// `job` or `job/class`.
pub fn job_class(text: &str) -> Result<JobClass, Malformed> {
    let (job, class) = text.split_once('/').map_or((text, None), |(job, class)| (job, Some(class)));
    if name(job).is_err() || class.is_some_and(|c| name(c).is_err()) {
        let what = format!("{} names no job or class", quoted(text));
        return Err(Malformed::new(what, "write `\"job\"` or `\"job/class\"`"));
    }
    Ok(JobClass { job: job.to_owned(), class: class.map(str::to_owned) })
}

/// Where series go, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DestinationName {
    Store {
        store: String,
        tenant: Option<String>,
    },
    /// They stay in the cluster's own Prometheus.
    None,
}

impl DestinationName {
    /// `"central"`, `"central/team-a"` or `"none"`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text == "none" {
            return Ok(DestinationName::None);
        }
        let (store, tenant) = text.split_once('/').map_or((text, None), |(store, tenant)| (store, Some(tenant)));
        if name(store).is_err() || tenant.is_some_and(|t| name(t).is_err()) {
            let help = "write `\"store\"`, `\"store/tenant\"`, or `\"none\"` for what stays in the cluster; a URL belongs into an `address` of a `store`";
            return Err(Malformed::new(format!("{} names no destination", quoted(text)), help));
        }
        Ok(DestinationName::Store { store: store.to_owned(), tenant: tenant.map(str::to_owned) })
    }
}

impl fmt::Display for DestinationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DestinationName::Store { store, tenant: Some(tenant) } => write!(f, "{store}/{tenant}"),
            DestinationName::Store { store, tenant: None } => f.write_str(store),
            DestinationName::None => f.write_str("none"),
        }
    }
}

/// `"namespace/name"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespacedName {
    pub namespace: String,
    pub name: String,
}

impl NamespacedName {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match text.split_once('/') {
            Some((namespace, name)) if kube_name(namespace).is_ok() && object_name(name).is_ok() => {
                Ok(NamespacedName { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => {
                let what = format!("{} is no name with its namespace", quoted(text));
                Err(Malformed::new(what, "write `\"namespace/name\"`: `\"monitoring/alertmanager-main\"`"))
            }
        }
    }
}

impl fmt::Display for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What a patch changes. Names may have `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Object { kind: String, name: String },
    Values { release: String },
}

impl Target {
    /// `"Prometheus/user"`, `"ServiceMonitor/*"` or `"values/central"`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str =
            "write `\"Kind/name\"` of an emitted object, `*` allowed in the name, or `\"values/RELEASE\"`";
        let unreadable = |because: &str| Malformed::new(format!("{} {because}", quoted(text)), FORM);
        let Some((kind, name)) = text.split_once('/') else {
            return Err(unreadable("does not say kind and name"));
        };
        if name.contains('/') {
            return Err(unreadable("has more than kind and name; the namespace is not part of it"));
        }
        // Names of ClusterRoles may have colons; with a letter for each, and for each star, the
        // rest is a name of Kubernetes.
        if object_name(&name.replace(['*', ':'], "x")).is_err() {
            return Err(unreadable("has no name of Kubernetes behind the `/`"));
        }
        if kind == "values" {
            return Ok(Target::Values { release: name.to_owned() });
        }
        let upper = kind.starts_with(|c: char| c.is_ascii_uppercase());
        if !upper || !kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(unreadable("does not begin with a kind of Kubernetes, which has a capital letter"));
        }
        Ok(Target::Object { kind: kind.to_owned(), name: name.to_owned() })
    }

    pub fn matches_object(&self, kind: &str, name: &str) -> bool {
        matches!(self, Target::Object { kind: k, name: n } if k == kind && glob(n, name))
    }

    pub fn matches_values(&self, release: &str) -> bool {
        matches!(self, Target::Values { release: r } if glob(r, release))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Object { kind, name } => write!(f, "{kind}/{name}"),
            Target::Values { release } => write!(f, "values/{release}"),
        }
    }
}

/// A JSON pointer (RFC 6901) below the top of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JsonPointer {
    /// Keys and indexes from the top, with `~0` and `~1` resolved.
    pub tokens: Vec<String>,
}

impl JsonPointer {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str =
            "write keys from the top, each behind a `/`: `\"/spec/replicas\"`; a `/` in a key is `~1`, a `~` is `~0`";
        let Some(path) = text.strip_prefix('/') else {
            return Err(match text.strip_prefix("$.").or_else(|| text.strip_prefix('.')).unwrap_or(text) {
                "" => Malformed::new("an empty text points at the whole object", FORM),
                dotted => Malformed::instead(
                    format!("{} is no JSON pointer", quoted(text)),
                    format!("/{}", dotted.replace('.', "/")),
                ),
            });
        };
        let mut tokens = Vec::new();
        for token in path.split('/') {
            let stray = token.replace("~0", "").replace("~1", "").contains('~');
            if token.is_empty() || stray {
                let because = if stray { "has a `~` that is neither `~0` nor `~1`" } else { "has an empty key" };
                return Err(Malformed::new(format!("{} {because}", quoted(text)), FORM));
            }
            tokens.push(token.replace("~1", "/").replace("~0", "~"));
        }
        Ok(JsonPointer { tokens })
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|t| write!(f, "/{}", t.replace('~', "~0").replace('/', "~1")))
    }
}

/// A path within the folder of the spec.
pub fn path(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write a path below the folder of the spec, with `/`: `\"extra/pdb.yaml\"`";
    let refuse = |because: &str| Err(Malformed::new(format!("{} {because}", quoted(text)), FORM));
    if text.is_empty() {
        return Err(Malformed::new("an empty text is no path", FORM));
    }
    if text.starts_with('/') || text.get(1..3) == Some(":\\") || text.get(1..3) == Some(":/") {
        return refuse("is a path of one machine");
    }
    if text.contains('\\') || text.chars().any(char::is_control) {
        return refuse("has characters that no path in a spec has");
    }
    if text.split('/').any(|part| part == "..") {
        return refuse("leads out of the folder of the spec");
    }
    if text.trim_end_matches('/').split('/').any(|part| part.is_empty() || part == ".") {
        return refuse("has an empty part, or one that means the folder it is in");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations() {
        let store = |store: &str, tenant: Option<&str>| DestinationName::Store {
            store: store.into(),
            tenant: tenant.map(Into::into),
        };
        assert_eq!(DestinationName::parse("central").unwrap(), store("central", None));
        assert_eq!(DestinationName::parse("central/team-a").unwrap(), store("central", Some("team-a")));
        assert_eq!(DestinationName::parse("none").unwrap(), DestinationName::None);
        for bad in ["", "a/b/c", "a/", "https://x", "none/a", "rest"] {
            assert!(DestinationName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn jobs_and_objects() {
        assert_eq!(job_class("node/roce").unwrap(), JobClass { job: "node".into(), class: Some("roce".into()) });
        assert!(job_class("node/*").is_err());
        assert!(job_class("node/").is_err());
        assert_eq!(NamespacedName::parse("monitoring/k8s").unwrap().to_string(), "monitoring/k8s");
        assert!(NamespacedName::parse("k8s").is_err());
        assert!(NamespacedName::parse("a/b/c").is_err());
    }

    #[test]
    fn targets() {
        assert!(Target::parse("ServiceMonitor/node-*").unwrap().matches_object("ServiceMonitor", "node-exporter"));
        assert!(!Target::parse("ServiceMonitor/*").unwrap().matches_object("PodMonitor", "node"));
        assert!(Target::parse("values/central").unwrap().matches_values("central"));
        assert!(!Target::parse("values/central").unwrap().matches_object("values", "central"));
        for bad in ["Prometheus", "prometheus/user", "Prometheus/", "Prometheus/monitoring/user", "Prom*/user", "/user"]
        {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pointers_resolve_their_escapes() {
        let pointer = JsonPointer::parse("/metadata/annotations/a~1b~0c").unwrap();
        assert_eq!(pointer.tokens, ["metadata", "annotations", "a/b~c"]);
        assert_eq!(pointer.to_string(), "/metadata/annotations/a~1b~0c");
        assert_eq!(JsonPointer::parse("spec.replicas").unwrap_err().instead.as_deref(), Some("/spec/replicas"));
        assert_eq!(JsonPointer::parse(".spec.replicas").unwrap_err().instead.as_deref(), Some("/spec/replicas"));
        for bad in ["", "/", "/a//b", "/a~2"] {
            assert!(JsonPointer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_stay_in_the_folder() {
        assert!(path("extra/pdb.yaml").is_ok());
        assert!(path("templates/").is_ok());
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "C:\\x", "a//b", "./a", "a\0b"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }
}
