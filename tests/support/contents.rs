//! The bytes of a case's file: its body, and what the section's directives make of it.

use std::path::Path;

use super::case::File;
use super::folder::copy;
use super::repository;
use super::steps::binary;

/// Makes the file below `root`, or says what is wrong with its section.
pub fn make(root: &Path, file: &File) -> Result<(), String> {
    let path = root.join(&file.path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    }
    let mut bytes = file.body.clone().into_bytes();
    let mut append = false;
    let mut grow = None;
    for how in &file.how {
        let (word, rest) = how.split_once(' ').unwrap_or((how, ""));
        let number = || rest.parse::<usize>().map_err(|_| format!("`{how}`: `{rest}` is no number"));
        match word {
            "append" => append = true,
            "repeat" => bytes = bytes.repeat(number()?),
            "unterminated" => drop(bytes.pop_if(|b| *b == b'\n')),
            "escaped" => bytes = escaped(&bytes)?,
            "utf-16" => bytes = utf16(&bytes)?,
            "grow" => grow = Some(number()? as u64),
            "folder" => return std::fs::create_dir_all(&path).map_err(|e| e.to_string()),
            "build" => return build(root, rest, &file.path),
            "copy" => return copy(&repository(rest), &path),
            "symlink" => return std::os::unix::fs::symlink(rest, &path).map_err(|e| e.to_string()),
            _ => return Err(format!("`{how}` is no directive; see tests/README.md")),
        }
    }
    if append {
        let mut before = std::fs::read(&path).map_err(|e| format!("{}: {e}", file.path))?;
        before.extend(bytes);
        bytes = before;
    }
    std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
    if let Some(size) = grow {
        let opened = std::fs::File::options().write(true).open(&path).map_err(|e| e.to_string())?;
        opened.set_len(size).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Compiles a spec of the case, which must succeed.
fn build(root: &Path, spec: &str, out: &str) -> Result<(), String> {
    let ended = binary(root, &["build", spec, "--out", out]);
    if ended.status.success() { Ok(()) } else { Err(format!("building {spec}:\n{}{}", ended.stdout, ended.stderr)) }
}

/// `\xFF` is a byte, `\u{202e}` a character, `\\` a backslash.
fn escaped(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend(before.as_bytes());
        let wrong = || format!("`\\{}` is no escape", after.chars().take(8).collect::<String>());
        if let Some(after) = after.strip_prefix('\\') {
            out.push(b'\\');
            rest = after;
        } else if let Some(after) = after.strip_prefix("u{") {
            let (digits, after) = after.split_once('}').ok_or_else(wrong)?;
            let c = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)?;
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        } else {
            let digits = after.strip_prefix('x').and_then(|a| a.get(..2)).ok_or_else(wrong)?;
            out.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
            rest = &after[3..];
        }
    }
    out.extend(rest.as_bytes());
    Ok(out)
}

/// Little-endian with a byte-order mark, as editors on Windows write it.
fn utf16(text: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
    Ok(std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect())
}
