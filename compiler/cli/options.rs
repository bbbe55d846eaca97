//! Options that several subcommands share.

use clap::ValueEnum;

use crate::diag::Severity;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Info,
}

impl FailOn {
    pub fn severity(self) -> Severity {
        match self {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Info => Severity::Info,
        }
    }
}

/// Where the spec is and how findings are shown and judged.
#[derive(Debug, Clone, clap::Args)]
pub struct SpecOptions {
    /// File or folder of the spec; default: fleet.kdl, else fleet/.
    pub spec: Option<String>,
    #[command(flatten)]
    pub findings: FindingOptions,
}

#[derive(Debug, Clone, clap::Args)]
pub struct FindingOptions {
    /// The mildest severity that makes the run fail (exit code 3).
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// How findings and changes are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
