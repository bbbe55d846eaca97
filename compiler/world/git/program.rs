//! The object database through the `git` program, for repositories that the library cannot open.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::place::Place;
use super::{Objects, broken, too_large};
use crate::world::Trouble;

pub(super) struct Program {
    folder: PathBuf,
    /// `git cat-file --batch`, started with the first object.
    reader: Option<Reader>,
}

struct Reader {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It only reads; ending it loses nothing, and not waiting would leave a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// # Errors
/// Why there is no way by the program either, in words.
pub(super) fn open(start: &Path) -> Result<(Program, Place), String> {
    let program = Program { folder: start.to_owned(), reader: None };
    let bare = program.ask(&["rev-parse", "--is-bare-repository"])?;
    let workdir =
        if bare == "true" { None } else { Some(PathBuf::from(program.ask(&["rev-parse", "--show-toplevel"])?)) };
    Ok((program, Place::of(workdir)))
}

impl Program {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(args);
        // Inside a hook these name the repository of the hook, relative to another folder.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
        // What a commit is called must be what is in it, as the library reads it.
        command.env("GIT_NO_REPLACE_OBJECTS", "1");
        // Nothing is fetched, where the clone is partial either: the first is known to git from 2.44 on, and
        // without a protocol older ones cannot.
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
        command
    }

    /// The first thing it prints.
    fn ask(&self, args: &[&str]) -> Result<String, String> {
        self.ask_for(args)?.ok_or_else(|| format!("`git {}` says no", args.first().copied().unwrap_or_default()))
    }

    /// The same; `None` where its answer is that there is none, exit code 1. All else that ends otherwise than
    /// well is a failure.
    fn ask_for(&self, args: &[&str]) -> Result<Option<String>, String> {
        let done = self.command(args).output().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "there is no `git` program either".to_owned(),
            _ => format!("the `git` program could not be run: {e}"),
        })?;
        let said = String::from_utf8_lossy(&done.stderr);
        if done.status.success() {
            return Ok(Some(String::from_utf8_lossy(&done.stdout).trim_end().to_owned()).filter(|id| !id.is_empty()));
        }
        if done.status.code() == Some(1) {
            return Ok(None);
        }
        let first = said.lines().find(|line| !line.starts_with("warning: ")).unwrap_or_default();
        let first = first.trim_start_matches("fatal: ").trim_start_matches("error: ");
        let first = if first.is_empty() { done.status.to_string() } else { first.to_owned() };
        Err(format!("`git {}` says: {first}", args.first().copied().unwrap_or_default()))
    }

    fn reader(&mut self) -> std::io::Result<&mut Reader> {
        if self.reader.is_none() {
            let mut child = self
                .command(&["cat-file", "--batch"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let (Some(ask), Some(answer)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(std::io::Error::other("it has no pipes"));
            };
            self.reader = Some(Reader { child, ask, answer: BufReader::new(answer) });
        }
        self.reader.as_mut().ok_or_else(|| std::io::Error::other("it did not start"))
    }

    fn is_partial(&self) -> bool {
        self.ask(&["config", "--get-regexp", r"^remote\..*\.(promisor|partialclonefilter)$"]).is_ok()
    }

    fn absent(&self, id: &str) -> Trouble {
        let words = if self.is_partial() {
            "it is not in this clone, which is partial (`--filter`), and nothing is fetched by Watershed: clone without \
             `--filter`, or fetch what was left out: `git fetch --refetch --no-filter origin`"
        } else {
            "the object is not in this clone"
        };
        broken(id, words)
    }

    /// `ID TYPE SIZE`, a line end, that many bytes, a line end.
    fn read(&mut self, id: &str, limit: u64) -> std::io::Result<Result<(String, Vec<u8>), Trouble>> {
        let reader = self.reader()?;
        writeln!(reader.ask, "{id}")?;
        reader.ask.flush()?;
        let mut head = String::new();
        if reader.answer.read_line(&mut head)? == 0 {
            let ended = reader.child.wait()?;
            self.reader = None;
            // Newer ones end at an object that they would have fetched.
            if self.is_partial() {
                return Ok(Err(self.absent(id)));
            }
            // Once more by itself, for what it says.
            let why = self.ask(&["cat-file", "-t", id]).err().unwrap_or_else(|| ended.to_string());
            return Err(std::io::Error::other(why));
        }
        let mut words = head.split_whitespace().skip(1);
        let kind = words.next().unwrap_or("missing").to_owned();
        let Some(size) = words.next().and_then(|n| n.parse::<u64>().ok()) else {
            return Ok(Err(self.absent(id)));
        };
        if size > limit {
            std::io::copy(&mut (&mut reader.answer).take(size + 1), &mut std::io::sink())?;
            return Ok(Err(too_large(id, size, limit)));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        reader.answer.read_exact(&mut bytes)?;
        reader.answer.read_exact(&mut [0])?;
        Ok(Ok((kind, bytes)))
    }
}

impl Objects for Program {
    fn commit(&mut self, revision: &str) -> Result<Option<String>, Trouble> {
        let failed = |words: String| broken(revision, words);
        let commit = format!("{revision}^{{commit}}");
        if let Some(id) = self.ask_for(&["rev-parse", "--verify", "--quiet", &commit]).map_err(failed)? {
            return Ok(Some(id));
        }
        // Of a branch or tag by this name it says the same where what is behind it cannot be read.
        match self.ask_for(&["rev-parse", "--verify", "--quiet", "--symbolic-full-name", revision]).map_err(failed)? {
            Some(name) => Err(broken(revision, format!("`{name}` is here, but no commit can be read behind it"))),
            None => Ok(None),
        }
    }

    fn merge_base(&mut self, one: &str, two: &str) -> Result<Option<String>, Trouble> {
        self.ask_for(&["merge-base", one, two]).map_err(|words| broken(one, words))
    }

    fn object(&mut self, id: &str, limit: u64) -> Result<(String, Vec<u8>), Trouble> {
        let read = self.read(id, limit);
        if read.is_err() {
            self.reader = None;
        }
        read.unwrap_or_else(|e| Err(broken(id, format!("`git cat-file` gave no answer: {e}"))))
    }

    fn names(&mut self) -> Vec<String> {
        let names = self.ask(&["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"]);
        names.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn is_shallow(&mut self) -> bool {
        self.ask(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true")
    }
}
