//! URLs, hosts and ports.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Malformed, object_name, quoted};

/// An absolute URL: `http` or `https`, no user information, no query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    pub https: bool,
    /// A name, an IPv4 address, or an IPv6 address in brackets; lower case.
    pub host: String,
    pub port: Option<u16>,
    /// Empty, or beginning with `/`.
    pub path: String,
}

const URL: &str = "write `https://host`, with a port and a path where needed";

impl Url {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (https, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(Malformed::new(format!("{} does not begin with `https://` or `http://`", quoted(text)), URL));
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            // Not quoted: it holds a credential.
            let help = "take user and password out of the URL and name their Secret: `basic-auth secret=\"…\"`";
            return Err(Malformed::new("the URL has user information in it", help));
        }
        if path.contains(['?', '#']) {
            let what = format!("{} has a query or a fragment", quoted(text));
            return Err(Malformed::new(what, "write the base URL only; paths and parameters are the kind's business"));
        }
        if path.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`')) {
            return Err(Malformed::new(format!("{} has characters that no URL has", quoted(text)), URL));
        }
        match host_port(authority) {
            Some((host, port)) => Ok(Url { https, host, port, path: path.to_owned() }),
            None => Err(Malformed::new(format!("{} has no host, or one that cannot be", quoted(text)), URL)),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.iter().try_for_each(|port| write!(f, ":{port}"))?;
        f.write_str(&self.path)
    }
}

/// A target written out: `host`, `host:port`, or a URL for a prober to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    Host { host: String, port: Option<u16> },
    Url(Url),
}

impl Endpoint {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.contains("://") {
            return Url::parse(text).map(Endpoint::Url);
        }
        host_port(text).map(|(host, port)| Endpoint::Host { host, port }).ok_or_else(|| {
            Malformed::new(format!("{} is no address", quoted(text)), "write `\"host:port\"`: `\"10.0.0.5:9100\"`")
        })
    }
}

/// A port, by number or by the name it has in its Service or pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    Number(u16),
    Name(String),
}

impl Port {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const FORM: &str =
            "write a number from 1 to 65535, or the port's name: at most 15 lower-case letters, digits and `-`";
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return match text.parse::<u16>() {
                Ok(n) if n > 0 => Ok(Port::Number(n)),
                _ => Err(Malformed::new(format!("{} is no port", quoted(text)), FORM)),
            };
        }
        let inner = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if !text.is_empty() && text.len() <= 15 && inner && ends {
            return Ok(Port::Name(text.to_owned()));
        }
        Err(Malformed::new(format!("{} is no name of a port", quoted(text)), FORM))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Number(n) => n.fmt(f),
            Port::Name(name) => f.write_str(name),
        }
    }
}

/// A DNS name: lower case, no dot at the end.
pub fn domain(text: &str) -> Result<(), Malformed> {
    if is_host(text) {
        return Ok(());
    }
    let what = format!("{} is no DNS name", quoted(text));
    let mended = text.trim_end_matches('.').to_ascii_lowercase();
    Err(match mended != text && is_host(&mended) {
        true => Malformed::instead(what, mended),
        false => Malformed::new(what, "write labels with dots between them: `\"cluster.local\"`"),
    })
}

/// The path of a URL.
pub fn url_path(text: &str) -> Result<(), Malformed> {
    const FORM: &str = "write a path that begins with `/`: `\"/metrics\"`; parameters belong into `params`";
    if text.starts_with('/') && !text.contains(['?', '#']) && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Ok(());
    }
    Err(Malformed::new(format!("{} is no path of a URL", quoted(text)), FORM))
}

/// Host and port of `host`, `host:port`, `[::1]` or `[::1]:port`.
pub(super) fn host_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = inner.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (
                format!("[{}]", address.to_ascii_lowercase()),
                if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) },
            )
        }
        None => {
            let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
            let host = host.to_ascii_lowercase();
            if !is_host(&host) {
                return None;
            }
            (host, port)
        }
    };
    match port.map(Port::parse) {
        None => Some((host, None)),
        Some(Ok(Port::Number(n))) => Some((host, Some(n))),
        Some(_) => None,
    }
}

fn is_host(text: &str) -> bool {
    // Four numbers with dots are an address or a mistake, never a name.
    let numeric = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let labels = || text.split('.').all(|label| label.len() <= 63);
    if numeric { text.parse::<Ipv4Addr>().is_ok() } else { object_name(text).is_ok() && labels() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_put_together() {
        for text in ["https://metrics.example.com", "http://10.0.0.1:8427/base", "https://[2001:db8::1]:443/x"] {
            assert_eq!(Url::parse(text).unwrap().to_string(), text);
        }
        let url = Url::parse("https://10.0.102.94:8427").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("10.0.102.94", Some(8427)));
    }

    #[test]
    fn urls_without_credentials_queries_or_sense() {
        let refused = Url::parse("https://admin:hunter2@example.com/").unwrap_err();
        assert!(!format!("{refused:?}").contains("hunter2"));
        for bad in [
            "",
            "example.com",
            "ftp://x",
            "https://",
            "https:///x",
            "https://a b",
            "https://x/?a=b",
            "https://x#f",
            "https://10.0.0.999",
            "https://x:0",
            "https://x:99999",
            "https://x:http",
            "https://-x",
            "https://[::1",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn endpoints_and_ports() {
        assert_eq!(
            Endpoint::parse("10.0.0.5:9100").unwrap(),
            Endpoint::Host { host: "10.0.0.5".into(), port: Some(9100) }
        );
        assert!(matches!(Endpoint::parse("https://example.com/health").unwrap(), Endpoint::Url(_)));
        assert!(Endpoint::parse("host:metrics").is_err());
        assert_eq!(Port::parse("9100").unwrap(), Port::Number(9100));
        assert_eq!(Port::parse("http-metrics").unwrap(), Port::Name("http-metrics".into()));
        for bad in ["", "0", "70000", "a-very-long-port-name", "Http", "-a"] {
            assert!(Port::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn domains_and_paths() {
        assert!(domain("cluster.local").is_ok());
        assert_eq!(domain("Cluster.local.").unwrap_err().instead.as_deref(), Some("cluster.local"));
        assert!(domain("a..b").is_err());
        assert!(url_path("/metrics").is_ok());
        assert!(url_path("metrics").is_err());
        assert!(url_path("/metrics?a=b").is_err());
    }
}
