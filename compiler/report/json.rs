//! JSON for programs that is safe to look at.

use super::style::hides;

/// Indented, with a final line break. Characters that could fool a terminal are escaped; they can
/// only stand in strings.
pub(super) fn pretty(value: &serde_json::Value) -> String {
    // A `Value` has string keys only and no types of our own: writing it cannot fail.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if hides(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}
