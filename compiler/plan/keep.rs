//! The four questions as relabel rules: for each destination, mark what is its own, keep what is
//! marked, remove the mark.
//!
//! Steps run from the general to the particular, and a later one overrules an earlier: a mark set
//! for a namespace is taken back for a job whose namespace is only its exporter's.
//!
//! Prometheus stores and sends labels that begin with `__` as a page exposes them: a pod can bring a
//! mark of ours. So each mark is set before any rule asks for it, and all that is called like one is
//! removed behind the last.

use std::collections::{BTreeMap, BTreeSet};

use super::monitors::{CLASS_LABEL, PATH_LABEL, default_path};
use super::parts::Part;
use super::routing::{By, Claim, Division, Partition, PodLabel, Target, Who};
use super::source::Workload;
use crate::diag::Origin;
use crate::model::value::{NamespacePattern, NamespacePatterns};
use crate::relabel::{Action, Rule, of_scrape};

/// Holds `1` on what belongs to the destination, `0` where that was taken back.
pub(super) const MARK: &str = "__tmp_watershed";
/// The same for a copy beside what the partition sends there, before it is taken over.
pub(super) const COPY_MARK: &str = "__tmp_watershed_copy";

/// What the rules of a destination have to decide on.
pub(super) struct Scope<'p, 'a> {
    pub partition: &'p Partition<'a>,
    /// Parts whose series arrive.
    pub parts: &'p [&'p Part<'a>],
    /// Values of the label `prometheus` of the senders, where other routes send here too.
    pub senders: Option<Vec<String>>,
    /// Values of `job` that several jobs share.
    pub shared: &'p BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    who: Whose,
    spaces: Spaces,
    /// Labels of pods.
    labels: Vec<PodLabel>,
    own: bool,
    /// The line that says so; of several the first.
    origin: Origin,
}

/// Which series, by what measured them; numbers are parts of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    Anybody,
    Parts(Vec<usize>),
    /// Only `up` and `scrape_*` of them.
    ScrapesOf(Vec<usize>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Spaces {
    Any,
    Without,
    With,
    Of(Vec<NamespacePattern>),
}

/// Rules by which one destination of several routes' scopes keeps what is its own. Empty: it keeps
/// everything. `None`: nothing is.
pub(super) fn rules(scopes: &[Scope<'_, '_>], target: Target, origin: Origin) -> Option<Vec<Rule>> {
    let mut rules = Vec::new();
    let mut everything = true;
    for scope in scopes {
        let mut divisions: Vec<Vec<Step>> =
            scope.partition.divisions().map(|d| minimal(steps(scope, d, target))).filter(|s| !s.is_empty()).collect();
        if let Some(all) = divisions.iter().position(|s| is_everything(s)) {
            divisions = vec![divisions.swap_remove(all)];
        }
        everything &= scope.senders.is_none() && divisions.first().is_some_and(|s| is_everything(s));
        rules.extend(united(scope, divisions));
    }
    if everything {
        return Some(Vec::new());
    }
    if rules.is_empty() {
        return None;
    }
    if !rules.first().is_some_and(sets_mark_on_all) {
        rules.insert(0, unmarked(MARK, origin));
    }
    rules.push(kept(origin));
    rules.push(Rule::new(Action::LabelDrop).regex(format!("{MARK}.*")).origin(origin));
    Some(rules)
}

/// Rules by which a destination keeps nothing.
pub(super) fn nothing(origin: Origin) -> Vec<Rule> {
    vec![unmarked(MARK, origin), kept(origin)]
}

/// Takes the mark from whatever comes with one.
fn unmarked(mark: &str, origin: Origin) -> Rule {
    Rule::new(Action::Replace).target(mark).replacement("0").origin(origin)
}

fn kept(origin: Origin) -> Rule {
    Rule::new(Action::Keep).source([MARK]).regex("1").origin(origin)
}

/// Whether a rule that changed the mark has settled something: not the one that begins them all with none.
pub(super) fn settles(rule: &Rule) -> bool {
    rule.target_label.as_deref() == Some(MARK)
        && !(rule.source_labels.is_empty() && rule.replacement.as_deref() == Some("0"))
}

fn sets_mark_on_all(rule: &Rule) -> bool {
    rule.source_labels.is_empty() && rule.target_label.as_deref() == Some(MARK)
}

fn is_everything(steps: &[Step]) -> bool {
    matches!(steps, [Step { who: Whose::Anybody, spaces: Spaces::Any, labels, own: true, .. }] if labels.is_empty())
}

/// What any of the divisions gives. One that also takes back must not take what another gave: the
/// first such has the mark to itself, further ones a mark of their own; those that only give come
/// last.
fn united(scope: &Scope<'_, '_>, divisions: Vec<Vec<Step>>) -> Vec<Rule> {
    let (taking, giving): (Vec<_>, Vec<_>) = divisions.into_iter().partition(|d| d.iter().any(|s| !s.own));
    let mut rules = Vec::new();
    for (i, steps) in taking.iter().enumerate() {
        let mark = if i == 0 { MARK } else { COPY_MARK };
        let origin = steps.iter().find(|s| s.own).map_or(Origin::INHERIT, |s| s.origin);
        if i > 0 {
            rules.push(unmarked(COPY_MARK, origin));
        }
        rules.extend(steps.iter().flat_map(|step| render(scope, step, mark)));
        if i > 0 {
            let over = Rule::new(Action::Replace).source([COPY_MARK]).regex("1").target(MARK).replacement("1");
            rules.push(over.origin(origin));
        }
    }
    rules.extend(giving.iter().flatten().flat_map(|step| render(scope, step, MARK)));
    rules
}

/// Rules that drop every series of these parts, told by their own labels.
pub(super) fn drop_parts(parts: &[&Part<'_>], of: &[usize], shared: &BTreeSet<String>, origin: Origin) -> Vec<Rule> {
    let drop = |(labels, regex): (Vec<&'static str>, String)| {
        Rule::new(Action::Drop).source(labels).regex(regex).origin(origin)
    };
    identities(parts, of, shared).into_iter().map(drop).collect()
}

fn steps(scope: &Scope<'_, '_>, division: &Division, target: Target) -> Vec<Step> {
    let has = |targets: &[Target]| targets.contains(&target);
    let mut steps = Vec::new();
    let mut push = |who, spaces, own, origin| steps.push(Step { who, spaces, labels: Vec::new(), own, origin });
    let select = |wanted: &dyn Fn(&Part<'_>) -> bool| -> Vec<usize> {
        scope.parts.iter().enumerate().filter(|(_, p)| wanted(p)).map(|(i, _)| i).collect()
    };
    let nowhere = |p: &Part<'_>| !matches!(p.source.workload, Workload::Reported | Workload::Target);
    let reported = |p: &Part<'_>| p.source.workload == Workload::Reported;

    let said = &division.said;
    if division.by_namespace {
        push(Whose::Anybody, Spaces::With, has(&division.unowned), said.unowned(target));
        push(Whose::Anybody, Spaces::Without, has(&division.shared), said.shared(target));
        let owners = division.claims.iter().filter(|c| c.jobs.is_empty());
        for (own, patterns, origin) in by_specificity(owners, target) {
            push(Whose::Anybody, Spaces::Of(patterns), own, origin);
        }
        push(Whose::Parts(select(&nowhere)), Spaces::Any, has(&division.shared), said.shared(target));
        push(Whose::ScrapesOf(select(&reported)), Spaces::Any, has(&division.shared), said.shared(target));
    } else {
        let rest = division.claims.iter().find(|c| c.jobs.is_empty() && c.namespaces.is_empty());
        let (own, origin) = rest.map_or((false, said.origin), |c| (has(&c.targets), c.origin));
        push(Whose::Anybody, Spaces::Any, own, origin);
    }
    // What is named by job goes where its line says, and a fast class nowhere else.
    let by_job = |p: &Part<'_>| division.claims.iter().any(|c| c.namespaces.is_empty() && c.names(p)) || p.is_fast();
    for own in [true, false] {
        let going = |p: &Part<'_>| by_job(p) && has(division.answer(Who::Scrape(p), "")) == own;
        let going = select(&going);
        let line = |i: &usize| match division.decide(Who::Scrape(scope.parts[*i]), "") {
            By::Line(claim) => Some(claim.origin),
            _ => None,
        };
        let origin = going.iter().find_map(line).unwrap_or(said.origin);
        push(Whose::Parts(going), Spaces::Any, own, origin);
    }
    let both: Vec<&Claim> = division.claims.iter().filter(|c| !c.jobs.is_empty() && !c.namespaces.is_empty()).collect();
    for claim in &both {
        let about = |p: &Part<'_>| claim.names(p) && !nowhere(p);
        // Between two such lines the more specific pattern wins, part by part.
        for part in select(&about) {
            let rivals = both.iter().copied().filter(|c| c.names(scope.parts[part]));
            for (own, patterns, origin) in by_specificity(rivals, target) {
                push(Whose::Parts(vec![part]), Spaces::Of(patterns), own, origin);
            }
            let scrapes = division.decide(Who::Scrape(scope.parts[part]), "");
            if reported(scope.parts[part]) {
                let origin = if let By::Line(claim) = scrapes { claim.origin } else { said.shared(target) };
                push(Whose::ScrapesOf(vec![part]), Spaces::Any, has(division.targets(scrapes)), origin);
            }
        }
    }
    for pods in &division.by_pod {
        let spaces = match &pods.claim.namespaces[..] {
            [] => Spaces::Any,
            patterns => Spaces::Of(patterns.to_vec()),
        };
        let who = Whose::Parts(select(&|p| pods.covers(p)));
        let (own, origin) = (has(&pods.claim.targets), pods.claim.origin);
        steps.push(Step { who, spaces, labels: pods.labels.clone(), own, origin });
    }
    steps
}

/// Patterns from the least to the most specific, those of one answer together as far as none of the
/// other answer between them meets them; with each the first line of the spec among its own.
fn by_specificity<'c>(
    claims: impl Iterator<Item = &'c Claim>,
    target: Target,
) -> Vec<(bool, Vec<NamespacePattern>, Origin)> {
    let of = |(line, c): (usize, &'c Claim)| {
        c.namespaces.iter().map(move |p| (c.targets.contains(&target), p, (line, c.origin)))
    };
    let mut all: Vec<(bool, &NamespacePattern, (usize, Origin))> = claims.enumerate().flat_map(of).collect();
    all.sort_by_key(|(own, p, _)| (!p.is_open(), p.stem().len(), *p, *own));
    let mut groups: Vec<Group> = Vec::new();
    for (own, pattern, line) in all {
        let blocked = groups.iter().rposition(|g| g.own != own && g.looked_up.overlap(pattern));
        let from = blocked.map_or(0, |i| i + 1);
        match groups[from..].iter_mut().find(|g| g.own == own) {
            Some(group) => {
                group.patterns.push(pattern.clone());
                group.looked_up.add(pattern);
                if line.0 < group.line.0 {
                    group.line = line;
                }
            }
            None => groups.push(Group {
                own,
                patterns: vec![pattern.clone()],
                line,
                looked_up: std::iter::once(pattern).collect(),
            }),
        }
    }
    groups.into_iter().map(|g| (g.own, g.patterns, g.line.1)).collect()
}

/// Patterns that are answered alike and asked together.
struct Group {
    own: bool,
    patterns: Vec<NamespacePattern>,
    /// The first line of the spec among theirs, by its place.
    line: (usize, Origin),
    looked_up: NamespacePatterns,
}

/// Without steps about nobody, and without those that take back what no earlier step gave.
fn minimal(steps: Vec<Step>) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    for step in steps {
        let about_somebody = match &step.who {
            Whose::Anybody => true,
            Whose::Parts(parts) | Whose::ScrapesOf(parts) => !parts.is_empty(),
        };
        let changes = |before: &Step| before.own != step.own && overlap(before, &step);
        // Only a mark can be overruled: without one, nothing is kept.
        let needed = if step.own { !given_already(&out, &step) } else { out.iter().any(changes) };
        if about_somebody && needed {
            out.push(step);
        }
    }
    out
}

/// Whether an earlier step gives all of it, and none since took any of it back.
fn given_already(before: &[Step], step: &Step) -> bool {
    let covers = |e: &Step| e.own && e.who == Whose::Anybody && e.spaces == Spaces::Any && e.labels.is_empty();
    before
        .iter()
        .rposition(covers)
        .is_some_and(|i| before[i + 1..].iter().all(|later| later.own || !overlap(later, step)))
}

fn overlap(a: &Step, b: &Step) -> bool {
    let parts = |who: &Whose| match who {
        Whose::Anybody => None,
        Whose::Parts(parts) | Whose::ScrapesOf(parts) => Some(parts.clone()),
    };
    let who = match (parts(&a.who), parts(&b.who)) {
        (Some(a), Some(b)) => a.iter().any(|p| b.contains(p)),
        _ => true,
    };
    let spaces = match (&a.spaces, &b.spaces) {
        (Spaces::Any, _) | (_, Spaces::Any) => true,
        (Spaces::Without, Spaces::Without) => true,
        (Spaces::Without, _) | (_, Spaces::Without) => false,
        (Spaces::With, _) | (_, Spaces::With) => true,
        (Spaces::Of(a), Spaces::Of(b)) => {
            let b: NamespacePatterns = b.iter().collect();
            a.iter().any(|p| b.overlap(p))
        }
    };
    who && spaces
}

fn render(scope: &Scope<'_, '_>, step: &Step, mark: &str) -> Vec<Rule> {
    let whose = match &step.who {
        Whose::Anybody => vec![(Vec::new(), String::new())],
        Whose::Parts(parts) | Whose::ScrapesOf(parts) => identities(scope.parts, parts, scope.shared),
    };
    let rule = |(labels, regex): (Vec<&'static str>, String)| {
        let mut condition = Condition::default();
        if let Some(senders) = &scope.senders {
            condition.and("prometheus", alternation(senders.iter().map(|s| escape(s))));
        }
        condition.and_all(&labels, regex);
        match &step.spaces {
            Spaces::Any => {}
            Spaces::Without => condition.and("namespace", String::new()),
            Spaces::With => condition.and("namespace", ".+".to_owned()),
            Spaces::Of(patterns) => condition.and("namespace", namespaces(patterns)),
        }
        for (label, value) in &step.labels {
            condition.and(label, escape(value));
        }
        if matches!(step.who, Whose::ScrapesOf(_)) {
            condition.and("__name__", of_scrape());
        }
        condition.rule(mark, if step.own { "1" } else { "0" }, step.origin)
    };
    whose.into_iter().map(rule).collect()
}

/// Labels and the expressions they must match, all of them.
#[derive(Default)]
struct Condition {
    labels: Vec<String>,
    regexes: Vec<String>,
}

impl Condition {
    fn and(&mut self, label: &str, regex: String) {
        self.labels.push(label.to_owned());
        self.regexes.push(regex);
    }

    /// Several labels that one expression tells, `;` between them.
    fn and_all(&mut self, labels: &[&str], regex: String) {
        if !labels.is_empty() {
            self.labels.extend(labels.iter().map(|l| (*l).to_owned()));
            self.regexes.push(regex);
        }
    }

    fn rule(self, mark: &str, value: &str, origin: Origin) -> Rule {
        let rule = Rule::new(Action::Replace).target(mark).replacement(value).origin(origin);
        if self.labels.is_empty() {
            return rule;
        }
        let regex = match &self.regexes[..] {
            [only] if only.is_empty() => "^$".to_owned(),
            [only] => only.clone(),
            several => several.iter().map(|r| group(r)).collect::<Vec<_>>().join(";"),
        };
        rule.source(self.labels).regex(regex)
    }
}

/// Whether the rules decide by marks.
pub(super) fn marks(rules: &[Rule]) -> bool {
    rules.iter().any(|r| r.source_labels == [MARK])
}

/// Labels that tell these parts from all others of the scope, with the expression for each set of
/// labels.
fn identities(parts: &[&Part<'_>], of: &[usize], shared: &BTreeSet<String>) -> Vec<(Vec<&'static str>, String)> {
    let chosen: BTreeSet<usize> = of.iter().copied().collect();
    let mut by_value: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, part) in parts.iter().enumerate() {
        for value in &part.source.values {
            by_value.entry(value).or_default().push(i);
        }
    }
    let mut groups: BTreeMap<Vec<&'static str>, Vec<String>> = BTreeMap::new();
    for (value, all) in by_value {
        let mine: Vec<usize> = all.iter().copied().filter(|i| chosen.contains(i)).collect();
        if mine.is_empty() {
            continue;
        }
        if mine.len() == all.len() {
            groups.entry(vec!["job"]).or_default().push(escape(value));
            continue;
        }
        let by_path = shared.contains(value);
        let by_class = mine.iter().chain(&all).any(|i| parts[*i].class.is_some());
        let mut labels = vec!["job"];
        labels.extend(by_class.then_some(CLASS_LABEL));
        labels.extend(by_path.then_some(PATH_LABEL));
        // Paths of the parts, by class; without paths one group of classes.
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for i in mine {
            let class = if by_class { escape(parts[i].class.as_deref().unwrap_or("")) } else { String::new() };
            let paths = if by_path { alternation(paths(parts[i]).iter().map(|p| escape(p))) } else { String::new() };
            told.entry(paths).or_default().insert(class);
        }
        for (paths, classes) in told {
            let mut regex = escape(value);
            if by_class {
                regex = format!("{regex};{}", group(&alternation(classes)));
            }
            if by_path {
                regex = format!("{regex};{}", group(&paths));
            }
            groups.entry(labels.clone()).or_default().push(regex);
        }
    }
    groups.into_iter().map(|(labels, regexes)| (labels, alternation(regexes))).collect()
}

/// Paths of the part's targets, as `metrics_path` holds them.
pub(super) fn paths(part: &Part<'_>) -> Vec<String> {
    let said = part.job().path.as_ref().filter(|_| part.pick.endpoints.len() <= 1);
    match said {
        Some(path) => vec![path.value.clone()],
        None if part.pick.endpoints.is_empty() => vec![default_path(&part.source.found).to_owned()],
        None => part.pick.endpoints.iter().map(|e| e.path.clone()).collect(),
    }
}

fn namespaces(patterns: &[NamespacePattern]) -> String {
    alternation(patterns.iter().map(|p| match (p.stem(), p.is_open()) {
        ("", _) => ".+".to_owned(),
        (stem, true) => format!("{}.*", escape(stem)),
        (stem, false) => escape(stem),
    }))
}

/// Sorted and each once, so that the order of a spec's lists shows nowhere.
fn alternation(regexes: impl IntoIterator<Item = String>) -> String {
    let all: BTreeSet<String> = regexes.into_iter().collect();
    let all: Vec<String> = all.into_iter().collect();
    all.join("|")
}

/// In a group of its own, where it is an alternation.
fn group(regex: &str) -> String {
    if regex.contains('|') { format!("(?:{regex})") } else { regex.to_owned() }
}

/// A literal as a regular expression of Go.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
