//! The lines of a spec that a finding is about, with what is said of them underneath.
//!
//! Lines may be of any length and hold anything: long ones are cut around what is marked, and
//! characters that could fool a terminal are made visible before columns are counted.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::style::{self, GUTTER, Look, one_line, visible};
use crate::diag::{Diagnostic, Severity, Sources, Span};
use crate::spec::secret;

/// Bytes of a line shown before and after the place, where a line is too long.
const BEFORE: usize = 60;
const AFTER: usize = 140;

struct Mark<'d> {
    span: Span,
    text: &'d str,
    primary: bool,
    line: u32,
}

/// Every place of a finding: its own file first, then the others in the order of their paths.
pub(super) fn render(finding: &Diagnostic, sources: &Sources, look: Look, out: &mut String) {
    let own = Mark::new(finding.at, &finding.at_label, true, sources);
    let others = finding.labels.iter().map(|l| Mark::new(l.span, &l.text, false, sources));
    let mut marks: Vec<Mark<'_>> = std::iter::once(own).chain(others).filter(|m| !m.span.is_none()).collect();
    let own_file = finding.at.file;
    marks.sort_by_key(|m| (m.span.file != own_file, m.span.file, m.line, !m.primary, m.span.start));
    let digits = marks.iter().map(|m| m.line).max().unwrap_or(0).to_string().len();
    let mut snippet = Snippet { sources, look, severity: finding.severity, digits, out };
    for (i, of_file) in marks.chunk_by(|a, b| a.span.file == b.span.file).enumerate() {
        snippet.file(of_file, i == 0 && !finding.at.is_none());
    }
}

impl<'d> Mark<'d> {
    fn new(span: Span, text: &'d str, primary: bool, sources: &Sources) -> Self {
        Mark { span, text, primary, line: sources.position(span).line }
    }
}

/// A line without what is a credential by its looks, as long as before.
fn starred(line: &str) -> Cow<'_, str> {
    let words = secret::by_chance(line);
    words.fold(Cow::Borrowed(line), |line, word| line.replace(word, &"*".repeat(word.len())).into())
}

struct Snippet<'a> {
    sources: &'a Sources,
    look: Look,
    severity: Severity,
    digits: usize,
    out: &'a mut String,
}

impl Snippet<'_> {
    fn file(&mut self, marks: &[Mark<'_>], first: bool) {
        let head = marks.iter().find(|m| m.primary).unwrap_or(&marks[0]);
        let arrow = if first { "-->" } else { ":::" };
        let place = one_line(&self.sources.display(head.span));
        let pad = " ".repeat(self.digits);
        self.out.push_str(&format!("{pad}{} {place}\n", self.look.paint(GUTTER, arrow)));
        self.gutter("", "");
        let mut last = 0;
        for of_line in marks.chunk_by(|a, b| a.line == b.line) {
            if last != 0 && of_line[0].line > last + 1 {
                self.out.push_str(&self.look.paint(GUTTER, "..."));
                self.out.push('\n');
            }
            last = of_line[0].line;
            self.line(of_line);
        }
    }

    fn line(&mut self, marks: &[Mark<'_>]) {
        let text = self.sources.text(marks[0].span.file);
        let (from, to) = line_around(text, marks[0].span.start as usize);
        let number = marks[0].line.to_string();
        if to - from <= BEFORE + AFTER {
            let line = starred(&text[from..to]);
            self.gutter(&number, visible(&line).trim_end());
            for mark in marks {
                self.mark(mark, &line, from, 0);
            }
            return;
        }
        // Too long to show: an excerpt for each mark.
        for mark in marks {
            let at = boundary(text, (mark.span.start as usize).clamp(from, to));
            let start = boundary(text, at.saturating_sub(BEFORE).max(from));
            let end = boundary(text, (at + AFTER).min(to));
            let (left, right) = (if start > from { "…" } else { "" }, if end < to { "…" } else { "" });
            let line = starred(&text[from..to]);
            let shown = format!("{left}{}{right}", visible(&line[start - from..end - from]));
            self.gutter(&number, &shown);
            self.mark(mark, &text[start..end], start, left.width());
        }
    }

    /// The underline of one mark below `shown`, which begins at byte `from` of its file.
    fn mark(&mut self, mark: &Mark<'_>, shown: &str, from: usize, shift: usize) {
        let start = boundary(shown, (mark.span.start as usize).saturating_sub(from).min(shown.len()));
        let end = boundary(shown, (mark.span.end as usize).saturating_sub(from).min(shown.len())).max(start);
        let indent = shift + visible(&shown[..start]).width();
        let length = visible(shown[start..end].trim_end()).width().max(1);
        let (sign, style) = if mark.primary { ("^", style::of(self.severity)) } else { ("-", GUTTER) };
        let underline = format!("{}{}", sign.repeat(length), if mark.text.is_empty() { "" } else { " " });
        let label = one_line(mark.text);
        let column = self.digits + 3 + indent;
        let text = if column + underline.width() + label.width() <= self.look.width || label.is_empty() {
            format!("{}{}", " ".repeat(indent), self.look.paint(style, &format!("{underline}{label}")))
        } else {
            // The words under the line, from the left, where there is room.
            let above = format!("{}{}", " ".repeat(indent), self.look.paint(style, underline.trim_end()));
            self.gutter("", &above);
            self.look.paint(style, &label)
        };
        self.gutter("", &text);
    }

    fn gutter(&mut self, number: &str, text: &str) {
        let bar = self.look.paint(GUTTER, &format!("{number:>width$} |", width = self.digits));
        let blank = if text.is_empty() { "" } else { " " };
        self.out.push_str(&format!("{bar}{blank}{text}\n"));
    }
}

/// The line that a byte stands on, without its end.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let at = boundary(text, at.min(text.len()));
    let from = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let to = text[at..].find('\n').map_or(text.len(), |i| at + i);
    let to = if text[from..to].ends_with('\r') { to - 1 } else { to };
    (from, to.max(from))
}

/// The nearest character boundary at or before a byte.
fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
