//! `cluster` and `profile`: the two nearer places where settings stand.

use super::key::{count, join, key};
use super::settings::SETTINGS;
use crate::syntax::{Form::*, Key, Reference, Shape, Type};

pub static CLUSTER: Shape = Shape {
    name: "cluster",
    doc: "One Kubernetes cluster: facts about it, and settings for it alone.",
    argument: None,
    keys: &join::<{ count(&[ID, PROFILES, SETTINGS]) }>(&[ID, PROFILES, SETTINGS]),
};

pub static PROFILE: Shape = Shape {
    name: "profile",
    doc: "A bundle of settings for the clusters, and profiles, that name it.",
    argument: None,
    keys: &join::<{ count(&[PROFILES, SETTINGS]) }>(&[PROFILES, SETTINGS]),
};

const ID: &[Key] = &[key(
    "id",
    Scalar(Type::Id),
    "What the cluster's data is called: value of the identity label, folder of the output. Keeps the old name when a cluster is renamed.",
)
.default("the cluster's name")
.serves("A2")];

const PROFILES: &[Key] = &[key(
    "profile",
    List(Type::Ref(Reference::Profile)),
    "Profiles it takes settings from; the last named is the nearest.",
)
.serves("G6")
.native(&["profiles"])];
