//! A long difference on a terminal: `script` (bsdutils) gives the program one.

use std::process::{Command, Stdio};

use crate::support::{Folder, read};

/// What standard output of a terminal is given, with a pager that counts lines.
fn on_a_terminal(folder: &Folder, arguments: &str, variables: &[(&str, &str)]) -> (i32, String) {
    let command = format!("'{}' {arguments}", env!("CARGO_BIN_EXE_watershed"));
    let done = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(folder.path())
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("NO_COLOR", "1"), ("PAGER", "sed 's/^/> /'")])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("script of bsdutils");
    (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stdout).into_owned())
}

#[test]
fn a_difference_longer_than_the_screen_goes_through_the_pager_and_keeps_its_exit_code() {
    let folder = Folder::new();
    folder.write("fleet.kdl", &read("examples/single-split/fleet.kdl"));
    let (code, said) = on_a_terminal(&folder, "diff", &[]);
    assert_eq!((code, said.lines().count() > 24), (2, true), "{said}");
    assert!(said.contains("> lab") && said.contains(">   + "), "{said}");
    for (arguments, variables) in [
        ("diff --no-pager", &[][..]),
        ("diff", &[("PAGER", "cat")]),
        ("diff", &[("WATERSHED_PAGER", "")]),
        ("diff", &[("CI", "true")]),
        ("diff --format json", &[]),
        ("diff | cat", &[]),
    ] {
        let (_, said) = on_a_terminal(&folder, arguments, variables);
        assert!(said.lines().count() > 24 && !said.contains("> lab") && !said.contains("> {"), "{arguments}: {said}");
    }
    // Nothing is lost where there is no such program.
    let (code, said) = on_a_terminal(&folder, "diff", &[("PAGER", "no-such-pager")]);
    assert_eq!((code, said.contains("lab")), (2, true), "{said}");
}
