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

/// Somebody who is known to write into objects of others: under which names, into which kinds, and what.
struct Writer {
    who: Known,
    managers: &'static [&'static str],
    /// Through this only; empty: through any.
    subresource: &'static str,
    /// Empty: all.
    kinds: &'static [&'static str],
    /// What the keys stand in.
    places: &'static [&'static [&'static str]],
    /// Keys, names of items or of fields; one that ends in `/` stands for every one that begins with it.
    keys: &'static [&'static str],
    /// The place alone tells who it was.
    by_place: bool,
}

const ARGO_CD_WRITES: &[&str] = &[ARGO_CD, "argocd-application-controller", "argocd-server"];
const FLUX: &[&str] = &["kustomize-controller", "helm-controller", "flux"];
/// Versions before 3.5 tell only the language they are written in.
const HELM: &[&str] = &["helm", "helm-controller", "Go-http-client"];
const RESTARTERS: &[&str] = &["kubectl-rollout", "kubectl", "k9s", "argocd-server", "headlamp-server", "rancher"];
const MESHES: &[&str] = &[
    "pilot-discovery",
    "istiod",
    "istioctl",
    "proxy-injector",
    "linkerd",
    "linkerd-proxy-injector",
    "consul-k8s-control-plane",
    "kuma-cp",
];
const OPERATORS: &[&str] = &["PrometheusOperator", "prometheus-operator"];
/// In small distributions one program is all of them.
const CONTROLLERS: &[&str] = &["kube-controller-manager", "cloud-controller-manager", "k3s", "k0s", "kubelite"];
const API_SERVERS: &[&str] = &["kube-apiserver", "k3s", "k0s", "kubelite"];

const WORKLOADS: &[&str] = &["Deployment", "DaemonSet", "StatefulSet"];
const METADATA: &[&[&str]] = &[&["metadata", "labels"], &["metadata", "annotations"]];
const ANNOTATIONS: &[&[&str]] = &[&["metadata", "annotations"]];
const OF_TEMPLATE: &[&[&str]] =
    &[&["spec", "template", "metadata", "labels"], &["spec", "template", "metadata", "annotations"]];

const PLAIN: Writer = Writer {
    who: Known::Controller,
    managers: &[],
    subresource: "",
    kinds: &[],
    places: &[],
    keys: &[],
    by_place: true,
};

const WRITERS: &[Writer] = &[
    Writer {
        who: Known::ArgoCd,
        managers: ARGO_CD_WRITES,
        places: METADATA,
        keys: &["argocd.argoproj.io/", "app.kubernetes.io/instance"],
        ..PLAIN
    },
    Writer {
        who: Known::Flux,
        managers: FLUX,
        places: METADATA,
        keys: &["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"],
        ..PLAIN
    },
    Writer { who: Known::Helm, managers: HELM, places: METADATA, keys: &["meta.helm.sh/", "helm.sh/"], ..PLAIN },
    Writer { who: Known::Helm, managers: HELM, kinds: WORKLOADS, places: OF_TEMPLATE, keys: &["helm.sh/"], ..PLAIN },
    Writer {
        who: Known::Restart,
        managers: RESTARTERS,
        kinds: WORKLOADS,
        places: &[&["spec", "template", "metadata", "annotations"]],
        keys: &["kubectl.kubernetes.io/restartedAt"],
        ..PLAIN
    },
    Writer {
        who: Known::Mesh,
        managers: MESHES,
        kinds: WORKLOADS,
        places: OF_TEMPLATE,
        keys: &[
            "sidecar.istio.io/",
            "istio.io/",
            "security.istio.io/",
            "service.istio.io/",
            "traffic.sidecar.istio.io/",
            "linkerd.io/",
            "config.linkerd.io/",
            "viz.linkerd.io/",
            "consul.hashicorp.com/",
            "kuma.io/",
        ],
        ..PLAIN
    },
    Writer {
        who: Known::Mesh,
        managers: MESHES,
        kinds: WORKLOADS,
        places: &[
            &["spec", "template", "spec", "containers"],
            &["spec", "template", "spec", "initContainers"],
            &["spec", "template", "spec", "volumes"],
        ],
        keys: &[
            "istio-proxy",
            "istio-init",
            "istio-validation",
            "istio-envoy",
            "istio-data",
            "istio-podinfo",
            "istio-token",
            "istiod-ca-cert",
            "istiod-ca-crl",
            "workload-certs",
            "workload-socket",
            "credential-socket",
            "linkerd-proxy",
            "linkerd-init",
            "linkerd-network-validator",
            "linkerd-identity-end-entity",
            "linkerd-identity-token",
            "linkerd-identity-trust-roots",
            "linkerd-proxy-init-xtables-lock",
            "consul-connect-inject-init",
            "consul-connect-inject-data",
            "consul-dataplane",
            "kuma-init",
            "kuma-sidecar",
            "kuma-sidecar-tmp",
        ],
        ..PLAIN
    },
    Writer {
        who: Known::Autoscaler,
        managers: AUTOSCALERS,
        subresource: SCALE,
        places: &[&["spec"]],
        keys: &["replicas", "shards", "shardCount"],
        by_place: false,
        ..PLAIN
    },
    // So that it can take its verdicts out of what they select.
    Writer {
        who: Known::Operator,
        managers: OPERATORS,
        kinds: &["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"],
        places: &[&["metadata"]],
        keys: &["finalizers"],
        by_place: false,
        ..PLAIN
    },
    Writer {
        managers: CONTROLLERS,
        kinds: &["Deployment"],
        places: ANNOTATIONS,
        keys: &["deployment.kubernetes.io/"],
        ..PLAIN
    },
    // The server counts it up for whoever changes the template.
    Writer { kinds: &["DaemonSet"], places: ANNOTATIONS, keys: &["deprecated.daemonset.template.generation"], ..PLAIN },
    Writer {
        managers: CONTROLLERS,
        kinds: &["PersistentVolumeClaim"],
        places: ANNOTATIONS,
        keys: &["pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/"],
        ..PLAIN
    },
    Writer {
        managers: CONTROLLERS,
        kinds: &["PersistentVolumeClaim"],
        places: &[&["spec"]],
        keys: &["volumeName"],
        by_place: false,
        ..PLAIN
    },
    Writer {
        managers: CONTROLLERS,
        kinds: &["Endpoints", "EndpointSlice"],
        places: METADATA,
        keys: &["endpoints.kubernetes.io/", "endpointslice.kubernetes.io/"],
        ..PLAIN
    },
    Writer {
        managers: API_SERVERS,
        kinds: &["Namespace"],
        places: &[&["metadata", "labels"]],
        keys: &["kubernetes.io/metadata.name"],
        ..PLAIN
    },
];

/// Who it is that something was added by, as its place alone tells: `path` has names of items.
pub(super) fn by_place(kind: &str, path: &[String]) -> Option<Known> {
    WRITERS.iter().find(|w| w.by_place && w.writes(kind, path)).map(|w| w.who)
}

/// Who it is, where a manager is known to write what stands at a place. Who applies
/// our output, under whatever name, adds what he knows it by.
pub(super) fn by_writer(kind: &str, path: &[String], manager: &Manager) -> Option<Known> {
    let tracks = |w: &Writer| manager.ours && matches!(w.who, Known::ArgoCd | Known::Flux | Known::Helm);
    let is_he = |w: &&Writer| w.managers.is_empty() || w.is_called(manager) || tracks(w);
    WRITERS.iter().filter(|w| w.writes(kind, path)).find(is_he).map(|w| w.who)
}

impl Writer {
    fn writes(&self, kind: &str, path: &[String]) -> bool {
        let Some((last, above)) = path.split_last() else { return false };
        let of_kind = self.kinds.is_empty() || self.kinds.contains(&kind);
        let key = |key: &&str| *key == last || (key.ends_with('/') && last.starts_with(key));
        of_kind && self.places.iter().any(|place| *place == above) && self.keys.iter().any(key)
    }

    fn is_called(&self, manager: &Manager) -> bool {
        let through = self.subresource.is_empty() || self.subresource == manager.subresource;
        through && self.managers.contains(&manager.name.as_str())
    }
}

/// What scales: a subresource of workloads and of many custom resources.
const SCALE: &str = "scale";
const AUTOSCALERS: &[&str] =
    &["kube-controller-manager", "k3s", "k0s", "kubelite", "horizontal-pod-autoscaler", "keda", "keda-operator"];

/// Who it is by the name it writes under, for whoever reads it.
pub(super) fn by_manager(manager: &Manager) -> Option<Known> {
    let name = manager.name.as_str();
    if manager.subresource == SCALE {
        return AUTOSCALERS.contains(&name).then_some(Known::Autoscaler);
    }
    match name {
        "grafana-operator" => Some(Known::Operator),
        _ if OPERATORS.contains(&name) => Some(Known::Operator),
        "horizontal-pod-autoscaler" | "keda" | "keda-operator" => Some(Known::Autoscaler),
        "vpa-updater" | "vpa-recommender" | "vpa-admission-controller" => Some(Known::Autoscaler),
        "kube-scheduler" | "kubelet" => Some(Known::Controller),
        _ if CONTROLLERS.contains(&name) || API_SERVERS.contains(&name) => Some(Known::Controller),
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

/// Whether this is a name under which things are applied without the server's help, given that the object says what was
/// applied last.
pub(super) fn is_client_side(manager: &Manager) -> bool {
    let name = manager.name.as_str();
    manager.operation == Operation::Update && (CLIENT_SIDE.contains(&name) || APPLIERS[1..].contains(&name))
}

/// Whether this is how our output came into the cluster; `aliases` are further names.
pub(super) fn is_ours(manager: &Manager, aliases: &[String]) -> bool {
    let name = manager.name.as_str();
    match manager.operation {
        Operation::Apply => APPLIERS.contains(&name) || aliases.iter().any(|a| a == name),
        Operation::Update => CLIENT_SIDE.contains(&name) || aliases.iter().any(|a| a == name),
    }
}

/// Whether it has applied our output and leaves that to whoever does so next. Controllers apply again and again.
pub(super) fn is_handed_over(manager: &Manager, aliases: &[String]) -> bool {
    let by_kubectl = match manager.operation {
        Operation::Apply => manager.name == "kubectl",
        Operation::Update => CLIENT_SIDE.contains(&manager.name.as_str()),
    };
    by_kubectl || aliases.contains(&manager.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &[&str]) -> Vec<String> {
        path.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn keys_and_names_tell_who_it_was() {
        let of = |kind: &str, steps: &[&str]| by_place(kind, &path(steps));
        assert_eq!(of("Service", &["metadata", "annotations", "argocd.argoproj.io/tracking-id"]), Some(Known::ArgoCd));
        assert_eq!(of("Service", &["metadata", "labels", "team"]), None);
        let container = |name| ["spec", "template", "spec", "containers", name];
        assert_eq!(of("Deployment", &container("linkerd-proxy")), Some(Known::Mesh));
        assert_eq!(of("Deployment", &container("istio-miner")), None);
        assert_eq!(of("Prometheus", &container("linkerd-proxy")), None);
        let restarted = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
        assert_eq!(of("DaemonSet", &restarted), Some(Known::Restart));
    }

    #[test]
    fn whoever_is_known_is_known_for_what_he_writes() {
        let by = |name: &str, subresource: &str| Manager {
            name: name.to_owned(),
            operation: Operation::Update,
            subresource: subresource.to_owned(),
            time: String::new(),
            ours: false,
        };
        let of = |steps: &[&str], by: &Manager| by_writer("Deployment", &path(steps), by);
        let proxy = ["spec", "template", "spec", "containers", "istio-proxy"];
        assert_eq!(of(&proxy, &by("istiod", "")), Some(Known::Mesh));
        assert_eq!(of(&proxy, &by("mallory", "")), None);
        let replicas = ["spec", "replicas"];
        assert_eq!(of(&replicas, &by("kube-controller-manager", "scale")), Some(Known::Autoscaler));
        assert_eq!(of(&replicas, &by("kube-controller-manager", "")), None);
        assert_eq!(of(&replicas, &by("kubectl", "scale")), None);
        assert_eq!(of(&["spec", "template", "spec", "hostIPC"], &by("kube-controller-manager", "")), None);
        assert_eq!(by_manager(&by("kube-janitor", "")), None);
        assert_eq!(by_manager(&by("kubectl", "scale")), None, "somebody scaled by hand");
    }
}
