//! The results as a step's outputs, in the form of the file `GITHUB_OUTPUT`. Every value stands between random delimiters, so
//! that no value can end itself and add outputs of its own.

use std::hash::{BuildHasher as _, RandomState};

use crate::report::json::Document;
use crate::report::results::{self, Value};

/// The longest value, in bytes. A workflow puts an output into an environment variable, which on Linux has at most 128 KiB.
const LONGEST_VALUE: usize = 100 << 10;

/// Returns the lines to append; `None` if a value has its own delimiter in it.
pub(super) fn render(document: &Document<'_>) -> Option<String> {
    let mut lines = String::new();
    for result in results::named(document) {
        lines += &heredoc(result.name, &bounded(result.value), &delimiter())?;
    }
    Some(lines + &heredoc("result", &json(document), &delimiter())?)
}

/// Returns the object on one line. If it is too long, it lacks what has no limit in size, and then more and more items of each
/// list.
fn json(document: &Document<'_>) -> String {
    let whole = document.to_json();
    if whole.len() <= LONGEST_VALUE {
        return whole;
    }
    let mut short = document.clone().shortened();
    let mut items = short.images.len().max(short.files.len()).max(short.left_out.len());
    loop {
        let json = short.to_json();
        if json.len() <= LONGEST_VALUE {
            return json;
        }
        if items == 0 {
            break;
        }
        items /= 2;
        short.images.truncate(items);
        short.files = &short.files[..short.files.len().min(items)];
        short.left_out.truncate(items);
    }
    // A single text is too long.
    if let Some(error) = &mut short.error {
        (error.message, error.hint) = ("", None);
    }
    Document { branch: None, reason: None, git_tag: None, pull_request: None, ..short }.to_json()
}

/// Returns a value without the items that make it too long. Half a name would be another name, so a single text goes whole.
fn bounded(value: Value) -> String {
    let mut length = 0;
    let mut fits = |text: &String| {
        length += text.len() + 1;
        length <= LONGEST_VALUE
    };
    match value {
        Value::List(items) => Value::List(items.into_iter().take_while(fits).collect()).joined("\n"),
        Value::Word(text) | Value::Prose(text) => Some(text).filter(|text| fits(text)).unwrap_or_default(),
    }
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
    use super::{LONGEST_VALUE, delimiter, heredoc, render};
    use crate::report::json::{Document, Image};

    #[test]
    fn a_value_with_its_delimiter_is_refused() {
        assert_eq!(heredoc("a", "b\nc", "EOF").as_deref(), Some("a<<EOF\nb\nc\nEOF\n"));
        assert_eq!(heredoc("a", "b\nEOF\nc<<x", "EOF"), None);
        assert_ne!(delimiter(), delimiter());
    }

    /// Returns the values of a document's outputs, all of which must fit into a variable.
    fn values(document: &Document<'_>) -> Vec<String> {
        let text = render(document).unwrap();
        let mut lines = text.lines();
        let mut values = Vec::new();
        while let Some((_, end)) = lines.next().and_then(|line| line.split_once("<<")) {
            values.push(lines.by_ref().take_while(|line| *line != end).collect::<Vec<_>>().join("\n"));
        }
        let longest = values.iter().map(String::len).max();
        assert!(longest.unwrap() <= LONGEST_VALUE, "{longest:?}");
        values
    }

    #[test]
    fn a_result_has_bounds() {
        let diff = "x".repeat(2 * LONGEST_VALUE);
        let values = values(&Document { outcome: "dry-run", diff: &diff, ..Document::default() });
        let result = values.last().unwrap();
        assert!(result.contains(r#""diff":"""#) && result.contains("this result is shortened"), "{result}");
    }

    #[test]
    fn long_lists_and_long_names_have_bounds() {
        let files: Vec<String> = (0..5_000).map(|number| format!("apps/{number}/{}", "x".repeat(50))).collect();
        let image = |name| Image { name: Some(name), image: name, ..Image::default() };
        let names: Vec<String> = (0..600).map(|number| format!("r.example/{number}/{}", "x".repeat(300))).collect();
        let images = names.iter().map(|name| image(name)).collect();
        let document = Document { outcome: "released", files: &files, images, ..Document::default() };
        let all = values(&document);
        let result: serde_json::Value = serde_json::from_str(all.last().unwrap()).unwrap();
        let kept = result["images"].as_array().unwrap().len();
        assert!((50..600).contains(&kept) && result["images"][0]["image"] == *names[0], "{kept}");
        assert!(all.iter().any(|value| value.starts_with(&files[0]) && value.len() > LONGEST_VALUE / 2));

        let name = "x".repeat(2 * LONGEST_VALUE);
        let all = values(&Document { images: vec![image(&name)], reason: Some(&name), ..document });
        assert!(all.last().unwrap().contains(r#""outcome":"released""#));
    }
}
