//! Random regexes, made from a text they are to match.

use super::random::{Random, VALUES};

/// A regex that mostly matches the text.
pub fn regex(random: &mut Random, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut named = false;
    while at < chars.len() {
        let length = (1 + random.below(chars.len())).min(chars.len() - at);
        let piece: String = chars[at..at + length].iter().collect();
        at += length;
        part(random, &piece, &mut out, &mut named);
    }
    match random.below(30) {
        0 => format!("^{out}$"),
        1 => format!("{out}|"),
        2 => format!("{}|{out}", literal(random.pick(&VALUES))),
        3 => format!("(?i){}", swapped(&out)),
        4 => format!("{out}.*"),
        5 => format!("(.*){out}"),
        6 => format!("(?s){out}.*"),
        7 => format!("(?:{out})+"),
        8 => format!("({out})"),
        9 => format!(".*?{out}"),
        10 => "(.+)".to_owned(),
        11 => "(.*)".to_owned(),
        12 => format!("{out}|{}", literal(random.pick(&VALUES))),
        13 => "([^;]+);?(.*)".to_owned(),
        14 => random
            .pick(&[
                "",
                ".*",
                ".+",
                "^$",
                "(?:)",
                "()",
                "x*",
                ".",
                "^^.*$$",
                "((.*))",
                "(?:.*)",
                "$^",
                "\\$",
                "a)(b",
                "(a)|(b)|(.)*",
            ])
            .to_owned(),
        _ => out,
    }
}

fn part(random: &mut Random, piece: &str, out: &mut String, named: &mut bool) {
    let plain = literal(piece);
    let text = match random.below(16) {
        0 => format!("({plain})"),
        1 => "(.+)".to_owned(),
        2 => "(.*)".to_owned(),
        3 => ".*".to_owned(),
        4 => format!("(?:{plain}|{})", literal(random.pick(&VALUES))),
        5 => format!("({}|{plain})?", literal(random.pick(&VALUES))),
        6 => format!("(?i:{})", swapped(&plain)),
        7 if piece.chars().count() == 1 && piece.is_ascii() => "[ -~]".to_owned(),
        8 => r"(\w+|\S*|\W)".to_owned(),
        9 => "([^;]*)".to_owned(),
        10 => format!(".{{{}}}", piece.chars().count()),
        11 if !*named => {
            *named = true;
            format!("(?P<n>{plain})")
        }
        12 => r"[\d\D]+?".to_owned(),
        13 => r"(\p{L}*|[[:^alpha:]]+)".to_owned(),
        _ => plain,
    };
    out.push_str(&text);
}

fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '_' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn swapped(text: &str) -> String {
    // Behind a backslash the case of a letter is its meaning.
    if text.contains('\\') || text.contains("?P") {
        text.to_owned()
    } else {
        text.chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect()
    }
}
