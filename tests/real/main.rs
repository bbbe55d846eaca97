//! The real programs that consume our output judge it: see `README.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the suite runs programs, touches files and tells what it does"
)]
#![allow(dead_code, reason = "steps come one by one")]

mod exporters;
mod ground;
mod steps;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
