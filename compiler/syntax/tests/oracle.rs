//! Our reader of KDL beside the `kdl` crate: the same texts are KDL, and they say the same.

use super::{Dice, everything};
use crate::diag::FileId;
use crate::syntax::Scalar;
use crate::syntax::faults::Faults;
use crate::syntax::kdl::parser::{Statement, parse};
use kdl::{KdlDocument, KdlValue};

fn ours(text: &str) -> Option<String> {
    let mut faults = Faults::default();
    let nodes = parse(text, FileId(0), &mut faults).nodes;
    (faults.count() == 0).then(|| {
        let mut out = String::new();
        nodes.iter().for_each(|n| show(n, &mut out));
        out
    })
}

fn show(node: &Statement, out: &mut String) {
    out.push_str(&format!("{:?}", node.name.text));
    for value in &node.args {
        out.push_str(&format!(" {:?}", value.scalar));
    }
    for prop in &node.props {
        out.push_str(&format!(" {:?}={:?}", prop.key.text, prop.value.scalar));
    }
    if let Some(block) = &node.block {
        out.push_str(" {");
        block.nodes.iter().for_each(|n| show(n, out));
        out.push('}');
    }
    out.push(';');
}

fn theirs(text: &str) -> Option<String> {
    let document = KdlDocument::parse_v2(text).ok()?;
    let mut out = String::new();
    show_crate(&document, &mut out);
    Some(out)
}

fn show_crate(document: &KdlDocument, out: &mut String) {
    let scalar = |v: &KdlValue| match v {
        KdlValue::Null => Scalar::Null,
        KdlValue::Bool(b) => Scalar::Bool(*b),
        KdlValue::Integer(i) => Scalar::Int(*i),
        KdlValue::Float(f) => Scalar::Float(*f),
        KdlValue::String(s) => Scalar::Str(s.clone()),
    };
    for node in document.nodes() {
        out.push_str(&format!("{:?}", node.name().value()));
        for entry in node.entries().iter().filter(|e| e.name().is_none()) {
            out.push_str(&format!(" {:?}", scalar(entry.value())));
        }
        for entry in node.entries() {
            if let Some(name) = entry.name() {
                out.push_str(&format!(" {:?}={:?}", name.value(), scalar(entry.value())));
            }
        }
        if let Some(children) = node.children() {
            out.push_str(" {");
            show_crate(children, out);
            out.push('}');
        }
        out.push(';');
    }
}

#[test]
fn the_same_texts_say_the_same() {
    let everything = everything();
    for text in [
        everything.as_str(),
        "a",
        "a;b",
        "a 1 2.5 -3 0x1F 0o17 0b1_1 1_000 1e10 1.5e-3 +7",
        "a #true #false #null",
        "a b c=d \"e f\"=\"g\"",
        "a key = 1",
        "a \"\\n\\t\\\\\\\"\\s\\u{96C6}\"",
        "a \"x\\\n     y\"",
        "a #\"raw \\n\"# ##\"a \"# b\"##",
        "a \"\"\"\n  x\n    y\n\n  z\n  \"\"\"",
        "a \"\"\"\n  x \\\n    y\n  \"\"\"",
        "a #\"\"\"\n  x\\n\n  \"\"\"#",
        "a {\n  b 1; c 2\n  d { e }\n}",
        "a /* x */ 1 /* y /* z */ */ 2 // w\nb",
        "a 1 \\\n  2 \\ // c\n  3",
        "/-a 1\nb /-1 2 /-c=3 /-{ d } { e }",
        "/- kdl-version 2\na",
        "- 1\n-- 2\n.x 3",
        "集群 \"é\"",
        "a -x +y .z <b>",
        "a\r\nb\r\n",
        "a {}",
        "\"a b\" 1",
    ] {
        let ours = ours(text);
        assert!(ours.is_some(), "{text}");
        assert_eq!(ours, theirs(text), "{text}");
    }
}

#[test]
fn the_same_texts_are_no_kdl() {
    for text in [
        "a {",
        "}",
        "a \"",
        "a 1.",
        "a 0x",
        "a true",
        "a #yes",
        "a=1",
        "a b=",
        "a [1]",
        "1 a",
        "a \"\\q\"",
        "a\"b\"",
        "a \"b\"c",
        "a /* b",
        "a \"\"\"x\"\"\"",
        "a \"\"\"\n x\n  \"\"\"",
        "a { } b",
        "a r\"x\"",
        "a \\ b",
        "a #\"x",
        "a/b",
        "a \"x\ny\"",
        "a 1x",
        "a .5",
        "/-",
        "a {} {}",
        "a (",
        "#true",
    ] {
        assert_eq!(ours(text), None, "{text}");
        assert_eq!(theirs(text), None, "{text}");
    }
}

/// Two things that KDL's grammar allows and the crate refuses are left out: `"x"/-y` without a
/// blank, and a `;` behind a node that `/-` takes out. So is `/-/-`, which the grammar does not allow.
#[test]
fn random_texts_are_the_same_to_both() {
    const PIECES: [&str; 32] = [
        "a",
        " ",
        "\n",
        "\"x\"",
        "1",
        "{",
        "}",
        "=",
        "\\\n",
        ";",
        "#true",
        "/* c */",
        "// c\n",
        "#\"r\"#",
        "\"\"\"\n x\n \"\"\"",
        "-",
        "1.5",
        "\"\\n\"",
        "\r\n",
        "\t",
        "\"\"\"\n  a\\\n   b\n  \"\"\"",
        "\u{85}",
        "+1",
        "--",
        "-.5",
        "0x_1",
        "1e+5",
        "\"\"",
        "\\ // c\n",
        "\"a\\   b\"",
        "\n/-",
        " /-",
    ];
    let mut dice = Dice(7);
    let mut read = 0;
    for _ in 0..12_000 {
        let text: String = (0..=dice.below(9)).map(|_| PIECES[dice.below(PIECES.len())]).collect();
        if text.contains("/-") && text.contains(';') || text.matches("/-").count() > 1 {
            continue;
        }
        let ours = ours(&text);
        read += usize::from(ours.is_some());
        assert_eq!(ours, theirs(&text), "{text:?}");
    }
    assert!(read > 1000, "only {read} of the texts were KDL: the test tests little");
}
