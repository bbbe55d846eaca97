//! `watershed fmt`: layout and quoting, every comment kept.

use super::exit::Exit;
use super::options::{FailOn, FindingOptions, Format};
use super::session::Session;
use crate::diag::{Sink, Sources};
use crate::pipeline;
use crate::syntax::{self, Language};

/// Lay out the files of a spec; change nothing they say.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed fmt
  watershed fmt fleet/ --check        exit code 2 and the names of files that would change
  watershed fmt fleet.kdl --print     to standard output")]
pub struct Args {
    /// Files or folders; default: fleet.kdl, else fleet/.
    specs: Vec<String>,
    /// Write nothing; exit with 2 if a file would change.
    #[arg(long)]
    check: bool,
    /// Print the result instead of writing it.
    #[arg(long, conflicts_with = "check")]
    print: bool,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let mut specs: Vec<Option<&str>> = args.specs.iter().map(|s| Some(s.as_str())).collect();
    if specs.is_empty() {
        specs.push(None);
    }
    let mut exit = Exit::Clean;
    let mut changed = 0;
    let mut seen = 0;
    for spec in specs {
        let spec = match session.spec(spec) {
            Ok(spec) => spec,
            Err(exit) => return exit,
        };
        let mut sink = Sink::default();
        let sources = pipeline::sources(session.world, &spec, &mut sink);
        for id in sources.ids() {
            seen += 1;
            let text = sources.text(id);
            let formatted = match Language::of(sources.path(id)) {
                Some(Language::Kdl) => syntax::fmt::kdl(text, id),
                _ => syntax::fmt::yaml(text, id),
            };
            match formatted {
                Err(findings) => findings.into_iter().for_each(|d| sink.push(d)),
                Ok(formatted) if args.print => exit = exit.and(session.out(&formatted)),
                Ok(formatted) if formatted == text => {}
                Ok(formatted) => {
                    changed += 1;
                    let location = spec.location(session.world, sources.path(id));
                    exit = exit.and(session.out(&format!("{location}\n")));
                    if !args.check
                        && let Err(trouble) = session.world.replace(&location, formatted.as_bytes())
                    {
                        session.complain(&trouble.to_string());
                        exit = exit.and(Exit::InputOutput);
                    }
                }
            }
        }
        exit = exit.and(findings(session, sink, &sources));
    }
    if args.check && changed > 0 {
        return exit.and(Exit::Differences);
    }
    if !args.print && exit == Exit::Clean {
        let text = match (changed, args.check) {
            (0, _) => format!("{seen} file{} laid out already\n", if seen == 1 { "" } else { "s" }),
            _ => format!("{changed} of {seen} files changed\n"),
        };
        return session.out(&text);
    }
    exit
}

fn findings(session: &Session<'_>, sink: Sink, sources: &Sources) -> Exit {
    let options = FindingOptions { fail_on: FailOn::Error, format: Format::Text };
    session.findings(&sink.into_sorted(), sources, &options)
}
