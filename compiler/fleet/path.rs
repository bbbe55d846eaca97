//! Symbolic paths of a spec: `cluster[edge-1].job[node-exporter].interval`.

/// The words of a path, keys and names alike; brackets and dots both part them.
pub fn words(path: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut bracket = false;
    for c in path.trim().chars() {
        match c {
            '[' if !bracket => {
                bracket = true;
                words.push(String::new());
            }
            ']' if bracket => bracket = false,
            '.' if !bracket => words.push(String::new()),
            c => {
                if let Some(last) = words.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// The one spelling of a path: keys with the name they are said of.
pub fn canonical(parts: &[(String, Option<String>)]) -> String {
    let part = |(key, name): &(String, Option<String>)| match name {
        Some(name) => format!("{key}[{name}]"),
        None => key.clone(),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn brackets_and_dots_part_words_and_brackets_keep_dots() {
        assert_eq!(words("cluster[edge-1].job[a].interval"), ["cluster", "edge-1", "job", "a", "interval"]);
        assert_eq!(words("cluster.edge-1.job.a.interval"), ["cluster", "edge-1", "job", "a", "interval"]);
        assert_eq!(words("cluster[c].labels[a.b/c]"), ["cluster", "c", "labels", "a.b/c"]);
        assert_eq!(words(" ..x[ "), ["x"]);
        assert!(words("").is_empty());
    }
}
