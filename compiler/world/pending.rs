//! The note of an unfinished commit: which files it may have made or still has to remove.
//!
//! It is written before the first change to a folder and removed after the last, so that after a
//! kill the next build knows files that no index names yet as its own. A torn note is harmless:
//! nothing had been changed when it was torn.

use super::Fingerprint;

/// `<32 hexadecimal digits> <path>`, one a line.
pub(super) fn write(entries: &[(String, Fingerprint)]) -> Vec<u8> {
    let mut text = String::new();
    for (path, print) in entries {
        text.push_str(&format!("{print} {path}\n"));
    }
    text.into_bytes()
}

/// Reads whole lines; anything else in the note is passed over.
pub(super) fn read(bytes: &[u8]) -> Vec<(String, Fingerprint)> {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n')?.split_once(' '))
        .filter(|(_, path)| super::names::usable(path))
        .filter_map(|(print, path)| Some((path.to_owned(), Fingerprint::parse(print)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_note_keeps_its_whole_lines_and_no_path_leaves_the_folder() {
        let entries = vec![("a/b c.yaml".to_owned(), Fingerprint(7)), ("d.yaml".to_owned(), Fingerprint(8))];
        let mut bytes = write(&entries);
        assert_eq!(read(&bytes), entries);
        bytes.truncate(bytes.len() - 2);
        assert_eq!(read(&bytes), entries[..1]);
        assert_eq!(read(&write(&[("../x".to_owned(), Fingerprint(7))])), []);
        assert_eq!(read(b"\xff\xfe nonsense\n"), []);
    }
}
