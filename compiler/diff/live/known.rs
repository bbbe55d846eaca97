//! Those who are known to write into objects of others, and what they write.

use super::owners::{Manager, Operation};

/// What somebody who is known has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    ArgoCd,
    Flux,
    Helm,
    /// A proxy that a service mesh injects.
    Mesh,
    /// `kubectl rollout restart`.
    Restart,
    Autoscaler,
    Operator,
    Controller,
}

impl Known {
    pub fn name(self) -> &'static str {
        match self {
            Known::ArgoCd => "Argo CD",
            Known::Flux => "Flux",
            Known::Helm => "Helm",
            Known::Mesh => "a service mesh",
            Known::Restart => "kubectl rollout restart",
            Known::Autoscaler => "an autoscaler",
            Known::Operator => "the operator",
            Known::Controller => "a controller of Kubernetes",
        }
    }
}

/// Keys of labels and annotations; one that ends in `/` stands for every key that begins with it.
const KEYS: &[(&str, Known)] = &[
    ("argocd.argoproj.io/", Known::ArgoCd),
    ("app.kubernetes.io/instance", Known::ArgoCd),
    ("kustomize.toolkit.fluxcd.io/", Known::Flux),
    ("helm.toolkit.fluxcd.io/", Known::Flux),
    ("meta.helm.sh/", Known::Helm),
    ("helm.sh/", Known::Helm),
    ("kubectl.kubernetes.io/restartedAt", Known::Restart),
    ("sidecar.istio.io/", Known::Mesh),
    ("istio.io/", Known::Mesh),
    ("security.istio.io/", Known::Mesh),
    ("service.istio.io/", Known::Mesh),
    ("traffic.sidecar.istio.io/", Known::Mesh),
    ("linkerd.io/", Known::Mesh),
    ("config.linkerd.io/", Known::Mesh),
    ("viz.linkerd.io/", Known::Mesh),
    ("consul.hashicorp.com/", Known::Mesh),
    ("kuma.io/", Known::Mesh),
    ("deployment.kubernetes.io/", Known::Controller),
    ("deprecated.daemonset.template.generation", Known::Controller),
    ("pv.kubernetes.io/", Known::Controller),
    ("volume.kubernetes.io/", Known::Controller),
    ("endpoints.kubernetes.io/", Known::Controller),
    ("endpointslice.kubernetes.io/", Known::Controller),
    ("autoscaling.alpha.kubernetes.io/", Known::Autoscaler),
    ("vpaUpdates", Known::Autoscaler),
    ("vpaObservedContainers", Known::Autoscaler),
];

/// What the names of injected containers and volumes begin with.
const INJECTED: &[&str] = &[
    "istio-",
    "istiod-",
    "linkerd-",
    "consul-connect-",
    "consul-dataplane",
    "kuma-",
    "workload-certs",
    "workload-socket",
    "credential-socket",
];

/// Who it is that something was added by, as its place tells: `path` has names of items.
pub(super) fn by_path(path: &[String]) -> Option<Known> {
    let (last, above) = path.split_last()?;
    match above.last().map(String::as_str) {
        Some("labels" | "annotations") => by_key(last),
        Some("containers" | "initContainers" | "volumes") if INJECTED.iter().any(|prefix| last.starts_with(prefix)) => {
            Some(Known::Mesh)
        }
        _ => None,
    }
}

fn by_key(key: &str) -> Option<Known> {
    KEYS.iter().find(|(k, _)| *k == key || (k.ends_with('/') && key.starts_with(k))).map(|(_, known)| *known)
}

/// Who it is by the name it writes under.
pub(super) fn by_manager(manager: &Manager) -> Option<Known> {
    if manager.subresource == "scale" {
        return Some(Known::Autoscaler);
    }
    match manager.name.as_str() {
        name if name.starts_with("kube-") || name == "cloud-controller-manager" => Some(Known::Controller),
        "PrometheusOperator" | "prometheus-operator" | "operator" | "grafana-operator" => Some(Known::Operator),
        "keda"
        | "keda-operator"
        | "horizontal-pod-autoscaler"
        | "vpa-updater"
        | "vpa-recommender"
        | "vpa-admission-controller" => Some(Known::Autoscaler),
        "pilot-discovery" | "istiod" | "proxy-injector" | "linkerd-proxy-injector" => Some(Known::Mesh),
        _ => None,
    }
}

/// Tools that put our output into clusters, by the names they apply under.
const APPLIERS: [&str; 8] = [
    "watershed",
    "kubectl",
    ARGO_CD,
    "kustomize-controller",
    "flux",
    "helm",
    "kapp-controller",
    "karmada-execution-controller",
];

/// `kubectl apply` without `--server-side`: an update whose content stands in an annotation.
const CLIENT_SIDE: [&str; 2] = ["kubectl-client-side-apply", "before-first-apply"];

/// Argo CD does as it, unless it is told to apply server-side.
const ARGO_CD: &str = "argocd-controller";

/// Whether it was `kubectl apply` without `--server-side`, or another that is known to write our output without
/// applying it.
pub(super) fn is_client_side(manager: &Manager, aliases: &[String]) -> bool {
    let name = manager.name.as_str();
    let known = CLIENT_SIDE.contains(&name) || name == ARGO_CD || aliases.iter().any(|a| a == name);
    manager.operation == Operation::Update && known
}

/// Whether this is how our output came into the cluster; `aliases` are further names.
pub(super) fn is_ours(manager: &Manager, aliases: &[String]) -> bool {
    let name = manager.name.as_str();
    match manager.operation {
        Operation::Apply => APPLIERS.contains(&name) || aliases.iter().any(|a| a == name),
        Operation::Update => CLIENT_SIDE.contains(&name) || aliases.iter().any(|a| a == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_names_tell_who_it_was() {
        let of = |path: &[&str]| by_path(&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["metadata", "annotations", "argocd.argoproj.io/tracking-id"]), Some(Known::ArgoCd));
        assert_eq!(of(&["metadata", "labels", "team"]), None);
        assert_eq!(of(&["spec", "template", "spec", "containers", "linkerd-sidecar"]), Some(Known::Mesh));
        assert_eq!(of(&["spec", "template", "spec", "containers", "debug"]), None);
        let restarted = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
        assert_eq!(of(&restarted), Some(Known::Restart));
    }
}
