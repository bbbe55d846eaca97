//! Whether a server would have to be reached through a proxy, which we cannot do, by the rules of Go's HTTP client.

use std::net::IpAddr;

/// The variable that names a proxy for this server; `None` where it is reached without one.
pub(super) fn demanded_by(https: bool, host: &str, var: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let names: [&'static str; 2] = if https { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let name = names.into_iter().find(|name| var(name).is_some_and(|v| !v.is_empty()))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
        return None;
    }
    let except = ["NO_PROXY", "no_proxy"].into_iter().filter_map(var).find(|v| !v.is_empty()).unwrap_or_default();
    let excepted = except.split(',').map(str::trim).filter(|e| !e.is_empty()).any(|e| covers(e, &host, address));
    (!excepted).then_some(name)
}

fn covers(entry: &str, host: &str, address: Option<IpAddr>) -> bool {
    let entry = entry.to_ascii_lowercase();
    if entry == "*" {
        return true;
    }
    if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
        return network.parse().is_ok_and(|n| within(address, n, bits.parse().unwrap_or(u32::MAX)));
    }
    if let (Ok(one), Some(address)) = (entry.parse::<IpAddr>(), address) {
        return one == address;
    }
    // A port makes it narrower than what is asked here: that of the host alone.
    let domain = entry.split(':').next().unwrap_or_default().trim_start_matches("*.").trim_start_matches('.');
    let exact = !entry.starts_with('.') && !entry.starts_with("*.") && host == domain;
    exact || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (a, b, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    bits <= width && a.checked_shr(width - bits).unwrap_or(0) == b.checked_shr(width - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demanded(host: &str, no_proxy: &str) -> bool {
        let var = |name: &str| match name {
            "https_proxy" => Some("http://proxy:3128".to_owned()),
            "NO_PROXY" => Some(no_proxy.to_owned()),
            _ => None,
        };
        demanded_by(true, host, var).is_some()
    }

    #[test]
    fn hosts_that_are_excepted_need_no_proxy() {
        for (host, no_proxy, wanted) in [
            ("api.example.com", "", true),
            ("api.example.com", "*", false),
            ("api.example.com", "other.com, example.com", false),
            ("api.example.com", ".example.com", false),
            ("example.com", ".example.com", true),
            ("notexample.com", "example.com", true),
            ("10.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "0.0.0.0/0", false),
            ("11.1.2.3", "10.0.0.0/99", true),
            ("10.1.2.3", "10.1.2.3", false),
            ("[fd00::1]", "fd00::/8", false),
            ("127.0.0.1", "", false),
            ("localhost", "", false),
        ] {
            assert_eq!(demanded(host, no_proxy), wanted, "{host} {no_proxy}");
        }
        assert_eq!(demanded_by(true, "a", |_| None), None);
        assert_eq!(demanded_by(false, "a", |name| (name == "HTTPS_PROXY").then(|| "x".to_owned())), None);
    }
}
