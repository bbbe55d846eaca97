//! The program in front of an API server that holds secrets in every place where somebody may have put one, that echoes
//! credentials, and that dies in the middle of an answer.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::support::api::{Api, Manner};
use crate::support::library::files;
use crate::support::{Folder, copy, git, read, repository, steps};

/// No words, as credentials are that somebody has made by chance.
const CANARY: &str = "kA9rQ2xV7bT4mZ1pL8wE5sY3";
/// Credentials that only the place they stand in gives away.
const WEAK: [&str; 3] = ["9f86d081884c7d659a2feaa0c55ad015", "hunter2canary", "dXNlcjpwYXNzd29yZGNhbmFyeQ"];
const SPEC: &str = "examples/single-split/fleet.kdl";

/// Where each secret was put, by the two digits that it has behind it.
static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A secret that only one place has, so that what shows it says which.
fn put(secret: &str, place: &str) -> String {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let at = places.iter().position(|known| known == place).unwrap_or_else(|| {
        places.push(place.to_owned());
        places.len() - 1
    });
    assert!(at < 256, "two digits");
    format!("{secret}{at:02x}")
}

fn canary(place: &str) -> String {
    put(CANARY, place)
}

/// Everything of a cluster as it is checked in.
fn applied() -> Vec<Value> {
    let ours = |path: &str| path.starts_with("single-split/lab/") && path.ends_with(".yaml");
    let all = files("output").into_iter().filter(|(path, _)| ours(path) && !path.contains("/helm/"));
    all.filter_map(|(_, bytes)| serde_yaml::from_slice::<Value>(&bytes).ok())
        .filter(|object| object["metadata"]["name"].is_string())
        .collect()
}

/// The spec, the checked-in output, and a kubeconfig that leads to a server.
fn folder(api: &Api) -> Folder {
    let folder = Folder::new();
    folder.write("fleet.kdl", &read(SPEC));
    copy(&repository("output/single-split"), &folder.at("output/single-split")).unwrap();
    folder.write("kubeconfig", &api.kubeconfig("lab", CANARY));
    folder
}

/// Settings with credentials, as people put them into ConfigMaps.
fn settings(weak: &str) -> Value {
    let at = |place: &str| put(weak, place);
    let inner = json!({"token": at("JSON in JSON")}).to_string();
    json!({
        "config.yaml": format!(
            "a:\n  b:\n  - name: DB_PASSWORD\n    value: {}\n  password: {}\n",
            at("variable in YAML"),
            at("password in YAML")
        ),
        "nested.yaml": format!(
            "datasources.yaml: |\n  d:\n  - secureJsonData:\n      basicAuthPassword: {}\n",
            at("YAML in YAML")
        ),
        "map.yaml": format!("tokens:\n  admin: {}\n", at("map of tokens in YAML")),
        "block.yaml": format!("client_secret: |\n  {}\nother: x\n", at("block in YAML")),
        "config.json": json!({"a": {"apiKey": at("key in JSON"), "inner": inner}}).to_string(),
        "grafana.ini": format!(
            "[security]\nadmin_password = {}\nsecret_key={}\n",
            at("password of settings"),
            at("key of settings")
        ),
        "app.env": format!(
            "export DB_PASS={}\nDSN=\"host=a password={}\"\n",
            at("exported variable"),
            at("password of a DSN")
        ),
        "run.sh": format!(
            "mysql -uroot -p{} x\ncurl -H 'Authorization: Basic {}' http://u:{}@a.example.com\n",
            at("glued to a flag in a script"),
            at("header of a script"),
            at("URL of a script")
        ),
        "passphrase": at("key of a ConfigMap that tells"),
    })
}

/// The same for a container of somebody's.
fn variables(weak: &str) -> Value {
    let all = ["OAUTH_CLIENT_SECRET", "AWS_SECRET_KEY", "DB_PASS", "API_CREDENTIAL"];
    all.iter().map(|name| json!({"name": name, "value": put(weak, &format!("variable {name}"))})).collect()
}

/// Puts the secret into all objects of a cluster, and adds some that are nothing else.
fn spoiled(mut objects: Vec<Value>) -> Vec<Value> {
    let by = |manager: &str| {
        json!([{"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                "time": "2026-11-22T10:00:00Z", "fieldsV1": {"f:spec": {}, "f:data": {}}}])
    };
    for object in &mut objects {
        let noted = json!({"kind": "Secret", "data": {"a": canary("data in last-applied")},
                           "spec": {"token": canary("spec in last-applied")}})
        .to_string();
        let annotations = json!({
            "kubectl.kubernetes.io/last-applied-configuration": noted,
            "example.com/token": canary("annotation that tells"), "example.com/note": canary("annotation"),
            "example.com/said": format!("it is {}", canary("sentence in an annotation")),
        });
        object["metadata"]["annotations"] = annotations;
        object["metadata"]["managedFields"] = by(&format!("somebody-{}", canary("name of a manager")));
        if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
            data.insert("admin-password".to_owned(), json!(canary("data that tells")));
            data.insert("other".to_owned(), json!(canary("data")));
            data.insert(format!("{}.txt", canary("key of data")), json!("x"));
            for (number, weak) in WEAK.into_iter().enumerate() {
                let all = settings(weak);
                let named = |(name, text): (&String, &Value)| (format!("{number}-{name}"), text.clone());
                data.extend(all.as_object().unwrap().iter().map(named));
            }
            data.insert(
                "config.yaml".to_owned(),
                json!(format!(
                    "password: {}\nurl: http://u:{}@a.example.com\n",
                    canary("password in our YAML"),
                    canary("URL in our YAML")
                )),
            );
        }
        match object["kind"].as_str().unwrap_or_default() {
            "Prometheus" => {
                object["spec"]["remoteWrite"] = json!([{
                    "name": "stolen", "url": format!("https://user:{}@a.example.com/write?token={}", canary("user of a URL"), canary("query of a URL")),
                    "bearerToken": canary("bearerToken"),
                    "headers": {"Authorization": format!("Bearer {}", canary("Authorization")), "X-Scope": canary("a header")},
                    "basicAuth": {"password": canary("basicAuth")}},
                    {"name": "weak", "url": format!("https://user:{}@b.example.com/write", put(WEAK[1], "user of a URL")),
                     "headers": {"Authorization": format!("Basic {}", put(WEAK[2], "Authorization")),
                                 "X-Api-Key": put(WEAK[0], "X-Api-Key"), "Cookie": put(WEAK[1], "Cookie")}}]);
                object["spec"]["passwords"] = json!([put(WEAK[1], "list of passwords")]);
                object["spec"]["clientPasswords"] =
                    json!({"admin": put(WEAK[1], "map of passwords"), "more": {"a": put(WEAK[0], "map in a map")}});
                object["spec"]["credentials"] = json!({"admin": put(WEAK[1], "map of credentials")});
                object["spec"]["auth"] = json!({"tokens": [put(WEAK[1], "list of tokens")]});
                object["spec"]["extraArgs"] = json!({
                    "httpAuth.password": [put(WEAK[1], "list at a flag's name")],
                    "remoteWrite.basicAuth.password": ["a", put(WEAK[1], "list at a flag's name")],
                    "remoteWrite.bearerToken": [put(WEAK[0], "list at a flag's name")],
                    "snapshotAuthKey": [put(WEAK[1], "list of keys")]});
                object["spec"]["containers"] = json!([{"name": "x",
                    "env": [{"name": "DB_PASSWORD", "value": canary("variable of a sidecar that tells")},
                            {"name": "PLAIN", "value": canary("variable of a sidecar")}],
                    "args": [format!("--web.password={}", canary("flag")), "--remote-write.token", canary("behind a flag")]}]);
            }
            "DaemonSet" | "Deployment" | "StatefulSet" => {
                object["spec"]["template"]["spec"]["schedulerName"] = json!("default-scheduler");
                let container = &mut object["spec"]["template"]["spec"]["containers"][0];
                container["env"] = json!([{"name": "API_TOKEN", "value": canary("variable that tells")},
                                          {"name": "PLAIN", "value": canary("variable")}]);
                container["env"].as_array_mut().unwrap().extend(WEAK.iter().flat_map(|weak| match variables(weak) {
                    Value::Array(all) => all,
                    _ => Vec::new(),
                }));
                container["args"] = json!([
                    "--password",
                    canary("behind a flag of ours"),
                    format!("-bearerToken={}", canary("flag of ours")),
                    canary("argument"),
                    "--pass",
                    put(WEAK[1], "behind a flag by a short name"),
                    format!("curl -u admin:{} x", put(WEAK[1], "login in a command")),
                    format!("mysql -uroot -p{} x", put(WEAK[1], "glued to a short flag")),
                    format!("sshpass -p {} ssh x", put(WEAK[1], "behind a short flag")),
                    "--user",
                    format!("admin:{}", put(WEAK[1], "login behind a flag")),
                    format!("-license={}", put(WEAK[0], "license"))
                ]);
            }
            "ServiceMonitor" => {
                let finalizers = json!([format!("a.example.com/{}", canary("item of a set"))]);
                object["metadata"]["finalizers"] = finalizers;
                object["spec"]["endpoints"] = json!([{"port": "a", "bearerToken": canary("bearerToken of a monitor"), "params": {"token": [canary("parameter")]},
                "proxyUrl": format!("http://u:{}@p.example.com", canary("proxy"))}])
            }
            _ => {}
        }
    }
    let labels = objects[0]["metadata"]["labels"].clone();
    for (number, weak) in WEAK.into_iter().enumerate() {
        let metadata = json!({"name": format!("left-over-{number}"), "namespace": "monitoring", "labels": labels});
        objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": settings(weak), "metadata": metadata}));
        let container = json!({"name": "x", "image": "x", "env": variables(weak), "args": ["--db.pass", "x"]});
        objects.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                            "spec": {"template": {"spec": {"containers": [container]}}}}));
    }
    objects.push(
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"password": canary("data of a Secret")},
        "stringData": {"other": canary("stringData of a Secret")},
        "metadata": {"name": "left-over", "namespace": "monitoring", "labels": labels}}),
    );
    objects
}

/// Runs a command and requires that the secret is nowhere in what it says.
fn silent(folder: &Folder, args: &[&str], codes: &[i32]) -> String {
    let ended = steps::binary(folder.path(), args);
    let said = ended.stdout + &ended.stderr;
    let code = ended.status.code().unwrap_or(-1);
    assert!(codes.contains(&code), "{args:?} ended with {code}:\n{said}");
    assert_eq!(shown(&said), None, "{args:?} shows a secret");
    said
}

/// Where a text has one of the secrets, and where that was put.
fn shown(text: &str) -> Option<String> {
    let (at, canary) = WEAK.iter().chain([&CANARY]).find_map(|canary| Some((text.find(canary)?, canary)))?;
    let digits = text[at + canary.len()..].get(..2).and_then(|digits| usize::from_str_radix(digits, 16).ok());
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = digits.and_then(|at| places.get(at)).map_or("somewhere", String::as_str);
    let from = text.char_indices().map(|(i, _)| i).rfind(|i| i + 300 <= at).unwrap_or(0);
    let around: String = text[from..].chars().take(500).collect();
    Some(format!("that of `{place}`: {around}"))
}

#[test]
fn a_secret_that_is_shown_says_where_it_was_put() {
    let there = format!("it is {}, is it not", put(WEAK[1], "a place"));
    assert!(shown(&there).unwrap().starts_with("that of `a place`: it is "));
    assert_eq!(shown("nothing"), None);
}

/// Variables of which nothing tells what they are, where nobody has compiled or checked them in.
fn set_by_hand(mut objects: Vec<Value>) -> Vec<Value> {
    for container in objects.iter_mut().filter_map(|o| o.pointer_mut("/spec/template/spec/containers/0")) {
        let plain = WEAK
            .iter()
            .enumerate()
            .map(|(n, weak)| json!({"name": format!("FOO_{n}"), "value": put(weak, "variable set by hand")}));
        container["env"].as_array_mut().unwrap().extend(plain);
    }
    objects
}

#[test]
fn no_secret_of_a_cluster_is_in_any_output() {
    let api = Api::start(set_by_hand(spoiled(applied())), Manner::default());
    let folder = folder(&api);
    let live = ["diff", "--against", "live", "--kubeconfig", "kubeconfig"];
    let said = silent(&folder, &live, &[2]);
    assert!(said.contains("DB_PASSWORD") && said.contains("stolen"), "it was compared: {said}");
    for more in [&["--format", "json"][..], &["--view", "unified"], &["--view", "summary"]] {
        silent(&folder, &[&live, more].concat(), &[2]);
    }
    // No Secret of Helm's is there, or none may be read.
    silent(&folder, &[&live, &["--view", "values", "--helm"][..]].concat(), &[2, 4]);
    silent(&folder, &["snapshot", "--out", "snapshots", "--kubeconfig", "kubeconfig"], &[0]);
    for entry in std::fs::read_dir(folder.at("snapshots/lab"))
        .unwrap()
        .chain(std::fs::read_dir(folder.at("snapshots/lab/objects")).unwrap())
    {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(shown(&text), None, "{} holds a secret", path.display());
        }
    }
    silent(&folder, &["diff", "--against", "snapshot:snapshots"], &[2]);
    let recorded = silent(&folder, &["diff", "--against", "snapshot:snapshots", "--format", "json"], &[2]);
    let asked = silent(&folder, &[&live, &["--format", "json"][..]].concat(), &[2]);
    assert_eq!(causes(&recorded), causes(&asked), "what is kept of secrets takes no difference away and makes none");
    let cluster = &value(&asked)["clusters"][0];
    let (hidden, at) = (cluster["notShown"].as_object().unwrap(), cluster["notShownAt"].as_object().unwrap());
    assert!(!at.is_empty(), "{hidden:?}");
    for (why, places) in at {
        assert_eq!(hidden[why], places.as_array().unwrap().len(), "{why}: each has its place");
    }
}

/// What was said as JSON, before what went to standard error.
fn value(said: &str) -> Value {
    serde_json::Deserializer::from_str(said).into_iter().next().unwrap().unwrap()
}

/// Where something differs, and why.
fn causes(said: &str) -> Vec<String> {
    let json = value(said);
    let one = |change: &Value| {
        let object = ["kind", "namespace", "name"].map(|part| change["object"][part].as_str().unwrap_or_default());
        format!("{} {} {} {}", object.join("/"), plain(&change["path"]), change["cause"], change["action"])
    };
    let all: Vec<String> = json["changes"].as_array().unwrap().iter().map(one).collect();
    assert!(all.len() > 10, "{all:?}");
    all
}

/// A path in which what is hidden of a key is called the same, however it is hidden: a snapshot has a hash of it.
fn plain(path: &Value) -> String {
    let path = path.to_string();
    let hash = path.find("sha256:").map(|at| (at, at + "sha256:".len() + 64));
    let number = path.find("(hidden #").and_then(|at| Some((at, at + path[at..].find(')')? + 1)));
    match hash.or(number) {
        Some((from, to)) => format!("{}(hidden){}", &path[..from], &path[to..]),
        None => path,
    }
}

/// A mask that took something of ours for a credential would make a difference where there is none.
#[test]
fn nothing_that_is_compiled_is_taken_for_a_credential() {
    let mut all = 0;
    for (path, bytes) in files("output") {
        let Ok(object) = serde_yaml::from_slice::<Value>(&bytes) else { continue };
        if !path.ends_with(".yaml") || !object["metadata"]["name"].is_string() {
            continue;
        }
        let mut masked = object.clone();
        watershed::snapshot::mask(&mut masked, &[0; 16]);
        assert!(masked == object, "{path}:\n{masked:#}");
        all += 1;
    }
    assert!(all > 100, "{all}");
}

#[test]
fn no_credential_that_a_server_repeats_is_in_any_output() {
    for status in [401, 403, 500] {
        let fails = vec![("servicemonitors", status), ("configmaps", status)];
        let api = Api::start(applied(), Manner { fails, ..Manner::default() });
        let folder = folder(&api);
        for format in ["text", "json"] {
            let args = ["diff", "--against", "live", "--kubeconfig", "kubeconfig", "--format", format];
            silent(&folder, &args, &[4]);
        }
        silent(&folder, &["snapshot", "--out", "snapshots", "--kubeconfig", "kubeconfig"], &[4]);
    }
}

/// Files of the checked-in output that somebody has edited, and files beside them.
#[test]
fn no_secret_of_checked_in_output_is_in_any_output() {
    let api = Api::start(Vec::new(), Manner::default());
    let folder = folder(&api);
    git::run(folder.path(), &["commit", "The fleet"]).unwrap();
    for object in spoiled(applied()) {
        let name = format!(
            "{}-{}",
            object["kind"].as_str().unwrap().to_lowercase(),
            object["metadata"]["name"].as_str().unwrap()
        );
        for stage in std::fs::read_dir(folder.at("output/single-split/lab")).unwrap() {
            let file = stage.unwrap().path().join(format!("{name}.yaml"));
            if file.exists() {
                std::fs::write(&file, serde_yaml::to_string(&object).unwrap()).unwrap();
            }
        }
    }
    folder.write("output/single-split/lab/helm/store.yaml", &format!("auth:\n  password: {CANARY}\n"));
    for format in ["text", "json"] {
        silent(&folder, &["diff", "--against", "dir", "--format", format], &[2]);
        silent(&folder, &["diff", "--against", "git:HEAD", "--format", format], &[0]);
        silent(&folder, &["build", "--check", "--format", format], &[0, 2, 3]);
        silent(&folder, &["check", "--format", format], &[0]);
    }
    for format in ["markdown", "json", "html"] {
        silent(&folder, &["review", "HEAD", "--format", format], &[0]);
    }
}

/// A spec takes no secret, and does not repeat the one that stands in it.
#[test]
fn no_secret_of_a_spec_is_in_any_output() {
    let api = Api::start(Vec::new(), Manner::default());
    let folder = folder(&api);
    git::run(folder.path(), &["commit", "The fleet"]).unwrap();
    let store = |url: &str| {
        format!(
            "{}\nstore \"far\" kind=\"remote-write\" {{ url \"{url}\" }}\nroute \"r\" from=\"*\" to=\"far\"\n",
            read(SPEC)
        )
    };
    for url in [format!("https://u:{CANARY}@a.example.com/w"), format!("https://a.example.com/w?token={CANARY}")] {
        folder.write("fleet.kdl", &store(&url));
        for format in ["text", "json"] {
            for command in [&["check"][..], &["diff"], &["diff", "--against", "git:HEAD"]] {
                silent(&folder, &[command, &["--format", format]].concat(), &[2, 3, 4]);
            }
            silent(&folder, &["review", "HEAD"], &[0, 2, 3, 4]);
            silent(&folder, &["explain", "store[far]", "--format", format], &[0, 1, 2, 3, 4]);
        }
        silent(&folder, &["trace", "up"], &[0, 1, 2, 3, 4]);
    }
}

/// Wherever it dies: what is not known is named, and nothing is said of it; what was compared before is told.
#[test]
fn of_a_server_that_dies_nothing_is_claimed() {
    let mut objects = applied();
    // What differs of the kinds that come first must not be lost.
    let all = Api::start(objects.clone(), Manner::default());
    let whole = folder(&all);
    let args = ["diff", "--against", "live", "--kubeconfig", "kubeconfig", "--format", "json"];
    silent(&whole, &args, &[0, 2]);
    let number = all.asked().len();
    assert!(number > 10, "{:?}", all.asked());
    objects.retain(|o| o["kind"] != "Service");
    for answers in (0..number).step_by(3) {
        let api = Api::start(objects.clone(), Manner { answers: Some(answers), ..Manner::default() });
        let folder = folder(&api);
        let said = steps::binary(folder.path(), &args);
        assert_eq!(said.status.code(), Some(4), "after {answers} answers: {}{}", said.stdout, said.stderr);
        let json: Value = serde_json::from_str(&said.stdout).unwrap();
        let cluster = &json["clusters"][0];
        let unverified: Vec<String> = cluster["unverified"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|u| u["objects"].as_array().unwrap())
            .map(|o| o.as_str().unwrap().to_owned())
            .collect();
        assert!(!unverified.is_empty(), "after {answers} answers: {}", said.stdout);
        for change in json["changes"].as_array().unwrap() {
            let object = &change["object"];
            let parts = ["kind", "namespace", "name"].map(|part| object[part].as_str().unwrap_or_default());
            let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
            assert!(!unverified.contains(&name), "after {answers} answers {name} is unverified, and told as {change}");
            assert!(object["kind"] == "Service", "after {answers} answers: {change}");
        }
    }
}
