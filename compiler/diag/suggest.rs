//! "Did you mean".

/// The known word nearest to `word`, if one is near enough to be meant: at most a third of its
/// letters differ (Damerau–Levenshtein), at least one letter may always.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long word is no typing error, and the distance is quadratic in its length.
    if word.chars().count() > 80 {
        return None;
    }
    let folded = fold(word);
    let limit = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&folded, &fold(k)), k))
        .filter(|(distance, k)| *distance <= limit && *k != word)
        .min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)))
        .map(|(_, k)| k)
}

/// `scrapeInterval`, `scrape_interval` and `scrape-interval` are the same word to a person.
fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 2);
    for c in word.chars() {
        match c {
            '_' => out.push('-'),
            c if c.is_ascii_uppercase() => {
                if !out.is_empty() && !out.ends_with('-') {
                    out.push('-');
                }
                out.push(c.to_ascii_lowercase());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typos_and_foreign_spellings_but_no_strangers() {
        let known = ["retention", "retention-size", "replicas", "external-labels"];
        assert_eq!(nearest("retenton", known), Some("retention"));
        assert_eq!(nearest("externalLabels", known), Some("external-labels"));
        assert_eq!(nearest("external_labels", known), Some("external-labels"));
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("replicas", known), None);
    }
}
