//! The printer of KDL.

use super::parts::{Part, What};
use super::yaml::float;
use crate::syntax::comments::Comment;
use crate::syntax::document::{Data, Free, Node, Object, Scalar, Spanned};
use crate::syntax::kdl::SPACED;
use crate::syntax::kdl::lexer::{is_newline, may_be_bare};
use crate::syntax::shape::Form;
use crate::syntax::text::is_forbidden;

/// Nodes on one line end before this column.
const WIDTH: usize = 110;

pub(super) fn print(root: &Part<'_>) -> String {
    let mut printer = Printer { out: String::new() };
    for part in &root.parts {
        let start = printer.out.len();
        printer.node(part, 0);
        // Kinds of top-level nodes are set apart.
        if start > 0 {
            printer.out.insert(start, '\n');
        }
    }
    printer.comments(&root.below, 0);
    let end = printer.out.trim_end().len();
    printer.out.truncate(end);
    printer.out.push('\n');
    printer.out
}

struct Printer {
    out: String,
}

impl Printer {
    /// The nodes of one key, each from its comments to the end of its last line.
    fn node(&mut self, part: &Part<'_>, depth: usize) {
        let What::Node(node) = part.what else { return };
        match &node.data {
            // Every member is a node; what stood above or behind the key goes to the first.
            Data::Named(members) if !members.is_empty() => self.spread(part, node, depth),
            Data::Repeated(objects) if !objects.is_empty() => self.spread(part, node, depth),
            _ => {
                self.comments(&part.above, depth);
                self.indent(depth);
                self.out.push_str(node.key.name);
                self.value(part, node, depth);
            }
        }
    }

    fn spread(&mut self, part: &Part<'_>, node: &Node, depth: usize) {
        self.comments(&part.above, depth);
        self.comments(&part.behind, depth);
        for child in &part.parts {
            self.comments(&child.above, depth);
            self.indent(depth);
            self.out.push_str(node.key.name);
            match child.what {
                What::Member(member) => {
                    self.out.push(' ');
                    self.out.push_str(&quoted(&member.name.value));
                    match &member.object {
                        None => {
                            self.out.push_str(" #null");
                            self.line_end(&child.behind);
                        }
                        Some(object) => self.object(child, object, depth, true),
                    }
                }
                What::Object(object) => self.object(child, object, depth, false),
                _ => {}
            }
        }
        self.comments(&part.below, depth);
    }

    /// What stands behind the key of a node that is one node.
    fn value(&mut self, part: &Part<'_>, node: &Node, depth: usize) {
        match &node.data {
            Data::Null => self.rest(" #null", &part.behind),
            Data::Scalar(s) => match (node.key.form, &s.value) {
                (Form::Flag, Scalar::Bool(true)) => self.rest("", &part.behind),
                (_, value) => self.rest(&format!(" {}", scalar(value)), &part.behind),
            },
            Data::List(items) => {
                let line: String = items.iter().map(|i| format!(" {}", scalar(&i.value))).collect();
                if items.is_empty() && !part.holds_comments() {
                    self.rest(" {}", &part.behind);
                } else if !part.holds_comments() && self.fits(&line) {
                    self.rest(&line, &part.behind);
                } else {
                    self.block(part, depth);
                }
            }
            Data::Map(entries) => {
                let line: String =
                    entries.iter().map(|(k, v)| format!(" {}={}", word(&k.value), scalar(&v.value))).collect();
                if entries.is_empty() && !part.holds_comments() {
                    self.rest(" {}", &part.behind);
                } else if !part.holds_comments() && self.fits(&line) {
                    self.rest(&line, &part.behind);
                } else {
                    self.block(part, depth);
                }
            }
            Data::Object(object) => self.object(part, object, depth, false),
            // Empty: members and objects were spread.
            Data::Named(_) | Data::Repeated(_) => self.rest(" {}", &part.behind),
            Data::Free(free) => self.free(part, &free.value, depth),
        }
    }

    /// An object behind its key or name: its argument, then properties or a block.
    fn object(&mut self, part: &Part<'_>, object: &Object, depth: usize, named: bool) {
        let argument = if named { None } else { argument(part, object) };
        if let Some((_, text)) = &argument {
            self.out.push_str(text);
        }
        let taken = argument.map(|(key, _)| key);
        let rest: Vec<&Part<'_>> =
            part.parts.iter().filter(|p| !matches!(p.what, What::Node(n) if Some(n.key.name) == taken)).collect();
        if rest.is_empty() && part.below.is_empty() {
            let empty = !named && taken.is_none();
            self.rest(if empty { " {}" } else { "" }, &part.behind);
            return;
        }
        if !part.holds_comments()
            && let Some(line) = properties(&rest)
            && self.fits(&line)
        {
            self.rest(&line, &part.behind);
            return;
        }
        self.rest(" {", &part.behind);
        for child in rest {
            self.node(child, depth + 1);
        }
        self.close(part, depth);
    }

    /// Items or entries, each on a line of its own.
    fn block(&mut self, part: &Part<'_>, depth: usize) {
        self.rest(" {", &part.behind);
        for child in &part.parts {
            self.comments(&child.above, depth + 1);
            self.indent(depth + 1);
            match child.what {
                What::Item(value) => self.rest(&format!("- {}", scalar(value)), &child.behind),
                What::Entry(key, value) => self.rest(&format!("{} {}", word(key), scalar(value)), &child.behind),
                What::FreeItem(free) => {
                    self.out.push('-');
                    self.free(child, free, depth + 1);
                }
                What::FreeEntry(key, free) => {
                    self.out.push_str(&word(key));
                    self.free(child, free, depth + 1);
                }
                What::Root | What::Node(_) | What::Member(_) | What::Object(_) => {}
            }
        }
        self.close(part, depth);
    }

    fn free(&mut self, part: &Part<'_>, free: &Free, depth: usize) {
        match free {
            Free::Scalar(s) => self.rest(&format!(" {}", scalar(s)), &part.behind),
            Free::Map(entries) if entries.is_empty() && part.below.is_empty() => self.rest(" {}", &part.behind),
            Free::List(items) if items.is_empty() => {
                self.rest(" {", &part.behind);
                self.indent(depth + 1);
                self.out.push_str("-\n");
                self.close(part, depth);
            }
            Free::List(items) => {
                let line: Option<String> = items
                    .iter()
                    .map(|i| match &i.value {
                        Free::Scalar(s) => Some(format!(" {}", scalar(s))),
                        _ => None,
                    })
                    .collect();
                match line {
                    // One value alone would be a scalar.
                    Some(line) if items.len() > 1 && !part.holds_comments() && self.fits(&line) => {
                        self.rest(&line, &part.behind);
                    }
                    _ => self.block(part, depth),
                }
            }
            Free::Map(_) => self.block(part, depth),
        }
    }

    fn close(&mut self, part: &Part<'_>, depth: usize) {
        self.comments(&part.below, depth + 1);
        self.indent(depth);
        self.out.push_str("}\n");
    }

    /// The end of a line, with the comments that stand there.
    fn rest(&mut self, text: &str, behind: &[Comment]) {
        self.out.push_str(text);
        self.line_end(behind);
    }

    fn comments(&mut self, comments: &[Comment], depth: usize) {
        for comment in comments {
            for line in &comment.lines {
                self.indent(depth);
                self.out.push_str(if line.is_empty() { "//" } else { "// " });
                self.out.push_str(line);
                self.out.push('\n');
            }
            if comment.gap {
                self.out.push('\n');
            }
        }
    }

    fn line_end(&mut self, comments: &[Comment]) {
        for (i, comment) in comments.iter().enumerate() {
            self.out.push_str(if i == 0 { "  // " } else { "; " });
            self.out.push_str(&comment.lines.join(" "));
        }
        self.out.push('\n');
    }

    fn fits(&self, line: &str) -> bool {
        let start = self.out.rfind('\n').map_or(0, |n| n + 1);
        self.out[start..].chars().count() + line.chars().count() < WIDTH
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', 4 * depth));
    }
}

/// The argument key and its values as they stand behind the key of the node.
fn argument(part: &Part<'_>, object: &Object) -> Option<(&'static str, String)> {
    let key = object.shape.argument?;
    let filled = part.parts.iter().find(|p| matches!(p.what, What::Node(n) if n.key.name == key))?;
    // Comments of its own keep it on a line of its own.
    if !filled.above.is_empty() || !filled.behind.is_empty() || filled.holds_comments() {
        return None;
    }
    let What::Node(node) = filled.what else { return None };
    match &node.data {
        Data::Scalar(s) if matches!(node.key.form, Form::Scalar(_)) => {
            Some((node.key.name, format!(" {}", scalar(&s.value))))
        }
        Data::List(items) if !items.is_empty() => {
            Some((node.key.name, items.iter().map(|i| format!(" {}", scalar(&i.value))).collect()))
        }
        _ => None,
    }
}

/// The nodes as properties, if every one can be a property.
fn properties(parts: &[&Part<'_>]) -> Option<String> {
    let mut line = String::new();
    for part in parts {
        let What::Node(node) = part.what else { return None };
        let value = match &node.data {
            Data::Scalar(s) => scalar(&s.value),
            Data::List(items) => split_at_spaces(node, items)?,
            Data::Repeated(objects) => short(objects)?,
            _ => return None,
        };
        line.push_str(&format!(" {}={value}", node.key.name));
    }
    Some(line)
}

/// One object of a repeated key, if a property can say all of it: `to="central"`.
fn short(objects: &[Object]) -> Option<String> {
    let [Object { shape, nodes, .. }] = objects else { return None };
    match nodes.as_slice() {
        [Node { key, data: Data::List(items), .. }] if shape.argument == Some(key.name) => {
            split_at_spaces(&nodes[0], items)
        }
        _ => None,
    }
}

/// A list as the value of a property, if none of its items would be torn apart.
fn split_at_spaces(node: &Node, items: &[Spanned<Scalar>]) -> Option<String> {
    let words: Vec<&str> = items.iter().map(|i| i.value.as_str()).collect::<Option<_>>()?;
    let whole = |w: &&str| !w.is_empty() && !w.contains(char::is_whitespace);
    let splits = !words.is_empty() && words.iter().all(whole) && !SPACED.contains(&node.key.name);
    splits.then(|| quoted(&words.join(" ")))
}

fn word(key: &str) -> String {
    if may_be_bare(key) { key.to_owned() } else { quoted(key) }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Null => "#null".into(),
        Scalar::Bool(b) => format!("#{b}"),
        Scalar::Int(i) => i.to_string(),
        Scalar::Float(f) => float(*f),
        Scalar::Str(s) => quoted(s),
    }
}

fn quoted(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_newline(c) || c.is_control() || is_forbidden(c) => {
                out.push_str(&format!("\\u{{{:X}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
