//! A Grafana as far as its API is read: provisioned from what is built, and changed as people change it.
//!
//! What it answers follows Grafana's `pkg/api` (`dashboard.go`, `datasources.go`, `search.go`): a dashboard with `meta`, the
//! data source without its secrets, errors as `{"message": …}`.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::asked::{self, Asked};

pub struct Grafana {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    token: String,
    /// As `/api/dashboards/uid/…` answers.
    dashboards: BTreeMap<String, Value>,
    sources: BTreeMap<String, Value>,
    /// Beginnings of paths that fail, each with a status; the answer repeats the credentials it was asked with.
    fails: Vec<(&'static str, u16)>,
    asked: Vec<String>,
}

impl Grafana {
    /// One that serves below `/grafana` and has read the files of these ConfigMaps.
    pub fn provisioned(maps: &[Value], token: &str) -> Grafana {
        let mut state = State { token: token.to_owned(), ..State::default() };
        for text in maps.iter().flat_map(|map| map["data"].as_object().into_iter().flatten()) {
            let document: Value = serde_yaml::from_str(text.1.as_str().unwrap_or_default()).unwrap();
            for source in document["datasources"].as_array().into_iter().flatten() {
                state.sources.insert(source["uid"].as_str().unwrap().to_owned(), read_source(source));
            }
            if document["panels"].is_array() {
                let meta = json!({"provisioned": true, "provisionedExternalId": text.0, "updatedBy": "Anonymous",
                                  "createdBy": "Anonymous", "updated": "2026-11-01T10:00:00Z"});
                state.save(document, meta);
            }
        }
        Grafana::serve(state)
    }

    fn serve(state: State) -> Grafana {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/grafana", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(Asked { method, path, credentials }) = asked::read(&stream) else { continue };
                assert_eq!(method, "GET", "nothing but reading: {path}");
                let (status, body) = shared.lock().unwrap().answer(&path, &credentials);
                send(&stream, status, &body);
            }
        });
        Grafana { url, state }
    }

    /// Somebody saves a dashboard through the API.
    pub fn edit(&self, uid: &str, login: &str, edit: impl FnOnce(&mut Value)) {
        let mut state = self.state.lock().unwrap();
        let mut answer = state.dashboards[uid].clone();
        edit(&mut answer["dashboard"]);
        let mut meta = answer["meta"].clone();
        meta["updatedBy"] = login.into();
        meta["updated"] = "2026-11-22T10:00:00Z".into();
        // A copy is nobody's file.
        if answer["dashboard"]["uid"] != uid {
            meta = json!({"provisioned": false, "createdBy": login, "updatedBy": login, "updated": "2026-11-22T10:00:00Z"});
        }
        state.save(answer["dashboard"].clone(), meta);
    }

    pub fn source(&self, uid: &str, edit: impl FnOnce(&mut Value)) {
        edit(self.state.lock().unwrap().sources.get_mut(uid).unwrap());
    }

    pub fn forget(&self, uid: &str) {
        self.state.lock().unwrap().dashboards.remove(uid).unwrap();
    }

    pub fn fail(&self, path: &'static str, status: u16) {
        self.state.lock().unwrap().fails.push((path, status));
    }

    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

/// What is kept of a data source of a file: `$__file{…}` is what the file holds, and no secret is handed out.
fn read_source(file: &Value) -> Value {
    let text = |key: &str| file[key].as_str().unwrap_or_default();
    let secrets: Map<String, Value> =
        file["secureJsonData"].as_object().into_iter().flatten().map(|(k, _)| (k.clone(), true.into())).collect();
    json!({"id": 1, "uid": text("uid"), "orgId": 1, "name": text("name"), "type": text("type"), "typeLogoUrl": "",
           "access": text("access"), "url": text("url"), "user": "", "database": "", "basicAuth": file["basicAuth"] == true,
           "basicAuthUser": if text("basicAuthUser").is_empty() { "" } else { "somebody" }, "withCredentials": false,
           "isDefault": false, "jsonData": file["jsonData"], "secureJsonFields": secrets, "version": 1, "readOnly": true,
           "accessControl": {"datasources:read": true}})
}

impl State {
    fn save(&mut self, mut dashboard: Value, mut meta: Value) {
        let uid = dashboard["uid"].as_str().unwrap().to_owned();
        let version = self.dashboards.get(&uid).map_or(0, |d| d["meta"]["version"].as_u64().unwrap_or(0)) + 1;
        (dashboard["id"], dashboard["version"]) = (self.dashboards.len().into(), version.into());
        (meta["version"], meta["folderTitle"]) = (version.into(), "General".into());
        self.dashboards.insert(uid, json!({"dashboard": dashboard, "meta": meta}));
    }

    fn answer(&mut self, path: &str, credentials: &str) -> (u16, String) {
        self.asked.push(path.to_owned());
        let missing = |what: &str| (404, json!({"message": what}).to_string());
        let Some(path) = path.strip_prefix("/grafana") else { return (200, "<html>a portal</html>".to_owned()) };
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some((_, status)) = self.fails.iter().find(|(start, _)| place.starts_with(start)) {
            return (*status, json!({"message": format!("refused: {credentials}")}).to_string());
        }
        if place == "/api/health" {
            return (200, json!({"commit": "abc", "database": "ok", "version": "12.1.0"}).to_string());
        }
        if credentials != format!("Bearer {}", self.token) {
            return (401, json!({"message": format!("Invalid API key {credentials}")}).to_string());
        }
        let parameter = |name: &str| query.split('&').find_map(|q| q.strip_prefix(name)?.strip_prefix('='));
        match place.trim_start_matches("/api/").split('/').collect::<Vec<_>>()[..] {
            ["dashboards", "uid", uid] => match self.dashboards.get(uid) {
                Some(found) => (200, found.to_string()),
                None => missing("Dashboard not found"),
            },
            ["search"] => {
                let tag = parameter("tag").unwrap_or_default();
                let all = self.dashboards.values().map(|d| &d["dashboard"]);
                let tagged = all.filter(|d| d["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == tag)));
                let hit =
                    |d: &Value| json!({"uid": d["uid"], "title": d["title"], "tags": d["tags"], "type": "dash-db"});
                let hits: Vec<Value> = tagged.map(hit).collect();
                let page = if parameter("page") == Some("1") { hits } else { Vec::new() };
                (200, Value::from(page).to_string())
            }
            ["folders"] => (200, "[]".to_owned()),
            ["datasources"] => (200, self.sources.values().cloned().collect::<Value>().to_string()),
            ["datasources", "uid", uid] => match self.sources.get(uid) {
                Some(found) => (200, found.to_string()),
                None => missing("Data source not found"),
            },
            _ => missing("Not found"),
        }
    }
}

fn send(mut stream: &TcpStream, status: u16, body: &str) {
    let length = body.len();
    // Whoever asked may be gone.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let _ = stream.shutdown(Shutdown::Both);
}
