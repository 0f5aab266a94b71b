//! Foreign text in Markdown, as forges render it: in code spans, with every punctuation mark as an entity, so that it cannot
//! break out, mention a person, or look like something else.

use std::fmt::Write as _;

use super::visible_characters::{acts, looks_blank};

/// In characters; what is longer is cut.
const LONGEST_SPAN: usize = 300;

/// Returns `text` as a code span that holds in a cell: a mark that is an entity is never structure.
pub fn code(text: &str) -> String {
    let shown = |c: char| if acts(c) || looks_blank(c) { c.escape_unicode().to_string() } else { c.to_string() };
    let text: String = clipped(text, LONGEST_SPAN).chars().map(shown).collect();
    format!("<code>{}</code>", entities(&text, |c| c.is_ascii_punctuation() && c != '-' && c != '/'))
}

/// Returns a code span that links to `url`, if there is one.
pub fn linked(text: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => format!("[{}]({})", code(text), target(url)),
        None => code(text),
    }
}

/// Returns `url` as the target of a link; what a URL does not hold by itself, it holds with a per cent sign.
pub fn target(url: &str) -> String {
    let escaped = |c: char| match c {
        c if c.is_ascii_alphanumeric() || "-_.~:/?#@!$&+,;=%".contains(c) => c.to_string(),
        c => c.to_string().bytes().map(|b| format!("%{b:02X}")).collect(),
    };
    entities(&url.chars().map(escaped).collect::<String>(), |c| "_~@!$&#;".contains(c))
}

/// Returns the first `longest` characters of `text`, and an ellipsis if there are more.
pub fn clipped(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn entities(text: &str, is_mark: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match is_mark(c) {
            // Writing to a String cannot fail.
            true => write!(escaped, "&#{};", u32::from(c)).unwrap_or_default(),
            false => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{code, target};

    #[test]
    fn nothing_breaks_out_of_a_cell() {
        let shown = code("a|b`<script>&]]>[x](y)\n**c** @me http://x é");
        assert!(
            !shown
                .trim_start_matches("<code>")
                .trim_end_matches("</code>")
                .contains(|c: char| c.is_ascii_punctuation() && !"&#;-/".contains(c))
        );
        assert!(shown.contains("a&#124;b&#96;&#60;script&#62;&#38;") && shown.ends_with("x é</code>"), "{shown}");
        assert_eq!(target("https://h/a b)\"<>|`\n"), "https://h/a%20b%29%22%3C%3E%7C%60%0A");
    }
}
