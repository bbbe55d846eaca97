//! Where a series goes, for people and for programs.

use serde_json::{Value as Json, json};

use super::place::Lookup;
use super::style::{ADDED, BOLD, DIM, Look, REMOVED, one_line};
use super::{Format, json as escape};
use crate::diag::{Origin, Origins, Sources};
use crate::model::fleet::Fleet;
use crate::model::trace::{Applied, End, Scrape, Trace, Way, Whither};
use crate::relabel::{Change, Labels};

/// Longest rule shown as text, in characters. JSON has all of it.
const SHOWN: usize = 120;

/// Most ways of one endpoint shown as text, and namespaces that go one way. JSON has all.
const WAYS: usize = 20;
const NAMED: usize = 5;

/// The ways through one cluster, and what is needed to say where they come from.
pub struct Traced<'a> {
    pub cluster: &'a str,
    pub trace: &'a Trace,
    pub origins: &'a Origins,
}

impl<'a> Traced<'a> {
    fn lookup<'l>(&self, fleet: &'l Fleet, sources: &'l Sources) -> Lookup<'l>
    where
        'a: 'l,
    {
        Lookup { sources, cluster: self.origins, fleet: &fleet.origins, masks: None }
    }
}

/// Renders the ways of `what`; with `why_not` only what keeps it from that store.
pub fn trace(
    what: &str,
    clusters: &[Traced<'_>],
    fleet: &Fleet,
    sources: &Sources,
    why_not: Option<&Whither>,
    format: Format,
    colour: bool,
) -> String {
    let look = Look::new(colour, 120);
    if format == Format::Json {
        let all: Vec<Json> = clusters.iter().map(|t| as_json(t, fleet, &t.lookup(fleet, sources), why_not)).collect();
        return escape::pretty(&json!({ "format_version": 1, "what": what, "clusters": all }));
    }
    let mut out = Page { look, text: format!("{}\n", one_line(what)) };
    for traced in clusters {
        out.cluster(traced, fleet, &traced.lookup(fleet, sources), why_not);
    }
    out.text
}

struct Page {
    look: Look,
    text: String,
}

impl Page {
    /// One line: what it is about, what it says, and the line of the spec behind it.
    fn line(&mut self, indent: usize, text: &str, place: &str) {
        let shown = one_line(text);
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(&shown);
        if !place.is_empty() {
            self.text.push_str(&format!("  {}", self.look.paint(DIM, &format!("← {place}"))));
        }
        self.text.push('\n');
    }

    fn cluster(&mut self, traced: &Traced<'_>, fleet: &Fleet, lookup: &Lookup<'_>, why_not: Option<&Whither>) {
        let name = self.look.paint(BOLD, &one_line(traced.cluster));
        self.text.push_str(&format!("\nin {name}\n"));
        let endpoint = |way: &Way| way.scrape.as_ref().map(|s| (s.monitor.clone(), s.port.clone(), s.path.clone()));
        for ways in traced.trace.ways.chunk_by(|a, b| a.scrape.is_some() && endpoint(a) == endpoint(b)) {
            ways.iter().take(WAYS).for_each(|way| self.way(way, fleet, lookup, why_not));
            if let Some(more) = ways.len().checked_sub(WAYS).filter(|more| *more > 0) {
                self.text.push('\n');
                self.line(2, &format!("{more} more ways from there: `--namespace` asks for one, JSON has all"), "");
            }
        }
        for (class, why) in &traced.trace.not_from {
            self.line(2, &format!("not from {class}: {why}"), "");
        }
        for (job, why) in &traced.trace.not_collected {
            self.line(2, &format!("{job} is not collected: {why}"), "");
        }
        if traced.trace.ways.is_empty() && traced.trace.not_from.is_empty() && traced.trace.not_collected.is_empty() {
            self.line(2, "nothing here collects it", "");
        }
    }

    fn way(&mut self, way: &Way, fleet: &Fleet, lookup: &Lookup<'_>, why_not: Option<&Whither>) {
        self.text.push('\n');
        self.line(2, &head(way), &way.scrape.as_ref().map_or_else(String::new, |s| lookup.words(s.interval.origin)));
        if !way.alike.is_empty() {
            self.line(4, &format!("alike     {}", alike(&way.alike)), "");
        }
        if let Some(scrape) = &way.scrape {
            self.scrape(scrape, &way.stored, lookup);
        }
        self.line(4, &format!("stored    {}", way.stored), "");
        self.line(
            4,
            &format!("kept      {} in Prometheus {}", way.retention.value, way.lane),
            &lookup.words(way.retention.origin),
        );
        self.applied(&way.changed, lookup);
        if let Some(rule) = &way.dropped {
            self.line(4, &format!("dropped   {}", spell(rule)), &lookup.words(rule.rule.origin));
            return;
        }
        match &way.answer {
            Some(answer) => {
                self.line(4, &format!("route     {}: {}", answer.route, answer.because), &lookup.words(answer.origin))
            }
            None if way.scrape.as_ref().is_some_and(|s| !s.owned) => {
                self.line(4, "route     none: this Prometheus scrapes it for local use", "");
            }
            None => self.line(4, "route     none: what this Prometheus holds stays in the cluster", ""),
        }
        let store = |end: &End| fleet.store(end.store).name.clone();
        let shown: Vec<&End> = way.ends.iter().filter(|e| why_not.is_none_or(|w| w.is(e))).collect();
        if let (Some(wanted), true) = (why_not, shown.is_empty()) {
            let mark = self.look.paint(REMOVED, "×");
            self.text.push_str(&format!("    {mark} {}: no route leads there from here\n", wanted.name));
        }
        for end in shown {
            self.end(end, way, &store(end), why_not.is_some(), lookup);
        }
    }

    fn scrape(&mut self, scrape: &Scrape, stored: &Labels, lookup: &Lookup<'_>) {
        let from = format!("from      {}, port {}, {}", scrape.monitor, scrape.port, scrape.path);
        self.line(4, &from, &lookup.words(scrape.origin));
        if !scrape.exposed.is_empty() {
            let honoured = if scrape.honor_labels { "  (honorLabels: what it says wins)" } else { "" };
            self.line(4, &format!("exposed   {}{honoured}", scrape.exposed), "");
        }
        self.line(4, &format!("target    {}", scrape.target), "");
        if let Some(sent) = &scrape.by_relay {
            let differ = differences(stored, sent);
            let text = format!("relay     asks this target too, for the job is critical; it sends it with {differ}");
            self.line(4, &text, "");
        }
    }

    fn applied(&mut self, rules: &[Applied], lookup: &Lookup<'_>) {
        for rule in rules {
            let changes: Vec<String> = rule.changes.iter().map(change).collect();
            let text = format!("changed   {} by {}", changes.join(", "), spell(rule));
            self.line(4, &text, &lookup.words(rule.rule.origin));
        }
    }

    fn end(&mut self, end: &End, way: &Way, store: &str, why_not: bool, lookup: &Lookup<'_>) {
        let tenant = if end.tenant == 0 { String::new() } else { format!(", tenant {}", end.tenant) };
        match (&end.arrives, &end.dropped) {
            (Some(labels), _) => {
                let mark = self.look.paint(ADDED, "→");
                let kept = end.retention.map_or_else(|| "kept as its owner says".to_owned(), |r| format!("kept {r}"));
                let resolution = way
                    .scrape
                    .as_ref()
                    .map_or_else(String::new, |s| format!(", every {}", s.sampled.unwrap_or(s.interval.value)));
                let by = if end.scraped_by_relay { ", scraped by the relay" } else { "" };
                let asked = if why_not { "it does reach it: " } else { "" };
                let text = format!("{store}{tenant}: {asked}{kept}{resolution}{by}; {}", held(end));
                self.text.push_str(&format!("    {mark} "));
                let answered = || way.answer.as_ref().map(|a| a.origin);
                let origin = end.line.or_else(answered).unwrap_or(end.origin);
                self.line(0, &text, &lookup.words(origin));
                let differ = differences(&way.stored, labels);
                if !differ.is_empty() {
                    self.line(6, &format!("as stored, but {differ}"), "");
                }
            }
            (None, Some(rule)) => {
                let by = if end.scraped_by_relay { "what the relay scrapes is " } else { "" };
                let mark = self.look.paint(REMOVED, "×");
                self.text.push_str(&format!("    {mark} "));
                // The rule that drops reads only what others have settled before it.
                let (why, origin) = match (&end.settled, reads_the_mark(rule)) {
                    (Some(settled), true) => (format!("kept away by {}", spell(settled)), Some(settled.rule.origin)),
                    (None, true) => {
                        let why = format!("kept away: none of its {} rules ({}) lets it through", rule.of, rule.stage);
                        (why, way.answer.as_ref().map(|a| a.origin))
                    }
                    (_, false) => (format!("kept away by {}", spell(rule)), Some(rule.rule.origin)),
                };
                let place = lookup.words(origin.unwrap_or(rule.rule.origin));
                self.line(0, &format!("{store}{tenant}: {by}{why}"), &place);
            }
            (None, None) => {}
        }
    }
}

/// Labels of ours that hold what rules have settled begin like this, and exist among rules only.
fn reads_the_mark(rule: &Applied) -> bool {
    rule.rule.source_labels.iter().any(|l| l.starts_with("__tmp_"))
}

fn head(way: &Way) -> String {
    let about = way.workload.as_ref().map_or_else(String::new, |n| format!(", about a pod of {n}"));
    let Some(scrape) = &way.scrape else { return format!("made by a rule of Prometheus {}{about}", way.lane) };
    let every = match scrape.sampled {
        Some(sampled) => format!("a value every {sampled}, fetched every {}", scrape.interval.value),
        None => format!("every {}", scrape.interval.value),
    };
    let perhaps = if scrape.certain { "" } else { "; nobody has listed what it exposes" };
    let copy = if scrape.owned { "" } else { ", a copy for local use" };
    format!("{}, {every}, by Prometheus {}{copy}{about}{perhaps}", scrape.class, way.lane)
}

/// Other namespaces that go the same way.
fn alike(namespaces: &[String]) -> String {
    let named = namespaces.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match namespaces.len().checked_sub(NAMED).filter(|more| *more > 0) {
        None => format!("pods of {named}"),
        Some(more) => format!("pods of {named} and {more} more namespaces (`--namespace` asks for one)"),
    }
}

/// What holds it while the store is away.
fn held(end: &End) -> String {
    match (end.relayed, end.survive, end.queue) {
        (true, Some(survive), Some(queue)) if !survive.is_zero() => {
            format!("the relay holds {survive} back (queue {queue})")
        }
        (true, _, Some(queue)) => format!("the relay holds back what its queue of {queue} has room for"),
        _ => "sent by Prometheus itself, which holds about an hour back".to_owned(),
    }
}

fn spell(rule: &Applied) -> String {
    let text = rule.rule.to_string();
    let cut: String = text.chars().take(SHOWN).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("rule {} of {} of {}: {cut}{more}", rule.number, rule.of, rule.stage)
}

fn change(change: &Change) -> String {
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+{}={after:?}", change.name),
        (Some(before), None) => format!("-{}={before:?}", change.name),
        (before, after) => {
            let (before, after) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
            format!("{}={before:?} → {after:?}", change.name)
        }
    }
}

fn differences(before: &Labels, after: &Labels) -> String {
    let gone = before.iter().filter(|l| !after.has(&l.name)).map(|l| format!("without {}", l.name));
    let set = after.iter().filter(|l| before.get(&l.name) != &*l.value).map(|l| format!("{}={:?}", l.name, l.value));
    gone.chain(set).collect::<Vec<_>>().join(", ")
}

fn as_json(traced: &Traced<'_>, fleet: &Fleet, lookup: &Lookup<'_>, why_not: Option<&Whither>) -> Json {
    let labels = |labels: &Labels| -> Json {
        labels
            .iter()
            .map(|l| (l.name.to_string(), Json::from(l.value.to_string())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let applied = |rule: &Applied| {
        json!({
            "stage": rule.stage, "rule": rule.number, "of": rule.of, "does": rule.rule.to_string(),
            "changes": rule.changes.iter().map(|c| json!({
                "label": &*c.name, "before": c.before.as_deref(), "after": c.after.as_deref(),
            })).collect::<Vec<_>>(),
            "origin": lookup.json(rule.rule.origin),
        })
    };
    let origin = |origin: Origin| lookup.json(origin);
    let end = |end: &End| {
        json!({
            "store": fleet.store(end.store).name, "tenant": end.tenant, "destination": end.name,
            "arrives": end.arrives.as_ref().map(labels),
            "dropped_by": end.dropped.as_ref().map(applied), "settled_by": end.settled.as_ref().map(applied),
            "changed_by": end.changed.iter().map(applied).collect::<Vec<_>>(),
            "retention_seconds": end.retention.map(|r| r.secs()),
            "relayed": end.relayed, "scraped_by_relay": end.scraped_by_relay,
            "survive_seconds": end.survive.map(|s| s.secs()),
            "queue_bytes": end.queue.map(|q| q.get()),
            "url": end.url, "origin": origin(end.origin), "given_by": end.line.map(origin),
        })
    };
    let scrape = |s: &Scrape| {
        json!({
            "job": s.class.job, "class": s.class.class, "certain": s.certain, "owned": s.owned,
            "by_relay": s.by_relay.as_ref().map(labels), "monitor": s.monitor, "port": s.port, "path": s.path,
            "interval_seconds": s.interval.value.millis() as f64 / 1000.0,
            "interval_origin": origin(s.interval.origin),
            "sampled_seconds": s.sampled.map(|d| d.millis() as f64 / 1000.0),
            "honor_labels": s.honor_labels, "exposed": labels(&s.exposed), "target": labels(&s.target),
            "origin": origin(s.origin),
        })
    };
    let shown = |e: &&End| why_not.is_none_or(|wanted| wanted.is(e));
    let way = |way: &Way| {
        json!({
            "scrape": way.scrape.as_ref().map(scrape), "prometheus": way.lane,
            "retention_seconds": way.retention.value.secs(), "workload_namespace": way.workload,
            "alike_namespaces": way.alike,
            "stored": labels(&way.stored), "changed_by": way.changed.iter().map(applied).collect::<Vec<_>>(),
            "dropped_by": way.dropped.as_ref().map(applied),
            "route": way.answer.as_ref().map(|a| json!({
                "name": a.route, "because": a.because, "origin": origin(a.origin),
            })),
            "destinations": way.ends.iter().filter(shown).map(end).collect::<Vec<_>>(),
        })
    };
    let pairs = |name: &str, all: Vec<(String, &String)>| -> Vec<Json> {
        all.into_iter().map(|(of, why)| json!({ name: of, "why": why })).collect()
    };
    json!({
        "cluster": traced.cluster,
        "ways": traced.trace.ways.iter().map(way).collect::<Vec<_>>(),
        "not_from": pairs("class", traced.trace.not_from.iter().map(|(c, w)| (c.to_string(), w)).collect()),
        "not_collected": pairs("job", traced.trace.not_collected.iter().map(|(j, w)| (j.clone(), w)).collect()),
    })
}
