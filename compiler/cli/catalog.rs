//! `watershed catalog`: what the compiler knows of jobs, rules, dashboards and fields.

mod metrics;

use super::exit::Exit;
use super::options::{FailOn, FindingOptions, Format};
use super::session::Session;
use crate::catalog::fields::{self, Published};
use crate::catalog::{Catalog, Kind};
use crate::object::Tree;
use crate::pipeline::{self, Text};
use crate::syntax::{self, plain};
use crate::world;

/// Look into the catalog: jobs, exporters, rule packs, dashboards, field tables.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  watershed catalog list
  watershed catalog show node-exporter
  watershed catalog metrics node-exporter
  watershed catalog metrics 'node_infiniband_*'
  watershed catalog import-metrics metrics.txt --job toy --version 1.2 --out catalog/jobs/toy/metrics.tsv
  watershed catalog import-crds prometheus-operator-0.94/ --release 0.94 --out schema/targets")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Every entry, a line each.
    List(ListArgs),
    /// One entry, whole.
    Show {
        name: String,
        #[command(flatten)]
        with: ListArgs,
    },
    /// The metric table of a job, or the jobs that have a metric.
    Metrics {
        /// A job, a metric, or metrics with `*`.
        name: String,
        #[command(flatten)]
        with: ListArgs,
    },
    /// Add what an exporter exposes to the metric table of its job.
    ImportMetrics(MetricsArgs),
    /// Derive field tables from the CustomResourceDefinitions in a folder.
    ImportCrds(ImportArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// A spec whose own catalog folders are read too.
    #[arg(long)]
    spec: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// Folder with the CRDs, as YAML.
    dir: String,
    /// Their release, `0.93`.
    #[arg(long)]
    release: String,
    /// What they belong to.
    #[arg(long, default_value = "prometheus-operator")]
    component: String,
    /// Folder the tables are written into; without it they are printed.
    #[arg(long)]
    out: Option<String>,
}

#[derive(Debug, clap::Args)]
struct MetricsArgs {
    /// A page in Prometheus' text format, as the exporter serves it.
    file: String,
    /// The job whose table it is; its table in the catalog is added to.
    #[arg(long)]
    job: String,
    /// Version of what was scraped. Pages are read from the oldest to the newest.
    #[arg(long)]
    version: String,
    /// Endpoint or part of the job, where it has several.
    #[arg(long)]
    from: Option<String>,
    /// File the table is written to, and added to if it is there; without it the table is printed.
    #[arg(long)]
    out: Option<String>,
    #[command(flatten)]
    with: ListArgs,
}

pub fn run(session: &Session<'_>, args: &Args) -> Exit {
    match &args.command {
        Command::List(with) => match catalog(session, with) {
            Ok(catalog) => session.out(&catalog.list()),
            Err(exit) => exit,
        },
        Command::Show { name, with } => match catalog(session, with) {
            Ok(catalog) => show(session, &catalog, name),
            Err(exit) => exit,
        },
        Command::Metrics { name, with } => match catalog(session, with) {
            Ok(catalog) => metrics::look(session, &catalog, name),
            Err(exit) => exit,
        },
        Command::ImportMetrics(args) => match catalog(session, &args.with) {
            Ok(catalog) => metrics::import(session, &catalog, args),
            Err(exit) => exit,
        },
        Command::ImportCrds(args) => import(session, args),
    }
}

fn catalog(session: &Session<'_>, with: &ListArgs) -> Result<Catalog, Exit> {
    let Some(path) = &with.spec else { return Ok(Catalog::builtin()) };
    let path = pipeline::SpecPath(path.clone());
    let Text { mut document, unreadable: mut sink, faults } = pipeline::read(session.world, &path);
    sink.extend(faults);
    let catalog = pipeline::catalog_of(session.world, &path, &mut document, &mut sink);
    let options = FindingOptions { fail_on: FailOn::Error, format: Format::Text };
    match session.findings(&sink.into_sorted(), &document.sources, &options) {
        Exit::Clean => Ok(catalog),
        exit => Err(exit),
    }
}

fn show(session: &Session<'_>, catalog: &Catalog, name: &str) -> Exit {
    if let Some(text) = catalog.show(name) {
        return session.out(&text);
    }
    if Kind::ALL.into_iter().any(|kind| catalog.is_not_yet(kind, name)) {
        session.complain(&format!("`{name}` is a name of the language, but its entry is not compiled yet"));
        return Exit::Findings;
    }
    let known: Vec<&str> = Kind::ALL.into_iter().flat_map(|kind| catalog.names(kind)).collect();
    let near = crate::diag::nearest(name, known).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
    session.complain(&format!("the catalog has no entry `{name}`{near}\n  help: `watershed catalog list` names all"));
    Exit::Usage
}

fn import(session: &Session<'_>, args: &ImportArgs) -> Exit {
    let Some(release) = fields::Release::parse(&args.release) else {
        session.complain(&format!("`{}` is no release such as 0.93", args.release));
        return Exit::Usage;
    };
    let mut tree = Tree::new();
    let mut roots = Vec::new();
    let entries = match session.world.list(&args.dir) {
        Ok(entries) => entries,
        Err(trouble) => return failed(session, &trouble),
    };
    for entry in entries.iter().filter(|e| e.path.ends_with(".yaml") || e.path.ends_with(".yml")) {
        let bytes = match session.world.read(&entry.location, syntax::MAX_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(trouble) => return failed(session, &trouble),
        };
        match plain::read_tree(&String::from_utf8_lossy(&bytes), &mut tree) {
            Ok(read) => roots.extend(read),
            Err(e) => {
                session.complain(&format!("{}:{}:{}: {}", entry.location, e.line, e.column, e.message));
                return Exit::InputOutput;
            }
        }
    }
    let documents = roots.into_iter().map(|root| (&tree, root)).collect();
    let tables = fields::import_crds(&args.component, &[Published { release, documents }]);
    if tables.is_empty() {
        session.complain(&format!("`{}` holds no CustomResourceDefinition", args.dir));
        return Exit::InputOutput;
    }
    let mut exit = Exit::Clean;
    for table in &tables {
        exit = exit.and(match &args.out {
            None => session.out(&format!("# {}\n{}", table.path, table.text)),
            Some(out) => match session.world.replace(&format!("{out}/{}", table.path), table.text.as_bytes()) {
                Ok(()) => session.out(&format!("{out}/{}\n", table.path)),
                Err(trouble) => failed(session, &trouble),
            },
        });
    }
    exit
}

fn failed(session: &Session<'_>, trouble: &world::Trouble) -> Exit {
    session.complain(&trouble.to_string());
    Exit::InputOutput
}
