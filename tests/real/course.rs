//! The course of a run: what is put in front of whom, in which order, and what came of it.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::components::Components;
use crate::ground::cluster::Cluster;
use crate::ground::{api, images, operator, process};
use crate::steps::planned::{self, Planned};
use crate::steps::{accepted, charts, rules, understood};
use crate::subject::{self, Subject};
use crate::trouble::{During as _, Outcome, Trouble};

/// How long the operator may take to take up everything of a cluster.
const RECONCILED: Duration = Duration::from_secs(90);

/// Runs every step whose name contains one of `wanted` (all if there is none) and those it needs.
///
/// # Errors
/// What all steps stand on does not come up.
pub fn run(components: &Components, scratch: &Path, wanted: &[String]) -> Outcome<ExitCode> {
    let mut course = Course { began: Instant::now(), wanted, passed: 0, failed: Vec::new() };
    course.step("rules", || {
        let programs = rules::Programs {
            promtool_2: &components.prometheus_2.promtool,
            promtool_3: &components.prometheus_3.promtool,
        };
        rules::judge(&programs, scratch)
    });
    course.step("charts", || charts::judge(&components.helm, scratch));

    let examples = planned::examples(&[])?;
    let subjects = subject::subjects(&examples)?;
    if course.wants_any(subjects.iter().flat_map(|s| Course::STEPS.map(|step| format!("{s} {step}")))) {
        clusters(components, scratch, &examples, &subjects, &mut course)?;
    }
    Ok(course.end())
}

fn clusters(
    components: &Components,
    scratch: &Path,
    _examples: &[Planned],
    subjects: &[Subject<'_>],
    course: &mut Course<'_>,
) -> Outcome<()> {
    let programs = api::Programs {
        etcd: components.etcd.clone(),
        kube_apiserver: components.kube_apiserver.clone(),
        kubectl: components.kubectl.clone(),
    };
    let images = |image: &str| images::program(components, image);
    let mut cluster = Cluster::start(&programs, "ip".into(), scratch)?;
    course.say("an API server is up");
    cluster.add_node("node-a", &[])?;
    cluster.add_node("node-b", &[])?;
    operator::start(&mut cluster, &components.operator_crds, &components.operator_rbac, &images)?;
    course.say("the operator is up");

    for subject in subjects {
        if !course.wants_any(Course::STEPS.map(|step| format!("{subject} {step}"))) {
            continue;
        }
        let mut objects = Vec::new();
        course.step(&format!("{subject} accepted"), || {
            let (applied, mut wrong) = accepted::apply(&cluster.api.kubectl, subject)?;
            wrong.extend(accepted::apply_again(&cluster.api.kubectl, subject, &applied)?);
            objects = applied;
            nothing(wrong, format!("{} objects", objects.len()))
        });
        course.step(&format!("{subject} understood"), || {
            operator::settled(&cluster, RECONCILED)?;
            let mut wrong = operator::complaints(&cluster)?;
            for lane in &subject.plan.lanes {
                let made = operator::reconciled(&cluster, subject.namespace(), lane.name)?;
                let file = scratch.join(format!("{}-{}.yaml", subject.emitted.name, lane.name));
                std::fs::write(&file, &made.configuration).during(file.display())?;
                let version = lane.version.value;
                let of_version = components.prometheus(version.major(), version.minor().unwrap_or(0));
                // The files it names exist in the pod only; that they do is for the step `scraped`.
                let mut promtool = Command::new(&of_version.promtool);
                process::run(promtool.args(["check", "config", "--syntax-only"]).arg(&file))?;
                wrong.extend(understood::differences(&subject.plan, lane, &made.configuration));
            }
            nothing(wrong, format!("{} Prometheis", subject.plan.lanes.len()))
        });
        cluster.clear(&["monitoring", "vm"])?;
    }
    Ok(())
}

fn nothing(wrong: Vec<String>, right: String) -> Outcome<String> {
    if wrong.is_empty() { Ok(right) } else { Err(Trouble::new(format!("{} things are wrong", wrong.len())).said(wrong.join("\n"))) }
}

struct Course<'a> {
    began: Instant,
    wanted: &'a [String],
    passed: usize,
    failed: Vec<String>,
}

impl Course<'_> {
    const STEPS: [&'static str; 2] = ["accepted", "understood"];

    fn wants_any(&self, names: impl IntoIterator<Item = String>) -> bool {
        self.wanted.is_empty() || names.into_iter().any(|name| self.wanted.iter().any(|w| name.contains(w)))
    }

    /// A step stands alone: one that fails keeps no other from being tried.
    fn step(&mut self, name: &str, run: impl FnOnce() -> Outcome<String>) {
        if !self.wants_any([name.to_owned()]) {
            return;
        }
        let began = Instant::now();
        let ended = run();
        let took = began.elapsed().as_secs_f32();
        match ended {
            Ok(what) => {
                self.passed += 1;
                self.say(&format!("ok      {name} ({took:.1} s): {}", what.trim_end().replace('\n', "\n           ")));
            }
            Err(trouble) => {
                self.failed.push(name.to_owned());
                self.say(&format!("FAILED  {name} ({took:.1} s): {trouble}"));
            }
        }
    }

    fn say(&self, what: &str) {
        println!("{:6.1} s  {what}", self.began.elapsed().as_secs_f32());
    }

    fn end(self) -> ExitCode {
        println!("\n{} steps passed, {} failed", self.passed, self.failed.len());
        for name in &self.failed {
            println!("    {name}");
        }
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
