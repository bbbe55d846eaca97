//! Every distinct pattern compiled once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Error, Paste, Regex};

/// Compiled patterns by text; shared by all rules of a compilation, from any thread.
#[derive(Debug, Default)]
pub struct Cache(Mutex<BTreeMap<Key, Result<Regex, Error>>>);

type Key = (Paste, Box<str>);

impl Cache {
    pub fn new() -> Self {
        Cache::default()
    }

    /// The compiled pattern, compiled now if it is new.
    ///
    /// # Errors
    /// As [`Regex::new`]; refusals are remembered too.
    pub fn regex(&self, pattern: &str, paste: Paste) -> Result<Regex, Error> {
        let key: Key = (paste, pattern.into());
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        // Compiled outside the lock: two threads may do the same work once, none waits for it.
        let regex = Regex::new(pattern, paste);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(regex).clone()
    }
}
