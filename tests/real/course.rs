//! The course of a run: what is put in front of whom, in which order, and what came of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use watershed::model::plan::ClusterPlan;
use watershed::model::value::Version;
use watershed::relabel::{Dialect, Names};

use crate::components::Components;
use crate::ground::cluster::Cluster;
use crate::ground::operator::Generation;
use crate::ground::{api, images, network, operator, process};
use crate::steps::planned::{self, Planned};
use crate::steps::running::{self, Machines, Running};
use crate::steps::{
    accepted, alerted, alertmanagers, applied, asked, backends, charts, compared, dashboards, delivered, mutated,
    noise, outage, recorded, relabelled, rules, scraped, sized, stages, understood,
};
use crate::subject::{self, Subject};
use crate::told::{Course, timed};
use crate::trouble::{During as _, Outcome, Trouble};

/// How long the operator may take to take up everything of a cluster.
const RECONCILED: Duration = Duration::from_secs(90);

/// Runs every step whose name contains one of `wanted` (all if there is none) and those it needs.
///
/// # Errors
/// What all steps stand on does not come up.
pub fn run(components: &Components, scratch: &Path, wanted: &[String]) -> Outcome<ExitCode> {
    let mut course = Course { began: Instant::now(), wanted, passed: 0, skipped: 0, failed: Vec::new() };
    course.step("stages", || stages::judge(&components.kustomize));
    course.step("rules", || {
        let programs = rules::Programs {
            promtool_2: &components.prometheus_2.promtool,
            promtool_3: &components.prometheus_3_13.promtool,
            vmalert: &components.vmalert,
        };
        rules::judge(&programs, scratch)
    });
    let seed = relabelled::seed()?;
    let three = Dialect::Prometheus3 { minor: 5, names: Names::Utf8 };
    network::loopback(Path::new("ip"))?;
    course.step("relabelled by Prometheus 2", || {
        relabelled::prometheus(&components.prometheus_2.prometheus, Dialect::Prometheus2 { minor: 42 }, seed, scratch)
    });
    course.step("relabelled by Prometheus 3", || {
        relabelled::prometheus(&components.prometheus_3.prometheus, three, seed, scratch)
    });
    course.step("relabelled by vmagent", || relabelled::vmagent(&components.vmagent, seed, scratch));
    course.step("relabelled or refused", || {
        let checkers = relabelled::Checkers {
            promtool_2: &components.prometheus_2.promtool,
            promtool_3: &components.prometheus_3.promtool,
            vmagent: &components.vmagent,
        };
        relabelled::refused(&checkers, seed, scratch)
    });
    course.step("charts", || charts::judge(&components.helm, scratch));

    let depth = Depth::of(wanted);
    let emitted = planned::examples(&[])?;
    let subjects = subject::subjects(&emitted)?;
    // As declared, and as it would be with an old Prometheus.
    let declared = planned::examples(&planned::QUICK)?;
    let mut old = planned::examples(&[&planned::QUICK[..], &[OLD]].concat())?;
    old.retain(|e| depth.with_old().contains(&e.example.as_str()) || depth == Depth::Asked);
    let running = [declared, old];
    as_meant(&running)?;
    let mut names: Vec<String> = subjects.iter().flat_map(|s| APPLIED.map(|step| format!("{s} {step}"))).collect();
    for (examples, version) in running.iter().zip(VERSIONS) {
        for example in examples {
            for plan in example.clusters()? {
                names.extend(RUN.map(|step| title(example, &plan, version, step)));
            }
        }
    }
    names.push("dashboards".to_owned());
    names.extend([asked::STEP, recorded::STEP].map(str::to_owned));
    names.extend(LIVE.map(str::to_owned));
    names.extend(outage::STEPS.map(str::to_owned));
    if !course.wants_any(names.clone()) {
        names.extend(["stages", "rules", "relabelled", "charts"].map(str::to_owned));
        return match course.passed + course.failed.len() {
            0 => Err(Trouble::new(format!("no step's name contains {wanted:?}; there are\n  {}", names.join("\n  ")))),
            _ => Ok(course.end()),
        };
    }
    let mut cluster = ground(components, scratch)?;
    if course.wants_any(LIVE.map(str::to_owned)) {
        // What nobody reconciles is changed by nobody but us.
        operator::define(&mut cluster, &components.operator.definitions)?;
        course.step(mutated::STEP, || mutated::judge(&mut cluster, scratch));
        if let Some(subject) = subjects.iter().find(|s| s.emitted.fleet == noise::FLEET) {
            course.step(noise::STEP, || noise::judge(&mut cluster, scratch, subject));
        }
        course.step(sized::STEP, || sized::judge(&cluster, scratch));
    }
    if !course.wants_any(names.into_iter().filter(|name| !LIVE.contains(&name.as_str()))) {
        return Ok(course.end());
    }
    operate_newest(components, &mut cluster)?;
    storage_classes(&cluster, &subjects)?;
    course.say("an API server and the operator are up");
    course.step(asked::STEP, || asked::judge(&mut cluster, scratch));
    if let Some(subject) = subjects.iter().find(|s| s.emitted.fleet == "single-split") {
        course.step(recorded::STEP, || recorded::judge(&mut cluster, scratch, subject));
    }
    std::thread::scope(|scope| {
        // It shares nothing with the clusters but the machine.
        let dashboards = course.wants_any(["dashboards".to_owned()]).then(|| {
            scope.spawn(|| {
                let programs = backends::Programs {
                    prometheus_2: &components.prometheus_2.prometheus,
                    prometheus_3: &components.prometheus_3.prometheus,
                    victoria_metrics: &components.victoria_metrics,
                };
                timed(|| dashboards::judge(&programs, scratch))
            })
        });
        for subject in subjects.iter().filter(|s| generation(&s.plan) == Generation::Newest) {
            apply(components, scratch, &mut cluster, subject, &mut course)?;
        }
        if let Some(thread) = dashboards {
            let (took, ended) = thread.join().map_err(|_| Trouble::new("the step dashboards panicked"))?;
            course.tell("dashboards", took, ended);
        }
        Outcome::Ok(())
    })?;
    let machines = Machines::start(&cluster, components, scratch)?;
    operate_all(components, scratch, &mut cluster, &running, Generation::Newest, depth, &mut course)?;
    outages(components, scratch, &mut cluster, &mut course)?;
    let old: Vec<&Subject<'_>> = subjects.iter().filter(|s| generation(&s.plan) == Generation::Oldest).collect();
    let steps = |s: &&Subject<'_>| -> Vec<String> {
        let run = VERSIONS.iter().flat_map(|version| RUN.map(|step| format!("{s}{version} {step}")));
        run.chain(APPLIED.map(|step| format!("{s} {step}"))).collect()
    };
    if course.wants_any(old.iter().flat_map(steps)) {
        grow_old(components, &mut cluster)?;
        course.say("the oldest operator is up, with its definitions");
        for subject in old {
            apply(components, scratch, &mut cluster, subject, &mut course)?;
        }
        operate_all(components, scratch, &mut cluster, &running, Generation::Oldest, depth, &mut course)?;
    }
    drop(machines);
    Ok(course.end())
}

/// Outages, of which all steps need all of it.
fn outages(components: &Components, scratch: &Path, cluster: &mut Cluster, course: &mut Course<'_>) -> Outcome<()> {
    if !course.wants_any(outage::STEPS.map(str::to_owned)) {
        return Ok(());
    }
    let mut outcomes = None;
    let up = course.need("outage", || {
        outcomes = Some(outage::judge(cluster, components, scratch)?);
        Ok("two clusters, four stores".to_owned())
    });
    for (name, outcome) in outage::STEPS.into_iter().zip(outcomes.into_iter().flatten()) {
        course.tell(name, 0.0, outcome);
    }
    if up { Ok(()) } else { cluster.clear(&outage::namespaces()) }
}

/// Runs the clusters that are for the operator of a generation, each version of the examples after the other.
fn operate_all(
    components: &Components,
    scratch: &Path,
    cluster: &mut Cluster,
    running: &[Vec<Planned>; 2],
    operator: Generation,
    depth: Depth,
    course: &mut Course<'_>,
) -> Outcome<()> {
    for (examples, version) in running.iter().zip(VERSIONS) {
        for example in examples {
            let plans = example.clusters()?;
            for (i, plan) in plans.iter().enumerate().filter(|(_, p)| generation(p) == operator) {
                let names = RUN.map(|step| title(example, plan, version, step));
                if !course.wants_any(names.clone()) {
                    continue;
                }
                let twin = plans[..i].iter().find(|p| shape(p) == shape(plan)).filter(|_| depth != Depth::Asked);
                if let Some(twin) = twin {
                    let why = format!("runs as {} does; asked for by name, it runs", twin.cluster.id.value);
                    course.skip(&names[0], &why);
                    continue;
                }
                // Clusters of two examples may have one name, and stores keep what they were sent.
                let scratch = scratch.join(&example.example);
                let scratch = scratch.join(format!("{}{version}", plan.cluster.id.value).replace(' ', "-"));
                // Prometheus 2 mostly looks for an Alertmanager after the first alert, and sends it again after a minute.
                let patient = version.is_empty() || depth != Depth::Hand;
                operate(components, &scratch, cluster, example, plan, &plans, names, patient, course)?;
            }
        }
    }
    Ok(())
}

/// How much is looked at again that has been looked at in another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// A person waits for all of it.
    Hand,
    /// A machine does.
    Ci,
    /// A step was asked for by name.
    Asked,
}

impl Depth {
    fn of(wanted: &[String]) -> Depth {
        let ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
        match (wanted.is_empty(), ci) {
            (false, _) => Depth::Asked,
            (true, true) => Depth::Ci,
            (true, false) => Depth::Hand,
        }
    }

    /// Examples that also run with an old Prometheus: one without routes and one with all there are.
    fn with_old(self) -> &'static [&'static str] {
        match self {
            Depth::Hand => &["single-split"],
            Depth::Ci | Depth::Asked => &["single-split", "shared-member"],
        }
    }
}

/// Specs are changed by putting words in place of others; that they were there is seen by what came of it.
fn as_meant([declared, old]: &[Vec<Planned>; 2]) -> Outcome<()> {
    for example in declared.iter().chain(old) {
        for lane in example.clusters()?.iter().flat_map(|p| &p.lanes) {
            if lane.scrape_interval.value.secs() != planned::INTERVAL {
                let what = format!("{}: the interval of {} is not the quick one", example.example, lane.name);
                return Err(Trouble::new(what));
            }
        }
    }
    for example in old {
        let plans = example.clusters()?;
        if plans.iter().flat_map(|p| &p.lanes).any(|lane| lane.version.value.major() != 2) {
            return Err(Trouble::new(format!("{} does not run with Prometheus 2", example.example)));
        }
    }
    if old.is_empty() {
        return Err(Trouble::new("no example runs with an old Prometheus"));
    }
    Ok(())
}

/// What tells two clusters of a fleet apart but for names: a second one of the same shape would be judged by the same
/// questions.
fn shape(plan: &ClusterPlan<'_>) -> Vec<String> {
    let lanes = plan.lanes.iter().map(|l| format!("{} {} {:?}", l.name, l.replicas.value, l.owns));
    let queues = plan.lanes.iter().flat_map(|l| &l.remote_write).map(|w| format!("{} rules", w.rules.len()));
    let relay = plan.relay.iter().flat_map(|r| &r.urls).map(|u| format!("{} rules", u.rules.len()));
    let stores = plan.stores.iter().map(|s| format!("{} {}", s.chart, s.front_door));
    lanes.chain(queues).chain(relay).chain(stores).collect()
}

/// Operators below this are judged by the oldest: what came in before is in both.
const OLDEST_JUDGES_BELOW: Version = Version::new(0, 69, 0);
/// From a reconciled Prometheus to its last configuration.
const CAUGHT_UP: Duration = Duration::from_secs(10);
const APPLIED: [&str; 4] = ["accepted", "understood", "compared", "applied"];
/// Steps that need an API server alone.
const LIVE: [&str; 3] = [mutated::STEP, noise::STEP, sized::STEP];
const RUN: [&str; 4] = ["runs", "delivered", "scraped", "alerted"];
/// What distinguishes the runs of an example.
const VERSIONS: [&str; 2] = ["", " with Prometheus 2"];
const OLD: (&str, &str) = ("prometheus=\"3.13.2\"", "prometheus=\"2.55.1\"");

fn title(example: &Planned, plan: &ClusterPlan<'_>, version: &str, step: &str) -> String {
    format!("{}/{}{version} {step}", example.example, plan.cluster.id.value)
}

/// An API server and nodes.
fn ground(components: &Components, scratch: &Path) -> Outcome<Cluster> {
    let programs = api::Programs {
        etcd: components.etcd.clone(),
        kube_apiserver: components.kube_apiserver.clone(),
        kubectl: components.kubectl.clone(),
    };
    let mut cluster = Cluster::start(&programs, "ip".into(), scratch)?;
    for node in ["node-a", "node-b"] {
        cluster.add_node(node, &[("nvidia.com/gpu.present", "true")])?;
    }
    Ok(cluster)
}

fn operate_newest(components: &Components, cluster: &mut Cluster) -> Outcome<()> {
    let images = |image: &str| images::program(components, image);
    let operator = &components.operator;
    operator::start(cluster, &operator.definitions, &operator.manifests, Generation::Newest, &images)
}

/// The storage classes that specs name: the operator makes nothing of a Prometheus whose class is not there.
fn storage_classes(cluster: &Cluster, subjects: &[Subject<'_>]) -> Outcome<()> {
    let lanes = subjects.iter().flat_map(|s| &s.plan.lanes);
    let named: BTreeSet<&str> = lanes.filter_map(|l| Some(l.storage.class.as_ref()?.value.as_str())).collect();
    let class = |name: &str| {
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
               "provisioner": "kubernetes.io/no-provisioner"})
    };
    let classes: Vec<Value> = named.into_iter().map(class).collect();
    cluster.api.kubectl.put(&classes).map(drop)
}

/// Which operator judges a cluster: the one of this suite that is nearest to the declared.
fn generation(plan: &ClusterPlan<'_>) -> Generation {
    let declared = plan.cluster.versions.get("operator").map(|v| v.value);
    let old = declared.is_some_and(|v| !v.at_least(OLDEST_JUDGES_BELOW));
    if old { Generation::Oldest } else { Generation::Newest }
}

/// Puts the oldest operator and its definitions in the place of the newest.
fn grow_old(components: &Components, cluster: &mut Cluster) -> Outcome<()> {
    operator::remove(cluster)?;
    let images = |image: &str| images::program(components, image);
    let operator = &components.oldest_operator;
    operator::start(cluster, &operator.definitions, &operator.manifests, Generation::Oldest, &images)
}

/// The checked-in output of a cluster, put in front of the API server and the operator.
fn apply(
    components: &Components,
    scratch: &Path,
    cluster: &mut Cluster,
    subject: &Subject<'_>,
    course: &mut Course<'_>,
) -> Outcome<()> {
    if !course.wants_any(APPLIED.map(|step| format!("{subject} {step}"))) {
        return Ok(());
    }
    let secrets = running::secrets(cluster, &subject.plan)?;
    for secret in &secrets {
        cluster.prepare(secret["metadata"]["namespace"].as_str().unwrap_or_default())?;
    }
    cluster.api.kubectl.put(&secrets)?;
    let before = operator::Mark::set(cluster)?;
    let accepted = course.need(&format!("{subject} accepted"), || {
        let (objects, mut wrong) = accepted::apply(&cluster.api.kubectl, subject)?;
        wrong.extend(accepted::apply_again(&cluster.api.kubectl, subject, &objects)?);
        nothing(wrong, format!("{} objects", objects.len()))
    });
    if accepted {
        course.step(&format!("{subject} understood"), || {
            operator::settled(cluster, generation(&subject.plan), RECONCILED)?;
            let until = Instant::now() + CAUGHT_UP;
            let mut wrong = misunderstood(components, scratch, cluster, &subject.plan)?;
            // An old operator does not say which monitors it has taken up.
            while !wrong.is_empty() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(500));
                wrong = misunderstood(components, scratch, cluster, &subject.plan)?;
            }
            wrong.extend(operator::complaints(cluster, &before)?);
            let (lanes, alertmanagers) = (subject.plan.lanes.len(), subject.plan.alertmanagers.len());
            nothing(wrong, format!("{lanes} Prometheis, {alertmanagers} Alertmanagers"))
        });
        course.step(&format!("{subject} compared"), || {
            let reader = compared::Reader::new(cluster, scratch)?;
            let server_side = compared::unchanged(&reader, subject)?;
            cluster.clear(&[subject.namespace(), "vm"])?;
            cluster.api.kubectl.put(&secrets)?;
            compared::apply_client_side(cluster, subject)?;
            operator::settled(cluster, generation(&subject.plan), RECONCILED)?;
            let client_side = compared::unchanged(&reader, subject)?;
            Ok(format!("{server_side} applied server-side, {client_side} by kubectl apply alone"))
        });
        course.step(&format!("{subject} applied"), || {
            cluster.clear(&[subject.namespace(), "vm"])?;
            cluster.api.kubectl.put(&secrets)?;
            applied::judge(cluster, subject, scratch)
        });
    }
    cluster.clear(&[subject.namespace(), "vm"])
}

/// What the operator has made of the Prometheis and Alertmanagers of a plan: accepted by promtool of the declared version
/// and by amtool, or their words; and what it says otherwise than the plan.
fn misunderstood(
    components: &Components,
    scratch: &Path,
    cluster: &Cluster,
    plan: &ClusterPlan<'_>,
) -> Outcome<Vec<String>> {
    let mut wrong = Vec::new();
    for lane in &plan.lanes {
        let made = operator::reconciled(cluster, &plan.cluster.namespace.value, lane.name)?;
        let file = scratch.join(format!("{}-{}.yaml", plan.cluster.id.value, lane.name));
        std::fs::write(&file, &made.configuration).during(file.display())?;
        let version = lane.version.value;
        let of_version = components.prometheus(version.major(), version.minor().unwrap_or(0));
        // The files it names exist in the pod only; that they do is for the step `runs`.
        let mut promtool = Command::new(&of_version.promtool);
        process::run(promtool.args(["check", "config", "--syntax-only"]).arg(&file))?;
        wrong.extend(understood::differences(plan, lane, &made.configuration));
    }
    wrong.extend(alertmanagers::differences(&components.amtool, scratch, cluster, plan)?);
    Ok(wrong)
}

/// A cluster that runs, looked at from all sides.
#[allow(clippy::too_many_arguments, reason = "each is one thing, used once")]
fn operate(
    components: &Components,
    scratch: &Path,
    cluster: &mut Cluster,
    example: &Planned,
    plan: &ClusterPlan<'_>,
    plans: &[ClusterPlan<'_>],
    [runs, delivered, scraped, alerted]: [String; 4],
    patient: bool,
    course: &mut Course<'_>,
) -> Outcome<()> {
    let mut running = None;
    course.need(&runs, || {
        let started = Running::start(cluster, components, generation(plan), example, plan, plans, scratch)?;
        let (pods, stores) = (cluster.pods().len(), started.stores.len());
        let wrong = misunderstood(components, scratch, cluster, plan)?;
        running = Some(started);
        nothing(wrong, format!("{pods} pods, {stores} stores, all targets they found are up"))
    });
    if let Some(running) = running {
        // In the order of what has to be waited for.
        if plan.lanes.iter().any(|l| !l.remote_write.is_empty()) {
            course.step(&delivered, || delivered::judge(cluster, &running, example, plan));
        }
        course.step(&scraped, || scraped::judge(cluster, &running, example, plan));
        if patient {
            course.step(&alerted, || alerted::judge(cluster, &running, plan));
        } else {
            course.skip(&alerted, "takes a minute; asked for by name, or under CI, it is waited for");
        }
        if let Err(trouble) = cluster.pods_alive() {
            course.tell(&runs, 0.0, Err(trouble.during("later on")));
        }
    }
    // Without these nobody can go on.
    cluster.api.alive()?;
    Running::end(cluster, plan)
}

fn nothing(wrong: Vec<String>, right: String) -> Outcome<String> {
    if wrong.is_empty() {
        Ok(right)
    } else {
        Err(Trouble::new(format!("{} things are wrong", wrong.len())).said(wrong.join("\n")))
    }
}
