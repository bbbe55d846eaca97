//! The decisions. `plan/` makes them, `lint/`, `emit/` and `report/` read them; after this nothing
//! chooses any more.

mod alerting;
mod cluster;
mod exporter;
mod lane;
mod matrix;
mod monitor;
mod network;
mod reader;
mod relay;
mod store;
mod workload;

pub use alerting::{AlertService, AlertTarget, AlertmanagerPlan, Host, ReceiverField, ReceiverPlan};
pub use cluster::{ClusterPlan, FleetPlan, Flow, SecretUse, Send, StoreLoad, Summary};
pub use exporter::ExporterPlan;
pub use lane::{Access, ClassRef, Exposure, LanePlan, PeaksPlan, PodLabel, RemoteWrite, RulePlan, Watches};
pub use matrix::{Answered, AnsweredSeries, InNamespace, Reach};
pub use monitor::{AddressGroup, Endpoint, Monitor, MonitorKind, ProbePlan, ScrapeAuth, StaticService, Verify};
pub use network::{Admitted, Edge, Peer, Policy};
pub use reader::{Answers, DashboardPlan, DataSource, PanelPlan, ReaderPlan, TargetPlan};
pub use relay::{RelayPlan, RelayScrape, RelayUrl};
pub use store::{
    DoorHost, DoorIngress, DoorService, DoorUser, Notifier, Outside, StorePlan, StoreRulesPlan, UserNames,
};
pub use workload::Workload;
