//! `watershed completions`: for a shell.

use clap_complete::Shell;

use super::exit::Exit;
use super::session::Session;

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed completions bash > /etc/bash_completion.d/watershed
  watershed completions fish > ~/.config/fish/completions/watershed.fish")]
pub struct Args {
    shell: Shell,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "watershed", &mut script);
    session.out(&String::from_utf8_lossy(&script))
}
