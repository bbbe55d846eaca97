use super::{everything, sound};
use crate::diag::FileId;
use crate::syntax::convert::{to_kdl, to_yaml};
use crate::syntax::{fmt, same_data};

fn yaml(kdl: &str) -> String {
    to_yaml(&sound("a.kdl", kdl)).unwrap_or_else(|e| panic!("{e:#?}"))
}

fn kdl(yaml: &str) -> String {
    to_kdl(&sound("a.yaml", yaml)).unwrap_or_else(|e| panic!("{e:#?}"))
}

#[test]
fn the_data_survives_any_number_of_turns() {
    let first = sound("a.kdl", &everything());
    let once = yaml(&everything());
    let back = kdl(&once);
    let twice = yaml(&back);
    assert_eq!(once, twice);
    assert_eq!(kdl(&twice), back);
    assert!(same_data(&first, &sound("a.kdl", &back)));
    // Its own layout is that of `fmt`.
    assert_eq!(fmt::kdl(&back, FileId(0)).unwrap(), back);
    assert_eq!(fmt::yaml(&once, FileId(0)).unwrap(), once);
}

#[test]
fn comments_cross_both_ways() {
    let text = everything();
    let once = yaml(&text);
    let back = kdl(&once);
    for comment in [
        "The fleet of the tests.",
        "pinned",
        "joined",
        "as fast as it goes",
        "two",
        "end of block",
        "end",
        "/-cluster \"old\" {",
        "    rest",
    ] {
        assert!(once.contains(&format!("# {comment}\n")), "{comment}\n{once}");
        assert!(back.contains(&format!("// {comment}\n")), "{comment}\n{back}");
    }
}

#[test]
fn short_forms_and_one_line_nodes() {
    assert_eq!(
        yaml(
            "cluster \"a\" profile=\"gpu\" replicas=2\nroute \"r\" { to \"x\"; to \"z\" }\nfleet \"f\" { storage \"1Gi\"; interval \"15s\" }"
        ),
        "fleet:\n  name: f\n  interval: 15s\n  storage: 1Gi\n\ncluster:\n  a: {profile: [gpu], replicas: 2}\n\nroute:\n  r:\n    to: [x, z]\n"
    );
    assert_eq!(
        kdl(
            "cluster:\n  a: {profile: [gpu, x], replicas: 2}\n  b: {}\n  c: {storage: {size: 1Gi, class: f}}\nroute: {r: {from: [a b], to: [[x, z]]}}\n"
        ),
        "cluster \"a\" profile=\"gpu x\" replicas=2\ncluster \"b\"\ncluster \"c\" {\n    storage \"1Gi\" class=\"f\"\n}\n\nroute \"r\" {\n    from \"a b\"\n    to \"x\" \"z\"\n}\n"
    );
}

#[test]
fn nasty_strings_cross() {
    for nasty in [
        "yes",
        "1.30",
        "0x1F",
        "null",
        "~",
        "a: b",
        "a #b",
        "\\",
        "\"",
        "'",
        "a\nb",
        "a\n b\n",
        "\n",
        " a ",
        "",
        "[x]",
        "{y}",
        "a,b",
        "- x",
        "#",
        "//",
        "/-",
        "\t",
        "\u{202E}",
        "\u{0}",
        "集群",
        "é",
        "2027-05-31",
        "1e3",
        ".5",
        "*",
        "&a",
        "!t",
        "%",
        "@",
        "`",
        "\u{2028}",
        "\u{85}",
        "\u{FEFF}",
        "🦀",
        "a  b",
        "true",
        "=",
        "<<",
        "?",
        "a:",
        "trailing \nspace",
        "\r\n",
    ] {
        let escaped: String = nasty.chars().map(|c| format!("\\u{{{:X}}}", u32::from(c))).collect();
        let text = format!(
            "cluster \"{escaped}\" {{\n labels \"{escaped}\"=\"{escaped}\"\n patch \"{escaped}\" {{ merge {{ k \"{escaped}\"; l \"{escaped}\" \"x\" }} }} }}"
        );
        let once = yaml(&text);
        let back = kdl(&once);
        assert!(same_data(&sound("a.kdl", &text), &sound("a.kdl", &back)), "{nasty:?}\n{once}\n{back}");
    }
}

#[test]
fn what_kdl_cannot_hold_is_refused_and_not_changed() {
    let document = sound("a.yaml", "fleet: {patch: [{target: X/y, merge: {\"-\": {a: 1}}}]}");
    assert_eq!(to_kdl(&document).unwrap_err().code.id, "SYN125");
}

#[test]
fn numbers_keep_their_type() {
    let text =
        "fleet { patch \"X/y\" { merge { a 1; b 1.0; c 1e300; d -0.0; e 170141183460469231731687303715884105727 } } }";
    let back = kdl(&yaml(text));
    assert!(same_data(&sound("a.kdl", text), &sound("a.kdl", &back)), "{back}");
}
