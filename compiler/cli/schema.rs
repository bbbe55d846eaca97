//! `watershed schema`: the language for editors and for people.

use super::exit::Exit;
use super::session::Session;
use crate::spec::schema;

/// Print the JSON Schema of the YAML form, or the reference page of the language.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed schema > spec.schema.json
  watershed schema --reference | less

In an editor with a YAML language server, as the first line of a spec in YAML:
  # yaml-language-server: $schema=spec.schema.json")]
pub struct Args {
    /// The reference page (Markdown) instead of the schema.
    #[arg(long)]
    reference: bool,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    if args.reference { session.out(&schema::reference()) } else { session.out(&schema::json()) }
}
