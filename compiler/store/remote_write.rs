//! Somebody else's store, of which nothing is known but that it takes Prometheus remote write.

use super::{Door, Late, Paths, Profile, Protocol, Replicas, Standing, StoreKind};
use crate::diag::{Origins, Sink};
use crate::model::plan::StorePlan;

pub struct RemoteWriteStore;

impl StoreKind for RemoteWriteStore {
    fn word(&self) -> &'static str {
        "remote-write"
    }

    fn profile(&self) -> Profile {
        Profile {
            late: Late::AsDeclared,
            replicas: Replicas::Unknown,
            protocol: Protocol::Prometheus,
            paths: Paths::InTheAddress,
        }
    }

    /// The address as it stands: only its owner knows the path.
    fn write_url(&self, door: &Door<'_>, _: u32) -> String {
        match door {
            Door::Address(url) => (*url).to_owned(),
            Door::Service { .. } => String::new(),
        }
    }

    fn read_url(&self, _: &Door<'_>, _: u32) -> Option<String> {
        None
    }

    fn plan(&self, _: &Standing<'_>, _: &mut Origins, _: &mut Sink) -> Option<StorePlan> {
        None
    }
}
