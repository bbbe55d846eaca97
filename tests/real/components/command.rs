//! A program that is run to its end, for what it prints.

use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use crate::trouble::Trouble;

/// What it printed to standard output. `purpose` says for what the program is run, and is told where
/// the machine lacks it or it fails.
pub fn run(command: &mut Command, purpose: &str) -> Result<String, Trouble> {
    let output = output(command, purpose)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let line = words.join(" ".as_ref());
    let how = format!("`{}`, run for {purpose}, failed ({})", line.to_string_lossy(), output.status);
    Err(Trouble::new(how).said(printed(&output)))
}

/// The same, however it ended.
pub fn output(command: &mut Command, purpose: &str) -> Result<Output, Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Trouble::new(format!("`{name}` is not on this machine, and is needed for {purpose}")),
        _ => Trouble::new(format!("`{name}`, needed for {purpose}, does not start: {error}")),
    })
}

pub fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
