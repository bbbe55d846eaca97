//! From merged blocks to typed values with origins.
//!
//! `spec::check` has reported every value of the wrong form; here such a value counts as not said,
//! so that one mistake is one finding.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::Block;
use crate::diag::{Diagnostic, Origin, Origins, Sink, Sourced, Span, Why};
use crate::model::fleet::{Auth, ClientCert, Credentials, JobClass, Resources, SecretKey};
use crate::model::value::{Bytes, Duration, Rate};
use crate::syntax::{Scalar, Spanned};

/// Origins, interned, and findings, each place once: a line of the fleet block is read again for
/// each of a thousand clusters.
#[derive(Debug)]
pub struct Read<'a> {
    origins: Origins,
    spans: BTreeMap<Span, Origin>,
    defaults: BTreeMap<&'static str, Origin>,
    derived: BTreeMap<(&'static str, Vec<Origin>), Origin>,
    reported: BTreeSet<(Span, &'static str, String)>,
    sink: &'a mut Sink,
}

impl<'a> Read<'a> {
    pub fn new(sink: &'a mut Sink) -> Self {
        Read {
            origins: Origins::default(),
            spans: BTreeMap::new(),
            defaults: BTreeMap::new(),
            derived: BTreeMap::new(),
            reported: BTreeSet::new(),
            sink,
        }
    }

    pub fn into_origins(self) -> Origins {
        self.origins
    }

    /// Reports a finding, unless the same code was found at the same place before: with another
    /// cluster in its words it is still the same.
    pub fn report(&mut self, found: Diagnostic) {
        self.report_as(String::new(), found);
    }

    /// Reports a finding, unless the same words were said of the same place before: several things
    /// may be missing in one block.
    pub fn report_each(&mut self, found: Diagnostic) {
        self.report_as(found.what.clone(), found);
    }

    /// Reports a finding about `subject`, unless the same code was found at the same place about it
    /// before.
    pub fn report_as(&mut self, subject: String, found: Diagnostic) {
        if self.reported.insert((found.at, found.code.id, subject)) {
            self.sink.push(found);
        }
    }

    /// The nearest line of the spec behind an origin.
    pub fn span(&self, origin: Origin) -> Span {
        self.origins.span(&self.origins, origin)
    }

    pub fn spec(&mut self, span: Span) -> Origin {
        *self.spans.entry(span).or_insert_with(|| self.origins.spec(span))
    }

    pub fn default_origin(&mut self, text: &'static str) -> Origin {
        *self.defaults.entry(text).or_insert_with(|| self.origins.add(Why::Default(text)))
    }

    pub fn derived(&mut self, reason: &'static str, from: Vec<Origin>) -> Origin {
        *self.derived.entry((reason, from.clone())).or_insert_with(|| self.origins.add(Why::Derived { reason, from }))
    }

    pub fn default<T>(&mut self, value: T, text: &'static str) -> Sourced<T> {
        Sourced::new(value, self.default_origin(text))
    }

    pub fn sourced<T>(&mut self, value: T, span: Span) -> Sourced<T> {
        Sourced::new(value, self.spec(span))
    }

    fn scalar<T>(&mut self, block: &Block<'_>, key: &str, read: impl Fn(&Scalar) -> Option<T>) -> Option<Sourced<T>> {
        let said = block.scalar(key)?;
        let value = read(&said.value)?;
        Some(self.sourced(value, said.span))
    }

    pub fn text(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<String>> {
        self.scalar(block, key, |s| s.as_str().map(str::to_owned))
    }

    pub fn text_or(&mut self, block: &Block<'_>, key: &str, default: &str) -> Sourced<String> {
        match self.text(block, key) {
            Some(text) => text,
            None => self.default(default.to_owned(), LANGUAGE),
        }
    }

    /// A text, or a number as it would be written: ports.
    pub fn plain(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<String>> {
        self.scalar(block, key, plain)
    }

    pub fn count<N: TryFrom<i128>>(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<N>> {
        self.scalar(block, key, |s| s.as_int().and_then(|i| N::try_from(i).ok()))
    }

    pub fn count_or<N: TryFrom<i128>>(&mut self, block: &Block<'_>, key: &str, default: N) -> Sourced<N> {
        match self.count(block, key) {
            Some(count) => count,
            None => self.default(default, LANGUAGE),
        }
    }

    pub fn flag(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<bool>> {
        self.scalar(block, key, Scalar::as_bool)
    }

    pub fn flag_or_unset(&mut self, block: &Block<'_>, key: &str) -> Sourced<bool> {
        match self.flag(block, key) {
            Some(flag) => flag,
            None => self.default(false, LANGUAGE),
        }
    }

    pub fn duration(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<Duration>> {
        self.scalar(block, key, |s| Duration::parse(s.as_str()?).ok())
    }

    pub fn size(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<Bytes>> {
        self.scalar(block, key, |s| Bytes::parse(s.as_str()?).ok())
    }

    pub fn rate(&mut self, block: &Block<'_>, key: &str) -> Option<Sourced<Rate>> {
        self.scalar(block, key, |s| Rate::parse(s.as_str()?).ok())
    }

    pub fn texts(&mut self, block: &Block<'_>, key: &str) -> Vec<Sourced<String>> {
        block.texts(key).map(|(text, span)| self.sourced(text.to_owned(), span)).collect()
    }

    pub fn texts_if_said(&mut self, block: &Block<'_>, key: &str) -> Option<Vec<Sourced<String>>> {
        block.list(key).map(|_| self.texts(block, key))
    }

    /// `job` or `job/class`.
    pub fn job_classes(&mut self, block: &Block<'_>, key: &str) -> Vec<Sourced<JobClass>> {
        block.texts(key).map(|(text, span)| self.sourced(job_class(text), span)).collect()
    }

    pub fn map(&mut self, block: &Block<'_>, key: &str) -> BTreeMap<String, Sourced<String>> {
        let items: Vec<(&Spanned<String>, &Spanned<Scalar>)> = block.map(key).collect();
        items
            .into_iter()
            .filter_map(|(k, v)| Some((k.value.clone(), self.sourced(plain(&v.value)?, k.span.to(v.span)))))
            .collect()
    }

    /// `cpu` and `memory` below a key.
    pub fn resources(&mut self, block: &Block<'_>, key: &str) -> Resources {
        let Some(block) = block.object(key) else { return Resources::new() };
        ["cpu", "memory"].into_iter().filter_map(|k| Some((k.to_owned(), self.plain(block, k)?))).collect()
    }

    /// The credentials a block names, nothing inherited from elsewhere.
    pub fn credentials(&mut self, block: &Block<'_>) -> Credentials {
        let basic = block.object("basic-auth").and_then(|b| {
            Some(Auth::Basic {
                secret: self.text(b, "secret")?,
                username_key: key_of(b, "username-key", "username"),
                password_key: key_of(b, "password-key", "password"),
            })
        });
        let bearer = block.object("bearer").and_then(|b| {
            Some(Auth::Bearer(SecretKey { secret: self.text(b, "secret")?, key: key_of(b, "key", "token") }))
        });
        Credentials {
            auth: basic.or(bearer),
            ca: block
                .object("ca")
                .and_then(|b| Some(SecretKey { secret: self.text(b, "secret")?, key: key_of(b, "key", "ca.crt") })),
            client_cert: block.object("client-cert").and_then(|b| {
                Some(ClientCert {
                    secret: self.text(b, "secret")?,
                    cert_key: key_of(b, "cert-key", "tls.crt"),
                    key_key: key_of(b, "key-key", "tls.key"),
                })
            }),
            server_name: self.text(block, "server-name"),
        }
    }
}

/// What a default of the language is called.
pub const LANGUAGE: &str = "language default";

/// Each part of `own` that is not said falls back to the same part of `outer`.
pub fn credentials_or(own: Credentials, outer: &Credentials) -> Credentials {
    Credentials {
        auth: own.auth.or_else(|| outer.auth.clone()),
        ca: own.ca.or_else(|| outer.ca.clone()),
        client_cert: own.client_cert.or_else(|| outer.client_cert.clone()),
        server_name: own.server_name.or_else(|| outer.server_name.clone()),
    }
}

pub fn job_class(text: &str) -> JobClass {
    match text.split_once('/') {
        Some((job, class)) => JobClass { job: job.to_owned(), class: Some(class.to_owned()) },
        None => JobClass { job: text.to_owned(), class: None },
    }
}

fn key_of(block: &Block<'_>, key: &str, default: &str) -> String {
    block.scalar(key).and_then(|s| s.value.as_str()).unwrap_or(default).to_owned()
}

fn plain(scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Null => None,
        Scalar::Bool(b) => Some(b.to_string()),
        Scalar::Int(i) => Some(i.to_string()),
        Scalar::Float(f) => Some(f.to_string()),
        Scalar::Str(s) => Some(s.clone()),
    }
}
