//! vmagent's `if`: series selectors a rule is limited to.
//!
//! A selector is what MetricsQL allows without templates: a metric name, filters between braces
//! joined by `,`, and groups of filters joined by `or`. Not followed: vmagent before 1.150 asks of all
//! groups for the `__name__` that one of them is to equal.

use super::regex::{Cache, Paste, Regex};
use super::{Labels, RuleError};

/// Matches if one group of filters does.
#[derive(Debug, Clone)]
pub struct Condition(Vec<Vec<Filter>>);

#[derive(Debug, Clone)]
struct Filter {
    label: String,
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    Matches { regex: Regex, pattern: String },
}

const NAME: &str = "__name__";

impl Condition {
    /// Reads one selector, `up{job=~"node.*" or job="kubelet"}`.
    ///
    /// # Errors
    /// [`RuleError::Condition`] with what was expected where.
    pub fn parse(text: &str, cache: &Cache) -> Result<Self, RuleError> {
        let mut reader = Reader { rest: text.trim(), cache };
        reader.selector().map(Condition).map_err(|message| RuleError::Condition { selector: text.to_owned(), message })
    }

    /// Matches where one of several selectors does; `None` without any.
    pub fn any(conditions: Vec<Condition>) -> Option<Self> {
        (!conditions.is_empty()).then(|| Condition(conditions.into_iter().flat_map(|c| c.0).collect()))
    }

    /// Labels and the values they have to have in every series that matches; `None` with `or`, where
    /// each group has its own.
    pub fn equalities(&self) -> Option<Vec<(&str, &str)>> {
        let [group] = self.0.as_slice() else { return None };
        let equal = group.iter().filter(|filter| !filter.negated).filter_map(|filter| match &filter.test {
            Test::Equal(value) if !value.is_empty() => Some((filter.label.as_str(), value.as_str())),
            _ => None,
        });
        Some(equal.collect())
    }

    /// Whether a filter is about the label.
    pub fn names(&self, label: &str) -> bool {
        self.0.iter().flatten().any(|filter| filter.label == label)
    }

    /// Labels that a series has to have, with values that are not said; none with `or`.
    pub fn needed(&self) -> Vec<&str> {
        let [group] = self.0.as_slice() else { return Vec::new() };
        let equal = |f: &Filter| !f.negated && matches!(&f.test, Test::Equal(_));
        let mut all: Vec<&str> = group.iter().filter(|f| !equal(f)).map(|f| f.label.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|label| !self.allows(label, ""));
        all
    }

    /// Labels and the expressions their values have to match in every series that matches; none with `or`.
    pub fn expressions(&self) -> Vec<(&str, &str)> {
        let [group] = self.0.as_slice() else { return Vec::new() };
        let tests = group.iter().filter(|filter| !filter.negated).filter_map(|filter| match &filter.test {
            Test::Matches { pattern, .. } => Some((filter.label.as_str(), pattern.as_str())),
            Test::Equal(_) => None,
        });
        tests.collect()
    }

    /// Whether a series may have this value of the label; with `or`, whether one of the groups lets it.
    pub fn allows(&self, label: &str, value: &str) -> bool {
        let labels = Labels::from_iter([(label, value)]);
        self.0.iter().any(|group| group.iter().filter(|f| f.label == label).all(|f| f.matches(&labels)))
    }

    /// The first label that keeps a series from matching; none where it matches, or with `or`.
    pub fn unmet(&self, labels: &Labels) -> Option<&str> {
        let [group] = self.0.as_slice() else { return None };
        group.iter().find(|filter| !filter.matches(labels)).map(|filter| filter.label.as_str())
    }

    /// Whether only series without this label match.
    pub fn asks_for_none(&self, label: &str) -> bool {
        let none = |f: &Filter| f.label == label && !f.negated && matches!(&f.test, Test::Equal(v) if v.is_empty());
        !self.0.is_empty() && self.0.iter().all(|group| group.iter().any(none))
    }

    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().any(|group| group.iter().all(|filter| filter.matches(labels)))
    }
}

impl Filter {
    fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label);
        let found = match &self.test {
            // vmagent never finds a missing name equal to "".
            Test::Equal(wanted) => wanted == value && (self.label != NAME || labels.has(NAME)),
            Test::Matches { regex, .. } => regex.is_match(value),
        };
        found != self.negated
    }
}

struct Reader<'a> {
    rest: &'a str,
    cache: &'a Cache,
}

impl Reader<'_> {
    fn selector(&mut self) -> Result<Vec<Vec<Filter>>, String> {
        let name = self.ident();
        let mut groups = Vec::new();
        let braces = self.eat("{");
        if braces {
            loop {
                groups.push(self.group()?);
                if self.eat("}") {
                    break;
                }
                if !self.word("or") {
                    return Err(format!("expected `,`, `or` or `}}` at `{}`", self.rest));
                }
            }
        } else {
            groups.push(Vec::new());
        }
        if !self.rest.is_empty() {
            return Err(format!("unexpected `{}` behind the selector", self.rest));
        }
        if let Some(name) = name {
            for group in &mut groups {
                group.insert(0, Filter { label: NAME.into(), negated: false, test: Test::Equal(name.clone()) });
            }
        } else if !braces {
            return Err("there is no selector".into());
        }
        Ok(groups)
    }

    fn group(&mut self) -> Result<Vec<Filter>, String> {
        let mut filters = Vec::new();
        while !self.rest.starts_with('}') && !self.at_or() {
            filters.push(self.filter()?);
            if !self.eat(",") {
                break;
            }
        }
        Ok(filters)
    }

    fn filter(&mut self) -> Result<Filter, String> {
        let label = if self.rest.starts_with(['"', '\'', '`']) {
            let text = self.quoted()?;
            if !self.rest.starts_with(['=', '!']) {
                return Ok(Filter { label: NAME.into(), negated: false, test: Test::Equal(text) });
            }
            text
        } else {
            self.ident().ok_or_else(|| format!("expected a label name at `{}`", self.rest))?
        };
        let operators = [("=~", false, true), ("!~", true, true), ("!=", true, false), ("=", false, false)];
        let Some((_, negated, regex)) = operators.into_iter().find(|(text, ..)| self.eat(text)) else {
            return Err(format!("expected `=`, `!=`, `=~` or `!~` at `{}`", self.rest));
        };
        let value = self.quoted()?;
        let test = if regex {
            // The pattern has to stand on its own before it is anchored.
            let checked = self.cache.regex(&value, Paste::Bare);
            let anchored = checked.and_then(|_| self.cache.regex(&value, Paste::DotAll));
            Test::Matches { regex: anchored.map_err(|error| error.to_string())?, pattern: value }
        } else {
            Test::Equal(value)
        };
        Ok(Filter { label, negated, test })
    }

    fn ident(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = 0;
        while let Some((i, c)) = chars.next() {
            let escaped = if c == '\\' { chars.next().map(|(_, c)| c) } else { None };
            let plain = c.is_alphabetic() || matches!(c, '_' | ':' | '.') || (i > 0 && c.is_ascii_digit());
            match (escaped, plain) {
                (Some(c), _) => name.push(c),
                (None, true) => name.push(c),
                _ => break,
            }
            end = i + c.len_utf8() + escaped.map_or(0, char::len_utf8);
        }
        self.rest = self.rest[end..].trim_start();
        (!name.is_empty()).then_some(name)
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut chars = self.rest.char_indices();
        let quote = match chars.next() {
            Some((_, quote @ ('"' | '\'' | '`'))) => quote,
            _ => return Err(format!("expected a quoted text at `{}`", self.rest)),
        };
        let mut text = String::new();
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.rest = self.rest[i + 1..].trim_start();
                return Ok(text);
            }
            if c != '\\' || quote == '`' {
                text.push(c);
                continue;
            }
            let escape = chars.next().map(|(_, c)| c);
            let mut code = |digits: usize| {
                let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32)
            };
            let c = match escape {
                Some(c @ ('\\' | '"' | '\'')) => Some(c),
                Some('a') => Some('\u{7}'),
                Some('b') => Some('\u{8}'),
                Some('f') => Some('\u{c}'),
                Some('n') => Some('\n'),
                Some('r') => Some('\r'),
                Some('t') => Some('\t'),
                Some('v') => Some('\u{b}'),
                Some('x') => code(2),
                Some('u') => code(4),
                Some('U') => code(8),
                _ => None,
            };
            text.push(c.ok_or_else(|| format!("unknown escape in `{}`; write `\\\\` for a backslash", self.rest))?);
        }
        Err(format!("missing {quote} behind `{}`", self.rest))
    }

    fn eat(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn at_or(&self) -> bool {
        let word = self.rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("or"));
        // `or="x"` is a filter on a label of that name.
        word && self.rest[2..].starts_with(|c: char| c.is_whitespace()) && {
            let next = self.rest[2..].trim_start();
            !next.starts_with(['=', '!'])
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let here = self.at_or() && word == "or";
        if here {
            self.rest = self.rest[2..].trim_start();
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let labels: Labels = labels.iter().copied().collect();
        Condition::parse(selector, &Cache::new()).unwrap().matches(&labels)
    }

    #[test]
    fn selectors_match_as_in_metricsql() {
        let up = [("__name__", "up"), ("job", "node"), ("a-b", "1")];
        for selector in [
            "up",
            "up{}",
            "{}",
            r#"{job="node"}"#,
            r#"up{job=~"n.*",job!="x"}"#,
            r#"{job="x" or job="node"}"#,
            r#"{"up", job='node'}"#,
            r#"{missing=""}"#,
            r#"{missing=~"x|"}"#,
            "{job=`node`,}",
            r#"{a\-b="1"}"#,
            r#"{job=~"no\\w+"}"#,
        ] {
            assert!(matches(selector, &up), "{selector}");
        }
        for selector in [
            "down",
            r#"up{job="nod"}"#,
            r#"{job=~"od"}"#,
            r#"up{job!~"n.*"}"#,
            r#"{missing!=""}"#,
            r#"down{job="x" or job="node"}"#,
        ] {
            assert!(!matches(selector, &up), "{selector}");
        }
        assert!(!matches(r#"{__name__=""}"#, &[("a", "b")]));
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in ["", "up{", "up{job}", r#"{job="a}"#, r#"{job=~"a)("}"#, "up[5m]", "rate(up)", r#"{a="b" c="d"}"#] {
            assert!(Condition::parse(text, &Cache::new()).is_err(), "{text}");
        }
    }
}
