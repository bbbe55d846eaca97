//! The printer of YAML.

use super::parts::{Part, What};
use crate::object::yaml::string;
use crate::syntax::comments::Comment;
use crate::syntax::document::{Data, Free, Node, Object, Scalar};
use crate::syntax::shape::Form;
use crate::syntax::text::is_forbidden;

/// Flow collections end before this column.
const WIDTH: usize = 120;

pub(super) fn print(root: &Part<'_>) -> String {
    let mut printer = Printer { out: String::new() };
    for part in &root.parts {
        // Top-level keys are set apart.
        if !printer.out.is_empty() && !printer.out.ends_with("\n\n") {
            printer.out.push('\n');
        }
        printer.entry(part, 0);
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
    /// `key: value` at a depth in columns.
    fn entry(&mut self, part: &Part<'_>, depth: usize) {
        self.comments(&part.above, depth);
        self.indent(depth);
        let key = match part.what {
            What::Node(node) => node.key.name,
            What::Member(member) => member.name.value.as_str(),
            What::Entry(key, _) | What::FreeEntry(key, _) => key,
            What::Root | What::Object(_) | What::Item(_) | What::FreeItem(_) => return,
        };
        self.out.push_str(&in_flow(key));
        self.out.push(':');
        self.value(part, depth);
    }

    /// `- value`.
    fn item(&mut self, part: &Part<'_>, depth: usize) {
        self.comments(&part.above, depth);
        self.indent(depth);
        self.out.push('-');
        self.value(part, depth);
    }

    /// The parts of a block. The first may continue the line of its `-`.
    fn block(&mut self, part: &Part<'_>, depth: usize) {
        let continues = self.out.ends_with('-')
            && part.behind.is_empty()
            && part.parts.first().is_some_and(|p| p.above.is_empty() && !is_item(p));
        let start = self.out.len();
        if !continues {
            self.line_end(&part.behind);
        }
        for child in &part.parts {
            if is_item(child) { self.item(child, depth) } else { self.entry(child, depth) }
        }
        if continues {
            // The indentation of the first entry is where the `-` and a blank stand.
            self.out.replace_range(start..start + depth, " ");
        }
        self.comments(&part.below, depth);
    }

    /// What stands behind a key or `-`, to the end of its last line.
    fn value(&mut self, part: &Part<'_>, depth: usize) {
        let column = self.out.len() - self.out.rfind('\n').map_or(0, |n| n + 1);
        if let Some(flow) = flow(part)
            && (column + flow.chars().count() < WIDTH || part.parts.is_empty())
        {
            self.out.push(' ');
            self.out.push_str(&flow);
            self.line_end(&part.behind);
            return;
        }
        if let Some(text) = lone_text(part) {
            self.out.push(' ');
            let start = self.out.len();
            string(text, depth + 2, &mut self.out);
            // Behind `|` and before the text a comment may stand.
            let rest = self.out.split_off(start);
            let (first, more) = rest.split_once('\n').unwrap_or((&rest, ""));
            self.out.push_str(first);
            self.line_end(&part.behind);
            if !more.is_empty() {
                self.out.push_str(more.strip_suffix('\n').unwrap_or(more));
                self.out.push('\n');
            }
            return;
        }
        self.block(part, depth + 2);
    }

    fn comments(&mut self, comments: &[Comment], depth: usize) {
        for comment in comments {
            for line in &comment.lines {
                self.indent(depth);
                self.out.push_str(if line.is_empty() { "#" } else { "# " });
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
            self.out.push_str(if i == 0 { "  # " } else { "; " });
            self.out.push_str(&comment.lines.join(" "));
        }
        self.out.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', depth));
    }
}

fn is_item(part: &Part<'_>) -> bool {
    matches!(part.what, What::Item(_) | What::Object(_) | What::FreeItem(_))
}

/// A string that stands alone behind its key, on one line or several.
fn lone_text<'d>(part: &Part<'d>) -> Option<&'d str> {
    let scalar = match part.what {
        What::Node(Node { data: Data::Scalar(s), .. }) => &s.value,
        What::Item(s) | What::Entry(_, s) => s,
        What::FreeEntry(_, Free::Scalar(s)) | What::FreeItem(Free::Scalar(s)) => s,
        _ => return None,
    };
    scalar.as_str()
}

/// The value on one line, if it fits on one: no comments inside, no block within a block.
fn flow(part: &Part<'_>) -> Option<String> {
    if part.holds_comments() {
        return None;
    }
    match part.what {
        What::Root => None,
        What::Item(s) | What::Entry(_, s) => alone(s),
        What::Node(node) => match &node.data {
            Data::Null => Some("null".into()),
            Data::Scalar(s) => alone(&s.value),
            Data::List(_) => seq(part),
            Data::Map(_) => map(part),
            Data::Object(object) => object_flow(part, object),
            Data::Named(members) => members.is_empty().then(|| "{}".into()),
            Data::Repeated(objects) => {
                let short: Option<Vec<String>> =
                    objects.iter().map(|o| short(o).filter(|s| !s.starts_with('['))).collect();
                Some(format!("[{}]", short?.join(", ")))
            }
            Data::Free(free) => free_flow(&free.value),
        },
        What::Member(member) => match &member.object {
            None => Some("null".into()),
            Some(object) => object_flow(part, object),
        },
        What::Object(object) => object_flow(part, object),
        What::FreeEntry(_, free) | What::FreeItem(free) => free_flow(free),
    }
}

/// A scalar that needs no line of its own.
fn alone(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Str(s) if s.contains('\n') => None,
        _ => Some(scalar(value)),
    }
}

fn seq(part: &Part<'_>) -> Option<String> {
    let items: Option<Vec<String>> = part.parts.iter().map(flow).collect();
    Some(format!("[{}]", items?.join(", ")))
}

fn map(part: &Part<'_>) -> Option<String> {
    let mut entries = Vec::with_capacity(part.parts.len());
    for child in &part.parts {
        let What::Entry(key, value) = child.what else { return None };
        entries.push(format!("{}: {}", in_flow(key), alone(value)?));
    }
    Some(format!("{{{}}}", entries.join(", ")))
}

fn object_flow(part: &Part<'_>, object: &Object) -> Option<String> {
    if let Some(short) = short(object) {
        return Some(short);
    }
    let mut entries = Vec::with_capacity(part.parts.len());
    for child in &part.parts {
        let What::Node(node) = child.what else { return None };
        if !matches!(node.data, Data::Null | Data::Scalar(_) | Data::List(_) | Data::Map(_)) {
            return None;
        }
        entries.push(format!("{}: {}", node.key.name, flow(child)?));
    }
    Some(format!("{{{}}}", entries.join(", ")))
}

/// The short form of an object that gives its argument key and nothing else.
fn short(object: &Object) -> Option<String> {
    let [node] = object.nodes.as_slice() else { return None };
    if object.shape.argument != Some(node.key.name) {
        return None;
    }
    match (&node.data, node.key.form) {
        (Data::Scalar(s), Form::Scalar(_)) => alone(&s.value),
        (Data::List(items), _) => match items.as_slice() {
            [] => None,
            [one] => alone(&one.value),
            many => {
                let items: Option<Vec<String>> = many.iter().map(|i| alone(&i.value)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
        },
        _ => None,
    }
}

fn free_flow(free: &Free) -> Option<String> {
    match free {
        Free::Scalar(s) => alone(s),
        Free::Map(entries) => entries.is_empty().then(|| "{}".into()),
        Free::List(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|i| match &i.value {
                    Free::Scalar(s) => alone(s),
                    _ => None,
                })
                .collect();
            Some(format!("[{}]", items?.join(", ")))
        }
    }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Null => "null".into(),
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Float(f) => float(*f),
        Scalar::Str(s) => in_flow(s),
    }
}

/// A number with a point and a signed exponent, a float to every reader of either form.
pub(super) fn float(f: f64) -> String {
    let text = format!("{f:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// A string on one line, quoted where a comma or bracket would end it.
fn in_flow(s: &str) -> String {
    let mut out = String::new();
    string(s, 0, &mut out);
    if out.contains('\n') {
        return double(s);
    }
    let plain = !out.starts_with(['"', '\'']);
    if plain && s.contains([',', '[', ']', '{', '}', ':']) {
        return double(s);
    }
    out
}

fn double(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control()
                || is_forbidden(c)
                || matches!(c, '\u{A0}' | '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}') =>
            {
                out.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
