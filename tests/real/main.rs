//! The real programs that consume our output judge it: see `README.md`.
//!
//! The program runs twice: outside it installs what is missing, then it starts itself again in a sandbox without a
//! network of the machine's (`ground/sandbox.rs`), where everything else happens.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the suite runs programs, touches files and tells what it does"
)]

mod components;
mod course;
mod exporters;
mod ground;
mod steps;
mod subject;
mod told;
mod trouble;

use std::process::ExitCode;
use std::time::Instant;

use ground::sandbox;
use trouble::{Outcome, Trouble};

const SWITCH: &str = "WATERSHED_REAL";

fn main() -> ExitCode {
    run().unwrap_or_else(|trouble| {
        eprintln!("error: {trouble}");
        ExitCode::FAILURE
    })
}

fn run() -> Outcome<ExitCode> {
    let began = Instant::now();
    let mut report = |line: &str| println!("{:6.1} s  {line}", began.elapsed().as_secs_f64());
    let has = |flag: &str| std::env::args().skip(1).any(|arg| arg == flag);
    if let Some(inside) = sandbox::inside() {
        let components = components::ready(&components::folder()?, &mut report)?;
        let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
        return course::run(&components, &inside.scratch, &wanted);
    }
    if has("--list") {
        let cache = components::folder()?;
        print_table(&["component", "wanted", "from", "is"], &components::list(&cache, &mut report)?);
        return Ok(ExitCode::SUCCESS);
    }
    check_itself()?;
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // What is said of this suite goes before what is said of all.
    let on = said(SWITCH).or_else(|| said("CI")).is_some_and(|value| value != "0" && value != "false");
    if !has("--install") && !on {
        println!(
            "skipped: the real components are not asked, as that installs them first (half an hour, once). \
             {SWITCH}=1 cargo test --test real asks them."
        );
        return Ok(ExitCode::SUCCESS);
    }
    let components = components::ready(&components::folder()?, &mut report)?;
    report("all components are ready");
    if has("--install") {
        print_table(&["component", "version", "from", "program"], &programs(&components));
        return Ok(ExitCode::SUCCESS);
    }
    sandbox::enter()
}

fn programs(components: &components::Components) -> Vec<[String; 4]> {
    let all = components.parts.iter().flat_map(|part| part.programs().map(move |path| (part, path)));
    all.map(|(part, path)| {
        [part.name.to_owned(), part.version.clone(), part.from.to_owned(), path.display().to_string()]
    })
    .collect()
}

/// What the suite relies on and can be checked on any machine.
fn check_itself() -> Result<(), Trouble> {
    let checks = components::self_checks();
    let number = checks.len();
    for (name, ended) in checks {
        ended.map_err(|trouble| trouble.during(name))?;
    }
    println!("{number} checks of the suite itself passed");
    Ok(())
}

fn print_table(head: &[&str; 4], rows: &[[String; 4]]) {
    let head = head.map(str::to_owned);
    let all: Vec<&[String; 4]> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (a, b, c) = (width(0), width(1), width(2));
    for row in all {
        println!("{:a$}  {:b$}  {:c$}  {}", row[0], row[1], row[2], row[3]);
    }
}
