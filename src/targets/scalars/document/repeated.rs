//! Keys that are in one mapping twice. Readers disagree on which one counts, so that nothing below them is edited.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::targets::scalars::file_refusal::FileRefusal;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// The keys of a file that are there twice, collected once a node is asked about.
pub(in crate::targets::scalars) struct RepeatedKeys<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    /// In file order; no value is in another one.
    found: OnceCell<Vec<Repeated>>,
}

struct Repeated {
    value: NodeId,
    first_key: NodeId,
    second_key: NodeId,
}

impl<'p, 'd> RepeatedKeys<'p, 'd> {
    pub(in crate::targets::scalars) fn of(yaml: &'p ParsedYaml<'d>) -> Self {
        Self { yaml, found: OnceCell::new() }
    }

    /// Refuses a node below a key that is there twice.
    pub(in crate::targets::scalars) fn refuse(&self, node: NodeId) -> Result<(), FileRefusal> {
        let found = self.found.get_or_init(|| self.collect());
        let next = found.partition_point(|repeated| repeated.value <= node);
        let before = next.checked_sub(1).map(|last| &found[last]);
        match before.filter(|repeated| self.yaml.tree.is_within(node, repeated.value)) {
            Some(Repeated { first_key, second_key, .. }) => {
                Err(FileRefusal::repeated_key(self.yaml, *first_key, *second_key))
            }
            None => Ok(()),
        }
    }

    fn collect(&self) -> Vec<Repeated> {
        let mut found = Vec::new();
        for root in self.yaml.tree.documents.iter().copied() {
            collect(self.yaml, root, &mut found);
        }
        found
    }
}

fn collect(yaml: &ParsedYaml<'_>, node: NodeId, found: &mut Vec<Repeated>) {
    if !matches!(yaml.tree.kind(node), NodeKind::Mapping(_)) {
        for item in yaml.tree.children(node) {
            collect(yaml, item, found);
        }
        return;
    }
    let repeated = repeated_keys(yaml, node);
    for pair in yaml.tree.pairs(node) {
        match yaml.tree.text(pair.key).and_then(|text| repeated.get(text)) {
            Some(&[first_key, second_key]) => found.push(Repeated { value: pair.value, first_key, second_key }),
            None => collect(yaml, pair.value, found),
        }
    }
}

/// Returns the keys that a mapping has more than once, each with its first two nodes.
pub(super) fn repeated_keys<'y>(yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> HashMap<&'y str, [NodeId; 2]> {
    let keys = yaml.tree.pairs(mapping).filter_map(|pair| Some((yaml.tree.text(pair.key)?, pair.key)));
    let mut keys: Vec<(&str, NodeId)> = keys.collect();
    keys.sort_unstable();
    let mut repeated = HashMap::new();
    for pair in keys.windows(2) {
        if let [(text, first), (other, second)] = pair
            && text == other
        {
            repeated.entry(*text).or_insert([*first, *second]);
        }
    }
    repeated
}
