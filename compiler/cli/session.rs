//! What every subcommand does the same way: find the spec, print, show findings.

use std::cell::Cell;

use super::exit::Exit;
use super::options::{Colour, FailOn, FindingOptions, Format, SpecOptions};
use crate::diag::{Diagnostic, Sources, Stage};
use crate::pipeline::{self, Compiled, SpecPath};
use crate::report;
use crate::world::{Stream, Terminal, Trouble, TroubleKind, World};

pub struct Session<'w> {
    pub world: &'w dyn World,
    colour: Colour,
    /// Findings were printed before: the next ones are set off from them.
    begun: Cell<bool>,
}

impl<'w> Session<'w> {
    pub fn new(world: &'w dyn World, colour: Colour) -> Self {
        Session { world, colour, begun: Cell::new(false) }
    }

    /// The spec as given, or the default one; exit 64 where there is none.
    pub fn spec(&self, given: Option<&str>) -> Result<SpecPath, Exit> {
        match given {
            Some(path) => Ok(SpecPath(path.to_owned())),
            None => match &SpecPath::defaults_in(self.world)[..] {
                [only] => Ok(only.clone()),
                [] => {
                    self.complain(
                        "there is neither `fleet.kdl` nor a folder `fleet/` here.\n  \
                         help: name the spec (`watershed check path/to/spec`), or start one with `watershed init`",
                    );
                    Err(Exit::Usage)
                }
                _ => {
                    self.complain(
                        "there are both `fleet.kdl` and a folder `fleet/` here, and one of them would not be read.\n  \
                         help: name the one that is meant (`watershed check fleet`), or move the file into the folder",
                    );
                    Err(Exit::Usage)
                }
            },
        }
    }

    /// A compiled spec that is sound enough to go on with; else what the run ends with, after its findings.
    pub fn compiled(&self, options: &SpecOptions) -> Result<Compiled, Exit> {
        let spec = self.spec(options.spec.as_deref())?;
        let compiled = pipeline::compile(self.world, &spec);
        match self.gate(&compiled.findings, compiled.sources(), &options.findings) {
            Exit::Clean => Ok(compiled),
            exit => Err(exit),
        }
    }

    pub fn terminal(&self, stream: Stream) -> Terminal {
        let terminal = self.world.terminal(stream);
        let colour = match self.colour {
            Colour::Auto => terminal.colour,
            Colour::Always => true,
            Colour::Never => false,
        };
        Terminal { colour, ..terminal }
    }

    /// Prints; a reader that went away (`| head`) ends the run quietly.
    #[must_use]
    pub fn print(&self, stream: Stream, text: &str) -> Exit {
        printed(self.world.print(stream, text))
    }

    /// Prints what a person may read page by page.
    #[must_use]
    pub fn page(&self, text: &str) -> Exit {
        printed(self.world.page(text))
    }

    #[must_use]
    pub fn out(&self, text: &str) -> Exit {
        self.print(Stream::Out, text)
    }

    /// A one-line message about how the command was used.
    pub fn complain(&self, text: &str) {
        // Nobody is left to tell if standard error is gone too.
        let _ = self.world.print(Stream::Err, &format!("error: {text}\n"));
    }

    /// A remark that changes nothing, on standard error.
    pub fn note(&self, text: &str) {
        let _ = self.world.print(Stream::Err, &format!("note: {text}\n"));
    }

    /// A finding that ends the run before there is anything to show.
    #[must_use]
    pub fn failed(&self, finding: &Diagnostic) -> Exit {
        let options = FindingOptions { fail_on: FailOn::Error, format: Format::Text };
        self.findings(std::slice::from_ref(finding), &Sources::default(), &options)
    }

    /// Shows findings before something else is printed: as JSON only where they end the run, so that
    /// standard output holds one document.
    #[must_use]
    pub fn gate(&self, findings: &[Diagnostic], sources: &Sources, options: &FindingOptions) -> Exit {
        if options.format == Format::Json && judge(findings, options.fail_on) == Exit::Clean {
            return Exit::Clean;
        }
        self.findings(findings, sources, options)
    }

    /// Shows findings: as text on standard error, as JSON on standard output.
    #[must_use]
    pub fn findings(&self, findings: &[Diagnostic], sources: &Sources, options: &FindingOptions) -> Exit {
        let stream = match options.format {
            Format::Text => Stream::Err,
            Format::Json => Stream::Out,
        };
        let format = match options.format {
            Format::Text => report::Format::Text,
            Format::Json => report::Format::Json,
        };
        let terminal = self.terminal(stream);
        let text = report::diagnostics(findings, sources, format, terminal.colour, terminal.width);
        if text.is_empty() {
            return Exit::Clean;
        }
        let between = if stream == Stream::Err && self.begun.replace(true) { "\n" } else { "" };
        let printed = self.print(stream, &format!("{between}{text}"));
        printed.and(judge(findings, options.fail_on))
    }
}

fn printed(result: Result<(), Trouble>) -> Exit {
    match result {
        Ok(()) => Exit::Clean,
        Err(trouble) if trouble.kind == TroubleKind::Closed => Exit::Clean,
        Err(_) => Exit::InputOutput,
    }
}

/// Findings at or above the threshold; troubles with our own input and output have codes of their
/// own and weigh more.
fn judge(findings: &[Diagnostic], fail_on: FailOn) -> Exit {
    findings
        .iter()
        .filter(|d| d.severity >= fail_on.severity())
        .map(|d| match d.code.stage {
            Stage::Output => Exit::InputOutput,
            Stage::Usage => Exit::Usage,
            _ => Exit::Findings,
        })
        .fold(Exit::Clean, Exit::and)
}
