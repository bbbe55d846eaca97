//! YAML text to a tree of nodes with places. Meaning (`scalar.rs`) and shape (`map.rs`) come later.
//!
//! The only file that names the YAML parser. Events are read one by one and the tree is built
//! without recursion, so that depth and size are bounded before memory is used.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, options};
use std::ops::Range;

#[derive(Debug, Clone)]
pub(in crate::syntax) struct Yaml {
    pub content: Content,
    /// Bytes of the value; of a collection from its first word or bracket to its last.
    pub range: Range<usize>,
    pub tag: Option<Tag>,
    /// Number of the anchor defined here, 0 for none.
    pub anchor: usize,
}

#[derive(Debug, Clone)]
pub(in crate::syntax) enum Content {
    Scalar {
        text: String,
        plain: bool,
    },
    Seq(Vec<Yaml>),
    Map(Vec<(Yaml, Yaml)>),
    /// Of the node with this anchor.
    Alias(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::syntax) struct Tag {
    /// As written, `!expr` or `!!str`.
    pub name: String,
    pub range: Range<usize>,
}

/// What is refused before it is built.
#[derive(Debug, Clone, Copy)]
pub(in crate::syntax) struct Limits {
    /// Collections within collections.
    pub depth: usize,
    /// Nodes of all documents.
    pub nodes: usize,
}

/// A stream of documents, as far as it could be read.
#[derive(Debug, Default)]
pub(in crate::syntax) struct Stream {
    pub documents: Vec<Document>,
    pub directives: Vec<Range<usize>>,
    pub error: Option<Broken>,
}

#[derive(Debug)]
pub(in crate::syntax) struct Document {
    /// Where the document begins: its `---`, or its first word.
    pub start: usize,
    /// `None` for a document of comments only.
    pub root: Option<Yaml>,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Broken {
    Syntax { at: usize, message: String },
    TooDeep { at: usize },
    TooLarge { at: usize },
}

/// A collection that is not closed yet.
struct Open {
    node: Yaml,
    /// The key whose value comes next, in a mapping.
    key: Option<Yaml>,
    flow: bool,
}

pub(in crate::syntax) fn load(text: &str, limits: Limits) -> Stream {
    let mut options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits.depth + 2,
        block_nesting_limit: limits.depth + 2,
    };
    options.set_emit_comments(false);
    let mut stream = Stream::default();
    let mut open: Vec<Open> = Vec::new();
    let mut nodes = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let message = error.info();
                // The parser's own guard, which looks further ahead than the one below.
                let deep = matches!(error.kind(), ErrorKind::RecursionLimitExceeded);
                stream.error = Some(if deep { Broken::TooDeep { at } } else { Broken::Syntax { at, message } });
                break;
            }
        };
        let range = span.byte_range().unwrap_or(0..0);
        let tag = |tag: Option<std::borrow::Cow<'_, granit_parser::Tag>>| {
            tag.map(|t| {
                let range = span.tag_span().and_then(|s| s.byte_range()).unwrap_or(range.clone());
                let name =
                    text.get(range.clone()).filter(|n| !n.is_empty()).map_or_else(|| t.original(), str::to_owned);
                Tag { name, range }
            })
        };
        let (content, anchor, tag) = match event {
            Event::DocumentStart(..) => {
                stream.documents.push(Document { start: range.start, root: None });
                continue;
            }
            Event::Scalar(value, style, anchor, t) => {
                let plain = style == ScalarStyle::Plain;
                // A value that was not written comes as `~`, and differs from one by its place only.
                let text = if plain && range.is_empty() { String::new() } else { value.into_owned() };
                (Content::Scalar { text, plain }, anchor, tag(t))
            }
            Event::Alias(anchor) => (Content::Alias(anchor), 0, None),
            Event::UnresolvedAlias(_) => (Content::Alias(0), 0, None),
            Event::SequenceStart(_, anchor, t) => (Content::Seq(Vec::new()), anchor, tag(t)),
            Event::MappingStart(_, anchor, t) => (Content::Map(Vec::new()), anchor, tag(t)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut done) = open.pop() else { continue };
                if done.flow {
                    done.node.range.end = done.node.range.end.max(range.end);
                }
                place(done.node, &mut open, &mut stream);
                continue;
            }
            _ => continue,
        };
        nodes += 1;
        if nodes > limits.nodes {
            stream.error = Some(Broken::TooLarge { at: range.start });
            break;
        }
        let collection = matches!(content, Content::Seq(_) | Content::Map(_));
        let node = Yaml { content, range: range.clone(), tag, anchor };
        if !collection {
            place(node, &mut open, &mut stream);
            continue;
        }
        if open.len() == limits.depth {
            stream.error = Some(Broken::TooDeep { at: range.start });
            break;
        }
        let flow = text.get(range.clone()).is_some_and(|t| t.starts_with(['[', '{']));
        let mut node = node;
        if !flow {
            // A block collection begins where its first node does.
            node.range = Range { start: usize::MAX, end: 0 };
        }
        open.push(Open { node, key: None, flow });
    }
    // What was open when the text broke off is still worth reading.
    while let Some(done) = open.pop() {
        place(done.node, &mut open, &mut stream);
    }
    stream.directives = directives(text);
    stream
}

/// Puts a finished node where it belongs.
fn place(mut node: Yaml, open: &mut [Open], stream: &mut Stream) {
    if node.range.start > node.range.end {
        node.range = node.range.end..node.range.end;
    }
    let Some(parent) = open.last_mut() else {
        if let Some(document) = stream.documents.last_mut() {
            document.root = Some(node);
        }
        return;
    };
    let empty = matches!(&node.content, Content::Scalar { text, plain: true } if text.is_empty());
    if !parent.flow {
        let start = node.tag.as_ref().map_or(node.range.start, |t| t.range.start.min(node.range.start));
        parent.node.range.start = parent.node.range.start.min(start);
        // A value that is not there stands wherever the parser noticed.
        if !empty {
            parent.node.range.end = parent.node.range.end.max(node.range.end);
        }
    }
    match &mut parent.node.content {
        Content::Seq(items) => items.push(node),
        Content::Map(entries) => match parent.key.take() {
            None => parent.key = Some(node),
            Some(key) => entries.push((key, node)),
        },
        Content::Scalar { .. } | Content::Alias(_) => {}
    }
}

/// Lines that begin with `%`, before a document.
fn directives(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if line.starts_with('%') {
            found.push(at..at + bare.len());
        } else if !bare.is_empty() && !bare.starts_with('#') {
            break;
        }
        at += line.len();
    }
    found
}

/// The comments of a text, in order; none behind the place where it cannot be read.
pub(in crate::syntax) fn comments(text: &str) -> Vec<Range<usize>> {
    let options = options! { max_buffered_comment_events: usize::MAX };
    Parser::new_from_str_with_options(text, options)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Comment(..)))
        .filter_map(|(_, span)| span.byte_range())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { depth: 64, nodes: 1000 };

    fn root(text: &str) -> Yaml {
        let stream = load(text, LIMITS);
        assert_eq!(stream.error, None);
        stream.documents.into_iter().next().unwrap().root.unwrap()
    }

    #[test]
    fn places_are_those_of_the_words() {
        let text = "# c\na:\n  b: [1, 2]\n  c: \"x\"  # d\n\nd: 1\n";
        let Yaml { content: Content::Map(top), range, .. } = root(text) else { panic!("no map") };
        assert_eq!(&text[range], text[4..].trim_end());
        let (key, inner) = &top[0];
        assert_eq!(&text[key.range.clone()], "a");
        assert_eq!(&text[inner.range.clone()], "b: [1, 2]\n  c: \"x\"");
        let Content::Map(entries) = &inner.content else { panic!("no map") };
        assert_eq!(&text[entries[0].1.range.clone()], "[1, 2]");
    }

    #[test]
    fn depth_and_size_are_bounded_before_memory_is_used() {
        for deep in
            ["[".repeat(20_000), "- ".repeat(20_000), (0..2000).map(|i| format!("{}a:\n", " ".repeat(i))).collect()]
        {
            let error = load(&deep, LIMITS).error;
            assert!(matches!(error, Some(Broken::TooDeep { .. })), "{error:?}");
        }
        let error = load(&"- a\n".repeat(2000), LIMITS).error;
        assert!(matches!(error, Some(Broken::TooLarge { .. })), "{error:?}");
    }

    #[test]
    fn many_comments_in_a_row_are_no_fault() {
        let text = format!("a:\n{}  b: 1\n", "  # x\n".repeat(500));
        assert_eq!(load(&text, LIMITS).error, None);
        assert_eq!(comments(&text).len(), 500);
    }
}
