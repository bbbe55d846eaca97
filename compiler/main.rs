//! The `watershed` binary: arguments in, an exit code out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use watershed::cli::{self, Exit};
use watershed::world::{Os, Stream, World};

fn main() -> ExitCode {
    let world = Os;
    let run = AssertUnwindSafe(|| cli::run(&world, std::env::args_os()));
    let exit = catch_unwind(run).unwrap_or_else(|_| {
        let text = "\nThis is a bug of Watershed, not of your spec. Nothing that was there before is lost; please report the \
                    lines above with the spec that caused them.\n";
        // If even this cannot be printed, the exit code still says it.
        let _ = world.print(Stream::Err, text);
        Exit::Bug
    });
    ExitCode::from(exit.code())
}
