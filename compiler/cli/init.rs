//! `watershed init`: a spec to start from.

use super::exit::Exit;
use super::session::Session;
use crate::world::TroubleKind;

const SPEC: &str = include_str!("init.kdl");

/// Write a commented spec of one cluster to start from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed init                 writes fleet.kdl
  watershed init clusters.kdl
  watershed init --print         to standard output")]
pub struct Args {
    /// File to write; never over one that is there.
    #[arg(default_value = "fleet.kdl")]
    file: String,
    /// Print it instead.
    #[arg(long)]
    print: bool,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    if args.print {
        return session.out(SPEC);
    }
    match session.world.create(&args.file, SPEC.as_bytes()) {
        Ok(()) => session.out(&format!("{} written. Next: `watershed check {0}`\n", args.file)),
        Err(trouble) if trouble.kind == TroubleKind::Foreign => {
            session.complain(&format!("`{}` is there already and was left alone", args.file));
            Exit::InputOutput
        }
        Err(trouble) => {
            session.complain(&trouble.to_string());
            Exit::InputOutput
        }
    }
}
