//! KDL nodes to data, by the shape of their keys (rules 1 to 6 and 8 of §4).

use super::SPACED;
use super::parser::{Property, Statement, Value, Word};
use crate::diag::{Code, Diagnostic, Span};
use crate::syntax::block::{Block, Way, kind_of, member};
use crate::syntax::codes;
use crate::syntax::document::{Data, Node, Object, Scalar, Spanned};
use crate::syntax::faults::Faults;
use crate::syntax::shape::{Form, Key, Shape};
use crate::syntax::words::{bare_credential, names_a_secret, shown, unknown_key};

pub(super) struct Reader<'f> {
    pub root: &'static Shape,
    pub faults: &'f mut Faults,
}

/// What stands behind a key, whether the key is a node or a property.
#[derive(Clone, Copy)]
pub(super) struct Given<'s> {
    pub key: &'s Word,
    pub args: &'s [Value],
    pub props: &'s [Property],
    pub block: Option<&'s super::parser::Block>,
    pub span: Span,
}

impl<'s> From<&'s Statement> for Given<'s> {
    fn from(s: &'s Statement) -> Self {
        Given { key: &s.name, args: &s.args, props: &s.props, block: s.block.as_ref(), span: s.span }
    }
}

impl Given<'_> {
    /// `key {}` and nothing else.
    pub fn is_empty_block(&self) -> bool {
        self.args.is_empty() && self.props.is_empty() && self.block.is_some_and(|b| b.nodes.is_empty())
    }

    /// The key alone.
    pub fn is_bare(&self) -> bool {
        self.args.is_empty() && self.props.is_empty() && self.block.is_none()
    }

    /// `key #null` and nothing else.
    fn is_null(&self) -> bool {
        matches!(self.args, [Value { scalar: Scalar::Null, .. }]) && self.props.is_empty() && self.block.is_none()
    }
}

impl Reader<'_> {
    /// Puts nodes into the block they stand in.
    pub fn nodes(&mut self, block: &mut Block, shape: &'static Shape, nodes: &[Statement]) {
        for node in nodes {
            self.put(block, shape, node.into(), Way::Node);
        }
    }

    fn put(&mut self, block: &mut Block, shape: &'static Shape, given: Given<'_>, way: Way) {
        let Some(key) = shape.key(&given.key.text) else {
            if !self.faults.full() {
                self.faults.push(unknown_key(&given.key.text, given.key.span, given.span, shape, self.root));
            }
            return;
        };
        if let Some(data) = self.data(key, given) {
            block.put(Node { key, key_span: given.key.span, span: given.span, data }, way, self.faults);
        }
    }

    fn data(&mut self, key: &'static Key, given: Given<'_>) -> Option<Data> {
        if given.is_null() {
            return Some(Data::Null);
        }
        match key.form {
            Form::Scalar(_) => self.scalar(given).map(Data::Scalar),
            Form::Flag => self.flag(given).map(Data::Scalar),
            Form::List(_) => self.list(given).map(Data::List),
            Form::Map(..) => self.map(given).map(Data::Map),
            Form::Object(shape) => {
                if given.is_bare() {
                    return self.missing(given);
                }
                Some(Data::Object(self.object(shape, given.args, given)))
            }
            Form::Named(_, shape) => self.named(shape, given),
            Form::Repeated(_) if given.is_empty_block() => Some(Data::Repeated(Vec::new())),
            Form::Repeated(shape) => {
                if given.is_bare() {
                    return self.missing(given);
                }
                Some(Data::Repeated(vec![self.object(shape, given.args, given)]))
            }
            Form::Free => self.free(given).map(Data::Free),
        }
    }

    fn scalar(&mut self, given: Given<'_>) -> Option<Spanned<Scalar>> {
        let sound = self.only_args(given, "takes one value");
        match given.args {
            [] if sound => self.missing(given),
            [] => None,
            [value, more @ ..] => {
                if let Some(second) = more.first() {
                    let what = format!("`{}` takes one value", given.key.text);
                    self.faults.push(Diagnostic::new(&codes::TOO_MANY_VALUES, second.span, what).here("one too many"));
                }
                if value.scalar == Scalar::Null {
                    self.null_among_others(value.span, given);
                    return None;
                }
                Some(spanned(value))
            }
        }
    }

    fn flag(&mut self, given: Given<'_>) -> Option<Spanned<Scalar>> {
        let sound = self.only_args(given, "is a flag");
        match given.args {
            [] => sound.then_some(Spanned { value: Scalar::Bool(true), span: given.key.span }),
            [value] if matches!(value.scalar, Scalar::Bool(_)) => Some(spanned(value)),
            [value, ..] => {
                let key = &given.key.text;
                let what = format!("`{key}` is a flag and takes no value but `#true` or `#false`");
                self.faults.push(
                    Diagnostic::new(&codes::FORM, value.span, what)
                        .help(format!("write `{key}` alone to set it, `{key} #false` to take it back")),
                );
                None
            }
        }
    }

    fn list(&mut self, given: Given<'_>) -> Option<Vec<Spanned<Scalar>>> {
        for prop in given.props {
            let what = format!("`{}` is a list and has no keys", given.key.text);
            self.form(prop.key.span, what, "write the items as values behind the key");
        }
        if given.is_bare() {
            return self.missing(given);
        }
        let mut items: Vec<&Value> = given.args.iter().collect();
        for node in given.block.iter().flat_map(|b| &b.nodes) {
            match (node.name.text.as_str(), node.args.as_slice()) {
                ("-", [value]) if node.props.is_empty() && node.block.is_none() => items.push(value),
                ("-", _) => {
                    let what = format!("an item of `{}` is one value", given.key.text);
                    self.form(node.span, what, "write each item on a line of its own: `- \"value\"`");
                }
                (word, _) => {
                    let what = format!("`{}` is a list and has no key `{}`", given.key.text, shown(word));
                    self.form(node.name.span, what, "items of a list are written `- \"value\"`, or behind the key");
                }
            }
        }
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            if item.scalar == Scalar::Null {
                self.null_among_others(item.span, given);
            } else {
                list.push(spanned(item));
            }
        }
        Some(list)
    }

    fn map(&mut self, given: Given<'_>) -> Option<Vec<(Spanned<String>, Spanned<Scalar>)>> {
        if let Some(value) = given.args.first() {
            let what = format!("`{}` is a map and takes keys with values", given.key.text);
            self.form(value.span, what, format!("write `{} key=\"value\"`", given.key.text));
            return None;
        }
        if given.is_bare() {
            return self.missing(given);
        }
        let mut entries = Vec::new();
        for prop in given.props {
            entries.push((word(&prop.key), spanned(&prop.value)));
        }
        for node in given.block.iter().flat_map(|b| &b.nodes) {
            match node.args.as_slice() {
                [value] if node.props.is_empty() && node.block.is_none() => {
                    entries.push((word(&node.name), spanned(value)));
                }
                _ => {
                    let what = format!("`{}` in the map `{}` takes one value", shown(&node.name.text), given.key.text);
                    self.form(node.span, what, format!("write `{} \"value\"`", shown(&node.name.text)));
                }
            }
        }
        Some(entries)
    }

    fn named(&mut self, shape: &'static Shape, given: Given<'_>) -> Option<Data> {
        if given.is_empty_block() {
            return Some(Data::Named(Vec::new()));
        }
        let key = &given.key.text;
        let Some((first, more)) = given.args.split_first() else {
            let what = format!("this `{key}` has no name");
            self.faults.push(
                Diagnostic::new(&codes::MISSING_NAME, given.key.span, what)
                    .help(format!("write its name behind the key: `{key} \"name\"`")),
            );
            return None;
        };
        let Scalar::Str(name) = &first.scalar else {
            let what = format!("the name of a `{key}` is a string, not {}", kind_of(&first.scalar));
            self.form(first.span, what, "put the name in quotes");
            return None;
        };
        let name = Spanned { value: name.clone(), span: first.span };
        if let ([Value { scalar: Scalar::Null, .. }], [], None) = (more, given.props, given.block) {
            return Some(Data::Named(vec![member(name, None, given.span)]));
        }
        if let Some(second) = more.first() {
            let what = format!("a `{key}` takes its name and no other value");
            self.faults.push(
                Diagnostic::new(&codes::TOO_MANY_VALUES, second.span, what).here("one too many").help(format!(
                    "write a node for each: `{key} \"a\"` and `{key} \"b\"`; settings go into its block"
                )),
            );
        }
        let object = self.object(shape, &[], given);
        Some(Data::Named(vec![member(name, Some(object), given.span)]))
    }

    /// An object from the arguments, properties and block of a node.
    fn object(&mut self, shape: &'static Shape, args: &[Value], given: Given<'_>) -> Object {
        let mut block = Block::new(shape);
        if let [first, .., last] | [first @ last] = args {
            self.arguments(&mut block, shape, args, first.span.to(last.span), given);
        }
        for prop in given.props {
            self.property(&mut block, shape, prop);
        }
        if let Some(inner) = given.block {
            self.nodes(&mut block, shape, &inner.nodes);
        }
        block.finish(given.span)
    }

    fn arguments(&mut self, block: &mut Block, shape: &'static Shape, args: &[Value], span: Span, given: Given<'_>) {
        let Some(key) = shape.argument_key() else {
            if names_a_secret(shape) {
                self.faults.push(bare_credential(&given.key.text, span));
                return;
            }
            let what = format!("`{}` takes keys, not values", given.key.text);
            let keys: Vec<&str> = shape.keys.iter().take(3).map(|k| k.name).collect();
            self.form(span, what, format!("say which key it is for: {} …", keys.join(", ")));
            return;
        };
        let name = Word { text: key.name.to_owned(), span };
        let filled = Given { key: &name, args, props: &[], block: None, span };
        let data = match key.form {
            Form::Scalar(_) | Form::List(_) | Form::Flag => {
                // Faults are about the node that was written, not about the key it fills.
                let shown = Word { text: given.key.text.clone(), span };
                self.data(key, Given { key: &shown, ..filled })
            }
            _ => {
                let what = format!("`{}` takes keys, not values", given.key.text);
                self.form(span, what, format!("write `{}` inside its block", key.name));
                None
            }
        };
        if let Some(data) = data {
            block.put(Node { key, key_span: span, span, data }, Way::Argument, self.faults);
        }
    }

    /// A property is a node of its own, except that a list in it is split at spaces.
    fn property(&mut self, block: &mut Block, shape: &'static Shape, prop: &Property) {
        let key = shape.key(&prop.key.text);
        let list = key.and_then(list_behind);
        let split;
        let args = match list {
            Some(list) if SPACED.contains(&list.name) && matches!(prop.value.scalar, Scalar::Str(_)) => {
                self.child_only(prop);
                std::slice::from_ref(&prop.value)
            }
            Some(_) => {
                split = items(&prop.value);
                if split.is_empty() {
                    let what = format!("`{}` names nothing", prop.key.text);
                    self.faults.push(Diagnostic::new(&codes::MISSING_VALUE, prop.value.span, what).help(format!(
                        "name the items, with spaces between; the empty list is `{} {{}}` in the block",
                        prop.key.text
                    )));
                    return;
                }
                split.as_slice()
            }
            None => std::slice::from_ref(&prop.value),
        };
        let given = Given { key: &prop.key, args, props: &[], block: None, span: prop.span() };
        self.put(block, shape, given, Way::Property);
    }
}

/// What is said about values of the wrong shape.
impl Reader<'_> {
    pub(super) fn form(&mut self, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Diagnostic::new(&codes::FORM, at, what).help(help));
    }

    /// Whether a node has neither properties nor a block; reports those it has.
    fn only_args(&mut self, given: Given<'_>, takes: &str) -> bool {
        let key = &given.key.text;
        for prop in given.props {
            let what = format!("`{key}` {takes} and has no key `{}`", shown(&prop.key.text));
            self.form(prop.key.span, what, format!("move `{}` to the block it belongs to", shown(&prop.key.text)));
        }
        if let Some(block) = given.block {
            self.form(block.span, format!("`{key}` {takes} and has no block"), "remove the braces");
        }
        given.props.is_empty() && given.block.is_none()
    }

    pub(super) fn missing<T>(&mut self, given: Given<'_>) -> Option<T> {
        let key = &given.key.text;
        self.fault(&codes::MISSING_VALUE, given.key.span, format!("`{key}` says nothing: no value follows"));
        None
    }

    fn null_among_others(&mut self, at: Span, given: Given<'_>) {
        let key = &given.key.text;
        let what = format!("`#null` stands among other values of `{key}`");
        self.form(at, what, format!("`{key} #null` alone drops what was inherited; remove it otherwise"));
    }

    fn child_only(&mut self, prop: &Property) {
        let key = &prop.key.text;
        let what = format!("`{key}` cannot be a property: its items may hold spaces");
        self.faults.push(
            Diagnostic::new(&codes::CHILD_ONLY, prop.span(), what)
                .help(format!("write it in the block: `{key} \"…\" \"…\"`")),
        );
    }

    fn fault(&mut self, code: &'static Code, at: Span, what: String) {
        self.faults.add(code, at, what);
    }
}

/// The list that the values of a key go into: its own, or that of its argument key.
fn list_behind(key: &'static Key) -> Option<&'static Key> {
    let list = match key.form {
        Form::List(_) => key,
        Form::Object(shape) | Form::Repeated(shape) => shape.argument_key()?,
        _ => return None,
    };
    matches!(list.form, Form::List(_)).then_some(list)
}

/// The items of a list in a property: a string split at spaces, each with its own place.
fn items(value: &Value) -> Vec<Value> {
    let copy = |scalar: Scalar, span: Span| Value { scalar, span, verbatim: None };
    let Scalar::Str(text) = &value.scalar else {
        return vec![copy(value.scalar.clone(), value.span)];
    };
    let mut items = Vec::new();
    let mut at = 0;
    for word in text.split(char::is_whitespace) {
        if !word.is_empty() {
            let span = match value.verbatim {
                Some(start) => Span::new(value.span.file, start + at, start + at + word.len()),
                None => value.span,
            };
            items.push(copy(Scalar::Str(word.to_owned()), span));
        }
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    items
}

pub(super) fn spanned(value: &Value) -> Spanned<Scalar> {
    Spanned { value: value.scalar.clone(), span: value.span }
}

pub(super) fn word(word: &Word) -> Spanned<String> {
    Spanned { value: word.text.clone(), span: word.span }
}
