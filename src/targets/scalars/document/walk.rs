//! One walk over all values of a document, each with its path as `helm --set` writes it.

use std::collections::{HashMap, HashSet};

use super::repeated::repeated_keys;
use super::slot::Slot;
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

/// A value that the walk came to.
pub(in crate::targets::scalars) struct Visit<'w> {
    /// Its path from the node at which the walk began.
    pub(in crate::targets::scalars) path: &'w str,
    pub(in crate::targets::scalars) slot: Slot,
    /// The nodes on the way, the value itself included.
    pub(in crate::targets::scalars) trail: &'w [NodeId],
    /// Whether a key on the way is in its mapping twice, so that the path may mean another value too.
    pub(in crate::targets::scalars) is_repeated: bool,
}

/// Visits every pair and item below `node` in reading order. Aliases are not followed.
pub(in crate::targets::scalars) fn walk(yaml: &ParsedYaml<'_>, node: NodeId, visit: &mut dyn FnMut(Visit<'_>)) {
    let mut walk = Walk { yaml, path: String::new(), trail: vec![node], visit };
    walk.below(node, false);
}

struct Walk<'w, 'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    path: String,
    trail: Vec<NodeId>,
    visit: &'w mut dyn FnMut(Visit<'_>),
}

impl Walk<'_, '_, '_> {
    fn below(&mut self, node: NodeId, is_repeated: bool) {
        let (yaml, end) = (self.yaml, self.path.len());
        match yaml.tree.kind(node) {
            NodeKind::Mapping(_) => {
                let repeated = repeated_keys(yaml, node);
                for pair in yaml.tree.pairs(node) {
                    let Some(key) = yaml.tree.text(pair.key) else { continue };
                    if end > 0 {
                        self.path.push('.');
                    }
                    push_escaped(&mut self.path, key);
                    self.step(Slot::of(node, pair), is_repeated || repeated.contains_key(key));
                    self.path.truncate(end);
                }
            }
            NodeKind::Sequence(_) => {
                for (index, item) in yaml.tree.children(node).enumerate() {
                    self.path.push_str(&format!("[{index}]"));
                    self.step(Slot { key: None, value: item, parent: node }, is_repeated);
                    self.path.truncate(end);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, slot: Slot, is_repeated: bool) {
        self.trail.push(slot.value);
        (self.visit)(Visit { path: &self.path, slot, trail: &self.trail, is_repeated });
        self.below(slot.value, is_repeated);
        self.trail.pop();
    }
}

/// Returns the path of a value from the root of its document.
pub(in crate::targets::scalars) fn path_to(yaml: &ParsedYaml<'_>, value: NodeId) -> Option<String> {
    paths_to(yaml, &HashSet::from([value])).remove(&value)
}

/// Returns the path of each value from the root of its document.
pub(in crate::targets::scalars) fn paths_to(
    yaml: &ParsedYaml<'_>,
    values: &HashSet<NodeId>,
) -> HashMap<NodeId, String> {
    let has_one = |root: &NodeId| values.iter().any(|value| yaml.tree.is_within(*value, *root));
    let roots = yaml.tree.documents.iter().copied().filter(has_one);
    roots.flat_map(|root| paths_below(yaml, root, values)).collect()
}

/// Returns the path of each value from `root`, as far as it is below.
pub(in crate::targets::scalars) fn paths_below(
    yaml: &ParsedYaml<'_>,
    root: NodeId,
    values: &HashSet<NodeId>,
) -> HashMap<NodeId, String> {
    let mut paths = HashMap::new();
    walk(yaml, root, &mut |visit| {
        if values.contains(&visit.slot.value) {
            paths.insert(visit.slot.value, visit.path.to_owned());
        }
    });
    paths
}

/// How a path writes a key without characters.
pub(super) const EMPTY_KEY: &str = "\"\"";

/// Returns a key as a step of a path.
pub(in crate::targets::scalars) fn escaped(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    push_escaped(&mut text, key);
    text
}

fn push_escaped(path: &mut String, key: &str) {
    match key {
        "" => path.push_str(EMPTY_KEY),
        EMPTY_KEY => path.push('\\'),
        _ => {}
    }
    for character in key.chars() {
        if matches!(character, '.' | '[' | '\\') {
            path.push('\\');
        }
        path.push(character);
    }
}
