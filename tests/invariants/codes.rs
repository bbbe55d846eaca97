//! Codes of findings: each has one meaning, one form and is known to `explain`.

use std::collections::BTreeMap;

use super::sources;
use watershed::diag::Stage;
use watershed::pipeline;

#[test]
fn every_code_is_unique_and_says_what_it_is() {
    let codes = pipeline::all_codes();
    let mut seen = BTreeMap::new();
    for code in &codes {
        let (letters, digits) = code.id.split_at(3);
        assert!(letters.bytes().all(|b| b.is_ascii_uppercase()), "{}", code.id);
        assert!(digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", code.id);
        assert_eq!(seen.insert(code.id, code.title), None, "{} has two meanings", code.id);
        assert!(!code.title.is_empty() && !code.title.ends_with('.'), "{}: {}", code.id, code.title);
        let form = matches!(code.stage, Stage::Syntax | Stage::Spec);
        assert!(!(form && code.allowable), "{}: faults of form cannot be allowed", code.id);
    }
    assert!(codes.len() > 100, "{}", codes.len());
}

#[test]
fn every_code_in_the_sources_is_known_to_explain() {
    let known: Vec<&str> = pipeline::all_codes().iter().map(|c| c.id).collect();
    let mut unknown = Vec::new();
    for source in sources::all() {
        let declares = source.path.ends_with("codes.rs") || source.path.starts_with("lint/rules/");
        for id in source.strings.iter().map(String::as_str).filter(|s| declares && is_id(s)) {
            if !known.contains(&id) {
                unknown.push(format!("{} declares {id}", source.path));
            }
        }
    }
    assert!(unknown.is_empty(), "not in pipeline::all_codes:\n{}", unknown.join("\n"));
}

fn is_id(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 6 && b[..3].iter().all(u8::is_ascii_uppercase) && b[3..].iter().all(u8::is_ascii_digit)
}
