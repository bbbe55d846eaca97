//! How many values a JSON text has, counted before it takes memory: each takes many times its own bytes.

/// At least as many as there are once it is read; of a text that is no JSON, some number.
pub fn json_values(json: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' | b':' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_texts_is_not_counted() {
        assert_eq!(json_values(b"1"), 1);
        assert_eq!(json_values(br#"[1,2,3]"#), 4);
        assert_eq!(json_values(br#"{"a,b[\"{": ","}"#), 3);
    }
}
