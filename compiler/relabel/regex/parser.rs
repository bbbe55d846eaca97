//! Go's regular expressions (`regexp/syntax` with the Perl flags), parsed into `regex-syntax` HIR.
//!
//! What is accepted, what is refused and with which words follows Go 1.26, whose own parser was the
//! oracle. It knows nothing of anchors: a pattern arrives already pasted between them.
//!
//! Like Go's, the parser keeps its own stack instead of recursing, and limits the height of what it
//! builds, so that a hostile pattern cannot exhaust the stack later.

use regex_syntax::hir::{Capture, Hir, Look, Repetition};

use super::classes::RuneSet;
use super::error::{Error, Fault};
use super::escape::Cursor;

/// A parsed pattern.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// Names of the groups by index; index 0 is the whole match.
    pub(super) names: Vec<Option<String>>,
    pub(super) since: Option<GoRelease>,
}

/// The first Go release that reads a construct the older ones refuse. Prometheus 2.41 was built with
/// Go 1.19.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GoRelease {
    /// `(?<name>…)`
    V1_22,
    /// Loose and long names in `\p{…}`, and `\pC` with unassigned code points.
    V1_25,
}

pub(super) fn parse(text: &str) -> Result<Parsed, Error> {
    let mut parser = Parser {
        cursor: Cursor::new(text),
        flags: Flags::default(),
        frames: vec![Frame::default()],
        names: vec![None],
        since: None,
    };
    parser.run()
}

/// Go allows 1000; what is built from the tree recurses over it, on stacks of 2 MiB.
const MAX_HEIGHT: u32 = 250;
const MAX_REPEAT: u32 = 1000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) fold: bool,
    dot_newline: bool,
    multi_line: bool,
    lazy: bool,
}

/// An open group: what it was opened with, its finished alternatives and the one being read.
#[derive(Default)]
struct Frame {
    flags: Flags,
    capture: Option<u32>,
    alternatives: Vec<Node>,
    sequence: Vec<Node>,
}

struct Node {
    hir: Hir,
    shape: Shape,
    /// Height of Go's tree, where sequences in sequences and alternations in alternations are one.
    height: u32,
    /// The largest product of repeat counts on a way to a leaf.
    repeats: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A character, with or without folding: neighbours of a kind are one node in Go.
    Literal {
        fold: bool,
    },
    /// One of several characters: alternatives of these are one node in Go.
    Class,
    Sequence,
    Alternation,
    Other,
}

impl Node {
    fn leaf(hir: Hir, shape: Shape) -> Self {
        Node { hir, shape, height: 1, repeats: 1 }
    }
}

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    pub(super) flags: Flags,
    frames: Vec<Frame>,
    names: Vec<Option<String>>,
    pub(super) since: Option<GoRelease>,
}

impl<'t> Parser<'t> {
    fn run(&mut self) -> Result<Parsed, Error> {
        let mut last_repeat = None;
        while let Some(c) = self.cursor.peek() {
            let start = self.cursor.at;
            let mut repeat = None;
            match c {
                '(' => self.open()?,
                '|' => {
                    self.cursor.bump();
                    self.end_sequence()?;
                }
                ')' => self.close()?,
                '^' => self.look(1, if self.flags.multi_line { Look::StartLF } else { Look::Start }),
                '$' => self.look(1, if self.flags.multi_line { Look::EndLF } else { Look::End }),
                '.' => {
                    self.cursor.bump();
                    let any =
                        RuneSet::of(if self.flags.dot_newline { &[(0, 0x10FFFF)] } else { &[(0, 9), (11, 0x10FFFF)] });
                    self.push(Node::leaf(any.to_hir(), Shape::Class));
                }
                '[' => {
                    let set = self.class()?;
                    self.push_set(&set);
                }
                '*' | '+' | '?' => {
                    self.cursor.bump();
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(min, max, start, last_repeat, false)?;
                    repeat = Some(start);
                }
                '{' => match self.cursor.counts() {
                    Some((min, max)) => {
                        self.counted(min, max, start, last_repeat)?;
                        repeat = Some(start);
                    }
                    None => {
                        self.cursor.bump();
                        self.literal('{');
                    }
                },
                '\\' => self.backslash()?,
                _ => {
                    self.cursor.bump();
                    self.literal(c);
                }
            }
            last_repeat = repeat;
        }
        let whole = self.cursor.text;
        self.end_sequence()?;
        match (self.frames.pop(), self.frames.is_empty()) {
            (Some(frame), true) => {
                let node = self.alternation(frame.alternatives)?;
                Ok(Parsed { hir: node.hir, names: std::mem::take(&mut self.names), since: self.since })
            }
            _ => Err(Error { fault: Fault::MissingParen, at: whole.len(), fragment: whole.to_owned() }),
        }
    }

    fn literal(&mut self, c: char) {
        if self.flags.fold {
            let mut set = RuneSet::of(&[(u32::from(c), u32::from(c))]);
            set = set.folded();
            let fold = !set.is_single();
            self.push(Node::leaf(set.to_hir(), Shape::Literal { fold }));
        } else {
            let mut bytes = [0; 4];
            let hir = Hir::literal(c.encode_utf8(&mut bytes).as_bytes());
            self.push(Node::leaf(hir, Shape::Literal { fold: false }));
        }
    }

    /// A literal by number, which may be a surrogate: that is accepted and never matches.
    fn rune(&mut self, rune: u32) {
        match char::from_u32(rune) {
            Some(c) => self.literal(c),
            None => self.push(Node::leaf(Hir::fail(), Shape::Literal { fold: self.flags.fold })),
        }
    }

    fn push_set(&mut self, set: &RuneSet) {
        self.push(Node::leaf(set.to_hir(), Shape::Class));
    }

    fn look(&mut self, width: usize, look: Look) {
        self.cursor.at += width;
        self.push(Node::leaf(Hir::look(look), Shape::Other));
    }

    fn push(&mut self, node: Node) {
        if let Some(frame) = self.frames.last_mut() {
            frame.sequence.push(node);
        }
    }

    fn backslash(&mut self) -> Result<(), Error> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        match rest[1..].chars().next() {
            Some('A') => self.look(2, Look::Start),
            Some('z') => self.look(2, Look::End),
            Some('b') => self.look(2, Look::WordAscii),
            Some('B') => self.look(2, Look::WordAsciiNegate),
            Some('C') => return Err(self.cursor.error(Fault::InvalidEscape, start, start + 2)),
            Some('Q') => {
                let quoted = &rest[2..];
                let (quoted, skip) = match quoted.find(r"\E") {
                    Some(end) => (&quoted[..end], end + 2),
                    None => (quoted, quoted.len()),
                };
                for c in quoted.chars() {
                    self.literal(c);
                }
                self.cursor.at = start + 2 + skip;
            }
            _ => {
                if let Some(set) = self.class_escape()? {
                    self.push_set(&set);
                } else {
                    let rune = self.cursor.escape()?;
                    self.rune(rune);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), Error> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        if !rest.starts_with("(?") {
            self.cursor.bump();
            self.open_frame(self.flags, Some(None));
            return Ok(());
        }
        // One more byte has to follow, which matters only at the very end of a pattern.
        let name_from = if rest.starts_with("(?P<") && rest.len() > 4 {
            Some(4)
        } else if rest.starts_with("(?<") && rest.len() > 3 {
            self.since = self.since.max(Some(GoRelease::V1_22));
            Some(3)
        } else {
            None
        };
        let Some(from) = name_from else { return self.group_flags() };
        let Some(end) = rest.find('>') else {
            return Err(self.cursor.error(Fault::InvalidNamedCapture, start, self.cursor.text.len()));
        };
        let name = rest.get(from..end).unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
            return Err(self.cursor.error(Fault::InvalidNamedCapture, start, start + end + 1));
        }
        self.cursor.at = start + end + 1;
        self.open_frame(self.flags, Some(Some(name.to_owned())));
        Ok(())
    }

    /// `capture`: none, a numbered or a named group.
    fn open_frame(&mut self, flags: Flags, capture: Option<Option<String>>) {
        let index = self.names.len() as u32;
        let capture = capture.map(|name| {
            self.names.push(name);
            index
        });
        self.frames.push(Frame { flags, capture, ..Frame::default() });
    }

    /// `(?flags)` and `(?flags:`; the cursor stands at the parenthesis.
    fn group_flags(&mut self) -> Result<(), Error> {
        let start = self.cursor.at;
        self.cursor.at += 2;
        let mut flags = self.flags;
        let mut on = true;
        let mut seen = false;
        while let Some(c) = self.cursor.bump() {
            match c {
                'i' => flags.fold = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_newline = on,
                'U' => flags.lazy = on,
                '-' if on => {
                    on = false;
                    seen = false;
                    continue;
                }
                ':' | ')' if on || seen => {
                    if c == ':' {
                        self.open_frame(self.flags, None);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            seen = true;
        }
        Err(self.cursor.error(Fault::InvalidPerlOp, start, self.cursor.at))
    }

    fn close(&mut self) -> Result<(), Error> {
        let start = self.cursor.at;
        self.end_sequence()?;
        let frame = match self.frames.pop() {
            Some(frame) if !self.frames.is_empty() => frame,
            _ => {
                let fragment = self.cursor.text.to_owned();
                return Err(Error { fault: Fault::UnexpectedParen, at: start, fragment });
            }
        };
        self.cursor.bump();
        self.flags = frame.flags;
        let mut node = self.alternation(frame.alternatives)?;
        if let Some(index) = frame.capture {
            let hir = Hir::capture(Capture { index, name: None, sub: Box::new(node.hir) });
            node = Node { hir, shape: Shape::Other, height: node.height + 1, repeats: node.repeats };
            self.check_height(&node)?;
        }
        self.push(node);
        Ok(())
    }

    fn counted(&mut self, min: i64, max: Option<i64>, start: usize, last: Option<usize>) -> Result<(), Error> {
        let limit = i64::from(MAX_REPEAT);
        let bad = |n: i64| !(0..=limit).contains(&n);
        if bad(min) || max.is_some_and(|max| bad(max) || min > max) {
            return Err(self.cursor.error(Fault::InvalidRepeatSize, start, self.cursor.at));
        }
        self.repeat(min as u32, max.map(|max| max as u32), start, last, true)
    }

    /// Repeats the last item; the cursor stands behind the operator, which began at `start`.
    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        start: usize,
        last: Option<usize>,
        counted: bool,
    ) -> Result<(), Error> {
        let lazy_mark = self.cursor.eat('?');
        if let Some(last) = last {
            return Err(self.cursor.error(Fault::InvalidRepeatOp, last, self.cursor.at));
        }
        let Some(sub) = self.frames.last_mut().and_then(|frame| frame.sequence.pop()) else {
            return Err(self.cursor.error(Fault::MissingRepeatArgument, start, self.cursor.at));
        };
        let repeats = match max.unwrap_or(min) {
            _ if !counted => sub.repeats,
            // `x{0}` hides what is inside from the limit, `x{0,}` does not.
            0 if max.is_some() => 1,
            n => sub.repeats.saturating_mul(n.max(1)),
        };
        let greedy = self.flags.lazy == lazy_mark;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(sub.hir) });
        let node = Node { hir, shape: Shape::Other, height: sub.height + 1, repeats };
        self.check_height(&node)?;
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && repeats > MAX_REPEAT {
            return Err(self.cursor.error(Fault::InvalidRepeatSize, start, self.cursor.at));
        }
        self.push(node);
        Ok(())
    }

    /// Closes the alternative being read.
    fn end_sequence(&mut self) -> Result<(), Error> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let mut items = std::mem::take(&mut frame.sequence);
        let node = if items.len() == 1 {
            items.remove(0)
        } else if items.is_empty() {
            Node::leaf(Hir::empty(), Shape::Other)
        } else {
            let one = items[0].shape;
            let one_literal = matches!(one, Shape::Literal { .. }) && items.iter().all(|item| item.shape == one);
            let node = joined(items, Shape::Sequence, Hir::concat);
            if one_literal { Node { shape: Shape::Other, height: 1, ..node } } else { node }
        };
        self.check_height(&node)?;
        if let Some(frame) = self.frames.last_mut() {
            frame.alternatives.push(node);
        }
        Ok(())
    }

    fn alternation(&self, mut alternatives: Vec<Node>) -> Result<Node, Error> {
        if alternatives.len() == 1 {
            return Ok(alternatives.remove(0));
        }
        let one_class = alternatives.iter().all(|node| matches!(node.shape, Shape::Class | Shape::Literal { .. }));
        let node = joined(alternatives, Shape::Alternation, Hir::alternation);
        let node = if one_class { Node { shape: Shape::Class, height: 1, ..node } } else { node };
        self.check_height(&node)?;
        Ok(node)
    }

    fn check_height(&self, node: &Node) -> Result<(), Error> {
        if node.height > MAX_HEIGHT {
            let fragment = self.cursor.text.to_owned();
            return Err(Error { fault: Fault::NestingDepth, at: self.cursor.at, fragment });
        }
        Ok(())
    }
}

fn joined(items: Vec<Node>, shape: Shape, join: fn(Vec<Hir>) -> Hir) -> Node {
    let inner = |item: &Node| if item.shape == shape { item.height - 1 } else { item.height };
    let height = 1 + items.iter().map(inner).max().unwrap_or(0);
    let repeats = items.iter().map(|item| item.repeats).max().unwrap_or(1);
    Node { hir: join(items.into_iter().map(|item| item.hir).collect()), shape, height, repeats }
}
