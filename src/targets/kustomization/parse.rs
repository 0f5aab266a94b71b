//! The first reader: granit-parser, which says of every value which bytes it is. A file is refused here where kustomize
//! and we could mean different documents by it.

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};
use std::borrow::Cow;
use std::ops::Range;

use super::source::Source;
use super::tree::{AliasFault, Builder, Kind, Layout, NodeId, Style, Tree};
use super::{EditError, Found, Shape};

/// A file that was read: its one document, or nothing but white space and comments.
#[derive(Debug)]
pub(super) struct Document<'d> {
    pub(super) source: &'d Source<'d>,
    pub(super) tree: Tree<'d>,
    /// The top mapping.
    pub(super) root: Option<NodeId>,
}

impl<'d> Document<'d> {
    pub(super) fn new(source: &'d Source<'d>, tree: Tree<'d>) -> Result<Self, EditError> {
        let mut document = Self { source, tree, root: None };
        let mut documents = document.tree.documents.iter().copied();
        let first = documents.next();
        let second = documents.find(|id| !document.tree.is_null(*id));
        document.root = first.filter(|id| !document.tree.is_null(*id));
        match (document.root, second) {
            (Some(_), Some(second)) => Err(document.refuse(second, Shape::SecondDocument)),
            (None, Some(second)) => Err(document.refuse(second, Shape::FirstDocumentEmpty)),
            (Some(root), None) if !matches!(document.tree.kind(root), Kind::Mapping(_)) => {
                Err(document.refuse(root, Shape::Root(document.found(root))))
            }
            _ => Ok(document),
        }
    }

    pub(super) fn refuse(&self, node: NodeId, shape: Shape) -> EditError {
        self.refuse_at(self.tree.start(node), shape)
    }

    pub(super) fn refuse_at(&self, at: usize, shape: Shape) -> EditError {
        EditError::Refused { place: self.source.place(at), shape }
    }

    /// Says what stands where something else belongs.
    pub(super) fn found(&self, node: NodeId) -> Found {
        match self.tree.kind(node) {
            Kind::Null => Found::Null,
            Kind::Alias(_) => Found::Alias,
            Kind::Scalar(..) if self.tree.is_null(node) => Found::Null,
            Kind::Scalar(..) => Found::Scalar,
            Kind::Sequence(_) => Found::List,
            Kind::Mapping(_) if self.source.text[self.tree.span(node).start..].starts_with("{{") => Found::Template,
            Kind::Mapping(_) => Found::Mapping,
        }
    }

    /// Returns the place just behind the colon of a key; a key in flow style may have none.
    pub(super) fn colon(&self, key: NodeId) -> Option<usize> {
        let at = self.source.skip_blank(self.tree.span(key).end);
        (self.source.text.as_bytes().get(at) == Some(&b':')).then_some(at + 1)
    }
}

/// Reads a text as one document.
pub(super) fn parse<'d>(source: &'d Source<'d>) -> Result<Document<'d>, EditError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_anchor_events = true;
    // As libyaml and Go read a block scalar that ends with the file: without it, a line appended behind would change
    // the value unnoticed.
    options.block_scalar_eof_without_line_feed = true;
    let mut builder = Builder::for_length(source.text.len());
    for event in Parser::new_from_str_with_options(&source.readable, options) {
        let (event, span) = event.map_err(|error| syntax(source, &error))?;
        let range = span.byte_range().unwrap_or_default();
        let tag_span = span.tag_span().and_then(|span| span.byte_range());
        read_event(&mut builder, event, range.clone(), tag_span).map_err(|fault| EditError::Refused {
            place: source.place(range.start),
            shape: match fault {
                AliasFault::Recursive => Shape::RecursiveAlias,
                AliasFault::TooMany => Shape::TooManyAliases,
            },
        })?;
    }
    Document::new(source, builder.finish())
}

fn read_event<'d>(
    builder: &mut Builder<'d>,
    event: Event<'d>,
    span: Range<usize>,
    tag_span: Option<Range<usize>>,
) -> Result<(), AliasFault> {
    let name = |tag: Option<Cow<'_, Tag>>| tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            let kind = match (style, span.is_empty()) {
                (ScalarStyle::Plain, true) => Kind::Null,
                (style, _) => Kind::Scalar(text, style.into()),
            };
            builder.scalar(kind, span, anchor, name(tag));
        }
        Event::SequenceStart(style, anchor, tag) => {
            builder.open(Kind::Sequence(style.into()), span, anchor, name(tag));
        }
        Event::MappingStart(style, anchor, tag) => {
            builder.open(Kind::Mapping(style.into()), span, anchor, name(tag));
        }
        Event::Anchor(..) => builder.property_span(span),
        Event::SequenceEnd | Event::MappingEnd => builder.close(span.end),
        Event::Alias(anchor) => builder.alias(anchor, span)?,
        _ => {}
    }
    if let Some(span) = tag_span {
        builder.property_span(span);
    }
    Ok(())
}

fn syntax(source: &Source<'_>, error: &granit_parser::ScanError) -> EditError {
    let at = error.marker().byte_offset().unwrap_or(0).min(source.text.len());
    let at = (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
    let line = &source.text[source.line_start(at)..source.line_end(at)];
    EditError::Syntax { place: source.place(at), message: error.info(), template: line.contains("{{") }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted => Self::Single,
            ScalarStyle::DoubleQuoted => Self::Double,
            ScalarStyle::Literal => Self::Literal,
            ScalarStyle::Folded => Self::Folded,
        }
    }
}

impl From<StructureStyle> for Layout {
    fn from(style: StructureStyle) -> Self {
        match style {
            StructureStyle::Block => Self::Block,
            StructureStyle::Flow => Self::Flow,
        }
    }
}
