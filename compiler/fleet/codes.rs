//! Faults of reference: names, inheritance, and what blocks must say together.

use crate::diag::{Code, Stage};

const fn error(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::error(id, Stage::Fleet, title, why, help)
}

const fn warning(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::warning(id, Stage::Fleet, title, why, help)
}

pub static UNDEFINED: Code = error(
    "REF101",
    "a name that nothing declares",
    "a name that leads nowhere would silently collect, send or tell nothing",
    "declare it, or write the name of something that is declared",
);

pub static SAME_IDENTITY: Code = error(
    "REF102",
    "two things with one identity",
    "the identity is on every series and is a folder of the output: two clusters that share it mix their series for good, and no query tells them apart again",
    "give one of them an `id` of its own; letter case does not tell them apart, for ids are folders too",
);

pub static PROFILE_CYCLE: Code = error(
    "REF103",
    "profiles that name each other in a circle",
    "no level would be the nearer one, so no setting in them would have one value",
    "take one of the names out; settings both need belong in a profile that both name",
);

pub static SAID_TWICE: Code = warning(
    "REF104",
    "a value that is inherited anyway",
    "it changes nothing today, and it will hold the old value back when the inherited one is changed",
    "take this value out (what else stands on the line may stay), or `allow` it with the reason why it must not follow",
);

pub static SELECTS_NOTHING: Code = error(
    "REF105",
    "a selector that matches no cluster",
    "clusters someone meant to select would send nothing, and nobody would be told",
    "write a cluster's name, a pattern such as `edge-*`, or a label such as `tier=gpu` that some cluster has",
);

pub static MISSING: Code = error(
    "REF106",
    "a required setting that no level gives",
    "there is no value that would be right for every cluster, so none is assumed",
    "say it here, in a profile it names, or in `fleet` for all",
);

pub static VERSION: Code = error(
    "REF107",
    "a version the catalog does not know",
    "every field and flag is checked against the declared version; with a version nobody has checked, settings would be dropped by the cluster without a word",
    "declare a version the catalog knows",
);

pub static TWO_OWNERS: Code = error(
    "REF108",
    "a job or class that two Prometheis own",
    "each would scrape and send it: twice the load, and two copies of each series at the store",
    "leave it in one list; a second Prometheus may scrape it for local use with `also-scrapes`",
);

pub static NO_OWNER: Code = error(
    "REF109",
    "a named job that no Prometheus takes",
    "somebody wrote it down and relies on it, but it would not be scraped",
    "put it into the `jobs` of a Prometheus, or give one of them `rest`",
);

pub static TWO_RESTS: Code = error(
    "REF110",
    "two Prometheis that take the rest",
    "each would scrape every job that no list names",
    "leave `rest` on one of them",
);

pub static CUSTOM_JOB: Code = error(
    "REF111",
    "a job of your own that does not say how it is found",
    "the catalog has no entry of this name, so nothing tells where its targets are",
    "say `discover`, for example `discover \"service\" namespace=\"apps\" port=\"metrics\" { labels app=\"…\" }`",
);

pub static CUSTOM_CLASS: Code = error(
    "REF112",
    "a class that does not say what it is made of",
    "the catalog has no class of this name, so nothing tells which series are in it",
    "say `collectors` (for an exporter that can be asked for parts) or `metrics`",
);

pub static VERSION_GATE: Code = error(
    "REF113",
    "a part of a job that the declared version does not have",
    "the exporter would refuse the request or serve nothing, and the target would be down for ever",
    "raise the version, or take it out on this cluster with `disabled`",
);

pub static LANE_IS_STORE: Code = error(
    "REF114",
    "a Prometheus and a store with one name",
    "`reads` names both kinds, so a reader could not say which of them it means",
    "rename one of them",
);

pub static IDENTITY_LABEL: Code = error(
    "REF115",
    "the identity label among the external labels",
    "the identity label is made from `id`; a second value would split the cluster's series in two",
    "take it out, and set `id` on the cluster if its data has another name",
);

pub static TWO_ROUTES: Code = error(
    "REF116",
    "a Prometheus in two routes",
    "a route is the complete answer to where its series go; with two, each series would be claimed twice",
    "take the cluster out of one of them with `!name`, or give each route the Prometheis it is for",
);

pub static PARTITION: Code = error(
    "REF117",
    "a route that leaves a series open or claims it twice",
    "every series must have exactly one line, or some would be lost and others sent where they do not belong",
    "",
);

pub static NO_SHARED: Code = error(
    "REF118",
    "a route by namespace that says nothing about the other series",
    "node, GPU and control-plane series have no namespace, and new namespaces appear every day: unsaid, they would be lost or leak to a tenant",
    "",
);

pub static NAMESPACE_TWICE: Code = error(
    "REF119",
    "a namespace that two lines of a route claim",
    "its series would go to whichever line is asked first; which tenant sees them must not depend on order",
    "keep it in one line; what belongs to two stores is one line with both: `to \"a\" \"b\" namespaces=…`",
);

pub static NO_ROUTE: Code = warning(
    "REF120",
    "a cluster that sends nothing",
    "its series stay in its own Prometheis: no store keeps them, and they go with the cluster's disks",
    "select it in the `from` of a route, or `allow` this in its block",
);

pub static NO_ZONE: Code = error(
    "REF121",
    "a cluster without a zone that has to reach a store or alertmanager elsewhere",
    "the zone decides which address is taken; without it there is no way to choose",
    "say `zone` in the cluster, in a profile it names, or in `fleet`",
);

pub static NO_WAY: Code = error(
    "REF122",
    "no way from a cluster to a store or alertmanager",
    "the cluster's series would never arrive",
    "add the zone to an address that is reachable from it, or give the store an address without `zones`, with https and credentials",
);

pub static TWO_WAYS: Code = error(
    "REF123",
    "two addresses for one way",
    "which of them is taken would depend on chance, and the queues on disk belong to the address",
    "leave each zone with one address, or choose with `via`",
);

pub static OPEN_ADDRESS: Code = error(
    "REF124",
    "an address open to anybody",
    "an address without `zones` is reached from anywhere: without TLS and credentials everybody on the way can read and write the fleet's metrics",
    "",
);

pub static CLUSTER_DNS: Code = error(
    "REF125",
    "an in-cluster name as an address for other clusters",
    "names of Services resolve inside their own cluster only: elsewhere they resolve to nothing, or to another cluster's Service of that name",
    "write the address that is reachable from outside; the store's own cluster uses the Service by itself",
);

pub static STORE_REPLICAS: Code = error(
    "REF128",
    "too few storage replicas for the replication",
    "with fewer than 2 × replication − 1 storage nodes one of them going down stops ingestion or loses the copies that replication promises",
    "raise `replicas storage=`, or lower `replication`",
);

pub static NAME_TOO_LONG: Code = error(
    "REF129",
    "a name that makes another one too long",
    "Kubernetes refuses the object, or a chart cuts the name off and two objects meet under one name",
    "shorten it",
);

pub static DISABLES_NOTHING: Code = error(
    "REF131",
    "`disabled` on something that is not inherited",
    "what was meant to be taken out stays, under the name it really has",
    "write the name of something that is inherited, or take the block out",
);

pub static ALLOW_EXPIRED: Code = warning(
    "REF132",
    "an `allow` that no longer holds",
    "its day has passed, so what it allowed is reported again",
    "mend what it allowed and take it out, or give it a later `until`",
);

pub static NOT_ALLOWABLE: Code = error(
    "REF133",
    "an `allow` for a fault that cannot be allowed",
    "faults of form and reference leave no output that could be right",
    "mend what the rule found, and take this out",
);

pub static NOT_COMPILED: Code = error(
    "REF134",
    "not compiled yet",
    "it is part of the language, but nothing is made for it yet; passed over silently it would be missed when it is needed",
    "take it out until it is compiled",
);

pub static DESTINATION: Code = error(
    "REF136",
    "a list of destinations that contradicts itself",
    "the same sample would be written twice to one place, or both sent and kept at home",
    "name each destination once, and `none` alone",
);

pub static NO_PATH: Code = Code::error(
    "REF137",
    Stage::Usage,
    "a path that leads nowhere",
    "a path names blocks and keys of the spec, from the top",
    "write a path such as `cluster[edge-1].job[node-exporter].interval`",
);

pub static ADDRESS_PATH: Code = error(
    "REF138",
    "an address with the path of a request",
    "the path would stand there twice: the store answers 400, and a relay drops what is answered 400",
    "write the base URL; the paths are the kind's business",
);

pub static ADDRESS_WITHOUT_PATH: Code = error(
    "REF139",
    "an address without the path of its requests",
    "of this kind nothing is known but that it takes remote write: samples are posted to the URL as it stands, and `/` answers \
     404, which drops them",
    "write the whole URL, as its owner gives it: `https://metrics.example.com/api/v1/write`, `…/api/v1/push`",
);

pub static IGNORE_EXPIRED: Code = warning(
    "REF140",
    "an `ignore` that no longer holds",
    "its day has passed, so that what it left out of `diff --against live` is told again",
    "mend what it left out and take it away, or give it a later `until`",
);

pub static PRIVATE_JOB: Code = error(
    "REF150",
    "a private job without `discover`",
    "it is somewhere else in every fleet, and a guessed port or label would be a target that is never found, without an error",
    "say `discover` in the job: how it is found, its namespace, port and labels",
);

pub static RECEIVER: Code = error(
    "REF161",
    "a key that this kind of receiver does not have",
    "whoever wrote it expects alerts somewhere they would never arrive",
    "take it out, or write the kind of receiver it belongs to",
);

pub static RECEIVER_VALUE: Code = error(
    "REF162",
    "a setting of a receiver that the operator or Alertmanager does not take",
    "the operator refuses the whole configuration for one such value, or Alertmanager each message to this receiver: nobody is told",
    "",
);

pub static TOLD_TWICE: Code = warning(
    "REF163",
    "an Alertmanager that is named twice in one list",
    "every alert would be sent to it twice; it is told once",
    "take the second one out; was another one meant?",
);

pub static DEAD_UNOWNED: Code = warning(
    "REF126",
    "an `unowned` that is never asked",
    "a line for all namespaces takes every one, new ones too: whoever reads `unowned` counts on it for those that nobody named",
    "say in `unowned` what that line says, so that both read alike; or name the namespaces in the line, or how they begin",
);

pub static IDLE_COPY: Code = error(
    "REF180",
    "a copy that adds nothing",
    "whoever reads it counts on a second copy, and there is one copy, or none",
    "name a store that the `to` lines do not send these series to, or take the `copy` out",
);

pub static MANAGED: Code = error(
    "REF151",
    "a job of the control plane, asked for where the provider runs it",
    "nobody but the provider reaches it: its target would be down for ever, or never be found",
    "take the job out, or say `disabled` for it; if the control plane is your own, take `managed-control-plane` out",
);

pub static NOT_THERE: Code = warning(
    "REF152",
    "a job that is asked for and cannot be had",
    "it is not scraped, and whoever asked for it will miss it when it is needed",
    "take it out where the cluster cannot have it, or change what keeps it away",
);

pub static NOT_EVERYWHERE: Code = Code::info(
    "REF153",
    Stage::Fleet,
    "a job that not every cluster it is named for has",
    "it is scraped on the others; on those that lack it, the README lists it under `Not collected`",
    "nothing has to be done if that is meant; `job \"…\" disabled=#true` in a cluster or profile says so",
);

pub static NOT_OURS: Code = error(
    "REF181",
    "an address of somebody else that is to be exposed",
    "what makes an address reachable is made beside what it leads to, and that is not run by this fleet",
    "take `expose` out: whoever runs it sees to its address; or say `expose \"elsewhere\"`",
);

pub static ALL: &[&Code] = &[
    &UNDEFINED,
    &SAME_IDENTITY,
    &PROFILE_CYCLE,
    &SAID_TWICE,
    &SELECTS_NOTHING,
    &MISSING,
    &VERSION,
    &TWO_OWNERS,
    &NO_OWNER,
    &TWO_RESTS,
    &CUSTOM_JOB,
    &CUSTOM_CLASS,
    &VERSION_GATE,
    &LANE_IS_STORE,
    &IDENTITY_LABEL,
    &TWO_ROUTES,
    &PARTITION,
    &NO_SHARED,
    &NAMESPACE_TWICE,
    &NO_ROUTE,
    &NO_ZONE,
    &NO_WAY,
    &TWO_WAYS,
    &OPEN_ADDRESS,
    &CLUSTER_DNS,
    &DEAD_UNOWNED,
    &STORE_REPLICAS,
    &NAME_TOO_LONG,
    &DISABLES_NOTHING,
    &ALLOW_EXPIRED,
    &NOT_ALLOWABLE,
    &NOT_COMPILED,
    &DESTINATION,
    &NO_PATH,
    &ADDRESS_PATH,
    &ADDRESS_WITHOUT_PATH,
    &IGNORE_EXPIRED,
    &PRIVATE_JOB,
    &MANAGED,
    &NOT_THERE,
    &NOT_EVERYWHERE,
    &RECEIVER,
    &RECEIVER_VALUE,
    &TOLD_TWICE,
    &IDLE_COPY,
    &NOT_OURS,
];
