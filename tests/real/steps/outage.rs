//! Outage: what a store gets of what was scraped while it was down, counted sample by sample on both sides, against what
//! the compiler says of it.
//!
//! Two clusters of one spec (`tests/real/outage`) run at once and scrape the same pods every second: `relayed` sends
//! through its relay to two planes, `direct` sends by itself to two stores. What hours decide is scaled by the spec's own
//! patches: `direct` cuts its head every 20 seconds, which is two hours elsewhere, and keeps next to nothing in memory.
//! What a relay keeps is decided by volumes, and is not scaled.

mod counted;
mod scene;

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use watershed::plan::held;

use self::counted::{Lost, Moment, now};
use self::scene::{Edit, Scene, Way, Which};
use crate::components::Components;
use crate::ground::cluster::Cluster;
use crate::ground::process::Signal;
use crate::ground::{Outcome, Trouble};

pub const STEPS: [&str; 6] = [
    "outage through a relay",
    "outage without a relay",
    "outage and a killed relay",
    "outage and a restart without a relay",
    "outage of a plane that is taken out",
    "outage of a store that is taken out without a relay",
];

/// The `--storage.tsdb.min-block-duration` of `direct`.
const CUT: watershed::model::value::Duration = watershed::model::value::Duration::from_secs(20);
/// Between two events: what was sent meanwhile is where it waits.
const PAUSE: Duration = Duration::from_secs(12);
/// Around an event: scrapes are a second apart.
const SCRAPE: Moment = 1000;
/// A reader that misses its segment starts anew after five seconds.
const ANEW: Moment = 5000;

const OF_A: Way = Way { cluster: "relayed", store: "plane-a", namespace: "hero-user-a" };
const OF_B: Way = Way { cluster: "relayed", store: "plane-b", namespace: "hero-user-b" };
const NEW: Way = Way { cluster: "relayed", store: "plane-a", namespace: "hero-user-a2" };
const TO_ONE: Way = Way { cluster: "direct", store: "one", namespace: "stranger" };
const TO_TWO: Way = Way { cluster: "direct", store: "two", namespace: "stranger" };
/// What arrives from the beginning.
const WAYS: [Way; 4] = [OF_A, OF_B, TO_ONE, TO_TWO];

const NEW_OWNER: Edit = ("namespaces=\"hero-user-a\"", "namespaces=\"hero-user-a hero-user-a2\"");
const NO_SHARE: Edit = ("shared \"plane-a\" \"plane-b\"", "shared \"plane-b\"");
const NO_LINE: Edit = ("to \"plane-a\" namespaces=\"hero-user-a\"", "");

const NO_COPY: Edit = ("copy \"two\" jobs=\"kubernetes-pods\"", "");
/// What the patch of `direct` says of it, for it says the list whole.
const NO_ENTRY: Edit = (
    r#"
                    - name="two" url="http://two.example.com:8480/insert/0/prometheus/api/v1/write" {
                        queueConfig { capacity 20; maxSamplesPerSend 20; maxShards 1; retryOnRateLimit #true }
                        writeRelabelConfigs {
                            - targetLabel="cluster" replacement="direct" action="replace"
                        }
                    }"#,
    "",
);

/// Runs all of it and hands back what came of each of [`STEPS`].
///
/// # Errors
/// The two clusters do not come up, or something does not do what it is told.
pub fn judge(cluster: &mut Cluster, components: &Components, scratch: &Path) -> Outcome<[Outcome<String>; 6]> {
    let mut scene = Scene::start(cluster, components, scratch)?;
    let [through, without] = long(&mut scene)?;
    let [killed, restarted] = restarts(&mut scene)?;
    let planes = planes(&mut scene)?;
    let stores = stores(&mut scene)?;
    scene.end()?;
    Ok([through, without, killed, restarted, planes, stores])
}

/// The long outage, 10 minutes in little more than one: everything that sends is restarted meanwhile, and somebody gets
/// a namespace. Beside it a short one, which a Prometheus survives by itself.
fn long(scene: &mut Scene<'_>) -> Outcome<[Outcome<String>; 2]> {
    let began = now();
    let gone = scene.down(OF_B.store)?;
    let gone_one = scene.down(TO_ONE.store)?;
    let short = scene.down(TO_TWO.store)?;
    sleep(Duration::from_millis(held::certain(CUT).millis() - 2 * SCRAPE));
    let short = scene.up(TO_TWO.store)? - short;
    let effects = scene.change("relayed", &[], &[NEW_OWNER])?;
    let owned = now();
    scene.watch(NEW, owned)?;
    sleep(PAUSE);
    scene.restart(Which::Relayed, Signal::TERM)?;
    sleep(PAUSE);
    let [kill, _] = scene.restart(Which::Relayed, Signal::KILL)?;
    sleep(PAUSE);
    // Last, for it tries again after ever longer pauses.
    scene.restart(Which::Relay, Signal::TERM)?;
    sleep(PAUSE);
    let back = scene.up(OF_B.store)?;
    let back_one = scene.up(TO_ONE.store)?;
    sleep(PAUSE / 2);
    let until = now() - millis(PAUSE) / 2;

    let unsent = [kill - held::UNSENT.millis() - SCRAPE, kill + SCRAPE];
    let but_unsent = |lost: &Lost| lost.outside(&[unsent]) == 0;
    let of_b = scene.lost(OF_B, [began, until], but_unsent)?;
    let of_a = scene.lost(OF_A, [began, until], but_unsent)?;
    let new = scene.lost(NEW, [owned + millis(PAUSE), until], but_unsent)?;
    let mut wrong = Vec::new();
    if effects.iter().any(|e| e.effect != "reload") {
        wrong.push(format!("a namespace more is to be a reload, and diff says {effects:?}"));
    }
    for (what, lost) in [("plane-b, which was down", &of_b), ("plane-a", &of_a), ("plane-a's new namespace", &new)] {
        if !but_unsent(lost) || lost.scraped == 0 {
            wrong.push(format!("{what}: {lost}, and only what a killed Prometheus had not sent may be"));
        }
    }
    let through = outcome(
        wrong,
        format!(
            "{:.0} s; {} of its samples, its Prometheus ended and killed, its relay ended, a namespace added to the other \
             plane: {of_b}; at the other plane {of_a}, of its new namespace {new}: all of them what the killed Prometheus \
             had not sent, at most {}",
            seconds(back - gone),
            of_b.scraped,
            held::UNSENT,
        ),
    );

    let certain = held::certain(CUT).millis();
    let none_before = |lost: &Lost| lost.moments.first().is_none_or(|first| *first + SCRAPE >= gone_one + certain);
    let to_two = scene.lost(TO_TWO, [began, until], Lost::is_none)?;
    let to_one = scene.lost(TO_ONE, [began, until], none_before)?;
    let mut wrong = Vec::new();
    if !to_two.is_none() || to_two.scraped == 0 {
        wrong.push(format!("{:.0} s, and {} are certain: {to_two}", seconds(short), held::certain(CUT)));
    }
    let most = (back_one - gone_one).saturating_sub(certain) + ANEW + SCRAPE;
    if to_one.is_none() || !none_before(&to_one) || millis(to_one.time()) > most {
        wrong.push(format!(
            "{:.0} s, of which {} are certain and {} at best: {to_one}",
            seconds(back_one - gone_one),
            held::certain(CUT),
            held::at_best(CUT)
        ));
    }
    let without = outcome(
        wrong,
        format!(
            "{:.0} s of {} that are certain: {to_two}; {:.0} s, of which {} are certain and {} at best: {to_one}",
            seconds(short),
            held::certain(CUT),
            seconds(back_one - gone_one),
            held::certain(CUT),
            held::at_best(CUT)
        ),
    );
    Ok([through, without])
}

/// A short outage in which the relay is killed, and a Prometheus that has none is restarted.
fn restarts(scene: &mut Scene<'_>) -> Outcome<[Outcome<String>; 2]> {
    let began = now();
    scene.down(OF_B.store)?;
    let gone = scene.down(TO_TWO.store)?;
    sleep(PAUSE / 2);
    scene.restart(Which::Relay, Signal::KILL)?;
    let [_, restarted] = scene.restart(Which::Direct, Signal::TERM)?;
    sleep(PAUSE / 2);
    scene.up(OF_B.store)?;
    let back = scene.up(TO_TWO.store)?;
    sleep(PAUSE / 2);
    let until = now() - millis(PAUSE) / 2;

    let bounded = |lost: &Lost| lost.time().as_millis() <= u128::from(held::UNWRITTEN.millis());
    let of_b = scene.lost(OF_B, [began, until], bounded)?;
    let of_a = scene.lost(OF_A, [began, until], bounded)?;
    let mut wrong = Vec::new();
    for (what, lost) in [("plane-b, which was down", &of_b), ("plane-a", &of_a)] {
        if !bounded(lost) || lost.scraped == 0 {
            wrong.push(format!("{what}: {lost}, more than {}", held::UNWRITTEN));
        }
    }
    let said = format!("{of_b} at the plane that was down, {of_a} at the other; at most {}", held::UNWRITTEN);
    let killed = outcome(wrong, said);

    // All that waits, and what it had not sent before.
    let waited = [gone - held::UNSENT.millis(), restarted + SCRAPE];
    let to_two = scene.lost(TO_TWO, [began, until], |lost| lost.outside(&[waited]) == 0)?;
    let to_one = scene.lost(TO_ONE, [began, until], |lost| lost.outside(&[waited]) == 0)?;
    let mut wrong = Vec::new();
    if to_two.is_none() || to_two.outside(&[waited]) > 0 {
        wrong.push(format!("the store was down, and what waited is lost at the restart: {to_two}"));
    }
    // It is told to end, and sends what it has.
    if to_one.time().as_millis() > u128::from(held::UNSENT.millis()) {
        wrong.push(format!("the other store was there: {to_one}"));
    }
    let said = format!(
        "{:.0} s, restarted after {:.0} s: {to_two}; at the store that was there {to_one}",
        seconds(back - gone),
        seconds(restarted - gone)
    );
    Ok([killed, outcome(wrong, said)])
}

/// An outage of both planes in which one is taken out of the spec without a drain, and put back.
fn planes(scene: &mut Scene<'_>) -> Outcome<Outcome<String>> {
    scene.down(OF_A.store)?;
    let gone = scene.down(OF_B.store)?;
    sleep(PAUSE);
    let queues = scene.queues()?;
    let effects = scene.change("relayed", &[NEW_OWNER], &[NO_SHARE, NO_LINE])?;
    let changed = now();
    let mut wrong = Vec::new();
    if !queues.is_subset(&scene.queues()?) {
        wrong.push(format!("of the queues {queues:?} there are {:?}", scene.queues()?));
    }
    let reset = effects.iter().find(|e| e.effect == "queue reset");
    for store in [OF_A.store, OF_B.store] {
        if !reset.is_some_and(|e| e.consequence.contains(store)) {
            wrong.push(format!("what waits for {store} is to be told as lost, and diff says {effects:?}"));
        }
    }
    scene.up(OF_A.store)?;
    scene.up(OF_B.store)?;
    sleep(PAUSE / 2);
    // What had come to the relay before the change waits in the queues that were.
    let window = [gone + SCRAPE, changed - millis(PAUSE) / 2];
    let taken_out = [scene.lost(OF_A, window, |_| true)?, scene.lost(OF_B, window, |_| true)?];
    for (way, lost) in [OF_A, OF_B].iter().zip(&taken_out) {
        if lost.moments.len() < lost.scraped || lost.scraped == 0 {
            wrong.push(format!("{}: its queue is not to be sent, and {lost}", way.store));
        }
    }
    scene.change("relayed", &[NO_SHARE, NO_LINE], &[NEW_OWNER])?;
    let put_back = [scene.lost(OF_A, window, Lost::is_none)?, scene.lost(OF_B, window, Lost::is_none)?];
    for (way, lost) in [OF_A, OF_B].iter().zip(&put_back) {
        if !lost.is_none() {
            wrong.push(format!("{}: its queue is there again, and {lost}", way.store));
        }
    }
    let [a, b] = taken_out;
    Ok(outcome(
        wrong,
        format!(
            "diff tells a queue reset of both, for the second takes the place of the first; of what waited, {a} at the \
             first and {b} at the second; put back in its place, the list sends what its queues had kept"
        ),
    ))
}

/// An outage of a store that a Prometheus writes to by itself, and that is taken out of the spec meanwhile, and put back.
fn stores(scene: &mut Scene<'_>) -> Outcome<Outcome<String>> {
    let began = now();
    let gone = scene.down(TO_TWO.store)?;
    sleep(PAUSE / 2);
    let effects = scene.change("direct", &[], &[NO_COPY, NO_ENTRY])?;
    scene.writes(TO_TWO.store, false)?;
    let changed = now();
    scene.up(TO_TWO.store)?;
    scene.change("direct", &[NO_COPY, NO_ENTRY], &[])?;
    scene.writes(TO_TWO.store, true)?;
    let back = now();
    scene.watch(TO_TWO, back)?;
    let mut wrong = Vec::new();
    let resets: Vec<_> = effects.iter().filter(|e| e.effect == "queue reset").collect();
    if resets.len() != 1 || resets.iter().any(|e| e.object != "Prometheus/main") {
        wrong.push(format!("one queue is to be told as reset, and diff says {effects:?}"));
    }
    let window = [gone + SCRAPE, changed - SCRAPE];
    let to_two = scene.lost(TO_TWO, window, |_| true)?;
    if to_two.moments.len() < to_two.scraped || to_two.scraped == 0 {
        wrong.push(format!("what waited is not to be sent: {to_two}"));
    }
    let to_one = scene.lost(TO_ONE, [began, changed], Lost::is_none)?;
    if !to_one.is_none() || to_one.scraped == 0 {
        wrong.push(format!("the other queue is as it was: {to_one}"));
    }
    let right = format!(
        "diff tells the reset of one queue; of what waited, {to_two}, also when put back; at the other {to_one}"
    );
    Ok(outcome(wrong, right))
}

fn outcome(wrong: Vec<String>, right: String) -> Outcome<String> {
    if wrong.is_empty() { Ok(right) } else { Err(Trouble::new("samples are counted otherwise").said(wrong.join("\n"))) }
}

fn millis(duration: Duration) -> Moment {
    Moment::try_from(duration.as_millis()).unwrap_or(Moment::MAX)
}

fn seconds(moments: Moment) -> f64 {
    moments as f64 / 1000.0
}

/// All namespaces that are used.
pub fn namespaces() -> Vec<&'static str> {
    [&scene::NAMESPACES[..], &["relayed", "direct"]].concat()
}
