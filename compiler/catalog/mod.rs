//! The catalog: scrape jobs, their exporters, rule packs, dashboards and readers, as data.
//!
//! Entries are folders below `templates/`, embedded when the compiler is built; users add or
//! replace entries with folders of the same shape. The types here are the capabilities an entry
//! may use. No name of a job stands in this or any other module (a test holds that).

pub mod codes;
mod consistency;
mod dashboard;
mod decode;
mod discovery;
mod exporter;
pub mod fields;
mod input;
mod job;
mod load;
mod memo;
pub mod metrics;
mod pack;
mod parts;
mod settings;
mod show;
mod taken;
mod template;
#[cfg(test)]
mod tests;
mod version;

pub use consistency::Contradiction;
pub use dashboard::{Asked, Dashboard, Has, Panel, PanelKind, Target, Variable, reads as query_reads};
pub use discovery::{
    Access, Auth, Choice, Discovery, Endpoint, JobLabel, Namespaces, Port, Relabel, Scheme, Selector, Serves, Variant,
    When,
};
pub use exporter::{Component, Exporter, Image, Resources, VersionFault, WorkloadKind};
pub use input::{
    DashboardInput, ExporterInput, Held, PanelInput, PeaksInput, QueryInput, RelayQueue, RulesInput, Scraped,
    VariableInput,
};
pub use job::{
    Check, CheckWhen, Class, ClusterFacts, Counts, Job, Peak, Requires, Select, SeriesModel, Targets, Unmet,
    WorkloadNamespace,
};
pub use load::{Catalog, Kind, UserFile};
pub use memo::{Evaluated, Memo};
pub use pack::{NotYet, Notices, Reader, ReaderKind, Records, Rule, RulePack, Scope};
pub use parts::Parts;
pub use settings::{Setting, Settings};
pub use taken::{Owner, Taken};
pub use template::{Origins, Template};
pub use version::{Gate, Shut, Version, Versions};
