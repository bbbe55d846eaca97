//! Lists, page by page: whole or not at all.

use http::StatusCode;
use serde_json::{Map, Value as Json};

use super::at_once::Place;
use super::request::{Asker, Question, Refusal, ask, ask_how};
use super::{path, words};
use crate::world::server::{Failure, FailureKind, Listed};

/// Objects in a page, as kubectl asks for them.
const PAGE: usize = 500;
/// Of one list; a server that never stops is no server.
const PAGES: usize = 10_000;

/// Everything asked for, at one resource version.
pub(super) async fn list(asker: Asker<'_>, what: &Listed, place: Place<'_>) -> Result<Vec<Json>, Refusal> {
    let mut expired = false;
    loop {
        match pages(asker, what, place).await? {
            Pages::All(objects) => return Ok(objects),
            // Those before it have to be handed over first.
            Pages::Crowded => place.turn().await,
            // What was read is of another state than what is left: all of it once more.
            Pages::Expired if !expired => expired = true,
            Pages::Expired => {
                let list = path::listing(what);
                let message = format!("{list}: the server forgot the state twice (410) before all of it was read");
                return Err(refused(FailureKind::Server, message));
            }
        }
    }
}

/// The one of this name, if there is one.
pub(super) async fn find(asker: Asker<'_>, what: &Listed, name: &str) -> Result<Option<Json>, Refusal> {
    let doing = path::listing(what);
    let question = Question::get(path::of_named(what, name), &doing);
    let page = Page::read(ask(asker, &question).await?, what).map_err(|why| garbage(&doing, &why))?;
    let is_it = |object: &Json| object.pointer("/metadata/name").and_then(Json::as_str) == Some(name);
    let mut found = page.items.into_iter();
    match (found.next(), found.next(), page.next) {
        (None, ..) => Ok(None),
        (Some(object), None, None) if is_it(&object) => Ok(Some(object)),
        _ => Err(garbage(&doing, &format!("one was asked for, `{}`", words::of_server(name, &[])))),
    }
}

enum Pages {
    All(Vec<Json>),
    Expired,
    /// With what the lists beside it hold it is more than may be held.
    Crowded,
}

async fn pages(asker: Asker<'_>, what: &Listed, place: Place<'_>) -> Result<Pages, Refusal> {
    place.drop_all();
    let doing = path::listing(what);
    let mut objects: Vec<Json> = Vec::new();
    let mut version: Option<String> = None;
    let mut next: Option<String> = None;
    let mut held = 0;
    for _ in 0..PAGES {
        let question = Question::get(path::of_list(what, PAGE, next.as_deref()), &doing);
        let page = match ask_how(asker, &question).await {
            Ok(page) => page,
            Err(refusal) if refusal.status == Some(StatusCode::GONE) && next.is_some() => return Ok(Pages::Expired),
            Err(refusal) => return Err(refusal),
        };
        held += page.held;
        if held > asker.limits.held {
            let most = asker.limits.held.div_ceil(1024 * 1024);
            return Err(refused(
                FailureKind::Garbage,
                format!("{doing}: they take more than {most} MiB, and were not read on"),
            ));
        }
        if !place.hold(page.held, asker.limits.held) {
            place.drop_all();
            return Ok(Pages::Crowded);
        }
        let page = Page::read(page.body, what).map_err(|why| garbage(&doing, &why))?;
        if version.is_some() && version != page.version {
            return Ok(Pages::Expired);
        }
        version = page.version;
        objects.extend(page.items);
        match page.next {
            None => return Ok(Pages::All(objects)),
            same if same == next => return Err(garbage(&doing, "the second page leads to itself")),
            more => next = more,
        }
    }
    Err(garbage(&doing, "the list has no end"))
}

fn garbage(doing: &str, why: &str) -> Refusal {
    refused(FailureKind::Garbage, format!("{doing}: the answer is no list of them: {why}"))
}

fn refused(kind: FailureKind, message: String) -> Refusal {
    Refusal { status: None, failure: Failure::new(kind, message) }
}

struct Page {
    items: Vec<Json>,
    version: Option<String>,
    next: Option<String>,
}

impl Page {
    fn read(mut page: Json, what: &Listed) -> Result<Page, String> {
        let text =
            |pointer: &str| page.pointer(pointer).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        if !text("/kind").is_some_and(|kind| kind.ends_with("List")) {
            return Err("its kind is none".to_owned());
        }
        let (version, next) = (text("/metadata/resourceVersion"), text("/metadata/continue"));
        let items = match page.get_mut("items").map(Json::take) {
            Some(Json::Array(items)) => items,
            // An empty list of Go.
            Some(Json::Null) => Vec::new(),
            _ => return Err("it has no `items`".to_owned()),
        };
        let items: Result<Vec<Json>, String> = items.into_iter().map(|item| whole(item, what)).collect();
        Ok(Page { items: items?, version, next })
    }
}

/// Items of a list say neither their version nor their kind; ours do, before all else.
fn whole(item: Json, what: &Listed) -> Result<Json, String> {
    let Json::Object(item) = item else { return Err("an item is no object".to_owned()) };
    let of = |name: &str| item.get("metadata").and_then(|m| m.get(name)).and_then(Json::as_str);
    if of("name").is_none_or(str::is_empty) {
        return Err("an item has no name".to_owned());
    }
    if what.namespace.is_some() && of("namespace") != what.namespace.as_deref() {
        return Err("an item is of another namespace".to_owned());
    }
    let mut out = Map::new();
    out.insert("apiVersion".to_owned(), what.served.api_version.as_str().into());
    out.insert("kind".to_owned(), what.served.kind.as_str().into());
    out.extend(item.into_iter().filter(|(key, _)| key != "apiVersion" && key != "kind"));
    Ok(Json::Object(out))
}
