//! The live diff in numbers, on a real API server: of a cluster with about a thousand objects of ours how long it takes
//! beside kubectl diff, and that it lists each kind once; and a hundred clusters at once, each a context of one
//! kubeconfig, with the memory that takes. How long something takes is told and judged by nobody.

mod counted;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::counted::Counted;
use super::emitted;
use crate::ground::cluster::Cluster;
use crate::ground::kubectl::{Kubectl, OWNER};
use crate::ground::{During as _, Outcome, Trouble, process, write};

pub const STEP: &str = "live at size";

/// Custom jobs of the large cluster: each has one monitor.
const JOBS: usize = 940;
const CLUSTERS: usize = 100;
/// How many objects kubectl is shown, twice: what one more takes is the difference.
const SHOWN_TO_KUBECTL: [usize; 2] = [50, 200];
/// Many small questions at once.
const AT_ONCE: usize = 4;
/// What the live diff may take of what kubectl diff takes.
const BAR: f64 = 1.0 / 20.0;

/// # Errors
/// Something differs, is not compared, or is listed twice.
pub fn judge(cluster: &Cluster, scratch: &Path) -> Outcome<String> {
    let folder = scratch.join("sized");
    let kubectl = cluster.api.kubectl.clone();
    Ok(format!("{}\n{}", thousand(&kubectl, &folder.join("many"))?, hundred(&kubectl, &folder.join("hundred"))?))
}

/// One cluster with a thousand objects.
fn thousand(kubectl: &Kubectl, folder: &Path) -> Outcome<String> {
    let there = Applied::new(kubectl, folder, &many())?;
    let objects = there.objects.len();
    let config = there.kubeconfig(&["many".to_owned()], None)?;
    let (debug, optimised) = (PathBuf::from(env!("CARGO_BIN_EXE_watershed")), optimised());
    let ours = there.diff_thrice(&debug, &config, objects)?;
    let fast = optimised.as_deref().map(|program| there.diff_thrice(program, &config, objects)).transpose()?;

    let counted = Counted::start(kubectl.rest().base())?;
    let through = there.kubeconfig(&["many".to_owned()], Some(&counted.url))?;
    let counting = there.diff(&through, &[])?;
    counting.is_silent(1, objects)?;
    let asked = counted.asked();
    let twice: Vec<String> = asked.lists.iter().filter(|(_, n)| **n > 1).map(|(l, n)| format!("{n} × {l}")).collect();
    if asked.lists.is_empty() || !twice.is_empty() || !asked.others.is_empty() {
        let what = "something is listed more than once, or asked for otherwise than by a list";
        return Err(Trouble::new(what).said([twice, asked.others].concat().join("\n")));
    }

    let plain = there.kubectl_diff(kubectl, &[])?;
    let server_side =
        there.kubectl_diff(kubectl, &["--server-side", "--force-conflicts", "--field-manager=watershed"])?;
    there.remove(kubectl)?;
    let beside = |build: &str, said: &Said| {
        let seconds = said.took.as_secs_f64();
        let to = |name: &str, theirs: f64| {
            let met = if seconds / theirs <= BAR { "met" } else { "missed" };
            format!("1/{:.1} of {name} ({theirs:.1} s): the bar of 1/20 is {met}", theirs / seconds)
        };
        let (worked, memory) = (said.worked, said.memory / 1024);
        format!(
            "{build} build: {seconds:.1} s, {worked:.1} s of a processor, VmHWM {memory} MiB; {}; {}",
            to("kubectl diff", plain),
            to("kubectl diff --server-side", server_side)
        )
    };
    let fast = fast.map_or_else(
        || format!("optimised build: not measured, {OPTIMISED} names none"),
        |fast| beside("optimised", &fast),
    );
    Ok(format!(
        "{objects} objects compared (kubectl by {} and {} of them, and what one more takes)\n{}\n{fast}\n\
         {} LISTs in {} pages, none twice, and {} requests beside them: version and discovery; of {:.1} s, in a debug \
         build and through a door, requests were under way for {:.1} s, one by one they took {:.1} s",
        SHOWN_TO_KUBECTL[0],
        SHOWN_TO_KUBECTL[1],
        beside("debug", &ours),
        asked.lists.len(),
        asked.pages,
        asked.discovery,
        counting.took.as_secs_f64(),
        asked.busy.as_secs_f64(),
        asked.all.as_secs_f64(),
    ))
}

/// The variable with an optimised program of the same sources, for nothing here builds one.
const OPTIMISED: &str = "WATERSHED_OPTIMISED";

fn optimised() -> Option<PathBuf> {
    std::env::var_os(OPTIMISED).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A hundred clusters, each a context and a namespace of one server.
fn hundred(kubectl: &Kubectl, folder: &Path) -> Outcome<String> {
    let there = Applied::new(kubectl, folder, &small())?;
    let names: Vec<String> = (0..CLUSTERS).map(name).collect();
    let config = there.kubeconfig(&names, None)?;
    let all = there.diff(&config, &[])?;
    all.is_silent(CLUSTERS, there.objects.len())?;
    let few: Vec<&str> = names[..CLUSTERS / 10].iter().flat_map(|name| ["--cluster", name]).collect();
    let few = there.diff(&config, &few)?;
    few.is_silent(CLUSTERS / 10, there.objects.len() / 10)?;
    there.remove(kubectl)?;
    Ok(format!(
        "{CLUSTERS} clusters with {} objects compared in {:.1} s, VmHWM {} MiB; {} of them: {:.1} s, VmHWM {} MiB",
        there.objects.len(),
        all.took.as_secs_f64(),
        all.memory / 1024,
        CLUSTERS / 10,
        few.took.as_secs_f64(),
        few.memory / 1024,
    ))
}

const HEAD: &str = "language=1 {\n    versions kubernetes=\"1.34\" operator=\"0.93.1\" prometheus=\"3.13.2\"\n";
const REST: &str =
    "    prometheus \"main\" {\n        rest\n        retention \"3d\"\n        storage \"50Gi\"\n    }\n";

fn many() -> String {
    let job = |j: usize| {
        let by = if j.is_multiple_of(3) { "pod" } else { "service" };
        format!(
            "    job \"app-{j:03}\" interval=\"{}s\" {{\n        discover \"{by}\" namespace=\"team-{}\" port=\"metrics\" {{\n\
             \x20           labels app=\"app-{j:03}\"\n        }}\n        series {}\n    }}\n",
            15 + 15 * (j % 2),
            j % 7,
            200 + j
        )
    };
    // The rules of all of them are more than one object may hold.
    let half: String = (0..JOBS).step_by(2).map(|j| format!(" \"app-{j:03}\"")).collect();
    let apps = REST.replace("\"main\"", "\"apps\"").replace("rest", &format!("jobs{half}"));
    let jobs: String = (0..JOBS).map(job).collect();
    format!(
        "fleet \"many\" {HEAD}{apps}{REST}{jobs}}}\ncluster \"many\" nodes=12 pods=600 {{\n    namespace \"monitoring-many\"\n}}\n"
    )
}

fn small() -> String {
    let cluster =
        |c: usize| format!("cluster \"{}\" nodes=3 pods=60 {{\n    namespace \"monitoring-{c:03}\"\n}}\n", name(c));
    let clusters: String = (0..CLUSTERS).map(cluster).collect();
    format!("fleet \"hundred\" {HEAD}{REST}}}\n{clusters}")
}

fn name(cluster: usize) -> String {
    format!("c-{cluster:03}")
}

/// A spec that was compiled, and is what a server has.
struct Applied {
    folder: PathBuf,
    /// Of the run's own.
    config: Value,
    objects: Vec<Value>,
}

impl Applied {
    fn new(kubectl: &Kubectl, folder: &Path, spec: &str) -> Outcome<Applied> {
        write(&folder.join("spec/fleet.kdl"), spec)?;
        let mut build = Command::new(env!("CARGO_BIN_EXE_watershed"));
        build.arg("build").arg(folder.join("spec")).arg("--out").arg(folder.join("output"));
        process::run(&mut build)?;
        let config = kubectl.run(&["config", "view", "--raw", "-o", "json"])?;
        let config = serde_json::from_str(&config).during("kubectl config view")?;
        let mut objects = Vec::new();
        for cluster in emitted::clusters_in(&folder.join("output"))? {
            objects.extend(cluster.all()?.into_iter().map(|o| o.json));
        }
        let (spaces, others): (Vec<Value>, Vec<Value>) =
            objects.iter().cloned().partition(|o| o["kind"] == "Namespace");
        for some in [spaces, others] {
            side_by_side(&some, |object| kubectl.rest().put(object, OWNER, "").map(drop))?;
        }
        Ok(Applied { folder: folder.to_owned(), config, objects })
    }

    /// A kubeconfig with a context of each name, all of the run's own server or of one that stands before it.
    fn kubeconfig(&self, contexts: &[String], before: Option<&str>) -> Outcome<PathBuf> {
        let mut config = self.config.clone();
        if let Some(url) = before {
            config["clusters"][0]["cluster"] = json!({"server": url});
            config["users"][0]["user"] = json!({});
        }
        let named = |name: &String| json!({"name": name, "context": config["contexts"][0]["context"]});
        config["contexts"] = contexts.iter().map(named).collect();
        config.as_object_mut().map(|c| c.remove("current-context"));
        let path = self.folder.join(if before.is_some() { "kubeconfig-counted" } else { "kubeconfig" });
        write(&path, config.to_string())?;
        Ok(path)
    }

    /// The live diff of all of it.
    fn diff(&self, kubeconfig: &Path, more: &[&str]) -> Outcome<Said> {
        self.diff_by(Path::new(env!("CARGO_BIN_EXE_watershed")), kubeconfig, more)
    }

    /// Of three that are silent the one in the middle: other work of the machine counts too.
    fn diff_thrice(&self, program: &Path, kubeconfig: &Path, objects: usize) -> Outcome<Said> {
        let mut all = Vec::new();
        for _ in 0..3 {
            let said = self.diff_by(program, kubeconfig, &[])?;
            said.is_silent(1, objects)?;
            all.push(said);
        }
        all.sort_by_key(|said| said.took);
        Ok(all.swap_remove(1))
    }

    fn diff_by(&self, program: &Path, kubeconfig: &Path, more: &[&str]) -> Outcome<Said> {
        let [out, err] = ["said.json", "said.txt"].map(|name| self.folder.join(name));
        let file = |path: &Path| std::fs::File::create(path).during(path.display());
        let began = Instant::now();
        let mut child = Command::new(program)
            .arg("diff")
            .arg(self.folder.join("spec"))
            .args(["--against", "live", "--format", "json", "--approved"])
            .arg(self.folder.join("output"))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(more)
            .stdin(Stdio::null())
            .stdout(file(&out)?)
            .stderr(file(&err)?)
            .spawn()
            .during("watershed diff")?;
        let (mut memory, mut worked) = (0, 0.0);
        let code = loop {
            memory = memory.max(most_memory(child.id()));
            worked = f64::max(worked, processor_time(child.id()));
            if let Some(status) = child.try_wait().during("watershed diff")? {
                break status.code().unwrap_or(-1);
            }
            std::thread::sleep(LOOKED_AT);
        };
        let took = began.elapsed();
        let text = |path: &Path| std::fs::read_to_string(path).during(path.display());
        let words = text(&err)?;
        let json = serde_json::from_str(&text(&out)?)
            .map_err(|e| Trouble::new(format!("exit {code}, no JSON: {e}")).said(&words))?;
        Ok(Said { code, json, words, took, worked, memory })
    }

    /// How long kubectl diff would take for all objects, by what it takes for some, seconds.
    fn kubectl_diff(&self, kubectl: &Kubectl, how: &[&str]) -> Outcome<f64> {
        let mut took = [0.0; 2];
        for (number, took) in SHOWN_TO_KUBECTL.into_iter().zip(&mut took) {
            let some: Vec<&Value> = self.objects.iter().step_by(self.objects.len() / number).take(number).collect();
            let file = self.folder.join("some.json");
            write(&file, json!({"apiVersion": "v1", "kind": "List", "items": some}).to_string())?;
            let began = Instant::now();
            let differs = kubectl.finds(&[&["diff", "-f", &file.display().to_string()], how].concat())?;
            *took = began.elapsed().as_secs_f64();
            if differs {
                return Err(Trouble::new("kubectl diff finds differences where nothing was changed"));
            }
        }
        let [few, many] = SHOWN_TO_KUBECTL;
        let one = (took[1] - took[0]) / (many - few) as f64;
        Ok(one.mul_add((self.objects.len() - few) as f64, took[0]))
    }

    /// Takes away all that was applied; Namespaces stay: nobody is there to end them.
    fn remove(&self, kubectl: &Kubectl) -> Outcome<()> {
        let all: Vec<Value> = self.objects.iter().filter(|o| o["kind"] != "Namespace").cloned().collect();
        side_by_side(&all, |object| kubectl.rest().delete(object))
    }
}

/// How often a process is looked at while it runs.
const LOOKED_AT: Duration = Duration::from_millis(10);

/// The most memory a process has had, KiB; 0 where it has ended.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// How long processors have worked for a process, seconds; 0 where it is gone.
fn processor_time(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // After the name, which may hold anything: in user mode and in the kernel, hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// What the program said, and what that took.
struct Said {
    code: i32,
    json: Value,
    words: String,
    took: Duration,
    /// Seconds of a processor.
    worked: f64,
    /// KiB.
    memory: u64,
}

impl Said {
    /// Nothing differs, and all objects of so many clusters were compared.
    fn is_silent(&self, clusters: usize, objects: usize) -> Outcome<()> {
        let each = self.json["clusters"].as_array().map_or(&[][..], Vec::as_slice);
        let compared: u64 = each.iter().filter_map(|c| c["compared"].as_u64()).sum();
        let whole = each.iter().all(|c| c["unverified"] == json!([]) && c["compared"] != 0);
        if self.code == 0 && whole && each.len() == clusters && compared == objects as u64 {
            return Ok(());
        }
        let what = format!(
            "exit {}, {compared} objects compared of {objects}, in {} clusters of {clusters}",
            self.code,
            each.len()
        );
        let some: String = format!("{}\n{:#}", self.words, self.json).chars().take(SHOWN).collect();
        Err(Trouble::new(what).said(some))
    }
}

/// How much is shown of what was not expected.
const SHOWN: usize = 4_000;

/// Does something to every object, several at once.
fn side_by_side(objects: &[Value], one: impl Fn(&Value) -> Outcome<()> + Sync) -> Outcome<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(object) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
            one(object)?;
        }
        Outcome::Ok(())
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|thread| thread.join().map_err(|_| Trouble::new("a thread panicked"))?)
    })
}
