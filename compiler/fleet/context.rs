//! What every part of resolving needs: the catalog, the names, and the reader of values.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::merge::{Block, Value};
use super::names::Names;
use super::read::Read;
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Span};
use crate::model::fleet::Job;

/// A job that differs in every cluster is not compared with all of them.
const LOOKED_AT: usize = 8;

#[derive(Debug)]
pub struct Context<'a, 'd> {
    pub catalog: &'a Catalog,
    pub names: &'a Names<'d>,
    pub read: Read<'a>,
    /// Jobs of the clusters so far, by name, each different one once.
    jobs: BTreeMap<String, Vec<Arc<Job>>>,
}

impl<'a, 'd> Context<'a, 'd> {
    pub fn new(catalog: &'a Catalog, names: &'a Names<'d>, read: Read<'a>) -> Self {
        Context { catalog, names, read, jobs: BTreeMap::new() }
    }

    /// The job as another cluster has it, or this one.
    pub fn shared(&mut self, job: Job) -> Arc<Job> {
        let known = self.jobs.entry(job.name.clone()).or_default();
        // The latest first: neighbours in a spec are often alike.
        if let Some(same) = known.iter().rev().take(LOOKED_AT).find(|k| ***k == job) {
            return Arc::clone(same);
        }
        let job = Arc::new(job);
        known.push(Arc::clone(&job));
        job
    }

    /// Whether any level says a key, rightly or wrongly.
    pub fn said(&self, block: &Block<'_>, key: &str) -> bool {
        block.entry(key).is_some_and(|e| !matches!(e.value, Value::Dropped))
    }

    /// Reports a key that is required and that no level says. `of` is what lacks it.
    pub fn require(&mut self, block: &Block<'_>, key: &str, at: Span, of: &str, example: &str) {
        use super::codes::MISSING;

        if self.said(block, key) {
            return;
        }
        let mut found = Diagnostic::new(&MISSING, at, format!("{of} does not say `{key}`"))
            .help(format!("say it here, in a profile it names, or in `fleet` for all: `{example}`"));
        if let Some((level, node)) = block.entry(key).and_then(|e| e.said.last()) {
            found = found.label(node.span, format!("{} takes the inherited value back here", level.quoted()));
        }
        self.read.report_each(found);
    }
}
