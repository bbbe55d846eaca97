//! `lowercase` and `uppercase`, as Go's `strings.ToLower` and `strings.ToUpper`.
//!
//! Go maps each code point to one code point: `ß` stays, `Σ` never becomes `ς`. Letters younger
//! than the Unicode tables of a given Go release stay in that release and change case here.

pub(super) fn lower(text: &str) -> String {
    text.chars().map(lower_one).collect()
}

pub(super) fn upper(text: &str) -> String {
    text.chars().map(upper_one).collect()
}

fn lower_one(c: char) -> char {
    match c {
        'İ' => 'i',
        _ => single(c.to_lowercase(), c),
    }
}

fn upper_one(c: char) -> char {
    let code = u32::from(c);
    // Greek letters with an iota below: their one-letter form is the title case.
    let shift = match code {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => 8,
        0x1FB3 | 0x1FC3 | 0x1FF3 => 9,
        _ => return single(c.to_uppercase(), c),
    };
    char::from_u32(code + shift).unwrap_or(c)
}

/// The mapped letter if it is one, else the letter itself.
fn single(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_map_one_to_one() {
        assert_eq!(lower("ΟΔΟΣ İK"), "οδοσ ik");
        assert_eq!(upper("straße ﬁ ᾳᾀ ıſ"), "STRAßE ﬁ ᾼᾈ IS");
        assert_eq!(upper("node-a_1"), "NODE-A_1");
    }
}
