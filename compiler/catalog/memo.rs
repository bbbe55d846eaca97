//! Evaluating a template once for all clusters that use it alike.

use std::collections::BTreeMap;

use super::settings::Settings;
use super::template::{Origins, Template};
use crate::diag::Diagnostic;
use crate::object::{NodeId, Tree};

/// Results by template and settings. Origins are part of the settings, so those of the fleet are
/// shared and those of one cluster keep their results apart; `origins` must give the same for the
/// same line every time.
#[derive(Debug, Default)]
pub struct Memo {
    results: BTreeMap<(String, Settings), (Tree, Option<NodeId>)>,
}

impl Memo {
    /// The tree, and its root unless the whole document was dropped. To be copied from.
    ///
    /// # Errors
    /// As [`Template::eval`].
    pub fn eval(
        &mut self,
        template: &Template,
        settings: Settings,
        origins: Origins<'_>,
    ) -> Result<(&Tree, Option<NodeId>), Box<Diagnostic>> {
        use std::collections::btree_map::Entry;
        let (tree, root) = match self.results.entry((template.path().to_owned(), settings)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let mut tree = Tree::new();
                let root = template.eval(&new.key().1, &mut tree, origins)?;
                new.insert((tree, root))
            }
        };
        Ok((tree, *root))
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::DashboardInput;
    use super::super::{Catalog, Versions};
    use super::*;
    use crate::diag::Origin;

    #[test]
    fn equal_settings_are_evaluated_once() {
        let catalog = Catalog::builtin();
        let template = catalog.dashboard_template(catalog.dashboard("lanes").unwrap()).unwrap();
        let (mut memo, mut lines) = (Memo::default(), 0);
        let mut run = |uid: &str| {
            let input = DashboardInput { uid: uid.to_owned(), ..DashboardInput::sample() };
            let mut count = |_: &str, _| {
                lines += 1;
                Origin::INHERIT
            };
            let (tree, root) = memo.eval(template, input.settings(&Versions::new()), &mut count).unwrap();
            let uid = tree.get(root.unwrap(), "uid").and_then(|n| tree.as_str(n)).unwrap().to_owned();
            (uid, lines)
        };
        let (first, once) = run("a");
        let (again, still) = run("a");
        let (other, more) = run("b");
        assert_eq!((first.as_str(), again.as_str(), other.as_str()), ("a", "a", "b"));
        assert!(once > 0 && still == once && more > once);
    }
}
