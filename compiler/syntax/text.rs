//! Bytes to text, and the guards that hold before any parser sees it.

use super::codes;
use super::faults::Faults;
use crate::diag::{Diagnostic, FileId, Span};

/// The largest file of a spec, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Levels of blocks in a KDL file.
pub(super) const MAX_DEPTH: usize = 32;

/// Levels of collections in a YAML file: a KDL block may take two, its key and its name.
pub(super) const MAX_COLLECTIONS: usize = 2 * MAX_DEPTH;

/// Values in one file; each costs some hundred bytes of memory while it is read.
pub(super) const MAX_VALUES: usize = 2_000_000;

/// The text of a file, without its byte-order mark.
///
/// Size and encoding are checked here; characters that must not stand in a spec are found by
/// [`read`](super::read), which can point at them.
///
/// # Errors
/// `SYN101` for more than [`MAX_BYTES`], `SYN102` for anything but UTF-8, with the offset of the
/// first byte that does not fit. Neither has a place in the spec: `path` is in the message.
pub fn decode_text(path: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(path, bytes.len(), Span::NONE));
    }
    let bom = match bytes.as_slice() {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        _ => None,
    };
    if let Some(encoding) = bom {
        return Err(Diagnostic::new(&codes::ENCODING, Span::NONE, format!("`{path}` is {encoding}, not UTF-8"))
            .help(format!("save `{path}` as UTF-8 (in an editor: \"Save with encoding\")")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(match text.strip_prefix('\u{FEFF}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
            let what = format!(
                "`{path}` is not UTF-8: the byte at offset {at} (line {line}) is 0x{:02X}",
                bytes.get(at).copied().unwrap_or_default()
            );
            Err(Diagnostic::new(&codes::ENCODING, Span::NONE, what))
        }
    }
}

/// Whether a text may be given to a parser; says why if not.
pub(super) fn admit(path: &str, text: &str, file: FileId, faults: &mut Faults) -> bool {
    if text.len() > MAX_BYTES {
        faults.push(too_large(path, text.len(), Span::new(file, 0, 0)));
        return false;
    }
    let before = faults.count();
    for (at, c) in text.char_indices().filter(|(_, c)| is_forbidden(*c)) {
        faults.push(forbidden(c, Span::new(file, at, at + c.len_utf8())));
        if faults.full() {
            break;
        }
    }
    faults.count() == before
}

/// Line breaks and tabs apart, nothing that is not seen: control characters, and marks that change
/// the order in which a line is shown.
pub(super) fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0'..='\u{1F}' | '\u{7F}' | '\u{FEFF}' => true,
        _ => is_bidi(c),
    }
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn forbidden(c: char, at: Span) -> Diagnostic {
    let code = u32::from(c);
    if c == '\0' {
        Diagnostic::new(&codes::CHARACTER, at, "a NUL character stands here")
            .why("a NUL ends the text for many tools, so what follows would be seen by some and not by others")
            .help("remove it; a file full of them is UTF-16 and has to be saved as UTF-8")
    } else if is_bidi(c) {
        Diagnostic::new(
            &codes::CHARACTER,
            at,
            format!("the invisible character U+{code:04X} changes the direction of text"),
        )
        .why("it makes a reviewer see another line than the compiler reads")
        .help("remove it; it often comes with text that was pasted from a web page")
    } else {
        Diagnostic::new(&codes::CHARACTER, at, format!("the control character U+{code:04X} stands here"))
    }
}

fn too_large(path: &str, bytes: usize, at: Span) -> Diagnostic {
    let what = format!("`{path}` has {} MiB; a file of a spec has at most {} MiB", bytes >> 20, MAX_BYTES >> 20);
    Diagnostic::new(&codes::TOO_LARGE, at, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_off_once() {
        assert_eq!(decode_text("a.kdl", b"\xEF\xBB\xBFzone".to_vec()).unwrap(), "zone");
        let twice = decode_text("a.kdl", b"\xEF\xBB\xBF\xEF\xBB\xBFzone".to_vec()).unwrap();
        let mut faults = Faults::default();
        assert!(!admit("a.kdl", &twice, FileId(0), &mut faults));
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16 = decode_text("a.kdl", b"\xFF\xFEf\0l\0".to_vec()).unwrap_err();
        assert_eq!(utf16.code.id, "SYN102");
        assert!(utf16.what.contains("UTF-16"), "{}", utf16.what);
        let latin1 = decode_text("a.kdl", b"a\nb \xE9".to_vec()).unwrap_err();
        assert!(latin1.what.contains("offset 4 (line 2) is 0xE9"), "{}", latin1.what);
    }

    #[test]
    fn a_huge_file_is_refused_before_it_is_decoded() {
        let huge = decode_text("a.kdl", vec![0xFF; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(huge.code.id, "SYN101");
    }

    #[test]
    fn invisible_characters_are_pointed_at() {
        let text = "zone \"a\u{202E}\" // \0";
        let mut faults = Faults::default();
        assert!(!admit("a.kdl", text, FileId(3), &mut faults));
        let found = faults.into_sink().into_sorted();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].at, Span::new(FileId(3), 7, 10));
        assert!(found[0].what.contains("U+202E"));
        assert!(found[1].what.contains("NUL"));
        let mut faults = Faults::default();
        assert!(admit("a.kdl", "zone \"集群\"\r\n\tx 1\u{85}", FileId(0), &mut faults));
    }
}
