//! That there is one queue for each destination, with its address, and that something goes through it.

use std::collections::BTreeSet;

use super::super::context::Context;
use super::super::relay::NAME;
use super::super::routing::Target;
use super::super::senders::{Arrival, Senders};
use super::fault::Fault;
use crate::diag::Origin;
use crate::model::fleet::Fleet;
use crate::model::plan::{ClusterPlan, LanePlan};

/// Under which external labels each Prometheus of the cluster writes; the identity is the cluster's own.
pub(super) fn identities(fleet: &Fleet, plan: &ClusterPlan<'_>) -> Vec<Fault> {
    let cluster = plan.cluster;
    let mut wanted = vec![(fleet.identity.value.as_str(), cluster.id.value.as_str())];
    wanted.extend(cluster.external_labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())));
    let differs = |lane: &&LanePlan<'_>| {
        let has: BTreeSet<_> = lane.external_labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
        has != wanted.iter().copied().collect()
    };
    let fault = |lane: &LanePlan<'_>| {
        let spelt = |labels: &mut dyn Iterator<Item = (&str, &str)>| {
            labels.map(|(k, v)| format!("{k}={v:?}")).collect::<Vec<_>>().join(", ")
        };
        let has = spelt(&mut lane.external_labels.iter().map(|(k, v)| (k.as_str(), v.value.as_str())));
        let wanted = spelt(&mut wanted.iter().copied());
        let verdict = format!("prometheus `{}` writes as {{{has}}} and should as {{{wanted}}}", lane.name);
        Fault::plain(verdict, (cluster.id.origin, "this cluster's own"))
    };
    plan.lanes.iter().filter(differs).map(fault).collect()
}

/// Queues that are not those of the route's destinations: each once, each to the address of its store, and
/// those of the relay in their order, which its files on disk are told by.
pub(super) fn listed(cx: &Context<'_>, plan: &ClusterPlan<'_>, senders: &Senders<'_>) -> Vec<Fault> {
    let mut out = Vec::new();
    let astray = |name: &str, url: &str, origin: Origin, whose: &str| {
        let outlet = senders.outlets.iter().find(|o| o.name == name)?;
        let wanted = outlet.way.kind.write_url(&outlet.way.door, outlet.dest.target.tenant);
        let verdict = format!("`{name}` of {whose} writes to {url} and should to {wanted}");
        (wanted != url).then(|| Fault::plain(verdict, (origin, "this destination")))
    };
    let (namespace, domain) = (&cx.cluster.namespace.value, &cx.cluster.dns_domain.value);
    let host = format!("http://{NAME}.{namespace}.svc.{domain}:");
    for lane in &plan.lanes {
        let whose = format!("prometheus `{}`", lane.name);
        for write in &lane.remote_write {
            let url = &write.url.value;
            if plan.relay.as_ref().is_none_or(|r| r.name != write.name) {
                out.extend(astray(&write.name, url, write.origin, &whose));
            } else if !url.starts_with(&host) {
                let verdict = format!("`{}` of {whose} writes to {url}, where no relay is", write.name);
                out.push(Fault::plain(verdict, (write.origin, "of this route")));
            }
        }
    }
    let Some(relay) = &plan.relay else { return out };
    out.extend(relay.urls.iter().filter_map(|u| astray(&u.name, &u.url.value, u.origin, "the relay")));
    let names = relay.urls.iter().map(|u| (u.name.as_str(), Target { store: u.store, tenant: u.tenant }));
    let wanted = senders.outlets.iter().map(|o| (o.name.as_str(), o.dest.target));
    if !names.clone().eq(wanted.clone()) {
        let spelt = |names: &mut dyn Iterator<Item = (&str, Target)>| names.map(|n| n.0).collect::<Vec<_>>().join(", ");
        let verdict = format!(
            "the queues of the relay are {} and should be {}: each once, in this order",
            spelt(&mut names.clone()),
            spelt(&mut wanted.clone())
        );
        out.push(Fault::plain(verdict, (relay.origin, "the way to these")));
    }
    out
}

/// What witnesses were to reach, and the queues that they took.
#[derive(Default)]
pub(super) struct Reached {
    expected: BTreeSet<Target>,
    writes: BTreeSet<(String, usize)>,
    urls: BTreeSet<usize>,
}

impl Reached {
    pub fn expect(&mut self, targets: &[Target]) {
        self.expected.extend(targets);
    }

    pub fn by(&mut self, lane: &str, arrived: &[Arrival]) {
        for queue in arrived.iter().map(|a| a.queue) {
            if let Some(write) = queue.write.filter(|w| !self.writes.iter().any(|(l, known)| l == lane && known == w)) {
                self.writes.insert((lane.to_owned(), write));
            }
            self.urls.extend(queue.url);
        }
    }

    /// Queues that no witness took. Of a destination that the route sends nothing to, the relay keeps the
    /// place: others are told by theirs.
    pub fn dead(&self, plan: &ClusterPlan<'_>, senders: &Senders<'_>) -> Vec<Fault> {
        let mut out = Vec::new();
        for lane in &plan.lanes {
            let entries = senders.lanes.get(lane.name).map_or(&[][..], |s| &s.entries);
            for (i, (write, (to, _))) in lane.remote_write.iter().zip(entries).enumerate() {
                if to.is_some() && !self.writes.contains(&(lane.name.to_owned(), i)) {
                    let verdict = format!("nothing goes through `{}` of prometheus `{}`", write.name, lane.name);
                    out.push(Fault::plain(verdict, (write.origin, "a dead queue")));
                }
            }
        }
        for (i, url) in plan.relay.iter().flat_map(|r| &r.urls).enumerate() {
            let wanted = self.expected.contains(&Target { store: url.store, tenant: url.tenant });
            if wanted && !self.urls.contains(&i) {
                let verdict = format!("nothing goes through `{}` of the relay", url.name);
                out.push(Fault::plain(verdict, (url.origin, "a dead queue")));
            }
        }
        out
    }
}
