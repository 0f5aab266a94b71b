//! The REST API of a repository at a forge: its URLs, its requests, and what the statuses of refusals mean. All forges agree on
//! 401, 403 and 404; what else a status means, the file of a forge knows.

use std::time::Instant;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::address::{ForgeAddress, ForgeKind};
use super::error::ForgeError;
use super::json_client::{ApiAnswer, ApiCall, ForgeConnection, JsonClient, Repeat};
use super::kept_file::KeptFiles;
use crate::system::network::http::shown_host;

/// What is asked for, for the case that it is not allowed.
#[derive(Clone, Copy)]
pub(super) struct ApiAction {
    /// A verb and its object, such as `open a pull request`.
    pub(super) what: &'static str,
    /// The permission or the setting that allows it, in the forge's words.
    pub(super) needs: &'static str,
}

/// The API of one repository, which all paths begin with.
pub(super) struct RestApi {
    client: JsonClient,
    kind: ForgeKind,
    project: String,
    repository: Url,
    page: Url,
}

impl RestApi {
    /// Returns the API of the repository below `path`, whose parts are encoded here. `authorization` is the value of that
    /// header; `None` if the token cannot be in one.
    pub(super) fn new(
        address: &ForgeAddress,
        path: &[&str],
        authorization: Option<HeaderValue>,
        connection: ForgeConnection,
    ) -> Result<Self, ForgeError> {
        let ForgeConnection { client, timeout, proxy, .. } = connection;
        let parsed = |text: &str| {
            let invalid =
                || ForgeError::InvalidAnswer { host: text.to_owned(), why: "its address is no URL".to_owned() };
            Url::parse(text).map_err(|_unparsed| invalid())
        };
        let (mut repository, mut page) = (parsed(&address.api)?, parsed(&address.web)?);
        extend(&mut page, &address.project.split('/').collect::<Vec<_>>());
        let authorization = authorization.ok_or_else(|| ForgeError::NoToken { host: shown_host(&repository) })?;
        extend(&mut repository, path);
        let accept = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization), (ACCEPT, accept)]);
        let client = JsonClient { client, headers, timeout, proxy };
        Ok(Self { client, kind: address.kind, project: address.project.clone(), repository, page })
    }

    /// Adds a header to all requests.
    #[must_use]
    pub(super) fn with_header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.client.headers.insert(name, value);
        self
    }

    /// Returns when to give up what takes several requests.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.client.timeout
    }

    /// Returns the URL of a part of the repository, such as `["pulls", "7"]`.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.repository.clone();
        extend(&mut url, parts);
        url
    }

    /// Returns the URL of a page of the repository.
    pub(super) fn page(&self, parts: &[&str]) -> Url {
        let mut page = self.page.clone();
        extend(&mut page, parts);
        page
    }

    /// Returns the page that the forge tells, if that is the address of one, else the page of these parts.
    pub(super) fn page_told(&self, told: &Value, parts: &[&str]) -> String {
        told.as_str().and_then(page_address).unwrap_or_else(|| self.page(parts)).to_string()
    }

    /// Returns what reads the files that the API names.
    pub(super) fn kept_files(&self) -> KeptFiles<'_> {
        KeptFiles::of(&self.client, &self.repository)
    }

    /// Reads what is at a URL.
    pub(super) fn get(&self, url: Url) -> Result<ApiAnswer, ForgeError> {
        self.client.call(&ApiCall { method: Method::GET, url, body: None, repeat: Repeat::Safe })
    }

    pub(super) fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
        repeat: Repeat,
    ) -> Result<ApiAnswer, ForgeError> {
        self.client.call(&ApiCall { method, url, body, repeat })
    }

    /// Sends a document to a part of the repository, such as `["pulls", "7"]`. Returns that of a success.
    pub(super) fn sent(
        &self,
        method: Method,
        parts: &[&str],
        body: Value,
        repeat: Repeat,
        asked: ApiAction,
    ) -> Result<Value, ForgeError> {
        let answer = self.send(method, self.url(parts), Some(body), repeat)?;
        self.accepted(answer, asked)
    }

    /// Returns the document of a success, else what the refusal means.
    pub(super) fn accepted(&self, answer: ApiAnswer, asked: ApiAction) -> Result<Value, ForgeError> {
        if answer.is_success() { Ok(answer.body) } else { Err(self.refused(&answer, asked)) }
    }

    /// Returns what an answer means that is no success.
    pub(super) fn refused(&self, answer: &ApiAnswer, ApiAction { what, needs }: ApiAction) -> ForgeError {
        let (kind, words) = (self.kind, answer.words.clone());
        match answer.status {
            401 => ForgeError::Unauthorized(words),
            403 => ForgeError::Forbidden { kind, what, needs, words },
            404 => ForgeError::NotFound { project: self.project.clone(), words },
            _ => ForgeError::Rejected { kind, what, words },
        }
    }

    /// Returns the error for an answer that is none of this API.
    pub(super) fn invalid(&self, why: &str) -> ForgeError {
        ForgeError::InvalidAnswer { host: shown_host(&self.repository), why: why.to_owned() }
    }
}

/// Reads the address of a page. Other steps open it, and summaries link to it. A forge knows its own address for people, which
/// may be another one than that of the remote.
fn page_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| !text.contains(|c: char| c.is_control() || c.is_whitespace()))?;
    let is_page = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    is_page.then_some(url)
}

/// Adds parts to the path of a URL, each encoded.
pub(super) fn extend(url: &mut Url, parts: &[&str]) {
    // Every URL of http has a path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
}
