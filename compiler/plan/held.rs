//! What senders hold back of what a store does not take, and what a failure of theirs loses of it.
//!
//! Sources: prometheus `tsdb/head.go` (`truncateWAL` takes the lower two thirds of the segments whenever the head is cut,
//! whatever is still to be sent), `tsdb/wlog/watcher.go` (a reader that misses its next segment, and one that is new, goes on
//! at the present), `config/config.go` (`batch_send_deadline`); VictoriaMetrics `app/vmagent/remotewrite` (a block is made
//! every second; each sender has one in its hands), `lib/persistentqueue` (a block that nobody takes for five seconds goes to
//! disk). The suite against real components counts samples against these bounds.

use crate::model::value::Duration;

/// How often a Prometheus cuts its head, and with it its WAL: `--storage.tsdb.min-block-duration`.
pub const CUT: Duration = Duration::from_secs(2 * 3600);

/// The longest outage that loses nothing of what a Prometheus sends by itself, if it does not restart: after a cut, a third
/// of one and a half cuts is left.
pub const fn certain(cut: Duration) -> Duration {
    Duration::from_millis(cut.millis() / 2)
}

/// The longest outage that may lose nothing: what there is before a cut. Where there are few series, and hence a segment
/// for each cut, it is twice as much.
pub const fn at_best(cut: Duration) -> Duration {
    Duration::from_millis(cut.millis() * 3 / 2)
}

/// What a Prometheus has not sent when it is killed, while what it sends to takes it.
pub const UNSENT: Duration = Duration::from_secs(5);

/// What a relay has taken and not written to its disk when it is killed: a second in the making, what lies in memory until
/// it is seen that nobody takes it, and what its senders have in their hands.
pub const UNWRITTEN: Duration = Duration::from_secs(1 + 5 + UNSENT.secs());
