//! What a forge says beside a status that is no success, in whatever form its API has. The text is untrusted and cut to a
//! length; `report` escapes it.

use std::fmt;

use serde_json::Value;

use crate::system::network::sent_logins;

/// The most lines that are kept, and the most characters of each.
const MAX_LINES: usize = 6;
const MAX_LENGTH: usize = 300;

/// How deep a body is searched for words.
const MAX_DEPTH: usize = 4;

/// The keys that hold words, in the order in which these are told.
const KEYS: [&str; 7] = ["message", "error", "error_description", "detail", "errors", "fields", "data"];

/// An answer other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerWords {
    /// The API's host.
    pub host: String,
    pub status: u16,
    pub lines: Vec<String>,
}

impl ServerWords {
    /// Reads a body: JSON in the forms that forges have, a page, or text.
    pub(super) fn of(host: &str, status: u16, json: Option<&Value>, body: &[u8]) -> Self {
        match json {
            Some(json) => Self::of_json(host, status, json),
            None => Self { host: host.to_owned(), status, lines: plain(body).into_iter().collect() },
        }
    }

    /// Reads JSON, such as some of GraphQL's errors, which come beside a success.
    pub(super) fn of_json(host: &str, status: u16, json: &Value) -> Self {
        let mut lines = Vec::new();
        collect(json, "", 0, &mut lines);
        lines.truncate(MAX_LINES);
        Self { host: host.to_owned(), status, lines }
    }
}

impl fmt::Display for ServerWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` answered {}", self.host, self.status)?;
        if !self.lines.is_empty() {
            write!(f, ": {}", self.lines.join("; "))?;
        }
        Ok(())
    }
}

/// Adds the texts of a body to `lines`, each once. `label` is the field that a text is about, if any.
fn collect(value: &Value, label: &str, depth: usize, lines: &mut Vec<String>) {
    if depth > MAX_DEPTH || lines.len() >= MAX_LINES {
        return;
    }
    match value {
        Value::String(text) => {
            let text = if label.is_empty() { text.clone() } else { format!("{label}: {text}") };
            push(&text, lines);
        }
        Value::Array(values) => {
            for value in values {
                collect(value, label, depth + 1, lines);
            }
        }
        Value::Object(fields) => {
            let known: Vec<_> =
                KEYS.iter().filter_map(|key| fields.get(*key).filter(|value| !value.is_null())).collect();
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            if !known.is_empty() {
                for value in known {
                    collect(value, label, depth + 1, lines);
                }
            } else if let (Some(field), Some(code)) = (text("field"), text("code")) {
                push(&format!("{field}: {code}"), lines);
            } else if depth > 0 {
                // Fields with what is wrong with each.
                for (key, value) in fields {
                    collect(value, key, depth + 1, lines);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn push(text: &str, lines: &mut Vec<String>) {
    let text = sent_logins::hidden(text);
    let line: String = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let line = match line.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    };
    if !line.is_empty() && !lines.contains(&line) {
        lines.push(line);
    }
}

/// Returns the first line of a text; a page is for people.
fn plain(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut lines = Vec::new();
    push(if first.starts_with('<') { "an HTML page" } else { first }, &mut lines);
    lines.pop()
}

#[cfg(test)]
mod tests {
    use super::{MAX_LENGTH, MAX_LINES, ServerWords};

    fn words(body: &str) -> ServerWords {
        ServerWords::of("h", 403, serde_json::from_str(body).ok().as_ref(), body.as_bytes())
    }

    #[test]
    fn every_form() {
        for (body, expected) in [
            (r#"{"message":"Not Found","documentation_url":"https://docs","status":"404"}"#, &["Not Found"][..]),
            (
                r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for o:b."},{"resource":"PullRequest","field":"base","code":"invalid"}]}"#,
                &["Validation Failed", "A pull request already exists for o:b.", "base: invalid"],
            ),
            (
                r#"{"message":["Another open merge request already exists"]}"#,
                &["Another open merge request already exists"],
            ),
            (r#"{"message":{"title":["can't be blank","is short"]}}"#, &["title: can't be blank", "title: is short"]),
            (r#"{"error":"insufficient_scope","error_description":"needs api"}"#, &["insufficient_scope", "needs api"]),
            (
                r#"{"type":"error","error":{"message":"Bad request","fields":{"reviewers":["no such user"]}}}"#,
                &["Bad request", "reviewers: no such user"],
            ),
            (r#"{"$id":"1","message":"TF401028: stale","typeKey":"X","errorCode":0}"#, &["TF401028: stale"]),
            (r#"{"errors":["a","a","b"]}"#, &["a", "b"]),
            ("<!DOCTYPE html><p>Sign in", &["an HTML page"]),
            ("\n bad gateway \n more", &["bad gateway"]),
            (r#"{"message":"two\n lines"}"#, &["two lines"]),
            ("{}", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(body).lines, expected, "{body}");
        }
    }

    #[test]
    fn long_answers_are_cut() {
        let many: Vec<_> = (0..100).map(|number| format!("\"{number}{}\"", "ä".repeat(1000))).collect();
        let words = words(&format!("{{\"errors\":[{}]}}", many.join(",")));
        assert_eq!(words.lines.len(), MAX_LINES);
        assert!(words.lines.iter().all(|line| line.chars().count() <= MAX_LENGTH + 1));
    }

    #[test]
    fn shown() {
        let words = words(r#"{"message":"Resource not accessible by integration"}"#);
        assert_eq!(words.to_string(), "`h` answered 403: Resource not accessible by integration");
    }
}
