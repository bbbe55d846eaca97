//! Places of a spec, and where a value came from, in words.

use serde_json::{Value as Json, json};

use super::masks::Masks;
use super::style::one_line;
use crate::diag::{Origin, Origins, Sources, Span, Why};

/// Longest piece of a spec line shown behind its position, in characters.
const EXCERPT: usize = 60;

/// Lines shown behind a computed value.
const BEHIND: usize = 3;

/// `file`, `line`, `column`, `endLine`, `endColumn`, and `revision` of a place in an
/// earlier text; null where there is no place.
pub(super) fn json(sources: &Sources, span: Span) -> Json {
    if span.is_none() {
        return json!({ "file": null, "line": null, "column": null, "endLine": null, "endColumn": null });
    }
    let (start, end) = (sources.position(span), sources.position(Span { start: span.end, ..span }));
    let mut place = json!({
        "file": sources.path(span.file),
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    });
    if !sources.revision().is_empty() {
        place["revision"] = sources.revision().into();
    }
    place
}

/// Looks up the origins of one cluster.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub sources: &'a Sources,
    pub cluster: &'a Origins,
    pub fleet: &'a Origins,
    /// What is hidden in all that is shown with it.
    pub masks: Option<&'a Masks>,
}

impl Lookup<'_> {
    /// `fleet.kdl:12:5  interval "15s"`; empty where nothing is known.
    pub(super) fn words(&self, origin: Origin) -> String {
        match self.cluster.resolve(self.fleet, origin) {
            None => String::new(),
            Some(Why::Spec(span)) => self.line(*span),
            Some(Why::Patch(span)) => format!("patch {}", self.line(*span)),
            Some(Why::Default(what)) => (*what).to_owned(),
            Some(Why::Template { file, line }) => format!("template {}:{line}", one_line(file)),
            Some(Why::Derived { reason, .. }) => {
                let mut spans = Vec::new();
                self.lines_behind(origin, &mut spans);
                let lines: Vec<String> = spans.iter().take(BEHIND).map(|s| self.line(*s)).collect();
                if lines.is_empty() { (*reason).to_owned() } else { format!("{}  ({reason})", lines.join("; ")) }
            }
        }
    }

    /// [`words`](Lookup::words) without the reason of what is computed, where a line is behind it.
    pub(super) fn place(&self, origin: Origin) -> String {
        let mut spans = Vec::new();
        match self.cluster.resolve(self.fleet, origin) {
            Some(Why::Derived { .. }) => self.lines_behind(origin, &mut spans),
            _ => return self.words(origin),
        }
        spans.first().map_or_else(|| self.words(origin), |span| self.line(*span))
    }

    /// The lines of the spec that a value was computed from, each once, in the order they were used.
    fn lines_behind(&self, origin: Origin, out: &mut Vec<Span>) {
        match self.cluster.resolve(self.fleet, origin) {
            Some(Why::Spec(span) | Why::Patch(span)) if !out.contains(span) => out.push(*span),
            Some(Why::Derived { from, .. }) => from.iter().for_each(|o| self.lines_behind(*o, out)),
            _ => {}
        }
    }

    pub(super) fn json(&self, origin: Origin) -> Json {
        let Some(why) = self.cluster.resolve(self.fleet, origin) else { return Json::Null };
        let (kind, detail) = match why {
            Why::Spec(_) => ("spec", String::new()),
            Why::Patch(_) => ("patch", String::new()),
            Why::Default(what) => ("default", (*what).to_owned()),
            Why::Template { file, line } => ("template", format!("{file}:{line}")),
            Why::Derived { reason, .. } => ("derived", (*reason).to_owned()),
        };
        let span = self.cluster.span(self.fleet, origin);
        let mut value = json(self.sources, span);
        value["kind"] = kind.into();
        value["detail"] = detail.into();
        value["text"] = self.excerpt(span).into();
        value
    }

    fn line(&self, span: Span) -> String {
        let place = self.sources.display(span);
        match self.excerpt(span) {
            text if text.is_empty() => place,
            text => format!("{place}  {text}"),
        }
    }

    /// The line a span starts on, trimmed and cut.
    fn excerpt(&self, span: Span) -> String {
        let text = self.sources.text(span.file);
        let start = span.start as usize;
        let (Some(before), Some(after)) = (text.get(..start), text.get(start..)) else { return String::new() };
        let from = before.rfind('\n').map_or(0, |i| i + 1);
        // A line may be megabytes long; its beginning may not be what is meant.
        let from = if start - from > 4 * EXCERPT { start } else { from };
        let to = start + after.find('\n').unwrap_or(after.len());
        let line = text[from..to].trim();
        // Before it is cut: the end of a credential in a URL is what tells it.
        let line = self.masks.map_or_else(|| Masks::default().quoted(line), |masks| masks.quoted(line));
        let line: String = line.chars().take(EXCERPT + 1).collect();
        let cut = line.chars().count() > EXCERPT;
        let line: String = line.chars().take(EXCERPT).collect();
        one_line(&line) + if cut { "…" } else { "" }
    }
}
