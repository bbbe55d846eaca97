//! `watershed build`: the output tree, or with `--check` whether it is up to date.

use super::exit::Exit;
use super::options::{Format, SpecOptions};
use super::session::Session;
use crate::pipeline::{self, Target};
use crate::world::Access;

/// Compile the spec and write the output tree.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
No byte is written while any finding fails the gate. Files that are equal keep their modification
time; files Watershed does not own are never touched.

Examples:
  watershed build                        into output/
  watershed build fleet/ --out deploy
  watershed build --cluster edge-1       one cluster's folder, and the fleet's two files
  watershed build --check                exit code 2 if the checked-in output is out of date")]
pub struct Args {
    #[command(flatten)]
    options: SpecOptions,
    /// Folder of the output tree.
    #[arg(long, default_value = "output", value_name = "DIR")]
    out: String,
    /// Only these clusters, by name or identity; objects of the others are not looked at.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    /// Write nothing; say what a build would change.
    #[arg(long)]
    check: bool,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let options = &args.options.findings;
    let spec = match session.spec(args.options.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let aim = pipeline::Aim { clusters: &args.cluster, out: (!args.check).then_some(args.out.as_str()) };
    let compiled = pipeline::compile_for(session.world, &spec, &aim);
    let gate = session.gate(&compiled.findings, compiled.sources(), options);
    if gate != Exit::Clean {
        return gate;
    }
    let target = Target {
        out: &args.out,
        clusters: &args.cluster,
        access: if args.check { Access::Look } else { Access::Write },
    };
    match pipeline::build(session.world, &compiled, &target) {
        Err(findings) => session.findings(&findings, compiled.sources(), options),
        Ok(built) => {
            let text = match options.format {
                Format::Text => built.summary(args.check),
                Format::Json => built.json(),
            };
            let exit = session.gate(&built.findings, compiled.sources(), options);
            // Standard output holds one document: as JSON, a failed build is its findings.
            if exit != Exit::Clean && options.format == Format::Json {
                return exit;
            }
            let exit = exit.and(session.out(&text));
            if args.check && built.differs() { exit.and(Exit::Differences) } else { exit }
        }
    }
}
