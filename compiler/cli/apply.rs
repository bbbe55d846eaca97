//! `watershed apply`: live clusters made what is compiled, after showing what differs and asking.

mod shown;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::diff::live;
use super::exit::Exit;
use super::login::{LoginOptions, clusters_asked};
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::model::value;
use crate::pipeline::{
    self, AppliedCluster, ApplyQuestion, Approval, Compiled, Helm, Intent, LiveCluster, LiveQuestion, Source,
};
use crate::report;

/// Apply what is compiled to live clusters, after showing what differs and asking.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Objects that differ are applied server-side as field manager `watershed`, cluster by cluster and
stage by stage. A stage begins when all of the one before is there and ready, whether or not it was
changed now; after one that failed, or of which something is somebody else's or could not be looked at,
nothing more is applied, neither here nor, without --keep-going, to further clusters. Each object is
looked at once more just before; where it is no longer as it was shown, nothing is done. What was
applied stays: the next `diff --against live` tells what is left, and the next `apply` goes on. Helm
releases are never touched; their commands are printed, with --helm of those that differ.

Nothing is applied that was not approved: the checked-in output has to be what the spec compiles to.
Nothing is taken from others: an object that is somebody else's needs --adopt, which shows what it
differs in first; a field that somebody else has set needs --force-conflicts, and what an `ignore` leaves
to others is not touched. What kubectl has applied is taken over. What could not be looked at is not
applied; where a context shows objects of another cluster of the fleet, nothing is.

--prune deletes what carries our labels and was shown as an orphan, and nothing if a list failed, the
checked-in output is not whole, or more than a fifth of a cluster's objects would go. Namespaces,
CRDs, claims, Secrets, Prometheis, Alertmanagers, StatefulSets and objects of VictoriaMetrics'
operator are never deleted; the command that does it is printed.

Exit code 0: everything is applied and ready; 2: approval is missing, or the answer was no; 4: part of
it is not applied, not ready or could not be looked at; 64: nobody can be asked, and no --yes.

Examples:
  watershed apply --cluster edge-1               shows what differs, and asks
  watershed apply --cluster edge-1 --dry-run     what the server would refuse; nothing is changed
  watershed apply --yes --prune                  all clusters, one after the other, unattended
  watershed apply --cluster edge-1 --adopt ConfigMap/monitoring/exporter-config
  watershed apply --cluster edge-1 --force-conflicts --timeout 15m")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
    /// Only these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    /// The checked-in output, which tells what was approved.
    #[arg(long, default_value = "output", value_name = "DIR")]
    approved: String,
    /// Apply also what the checked-in output does not have.
    #[arg(long)]
    unapproved: bool,
    /// Another field manager that applies our output, beside kubectl, Argo CD, Flux, Helm and watershed.
    #[arg(long, value_name = "MANAGER", num_args = 1..)]
    owner_alias: Vec<String>,
    /// Compare Helm releases too, by the Secrets in which Helm keeps them, and print commands only for those that differ.
    #[arg(long)]
    helm: bool,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Have the server try everything, differing or not, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Apply also objects that do not differ, so that their fields become ours.
    #[arg(long)]
    all: bool,
    /// Take over somebody else's object, with all its fields; without a namespace where its kind has none.
    #[arg(long, value_name = "KIND/NAMESPACE/NAME", num_args = 1..)]
    adopt: Vec<String>,
    /// Take fields from those who have set them to something else.
    #[arg(long)]
    force_conflicts: bool,
    /// Delete what is left over.
    #[arg(long)]
    prune: bool,
    /// Wait until each stage is ready; the default.
    #[arg(long, overrides_with = "no_wait")]
    wait: bool,
    /// Do not wait.
    #[arg(long)]
    no_wait: bool,
    /// How long the objects of a stage may take to become ready.
    #[arg(long, default_value = "5m", value_name = "DURATION", value_parser = duration)]
    timeout: Duration,
    /// Go on with the next cluster after one that failed.
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    login: LoginOptions,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a duration such as `90s`, `5m` or `1h`".to_owned();
    value::Duration::parse(text).map(|d| Duration::from_millis(d.millis())).map_err(|_| wrong())
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let options = &args.options.findings;
    if !args.yes && !args.dry_run && (!session.world.is_attended() || options.format == Format::Json) {
        let why =
            if options.format == Format::Json { "as JSON nobody is asked" } else { "there is no terminal to ask on" };
        session.complain(&format!(
            "{why}, and `apply` changes clusters.\n  \
             help: say `--yes`, or see what would be done with `--dry-run` or `watershed diff --against live`"
        ));
        return Exit::Usage;
    }
    let compiled = match session.compiled(&args.options) {
        Ok(compiled) => compiled,
        Err(exit) => return exit,
    };
    let clusters = clusters_asked(&compiled, &args.cluster);
    if let Some(complaint) = args.login.complaint(clusters) {
        session.complain(&complaint);
        return Exit::Usage;
    }
    let world = session.world;
    let adopt: BTreeSet<String> = args.adopt.iter().cloned().collect();
    let question = LiveQuestion {
        clusters: &args.cluster,
        source: &|cluster| Ok(Source { server: args.login.server(world, cluster)?, remarks: Vec::new() }),
        approved: &args.approved,
        aliases: &args.owner_alias,
        adopt: &adopt,
        helm: if args.helm { Helm::Secrets } else { Helm::Unread },
        server_side: None,
        today: world.today(),
        parallel: args.login.parallel(),
        keep: true,
        done: &|_| {},
    };
    match pipeline::live(world, &compiled, &question) {
        Ok(clusters) => Applying { session, args, adopt: &adopt, compiled: &compiled, clusters: &clusters }.run(),
        Err(findings) => session.findings(&findings, compiled.sources(), options),
    }
}

struct Applying<'a> {
    session: &'a Session<'a>,
    args: &'a Args,
    adopt: &'a BTreeSet<String>,
    compiled: &'a Compiled,
    clusters: &'a [LiveCluster],
}

impl Applying<'_> {
    fn run(&self) -> Exit {
        let Applying { session, args, adopt, .. } = self;
        let question = ApplyQuestion {
            adopt,
            force: args.force_conflicts,
            all: args.all,
            prune: args.prune,
            dry_run: args.dry_run,
            wait: (!args.no_wait).then_some(args.timeout),
            keep_going: args.keep_going,
        };
        let intents: Vec<Intent<'_>> = self.clusters.iter().filter_map(|c| pipeline::intend(c, &question)).collect();
        let intents = pipeline::in_order(self.compiled, intents);
        if let Some(name) = adopt.iter().find(|name| !intents.iter().any(|i| i.wants(name))) {
            session.complain(&format!(
                "--adopt names `{name}`, and no such object is compiled.\n  \
                 help: write it as `diff --against live` shows it, such as `ConfigMap/monitoring/exporter-config`"
            ));
            return Exit::Usage;
        }
        if let Some(refused) = self.mistaken(&intents) {
            session.complain(&refused);
            return Exit::OtherSide;
        }
        let text = args.options.findings.format == Format::Text;
        let mut exit = Exit::Clean;
        if text {
            let differences =
                live::text(session, self.compiled, self.clusters, (report::Format::Text, report::View::Fields));
            exit = session.out(&differences);
        }
        if let Some(refused) = self.unapproved(&intents) {
            session.complain(&refused);
            return exit.and(Exit::Differences).and(Self::unseen(&intents));
        }
        let shown = shown::Shown { question: &question, approved: &args.approved, context: &|i| self.context(i) };
        if text {
            exit = exit.and(session.out(&shown.intents(&intents)));
        }
        let has_work = intents.iter().any(|i| !i.steps.is_empty() || (args.prune && shown::prunes(i)));
        if has_work && !args.yes && !args.dry_run && !self.agreed(&intents) {
            session.note("nothing was applied");
            return exit.and(Exit::Differences).and(Self::unseen(&intents));
        }
        let printed = Cell::new(exit);
        let tell = |event: &pipeline::Event<'_>| {
            let (stream, line) = shown.event(event);
            if text && !line.is_empty() {
                printed.set(printed.get().and(session.print(stream, &line)));
            }
        };
        let done = pipeline::carry_out(session.world, &intents, &question, &tell);
        let differences =
            || live::text(session, self.compiled, self.clusters, (report::Format::Json, report::View::Fields));
        let words = if text { shown.end(&intents, &done) } else { shown.json(&intents, &done, &differences()) };
        intents.iter().zip(&done).fold(printed.get().and(session.out(&words)), |exit, (intent, done)| {
            let whole = is_whole(intent, done, &question);
            exit.and(if whole { Exit::Clean } else { Exit::OtherSide })
        })
    }

    /// Whether something could not be looked at, which nothing else that ends a run may hide.
    fn unseen(intents: &[Intent<'_>]) -> Exit {
        if intents.iter().any(|i| i.unverified() > 0) { Exit::OtherSide } else { Exit::Clean }
    }

    /// That a context leads to another cluster than the one that was asked for.
    fn mistaken(&self, intents: &[Intent<'_>]) -> Option<String> {
        let of = |intent: &Intent<'_>| {
            let (other, objects) = intent.mistaken?;
            let (name, context) = (intent.name(), self.context(intent));
            Some(format!(
                "{name}: this is `{other}`, by the labels of {objects} objects that the context `{context}` shows where \
                 those of `{name}` should be"
            ))
        };
        let all: Vec<String> = intents.iter().filter_map(of).collect();
        (!all.is_empty()).then(|| {
            format!(
                "the wrong cluster answers, and nothing was applied to any.\n  {}\n  \
                 help: look at `--context` and at the `context` of the clusters in the spec; where one cluster has taken \
                 over from another, delete what the other has left",
                all.join("\n  ")
            )
        })
    }

    /// What is not approved, and what to do.
    fn unapproved(&self, intents: &[Intent<'_>]) -> Option<String> {
        if self.args.unapproved || self.args.dry_run {
            return None;
        }
        let not = intents.iter().filter(|i| i.approval() != Approval::Given);
        let of = |i: &Intent<'_>| match i.approval() {
            Approval::Stale(1) => format!("{}: 1 file is not what the spec compiles to", i.name()),
            Approval::Stale(n) => format!("{}: {n} files are not what the spec compiles to", i.name()),
            Approval::Unreadable => format!("{}: it cannot be read", i.name()),
            Approval::Given | Approval::Absent => format!("{}: there is none", i.name()),
        };
        let all: Vec<String> = not.map(of).collect();
        let first = all.iter().take(5).cloned().collect::<Vec<_>>().join("\n  ");
        let more = if all.len() > 5 { format!("\n  and {} more clusters", all.len() - 5) } else { String::new() };
        (!all.is_empty()).then(|| {
            format!(
                "the checked-in output in `{}` is not what would be applied: nobody has approved it.\n  {first}{more}\n  \
                 help: run `watershed build --out {}`, have it reviewed and apply then; `--unapproved` applies without",
                self.args.approved, self.args.approved
            )
        })
    }

    fn context(&self, intent: &Intent<'_>) -> String {
        let fleet = self.compiled.fleet.as_ref();
        let cluster = fleet.and_then(|f| f.clusters.iter().find(|c| c.id.value == intent.cluster.changes.identity));
        cluster.map(|c| self.args.login.context_of(c)).unwrap_or_default()
    }

    fn agreed(&self, intents: &[Intent<'_>]) -> bool {
        let question = shown::question(intents, self.args.prune, &|i| self.context(i));
        let answer = self.session.world.ask(&question);
        matches!(answer, Ok(Some(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// Everything that is compiled is live now.
fn is_whole(intent: &Intent<'_>, done: &AppliedCluster, question: &ApplyQuestion<'_>) -> bool {
    done.is_whole() && !intent.is_open() && !shown::keeps(intent, question)
}

#[cfg(test)]
pub(super) mod tests;
