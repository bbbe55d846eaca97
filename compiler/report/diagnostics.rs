//! Findings.

use serde_json::json;

use super::place;
use super::snippet;
use super::style::{self, BOLD, Look, count, visible};
use super::{Format, json as escape};
use crate::diag::{Diagnostic, Severity, Sources};

/// Findings shown in full as text; the rest is counted. JSON has all of them.
const SHOWN: usize = 100;

/// Renders findings in the order given, prose wrapped at `width` columns. Empty text where there are
/// none.
pub fn diagnostics(findings: &[Diagnostic], sources: &Sources, format: Format, colour: bool, width: usize) -> String {
    let sources = &concealed(findings, sources);
    let findings: Vec<Diagnostic> = findings.iter().map(Diagnostic::veiled).collect();
    let findings = findings.as_slice();
    match format {
        Format::Text => text(findings, sources, Look::new(colour, width)),
        Format::Json => escape::pretty(&as_json(findings, sources)),
    }
}

/// The sources without what findings hide and without credentials in URLs: a build log is read by
/// more people than the spec.
fn concealed(findings: &[Diagnostic], sources: &Sources) -> Sources {
    let mut sources = sources.clone();
    if !findings.is_empty() {
        findings.iter().filter_map(|f| f.hidden).for_each(|span| sources.conceal(span));
        sources.veil();
    }
    sources
}

fn text(findings: &[Diagnostic], sources: &Sources, look: Look) -> String {
    let mut out = String::new();
    for finding in findings.iter().take(SHOWN) {
        one(finding, sources, look, &mut out);
        out.push('\n');
    }
    if findings.is_empty() {
        return out;
    }
    if findings.len() > SHOWN {
        out.push_str(&format!("… and {} more that are not shown\n\n", findings.len() - SHOWN));
    }
    out.push_str(&look.paint(BOLD, &summary(findings)));
    out.push('\n');
    out
}

fn one(finding: &Diagnostic, sources: &Sources, look: Look, out: &mut String) {
    let head = format!("{}[{}]", finding.severity.name(), finding.code.id);
    let what = visible(&finding.what).into_owned();
    // Styled after wrapping, so that escapes do not count as columns.
    let wrapped = look.wrap(&format!("{head}: "), &what, 2);
    let rest = wrapped.strip_prefix(&head).unwrap_or(&wrapped).trim_end();
    out.push_str(&look.paint(style::of(finding.severity), &head));
    out.push_str(&look.paint(BOLD, rest));
    out.push('\n');
    snippet::render(finding, sources, look, out);
    let mut note = |name: &str, text: &str| {
        if !text.is_empty() {
            let first = format!("  {name}: ");
            let wrapped = look.wrap(&first, &visible(text), first.len());
            out.push_str(&format!("  {}{}", look.paint(BOLD, &format!("{name}:")), &wrapped[first.len() - 1..]));
        }
    };
    note("why", &finding.why);
    note("help", &finding.help);
    if let Some(fix) = &finding.fix {
        let place = sources.display(fix.span);
        note("fix", &format!("{} (at {place}: `{}`)", fix.title, fix.replacement));
    }
}

/// `3 errors, 1 warning`.
fn summary(findings: &[Diagnostic]) -> String {
    let parts = [Severity::Error, Severity::Warning, Severity::Info].map(|severity| (severity, of(findings, severity)));
    let noun = |severity| if severity == Severity::Info { "remark" } else { Severity::name(severity) };
    let parts = parts.iter().filter(|(_, n)| *n > 0).map(|(severity, n)| count(*n, noun(*severity)));
    parts.collect::<Vec<_>>().join(", ")
}

fn of(findings: &[Diagnostic], severity: Severity) -> usize {
    findings.iter().filter(|f| f.severity == severity).count()
}

fn as_json(findings: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    let findings_json: Vec<serde_json::Value> = findings
        .iter()
        .map(|f| {
            let mut value = json!({ "code": f.code.id, "severity": f.severity.name() });
            merge(&mut value, place::json(sources, f.at));
            let labels: Vec<serde_json::Value> = f
                .labels
                .iter()
                .map(|l| {
                    let mut label = place::json(sources, l.span);
                    label["text"] = l.text.as_str().into();
                    label
                })
                .collect();
            let fix = f.fix.as_ref().map(|fix| {
                let mut value = place::json(sources, fix.span);
                value["replacement"] = fix.replacement.as_str().into();
                value["title"] = fix.title.as_str().into();
                value
            });
            merge(
                &mut value,
                json!({
                    "message": f.what, "label": f.at_label, "why": f.why, "help": f.help, "labels": labels, "fix": fix,
                }),
            );
            value
        })
        .collect();
    json!({
        "format_version": 1,
        "errors": of(findings, Severity::Error),
        "warnings": of(findings, Severity::Warning),
        "remarks": of(findings, Severity::Info),
        "diagnostics": findings_json,
    })
}

fn merge(into: &mut serde_json::Value, from: serde_json::Value) {
    if let (Some(into), serde_json::Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}

#[cfg(test)]
mod tests;
