//! Collects the splices of one edit, and writes single values; `block` and `flow` add and remove whole pairs.

use std::ops::Range;

use super::error::{Shape, YamlError};
use super::parsed::ParsedYaml;
use super::scalar::{Quote, is_string};
use super::source::is_blank;
use super::splice::Splice;
use super::tree::{NodeId, NodeKind, Pair, ScalarStyle};

/// The edit of one text, in the making.
pub struct Writer<'p, 'd> {
    pub yaml: &'p ParsedYaml<'d>,
    splices: Vec<Splice>,
}

/// The pairs of a mapping, and which of them the edit deletes.
pub struct Pairs {
    pub(crate) all: Vec<Pair>,
    pub(crate) deleted: Vec<bool>,
}

impl Pairs {
    /// Takes the pairs of a mapping and which of them are deleted.
    pub fn new(all: Vec<Pair>, is_deleted: impl Fn(&Pair) -> bool) -> Self {
        let deleted = all.iter().map(is_deleted).collect();
        Self { all, deleted }
    }

    /// Returns all pairs, deleted or not.
    pub fn all(&self) -> &[Pair] {
        &self.all
    }

    /// Returns the pairs that stay.
    pub fn kept(&self) -> impl DoubleEndedIterator<Item = Pair> + '_ {
        self.all.iter().zip(&self.deleted).filter(|(_, deleted)| !**deleted).map(|(pair, _)| *pair)
    }

    /// Returns the index of the first pair that stays; it is an error to delete all of them.
    pub(crate) fn first_kept(&self, yaml: &ParsedYaml<'_>) -> Result<usize, YamlError> {
        let first = self.deleted.iter().position(|deleted| !deleted);
        first.ok_or_else(|| yaml.refuse(self.all[0].key, Shape::NoRoom))
    }

    pub(crate) fn has_deleted(&self) -> bool {
        self.deleted.contains(&true)
    }
}

impl<'p, 'd> Writer<'p, 'd> {
    /// Begins an edit without a change.
    pub fn new(yaml: &'p ParsedYaml<'d>) -> Self {
        Self::with(yaml, Vec::new())
    }

    /// Goes on behind splices that were collected before.
    pub fn with(yaml: &'p ParsedYaml<'d>, splices: Vec<Splice>) -> Self {
        Self { yaml, splices }
    }

    /// Whether anything changes within a range, or at its ends.
    pub(crate) fn touches(&self, range: &Range<usize>) -> bool {
        self.splices.iter().any(|splice| splice.range.start <= range.end && range.start <= splice.range.end)
    }

    /// Whether a range is deleted or replaced as a whole.
    pub fn removes(&self, range: &Range<usize>) -> bool {
        self.splices.iter().any(|splice| splice.range.start <= range.start && range.end <= splice.range.end)
    }

    /// Returns the collected changes, as they were asked for.
    pub fn finish(self) -> Vec<Splice> {
        self.splices
    }

    /// Puts a text in the place of a range of bytes.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.splices.push(Splice::replace(range, text));
    }

    /// Puts a text before a byte.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Deletes a range of bytes.
    pub fn delete(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// Exchanges key and value of a pair, each in the quotes that it has; `least` is how a plain value is quoted.
    pub fn rewrite_pair(&mut self, pair: Pair, key: &str, value: &str, least: Quote) {
        let yaml = self.yaml;
        let quote = match yaml.quote_of(pair.value) {
            Quote::Plain => least,
            quote => quote,
        };
        self.replace(yaml.tree.span(pair.key), yaml.render(key, yaml.quote_of(pair.key), pair.key));
        self.replace(yaml.tree.span(pair.value), yaml.render(value, quote, pair.value));
    }

    /// Exchanges the value of a pair; `least` is how a plain value is quoted. A plain string stays plain: JSON has none.
    pub fn replace_value(&mut self, pair: Pair, value: &str, least: Quote) -> Result<(), YamlError> {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        match tree.kind(pair.value) {
            NodeKind::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded) => {
                self.replace_block_scalar(pair, value)?;
            }
            NodeKind::Scalar(_, style) => {
                let is_least = *style == ScalarStyle::Plain && !is_string(tree, pair.value);
                let quote = if is_least { least } else { (*style).into() };
                self.replace(tree.span(pair.value), yaml.render(value, quote, pair.value));
            }
            NodeKind::Alias(_) => self.replace(tree.span(pair.value), yaml.render(value, least, pair.value)),
            NodeKind::Null => {
                let value = yaml.render(value, least, pair.value);
                match (tree.properties_end(pair.value), yaml.colon(pair.key)) {
                    (Some(end), _) | (None, Some(end)) => self.insert(end, format!(" {value}")),
                    (None, None) => self.insert(tree.span(pair.key).end, format!(": {value}")),
                }
            }
            NodeKind::Mapping(_) | NodeKind::Sequence(_) => {
                return Err(yaml.refuse(pair.value, Shape::NoRoom));
            }
        }
        Ok(())
    }

    /// Removes a comment with the blanks before it.
    pub fn delete_comment(&mut self, comment: Range<usize>) {
        let before = self.yaml.source.before(comment.start);
        let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
        self.delete(comment.start - blanks..comment.end);
    }

    /// Writes a comment behind a value of one line, if nothing else follows there. An item of a list has no key.
    pub fn comment_behind(&mut self, key: Option<NodeId>, value: NodeId, comment: &str) {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        let end = match tree.kind(value) {
            NodeKind::Null => tree.properties_end(value).or_else(|| yaml.colon(key?)),
            NodeKind::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded) => None,
            _ => Some(tree.span(value).end),
        };
        if let Some(end) = end.filter(|end| is_blank(yaml.source.rest(*end))) {
            self.insert(end, format!(" {comment}"));
            self.delete(end..yaml.source.line_end(end));
        }
    }

    /// A single line under `|-` is exchanged for another; any other block becomes a value on the key's line.
    fn replace_block_scalar(&mut self, pair: Pair, value: &str) -> Result<(), YamlError> {
        let (yaml, source) = (self.yaml, self.yaml.source);
        let before = yaml.tree.properties_end(pair.value).or_else(|| yaml.colon(pair.key));
        let Some(header) = before.map(|at| source.skip_blank(at)) else {
            return Err(yaml.refuse(pair.value, Shape::NoRoom));
        };
        let indicators = source.text[header..].bytes().take_while(|byte| b"|>+-0123456789".contains(byte)).count();
        let span = yaml.tree.span(pair.value);
        let old = yaml.tree.text(pair.value).unwrap_or_default();
        let strips = source.text[header..header + indicators].contains('-');
        let line = source.rest(span.start).trim_end_matches([' ', '\t']);
        if strips && !old.is_empty() && line == old {
            self.replace(span.start..span.start + old.len(), value);
            return Ok(());
        }
        self.replace(header..header + indicators, yaml.render(value, Quote::Plain, pair.value));
        let content_end = span.start + source.slice(span.clone()).trim_end().len();
        if content_end > span.start {
            self.delete(source.line_end(header)..source.line_end(content_end));
        }
        Ok(())
    }
}
