//! Several lists at once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::super::at_once::AT_ONCE;
use super::{Reply, config_maps, live};
use crate::world::Server;
use crate::world::server::{Failure, FailureKind, Listed};

const LISTS: usize = 3 * AT_ONCE;

fn all() -> Vec<Listed> {
    (0..LISTS).map(|n| config_maps(Some(&format!("n-{n:02}")))).collect()
}

fn page(namespace: &str, text: &str, next: &str) -> Json {
    json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": next},
           "items": [{"metadata": {"name": "a", "namespace": namespace}, "data": {"text": text}}]})
}

/// The namespace of a path, and its number.
fn place(path: &str) -> (&str, usize) {
    let namespace = path.split('/').nth(4).unwrap();
    (namespace, namespace[2..].parse().unwrap())
}

/// The namespaces that were listed, and what was answered in place of the others.
fn ask(live: &dyn Server, most: usize) -> Vec<Result<String, Failure>> {
    let mut said = Vec::new();
    live.lists(&all(), &mut |answer| {
        said.push(answer.map(|objects| objects[0]["metadata"]["namespace"].as_str().unwrap().to_owned()));
        if said.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    said
}

#[test]
fn some_lists_are_asked_at_once_and_answered_in_order() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&now), Arc::clone(&most));
    let (fake, server) = live(move |asked| {
        highest.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let (namespace, number) = place(&asked.path);
        // The first is the last to be answered.
        std::thread::sleep(Duration::from_millis(if number % AT_ONCE == 0 { 120 } else { 20 }));
        running.fetch_sub(1, Ordering::SeqCst);
        if number == 5 { Reply::Says(403, String::new()) } else { Reply::json(&page(namespace, "", "")) }
    });
    let said = ask(&server, usize::MAX);
    let forbidden = |n: usize, answer: &Result<String, Failure>| match answer {
        Ok(namespace) => n != 5 && *namespace == format!("n-{n:02}"),
        Err(failure) => n == 5 && failure.kind == FailureKind::Forbidden,
    };
    assert_eq!(said.len(), LISTS);
    assert!(said.iter().enumerate().all(|(n, answer)| forbidden(n, answer)), "{said:?}");
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    assert_eq!(fake.asked().len(), LISTS);
}

#[test]
fn whoever_wants_no_more_is_asked_for_no_more() {
    let (fake, server) = live(|asked| Reply::json(&page(place(&asked.path).0, "", "")));
    assert_eq!(ask(&server, 2).len(), 2);
    let asked = fake.asked().len();
    assert!((2..=AT_ONCE + 2).contains(&asked), "{asked}");
}

/// One that is told to wait tells all others, and none is lost.
#[test]
fn while_a_server_wants_to_be_left_alone_nothing_is_asked() {
    let pause = super::QUICK.longest_wait;
    let told = Arc::new(std::sync::Mutex::new((None::<Instant>, Vec::new())));
    let log = Arc::clone(&told);
    let (_fake, server) = live(move |asked| {
        let (namespace, number) = place(&asked.path);
        let mut log = log.lock().unwrap();
        if number == AT_ONCE && log.0.is_none() {
            log.0 = Some(Instant::now());
            return Reply::With(429, "retry-after: 1", String::new());
        }
        if let Some(since) = log.0 {
            log.1.push(since.elapsed());
        }
        drop(log);
        std::thread::sleep(Duration::from_millis(5));
        Reply::json(&page(namespace, "", ""))
    });
    let said = ask(&server, usize::MAX);
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    let after = std::mem::take(&mut told.lock().unwrap().1);
    // What was under way when it was said comes in at once; all that is left waits.
    let early = after.iter().filter(|since| **since < pause.mul_f64(0.8)).count();
    assert!(early < AT_ONCE && after.len() > AT_ONCE, "{early} of {}: {after:?}", after.len());
}

/// Lists that together are more than may be held at once are all read all the same, one after the other.
#[test]
fn lists_beside_each_other_hold_no_more_than_one_may() {
    let text = "x".repeat(50_000);
    // Each is half of what may be held.
    let (fake, server) = live(move |asked| {
        let (namespace, _) = place(&asked.path);
        let page_number = asked.path.split("continue=").nth(1).map_or(0, |n| n.parse::<usize>().unwrap());
        let next = if page_number < 40 { (page_number + 1).to_string() } else { String::new() };
        Reply::json(&page(namespace, &text, &next))
    });
    let mut held = Vec::new();
    server.lists(&all()[..AT_ONCE], &mut |answer| {
        held.push(answer.unwrap().len());
        ControlFlow::Continue(())
    });
    assert_eq!(held, [41; AT_ONCE]);
    let begun = fake.asked().iter().filter(|a| !a.path.contains("continue=")).count();
    assert!(begun > AT_ONCE, "{begun}: some had to begin anew");
}
