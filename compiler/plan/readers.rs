//! What readers read: data sources with their URLs, dashboards.

use super::boards;
use super::codes;
use super::context::Context;
use super::lanes;
use super::parts::Part;
use super::source::lane_service;
use super::unanswered::Scraped;
use super::ways;
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced};
use crate::model::fleet::{Destination, GrafanaBy, Readable, Reader, ReaderKind};
use crate::model::ids::StoreId;
use crate::model::plan::{DataSource, FleetPlan, ReaderPlan};
use crate::model::value::Duration;

pub(super) fn readers<'f>(
    cx: &Context<'f>,
    scraped: &Scraped<'_, '_>,
    fleet_plan: &FleetPlan,
    origins: &mut Origins,
    sink: &mut Sink,
) -> Vec<ReaderPlan<'f>> {
    cx.cluster.readers.iter().map(|reader| plan(cx, reader, scraped, fleet_plan, origins, sink)).collect()
}

fn plan<'f>(
    cx: &Context<'f>,
    reader: &'f Reader,
    scraped: &Scraped<'_, '_>,
    fleet_plan: &FleetPlan,
    origins: &mut Origins,
    sink: &mut Sink,
) -> ReaderPlan<'f> {
    let mut sources: Vec<DataSource> = Vec::new();
    for read in &reader.reads {
        let source = match &read.value {
            Readable::Lane(lane) => Some(of_lane(cx, lane, read, scraped.parts)),
            Readable::Store(store) => of_store(cx, *store, read, fleet_plan, origins, sink),
        };
        sources.extend(source);
    }
    check_grafana(cx, reader, sink);
    ReaderPlan {
        reader,
        namespace: namespace(cx, reader),
        dashboards: boards::dashboards(cx, reader, &sources, scraped, sink),
        sources,
    }
}

fn namespace(cx: &Context<'_>, reader: &Reader) -> String {
    if let Some(said) = &reader.namespace {
        return said.value.clone();
    }
    let grafana = cx.cluster.grafana.namespace.as_ref().filter(|_| reader.kind == ReaderKind::Grafana);
    let known = cx.catalog.reader(&reader.name).and_then(|r| r.namespace.get(cx.cluster.base.kind.value.name()));
    let mounts = reader.kind == ReaderKind::Grafana && cx.cluster.grafana.by.value == GrafanaBy::KubePrometheus;
    match (grafana, known) {
        (Some(said), _) => said.value.clone(),
        (None, Some(known)) => known.clone(),
        (None, None) if mounts => cx.cluster.base.namespace().to_owned(),
        (None, None) => cx.cluster.namespace.value.clone(),
    }
}

/// What the declared Grafana could not take in.
fn check_grafana(cx: &Context<'_>, reader: &Reader, sink: &mut Sink) {
    let grafana = &cx.cluster.grafana;
    if reader.kind != ReaderKind::Grafana {
        return;
    }
    let at = cx.place(grafana.by.origin, reader.origin);
    if grafana.by.value == GrafanaBy::Operator && grafana.labels.is_empty() {
        let what = "the Grafana that is to show this is named by no label".to_owned();
        let help =
            "name the labels of the `Grafana` resource: `grafana \"operator\" { labels dashboards=\"grafana\" }`";
        sink.push(Diagnostic::new(&codes::GRAFANA, at, what).here("any Grafana, or none").help(help));
    }
    let said = reader.namespace.is_some() || grafana.namespace.is_some();
    let there = cx.cluster.base.namespace();
    if grafana.by.value == GrafanaBy::KubePrometheus && !said && there != cx.cluster.namespace.value {
        let what = format!("its Grafana is in `{there}`, and mounts nothing from `{}`", cx.cluster.namespace.value);
        let help = format!(
            "say that ours may stand there, `grafana \"kube-prometheus\" namespace=\"{there}\"`; or put our objects there, \
             `namespace \"{there}\"`; or choose another way"
        );
        sink.push(Diagnostic::new(&codes::GRAFANA, at, what).here("volumes of its namespace only").help(help));
    }
}

fn of_lane(cx: &Context<'_>, lane: &str, read: &Sourced<Readable>, parts: &[Part<'_>]) -> DataSource {
    let c = cx.cluster;
    let own = parts.iter().filter(|p| p.lane.name == lane);
    let usual = lanes::usual(own.map(|p| (p.schedule.interval.value, p.series)));
    DataSource {
        name: lane.to_owned(),
        uid: uid(&c.id.value, lane),
        url: Sourced::new(
            format!("http://{}.{}.svc.{}:9090", lane_service(lane), c.namespace.value, c.dns_domain.value),
            read.origin,
        ),
        credentials: Default::default(),
        time_interval: usual.unwrap_or(c.interval.value),
        is_store: false,
        answers: boards::answers(cx, parts, scraped_by(parts, lane)),
        origin: read.origin,
    }
}

fn of_store(
    cx: &Context<'_>,
    id: StoreId,
    read: &Sourced<Readable>,
    fleet_plan: &FleetPlan,
    origins: &mut Origins,
    sink: &mut Sink,
) -> Option<DataSource> {
    let store = cx.fleet.store(id);
    let at = cx.place(read.origin, store.origin);
    let way = ways::way(cx, id, None)?;
    // The tenant that nobody named; readers of single tenants have no word in the language yet.
    let Some(url) = way.kind.read_url(&way.door, 0) else {
        let what = format!("nobody knows how to query the store `{}`", store.name);
        let diagnostic = Diagnostic::new(&codes::NO_READ, at, what).here("cannot be read");
        sink.push(cx.labelled(diagnostic, store.kind.origin, "of this kind"));
        return None;
    };
    if let Some(tenant) = only_tenants(cx, id) {
        let what = format!("`{}` is read without a tenant, and all its series are sent to tenants", store.name);
        let diagnostic = Diagnostic::new(&codes::ONLY_TENANTS, at, what).here("would find nothing");
        sink.push(cx.labelled(diagnostic, tenant, "series go to this tenant"));
    }
    let load = fleet_plan.stores.get(id.index());
    let usual = load.and_then(|l| l.usual);
    Some(DataSource {
        name: store.name.clone(),
        uid: uid(&store.name, "t0"),
        url: Sourced::new(url, way.url_origin(read.origin, origins)),
        credentials: way.credentials,
        time_interval: usual.unwrap_or(cx.cluster.interval.value),
        is_store: true,
        answers: load.map(|l| l.answers.clone()).unwrap_or_default(),
        origin: read.origin,
    })
}

/// Where series are first sent to a tenant of the store, if the fleet sends none to the store itself.
fn only_tenants(cx: &Context<'_>, id: StoreId) -> Option<Origin> {
    let mut first = None;
    for said in cx.fleet.routes.iter().flat_map(|r| r.destinations()) {
        match said.value {
            Destination::Store(store, 0) if store == id => return None,
            Destination::Store(store, _) if store == id => first = first.or(Some(said.origin)),
            _ => {}
        }
    }
    first
}

/// What a Prometheus scrapes, for itself or to send it, and how often.
fn scraped_by<'p, 'a>(parts: &'p [Part<'a>], lane: &'p str) -> impl Iterator<Item = (&'p Part<'a>, Duration)> {
    let here = move |part: &'p Part<'a>| {
        let own = (part.lane.name == lane).then_some(part.schedule.interval.value);
        let copy = part.copies.iter().find(|(l, _)| l.name == lane).map(|(_, schedule)| schedule.interval.value);
        Some((part, own.or(copy)?))
    };
    parts.iter().filter_map(here)
}

/// Grafana's uid: at most 40 characters, here a DNS label too. What has to be changed for that gets
/// eight digits of its hash, so that two ids never meet.
fn uid(first: &str, second: &str) -> String {
    let plain = format!("{first}-{second}");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if plain.len() <= 40 && plain.chars().all(fits) {
        return plain;
    }
    let digest = format!("{:08x}", xxhash_rust::xxh3::xxh3_64(plain.as_bytes()) as u32);
    let label: String = plain.to_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).take(31).collect();
    format!("{}-{digest}", label.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::uid;

    #[test]
    fn uids_are_short_labels_and_differ_where_ids_do() {
        assert_eq!(uid("edge-1", "user"), "edge-1-user");
        let (a, b) = (uid("Edge_1", "user"), uid("edge.1", "user"));
        assert_ne!(a, b);
        let long = uid(&"x".repeat(63), "user");
        assert!(a.len() <= 40 && long.len() <= 40 && long.starts_with('x'), "{long}");
    }
}
