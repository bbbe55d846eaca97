//! `watershed check`: every finding, nothing written.

use super::exit::Exit;
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::pipeline;

/// Report every finding; write nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed check                        the spec in the current directory
  watershed check fleet/ --fail-on warning
  watershed check fleet.kdl --format json")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let spec = match session.spec(args.options.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let compiled = pipeline::compile(session.world, &spec);
    let shown = session.findings(&compiled.findings, compiled.sources(), &args.options.findings);
    match &compiled.fleet {
        Some(fleet) if compiled.findings.is_empty() && args.options.findings.format == Format::Text => {
            let clusters = fleet.clusters.len();
            let plural = if clusters == 1 { "" } else { "s" };
            shown.and(session.out(&format!("fleet {}: {clusters} cluster{plural}, no findings\n", fleet.name.value)))
        }
        _ => shown,
    }
}
