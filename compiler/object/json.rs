//! The one writer of JSON.

use super::tree::{Kind, NodeId, Tree, Value};
use std::fmt::Write as _;

/// Appends a node as JSON. Pretty: 2 spaces a level and a final newline; otherwise no blanks at all.
///
/// Characters that YAML or a terminal could take for something else (control characters, line and
/// bidirectional marks) are escaped, so that pretty JSON can always stand in a YAML literal block.
/// Embedded documents become strings. NaN and infinities, which JSON has no word for, become null.
pub fn write(tree: &Tree, node: NodeId, pretty: bool, out: &mut String) {
    let mut writer = Writer { tree, pretty, out };
    writer.value(node, 0);
    if pretty {
        writer.out.push('\n');
    }
}

struct Writer<'t, 'o> {
    tree: &'t Tree,
    pretty: bool,
    out: &'o mut String,
}

impl Writer<'_, '_> {
    fn value(&mut self, node: NodeId, depth: usize) {
        match self.tree.value(node) {
            Value::Null => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if b { "true" } else { "false" }),
            Value::Int(i) => {
                let _ = write!(self.out, "{i}");
            }
            Value::Float(f) if f.is_finite() => {
                let _ = write!(self.out, "{f:?}");
            }
            Value::Float(_) => self.out.push_str("null"),
            Value::Str(s) => string(s, self.out),
            Value::Map => self.items(node, depth, ['{', '}']),
            Value::Seq => self.items(node, depth, ['[', ']']),
            Value::Embedded(_) => {
                let mut text = String::new();
                self.tree.render_embedded(node, &mut text);
                string(&text, self.out);
            }
        }
    }

    fn items(&mut self, node: NodeId, depth: usize, [open, close]: [char; 2]) {
        let keyed = self.tree.kind(node) == Kind::Map;
        self.out.push(open);
        let mut empty = true;
        for child in self.tree.children(node) {
            if !empty {
                self.out.push(',');
            }
            empty = false;
            self.line(depth + 1);
            if keyed {
                string(self.tree.key(child), self.out);
                self.out.push_str(if self.pretty { ": " } else { ":" });
            }
            self.value(child, depth + 1);
        }
        if !empty {
            self.line(depth);
        }
        self.out.push(close);
    }

    fn line(&mut self, depth: usize) {
        if self.pretty {
            self.out.push('\n');
            (0..depth).for_each(|_| self.out.push_str("  "));
        }
    }
}

fn string(s: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (at, c) in s.char_indices() {
        if !needs_escape(c) {
            continue;
        }
        out.push_str(&s[from..at]);
        from = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push_str(&s[from..]);
    out.push('"');
}

fn needs_escape(c: char) -> bool {
    match c {
        '"' | '\\' => true,
        ' '..='~' => false,
        c => c.is_ascii() || !super::yaml::is_printable(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Build, Format};

    fn sample(tree: &mut Tree) -> NodeId {
        Build::map(tree, |o| {
            o.str("a", "x\"\\\n\u{2028}集\u{1F600}\u{7f}");
            o.object("empty", |_| {});
            o.list("list", |l| {
                l.int("", -3);
                l.list("", |_| {});
                l.value("", Value::Float(1e21));
                l.value("", Value::Null);
            });
            o.embedded("doc", Format::Json, |d| d.bool("on", true));
        })
    }

    #[test]
    fn both_forms_are_read_back_as_what_they_were() {
        let mut tree = Tree::new();
        let root = sample(&mut tree);
        for pretty in [false, true] {
            let mut out = String::new();
            write(&tree, root, pretty, &mut out);
            let read: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(read, tree.to_json(root));
            assert_eq!(read["a"], "x\"\\\n\u{2028}集\u{1F600}\u{7f}");
            assert_eq!(read["doc"], "{\n  \"on\": true\n}\n");
        }
    }

    #[test]
    fn layout() {
        let mut tree = Tree::new();
        let root = sample(&mut tree);
        let mut out = String::new();
        write(&tree, root, true, &mut out);
        assert_eq!(
            out,
            "{\n  \"a\": \"x\\\"\\\\\\n\\u2028集\u{1F600}\\u007f\",\n  \"empty\": {},\n  \"list\": [\n    -3,\n    [],\n    \
             1e21,\n    null\n  ],\n  \"doc\": \"{\\n  \\\"on\\\": true\\n}\\n\"\n}\n"
        );
    }
}
