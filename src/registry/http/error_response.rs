//! The words of a registry or its token server beside a status that is no success. They are untrusted and cut to a length;
//! `report` escapes them.

use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;

use super::address::shown_host;
use super::requests::HttpResponse;
use crate::system::retry_after;

/// An answer other than success, of the registry or of its token server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    pub host: String,
    pub status: u16,
    /// The registry's code, such as `MANIFEST_UNKNOWN`.
    pub code: Option<String>,
    pub message: Option<String>,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl ErrorResponse {
    pub(in crate::registry) fn of(response: &HttpResponse) -> Self {
        let Words { code, message } = words(response);
        Self {
            host: shown_host(&response.url),
            status: response.status.as_u16(),
            code: code.map(|code| shortened(&code, 64)),
            message: message.map(|message| shortened(&message, 300)),
            retry_after: response.header(RETRY_AFTER).and_then(|value| retry_after::parse(value, SystemTime::now())),
        }
    }

    /// Returns the response with words from elsewhere if its body has none.
    pub(in crate::registry) fn or_words(mut self, code: Option<&str>, message: Option<&str>) -> Self {
        if self.code.is_none() {
            self.code = code.map(|code| shortened(code, 64));
            self.message = message.map(|message| shortened(message, 300));
        }
        self
    }

    /// Whether the code is one of `codes`, in any case.
    pub(in crate::registry) fn says(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.iter().any(|wanted| code.eq_ignore_ascii_case(wanted)))
    }
}

/// An error body's code and message.
struct Words {
    code: Option<String>,
    message: Option<String>,
}

/// Reads an error body in one of the forms that are about: the distribution specification's list, OAuth's pair, Docker
/// Hub's `details`, and the plain text of a proxy.
fn words(response: &HttpResponse) -> Words {
    #[derive(Deserialize)]
    struct Body {
        errors: Option<Vec<Item>>,
        error: Option<String>,
        error_description: Option<String>,
        message: Option<String>,
        details: Option<String>,
    }
    #[derive(Deserialize)]
    struct Item {
        code: Option<String>,
        message: Option<String>,
    }
    if let Ok(body) = serde_json::from_slice::<Body>(&response.body) {
        return match body.errors.and_then(|items| items.into_iter().next()) {
            Some(Item { code, message }) => Words { code, message },
            None => Words { code: body.error, message: body.error_description.or(body.message).or(body.details) },
        };
    }
    let plain = response.header(CONTENT_TYPE).is_some_and(|value| value.starts_with("text/plain"));
    let text = String::from_utf8_lossy(&response.body);
    let line = text.lines().next().filter(|line| plain && !line.trim().is_empty());
    Words { code: None, message: line.map(|line| line.trim().to_owned()) }
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.host, self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorResponse;
    use crate::registry::http::requests::HttpResponse;
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use reqwest::{StatusCode, Url};

    fn show(status: StatusCode, content_type: &'static str, body: &str) -> String {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let url = Url::parse("https://registry-1.docker.io/v2/app/manifests/v1").unwrap();
        ErrorResponse::of(&HttpResponse { url, status, headers, body: body.as_bytes().to_vec() }).to_string()
    }

    #[test]
    fn bodies_of_any_form() {
        const JSON: &str = "application/json";
        for (content_type, body, expected) in [
            (
                JSON,
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"v1"}},{"code":"X"}]}"#,
                " MANIFEST_UNKNOWN: manifest unknown",
            ),
            (JSON, r#"{"errors":[]}"#, ""),
            (JSON, r#"{"errors":[{"code":"DENIED"}]}"#, " DENIED"),
            (JSON, r#"{"error":"invalid_grant","error_description":"expired"}"#, " invalid_grant: expired"),
            (JSON, r#"{"details":"incorrect username or password"}"#, ": incorrect username or password"),
            (JSON, r#"{"message":"no"}"#, ": no"),
            (JSON, r#"{"errors":"odd"}"#, ""),
            (JSON, "[]", ""),
            ("text/html", "<h1>Not here</h1>", ""),
            ("text/plain; charset=utf-8", "404 page not found\nmore", ": 404 page not found"),
            ("text/plain", "", ""),
        ] {
            let shown = show(StatusCode::NOT_FOUND, content_type, body);
            assert_eq!(shown, format!("docker.io answered 404{expected}"), "{body}");
        }
    }

    #[test]
    fn words_have_a_length() {
        let body = format!(r#"{{"errors":[{{"code":"{0}","message":"{0}"}}]}}"#, "é".repeat(10_000));
        assert_eq!(show(StatusCode::FORBIDDEN, "application/json", &body).matches('é').count(), 364);
    }
}
