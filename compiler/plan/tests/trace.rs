//! What `trace` says of a series is what the rules do with it.

use super::{World, routing};
use crate::model::trace::Trace;
use crate::plan::{Question, Wanted, destination, trace};
use crate::relabel::Condition;
use crate::relabel::regex::Cache;

fn asked(world: &World, selector: &str) -> Trace {
    let (plan, _) = world.plan("pool-1");
    let condition = Condition::parse(selector, &Cache::default()).expect("a selector");
    trace(&world.fleet, &world.catalog, &plan, &Question::new(Wanted::Series(condition), None))
}

#[test]
fn a_recorded_series_is_of_the_job_whose_path_it_carries() {
    let world = routing::pool("to \"plane-a\" jobs=\"cadvisor\"\n to \"plane-b\"");
    for (path, because, store) in [
        ("/metrics/cadvisor", "this line is for it", "plane-a"),
        ("/metrics", "this line is for it", "plane-b"),
        ("/other", "this line is for it", "plane-b"),
    ] {
        let found = asked(&world, &format!("node:x:sum{{job=\"kubelet\",metrics_path=\"{path}\"}}"));
        for way in &found.ways {
            let reached: Vec<&str> = way.ends.iter().filter(|e| e.arrives.is_some()).map(|e| e.name.as_str()).collect();
            assert_eq!(reached, [store], "{path}");
            let answer = way.answer.as_ref().expect("an answer");
            let line = world.doc.sources.slice(world.fleet.origins.span(&world.fleet.origins, answer.origin));
            assert_eq!(answer.because, because);
            assert!(line.contains(store), "{path}: {line}");
        }
        assert!(!found.ways.is_empty());
    }
}

#[test]
fn a_tenant_that_is_not_there_is_looked_for_in_its_own_store() {
    let text = r#"
fleet "f" language=1 { versions kubernetes="1.34"; prometheus "user" { rest; retention "1d"; storage "50Gi" } }
cluster "pool-1" nodes=3
store "central" kind="victoriametrics-cluster" cluster="pool-1" { retention "30d"; storage "100Gi"; tenant "alpha" id=1; tenant "beta" id=2 }
store "centre" kind="victoriametrics-cluster" cluster="pool-1" { retention "30d"; storage "100Gi"; tenant "alphas" id=1 }
route "home" from="*" to="central"
"#;
    let world = World::of(text);
    let told = |name: &str| destination(&world.fleet, name).expect_err("none is called so");
    assert!(told("central/alphas").ends_with("did you mean `central/alpha`?"), "{}", told("central/alphas"));
    assert!(
        told("central/zzzzzz").ends_with("there are: central, central/alpha, central/beta"),
        "{}",
        told("central/zzzzzz")
    );
    assert!(told("centrl").ends_with("did you mean `central`?"), "{}", told("centrl"));
}
