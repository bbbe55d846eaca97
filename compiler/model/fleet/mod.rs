//! The fleet, resolved: no unresolved name, no missing default; every value has an origin.
//!
//! What stays an `Option` here is absent by intent, or falls back to something only the plan knows
//! (an interval, to that of the Prometheus which scrapes it).

mod alertmanager;
mod cluster;
mod credentials;
mod job;
mod lane;
mod reader;
mod route;
mod store;

pub use alertmanager::{Alertmanager, Receiver};
pub use cluster::{
    Base, BaseKind, Cluster, ExporterDefaults, Fleet, Ignore, NetworkPolicies, Patch, Raw, Rbac, Relay, Resources,
    Scheduling, Toleration, Zone,
};
pub use credentials::{Auth, ClientCert, Credentials, SecretKey};
pub use job::{Class, Discover, DiscoverBy, ExporterSettings, Job, JobClass};
pub use lane::{AlsoSelect, Expose, ExposeBy, Lane, Query, Storage};
pub use reader::{Grafana, GrafanaBy, Readable, Reader, ReaderKind};
pub use route::{Destination, Line, Route};
pub use store::{Address, AddressBy, AddressExpose, Store, Tenant};
