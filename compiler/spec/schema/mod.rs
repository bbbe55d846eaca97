//! The tables of the language as a JSON Schema for editors and as a page for people.

mod json;
mod reference;
mod types;

pub use json::json;
pub use reference::reference;

use crate::syntax::{Form, Shape};

/// Every shape of the language, in the order a reader comes upon them.
pub fn shapes() -> Vec<&'static Shape> {
    let mut found: Vec<&'static Shape> = vec![&super::ROOT];
    let mut next = 0;
    while let Some(shape) = found.get(next).copied() {
        next += 1;
        for inner in shape.keys.iter().filter_map(|key| inner(key.form)) {
            if !found.iter().any(|s| std::ptr::eq(*s, inner)) {
                found.push(inner);
            }
        }
    }
    found
}

fn inner(form: Form) -> Option<&'static Shape> {
    match form {
        Form::Object(shape) | Form::Named(_, shape) | Form::Repeated(shape) => Some(shape),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::spec::SETTINGS;

    #[test]
    fn shapes_have_names_of_their_own_and_arguments_that_arguments_can_fill() {
        let mut names = BTreeSet::new();
        for shape in shapes() {
            assert!(names.insert(shape.name), "two shapes are called {}", shape.name);
            if let Some(argument) = shape.argument {
                let key = shape.key(argument).expect(shape.name);
                assert!(matches!(key.form, Form::Scalar(_) | Form::List(_)), "{}.{argument}", shape.name);
            }
        }
        assert!(!names.contains("settings"), "`settings` is the name of what three shapes share");
    }

    #[test]
    fn named_blocks_have_no_argument_beside_their_name() {
        for shape in shapes() {
            for key in shape.keys {
                if let Form::Named(_, inner) = key.form {
                    assert_eq!(inner.argument, None, "{}.{}", shape.name, key.name);
                }
            }
        }
    }

    #[test]
    fn keys_are_documented_kebab_case_and_stand_once() {
        for shape in shapes() {
            let mut names = BTreeSet::new();
            for key in shape.keys {
                let place = format!("{}.{}", shape.name, key.name);
                assert!(names.insert(key.name), "{place} stands twice");
                assert!(key.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{place}");
                assert!(key.doc.ends_with('.'), "{place} has no sentence");
                assert!(!["on", "off", "yes", "no", "y", "n"].contains(&key.name), "{place} is a boolean of YAML 1.1");
                assert!(!key.required || key.default.is_empty(), "{place} is required and has a default");
            }
        }
    }

    #[test]
    fn a_foreign_spelling_means_one_key_of_its_block_and_is_no_key_itself() {
        for shape in shapes() {
            let mut words = BTreeSet::new();
            for key in shape.keys {
                for word in key.native {
                    assert!(words.insert(*word), "{}: {word} would mean two keys", shape.name);
                    assert!(shape.key(word).is_none(), "{}: {word} is a key of its own", shape.name);
                }
            }
        }
    }

    #[test]
    fn the_three_places_share_one_list_of_settings() {
        for place in [&crate::spec::FLEET, &crate::spec::PROFILE, &crate::spec::CLUSTER] {
            let tail = &place.keys[place.keys.len() - SETTINGS.len()..];
            assert!(tail.iter().map(|k| k.name).eq(SETTINGS.iter().map(|k| k.name)), "{}", place.name);
        }
    }
}
