//! The first reader, which tells the bytes of every value, so that it locates the splices: granit-parser, or `line_reader` for
//! what that one knows.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, StructureStyle, Tag};

use super::error::{Shape, YamlError};
use super::line_reader;
use super::parsed::ParsedYaml;
use super::source::SourceText;
use super::syntax_cause::syntax_cause;
use super::tree::{Builder, Layout, NodeKind, ScalarStyle};

/// Reads a text.
pub fn read<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
    match line_reader::read(source) {
        Some(tree) => Ok(ParsedYaml::by_lines(source, tree)),
        None => parse(source),
    }
}

/// Reads a text with the parser.
pub(crate) fn parse<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
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
        read_event(&mut builder, source, event, range.clone(), tag_span)
            .map_err(|shape| YamlError::Refused { place: source.place(range.start), shape })?;
    }
    Ok(ParsedYaml::new(source, builder.finish()))
}

/// Calls `then` with what is read of a text. If it is no YAML as it stands, but a template that becomes YAML, that is with its
/// placeholders hidden, and with the reason.
///
/// # Errors
///
/// It is no such template either.
pub fn read_template<R>(
    source: &SourceText<'_>,
    then: impl FnOnce(&ParsedYaml<'_>, Option<YamlError>) -> R,
) -> Result<R, YamlError> {
    let hidden;
    let (yaml, error) = match read(source) {
        Ok(yaml) => (yaml, None),
        Err(error @ YamlError::Syntax { .. }) => {
            hidden = source.with_reserved_hidden();
            match hidden.as_ref().map(read) {
                Some(Ok(yaml)) => (yaml, Some(error)),
                Some(Err(_)) | None => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    // Called once: each caller brings a copy of all that it does.
    Ok(then(&yaml, error))
}

fn read_event<'d>(
    builder: &mut Builder<'d>,
    source: &SourceText<'_>,
    event: Event<'d>,
    span: Range<usize>,
    tag_span: Option<Range<usize>>,
) -> Result<(), Shape> {
    let name = |tag: Option<Cow<'_, Tag>>| tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            let kind = match (style, span.is_empty()) {
                (granit_parser::ScalarStyle::Plain, true) => NodeKind::Null,
                (granit_parser::ScalarStyle::Plain, false) => {
                    NodeKind::Scalar(source.unhide(span.start, text), ScalarStyle::Plain)
                }
                (style, _) => NodeKind::Scalar(text, style.into()),
            };
            builder.scalar(kind, span, anchor, name(tag));
        }
        Event::SequenceStart(style, anchor, tag) => {
            builder.open(NodeKind::Sequence(style.into()), span, anchor, name(tag));
        }
        Event::MappingStart(style, anchor, tag) => {
            builder.open(NodeKind::Mapping(style.into()), span, anchor, name(tag));
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

fn syntax(source: &SourceText<'_>, error: &granit_parser::ScanError) -> YamlError {
    let at = error.marker().byte_offset().unwrap_or(0).min(source.text.len());
    let at = (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return YamlError::Refused { place: source.place(at), shape: Shape::TooDeep };
    }
    YamlError::Syntax { place: source.place(at), message: error.info(), cause: syntax_cause(source, at) }
}

impl From<granit_parser::ScalarStyle> for ScalarStyle {
    fn from(style: granit_parser::ScalarStyle) -> Self {
        use granit_parser::ScalarStyle as Read;
        match style {
            Read::Plain => Self::Plain,
            Read::SingleQuoted => Self::Single,
            Read::DoubleQuoted => Self::Double,
            Read::Literal => Self::Literal,
            Read::Folded => Self::Folded,
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
