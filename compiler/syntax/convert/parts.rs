//! What is printed, piece by piece, and which comment belongs to which piece.

use crate::diag::Span;
use crate::syntax::comments::Comment;
use crate::syntax::document::{Data, Document, Free, Named, Node, Object, Scalar, Spanned};
use crate::syntax::read::Language;

/// A piece of a document that a comment can stand above or behind.
pub(super) struct Part<'d> {
    pub what: What<'d>,
    pub parts: Vec<Part<'d>>,
    /// Above it, each on a line of its own.
    pub above: Vec<Comment>,
    /// At the end of its first line.
    pub behind: Vec<Comment>,
    /// Below the last of its parts.
    pub below: Vec<Comment>,
    span: Span,
}

#[derive(Clone, Copy)]
pub(super) enum What<'d> {
    Root,
    Node(&'d Node),
    Member(&'d Named),
    /// One object of a repeated key.
    Object(&'d Object),
    Item(&'d Scalar),
    Entry(&'d str, &'d Scalar),
    FreeEntry(&'d str, &'d Free),
    FreeItem(&'d Free),
}

impl<'d> Part<'d> {
    pub fn root(document: &'d Document) -> Self {
        Part::new(What::Root, document.root.span, nodes(&document.root))
    }

    fn new(what: What<'d>, span: Span, parts: Vec<Part<'d>>) -> Self {
        Part { what, parts, above: Vec::new(), behind: Vec::new(), below: Vec::new(), span }
    }

    /// Whether comments stand within it, so that it cannot be one line.
    pub fn holds_comments(&self) -> bool {
        !self.below.is_empty()
            || self.parts.iter().any(|p| !p.above.is_empty() || !p.behind.is_empty() || p.holds_comments())
    }

    /// Gives every comment of the text to the part it stands above, or on whose line it stands.
    pub fn attach(&mut self, text: &str, comments: Vec<Comment>, language: Language) {
        let places = Places::of(self, text, language);
        for comment in comments {
            let at = comment.range.start;
            let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
            match places.home(self, at, if comment.own_line { None } else { Some(line) }) {
                Home::Above(path) => self.at(&path).above.push(comment),
                Home::Behind(path) => self.at(&path).behind.push(comment),
                Home::Below(path) => self.at(&path).below.push(comment),
            }
        }
    }

    fn at(&mut self, path: &[usize]) -> &mut Part<'d> {
        path.iter().fold(self, |part, i| &mut part.parts[*i])
    }

    fn get(&self, path: &[usize]) -> &Part<'d> {
        path.iter().fold(self, |part, i| &part.parts[*i])
    }

    /// Whether the parts do not stand inside their key in the text: in KDL each member of a named
    /// or repeated key is a node of its own.
    fn is_spread(&self, language: Language) -> bool {
        match self.what {
            What::Node(Node { data: Data::Named(m), .. }) => language == Language::Kdl && !m.is_empty(),
            What::Node(Node { data: Data::Repeated(o), .. }) => language == Language::Kdl && !o.is_empty(),
            What::Node(Node { data: Data::List(_) | Data::Map(_), .. }) => {
                self.parts.iter().any(|p| p.span.start < self.span.start || p.span.end > self.span.end)
            }
            _ => false,
        }
    }
}

enum Home {
    Above(Vec<usize>),
    Behind(Vec<usize>),
    Below(Vec<usize>),
}

/// The parts that stand somewhere in the text, in its order.
struct Places<'t> {
    text: &'t str,
    starts: Vec<(u32, Vec<usize>)>,
    ends: Vec<(u32, Vec<usize>)>,
    language: Language,
}

impl<'t> Places<'t> {
    fn of(root: &Part<'_>, text: &'t str, language: Language) -> Self {
        let mut places = Places { text, starts: Vec::new(), ends: Vec::new(), language };
        places.add(root, &mut Vec::new());
        // An outer part stands before an inner one that begins at the same place.
        places.starts.sort_by_key(|(at, path)| (*at, path.len()));
        places.ends.sort_by_key(|(at, path)| (*at, path.len()));
        places
    }

    fn add(&mut self, part: &Part<'_>, path: &mut Vec<usize>) {
        if !path.is_empty() && !part.is_spread(self.language) {
            self.starts.push((part.span.start, path.clone()));
            self.ends.push((part.span.end, path.clone()));
        }
        for (i, inner) in part.parts.iter().enumerate() {
            path.push(i);
            self.add(inner, path);
            path.pop();
        }
    }

    /// `line` is the start of the line of a comment that stands behind something.
    fn home(&self, root: &Part<'_>, at: usize, line: Option<usize>) -> Home {
        let at = at as u32;
        if let Some(line) = line {
            let line = line as u32;
            let first = self.starts.partition_point(|(start, _)| *start < line);
            if let Some((start, path)) = self.starts.get(first)
                && *start < at
            {
                return Home::Behind(path.clone());
            }
            let last = self.ends.partition_point(|(end, _)| *end <= line);
            if let Some((end, path)) = self.ends.get(last)
                && *end <= at
            {
                return Home::Behind(path.clone());
            }
        }
        let next = self.starts.partition_point(|(start, _)| *start < at);
        let around = match next.checked_sub(1).and_then(|i| self.starts.get(i)) {
            Some((_, path)) => match self.language {
                Language::Kdl => self.around(root, at, path),
                Language::Yaml => self.indented(root, at, path),
            },
            None => Vec::new(),
        };
        match self.starts.get(next) {
            Some((_, path)) if path.starts_with(&around) => Home::Above(path.clone()),
            _ => Home::Below(around),
        }
    }

    /// The innermost part around a place, of those on the way to the last part before it.
    fn around(&self, root: &Part<'_>, at: u32, path: &[usize]) -> Vec<usize> {
        (1..=path.len())
            .rev()
            .map(|n| &path[..n])
            .find(|p| {
                let part = root.get(p);
                !part.is_spread(self.language) && !part.parts.is_empty() && at < part.span.end
            })
            .map_or(Vec::new(), <[usize]>::to_vec)
    }

    /// The innermost block, of those on the way to the last part before a comment, whose lines are
    /// indented no farther than the comment: in YAML nothing else ends a block.
    fn indented(&self, root: &Part<'_>, at: u32, path: &[usize]) -> Vec<usize> {
        let comment = column(self.text, at);
        (1..path.len())
            .rev()
            .map(|n| &path[..n])
            .find(|p| {
                root.get(p).parts.last().is_some_and(|last| {
                    let mark = match last.what {
                        What::Item(_) | What::Object(_) | What::FreeItem(_) => 2,
                        _ => 0,
                    };
                    column(self.text, last.span.start) <= comment + mark
                })
            })
            .map_or(Vec::new(), <[usize]>::to_vec)
    }
}

fn column(text: &str, at: u32) -> usize {
    let before = &text[..at as usize];
    before.len() - before.rfind('\n').map_or(0, |n| n + 1)
}

fn nodes(object: &Object) -> Vec<Part<'_>> {
    let order = |n: &&Node| object.shape.keys.iter().position(|k| std::ptr::eq(k, n.key));
    let mut sorted: Vec<&Node> = object.nodes.iter().collect();
    sorted.sort_by_key(order);
    sorted.into_iter().map(|n| Part::new(What::Node(n), n.span, inner(&n.data))).collect()
}

fn inner(data: &Data) -> Vec<Part<'_>> {
    match data {
        Data::Null | Data::Scalar(_) => Vec::new(),
        Data::List(items) => items.iter().map(|i| Part::new(What::Item(&i.value), i.span, Vec::new())).collect(),
        Data::Map(entries) => entries
            .iter()
            .map(|(k, v)| Part::new(What::Entry(&k.value, &v.value), k.span.to(v.span), Vec::new()))
            .collect(),
        Data::Object(object) => nodes(object),
        Data::Named(members) => members
            .iter()
            .map(|m| Part::new(What::Member(m), m.span, m.object.as_ref().map_or(Vec::new(), nodes)))
            .collect(),
        Data::Repeated(objects) => objects.iter().map(|o| Part::new(What::Object(o), o.span, nodes(o))).collect(),
        Data::Free(free) => free_parts(free),
    }
}

fn free_parts(free: &Spanned<Free>) -> Vec<Part<'_>> {
    match &free.value {
        Free::Scalar(_) => Vec::new(),
        Free::List(items) => items.iter().map(|i| Part::new(What::FreeItem(&i.value), i.span, free_parts(i))).collect(),
        Free::Map(entries) => entries
            .iter()
            .map(|(k, v)| Part::new(What::FreeEntry(&k.value, &v.value), k.span.to(v.span), free_parts(v)))
            .collect(),
    }
}
