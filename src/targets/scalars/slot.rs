//! A place for a part of an image: one scalar of the file, which an edit replaces.

use crate::yaml::{NodeId, Pair, ParsedYaml};

/// One scalar: the value of a pair, or an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// `None` for an item.
    pub(super) key: Option<NodeId>,
    pub(super) value: NodeId,
    /// The mapping or the list.
    pub(super) parent: NodeId,
}

impl Slot {
    pub(super) fn of(mapping: NodeId, pair: Pair) -> Self {
        Self { key: Some(pair.key), value: pair.value, parent: mapping }
    }

    /// Returns the text of its key; nothing for an item.
    pub(super) fn key_text<'y>(self, yaml: &'y ParsedYaml<'_>) -> &'y str {
        self.key.and_then(|key| yaml.tree.text(key)).unwrap_or_default()
    }

    pub(super) fn pair(self) -> Option<Pair> {
        self.key.map(|key| Pair { key, value: self.value })
    }
}
