//! How to reach the server of a context: the kubeconfig, read as kubectl reads it.
//!
//! What would run a program is decided here, before anything is run; see `plugin.rs`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderName, HeaderValue, header};
use kube::Config;
use kube::config::{AuthInfo, Kubeconfig, KubeconfigError};

use super::plugin::Plugin;
use super::{proxy, words};
use crate::diag::nearest;
use crate::world::server::{Failure, FailureKind, Login};

/// Kubeconfigs of thousands of clusters, with certificates, stay below.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The environment.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A server that may be asked.
#[derive(Clone)]
pub(super) struct Access {
    /// Without what a plugin hands out.
    pub config: Config,
    pub plugin: Option<Plugin>,
    /// Credentials of the kubeconfig, so that no message has them.
    pub secrets: Vec<String>,
}

/// # Errors
/// [`FailureKind::Config`], or [`FailureKind::Plugin`] where a program would have to be run that is not allowed.
pub(super) fn access(login: &Login, variables: Variables<'_>) -> Result<Access, Failure> {
    let (mut kubeconfig, from) = kubeconfig(login, variables)?;
    check(&kubeconfig, &login.context, &from)?;
    let proxy = proxy_of(&kubeconfig, &login.context);
    kubeconfig.current_context = Some(login.context.clone());
    // Credentials are in none of what can be wrong from here on.
    let wrong = |what: String| config(format!("context `{}` of {from}: {what}", shown(&login.context)));
    let mut config = Config::try_from(kubeconfig).map_err(|e| wrong(chain(&e)))?;
    let plugin = match (config.auth_info.exec.take(), config.auth_info.auth_provider.take()) {
        (_, Some(provider)) => {
            // kubectl knows no other any more; a token that is there is sent as it is.
            let token = provider.config.get("id-token").filter(|_| provider.name == "oidc").cloned().ok_or_else(|| {
                wrong(format!(
                    "it logs in with the auth provider `{}`, which kubectl dropped in 1.26: use a credential plugin (`exec`)",
                    shown(&provider.name)
                ))
            })?;
            config.auth_info.token = Some(token.into());
            None
        }
        (Some(exec), None) => Some(Plugin::allowed(exec, &login.exec)?),
        (None, None) => None,
    };
    let https = match config.cluster_url.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong("its `server` is no URL with `https://`".to_owned())),
    };
    reached_directly(&config, proxy.as_deref(), https, variables).map_err(wrong)?;
    config.proxy_url = None;
    config.connect_timeout = Some(login.timeout.min(Duration::from_secs(30)));
    config.read_timeout = None;
    // We wait and ask again ourselves: a page that was cut short must not be taken for a list.
    config.default_retry = false;
    let agent = concat!("watershed/", env!("CARGO_PKG_VERSION"));
    config.headers.push((header::USER_AGENT, HeaderValue::from_static(agent)));
    config.headers.push((HeaderName::from_static("accept"), HeaderValue::from_static("application/json")));
    let mut secrets = secrets(&config.auth_info);
    // It may change while we ask; what it holds now is most likely what is sent.
    let file = config.auth_info.token_file.as_deref().map(Path::new);
    let small = file.filter(|file| std::fs::metadata(file).is_ok_and(|at| at.is_file() && at.len() <= LARGEST));
    let token = small.and_then(|file| std::fs::read_to_string(file).ok());
    secrets.extend(token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()));
    Ok(Access { config, plugin, secrets })
}

/// The kubeconfig, several files joined, and how to call it in messages.
fn kubeconfig(login: &Login, variables: Variables<'_>) -> Result<(Kubeconfig, String), Failure> {
    if let Some(path) = &login.kubeconfig {
        let from = format!("`{}`", shown(path));
        let read = read(Path::new(path))?.ok_or_else(|| config(format!("there is no kubeconfig {from}")))?;
        return Ok((read, from));
    }
    let named = variables("KUBECONFIG").filter(|value| !value.is_empty());
    let (paths, from) = match &named {
        Some(value) => {
            let paths: Vec<PathBuf> = std::env::split_paths(value).filter(|p| !p.as_os_str().is_empty()).collect();
            let names: Vec<String> = paths.iter().map(|p| format!("`{}`", shown(&p.to_string_lossy()))).collect();
            (paths, names.join(", "))
        }
        None => {
            let home = variables("HOME").filter(|value| !value.is_empty());
            let home = home.ok_or_else(|| {
                config("neither `KUBECONFIG` nor `HOME` is set: name the kubeconfig with `--kubeconfig`".to_owned())
            })?;
            (vec![PathBuf::from(home).join(".kube/config")], "`~/.kube/config`".to_owned())
        }
    };
    let mut joined: Option<Kubeconfig> = None;
    for path in &paths {
        // As kubectl: a file of the list that is not there is skipped.
        let Some(next) = read(path)? else { continue };
        joined = Some(match joined {
            Some(before) => {
                before.merge(next).map_err(|e| config(format!("{from} cannot be joined: {}", chain(&e))))?
            }
            None => next,
        });
    }
    let none =
        || config(format!("there is no kubeconfig: looked at {from}; name it with `--kubeconfig` or `KUBECONFIG`"));
    Ok((joined.ok_or_else(none)?, from))
}

/// `None` where there is no such file.
fn read(path: &Path) -> Result<Option<Kubeconfig>, Failure> {
    let name = shown(&path.to_string_lossy());
    let at = match std::fs::metadata(path) {
        Ok(at) => at,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(config(format!("the kubeconfig `{name}` cannot be read: {e}"))),
    };
    if !at.is_file() || at.len() > LARGEST {
        return Err(config(format!("`{name}` is no kubeconfig: a file of at most {} MiB is", LARGEST / 1024 / 1024)));
    }
    Kubeconfig::read_from(path).map(Some).map_err(|e| match e {
        KubeconfigError::ReadConfig(e, _) => config(format!("the kubeconfig `{name}` cannot be read: {e}")),
        // What the parser says quotes the text, which is where the credentials are.
        KubeconfigError::Parse(e) => config(format!("`{name}` is no kubeconfig{}", place_in(&e.to_string()))),
        e => config(format!("the kubeconfig `{name}` cannot be used: {}", chain(&e))),
    })
}

/// `: line 3 column 5`, if a parser's words have it.
fn place_in(words: &str) -> String {
    let number = |after: &str| {
        let rest = words.split_once(after)?.1.trim_start_matches([' ', ':']);
        Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>()).filter(|n| !n.is_empty())
    };
    match number("line") {
        Some(line) => format!(": it cannot be read as one from line {line} on"),
        None => ": it cannot be read as one".to_owned(),
    }
}

/// That a context is there, with its cluster and user.
fn check(kubeconfig: &Kubeconfig, context: &str, from: &str) -> Result<(), Failure> {
    let found = kubeconfig.contexts.iter().find(|c| c.name == context).and_then(|c| c.context.as_ref());
    let Some(found) = found else {
        let names = kubeconfig.contexts.iter().map(|c| c.name.as_str());
        let hint = match nearest(context, names.clone()) {
            Some(near) => format!("; did you mean `{}`?", shown(near)),
            None => {
                let mut names: Vec<String> = names.map(|n| format!("`{}`", shown(n))).collect();
                names.sort_unstable();
                let more = names.len().saturating_sub(10);
                names.truncate(10);
                let and = if more > 0 { format!(" and {more} more") } else { String::new() };
                if names.is_empty() {
                    "; it has none".to_owned()
                } else {
                    format!("; it has {}{and}", names.join(", "))
                }
            }
        };
        return Err(config(format!("there is no context `{}` in {from}{hint}", shown(context))));
    };
    let missing = |what: &str, name: &str| {
        config(format!("context `{}` of {from} names the {what} `{}`, which is not there", shown(context), shown(name)))
    };
    if !kubeconfig.clusters.iter().any(|c| c.name == found.cluster && c.cluster.is_some()) {
        return Err(missing("cluster", &found.cluster));
    }
    match found.user.as_deref().filter(|name| !name.is_empty()) {
        Some(name) if !kubeconfig.auth_infos.iter().any(|u| u.name == name) => Err(missing("user", name)),
        _ => Ok(()),
    }
}

fn proxy_of(kubeconfig: &Kubeconfig, context: &str) -> Option<String> {
    let context = kubeconfig.contexts.iter().find(|c| c.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|c| c.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.clone().filter(|url| !url.is_empty())
}

pub(super) fn reached_directly(
    config: &Config,
    proxy: Option<&str>,
    https: bool,
    variables: Variables<'_>,
) -> Result<(), String> {
    if proxy.is_some() {
        return Err(
            "its cluster has a `proxy-url`, and Watershed does not speak through proxies: take a snapshot where the \
                    server can be reached, or forward a port and name that as `server`"
                .to_owned(),
        );
    }
    let host = config.cluster_url.host().unwrap_or_default();
    let var = |name: &str| variables(name).map(|value| value.to_string_lossy().into_owned());
    match proxy::demanded_by(https, host, var) {
        Some(name) => Err(format!(
            "`{name}` is set, and Watershed does not speak through proxies: if `{}` can be reached without, add it to `NO_PROXY`",
            shown(host)
        )),
        None => Ok(()),
    }
}

fn secrets(user: &AuthInfo) -> Vec<String> {
    let user = serde_json::to_value(user).unwrap_or_default();
    let names = ["password", "token", "client-key-data"];
    names.iter().filter_map(|name| user.get(name)?.as_str().map(str::to_owned)).collect()
}

pub(super) fn config(message: String) -> Failure {
    Failure::new(FailureKind::Config, message)
}

fn shown(name: &str) -> String {
    words::of_server(name, &[])
}

/// What an error and all it comes from say, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let words = error.to_string();
        if !out.contains(&words) {
            out.push_str(": ");
            out.push_str(&words);
        }
        next = error.source();
    }
    words::of_server(&out, &[])
}
