//! Selector terms over clusters.

use std::fmt;

use super::{Malformed, glob, label_key, quoted};

/// One term of a `from`: `edge-*`, `tier=gpu,region!=sh`, `!edge-2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Takes clusters out, whatever else matched.
    pub negated: bool,
    /// All of these hold.
    pub clauses: Vec<Clause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// The cluster's name; `*` allowed.
    Name(String),
    /// One of the label's values; `*` allowed. With `equal` false, none of them.
    Label { key: String, equal: bool, value: String },
}

const FORM: &str =
    "write a cluster's name, `*` allowed, or `label=value`, with commas for *and* and `!` in front to take out";

impl Selector {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (negated, body) = text.strip_prefix('!').map_or((false, text), |body| (true, body));
        let clauses = body.split(',').map(|clause| parse_clause(text, clause)).collect::<Result<_, _>>()?;
        Ok(Selector { negated, clauses })
    }

    /// Whether the clauses hold for a cluster, `negated` not looked at. `labels` gives the values
    /// of a label: none where it is not set, several for `profile`.
    pub fn holds<'a, V>(&self, name: &str, labels: impl Fn(&str) -> V) -> bool
    where
        V: IntoIterator<Item = &'a str>,
    {
        self.clauses.iter().all(|clause| match clause {
            Clause::Name(pattern) => glob(pattern, name),
            Clause::Label { key, equal, value } => labels(key).into_iter().any(|v| glob(value, v)) == *equal,
        })
    }
}

fn parse_clause(text: &str, clause: &str) -> Result<Clause, Malformed> {
    let refuse = |because: &str| Err(Malformed::new(format!("{} {because}", quoted(text)), FORM));
    if clause.is_empty() {
        return refuse("has an empty term");
    }
    if let Some((key, value)) = clause.split_once('=') {
        let (key, equal) = key.strip_suffix('!').map_or((key, true), |key| (key, false));
        if label_key(key).is_err() {
            return refuse("has no label name in front of the `=`");
        }
        let value = value.strip_prefix('=').unwrap_or(value);
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
        if !value.chars().all(good) {
            return refuse("has a value that no label has");
        }
        return Ok(Clause::Label { key: key.to_owned(), equal, value: value.to_owned() });
    }
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*');
    if !clause.chars().all(named) {
        return refuse("is neither the name of a cluster nor `label=value`");
    }
    Ok(Clause::Name(clause.to_owned()))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "!" } else { "" })?;
        for (i, clause) in self.clauses.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "," })?;
            match clause {
                Clause::Name(name) => f.write_str(name)?,
                Clause::Label { key, equal, value } => write!(f, "{key}{}{value}", if *equal { "=" } else { "!=" })?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        Selector::parse(text).unwrap().holds("edge-1", |key| match key {
            "tier" => vec!["gpu"],
            "profile" => vec!["gpu", "public"],
            _ => vec![],
        })
    }

    #[test]
    fn terms_select_by_name_and_label() {
        for text in [
            "edge-1",
            "edge-*",
            "*",
            "tier=gpu",
            "tier=g*",
            "profile=public",
            "region!=sh",
            "tier=gpu,profile=gpu",
            "edge-*,tier=gpu",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in ["edge-2", "tier=cpu", "profile!=public", "region=sh", "tier=gpu,region=sh", "region=*"] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn negation_is_kept_apart_and_everything_prints_as_read() {
        let term = Selector::parse("!tier=gpu,region!=cn-*").unwrap();
        assert!(term.negated);
        assert_eq!(term.to_string(), "!tier=gpu,region!=cn-*");
    }

    #[test]
    fn malformed_terms() {
        for bad in ["", "!", "a,", "=x", "Edge", "a b", "tier=a b", "!!a", "tier~=x", "a/b"] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }
}
