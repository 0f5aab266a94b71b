//! JSON that other machines wrote. A value takes up to a hundred times as much memory as text, so the number of values is
//! limited beside the length.

use serde::de::{DeserializeOwned, Error as _};

/// The most values. Fifty pull requests, each with two whole repositories, have some 30,000.
const MAX_VALUES: usize = 100_000;

/// Reads a document.
///
/// # Errors
///
/// It is not of this form, or has too many values.
pub fn from_slice<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    match fits(json) {
        true => serde_json::from_slice(json),
        false => Err(serde_json::Error::custom("it has too many values")),
    }
}

/// Returns whether a text has no more values than are kept: each but the first comes after a comma or an opening bracket.
pub fn fits(json: &[u8]) -> bool {
    let (mut values, mut in_text, mut is_escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values <= MAX_VALUES
}

#[cfg(test)]
mod tests {
    use super::{MAX_VALUES, fits, from_slice};
    use serde_json::Value;

    #[test]
    fn values_are_counted_and_texts_are_not() {
        let list = |value: &str, number: usize| format!("[{}]", vec![value; number].join(","));
        let text = format!(r#""{}""#, r#"\\,\",[{"#.repeat(MAX_VALUES));
        for (json, expected) in [
            (list("0", MAX_VALUES - 1), true),
            (list("0", MAX_VALUES), false),
            (list(r#"{"a":0}"#, MAX_VALUES / 2), false),
            (list(r#"{"a":0}"#, MAX_VALUES / 2 - 1), true),
            (list("[", MAX_VALUES), false),
            (text, true),
        ] {
            assert_eq!(fits(json.as_bytes()), expected, "{}", json.len());
            assert_eq!(from_slice::<Value>(json.as_bytes()).is_ok(), expected, "{}", json.len());
        }
    }
}
