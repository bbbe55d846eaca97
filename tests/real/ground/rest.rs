//! The API server without a program for each question: `kubectl proxy` holds the connection and the credentials, and
//! everything is asked of it over plain HTTP. What controllers do many times a second is done this way; what Watershed's
//! user does is done with kubectl itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::http;
use super::volumes::text;
use super::{During, Outcome, Trouble};

const APPLY: &str = "application/apply-patch+yaml";

pub struct Rest {
    base: String,
    /// Known resources by the API version they are in.
    known: Mutex<BTreeMap<String, Vec<Resource>>>,
}

#[derive(Debug, Clone)]
struct Resource {
    kind: String,
    plural: String,
    namespaced: bool,
}

impl Rest {
    /// Of what `kubectl proxy` serves at `base`.
    pub fn new(base: String) -> Self {
        Self { base, known: Mutex::default() }
    }

    /// Where it is served.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Applies an object for `owner`; its status only, where `part` is `/status`.
    ///
    /// # Errors
    /// The API server refuses it.
    pub fn put(&self, object: &Value, owner: &str, part: &str) -> Outcome<Value> {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        let namespace = text(object, "/metadata/namespace");
        let path = format!("{}{part}", self.place(object)?);
        let url = http::with_query(&path, &[("fieldManager", owner), ("force", "true"), ("fieldValidation", "Strict")]);
        let said = http::patch(&url, APPLY, object.to_string().as_bytes());
        let said = said.map_err(|e| e.during(format!("{kind} {namespace}/{name}")))?;
        serde_json::from_str(&said).during(url)
    }

    /// Puts an object in the place of the one that is there, as `owner`, who does not apply it. What the API server makes
    /// of it, or, where it refuses it, its answer.
    ///
    /// # Errors
    /// The API server could not be asked.
    pub fn replace(&self, object: &Value, owner: &str) -> Outcome<Result<Value, Value>> {
        let query = [("fieldManager", owner), ("fieldValidation", "Strict")];
        let url = http::with_query(&self.place(object)?, &query);
        let (status, said) = http::send(http::Method::PUT, &url, &object.to_string())?;
        let said: Value = serde_json::from_str(&said).during(url)?;
        Ok(if status < 300 { Ok(said) } else { Err(said) })
    }

    /// An object as it is now.
    ///
    /// # Errors
    /// The API server could not be asked; an object that does not exist is none.
    pub fn read(&self, object: &Value) -> Outcome<Option<Value>> {
        let url = self.place(object)?;
        http::get_if_there(&url)?.map(|said| serde_json::from_str(&said).during(url)).transpose()
    }

    /// Asks for so many of a workload as autoscalers do: through `scale`. `what` is `deployments/NAME`.
    ///
    /// # Errors
    /// The API server refuses it.
    pub fn scale(&self, version: &str, namespace: &str, what: &str, replicas: u32, owner: &str) -> Outcome<()> {
        let path = format!("{}/namespaces/{namespace}/{what}/scale", self.root(version));
        let url = http::with_query(&path, &[("fieldManager", owner)]);
        let wanted = json!({"spec": {"replicas": replicas}}).to_string();
        http::patch(&url, "application/merge-patch+json", wanted.as_bytes()).map(drop)
    }

    /// Deletes an object that waits for nobody.
    ///
    /// # Errors
    /// The API server does not.
    pub fn delete(&self, object: &Value) -> Outcome<()> {
        let url = self.place(object)?;
        match http::send(http::Method::DELETE, &url, r#"{"gracePeriodSeconds":0}"#)? {
            (200..300 | 404, _) => Ok(()),
            (status, said) => Err(Trouble::new(format!("DELETE {url} answers {status}")).said(said)),
        }
    }

    /// Where an object is.
    fn place(&self, object: &Value) -> Outcome<String> {
        let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
        let (name, namespace) = (text(object, "/metadata/name"), text(object, "/metadata/namespace"));
        let resource = self.resource(version, |r| r.kind == kind)?;
        let resource = resource.ok_or_else(|| Trouble::new(format!("the API server has no {kind} in {version}")))?;
        Ok(format!("{}/{name}", self.path(version, &resource, namespace)))
    }

    /// # Errors
    /// The API server does not know the resource; an object that does not exist is none.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Outcome<Option<Value>> {
        let (version, resource) = self.named(resource)?;
        let url = format!("{}/{name}", self.path(&version, &resource, namespace));
        match http::get_if_there(&url)? {
            Some(said) => serde_json::from_str(&said).map(Some).during(url),
            None => Ok(None),
        }
    }

    /// All objects of a resource, e.g. `services` or `prometheuses.monitoring.coreos.com`, everywhere.
    ///
    /// # Errors
    /// The API server does not know the resource.
    pub fn list(&self, resource: &str) -> Outcome<Vec<Value>> {
        let (version, resource) = self.named(resource)?;
        let mut answer = http::get_json(&self.path(&version, &resource, ""))?;
        let Some(Value::Array(mut items)) = answer.get_mut("items").map(Value::take) else { return Ok(Vec::new()) };
        for item in &mut items {
            // A list says it once for all of them.
            item["apiVersion"] = json!(version);
            item["kind"] = json!(resource.kind);
        }
        Ok(items)
    }

    /// A token of a service account; `request` is the `spec` of a TokenRequest.
    ///
    /// # Errors
    /// No such service account.
    pub fn token(&self, namespace: &str, account: &str, request: &Value) -> Outcome<String> {
        let url = format!("{}/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", self.base);
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": request});
        let answer = http::post_json(&url, &body)?;
        Ok(text(&answer, "/status/token").to_owned())
    }

    /// What the API server says of a token, and of whether its owner may read a path that is no resource's: 200, 401 or
    /// 403.
    ///
    /// # Errors
    /// The API server could not be asked.
    pub fn may_read(&self, token: &str, path: &str) -> Outcome<u16> {
        let ask = |group: &str, plural: &str, kind: &str, spec: &Value| {
            let version = format!("{group}.k8s.io/v1");
            let body = json!({"apiVersion": version, "kind": kind, "spec": spec});
            http::post_json(&format!("{}/apis/{version}/{plural}", self.base), &body)
        };
        let who = ask("authentication", "tokenreviews", "TokenReview", &json!({"token": token}))?;
        if who["status"]["authenticated"] != true {
            return Ok(401);
        }
        let user = &who["status"]["user"];
        let wants = json!({
            "user": user["username"], "groups": user["groups"], "uid": user["uid"],
            "nonResourceAttributes": {"path": path, "verb": "get"},
        });
        let may = ask("authorization", "subjectaccessreviews", "SubjectAccessReview", &wants)?;
        Ok(if may["status"]["allowed"] == true { 200 } else { 403 })
    }

    /// The resource that kubectl would find under `PLURAL` or `PLURAL.GROUP`, with its API version.
    fn named(&self, resource: &str) -> Outcome<(String, Resource)> {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let version = match group {
            "" => "v1".to_owned(),
            _ => {
                let answer = http::get_json(&format!("{}/apis/{group}", self.base))?;
                text(&answer, "/preferredVersion/groupVersion").to_owned()
            }
        };
        // Not every resource of a group is in its preferred version.
        let mut versions = vec![version];
        if group == "monitoring.coreos.com" {
            versions.push(format!("{group}/v1alpha1"));
        }
        for version in versions {
            if let Some(found) = self.resource(&version, |r| r.plural == plural)? {
                return Ok((version, found));
            }
        }
        Err(Trouble::new(format!("the API server has no {resource}")))
    }

    fn resource(&self, version: &str, is: impl Fn(&Resource) -> bool) -> Outcome<Option<Resource>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(version).and_then(|all| all.iter().find(|&r| is(r))) {
            return Ok(Some(found.clone()));
        }
        // New definitions may have come since.
        let Some(said) = http::get_if_there(&self.root(version))? else { return Ok(None) };
        let answer: Value = serde_json::from_str(&said).during(version)?;
        let listed = answer["resources"].as_array().into_iter().flatten();
        let all: Vec<_> = listed
            .map(|r| Resource {
                kind: text(r, "/kind").to_owned(),
                plural: text(r, "/name").to_owned(),
                namespaced: r["namespaced"] == json!(true),
            })
            .filter(|r| !r.plural.contains('/'))
            .collect();
        let found = all.iter().find(|&r| is(r)).cloned();
        known.insert(version.to_owned(), all);
        Ok(found)
    }

    fn path(&self, version: &str, resource: &Resource, namespace: &str) -> String {
        let root = self.root(version);
        match namespace {
            "" => format!("{root}/{}", resource.plural),
            _ if !resource.namespaced => format!("{root}/{}", resource.plural),
            _ => format!("{root}/namespaces/{namespace}/{}", resource.plural),
        }
    }

    fn root(&self, version: &str) -> String {
        let prefix = if version.contains('/') { "apis" } else { "api" };
        format!("{}/{prefix}/{version}", self.base)
    }
}
