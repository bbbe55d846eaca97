//! A world in memory, for tests: the contract of [`World`] without a disk.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::grafana::{Grafana, GrafanaLogin};
use super::server::{Failure, FailureKind, Login, Server};
use super::{
    Access, Committed, Date, Entry, Fingerprint, History, Output, Stream, Terminal, Time, Trouble, TroubleKind, World,
    WriteSet, names,
};

/// Files by path. `/` separates; folders exist where files are in them.
#[derive(Debug)]
pub struct Memory {
    state: Mutex<State>,
    pub today: Date,
    pub terminal: Terminal,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    locked: BTreeSet<String>,
    printed: BTreeMap<Stream, String>,
    paged: String,
    servers: BTreeMap<String, Arc<dyn Server>>,
    grafanas: BTreeMap<String, Arc<dyn Grafana>>,
    /// Of somebody who can be asked: what they answer, the next first.
    answers: Option<VecDeque<String>>,
    elapsed: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            state: Mutex::default(),
            today: Date { year: 2026, month: 1, day: 1 },
            terminal: Terminal { interactive: false, colour: false, width: 100 },
        }
    }
}

impl Memory {
    pub fn new() -> Self {
        Memory::default()
    }

    #[must_use]
    pub fn with(self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.put(path, bytes);
        self
    }

    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.state().files.insert(path.to_owned(), bytes.into());
    }

    pub fn remove(&self, path: &str) {
        self.state().files.remove(path);
    }

    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.state().files.get(path).cloned()
    }

    pub fn paths(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    /// Makes a server known under the name of a context.
    pub fn serve(&self, context: &str, server: impl Server + 'static) {
        self.state().servers.insert(context.to_owned(), Arc::new(server));
    }

    /// Makes a Grafana known under its address.
    pub fn show(&self, url: &str, grafana: impl Grafana + 'static) {
        self.state().grafanas.insert(url.to_owned(), Arc::new(grafana));
    }

    /// Somebody who can be asked, and answers this.
    pub fn answer(&self, line: &str) {
        self.state().answers.get_or_insert_default().push_back(line.to_owned());
    }

    /// Everything printed to a stream so far.
    pub fn printed(&self, stream: Stream) -> String {
        self.state().printed.get(&stream).cloned().unwrap_or_default()
    }

    /// What of it may be read page by page.
    pub fn paged(&self) -> String {
        self.state().paged.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn below(&self, folder: &str, hidden: bool) -> Vec<Entry> {
        let prefix = if folder.is_empty() || folder == "." { String::new() } else { format!("{folder}/") };
        let entry = |(path, bytes): (&String, &Vec<u8>)| {
            let relative = path.strip_prefix(&prefix)?;
            let shown = hidden || !relative.split('/').any(|part| part.starts_with('.'));
            shown.then(|| Entry { path: relative.to_owned(), location: path.clone(), size: bytes.len() as u64 })
        };
        self.state().files.iter().filter_map(entry).collect()
    }
}

impl World for Memory {
    fn list(&self, root: &str) -> Result<Vec<Entry>, Trouble> {
        let root = root.trim_end_matches('/');
        if let Some(bytes) = self.get(root) {
            let name = root.rsplit('/').next().unwrap_or(root);
            return Ok(vec![Entry { path: name.to_owned(), location: root.to_owned(), size: bytes.len() as u64 }]);
        }
        let entries = self.below(root, false);
        if entries.is_empty() { Err(missing(root)) } else { Ok(entries) }
    }

    fn beside(&self, file: &str) -> Result<Vec<Entry>, Trouble> {
        let mut entries = self.below(file.rsplit_once('/').map_or("", |(folder, _)| folder), false);
        entries.retain(|e| !e.path.contains('/'));
        Ok(entries)
    }

    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        let bytes = self.get(path).ok_or_else(|| missing(path))?;
        if bytes.len() as u64 > limit {
            let message = format!("the file has {} bytes; at most {limit} are read", bytes.len());
            return Err(Trouble::new(path, TroubleKind::TooLarge, message));
        }
        Ok(bytes)
    }

    fn list_in(&self, folder: &str, path: &str) -> Result<Vec<Entry>, Trouble> {
        self.list(&inside(folder, path))
    }

    fn read_in(&self, folder: &str, path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
        self.read(&inside(folder, path), limit)
    }

    fn output(&self, root: &str, access: Access) -> Result<Box<dyn Output + '_>, Trouble> {
        let root = root.trim_end_matches('/').to_owned();
        if access == Access::Write && !self.state().locked.insert(root.clone()) {
            return Err(Trouble::new(root, TroubleKind::Locked, "another build is writing to this folder"));
        }
        Ok(Box::new(Opened { world: self, root, access }))
    }

    fn history(&self, path: &str) -> Result<Box<dyn History + '_>, Trouble> {
        Err(Trouble::new(path, TroubleKind::Repository, "a world in memory has no git repository"))
    }

    fn server(&self, login: &Login) -> Result<Arc<dyn Server>, Failure> {
        let unknown = || Failure::new(FailureKind::Config, format!("there is no context `{}`", login.context));
        self.state().servers.get(&login.context).cloned().ok_or_else(unknown)
    }

    fn grafana(&self, login: &GrafanaLogin) -> Result<Arc<dyn Grafana>, Failure> {
        let unknown = || Failure::new(FailureKind::Unreachable, format!("nothing is at {}", login.url));
        self.state().grafanas.get(&login.url).cloned().ok_or_else(unknown)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble> {
        if self.get(path).is_some() {
            return Err(Trouble::new(path, TroubleKind::Foreign, "something of this name is there already"));
        }
        self.replace(path, bytes)
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), Trouble> {
        self.put(path, bytes);
        Ok(())
    }

    fn print(&self, stream: Stream, text: &str) -> Result<(), Trouble> {
        self.state().printed.entry(stream).or_default().push_str(text);
        Ok(())
    }

    fn page(&self, text: &str) -> Result<(), Trouble> {
        self.state().paged.push_str(text);
        self.print(Stream::Out, text)
    }

    fn terminal(&self, _: Stream) -> Terminal {
        self.terminal
    }

    fn is_attended(&self) -> bool {
        self.state().answers.is_some()
    }

    fn ask(&self, question: &str) -> Result<Option<String>, Trouble> {
        self.print(Stream::Err, question)?;
        Ok(self.state().answers.as_mut().and_then(VecDeque::pop_front))
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    /// Nobody waits; only the clock goes on.
    fn wait(&self, time: Duration) {
        self.state().elapsed += time;
    }

    fn today(&self) -> Date {
        self.today
    }

    fn now(&self) -> Time {
        let noon = Time::parse(&format!("{}T12:00:00Z", self.today)).unwrap_or(Time(0));
        Time(noon.0 + self.state().elapsed.as_secs())
    }

    fn random(&self) -> Result<[u8; 16], Trouble> {
        Ok(*b"not so random at")
    }
}

fn inside(folder: &str, path: &str) -> String {
    if folder == "." { path.to_owned() } else { format!("{}/{path}", folder.trim_end_matches('/')) }
}

struct Opened<'w> {
    world: &'w Memory,
    root: String,
    access: Access,
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        if self.access == Access::Write {
            self.world.state().locked.remove(&self.root);
        }
    }
}

impl Opened<'_> {
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }
}

impl Output for Opened<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.world.get(&self.at(path)))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let folder = if folder.is_empty() { self.root.clone() } else { self.at(folder) };
        Ok(self.world.below(&folder, true))
    }

    fn holds(&self, folder: &str, files: &[(String, Fingerprint)]) -> bool {
        let state = self.world.state();
        let there = |path: &str| state.files.get(&self.at(&format!("{folder}/{path}")));
        files.iter().all(|(path, print)| there(path).is_some_and(|bytes| Fingerprint::of(bytes) == *print))
    }

    fn commit(&self, set: &WriteSet<'_>) -> Result<Committed, Trouble> {
        names::check(set)?;
        let at = |path: &str| self.at(&format!("{}/{path}", set.folder));
        let mut state = self.world.state();
        let mut done = Committed::default();
        let mut write = Vec::new();
        for (path, bytes) in set.files.iter().chain(&set.index) {
            let there = state.files.get(&at(path));
            if there.is_some_and(|old| old == bytes) {
                done.unchanged += 1;
            } else if there.is_some() && !set.owned.iter().any(|(p, _)| p == path) {
                let message = "a file that no index names stands where a generated one has to go";
                return Err(Trouble::new(at(path), TroubleKind::Foreign, message));
            } else {
                write.push((at(path), bytes.to_vec()));
                done.written.push(path.clone());
            }
        }
        for (path, print) in &set.owned {
            if set.files.iter().chain(&set.index).any(|(p, _)| p == path) {
                continue;
            }
            match state.files.get(&at(path)) {
                Some(bytes) if Fingerprint::of(bytes) == *print => done.removed.push(path.clone()),
                Some(_) => done.kept.push(path.clone()),
                None => {}
            }
        }
        if self.access == Access::Write {
            state.files.extend(write);
            for path in &done.removed {
                state.files.remove(&at(path));
            }
        }
        Ok(done)
    }
}

fn missing(path: &str) -> Trouble {
    Trouble::new(path, TroubleKind::Missing, "there is no such file or folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract_of_writing() {
        let world = Memory::new().with("out/f/c/old.yaml", "old").with("out/f/c/edited.yaml", "by hand");
        let owned = vec![
            ("old.yaml".to_owned(), Fingerprint::of(b"old")),
            ("edited.yaml".to_owned(), Fingerprint::of(b"ours")),
        ];
        let set =
            WriteSet { folder: "f/c", files: vec![("new.yaml".to_owned(), b"new")], owned, ..WriteSet::default() };
        let done = world.output("out", Access::Look).unwrap().commit(&set).unwrap();
        assert_eq!((done.written.len(), world.get("out/f/c/new.yaml")), (1, None));
        world.output("out/", Access::Write).unwrap().commit(&set).unwrap();
        assert_eq!(world.paths(), ["out/f/c/edited.yaml", "out/f/c/new.yaml"]);
        let foreign = WriteSet { folder: "f/c", files: vec![("new.yaml".to_owned(), b"x")], ..WriteSet::default() };
        let trouble = world.output("out", Access::Write).unwrap().commit(&foreign).unwrap_err();
        assert_eq!((trouble.kind, trouble.path.as_str()), (TroubleKind::Foreign, "out/f/c/new.yaml"));
    }

    #[test]
    fn one_build_at_a_time() {
        let world = Memory::new();
        let first = world.output("out", Access::Write).unwrap();
        assert_eq!(world.output("out", Access::Write).err().unwrap().kind, TroubleKind::Locked);
        assert!(world.output("out", Access::Look).is_ok());
        drop(first);
        assert!(world.output("out", Access::Write).is_ok());
    }
}
