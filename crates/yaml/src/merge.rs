//! What a mapping has under a key if merge keys (`<<`) count.

use super::tree::{NodeId, NodeKind, Pair, ScalarStyle, Tree};

/// The key whose value is merged into its mapping, if it has no quotes.
const MERGE: &str = "<<";

impl Tree<'_> {
    /// Returns the value that a mapping has under the key: its own, else the first that a merge key brings. Each kind of
    /// file has its own rule for which texts are the key.
    pub fn effective(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        self.own(mapping, is_key).map(|pair| pair.value).or_else(|| self.inherited(mapping, is_key))
    }

    /// Returns the value that a mapping gets under the key from its merge keys.
    pub fn inherited(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        self.pairs_under(mapping, MERGE).find_map(|pair| self.brought_by(pair, is_key))
    }

    /// Returns the merge key that stands behind the mapping's own key, or behind any other one if it has none, and brings the
    /// key too. YAML lets the own key count; the parser of kustomize, Helm and Flux takes what comes last.
    pub fn merged_over(&self, mapping: NodeId, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        let mut merges = self.pairs_under(mapping, MERGE).peekable();
        merges.peek()?;
        let own = self.own(mapping, is_key).or_else(|| self.pairs(mapping).next())?.key;
        merges.filter(|pair| pair.key > own).find(|pair| self.brought_by(*pair, is_key).is_some()).map(|pair| pair.key)
    }

    /// Returns the value that a pair brings under the key, if it is a merge key.
    fn brought_by(&self, pair: Pair, is_key: &dyn Fn(&str) -> bool) -> Option<NodeId> {
        if !self.is_merge_key(pair.key) {
            return None;
        }
        self.merged(pair.value).find_map(|mapping| self.effective(mapping, is_key))
    }

    /// Returns the mappings that the value of a merge key stands for.
    pub(crate) fn merged(&self, value: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let value = self.resolve(value);
        let items = matches!(self.kind(value), NodeKind::Sequence(_)).then(|| self.children(value));
        let items = items.into_iter().flatten().map(|item| self.resolve(item));
        let is_mapping = |node: &NodeId| matches!(self.kind(*node), NodeKind::Mapping(_));
        std::iter::once(value).chain(items).filter(is_mapping)
    }

    /// Whether any node is an alias or a merge key.
    pub(crate) fn has_references(&self) -> bool {
        let mut nodes = self.documents.iter().flat_map(|root| self.subtree(*root));
        nodes.any(|node| matches!(self.kind(node), NodeKind::Alias(_)) || self.is_merge_key(node))
    }

    /// Whether a key is `<<`, without quotes: its value is merged into the mapping.
    pub fn is_merge_key(&self, key: NodeId) -> bool {
        matches!(self.kind(key), NodeKind::Scalar(text, ScalarStyle::Plain) if text == MERGE)
    }
}
