//! Names: ours, Kubernetes' and Prometheus'.
//!
//! These are checked, not wrapped: a name is a string wherever it is used.

use super::{Malformed, quoted};

/// Words that stand where names stand and mean something else.
const RESERVED: [&str; 3] = ["none", "rest", "all"];
/// What lies beside the clusters' folders in the output.
const TAKEN: [&str; 3] = ["delivery", "fleet.json", "readme.md"];

/// A name of the language: a DNS label of at most 40 characters, because longer ones are composed
/// of it.
pub fn name(text: &str) -> Result<(), Malformed> {
    if RESERVED.contains(&text) {
        let what = format!("`{text}` is a word of the language and cannot be a name");
        return Err(Malformed::new(what, "choose another name"));
    }
    dns_label(text, "name", 40)
}

/// A DNS label: a namespace, a Service.
pub fn kube_name(text: &str) -> Result<(), Malformed> {
    dns_label(text, "name of Kubernetes", 63)
}

/// A DNS subdomain: labels with dots between them.
pub fn object_name(text: &str) -> Result<(), Malformed> {
    if text.len() > 253 {
        return Err(too_long(text, "name of Kubernetes", 253));
    }
    text.split('.').try_for_each(|label| dns_label(label, "name of Kubernetes", 253)).map_err(|m| {
        if text.contains('.') { Malformed { what: format!("{}: {}", quoted(text), m.what), ..m } } else { m }
    })
}

/// What a cluster's data is called: a label value, a folder and a tenant at once.
pub fn id(text: &str) -> Result<(), Malformed> {
    if text.is_empty() {
        return Err(Malformed::new("an id cannot be empty", ID));
    }
    if TAKEN.contains(&text.to_ascii_lowercase().as_str()) {
        let what = format!("{} is what another part of the output is called", quoted(text));
        return Err(Malformed::new(what, "choose another id"));
    }
    label_value(text).map_err(|m| Malformed { help: ID.into(), ..m })
}

const ID: &str = "write at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";

/// A label name of Prometheus; those that begin with `__` are its own.
pub fn label_name(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write letters, digits and `_`, not beginning with a digit or `__`: `\"region\"`";
    let first = text.bytes().next();
    let well_formed = first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !well_formed {
        let mended: String = text.chars().map(|c| if matches!(c, '-' | '.' | '/') { '_' } else { c }).collect();
        let what = format!("{} is no label name of Prometheus", quoted(text));
        return Err(match mended != text && label_name(&mended).is_ok() {
            true => Malformed::instead(what, mended),
            false => Malformed::new(what, FORM),
        });
    }
    if text.starts_with("__") {
        let what = format!("{}: labels that begin with `__` are dropped by Prometheus", quoted(text));
        return Err(Malformed::new(what, FORM));
    }
    Ok(())
}

/// A label key of Kubernetes: a name of at most 63 characters behind an optional DNS prefix.
pub fn label_key(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write `name` or `example.com/name`; a name is letters, digits, `-`, `_` and `.`";
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let prefixed = prefix.is_none_or(|p| object_name(p).is_ok());
    if !prefixed || name.is_empty() || label_value(name).is_err() {
        return Err(Malformed::new(format!("{} is no label key of Kubernetes", quoted(text)), FORM));
    }
    Ok(())
}

/// A label value of Kubernetes; may be empty.
pub fn label_value(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
    if text.len() > 63 {
        return Err(too_long(text, "label value of Kubernetes", 63));
    }
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if inner && ends(text, |b| b.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Malformed::new(format!("{} is no label value of Kubernetes", quoted(text)), FORM))
}

/// A key in a Secret.
pub fn secret_key(text: &str) -> Result<(), Malformed> {
    const FORM: &str =
        "write the key as it stands in the Secret: letters, digits, `-`, `_` and `.`, such as `\"ca.crt\"`";
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if text.is_empty() || text.len() > 253 || !inner || text.starts_with("..") || text == "." {
        return Err(Malformed::new(format!("{} is no key of a Secret", quoted(text)), FORM));
    }
    Ok(())
}

/// The id of a rule: three capital letters and three digits.
pub fn rule_id(text: &str) -> Result<(), Malformed> {
    let b = text.as_bytes();
    if b.len() == 6 && b[..3].iter().all(u8::is_ascii_uppercase) && b[3..].iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    let what = format!("{} is no id of a rule", quoted(text));
    let upper = text.to_ascii_uppercase();
    Err(match upper != text && rule_id(&upper).is_ok() {
        true => Malformed::instead(what, upper),
        false => Malformed::new(what, "write the id that the finding shows, such as `\"CAP202\"`"),
    })
}

/// A unit with a size of its own: `relay`, `prometheus/user`, `exporter/gpu`.
pub fn unit(text: &str) -> Result<(), Malformed> {
    let well_formed = match text.split_once('/') {
        None => text == "relay",
        Some((kind, unit)) => matches!(kind, "prometheus" | "exporter" | "store") && name(unit).is_ok(),
    };
    if well_formed {
        return Ok(());
    }
    let what = format!("{} is no unit that is sized", quoted(text));
    Err(Malformed::new(what, "write `\"relay\"`, `\"prometheus/NAME\"` or `\"exporter/JOB\"`"))
}

/// The name of a collector of an exporter.
pub fn collector(text: &str) -> Result<(), Malformed> {
    let inner = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !text.is_empty() && inner && text.len() <= 63 {
        return Ok(());
    }
    let what = format!("{} is no name of a collector", quoted(text));
    Err(Malformed::new(what, "write the name as the exporter's flags have it, one for each item"))
}

/// Text for people or programs: no control characters but line ends and tabs.
pub fn text(text: &str) -> Result<(), Malformed> {
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        Some(c) => {
            let what = format!("{} has the control character {} in it", quoted(text), c.escape_default());
            Err(Malformed::new(what, "take it out"))
        }
        None => Ok(()),
    }
}

fn dns_label(text: &str, noun: &str, longest: usize) -> Result<(), Malformed> {
    if text.is_empty() {
        return Err(Malformed::new(format!("a {noun} cannot be empty"), FORM));
    }
    if text.len() > longest {
        return Err(too_long(text, noun, longest));
    }
    if text.bytes().all(is_dns) && ends(text, |b| b != b'-') {
        return Ok(());
    }
    let mended: String = text
        .chars()
        .map(|c| match c {
            '_' | ' ' | '.' => '-',
            c => c.to_ascii_lowercase(),
        })
        .collect();
    let what = format!("{} is no {noun}", quoted(text));
    let usable = mended.bytes().all(is_dns) && ends(&mended, |b| b != b'-');
    Err(if usable { Malformed::instead(what, mended) } else { Malformed::new(what, FORM) })
}

const FORM: &str = "write lower-case letters, digits and `-`, with a letter or digit at both ends";

fn is_dns(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

fn ends(text: &str, good: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_none_or(&good) && text.bytes().last().is_none_or(good)
}

fn too_long(text: &str, noun: &str, longest: usize) -> Malformed {
    let what = format!("{} is longer than a {noun} may be", quoted(text));
    Malformed::new(what, format!("at most {longest} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_dns_labels_and_no_words_of_the_language() {
        for good in ["a", "edge-1", "0", &"x".repeat(40)] {
            assert!(name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a.b", "集群", "none", "rest", "all", &"x".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert_eq!(name("Edge_1").unwrap_err().instead.as_deref(), Some("edge-1"));
    }

    #[test]
    fn kubernetes_has_its_own_lengths_and_dots() {
        assert!(kube_name(&"x".repeat(63)).is_ok());
        assert!(kube_name(&"x".repeat(64)).is_err());
        assert!(kube_name("a.b").is_err());
        assert!(object_name("central-write.v2").is_ok());
        assert!(object_name("central..write").is_err());
        assert!(object_name(&"x".repeat(254)).is_err());
        assert!(secret_key("tls.crt").is_ok());
        assert!(secret_key("..data").is_err());
        assert!(secret_key("a/b").is_err());
    }

    #[test]
    fn labels() {
        assert!(label_name("region").is_ok());
        assert_eq!(label_name("cloud-region").unwrap_err().instead.as_deref(), Some("cloud_region"));
        assert!(label_name("__name__").is_err());
        assert!(label_name("1a").is_err());
        assert!(label_key("app.kubernetes.io/name").is_ok());
        assert!(label_key("tier").is_ok());
        assert!(label_key("a/b/c").is_err());
        assert!(label_key("/b").is_err());
        assert!(label_key("tier=gpu").is_err());
        assert!(label_value("").is_ok());
        assert!(label_value("-a").is_err());
        assert!(label_value("a,b").is_err());
    }

    #[test]
    fn an_id_is_a_label_value_and_a_folder_of_its_own() {
        assert!(id("Edge_1.cn").is_ok());
        for bad in ["", "delivery", "Delivery", "fleet.json", "README.md", "a/b", "..", &"x".repeat(64)] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_units_and_collectors() {
        assert!(rule_id("CAP202").is_ok());
        assert_eq!(rule_id("cap202").unwrap_err().instead.as_deref(), Some("CAP202"));
        assert!(rule_id("capacity").is_err());
        assert!(unit("relay").is_ok());
        assert!(unit("prometheus/user").is_ok());
        assert!(unit("prometheus").is_err());
        assert!(collector("udp_queues").is_ok());
        assert!(collector("a b").is_err());
    }
}
