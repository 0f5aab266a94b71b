//! The scalars that [`line_reader`](super::line_reader) knows: those that begin and end on their line, without an escape, and
//! mean the same to every reader.

use super::tree::ScalarStyle;

/// A longer key is for the parsers, which have limits of their own.
const KEY_LENGTH: usize = 256;

/// Whether a text has no character that a reader may refuse, skip or take for a blank.
pub(crate) fn is_known(text: &str) -> bool {
    let is_known_byte = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r');
    let is_known_character = |character: char| {
        character.is_ascii()
            || matches!(character, '\u{a1}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}')
            || matches!(character, '\u{1f300}'..='\u{1faff}')
    };
    let bytes = text.as_bytes();
    bytes.iter().all(is_known_byte)
        || (bytes.iter().all(|byte| !byte.is_ascii() || is_known_byte(byte)) && text.chars().all(is_known_character))
}

/// Returns where a key ends that a text begins with, which is where its colon is.
pub(crate) fn key_end(bytes: &[u8]) -> Option<usize> {
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-');
    let length = bytes.iter().position(|byte| !is_key(byte))?;
    let is_first = bytes[0].is_ascii_alphanumeric() || bytes[0] == b'_';
    let is_whole = bytes[length] == b':' && bytes.get(length + 1).is_none_or(|byte| *byte == b' ');
    (is_first && is_whole && length < KEY_LENGTH).then_some(length)
}

/// Returns where the plain scalar ends that a line goes on with, outside of flow style.
pub(crate) fn plain_end(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let is_first = match bytes {
        [b'-', next, ..] => *next != b' ',
        [first, ..] => first.is_ascii_alphanumeric() || b"_/.($+=~^;<\\".contains(first) || !first.is_ascii(),
        [] => false,
    };
    let mut end = bytes.len();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            // The second reader would get a blank, if it took it for a tag.
            b'!' => return None,
            // A key, perhaps.
            b':' if bytes.get(at + 1).is_none_or(|next| *next == b' ') => return None,
            b'#' if at > 0 && bytes[at - 1] == b' ' => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    is_first.then(|| line[..end].trim_end_matches(' ').len())
}

/// Returns where the quote stands that ends the scalar at the start of a text, and its style.
pub(crate) fn closing_quote(bytes: &[u8]) -> Option<(usize, ScalarStyle)> {
    let (quote, style) = match bytes.first()? {
        b'\'' => (b'\'', ScalarStyle::Single),
        _ => (b'"', ScalarStyle::Double),
    };
    let length = 1 + bytes[1..].iter().position(|byte| *byte == quote || matches!(byte, b'\\' | b'!'))?;
    let is_escape = bytes[length] != quote || (quote == b'\'' && bytes.get(length + 1) == Some(&quote));
    (!is_escape).then_some((length, style))
}

/// Returns where the plain scalar ends that a text in flow style goes on with.
pub(crate) fn flow_scalar_end(bytes: &[u8]) -> Option<usize> {
    let is_scalar = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./@+-".contains(byte);
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let is_colon = *byte == b':' && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
        if !is_scalar(byte) && !is_colon {
            break;
        }
        end += 1;
    }
    let is_first = bytes.first().is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, b'_' | b'/'));
    is_first.then_some(end)
}
