//! The second, independent reader: yaml-rust2. It has no byte spans and reads a few files that Go accepts not at all,
//! so it locates nothing; it is asked whether it reads the edited text as the first reader does.

use std::borrow::Cow;
use std::collections::HashMap;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{ScanError, TScalarStyle};

use super::parse::Document;
use super::source::Source;
use super::tree::{AliasFault, Builder, Kind, Layout, NodeId, Style, Tree};

/// Why this reader has no tree of a text.
#[derive(Debug)]
pub(super) enum Unread {
    Syntax(ScanError),
    Alias(AliasFault),
    Shape(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(error) => {
                write!(f, "{}:{}: {}", error.marker().line(), error.marker().col() + 1, error.info())
            }
            Self::Alias(AliasFault::Recursive) => f.write_str("an alias stands inside its own anchor"),
            Self::Alias(AliasFault::TooMany) => f.write_str("the aliases stand for too many values"),
            Self::Shape(message) => f.write_str(message),
        }
    }
}

/// This reader would take a byte order mark for a part of the first key.
fn events(text: &str) -> Parser<std::str::Chars<'_>> {
    Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Whether this reader reads a text, event for event, as the tree says.
pub(super) fn agrees(tree: &Tree<'_>, text: &str) -> bool {
    let mut parser = events(text);
    let mut anchors: HashMap<usize, NodeId> = HashMap::new();
    let mut open: Vec<NodeId> = Vec::new();
    let mut next = 0;
    loop {
        let Ok((event, _)) = parser.next_token() else {
            return false;
        };
        let (kind, anchor, tag) = match event {
            Event::StreamEnd => return next == tree.len() && open.is_empty(),
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(target) => (Kind::Alias(*target), 0, None),
                None => return false,
            },
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style), anchor, tag),
            // This reader does not say which of the two styles a collection has.
            Event::SequenceStart(anchor, tag) => (Kind::Sequence(Layout::Block), anchor, tag),
            Event::MappingStart(anchor, tag) => (Kind::Mapping(Layout::Block), anchor, tag),
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(id) if tree.subtree_end(id) == next => continue,
                _ => return false,
            },
            _ => continue,
        };
        let Some((id, node)) = tree.get(next) else {
            return false;
        };
        let is_alike = match (&kind, &node.kind) {
            (Kind::Sequence(_), Kind::Sequence(_)) | (Kind::Mapping(_), Kind::Mapping(_)) => {
                open.push(id);
                true
            }
            (kind, other) => kind == other,
        };
        if !is_alike || tree.is_anchored(id) != (anchor != 0) || tree.tag(id) != name(tag).as_deref() {
            return false;
        }
        if anchor != 0 {
            anchors.insert(anchor, id);
        }
        next += 1;
    }
}

fn scalar<'s>(text: String, style: TScalarStyle) -> Kind<'s> {
    let style = match style {
        TScalarStyle::Plain if text.is_empty() => return Kind::Null,
        TScalarStyle::Plain => Style::Plain,
        TScalarStyle::SingleQuoted => Style::Single,
        TScalarStyle::DoubleQuoted => Style::Double,
        TScalarStyle::Literal => Style::Literal,
        TScalarStyle::Folded => Style::Folded,
    };
    Kind::Scalar(Cow::Owned(text), style)
}

fn name(tag: Option<Tag>) -> Option<String> {
    tag.map(|tag| format!("{}{}", tag.handle, tag.suffix))
}

/// Reads a text as one document, whose values have no place.
pub(super) fn read<'d>(source: &'d Source<'d>) -> Result<Document<'d>, Unread> {
    let mut parser = events(&source.readable);
    let mut builder = Builder::for_length(source.text.len());
    loop {
        let (event, _) = parser.next_token().map_err(Unread::Syntax)?;
        match event {
            Event::StreamEnd => break,
            Event::Alias(anchor) => builder.alias(anchor, 0..0).map_err(Unread::Alias)?,
            Event::Scalar(text, style, anchor, tag) => {
                builder.scalar(scalar(text, style), 0..0, anchor, name(tag));
            }
            Event::SequenceStart(anchor, tag) => {
                builder.open(Kind::Sequence(Layout::Block), 0..0, anchor, name(tag));
            }
            Event::MappingStart(anchor, tag) => {
                builder.open(Kind::Mapping(Layout::Block), 0..0, anchor, name(tag));
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close(0),
            _ => {}
        }
    }
    Document::new(source, builder.finish()).map_err(|error| Unread::Shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{agrees, read};
    use crate::targets::kustomization::parse::parse;
    use crate::targets::kustomization::source::Source;

    #[test]
    fn both_readers_read_alike() {
        for text in [
            "\u{feff}a: b\nc: [d, {e: \"f\"}]\ng: |\n  h\ni:\nj: ~\n",
            "a: &x !!str 1\nb: *x\nc: !local 'd'\n<<: {e: f}\n",
            "---\na: b\n---\n",
            "# nothing\n",
        ] {
            let source = Source::read(text.as_bytes()).unwrap();
            assert!(agrees(&parse(&source).unwrap().tree, text), "{text}");
            assert!(read(&source).is_ok(), "{text}");
        }
    }

    #[test]
    fn another_text_is_another_reading() {
        let text = "a: b\nc: [d]\ne: &x f\ng: *x\n";
        let source = Source::read(text.as_bytes()).unwrap();
        let tree = parse(&source).unwrap().tree;
        for (from, to) in [("b", "'b'"), ("[d]", "[d, d]"), ("[d]", "d"), ("&x ", "!x "), ("g: *x\n", ""), ("*x", "f")]
        {
            assert!(!agrees(&tree, &text.replace(from, to)), "{from} became {to}");
        }
        assert!(!agrees(&tree, &format!("{text}h: i\n")));
        assert!(!agrees(&tree, "a: [\n"));
    }

    #[test]
    fn a_text_it_cannot_read_is_said_to_be_one() {
        let source = Source::read(b"a:\tb\n").unwrap();
        assert!(parse(&source).is_ok());
        assert!(read(&source).unwrap_err().to_string().starts_with("1:"));
    }
}
