//! Several requests to one server at once: how many, when none, and how much their answers hold together.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

/// Requests of one context that are under way at once, whatever asks.
pub(super) const AT_ONCE: usize = 8;

/// The way to one server.
#[derive(Debug)]
pub(super) struct Door {
    free: Semaphore,
    /// Until then the server wants no request.
    closed: Mutex<Option<Instant>>,
}

impl Default for Door {
    fn default() -> Self {
        Door { free: Semaphore::new(AT_ONCE), closed: Mutex::default() }
    }
}

impl Door {
    /// Waits until one more may ask; who passed is counted until what is returned is dropped.
    pub(super) async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            // It is never closed for good.
            let passed = self.free.acquire().await.ok();
            let Some(until) = self.until().filter(|until| Instant::now() < *until) else { return passed };
            drop(passed);
            tokio::time::sleep_until(until).await;
        }
    }

    /// For everybody, as a server asks that has too much to do.
    pub(super) fn close(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |other| other.max(until)));
    }

    fn until(&self) -> Option<Instant> {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists that are read beside each other and handed over in order. All that are not the next to be handed over hold no
/// more together than one alone may: who would exceed that begins anew when it is the next.
pub(super) struct Row {
    held: RefCell<Vec<usize>>,
    next: watch::Sender<usize>,
}

impl Row {
    pub(super) fn new(length: usize) -> Row {
        Row { held: RefCell::new(vec![0; length]), next: watch::Sender::new(0) }
    }

    pub(super) fn place(&self, at: usize) -> Place<'_> {
        Place { row: self, at }
    }
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    row: &'a Row,
    at: usize,
}

impl Place<'_> {
    /// Holds so many bytes more, if it may.
    pub(super) fn hold(self, more: usize, most: usize) -> bool {
        let mut held = self.row.held.borrow_mut();
        let all: usize = held.iter().sum();
        if all + more > most && *self.row.next.borrow() != self.at {
            return false;
        }
        held[self.at] += more;
        true
    }

    /// Holds nothing any more.
    pub(super) fn drop_all(self) {
        self.row.held.borrow_mut()[self.at] = 0;
    }

    /// Waits until it is the next.
    pub(super) async fn turn(self) {
        // The row holds the other end.
        let _ = self.row.next.subscribe().wait_for(|next| *next >= self.at).await;
    }

    pub(super) fn handed_over(self) {
        self.drop_all();
        self.row.next.send_replace(self.at + 1);
    }
}
