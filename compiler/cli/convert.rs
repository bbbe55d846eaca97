//! `watershed convert`: KDL to YAML and back, the same data and every comment.

use clap::ValueEnum;

use super::exit::Exit;
use super::options::{FailOn, FindingOptions, Format};
use super::session::Session;
use crate::diag::{Sink, Sources};
use crate::pipeline;
use crate::spec;
use crate::syntax::{self, Language};
use crate::world::TroubleKind;

/// Write the files of a spec in the other form: the same data, comments kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed convert fleet.kdl --to yaml > fleet.yaml
  watershed convert fleet/ --to yaml --out fleet-yaml")]
pub struct Args {
    /// File or folder of the spec; default: fleet.kdl, else fleet/.
    spec: Option<String>,
    #[arg(long, value_enum)]
    to: To,
    /// Folder for the converted files; without it one file is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    Kdl,
    Yaml,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let spec = match session.spec(args.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let options = FindingOptions { fail_on: FailOn::Error, format: Format::Text };
    let mut sink = Sink::default();
    let sources = pipeline::sources(session.world, &spec, &mut sink);
    let files: Vec<_> = sources.ids().collect();
    if args.out.is_none() && files.len() > 1 {
        session.complain(&format!("`{}` holds {} files: name a folder for them with --out", spec.0, files.len()));
        return Exit::Usage;
    }
    // All of them are converted before the first is written.
    let mut converted = Vec::new();
    for id in files {
        let mut single = Sources::default();
        single.add(sources.path(id), sources.text(id));
        let mut found = Sink::default();
        let document = syntax::read(single, &spec::ROOT, &mut found);
        if found.has_errors() {
            return session.findings(&found.into_sorted(), &document.sources, &options);
        }
        let text = match (args.to, Language::of(sources.path(id))) {
            (To::Kdl, Some(Language::Kdl)) | (To::Yaml, Some(Language::Yaml)) => Ok(sources.text(id).to_owned()),
            (To::Kdl, _) => syntax::convert::to_kdl(&document),
            (To::Yaml, _) => syntax::convert::to_yaml(&document),
        };
        match text {
            Ok(text) => converted.push((renamed(sources.path(id), args.to), text)),
            Err(diagnostic) => return session.findings(&[*diagnostic], &document.sources, &options),
        }
    }
    let mut exit = session.findings(&sink.into_sorted(), &sources, &options);
    for (path, text) in converted {
        let Some(out) = &args.out else {
            exit = exit.and(session.out(&text));
            continue;
        };
        let target = format!("{out}/{path}");
        exit = exit.and(match session.world.read(&target, 0) {
            Err(t) if t.kind == TroubleKind::Missing => match session.world.replace(&target, text.as_bytes()) {
                Ok(()) => session.out(&format!("{target}\n")),
                Err(trouble) => {
                    session.complain(&trouble.to_string());
                    Exit::InputOutput
                }
            },
            _ => {
                session.complain(&format!("`{target}` is there already and was left alone"));
                Exit::InputOutput
            }
        });
    }
    exit
}

/// `clusters/edge.kdl` as `clusters/edge.yaml`.
fn renamed(path: &str, to: To) -> String {
    let ending = match to {
        To::Kdl => "kdl",
        To::Yaml => "yaml",
    };
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(f, n)| (f, n));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if folder.is_empty() { format!("{stem}.{ending}") } else { format!("{folder}/{stem}.{ending}") }
}
