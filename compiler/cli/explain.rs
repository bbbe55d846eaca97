//! `watershed explain`: a path of the spec, a field of an emitted object, or a rule.

use serde_json::json;

use super::exit::Exit;
use super::options::{FailOn, FindingOptions, Format};
use super::session::Session;
use crate::diag::{Code, Diagnostic, Sources, Span};
use crate::fleet::{self, Explained, StepKind};
use crate::pipeline::{self, ExplainedField, Text};

/// Say why a value is what it is, or what a rule is about.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
WHAT is one of
  a path of the spec    cluster[edge-1].job[node-exporter].class[network].interval
  an emitted object     Prometheus/user           with --field spec.retention
  a code                REF110

Examples:
  watershed explain 'cluster[lab].prometheus[user].retention'
  watershed explain Prometheus/user --field 'spec.remoteWrite[0].url' --cluster edge-1
  watershed explain SYN104")]
pub struct Args {
    #[arg(value_name = "WHAT")]
    what: String,
    /// File or folder of the spec; default: fleet.kdl, else fleet/.
    #[arg(long)]
    spec: Option<String>,
    /// Field of an emitted object, `spec.retention`.
    #[arg(long, default_value = "", hide_default_value = true)]
    field: String,
    /// Only in these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let codes = pipeline::all_codes();
    if let Some(code) = codes.iter().find(|c| c.id.eq_ignore_ascii_case(&args.what)) {
        return rule(session, code, args.format);
    }
    let options = FindingOptions { fail_on: FailOn::Error, format: args.format };
    // A code nobody knows looks like one: three letters and a number.
    if args.what.len() == 6 && args.what.bytes().skip(3).all(|b| b.is_ascii_digit()) {
        let near = crate::diag::nearest(&args.what, codes.iter().map(|c| c.id));
        let near = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        session.complain(&format!("there is no code `{}`{near}", args.what));
        return Exit::Usage;
    }
    let spec = match session.spec(args.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    if args.what.contains('/') && !args.what.contains(['[', '.']) || !args.field.is_empty() {
        let compiled = pipeline::compile(session.world, &spec);
        let gate = session.gate(&compiled.findings, compiled.sources(), &options);
        if gate != Exit::Clean {
            return gate;
        }
        return match pipeline::explain(&compiled, &args.what, &args.field, &args.cluster) {
            Ok(fields) => session.out(&objects(&fields, compiled.sources(), args.format)),
            Err(findings) => session.findings(&findings, compiled.sources(), &options),
        };
    }
    // A path is explained as far as the spec can be read, also when other parts of it are wrong.
    let Text { mut document, unreadable: mut sink, faults } = pipeline::read(session.world, &spec);
    sink.extend(faults);
    if sink.has_errors() {
        return session.findings(&sink.into_sorted(), &document.sources, &options);
    }
    let catalog = pipeline::catalog_of(session.world, &spec, &mut document, &mut sink);
    match fleet::explain(&document, &catalog, &args.what) {
        Ok(explained) => session.out(&path(&explained, &document.sources, args.format)),
        Err(diagnostic) => {
            let findings: [Diagnostic; 1] = [*diagnostic];
            session.findings(&findings, &document.sources, &options)
        }
    }
}

fn rule(session: &Session<'_>, code: &Code, format: Format) -> Exit {
    let (severity, allow) = (code.severity.name(), code.allowable);
    if format == Format::Json {
        let value = json!({
            "format_version": 1, "code": code.id, "severity": severity, "title": code.title,
            "why": code.why, "help": code.help, "allowable": allow,
        });
        return session.out(&format!("{value:#}\n"));
    }
    let mut out = format!("{}: {} ({severity})\n", code.id, code.title);
    for (head, text) in [("why", code.why), ("help", code.help)] {
        if !text.is_empty() {
            out.push_str(&format!("\n  {head}: {text}\n"));
        }
    }
    let allowing = format!(
        "\nIt can be allowed where it does not apply: `allow \"{}\" why=\"…\"` in the block it points into.\n",
        code.id
    );
    out.push_str(if allow { &allowing } else { "\nIt cannot be allowed.\n" });
    session.out(&out)
}

fn path(explained: &Explained, sources: &Sources, format: Format) -> String {
    let kind = |kind: StepKind| match kind {
        StepKind::Spec => "spec",
        StepKind::Fallback => "fallback",
        StepKind::Default => "default",
    };
    if format == Format::Json {
        let chain: Vec<_> = explained
            .chain
            .iter()
            .map(|s| {
                let at = sources.display(s.at);
                json!({"kind": kind(s.kind), "from": s.from, "value": s.value, "at": at, "holds": s.holds})
            })
            .collect();
        let content: serde_json::Map<_, _> =
            explained.content.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
        let value = json!({
            "format_version": 1, "path": explained.path, "about": explained.about,
            "value": explained.value, "chain": chain, "content": content,
        });
        return format!("{value:#}\n");
    }
    let mut out = String::new();
    match (&explained.value, explained.content.is_empty()) {
        (Some(value), _) => out.push_str(&format!("{} = {value}\n", explained.path)),
        (None, true) => out.push_str(&format!("{} is not set\n", explained.path)),
        (None, false) => out.push_str(&format!("{}\n", explained.path)),
    }
    if !explained.about.is_empty() {
        out.push_str(&format!("  {}\n", explained.about));
    }
    if !explained.chain.is_empty() {
        out.push('\n');
    }
    let places: Vec<String> = explained.chain.iter().map(|s| sources.display(s.at)).collect();
    let wide = places.iter().map(|p| p.chars().count()).max().unwrap_or(0);
    for (step, place) in explained.chain.iter().zip(&places) {
        let mark = if step.holds { "→" } else { " " };
        let value = if step.value.is_empty() { String::new() } else { format!(": {}", step.value) };
        out.push_str(&format!("{mark} {place:<wide$}  {}{value}\n", step.from));
    }
    if !explained.content.is_empty() {
        out.push('\n');
    }
    for (key, value) in &explained.content {
        out.push_str(&format!("  {key:<20} {value}\n"));
    }
    out
}

fn objects(fields: &[ExplainedField], sources: &Sources, format: Format) -> String {
    if format == Format::Json {
        let all: Vec<_> = fields
            .iter()
            .map(|f| {
                let causes: Vec<_> = f
                    .causes
                    .iter()
                    .map(|c| json!({"at": sources.display(c.at), "why": c.text, "depth": c.depth}))
                    .collect();
                json!({"cluster": f.cluster, "object": f.object, "field": f.path, "value": f.value, "causes": causes})
            })
            .collect();
        return format!("{:#}\n", json!({"format_version": 1, "fields": all}));
    }
    let mut out = String::new();
    for field in fields {
        let path = if field.path.is_empty() { String::new() } else { format!(" {}", field.path) };
        out.push_str(&format!("{} in cluster {}:{path}\n  = {}\n", field.object, field.cluster, field.value));
        for cause in &field.causes {
            let indent = "  ".repeat(cause.depth + 1);
            out.push_str(&format!("{indent}← {}{}\n", line_of(cause.at, sources), cause.text));
        }
    }
    out
}

/// The place and the text of the line there.
fn line_of(at: Span, sources: &Sources) -> String {
    if at.is_none() {
        return String::new();
    }
    let text = sources.text(at.file);
    let start = text[..at.start as usize].rfind('\n').map_or(0, |n| n + 1);
    let line = text[start..].lines().next().unwrap_or("").trim();
    format!("{}  {line}  ", sources.display(at))
}
