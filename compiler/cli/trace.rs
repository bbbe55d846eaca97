//! `watershed trace`: where a series goes, and which line says so.

use super::exit::Exit;
use super::options::{FailOn, FindingOptions, Format};
use super::session::Session;
use crate::pipeline;
use crate::plan::{self, Question, Wanted};
use crate::relabel::regex::Cache;
use crate::relabel::{Condition, RuleError};
use crate::report::{self, Traced};
use crate::world::Stream;

/// Show where a series goes: target, interval, Prometheus, every rule that touches it, stores.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
WHAT is one of
  a series          'container_cpu_usage_seconds_total{namespace=\"team-a\"}', up, '{job=\"kubelet\"}'
  a job or class    cadvisor    node-exporter/network
  a namespace       '{namespace=\"team-a\"}', with all that is about its pods

The targets are made up: names of pods and nodes that WHAT does not say are `pod-1`, `node-1`. Of an
expression, `namespace=~\"team-.*\"`, a value that fits is shown for each way there is.

Examples:
  watershed trace 'kube_pod_info{namespace=\"team-a\"}' --cluster pool-1
  watershed trace node-exporter/network --why-not central
  watershed trace 'up{job=\"node-exporter\"}' --format json")]
pub struct Args {
    #[arg(value_name = "WHAT")]
    what: String,
    /// File or folder of the spec; default: fleet.kdl, else fleet/.
    #[arg(long)]
    spec: Option<String>,
    /// Only through these clusters, by name or identity.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    cluster: Vec<String>,
    /// Only what is about pods of this namespace.
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Say only why it does not reach this store, or this destination as pages call it: `central-t3`, `central/team-c`.
    #[arg(long, value_name = "STORE")]
    why_not: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let spec = match session.spec(args.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let options = FindingOptions { fail_on: FailOn::Error, format: args.format };
    let compiled = pipeline::compile(session.world, &spec);
    let gate = session.gate(&compiled.findings, compiled.sources(), &options);
    // A proof that failed is looked into with this.
    let astray = args.format == Format::Text && compiled.fails_its_proof_only();
    if gate != Exit::Clean && !astray {
        return gate;
    }
    let Some(fleet) = &compiled.fleet else { return gate };
    let is_job = |name: &str| fleet.clusters.iter().any(|c| c.jobs.iter().any(|j| j.name == name));
    let wanted = match args.what.split_once('/') {
        Some((job, class)) if !args.what.contains('{') => {
            Wanted::Job { job: job.to_owned(), class: Some(class.to_owned()) }
        }
        _ if is_job(&args.what) => Wanted::Job { job: args.what.clone(), class: None },
        _ => match Condition::parse(&args.what, &Cache::new()) {
            Ok(selector) if selector.expressions().iter().any(|(label, _)| *label == "__name__") => {
                let some = pipeline::metrics_like(&compiled, &selector);
                session
                    .complain(&format!("`{}` asks for metrics by an expression: trace one of them{some}", args.what));
                return Exit::Usage;
            }
            Ok(selector) if selector.equalities().is_some() => Wanted::Series(selector),
            Ok(_) => {
                session.complain(&format!("`{}` asks for several series: trace them one by one", args.what));
                return Exit::Usage;
            }
            Err(error) => {
                let why = match error {
                    RuleError::Condition { message, .. } => message.replace("at ``", "at its end"),
                    other => other.to_string(),
                };
                session.complain(&format!(
                    "`{}` is neither a job of this spec nor a series: {why}\n  \
                     help: write a series as in a query, `up{{job=\"node-exporter\"}}`",
                    args.what
                ));
                return Exit::Usage;
            }
        },
    };
    let why_not = match args.why_not.as_deref().map(|named| plan::destination(fleet, named)) {
        None => None,
        Some(Ok(destination)) => Some(destination),
        Some(Err(why)) => {
            session.complain(&why);
            return Exit::Usage;
        }
    };
    if let Some(Err(wrong)) = args.namespace.as_deref().map(pipeline::is_namespace) {
        session.complain(&wrong);
        return Exit::Usage;
    }
    let question = Question::new(wanted, args.namespace.clone());
    match pipeline::trace(&compiled, &question, &args.cluster) {
        Ok(traces) => {
            let by_hand: Vec<&str> = traces.iter().filter(|t| t.by_hand).map(|t| t.cluster.as_str()).collect();
            if !by_hand.is_empty() {
                session
                    .note(&format!("patches and raw objects are not traced; there are some of {}", by_hand.join(", ")));
            }
            match pipeline::may_be_misspelt(&compiled, &question, &traces) {
                // Of a job nothing is to be shown but its name: whoever means a series says so.
                Some(near) if near.is_job && !args.what.contains('{') => {
                    session.complain(&format!(
                        "{}\n  help: `{}{{}}` asks for the series of this name all the same",
                        near.what, args.what
                    ));
                    return Exit::Usage;
                }
                Some(near) => session.note(&near.what),
                None => {}
            }
            let all: Vec<Traced<'_>> =
                traces.iter().map(|t| Traced { cluster: &t.cluster, trace: &t.trace, origins: &t.origins }).collect();
            let format = match args.format {
                Format::Text => report::Format::Text,
                Format::Json => report::Format::Json,
            };
            let terminal = session.terminal(Stream::Out);
            let text =
                report::trace(&args.what, &all, fleet, compiled.sources(), why_not.as_ref(), format, terminal.colour);
            session.out(&text).and(gate)
        }
        Err(findings) => session.findings(&findings, compiled.sources(), &options),
    }
}
