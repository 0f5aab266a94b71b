//! A request to a registry and its response, as values.

use reqwest::header::{AsHeaderName, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use crate::registry::auth::secret::Secret;

/// A request, with all that it may show. Not `Debug`: a form holds a secret.
#[derive(Clone)]
pub(in crate::registry) struct HttpRequest<'a> {
    pub(in crate::registry) method: Method,
    pub(in crate::registry) url: &'a Url,
    pub(in crate::registry) accept: &'static str,
    pub(in crate::registry) authorization: Option<&'a HeaderValue>,
    pub(in crate::registry) form: Option<&'a Secret>,
    /// The longest body of a success.
    pub(in crate::registry) limit: u64,
    /// How often it is made in all if it gets no answer, or one that a retry may change.
    pub(in crate::registry) attempts: u32,
}

/// How often a request is made that decides a check.
pub(in crate::registry) const MAX_ATTEMPTS: u32 = 3;

/// An answer, read to its end.
#[derive(Debug)]
pub(in crate::registry) struct HttpResponse {
    /// How it was asked for at last: the last attempt of a `HEAD` is a `GET`.
    pub(in crate::registry) method: Method,
    /// Where it came from at last.
    pub(in crate::registry) url: Url,
    pub(in crate::registry) status: StatusCode,
    pub(in crate::registry) headers: HeaderMap,
    pub(in crate::registry) body: Vec<u8>,
}

impl HttpResponse {
    /// Returns a header's text; one that is not ASCII counts as none.
    pub(in crate::registry) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether this is a page for people, which no registry answers with: it comes from a proxy, a portal, or another kind of
    /// server. Of an answer without a body only the type tells.
    pub(in crate::registry) fn is_page(&self) -> bool {
        let body = self.body.trim_ascii_start();
        let begins =
            |start: &str| body.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()));
        let is_html = self.header(CONTENT_TYPE).is_some_and(|value| value.trim_start().starts_with("text/html"));
        begins("<!doctype html") || begins("<html") || (is_html && (body.is_empty() || begins("<")))
    }
}
