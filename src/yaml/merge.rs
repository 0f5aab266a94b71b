//! What a mapping has under a key if merge keys (`<<`) count.

use super::tree::{NodeId, NodeKind, ScalarStyle, Tree};

impl Tree<'_> {
    /// Returns the value that a mapping has under the key: its own, else the first that a merge key brings. Each kind of
    /// file has its own rule for which texts are the key.
    pub(crate) fn effective(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        self.own(mapping, is_key).map(|pair| pair.value).or_else(|| self.inherited(mapping, is_key))
    }

    /// Returns the value that a mapping gets under the key from its merge keys.
    pub(crate) fn inherited(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        self.pairs(mapping).filter(|pair| self.is_merge_key(pair.key)).find_map(|pair| {
            let merged = self.resolve(pair.value);
            match self.kind(merged) {
                NodeKind::Mapping(_) => self.effective(merged, is_key),
                NodeKind::Sequence(_) => self
                    .children(merged)
                    .map(|item| self.resolve(item))
                    .filter(|item| matches!(self.kind(*item), NodeKind::Mapping(_)))
                    .find_map(|item| self.effective(item, is_key)),
                _ => None,
            }
        })
    }

    pub(crate) fn is_merge_key(&self, key: NodeId) -> bool {
        matches!(self.kind(key), NodeKind::Scalar(text, ScalarStyle::Plain) if text == "<<")
    }
}
