//! The second, independent reader: libyaml-safer, of libyaml's family, as is go-yaml, with which kustomize reads. So it
//! reads what a build will most likely read. It locates nothing; it only says what it reads in an edited text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufReader, Read as _};
use std::ops::RangeInclusive;

use libyaml_safer::{Encoding, Event, EventData, Mark, Parser, ScalarStyle as Style};

use super::error::{Position, YamlError};
use super::parsed::ParsedYaml;
use super::source::SourceText;
use super::tree::{Builder, Layout, NodeKind, ScalarStyle};

/// Reads a text; its values have no place.
pub fn read<'d>(source: &'d SourceText<'d>) -> Result<ParsedYaml<'d>, YamlError> {
    let text = with_tags_apart(&source.readable);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut parser = Parser::new();
    // Left to find the encoding, the parser takes some first characters for a broken byte order mark.
    parser.set_encoding(Encoding::Utf8);
    // The parser panics at the end of a text that does not end its last line; where it is ended, `|+` would keep one more.
    let end = if text.ends_with('\n') { "" } else { "\n" };
    // It takes four bytes for each character that it has not read yet, so it gets the text in pieces.
    parser.set_input(BufReader::new(text.as_bytes().chain(end.as_bytes())));
    let mut reading =
        Reading { source, builder: Builder::for_length(source.text.len()), anchors: HashMap::new(), count: 0 };
    loop {
        let Event { data, start_mark, .. } = parser.parse().map_err(|error| {
            let place = error.problem_mark().map_or(Position { line: 1, column: 1 }, place);
            let is_tab = source.text[source.offset(place.line, place.column - 1)..].starts_with('\t');
            syntax(place, if is_tab { "found a tab where spaces belong" } else { error.problem() })
        })?;
        if matches!(data, EventData::StreamEnd) {
            return Ok(ParsedYaml::new(source, reading.builder.finish()));
        }
        reading.event(data, start_mark)?;
    }
}

/// Returns the text with a blank wherever a tag ends at a comma, as in `[!x, y]`: the parser panics there. What is no tag
/// gets the blank as well, before an edit as after it.
fn with_tags_apart(text: &str) -> Cow<'_, str> {
    let mut apart = String::new();
    let mut copied = 0;
    // One search is for all tags up to what it finds: a comment may have thousands of `!`.
    let [mut closing, mut end, mut end_behind_own] = [const { None }; 3];
    for (at, _) in text.match_indices('!') {
        // `!<tag:a,b>` may have commas of its own.
        let own = text[at..].starts_with("!<").then(|| next(text, at, &['>'], &mut closing));
        let end = match own.filter(|own| *own < text.len()) {
            Some(own) => next(text, own, &TAG_ENDS, &mut end_behind_own),
            None => next(text, at, &TAG_ENDS, &mut end),
        };
        if end >= copied && text[end..].starts_with(',') {
            apart.push_str(&text[copied..end]);
            apart.push(' ');
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    apart.push_str(&text[copied..]);
    Cow::Owned(apart)
}

/// What a tag ends at, if it is written without `<` and `>`.
const TAG_ENDS: [char; 5] = [' ', '\t', '\r', '\n', ','];

/// Returns where the next of some characters is from `from` on; the end of the text if there is none. `searched` is what was
/// searched last for the same ones.
fn next(text: &str, from: usize, wanted: &[char], searched: &mut Option<RangeInclusive<usize>>) -> usize {
    if searched.as_ref().is_none_or(|searched| !searched.contains(&from)) {
        *searched = Some(from..=text[from..].find(wanted).map_or(text.len(), |length| from + length));
    }
    searched.as_ref().map_or(from, |searched| *searched.end())
}

fn syntax(place: Position, message: impl Into<String>) -> YamlError {
    YamlError::Syntax { place, message: message.into(), cause: None }
}

struct Reading<'d> {
    source: &'d SourceText<'d>,
    builder: Builder<'d>,
    /// The numbers of the anchors, from 1, by the name that each was last given.
    anchors: HashMap<String, usize>,
    count: usize,
}

impl Reading<'_> {
    fn event(&mut self, data: EventData, mark: Mark) -> Result<(), YamlError> {
        match data {
            EventData::DocumentStart { .. } => self.anchors.clear(),
            EventData::Alias { anchor } => {
                let Some(anchor) = self.anchors.get(&anchor) else {
                    return Err(syntax(place(mark), format!("the alias `{anchor}` has no anchor")));
                };
                let added = self.builder.alias(*anchor, 0..0);
                added.map_err(|shape| YamlError::Refused { place: place(mark), shape })?;
            }
            EventData::Scalar { anchor, tag, mut value, style, .. } => {
                let anchor = self.number(anchor);
                if style == Style::Plain && matches!(self.source.readable, Cow::Owned(_)) {
                    let Position { line, column } = place(mark);
                    value = self.source.unhide(self.source.offset(line, column - 1), Cow::Owned(value)).into_owned();
                }
                self.builder.scalar(scalar(value, style), 0..0, anchor, tag);
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let anchor = self.number(anchor);
                self.builder.open(NodeKind::Sequence(Layout::Block), 0..0, anchor, tag);
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let anchor = self.number(anchor);
                self.builder.open(NodeKind::Mapping(Layout::Block), 0..0, anchor, tag);
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.builder.close(0),
            EventData::StreamStart { .. } | EventData::StreamEnd | EventData::DocumentEnd { .. } => {}
        }
        Ok(())
    }

    /// Returns a new number for an anchor; 0 for none.
    fn number(&mut self, anchor: Option<String>) -> usize {
        let Some(name) = anchor else { return 0 };
        self.count += 1;
        self.anchors.insert(name, self.count);
        self.count
    }
}

fn scalar<'s>(text: String, style: Style) -> NodeKind<'s> {
    let style = match style {
        Style::SingleQuoted => ScalarStyle::Single,
        Style::DoubleQuoted => ScalarStyle::Double,
        Style::Literal => ScalarStyle::Literal,
        Style::Folded => ScalarStyle::Folded,
        _ if text.is_empty() => return NodeKind::Null,
        _ => ScalarStyle::Plain,
    };
    NodeKind::Scalar(Cow::Owned(text), style)
}

fn place(mark: Mark) -> Position {
    let number = |from_zero: u64| usize::try_from(from_zero).unwrap_or(usize::MAX).saturating_add(1);
    Position { line: number(mark.line), column: number(mark.column) }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::first_reader;
    use crate::source::SourceText;

    /// Whether the second reader reads from `second` what the first one reads from `first`.
    fn agree(first: &str, second: &str) -> bool {
        let (first, second) =
            (SourceText::read(first.as_bytes()).unwrap(), SourceText::read(second.as_bytes()).unwrap());
        let first = first_reader::parse(&first).unwrap();
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
            "a: |+\n  b\n",
            "a: |+\n  b\n\n\n",
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
    fn a_text_that_kustomize_cannot_read_is_said_to_be_one() {
        for text in ["a: b\nc: {d:, e: f}\n", "a: b\n\t\nc: d\n", "a:\n  b: c\n \t\nd: e\n", "a:\n-\tb: c\n", "a: *b\n"]
        {
            let source = SourceText::read(text.as_bytes()).unwrap();
            let place = read(&source).unwrap_err().place().unwrap();
            assert!((1..=3).contains(&place.line), "{text:?}");
        }
    }

    /// What it does is what a search of its own for each tag does.
    #[test]
    fn blanks_stand_where_tags_end_at_commas() {
        let one_by_one = |text: &str| {
            let (mut apart, mut copied) = (String::new(), 0);
            for (at, _) in text.match_indices('!') {
                let own = if text[at..].starts_with("!<") { text[at..].find('>').unwrap_or(0) } else { 0 };
                let end = at + own + text[at + own..].find(super::TAG_ENDS).unwrap_or(0);
                if end >= copied && text[end..].starts_with(',') {
                    apart = apart + &text[copied..end] + " ";
                    copied = end;
                }
            }
            apart + &text[copied..]
        };
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..seed % 23 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(['!', '!', '<', '>', ',', ' ', 'a', 'é'][(seed >> 40) as usize % 8]);
            }
            seed = seed.wrapping_add(1);
            assert_eq!(super::with_tags_apart(&text), one_by_one(&text), "{text:?}");
        }
    }

    /// The parser has a panic for each of them.
    #[test]
    fn what_the_parser_panics_on_is_read() {
        for text in [
            "a: |\n  b",
            "a: >+\n  b",
            "[!x, y]\n",
            "{a: !x, b: !, c: !!str, d: '!,'}\n",
            "- !<tag:a,b> c\n",
            "! ",
            "ﻻ: a",
        ] {
            let source = SourceText::read(text.as_bytes()).unwrap();
            assert!(read(&source).is_ok(), "{text:?}");
        }
    }
}
