//! Foreign text in Markdown, as forges render it: in code spans, so that it cannot break out, mention a person, or look like
//! something else. Text with a mark that could end a span has each mark as an entity.

use std::fmt::Write as _;

use crate::image::visible_characters::{acts, has_no_shape};

/// In characters; what is longer is cut.
const LONGEST_SPAN: usize = 300;

/// In characters, of a sentence.
const LONGEST_SENTENCE: usize = 600;

/// What ends a word of a sentence, and is nothing to Markdown behind a word.
const CLOSING: [char; 6] = [',', '.', ';', ':', ')', '?'];

/// Returns `text` as a code span that holds in a cell: a mark that is an entity is never structure.
pub fn code(text: &str) -> String {
    if is_plain(text) {
        return format!("`{text}`");
    }
    let shown = |c: char| if acts(c) || has_no_shape(c) { c.escape_unicode().to_string() } else { c.to_string() };
    let text: String = clipped(text, LONGEST_SPAN).chars().map(shown).collect();
    format!("<code>{}</code>", entities(&text, |c| c.is_ascii_punctuation() && c != '-' && c != '/'))
}

/// Returns whether `text` holds between backticks as it is, also in a cell and in the text of a link.
fn is_plain(text: &str) -> bool {
    let has_marks_of_names_only = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@+=,# ".contains(c));
    has_marks_of_names_only && !text.is_empty() && text.trim() == text && text.len() <= LONGEST_SPAN
}

/// Returns a sentence as text. What it has in backticks, and each word that Markdown could take for something, is a code span.
pub fn sentence(text: &str) -> String {
    let text = clipped(text, LONGEST_SENTENCE);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) || parts.iter().skip(1).step_by(2).any(|part| part.is_empty()) {
        return code(&text);
    }
    let mut sentence = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index % 2 == 1 {
            push(&mut sentence, &code(part));
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            sentence.push_str(if index > 0 { " " } else { "" });
            push(&mut sentence, &shown_word(word));
        }
    }
    sentence
}

/// Returns a word, or what is between its marks as a code span.
fn shown_word(word: &str) -> String {
    if is_word(word) {
        return word.to_owned();
    }
    let open = if word.starts_with('(') { "(" } else { "" };
    let core = word[open.len()..].trim_end_matches(CLOSING);
    match core {
        "" => code(word),
        core => format!("{open}{}{}", code(core), &word[open.len() + core.len()..]),
    }
}

/// Two spans without a space between them would be one.
fn push(sentence: &mut String, part: &str) {
    if sentence.ends_with('`') && part.starts_with('`') {
        sentence.push(' ');
    }
    sentence.push_str(part);
}

/// Returns whether a word of a sentence is letters and digits, with the marks of a sentence around it. A number may not begin
/// a list, and a number of an issue (`GH-1`) is a link on GitHub.
fn is_word(word: &str) -> bool {
    let core = word.strip_prefix('(').unwrap_or(word).trim_end_matches(CLOSING);
    let is_number = core.chars().all(|c| c.is_ascii_digit());
    let is_made_of_letters =
        core.chars().all(|c| c.is_alphanumeric() || "-\u{2019}\u{2026}".contains(c)) && !core.starts_with('-');
    let may_be_list = is_number && !core.is_empty() && word.ends_with(['.', ')']);
    is_made_of_letters && !may_be_list && !core.to_ascii_lowercase().starts_with("gh-")
}

/// Returns the length of the longest run of backticks, which a fence around the text is longer than.
pub fn longest_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
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
    use super::{code, sentence, target};

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
        assert_eq!(code("ghcr.io/o/r_1:v1@sha256:a"), "`ghcr.io/o/r_1:v1@sha256:a`");
        for not_plain in ["", " a", "a ", "a\\", "$a$", "a[b]"] {
            assert!(code(not_plain).starts_with("<code>"), "{not_plain}");
        }
        assert_eq!(target("https://h/a b)\"<>|`\n"), "https://h/a%20b%29%22%3C%3E%7C%60%0A");
    }

    #[test]
    fn a_sentence_is_text() {
        for (text, expected) in [
            (
                "main already releases `v2`, which is newer (by far).",
                "main already releases `v2`, which is newer (by far).",
            ),
            ("ask @team or see #7: https://a.b", "ask `@team` or see `#7`: `https://a.b`"),
            ("1. a\n- b", "`1`. <code>a&#92;u&#123;a&#125;-</code> b"),
            ("- www.a.b GH-1 :smile: **b**", "`-` `www.a.b` `GH-1` `:smile`: <code>&#42;&#42;b&#42;&#42;</code>"),
            ("an `open end", "<code>an &#96;open end</code>"),
            ("`a``b`/c", "`a` `b` `/c`"),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }
}
