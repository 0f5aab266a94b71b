//! How a string is written so that every reader takes it for one. A tag of an image is a string, but plain `1.10` is a
//! number to YAML, and `0574186` an octal one.

use super::tree::{NodeId, NodeKind, ScalarStyle, Tree};

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    Plain,
    Single,
    Double,
}

impl From<ScalarStyle> for Quote {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => Self::Plain,
            ScalarStyle::Single => Self::Single,
            ScalarStyle::Double => Self::Double,
        }
    }
}

/// Writes a value in the given quotes, or in double quotes if those cannot hold it.
pub(crate) fn render(value: &str, quote: Quote) -> String {
    match quote {
        Quote::Plain if is_plain_safe(value) => value.to_owned(),
        Quote::Single if value.chars().all(is_printable) => format!("'{}'", value.replace('\'', "''")),
        _ => double_quoted(value),
    }
}

/// The quotes of a scalar as far as a writer chose them: another pair could hold the text as well.
pub(crate) fn chosen_quote(kind: &NodeKind<'_>) -> Option<Quote> {
    match kind {
        NodeKind::Scalar(text, ScalarStyle::Single) if !text.contains(['"', '\\']) => Some(Quote::Single),
        NodeKind::Scalar(text, ScalarStyle::Double) if !text.contains('\'') && text.chars().all(is_printable) => {
            Some(Quote::Double)
        }
        _ => None,
    }
}

/// What stays readable between quotes without an escape. Line breaks and the byte order mark do not.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
        && u32::from(character) & 0xfffe != 0xfffe
}

fn double_quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            character if is_printable(character) => text.push(character),
            character => text.push_str(&format!("\\U{:08X}", u32::from(character))),
        }
    }
    text.push('"');
    text
}

/// Whether a value, written plain, is the same string under YAML 1.1 and 1.2, in block and in flow style.
pub(crate) fn is_plain_safe(value: &str) -> bool {
    let bytes = value.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-/:@+=".contains(byte);
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    bytes.iter().all(allowed)
        && (first.is_ascii_alphanumeric() || matches!(first, b'_' | b'/'))
        && *last != b':'
        && !is_word(value)
        && !is_number_like(value)
        && !is_date(value)
}

/// The words that some version of YAML does not read as text, and words like them.
fn is_word(value: &str) -> bool {
    const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Whether a text has the form of a number in any YAML: with underscores, in another base, sexagesimal.
fn is_number_like(value: &str) -> bool {
    if !value.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return false;
    }
    let digits: Vec<u8> = value.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).collect();
    let unsigned = digits.strip_prefix(b"-").or(digits.strip_prefix(b"+")).unwrap_or(&digits);
    let based = match unsigned {
        [b'0', b'x', rest @ ..] => rest.iter().all(|byte| byte.is_ascii_hexdigit() || b".p+-".contains(byte)),
        [b'0', b'o', rest @ ..] => rest.iter().all(|byte| matches!(byte, b'0'..=b'7')),
        [b'0', b'b', rest @ ..] => rest.iter().all(|byte| matches!(byte, b'0' | b'1')),
        _ => false,
    };
    based || is_decimal(unsigned) || is_sexagesimal(unsigned)
}

/// `digits[.digits][e[sign]digits]`, with a digit before the exponent.
pub fn is_decimal(unsigned: &[u8]) -> bool {
    let (mantissa, exponent) = match unsigned.iter().position(|byte| byte.eq_ignore_ascii_case(&b'e')) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit()).count();
    let points = mantissa.iter().filter(|byte| **byte == b'.').count();
    let exponent_is_number = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+")).unwrap_or(exponent);
        !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)
    });
    digits > 0 && points <= 1 && digits + points == mantissa.len() && exponent_is_number
}

/// `190:20:30`, base 60 in YAML 1.1.
fn is_sexagesimal(unsigned: &[u8]) -> bool {
    let part = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    unsigned.contains(&b':') && unsigned.split(|byte| *byte == b':').all(part)
}

/// `YYYY-M-D`, alone or before a time.
fn is_date(value: &str) -> bool {
    let mut parts = value.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let ends = rest.len() == day || rest[day..].starts_with(['T', 't']);
    year.len() == 4 && number(year) && matches!(month.len(), 1 | 2) && number(month) && matches!(day, 1 | 2) && ends
}

/// The tag of a string, and the non-specific tag `!`, which makes a plain scalar a string.
const STRING_TAGS: [&str; 2] = ["tag:yaml.org,2002:str", "!"];

/// Whether a value is a string for every reader.
pub fn is_string(tree: &Tree<'_>, value: NodeId) -> bool {
    let value = tree.resolve(value);
    match (tree.kind(value), tree.tag(value)) {
        (NodeKind::Scalar(text, ScalarStyle::Plain), None) => is_plain_safe(text),
        (NodeKind::Scalar(..), None) => true,
        (NodeKind::Scalar(..), Some(tag)) => is_string_tag(tag),
        _ => false,
    }
}

/// A local tag means nothing to go-yaml, which then reads a string.
pub fn is_string_tag(tag: &str) -> bool {
    STRING_TAGS.contains(&tag) || tag.starts_with('!')
}

#[cfg(test)]
mod tests {
    use super::{Quote, is_plain_safe, render};

    /// Measured on kustomize 5.8.1: quoted when it writes them.
    const QUOTED: &str = "1 1.0 1.10 0 00 007 0574186 12345678 1e5 1e10 1234e56 0e1 1E5 0x1F 0o17 0b101 1_000 1_0.5 1_ \
        .5 5. .inf .Inf .nan -1 - -.5 --- true True TRUE false yes Yes no on off y n Y N null Null NULL ~ 2024-01-02 \
        2024-1-2 20240102 12:30 1:2 190:20:30 6.0 9999999999999999999999 0_ 08 1__0 +1 1.e5 1.5e+3";

    #[test]
    fn what_would_not_stay_a_string_is_quoted() {
        for value in QUOTED.split_whitespace() {
            assert!(!is_plain_safe(value), "{value}");
            assert_eq!(render(value, Quote::Plain), format!("\"{value}\""));
        }
        for value in "v v1 1.2.3 1.2.3-rc.1 latest main-3fa9c1 3194dee 12e 0xfg 0b12 _1 a:b 0.0.0 sha256:00 \
            localhost:5000/app a/b@c 2024-01-023 20-01-02 IMAGE_PLACEHOLDER"
            .split_whitespace()
        {
            assert_eq!(render(value, Quote::Plain), value);
        }
    }

    #[test]
    fn quotes() {
        for (value, quote, expected) in [
            ("v1", Quote::Single, "'v1'"),
            ("a'b", Quote::Single, "'a''b'"),
            ("a\"b\\", Quote::Double, r#""a\"b\\""#),
            ("a\u{feff}b", Quote::Single, r#""a\U0000FEFFb""#),
            ("日本", Quote::Single, "'日本'"),
            ("日本", Quote::Plain, "\"日本\""),
            ("a\u{7}", Quote::Double, r#""a\U00000007""#),
        ] {
            assert_eq!(render(value, quote), expected);
        }
    }
}
