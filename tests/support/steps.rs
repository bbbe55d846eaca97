//! Running the commands of a case. Their words are a handful of our own, no shell.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::folder::{Folder, Snapshot};
use super::git;

/// No command of a case may take longer: nothing the compiler does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs one command and gives what it printed, as cases write it.
///
/// # Errors
/// A command that is no command, or one that broke a rule every run must keep.
pub fn run(folder: &Folder, command: &str) -> Result<String, String> {
    let (command, may_write) = match command.strip_suffix("# may write") {
        Some(command) => (command, true),
        None => (command, false),
    };
    let words = words(command)?;
    let (word, rest) = words.split_first().ok_or("an empty command")?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let io = |e: std::io::Error| format!("`{command}`: {e}");
    match (word.as_str(), &rest[..]) {
        ("watershed", args) => watershed(folder, args, may_write),
        ("cat", [path]) => std::fs::read_to_string(folder.at(path)).map_err(io),
        ("tree", [path]) if !folder.at(path).is_dir() => Err(format!("{path} is no folder")),
        ("tree", [path]) => {
            let files = Snapshot::of(&folder.at(path));
            Ok(files.files().iter().fold(String::new(), |out, f| out + f + "\n"))
        }
        ("replace", [path, old, new]) => {
            let text = std::fs::read_to_string(folder.at(path)).map_err(io)?;
            match text.matches(old).count() {
                1 => std::fs::write(folder.at(path), text.replacen(old, new, 1)).map_err(io)?,
                n => return Err(format!("`{old}` stands {n} times in {path}, not once")),
            }
            Ok(String::new())
        }
        ("write", [path, text]) => {
            std::fs::write(folder.at(path), format!("{text}\n")).map_err(io).map(|()| String::new())
        }
        ("remove", [path]) => {
            let at = folder.at(path);
            let gone = if at.is_dir() { std::fs::remove_dir_all(at) } else { std::fs::remove_file(at) };
            gone.map_err(io).map(|()| String::new())
        }
        ("rename", [from, to]) => std::fs::rename(folder.at(from), folder.at(to)).map_err(io).map(|()| String::new()),
        ("git", args) => git::run(folder.path(), args).map(|()| String::new()),
        _ => Err(format!("`{command}` is no command of a case; see tests/README.md")),
    }
}

/// Runs the binary. Unless it ends well, or is allowed to, it must leave every file as it was.
fn watershed(folder: &Folder, args: &[&str], may_write: bool) -> Result<String, String> {
    let before = folder.snapshot();
    let ended = binary(folder.path(), args);
    let code = match ended.status.code() {
        Some(70) | None => return Err(format!("it broke down:\n{}{}", ended.stdout, ended.stderr)),
        Some(code) => code,
    };
    let looks_only = matches!(args.first(), Some(&("check" | "diff" | "explain" | "review" | "schema" | "man")))
        || args.contains(&"--check");
    if (code != 0 && !may_write) || looks_only {
        let changes = before.changes(&folder.snapshot());
        if !changes.is_empty() {
            return Err(format!("it ended with {code} and must not have changed anything, but {}", changes.join(", ")));
        }
    }
    Ok(transcript(&ended.stdout, &ended.stderr, code))
}

/// What `check` does not let pass, `build` refuses in the same words, and output that is there stays
/// as it is.
///
/// # Errors
/// A build that says or does something else.
pub fn refuses(folder: &Folder, args: &str, checked: &str) -> Result<(), String> {
    let command = format!("watershed build{args}");
    if !folder.at("output").exists() {
        folder.write("output/lab/lab/index.json", "{}");
        folder.write("output/keep.txt", "mine\n");
    }
    let built = run(folder, &command).map_err(|e| format!("$ {command}\n{e}"))?;
    if built == checked { Ok(()) } else { Err(format!("$ {command}\nsays something else than `check`:\n{built}")) }
}

/// What a run printed, and how it ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the built binary to its end in an environment without anything of the user's.
pub fn binary(folder: &Path, args: &[&str]) -> Ended {
    let streams = tempfile::tempdir().unwrap();
    let (out, err) = (streams.path().join("out"), streams.path().join("err"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_watershed"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > PATIENCE => {
                child.kill().unwrap();
                panic!("`watershed {}` hangs", args.join(" "));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    Ended { status, stdout: text(&out), stderr: text(&err) }
}

fn transcript(stdout: &str, stderr: &str, code: i32) -> String {
    let mut out = String::new();
    for (head, text) in [("", stdout), ("[stderr]\n", stderr)] {
        if !text.is_empty() {
            out.push_str(head);
            out.push_str(text);
            if !text.ends_with('\n') {
                out.push_str("[no line end]\n");
            }
        }
    }
    writeln!(out, "[exit {code}]").unwrap();
    out
}

/// Splits at spaces; `'…'` keeps them.
fn words(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = command.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (word, after) = quoted.split_once('\'').ok_or_else(|| format!("`{command}`: a quote is open"))?;
            words.push(word.replace("\\n", "\n"));
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            words.push(word.to_owned());
            rest = after.trim_start();
        }
    }
    Ok(words)
}
