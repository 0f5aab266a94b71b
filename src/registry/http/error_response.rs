//! The words of a registry or its token server beside a status that is no success. They are untrusted. What they mean is
//! read from them as they are; they are shown without logins, and cut to a length, and `report` escapes them.

use std::fmt;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;

use super::address::shown_host;
use super::requests::HttpResponse;
use crate::registry::manifest::text;
use crate::system::network::{retry_after, sent_logins};

/// The words for a page, whose own are not for us.
const PAGE: &str = "an HTML page";

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
        let ErrorBody { code, message } = error_body(response);
        let message = if response.is_page() { Some(PAGE.to_owned()) } else { message };
        Self {
            host: shown_host(&response.url),
            status: response.status.as_u16(),
            code,
            message,
            retry_after: response.header(RETRY_AFTER).and_then(|value| retry_after::parse(value, SystemTime::now())),
        }
    }

    /// Returns the response with words from elsewhere if its body has none.
    pub(in crate::registry) fn or_words(mut self, code: Option<&str>, message: Option<&str>) -> Self {
        if self.code.is_none() {
            self.code = code.map(str::to_owned);
            self.message = message.map(str::to_owned);
        }
        self
    }

    /// Whether the server says that a login or its token has expired.
    pub fn says_expired(&self) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        self.says(&["DENIED", "UNAUTHORIZED"]) && message.contains("expired")
    }

    /// Whether the server refuses the login itself, in words that ECR has beside 403.
    pub(in crate::registry) fn refuses_login(&self) -> bool {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let is_invalid = self.says(&["DENIED", "UNAUTHORIZED"]) && message.contains("authorization token is invalid");
        self.says_expired() || is_invalid
    }

    /// Whether the code is one of `codes`, in any case.
    pub(in crate::registry) fn says(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.iter().any(|wanted| code.eq_ignore_ascii_case(wanted)))
    }
}

/// An error body's code and message.
struct ErrorBody {
    code: Option<String>,
    message: Option<String>,
}

/// Reads an error body in one of the forms that are about: the distribution specification's list, OAuth's pair, Google's
/// object, Docker Hub's `details`, and the plain text of a proxy.
fn error_body(response: &HttpResponse) -> ErrorBody {
    if let Ok(Value::Object(body)) = serde_json::from_slice(&response.body) {
        let first = body.get("errors").and_then(|errors| errors.get(0));
        let object = first.or_else(|| body.get("error").filter(|error| error.is_object()));
        return match object {
            Some(error) => {
                // A number is often the status again.
                let code = error.get("code").and_then(text).filter(|code| code != response.status.as_str());
                ErrorBody {
                    code: code.or_else(|| error.get("status").and_then(text)),
                    message: error.get("message").and_then(text),
                }
            }
            None => ErrorBody {
                code: body.get("error").and_then(text),
                message: ["error_description", "message", "details"]
                    .iter()
                    .find_map(|key| body.get(*key).and_then(text)),
            },
        };
    }
    // Go's server says without a type that it wants TLS.
    let plain = response.header(CONTENT_TYPE).is_none_or(|value| value.starts_with("text/plain"));
    let body = String::from_utf8_lossy(&response.body);
    let line = body.lines().next().filter(|line| plain && !line.trim().is_empty());
    ErrorBody { code: None, message: line.map(|line| line.trim().to_owned()) }
}

/// Returns a text of the server as it is shown: without logins, and cut to a length.
fn shown(text: &str, limit: usize) -> String {
    let text = sent_logins::hidden(text);
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.host, self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {}", shown(code, 64))?;
        }
        match &self.message {
            Some(message) => write!(f, ": {}", shown(message, 300)),
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
        let method = reqwest::Method::GET;
        ErrorResponse::of(&HttpResponse { method, url, status, headers, body: body.as_bytes().to_vec() }).to_string()
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
            (JSON, r#"{"errors":[{"code":404,"message":"no such tag"}]}"#, ": no such tag"),
            (JSON, r#"{"errors":[{"code":1203,"message":"no such tag"}]}"#, " 1203: no such tag"),
            (
                JSON,
                r#"{"error":{"code":404,"message":"no such repository","status":"NOT_FOUND"}}"#,
                " NOT_FOUND: no such repository",
            ),
            ("text/html", "<h1>Not here</h1>", ": an HTML page"),
            ("text/plain", "<!DOCTYPE HTML><title>Not here</title>", ": an HTML page"),
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
