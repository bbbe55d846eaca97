//! The world as it is: the only code that touches files, environment, clock and streams.

#![expect(clippy::disallowed_methods, reason = "this is the one place that may")]

mod folder;
mod output;
mod pager;
mod single;
#[cfg(test)]
mod tests;

use std::io::{BufRead, IsTerminal, Read, Write};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::fs::FileType;

use self::folder::{Folder, errno, open_file, trouble};
use self::output::Tree;
use self::pager::Screen;
use super::grafana::{Grafana, GrafanaLogin};
use super::server::{Failure, Login, Server};
use super::{Access, Date, Entry, History, Output, Stream, Terminal, Time, Trouble, TroubleKind, World, git};

/// A spec is a few hundred files; this many means somebody pointed at the wrong folder.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 64;
const DEFAULT_WIDTH: usize = 100;
/// Nobody types more, in bytes.
const LONGEST_ANSWER: u64 = 4096;
/// When it was first asked how much time went by.
static BEGAN: OnceLock<Instant> = OnceLock::new();

#[derive(Debug, Default, Clone, Copy)]
pub struct Os;

impl World for Os {
    fn list(&self, root: &str) -> Result<Vec<Entry>, Trouble> {
        // `Folder::open` calls a file "foreign"; asking for the file first needs no such detour.
        match open_file(root) {
            Ok((_, size)) => {
                let name = root.rsplit('/').next().unwrap_or(root);
                return Ok(vec![Entry { path: name.to_owned(), location: root.to_owned(), size }]);
            }
            Err(t) if t.kind == TroubleKind::NotAFile => {}
            Err(t) => return Err(t),
        }
        list_all(&Folder::open(root)?.ok_or_else(|| trouble(root, rustix::io::Errno::NOENT))?)
    }

    fn beside(&self, file: &str) -> Result<Vec<Entry>, Trouble> {
        let folder = Folder::given(file.rsplit_once('/').map_or(".", |(folder, _)| folder))?;
        let files = folder
            .entries()?
            .into_iter()
            .filter(|(name, kind)| *kind == FileType::RegularFile && !name.starts_with('.'));
        let entry = |(name, _): (String, _)| {
            let location = file.rsplit_once('/').map_or_else(|| name.clone(), |(folder, _)| format!("{folder}/{name}"));
            Entry { size: folder.size(&name), path: name, location }
        };
        let mut entries: Vec<Entry> = files.map(entry).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        whole(path, open_file(path)?, limit)
    }

    fn list_in(&self, folder: &str, path: &str) -> Result<Vec<Entry>, Trouble> {
        let (folder, name) = Folder::given(folder)?.way(path)?;
        let below = folder.child(name)?;
        list_all(&below.ok_or_else(|| trouble(&folder.at(name), rustix::io::Errno::NOENT))?)
    }

    fn read_in(&self, folder: &str, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        let (folder, name) = Folder::given(folder)?.way(path)?;
        let at = folder.at(name);
        let file = folder.file(name)?.ok_or_else(|| trouble(&at, rustix::io::Errno::NOENT))?;
        whole(&at, file, limit)
    }

    fn output(&self, root: &str, access: Access) -> Result<Box<dyn Output + '_>, Trouble> {
        Ok(Box::new(Tree::open(root, access)?))
    }

    fn history(&self, path: &str) -> Result<Box<dyn History + '_>, Trouble> {
        git::open(self, path)
    }

    fn server(&self, login: &Login) -> Result<Arc<dyn Server>, Failure> {
        servers(login)
    }

    fn grafana(&self, login: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure> {
        grafanas(login)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble> {
        single::create(path, bytes)
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble> {
        single::replace(path, bytes)
    }

    fn print(&self, stream: Stream, text: &str) -> Result<(), Trouble> {
        let write = |to: &mut dyn Write| to.write_all(text.as_bytes()).and_then(|()| to.flush());
        let (name, result) = match stream {
            Stream::Out => ("standard output", write(&mut std::io::stdout().lock())),
            Stream::Err => ("standard error", write(&mut std::io::stderr().lock())),
        };
        result.map_err(|e| trouble(name, errno(&e)))
    }

    fn page(&self, text: &str) -> Result<(), Trouble> {
        let out = std::io::stdout();
        let size = rustix::termios::tcgetwinsize(&out).map(|s| (usize::from(s.ws_row), usize::from(s.ws_col)));
        let (rows, columns) = size.unwrap_or_default();
        let shown = out.is_terminal() && pager::show(text, Screen { rows, columns }, &|name| std::env::var(name).ok());
        if shown { Ok(()) } else { self.print(Stream::Out, text) }
    }

    fn terminal(&self, stream: Stream) -> Terminal {
        let (interactive, size) = match stream {
            Stream::Out => (std::io::stdout().is_terminal(), rustix::termios::tcgetwinsize(std::io::stdout())),
            Stream::Err => (std::io::stderr().is_terminal(), rustix::termios::tcgetwinsize(std::io::stderr())),
        };
        let width = size.ok().map(|s| usize::from(s.ws_col)).filter(|w| *w > 0);
        Terminal {
            interactive,
            colour: colour(interactive, |name| std::env::var(name).ok()),
            width: std::env::var("COLUMNS").ok().and_then(|w| w.parse().ok()).or(width).unwrap_or(DEFAULT_WIDTH),
        }
    }

    fn is_attended(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    fn ask(&self, question: &str) -> Result<Option<String>, Trouble> {
        self.print(Stream::Err, question)?;
        let mut line = String::new();
        let read = std::io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut line);
        let read = read.map_err(|e| trouble("standard input", errno(&e)))?;
        Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
    }

    fn elapsed(&self) -> Duration {
        BEGAN.get_or_init(Instant::now).elapsed()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn today(&self) -> Date {
        self.now().date()
    }

    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Time(since.map_or(0, |since| since.as_secs()))
    }

    fn random(&self) -> Result<[u8; 16], Trouble> {
        let mut bytes = [0; 16];
        let source = "/dev/urandom";
        let read = std::fs::File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
        read.map(|()| bytes).map_err(|e| trouble(source, errno(&e)))
    }
}

#[cfg(feature = "live")]
fn servers(login: &Login) -> Result<Arc<dyn Server>, Failure> {
    super::live::connect(login, &|name| std::env::var_os(name))
}

#[cfg(feature = "live")]
fn grafanas(login: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure> {
    super::live::grafana(login, &|name| std::env::var_os(name))
}

#[cfg(not(feature = "live"))]
fn grafanas(_: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure> {
    let message = "this build of Watershed asks no servers (it lacks the feature `live`), so no Grafana either";
    Err(Failure::new(super::server::FailureKind::Config, message))
}

#[cfg(not(feature = "live"))]
fn servers(login: &Login) -> Result<Arc<dyn Server>, Failure> {
    let message = format!(
        "this build of Watershed asks no servers (it lacks the feature `live`), so not that of context `{}` either",
        login.context
    );
    Err(Failure::new(super::server::FailureKind::Config, message))
}

/// <https://no-color.org> and <https://bixense.com/clicolors>: an empty `NO_COLOR` is no wish.
fn colour(interactive: bool, var: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| var(name).is_some_and(|v| !v.is_empty() && v != "0");
    if var("NO_COLOR").is_some_and(|v| !v.is_empty()) {
        return false;
    }
    if set("CLICOLOR_FORCE") {
        return true;
    }
    interactive && var("CLICOLOR").as_deref() != Some("0") && var("TERM").as_deref() != Some("dumb")
}

/// The bytes of an open file, of the size it had when opened.
fn whole(path: &str, (file, size): (std::fs::File, u64), limit: u64) -> Result<Vec<u8>, Trouble> {
    let too_large = || {
        let message = format!("the file has {size} bytes; at most {limit} are read");
        Trouble::new(path, TroubleKind::TooLarge, message)
    };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A file may grow while it is read, and those of /proc say they are empty.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| trouble(path, errno(&e)))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Every file below `folder` that is not hidden, in byte order.
fn list_all(folder: &Folder) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    list(folder, "", 0, &|name| !name.starts_with('.'), &mut entries)?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Adds the files below `folder` for whose names `wanted` holds, depth first.
fn list(
    folder: &Folder,
    prefix: &str,
    depth: usize,
    wanted: &dyn Fn(&str) -> bool,
    entries: &mut Vec<Entry>,
) -> Result<(), Trouble> {
    if depth > MAX_DEPTH {
        let message = format!("folders stand more than {MAX_DEPTH} deep in each other");
        return Err(Trouble::new(folder.at(""), TroubleKind::TooLarge, message));
    }
    for (name, kind) in folder.entries()? {
        if !wanted(&name) {
            continue;
        }
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        match kind {
            FileType::Directory => {
                if let Some(child) = folder.child(&name)? {
                    list(&child, &path, depth + 1, wanted, entries)?;
                }
            }
            FileType::RegularFile => {
                if entries.len() == MAX_FILES {
                    let message = format!("more than {MAX_FILES} files stand here; is it the folder you mean?");
                    return Err(Trouble::new(folder.at(""), TroubleKind::TooLarge, message));
                }
                entries.push(Entry { path, location: folder.at(&name), size: folder.size(&name) });
            }
            FileType::Symlink => return Err(trouble(&folder.at(&name), rustix::io::Errno::LOOP)),
            _ => {
                let message = "this is a device, pipe or socket, not a file";
                return Err(Trouble::new(folder.at(&name), TroubleKind::NotAFile, message));
            }
        }
    }
    Ok(())
}
