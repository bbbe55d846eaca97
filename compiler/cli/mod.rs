//! The command line: one file per subcommand, one table of exit codes.

mod apply;
mod build;
mod catalog;
mod check;
mod completions;
mod convert;
mod diff;
mod exit;
mod explain;
mod fmt;
mod init;
mod login;
mod man;
mod options;
mod review;
mod schema;
mod session;
mod snapshot;
mod trace;

pub use exit::{Exit, TABLE};

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::world::{Stream, World};
use options::Colour;
use session::Session;

/// A declarative monitoring compiler: one checked-in spec of a fleet's clusters, Prometheis, routes
/// and stores to everything that has to be applied.
#[derive(Debug, Parser)]
#[command(name = "watershed", version, max_term_width = 100)]
#[command(after_help = "\
SPEC is a file or a folder; default: fleet.kdl, else the folder fleet/, in the current directory.

Examples:
  watershed init                              a spec to start from
  watershed check                             every finding, nothing written
  watershed build --out output                the tree of objects to apply
  watershed diff --against dir:output         what a change does, with the spec lines behind it
  watershed review origin/main...HEAD         the same for a branch, as a page for a pull request
  watershed snapshot --out snapshots          what clusters have now, to compare with elsewhere
  watershed apply --cluster edge-1            what is compiled, to a live cluster; shows it and asks
  watershed explain 'cluster[lab].job[node-exporter].interval'
  watershed trace up --cluster lab            where a series goes, rule by rule")]
pub struct Args {
    /// When to colour: a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Build(build::Args),
    Diff(diff::Args),
    Review(review::Args),
    Snapshot(snapshot::Args),
    Apply(apply::Args),
    Explain(explain::Args),
    Trace(trace::Args),
    Fmt(fmt::Args),
    Convert(convert::Args),
    Schema(schema::Args),
    Catalog(catalog::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Parses, runs and says how it ended. Everything printed goes through `world`.
pub fn run(world: &dyn World, args: impl IntoIterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return usage(world, &error),
    };
    let session = Session::new(world, args.color);
    match &args.command {
        Command::Init(a) => init::run(&session, a),
        Command::Check(a) => check::run(&session, a),
        Command::Build(a) => build::run(&session, a),
        Command::Diff(a) => diff::run(&session, a),
        Command::Review(a) => review::run(&session, a),
        Command::Snapshot(a) => snapshot::run(&session, a),
        Command::Apply(a) => apply::run(&session, a),
        Command::Explain(a) => explain::run(&session, a),
        Command::Trace(a) => trace::run(&session, a),
        Command::Fmt(a) => fmt::run(&session, a),
        Command::Convert(a) => convert::run(&session, a),
        Command::Schema(a) => schema::run(&session, a),
        Command::Catalog(a) => catalog::run(&session, a),
        Command::Completions(a) => completions::run(&session, a),
        Command::Man(a) => man::run(&session, a),
    }
}

/// The whole command, for completions, manual pages and the README.
pub fn command() -> clap::Command {
    Args::command()
}

/// Help and version go to standard output and are no error; clap's own exit code is not used.
fn usage(world: &dyn World, error: &clap::Error) -> Exit {
    let (stream, exit) = if error.use_stderr() { (Stream::Err, Exit::Usage) } else { (Stream::Out, Exit::Clean) };
    let text = error.render();
    let text = if world.terminal(stream).colour { text.ansi().to_string() } else { text.to_string() };
    match world.print(stream, &text) {
        Ok(()) => exit,
        Err(_) => exit.and(Exit::Clean),
    }
}
