//! The real programs that consume our output judge it: see `README.md`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the suite runs programs, touches files and tells what it does"
)]
#![allow(dead_code, reason = "steps come one by one")]

mod components;
mod exporters;
mod ground;
mod steps;
mod trouble;

use std::process::ExitCode;
use std::time::Instant;

use components::Components;
use ground::sandbox;
use trouble::Trouble;

const SWITCH: &str = "WATERSHED_REAL";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Trouble> {
    let began = Instant::now();
    let mut report = |line: &str| println!("{:6.1} s  {line}", began.elapsed().as_secs_f64());
    if let Some(inside) = sandbox::inside() {
        let components = components::ready(&components::folder()?, &mut report)?;
        steps::run(&components, &inside.scratch, &mut report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let has = |flag: &str| std::env::args().skip(1).any(|arg| arg == flag);
    if has("--list") {
        let cache = components::folder()?;
        print_table(&["component", "wanted", "from", "is"], &components::list(&cache, &mut report)?);
        return Ok(ExitCode::SUCCESS);
    }
    check_itself()?;
    let on = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !has("--install") && !on(SWITCH) && !on("CI") {
        println!(
            "skipped: the real components are not asked, as that installs them first (half an hour, once). \
             {SWITCH}=1 cargo test --test real asks them."
        );
        return Ok(ExitCode::SUCCESS);
    }
    let components = components::ready(&components::folder()?, &mut report)?;
    report("all components are ready");
    if has("--install") {
        print_parts(&components);
        return Ok(ExitCode::SUCCESS);
    }
    sandbox::enter()
}

fn print_parts(components: &Components) {
    let rows: Vec<[String; 4]> = components
        .parts
        .iter()
        .flat_map(|part| part.programs().map(move |path| (part, path.display().to_string())))
        .map(|(part, path)| [part.name.to_owned(), part.version.clone(), part.from.to_owned(), path])
        .collect();
    print_table(&["component", "version", "from", "program"], &rows);
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
