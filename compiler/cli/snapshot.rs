//! `watershed snapshot`: what live clusters have, as files.

use serde_json::{Value as Json, json};

use super::exit::Exit;
use super::login::{LoginOptions, clusters_asked};
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::pipeline::{self, Recording, SnapshotQuestion, Taken};
use crate::report::visible;
use crate::world::Stream;

/// Record what clusters have of a fleet, to compare with where they cannot be reached.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 4 if something of a cluster could not be read; the others are written all the same.

Written is DIR/CLUSTER/snapshot.json, what was asked and answered, and DIR/CLUSTER/objects/: all
objects of the fleet and those of the same names, with their managedFields. Only the right to list
is needed. Of Secrets the names of the keys are kept, and of their values and of what looks like a
credential elsewhere a hash whose salt is thrown away.

Without Watershed, a dump does, but does not tell what is not there:
  kubectl get servicemonitors,podmonitors,prometheuses,prometheusrules,services,configmaps \\
    --all-namespaces --show-managed-fields -o yaml > DIR/CLUSTER.yaml

Examples:
  watershed snapshot --out snapshots           all clusters, by the contexts of the spec
  watershed snapshot --out snapshots --cluster edge-1 --context admin@edge-1")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
    /// The folder that the snapshots are written to.
    #[arg(long, value_name = "DIR")]
    out: String,
    /// Only these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    /// The checked-in output: kinds that it names are looked for, too.
    #[arg(long, default_value = "output", value_name = "DIR")]
    approved: String,
    #[command(flatten)]
    login: LoginOptions,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let options = &args.options.findings;
    let compiled = match session.compiled(&args.options) {
        Ok(compiled) => compiled,
        Err(exit) => return exit,
    };
    let clusters = clusters_asked(&compiled, &args.cluster);
    if let Some(complaint) = args.login.complaint(clusters) {
        session.complain(&complaint);
        return Exit::Usage;
    }
    let progress = session.terminal(Stream::Err).interactive && clusters > 1;
    let world = session.world;
    let question = SnapshotQuestion {
        clusters: &args.cluster,
        server: &|cluster| args.login.server(world, cluster),
        context: &|cluster| args.login.context_of(cluster),
        out: &args.out,
        approved: &args.approved,
        parallel: args.login.parallel(),
        done: &|cluster| {
            if progress {
                // Nobody is left to tell if standard error is gone.
                let _ = world.print(Stream::Err, &format!("read {cluster}\n"));
            }
        },
    };
    let taken = match pipeline::snapshot(world, &compiled, &question) {
        Ok(taken) => taken,
        Err(findings) => return session.findings(&findings, compiled.sources(), options),
    };
    let text = match options.format {
        Format::Text => taken.iter().map(|t| text(t, &args.out)).collect(),
        Format::Json => json(&taken, &args.out),
    };
    let printed = session.out(&text);
    if taken.iter().all(is_complete) { printed } else { printed.and(Exit::OtherSide) }
}

fn is_complete(taken: &Taken) -> bool {
    taken.outcome.as_ref().is_ok_and(|r| r.unverified.is_empty() && r.narrowed.is_empty())
}

fn text(taken: &Taken, out: &str) -> String {
    let recording = match &taken.outcome {
        Ok(recording) => recording,
        Err(failure) => return format!("{}: nothing read: {}\n", taken.cluster, visible(&failure.message)),
    };
    let Recording { version, objects, lists, .. } = recording;
    let version = if version.is_empty() { String::new() } else { format!(", {}", visible(version)) };
    let folder = format!("{}/{}", out.trim_end_matches('/'), taken.identity);
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut text = format!(
        "{}: {} from {}{version} → {}\n",
        taken.cluster,
        count(*objects, "object"),
        count(*lists, "list"),
        visible(&folder)
    );
    for unverified in &recording.unverified {
        text.push_str(&format!("  not read: {}: {}\n", visible(&unverified.what), visible(&unverified.why.message)));
    }
    for narrowed in &recording.narrowed {
        text.push_str(&format!("  may not be listed in all namespaces, only looked for in some: {narrowed}\n"));
    }
    text
}

fn json(taken: &[Taken], out: &str) -> String {
    let one = |taken: &Taken| -> Json {
        let mut one = json!({
            "cluster": taken.cluster, "identity": taken.identity, "context": taken.context,
            "complete": is_complete(taken),
        });
        match &taken.outcome {
            Err(failure) => one["failure"] = failure.message.as_str().into(),
            Ok(recording) => {
                let unread = recording.unverified.iter().map(|u| json!({"what": u.what, "why": u.why.message}));
                one["taken_at"] = taken.time.to_string().into();
                one["server_version"] = recording.version.as_str().into();
                one["objects"] = recording.objects.into();
                one["lists"] = recording.lists.into();
                one["not_read"] = unread.collect();
                one["narrowed"] = recording.narrowed.as_slice().into();
            }
        }
        one
    };
    let all: Vec<Json> = taken.iter().map(one).collect();
    let text = serde_json::to_string_pretty(&json!({"format_version": 1, "out": out, "clusters": all}));
    text.map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests;
