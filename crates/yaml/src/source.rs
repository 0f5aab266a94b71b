//! The text of a file with an index of its lines, so that asking for a line costs the same at the end as at the start.

use std::borrow::Cow;
use std::ops::Range;

use super::error::{Position, YamlError};

/// A text that was checked to have the same lines for every reader.
#[derive(Debug)]
pub struct SourceText<'s> {
    pub text: &'s str,
    /// What the readers are given: the text, or the text with letters in the places in which it is not YAML yet.
    pub readable: Cow<'s, str>,
    /// The line end of the first line.
    pub eol: &'static str,
    /// Where each line starts.
    lines: Vec<usize>,
    /// How many characters stand before each [`STEP`] of bytes: a line may be as long as the file.
    characters: Vec<usize>,
}

const STEP: usize = 4096;

fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl<'s> SourceText<'s> {
    /// Reads bytes as UTF-8 and refuses what would not be the same lines for a YAML 1.1 and a YAML 1.2 reader.
    pub fn read(bytes: &'s [u8]) -> Result<Self, YamlError> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(YamlError::Utf16);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let source = Self::index(text);
                match source.odd_line_break() {
                    Some((at, character)) => Err(YamlError::LineBreak { place: source.place(at), character }),
                    None => Ok(source),
                }
            }
            Err(error) => {
                let valid = bytes.split_at(error.valid_up_to()).0;
                let text = std::str::from_utf8(valid).unwrap_or_default();
                Err(YamlError::NotUtf8(Self::index(text).place(text.len())))
            }
        }
    }

    /// Returns the source with a letter in place of each `@` or backtick that begins a value, as in `newTag: @(TAG)`.
    /// YAML reserves the two, and some templates count on that. The letters are for the readers alone: they are of one
    /// byte as well, so that every place is the same.
    pub fn with_reserved_hidden(&self) -> Option<Self> {
        let begins_value = |at: usize| {
            let before = self.before(at);
            let key = before.trim_end_matches([' ', '\t']);
            key.len() < before.len() && key.ends_with([':', '-'])
        };
        let mut readable = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (at, _) in self.text.match_indices(['@', '`']).filter(|(at, _)| begins_value(*at)) {
            readable.push_str(&self.text[copied..at]);
            readable.push('x');
            copied = at + 1;
        }
        if copied == 0 {
            return None;
        }
        readable.push_str(&self.text[copied..]);
        Some(Self {
            readable: Cow::Owned(readable),
            lines: self.lines.clone(),
            characters: self.characters.clone(),
            ..*self
        })
    }

    /// Returns the text of the plain scalar at `at` as the file has it, with its hidden first character put back.
    pub(crate) fn unhide<'t>(&self, at: usize, text: Cow<'t, str>) -> Cow<'t, str> {
        match (&self.readable, self.text.as_bytes().get(at)) {
            (Cow::Owned(_), Some(b'@')) => Cow::Owned(text.replacen('x', "@", 1)),
            (Cow::Owned(_), Some(b'`')) => Cow::Owned(text.replacen('x', "`", 1)),
            _ => text,
        }
    }

    /// Returns the place of a line, from 1, and of a count of characters before it on that line.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let line = self.text[start..].strip_prefix('\u{feff}').unwrap_or(&self.text[start..]);
        let start = self.text.len() - (self.text.len() - start).min(line.len());
        line.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }

    fn index(text: &'s str) -> Self {
        let mut lines = Vec::with_capacity(text.len() / 16 + 16);
        lines.push(0);
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                lines.push(at + 1);
            }
        }
        let first_end = lines.get(1).copied().unwrap_or(0);
        let eol = if text[..first_end].ends_with("\r\n") { "\r\n" } else { "\n" };
        let mut characters = vec![0];
        let mut count = 0;
        for step in text.as_bytes().chunks(STEP) {
            count += count_characters(step);
            characters.push(count);
        }
        Self { text, readable: Cow::Borrowed(text), eol, lines, characters }
    }

    /// Finds a lone carriage return, or one of NEL, LS and PS: line breaks for go-yaml, text in YAML 1.2.
    fn odd_line_break(&self) -> Option<(usize, char)> {
        let bytes = self.text.as_bytes();
        let mut at = if self.text.is_ascii() { self.text.find('\r')? } else { 0 };
        // Few bytes begin one, so that the others are passed over quickly.
        while let Some(next) = bytes[at..].iter().position(|byte| matches!(byte, b'\r' | 0xc2 | 0xe2)) {
            at += next;
            match bytes[at..] {
                [b'\r', b'\n', ..] => {}
                [b'\r', ..] => return Some((at, '\r')),
                [0xc2, 0x85, ..] => return Some((at, '\u{85}')),
                [0xe2, 0x80, 0xa8, ..] => return Some((at, '\u{2028}')),
                [0xe2, 0x80, 0xa9, ..] => return Some((at, '\u{2029}')),
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn line_index(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns where the line of `at` starts.
    pub fn line_start(&self, at: usize) -> usize {
        self.lines.get(self.line_index(at)).copied().unwrap_or(0)
    }

    /// Returns where the line of `at` ends, before its line end.
    pub fn line_end(&self, at: usize) -> usize {
        let next = self.next_line(at);
        let line = &self.text[self.line_start(at)..next];
        match line.strip_suffix('\n') {
            Some(line) => next - 1 - usize::from(line.ends_with('\r')),
            None => next,
        }
    }

    /// Returns where the line after that of `at` starts, or the text's end.
    pub(crate) fn next_line(&self, at: usize) -> usize {
        self.lines.get(self.line_index(at) + 1).copied().unwrap_or(self.text.len())
    }

    /// Returns the line end of the line of `at`; the last line, if it has none, gets that of the first.
    pub fn eol_at(&self, at: usize) -> &'static str {
        match &self.text[self.line_end(at)..self.next_line(at)] {
            "" => self.eol,
            "\n" => "\n",
            _ => "\r\n",
        }
    }

    /// Returns the characters between the start of the line of `at` and `at`.
    pub(crate) fn before(&self, at: usize) -> &'s str {
        let before = &self.text[self.line_start(at)..at];
        before.strip_prefix('\u{feff}').unwrap_or(before)
    }

    /// Returns the characters between `at` and the end of its line.
    pub fn rest(&self, at: usize) -> &'s str {
        &self.text[at..self.line_end(at)]
    }

    /// Returns the text of a range of bytes; nothing for a range that is not in the text.
    pub fn slice(&self, range: Range<usize>) -> &'s str {
        self.text.get(range).unwrap_or_default()
    }

    /// Whether two places, in bytes, are on one line.
    pub fn same_line(&self, a: usize, b: usize) -> bool {
        self.line_index(a) == self.line_index(b)
    }

    /// Returns the number of the line of `at`, from 1.
    pub fn line_number(&self, at: usize) -> usize {
        self.line_index(at) + 1
    }

    /// Returns how many characters stand before `at` on its line.
    pub fn column(&self, at: usize) -> usize {
        let before = |at: usize| {
            let rest = self.text.as_bytes().get(at - at % STEP..at).map_or(0, count_characters);
            self.characters.get(at / STEP).copied().unwrap_or(0) + rest
        };
        // A byte order mark is not a character of the first line.
        let mark = self.text.starts_with('\u{feff}') && self.line_start(at) == 0;
        (before(at) - before(self.line_start(at))).saturating_sub(usize::from(mark))
    }

    /// Returns the line and the column of a place in bytes, as a person counts them.
    pub fn place(&self, at: usize) -> Position {
        Position { line: self.line_number(at), column: self.column(at) + 1 }
    }

    /// Returns the first place from `at` on that is neither white space nor in a comment.
    pub(crate) fn skip_blank(&self, mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(at) {
            at = match byte {
                b' ' | b'\t' | b'\r' | b'\n' => at + 1,
                b'#' if at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n') => self.line_end(at),
                _ => return at,
            };
        }
        at
    }
}

/// Whether a text is only blanks and line ends.
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::SourceText;
    use crate::error::{Position, YamlError};

    #[test]
    fn lines_and_columns() {
        let source = SourceText::read("\u{feff}a: é\r\n  b\n\nc".as_bytes()).unwrap();
        assert_eq!(source.eol, "\r\n");
        assert_eq!(source.place(3), Position { line: 1, column: 1 });
        let b = source.text.find('b').unwrap();
        assert_eq!(source.place(b), Position { line: 2, column: 3 });
        assert_eq!(source.rest(3), "a: é");
        assert_eq!(source.line_end(source.text.len()), source.text.len());
        assert_eq!(source.line_number(source.text.len()), 4);
        assert_eq!(source.line_end(b + 2), b + 2, "an empty line ends where it starts");
    }

    #[test]
    fn columns_of_a_long_line() {
        let text = format!("\u{feff}{}\n{}x", "é".repeat(5000), "日本".repeat(3000));
        let source = SourceText::read(text.as_bytes()).unwrap();
        assert_eq!(source.place(3 + 2 * 4999), Position { line: 1, column: 5000 });
        assert_eq!(source.place(text.len() - 1), Position { line: 2, column: 6001 });
        assert_eq!(source.place(text.len()), Position { line: 2, column: 6002 });
        let round = "a".repeat(8192);
        assert_eq!(SourceText::read(round.as_bytes()).unwrap().column(8192), 8192, "where the last step ends");
    }

    #[test]
    fn what_is_no_text() {
        assert_eq!(SourceText::read(b"\xff\xfea\0").unwrap_err(), YamlError::Utf16);
        assert_eq!(SourceText::read(b"a\nb\xff").unwrap_err(), YamlError::NotUtf8(Position { line: 2, column: 2 }));
        for (text, character) in [("a\rb", '\r'), ("a\r", '\r'), ("x\u{85}", '\u{85}'), ("\u{2029}", '\u{2029}')] {
            let error = SourceText::read(text.as_bytes()).unwrap_err();
            assert!(matches!(error, YamlError::LineBreak { character: found, .. } if found == character), "{text:?}");
        }
    }
}
