//! Against servers that do everything wrong that a server can do.

mod answers;
mod at_once;
mod fake;
mod grafana;
mod lists;
mod logins;

use std::ffi::OsString;
use std::time::Duration;

use tempfile::TempDir;

use self::fake::{Asked, Fake, Reply};
use super::request::Limits;
use super::{Live, Variables};
use crate::world::server::{Failure, Listed, Login, Served};

/// Waits as long as it takes to see that it waits.
const QUICK: Limits = Limits {
    timeout: Duration::from_millis(700),
    size: 64 * 1024,
    held: 4 * 1024 * 1024,
    waits: 2,
    longest_wait: Duration::from_millis(20),
    retries: 2,
    pause: Duration::from_millis(5),
};

/// A kubeconfig in a folder of its own.
struct Config {
    folder: TempDir,
}

impl Config {
    fn new(text: &str) -> Config {
        let config = Config { folder: TempDir::new().unwrap() };
        config.put("config", text);
        config
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn login(&self, context: &str) -> Login {
        let path = self.folder.path().join("config");
        Login {
            context: context.to_owned(),
            kubeconfig: Some(path.to_str().unwrap().to_owned()),
            exec: Vec::new(),
            timeout: QUICK.timeout,
        }
    }
}

fn nothing(_: &str) -> Option<OsString> {
    None
}

const NOTHING: Variables<'static> = &nothing;

/// Two contexts of one server; `user` is the text of the user, in braces.
fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {{server: '{server}'}}\n\
         contexts:\n- name: production\n  context: {{cluster: c, user: u}}\n- name: anonymous\n  context: {{cluster: c}}\n\
         users:\n- name: u\n  user: {user}\n"
    )
}

const TOKEN: &str = "canary-7f3a9b1c";

/// A connection to a server that answers so.
fn live(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Fake, Live) {
    let fake = Fake::start(reply);
    let config = Config::new(&kubeconfig(&fake.url, &format!("{{token: {TOKEN}}}")));
    let live = Live::new(&config.login("production"), QUICK, NOTHING).unwrap();
    (fake, live)
}

fn config_maps(namespace: Option<&str>) -> Listed {
    Listed { served: served("v1", "ConfigMap", "configmaps"), namespace: namespace.map(str::to_owned), labels: None }
}

fn served(api_version: &str, kind: &str, plural: &str) -> Served {
    Served { api_version: api_version.to_owned(), kind: kind.to_owned(), plural: plural.to_owned(), namespaced: true }
}

/// No message of ours has a credential or a control character.
fn is_clean(failure: &Failure) {
    assert!(!failure.message.contains(TOKEN), "{failure}");
    assert!(!failure.message.chars().any(crate::diag::shown::hides), "{failure}");
}
