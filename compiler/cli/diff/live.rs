//! `watershed diff --against live` and `--against snapshot:DIR`.

use super::super::exit::Exit;
use super::super::login::clusters_asked;
use super::super::options::Format;
use super::super::session::Session;
use super::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::diag::Origins;
use crate::model::fleet::{Cluster, Fleet};
use crate::pipeline::{self, Compiled, Helm, LiveCluster, LiveQuestion, ServerSide, Source, Unverified};
use crate::report::{self, NotVerified};
use crate::snapshot::{self, Of};
use crate::world::server::{Failure, FailureKind};
use crate::world::{Stream, World};

/// Compares with clusters and shows what differs: exit 2 for differences, 4 where something could not be looked at.
pub fn run(session: &Session<'_>, args: &Args, compiled: &Compiled, snapshots: Option<&str>) -> Exit {
    let clusters = clusters_asked(compiled, &args.cluster);
    if let Some(complaint) = args.login.complaint(clusters).filter(|_| snapshots.is_none()) {
        session.complain(&complaint);
        return Exit::Usage;
    }
    let progress = session.terminal(Stream::Err).interactive && clusters > 1;
    let world = session.world;
    let done = |cluster: &str| {
        if progress {
            // Nobody is left to tell if standard error is gone.
            let _ = world.print(Stream::Err, &format!("compared {cluster}\n"));
        }
    };
    if matches!(args.view, super::View::Values) && !args.helm && args.helm_values.is_none() {
        session.complain(
            "`--view values` shows the values of Helm releases, and nothing of them is read: `--helm` reads the Secrets \
             in which Helm keeps them, `--helm-values DIR` files of `helm get values`",
        );
        return Exit::Usage;
    }
    let question = LiveQuestion {
        clusters: &args.cluster,
        source: &|cluster| match (snapshots, &compiled.fleet) {
            (Some(folder), Some(fleet)) => recorded(world, args, folder, (fleet, cluster), clusters == 1),
            _ => Ok(Source { server: args.login.server(world, cluster)?, remarks: Vec::new() }),
        },
        approved: &args.approved,
        aliases: &args.owner_alias,
        adopt: &BTreeSet::new(),
        helm: match &args.helm_values {
            Some(folder) => Helm::Values(folder),
            None if args.helm => Helm::Secrets,
            None => Helm::Unread,
        },
        server_side: args.server_side.then_some(ServerSide { force: args.force_conflicts }),
        today: world.today(),
        parallel: args.login.parallel(),
        keep: false,
        done: &done,
    };
    match pipeline::live(session.world, compiled, &question) {
        Ok(clusters) => show(session, args, compiled, &clusters),
        Err(findings) => session.findings(&findings, compiled.sources(), &args.options.findings),
    }
}

/// What a folder of snapshots has of a cluster.
fn recorded(
    world: &dyn World,
    args: &Args,
    folder: &str,
    (fleet, cluster): (&Fleet, &Cluster),
    only: bool,
) -> Result<Source, Failure> {
    let clusters: Vec<&str> = fleet.clusters.iter().map(|c| c.id.value.as_str()).collect();
    let (name, identity) = (cluster.name.as_str(), cluster.id.value.as_str());
    let of = Of { fleet: &fleet.name.value, name, identity, clusters: &clusters, only };
    let stored = snapshot::read(world, folder, &of)?;
    let mut remarks = stored.remarks;
    match &stored.head {
        Some(head) => {
            let age = world.now().since(head.taken);
            if let Some(most) = args.max_age.filter(|most| age > Duration::from_secs(most.saturating_mul(3600))) {
                let (hours, minutes) = (age.as_secs() / 3600, age.as_secs() % 3600 / 60);
                let message = format!(
                    "the snapshot was taken at {}, {hours} h {minutes} min ago; at most {most} h are wanted",
                    head.taken
                );
                return Err(Failure::new(FailureKind::NotRecorded, message));
            }
            remarks.push(format!("as of {}", head.taken));
        }
        None if args.max_age.is_some() => {
            return Err(Failure::new(FailureKind::NotRecorded, "a dump does not say when it was made"));
        }
        None => {}
    }
    Ok(Source { server: Arc::new(stored.recorded), remarks })
}

/// What is said of one cluster, in the words of the report.
struct Words {
    unverified: Vec<NotVerified>,
    refused: Vec<NotVerified>,
    hidden: Vec<(String, usize)>,
    hidden_at: Vec<(String, Vec<String>)>,
}

impl Words {
    fn of(cluster: &LiveCluster) -> Self {
        let one = |u: &Unverified| NotVerified {
            what: u.what.clone(),
            objects: u.objects.iter().map(ToString::to_string).collect(),
            why: u.why.to_string(),
        };
        let said = |all: &[Unverified]| all.iter().map(one).collect();
        let (unverified, refused) = (said(&cluster.unverified), said(&cluster.refused));
        let hidden = cluster.hidden.iter().map(|(hidden, n)| (hidden.name().to_owned(), *n));
        let ignored = cluster.ignored.iter().map(|(why, n)| (format!("ignored: {why}"), *n));
        let at = cluster.hidden_at.iter().map(|(hidden, at)| (hidden.name().to_owned(), at.clone()));
        Words { unverified, refused, hidden: hidden.chain(ignored).collect(), hidden_at: at.collect() }
    }
}

/// Shows what was found: exit 2 for differences, 4 where something could not be looked at.
pub(super) fn show(session: &Session<'_>, args: &Args, compiled: &Compiled, clusters: &[LiveCluster]) -> Exit {
    let format = match args.options.findings.format {
        Format::Text => report::Format::Text,
        Format::Json => report::Format::Json,
    };
    let printed = args.print(session, &text(session, compiled, clusters, (format, args.view.into())));
    clusters.iter().fold(printed, |exit, c| {
        let differs = if c.changes.changes.is_empty() { Exit::Clean } else { Exit::Differences };
        let partial = if c.is_whole() { Exit::Clean } else { Exit::OtherSide };
        exit.and(differs).and(partial)
    })
}

/// The differences of clusters, as they are shown wherever they are.
pub fn text(
    session: &Session<'_>,
    compiled: &Compiled,
    clusters: &[LiveCluster],
    (format, view): (report::Format, report::View),
) -> String {
    let none = Origins::default();
    let fleet = super::origins_of(compiled, &none);
    let words: Vec<Words> = clusters.iter().map(Words::of).collect();
    let one = clusters.iter().zip(&words).map(|(c, words)| report::ClusterChanges {
        live: Some(report::Live {
            version: &c.version,
            compared: c.compared,
            unverified: &words.unverified,
            refused: &words.refused,
            accepted: c.accepted,
            hidden: &words.hidden,
            hidden_at: &words.hidden_at,
            ahead: c.ahead,
            remarks: &c.remarks,
        }),
        ..super::shown(&c.changes, fleet, None)
    });
    let shown: Vec<_> = one.collect();
    let terminal = session.terminal(Stream::Out);
    let (colour, width) = (terminal.colour, terminal.width);
    let manner = report::Manner { format, view, colour, width };
    let text = report::changes(&shown, None, compiled.sources(), manner);
    let compared: usize = clusters.iter().map(|c| c.compared).sum();
    let silent = clusters.iter().all(|c| c.changes.changes.is_empty() && c.is_whole());
    let tried = if clusters.iter().any(|c| c.accepted.is_some()) { ", and the server would change none" } else { "" };
    match format {
        report::Format::Text if silent => {
            format!("{text}No differences in {}{tried}{}.\n", report::count(compared, "object"), unshown(&words))
        }
        _ => text,
    }
}

/// How much was not shown, and why.
fn unshown(words: &[Words]) -> String {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for (why, n) in words.iter().flat_map(|w| &w.hidden) {
        *all.entry(why).or_default() += n;
    }
    let all: Vec<String> = all.iter().map(|(why, n)| format!("{n} × {}", report::visible(why))).collect();
    if all.is_empty() { String::new() } else { format!("; not shown: {}", all.join(", ")) }
}
