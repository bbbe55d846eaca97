//! `watershed diff`: what a change of the spec does, with the lines behind it.

mod grafana;
pub(super) mod live;

use super::exit::Exit;
use super::login::LoginOptions;
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::diag::Origins;
use crate::pipeline::{self, Against, ClusterChanges, Compiled, Which};
use crate::report;
use crate::world::{Stream, TroubleKind, World};

/// Show what a build would change, and which line of the spec each change comes from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 2 if anything differs; 4 if the spec does not compile as of the revision, or if
something of a cluster could not be looked at or would be refused. Helm releases are looked at
where --helm or --helm-values asks for it; otherwise they are named, and are no reason for 4.

Sides:
  dir[:DIR]      a checked-in output tree; default: output
  git[:REV]      the spec as it was at a branch, tag or commit, compiled by this compiler and read
                 from the repository without a checkout; default: HEAD
  git:REV...     the same, where this branch (HEAD) parted from REV
  git:A...B      the same, where A and B parted
  live           the clusters themselves, read with no right but to list. Every difference has one
                 cause: pending (not applied yet), drift (changed outside), extra (added outside),
                 orphan (ours, and nothing asks for it), foreign (somebody else's object), selected
                 (nobody's of ours, and a Prometheus of ours selects it). Who is named with
                 the time of his last change of the object. With --server-side the server tries
                 each object as `apply` would, changing nothing: what it refuses is told in its
                 words (exit 4), what it or a webhook makes of ours is rewritten, and what would
                 stay as it is is no difference
  snapshot:DIR   the same with what `watershed snapshot --out DIR` has recorded, or with a dump of
                 `kubectl get -o yaml --show-managed-fields`, DIR/CLUSTER.yaml
  grafana:URL    the Grafana of one cluster, by its HTTP API: dashboards by uid, panel by panel,
                 with who saved them last; data sources, of whose secrets only the names are
                 known; folders. It needs the role Viewer and, for data sources, `datasources:read`

Examples:
  watershed diff --against dir                 against output/
  watershed diff fleet/ --against dir:deploy
  watershed diff --against git:HEAD            what is not committed yet
  watershed diff --against git:origin/main...  what this branch changes
  watershed diff --against dir --cluster edge-1 --format json
  watershed diff --against live                all clusters, by the contexts of the spec
  watershed diff --against live --cluster edge-1 --context admin@edge-1
  watershed diff --against live --cluster edge-1 --server-side
  watershed diff --against snapshot:snapshots --max-age 24
  watershed diff --against grafana:https://grafana.example.com --grafana-token-env GRAFANA_TOKEN
  watershed diff --against grafana:http://localhost:3000 --cluster edge-1 --grafana-token-file token")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
    /// The other side: dir[:DIR], a checked-in output tree, git[:REV], the spec of a revision, live,
    /// snapshot:DIR or grafana:URL.
    #[arg(long, default_value = "dir", value_name = "SIDE", value_parser = side)]
    against: Side,
    /// How differences are shown as text.
    #[arg(long, value_enum, default_value_t = View::Fields)]
    view: View,
    /// Do not show long text page by page (WATERSHED_PAGER, PAGER, less); `cat` for a pager is the same.
    #[arg(long)]
    no_pager: bool,
    /// Only these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    /// Against live clusters: the checked-in output, which tells what was approved.
    #[arg(long, default_value = "output", value_name = "DIR")]
    approved: String,
    /// Against snapshots: exit code 4 where one is older than so many hours.
    #[arg(long, value_name = "HOURS")]
    max_age: Option<u64>,
    /// Against live clusters: another field manager that applies our output, beside kubectl, Argo CD, Flux, Helm and
    /// watershed.
    #[arg(long, value_name = "MANAGER", num_args = 1..)]
    owner_alias: Vec<String>,
    /// Against live clusters: Helm releases too, by the Secrets in which Helm keeps them. These hold all values.
    #[arg(long)]
    helm: bool,
    /// Against live clusters: Helm releases by files of `helm get values`, DIR/[CLUSTER/]RELEASE.yaml.
    #[arg(long, value_name = "DIR", conflicts_with = "helm")]
    helm_values: Option<String>,
    /// Against live clusters: have the server try every object too, as applying would (dry run), and show what it would
    /// make of it. It takes the rights of `apply`; nothing is changed.
    #[arg(long)]
    server_side: bool,
    /// With --server-side: take fields from those who have set them to something else; otherwise that is refused.
    #[arg(long, requires = "server_side")]
    force_conflicts: bool,
    #[command(flatten)]
    login: LoginOptions,
    #[command(flatten)]
    grafana: grafana::GrafanaOptions,
}

impl Args {
    /// Prints differences, page by page where somebody reads them.
    fn print(&self, session: &Session<'_>, text: &str) -> Exit {
        let is_read = !self.no_pager && self.options.findings.format == Format::Text;
        if is_read { session.page(text) } else { session.out(text) }
    }
}

/// What of the differences is shown, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum View {
    /// Every field, with what its change does and the line of the spec behind it.
    Fields,
    /// Lines of YAML to take away and to add.
    Unified,
    /// Only values of Helm releases.
    Values,
    /// A line for each object.
    Summary,
}

impl From<View> for report::View {
    fn from(view: View) -> Self {
        match view {
            View::Fields => report::View::Fields,
            View::Unified => report::View::Unified,
            View::Values => report::View::Values,
            View::Summary => report::View::Summary,
        }
    }
}

/// The other side of a comparison.
#[derive(Debug, Clone)]
enum Side {
    Folder(String),
    Git(Which),
    Live,
    Snapshot(String),
    Grafana(String),
}

fn side(side: &str) -> Result<Side, String> {
    match side.split_once(':').unwrap_or((side, "")) {
        ("dir", "") if side == "dir" => Ok(Side::Folder("output".to_owned())),
        ("dir", "") => Err("`dir:` names no folder: write `dir:output`".to_owned()),
        ("dir", folder) => Ok(Side::Folder(folder.to_owned())),
        ("git", "") if side != "git" => Err("`git:` names no revision: write `git:HEAD`".to_owned()),
        ("git", revision) => Which::parse(revision).map(Side::Git),
        ("live", "") if side == "live" => Ok(Side::Live),
        ("snapshot", "") => Err("a snapshot needs its folder: write `snapshot:DIR`".to_owned()),
        ("snapshot", folder) => Ok(Side::Snapshot(folder.to_owned())),
        ("grafana", "") => Err("a Grafana needs its address: write `grafana:https://grafana.example.com`".to_owned()),
        ("grafana", url) => Ok(Side::Grafana(url.to_owned())),
        _ => Err("write `dir`, `dir:DIR`, `git:REV`, `live`, `snapshot:DIR` or `grafana:URL`".to_owned()),
    }
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let options = &args.options.findings;
    if args.server_side && !matches!(args.against, Side::Live) {
        session.complain(
            "--server-side has an API server try what would be applied, and this side has none.\n  \
             help: say `--against live`",
        );
        return Exit::Usage;
    }
    let spec = match session.spec(args.options.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    // Every cluster is checked: what is wrong with one may come from another.
    let out = match &args.against {
        Side::Folder(out) => Some(out.as_str()),
        Side::Git(_) | Side::Live | Side::Snapshot(_) | Side::Grafana(_) => None,
    };
    let compiled = pipeline::compile(session.world, &spec);
    let gate = session.gate(&compiled.findings, compiled.sources(), options);
    if gate != Exit::Clean {
        return gate;
    }
    match &args.against {
        Side::Live => return live::run(session, args, &compiled, None),
        Side::Snapshot(folder) => return live::run(session, args, &compiled, Some(folder)),
        Side::Grafana(url) => return grafana::run(session, args, &compiled, url),
        Side::Folder(_) | Side::Git(_) => {}
    }
    let past = match &args.against {
        Side::Folder(_) | Side::Live | Side::Snapshot(_) | Side::Grafana(_) => None,
        Side::Git(which) => match pipeline::compile_at(session.world, &spec, which) {
            Ok(past) => Some(past),
            Err(finding) => return session.findings(&[finding], compiled.sources(), options),
        },
    };
    if let Some(past) = &past {
        let broken = past.broken();
        if !broken.is_empty() {
            let _ = session.findings(&broken, past.compiled.sources(), options);
            return Exit::OtherSide;
        }
    }
    let against = match (&past, out) {
        (Some(past), _) => Against::Spec(&past.compiled),
        (None, out) => Against::Folder(out.unwrap_or("output")),
    };
    let changes: Vec<ClusterChanges> = match pipeline::diff(session.world, &compiled, against, &args.cluster) {
        // Another name of a cluster is nothing that is applied.
        Ok(changes) => changes.into_iter().filter(|c| !c.changes.is_empty()).collect(),
        Err(findings) => return session.findings(&findings, compiled.sources(), options),
    };
    if let Some(out) = out.filter(|out| !changes.is_empty() && missing(session.world, out)) {
        let remark = format!("remark: there is no folder `{out}`: everything is new against it\n");
        // Nobody is left to tell if standard error is gone too.
        let _ = session.print(Stream::Err, &remark);
    }
    let none = Origins::default();
    let fleet = origins_of(&compiled, &none);
    let all: Vec<_> = changes
        .iter()
        .map(|c| shown(c, fleet, past.as_ref().map(|p| (&p.compiled, origins_of(&p.compiled, &none)))))
        .collect();
    let format = match options.format {
        Format::Text => report::Format::Text,
        Format::Json => report::Format::Json,
    };
    let terminal = session.terminal(Stream::Out);
    let (colour, width) = (terminal.colour, terminal.width);
    let manner = report::Manner { format, view: args.view.into(), colour, width };
    let moves = past
        .as_ref()
        .filter(|_| !changes.is_empty())
        .map(|past| pipeline::moves(&past.compiled, &compiled, &args.cluster));
    let text = report::changes(&all, moves.as_ref(), compiled.sources(), manner);
    let printed = if text.is_empty() { session.out("No differences.\n") } else { args.print(session, &text) };
    if changes.is_empty() { printed } else { printed.and(Exit::Differences) }
}

/// The changes of a cluster as they are shown; `was` is the old side where that was compiled.
fn shown<'a>(
    c: &'a ClusterChanges,
    fleet: &'a Origins,
    was: Option<(&'a Compiled, &'a Origins)>,
) -> report::ClusterChanges<'a> {
    report::ClusterChanges {
        cluster: &c.cluster,
        identity: &c.identity,
        presence: &c.presence,
        changes: &c.changes,
        origins: &c.origins,
        fleet,
        was: was.map(|(compiled, fleet)| report::Was { sources: compiled.sources(), origins: &c.was, fleet }),
        live: None,
        masks: None,
    }
}

fn origins_of<'c>(compiled: &'c Compiled, none: &'c Origins) -> &'c Origins {
    compiled.fleet.as_ref().map_or(none, |f| &f.origins)
}

/// Whether nothing at all stands there. Asking for a file answers for most folders, at once.
fn missing(world: &dyn World, path: &str) -> bool {
    let gone = |kind: TroubleKind| kind == TroubleKind::Missing;
    world.read(path, 0).is_err_and(|t| gone(t.kind)) && world.list(path).is_err_and(|t| gone(t.kind))
}

#[cfg(test)]
mod tests;
