//! Reads texts whose lines stand for themselves, as most files are: keys, dashes, scalars that begin and end on their line. It
//! is many times as fast as a parser of all of YAML, and knows nothing else: for what it does not know, it returns nothing.
//! Both parsers read the same from what it reads, places included, which properties and the fuzz target check.

use std::borrow::Cow;
use std::ops::Range;

use super::line_scalar::{closing_quote, flow_scalar_end, is_known, key_end, plain_end};
use super::source::SourceText;
use super::tree::{Builder, Layout, NodeKind, ScalarStyle, Tree};

/// Deeper files are for the parsers, which have limits of their own.
const DEPTH: usize = 64;

/// Reads a text; `None` if a line of it has another form.
pub(crate) fn read<'d>(source: &'d SourceText<'d>) -> Option<Tree<'d>> {
    if matches!(source.readable, Cow::Owned(_)) || !is_known(source.text) {
        return None;
    }
    let mut reader = LineReader {
        text: source.text,
        builder: Builder::for_length(source.text.len()),
        open: vec![],
        line: 0,
        awaits: None,
    };
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        reader.line = start;
        reader.line(end)?;
        start += line.len();
    }
    reader.finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Mapping,
    Sequence,
}

/// A collection in block style that may still get entries.
#[derive(Debug, Clone, Copy)]
struct Open {
    block: Block,
    column: usize,
}

struct LineReader<'d> {
    text: &'d str,
    builder: Builder<'d>,
    open: Vec<Open>,
    /// Where the line starts.
    line: usize,
    /// Where the value of the last key or dash is, if it is nothing: right behind them, as the parser has it.
    awaits: Option<usize>,
}

impl<'d> LineReader<'d> {
    /// Reads a line up to its end.
    fn line(&mut self, end: usize) -> Option<()> {
        let bytes = self.text.as_bytes();
        let start = self.line;
        let mut at = self.skip_spaces(start, end);
        if at == end || bytes[at] == b'#' {
            return Some(());
        }
        self.unwind(at - start, if self.is_dash(at, end) { Block::Sequence } else { Block::Mapping })?;
        while self.is_dash(at, end) {
            let dash = at;
            at = self.skip_spaces(at + 1, end);
            // An item of which nothing is on its line is for the parsers.
            if at == end || bytes[at] == b'#' {
                return None;
            }
            self.enter(Block::Sequence, dash - start, at)?;
            self.awaits = Some(dash + 1);
        }
        let Some(key_end) = key_end(&bytes[at..end]).map(|length| at + length) else {
            // Without a dash it is no entry.
            self.awaits?;
            return self.value(at, end);
        };
        self.enter(Block::Mapping, at - start, at)?;
        self.scalar(at..key_end, ScalarStyle::Plain, at..key_end);
        self.awaits = Some(key_end);
        at = self.skip_spaces(key_end + 1, end);
        if at == end || bytes[at] == b'#' { Some(()) } else { self.value(at, end) }
    }

    /// Closes the collections that end before an entry of the given kind at a column; `None` if it belongs to none of the others.
    fn unwind(&mut self, column: usize, block: Block) -> Option<()> {
        let Some(top) = self.open.last() else { return Some(()) };
        if column > top.column || (column == top.column && (top.block, block) == (Block::Mapping, Block::Sequence)) {
            // The lines of a scalar may go on there, which is for the parsers.
            return self.awaits.map(drop);
        }
        self.nothing();
        while let Some(Open { block: open, column: open_at }) = self.open.last().copied() {
            if (open, open_at) == (block, column) {
                return Some(());
            }
            let ends = open_at > column || (open_at == column && (open, block) == (Block::Sequence, Block::Mapping));
            if !ends {
                return None;
            }
            self.open.pop();
            self.builder.close(0);
        }
        None
    }

    /// Opens a collection for an entry at a column, whose key or item is at `at`, unless it is the next one of the last that is
    /// open.
    fn enter(&mut self, block: Block, column: usize, at: usize) -> Option<()> {
        if self.awaits.take().is_some() || self.open.is_empty() {
            let kind = match block {
                Block::Mapping => NodeKind::Mapping(Layout::Block),
                Block::Sequence => NodeKind::Sequence(Layout::Block),
            };
            let is_as_deep = self.open.last().is_some_and(|outer| outer.column == column);
            // A list that is no deeper than its key has its place, to the parser, at its first item, others at the first dash.
            let start = if block == Block::Mapping || is_as_deep { at } else { self.line + column };
            self.builder.open(kind, start..start, 0, None);
            self.open.push(Open { block, column });
        }
        (self.open.len() < DEPTH).then_some(())
    }

    /// Reads a value and what is behind it on its line.
    fn value(&mut self, at: usize, end: usize) -> Option<()> {
        self.awaits = None;
        let bytes = self.text.as_bytes();
        let behind = match bytes[at] {
            b'\'' | b'"' => self.quoted(at, end)?,
            b'{' | b'[' => self.flow(at, end, self.open.len())?,
            _ => {
                let length = plain_end(&self.text[at..end])?;
                self.scalar(at..at + length, ScalarStyle::Plain, at..at + length);
                at + length
            }
        };
        let next = self.skip_spaces(behind, end);
        (next == end || (next > behind && bytes[next] == b'#')).then_some(())
    }

    /// Reads a scalar in quotes; returns where it ends.
    fn quoted(&mut self, at: usize, end: usize) -> Option<usize> {
        let (length, style) = closing_quote(&self.text.as_bytes()[at..end])?;
        self.scalar(at + 1..at + length, style, at..at + length + 1);
        Some(at + length + 1)
    }

    /// Reads a collection in flow style that ends on its line; returns where.
    fn flow(&mut self, start: usize, end: usize, depth: usize) -> Option<usize> {
        let bytes = &self.text.as_bytes()[..end];
        let (close, kind) = match bytes[start] {
            b'{' => (b'}', NodeKind::Mapping(Layout::Flow)),
            _ => (b']', NodeKind::Sequence(Layout::Flow)),
        };
        self.builder.open(kind, start..start, 0, None);
        let mut at = self.skip_spaces(start + 1, end);
        if *bytes.get(at)? != close {
            loop {
                if close == b'}' {
                    let key_end = at + key_end(&bytes[at..])?;
                    self.scalar(at..key_end, ScalarStyle::Plain, at..key_end);
                    at = self.skip_spaces(key_end + 1, end);
                }
                at = match *bytes.get(at)? {
                    b'\'' | b'"' => self.quoted(at, end)?,
                    b'{' | b'[' if depth < DEPTH => self.flow(at, end, depth + 1)?,
                    _ => {
                        let value_end = at + flow_scalar_end(&bytes[at..])?;
                        self.scalar(at..value_end, ScalarStyle::Plain, at..value_end);
                        value_end
                    }
                };
                at = self.skip_spaces(at, end);
                match *bytes.get(at)? {
                    b',' => at = self.skip_spaces(at + 1, end),
                    byte if byte == close => break,
                    _ => return None,
                }
            }
        }
        self.builder.close(at + 1);
        Some(at + 1)
    }

    fn scalar(&mut self, text: Range<usize>, style: ScalarStyle, span: Range<usize>) {
        self.builder.scalar(NodeKind::Scalar(Cow::Borrowed(&self.text[text]), style), span, 0, None);
    }

    /// The value that is awaited is nothing.
    fn nothing(&mut self) {
        if let Some(at) = self.awaits.take() {
            self.builder.scalar(NodeKind::Null, at..at, 0, None);
        }
    }

    fn is_dash(&self, at: usize, end: usize) -> bool {
        let bytes = self.text.as_bytes();
        bytes[at] == b'-' && (at + 1 == end || bytes[at + 1] == b' ')
    }

    fn skip_spaces(&self, from: usize, end: usize) -> usize {
        let bytes = &self.text.as_bytes()[from..end];
        from + bytes.iter().position(|byte| *byte != b' ').unwrap_or(bytes.len())
    }

    fn finish(mut self) -> Option<Tree<'d>> {
        self.nothing();
        let is_empty = self.open.is_empty();
        for _ in self.open {
            self.builder.close(0);
        }
        (!is_empty).then(|| self.builder.finish())
    }
}
