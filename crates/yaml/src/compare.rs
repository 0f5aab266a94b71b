//! Compares nodes of an edited text with those of the old one: equal in kind, text, style, tag and depth, and an alias
//! stands for what it stood for.

use std::collections::HashMap;

use super::parsed::ParsedYaml;
use super::tree::NodeId;
use super::tree::NodeKind;

/// What an edit changed that it should not have changed, or did not change that it should have.
#[derive(Debug)]
pub struct Difference {
    pub text: String,
    /// The node of the old text that it is about, if that is known.
    pub node: Option<NodeId>,
}

impl Difference {
    /// Adds the node that it is about, unless it names one already.
    pub fn at(self, node: NodeId) -> Self {
        Self { node: self.node.or(Some(node)), ..self }
    }
}

/// Returns the error for a difference that is about no node in particular.
pub fn differs<T>(text: impl Into<String>) -> Result<T, Difference> {
    Err(Difference { text: text.into(), node: None })
}

/// One reader's view of a text before and after an edit.
pub struct NodeComparison<'p, 'd> {
    pub old: &'p ParsedYaml<'d>,
    pub new: &'p ParsedYaml<'d>,
    /// The new node for each old one, of those that have an anchor.
    anchors: HashMap<NodeId, NodeId>,
}

impl<'p, 'd> NodeComparison<'p, 'd> {
    /// Compares what one reader read before and after the edit.
    pub fn new(old: &'p ParsedYaml<'d>, new: &'p ParsedYaml<'d>) -> Self {
        Self { old, new, anchors: HashMap::new() }
    }

    /// Compares one node with another, without its children.
    pub fn node(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), Difference> {
        if !self.is_same_kind(old, new) || self.old.tree.tag(old) != self.new.tree.tag(new) {
            return differs(format!("`{what}` is not what it was"));
        }
        self.anchor(old, new, what)
    }

    /// Whether two nodes have the same kind and text; aliases, whether they stand for the same node.
    pub fn is_same_kind(&self, old: NodeId, new: NodeId) -> bool {
        match (self.old.tree.kind(old), self.new.tree.kind(new)) {
            (NodeKind::Alias(old), NodeKind::Alias(new)) => self.anchors.get(old) == Some(new),
            (old, new) => old == new,
        }
    }

    /// Compares whether two nodes have an anchor, and remembers them for their aliases.
    pub fn anchor(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), Difference> {
        match (self.old.tree.is_anchored(old), self.new.tree.is_anchored(new)) {
            (false, false) => Ok(()),
            (true, true) => {
                self.anchors.insert(old, new);
                Ok(())
            }
            _ => differs(format!("`{what}` has an anchor more or less")),
        }
    }

    /// Compares two nodes and all that is in them.
    pub fn subtree(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), Difference> {
        let (old_nodes, new_nodes) = (self.old.tree.subtree(old), self.new.tree.subtree(new));
        if old_nodes.len() != new_nodes.len() {
            return differs(format!("`{what}` is not what it was"));
        }
        for (old, new) in old_nodes.zip(new_nodes) {
            self.node(old, new, what)?;
            let is_as_deep = self.old.tree.subtree(old).len() == self.new.tree.subtree(new).len();
            if !is_as_deep {
                return differs(format!("`{what}` is not what it was"));
            }
        }
        Ok(())
    }
}
