//! A text as a reader sees it that follows aliases and merge keys. Each node knows where it comes from, so that what is found in
//! this tree can be told, and edited, where it is written.

use std::collections::HashMap;

use super::error::{Shape, YamlError};
use super::parsed::ParsedYaml;
use super::tree::{NodeId, NodeKind, Pair, Tree};

/// How deep collections may be nested once aliases are followed.
const MAX_DEPTH: usize = 512;

/// A text without aliases and merge keys.
#[derive(Debug)]
pub struct ExpandedYaml<'d> {
    pub yaml: ParsedYaml<'d>,
    copied: Vec<Copied>,
}

#[derive(Debug)]
struct Copied {
    /// The node that is written in the text.
    node: NodeId,
    /// The first alias or merge key on the way to the node.
    through: Option<NodeId>,
}

impl ExpandedYaml<'_> {
    /// Returns the node that is written in the text.
    pub fn origin(&self, node: NodeId) -> NodeId {
        self.copied[node.index()].node
    }

    /// Returns the first alias or merge key, as it is written, on the way to a node.
    pub fn through(&self, node: NodeId) -> Option<NodeId> {
        self.copied[node.index()].through
    }
}

impl<'d> ParsedYaml<'d> {
    /// Returns the text with its aliases and merge keys followed; nothing if it has none.
    ///
    /// # Errors
    ///
    /// It is nested too deeply then.
    pub fn expanded(&self) -> Result<Option<ExpandedYaml<'d>>, YamlError> {
        if !self.tree.has_references() {
            return Ok(None);
        }
        let mut expansion = Expansion { old: self, tree: Tree::default(), copied: Vec::new() };
        for root in self.tree.documents.iter().copied() {
            let at = expansion.node(root, None, 0)?;
            expansion.tree.documents.push(at);
        }
        let Expansion { tree, copied, .. } = expansion;
        Ok(Some(ExpandedYaml { yaml: ParsedYaml::new(self.source, tree), copied }))
    }
}

struct Expansion<'y, 'd> {
    old: &'y ParsedYaml<'d>,
    tree: Tree<'d>,
    copied: Vec<Copied>,
}

impl Expansion<'_, '_> {
    fn node(&mut self, node: NodeId, through: Option<NodeId>, depth: usize) -> Result<NodeId, YamlError> {
        let old = &self.old.tree;
        if depth > MAX_DEPTH {
            return Err(self.old.refuse(through.unwrap_or(node), Shape::TooDeep));
        }
        let (node, through) = match old.kind(node) {
            NodeKind::Alias(target) => (*target, through.or(Some(node))),
            _ => (node, through),
        };
        let id = self.tree.push_copy(old, node);
        self.copied.push(Copied { node, through });
        match old.kind(node) {
            NodeKind::Sequence(_) => {
                for item in old.children(node) {
                    self.node(item, through, depth + 1)?;
                }
            }
            NodeKind::Mapping(_) => {
                for (pair, merge) in pairs(old, node) {
                    let through = through.or(merge);
                    self.node(pair.key, through, depth + 1)?;
                    self.node(pair.value, through, depth + 1)?;
                }
            }
            _ => {}
        }
        self.tree.end_here(id);
        Ok(id)
    }
}

/// Returns the pairs that a mapping has if merge keys count, each with the merge key that brings it. If readers disagree on which
/// of two pairs counts, because a merge key stands behind the key that it brings, both are returned.
fn pairs(tree: &Tree<'_>, mapping: NodeId) -> Vec<(Pair, Option<NodeId>)> {
    let pairs_of = || tree.pairs(mapping).enumerate();
    if !pairs_of().any(|(_, pair)| tree.is_merge_key(pair.key)) {
        return pairs_of().map(|(_, pair)| (pair, None)).collect();
    }
    let own: HashMap<&str, usize> =
        pairs_of().filter_map(|(index, pair)| Some((tree.text(pair.key)?, index))).collect();
    let mut brought_by: HashMap<&str, NodeId> = HashMap::new();
    let mut all = Vec::new();
    for (index, pair) in pairs_of() {
        if !tree.is_merge_key(pair.key) {
            all.push((pair, None));
            continue;
        }
        for brought in tree.merged(pair.value).flat_map(|source| pairs(tree, source)).map(|(brought, _)| brought) {
            let Some(key) = tree.text(brought.key) else { continue };
            let is_own = own.get(key).is_some_and(|own| *own > index);
            if !is_own && brought_by.insert(key, pair.key) != Some(pair.key) {
                all.push((brought, Some(pair.key)));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, ParsedYaml};
    use crate::{NodeKind, SourceText, read};

    /// Returns a text's nodes: collections as `{` and `[`, and an `!` before each that an alias or a merge key leads to.
    fn written(yaml: &ParsedYaml<'_>) -> String {
        let expanded = yaml.expanded().unwrap().unwrap();
        let tree = &expanded.yaml.tree;
        let text = |node| {
            let text = match tree.kind(node) {
                NodeKind::Mapping(_) => "{",
                NodeKind::Sequence(_) => "[",
                NodeKind::Scalar(text, _) => text,
                NodeKind::Alias(_) | NodeKind::Null => "?",
            };
            let is_behind = expanded.through(node).is_some();
            format!("{}{text}", if is_behind { "!" } else { "" })
        };
        tree.documents.iter().flat_map(|root| tree.subtree(*root)).map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        for (text, expected) in [
            ("a: &a [x]\nb: *a\n", "{ a [ x b ![ !x"),
            ("a: &a {k: v}\nb: {<<: *a, l: w}\n", "{ a { k v b { !k !v l w"),
            ("a: &a {k: v}\nb: {<<: *a, k: w}\n", "{ a { k v b { k w"),
            ("a: &a {k: v}\nb: {k: w, <<: *a}\n", "{ a { k v b { k w !k !v"),
            ("a: &a {k: v}\nb: &b {k: w}\nc: {<<: [*a, *b]}\n", "{ a { k v b { k w c { !k !v"),
            ("a: &a {k: v}\nb: &b {<<: *a}\nc: *b\n", "{ a { k v b { !k !v c !{ !k !v"),
            ("b: {<<: {k: v}}\n", "{ b { !k !v"),
        ] {
            let source = SourceText::read(text.as_bytes()).unwrap();
            assert_eq!(written(&read(&source).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_text_without_references_is_not_copied() {
        let source = SourceText::read(b"a: &a [x, '<<']\n").unwrap();
        assert!(read(&source).unwrap().expanded().unwrap().is_none());
    }

    #[test]
    fn what_aliases_nest_too_deeply_is_refused() {
        let lines = (1..=MAX_DEPTH).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1));
        let text = format!("a0: &a0 [x]\n{}", lines.collect::<String>());
        let source = SourceText::read(text.as_bytes()).unwrap();
        let error = read(&source).unwrap().expanded().unwrap_err();
        assert!(error.to_string().contains("nested too deeply"), "{error}");
    }
}
