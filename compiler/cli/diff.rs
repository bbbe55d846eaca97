//! `watershed diff`: what a change of the spec does, with the lines behind it.

use super::exit::Exit;
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::diag::Origins;
use crate::pipeline;
use crate::report;
use crate::world::{Stream, TroubleKind, World};

/// Show what a build would change, and which line of the spec each change comes from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit code 2 if anything differs.

Examples:
  watershed diff --against dir                 against output/
  watershed diff fleet/ --against dir:deploy
  watershed diff --against dir --cluster edge-1 --format json")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
    /// The other side: dir[:DIR], a checked-in output tree.
    #[arg(long, default_value = "dir", value_name = "SIDE", value_parser = against)]
    against: String,
    /// Only these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
}

/// The folder of `dir[:DIR]`.
fn against(side: &str) -> Result<String, String> {
    match side.split_once(':') {
        None if side == "dir" => Ok("output".to_owned()),
        Some(("dir", "")) => Err("`dir:` names no folder: write `dir:output`".to_owned()),
        Some(("dir", folder)) => Ok(folder.to_owned()),
        _ if side.starts_with("live") || side.starts_with("git") || side.starts_with("snapshot") => {
            Err("only `dir[:DIR]` is compiled yet; git, live clusters and snapshots are not".to_owned())
        }
        _ => Err("write `dir` or `dir:DIR`".to_owned()),
    }
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let options = &args.options.findings;
    let spec = match session.spec(args.options.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    // Every cluster is checked: what is wrong with one may come from another.
    let aim = pipeline::Aim { clusters: &[], out: Some(&args.against) };
    let compiled = pipeline::compile_for(session.world, &spec, &aim);
    let gate = session.gate(&compiled.findings, compiled.sources(), options);
    if gate != Exit::Clean {
        return gate;
    }
    let changes = match pipeline::diff(session.world, &compiled, &args.against, &args.cluster) {
        Ok(changes) => changes,
        Err(findings) => return session.findings(&findings, compiled.sources(), options),
    };
    if !changes.is_empty() && missing(session.world, &args.against) {
        let remark = format!("remark: there is no folder `{}`: everything is new against it\n", args.against);
        // Nobody is left to tell if standard error is gone too.
        let _ = session.print(Stream::Err, &remark);
    }
    let none = Origins::default();
    let fleet = compiled.fleet.as_ref().map_or(&none, |f| &f.origins);
    let shown: Vec<_> = changes
        .iter()
        .map(|c| report::ClusterChanges { cluster: &c.cluster, changes: &c.changes, origins: &c.origins, fleet })
        .collect();
    let format = match options.format {
        Format::Text => report::Format::Text,
        Format::Json => report::Format::Json,
    };
    let terminal = session.terminal(Stream::Out);
    let text = report::changes(&shown, compiled.sources(), format, terminal.colour, terminal.width);
    let printed = if text.is_empty() { session.out("No differences.\n") } else { session.out(&text) };
    if changes.is_empty() { printed } else { printed.and(Exit::Differences) }
}

/// Whether nothing at all stands there. Asking for a file answers for most folders, at once.
fn missing(world: &dyn World, path: &str) -> bool {
    let gone = |kind: TroubleKind| kind == TroubleKind::Missing;
    world.read(path, 0).is_err_and(|t| gone(t.kind)) && world.list(path).is_err_and(|t| gone(t.kind))
}
