//! A route of thousands of namespaces: proven name by name, answered and told line by line.

use super::World;
use super::routing::{both, pool, sent};
use crate::model::plan::ClusterPlan;
use crate::model::trace::Trace;
use crate::plan::{Question, Wanted, trace};

const MANY: usize = 5_000;

/// Every other namespace goes to the other plane.
fn name(i: usize) -> String {
    format!("team-{i:04}")
}

fn split() -> String {
    let of = |plane: usize| (0..MANY).filter(|i| i % 2 == plane).map(name).collect::<Vec<_>>().join(" ");
    format!(
        "to \"plane-a\" namespaces=\"{}\"\nto \"plane-b\" namespaces=\"{} team-*\"\nshared \"plane-a\" \"plane-b\"\nunowned \"none\"\n",
        of(0),
        of(1)
    )
}

fn traced(world: &World, plan: &ClusterPlan<'_>, namespace: Option<String>) -> Trace {
    let wanted = Wanted::Job { job: "cadvisor".to_owned(), class: None };
    trace(&world.fleet, &world.catalog, plan, &Question::new(wanted, namespace))
}

#[test]
fn five_thousand_namespaces_are_proven_and_told_in_a_few_lines() {
    let world = pool(&split());
    let plan = world.sound("pool-1");
    let series =
        |namespace: &str| [("job", "kube-state-metrics"), ("namespace", namespace)].map(|(k, v)| (k, v.to_owned()));
    let arrives = |namespace: &str| {
        let series = series(namespace);
        let series: Vec<(&str, &str)> = series.iter().map(|(k, v)| (*k, v.as_str())).collect();
        sent(&plan, "user", &series)
    };
    for i in [0, 1, 2_500, MANY - 2, MANY - 1] {
        let plane = ["plane-a", "plane-b"][i % 2];
        assert_eq!(arrives(&name(i)), [plane], "{i}");
        // Another name, which the pattern has.
        assert_eq!(arrives(&format!("{}x", name(i))), ["plane-b"], "{i}");
    }
    assert_eq!(arrives(""), both());
    assert_eq!(arrives("nobodys"), Vec::<String>::new());

    // All names in the index, under the few answers there are.
    let answered: Vec<_> = plan.answered.iter().filter(|a| a.series.of_no_job).collect();
    let [answered] = &answered[..] else { panic!("{} answers", answered.len()) };
    let namespaces: Vec<usize> = answered.reaches.iter().map(|r| r.namespaces.len()).collect();
    assert_eq!(namespaces, [MANY / 2, MANY / 2 + 1, 1, 1]);

    // A way for each destination set: none, nobody's, plane-a, plane-b.
    let ways = traced(&world, &plan, None).ways;
    let mut alike: Vec<(Option<&str>, usize)> = ways.iter().map(|w| (w.workload.as_deref(), w.alike.len())).collect();
    alike.sort_unstable();
    let (own, with_pattern) = (MANY / 2 - 1, MANY / 2);
    assert_eq!(alike, [(None, 0), (Some("nobodys"), 0), (Some("team-0000"), own), (Some("team-0001"), with_pattern)]);
    assert!(ways.iter().any(|w| w.alike.iter().any(|n| n == "team-*")));
    // One that is asked for stands for itself.
    let [way] = &traced(&world, &plan, Some(name(7))).ways[..] else { panic!() };
    assert!(way.alike.is_empty() && way.workload == Some(name(7)));
}

#[test]
fn what_is_answered_alike_is_what_no_series_tells_apart() {
    use crate::plan::context::Context;
    use crate::plan::parts::parts;
    use crate::plan::routing::{Who, partitions};

    let world = pool(
        "to \"plane-b\" jobs=\"dcgm-exporter cadvisor\" namespaces=\"a a-* b\"\nto \"plane-a\" namespaces=\"a* b c\"\n\
         to \"plane-b\" namespaces=\"a-b* d e-*\"\nto \"plane-a\" \"plane-b\" namespaces=\"a-b e-f\"\n\
         copy \"plane-b\" namespaces=\"b c e-*\"\nshared \"plane-a\"\nunowned \"none\"",
    );
    let id = world.fleet.cluster_ids().find(|id| world.fleet.cluster(*id).name == "pool-1").unwrap();
    let cx = Context::new(&world.fleet, &world.catalog, id);
    let parts = parts(&cx, &mut crate::diag::Sink::default()).all;
    let [partition] = &partitions(&cx)[..] else { panic!() };
    let witnesses = partition.witnesses();
    for (i, first) in partition.alike().iter().enumerate() {
        for who in parts.iter().flat_map(|p| [Who::Sample(p), Who::Scrape(p)]).chain([Who::Nobody]) {
            let answer = |i: usize| partition.answer(who, &witnesses[i].1).into_owned();
            assert_eq!(answer(i), answer(*first), "{:?} as {:?}", witnesses[i], witnesses[*first]);
        }
    }
    let questions: Vec<&str> = partition.questions().collect();
    assert!(questions.len() > 5 && questions.len() < witnesses.len(), "{questions:?} of {witnesses:?}");
}
