//! The little that can be done to YAML without touching what its author arranged.

use crate::diag::{Diagnostic, FileId};
use crate::syntax::faults::Faults;
use crate::syntax::text::{self, MAX_COLLECTIONS, MAX_VALUES};
use crate::syntax::yaml;
use crate::syntax::yaml::load::{Content, Limits, Yaml, comments, load};

/// The text without blanks at line ends, with at most one blank line in a row, indented by two
/// where its own indentation can be told to be layout only, with a line break at its end.
///
/// Each step is taken only if the text then reads the same, comments included.
///
/// # Errors
/// The faults of a text that is not YAML; `file` is what their places refer to.
pub fn yaml(text: &str, file: FileId) -> Result<String, Vec<Diagnostic>> {
    let mut faults = Faults::default();
    let Some(meaning) = text::admit("", text, file, &mut faults).then(|| Meaning::of(text)).flatten() else {
        if faults.count() == 0 {
            let stream = load(text, Limits { depth: MAX_COLLECTIONS, nodes: MAX_VALUES });
            if let Some(error) = &stream.error {
                faults.push(yaml::broken(error, text, file));
            }
        }
        return Err(faults.into_sink().into_sorted());
    };
    let mut out = text.to_owned();
    for step in [unix_lines, trimmed, ended, reindented] {
        let changed = step(&out);
        if changed != out && Meaning::of(&changed).is_some_and(|m| m == meaning) {
            out = changed;
        }
    }
    Ok(out)
}

/// What must not change: values and comments, places apart.
#[derive(PartialEq)]
struct Meaning {
    documents: Vec<Option<Plain>>,
    comments: Vec<String>,
}

#[derive(PartialEq)]
enum Plain {
    Scalar(String, bool),
    Seq(Vec<Plain>),
    Map(Vec<(Plain, Plain)>),
    Other(usize, Option<String>, Box<Plain>),
    Alias(usize),
}

impl Meaning {
    fn of(text: &str) -> Option<Meaning> {
        let stream = load(text, Limits { depth: MAX_COLLECTIONS, nodes: MAX_VALUES });
        if stream.error.is_some() {
            return None;
        }
        Some(Meaning {
            documents: stream.documents.iter().map(|d| d.root.as_ref().map(plain)).collect(),
            comments: comments(text).into_iter().map(|c| text[c].trim_end().to_owned()).collect(),
        })
    }
}

fn plain(node: &Yaml) -> Plain {
    let content = match &node.content {
        Content::Scalar { text, plain } => Plain::Scalar(text.clone(), *plain),
        Content::Seq(items) => Plain::Seq(items.iter().map(plain).collect()),
        Content::Map(entries) => Plain::Map(entries.iter().map(|(k, v)| (plain(k), plain(v))).collect()),
        Content::Alias(anchor) => Plain::Alias(*anchor),
    };
    if node.anchor == 0 && node.tag.is_none() {
        content
    } else {
        Plain::Other(node.anchor, node.tag.as_ref().map(|t| t.name.clone()), Box::new(content))
    }
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn trimmed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && blank {
            continue;
        }
        blank = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn ended(text: &str) -> String {
    let body = text.trim_end();
    if body.is_empty() { String::new() } else { format!("{body}\n") }
}

/// Every level of indentation becomes two columns. Lines inside a text or a flow collection would
/// have to move with it; that they did is seen by the comparison.
fn reindented(text: &str) -> String {
    let mut levels: Vec<usize> = Vec::new();
    let mut out: Vec<String> = Vec::new();
    let mut waiting: Vec<usize> = Vec::new();
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        if body.is_empty() || body.starts_with('#') {
            // A comment in line with what was before stays so; another goes with what follows.
            match levels.iter().position(|l| *l == indent) {
                Some(level) => out.push(format!("{}{body}", " ".repeat(2 * level))),
                None => {
                    waiting.push(out.len());
                    out.push(line.to_owned());
                }
            }
            continue;
        }
        while levels.last().is_some_and(|l| *l > indent) {
            levels.pop();
        }
        if levels.last() != Some(&indent) {
            levels.push(indent);
        }
        let depth = " ".repeat(2 * (levels.len() - 1));
        for comment in waiting.drain(..) {
            let text = out[comment].trim_start().to_owned();
            out[comment] = if text.is_empty() { text } else { format!("{depth}{text}") };
        }
        out.push(format!("{depth}{body}"));
        // `- a: 1` opens the level of `a` as well.
        let mut column = indent;
        let mut rest = body;
        while let Some(inner) = rest.strip_prefix("- ") {
            let blanks = inner.len() - inner.trim_start_matches(' ').len();
            column += 2 + blanks;
            rest = &inner[blanks..];
            levels.push(column);
        }
    }
    out.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmt(text: &str) -> String {
        let out = yaml(text, FileId(0)).unwrap();
        assert_eq!(yaml(&out, FileId(0)).unwrap(), out, "not idempotent");
        out
    }

    #[test]
    fn layout_is_cleaned_and_comments_stay() {
        let text = "# head  \r\na:   1  # one \n\n\n\nb:\n    # two\n    c: x\n    d:\n      - 1\n      - 2\n";
        assert_eq!(fmt(text), "# head\na:   1  # one\n\nb:\n  # two\n  c: x\n  d:\n    - 1\n    - 2\n");
    }

    #[test]
    fn what_would_change_the_data_is_left_alone() {
        let text = "a: |\n  x  \n\n\n  y\nb: 1";
        let out = fmt(text);
        assert!(out.starts_with("a: |\n  x  \n\n\n  y\n"), "{out}");
        assert!(out.ends_with("b: 1\n"), "{out}");
    }

    #[test]
    fn broken_text_is_an_error_with_a_place() {
        let found = yaml("a: [1", FileId(2)).unwrap_err();
        assert_eq!(found[0].code.id, "SYN107");
        assert_eq!(found[0].at.file, FileId(2));
    }
}
