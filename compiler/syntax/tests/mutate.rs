//! Texts with bytes and words turned, taken out and put in: whatever comes of them is read, or
//! refused, and never more than that.

use super::{Dice, everything, read_all};
use crate::diag::FileId;
use crate::syntax::{convert, decode_text, fmt, plain, same_data};

const WORDS: [&str; 40] = [
    "{", "}", "\"", "\"\"\"", "#", "##\"", "/-", "/*", "*/", "//", "\\", "\n", "=", ";", "(t)", "#null", "#true",
    "true", "- ", "-", ":", "[", "]", ",", "&a", "*a", "!t", "|", ">", "~", "'", "\t", "  ", "1_0", "0x", "1.", "集",
    "fleet", "jobs", "r\"",
];

fn mutated(dice: &mut Dice, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        let word = WORDS[dice.below(WORDS.len())].bytes();
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.drain(at..(at + dice.below(12)).min(bytes.len()))),
            2 => {
                let piece = bytes[at..(at + dice.below(40)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            3 => bytes.truncate(at.max(1)),
            _ => drop(bytes.splice(at..at, word)),
        }
    }
    bytes
}

#[test]
fn nothing_makes_a_reader_panic_and_what_is_read_survives() {
    let kdl = everything();
    let document = read_all(&[("a.kdl", &kdl)]).0;
    let yaml = convert::to_yaml(&document).unwrap();
    let mut dice = Dice(2026);
    let mut sound = 0;
    for round in 0..3000 {
        let (path, text) = if round % 2 == 0 { ("a.kdl", &kdl) } else { ("a.yaml", &yaml) };
        let Ok(text) = decode_text(path, mutated(&mut dice, text)) else { continue };
        let (document, found) = read_all(&[(path, &text)]);
        let _ = plain::read_tree(&text, &mut crate::object::Tree::new());
        let formatted = if path == "a.kdl" { fmt::kdl(&text, FileId(0)) } else { fmt::yaml(&text, FileId(0)) };
        if !found.is_empty() {
            continue;
        }
        sound += 1;
        let formatted = formatted.unwrap_or_else(|e| panic!("{text}\n{e:#?}"));
        let (again, faults) = read_all(&[(path, &formatted)]);
        assert!(faults.is_empty() && same_data(&document, &again), "{text}\n--- formatted ---\n{formatted}");
        let twice = if path == "a.kdl" { fmt::kdl(&formatted, FileId(0)) } else { fmt::yaml(&formatted, FileId(0)) };
        assert_eq!(twice.as_ref(), Ok(&formatted), "not idempotent\n{text}");
        // Converted, or refused; what comes out was compared by the conversion itself.
        let _ = if path == "a.kdl" { convert::to_yaml(&document) } else { convert::to_kdl(&document) };
    }
    assert!(sound > 100, "only {sound} of the texts were sound: the test tests little");
}
