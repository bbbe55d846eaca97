//! Faults that only the plan can see: what was decided does not work together.

use crate::diag::{Code, Stage};

const fn error(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::error(id, Stage::Plan, title, why, help)
}

const fn warning(id: &'static str, title: &'static str, why: &'static str, help: &'static str) -> Code {
    Code::warning(id, Stage::Plan, title, why, help)
}

pub static TIMEOUT: Code = error(
    "PLN101",
    "a scrape timeout longer than its interval",
    "Prometheus refuses the whole configuration, so the last good one stays and no later change arrives",
    "lower `timeout`, or take it out: unset it is 10s or the interval, whichever is shorter",
);

pub static NOT_RUNNING: Code = error(
    "PLN102",
    "a class made of collectors the exporter does not run",
    "asking an exporter for a collector it does not run is answered with HTTP 400: the whole target would be down for good",
    "switch the collector on where the exporter runs, let Watershed run it with `exporter \"watershed\"`, or take it out of the class",
);

pub static COLLECTOR_TWICE: Code = error(
    "PLN103",
    "two classes of one job with the same collector",
    "both would scrape the same series at different intervals under different labels, and every sum over the job would count them twice",
    "leave the collector in one of the classes",
);

pub static ALREADY_OWNED: Code = warning(
    "PLN104",
    "an `also-scrapes` for what this Prometheus owns anyway",
    "it changes nothing; whoever wrote it expected a second copy somewhere else",
    "take it out, or write it in the Prometheus that does not own the class",
);

pub static SAME_NAME: Code = error(
    "PLN105",
    "two monitors with one name",
    "the second object would overwrite the first, and its targets would silently not be scraped",
    "rename the job or the class; names are put together as `<job>-<class>`",
);

pub static NO_VARIANT: Code = error(
    "PLN106",
    "a job the catalog cannot find here",
    "nothing tells how its targets are found in this cluster, so it would not be scraped",
    "run it ourselves, `job \"…\" exporter=\"watershed\"`; or say `discover` in the job, or choose another variant",
);

pub static NO_ADDRESSES: Code = error(
    "PLN107",
    "a job with static targets and no addresses",
    "there is nothing to scrape",
    "list them: `discover \"static\" { addresses \"10.0.0.11\" \"10.0.0.12\" }`",
);

pub static SPLIT_BLIND: Code = error(
    "PLN108",
    "a route by namespace over a job whose namespaces nobody knows",
    "its series carry the exporter's own namespace or the workload's, and only you know which: split blindly, one tenant would be sent another's series",
    "say `honor-labels #true` in the job if the exporter writes the workload's namespace to `namespace`, `honor-labels #false` if each target is the workload itself; or name the job in a `to … jobs=` line",
);

pub static PROMISE: Code = error(
    "PLN109",
    "a promise that cannot be kept",
    "what is queued during the outage would be refused when the store is back, and be lost then",
    "",
);

pub static PAIR_TWICE: Code = warning(
    "PLN110",
    "an HA pair that writes to a store which may keep both copies",
    "nothing is known of how this store merges replicas: every series may be stored, counted and paid for twice",
    "set `replicas 1`, or see to it that the store drops one replica by the label `prometheus_replica`, and `allow` this",
);

pub static NO_READ: Code = error(
    "PLN111",
    "a reader of a store that nobody knows how to query",
    "no URL of a query API is known for this kind, so there is no data source to make",
    "read a store of a kind that answers queries, or a Prometheus of the cluster",
);

pub static NOTHING_MEASURED: Code = Code::info(
    "PLN112",
    Stage::Plan,
    "a job of your own without `series`",
    "its load is unknown: queues are sized and stores are loaded as if it had none",
    "say `series`, the number of series per target (`scrape_samples_post_metric_relabeling` of a running one)",
);

pub static CLAIMED_TWICE: Code = error(
    "PLN113",
    "two lines of a route that claim the same series",
    "every series has exactly one line, or where it goes would depend on the order of a file people sort and merge",
    "take the job or class out of one of them; what belongs in two stores is one line with both: `to \"a\" \"b\" jobs=…`",
);

pub static NO_IMAGE: Code = error(
    "PLN114",
    "an exporter version whose image tag is not known",
    "tags of this exporter follow no pattern, and a guessed one would leave every pod at ImagePullBackOff",
    "declare a version whose tag the catalog knows (`watershed catalog show`), or name the image: `exporter image=\"registry.example.com/exporter:tag\"`",
);

pub static LIMIT: Code = error(
    "PLN115",
    "routes that together exceed a store's ingestion limit",
    "the store refuses what is above its limit with 429 for ever: relays fill their queues, then lose the oldest samples",
    "raise the `ingestion-limit` with whoever runs the store, scrape less often, drop metrics, or send some of the routes elsewhere",
)
.allowable();

pub static NO_EFFECT: Code =
    warning("PLN116", "a setting that has no effect here", "whoever wrote it relies on something that is not so", "");

pub static TWO_VIAS: Code = error(
    "PLN117",
    "two ways to one destination",
    "a destination has one URL and one queue in a cluster: all that is sent to it goes the same way, and the other `via` would do nothing",
    "write the same `via` in all lines that lead there, or in one of them only",
);

pub static GLOBS_MEET: Code = error(
    "PLN118",
    "two classes of one job that take the same metrics",
    "both would scrape the same series under different labels, and every sum over the job would count them twice",
    "name the metrics in one of the classes only, or make the patterns longer until none fits both",
);

pub static IN_NO_CLASS: Code = warning(
    "PLN119",
    "a class of collectors that keeps only some of their metrics",
    "the rest of the job leaves these collectors out, so what else they expose is scraped by nobody, and dashboards that need it stay empty",
    "take `metrics` out of the class to keep all that its collectors expose, or `collectors` to leave the other metrics to the rest of the job; `allow` this where nobody needs them",
);

pub static NO_TWIN: Code = warning(
    "PLN120",
    "a fast class without its slower twin",
    "a class faster than 5s is sent nowhere but where a route names it; its twin goes in its place, is scraped by the Prometheus that has the rest of the job, and nobody has that here",
    "give the rest of the job to a Prometheus: list the job in its `jobs`, or say `rest`",
);

pub static FAST_TWIN: Code = error(
    "PLN121",
    "a slower twin that is itself fast",
    "what is scraped more often than every 5s is sent nowhere unless a route names it, so nothing of the class would reach a store",
    "write `sampled` of 5s or more; unset it is 15s",
);

pub static IDLE_SAMPLED: Code = warning(
    "PLN122",
    "a `sampled` for a class that is not fast",
    "only a class scraped more often than every 5s has a slower twin; this one is sent as it is, at its own interval",
    "take `sampled` out, or set `interval` of the class below 5s",
);

pub static ANNOTATED_PORT: Code = error(
    "PLN123",
    "a port for pods that name their own",
    "the annotation `prometheus.io/port` of each pod says where it is scraped, so this port would do nothing",
    "take `port` out and annotate the pods, or find them by label: `discover \"pod\" port=\"metrics\" { labels … }`",
);

pub static ONLY_TENANTS: Code = warning(
    "PLN124",
    "a reader of a store whose series are all in tenants",
    "a reader asks for what was sent without a tenant, and nothing is: its dashboards and queries would be empty, without an error",
    "send what it shall see to the store itself, `to \"central\"`; or read a Prometheus of the cluster until readers of single tenants are compiled",
);

pub static SAME_VALUE: Code = error(
    "PLN126",
    "two jobs with one value of the label `job`",
    "queries, alerts and the rules of a route tell jobs by that label: each would take the series of both for its own, and a route might send them to the wrong store",
    "let them differ in the path they are scraped at, or switch one of them off",
);

pub static SHUT_VARIANT: Code = error(
    "PLN131",
    "a way to run or find a job that the declared versions do not have",
    "what it needs would be refused or silently left out by the component, and nothing would be scraped",
    "take `exporter` out, so that the way that fits the versions is taken, or raise the version",
);

pub static SHUT_PATH: Code = error(
    "PLN132",
    "a path that the declared version does not serve",
    "the target would be down for as long as that version runs, and an alert on it would never end",
    "take `path` out, or raise the version",
);

pub static NO_CLIENT_CERT: Code = error(
    "PLN133",
    "a port that asks for a client certificate, and no Secret with one",
    "every handshake would fail, and the target would be down without a word of why",
    "make a Secret in the namespace of the Prometheus with `tls.crt`, `tls.key` and `ca.crt`, from a certificate that the target's CA has signed for clients, and say `client-cert secret=\"etcd-client\"`; or scrape a port that asks for none",
);

pub static NOT_REACHABLE: Code = Code::info(
    "PLN134",
    Stage::Plan,
    "a job whose component listens on loopback",
    "a monitor on it would make targets that are down for ever, so there is none until it can be reached",
    "do what the README of the cluster lists under `To be set by hand`, then name the component in `reachable`",
);

pub static NO_BATCHES: Code = error(
    "PLN140",
    "a `scrape` for an exporter that serves no batches",
    "only the value of the moment of each scrape would be stored: the samples in between are nowhere",
    "take `scrape` out; `interval` says how often it is scraped",
);

pub static FETCHED_TOO_OFTEN: Code = error(
    "PLN141",
    "batches fetched more often than samples are taken",
    "most answers would bring nothing new",
    "write a `scrape` that is a multiple of `interval`, or take it out",
);

pub static BATCHES_DROPPED: Code = error(
    "PLN142",
    "timestamped batches for a Prometheus that drops them",
    "Prometheus 2.52.0 to 2.53.2 and 2.54.0 keep the first sample of a series in each scrape and drop the others: of a batch, only its oldest sample would be stored",
    "declare and run 2.53.3, 2.54.1 or newer, `versions prometheus=\"2.55.1\"`; or another design of the exporter",
);

pub static BATCH_AT_HOME: Code = warning(
    "PLN143",
    "a fast class of batches that no route names",
    "a class sampled more often than every 5s is sent nowhere but where a route names it, and a batch has no slower twin to go in its place: every answer brings all samples",
    "name it in a route, `to \"…\" jobs=\"job/class\"`; sample it every 5s or more rarely; or `allow` this where it is for the cluster's own Prometheus",
);

pub static TWO_ADMISSIONS: Code = error(
    "PLN144",
    "two exporters that let in Prometheis of different labels",
    "a pod has one value of a label: the network policy of one of the exporters would block its scrape, and its targets would be down",
    "scrape them with two Prometheis, or change what the policy of one of the exporters lets in",
);

pub static HOST_PORT: Code = error(
    "PLN145",
    "two exporters on one port of the node",
    "the second pod is never scheduled, or stops at `address already in use`: the nodes would be without one of them",
    "",
);

pub static BASE_HAS_IT: Code = error(
    "PLN146",
    "an exporter that the cluster's base runs under the same name",
    "applying ours would turn the other's objects into it, and the next roll-out of the base would turn them back",
    "",
);

pub static NO_COLLECTORS: Code = error(
    "PLN147",
    "a class of collectors for an exporter that has none",
    "the exporter cannot be asked for a part of its answer, so the class would be nothing, and no series would carry its label",
    "pick the class by metric: `metrics \"prefix_*\"`",
);

pub static ALERTS_TO_NAME: Code = error(
    "PLN161",
    "alerts to a host name, which this operator cannot send",
    "before prometheus-operator 0.76 a Prometheus finds Alertmanagers by Endpoints only, which hold IP addresses: it would tell nobody",
    "give the alertmanager an address with an IP address for this zone (`url=\"https://10.0.0.5:9093\"`, and `server-name` where its certificate carries a name), or declare operator 0.76 or newer",
);

pub static ALERTMANAGER_TAKEN: Code = error(
    "PLN162",
    "an Alertmanager with the name of one that is there",
    "the object would overwrite the one kube-prometheus brings, with its receivers and silences",
    "give ours another name; or tell the one that is there: `service=\"monitoring/alertmanager-main\"` in place of `cluster`",
);

pub static RECEIVER_VERSION: Code = error(
    "PLN163",
    "a receiver newer than the versions of its cluster",
    "the operator refuses the whole AlertmanagerConfig, so that nobody is told of anything",
    "declare newer versions, or tell that service by a `webhook`",
);

pub static PACK_SCOPE: Code = error(
    "PLN164",
    "a rule pack in a place it is not made for",
    "external labels such as the cluster's identity exist at a store only, and what a Prometheus says of itself by the minute in that Prometheus: elsewhere its rules would never fire",
    "move it: packs for stores stand in `rules` of a `store`, others in `rules` of a `prometheus`; `watershed catalog show` says which is which",
);

pub static CRITICAL_HOME: Code = warning(
    "PLN170",
    "a critical job of which nothing leaves the cluster",
    "critical is what the centre must see even if a Prometheus here is in trouble; what no route sends it does not see at all",
    "send it with a route, or take `critical` out",
);

pub static NO_POD_LABEL: Code = error(
    "PLN171",
    "a split by pod label that jobs cannot carry",
    "what cannot carry the label would go to the wrong place or to none, and nobody would see that it is missing",
    "split by namespace, which every job about workloads can say: `to \"…\" namespaces=\"team-a\"` with `shared` and `unowned`; or name in `jobs` only those that can",
);

pub static PODS_TWICE: Code = error(
    "PLN172",
    "pods that two lines of a route claim",
    "which line is asked first must not decide where their series go",
    "make the labels or the namespaces of the lines differ; for two stores write one line with both",
);

pub static NO_VALUE: Code = error(
    "PLN173",
    "a pod label without a value",
    "a pod that lacks the label and one that has it empty look alike, so nobody could tell which of them the line is about",
    "name a value; what no line claims goes by its namespace, and by `shared` and `unowned`",
);

pub static ANY_NAMESPACE: Code = error(
    "PLN181",
    "a job that looks into every namespace, where Roles are for single ones",
    "with `rbac \"namespaced\"` a Prometheus may list only where it has a Role: Prometheus would ask for all namespaces, be refused, and find none of the targets",
    "",
);

pub static EXPOSE: Code = error(
    "PLN182",
    "a way in from outside that cannot work",
    "the API server refuses the object, or people are led somewhere else",
    "",
);

pub static OPEN_PAGES: Code = warning(
    "PLN183",
    "pages of a Prometheus that are open to whoever reaches them",
    "Prometheus has no users of its own: everybody on that network can read every series and tie it up with queries",
    "let only networks you trust reach it, or put something in front that asks who comes (an authenticating Ingress class, a proxy); then `allow` this with that as the reason",
)
.allowable();

pub static NODE_PORT: Code = warning(
    "PLN184",
    "a node port out of the usual range",
    "an API server refuses ports outside of its `--service-node-port-range`, 30000 to 32767 unless somebody changed it",
    "choose one of those, or `allow` this where the range is another",
)
.allowable();

pub static GRAFANA: Code = error(
    "PLN185",
    "a Grafana that could not take in what is made for it",
    "dashboards and data sources would be applied, and no Grafana would ever show them",
    "",
);

pub static EMPTY_BOARD: Code = error(
    "PLN186",
    "a dashboard that is named and could show nothing",
    "an empty dashboard is not made, so whoever asked for this one would look for it in vain",
    "take its name out of `dashboards`; unset, the reader gets all that can be answered",
);

pub static IDLE_PACK: Code = warning(
    "PLN187",
    "a rule pack that has nothing to record",
    "peaks are recorded of classes faster than 5s that have a slower twin, and of counters the catalog names for this; this Prometheus scrapes none, so no rule is made",
    "take it out: where there is something to record, the pack is there without being named",
);

pub static PEAKS_APART: Code = warning(
    "PLN188",
    "peaks that do not go where their twin goes",
    "a burst between two samples of the twin is seen in its peaks only, and whoever looks for them at the store of the twin finds none",
    "have one route take both: name the Prometheus that records in its `prometheus`",
);

pub static RULES_OVER_NOTHING: Code = warning(
    "PLN189",
    "rules of a store to which nothing is sent without a tenant",
    "they are evaluated over no cluster: no alert of theirs can fire, and nobody is told when a cluster falls silent",
    "send something of each cluster to the store itself, `to \"central\"` or `copy \"central\"` with `jobs=`; or take its `rules` out",
);

pub static RULES_TOO_OLD: Code = error(
    "PLN190",
    "rules of a store whose version cannot log in at an Alertmanager",
    "vmalert has the version of its store; one before 1.84 takes a user as plain text only, and no credential stands in what is emitted",
    "declare a newer `app` version of the store, or let the Alertmanager ask for a token: `bearer secret=\"…\"`",
);

pub static NO_VOLUME: Code = error(
    "PLN191",
    "an outage that no volume holds",
    "what a store does not take waits on a disk: a claim that nobody can fill keeps the relay from starting, and with it everything that is sent through it",
    "",
);

pub static BELIEVED: Code = warning(
    "PLN192",
    "an exporter that is believed wherever it runs",
    "it is looked for in every namespace and what its page says of `namespace` is taken as it is: whoever runs something with its labels writes as any tenant, into any tenant's store",
    "say where it runs, `discover \"service\" namespace=\"…\"` in its job, or take its word for nothing, `honor-labels #false`",
);

/// A proof over witness series failed: the compiler contradicts itself.
pub static WITNESS: Code = error(
    "PLN901",
    "internal error: emitted rules that send a series elsewhere than the route says",
    "nothing is written, because a tenant's series would be lost or leak",
    "please report this with the spec; naming the jobs or namespaces of the route in another way may avoid it",
);

pub static ALL: &[&Code] = &[
    &TIMEOUT,
    &NOT_RUNNING,
    &COLLECTOR_TWICE,
    &ALREADY_OWNED,
    &SAME_NAME,
    &NO_VARIANT,
    &NO_ADDRESSES,
    &SPLIT_BLIND,
    &PROMISE,
    &PAIR_TWICE,
    &NO_READ,
    &NOTHING_MEASURED,
    &CLAIMED_TWICE,
    &NO_IMAGE,
    &LIMIT,
    &NO_EFFECT,
    &TWO_VIAS,
    &GLOBS_MEET,
    &IN_NO_CLASS,
    &NO_TWIN,
    &FAST_TWIN,
    &IDLE_SAMPLED,
    &ANNOTATED_PORT,
    &ONLY_TENANTS,
    &SAME_VALUE,
    &SHUT_VARIANT,
    &SHUT_PATH,
    &NO_CLIENT_CERT,
    &NOT_REACHABLE,
    &NO_BATCHES,
    &FETCHED_TOO_OFTEN,
    &BATCHES_DROPPED,
    &BATCH_AT_HOME,
    &TWO_ADMISSIONS,
    &HOST_PORT,
    &BASE_HAS_IT,
    &NO_COLLECTORS,
    &ALERTS_TO_NAME,
    &ALERTMANAGER_TAKEN,
    &RECEIVER_VERSION,
    &PACK_SCOPE,
    &CRITICAL_HOME,
    &NO_POD_LABEL,
    &PODS_TWICE,
    &NO_VALUE,
    &ANY_NAMESPACE,
    &EXPOSE,
    &OPEN_PAGES,
    &NODE_PORT,
    &GRAFANA,
    &EMPTY_BOARD,
    &IDLE_PACK,
    &PEAKS_APART,
    &RULES_OVER_NOTHING,
    &RULES_TOO_OLD,
    &NO_VOLUME,
    &BELIEVED,
    &WITNESS,
];
