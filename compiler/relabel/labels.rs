//! A set of labels.

use std::fmt;
use std::sync::Arc;

/// Labels sorted by name, each name once. Setting an empty value removes the label, as Prometheus
/// does.
///
/// The set remembers which labels were added since it was last [settled](Labels::settle): rules
/// that visit all labels see the settled ones by name and then the added ones in the order they
/// came, and with two labels mapped to one name the last one visited wins. Prometheus up to 2.42
/// visits all of them by name.
#[derive(Clone, Default)]
pub struct Labels {
    entries: Vec<Label>,
    added: u32,
}

#[derive(Clone)]
pub struct Label {
    pub name: Arc<str>,
    pub value: Arc<str>,
    /// 0 for a settled label, else its place among the added ones.
    order: u32,
}

impl Labels {
    pub fn new() -> Self {
        Labels::default()
    }

    /// The value of a label; a missing label is an empty one.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |i| &self.entries[i].value)
    }

    /// As [`Labels::get`], to be kept without copying.
    pub fn shared(&self, name: &str) -> Option<&Arc<str>> {
        self.find(name).ok().map(|i| &self.entries[i].value)
    }

    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    pub fn set(&mut self, name: impl AsRef<str> + Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let value = value.into();
        if value.is_empty() {
            self.remove(name.as_ref());
            return;
        }
        match self.find(name.as_ref()) {
            Ok(i) => {
                self.entries[i].value = value;
                if self.entries[i].order == 0 {
                    self.added += 1;
                    self.entries[i].order = self.added;
                }
            }
            Err(i) => {
                self.added += 1;
                self.entries.insert(i, Label { name: name.into(), value, order: self.added });
            }
        }
    }

    /// Sets each label of `others` that is not here yet, as one pass over both.
    pub fn set_missing(&mut self, others: &Labels) {
        let mut merged = Vec::with_capacity(self.entries.len() + others.entries.len());
        let mut own = std::mem::take(&mut self.entries).into_iter().peekable();
        for other in others {
            while let Some(label) = own.next_if(|own| own.name < other.name) {
                merged.push(label);
            }
            if own.peek().is_none_or(|own| own.name != other.name) {
                self.added += 1;
                merged.push(Label { order: self.added, ..other.clone() });
            }
        }
        merged.extend(own);
        self.entries = merged;
    }

    pub fn remove(&mut self, name: &str) {
        if let Ok(i) = self.find(name) {
            self.entries.remove(i);
        }
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Label) -> bool) {
        self.entries.retain(|label| keep(label));
    }

    /// Forgets which labels were added: the set is what the next stage starts from.
    pub fn settle(&mut self) {
        self.added = 0;
        for label in &mut self.entries {
            label.order = 0;
        }
    }

    /// The labels by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Label> {
        self.entries.iter()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The labels in the order rules visit them.
    pub(super) fn visited(&self) -> Vec<Label> {
        let mut labels = self.entries.clone();
        if self.added > 0 {
            labels.sort_by_key(|label| label.order);
        }
        labels
    }

    /// Sets a label as vmagent does: in its place, even to nothing.
    pub(super) fn set_in_place(&mut self, name: &Arc<str>, value: Arc<str>) {
        match self.find(name) {
            Ok(i) => self.entries[i].value = value,
            Err(i) => {
                self.added += 1;
                self.entries.insert(i, Label { name: name.clone(), value, order: self.added });
            }
        }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|label| (*label.name).cmp(name))
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for Label {}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Labels {}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Labels {
    /// Of two labels of one name the later counts; empty ones are left out.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut labels = Labels::new();
        for (name, value) in pairs {
            let name: Arc<str> = name.into();
            labels.set(name, value);
        }
        labels.settle();
        labels
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a Label;
    type IntoIter = std::slice::Iter<'a, Label>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// `up{job="node"}`, as series are written in PromQL.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME: &str = "__name__";
        f.write_str(self.get(NAME))?;
        let mut sep = '{';
        for label in self.entries.iter().filter(|label| &*label.name != NAME) {
            write!(f, "{sep}{}={:?}", label.name, label.value)?;
            sep = ',';
        }
        match (sep, self.has(NAME)) {
            ('{', true) => Ok(()),
            ('{', false) => f.write_str("{}"),
            _ => f.write_str("}"),
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_removes_a_label_and_a_missing_label_is_empty() {
        let mut labels: Labels = [("b", "2"), ("a", "1"), ("c", "")].into_iter().collect();
        assert_eq!(labels.to_string(), r#"{a="1",b="2"}"#);
        labels.set("a", "");
        assert_eq!((labels.get("a"), labels.len()), ("", 1));
        labels.set("__name__", "up");
        assert_eq!(labels.to_string(), r#"up{b="2"}"#);
    }

    #[test]
    fn added_labels_are_visited_after_the_settled_ones_in_the_order_they_came() {
        let mut labels: Labels = [("b", "1"), ("d", "1")].into_iter().collect();
        labels.set("z", "1");
        labels.set("b", "2");
        labels.set("a", "1");
        let names: Vec<_> = labels.visited().into_iter().map(|l| l.name.to_string()).collect();
        assert_eq!(names, ["d", "z", "b", "a"]);
        labels.settle();
        assert_eq!(&*labels.visited()[0].name, "a");
    }
}
