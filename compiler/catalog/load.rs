//! The catalog as a whole: what entries there are, each read when first asked for.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use super::codes;
use super::dashboard::{self, Asked, Dashboard, Has};
use super::decode::{decode, decode_node};
use super::exporter::Component;
use super::input::{DashboardInput, ExporterInput, RulesInput};
use super::job::{Job, Peak};
use super::memo::Memo;
use super::metrics::{self, Metric, Table};
use super::pack::{Components, NotYet, Reader, RulePack};
use super::settings::Settings;
use super::taken::Taken;
use super::template::{File, Template};
use super::version::Versions;
use crate::diag::{Diagnostic, FileId, Origin, Sink};
use crate::object::Tree;
use crate::relabel::is_of_scrape;
use crate::syntax::tagged::{self, At};

/// Files below `templates/`, sorted by path.
static BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// A file of a user's catalog folder.
#[derive(Debug, Clone)]
pub struct UserFile {
    /// Relative to the catalog folder, with `/`: `jobs/toy/job.yaml`.
    pub path: String,
    pub text: String,
    pub id: FileId,
}

/// All entries by kind and name. Cheap to make; an entry is parsed when it is first used.
#[derive(Debug)]
pub struct Catalog {
    files: BTreeMap<Cow<'static, str>, Source>,
    jobs: BTreeMap<String, OnceLock<Job>>,
    rules: BTreeMap<String, OnceLock<RulePack>>,
    dashboards: BTreeMap<String, OnceLock<Dashboard>>,
    readers: BTreeMap<String, OnceLock<Reader>>,
    components: OnceLock<Components>,
    not_yet: OnceLock<NotYet>,
    taken: OnceLock<Taken>,
    asked: OnceLock<Vec<Asked>>,
    /// By job: what its table says of each of its peaks.
    peaks: BTreeMap<String, OnceLock<Vec<Option<Has>>>>,
    read_by_rules: OnceLock<Vec<Asked>>,
    memo: Memo,
}

#[derive(Debug)]
struct Source {
    text: Cow<'static, str>,
    id: Option<FileId>,
    /// Compiled when first used; `None` for one that does not compile.
    template: OnceLock<Option<Template>>,
}

/// Kinds of entries: the folder, the entry's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Job,
    Rules,
    Dashboard,
    Reader,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Job, Kind::Rules, Kind::Dashboard, Kind::Reader];

    pub fn folder(self) -> &'static str {
        match self {
            Kind::Job => "jobs",
            Kind::Rules => "rules",
            Kind::Dashboard => "dashboards",
            Kind::Reader => "readers",
        }
    }

    pub(super) fn file(self) -> &'static str {
        match self {
            Kind::Job => "job.yaml",
            Kind::Rules => "pack.yaml",
            Kind::Dashboard => "dashboard.yaml",
            Kind::Reader => "reader.yaml",
        }
    }

    fn path(self, name: &str) -> String {
        format!("{}/{name}/{}", self.folder(), self.file())
    }
}

impl Catalog {
    /// The catalog that is built into this compiler.
    pub fn builtin() -> Catalog {
        let source = |text: &'static str| Source { text: Cow::Borrowed(text), id: None, template: OnceLock::new() };
        Catalog::of(BUILTIN.iter().map(|(path, text)| (Cow::Borrowed(*path), source(text))).collect())
    }

    /// Adds the entries of a folder. One that has the kind and name of an entry that is there
    /// replaces it, with all its files; a folder without its entry's file would only take the built-in
    /// one away, and is refused. All of them are read and checked here, into `sink`; what cannot be
    /// read is left out.
    #[must_use]
    pub fn with_folder(self, files: Vec<UserFile>, sink: &mut Sink) -> Catalog {
        let mut sources = self.files;
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let entries: BTreeSet<String> = files.iter().filter(|f| is_entry(&f.path)).map(|f| folder(&f.path)).collect();
        for entry in &entries {
            let below = format!("{entry}/");
            sources.retain(|path, source| source.id.is_some() || !path.starts_with(&below));
        }
        let mut added = Vec::new();
        for file in files {
            let at = File { path: file.path.clone(), id: Some(file.id) };
            if !is_place(&file.path) {
                sink.push(at.fault(&codes::PLACE, At { line: 1, ..At::default() }, "no place for a file of a catalog"));
                continue;
            }
            if !entries.contains(&folder(&file.path)) {
                sink.push(without_entry(&at));
                continue;
            }
            added.push(file.path.clone());
            let source = Source { text: Cow::Owned(file.text), id: Some(file.id), template: OnceLock::new() };
            sources.insert(Cow::Owned(file.path), source);
        }
        let mut catalog = Catalog::of(sources);
        catalog.check(&added, sink);
        catalog
    }

    fn of(files: BTreeMap<Cow<'static, str>, Source>) -> Catalog {
        let names = |kind: Kind| -> Vec<String> {
            let name =
                |path: &str| Some(path.strip_prefix(kind.folder())?.strip_prefix('/')?.split_once('/')?.0.to_owned());
            files.keys().filter(|p| p.ends_with(kind.file())).filter_map(|p| name(p)).collect()
        };
        Catalog {
            jobs: cells(names(Kind::Job)),
            rules: cells(names(Kind::Rules)),
            dashboards: cells(names(Kind::Dashboard)),
            readers: cells(names(Kind::Reader)),
            components: OnceLock::new(),
            not_yet: OnceLock::new(),
            taken: OnceLock::new(),
            asked: OnceLock::new(),
            peaks: cells(names(Kind::Job)),
            read_by_rules: OnceLock::new(),
            memo: Memo::default(),
            files,
        }
    }

    /// Templates evaluated so far, for settings that clusters share.
    pub fn memo(&self) -> &Memo {
        &self.memo
    }

    /// A scrape job by its name in a spec.
    pub fn job(&self, name: &str) -> Option<&Job> {
        let cell = self.jobs.get(name)?;
        Some(cell.get_or_init(|| Job { name: name.to_owned(), ..self.builtin_entry(&Kind::Job.path(name)) }))
    }

    pub fn rule_pack(&self, name: &str) -> Option<&RulePack> {
        let cell = self.rules.get(name)?;
        Some(cell.get_or_init(|| RulePack { name: name.to_owned(), ..self.builtin_entry(&Kind::Rules.path(name)) }))
    }

    pub fn dashboard(&self, name: &str) -> Option<&Dashboard> {
        let cell = self.dashboards.get(name)?;
        Some(
            cell.get_or_init(|| Dashboard { name: name.to_owned(), ..self.builtin_entry(&Kind::Dashboard.path(name)) }),
        )
    }

    pub fn reader(&self, name: &str) -> Option<&Reader> {
        let cell = self.readers.get(name)?;
        Some(cell.get_or_init(|| Reader { name: name.to_owned(), ..self.builtin_entry(&Kind::Reader.path(name)) }))
    }

    /// Names of all entries of a kind, sorted.
    pub fn names(&self, kind: Kind) -> Vec<&str> {
        match kind {
            Kind::Job => self.jobs.keys().map(String::as_str).collect(),
            Kind::Rules => self.rules.keys().map(String::as_str).collect(),
            Kind::Dashboard => self.dashboards.keys().map(String::as_str).collect(),
            Kind::Reader => self.readers.keys().map(String::as_str).collect(),
        }
    }

    /// All jobs, by name. Reads every one.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.keys().filter_map(|name| self.job(name))
    }

    /// Whether the language has this name and the catalog no entry for it: "not compiled yet".
    pub fn is_not_yet(&self, kind: Kind, name: &str) -> bool {
        !self.names(kind).contains(&name) && self.not_yet().names(kind).iter().any(|n| n == name)
    }

    pub fn not_yet(&self) -> &NotYet {
        self.not_yet.get_or_init(|| self.builtin_entry("not-yet.yaml"))
    }

    /// Names that objects of others have.
    pub fn taken(&self) -> &Taken {
        self.taken.get_or_init(|| self.builtin_entry("taken.yaml"))
    }

    /// Everything that `versions` of a spec may name, exporters included, sorted by name.
    pub fn components(&self) -> Vec<&Component> {
        let own = self.jobs().filter_map(|j| j.component.as_ref());
        let mut all: Vec<&Component> = self.plain_components().iter().chain(own).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        all
    }

    /// A component by name. Reads the jobs only if it is no other component.
    pub fn component(&self, name: &str) -> Option<&Component> {
        let plain = self.plain_components().iter().find(|c| c.name == name);
        plain.or_else(|| self.jobs().filter_map(|j| j.component.as_ref()).find(|c| c.name == name))
    }

    fn plain_components(&self) -> &[Component] {
        let components: &Components = self.components.get_or_init(|| self.builtin_entry("components.yaml"));
        &components.components
    }

    /// The template that makes the objects of a job's exporter.
    pub fn exporter_template(&self, job: &Job) -> Option<&Template> {
        self.template(Kind::Job, &job.name, &job.exporter.as_ref()?.template)
    }

    /// The template that makes the rule groups of a pack.
    pub fn rules_template(&self, pack: &RulePack) -> Option<&Template> {
        self.template(Kind::Rules, &pack.name, &pack.template)
    }

    /// The template that makes the unit tests of a pack; `None` where it has none.
    pub fn rules_tests(&self, pack: &RulePack) -> Option<&Template> {
        self.template(Kind::Rules, &pack.name, pack.tests.as_deref()?)
    }

    /// The template that makes the model of a dashboard.
    pub fn dashboard_template(&self, dashboard: &Dashboard) -> Option<&Template> {
        match &dashboard.template {
            Some(file) => self.template(Kind::Dashboard, &dashboard.name, file),
            None => self.template_at(dashboard::MODEL.to_owned()),
        }
    }

    fn template(&self, kind: Kind, name: &str, file: &str) -> Option<&Template> {
        self.template_at(format!("{}/{name}/{file}", kind.folder()))
    }

    fn template_at(&self, path: String) -> Option<&Template> {
        let source = self.files.get(path.as_str())?;
        let compile = || Template::compile(File { path: path.clone(), id: source.id }, &source.text).ok();
        source.template.get_or_init(compile).as_ref()
    }

    /// The metrics of a job; `None` where nobody has listed them: it may expose anything.
    pub fn metrics(&self, job: &str) -> Option<Table<'_>> {
        self.metrics_text(job).map(Table::new)
    }

    /// The file of that table.
    pub fn metrics_text(&self, job: &str) -> Option<&str> {
        let source = self.files.get(format!("{}/{job}/{}", Kind::Job.folder(), metrics::FILE).as_str())?;
        Some(&source.text)
    }

    /// Jobs that have a series of this name, whatever their version.
    pub fn jobs_with(&self, series: &str) -> Vec<(&str, Metric<'_>)> {
        let of = |job: &String| self.metrics(job)?.find(series);
        self.jobs.keys().filter_map(|job| Some((job.as_str(), of(job)?))).collect()
    }

    /// Which jobs have a series of this name, from where and since when.
    pub fn who_has(&self, series: &str) -> Asked {
        let tables: Vec<_> = self.jobs.keys().filter_map(|job| Some((job.as_str(), self.metrics(job)?))).collect();
        who_has(series, &tables)
    }

    /// Every metric that a dashboard reads, sorted, with the jobs that have it.
    pub fn asked(&self) -> &[Asked] {
        self.asked.get_or_init(|| {
            let dashboards = self.dashboards.keys().filter_map(|name| self.dashboard(name));
            self.who_have(dashboards.flat_map(Dashboard::reads).collect())
        })
    }

    /// The same for what the rules of any pack read.
    pub fn read_by_rules(&self) -> &[Asked] {
        self.read_by_rules.get_or_init(|| {
            let packs = self.rules.keys().filter_map(|name| self.rule_pack(name));
            let metrics = packs.flat_map(|p| &p.rules).flat_map(|r| &r.metrics);
            self.who_have(metrics.map(String::as_str).collect())
        })
    }

    fn who_have(&self, metrics: BTreeSet<&str>) -> Vec<Asked> {
        let tables: Vec<_> = self.jobs.keys().filter_map(|job| Some((job.as_str(), self.metrics(job)?))).collect();
        metrics.into_iter().map(|metric| who_has(metric, &tables)).collect()
    }

    /// The peaks of a job, each with what its metric table says of the counter: nothing, where it has no
    /// table or the counter is not in it.
    pub fn peaks(&self, job: &str) -> impl Iterator<Item = (&Peak, Option<&Has>)> {
        let peaks = self.job(job).map_or(&[][..], |j| &j.peaks);
        let look_up = || {
            let table: Vec<_> = self.metrics(job).map(|t| (job, t)).into_iter().collect();
            peaks.iter().map(|peak| who_has(&peak.metric, &table).jobs.pop()).collect()
        };
        let known = self.peaks.get(job).filter(|_| !peaks.is_empty()).map(|cell| cell.get_or_init(look_up));
        peaks.iter().zip(known.into_iter().flatten()).map(|(peak, has)| (peak, has.as_ref()))
    }

    /// Changes with every file of the catalog: 16 hexadecimal digits (XXH3, 64 bit).
    pub fn version(&self) -> String {
        let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
        for part in self.files.iter().flat_map(|(path, source)| [&**path, "\0", &*source.text, "\0"]) {
            hash.update(part.as_bytes());
        }
        format!("{:016x}", hash.digest())
    }

    /// The files of an entry: path and text.
    pub fn files(&self, kind: Kind, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let folder = format!("{}/{name}/", kind.folder());
        self.files.iter().filter(move |(p, _)| p.starts_with(&folder)).map(|(p, s)| (&**p, &*s.text))
    }

    fn builtin_entry<T: DeserializeOwned>(&self, path: &str) -> T {
        let text = self.files.get(path).map_or("", |s| &s.text);
        // Users' entries are decoded by `with_folder`, where a fault is a diagnostic.
        decode(text).unwrap_or_else(|e| panic!("the built-in entry {path}:{}: {}", e.at.line, e.message))
    }

    /// Reads every file added, as an entry or as a template, and tries the templates.
    fn check(&mut self, added: &[String], sink: &mut Sink) {
        let mut entries = Vec::new();
        for path in added {
            let Some(source) = self.files.get(path.as_str()) else { continue };
            let file = File { path: path.clone(), id: source.id };
            let mut parts = path.splitn(3, '/');
            let (folder, name, leaf) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
            let Some(kind) = Kind::ALL.into_iter().find(|k| Some(k.folder()) == folder) else { continue };
            let text = &*source.text;
            if leaf == Some(metrics::FILE) {
                for (line, what) in Table::faults(text) {
                    sink.push(file.fault(&codes::MISFIT, At { line, ..place_of(text, line) }, &what));
                }
                continue;
            }
            if leaf != Some(kind.file()) {
                let compiled =
                    Template::compile(file, text).map_err(|faults| faults.into_iter().for_each(|f| sink.push(f)));
                drop(source.template.set(compiled.ok()));
                continue;
            }
            let read = match kind {
                Kind::Job => enter(&mut self.jobs, name, &file, text, |j: &mut Job| name.clone_into(&mut j.name)),
                Kind::Rules => {
                    enter(&mut self.rules, name, &file, text, |p: &mut RulePack| name.clone_into(&mut p.name))
                }
                Kind::Dashboard => {
                    enter(&mut self.dashboards, name, &file, text, |d: &mut Dashboard| name.clone_into(&mut d.name))
                }
                Kind::Reader => {
                    enter(&mut self.readers, name, &file, text, |r: &mut Reader| name.clone_into(&mut r.name))
                }
            };
            match read {
                Ok(()) => entries.push((kind, name, file)),
                Err(fault) => sink.push(*fault),
            }
        }
        let versions = self.components().into_iter().map(|c| (c.name.clone(), c.default)).collect();
        for (kind, name, file) in entries {
            self.try_entry(kind, name, &file, &versions, sink);
        }
    }

    /// Looks for contradictions in an entry and evaluates its template.
    fn try_entry(&self, kind: Kind, name: &str, file: &File, versions: &Versions, sink: &mut Sink) {
        let (template, settings) = match kind {
            Kind::Reader => return,
            Kind::Job => {
                let Some(job) = self.job(name) else { return };
                for fault in job.faults() {
                    sink.push(self.contradiction(file, &fault.word, &fault.what));
                }
                let Some(exporter) = &job.exporter else { return };
                let samples = ExporterInput::samples(job).iter().map(|i| i.settings(versions)).collect();
                (exporter.template.clone(), samples)
            }
            Kind::Rules => {
                let Some(pack) = self.rule_pack(name) else { return };
                (pack.template.clone(), RulesInput::samples(pack).iter().map(|i| i.settings(versions)).collect())
            }
            Kind::Dashboard => {
                let Some(dashboard) = self.dashboard(name) else { return };
                let Some(template) = dashboard.template.clone() else { return };
                (template, vec![DashboardInput::sample().settings(versions)])
            }
        };
        if !self.files.contains_key(format!("{}/{name}/{template}", kind.folder()).as_str()) {
            sink.push(self.contradiction(file, &template, &format!("there is no template `{template}` beside it")));
        }
        let Some(template) = self.template(kind, name, &template) else { return };
        // One finding is enough: what is wrong with one set of settings is so with the others.
        let fault = settings
            .iter()
            .find_map(|s: &Settings| template.eval(s, &mut Tree::new(), &mut |_, _| Origin::INHERIT).err());
        fault.into_iter().for_each(|f| sink.push(*f));
    }

    fn contradiction(&self, file: &File, word: &str, what: &str) -> Diagnostic {
        let text = self.files.get(file.path.as_str()).map_or("", |s| &s.text);
        let start = text.find(word).unwrap_or(0);
        let line = text[..start].matches('\n').count() as u32 + 1;
        let at = At { line, start: start as u32, end: (start + word.len()).min(text.len()) as u32 };
        file.fault(&codes::INCONSISTENT, at, what)
    }
}

fn enter<T: DeserializeOwned>(
    cells: &mut BTreeMap<String, OnceLock<T>>,
    name: &str,
    file: &File,
    text: &str,
    set_name: impl FnOnce(&mut T),
) -> Result<(), Box<Diagnostic>> {
    let read = tagged::parse(text).map_err(|fault| (&codes::UNREADABLE, fault));
    match read.and_then(|node| decode_node::<T>(&node).map_err(|fault| (&codes::MISFIT, fault))) {
        Ok(mut entry) => {
            set_name(&mut entry);
            cells.insert(name.to_owned(), OnceLock::from(entry));
            Ok(())
        }
        Err((code, fault)) => {
            cells.remove(name);
            Err(Box::new(file.fault(code, fault.at, &fault.message)))
        }
    }
}

fn who_has(metric: &str, tables: &[(&str, Table<'_>)]) -> Asked {
    let has = |(job, table): &(&str, Table<'_>)| {
        table.find(metric).map(|m| Has {
            job: (*job).to_owned(),
            from: m.from().map(str::to_owned).collect(),
            component: table.component.map(str::to_owned),
            since: m.since,
            until: m.until,
        })
    };
    let of_every_scrape = is_of_scrape(metric);
    let jobs = if of_every_scrape { Vec::new() } else { tables.iter().filter_map(has).collect() };
    Asked { metric: metric.to_owned(), of_every_scrape, jobs }
}

fn cells<T>(names: Vec<String>) -> BTreeMap<String, OnceLock<T>> {
    names.into_iter().map(|name| (name, OnceLock::new())).collect()
}

/// A template whose entry is not in the folder with it.
fn without_entry(file: &File) -> Diagnostic {
    let (folder, _) = file.path.rsplit_once('/').unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|k| folder.strip_prefix(k.folder()).is_some_and(|r| r.starts_with('/')));
    let entry = kind.map_or("job.yaml", Kind::file);
    let name = folder.rsplit('/').next().unwrap_or_default();
    file.fault(&codes::INCONSISTENT, At { line: 1, ..At::default() }, &format!("there is no `{entry}` beside it"))
        .why("a folder replaces the built-in entry of its name with all its files; a template alone would take the job, the rules or the dashboard away")
        .help(format!("add `{folder}/{entry}`; `watershed catalog show {name}` prints a built-in one to start from"))
}

/// Whether this is the file that makes its folder an entry.
fn is_entry(path: &str) -> bool {
    is_place(path)
        && Kind::ALL.iter().any(|k| path.starts_with(k.folder()) && path.ends_with(&format!("/{}", k.file())))
}

/// Where a line stands in a text.
fn place_of(text: &str, line: u32) -> At {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    At { line, start: start as u32, end: end as u32 }
}

/// `<kind>/<name>/<file>.yaml`, and the metric table of a job.
fn is_place(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    if let [kind, name, metrics::FILE] = parts[..] {
        return kind == Kind::Job.folder() && !name.is_empty();
    }
    matches!(parts[..], [kind, name, file] if !name.is_empty() && file.ends_with(".yaml")
        && Kind::ALL.iter().any(|k| k.folder() == kind))
}
