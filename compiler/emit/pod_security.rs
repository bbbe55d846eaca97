//! Which Pod Security profile admits the pods of an object: `restricted`, `baseline` or `privileged`,
//! computed from the finished object as the API server's admission does it.
//!
//! Kubernetes' Pod Security Standards, the checks of 1.25 to 1.35.

use std::fmt;

use crate::object::{NodeId, Tree, Value};

/// Label of a namespace whose value is the profile that its pods must keep.
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The same, with a warning in place of a refusal.
pub const WARN: &str = "pod-security.kubernetes.io/warn";

/// From the strictest to the one that admits everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    Restricted,
    Baseline,
    Privileged,
}

impl Profile {
    pub fn parse(word: &str) -> Option<Profile> {
        [Profile::Restricted, Profile::Baseline, Profile::Privileged].into_iter().find(|p| p.name() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Profile::Restricted => "restricted",
            Profile::Baseline => "baseline",
            Profile::Privileged => "privileged",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the pods of an object need, and the field that made it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub profile: Profile,
    /// The first field for which a stricter profile refuses them; the pod where one is missing.
    pub because: NodeId,
}

/// Capabilities that `baseline` lets a container add.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kinds of volumes that `restricted` knows; `hostPath` is refused by `baseline` already.
const RESTRICTED_VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

/// Sysctls that are of the pod alone.
const SAFE_SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
];

/// What the pods of an object need; `None` for what has none.
pub fn need(tree: &Tree, root: NodeId) -> Option<Need> {
    let kind = tree.get(root, "kind").and_then(|k| tree.as_str(k))?;
    let (path, made_by_operator): (&[&str], bool) = match kind {
        "Pod" => (&["spec"], false),
        "DaemonSet" | "Deployment" | "StatefulSet" | "ReplicaSet" | "Job" => (&["spec", "template", "spec"], false),
        "CronJob" => (&["spec", "jobTemplate", "spec", "template", "spec"], false),
        "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler" => (&["spec"], true),
        _ => return None,
    };
    let pod = Pod { tree, spec: tree.at(root, path)?, made_by_operator };
    let found = pod.beyond_baseline().map(|n| (Profile::Privileged, n));
    let found = found.or_else(|| pod.beyond_restricted().map(|n| (Profile::Baseline, n)));
    let (profile, because) = found.unwrap_or((Profile::Restricted, pod.spec));
    Some(Need { profile, because })
}

struct Pod<'t> {
    tree: &'t Tree,
    spec: NodeId,
    /// The operator writes the containers, each with all that `restricted` asks of a container; the
    /// resource holds changes to them.
    made_by_operator: bool,
}

impl Pod<'_> {
    fn containers(&self) -> impl Iterator<Item = NodeId> + '_ {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        lists.into_iter().filter_map(|l| self.tree.get(self.spec, l)).flat_map(|l| self.tree.children(l))
    }

    /// The security contexts of the pod and of its containers.
    fn contexts(&self) -> impl Iterator<Item = NodeId> + '_ {
        let all = std::iter::once(self.spec).chain(self.containers());
        all.filter_map(|holder| self.tree.get(holder, "securityContext"))
    }

    fn is(&self, node: NodeId, path: &[&str], what: &Value<'_>) -> Option<NodeId> {
        self.tree.at(node, path).filter(|n| self.tree.value(*n) == *what)
    }

    fn text(&self, node: NodeId, path: &[&str]) -> Option<(NodeId, &str)> {
        let found = self.tree.at(node, path)?;
        Some((found, self.tree.as_str(found)?))
    }

    fn items(&self, node: NodeId, path: &[&str]) -> impl Iterator<Item = NodeId> + '_ {
        self.tree.at(node, path).into_iter().flat_map(|list| self.tree.children(list))
    }

    /// The first field that `baseline` refuses.
    fn beyond_baseline(&self) -> Option<NodeId> {
        let yes = Value::Bool(true);
        let host = ["hostNetwork", "hostPID", "hostIPC"];
        host.into_iter()
            .find_map(|key| self.is(self.spec, &[key], &yes))
            .or_else(|| self.items(self.spec, &["volumes"]).find_map(|v| self.tree.get(v, "hostPath")))
            .or_else(|| self.contexts().find_map(|context| self.unsafe_context(context)))
            .or_else(|| self.containers().find_map(|container| self.unsafe_container(container)))
    }

    fn unsafe_context(&self, context: NodeId) -> Option<NodeId> {
        let yes = Value::Bool(true);
        let unconfined = |path: &[&str]| self.text(context, path).filter(|(_, t)| *t == "Unconfined").map(|(n, _)| n);
        let sysctl = |s: &NodeId| self.text(*s, &["name"]).is_some_and(|(_, name)| !SAFE_SYSCTLS.contains(&name));
        let label =
            |key: &str| self.text(context, &["seLinuxOptions", key]).filter(|(_, t)| !t.is_empty()).map(|f| f.0);
        let types = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
        let strange = self.text(context, &["seLinuxOptions", "type"]);
        self.is(context, &["privileged"], &yes)
            .or_else(|| self.is(context, &["windowsOptions", "hostProcess"], &yes))
            .or_else(|| unconfined(&["seccompProfile", "type"]))
            .or_else(|| unconfined(&["appArmorProfile", "type"]))
            .or_else(|| self.text(context, &["procMount"]).filter(|(_, t)| *t != "Default").map(|f| f.0))
            .or_else(|| self.items(context, &["sysctls"]).find(sysctl))
            .or_else(|| label("user"))
            .or_else(|| label("role"))
            .or_else(|| strange.filter(|(_, t)| !t.is_empty() && !types.contains(t)).map(|f| f.0))
    }

    fn unsafe_container(&self, container: NodeId) -> Option<NodeId> {
        let taken = |port: NodeId| {
            self.tree.get(port, "hostPort").filter(|p| !matches!(self.tree.value(*p), Value::Int(0) | Value::Null))
        };
        self.items(container, &["ports"]).find_map(taken).or_else(|| {
            let added = self.items(container, &["securityContext", "capabilities", "add"]);
            added.into_iter().find(|c| self.tree.as_str(*c).is_none_or(|name| !BASELINE_CAPABILITIES.contains(&name)))
        })
    }

    /// The first field that `restricted` refuses, or where one that it asks for is missing.
    fn beyond_restricted(&self) -> Option<NodeId> {
        let known = |v: &NodeId| {
            let source = self.tree.children(*v).map(|n| self.tree.key(n)).find(|key| *key != "name");
            source.is_none_or(|source| RESTRICTED_VOLUMES.contains(&source))
        };
        let volume = self.items(self.spec, &["volumes"]).find(|v| !known(v));
        volume
            .or_else(|| self.contexts().find_map(|c| self.is(c, &["runAsUser"], &Value::Int(0))))
            .or_else(|| self.contexts().find_map(|c| self.is(c, &["runAsNonRoot"], &Value::Bool(false))))
            .or_else(|| {
                let unasked = self.made_by_operator && (!self.pod_says_non_root() || !self.pod_says_seccomp());
                unasked.then_some(self.spec)
            })
            .or_else(|| self.containers().find_map(|container| self.loose_container(container)))
    }

    fn loose_container(&self, container: NodeId) -> Option<NodeId> {
        let context = |path: &[&'static str]| {
            let whole: Vec<&str> = std::iter::once("securityContext").chain(path.iter().copied()).collect();
            self.tree.at(container, &whole)
        };
        let escalation = context(&["allowPrivilegeEscalation"]);
        if let Some(said) = escalation.filter(|e| self.tree.value(*e) != Value::Bool(false)) {
            return Some(said);
        }
        let mut added = self.items(container, &["securityContext", "capabilities", "add"]);
        if let Some(added) = added.find(|c| self.tree.as_str(*c) != Some("NET_BIND_SERVICE")) {
            return Some(added);
        }
        if self.made_by_operator {
            return None;
        }
        let mut dropped = self.items(container, &["securityContext", "capabilities", "drop"]);
        let drops_all = dropped.any(|c| self.tree.as_str(c) == Some("ALL"));
        let non_root = self.pod_says_non_root() || context(&["runAsNonRoot"]).is_some();
        let seccomp = self.pod_says_seccomp() || context(&["seccompProfile", "type"]).is_some();
        (escalation.is_none() || !drops_all || !non_root || !seccomp).then_some(container)
    }

    fn pod_says_non_root(&self) -> bool {
        self.is(self.spec, &["securityContext", "runAsNonRoot"], &Value::Bool(true)).is_some()
    }

    /// `Unconfined` has been refused before.
    fn pod_says_seccomp(&self) -> bool {
        self.tree.at(self.spec, &["securityContext", "seccompProfile", "type"]).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::plain;

    /// The profile that the pods of a text need, and the key of the field behind it.
    fn needed(text: &str) -> (Profile, String) {
        let mut tree = Tree::new();
        let root = plain::read_tree(text, &mut tree).expect("YAML")[0];
        let need = need(&tree, root).expect("pods");
        (need.profile, tree.key(need.because).to_owned())
    }

    const SAFE: &str = "\
kind: Deployment
spec:
  template:
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      volumes: [{name: a, configMap: {name: a}}]
      containers:
        - name: a
          ports: [{containerPort: 80}]
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

    #[test]
    fn what_keeps_every_rule_is_restricted() {
        assert_eq!(needed(SAFE).0, Profile::Restricted);
        let operators =
            "kind: Prometheus\nspec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}}";
        assert_eq!(needed(operators).0, Profile::Restricted);
    }

    #[test]
    fn what_leaves_a_rule_unsaid_or_loosens_it_is_baseline() {
        for (from, to, key) in [
            ("runAsNonRoot: true, ", "", ""),
            ("runAsNonRoot: true", "runAsUser: 0", "runAsUser"),
            (", seccompProfile: {type: RuntimeDefault}", "", ""),
            ("allowPrivilegeEscalation: false, ", "", ""),
            ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"),
            ("drop: [ALL]", "drop: [NET_RAW]", ""),
            ("drop: [ALL]", "drop: [ALL], add: [CHOWN]", ""),
            ("configMap: {name: a}", "nfs: {server: a, path: /}", ""),
        ] {
            let text = SAFE.replace(from, to);
            assert_ne!(text, SAFE, "{from}");
            assert_eq!(needed(&text), (Profile::Baseline, key.to_owned()), "{to}");
        }
        assert_eq!(needed("kind: Prometheus\nspec: {replicas: 1}").0, Profile::Baseline);
    }

    #[test]
    fn what_reaches_for_its_host_is_privileged() {
        for (from, to, key) in [
            ("volumes:", "hostNetwork: true\n      volumes:", "hostNetwork"),
            ("volumes:", "hostPID: true\n      volumes:", "hostPID"),
            ("configMap: {name: a}", "hostPath: {path: /}", "hostPath"),
            ("containerPort: 80", "containerPort: 80, hostPort: 80", "hostPort"),
            ("drop: [ALL]", "drop: [ALL], add: [SYS_TIME]", ""),
            ("allowPrivilegeEscalation: false", "privileged: true", "privileged"),
            ("type: RuntimeDefault", "type: Unconfined", "type"),
        ] {
            let text = SAFE.replace(from, to);
            assert_ne!(text, SAFE, "{from}");
            assert_eq!(needed(&text), (Profile::Privileged, key.to_owned()), "{to}");
        }
        // A host network that is switched off, a port that is none.
        let off = SAFE.replace("volumes:", "hostNetwork: false\n      volumes:");
        assert_eq!(needed(&off.replace("containerPort: 80", "containerPort: 80, hostPort: 0")).0, Profile::Restricted);
    }
}
