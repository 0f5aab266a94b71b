//! The results as a step's outputs, in the form of the file `GITHUB_OUTPUT`. Every value stands between random delimiters, so
//! that no value can end itself and add outputs of its own.

use std::hash::{BuildHasher as _, RandomState};

use crate::report::json::Document;
use crate::report::results;

/// In bytes. A workflow puts an output into an environment variable, which on Linux has at most 128 KiB.
const LARGEST_RESULT: usize = 100 << 10;

/// Returns the lines to append; `None` if a value has its own delimiter in it.
pub(super) fn render(document: &Document<'_>) -> Option<String> {
    let mut lines = String::new();
    for result in results::named(document) {
        lines += &heredoc(result.name, &result.value.joined("\n"), &delimiter())?;
    }
    let json = document.to_json();
    let json = if json.len() > LARGEST_RESULT { document.clone().shortened().to_json() } else { json };
    Some(lines + &heredoc("result", &json, &delimiter())?)
}

fn heredoc(name: &str, value: &str, delimiter: &str) -> Option<String> {
    (!value.contains(delimiter)).then(|| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

/// Returns a line that no value has. The standard library's hashers have keys of 128 random bits.
fn delimiter() -> String {
    let hasher = RandomState::new();
    format!("ghadelimiter_{:016x}{:016x}", hasher.hash_one(0), hasher.hash_one(1))
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_RESULT, delimiter, heredoc, render};
    use crate::report::json::Document;

    #[test]
    fn a_value_with_its_delimiter_is_refused() {
        assert_eq!(heredoc("a", "b\nc", "EOF").as_deref(), Some("a<<EOF\nb\nc\nEOF\n"));
        assert_eq!(heredoc("a", "b\nEOF\nc<<x", "EOF"), None);
        assert_ne!(delimiter(), delimiter());
    }

    #[test]
    fn a_result_has_bounds() {
        let diff = "x".repeat(2 * LARGEST_RESULT);
        let text = render(&Document { outcome: "dry-run", diff: &diff, ..Document::default() }).unwrap();
        assert!(text.len() < LARGEST_RESULT && text.contains(r#""diff":"""#), "{text}");
    }
}
