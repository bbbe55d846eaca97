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
    /// Write both into a folder, as spec.schema.json and README.md.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "schema", conflicts_with = "reference")]
    write: Option<String>,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    if let Some(folder) = &args.write {
        let files = [("spec.schema.json", schema::json()), ("README.md", schema::reference())];
        return files.into_iter().fold(Exit::Clean, |exit, (name, text)| {
            let path = format!("{folder}/{name}");
            exit.and(match session.world.replace(&path, text.as_bytes()) {
                Ok(()) => session.out(&format!("{path}\n")),
                Err(trouble) => {
                    session.complain(&trouble.to_string());
                    Exit::InputOutput
                }
            })
        });
    }
    if args.reference { session.out(&schema::reference()) } else { session.out(&schema::json()) }
}
