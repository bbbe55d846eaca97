//! Image references.

use super::url::host_port;
use super::{Malformed, quoted};

/// `host/path:tag`, `path@sha256:…`.
pub fn image(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write an image with its tag or digest: `\"quay.io/prometheus/prometheus:v3.13.2\"`";
    let refuse = |because: &str| Err(Malformed::new(format!("{} {because}", quoted(text)), FORM));
    if text.contains("://") {
        return refuse("has a scheme, which image references do not have");
    }
    let (reference, digest) = text.split_once('@').map_or((text, None), |(r, d)| (r, Some(d)));
    let sha = |d: &str| {
        d.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if digest.is_some_and(|d| !sha(d)) {
        return refuse("has a digest that is not `sha256:` and 64 hexadecimal digits");
    }
    // A colon behind the last slash begins the tag; one before it, the port of the host.
    let slash = reference.rfind('/').map_or(0, |i| i + 1);
    let (repository, tag) = match reference[slash..].split_once(':') {
        Some((last, tag)) => (&reference[..slash + last.len()], Some(tag)),
        None => (reference, None),
    };
    let tagged = |t: &str| {
        !t.is_empty()
            && t.len() <= 128
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            && !t.starts_with(['.', '-'])
    };
    if tag.is_some_and(|t| !tagged(t)) {
        return refuse("has a tag that cannot be");
    }
    if !is_repository(repository) {
        return refuse("is no image reference");
    }
    Ok(())
}

/// Host, optional port and path: what replaces the host of every image.
pub fn registry(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write host, port and path without scheme and tag: `\"registry.example.com/mirror\"`";
    let plain =
        text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text).trim_end_matches('/');
    let (host, path) = plain.split_once('/').map_or((plain, None), |(host, path)| (host, Some(path)));
    let sound = host_port(host).is_some() && path.is_none_or(is_repository);
    match sound {
        true if plain == text => Ok(()),
        true => Err(Malformed::instead(format!("{} is no host and path", quoted(text)), plain)),
        false => Err(Malformed::new(format!("{} is no host and path", quoted(text)), FORM)),
    }
}

fn is_repository(text: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
            && p.starts_with(|c: char| c.is_ascii_alphanumeric())
            && p.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    match text.split_once('/') {
        Some((first, rest)) => {
            (part(first) || (first.contains(['.', ':']) && host_port(first).is_some())) && rest.split('/').all(part)
        }
        None => part(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images() {
        let digest = format!("quay.io/a/b@sha256:{}", "0".repeat(64));
        for good in ["nginx", "nginx:1.27", "registry:5000/a/b:v1", "quay.io/prometheus/node-exporter:v1.11.1", &digest]
        {
            assert!(image(good).is_ok(), "{good}");
        }
        for bad in ["", "https://quay.io/a", "a b", "A/b", "a:", "a@sha256:1", "a//b", "a:x:y"] {
            assert!(image(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn mirrors() {
        assert!(registry("registry.example.com:5000/mirror").is_ok());
        assert!(registry("10.0.0.1").is_ok());
        assert_eq!(
            registry("https://registry.example.com/").unwrap_err().instead.as_deref(),
            Some("registry.example.com")
        );
        assert!(registry("registry.example.com/a:tag").is_err());
        assert!(registry("").is_err());
    }
}
