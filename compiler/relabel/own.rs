//! Series that whoever scrapes makes itself for each target: no rule but write rules sees them.

/// What follows `scrape_`, of Prometheus 2.41 to 3.14 (with or without the feature
/// `extra-scrape-metrics`) and of vmagent, sorted. A metric of any other name is an exporter's own.
const OF_A_SCRAPE: [&str; 13] = [
    "body_size_bytes",
    "duration_seconds",
    "labels_limit",
    "response_size_bytes",
    "sample_limit",
    "samples_limit",
    "samples_post_metric_relabeling",
    "samples_scraped",
    "series_added",
    "series_current",
    "series_limit",
    "series_limit_samples_dropped",
    "timeout_seconds",
];

/// Whether a series of this name is one a scrape makes itself. An exporter that has the same name for one of
/// its own cannot be told from it.
pub fn is_of_scrape(name: &str) -> bool {
    name == "up" || name.strip_prefix("scrape_").is_some_and(|rest| OF_A_SCRAPE.binary_search(&rest).is_ok())
}

/// Whether vmagent takes a metric of this name for one of its own: those of Prometheus alone it does not.
pub(super) fn is_of_vmagent(name: &str) -> bool {
    is_of_scrape(name) && !matches!(name, "scrape_body_size_bytes" | "scrape_sample_limit")
}

/// All their names, `up` first.
pub fn names_of_scrapes() -> impl Iterator<Item = String> {
    std::iter::once("up".to_owned()).chain(OF_A_SCRAPE.iter().map(|rest| format!("scrape_{rest}")))
}

/// An expression for exactly those names.
pub fn of_scrape() -> String {
    format!("up|scrape_(?:{})", OF_A_SCRAPE.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relabel::regex::{Paste, Regex};

    #[test]
    fn names_and_expression_say_the_same() {
        assert!(OF_A_SCRAPE.is_sorted());
        let regex = Regex::new(&of_scrape(), Paste::DotAll).expect("it compiles");
        let made: Vec<String> = names_of_scrapes().collect();
        let own = ["scrape_", "scrape_errors_total", "scrape_series", "scrape_series_added_total", "upper", "a_up"];
        for (name, expected) in made.iter().map(|n| (n.as_str(), true)).chain(own.map(|n| (n, false))) {
            assert_eq!(is_of_scrape(name), expected, "{name}");
            assert_eq!(regex.is_match(name), expected, "{name}");
        }
    }
}
