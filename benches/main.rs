//! How fast `watershed` compiles generated fleets, in ratios to `cp -r` of its own output on the
//! same file system. Prints figures and bars; no time ever fails a run.
//!
//! `benches/README.md` says how to run it and what was measured last.

#![expect(clippy::disallowed_methods, reason = "a bench starts processes, reads clocks and touches files")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

mod generate;
mod measure;
mod phases;
mod report;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use watershed::cli::{self, Exit};
use watershed::world::Os;

use crate::generate::Fleet;
use crate::measure::Size;
use crate::report::{Figures, Round};

const BINARY: &str = env!("CARGO_BIN_EXE_watershed");
/// What every fleet has to have, for its ratio to mean anything.
const FILES_PER_CLUSTER: usize = 80;
/// Namespaces on one route.
const FEW_AND_MANY: [usize; 2] = [50, 5_000];

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    // A process of its own each, started by the run below: peaks and phases are per process.
    let result = match args.first().and_then(|a| a.to_str()) {
        Some("--peak-of") => return peak_of(&args[1..]),
        Some("--phases-of") => phases_of(&args[1..]),
        _ => Options::read(&args).and_then(|options| run(&options)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    smoke: bool,
    sizes: Vec<usize>,
    rounds: usize,
}

impl Options {
    fn read(args: &[OsString]) -> io::Result<Options> {
        let mut options = Options { smoke: false, sizes: vec![1, 100, 1_000], rounds: 5 };
        let mut args = args.iter().map(|a| a.to_string_lossy());
        while let Some(arg) = args.next() {
            let mut number = || args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
            let known = match &*arg {
                // What `cargo bench` adds.
                "--bench" => Some(()),
                "--smoke" => {
                    options = Options { smoke: true, sizes: vec![1, 5], rounds: 1 };
                    Some(())
                }
                "--rounds" => number().map(|n| options.rounds = n),
                "--size" => number().map(|n| options.sizes = vec![n]),
                _ => None,
            };
            if known.is_none() {
                let usage = "usage: cargo bench --bench fleet -- [--smoke] [--rounds N] [--size CLUSTERS]";
                return Err(io::Error::other(format!("`{arg}`?\n{usage}")));
            }
        }
        Ok(options)
    }
}

fn run(options: &Options) -> io::Result<()> {
    // Memory, not a disk: a disk would be measured in its stead.
    let memory = Path::new("/dev/shm");
    let (base, kind) =
        if memory.is_dir() { (memory.to_owned(), "tmpfs") } else { (std::env::temp_dir(), "the temporary folder") };
    let scratch = tempfile::Builder::new().prefix("watershed-bench-").tempdir_in(base)?;
    println!("on {kind}, {} rounds", options.rounds);
    let mut all = Vec::new();
    for size in &options.sizes {
        let figures = measure_size(scratch.path(), *size, options.rounds)?;
        print!("{}", report::size(&figures));
        all.push(figures);
    }
    print!("{}", report::split(&measure_split(scratch.path(), options)?));
    print!("{}", report::bars(&all));
    Ok(())
}

fn measure_size(scratch: &Path, size: usize, rounds: usize) -> io::Result<Figures> {
    let home = scratch.join(size.to_string());
    let fleet = Fleet::write(&home.join("spec"), size)?;
    let [out, copy] = ["out", "copy"].map(|name| home.join(name));
    let spec = fleet.folder();

    // Not counted: the first run reads the binary from disk.
    watershed("build", spec, &["--out".into(), out.clone().into()])?;
    let tree = measure::size(&out)?;
    require_files(&fleet, tree)?;

    let mut figures = Figures { clusters: size, tree, rounds: Vec::new(), peak: None, phases: Vec::new() };
    for round in 0..rounds {
        figures.rounds.push(one_round(&fleet, &out, &copy, round)?);
    }
    measure::remove(&copy)?;
    measure::remove(&out)?;
    figures.peak = peak(&home, spec, &out)?;
    measure::remove(&out)?;
    figures.phases = phases(&home, spec, &out)?;
    measure::remove(&home)?;
    Ok(figures)
}

/// `check` of fleets whose pools are split between two stores by few and by many namespaces, with one pool and with
/// more.
fn measure_split(scratch: &Path, options: &Options) -> io::Result<Vec<report::Split>> {
    let sizes = if options.smoke { [3, 7] } else { [3, 43] };
    let fleet =
        |(size, tenants): (usize, usize)| Fleet::split(&scratch.join(format!("split-{size}-{tenants}")), size, tenants);
    let fleets = FEW_AND_MANY.iter().flat_map(|tenants| sizes.map(|size| (size, *tenants)));
    let fleets: Vec<Fleet> = fleets.map(fleet).collect::<io::Result<_>>()?;
    let mut out: Vec<report::Split> =
        fleets.iter().map(|f| report::Split { tenants: f.tenants(), pools: f.pools(), took: Vec::new() }).collect();
    // Round by round, so that whatever else the machine does meets all.
    for _ in 0..options.rounds {
        for (fleet, split) in fleets.iter().zip(&mut out) {
            split.took.push(watershed("check", fleet.folder(), &[])?);
        }
    }
    fleets.iter().try_for_each(|f| measure::remove(f.folder()))?;
    Ok(out)
}

/// A B A B: whatever else the machine does meets both sides.
fn one_round(fleet: &Fleet, out: &Path, copy: &Path, round: usize) -> io::Result<Round> {
    let spec = fleet.folder();
    let build = [OsString::from("--out"), out.into()];
    measure::remove(out)?;
    let cold = watershed("build", spec, &build)?;
    let copied = copy_tree(out, copy)?;
    let unchanged = watershed("build", spec, &build)?;
    let copied_again = copy_tree(out, copy)?;
    let check = watershed("check", spec, &[])?;
    // Exits 2 if the unchanged build above had, or should have, written anything.
    watershed("build", spec, &[&build[..], &["--check".into()]].concat())?;

    fleet.change(round)?;
    let one = watershed("build", spec, &[&build[..], &["--cluster".into(), fleet.changed().into()]].concat())?;
    Ok(Round { cold, copied, unchanged, copied_again, check, one })
}

fn watershed(command: &str, spec: &Path, more: &[OsString]) -> io::Result<std::time::Duration> {
    let args = [&[command.into(), spec.into()], more].concat();
    measure::timed(BINARY, &args)
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<std::time::Duration> {
    measure::remove(to)?;
    measure::timed("cp", &[OsString::from("-r"), from.into(), to.into()])
}

fn require_files(fleet: &Fleet, tree: Size) -> io::Result<()> {
    let least = FILES_PER_CLUSTER * fleet.size();
    if tree.files >= least {
        return Ok(());
    }
    let (files, size) = (tree.files, fleet.size());
    Err(io::Error::other(format!("{files} files for {size} clusters; the bars are for at least {least}")))
}

/// Peak memory of a cold build, asked of a process that does it and then looks at itself.
fn peak(home: &Path, spec: &Path, out: &Path) -> io::Result<Option<u64>> {
    let note = home.join("peak");
    let args: [OsString; 6] =
        ["--peak-of".into(), note.clone().into(), "build".into(), spec.into(), "--out".into(), out.into()];
    measure::timed(&this_program()?, &args)?;
    Ok(fs::read_to_string(&note)?.trim().parse().ok())
}

fn peak_of(args: &[OsString]) -> ExitCode {
    let Some((note, args)) = args.split_first() else { return ExitCode::FAILURE };
    let exit = cli::run(&Os, [&[OsString::from("watershed")], args].concat());
    let peak = measure::peak_memory().map(|p| p.to_string()).unwrap_or_default();
    match fs::write(note, peak) {
        Ok(()) if exit == Exit::Clean => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn phases(home: &Path, spec: &Path, out: &Path) -> io::Result<Vec<(String, f64)>> {
    let note = home.join("phases");
    let args: [OsString; 4] = ["--phases-of".into(), note.clone().into(), spec.into(), out.into()];
    measure::timed(&this_program()?, &args)?;
    let text = fs::read_to_string(&note)?;
    let line = |line: &str| line.split_once('\t').and_then(|(name, ms)| Some((name.to_owned(), ms.parse().ok()?)));
    Ok(text.lines().filter_map(line).collect())
}

fn phases_of(args: &[OsString]) -> io::Result<()> {
    let [note, spec, out] = args else { return Err(io::Error::other("three paths")) };
    let phases = phases::measure(Path::new(spec), Path::new(out))?;
    let text: String = phases.iter().map(|(name, took)| format!("{name}\t{}\n", took.as_secs_f64() * 1e3)).collect();
    fs::write(PathBuf::from(note), text)
}

fn this_program() -> io::Result<String> {
    Ok(std::env::current_exe()?.display().to_string())
}
