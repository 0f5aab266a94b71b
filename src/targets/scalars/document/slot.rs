//! A place for a part of an image: one scalar of the file, which an edit replaces.

use crate::yaml::{NodeId, Pair, ParsedYaml};

/// One scalar: the value of a pair, or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets::scalars) struct Slot {
    /// `None` for an item.
    pub(in crate::targets::scalars) key: Option<NodeId>,
    pub(in crate::targets::scalars) value: NodeId,
    /// The mapping or the list.
    pub(in crate::targets::scalars) parent: NodeId,
}

impl Slot {
    pub(in crate::targets::scalars) fn of(mapping: NodeId, pair: Pair) -> Self {
        Self { key: Some(pair.key), value: pair.value, parent: mapping }
    }

    /// Returns the text of its key; nothing for an item.
    pub(in crate::targets::scalars) fn key_text<'y>(self, yaml: &'y ParsedYaml<'_>) -> &'y str {
        self.key.and_then(|key| yaml.tree.text(key)).unwrap_or_default()
    }

    pub(in crate::targets::scalars) fn pair(self) -> Option<Pair> {
        self.key.map(|key| Pair { key, value: self.value })
    }
}
