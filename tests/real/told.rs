//! What a run tells: each step with what came of it, and the sum of all.

use std::process::ExitCode;
use std::time::Instant;

use crate::trouble::Outcome;

pub struct Course<'a> {
    pub began: Instant,
    pub wanted: &'a [String],
    pub passed: usize,
    pub skipped: usize,
    pub failed: Vec<String>,
}

impl Course<'_> {
    pub fn wants_any(&self, names: impl IntoIterator<Item = String>) -> bool {
        self.wanted.is_empty() || names.into_iter().any(|name| self.wanted.iter().any(|w| name.contains(w)))
    }

    /// A step stands alone: one that fails keeps no other from being tried.
    pub fn step(&mut self, name: &str, run: impl FnOnce() -> Outcome<String>) {
        if self.wants_any([name.to_owned()]) {
            self.need(name, run);
        }
    }

    /// A step that others stand on, asked for or not; whether it passed.
    pub fn need(&mut self, name: &str, run: impl FnOnce() -> Outcome<String>) -> bool {
        let (took, ended) = timed(run);
        let passed = ended.is_ok();
        self.tell(name, took, ended);
        passed
    }

    pub fn skip(&mut self, name: &str, why: &str) {
        self.skipped += 1;
        self.say(&format!("skipped {name}: {why}"));
    }

    pub fn tell(&mut self, name: &str, took: f32, ended: Outcome<String>) {
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

    pub fn say(&self, what: &str) {
        println!("{:6.1} s  {what}", self.began.elapsed().as_secs_f32());
    }

    pub fn end(self) -> ExitCode {
        println!("\n{} steps passed, {} skipped, {} failed", self.passed, self.skipped, self.failed.len());
        for name in &self.failed {
            println!("    {name}");
        }
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

pub fn timed(run: impl FnOnce() -> Outcome<String>) -> (f32, Outcome<String>) {
    let began = Instant::now();
    let ended = run();
    (began.elapsed().as_secs_f32(), ended)
}
