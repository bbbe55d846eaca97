//! Which program is which image.

use std::path::Path;

use super::pod::Program;
use crate::components::Components;

/// The program of an image by the last part of its name; of Prometheus and its operator, the version its tag says.
pub fn program(components: &Components, image: &str) -> Option<Program> {
    let (repository, tag) = image.rsplit_once(':').unwrap_or((image, ""));
    let name = repository.rsplit('/').next()?;
    let path = match name {
        "prometheus" => {
            let mut numbers = tag.trim_start_matches('v').split('.').map_while(|n| n.parse().ok());
            &components.prometheus(numbers.next()?, numbers.next()?).prometheus
        }
        "prometheus-operator" if tag.starts_with("v0.68.") => &components.oldest_operator.program,
        "prometheus-operator" => &components.operator.program,
        "prometheus-config-reloader" => &components.prometheus_config_reloader,
        "node-exporter" => &components.node_exporter,
        "alertmanager" => &components.alertmanager,
        "etcd" => &components.etcd,
        "vmagent" => &components.vmagent,
        _ => return None,
    };
    let entrypoint = match name {
        "vmagent" => "/vmagent-prod".to_owned(),
        "node-exporter" => "/bin/node_exporter".to_owned(),
        name => format!("/bin/{name}"),
    };
    // Debian's reads its templates from files instead of carrying them in itself.
    let usr = (name == "alertmanager").then(|| path.ancestors().nth(2).map(Path::to_owned)).flatten();
    Some(Program { path: path.clone(), entrypoint, usr })
}
