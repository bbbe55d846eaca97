use super::*;
use crate::diag::{Code, Span, Stage};

static CODE: Code = Code::error("REF104", Stage::Spec, "t", "Nothing is scraped.", "write `interval`");
static REMARK: Code = Code::info("LNT001", Stage::Plan, "t", "w", "h");

fn span_of(sources: &Sources, path: &str, needle: &str) -> Span {
    let file = sources.ids().find(|f| sources.path(*f) == path).unwrap();
    let at = sources.text(file).find(needle).unwrap();
    Span::new(file, at, at + needle.len())
}

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("fleet.kdl", "job \"node-exporter\" {\n    # 集群\n    \"集群\" interva \"15s\"\n}\n");
    sources.add("zones.kdl", "zone \"a\"\n\n\nzone \"b\"\n");
    sources
}

#[test]
fn places_in_several_files_are_shown_with_why_and_help() {
    let sources = sources();
    let at = span_of(&sources, "fleet.kdl", "interva");
    let finding = Diagnostic::new(&CODE, at, "`interva` is no key of `job`")
        .here("not known here")
        .label(span_of(&sources, "fleet.kdl", "job"), "in this job")
        .label(span_of(&sources, "zones.kdl", "zone \"b\""), "and here")
        .fix(at, "interval", "write `interval`");
    let text = diagnostics(&[finding], &sources, Format::Text, false, 100);
    let expected = r#"error[REF104]: `interva` is no key of `job`
 --> fleet.kdl:3:10
  |
1 | job "node-exporter" {
  | --- in this job
...
3 |     "集群" interva "15s"
  |            ^^^^^^^ not known here
 ::: zones.kdl:4:1
  |
4 | zone "b"
  | -------- and here
  why: Nothing is scraped.
  help: write `interval`
  fix: write `interval` (at fleet.kdl:3:10: `interval`)

1 error
"#;
    assert_eq!(text, expected);
}

#[test]
fn a_finding_without_a_place_has_no_snippet() {
    let finding = Diagnostic::new(&CODE, Span::NONE, "`output`: this is a symbolic link");
    let text = diagnostics(&[finding], &Sources::default(), Format::Text, false, 100);
    assert!(text.starts_with("error[REF104]: `output`: this is a symbolic link\n  why: "), "{text}");
}

#[test]
fn lines_of_megabytes_and_hostile_characters_stay_readable() {
    let mut sources = Sources::default();
    let long = format!("{}\u{202e}bad\x1b[2J{}", "x".repeat(1 << 20), "y".repeat(1 << 20));
    sources.add("fleet.kdl", long);
    let at = span_of(&sources, "fleet.kdl", "bad");
    let finding = Diagnostic::new(&CODE, at, "a \x1b[31mword").here("this");
    let text = diagnostics(&[finding], &sources, Format::Text, false, 100);
    assert!(text.len() < 1_000, "{}", text.len());
    assert!(text.contains("\\u{202e}bad\\u{1b}[2J"), "{text}");
    assert!(!text.contains('\x1b') && !text.contains('\u{202e}'));
    let lines: Vec<&str> = text.lines().collect();
    let column = lines[3].find("bad").map(|i| lines[3][..i].chars().count());
    assert_eq!(column, lines[4].find("^^^ this"), "{text}");
}

#[test]
fn a_span_that_does_not_fit_its_file_is_no_panic() {
    let sources = sources();
    let file = sources.ids().next().unwrap();
    for (start, end) in [(0, 10_000), (9_999, 10_000), (29, 30), (30, 29), (0, 0)] {
        let finding = Diagnostic::new(&CODE, Span::new(file, start, end), "w").here("here");
        let text = diagnostics(&[finding], &sources, Format::Text, true, 40);
        assert!(text.contains("here"), "{text}");
    }
}

#[test]
fn the_rest_is_counted_and_the_summary_knows_all() {
    let findings: Vec<Diagnostic> = (0..130)
        .map(|i| Diagnostic::new(if i % 2 == 0 { &CODE } else { &REMARK }, Span::NONE, format!("finding {i}")))
        .collect();
    let text = diagnostics(&findings, &Sources::default(), Format::Text, false, 100);
    assert!(text.contains("finding 99\n") && !text.contains("finding 100\n"));
    assert!(text.ends_with("… and 30 more that are not shown\n\n65 errors, 65 remarks\n"), "{text}");
    assert_eq!(diagnostics(&[], &Sources::default(), Format::Text, false, 100), "");
}

#[test]
fn json_has_every_finding_with_its_places() {
    let sources = sources();
    let at = span_of(&sources, "fleet.kdl", "interva");
    let finding = Diagnostic::new(&CODE, at, "w\u{202e}").label(at, "l").fix(at, "interval", "t");
    let text = diagnostics(&[finding], &sources, Format::Json, false, 100);
    assert!(text.contains("w\\u202e"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let place = json!({"file": "fleet.kdl", "line": 3, "column": 10, "endLine": 3, "endColumn": 17});
    assert_eq!((&value["format_version"], &value["errors"]), (&json!(1), &json!(1)));
    let found = &value["diagnostics"][0];
    for key in ["file", "line", "column", "endLine", "endColumn"] {
        assert_eq!(found[key], place[key]);
        assert_eq!(found["labels"][0][key], place[key]);
        assert_eq!(found["fix"][key], place[key]);
    }
    assert_eq!((&found["code"], &found["message"]), (&json!("REF104"), &json!("w\u{202e}")));
}

#[test]
fn colour_only_adds_escapes() {
    let sources = sources();
    let at = span_of(&sources, "fleet.kdl", "interva");
    let finding = [Diagnostic::new(&CODE, at, "what").here("here")];
    let plain = diagnostics(&finding, &sources, Format::Text, false, 100);
    let coloured = diagnostics(&finding, &sources, Format::Text, true, 100);
    assert_ne!(plain, coloured);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}
