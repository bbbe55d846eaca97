//! `watershed review`: what a branch does, on one page for those who decide about it.

use super::exit::Exit;
use super::options::FailOn;
use super::session::Session;
use crate::diag::{Diagnostic, Origins, Severity};
use crate::pipeline::{self, Before, ClusterChanges, Compiled, Range};
use crate::report::{self, Form, ReviewCheckedIn, ReviewException, ReviewState, Was};

/// Show what a branch changes, costs and breaks, as a page for a pull request.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Both sides are compiled by this compiler, so that only what the specs say differs. Where output is
checked in at the base, what a newer compiler or catalog writes otherwise is told apart.

Ranges:
  BASE...HEAD   from where HEAD parted from BASE, as a forge shows a pull request
  BASE..HEAD    from BASE itself
  BASE...       from where the checked-out branch parted from BASE to the files as they stand
  BASE          from BASE to the files as they stand
  (nothing)     from where the checked-out branch parted from origin/HEAD, origin/main,
                origin/master, main or master, the first there is, to the files as they stand

Exit code 0 if a page could be made, whatever it says; 3 with findings at or above --fail-on that
the base does not have, or a spec that does not compile; 4 if the spec of the base does not compile:
then the page is about the output that is checked in there, if there is any.

Examples:
  watershed review                                  this branch
  watershed review origin/main...HEAD > comment.md  a pull request; GitHub takes 65,536 characters
  watershed review main...topic --limit 1000000     GitLab takes more
  watershed review v1.4.0..v1.5.0 --format html > review.html")]
pub struct Args {
    /// The two sides, as git spells them.
    #[arg(value_name = "RANGE", default_value = "")]
    range: String,
    /// File or folder of the spec; default: fleet.kdl, else fleet/.
    #[arg(long, value_name = "SPEC")]
    spec: Option<String>,
    /// Folder where output is checked in.
    #[arg(long, default_value = OUT, value_name = "DIR")]
    out: String,
    /// How the page is written.
    #[arg(long, value_enum, default_value_t = PageFormat::Markdown)]
    format: PageFormat,
    /// Characters a page may have; longer ones are shortened and say so. Of Markdown 65536.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(4096..))]
    limit: Option<u64>,
    /// The mildest severity of a new finding that makes the run fail (exit code 3).
    #[arg(long, value_enum, default_value_t = FailOn::Error, value_name = "SEVERITY")]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PageFormat {
    Markdown,
    Html,
    Json,
}

const OUT: &str = "output";

/// What GitHub takes as a comment; other forges take more.
const GITHUB: usize = 65_536;

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    let spec = match session.spec(args.spec.as_deref()) {
        Ok(spec) => spec,
        Err(exit) => return exit,
    };
    let reviewed = match pipeline::review(session.world, &spec, &Range::parse(&args.range), &args.out) {
        Ok(reviewed) => reviewed,
        Err(finding) => return session.failed(&finding),
    };
    let none = Origins::default();
    let head = &reviewed.head;
    let past = reviewed.past().map(|p| &p.compiled);
    let changes = changes_of(&reviewed.changes, head, past, &none);
    let older = reviewed.checked_in.as_ref().zip(past);
    let older_changes = older.map(|(c, past)| changes_of(&c.changes, past, None, &none)).unwrap_or_default();
    let built_changes = reviewed.built.as_ref().map(|c| changes_of(&c.changes, head, None, &none)).unwrap_or_default();
    let broken: Vec<Diagnostic> = past.map(errors).unwrap_or_default();
    let broken_head = errors(head);
    let state = match (&reviewed.base, past) {
        _ if !broken_head.is_empty() => ReviewState::HeadBroken { findings: &broken_head },
        (_, Some(past)) if !broken.is_empty() => match &reviewed.stand_in {
            None => ReviewState::BaseBroken { findings: &broken, sources: past.sources() },
            Some(output) => ReviewState::AgainstOutput {
                findings: &broken,
                sources: past.sources(),
                compiler: &output.compiler,
                catalog: &output.catalog,
            },
        },
        (Before::Nothing { .. }, _) => ReviewState::First,
        _ => ReviewState::Compared,
    };
    let base = reviewed.base_label();
    let fleet = [Some(head), past].into_iter().flatten().find_map(|c| c.fleet.as_ref()).map(|f| f.name.value.clone());
    let fleet = fleet.unwrap_or_else(|| "of this spec".to_owned());
    let command = command(args);
    let exit = match &state {
        ReviewState::HeadBroken { .. } => Exit::Findings,
        ReviewState::BaseBroken { .. } | ReviewState::AgainstOutput { .. } => Exit::OtherSide,
        _ if reviewed.found.iter().any(|f| f.severity >= args.fail_on.severity()) => Exit::Findings,
        _ => Exit::Clean,
    };
    let exceptions: Vec<ReviewException<'_>> = reviewed
        .exceptions
        .iter()
        .map(|e| ReviewException { kind: e.kind, what: &e.what, why: &e.why, at: e.at })
        .collect();
    let page = report::Review {
        fleet: &fleet,
        base: &base,
        head: &reviewed.head_label,
        compiler: env!("CARGO_PKG_VERSION"),
        command: &command,
        state,
        changes: &changes,
        sources: head.sources(),
        before: &reviewed.before,
        after: &reviewed.after,
        found: &reviewed.found,
        gone: reviewed.gone,
        checked_in: older.map(|(checked_in, past)| ReviewCheckedIn {
            compiler: &checked_in.compiler,
            catalog: &checked_in.catalog,
            is_ours: checked_in.is_ours,
            changes: &older_changes,
            sources: past.sources(),
        }),
        built: reviewed.built.as_ref().map(|built| ReviewCheckedIn {
            compiler: &built.compiler,
            catalog: &built.catalog,
            is_ours: built.is_ours,
            changes: &built_changes,
            sources: head.sources(),
        }),
        unread: reviewed.unread.as_ref(),
        exceptions: &exceptions,
    };
    let given = args.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (form, limit) = match args.format {
        PageFormat::Markdown => (Form::Markdown, given.or(Some(GITHUB))),
        PageFormat::Html => (Form::Html, given),
        PageFormat::Json => (Form::Json, None),
    };
    session.out(&report::review(&page, form, limit)).and(exit)
}

/// What shows all of a page.
fn command(args: &Args) -> String {
    let mut command = "watershed review".to_owned();
    if !args.range.is_empty() {
        command.push_str(&format!(" {}", args.range));
    }
    command.extend(args.spec.iter().map(|spec| format!(" --spec {spec}")));
    if args.out != OUT {
        command.push_str(&format!(" --out {}", args.out));
    }
    command + " --format html"
}

fn errors(compiled: &Compiled) -> Vec<Diagnostic> {
    compiled.findings.iter().filter(|f| f.severity == Severity::Error).cloned().collect()
}

fn changes_of<'c>(
    changes: &'c [ClusterChanges],
    new: &'c Compiled,
    old: Option<&'c Compiled>,
    none: &'c Origins,
) -> Vec<report::ClusterChanges<'c>> {
    let fleet = |compiled: &'c Compiled| compiled.fleet.as_ref().map_or(none, |f| &f.origins);
    let shown = changes.iter().map(|c| report::ClusterChanges {
        cluster: &c.cluster,
        identity: &c.identity,
        presence: &c.presence,
        changes: &c.changes,
        origins: &c.origins,
        fleet: fleet(new),
        was: old.map(|old| Was { sources: old.sources(), origins: &c.was, fleet: fleet(old) }),
        live: None,
        masks: None,
    });
    shown.collect()
}
