//! A program that is run to its end, for what it prints.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use crate::trouble::Trouble;

/// What it printed to standard output. `purpose` says for whom the program is run, and is told
/// where the machine lacks it or it fails.
pub fn run(command: &mut Command, purpose: &str) -> Result<String, Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Trouble::new(format!("`{name}` is not on this machine, and is needed for {purpose}")),
        _ => Trouble::new(format!("`{name}`, needed for {purpose}, does not start: {error}")),
    })?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    let words: Vec<String> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    let said = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
    let how = format!("`{name} {}`, needed for {purpose}, failed ({})", words.join(" "), output.status);
    Err(Trouble::new(how).said(said))
}
