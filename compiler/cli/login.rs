//! Options of the commands that talk to clusters.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::model::fleet::Cluster;
use crate::pipeline::Compiled;
use crate::world::server::{Failure, Login};
use crate::world::{Server, World};

/// How clusters are reached. Credentials come from the kubeconfig, never from the spec.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Clusters")]
pub struct LoginOptions {
    /// The kubeconfig context, where one cluster is asked; default: `context` of the spec, else the cluster's name.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig; default: KUBECONFIG, else ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// A credential plugin that may be run, by the name of its program; all others are refused.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    allow_exec: Vec<String>,
    /// How long a server may take for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_timeout: u64,
    /// How many clusters are asked at once.
    #[arg(long, value_name = "N", default_value_t = EIGHT)]
    parallel: NonZeroUsize,
}

const EIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

impl LoginOptions {
    pub fn parallel(&self) -> usize {
        self.parallel.get()
    }

    /// For one answer.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// What is wrong with them for so many clusters.
    pub fn complaint(&self, clusters: usize) -> Option<String> {
        let many = self.context.is_some() && clusters != 1;
        many.then(|| {
            format!(
                "--context names one context, and {clusters} clusters are asked.\n  \
                 help: name one cluster with --cluster, or say each cluster's `context` in the spec"
            )
        })
    }

    /// The context that a cluster is reached by.
    pub fn context_of(&self, cluster: &Cluster) -> String {
        let said = self.context.clone().or_else(|| cluster.context.as_ref().map(|c| c.value.clone()));
        said.unwrap_or_else(|| cluster.name.clone())
    }

    /// The server of a cluster.
    pub fn server(&self, world: &dyn World, cluster: &Cluster) -> Result<Arc<dyn Server>, Failure> {
        world.server(&Login {
            context: self.context_of(cluster),
            kubeconfig: self.kubeconfig.clone(),
            exec: self.allow_exec.clone(),
            timeout: self.timeout(),
        })
    }
}

/// How many clusters a command is about: those that are named, or the whole fleet.
pub fn clusters_asked(compiled: &Compiled, named: &[String]) -> usize {
    match (&compiled.fleet, named) {
        (Some(fleet), []) => fleet.clusters.len(),
        (_, some) => some.len(),
    }
}
