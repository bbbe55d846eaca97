//! Static targets: addresses of a spec, each read once, and the Services of ours before them.
//!
//! A slice holds addresses of one family and one port, so that what differs in these stands in slices of its
//! own; older Endpoints have a subset for each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::codes;
use super::context::Context;
use super::monitors::knows_roles;
use super::parts::Part;
use super::source::Found;
use crate::catalog::{Port, Variant};
use crate::diag::{Diagnostic, Sink};
use crate::model::fleet::{Discover, Job};
use crate::model::plan::{AddressGroup, StaticService};

/// The API server takes no more in one slice.
const LONGEST_SLICE: usize = 1000;

/// One target: `10.0.0.1:9100`, `fd00::1`, `[fd00::1]:9100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StaticTarget {
    pub ip: IpAddr,
    pub port: u16,
}

/// What is written, without what is not known yet.
fn parse(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some((socket.ip().to_canonical(), Some(socket.port())));
    }
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    Some((bare.parse::<IpAddr>().ok()?.to_canonical(), None))
}

/// Every target of a job whose targets are addresses, sorted, each once.
///
/// # Errors
/// Why there are none, in words; the finding is in `sink`.
pub(super) fn targets(
    cx: &Context<'_>,
    job: &Job,
    variant: Option<&Variant>,
    sink: &mut Sink,
) -> Result<Vec<StaticTarget>, String> {
    let discover = job.discover.as_ref();
    let mut refuse = |at, what: String, why: &str| {
        let at = discover.map_or(job.origin, |d| if cx.is_said(at) { at } else { d.by.origin });
        let diagnostic = Diagnostic::new(&codes::NO_ADDRESSES, cx.place(at, job.origin), what).here("incomplete");
        sink.push(diagnostic.help(
            "list IP addresses and the port: `discover \"static\" port=\"9100\" { addresses \"10.0.0.11\" \"10.0.0.12\" }`, \
             or each with its own, `\"10.0.0.11:9100\"`, `\"[fd00::1]:9100\"`",
        ));
        Err(why.to_owned())
    };
    let said = discover.map_or(&[][..], |d| d.addresses.as_slice());
    if said.is_empty() {
        let what = format!("`{}` is found by addresses, and none is given", job.name);
        return refuse(job.origin, what, "no addresses are given");
    }
    let port = port_of_all(discover, variant);
    let mut all = BTreeSet::new();
    for address in said {
        let text = &address.value;
        let Some((ip, own)) = parse(text) else {
            let what = format!("`{text}` is a name; behind a Service only IP addresses can stand");
            return refuse(address.origin, what, "its addresses are names");
        };
        if let Some(kind) = special(ip) {
            let what = format!("`{text}` is {kind}, which leads to no target from a Prometheus");
            return refuse(address.origin, what, "its addresses lead nowhere");
        }
        let Some(port) = own.or(port) else {
            let what = format!("nothing says on which port `{}` is at `{text}`", job.name);
            return refuse(address.origin, what, "no port is given");
        };
        all.insert(StaticTarget { ip, port });
    }
    Ok(all.into_iter().collect())
}

/// Addresses that the API server refuses behind a Service.
fn special(ip: IpAddr) -> Option<&'static str> {
    let link_local = match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    match ip {
        _ if ip.is_unspecified() => Some("no address of anything"),
        _ if ip.is_loopback() => Some("the loopback of whoever asks"),
        _ if ip.is_multicast() => Some("a group of addresses"),
        _ if link_local => Some("of one link only"),
        _ => None,
    }
}

/// The number for addresses that say none: of `discover`, else of the catalog.
fn port_of_all(said: Option<&Discover>, variant: Option<&Variant>) -> Option<u16> {
    let written = said.and_then(|d| d.port.as_ref()).and_then(|p| p.value.parse().ok());
    let catalog = || {
        let ports = variant.into_iter().flat_map(|v| v.ports.values()).filter_map(|a| a.port.as_ref());
        ports.into_iter().find_map(|p| if let Port::Number(number) = p { Some(*number) } else { None })
    };
    written.or_else(catalog)
}

/// What the port is called: as `discover` says, as the catalog says.
pub(super) fn port_name(job: &Job, variant: Option<&Variant>) -> String {
    let written = job.discover.as_ref().and_then(|d| d.port.as_ref()).map(|p| p.value.as_str());
    let name = written.filter(|p| p.parse::<u16>().is_err()).map(str::to_owned);
    let catalog = || {
        let ports = variant.into_iter().flat_map(|v| v.ports.values()).filter_map(|a| a.port.as_ref());
        ports.into_iter().find_map(|p| if let Port::Name(name) = p { Some(name.clone()) } else { None })
    };
    name.or_else(catalog).unwrap_or_else(|| "metrics".to_owned())
}

/// Services of ours for the jobs whose targets are addresses.
pub(super) fn services(cx: &Context<'_>, parts: &[Part<'_>]) -> Vec<StaticService> {
    let mut out: Vec<StaticService> = Vec::new();
    for part in parts {
        let Found::Static(targets) = &part.source.found else { continue };
        let job = part.job();
        if out.iter().any(|s| s.job == job.name) {
            continue;
        }
        let groups = groups(&job.name, targets, port_of_all(job.discover.as_ref(), part.source.variant));
        let Some(port) = groups.first().map(|g| g.port) else { continue };
        out.push(StaticService {
            name: job.name.clone(),
            job: job.name.clone(),
            groups,
            port_name: port_name(job, part.source.variant),
            port,
            slice: knows_roles(cx),
            origin: job.origin,
        });
    }
    out
}

/// By family and port. The first has the job's name: IPv4 before IPv6, on the port of all addresses
/// where some have it; others are named after what they differ in, so that one more moves none.
fn groups(job: &str, targets: &[StaticTarget], usual: Option<u16>) -> Vec<AddressGroup> {
    let mut by: BTreeMap<(bool, u16), Vec<String>> = BTreeMap::new();
    for target in targets {
        by.entry((target.ip.is_ipv6(), target.port)).or_default().push(target.ip.to_string());
    }
    let first = by.keys().copied().min_by_key(|(ipv6, port)| (Some(*port) != usual, *ipv6, *port));
    let mut out = Vec::new();
    for ((ipv6, port), addresses) in by {
        for (i, chunk) in addresses.chunks(LONGEST_SLICE).enumerate() {
            let own = if ipv6 { format!("{job}.ipv6-{port}") } else { format!("{job}.ipv4-{port}") };
            let name = if first == Some((ipv6, port)) { job.to_owned() } else { own };
            let name = if i == 0 { name } else { format!("{name}.{}", i + 1) };
            out.push(AddressGroup { name, ipv6, port, addresses: chunk.to_vec() });
        }
    }
    out.sort_by(|a, b| (a.name != job, &a.name).cmp(&(b.name != job, &b.name)));
    out
}

#[cfg(test)]
mod tests {
    use super::{StaticTarget, groups, parse};
    use std::collections::BTreeSet;
    use std::net::IpAddr;

    fn targets_of(all: &[&str]) -> Vec<StaticTarget> {
        let target = |text: &&str| parse(text).map(|(ip, port)| StaticTarget { ip, port: port.unwrap_or(9100) });
        all.iter().filter_map(target).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn addresses_are_read_with_their_ports_and_in_one_form() {
        assert_eq!(parse("10.0.0.1"), Some((ip("10.0.0.1"), None)));
        assert_eq!(parse("10.0.0.1:9100"), Some((ip("10.0.0.1"), Some(9100))));
        assert_eq!(parse("[fd00::1]:9100"), Some((ip("fd00::1"), Some(9100))));
        assert_eq!(parse("[fd00:0::1]"), Some((ip("fd00::1"), None)));
        assert_eq!(parse("fd00::1"), Some((ip("fd00::1"), None)));
        assert_eq!(parse("[::ffff:10.0.0.1]:9100"), Some((ip("10.0.0.1"), Some(9100))));
        for bad in ["node-1", "node-1:9100", "10.0.0.1:x", "[fd00::1", "10.0.0"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_slice_has_one_family_and_one_port() {
        let all = targets_of(&["10.0.0.1:9100", "10.0.0.2:9200", "10.0.0.3:9100", "[fd00::1]:9100"]);
        let made: Vec<_> =
            groups("edge", &all, None).into_iter().map(|g| (g.name, g.ipv6, g.port, g.addresses.join(" "))).collect();
        let group = |name: &str, ipv6, port, addresses: &str| (name.to_owned(), ipv6, port, addresses.to_owned());
        assert_eq!(
            made,
            [
                group("edge", false, 9100, "10.0.0.1 10.0.0.3"),
                group("edge.ipv4-9200", false, 9200, "10.0.0.2"),
                group("edge.ipv6-9100", true, 9100, "fd00::1"),
            ]
        );
        let names = |usual| groups("edge", &all, usual).into_iter().map(|g| (g.name, g.port)).next().expect("one");
        assert_eq!(names(Some(9200)), ("edge".to_owned(), 9200));
    }

    #[test]
    fn a_slice_has_no_more_addresses_than_the_api_server_takes() {
        let many: Vec<String> = (0..1200).map(|i| format!("10.0.{}.{}:9100", i / 250, i % 250)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let made = groups("edge", &targets_of(&many), None);
        let sizes: Vec<_> = made.iter().map(|g| (g.name.as_str(), g.addresses.len())).collect();
        assert_eq!(sizes, [("edge", 1000), ("edge.2", 200)]);
    }
}
