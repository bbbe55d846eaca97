//! Programs: started with a log of their own, waited for, and ended with their handle. One that does not come up tells
//! why in its own last lines.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Pid;
pub use rustix::process::Signal;

use super::{During, Outcome, Trouble, http};

const PAUSE: Duration = Duration::from_millis(50);

pub struct Process {
    /// What messages call it.
    pub name: String,
    pub log: PathBuf,
    child: Child,
}

/// When a program is ready.
pub enum Ready<'a> {
    /// A GET of this URL answers 2xx.
    Http(&'a str),
    /// Its log contains this.
    Line(&'a str),
    /// It has ended, and well.
    Ended,
}

impl Process {
    /// Starts `command`; what it prints goes to `log`.
    ///
    /// # Errors
    /// The log cannot be written, or the program not started.
    pub fn start(name: impl Into<String>, command: &mut Command, log: &Path) -> Outcome<Self> {
        let name = name.into();
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder).during(folder.display())?;
        }
        let out = File::options().create(true).append(true).open(log).during(log.display())?;
        let err = out.try_clone().during(log.display())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .during(format!("{name}: {} does not start", command.get_program().to_string_lossy()))?;
        Ok(Self { name, log: log.to_owned(), child })
    }

    /// # Errors
    /// It is not ready within `patience`, or has ended before.
    pub fn wait(&mut self, ready: &Ready<'_>, patience: Duration) -> Outcome<()> {
        match ready {
            Ready::Http(url) => self.until(patience, || http::get(url).map(drop)),
            Ready::Line(line) => {
                let log = self.log.clone();
                self.until(patience, || match read(&log).contains(line) {
                    true => Ok(()),
                    false => Err(Trouble::new(format!("its log has no line with {line:?}"))),
                })
            }
            Ready::Ended => {
                let deadline = Instant::now() + patience;
                while Instant::now() < deadline {
                    match self.child.try_wait().during(&self.name)? {
                        Some(status) if status.success() => return Ok(()),
                        Some(status) => return Err(self.trouble(&format!("ended with {}", how(status)))),
                        None => std::thread::sleep(PAUSE),
                    }
                }
                Err(self.trouble(&format!("has not ended within {} s", patience.as_secs())))
            }
        }
    }

    /// Waits until `succeeds` does.
    ///
    /// # Errors
    /// It does not within `patience` (the last error is told), or the program has ended before.
    pub fn until(&mut self, patience: Duration, mut succeeds: impl FnMut() -> Outcome<()>) -> Outcome<()> {
        let deadline = Instant::now() + patience;
        loop {
            self.alive()?;
            let Err(last) = succeeds() else { return Ok(()) };
            if Instant::now() > deadline {
                return Err(self.trouble(&format!("is not ready after {} s: {last}", patience.as_secs())));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// # Errors
    /// It has ended by itself.
    pub fn alive(&mut self) -> Outcome<()> {
        match self.child.try_wait().during(&self.name)? {
            Some(status) => Err(self.trouble(&format!("ended with {}", how(status)))),
            None => Ok(()),
        }
    }

    /// All it has printed so far.
    pub fn text(&self) -> String {
        read(&self.log)
    }

    /// What went wrong with it, its last lines below.
    pub fn trouble(&self, what: &str) -> Trouble {
        Trouble::new(format!("{} {what}; its log is {}", self.name, self.log.display())).said(self.text())
    }

    /// Sends it a signal, as a kubelet or a machine's lack of memory would, and waits until it has ended.
    ///
    /// # Errors
    /// It has not ended within `patience`.
    pub fn end(&mut self, signal: Signal, patience: Duration) -> Outcome<()> {
        self.alive()?;
        rustix::process::kill_process(Pid::from_child(&self.child), signal).during(&self.name)?;
        let deadline = Instant::now() + patience;
        while self.child.try_wait().during(&self.name)?.is_none() {
            if Instant::now() > deadline {
                return Err(self.trouble(&format!("has not ended {} s after {signal:?}", patience.as_secs())));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end and hands back what it printed to standard output.
///
/// # Errors
/// It does not start or does not end well; the message is what it printed to standard error.
pub fn run(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().during(format!("{name} does not start"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
    Err(Trouble::new(format!("{name} {} ended with {}", arguments.join(" "), how(output.status))).said(said))
}

/// Waits until `found` finds something. `what` completes "there is no".
///
/// # Errors
/// Nothing was found within `patience`; or what `found` met.
pub fn until<T>(what: &str, patience: Duration, mut found: impl FnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = found()? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(Trouble::new(format!("after {} s there is no {what}", patience.as_secs())));
        }
        std::thread::sleep(4 * PAUSE);
    }
}

/// A log that is not there has no lines.
fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
