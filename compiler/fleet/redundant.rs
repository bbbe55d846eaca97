//! Lines that say what holds anyway.
//!
//! A line of a profile is laid over different levels for different clusters; it is superfluous only
//! if it changes nothing wherever it is laid.

use std::collections::BTreeMap;

use super::codes;
use super::levels::Level;
use super::read::Read;
use crate::diag::{Diagnostic, Span};

#[derive(Debug, Default)]
pub struct Redundant<'d> {
    /// By the nearer line; `None` once it has changed something.
    lines: BTreeMap<Span, Option<Line<'d>>>,
}

#[derive(Debug)]
struct Line<'d> {
    far: Level<'d>,
    far_at: Span,
    key: &'d str,
}

impl<'d> Redundant<'d> {
    /// A line laid over an inherited one of the same key.
    pub fn note(&mut self, near: Span, equal: bool, far: (Level<'d>, Span), (level, key): (Level<'d>, &'d str)) {
        if !equal {
            self.needed(near);
        } else if far.0 != level {
            self.lines.entry(near).or_insert(Some(Line { far: far.0, far_at: far.1, key }));
        }
    }

    /// A line that changes something.
    pub fn needed(&mut self, near: Span) {
        self.lines.insert(near, None);
    }

    pub fn report(&self, read: &mut Read<'_>) {
        for (at, line) in &self.lines {
            let Some(line) = line else { continue };
            read.report(
                Diagnostic::new(
                    &codes::SAID_TWICE,
                    *at,
                    format!("`{}` already has this value from {}", line.key, line.far.quoted()),
                )
                .here("changes nothing")
                .label(line.far_at, "the same value, inherited"),
            );
        }
    }
}
