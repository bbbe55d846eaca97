//! `fleet`, the one block of a spec that holds for every cluster, and what stands nowhere else.

use super::key::{count, join, key};
use super::settings::SETTINGS;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

pub static FLEET: Shape = Shape {
    name: "fleet",
    doc: "The fleet: its name, the version of the language, and the settings of every cluster.",
    argument: Some("name"),
    keys: &join::<{ count(&[FLEET_ONLY, SETTINGS]) }>(&[FLEET_ONLY, SETTINGS]),
};

const FLEET_ONLY: &[Key] = &[
    key("name", Scalar(Type::Name), "Folder of the output, and the fleet label on every object.").required(),
    key("language", Scalar(Type::Positive), "The version of the language the spec is written in.")
        .required()
        .serves("G5")
        .native(&["apiVersion"]),
    key(
        "identity",
        Scalar(Type::LabelName),
        "The external label that carries each cluster's `id` on every series; variable of dashboards, `by` of recording rules.",
    )
    .default("`\"cluster\"`")
    .serves("A2 P7")
    .native(&["clusterLabel", "cluster_label"]),
    key(
        "catalog",
        List(Type::Path),
        "Folders of templates, relative to the spec, that add or replace jobs, exporters, dashboards and rules.",
    )
    .serves("P2 P5"),
    key(
        "requires",
        Object(&REQUIRES),
        "A compiler outside these versions refuses the spec before anything else, so that two people with two versions do not rewrite each other's output.",
    )
    .serves("G6"),
    key("wave", Named(Type::Name, &WAVE), "A step of delivery: which clusters it takes, and after which others.")
        .default("one wave; control planes first, clusters in no wave last")
        .serves("A8")
        .not_yet("order the delivery of clusters, control planes first"),
    key("delivery", Repeated(&DELIVERY), "How the output reaches the clusters; each line makes a tree below `delivery/`.")
        .default("`kustomize`")
        .serves("A8")
        .not_yet("write a `delivery/` tree for Argo CD, Flux, Karmada or helmfile"),
];

static REQUIRES: Shape = Shape {
    name: "requires",
    doc: "The versions of compiler and catalog a spec is written for.",
    argument: Some("watershed"),
    keys: &[
        key("watershed", Scalar(Type::VersionRange), "Versions of the compiler, such as `\">=0.1, <0.2\"`."),
        key("catalog", Scalar(Type::Version), "The version of the catalog.")
            .not_yet("refuse a catalog of another version"),
    ],
};

static WAVE: Shape = Shape {
    name: "wave",
    doc: "One step of delivery.",
    argument: None,
    keys: &[
        key("from", List(Type::Selector), "The clusters delivered in this wave.").required(),
        key("after", List(Type::Ref(Reference::Wave)), "Waves that must be through before."),
    ],
};

static DELIVERY: Shape = Shape {
    name: "delivery",
    doc: "One way the output is applied.",
    argument: Some("by"),
    keys: &[
        key(
            "by",
            Scalar(Type::Enum(&["kustomize", "helmfile", "argocd", "flux", "karmada"])),
            "The tool that applies the output.",
        )
        .required(),
        key("repo", Scalar(Type::Text), "The repository the tool reads from.").native(&["repoURL", "url"]),
        key("path", Scalar(Type::Path), "Folder of the output in that repository."),
        key("revision", Scalar(Type::Text), "Branch or tag the tool follows.").native(&["targetRevision", "branch"]),
        key("namespace", Scalar(Type::KubeName), "Where the tool's own objects live."),
        key("context", Scalar(Type::Text), "kubeconfig context of the cluster the tool runs in."),
    ],
};
