//! A text as one reader reads it, and the questions about a node that need both its text and its place in the tree.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;

use super::error::{Position, Shape, YamlError};
use super::scalar::{Quote, chosen_quote, is_plain_safe, render};
use super::source::SourceText;
use super::tree::{Layout, NodeId, NodeKind, Pair, ScalarStyle, Tree};

/// Reads a text as YAML.
pub(crate) type ReadYaml = for<'d> fn(&'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError>;

/// A text that was read: its documents are the tree's.
#[derive(Debug)]
pub struct ParsedYaml<'d> {
    pub source: &'d SourceText<'d>,
    pub tree: Tree<'d>,
    /// Whether each line of the text stands for itself, so that `line_reader` read it.
    pub(crate) is_by_lines: bool,
    /// The scalars whose quotes a writer chose, in reading order.
    quoted: OnceCell<Vec<(NodeId, Quote)>>,
}

/// What a node is, in the words of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeType {
    Mapping,
    List,
    Scalar,
    Null,
    Alias,
    /// `{{`, which YAML reads as a mapping.
    Template,
}

impl fmt::Display for NodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mapping => "a mapping",
            Self::List => "a list",
            Self::Scalar => "a scalar",
            Self::Null => "null",
            Self::Alias => "an alias",
            Self::Template => "`{{`",
        })
    }
}

impl<'d> ParsedYaml<'d> {
    pub(crate) fn new(source: &'d SourceText<'d>, tree: Tree<'d>) -> Self {
        Self { source, tree, is_by_lines: false, quoted: OnceCell::new() }
    }

    pub(crate) fn by_lines(source: &'d SourceText<'d>, tree: Tree<'d>) -> Self {
        Self { is_by_lines: true, ..Self::new(source, tree) }
    }
}

impl ParsedYaml<'_> {
    /// Writes a value in the given quotes. If it has to be quoted and they say plain, it gets those of the last value before
    /// `at` that has some, or of the first one behind it.
    pub fn render(&self, value: &str, quote: Quote, at: impl Into<Option<NodeId>>) -> String {
        if quote != Quote::Plain || is_plain_safe(value) {
            return render(value, quote);
        }
        let quoted = self.quoted.get_or_init(|| {
            let nodes = self.tree.documents.iter().flat_map(|document| self.tree.subtree(*document));
            nodes.filter_map(|node| Some((node, chosen_quote(self.tree.kind(node))?))).collect()
        });
        let at = at.into();
        let behind = quoted.partition_point(|(node, _)| Some(*node) <= at);
        let like = behind.checked_sub(1).and_then(|last| quoted.get(last)).or(quoted.first());
        render(value, like.map_or(Quote::Double, |(_, quote)| *quote))
    }

    /// Returns the quotes that a new value takes over from one beside it. Quotes that it needs say nothing.
    pub fn quote_to_follow(&self, node: NodeId) -> Option<Quote> {
        match self.tree.kind(node) {
            NodeKind::Scalar(_, ScalarStyle::Plain) => Some(Quote::Plain),
            NodeKind::Scalar(text, style @ (ScalarStyle::Single | ScalarStyle::Double)) if is_plain_safe(text) => {
                Some((*style).into())
            }
            _ => None,
        }
    }

    /// Returns the place of a node, its anchor and tag included.
    pub fn place(&self, node: NodeId) -> Position {
        self.source.place(self.tree.start(node))
    }

    /// Returns the error for a shape that is not edited, at the place of a node.
    pub fn refuse(&self, node: NodeId, shape: Shape) -> YamlError {
        YamlError::Refused { place: self.place(node), shape }
    }

    /// Refuses the change of a node that `aliases` repeat elsewhere.
    pub fn refuse_shared(&self, node: NodeId, aliases: impl Iterator<Item = NodeId>) -> Result<(), YamlError> {
        let aliases: Vec<Position> = aliases.map(|alias| self.place(alias)).collect();
        if aliases.is_empty() { Ok(()) } else { Err(self.refuse(node, Shape::SharedAnchor { aliases })) }
    }

    /// Returns what a node is, in a reader's words.
    pub fn type_of(&self, node: NodeId) -> NodeType {
        match self.tree.kind(node) {
            NodeKind::Null => NodeType::Null,
            NodeKind::Alias(_) => NodeType::Alias,
            NodeKind::Scalar(..) if self.tree.is_null(node) => NodeType::Null,
            NodeKind::Scalar(..) => NodeType::Scalar,
            NodeKind::Sequence(_) => NodeType::List,
            NodeKind::Mapping(_) if self.source.text[self.tree.span(node).start..].starts_with("{{") => {
                NodeType::Template
            }
            NodeKind::Mapping(_) => NodeType::Mapping,
        }
    }

    /// Returns the quotes of a scalar.
    pub fn quote_of(&self, node: NodeId) -> Quote {
        match self.tree.kind(node) {
            NodeKind::Scalar(_, style) => (*style).into(),
            _ => Quote::Plain,
        }
    }

    /// Returns the place just behind the colon of a key; a key in flow style may have none.
    pub fn colon(&self, key: NodeId) -> Option<usize> {
        let at = self.source.skip_blank(self.tree.span(key).end);
        (self.source.text.as_bytes().get(at) == Some(&b':')).then_some(at + 1)
    }

    /// Returns where the comment stands that follows the value of a pair on its line.
    pub fn trailing_comment(&self, pair: Pair) -> Option<Range<usize>> {
        self.comment_behind_value(Some(pair.key), pair.value)
    }

    /// Returns where the comment stands that follows a value on its line. An item of a list has no key.
    pub fn comment_behind_value(&self, key: Option<NodeId>, value: NodeId) -> Option<Range<usize>> {
        let end = match self.tree.kind(value) {
            NodeKind::Null => self.colon(key?)?,
            NodeKind::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded) => return None,
            _ => self.tree.span(value).end,
        };
        self.comment_after(end, &[' ', '\t', ','])
    }

    /// Returns where the comment stands behind a mapping in flow style that is on one line.
    pub fn comment_behind_flow(&self, mapping: NodeId) -> Option<Range<usize>> {
        let Range { start, end } = self.tree.span(mapping);
        let is_one_line =
            self.tree.kind(mapping) == &NodeKind::Mapping(Layout::Flow) && self.source.same_line(start, end);
        if is_one_line { self.comment_after(end, &[' ', '\t', ',', ']', '}']) } else { None }
    }

    /// Returns where the comment stands that follows `at` on its line, with nothing but `between` before it.
    fn comment_after(&self, at: usize, between: &[char]) -> Option<Range<usize>> {
        let rest = self.source.rest(at);
        let comment = rest.trim_start_matches(between);
        let start = at + rest.len() - comment.len();
        comment.starts_with('#').then(|| start..start + comment.trim_end().len())
    }

    /// Returns where the comment stands that is the line above a pair.
    pub fn comment_above(&self, pair: Pair) -> Option<Range<usize>> {
        let line = self.source.line_start(self.source.line_start(self.pair_start(pair.key)).checked_sub(1)?);
        let comment = self.source.rest(line).trim_start_matches([' ', '\t']);
        let start = self.source.line_end(line) - comment.len();
        comment.starts_with('#').then(|| start..start + comment.trim_end().len())
    }
}
