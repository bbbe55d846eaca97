//! Evaluating a template once for all clusters that use it alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::settings::Settings;
use super::template::{Origins, Template};
use crate::diag::{Diagnostic, Origin};
use crate::object::{NodeId, Tree};

/// Results kept at once. A fleet has a handful of ways to use a template; one that has more is
/// evaluated again rather than held in memory.
const KEPT: usize = 256;
/// Marks an origin that is a line of the template and no entry of any table.
const LINE: u32 = 1 << 31;

/// Results by template and settings, for all clusters and threads. Origins in the settings are part
/// of them: equal numbers mean what the table of whoever asks says they mean.
#[derive(Debug, Default)]
pub struct Memo {
    results: Mutex<BTreeMap<(String, Settings), Arc<Evaluated>>>,
}

/// What a template made of settings, to be copied from.
#[derive(Debug)]
pub struct Evaluated {
    file: String,
    tree: Tree,
    root: Option<NodeId>,
}

impl Memo {
    /// # Errors
    /// As [`Template::eval`].
    pub fn eval(&self, template: &Template, settings: Settings) -> Result<Arc<Evaluated>, Box<Diagnostic>> {
        let key = (template.path().to_owned(), settings);
        let results = || self.results.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = results().get(&key) {
            return Ok(Arc::clone(known));
        }
        // Not under the lock: two threads may do the same work once.
        let mut tree = Tree::new();
        let root = template.eval(&key.1, &mut tree, &mut |_, line| Origin(LINE | line))?;
        let new = Arc::new(Evaluated { file: key.0.clone(), tree, root });
        let mut results = results();
        if results.len() >= KEPT {
            results.clear();
        }
        results.insert(key, Arc::clone(&new));
        Ok(new)
    }
}

impl Evaluated {
    /// To be looked at: its origins mean nothing yet.
    pub fn root(&self) -> Option<(&Tree, NodeId)> {
        self.root.map(|root| (&self.tree, root))
    }

    /// Copies it into `tree`: the root, or none where the whole document was dropped.
    pub fn copy_into(&self, tree: &mut Tree, origins: Origins<'_>) -> Option<NodeId> {
        let mut origin = |origin: Origin| match origin.0 & LINE {
            0 => origin,
            _ => origins(&self.file, origin.0 & !LINE),
        };
        Some(tree.copy_from(&self.tree, self.root?, "", &mut origin))
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::DashboardInput;
    use super::super::{Catalog, Versions};
    use super::*;

    #[test]
    fn equal_settings_are_evaluated_once() {
        let catalog = Catalog::builtin();
        let template = catalog.dashboard_template(catalog.dashboard("lanes").unwrap()).unwrap();
        let memo = Memo::default();
        let run = |uid: &str| {
            let input = DashboardInput { uid: uid.to_owned(), ..DashboardInput::sample() };
            memo.eval(template, input.settings(&Versions::new())).unwrap()
        };
        let (first, again, other) = (run("a"), run("a"), run("b"));
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn a_copy_is_what_evaluating_anew_gives() {
        let catalog = Catalog::builtin();
        let template = catalog.dashboard_template(catalog.dashboard("lanes").unwrap()).unwrap();
        let settings = DashboardInput::sample().settings(&Versions::new());
        let mut origin = |_: &str, line: u32| Origin(line + 7);
        let (mut new, mut copy) = (Tree::new(), Tree::new());
        let root = template.eval(&settings, &mut new, &mut origin).unwrap().unwrap();
        let copied = Memo::default().eval(template, settings).unwrap().copy_into(&mut copy, &mut origin).unwrap();
        let (mut one, mut two) = (Vec::new(), Vec::new());
        listed(&new, root, &mut one);
        listed(&copy, copied, &mut two);
        assert!(one.len() > 10 && one == two);
    }

    fn listed(tree: &Tree, node: NodeId, out: &mut Vec<(String, String, u32)>) {
        out.push((tree.key(node).to_owned(), format!("{:?}", tree.value(node)), tree.origin(node).0));
        tree.children(node).for_each(|child| listed(tree, child, out));
    }
}
