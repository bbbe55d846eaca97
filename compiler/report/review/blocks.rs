//! A page of paragraphs, tables and folded parts, written as Markdown or HTML.
//!
//! What names and values hold reaches the page as text only: it cannot open a tag or a fence, call
//! anybody by `@`, refer to an issue or end a table's cell.

use crate::report::style::one_line;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Code(String),
    Strong(String),
    /// So many names, folded.
    Fold(usize, String),
}

pub(super) type Line = Vec<Piece>;

#[derive(Debug, Clone)]
pub(super) enum Block {
    /// Not shown: how a comment is found again.
    Marker(String),
    Heading(usize, String),
    Paragraph(Line),
    List(Vec<Line>),
    Table {
        head: Vec<&'static str>,
        rows: Vec<Vec<Line>>,
    },
    /// Folded under its first line.
    Details {
        summary: Line,
        blocks: Vec<Block>,
    },
}

pub(super) fn text(words: impl Into<String>) -> Piece {
    Piece::Text(words.into())
}

pub(super) fn code(words: impl Into<String>) -> Piece {
    Piece::Code(words.into())
}

pub(super) fn strong(words: impl Into<String>) -> Piece {
    Piece::Strong(words.into())
}

/// A sentence of ours, in which names stand between back-ticks.
pub(super) fn sentence(words: &str) -> Line {
    if !words.matches('`').count().is_multiple_of(2) {
        return vec![text(words)];
    }
    let pieces = words.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    pieces.map(|(i, part)| if i % 2 == 1 { code(part) } else { text(part) }).collect()
}

pub(super) fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Marker(name) => out.push_str(&format!("<!-- {} -->\n", comment(name))),
            Block::Heading(level, words) => out.push_str(&format!("{} {}\n\n", "#".repeat(*level), escaped(words))),
            Block::Paragraph(line) => out.push_str(&format!("{}\n\n", md(line))),
            Block::List(lines) => {
                lines.iter().for_each(|line| out.push_str(&format!("- {}\n", md(line))));
                out.push('\n');
            }
            Block::Table { head, rows } => {
                out.push_str(&format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len())));
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|cell| md(cell).replace('|', "\\|")).collect();
                    out.push_str(&format!("| {} |\n", cells.join(" | ")));
                }
                out.push('\n');
            }
            // Inside a tag both forges read HTML until a blank line.
            Block::Details { summary, blocks } => out.push_str(&format!(
                "<details><summary>{}</summary>\n\n{}</details>\n\n",
                html_line(summary),
                markdown(blocks)
            )),
        }
    }
    out
}

fn md(line: &Line) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(words) => escaped(words),
        Piece::Strong(words) => format!("**{}**", escaped(words)),
        Piece::Code(words) => fenced(words),
        Piece::Fold(n, names) => folded(*n, names),
    };
    line.iter().map(piece).collect()
}

/// In a cell of a table too, where forges take tags as they are.
fn folded(n: usize, names: &str) -> String {
    format!("<details><summary>{n}</summary>{}</details>", tagged_text(names))
}

/// A code span that its content cannot end: its fence is longer than any run of back-ticks in it.
fn fenced(words: &str) -> String {
    let words = one_line(words);
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if words.starts_with(['`', ' ']) || words.ends_with(['`', ' ']) { " " } else { "" };
    if words.is_empty() { "(empty)".to_owned() } else { format!("{fence}{pad}{words}{pad}{fence}") }
}

/// Text out of which no forge makes a link, calls anybody or refers to an issue. They look for these in the text
/// of the finished page, where escapes are gone: a word joiner, which nobody sees, is what parts them.
fn unlinked(words: &str) -> String {
    const JOINER: char = '\u{2060}';
    let mut out = String::with_capacity(words.len() + 8);
    for (at, c) in words.char_indices() {
        out.push(c);
        let rest = &words[at + c.len_utf8()..];
        let www = || {
            out.len() >= 3 && out.is_char_boundary(out.len() - 3) && out[out.len() - 3..].eq_ignore_ascii_case("www")
        };
        if matches!(c, '@' | '#') || (c == ':' && rest.starts_with("//")) || (rest.starts_with('.') && www()) {
            out.push(JOINER);
        }
    }
    out
}

/// Text in which nothing means anything to Markdown.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    for c in unlinked(&one_line(words)).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' | '$' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An address would become a link.
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    // Of prose, colons before a blank link nothing.
    out.replace("&#58; ", ": ")
}

pub(super) fn html(title: &str, blocks: &[Block]) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n<body>\n{}</body>\n</html>\n",
        tagged(title),
        body(blocks)
    )
}

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 0.5rem 0 1rem; }
td, th { border: 1px solid #8886; padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; }
details { margin: 0.4rem 0; }
";

fn body(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Marker(name) => out.push_str(&format!("<!-- {} -->\n", comment(name))),
            Block::Heading(level, words) => out.push_str(&format!("<h{level}>{}</h{level}>\n", tagged(words))),
            Block::Paragraph(line) => out.push_str(&format!("<p>{}</p>\n", html_line(line))),
            Block::List(lines) => {
                let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", html_line(line))).collect();
                out.push_str(&format!("<ul>\n{items}</ul>\n"));
            }
            Block::Table { head, rows } => {
                let head: String = head.iter().map(|h| format!("<th>{h}</th>")).collect();
                out.push_str(&format!("<table>\n<tr>{head}</tr>\n"));
                for row in rows {
                    let cells: String = row.iter().map(|cell| format!("<td>{}</td>", html_line(cell))).collect();
                    out.push_str(&format!("<tr>{cells}</tr>\n"));
                }
                out.push_str("</table>\n");
            }
            Block::Details { summary, blocks } => out.push_str(&format!(
                "<details><summary>{}</summary>\n{}</details>\n",
                html_line(summary),
                body(blocks)
            )),
        }
    }
    out
}

fn html_line(line: &Line) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(words) => tagged_text(words),
        Piece::Strong(words) => format!("<strong>{}</strong>", tagged_text(words)),
        Piece::Code(words) => format!("<code>{}</code>", tagged(words)),
        Piece::Fold(n, names) => folded(*n, names),
    };
    line.iter().map(piece).collect()
}

/// Text in which nothing means anything to HTML, nor to Markdown around it.
fn tagged(words: &str) -> String {
    entities(&one_line(words))
}

/// The same outside of code, where forges look for what to link.
fn tagged_text(words: &str) -> String {
    entities(&unlinked(&one_line(words)))
}

fn entities(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' | '*' | '_' | '[' | ']' | '@' | '#' | '\\' | '~' | '!' | '$' | '|' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// Text of a comment, which `--` would end.
fn comment(words: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '/' | '_') { c } else { '-' };
    let mut out: String = words.chars().map(plain).collect();
    while out.contains("--") {
        out = out.replace("--", "-");
    }
    out.trim_matches(['-', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a name could hold to get out of where it stands.
    const HOSTILE: &str =
        "</code></details><img src=x onerror=alert(1)>|`` ``` @team #12 [a](http://x) **b** \u{202e}\n- x";

    #[test]
    fn nothing_gets_out_of_a_cell_a_span_or_a_fold() {
        let line = || vec![text(HOSTILE), code(HOSTILE), strong(HOSTILE)];
        let blocks = [
            Block::Marker("a --> <b>".into()),
            Block::Table { head: vec!["x"], rows: vec![vec![line()]] },
            Block::Details { summary: line(), blocks: vec![Block::Paragraph(line()), Block::List(vec![line()])] },
        ];
        let page = markdown(&blocks);
        assert_eq!(page.lines().next(), Some("<!-- a - -b -->"), "{page}");
        for row in page.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| x")) {
            let ends = row.replace("\\|", "").matches('|').count();
            assert_eq!(ends, 2, "{row}");
        }
        // Outside of code spans, no tag but ours.
        assert_eq!((page.matches("<details>").count(), page.matches("\n- x").count()), (1, 0));
        assert!(!page.contains('\u{202e}') && page.contains("\\u{202e}"));
        assert!(page.contains("````"), "a fence longer than the longest run");
        assert!(page.contains("@\u{2060}team #\u{2060}12 \\[a\\](http&#58;\u{2060}//x)"), "{page}");
        let page = html("<t>", &blocks);
        assert!(!page.contains("<img") && !page.contains("<t>") && !page.contains("</code></details>"), "{page}");
    }

    /// The text of a page as a browser shows it outside of code, where forges look for what to link.
    fn shown(page: &str) -> String {
        let code = [("<code>", "</code>"), ("`", "`")];
        let mut page = page.to_owned();
        for (open, close) in code {
            while let Some((before, rest)) = page.split_once(open) {
                page = format!("{before}{}", rest.split_once(close).unwrap().1);
            }
        }
        let entities = [("&#58;", ":"), ("&#64;", "@"), ("&#35;", "#"), ("&lt;", "<"), ("&amp;", "&")];
        entities.iter().fold(page, |page, (from, to)| page.replace(from, to)).replace('\\', "")
    }

    #[test]
    fn no_text_becomes_a_link_or_calls_anybody() {
        let hits = ["https://evil.example", "Www.evil.example", "@team", "a@evil.example", "acme/x#12"];
        for hit in hits {
            let fold = Piece::Fold(9, hit.to_owned());
            let line = vec![text(hit), strong(hit), code(hit), fold];
            let blocks = [Block::Paragraph(line.clone()), Block::Details { summary: line, blocks: Vec::new() }];
            for page in [markdown(&blocks), body(&blocks)] {
                let bare = |sign: &str| shown(&page).split(sign).skip(1).any(|rest| !rest.starts_with('\u{2060}'));
                assert!(!["@", "#", "Www", "https:"].into_iter().any(bare), "{page}");
                let in_code = [format!("<code>{}</code>", tagged(hit)), format!("`{hit}`")];
                assert!(in_code.iter().any(|code| page.contains(code)), "code is as it is: {page}");
            }
        }
        assert_eq!(unlinked("a: b, ab/www, c:/d"), "a: b, ab/www, c:/d");
    }

    #[test]
    fn names_in_sentences_are_code_and_an_odd_back_tick_is_text() {
        assert_eq!(sentence("no `a` here"), [text("no "), code("a"), text(" here")]);
        assert_eq!(sentence("a ` b"), [text("a ` b")]);
        assert_eq!(markdown(&[Block::Paragraph(sentence("x: `a|b` ` "))]), "x: \\`a|b\\` \\` \n\n");
    }

    #[test]
    fn a_page_is_the_same_in_both_forms() {
        let blocks = [
            Block::Heading(3, "A title".into()),
            Block::Table { head: vec!["what", "n"], rows: vec![vec![vec![code("a|b")], vec![text("1")]]] },
        ];
        assert_eq!(markdown(&blocks), "### A title\n\n| what | n |\n| --- | --- |\n| `a\\|b` | 1 |\n\n");
        assert!(html("t", &blocks).contains("<tr><td><code>a&#124;b</code></td><td>1</td></tr>"));
    }
}
