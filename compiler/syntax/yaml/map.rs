//! YAML nodes to data, by the shape of their keys (rules 5 to 9 of §4).

use super::load::{Content, Tag, Yaml};
use super::scalar::{Plain, resolve};
use crate::diag::{Diagnostic, FileId, Span};
use crate::syntax::block::{Block, Way, key_twice, kind_of, member, name_twice};
use crate::syntax::codes;
use crate::syntax::document::{Data, Free, Named, Node, Object, Scalar, Spanned};
use crate::syntax::faults::Faults;
use crate::syntax::shape::{Form, Key, Shape, Type};
use crate::syntax::words::{bare_credential, form_name, names_a_secret, shown, unknown_key};
use std::collections::BTreeMap;

pub(super) struct Reader<'t, 'f> {
    pub text: &'t str,
    pub file: FileId,
    pub root: &'static Shape,
    pub faults: &'f mut Faults,
}

impl Reader<'_, '_> {
    /// The document itself: a map of the top-level keys.
    pub fn top(&mut self, node: &Yaml, whole: Span) -> Object {
        self.refuse(node);
        match &node.content {
            Content::Map(entries) => self.block(self.root, entries, whole),
            _ => {
                let keys: Vec<String> = self.root.keys.iter().take(5).map(|k| format!("`{}`", k.name)).collect();
                let help = format!("write a map of {} …", keys.join(", "));
                self.form(self.span(node), "a spec is a map of keys, not a list or a single value", help);
                Object { shape: self.root, span: whole, nodes: Vec::new() }
            }
        }
    }

    fn block(&mut self, shape: &'static Shape, entries: &[(Yaml, Yaml)], span: Span) -> Object {
        let mut block = Block::new(shape);
        for (word, value) in self.entries(entries) {
            let Some(key) = shape.key(&word.value) else {
                if !self.faults.full() {
                    let whole = word.span.to(self.span(value));
                    self.faults.push(unknown_key(&word.value, word.span, whole, shape, self.root));
                }
                continue;
            };
            let span = word.span.to(self.span(value));
            if let Some(data) = self.data(key, value, &word) {
                block.put(Node { key, key_span: word.span, span, data }, Way::Node, self.faults);
            }
        }
        block.finish(span)
    }

    /// The entries of a map whose keys are strings and stand once.
    fn entries<'y>(&mut self, entries: &'y [(Yaml, Yaml)]) -> Vec<(Spanned<String>, &'y Yaml)> {
        self.unique(entries, key_twice)
    }

    fn unique<'y>(
        &mut self,
        entries: &'y [(Yaml, Yaml)],
        twice: impl Fn(&Spanned<String>, Span) -> Diagnostic,
    ) -> Vec<(Spanned<String>, &'y Yaml)> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(word) = self.word(key) else { continue };
            match seen.get(&word.value) {
                Some(first) => self.faults.push(twice(&word, *first)),
                None => {
                    seen.insert(word.value.clone(), word.span);
                    kept.push((word, value));
                }
            }
        }
        kept
    }

    /// A key: a string, in quotes or not to be mistaken for anything else.
    fn word(&mut self, key: &Yaml) -> Option<Spanned<String>> {
        self.refuse(key);
        let span = self.span(key);
        match &key.content {
            Content::Scalar { text, plain: true } => match resolve(text) {
                Plain::Is(Scalar::Str(text)) => Some(Spanned { value: text, span }),
                Plain::Ambiguous(_) if text == "<<" => {
                    self.feature(span, "merge keys are not read in a spec");
                    None
                }
                _ => {
                    let what = format!("the key `{}` is not a string", shown(text));
                    self.faults.push(quoted(Diagnostic::new(&codes::AMBIGUOUS, span, what), span, text));
                    Some(Spanned { value: text.clone(), span })
                }
            },
            Content::Scalar { text, .. } => Some(Spanned { value: text.clone(), span }),
            Content::Alias(_) => None,
            _ => {
                self.form(span, "a key is a string, not a list or a map", "write the key as one word");
                None
            }
        }
    }

    fn data(&mut self, key: &'static Key, value: &Yaml, word: &Spanned<String>) -> Option<Data> {
        self.refuse(value);
        if matches!(value.content, Content::Alias(_)) {
            return None;
        }
        if is_blank(value) {
            return self.missing(word);
        }
        if is_null(value) {
            return Some(Data::Null);
        }
        match key.form {
            Form::Scalar(ty) => match &value.content {
                Content::Scalar { .. } => self.scalar(value, ty).map(Data::Scalar),
                _ => self.wrong(key.form, &word.value, value),
            },
            Form::Flag => match self.flag(value) {
                Some(flag) => Some(Data::Scalar(flag)),
                None => {
                    let what = format!("`{}` is a flag: `true` or `false`", word.value);
                    self.form(self.span(value), what, format!("write `{}: true` to set it", word.value));
                    None
                }
            },
            Form::List(ty) => self.list(key, ty, value, &word.value).map(Data::List),
            Form::Map(keys, ty) => self.map(key, (keys, ty), value, &word.value).map(Data::Map),
            Form::Object(shape) => self.object(shape, value, word.span, &word.value).map(Data::Object),
            Form::Named(_, shape) => self.named(key, shape, value, &word.value).map(Data::Named),
            Form::Repeated(shape) => self.repeated(key, shape, value, word).map(Data::Repeated),
            Form::Free => Some(Data::Free(self.free(value))),
        }
    }

    fn flag(&mut self, value: &Yaml) -> Option<Spanned<Scalar>> {
        let Content::Scalar { text, plain: true } = &value.content else { return None };
        match resolve(text) {
            Plain::Is(flag @ Scalar::Bool(_)) => Some(Spanned { value: flag, span: self.span(value) }),
            _ => None,
        }
    }

    fn scalar(&mut self, value: &Yaml, ty: Type) -> Option<Spanned<Scalar>> {
        let span = self.span(value);
        let Content::Scalar { text, plain } = &value.content else { return None };
        if !plain {
            return Some(Spanned { value: Scalar::Str(text.clone()), span });
        }
        let scalar = match resolve(text) {
            Plain::Is(Scalar::Int(_) | Scalar::Float(_)) if is_text(ty) => {
                let found = Diagnostic::new(
                    &codes::UNQUOTED_NUMBER,
                    span,
                    format!("`{}` is a number here, and a string is due", shown(text)),
                );
                self.faults.push(quoted(found, span, text));
                Scalar::Str(text.clone())
            }
            Plain::Is(scalar) => scalar,
            Plain::Ambiguous(reading) => {
                let what = format!("plain `{}` is ambiguous: {reading}", shown(text));
                self.faults.push(quoted(Diagnostic::new(&codes::AMBIGUOUS, span, what), span, text));
                Scalar::Str(text.clone())
            }
            Plain::NoNumber => {
                self.faults.add(&codes::NUMBER, span, format!("`{}` is not a number a setting can have", shown(text)));
                return None;
            }
        };
        Some(Spanned { value: scalar, span })
    }

    fn list(&mut self, key: &Key, ty: Type, value: &Yaml, word: &str) -> Option<Vec<Spanned<Scalar>>> {
        let items = match &value.content {
            Content::Seq(items) => items.as_slice(),
            Content::Scalar { .. } => std::slice::from_ref(value),
            _ => return self.wrong(key.form, word, value),
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            self.refuse_item(item, value);
            match &item.content {
                Content::Scalar { .. } if is_null(item) => {
                    let what = format!("an item of `{word}` is null");
                    self.form(self.span(item), what, "write its value, or remove the `-`");
                }
                Content::Scalar { .. } => list.extend(self.scalar(item, ty)),
                Content::Alias(_) => {}
                _ => {
                    let what = format!("an item of `{word}` is one value, not a list or a map");
                    self.form(self.span(item), what, "write one value behind each `-`");
                }
            }
        }
        Some(list)
    }

    fn map(
        &mut self,
        key: &Key,
        (_, ty): (Type, Type),
        value: &Yaml,
        word: &str,
    ) -> Option<Vec<(Spanned<String>, Spanned<Scalar>)>> {
        let Content::Map(entries) = &value.content else { return self.wrong(key.form, word, value) };
        let mut map = Vec::with_capacity(entries.len());
        for (entry, value) in self.entries(entries) {
            self.refuse(value);
            match &value.content {
                Content::Scalar { .. } if is_blank(value) => {
                    let _: Option<()> = self.missing(&entry);
                }
                Content::Scalar { .. } => map.extend(self.scalar(value, ty).map(|v| (entry, v))),
                Content::Alias(_) => {}
                _ => {
                    let what = format!("`{}` in the map `{word}` takes one value", shown(&entry.value));
                    self.form(self.span(value), what, "write one value behind the colon");
                }
            }
        }
        Some(map)
    }

    /// An object: a map of its keys, or a scalar or list for its argument key.
    fn object(&mut self, shape: &'static Shape, value: &Yaml, from: Span, word: &str) -> Option<Object> {
        let span = from.to(self.span(value));
        if let Content::Map(entries) = &value.content {
            return Some(self.block(shape, entries, span));
        }
        let Some(key) = shape.argument_key() else {
            if names_a_secret(shape) {
                self.faults.push(bare_credential(word, self.span(value)));
                return None;
            }
            let what = format!("`{word}` takes keys, not a single value");
            let keys: Vec<&str> = shape.keys.iter().take(3).map(|k| k.name).collect();
            self.form(self.span(value), what, format!("say which key it is for: {} …", keys.join(", ")));
            return None;
        };
        let at = self.span(value);
        let data = match (key.form, &value.content) {
            (Form::List(ty), _) => Data::List(self.list(key, ty, value, word)?),
            (Form::Scalar(ty), Content::Scalar { .. }) => Data::Scalar(self.scalar(value, ty)?),
            _ => return self.wrong(Form::Object(shape), word, value),
        };
        let mut block = Block::new(shape);
        block.put(Node { key, key_span: at, span: at, data }, Way::Argument, self.faults);
        Some(block.finish(span))
    }

    fn named(&mut self, key: &Key, shape: &'static Shape, value: &Yaml, word: &str) -> Option<Vec<Named>> {
        let Content::Map(entries) = &value.content else {
            let found = Diagnostic::new(
                &codes::FORM,
                self.span(value),
                format!("`{word}` is {}, not {}", form_name(key.form), self.described(value)),
            );
            self.faults.push(found.help(format!("write the names as keys: `{word}: {{name: {{}}}}`")));
            return None;
        };
        let mut members = Vec::with_capacity(entries.len());
        for (name, value) in self.unique(entries, |name, first| name_twice(word, name, first)) {
            self.refuse(value);
            let span = name.span.to(self.span(value));
            if matches!(value.content, Content::Alias(_)) {
            } else if is_blank(value) {
                let _: Option<()> = self.missing(&name);
            } else if is_null(value) {
                members.push(member(name, None, span));
            } else if let Some(object) = self.object(shape, value, name.span, word) {
                members.push(member(name, Some(object), span));
            }
        }
        Some(members)
    }

    /// A list of objects; a single scalar is a list of one.
    fn repeated(
        &mut self,
        key: &Key,
        shape: &'static Shape,
        value: &Yaml,
        word: &Spanned<String>,
    ) -> Option<Vec<Object>> {
        let items = match &value.content {
            Content::Seq(items) => items.as_slice(),
            Content::Scalar { .. } => std::slice::from_ref(value),
            _ => return self.wrong(key.form, &word.value, value),
        };
        let mut objects = Vec::with_capacity(items.len());
        for item in items {
            self.refuse_item(item, value);
            let says_nothing = match &item.content {
                Content::Alias(_) => continue,
                Content::Map(entries) => entries.is_empty(),
                Content::Seq(items) => items.is_empty(),
                Content::Scalar { .. } => is_null(item),
            };
            if says_nothing {
                let what = format!("an item of `{}` says nothing", word.value);
                self.form(self.span(item), what, "write its keys, or remove the item");
                continue;
            }
            objects.extend(self.object(shape, item, self.span(item), &word.value));
        }
        Some(objects)
    }

    fn free(&mut self, value: &Yaml) -> Spanned<Free> {
        let span = self.span(value);
        let tree = match &value.content {
            Content::Scalar { .. } => Free::Scalar(self.scalar(value, Type::Any).map_or(Scalar::Null, |s| s.value)),
            Content::Alias(_) => Free::Scalar(Scalar::Null),
            Content::Seq(items) => Free::List(
                items
                    .iter()
                    .map(|item| {
                        self.refuse(item);
                        self.free(item)
                    })
                    .collect(),
            ),
            Content::Map(entries) => Free::Map(
                self.entries(entries)
                    .into_iter()
                    .filter_map(|(key, value)| {
                        self.refuse(value);
                        if is_blank(value) {
                            return self.missing(&key);
                        }
                        let value = self.free(value);
                        Some((key, value))
                    })
                    .collect(),
            ),
        };
        Spanned { value: tree, span }
    }
}

/// What is said about values that do not fit.
impl Reader<'_, '_> {
    fn form(&mut self, at: Span, what: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Diagnostic::new(&codes::FORM, at, what).help(help));
    }

    fn wrong<T>(&mut self, form: Form, word: &str, value: &Yaml) -> Option<T> {
        let what = format!("`{word}` is {}, not {}", form_name(form), self.described(value));
        let help = match form {
            Form::Scalar(_) => format!("write one value: `{word}: value`"),
            Form::List(_) => format!("write a list: `{word}: [a, b]`"),
            Form::Map(..) => format!("write a map: `{word}: {{key: value}}`"),
            Form::Repeated(_) => format!("put a `-` before each block below `{word}`"),
            _ => format!("write the keys of `{word}` below it, each on a line of its own"),
        };
        self.form(self.span(value), what, help);
        None
    }

    fn described(&self, value: &Yaml) -> &'static str {
        match &value.content {
            Content::Seq(_) => "a list",
            Content::Map(_) => "a map",
            Content::Alias(_) => "an alias",
            Content::Scalar { text, plain: true } => match resolve(text) {
                Plain::Is(scalar) => kind_of(&scalar),
                _ => "a single value",
            },
            Content::Scalar { .. } => "a string",
        }
    }

    fn missing<T>(&mut self, word: &Spanned<String>) -> Option<T> {
        let key = shown(&word.value);
        let what = format!("nothing stands behind `{key}:`");
        self.faults.push(
            Diagnostic::new(&codes::MISSING_VALUE, word.span, what).help(format!(
                "write its value; `{key}: {{}}` if it is empty, `{key}: null` to drop what was inherited"
            )),
        );
        None
    }

    /// Anchors, aliases and tags.
    fn refuse(&mut self, node: &Yaml) {
        let at = self.span(node);
        if let Some(Tag { name, range }) = &node.tag {
            let at = Span::new(self.file, range.start, range.end);
            self.feature(at, &format!("the tag `{}` is not read in a spec", shown(name)));
        }
        if node.anchor != 0 {
            let start = self.text[..at.start as usize].rfind('&').unwrap_or(at.start as usize);
            let word = self.text[start..].find(char::is_whitespace).map_or(at.end as usize, |n| start + n);
            self.feature(Span::new(self.file, start, word), "anchors are not read in a spec");
        }
        if matches!(node.content, Content::Alias(_)) {
            self.feature(at, "aliases are not read in a spec");
        }
    }

    /// The same for an item; a scalar that stands for a list was looked at already.
    fn refuse_item(&mut self, item: &Yaml, list: &Yaml) {
        if !std::ptr::eq(item, list) {
            self.refuse(item);
        }
    }

    fn feature(&mut self, at: Span, what: &str) {
        self.faults.add(&codes::YAML_FEATURE, at, what);
    }

    fn span(&self, node: &Yaml) -> Span {
        Span::new(self.file, node.range.start, node.range.end)
    }
}

/// A plain null, written out or not.
fn is_null(node: &Yaml) -> bool {
    matches!(&node.content, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
}

/// A value that was not written.
fn is_blank(node: &Yaml) -> bool {
    matches!(&node.content, Content::Scalar { text, plain: true } if text.is_empty())
}

/// Whether a number where this type is due loses something by being one, so that quotes help.
fn is_text(ty: Type) -> bool {
    !matches!(
        ty,
        Type::Count
            | Type::Positive
            | Type::Port
            | Type::Any
            | Type::Quantity
            | Type::Size
            | Type::Rate
            | Type::Percent
            | Type::Duration
            | Type::DurationOrZero
    )
}

fn quoted(found: Diagnostic, at: Span, text: &str) -> Diagnostic {
    let replacement = format!("\"{text}\"");
    let found = found.help(format!("write `{}` if it is a string", shown(&replacement)));
    if text.contains(['"', '\\']) { found } else { found.fix(at, replacement, "put it in quotes") }
}
