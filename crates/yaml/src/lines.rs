//! The lines of block style: where a pair and a list item begin and end, with the comments and blank lines that belong
//! to them. A reader's spans end with the value; a line that is added or removed also has to know what surrounds it.

use std::ops::Range;

use super::error::{Shape, YamlError};
use super::parsed::ParsedYaml;
use super::source::is_blank;
use super::tree::{Layout, NodeId, NodeKind, Pair, ScalarStyle};

impl ParsedYaml<'_> {
    /// Returns where a pair starts: at its key, or at the anchor, the tag or the `?` before it.
    pub fn pair_start(&self, key: NodeId) -> usize {
        let start = self.tree.start(key);
        let before = self.source.before(start);
        let trimmed = before.trim_end_matches([' ', '\t']);
        match trimmed.strip_suffix('?') {
            Some(rest) if trimmed.len() < before.len() && (rest.is_empty() || rest.ends_with([' ', '\t'])) => {
                start - (before.len() - trimmed.len()) - 1
            }
            _ => start,
        }
    }

    /// Returns the end of the last line of a pair, comment included: a line can be added behind it.
    pub fn after_pair(&self, pair: Pair) -> usize {
        match self.tree.kind(pair.value) {
            NodeKind::Null => {
                let colon = self.colon(pair.key).unwrap_or(self.tree.span(pair.key).end);
                self.source.line_end(self.tree.properties_end(pair.value).map_or(colon, |end| end.max(colon)))
            }
            _ => self.after_node(pair.value),
        }
    }

    fn after_node(&self, mut node: NodeId) -> usize {
        let tree = &self.tree;
        loop {
            let last = match tree.kind(node) {
                NodeKind::Mapping(Layout::Block) => match tree.pairs(node).last() {
                    Some(pair) if matches!(tree.kind(pair.value), NodeKind::Null) => return self.after_pair(pair),
                    Some(pair) => Some(pair.value),
                    None => None,
                },
                NodeKind::Sequence(Layout::Block) => tree.children(node).last(),
                NodeKind::Scalar(text, ScalarStyle::Literal | ScalarStyle::Folded) => {
                    return self.after_block_scalar(node, text);
                }
                _ => None,
            };
            match last {
                Some(last) => node = last,
                None => return self.source.line_end(tree.span(node).end),
            }
        }
    }

    /// The blank lines behind a block scalar are the file's, except under `|+`, whose value they belong to.
    fn after_block_scalar(&self, node: NodeId, text: &str) -> usize {
        let source = self.source;
        let span = self.tree.span(node);
        let content = source.slice(span.clone());
        if is_blank(content) {
            return source.line_end(source.text[..span.start].trim_end().len());
        }
        if !text.ends_with("\n\n") {
            return source.line_end(span.start + content.trim_end().len());
        }
        let end = span.start + content.trim_end_matches(' ').len();
        if source.line_start(end) == end && end > 0 { source.line_end(end - 1) } else { end }
    }

    /// Returns [`after_pair`](Self::after_pair), unless a line there would change the value: that of a block scalar which
    /// ends with the file.
    pub fn room_after_pair(&self, pair: Pair) -> Result<usize, YamlError> {
        if !matches!(self.tree.kind(pair.key), NodeKind::Scalar(..) | NodeKind::Alias(_)) {
            return Err(self.refuse(pair.key, Shape::NoRoom));
        }
        let node = self.last_value(pair);
        let after = self.after_pair(pair);
        let NodeKind::Scalar(text, ScalarStyle::Literal | ScalarStyle::Folded) = self.tree.kind(node) else {
            return Ok(after);
        };
        // A last line of blanks alone is a part of the value that does not show.
        if ends_in_blanks(text) {
            return Err(self.refuse(node, Shape::NoRoom));
        }
        if after == self.source.text.len() && !text.ends_with('\n') && self.chomping(node) != Some('-') {
            return Err(self.refuse(node, Shape::OpenBlockScalar));
        }
        Ok(after)
    }

    /// Whether a blank line behind a pair would become a part of its value, as it does under `|+`.
    pub fn keeps_blank_lines(&self, pair: Pair) -> bool {
        let last = self.last_value(pair);
        let is_block = matches!(self.tree.kind(last), NodeKind::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded));
        is_block && self.chomping(last) == Some('+')
    }

    /// Returns the last value in a pair, as deep as block style goes.
    fn last_value(&self, pair: Pair) -> NodeId {
        let mut node = pair.value;
        while let NodeKind::Mapping(Layout::Block) | NodeKind::Sequence(Layout::Block) = self.tree.kind(node) {
            match self.tree.children(node).last() {
                Some(last) => node = last,
                None => break,
            }
        }
        node
    }

    /// Returns what a block scalar's header says of the line ends behind its text: `-` strips them, `+` keeps them.
    fn chomping(&self, node: NodeId) -> Option<char> {
        let header = self.source.text[..self.tree.span(node).start].trim_end();
        let line = self.source.before(header.len());
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        let last = line.trim_end_matches(|c: char| c.is_ascii_digit()).chars().next_back();
        last.filter(|last| matches!(last, '-' | '+'))
    }

    /// Returns the lines of a range with the line end before them, so that text can be added behind them and a file
    /// without a last line end stays so. If the line above has another line end, they are returned with their own.
    pub(crate) fn whole_lines(&self, lines: Range<usize>) -> Range<usize> {
        let source = self.source;
        let (start, next) = (source.line_start(lines.start), source.next_line(lines.end));
        let own_end = source.slice(lines.end..next);
        if start == 0 || (!own_end.is_empty() && own_end != source.eol_at(start - 1)) {
            return start..next;
        }
        source.line_end(start - 1)..lines.end
    }

    /// Returns the dash of an item in block style: goes back over white space and comments, to the line that begins with
    /// a dash. `list` is the pair whose value has the item.
    pub fn dash(&self, list: Pair, item: NodeId) -> Option<usize> {
        let source = self.source;
        let first = self.tree.span(list.key).end;
        let mut at = match self.tree.kind(item) {
            // An empty item has its place right behind its dash.
            NodeKind::Null => self.tree.span(item).start,
            _ => self.tree.start(item),
        };
        while at > first {
            let before = source.before(at);
            let line = before.trim_start_matches([' ', '\t']);
            if let Some(rest) = line.strip_prefix('-')
                && (rest.is_empty() || rest.starts_with([' ', '\t']))
            {
                return Some(at - line.len());
            }
            at = source.line_start(at).checked_sub(1)?;
            at = source.line_end(at);
        }
        None
    }

    /// Returns how far the first list in block style among the values of `mapping` is indented; 0 if there is none.
    pub fn list_indent(&self, mapping: NodeId) -> usize {
        let mut indents = self.tree.pairs(mapping).filter_map(|pair| match self.tree.kind(pair.value) {
            NodeKind::Sequence(Layout::Block) => {
                let dash = self.dash(pair, self.tree.children(pair.value).next()?)?;
                Some(self.source.column(dash).saturating_sub(self.source.column(self.pair_start(pair.key))))
            }
            _ => None,
        });
        indents.next().unwrap_or(0)
    }

    /// Returns `at`, the end of a line, or the end of the comments below it that are indented deeper than `column`.
    pub fn behind_deeper_comments(&self, at: usize, column: usize) -> usize {
        let source = self.source;
        let mut end = at;
        loop {
            let next = source.next_line(end);
            if next <= end || next >= source.text.len() {
                return end;
            }
            let line = source.rest(next);
            let comment = line.trim_start_matches(' ');
            if !comment.starts_with('#') || line.len() - comment.len() <= column {
                return end;
            }
            end = source.line_end(next);
        }
    }

    /// Whether a blank line stands before the line of `at` and the comments above it.
    pub fn is_behind_blank_line(&self, at: usize) -> bool {
        let source = self.source;
        let mut start = source.line_start(at);
        while start > 0 {
            let above = source.line_start(start - 1);
            let line = source.rest(above);
            if !line.trim_start_matches([' ', '\t']).starts_with('#') {
                return is_blank(line);
            }
            start = above;
        }
        false
    }
}

fn ends_in_blanks(text: &str) -> bool {
    let last = text.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
    !last.is_empty() && is_blank(last)
}
