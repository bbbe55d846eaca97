//! The one writer of YAML.
//!
//! Nothing it writes is read differently by YAML 1.1 and 1.2 parsers: whatever one of them might
//! take for a number, a boolean, a date or an indicator is quoted. Lists are not indented under
//! their key, maps by 2 spaces, and long lines are never folded.

use super::tree::{Kind, NodeId, Tree, Value};
use std::fmt::Write as _;

/// Appends a document: a block map or list, or one line for a scalar; always ends with a newline.
pub fn write(tree: &Tree, node: NodeId, out: &mut String) {
    let mut writer = Writer { tree, out };
    match tree.kind(node) {
        Kind::Map if !tree.is_empty(node) => writer.map(node, 0, false),
        Kind::Seq if !tree.is_empty(node) => writer.list(node, 0, false),
        _ => writer.scalar(node, 0),
    }
}

/// Appends a string as it would stand as a value at this depth, without a final newline: plain,
/// quoted, or on several lines as a literal block indented by `indent` columns.
pub fn string(s: &str, indent: usize, out: &mut String) {
    match Style::of(s) {
        Style::Plain => out.push_str(s),
        Style::Single => single(s, out),
        Style::Double => double(s, out),
        Style::Literal => literal(s, indent, out),
    }
}

/// Keys longer than this are written as explicit keys (`? key`): a parser may refuse longer ones.
const LONGEST_KEY: usize = 128;

struct Writer<'t, 'o> {
    tree: &'t Tree,
    out: &'o mut String,
}

impl Writer<'_, '_> {
    /// `inline`: the first entry continues a line (`- key: …`) that is already indented.
    fn map(&mut self, node: NodeId, depth: usize, mut inline: bool) {
        let tree = self.tree;
        for child in tree.children(node) {
            if !std::mem::take(&mut inline) {
                indent(depth, self.out);
            }
            let explicit = self.key(tree.key(child), depth);
            match tree.kind(child) {
                Kind::Map if !tree.is_empty(child) => {
                    self.out.push('\n');
                    self.map(child, depth + 2, false);
                }
                Kind::Seq if !tree.is_empty(child) => {
                    self.out.push('\n');
                    self.list(child, if explicit { depth + 2 } else { depth }, false);
                }
                _ => {
                    self.out.push(' ');
                    self.scalar(child, depth + 2);
                }
            }
        }
    }

    fn list(&mut self, node: NodeId, depth: usize, mut inline: bool) {
        let tree = self.tree;
        for child in tree.children(node) {
            if !std::mem::take(&mut inline) {
                indent(depth, self.out);
            }
            self.out.push_str("- ");
            match tree.kind(child) {
                Kind::Map if !tree.is_empty(child) => self.map(child, depth + 2, true),
                Kind::Seq if !tree.is_empty(child) => self.list(child, depth + 2, true),
                _ => self.scalar(child, depth + 2),
            }
        }
    }

    /// Writes the key and its colon; true where it had to be an explicit key.
    fn key(&mut self, key: &str, depth: usize) -> bool {
        let explicit = key.len() > LONGEST_KEY;
        if explicit {
            self.out.push_str("? ");
        }
        match Style::of(key) {
            Style::Plain => self.out.push_str(key),
            Style::Single => single(key, self.out),
            Style::Double | Style::Literal => double(key, self.out),
        }
        if explicit {
            self.out.push('\n');
            indent(depth, self.out);
        }
        self.out.push(':');
        explicit
    }

    fn scalar(&mut self, node: NodeId, depth: usize) {
        match self.tree.value(node) {
            Value::Null => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if b { "true" } else { "false" }),
            Value::Int(i) => {
                let _ = write!(self.out, "{i}");
            }
            Value::Float(f) => float(f, self.out),
            Value::Str(s) => string(s, depth, self.out),
            Value::Map => self.out.push_str("{}"),
            Value::Seq => self.out.push_str("[]"),
            Value::Embedded(_) => {
                let mut text = String::new();
                self.tree.render_embedded(node, &mut text);
                string(&text, depth, self.out);
            }
        }
        self.out.push('\n');
    }
}

fn indent(depth: usize, out: &mut String) {
    const BLANKS: &str = "                                                                ";
    let mut left = depth;
    while left > 0 {
        let part = left.min(BLANKS.len());
        out.push_str(&BLANKS[..part]);
        left -= part;
    }
}

/// A float that is a float to every parser: YAML 1.1 wants a point, and a sign in the exponent.
fn float(f: f64, out: &mut String) {
    if f.is_nan() {
        return out.push_str(".nan");
    }
    if f.is_infinite() {
        return out.push_str(if f > 0.0 { ".inf" } else { "-.inf" });
    }
    let start = out.len();
    let _ = write!(out, "{f:?}");
    if let Some(e) = out[start..].find('e').map(|e| start + e) {
        if !out[e + 1..].starts_with('-') {
            out.insert(e + 1, '+');
        }
        if !out[start..e].contains('.') {
            out.insert_str(e, ".0");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    /// A literal block: ends in exactly one newline, or in none.
    Literal,
}

// What a byte demands of the string it stands in.
const COLON: u8 = 1;
const HASH: u8 = 2;
const NEWLINE: u8 = 4;
const TAB: u8 = 8;
const WIDE: u8 = 16;
const CONTROL: u8 = 32;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b':' => COLON,
            b'#' => HASH,
            b'\n' => NEWLINE,
            b'\t' => TAB,
            0..=0x1f | 0x7f => CONTROL,
            0x80.. => WIDE,
            _ => 0,
        };
        b += 1;
    }
    table
};

impl Style {
    fn of(s: &str) -> Style {
        let seen = s.bytes().fold(0, |seen, b| seen | CLASS[b as usize]);
        if seen & CONTROL != 0 || (seen & WIDE != 0 && !s.chars().all(|c| c.is_ascii() || is_printable(c))) {
            return Style::Double;
        }
        if seen & NEWLINE != 0 {
            return if fits_literal(s) { Style::Literal } else { Style::Double };
        }
        if seen & TAB != 0 {
            return Style::Double;
        }
        if is_plain(s, seen) {
            Style::Plain
        } else if seen & WIDE != 0 {
            Style::Double
        } else {
            Style::Single
        }
    }
}

/// For printable text on one line.
fn is_plain(s: &str, seen: u8) -> bool {
    let bytes = s.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let starts = match first {
        b'a'..=b'z' | b'A'..=b'Z' => !is_word_of_yaml(s),
        b'/' | b'_' | b'(' | b'$' => true,
        b'0'..=b'9' => return is_measure(bytes),
        0x80.. => s.chars().next().is_some_and(is_ideograph),
        _ => false,
    };
    let wide_ok = seen & WIDE == 0 || s.chars().all(|c| c.is_ascii() || is_ideograph(c));
    starts
        && wide_ok
        && last != b' '
        && (seen & COLON == 0 || (last != b':' && !s.contains(": ")))
        && (seen & HASH == 0 || !s.contains(" #"))
}

/// `15s`, `1h30m`, `100Gi`, `80%`: digits with units none of whose letters occurs in a number.
fn is_measure(bytes: &[u8]) -> bool {
    let unit = |b: &u8| {
        matches!(b, b's' | b'm' | b'h' | b'd' | b'w' | b'y' | b'i' | b'k' | b'%')
            || matches!(b, b'K' | b'M' | b'G' | b'T' | b'P')
    };
    bytes.iter().any(unit) && bytes.iter().all(|b| unit(b) || b.is_ascii_digit() || *b == b'.')
}

/// Words that some YAML parser takes for a boolean, a null or a number.
fn is_word_of_yaml(s: &str) -> bool {
    const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];
    if s.len() <= 8 && WORDS.iter().any(|w| s.eq_ignore_ascii_case(w)) {
        return true;
    }
    // `e1`, `E-7`: a float without digits before the exponent.
    let Some(exponent) = s.strip_prefix(['e', 'E']) else { return false };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// For printable text of several lines.
fn fits_literal(s: &str) -> bool {
    !s.starts_with([' ', '\t', '\n'])
        && !s.ends_with("\n\n")
        && s.split('\n').all(|line| !line.ends_with([' ', '\t']) && !line.starts_with('\t'))
}

/// Outside ASCII: not a control, blank, mark of direction or line, private or unassigned character.
pub(super) fn is_printable(c: char) -> bool {
    !matches!(
        c,
        '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
    ) && (c as u32) < 0xe_0000
        && (c as u32) & 0xfffe != 0xfffe
}

/// Letters that may stand unquoted: Chinese, Japanese, Korean and their punctuation.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff5e}')
}

fn single(s: &str, out: &mut String) {
    out.push('\'');
    for (i, part) in s.split('\'').enumerate() {
        if i > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

fn double(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            _ => {
                let code = c as u32;
                let _ = match code {
                    0..0x100 if code < 0x80 || !is_printable(c) => write!(out, "\\x{code:02X}"),
                    _ if is_printable(c) => out.write_char(c),
                    ..0x1_0000 => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            }
        }
    }
    out.push('"');
}

fn literal(s: &str, depth: usize, out: &mut String) {
    out.push_str(if s.ends_with('\n') { "|" } else { "|-" });
    // At the root a literal still needs an indent: a line `---` would end the document.
    let depth = depth.max(2);
    for line in s.strip_suffix('\n').unwrap_or(s).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::object::{Build, Format};

    fn yaml(build: impl FnOnce(&mut Build<'_>)) -> String {
        let mut tree = Tree::new();
        let root = Build::map(&mut tree, build);
        let mut out = String::new();
        write(&tree, root, &mut out);
        out
    }

    #[test]
    fn layout_is_that_of_kubernetes_manifests() {
        let out = yaml(|o| {
            o.str("kind", "Prometheus");
            o.object("metadata", |m| m.object("labels", |_| {}));
            o.list("ports", |l| {
                l.object("", |p| {
                    p.str("name", "web");
                    p.int("port", 9090);
                    p.strs("a", ["b", "c"]);
                });
                l.list("", |i| i.strs("", ["x", "z"]));
                l.list("", |_| {});
            });
            o.str("text", "one\n\n  two\n");
            o.str("open", "one\ntwo");
            o.embedded("prometheus.yaml", Format::Yaml, |e| {
                e.list("scrape_configs", |l| l.object("", |s| s.str("expr", "a: b\nc")));
            });
            o.embedded("lanes.json", Format::Json, |e| e.int("schemaVersion", 42));
        });
        assert_eq!(
            out,
            "\
kind: Prometheus
metadata:
  labels: {}
ports:
- name: web
  port: 9090
  a:
  - b
  - c
- - - x
    - z
- []
text: |
  one

    two
open: |-
  one
  two
prometheus.yaml: |
  scrape_configs:
  - expr: |-
      a: b
      c
lanes.json: |
  {
    \"schemaVersion\": 42
  }
"
        );
    }

    #[test]
    fn quotes_whatever_some_parser_takes_for_something_else() {
        let plain = [
            "user",
            "sum by (job) (rate(x[5m]))",
            "up{job=\"a\"} == 0",
            "http://a:9090/b#c",
            "/spec",
            "_x",
            "$1",
            "(a|b)",
            "15s",
            "1h30m",
            "100Gi",
            "80%",
            "node-exporter",
            "v3.13.0",
            "集群一",
            "ex1",
            "Note",
            "a,b",
            "1.5G",
        ];
        let single = [
            "",
            "y",
            "No",
            "ON",
            "off",
            "TRUE",
            "Null",
            "~",
            ".nan",
            "Infinity",
            "NaN",
            "1",
            "007",
            "0x1F",
            "0o7",
            "0b1",
            "1_000",
            "1e3",
            "e1",
            "E-7",
            "1:30",
            "2001-01-01",
            "10.0.0.1",
            "=",
            "<<",
            "-",
            "- a",
            "?",
            ":",
            "a: b",
            "a:",
            "a #b",
            " a",
            "a ",
            "{}",
            "[x]",
            "{{ $labels.x }}",
            "*",
            "&a",
            "!x",
            "|",
            ">",
            "@a",
            "`a",
            "%a",
            "'",
            "\"",
            "#",
            "---",
            "...",
            "3.13.0",
            "1.5",
            "+1",
            "-1",
        ];
        for s in plain {
            assert_eq!(Style::of(s), Style::Plain, "{s}");
        }
        for s in single {
            assert_eq!(Style::of(s), Style::Single, "{s}");
        }
        for s in [
            "a\tb",
            "a\r\n",
            "\u{feff}a",
            "a\u{2028}b",
            "\u{85}",
            "a\u{a0}b",
            "\0",
            "\nA",
            " a\nb",
            "a \nb",
            "a\n\tb",
            "a\n\n",
            "x\u{202e}y",
            "\u{1f600}",
        ] {
            assert_eq!(Style::of(s), Style::Double, "{s:?}");
        }
        assert_eq!(Style::of("a\n b\tc\n"), Style::Literal);
    }

    #[test]
    fn floats_are_floats_to_every_parser() {
        let mut out = String::new();
        for f in [1.0, 0.5, 1e21, 1.5e-9, -0.0, f64::NAN, f64::NEG_INFINITY] {
            float(f, &mut out);
            out.push(' ');
        }
        assert_eq!(out, "1.0 0.5 1.0e+21 1.5e-9 -0.0 .nan -.inf ");
    }

    /// Strings over an alphabet of everything that means something in YAML.
    fn nasty(seed: u64) -> impl Iterator<Item = String> {
        const PARTS: [&str; 48] = [
            "a",
            "Z",
            "e",
            "y",
            "no",
            "true",
            "0",
            "7",
            "1",
            "_",
            "-",
            "+",
            ".",
            ":",
            ": ",
            " ",
            "  ",
            "\n",
            "\n\n",
            "\t",
            "\r",
            "#",
            " #",
            "'",
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            "&",
            "*",
            "!",
            "|",
            ">",
            "%",
            "@",
            "`",
            "?",
            "? ",
            "- ",
            "---",
            "=",
            "<<",
            "集",
            "\u{2028}",
            "\u{1F600}",
        ];
        const RARE: [&str; 12] = [
            "\0",
            "\u{1b}",
            "\u{7f}",
            "\u{80}",
            "\u{85}",
            "\u{a0}",
            "\u{2029}",
            "\u{feff}",
            "\u{fffe}",
            "\u{ffff}",
            "\u{e000}",
            "\u{10ffff}",
        ];
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        std::iter::repeat_with(move || {
            (0..random() % 7)
                .map(|_| if random() % 12 == 0 { RARE[random() % RARE.len()] } else { PARTS[random() % PARTS.len()] })
                .collect()
        })
    }

    #[test]
    fn every_string_is_read_back_as_value_key_and_item() {
        let mut tree = Tree::new();
        let mut out = String::new();
        for s in nasty(20_260_901).take(6_000).chain(["x".repeat(300), format!("{}: \n", "y".repeat(130))]) {
            tree.clear();
            out.clear();
            let root = Build::map(&mut tree, |o| {
                o.str("value", &s);
                o.object("nested", |n| n.object("deeper", |d| d.str(&s, &s)));
                o.list("items", |l| {
                    l.str("", &s);
                    l.list("", |i| i.str("", &s));
                    l.object("", |m| {
                        m.str(&s, &s);
                        m.list(&format!("{s}l"), |i| i.str("", &s));
                        m.object(&format!("{s}m"), |i| i.str(&s, &s));
                    });
                });
                o.embedded("yaml", Format::Yaml, |e| e.str(&s, &s));
                o.embedded("json", Format::Json, |e| e.str(&s, &s));
                o.str("last", "end");
            });
            write(&tree, root, &mut out);
            let read: serde_json::Value = serde_yaml::from_str(&out).unwrap_or_else(|e| panic!("{e}: {s:?}\n{out}"));
            assert_eq!(read, tree.to_json(root), "{s:?}\n{out}");
            // The reader of manifests, which takes plain scalars as YAML 1.1 does.
            let mut again = Tree::new();
            let documents =
                crate::syntax::plain::read_tree(&out, &mut again).unwrap_or_else(|e| panic!("{e:?}: {s:?}\n{out}"));
            assert_eq!(again.to_json(documents[0]), read, "{s:?}\n{out}");
            let embedded: serde_json::Value = serde_yaml::from_str(read["yaml"].as_str().unwrap()).unwrap();
            assert_eq!(embedded[&s], *s);
            assert!(out.lines().all(|l| !l.ends_with(' ')), "{out}");
        }
    }

    #[test]
    fn a_scalar_or_an_empty_collection_can_be_a_document() {
        let mut tree = Tree::new();
        for (value, text) in [
            (Value::Str("---\nb"), "|-\n  ---\n  b\n"),
            (Value::Map, "{}\n"),
            (Value::Seq, "[]\n"),
            (Value::Null, "null\n"),
            (Value::Str("a\n---\n"), "|\n  a\n  ---\n"),
        ] {
            let node = tree.add("", value, Origin::INHERIT);
            let mut out = String::new();
            write(&tree, node, &mut out);
            assert_eq!(out, text);
        }
    }
}
