//! The second, independent reader: yaml-rust2. It has no byte spans and cannot read a few files that Go reads, so it
//! locates nothing; it only says what it reads in an edited text.

use std::borrow::Cow;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{Marker, TScalarStyle};

use super::error::{Position, YamlError};
use super::parsed::ParsedYaml;
use super::source::SourceText;
use super::tree::{Builder, Layout, NodeKind, ScalarStyle};

/// This reader would take a byte order mark for a part of the first key.
fn events(text: &str) -> Parser<std::str::Chars<'_>> {
    Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn scalar<'s>(text: String, style: TScalarStyle) -> NodeKind<'s> {
    let style = match style {
        TScalarStyle::Plain if text.is_empty() => return NodeKind::Null,
        TScalarStyle::Plain => ScalarStyle::Plain,
        TScalarStyle::SingleQuoted => ScalarStyle::Single,
        TScalarStyle::DoubleQuoted => ScalarStyle::Double,
        TScalarStyle::Literal => ScalarStyle::Literal,
        TScalarStyle::Folded => ScalarStyle::Folded,
    };
    NodeKind::Scalar(Cow::Owned(text), style)
}

fn name(tag: Option<Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

/// Reads a text; its values have no place.
pub(crate) fn read<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
    let mut parser = events(&source.readable);
    let mut builder = Builder::for_length(source.text.len());
    loop {
        let (event, marker) = parser.next_token().map_err(|error| YamlError::Syntax {
            place: place(error.marker()),
            message: error.info().to_owned(),
            template: false,
        })?;
        match event {
            Event::StreamEnd => return Ok(ParsedYaml::new(source, builder.finish())),
            Event::Alias(anchor) => {
                builder.alias(anchor, 0..0).map_err(|shape| YamlError::Refused { place: place(&marker), shape })?;
            }
            Event::Scalar(mut text, style, anchor, tag) => {
                if style == TScalarStyle::Plain && matches!(source.readable, Cow::Owned(_)) {
                    let at = source.offset(marker.line(), marker.col());
                    text = source.unhide(at, Cow::Owned(text)).into_owned();
                }
                builder.scalar(scalar(text, style), 0..0, anchor, name(tag));
            }
            Event::SequenceStart(anchor, tag) => {
                builder.open(NodeKind::Sequence(Layout::Block), 0..0, anchor, name(tag));
            }
            Event::MappingStart(anchor, tag) => {
                builder.open(NodeKind::Mapping(Layout::Block), 0..0, anchor, name(tag));
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close(0),
            _ => {}
        }
    }
}

fn place(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::yaml::first_reader;
    use crate::yaml::source::SourceText;

    /// Whether the second reader reads from `second` what the first one reads from `first`.
    fn agree(first: &str, second: &str) -> bool {
        let (first, second) =
            (SourceText::read(first.as_bytes()).unwrap(), SourceText::read(second.as_bytes()).unwrap());
        let first = first_reader::read(&first).unwrap();
        read(&second).is_ok_and(|second| second.tree.reads_as(&first.tree))
    }

    #[test]
    fn both_readers_read_alike() {
        for text in [
            "\u{feff}a: b\nc: [d, {e: \"f\"}]\ng: |\n  h\ni:\nj: ~\n",
            "a: &x !!str 1\nb: *x\nc: !local 'd'\n<<: {e: f}\n",
            "---\na: b\n---\n",
            "a: &x 1\n---\nb: &x 2\nc: *x\n",
            "# nothing\n",
        ] {
            assert!(agree(text, text), "{text}");
        }
    }

    #[test]
    fn another_text_is_another_reading() {
        let text = "a: b\nc: [d]\ne: &x f\ng: *x\n";
        for (from, to) in [("b", "'b'"), ("[d]", "[d, d]"), ("[d]", "d"), ("&x ", "!x "), ("g: *x\n", ""), ("*x", "f")]
        {
            assert!(!agree(text, &text.replace(from, to)), "{from} became {to}");
        }
        assert!(!agree(text, &format!("{text}h: i\n")));
        assert!(!agree(text, "a: [\n"));
    }

    #[test]
    fn a_text_it_cannot_read_is_said_to_be_one() {
        let source = SourceText::read(b"a:\tb\n").unwrap();
        assert!(first_reader::read(&source).is_ok());
        assert_eq!(read(&source).unwrap_err().place().unwrap().line, 1);
    }
}
