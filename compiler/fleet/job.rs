//! Which jobs are present on a cluster, with what the catalog and the spec say of them (§6.5 of the
//! reference).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::class::classes;
use super::cluster::{Fleetwide, Raw};
use super::codes;
use super::context::Context;
use super::lane::disables_nothing;
use super::merge::{Block, Member};
use super::missing::{self, Lack};
use super::names::{not_compiled, undefined};
use super::owner::{Claims, split};
use crate::catalog::{self, ClusterFacts, Kind};
use crate::diag::{Diagnostic, Sourced, Span};
use crate::model::fleet::{Class, Cluster, Discover, DiscoverBy, ExporterSettings, Job};

/// A job that is on the cluster or would be, while it is looked at.
pub(super) struct Looked<'l, 'd> {
    pub cluster: &'l str,
    pub name: &'l str,
    /// What the spec says of it.
    pub said: Option<(&'l Member<'d>, &'l Block<'d>)>,
    pub entry: Option<&'l catalog::Job>,
    pub claims: &'l Claims<'d>,
    pub versions: &'l catalog::Versions,
    pub facts: &'l ClusterFacts<'l>,
    /// Where the spec names it first: its block, or an item of a list.
    pub named: Option<Span>,
}

/// Jobs present, and those of the catalog that are not, with the reason.
pub fn jobs<'d>(
    cx: &mut Context<'_, 'd>,
    raw: &Raw<'d>,
    cluster: &Cluster,
    versions: &catalog::Versions,
    fleet: &Fleetwide<'_>,
) -> (Vec<Arc<Job>>, Vec<(String, String)>) {
    let catalog = cx.catalog;
    let claims = Claims::of(cx, raw.name, &raw.block);
    let reachable: Vec<&str> = cluster.reachable.iter().map(|r| r.value.as_str()).collect();
    let facts = ClusterFacts {
        gpus: cluster.gpus_per_node.value > 0,
        npus: cluster.npus_per_node.value > 0,
        roce_ports: cluster.roce_ports_per_node.value > 0,
        managed_control_plane: cluster.managed_control_plane.value,
        reachable: &reachable,
        alertmanager: cluster.has_alertmanager(raw.id, fleet.alertmanagers),
    };
    let mut names: BTreeSet<&str> = claims.jobs().collect();
    names.extend(raw.block.members("job").map(|(name, _, _)| name));
    names.extend(catalog.jobs().filter(|j| j.standard).map(|j| j.name.as_str()));
    names.extend(catalog.not_yet().jobs.iter().map(String::as_str));

    let mut present = Vec::new();
    let mut absent = Vec::new();
    for name in names {
        let said = raw.block.member("job", name);
        let named = said.map(|(m, _)| m.at()).or_else(|| claims.of_job(name).map(|(_, c)| c.at).next());
        let looked = Looked {
            cluster: raw.name,
            name,
            said,
            entry: catalog.job(name),
            claims: &claims,
            versions,
            facts: &facts,
            named,
        };
        match look(cx, &looked) {
            Presence::Without(lack) => {
                if let Some(at) = looked.named {
                    missing::report(cx, raw, cluster, &looked, &lack, at);
                }
                absent.push((name.to_owned(), lack.reason()));
            }
            Presence::Present => {
                let job = job(cx, &looked, cluster);
                present.push(cx.shared(job));
            }
            Presence::Absent(reason) => absent.push((name.to_owned(), reason)),
            Presence::Refused => {}
        }
    }
    check_also_scrapes(cx, raw, &claims);
    (present, absent)
}

enum Presence {
    Present,
    Absent(String),
    /// The cluster has no use for it, or is too old.
    Without(Lack),
    /// Reported.
    Refused,
}

fn look(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>) -> Presence {
    let catalog = cx.catalog;
    let not_yet = job.entry.is_none() && catalog.is_not_yet(Kind::Job, job.name);
    if let Some((member, block)) = job.said
        && let Some(off) = block.flag("disabled")
    {
        if job.entry.is_none() && !not_yet && member.said.len() == 1 {
            let known = known_jobs(cx);
            let found =
                disables_nothing(&format!("a job `{}`", job.name), job.name, member, off, known.iter().copied());
            cx.read.report(found);
            return Presence::Refused;
        }
        return Presence::Absent("disabled in the spec".to_owned());
    }
    if not_yet {
        if let Some(at) = job.named {
            cx.read.report(not_compiled(&format!("the job `{}`", job.name), at).help(
                "take it out until the catalog has an entry for it, or add one in a `catalog` folder of your own",
            ));
        }
        return Presence::Absent("the catalog has no entry for it yet".to_owned());
    }
    match job.entry {
        Some(entry) => match (entry.requires.check(job.facts), entry.gate.check(job.versions)) {
            (Ok(()), Ok(())) => found(cx, job, entry),
            (Err(unmet), _) => Presence::Without(Lack::Of(unmet)),
            (Ok(()), Err(shut)) => Presence::Without(Lack::Version(shut)),
        },
        None => custom(cx, job),
    }
}

/// A job the catalog does not know must say how it is found.
fn custom(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>) -> Presence {
    let Some((member, block)) = job.said else {
        let known = known_jobs(cx);
        for (_, claim) in job.claims.of_job(job.name) {
            cx.read.report(undefined("job", job.name, claim.at, known.iter().copied()));
        }
        return Presence::Refused;
    };
    let Some(discover) = block.object("discover") else {
        if !cx.said(block, "discover") {
            let known = known_jobs(cx);
            let mut found = Diagnostic::new(
                &codes::CUSTOM_JOB,
                member.at(),
                format!("the job `{}` is not in the catalog and does not say `discover`", job.name),
            );
            if let Some(near) = crate::diag::nearest(job.name, known.iter().copied().filter(|k| *k != job.name)) {
                found = found.help(format!("did you mean `{near}`? A job of your own says `discover`"));
            }
            cx.read.report(found);
        }
        return Presence::Refused;
    };
    check_discover(cx, job.name, discover);
    Presence::Present
}

/// A job of the catalog that is somewhere else in every fleet: the spec says where, or we run it from
/// an image that the spec names.
fn found(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>, entry: &catalog::Job) -> Presence {
    if !entry.is_private() {
        return Presence::Present;
    }
    let empty = Block::empty(&crate::spec::ROOT);
    let block = job.said.map_or(&empty, |(_, block)| block);
    if let Some(discover) = block.object("discover") {
        check_discover(cx, job.name, discover);
        return Presence::Present;
    }
    let exporter = block.object("exporter");
    let elsewhere = exporter.and_then(|e| e.scalar("managed")).is_some_and(|m| m.value.as_str() == Some("elsewhere"));
    if entry.exporter.is_some() && !elsewhere && exporter.is_some_and(|e| e.scalar("image").is_some()) {
        return Presence::Present;
    }
    // One that could not be read has been reported.
    if !cx.said(block, "discover") {
        let Some(at) = job.named else { return Presence::Absent("nothing says where it runs".to_owned()) };
        let what = format!("nothing says where `{}` runs on cluster `{}`", job.name, job.cluster);
        let line = format!(
            "job \"{0}\" {{ discover \"pod\" namespace=\"hero-system\" port=\"metrics\" {{ labels app=\"{0}\" }} }}",
            job.name
        );
        let or = match entry.exporter {
            Some(_) => ", or `exporter image=\"registry.example.com/name:tag\"` in the job to have it run here",
            None => "",
        };
        let found = Diagnostic::new(&codes::PRIVATE_JOB, at, what).here("no `discover`");
        cx.read.report(found.help(format!("write `{line}` with its own namespace, port and labels{or}")));
    }
    Presence::Refused
}

fn check_discover(cx: &mut Context<'_, '_>, job: &str, discover: &Block<'_>) {
    let Some(by) = discover.scalar("by") else { return };
    let word = by.value.as_str().unwrap_or_default();
    let lacks = match word {
        "service" | "pod" if discover.map("labels").next().is_none() => {
            Some(("labels", "the Services or pods it selects"))
        }
        "service" | "pod" if !cx.said(discover, "port") => Some(("port", "the port that is scraped")),
        "static" | "probe" if discover.list("addresses").is_none_or(<[_]>::is_empty) => {
            Some(("addresses", "the targets"))
        }
        "probe" if !cx.said(discover, "prober") => Some(("prober", "host and port of the prober that is asked")),
        _ => None,
    };
    if let Some((key, what)) = lacks {
        cx.read.report(
            Diagnostic::new(&codes::CUSTOM_JOB, by.span, format!("`discover \"{word}\"` of job `{job}` does not say `{key}`"))
                .why("an empty selector would select everything in those namespaces, and a target without a port is never up")
                .help(format!("say `{key}`, {what}")),
        );
    }
}

fn job<'d>(cx: &mut Context<'_, 'd>, looked: &Looked<'_, 'd>, cluster: &Cluster) -> Job {
    let empty = Block::empty(&crate::spec::ROOT);
    let block = looked.said.map_or(&empty, |(_, block)| block);
    let origin = match looked.named {
        Some(at) => cx.read.spec(at),
        None => cx.read.default_origin("the catalog's standard set"),
    };
    let classes = classes(cx, looked);
    check_owner(cx, looked, &classes);
    Job {
        name: looked.name.to_owned(),
        in_catalog: looked.entry.is_some(),
        named: looked.named.is_some(),
        origin,
        interval: cx.read.duration(block, "interval"),
        timeout: cx.read.duration(block, "timeout"),
        critical: cx.read.flag(block, "critical"),
        scrape: cx.read.duration(block, "scrape"),
        classes,
        lane: cx.read.text(block, "prometheus"),
        exporter: exporter(cx, looked, block, cluster),
        discover: discover(cx, block),
        path: cx.read.text(block, "path"),
        scheme: cx.read.text(block, "scheme"),
        params: cx.read.map(block, "params"),
        credentials: cx.read.credentials(block),
        honor_labels: cx.read.flag(block, "honor-labels"),
        keep: cx.read.texts(block, "keep"),
        drop: cx.read.texts(block, "drop"),
        series: cx.read.count(block, "series"),
        sample_limit: cx.read.count(block, "sample-limit"),
    }
}

/// What the spec names must be taken by somebody; what it does not name is simply not collected.
fn check_owner(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>, classes: &[Class]) {
    let claims = job.claims;
    if claims.rest.is_some() || !claims.any_lane || claims.get(job.name, None).is_some() {
        return;
    }
    let Some((member, block)) = job.said else { return };
    let unowned = |at: Span, what: String| {
        Diagnostic::new(&codes::NO_OWNER, at, format!("no Prometheus of cluster `{}` takes the {what}", job.cluster))
    };
    if claims.of_job(job.name).next().is_none() {
        cx.read.report(unowned(member.at(), format!("job `{}`", job.name)));
        return;
    }
    for (class, member, _) in block.enabled("class") {
        if classes.iter().any(|c| c.name == class) && claims.get(job.name, Some(class)).is_none() {
            cx.read.report(unowned(member.at(), format!("class `{}/{class}`", job.name)));
        }
    }
}

fn exporter(cx: &mut Context<'_, '_>, job: &Looked<'_, '_>, block: &Block<'_>, cluster: &Cluster) -> ExporterSettings {
    let empty = Block::empty(&crate::spec::ROOT);
    let exporter = block.object("exporter").unwrap_or(&empty);
    let variants: Vec<&str> =
        job.entry.into_iter().flat_map(|e| e.variant_names()).chain(["watershed", "elsewhere"]).collect();
    let managed = match cx.read.text(exporter, "managed") {
        Some(managed) => {
            if !variants.contains(&managed.value.as_str()) {
                let at = cx.read.span(managed.origin);
                let what = format!("way to run the exporter of `{}` called", job.name);
                cx.read.report(undefined(&what, &managed.value, at, variants));
            }
            managed
        }
        None => {
            let default = cluster.exporters.managed.clone();
            // An exporter whose image nobody publishes is run by somebody else unless an image is named.
            let imageless = job.entry.is_some_and(|e| e.exporter.is_some() && !e.has_image());
            let imageless = imageless && exporter.scalar("image").is_none();
            // A variant of other jobs means here that somebody else runs it.
            let known = variants.contains(&default.value.as_str());
            default.map(|word| if known && !imageless { word } else { "elsewhere".to_owned() })
        }
    };
    ExporterSettings {
        managed,
        image: cx.read.text(exporter, "image"),
        namespace: cx.read.text(exporter, "namespace").or_else(|| cluster.exporters.namespace.clone()),
        args: cx.read.texts(exporter, "args"),
        node_selector: cx.read.map(exporter, "node-selector"),
        requests: cx.read.resources(exporter, "requests"),
        limits: cx.read.resources(exporter, "limits"),
    }
}

fn discover(cx: &mut Context<'_, '_>, block: &Block<'_>) -> Option<Discover> {
    let discover = block.object("discover")?;
    let by = cx.read.text(discover, "by")?;
    let word = match by.value.as_str() {
        "service" => DiscoverBy::Service,
        "pod" => DiscoverBy::Pod,
        "annotations" => DiscoverBy::Annotations,
        "static" => DiscoverBy::Static,
        "probe" => DiscoverBy::Probe,
        _ => return None,
    };
    Some(Discover {
        by: Sourced::new(word, by.origin),
        namespaces: cx.read.texts(discover, "namespace"),
        port: cx.read.plain(discover, "port"),
        labels: cx.read.map(discover, "labels"),
        addresses: cx.read.texts(discover, "addresses"),
        prober: cx.read.text(discover, "prober"),
    })
}

/// `also-scrapes` refers to jobs; it makes none present.
fn check_also_scrapes<'d>(cx: &mut Context<'_, 'd>, raw: &Raw<'d>, claims: &Claims<'d>) {
    for (_, _, lane) in raw.block.enabled("prometheus") {
        for (text, at) in lane.texts("also-scrapes") {
            let (job, class) = split(text);
            let known = known_jobs(cx);
            let entry = cx.catalog.job(job);
            let said = raw.block.member("job", job);
            if entry.is_none() && said.is_none() && claims.of_job(job).next().is_none() {
                let found = match cx.catalog.is_not_yet(Kind::Job, job) {
                    true => not_compiled(&format!("the job `{job}`"), at),
                    false => undefined("job", job, at, known.iter().copied()),
                };
                cx.read.report(found);
                continue;
            }
            let mut classes: BTreeSet<&str> =
                entry.into_iter().flat_map(|e| e.classes.iter()).map(|c| c.name.as_str()).collect();
            classes.extend(said.into_iter().flat_map(|(_, b)| b.members("class")).map(|(name, _, _)| name));
            if let Some(class) = class.filter(|c| !classes.contains(c)) {
                cx.read.report(undefined(&format!("class of job `{job}` called"), class, at, classes));
            }
        }
    }
}

/// Every job name that means something: the catalog's, those to come, and the spec's own.
pub(super) fn known_jobs<'c, 'd: 'c>(cx: &Context<'c, 'd>) -> Vec<&'c str> {
    let mut known: BTreeSet<&str> = cx.catalog.names(Kind::Job).into_iter().collect();
    known.extend(cx.catalog.not_yet().jobs.iter().map(String::as_str));
    known.extend(cx.names.jobs.keys().copied());
    known.into_iter().collect()
}
