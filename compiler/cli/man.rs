//! `watershed man`: the manual page.

use super::exit::{Exit, TABLE};
use super::session::Session;

/// Print the manual page (roff).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed man | man -l -
  watershed man build > watershed-build.1")]
pub struct Args {
    /// A subcommand; default: the whole tool.
    subcommand: Option<String>,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let mut command = super::command();
    command.build();
    if let Some(name) = &args.subcommand {
        let Some(found) = command.find_subcommand(name) else {
            let known = command.get_subcommands().map(clap::Command::get_name);
            let near = crate::diag::nearest(name, known).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
            session.complain(&format!("there is no subcommand `{name}`{near}"));
            return Exit::Usage;
        };
        command = found.clone().display_name(format!("watershed-{name}"));
    } else {
        let codes: Vec<String> = TABLE.iter().map(|(_, code, meaning)| format!("  {code:<4} {meaning}")).collect();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        command = command.after_help(format!("{help}\n\nExit codes:\n{}", codes.join("\n")));
    }
    let mut page = Vec::new();
    let version = concat!("watershed ", env!("CARGO_PKG_VERSION"));
    match clap_mangen::Man::new(command).source(version).render(&mut page) {
        Ok(()) => session.out(&String::from_utf8_lossy(&page)),
        Err(error) => {
            session.complain(&error.to_string());
            Exit::Bug
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli;
    use crate::world::{Memory, Stream};

    #[test]
    fn every_page_says_of_which_version_it_is() {
        let version = concat!("\"watershed ", env!("CARGO_PKG_VERSION"), "\"");
        for args in [&["watershed", "man"][..], &["watershed", "man", "build"], &["watershed", "man", "help"]] {
            let world = Memory::new();
            cli::run(&world, args.iter().map(Into::into));
            let page = world.printed(Stream::Out);
            let head = page.lines().find(|line| line.starts_with(".TH")).expect("a head");
            assert!(head.contains(version), "{head}");
        }
    }
}
