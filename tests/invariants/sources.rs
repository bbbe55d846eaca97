//! The sources of the compiler, without their tests, comments and strings.

use std::path::Path;

use crate::support::repository;

pub struct Source {
    /// Below `compiler/`: `plan/relay.rs`.
    pub path: String,
    /// Everything but test modules, comments and what stands in string literals.
    pub code: String,
    /// What stands in string literals, as it is written.
    pub strings: Vec<String>,
}

impl Source {
    fn new(path: String, text: &str) -> Self {
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
        let mut source = Source { path, code: String::new(), strings: Vec::new() };
        for (piece, is_string) in pieces(text) {
            if is_string {
                source.code.push_str("\"\"");
                source.strings.push(piece.to_owned());
                continue;
            }
            for line in piece.split_inclusive('\n') {
                let end = if line.ends_with('\n') { "\n" } else { "" };
                source.code.push_str(line.find("//").map_or(line.trim_end_matches('\n'), |at| &line[..at]));
                source.code.push_str(end);
            }
        }
        source
    }

    /// The module of the top level it is in: `plan`.
    pub fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or(&self.path)
    }
}

/// Every source file that is compiled into the product.
pub fn all() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&repository("compiler"), "", &mut found);
    assert!(found.len() > 100, "{} sources", found.len());
    found
}

fn walk(folder: &Path, prefix: &str, out: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if name != "tests" {
                walk(&entry.path(), &format!("{path}/"), out);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            out.push(Source::new(path, &text));
        }
    }
}

/// Code and string literals in turn. A comment belongs to the code; quotes in it open nothing.
fn pieces(text: &str) -> Vec<(&str, bool)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") || rest.starts_with("'\\'") {
            at += rest.find("'\"'").map_or(3, |i| i + 3).min(4);
        } else if let Some(hashes) = raw_string(rest) {
            let open = at + 1 + hashes;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = text[open + 1..].find(&close).map_or(text.len(), |i| open + 1 + i);
            out.push((&text[from..at], false));
            out.push((&text[open + 1..end], true));
            at = (end + close.len()).min(text.len());
            from = at;
        } else if bytes[at] == b'"' {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(bytes.len());
            out.push((&text[from..at], false));
            out.push((&text[at + 1..end], true));
            at = (end + 1).min(bytes.len());
            from = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    out.push((&text[from..], false));
    out
}

/// The number of hashes of `r"…"` or `r#"…"#` that begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('r')?;
    let hashes = inner.len() - inner.trim_start_matches('#').len();
    inner[hashes..].starts_with('"').then_some(hashes)
}

#[test]
fn code_comments_and_strings_are_told_apart() {
    let text = "let a = \"x // y\"; // \"z\nlet q = '\"'; let r = r#\"a \"b\" c\"#;\n";
    let source = Source::new("x.rs".to_owned(), text);
    assert_eq!(source.strings, ["x // y", "a \"b\" c"]);
    assert_eq!(source.code, "let a = \"\"; \nlet q = '\"'; let r = \"\";\n");
}
