//! Requests to both APIs of GitHub: REST below the repository, and GraphQL, whose refusals come beside a success.

use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::forge::address::ForgeAddress;
use crate::forge::error::ForgeError;
use crate::forge::json_client::{ApiAnswer, ForgeConnection, Repeat};
use crate::forge::rest_api::{ApiAction, RestApi};
use crate::forge::server_words::ServerWords;
use crate::system::network::http::shown_host;

/// A repository at GitHub.
pub(in crate::forge) struct GitHubApi {
    pub(super) rest: RestApi,
    pub(super) owner: String,
    pub(super) name: String,
    graphql: Url,
}

impl GitHubApi {
    pub(in crate::forge) fn new(address: &ForgeAddress, connection: ForgeConnection) -> Result<Self, ForgeError> {
        let (owner, name) = address.project.split_once('/').unwrap_or(("", &address.project));
        let authorization = connection.token.authorization("Bearer");
        let rest = RestApi::new(address, &["repos", owner, name], authorization, connection)?
            .with_header("x-github-api-version", HeaderValue::from_static("2022-11-28"));
        let graphql = Url::parse(&address.graphql).map_err(|_unparsed| rest.invalid("its address is no URL"))?;
        Ok(Self { rest, owner: owner.to_owned(), name: name.to_owned(), graphql })
    }

    /// Makes a request of GraphQL, and returns its `data`.
    pub(super) fn graphql(
        &self,
        query: &str,
        variables: Value,
        repeat: Repeat,
        action: ApiAction,
    ) -> Result<Value, ForgeError> {
        let body = json!({ "query": query, "variables": variables });
        let answer = self.rest.send(Method::POST, self.graphql.clone(), Some(body), repeat)?;
        let status = answer.status;
        let document = self.rest.accepted(answer, action)?;
        let errors = &document["errors"];
        let Some(listed) = errors.as_array().filter(|errors| !errors.is_empty()) else {
            let data = document.get("data").cloned();
            return data.ok_or_else(|| self.rest.invalid("it has no `data`"));
        };
        let words = ServerWords::of_json(&shown_host(&self.graphql), status, errors);
        let is = |kind: &str| listed.iter().any(|error| error["type"].as_str() == Some(kind));
        if is("RATE_LIMITED") {
            return Err(ForgeError::RateLimited { words, pause: None });
        }
        // The status that REST has for the same.
        let status = match () {
            () if is("FORBIDDEN") || is("INSUFFICIENT_SCOPES") => 403,
            () if is("NOT_FOUND") => 404,
            () => 422,
        };
        Err(self.rest.refused(&ApiAnswer { status, body: Value::Null, words, was_redirected: false }, action))
    }
}
