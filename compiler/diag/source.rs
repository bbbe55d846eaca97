//! Source texts and places in them.

/// Index into [`Sources`]. Files are numbered in byte order of their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file; `start == end` marks a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// No place in a spec: a value nobody wrote, or a finding about something outside.
    pub const NONE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Files are at most 16 MiB (guarded before parsing), so offsets fit.
        Span { file, start: start as u32, end: end as u32 }
    }

    pub fn is_none(self) -> bool {
        self.file == Span::NONE.file
    }

    /// From the start of `self` to the end of `other`, which must be in the same file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { end: other.end.max(self.end), ..self }
    }
}

/// One-based line and column (in characters) of a byte offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// The texts of a spec. Paths are relative to the spec's root, with `/`, so that nothing printed
/// or emitted depends on the machine.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    files: Vec<Source>,
    /// The revision they were read from; empty for the files of today.
    revision: String,
}

#[derive(Debug, Clone)]
struct Source {
    path: String,
    text: String,
    /// Byte offset of the start of every line.
    lines: Vec<u32>,
}

impl Sources {
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
            .collect();
        self.files.push(Source { path: path.into(), text, lines });
        FileId(self.files.len() as u32 - 1)
    }

    /// Marks every place in these texts as one of an earlier revision.
    pub fn as_of(&mut self, revision: &str) {
        revision.clone_into(&mut self.revision);
    }

    /// The revision these texts were read from; empty for the files of today.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// Path of a file; empty for [`Span::NONE`].
    pub fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.path)
    }

    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.text)
    }

    /// Overwrites the text under a span with `*`, line ends left where they are. Places stay valid.
    pub fn conceal(&mut self, span: Span) {
        let Some(file) = self.files.get_mut(span.file.0 as usize) else { return };
        let hide = |(at, c): (usize, char)| {
            let inside = (span.start as usize..span.end as usize).contains(&at) && c != '\n';
            if inside { "*".repeat(c.len_utf8()) } else { c.to_string() }
        };
        file.text = file.text.char_indices().map(hide).collect();
    }

    /// Overwrites credentials in URLs with `*`, wherever they stand. Places stay valid.
    pub fn veil(&mut self) {
        for file in &mut self.files {
            if let Some(text) = super::veil::covered(&file.text) {
                file.text = text;
            }
        }
    }

    /// The text under a span, empty where the span is none or out of bounds.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub fn position(&self, span: Span) -> Position {
        let Some(file) = self.files.get(span.file.0 as usize) else {
            return Position { line: 0, column: 0 };
        };
        let line = file.lines.partition_point(|start| *start <= span.start).max(1);
        let from = file.lines[line - 1] as usize;
        let column = file.text.get(from..span.start as usize).map_or(0, |t| t.chars().count());
        Position { line: line as u32, column: column as u32 + 1 }
    }

    /// `path:line:column`, of an earlier revision `path:line:column at REVISION`; an empty string where
    /// there is no place.
    pub fn display(&self, span: Span) -> String {
        if span.is_none() {
            return String::new();
        }
        let p = self.position(span);
        let at = if self.revision.is_empty() { String::new() } else { format!(" at {}", self.revision) };
        format!("{}:{}:{}{at}", self.path(span.file), p.line, p.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_not_bytes() {
        let mut sources = Sources::default();
        let file = sources.add("fleet.kdl", "a\n集群 \"b\"\n");
        let at = Span::new(file, 2 + "集群 ".len(), 2 + "集群 \"b\"".len());
        assert_eq!(sources.position(at), Position { line: 2, column: 4 });
        assert_eq!(sources.slice(at), "\"b\"");
        assert_eq!(sources.display(at), "fleet.kdl:2:4");
        sources.as_of("1a2b3c4");
        assert_eq!(sources.display(at), "fleet.kdl:2:4 at 1a2b3c4");
    }

    #[test]
    fn concealed_text_is_gone_and_places_stay() {
        let mut sources = Sources::default();
        let file = sources.add("fleet.kdl", "a \"gëheim\nx\" b\n");
        sources.conceal(Span::new(file, 3, 12));
        assert_eq!(sources.text(file), "a \"*******\n*\" b\n");
        assert_eq!(sources.position(Span::new(file, 14, 15)), Position { line: 2, column: 4 });
    }
}
