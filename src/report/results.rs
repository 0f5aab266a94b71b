//! The results that later steps of a pipeline read by name: the list that the forms for CI systems share.

use super::json::Document;
use super::redact::redacted;

/// A result. What does not apply is an empty value, so that a name is never missing.
pub(super) struct NamedResult {
    /// In the spelling of GitHub's outputs, such as `exit-code`.
    pub(super) name: &'static str,
    pub(super) value: Value,
}

pub(super) enum Value {
    /// A word, a number or an id, of our making or checked before.
    Word(String),
    List(Vec<String>),
    /// Text for people, which may quote a server.
    Prose(String),
}

impl Value {
    /// Returns the value as one text, the items of a list with `separator` between them.
    pub(super) fn joined(&self, separator: &str) -> String {
        match self {
            Self::Word(text) | Self::Prose(text) => text.clone(),
            Self::List(items) => items.join(separator),
        }
    }
}

/// Returns the results. If there are several images, only the first is among them; the JSON has all.
pub(super) fn named(document: &Document<'_>) -> Vec<NamedResult> {
    let word = |value: &str| Value::Word(value.to_owned());
    let optional = |value: Option<&str>| word(value.unwrap_or_default());
    let image = document.images.first();
    let request = document.pull_request.as_ref();
    let number = request.and_then(|request| request.number).map(|number| number.to_string());
    let error = document.error.as_ref();
    let reason = document.reason.or(error.map(|error| error.message));
    [
        ("outcome", word(document.outcome)),
        ("changed", word(&document.changed.to_string())),
        ("pushed", word(&document.pushed.to_string())),
        ("commit", optional(document.commit.as_deref())),
        ("parent", optional(document.parent.as_deref())),
        ("branch", optional(document.branch)),
        ("git-tag", optional(document.git_tag)),
        ("pull-request", optional(number.as_deref())),
        ("pull-request-url", optional(request.map(|request| request.url))),
        ("pull-request-operation", optional(request.map(|request| request.operation))),
        ("image", optional(image.map(|image| image.image))),
        ("tag", optional(image.and_then(|image| image.tag))),
        ("digest", optional(image.and_then(|image| image.digest))),
        ("files", Value::List(document.files.to_vec())),
        ("attempts", word(&document.attempts.to_string())),
        ("error", optional(error.map(|error| error.kind))),
        ("reason", Value::Prose(redacted(reason.unwrap_or_default()).into_owned())),
    ]
    .map(|(name, value)| NamedResult { name, value })
    .into()
}
