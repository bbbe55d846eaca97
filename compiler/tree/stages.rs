//! Kustomizations and what Helm reads, as text.

use super::Release;

/// A kustomization of files or folders; `resources` are sorted.
pub(super) fn kustomization(resources: &[&str]) -> String {
    let mut text = String::from("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n");
    text.push_str(if resources.is_empty() { "resources: []\n" } else { "resources:\n" });
    for resource in resources {
        // A folder name such as `00-prereq` and a file name that ends in `.yaml` are plain strings
        // in YAML 1.1 and 1.2.
        text.push_str(&format!("  - {resource}\n"));
    }
    text
}

/// The first line of a values file: what a person needs to install it.
pub(super) fn values_head(release: &Release<'_>, out: &mut String) {
    let Release { name, namespace, chart, version } = release;
    out.push_str(&format!("# chart: {chart}, version: {version}, release: {name}, namespace: {namespace}\n"));
}

/// One item of `helm/releases.yaml`.
pub(super) fn release(release: &Release<'_>) -> String {
    let Release { name, namespace, chart, version } = release;
    let values = format!("{name}.values.yaml");
    let mut text = format!("  - name: {}\n", quoted(name));
    let chart = format!("vm/{chart}");
    for (key, value) in [("namespace", *namespace), ("chart", &chart), ("version", *version)] {
        text.push_str(&format!("    {key}: {}\n", quoted(value)));
    }
    text.push_str(&format!("    values: [{}]\n", quoted(&values)));
    text
}

/// `helm/releases.yaml`, which helmfile reads as it stands, where the chart repository is known as `vm`.
pub(super) fn releases(releases: &[&str]) -> String {
    format!("releases:\n{}", releases.concat())
}

/// Quoted, or `version: 1.10` would be a number.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
