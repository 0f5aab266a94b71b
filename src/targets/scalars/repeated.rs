//! Keys that are in one mapping twice. Readers disagree on which one counts, so that nothing below them is edited.

use std::collections::HashMap;

use super::file_refusal::FileRefusal;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// The values of a file whose keys are there twice, in file order; none is in another one.
pub(super) struct RepeatedKeys(Vec<Repeated>);

struct Repeated {
    value: NodeId,
    first_key: NodeId,
    second_key: NodeId,
}

impl RepeatedKeys {
    pub(super) fn of(yaml: &ParsedYaml<'_>) -> Self {
        let mut repeated = Vec::new();
        for root in yaml.tree.documents.iter().copied() {
            collect(yaml, root, &mut repeated);
        }
        Self(repeated)
    }

    /// Refuses a node below a key that is there twice.
    pub(super) fn refuse(&self, yaml: &ParsedYaml<'_>, node: NodeId) -> Result<(), FileRefusal> {
        let next = self.0.partition_point(|repeated| repeated.value <= node);
        let before = next.checked_sub(1).map(|last| &self.0[last]);
        match before.filter(|repeated| yaml.tree.is_within(node, repeated.value)) {
            Some(Repeated { first_key, second_key, .. }) => {
                Err(FileRefusal::repeated_key(yaml, *first_key, *second_key))
            }
            None => Ok(()),
        }
    }
}

fn collect(yaml: &ParsedYaml<'_>, node: NodeId, repeated: &mut Vec<Repeated>) {
    if !matches!(yaml.tree.kind(node), NodeKind::Mapping(_)) {
        for item in yaml.tree.children(node) {
            collect(yaml, item, repeated);
        }
        return;
    }
    let mut keys: HashMap<&str, Vec<NodeId>> = HashMap::new();
    for pair in yaml.tree.pairs(node) {
        if let Some(text) = yaml.tree.text(pair.key) {
            keys.entry(text).or_default().push(pair.key);
        }
    }
    for pair in yaml.tree.pairs(node) {
        match yaml.tree.text(pair.key).and_then(|text| keys.get(text)).map(Vec::as_slice) {
            Some(&[first_key, second_key, ..]) => {
                repeated.push(Repeated { value: pair.value, first_key, second_key });
            }
            _ => collect(yaml, pair.value, repeated),
        }
    }
}
