//! Names of volumes: DNS labels, while what is in them may have dots and 253 characters.

const LONGEST: usize = 63;

/// The volume with a Secret.
pub fn of_secret(secret: &str) -> String {
    label("secret-", secret)
}

/// The volume with a ConfigMap.
pub fn of_config_map(name: &str) -> String {
    label("", name)
}

/// A DNS label of at most 63 characters. What has to be changed gets eight digits of the name's hash, so
/// that two names never share a volume.
fn label(kind: &str, name: &str) -> String {
    let plain = format!("{kind}{name}");
    if plain.len() <= LONGEST && !plain.contains('.') {
        return plain;
    }
    let digest = format!("{:08x}", xxhash_rust::xxh3::xxh3_64(name.as_bytes()) as u32);
    let label: String = plain.chars().map(|c| if c == '.' { '-' } else { c }).take(LONGEST - 9).collect();
    format!("{}-{digest}", label.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::{of_config_map, of_secret};

    #[test]
    fn volumes_are_dns_labels_and_never_share_a_name() {
        assert_eq!(of_secret("central-write"), "secret-central-write");
        assert_eq!(of_config_map("grafana-dashboard-roce"), "grafana-dashboard-roce");
        let long = "a".repeat(253);
        let names = ["central.write", "central-write", "central.write.", &long, &long[1..], "a.-"];
        let mut volumes: Vec<String> = names.iter().flat_map(|n| [of_secret(n), of_config_map(n)]).collect();
        for volume in &volumes {
            let inner = volume.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(volume.len() <= 63 && inner && !volume.ends_with('-') && !volume.starts_with('-'), "{volume}");
        }
        volumes.sort();
        volumes.dedup();
        assert_eq!(volumes.len(), 12);
    }
}
