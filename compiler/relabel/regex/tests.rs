//! Against Go itself: `go.tsv` was written by a Go program, `regexp` of Go 1.26.8.

use super::*;

const TABLE: &str = include_str!("go.tsv");

fn rows(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().map(|line| line.split('\t').collect::<Vec<_>>()).filter(move |row| row[0] == kind)
}

fn text(json: &str) -> String {
    serde_json::from_str(json).unwrap()
}

fn paste(name: &str) -> Paste {
    match name {
        "dotall" => Paste::DotAll,
        "plain" => Paste::Plain,
        "bare" => Paste::Bare,
        _ => panic!("{name}"),
    }
}

/// The spans of all groups as the table writes them.
fn spans(captures: &Captures<'_>, groups: usize) -> String {
    let span = |i| captures.span(i).map_or("-".to_owned(), |(start, end)| format!("{start}:{end}"));
    (0..groups).map(span).collect::<Vec<_>>().join(",")
}

#[test]
fn every_pattern_compiles_matches_and_captures_as_in_go() {
    let inputs: Vec<String> = rows("input").map(|row| text(row[2])).collect();
    let mut wrong = Vec::new();
    let mut cells = 0;
    for row in rows("pattern") {
        let (paste, pattern) = (paste(row[1]), text(row[2]));
        let refused = (row[3] != "-").then(|| text(row[3]));
        cells += 1;
        let regex = match (Regex::new(&pattern, paste), refused) {
            (Err(error), Some(refused)) => {
                if error.to_string() != refused || error.at > pattern.len() {
                    wrong.push(format!("{paste:?} {pattern:?}: {error} at {}, Go: {refused}", error.at));
                }
                continue;
            }
            (Ok(_), Some(refused)) => {
                wrong.push(format!("{paste:?} {pattern:?}: accepted, Go: {refused}"));
                continue;
            }
            (Err(error), None) => {
                wrong.push(format!("{paste:?} {pattern:?}: {error}, Go accepts"));
                continue;
            }
            (Ok(regex), None) => regex,
        };
        let names: Vec<&str> = regex.names()[1..].iter().map(|name| name.as_deref().unwrap_or_default()).collect();
        if names.join(",") != row[5] {
            wrong.push(format!("{paste:?} {pattern:?}: groups {names:?}, Go: {}", row[5]));
        }
        let mut expected = row[4].split(' ').filter(|cell| !cell.is_empty()).peekable();
        for (i, input) in inputs.iter().enumerate() {
            cells += 1;
            let wanted = expected
                .next_if(|cell| cell.split_once('=').is_some_and(|(index, _)| index == i.to_string()))
                .and_then(|cell| cell.split_once('=').map(|(_, spans)| spans.to_owned()));
            let found = regex.captures(input).map(|captures| spans(&captures, regex.groups()));
            if found != wanted || regex.is_match(input) != wanted.is_some() {
                wrong.push(format!("{paste:?} {pattern:?} on {input:?}: {found:?}, Go: {wanted:?}"));
            }
        }
        assert_eq!(expected.next(), None, "the row of {pattern:?} is not in order");
    }
    assert!(cells > 20_000, "only {cells} cells were read");
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn templates_expand_as_in_go() {
    let mut cells = 0;
    for row in rows("template") {
        let (pattern, input, template) = (text(row[2]), text(row[3]), text(row[4]));
        let regex = Regex::new(&pattern, paste(row[1])).unwrap();
        let template = Template::new(&template, &regex);
        let captures = regex.captures(&input).unwrap();
        assert_eq!(template.expand(&captures), text(row[5]), "{pattern:?} on {input:?}: {}", row[4]);
        assert_eq!(regex.replace_all(&input, &template), text(row[6]), "{pattern:?} in {input:?}: {}", row[4]);
        cells += 1;
    }
    assert!(cells > 50, "only {cells} templates were read");
}

#[test]
fn a_reference_to_no_group_is_reported() {
    let regex = Regex::new("(.*)", Paste::DotAll).unwrap();
    assert_eq!(Template::new("$1_x-${2}-$1", &regex).unknown(), ["1_x", "2"]);
    assert!(Template::new("$1 ${1}_x $$2 ${a-b}", &regex).unknown().is_empty());
    assert_eq!(Template::new("a$$b", &regex).constant(), Some("a$b"));
    assert_eq!(Template::new("$1", &regex).constant(), None);
}

#[test]
fn a_fault_is_placed_in_the_pattern_as_written() {
    let at = |pattern: &str| {
        let error = Regex::new(pattern, Paste::DotAll).unwrap_err();
        (error.fault, error.at)
    };
    assert_eq!(at("ab(?=c)"), (Fault::InvalidPerlOp, 2));
    assert_eq!(at("a**"), (Fault::InvalidRepeatOp, 1));
    assert_eq!(at(r"a\Z"), (Fault::InvalidEscape, 1));
    assert_eq!(at("x[z-a]"), (Fault::InvalidCharRange, 2));
    assert_eq!(at("é{1001}"), (Fault::InvalidRepeatSize, 2));
    assert_eq!(at("(a"), (Fault::MissingParen, 2));
    // The first parenthesis closes the group the pattern was pasted into.
    assert_eq!(at("a))"), (Fault::UnexpectedParen, 2));
}

#[test]
fn deep_nesting_is_refused_and_what_is_allowed_does_not_exhaust_the_stack() {
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(Regex::new(&nested(300), Paste::DotAll).unwrap_err().fault, Fault::NestingDepth);
    assert!(Regex::new(&nested(240), Paste::DotAll).unwrap().is_match("a"));
    let loose = format!("{}a{}", "(?:".repeat(5000), ")".repeat(5000));
    assert!(Regex::new(&loose, Paste::DotAll).unwrap().is_match("a"));
}

#[test]
fn an_automaton_beyond_the_limit_is_refused_and_not_built() {
    let huge = format!("(?:{}){{1000}}", r"\pL\PN".repeat(20));
    assert_eq!(Regex::new(&huge, Paste::DotAll).unwrap_err().fault, Fault::TooLarge);
}

#[test]
fn lists_of_literals_are_looked_up() {
    let literals = |pattern| {
        let regex = Regex::new(pattern, Paste::DotAll).unwrap();
        regex.literals().map(|texts| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(literals("b|a|ab"), Some(vec!["a".into(), "ab".into(), "b".into()]));
    assert_eq!(literals("x(a|b)?"), None);
    assert_eq!(literals("x(a|b|)"), Some(vec!["x".into(), "xa".into(), "xb".into()]));
    assert_eq!(literals(""), Some(vec!["".into()]));
    assert_eq!(literals("a.*"), None);
    // Pasted as text, this is an alternation of half-anchored parts.
    assert_eq!(literals("a)|(b"), None);
}

#[test]
fn constructs_of_newer_go_releases_are_marked() {
    let since = |pattern| Regex::new(pattern, Paste::DotAll).unwrap().since();
    assert_eq!(since("(?P<n>a)"), None);
    assert_eq!(since("(?<n>a)"), Some(GoRelease::V1_22));
    assert_eq!(since(r"\p{greek}(?<n>a)"), Some(GoRelease::V1_25));
    assert_eq!(since(r"\pL\p{Greek}\p{Any}"), None);
    assert_eq!(since(r"\p{Letter}"), Some(GoRelease::V1_25));
}

#[test]
fn every_name_of_a_unicode_class_is_known_to_the_tables() {
    let mut names = 0;
    for name in names::all() {
        let (set, _) = classes::unicode(name).unwrap_or_else(|| panic!("{name}"));
        assert!(!set.ranges().is_empty(), "{name}");
        names += 1;
    }
    assert!(names > 150);
}

#[test]
fn a_cache_compiles_a_pattern_once() {
    let cache = Cache::new();
    let first = cache.regex("a.*", Paste::DotAll).unwrap();
    let again = cache.regex("a.*", Paste::DotAll).unwrap();
    assert!(Arc::ptr_eq(&first.names, &again.names));
    assert!(!Arc::ptr_eq(&first.names, &cache.regex("a.*", Paste::Plain).unwrap().names));
    assert!(cache.regex("(", Paste::DotAll).is_err());
}

#[test]
fn thousands_of_names_are_looked_up_and_not_searched() {
    let names: Vec<String> = (0..5_000).map(|n| format!("hero-user-{n}")).collect();
    for pattern in [names.join("|"), format!("({})", names.join("|"))] {
        let regex = Regex::new(&pattern, Paste::DotAll).unwrap();
        assert_eq!(regex.literals().map(<[_]>::len), Some(5_000));
        assert!(regex.is_match("hero-user-4711") && !regex.is_match("hero-user-5000") && !regex.is_match("hero-user-"));
        assert_eq!(regex.captures("hero-user-4711").and_then(|c| c.get(0)), Some("hero-user-4711"));
    }
}

#[test]
fn a_pattern_among_thousands_of_names_does_not_make_them_slow() {
    let name = |n: usize| format!("{}-{n:04}", "x".repeat(58));
    let names: Vec<String> = (0..5_000).step_by(2).map(name).collect();
    for (pattern, head) in [
        (format!("{}|{}.*|y", names.join("|"), "x".repeat(20)), ""),
        (format!("a;(?:{}|x{{3}}.*y)", names.join("|")), "a;"),
        (format!("(?:a|b);(?:{}|x{{3}}.*y);", names.join("|")), "b;"),
        // No look-up helps here: the automaton has to do.
        (format!(".+;(?:{}|x{{3}}.*y)", names.join("|")), "c;"),
    ] {
        let regex = Regex::new(&pattern, Paste::DotAll).unwrap();
        assert_eq!(regex.literals(), None);
        let tail = if pattern.ends_with(';') { ";" } else { "" };
        let open = head.is_empty();
        for n in 0..5_000 {
            let text = format!("{head}{}{tail}", name(n));
            assert_eq!(regex.is_match(&text), n % 2 == 0 || open, "{n}");
            let whole = regex.captures(&text).and_then(|c| c.get(0).map(str::to_owned));
            assert_eq!(whole, regex.is_match(&text).then_some(text), "{n}");
        }
        let other = format!("{head}xxx-z-y{tail}");
        assert_eq!(regex.is_match(&other), !open);
        assert!(!regex.is_match(&format!("{head}{}", name(0).trim_end_matches('0'))) || open);
    }
}

#[test]
fn groups_of_a_list_are_told() {
    let names: Vec<String> = (0..100).map(|n| format!("n{n}")).collect();
    let regex = Regex::new(&format!("({}|m(.*))-(a|b)", names.join("|")), Paste::DotAll).unwrap();
    let groups = |text| regex.captures(text).map(|c| [1, 2, 3].map(|i| c.get(i).map(str::to_owned)));
    assert_eq!(groups("n7-a"), Some([Some("n7".to_owned()), None, Some("a".to_owned())]));
    assert_eq!(groups("mx-b"), Some([Some("mx".to_owned()), Some("x".to_owned()), Some("b".to_owned())]));
    assert_eq!(groups("n7-c"), None);
    assert!(regex.is_match("n7-a") && regex.is_match("m-b") && !regex.is_match("n100-a"));
}
