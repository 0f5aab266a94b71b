//! A YAML document as one list of nodes in reading order, borrowing its texts. Nodes of both readers look alike, so
//! that they can be compared; only nodes of the first reader have a place.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::error::Shape;

/// A node's position in reading order: a collection comes before its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Block,
    Flow,
}

/// What a node is, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind<'s> {
    /// Nothing at all, as in `newTag:`. A `~` is a plain scalar.
    Null,
    Scalar(Cow<'s, str>, ScalarStyle),
    Alias(NodeId),
    Sequence(Layout),
    Mapping(Layout),
}

#[derive(Debug, Clone)]
pub(crate) struct Node<'s> {
    pub(crate) kind: NodeKind<'s>,
    /// The bytes of the value, without anchor, tag and block scalar header. A collection in block style has a start
    /// only, and nothing has no place that means anything.
    pub(crate) span: Range<usize>,
    /// The node after this one and all that is in it.
    after: usize,
    has_properties: bool,
}

/// What may stand before a value: an anchor, a tag.
#[derive(Debug, Default, Clone)]
struct Properties {
    anchor: bool,
    tag: Option<String>,
    span: Option<Range<usize>>,
}

/// A key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub key: NodeId,
    pub value: NodeId,
}

/// All nodes of a text, of all of its documents.
#[derive(Debug, Default)]
pub struct Tree<'s> {
    nodes: Vec<Node<'s>>,
    properties: HashMap<NodeId, Properties>,
    aliases: HashMap<NodeId, Vec<NodeId>>,
    pub documents: Vec<NodeId>,
    /// The pairs of large mappings, by their keys, and those of one key as they are written.
    pub(crate) sorted: RefCell<HashMap<NodeId, Rc<[Pair]>>>,
}

impl<'s> Tree<'s> {
    pub(crate) fn node(&self, id: NodeId) -> &Node<'s> {
        &self.nodes[id.0]
    }

    /// Returns what a node is.
    pub fn kind(&self, id: NodeId) -> &NodeKind<'s> {
        &self.node(id).kind
    }

    /// Returns the bytes of a node's value, without its anchor and tag.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        self.node(id).span.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the anchor and the tag of a node, if it has one of them.
    fn properties(&self, id: NodeId) -> Option<&Properties> {
        if self.node(id).has_properties { self.properties.get(&id) } else { None }
    }

    /// Returns the tag that is written before a node.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        self.properties(id)?.tag.as_deref()
    }

    /// Returns whether an anchor is written before a node.
    pub fn is_anchored(&self, id: NodeId) -> bool {
        self.properties(id).is_some_and(|properties| properties.anchor)
    }

    /// Returns the scalars that start in a range, in reading order. Nothing (`newTag:`) is none.
    pub(crate) fn scalars_in(&self, range: &Range<usize>) -> Vec<NodeId> {
        let is_scalar = |node: &Node<'_>| matches!(node.kind, NodeKind::Scalar(..)) && range.contains(&node.span.start);
        let first = self.nodes.partition_point(|node| node.span.start < range.start);
        let last = self.nodes.partition_point(|node| node.span.start < range.end);
        let nodes = (first..last.max(first)).filter(|index| is_scalar(&self.nodes[*index]));
        nodes.map(NodeId).collect()
    }

    /// Whether two trees differ in the texts and the styles of scalars alone.
    pub(crate) fn is_shaped_as(&self, other: &Tree<'_>) -> bool {
        let is_alike = |one: &NodeKind<'_>, other: &NodeKind<'_>| match (one, other) {
            (NodeKind::Scalar(..), NodeKind::Scalar(..)) => true,
            (one, other) => one == other,
        };
        let is_so = |(one, two): (&Node<'_>, &Node<'_>)| is_alike(&one.kind, &two.kind) && one.after == two.after;
        self.nodes.len() == other.nodes.len() && self.nodes.iter().zip(&other.nodes).all(is_so)
    }

    /// Whether the nodes of this tree that start in a range, one end of a run of entries, are those of `other`, which is a
    /// tree of that part alone and has a collection around them: in kind and text, and in place but for collections, that
    /// end elsewhere.
    pub(crate) fn has_entries_of(&self, other: &Tree<'_>, range: &Range<usize>) -> bool {
        let first = self.nodes.partition_point(|node| node.span.start < range.start);
        let last = self.nodes.partition_point(|node| node.span.start < range.end);
        let Some(entries) = other.nodes.get(1..) else { return false };
        let Some(nodes) = self.nodes.get(first..last.max(first)) else { return false };
        let Some(skipped) = nodes.len().checked_sub(entries.len()) else { return false };
        // The collection around them starts here if they are the first ones in it.
        let is_alike = |(index, (node, entry)): (usize, (&Node<'_>, &Node<'_>))| {
            node.kind == entry.kind
                && node.span == (entry.span.start + range.start..entry.span.end + range.start)
                && node.after - (first + skipped + index) == entry.after - (1 + index)
        };
        skipped <= 1 && nodes[skipped..].iter().zip(entries).enumerate().all(is_alike)
    }

    /// Whether any node has an anchor or a tag.
    pub(crate) fn has_properties(&self) -> bool {
        !self.properties.is_empty()
    }

    /// Adds a node of another tree, without what is in it.
    pub(crate) fn push_copy(&mut self, other: &Self, node: NodeId) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { after: id.0 + 1, ..other.node(node).clone() });
        self.properties.extend(other.properties(node).map(|properties| (id, properties.clone())));
        id
    }

    /// Ends a collection behind the node that was added last.
    pub(crate) fn end_here(&mut self, id: NodeId) {
        self.nodes[id.0].after = self.nodes.len();
    }

    /// Returns the tree with other places, and with other scalars in place of some.
    pub(crate) fn exchanged(
        &self,
        moved: impl Fn(usize) -> usize,
        scalars: Vec<(NodeId, NodeKind<'s>, Range<usize>)>,
    ) -> Self {
        let moved = |span: &Range<usize>| moved(span.start)..moved(span.end);
        let node = |node: &Node<'s>| Node { span: moved(&node.span), ..node.clone() };
        let mut nodes: Vec<Node<'s>> = self.nodes.iter().map(node).collect();
        for (id, kind, span) in scalars {
            (nodes[id.0].kind, nodes[id.0].span) = (kind, span);
        }
        let properties = |(id, properties): (&NodeId, &Properties)| {
            (*id, Properties { span: properties.span.as_ref().map(moved), ..properties.clone() })
        };
        Self {
            nodes,
            properties: self.properties.iter().map(properties).collect(),
            aliases: self.aliases.clone(),
            documents: self.documents.clone(),
            sorted: RefCell::default(),
        }
    }

    /// Returns where a node starts, anchor and tag included.
    pub fn start(&self, id: NodeId) -> usize {
        let start = self.node(id).span.start;
        let properties = self.properties(id).and_then(|properties| properties.span.as_ref());
        properties.map_or(start, |span| span.start.min(start))
    }

    /// Returns where the anchor and the tag of a node end, if it has any.
    pub fn properties_end(&self, id: NodeId) -> Option<usize> {
        self.properties(id)?.span.as_ref().map(|span| span.end)
    }

    /// Returns the aliases of a node.
    pub fn aliases(&self, id: NodeId) -> &[NodeId] {
        self.aliases.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Follows an alias to the node that it stands for.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        match self.kind(id) {
            NodeKind::Alias(target) => *target,
            _ => id,
        }
    }

    /// Returns the text of a scalar, or of the scalar that an alias repeats.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        match self.kind(self.resolve(id)) {
            NodeKind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Returns the nodes directly in a collection; of a mapping, keys and values in turn.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.node(id).after;
        let mut next = id.0 + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(NodeId(next))?;
            next = self.node(child).after;
            Some(child)
        })
    }

    /// Returns the pairs of a mapping, as they are written.
    pub fn pairs(&self, id: NodeId) -> impl Iterator<Item = Pair> + '_ {
        let mut children = self.children(id);
        std::iter::from_fn(move || Some(Pair { key: children.next()?, value: children.next()? }))
    }

    /// Returns a node and all that is in it, in reading order.
    pub fn subtree(&self, id: NodeId) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (id.0..self.node(id).after).map(NodeId)
    }

    /// Whether a node is another one, or in it.
    pub fn is_within(&self, id: NodeId, outer: NodeId) -> bool {
        (outer.0..self.node(outer).after).contains(&id.0)
    }

    /// Whether two readers read the same from one text. The second one does not say which of the two styles a collection
    /// has.
    pub(crate) fn reads_as(&self, other: &Tree<'_>) -> bool {
        let is_alike = |one: &NodeKind<'_>, other: &NodeKind<'_>| match (one, other) {
            (NodeKind::Sequence(_), NodeKind::Sequence(_)) | (NodeKind::Mapping(_), NodeKind::Mapping(_)) => true,
            (one, other) => one == other,
        };
        self.nodes.len() == other.nodes.len()
            && self.nodes.iter().zip(&other.nodes).enumerate().all(|(index, (one, two))| {
                let id = NodeId(index);
                is_alike(&one.kind, &two.kind)
                    && one.after == two.after
                    && self.is_anchored(id) == other.is_anchored(id)
                    && self.tag(id) == other.tag(id)
            })
    }

    /// Whether a node is nothing, or one of the words for it.
    pub fn is_null(&self, id: NodeId) -> bool {
        match self.kind(id) {
            NodeKind::Null => self.tag(id).is_none(),
            NodeKind::Scalar(text, ScalarStyle::Plain) => {
                matches!(text.as_ref(), "~" | "null" | "Null" | "NULL") && self.tag(id).is_none()
            }
            _ => false,
        }
    }
}

/// How many values aliases may stand for, beyond those that are written.
const ALIAS_BUDGET: usize = 1_000_000;

/// Builds a tree from a reader's events.
#[derive(Debug, Default)]
pub(crate) struct Builder<'s> {
    tree: Tree<'s>,
    open: Vec<usize>,
    /// By the reader's number: the node, and how many values it stands for once it is complete.
    anchors: HashMap<usize, (NodeId, Option<usize>)>,
    /// The reader's number of each anchored collection that is open, and the count of values before it.
    open_anchors: Vec<Option<(usize, usize)>>,
    values: usize,
}

impl<'s> Builder<'s> {
    /// Returns a builder with room for the nodes of a text of `length` bytes, if it is as dense as most are.
    pub(crate) fn for_length(length: usize) -> Self {
        let tree = Tree { nodes: Vec::with_capacity(length / 10 + 16), ..Tree::default() };
        Self { tree, ..Self::default() }
    }

    pub(crate) fn scalar(
        &mut self,
        kind: NodeKind<'s>,
        span: Range<usize>,
        anchor: usize,
        tag: Option<String>,
    ) -> NodeId {
        let id = self.push(kind, span, anchor, tag);
        if anchor != 0 {
            self.anchors.insert(anchor, (id, Some(1)));
        }
        id
    }

    pub(crate) fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Shape> {
        let Some((target, Some(size))) = self.anchors.get(&anchor).copied() else {
            return Err(Shape::RecursiveAlias);
        };
        let id = self.push(NodeKind::Alias(target), span, 0, None);
        self.tree.aliases.entry(target).or_default().push(id);
        self.values = self.values.saturating_add(size);
        if self.values - self.tree.len().min(self.values) > ALIAS_BUDGET {
            return Err(Shape::TooManyAliases);
        }
        Ok(())
    }

    pub(crate) fn open(
        &mut self,
        kind: NodeKind<'s>,
        span: Range<usize>,
        anchor: usize,
        tag: Option<String>,
    ) -> NodeId {
        let values = self.values;
        let id = self.push(kind, span, anchor, tag);
        if anchor != 0 {
            self.anchors.insert(anchor, (id, None));
        }
        self.open_anchors.push((anchor != 0).then_some((anchor, values)));
        self.open.push(id.0);
        id
    }

    /// Closes the collection opened last; `end` is where it ends, if that is known.
    pub(crate) fn close(&mut self, end: usize) {
        let Some(index) = self.open.pop() else {
            return;
        };
        let after = self.tree.nodes.len();
        let node = &mut self.tree.nodes[index];
        node.after = after;
        if matches!(node.kind, NodeKind::Sequence(Layout::Flow) | NodeKind::Mapping(Layout::Flow)) {
            node.span.end = end.max(node.span.start);
        }
        if let Some(Some((anchor, before))) = self.open_anchors.pop() {
            self.anchors.insert(anchor, (NodeId(index), Some(self.values - before)));
        }
    }

    /// Says where the anchor or the tag of the node read last stands.
    pub(crate) fn property_span(&mut self, span: Range<usize>) {
        let id = NodeId(self.tree.nodes.len().saturating_sub(1));
        if let Some(properties) = self.tree.properties.get_mut(&id) {
            properties.span = Some(match properties.span.take() {
                Some(other) => other.start.min(span.start)..other.end.max(span.end),
                None => span,
            });
        }
    }

    pub(crate) fn finish(self) -> Tree<'s> {
        self.tree
    }

    fn push(&mut self, kind: NodeKind<'s>, span: Range<usize>, anchor: usize, tag: Option<String>) -> NodeId {
        let id = NodeId(self.tree.nodes.len());
        if self.open.is_empty() {
            self.tree.documents.push(id);
        }
        let has_properties = anchor != 0 || tag.is_some();
        if has_properties {
            self.tree.properties.insert(id, Properties { anchor: anchor != 0, tag, span: None });
        }
        self.values = self.values.saturating_add(1);
        self.tree.nodes.push(Node { kind, span, after: id.0 + 1, has_properties });
        id
    }
}
