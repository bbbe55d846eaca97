//! Where a value came from.

use super::Span;

/// Index into [`Origins`]; 0 means "the same as the parent".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin(pub u32);

impl Origin {
    pub const INHERIT: Origin = Origin(0);
}

/// The cause of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Why {
    /// Written in the spec, at this place.
    Spec(Span),
    /// A default of the language or of the catalog; the text says which: `language default`,
    /// `catalog job/node-exporter`.
    Default(&'static str),
    /// From a template of the catalog, `exporters/node-exporter/workload.yaml:12`.
    Template { file: String, line: u32 },
    /// Set by a `patch` or taken from a `raw` file, at this place in the spec.
    Patch(Span),
    /// Computed, with the formula or reason, from other values.
    Derived { reason: &'static str, from: Vec<Origin> },
}

/// All causes of one compilation. A cluster's table starts where the fleet's ends, so that the
/// fleet's part is shared, frozen, and a cluster's part dropped with the cluster.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    base: u32,
    whys: Vec<Why>,
}

impl Origins {
    /// A table that continues `fleet`: lookups of smaller numbers go to `fleet`.
    pub fn continuing(fleet: &Origins) -> Self {
        Origins { base: fleet.base + fleet.whys.len() as u32, whys: Vec::new() }
    }

    pub fn add(&mut self, why: Why) -> Origin {
        self.whys.push(why);
        Origin(self.base + self.whys.len() as u32)
    }

    /// Takes over what `longer`, a later state of this same table, has more.
    pub fn catch_up(&mut self, longer: &Origins) {
        self.base = longer.base;
        self.whys.extend_from_slice(longer.whys.get(self.whys.len()..).unwrap_or_default());
    }

    pub fn spec(&mut self, span: Span) -> Origin {
        self.add(Why::Spec(span))
    }

    /// The cause, if it is in this table (not in the one it continues).
    pub fn get(&self, origin: Origin) -> Option<&Why> {
        origin.0.checked_sub(self.base + 1).and_then(|i| self.whys.get(i as usize))
    }

    /// The cause, looked up in `self` and then in the table it continues.
    pub fn resolve<'a>(&'a self, fleet: &'a Origins, origin: Origin) -> Option<&'a Why> {
        self.get(origin).or_else(|| fleet.get(origin))
    }

    /// The nearest spec line behind an origin: its own, or the first one it was derived from.
    pub fn span(&self, fleet: &Origins, origin: Origin) -> Span {
        match self.resolve(fleet, origin) {
            Some(Why::Spec(span) | Why::Patch(span)) => *span,
            Some(Why::Derived { from, .. }) => {
                // Derivations only point at older entries, so this ends.
                from.iter().map(|o| self.span(fleet, *o)).find(|s| !s.is_none()).unwrap_or(Span::NONE)
            }
            _ => Span::NONE,
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Sourced { value, origin }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: f(self.value), origin: self.origin }
    }

    pub fn as_ref(&self) -> Sourced<&T> {
        Sourced { value: &self.value, origin: self.origin }
    }
}

impl<T> std::ops::Deref for Sourced<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileId;
    use super::*;

    #[test]
    fn a_derived_value_points_at_the_line_it_came_from() {
        let mut fleet = Origins::default();
        let line = fleet.spec(Span::new(FileId(0), 4, 9));
        let mut cluster = Origins::continuing(&fleet);
        let derived = cluster.add(Why::Derived { reason: "80 % of the volume", from: vec![line] });
        assert_eq!(cluster.span(&fleet, derived), Span::new(FileId(0), 4, 9));
        assert_eq!(cluster.get(line), None);
        assert_eq!(cluster.span(&fleet, Origin::INHERIT), Span::NONE);
    }
}
