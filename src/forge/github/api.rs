//! Requests to both APIs of GitHub, and what their refusals mean.

use std::time::Instant;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::forge::address::{ForgeAddress, ForgeKind};
use crate::forge::error::ForgeError;
use crate::forge::json_client::{ApiAnswer, ApiCall, ForgeConnection, JsonClient, Repeat, host};
use crate::forge::rest_api::ApiAction;
use crate::forge::server_words::ServerWords;

/// A repository at GitHub.
pub(in crate::forge) struct GitHubApi {
    client: JsonClient,
    address: ForgeAddress,
    base: Url,
    graphql: Url,
}

impl GitHubApi {
    pub(in crate::forge) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let ForgeConnection { client, token, timeout, proxy } = connection;
        let invalid = |why: &str| ForgeError::InvalidAnswer { host: address.api.clone(), why: why.to_owned() };
        let parsed = |text: &str| Url::parse(text).map_err(|_unparsed| invalid("its address is no URL"));
        let (base, graphql) = (parsed(&address.api)?, parsed(&address.graphql)?);
        let authorization = token.authorization("Bearer").ok_or_else(|| ForgeError::NoToken { host: host(&base) })?;
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
        ]);
        let client = JsonClient { client, headers, timeout, proxy };
        Ok(Self { client, address: address.clone(), base, graphql })
    }

    /// Returns when to give up what takes several requests.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.client.timeout
    }

    /// Returns owner and name of the repository.
    pub(super) fn owner_and_name(&self) -> (&str, &str) {
        self.address.project.split_once('/').unwrap_or(("", &self.address.project))
    }

    /// Returns the repository's page.
    pub(super) fn page(&self) -> String {
        format!("{}/{}", self.address.web, self.address.project)
    }

    /// Returns the URL of a part of the repository, such as `["pulls", "7"]`.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        let (owner, name) = self.owner_and_name();
        let mut url = self.base.clone();
        // Every URL of http has a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["repos", owner, name]).extend(parts);
        }
        url
    }

    pub(super) fn get(&self, url: Url) -> Result<ApiAnswer, ForgeError> {
        self.client.call(&ApiCall { method: Method::GET, url, body: None, repeat: Repeat::Safe })
    }

    pub(super) fn send(
        &self,
        method: Method,
        parts: &[&str],
        body: Value,
        repeat: Repeat,
    ) -> Result<ApiAnswer, ForgeError> {
        self.client.call(&ApiCall { method, url: self.url(parts), body: Some(body), repeat })
    }

    /// Makes a request of GraphQL. Its errors come beside a success, with a type each.
    pub(super) fn graphql(
        &self,
        query: &str,
        variables: Value,
        repeat: Repeat,
        asked: ApiAction,
    ) -> Result<Value, ForgeError> {
        let body = Some(json!({ "query": query, "variables": variables }));
        let url = self.graphql.clone();
        let answer = self.client.call(&ApiCall { method: Method::POST, url, body, repeat })?;
        if !answer.is_success() {
            return Err(self.refused(&answer, asked));
        }
        let errors = &answer.body["errors"];
        let Some(errors) = errors.as_array().filter(|errors| !errors.is_empty()) else {
            return match answer.body.get("data") {
                Some(data) => Ok(data.clone()),
                None => Err(self.invalid("it has no `data`")),
            };
        };
        let words = ServerWords::of_errors(&host(&self.graphql), answer.status, &answer.body["errors"]);
        let is = |wanted: &str| errors.iter().any(|error| error["type"].as_str() == Some(wanted));
        Err(match () {
            () if is("RATE_LIMITED") => ForgeError::RateLimited { words, pause: None },
            () if is("FORBIDDEN") || is("INSUFFICIENT_SCOPES") => self.forbidden(words, asked),
            () if is("NOT_FOUND") => ForgeError::NotFound { project: self.address.project.clone(), words },
            () => ForgeError::Rejected { kind: ForgeKind::GitHub, what: asked.what, words },
        })
    }

    /// Returns what an answer means that is no success.
    pub(super) fn refused(&self, answer: &ApiAnswer, asked: ApiAction) -> ForgeError {
        let words = answer.words.clone();
        match answer.status {
            401 => ForgeError::Unauthorized(words),
            403 => self.forbidden(words, asked),
            404 => ForgeError::NotFound { project: self.address.project.clone(), words },
            _ => ForgeError::Rejected { kind: ForgeKind::GitHub, what: asked.what, words },
        }
    }

    fn forbidden(&self, words: ServerWords, ApiAction { what, needs }: ApiAction) -> ForgeError {
        ForgeError::Forbidden { kind: ForgeKind::GitHub, what, needs, words }
    }

    pub(super) fn invalid(&self, why: &str) -> ForgeError {
        ForgeError::InvalidAnswer { host: host(&self.base), why: why.to_owned() }
    }
}
