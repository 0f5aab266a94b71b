//! What a mapping itself has under a key. A mapping may have thousands of images, and to look among all keys for each of
//! them takes minutes: so those of a large one are sorted, once.

use std::rc::Rc;

use super::tree::{NodeId, Pair, Tree};

/// How many nodes a mapping has at least whose keys are sorted.
const MANY: usize = 64;

impl Tree<'_> {
    /// Returns the first pair of a mapping whose key is the wanted one.
    pub fn own(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<Pair> {
        self.pairs(mapping).find(|pair| self.text(pair.key).is_some_and(is_key))
    }

    /// Returns the pairs of a mapping under `key`, as they are written.
    pub fn pairs_under<'t>(&'t self, mapping: NodeId, key: &'t str) -> impl Iterator<Item = Pair> + 't {
        let sorted = (self.subtree(mapping).len() > MANY).then(|| self.sorted_pairs(mapping));
        let all = sorted.is_none().then(|| self.pairs(mapping)).into_iter().flatten();
        let sorted = sorted.unwrap_or_default();
        let mut next = sorted.partition_point(|pair| self.text(pair.key) < Some(key));
        let found = std::iter::from_fn(move || {
            next += 1;
            sorted.get(next - 1).copied()
        });
        let is_under = move |pair: &Pair| self.text(pair.key) == Some(key);
        all.filter(is_under).chain(found.take_while(is_under))
    }

    fn sorted_pairs(&self, mapping: NodeId) -> Rc<[Pair]> {
        let sort = || {
            let mut pairs: Vec<Pair> = self.pairs(mapping).collect();
            pairs.sort_by_key(|pair| self.text(pair.key));
            pairs.into()
        };
        self.sorted.borrow_mut().entry(mapping).or_insert_with(sort).clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::SourceText;
    use crate::first_reader;
    use crate::tree::Pair;

    #[test]
    fn a_large_mapping_has_what_a_search_among_all_finds() {
        for count in [3, 200] {
            let keys = (0..count).map(|n| format!("k{}: {n}\n{n}: {{a: b}}\n", n % 70)).collect::<String>();
            let text = format!("<<: {{x: 1}}\nb: 2\n? [c]\n: 3\n'': 4\n{keys}<<: {{y: 1}}\nb: 5\nk1: 6\n");
            let source = SourceText::read(text.as_bytes()).unwrap();
            let yaml = first_reader::parse(&source).unwrap();
            let (tree, root) = (&yaml.tree, yaml.tree.documents[0]);
            for key in ["<<", "b", "", "k", "k0", "k1", "k69", "k7", "199", "c", "zz"] {
                let expected: Vec<Pair> = tree.pairs(root).filter(|pair| tree.text(pair.key) == Some(key)).collect();
                assert_eq!(tree.pairs_under(root, key).collect::<Vec<_>>(), expected, "{key} of {count}");
            }
        }
    }
}
