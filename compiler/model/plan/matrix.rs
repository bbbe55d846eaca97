//! Where the series of a cluster go, for every class and every namespace that is answered differently.

use super::ClassRef;

/// Series that a route answers alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Name of the route.
    pub route: String,
    pub series: AnsweredSeries,
    /// Every series has exactly one of these: that of its namespace, or of its pod's labels where one fits.
    pub reaches: Vec<Reach>,
    /// Whether some other series of the route depend on their namespace.
    pub split: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnsweredSeries {
    /// What targets of these classes measure.
    pub measured: Vec<ClassRef>,
    /// Peaks recorded for these.
    pub peaks: Vec<ClassRef>,
    /// `up` and `scrape_*` of the targets of these classes.
    pub scrapes: Vec<ClassRef>,
    /// Recorded series and alerts without the labels of a job's target.
    pub of_no_job: bool,
}

/// Where series of some namespaces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    pub namespaces: Vec<InNamespace>,
    /// Labels of the pod a series is about, as they stand on it; empty: any.
    pub pod_labels: Vec<(String, String)>,
    /// Destinations; none: it stays in the cluster.
    pub to: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum InNamespace {
    /// Whatever namespace the series says, or none.
    Any,
    /// A name, or what names begin with and a `*`.
    Like(String),
    /// It is of no namespace.
    None,
    /// One that no line names.
    Other,
}
