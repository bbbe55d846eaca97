//! A hundred thousand broken specs through `check`: whatever stands in them, it ends, and ends with
//! findings. `WATERSHED_MUTATIONS=100000` runs them all; a plain `cargo test` a part.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use watershed::cli::{self, Exit};
use watershed::pipeline::{self, SpecPath};
use watershed::world::{Memory, Stream};

use crate::support::library::files;

const USUAL: u64 = 3_000;

/// No spec of this size may take longer, on a busy machine, unoptimised.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is put into specs besides their own words.
const NASTY: &[&str] = &[
    "\"",
    "{",
    "}",
    "\\",
    "/-",
    "/*",
    "*/",
    "//",
    "#null",
    "#true",
    "#inf",
    "#nan",
    "\"\"\"",
    "#\"",
    ";",
    "=",
    "\n",
    "\0",
    "\u{202e}",
    "\u{feff}",
    "\u{7f}",
    "é",
    "🦀",
    "-",
    "--",
    "0x",
    "1e999",
    "99999999999999999999999999",
    "-1",
    "0",
    "1.5",
    "\"0s\"",
    "\"9999999999y\"",
    "\"99999999Ei\"",
    "none",
    "rest",
    "*",
    "!",
    "a/b/c",
    "\"\"",
    "(t)",
    "&a",
    "*a",
    "<<",
    "!!int",
    "---",
    "|",
    ">",
    "? ",
    "[",
    "]",
    ",",
    "#",
    "\t",
    "\r\n",
    "../x",
    "/",
    ".",
    "\"a b\"",
    "delivery",
    "disabled",
    "namespaces=",
    "patch",
    "merge",
    "raw",
];

#[test]
fn no_mutated_spec_breaks_the_compiler() {
    let wanted = std::env::var("WATERSHED_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(USUAL);
    let corpus = corpus();
    let words: Vec<&str> = corpus.iter().flat_map(|(_, text)| text.split_whitespace()).collect();
    let started = Instant::now();
    let failed: Vec<String> = (0..wanted)
        .into_par_iter()
        .filter_map(|seed| {
            let (path, text) = &corpus[seed as usize % corpus.len()];
            let mutated = mutate(text, &words, seed);
            run(path, &mutated).err().map(|e| format!("seed {seed}, {path}: {e}\n{mutated}\n"))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {wanted}\n{}", failed.len(), failed[0]);
    eprintln!("{wanted} mutated specs in {:.0?}", started.elapsed());
}

/// Examples and fleets, each as one file.
fn corpus() -> Vec<(String, String)> {
    let mut corpus: Vec<(String, String)> = Vec::new();
    for (path, bytes) in
        files("tests/fleets").into_iter().chain(files("examples").into_iter().filter(|(p, _)| !p.starts_with("ci/")))
    {
        let kept = path.ends_with(".kdl") || path.ends_with(".yaml");
        if !kept {
            continue;
        }
        let ending = path.rsplit('.').next().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        // The second file of an example is half a spec: it is joined to the first.
        match corpus.last_mut().filter(|_| path.ends_with("routes.kdl") || path.ends_with("routes.yaml")) {
            Some((_, first)) => first.push_str(&text),
            None => corpus.push((format!("fleet.{ending}"), text)),
        }
    }
    assert!(corpus.len() >= 9);
    // Only the examples come as far as plans and objects; most mutations are theirs.
    let examples: Vec<_> = corpus.iter().rev().take(3).cloned().collect();
    (0..3).for_each(|_| corpus.extend(examples.clone()));
    corpus
}

/// Checks a spec, and where it is sound builds it too: behind the gate nothing may fail.
fn run(path: &str, text: &str) -> Result<(), String> {
    let started = Instant::now();
    let world = Memory::new().with(path, text);
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let compiled = pipeline::compile(&world, &SpecPath(path.to_owned()));
        let errors = compiled.findings.iter().any(|d| d.severity == watershed::diag::Severity::Error);
        let mute = compiled.findings.iter().find(|d| d.what.is_empty() || d.why.is_empty() || d.help.is_empty());
        (errors, mute.map(|d| d.code.id))
    }));
    let (errors, mute) = checked.map_err(|_| "it panics".to_owned())?;
    if let Some(code) = mute {
        return Err(format!("{code} comes without a what, a why or a help"));
    }
    if !errors {
        let args = ["watershed", "build", path].map(Into::into);
        let built = catch_unwind(AssertUnwindSafe(|| cli::run(&world, args))).map_err(|_| "build panics".to_owned())?;
        if built != Exit::Clean {
            return Err(format!("it is sound, and building it fails:\n{}", world.printed(Stream::Err)));
        }
    }
    match started.elapsed() {
        slow if slow > PATIENCE => Err(format!("it takes {slow:?}")),
        _ => Ok(()),
    }
}

/// A generator of our own, so that a seed means the same everywhere (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }
}

fn mutate(text: &str, words: &[&str], seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut text = text.to_owned();
    for _ in 0..=dice.roll(4) {
        text = once(&text, words, &mut dice);
    }
    text
}

fn once(text: &str, words: &[&str], dice: &mut Dice) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.is_empty() {
        return NASTY[dice.roll(NASTY.len())].to_owned();
    }
    let (a, b) = (dice.roll(lines.len()), dice.roll(lines.len()));
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    match dice.roll(9) {
        0 => drop(lines.remove(a)),
        1 => {
            let line = lines[a].clone();
            lines.insert(b, line);
        }
        2 => lines.swap(a, b),
        3 => lines.truncate(a),
        4 => {
            let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 6));
            drop(lines.drain(from..to));
        }
        5 => lines[a] = with_word(&lines[a], words[dice.roll(words.len())], dice),
        6 => lines[a] = with_word(&lines[a], NASTY[dice.roll(NASTY.len())], dice),
        7 => {
            let nasty = NASTY[dice.roll(NASTY.len())];
            let at = boundary(&lines[a], dice);
            lines[a].insert_str(at, nasty);
        }
        _ => {
            let at = boundary(&lines[a], dice);
            if at < lines[a].len() {
                lines[a].remove(at);
            }
        }
    }
    lines.concat()
}

/// The line with one of its words replaced.
fn with_word(line: &str, word: &str, dice: &mut Dice) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let at = dice.roll(words.len());
    words.iter().enumerate().map(|(i, w)| if i == at { word } else { w }).collect::<Vec<_>>().join(" ")
}

fn boundary(line: &str, dice: &mut Dice) -> usize {
    let places: Vec<usize> = line.char_indices().map(|(i, _)| i).collect();
    places.get(dice.roll(places.len())).copied().unwrap_or(0)
}
