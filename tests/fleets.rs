//! The five fleets of the language's definition: nothing is wrong with them but what is not compiled
//! yet.

use crate::support::library::{compile, files};

/// Codes that say "not compiled yet".
const NOT_YET: [&str; 2] = ["SPC190", "REF134"];

#[test]
fn the_five_fleets_are_sound_but_for_what_is_not_compiled_yet() {
    let fleets = files("tests/fleets");
    let specs: Vec<&String> = fleets.keys().filter(|p| !p.ends_with(".md")).collect();
    assert_eq!(specs.len(), 6, "{specs:?}");
    for spec in specs {
        let compiled = compile(&fleets, spec);
        let wrong: Vec<String> = compiled
            .findings
            .iter()
            .filter(|d| d.severity == watershed::diag::Severity::Error && !NOT_YET.contains(&d.code.id))
            .map(|d| format!("{} {}: {}", d.code.id, compiled.sources().display(d.at), d.what))
            .collect();
        assert!(wrong.is_empty(), "{spec}\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_fleet_in_both_forms_gives_the_same_findings() {
    let fleets = files("tests/fleets");
    let of = |spec: &str| {
        let compiled = compile(&fleets, spec);
        let mut found: Vec<String> = compiled.findings.iter().map(|d| format!("{}: {}", d.code.id, d.what)).collect();
        found.sort();
        found
    };
    assert_eq!(of("2-resource-only.kdl"), of("2-resource-only.yaml"));
}
