//! Accounts with the roles of a file of the repository, and no other right.

use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::emitted::repository;
use crate::ground::cluster::Cluster;
use crate::ground::{During as _, Outcome, write};

/// A kubeconfig with the context `run`, by which an account logs in that has all roles of a file.
///
/// # Errors
/// A role is refused, or the account gets no token.
pub fn logged_in(cluster: &Cluster, folder: &Path, account: &str, file: &str) -> Outcome<PathBuf> {
    let text = std::fs::read_to_string(repository(file)).during(file)?;
    let kubectl = &cluster.api.kubectl;
    kubectl.put(&[json!({"apiVersion": "v1", "kind": "ServiceAccount",
                         "metadata": {"name": account, "namespace": "default"}})])?;
    for document in serde_yaml::Deserializer::from_str(&text) {
        let role = Value::deserialize(document).during(file)?;
        let name = role["metadata"]["name"].clone();
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("{account}-{}", name.as_str().unwrap_or_default())},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "default"}]});
        kubectl.put(&[role, binding])?;
    }
    let config = kubectl.run(&["config", "view", "--raw", "-o", "json"])?;
    let mut config: Value = serde_json::from_str(&config).during("kubectl config view")?;
    let token = kubectl.token("default", account, None, "")?;
    config["users"] = json!([{"name": "run", "user": {"token": token}}]);
    let kubeconfig = folder.join(format!("{account}-kubeconfig"));
    write(&kubeconfig, config.to_string())?;
    Ok(kubeconfig)
}
