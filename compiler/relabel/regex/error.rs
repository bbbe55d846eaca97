//! Why a pattern is refused, in the words Go uses.

use std::fmt;

/// A pattern that Go refuses, or that is too big to be evaluated here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub fault: Fault,
    /// Byte offset in the pattern as written (not as pasted between anchors); the pattern's length
    /// if the fault is that something is missing at its end.
    pub at: usize,
    /// The part of the text Go names: it may hold the anchors the pattern was pasted between.
    pub fragment: String,
}

/// Go's error codes, in the order of `regexp/syntax`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    InvalidCharRange,
    InvalidEscape,
    InvalidNamedCapture,
    InvalidPerlOp,
    InvalidRepeatOp,
    InvalidRepeatSize,
    MissingBracket,
    MissingParen,
    MissingRepeatArgument,
    TrailingBackslash,
    UnexpectedParen,
    /// Raised above 250 levels already, where Go allows 1000.
    NestingDepth,
    /// Also raised for what Go would still compile: the automaton passes 64 MiB.
    TooLarge,
}

impl Fault {
    /// Go's wording.
    pub fn message(self) -> &'static str {
        match self {
            Fault::InvalidCharRange => "invalid character class range",
            Fault::InvalidEscape => "invalid escape sequence",
            Fault::InvalidNamedCapture => "invalid named capture",
            Fault::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Fault::InvalidRepeatOp => "invalid nested repetition operator",
            Fault::InvalidRepeatSize => "invalid repeat count",
            Fault::MissingBracket => "missing closing ]",
            Fault::MissingParen => "missing closing )",
            Fault::MissingRepeatArgument => "missing argument to repetition operator",
            Fault::TrailingBackslash => "trailing backslash at end of expression",
            Fault::UnexpectedParen => "unexpected )",
            Fault::NestingDepth => "expression nests too deeply",
            Fault::TooLarge => "expression too large",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`", self.fault.message(), self.fragment)
    }
}

impl std::error::Error for Error {}
