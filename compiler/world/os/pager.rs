//! Text that does not fit on a screen, through the program by which its reader turns pages; chosen as git chooses it.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The environment.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Of a screen, where the terminal does not say.
const ROWS: usize = 24;
/// What a shell says of a program that is not there, or cannot be run.
const NOT_RUN: [i32; 2] = [126, 127];

/// A screen, in characters; 0 where a terminal does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    pub rows: usize,
    pub columns: usize,
}

/// Shows a text page by page; `false` where that is not wanted or there is no such program, and nothing was shown.
pub(super) fn show(text: &str, screen: Screen, variables: Variables<'_>) -> bool {
    let Some(program) = program(variables).filter(|_| !fits(text, screen)) else { return false };
    let Ok(mut child) = start(&program, variables) else { return false };
    if let Some(mut input) = child.stdin.take()
        && let Err(error) = input.write_all(text.as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Whoever reads has seen what came until then; a second time from the start helps nobody.
        return true;
    }
    // Whoever stopped reading has read enough, however the program ends.
    let ended = child.wait().ok().and_then(|status| status.code());
    !ended.is_some_and(|code| NOT_RUN.contains(&code))
}

/// The command by which pages are turned; `None` where nobody wants that, or nobody is there to do it.
fn program(variables: Variables<'_>) -> Option<String> {
    let set = |name: &str| variables(name).is_some_and(|v| !v.is_empty() && v != "false" && v != "0");
    if set("CI") || variables("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        return None;
    }
    let said = variables("WATERSHED_PAGER").or_else(|| variables("PAGER")).unwrap_or_else(|| "less".to_owned());
    let said = said.trim();
    (!said.is_empty() && said != "cat").then(|| said.to_owned())
}

fn fits(text: &str, screen: Screen) -> bool {
    let rows = if screen.rows == 0 { ROWS } else { screen.rows };
    let of_line = |line: &str| line.chars().count().checked_div(screen.columns).unwrap_or(0) + 1;
    // The last row is for what comes after.
    text.lines().map(of_line).sum::<usize>() < rows
}

fn start(program: &str, variables: Variables<'_>) -> std::io::Result<Child> {
    let plain = program.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '+'));
    let mut command = Command::new(if plain { program } else { "sh" });
    if !plain {
        command.args(["-c", program]);
    } else if Path::new(program).file_name().is_some_and(|name| name == "less") {
        // An interrupt ends us; it must not leave a reader behind that still holds the terminal.
        command.arg("-K");
    }
    // Colours as they are, and nothing to quit where it fits; what somebody has set themselves stays.
    for (name, usual) in [("LESS", "FRX"), ("LV", "-c")] {
        if variables(name).is_none() {
            command.env(name, usual);
        }
    }
    command.stdin(Stdio::piped()).spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)]) -> Option<String> {
        let set: Vec<(&str, &str)> = [("TERM", "xterm")].iter().chain(set).copied().collect();
        program(&|name| set.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn it_is_chosen_as_git_chooses_it() {
        for (set, wanted) in [
            (&[][..], Some("less")),
            (&[("PAGER", "more")], Some("more")),
            (&[("PAGER", "more"), ("WATERSHED_PAGER", "less -S")], Some("less -S")),
            (&[("PAGER", "cat")], None),
            (&[("PAGER", "more"), ("WATERSHED_PAGER", "")], None),
            (&[("PAGER", "more"), ("WATERSHED_PAGER", "cat")], None),
            (&[("CI", "true")], None),
            (&[("CI", "false")], Some("less")),
            (&[("TERM", "dumb")], None),
        ] {
            assert_eq!(chosen(set).as_deref(), wanted, "{set:?}");
        }
    }

    #[test]
    fn what_fits_on_the_screen_needs_no_pages() {
        let screen = Screen { rows: 4, columns: 10 };
        assert!(fits("a\nb\nc\n", screen));
        assert!(!fits("a\nb\nc\nd\n", screen));
        assert!(!fits(&format!("a\nb\n{}\n", "c".repeat(11)), screen), "a line that wraps");
        assert!(!fits(&"a\n".repeat(24), Screen { rows: 0, columns: 0 }));
    }

    #[test]
    fn what_no_program_shows_is_left_to_be_printed() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let with = |pager: String| {
            let text = "a\n".repeat(100_000);
            show(&text, Screen { rows: 10, columns: 80 }, &|name| match name {
                "TERM" => Some("xterm".to_owned()),
                "WATERSHED_PAGER" => Some(pager.clone()),
                _ => None,
            })
        };
        assert!(!with("no-such-pager".to_owned()));
        assert!(!with("no-such-pager -R".to_owned()));
        assert!(!with(String::new()));
        assert!(with("head -n 1 >/dev/null".to_owned()), "whoever stops reading has read enough");
        assert!(with(format!("cat >'{}'", seen.display())));
        assert_eq!(std::fs::metadata(&seen).unwrap().len(), 200_000);
    }
}
