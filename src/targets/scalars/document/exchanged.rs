//! Compares one reader's view of a text before and after an edit that exchanges scalars: each node is what it was, but for
//! those that were exchanged.

use super::document_kind::document_kind;
use crate::yaml::{Difference, NodeComparison, NodeId, ParsedYaml, differs};

/// Compares all nodes of two texts of the file at `path`. `exchanged` compares those that may change; it returns nothing for
/// any other node.
pub(in crate::targets::scalars) fn compare(
    path: &str,
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    exchanged: impl Fn(&mut NodeComparison<'_, '_>, NodeId, NodeId) -> Option<Result<(), Difference>>,
) -> Result<(), Difference> {
    if old.tree.documents.len() != new.tree.documents.len() {
        return differs("the file has another number of documents");
    }
    let mut nodes = NodeComparison::new(old, new);
    for (old_root, new_root) in old.tree.documents.iter().zip(&new.tree.documents) {
        if document_kind(path, old, *old_root) != document_kind(path, new, *new_root) {
            return differs("a document is of another kind");
        }
        let (old_nodes, new_nodes) = (old.tree.subtree(*old_root), new.tree.subtree(*new_root));
        if old_nodes.len() != new_nodes.len() {
            return differs("a document has another number of values");
        }
        for (old_node, new_node) in old_nodes.zip(new_nodes) {
            let compared = match exchanged(&mut nodes, old_node, new_node) {
                Some(compared) => compared,
                None => nodes.node(old_node, new_node, "a value"),
            };
            compared.map_err(|difference| difference.at(old_node))?;
            if old.tree.subtree(old_node).len() != new.tree.subtree(new_node).len() {
                return differs("a value is not what it was").map_err(|difference: Difference| difference.at(old_node));
            }
        }
    }
    Ok(())
}
