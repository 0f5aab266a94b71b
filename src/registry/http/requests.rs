//! A request to a registry and its response, as values.

use reqwest::header::{AsHeaderName, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};

use crate::registry::auth::secret::Secret;

/// A request, with all that it may show. Not `Debug`: a form holds a secret.
pub(in crate::registry) struct HttpRequest<'a> {
    pub(in crate::registry) method: Method,
    pub(in crate::registry) url: &'a Url,
    pub(in crate::registry) accept: &'static str,
    pub(in crate::registry) authorization: Option<&'a HeaderValue>,
    pub(in crate::registry) form: Option<&'a Secret>,
    /// The longest body of a success.
    pub(in crate::registry) limit: u64,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(in crate::registry) struct HttpResponse {
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
}
