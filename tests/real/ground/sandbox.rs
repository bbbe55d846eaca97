//! The sandbox: the running test binary starts itself again in namespaces of its own. Inside there is no network but
//! what `network.rs` makes, mounts are nobody else's, and every process ends with the run, however it ends.
//!
//! The run outside holds a pipe to the one inside. When it dies, the pipe closes, the run inside (the first process of
//! its PID namespace) ends, and with it the kernel ends everything that was started in there.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::{During, Outcome, Trouble};

/// Set for the run inside; its value is the scratch folder.
const INSIDE: &str = "WATERSHED_REAL_INSIDE";
const PREFIX: &str = "watershed-real-";
const LOCK: &str = "lock";
const NAMESPACES: [&str; 5] = ["--net", "--mount", "--pid", "--fork", "--kill-child"];

/// What the run inside has to work with.
pub struct Inside {
    /// A folder of this run; removed by the run outside unless a step failed.
    pub scratch: PathBuf,
}

/// The run inside, if this is it. From here on it ends when the run outside does.
pub fn inside() -> Option<Inside> {
    let scratch = std::env::var_os(INSIDE)?;
    // Its standard input is the pipe the run outside holds.
    std::thread::spawn(|| {
        let mut nothing = [0_u8; 1];
        while matches!(std::io::stdin().read(&mut nothing), Ok(n) if n > 0) {}
        std::process::exit(130);
    });
    Some(Inside { scratch: scratch.into() })
}

/// Runs this program again, with the same arguments, inside; hands back its exit code.
///
/// # Errors
/// Namespaces are not permitted (the message says what would have to be), or the scratch folder cannot be made.
pub fn enter() -> Outcome<ExitCode> {
    let temporary = std::env::temp_dir();
    remove_dead(&temporary);
    permitted()?;
    let scratch = Scratch::new(&temporary)?;
    let program = std::env::current_exe().during("the test program's own path")?;
    let mut child = unshare()
        .arg("--mount-proc")
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, &scratch.path)
        .stdin(Stdio::piped())
        .spawn()
        .during("unshare")?;
    // Held until the child has ended: see the module's header.
    let pipe = child.stdin.take();
    let status = child.wait().during("unshare")?;
    drop(pipe);
    if status.success() {
        scratch.remove()?;
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("\nlogs, configurations and volumes are kept in {}", scratch.path.display());
    Ok(ExitCode::FAILURE)
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(NAMESPACES);
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
}

/// Tries what is needed with a program that does nothing.
fn permitted() -> Outcome<()> {
    let tried = unshare().args(["--mount-proc", "true"]).output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Trouble::new("the program `unshare` (package util-linux) is not installed; the suite runs in namespaces")
        }
        _ => Trouble::new(format!("unshare: {e}")),
    })?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
    let setting = |name: &str| std::fs::read_to_string(format!("/proc/sys/{}", name.replace('.', "/")));
    let mut reasons: Vec<String> = [
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("user.max_user_namespaces", "0", "10000"),
        ("user.max_net_namespaces", "0", "10000"),
    ]
    .into_iter()
    .filter(|(name, bad, _)| setting(name).is_ok_and(|v| v.trim() == *bad))
    .map(|(name, bad, good)| format!("{name} is {bad} on this machine: sysctl -w {name}={good}"))
    .collect();
    if reasons.is_empty() {
        reasons.push(
            "in a container: start it with --cap-add=SYS_ADMIN --cap-add=NET_ADMIN --security-opt seccomp=unconfined \
             --security-opt apparmor=unconfined (or --privileged)"
                .to_owned(),
        );
    }
    Err(Trouble::new(format!(
        "namespaces of network, mounts and processes are not permitted here\n  unshare said: {said}\n  {}",
        reasons.join("\n  ")
    )))
}

/// A folder that is locked as long as its run lives.
struct Scratch {
    path: PathBuf,
    _lock: File,
}

impl Scratch {
    fn new(parent: &Path) -> Outcome<Self> {
        let path = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent)
            .during(format!("a scratch folder in {}", parent.display()))?
            .keep();
        let lock = File::create(path.join(LOCK)).during(path.display())?;
        lock.try_lock().during(path.display())?;
        Ok(Self { path, _lock: lock })
    }

    fn remove(&self) -> Outcome<()> {
        std::fs::remove_dir_all(&self.path).during(self.path.display())
    }
}

/// Removes what runs have left that were interrupted or failed. Their mounts went with their namespace, so there are
/// only plain files; a folder whose lock is held belongs to a run that lives.
fn remove_dead(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        if let Ok(lock) = File::open(entry.path().join(LOCK))
            && lock.try_lock().is_ok()
        {
            // Another user's folder stays; it is no trouble of this run.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
