//! YAML with local tags, as the files of the catalog are written.
//!
//! A small positioned tree: scalars are resolved as in YAML 1.2 core unless they carry a tag, a
//! tagged scalar stays text. Anchors, aliases, merge keys, several documents and non-string keys
//! are refused. What a tag means is not known here.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, options};

/// A value, where it stands, and its tag without the `!`.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub at: At,
    pub tag: Option<Box<str>>,
    pub value: Yaml,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Box<str>),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub at: At,
    pub text: Box<str>,
}

/// Bytes in the file, and the one-based line of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    pub line: u32,
    pub start: u32,
    pub end: u32,
}

/// Text that is no such YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub message: String,
}

impl Node {
    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Yaml::Map(entries) => entries.iter().find(|(k, _)| &*k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Yaml::Str(s) => Some(s),
            _ => None,
        }
    }

    /// "a list", "a string": for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Yaml::Null => "nothing",
            Yaml::Bool(_) => "true or false",
            Yaml::Int(_) => "a whole number",
            Yaml::Float(_) => "a number",
            Yaml::Str(_) => "a string",
            Yaml::Seq(_) => "a list",
            Yaml::Map(_) => "a map",
        }
    }
}

/// Deepest nesting that is read.
const DEPTH: usize = 64;

/// Reads one document. An empty text is null.
///
/// # Errors
/// The first place that is no YAML, or that uses what is refused.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let options = options! {
        emit_comments: false,
        disallow_directives: true,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut reader = Reader { events: Parser::new_from_str_with_options(text, options) };
    let mut root = None;
    loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(..) if root.is_none() => {
                let (event, at) = reader.next()?;
                root = Some(reader.node(event, at)?);
            }
            Event::DocumentStart(..) => return Err(fault(at, "a second document; a file holds one")),
            Event::StreamEnd => break,
            _ => return Err(fault(at, "text that is no YAML value")),
        }
    }
    Ok(root.unwrap_or(Node { at: At::default(), tag: None, value: Yaml::Null }))
}

struct Reader<'s> {
    events: Parser<'s, granit_parser::StrInput<'s>>,
}

impl<'s> Reader<'s> {
    fn next(&mut self) -> Result<(Event<'s>, At), Fault> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, at(span.byte_range(), span.start.line()))),
            Some(Err(e)) => {
                let offset = e.marker().byte_offset().unwrap_or(0);
                Err(fault(at(Some(offset..offset), e.marker().line()), e.info()))
            }
            None => Err(fault(At::default(), "the text ends too early")),
        }
    }

    fn node(&mut self, event: Event<'s>, at: At) -> Result<Node, Fault> {
        let (tag, anchor) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag) => {
                (tag.as_ref().map(|t| local(t.handle(), t.suffix(), at)).transpose()?, *anchor)
            }
            _ => (None, 0),
        };
        if anchor != 0 {
            return Err(fault(at, "an anchor; write the value out, or use `!merge` in a template"));
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if tag.is_none() => plain(&text),
            Event::Scalar(text, ..) => Yaml::Str(text.into()),
            Event::SequenceStart(..) => Yaml::Seq(self.items()?),
            Event::MappingStart(..) => Yaml::Map(self.entries()?),
            Event::Alias(_) => return Err(fault(at, "an alias; write the value out")),
            _ => return Err(fault(at, "text that is no YAML value")),
        };
        Ok(Node { at, tag, value })
    }

    fn items(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(event, at)?),
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<(Key, Node)>, Fault> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(text, _, 0, None), at) if &*text != "<<" => Key { at, text: text.into() },
                (_, at) => return Err(fault(at, "a key that is no plain string")),
            };
            if entries.iter().any(|(k, _)| k.text == key.text) {
                return Err(fault(key.at, format!("the key `{}` twice in one map", key.text)));
            }
            let (event, at) = self.next()?;
            entries.push((key, self.node(event, at)?));
        }
    }
}

fn local(handle: &str, suffix: &str, at: At) -> Result<Box<str>, Fault> {
    if handle == "!" && !suffix.is_empty() {
        Ok(suffix.into())
    } else {
        Err(fault(at, format!("the tag `{handle}{suffix}`; only local tags such as `!expr` are read")))
    }
}

/// YAML 1.2 core schema, without the octal and hexadecimal forms nobody means.
fn plain(text: &str) -> Yaml {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Yaml::Null,
        "true" | "True" | "TRUE" => return Yaml::Bool(true),
        "false" | "False" | "FALSE" => return Yaml::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        if let Ok(int) = text.parse::<i64>() {
            return Yaml::Int(int);
        }
        let float = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        if let (true, Ok(float)) = (float, text.parse::<f64>()) {
            return Yaml::Float(float);
        }
    }
    Yaml::Str(text.into())
}

fn at(bytes: Option<Range<usize>>, line: usize) -> At {
    let bytes = bytes.unwrap_or(0..0);
    At { line: line as u32, start: bytes.start as u32, end: bytes.end as u32 }
}

fn fault(at: At, message: impl Into<String>) -> Fault {
    Fault { at, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_lines_are_kept_and_untagged_text_is_not_touched() {
        let node = parse("a: !expr 1 + 1\nb:\n  - \"{{ $labels.job }}\"\n  - !when {if: x, then: 1.5}\n").unwrap();
        let a = node.get("a").unwrap();
        assert_eq!((a.tag.as_deref(), a.as_str(), a.at.line), (Some("expr"), Some("1 + 1"), 1));
        let Yaml::Seq(items) = &node.get("b").unwrap().value else { panic!("no list") };
        assert_eq!(items[0].as_str(), Some("{{ $labels.job }}"));
        assert_eq!(items[1].tag.as_deref(), Some("when"));
        assert_eq!(items[1].get("then").unwrap().value, Yaml::Float(1.5));
        assert_eq!(items[1].at.line, 4);
    }

    #[test]
    fn scalars_resolve_as_in_yaml_1_2() {
        for (text, value) in [
            ("1", Yaml::Int(1)),
            ("-3", Yaml::Int(-3)),
            ("1.5", Yaml::Float(1.5)),
            ("15s", Yaml::Str("15s".into())),
            ("1.12.1", Yaml::Str("1.12.1".into())),
            ("yes", Yaml::Str("yes".into())),
            ("\"1\"", Yaml::Str("1".into())),
            ("~", Yaml::Null),
            ("true", Yaml::Bool(true)),
        ] {
            assert_eq!(parse(text).unwrap().value, value, "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_refused_where_it_stands() {
        for (text, line, part) in [
            ("a: &x 1\n", 1, "anchor"),
            ("a: 1\nb: *x\n", 2, "anchor"),
            ("a: 1\na: 2\n", 2, "twice"),
            ("a: 1\n---\nb: 1\n", 2, "second document"),
            ("a: !!str 1\n", 1, "local tags"),
            ("<<: {a: 1}\n", 1, "plain string"),
            ("a: [1\n", 1, "unclosed"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.at.line, line, "{text}: {fault:?}");
            assert!(fault.message.contains(part), "{text}: {fault:?}");
        }
        let deep = "[".repeat(20_000);
        assert!(parse(&deep).is_err());
    }
}
