//! What a node is, and what is under the own keys of a mapping, which are matched exactly.

use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml};

/// Returns the value under one of a mapping's own keys.
pub(in crate::targets::scalars) fn value_of(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    if !is_mapping(yaml, mapping) {
        return None;
    }
    yaml.tree.pairs_under(mapping, key).next().map(|pair| pair.value)
}

/// Returns the value under several keys, each in the value of the one before.
pub(in crate::targets::scalars) fn value_at(yaml: &ParsedYaml<'_>, mapping: NodeId, keys: &[&str]) -> Option<NodeId> {
    keys.iter().try_fold(mapping, |mapping, key| value_of(yaml, mapping, key))
}

/// Returns the text under one of a mapping's own keys.
pub(in crate::targets::scalars) fn text_of<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
    key: &str,
) -> Option<&'y str> {
    yaml.tree.text(value_of(yaml, mapping, key)?)
}

/// Returns the text of a value, if there is any.
pub(in crate::targets::scalars) fn filled<'y>(yaml: &'y ParsedYaml<'_>, value: NodeId) -> Option<&'y str> {
    yaml.tree.text(value).filter(|text| !text.is_empty() && !yaml.tree.is_null(value))
}

/// Returns the text under one of a mapping's own keys, if there is any.
pub(in crate::targets::scalars) fn text_beside<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
    key: &str,
) -> Option<&'y str> {
    filled(yaml, value_of(yaml, mapping, key)?)
}

/// Returns the pairs of a mapping; none of anything else.
pub(in crate::targets::scalars) fn pairs_of<'y>(
    yaml: &'y ParsedYaml<'_>,
    node: NodeId,
) -> impl Iterator<Item = Pair> + use<'y> {
    is_mapping(yaml, node).then(|| yaml.tree.pairs(node)).into_iter().flatten()
}

pub(in crate::targets::scalars) fn is_mapping(yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
    matches!(yaml.tree.kind(node), NodeKind::Mapping(_))
}

pub(in crate::targets::scalars) fn is_list(yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
    matches!(yaml.tree.kind(node), NodeKind::Sequence(_))
}
