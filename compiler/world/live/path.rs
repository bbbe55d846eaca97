//! Where things stand on a server, and how they are called in messages.

use super::words;
use crate::world::server::{Listed, Served};

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn of_version(api_version: &str) -> String {
    match api_version.split_once('/') {
        Some((group, version)) => format!("/apis/{}/{}", segment(group), segment(version)),
        None => format!("/api/{}", segment(api_version)),
    }
}

pub(super) fn of_list(what: &Listed, limit: usize, next: Option<&str>) -> String {
    let mut path = format!("{}?limit={limit}", of_kind(&what.served, what.namespace.as_deref()));
    if let Some(labels) = &what.labels {
        path.push_str("&labelSelector=");
        path.push_str(&segment(labels));
    }
    if let Some(next) = next {
        path.push_str("&continue=");
        path.push_str(&segment(next));
    }
    path
}

/// A list of one, which takes no other right than a list of all.
pub(super) fn of_named(what: &Listed, name: &str) -> String {
    format!("{}&fieldSelector={}", of_list(what, 2, None), segment(&format!("metadata.name={name}")))
}

pub(super) fn of_object(what: &Served, namespace: Option<&str>, name: &str) -> String {
    format!("{}/{}", of_kind(what, namespace), segment(name))
}

pub(super) fn of_kind(what: &Served, namespace: Option<&str>) -> String {
    let version = of_version(&what.api_version);
    match namespace.filter(|_| what.namespaced) {
        Some(namespace) => format!("{version}/namespaces/{}/{}", segment(namespace), segment(&what.plural)),
        None => format!("{version}/{}", segment(&what.plural)),
    }
}

/// For messages: `listing prometheuses.monitoring.coreos.com in monitoring`.
pub(super) fn listing(what: &Listed) -> String {
    let place = what.namespace.as_deref().map_or_else(String::new, |n| format!(" in `{}`", words::of_server(n, &[])));
    format!("listing {}{place}", resource(&what.served))
}

/// `prometheuses.monitoring.coreos.com`, as roles and kubectl name it.
pub(super) fn resource(what: &Served) -> String {
    match what.api_version.split_once('/') {
        Some((group, _)) => words::of_server(&format!("{}.{group}", what.plural), &[]),
        None => words::of_server(&what.plural, &[]),
    }
}

/// For messages: `applying ConfigMap monitoring/grafana`.
pub(super) fn object(doing: &str, what: &Served, namespace: Option<&str>, name: &str) -> String {
    let namespace = namespace.map_or_else(String::new, |n| format!("{n}/"));
    words::of_server(&format!("{doing} {} {namespace}{name}", what.kind), &[])
}

/// A part of a path, or a value of a query.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // Both would be taken for folders.
    if out == "." || out == ".." { out.replace('.', "%2E") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let served = |namespaced: bool| Served {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            plural: "deployments".to_owned(),
            namespaced,
        };
        assert_eq!(of_object(&served(true), Some("a/b"), ".."), "/apis/apps/v1/namespaces/a%2Fb/deployments/%2E%2E");
        assert_eq!(of_object(&served(false), Some("a"), "x?y"), "/apis/apps/v1/deployments/x%3Fy");
        let listed = Listed { served: served(true), namespace: None, labels: Some("watershed/fleet=a,b=c".to_owned()) };
        assert_eq!(
            of_list(&listed, 500, Some("x=&")),
            "/apis/apps/v1/deployments?limit=500&labelSelector=watershed%2Ffleet%3Da%2Cb%3Dc&continue=x%3D%26"
        );
        assert_eq!(of_version("v1"), "/api/v1");
    }
}
