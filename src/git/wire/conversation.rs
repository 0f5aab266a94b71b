//! HTTP for git: gix-transport's `Http` on our own reqwest client, so that registry and git share one stack. gix's own
//! backend would drop the text of a refusal, start a thread per connection, and refuse a redirect if a header is
//! configured, which breaks every renamed repository under actions/checkout.
//!
//! Credentials and configured headers go to the remote's own origin only, whatever a redirect says. A redirect is
//! followed for the first request of a conversation, as git does, and never from https to http. A push is not redirected
//! to another host, which would get the commit in the release branch's place.

use std::any::Any;
use std::io;
use std::sync::Arc;

use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};

use super::exchange::{Body, Headers, Journal, PostBody};
use super::exchange_failure::{ExchangeFailure, foreign};
use super::host_login::RemoteLogin;
use super::known_login::Withheld;
use super::protection::Protection;
use crate::system::network::notices::Notices;
use crate::system::network::proxy_route::ProxyRoute;
use crate::system::network::sent_logins::note_header;

/// The most redirects of one request that are followed.
const MAX_REDIRECTS: usize = 5;

/// The login and the configured headers of a remote. They are secrets, so this has no `Debug`.
#[derive(Default)]
pub(in crate::git) struct Access {
    pub(in crate::git) login: Arc<RemoteLogin>,
    pub(in crate::git) headers: HeaderMap,
    /// A login that is not sent, because the connection does not protect it.
    pub(in crate::git) withheld: Option<Withheld>,
    /// The proxy that the remote is reached through.
    pub(in crate::git) proxy: Option<ProxyRoute>,
    pub(in crate::git) protection: Protection,
    /// Whether git's `http.followRedirects` forbids to follow a redirect.
    pub(in crate::git) follows_no_redirect: bool,
    pub(in crate::git) notices: Notices,
}

/// Where a redirect may lead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirects {
    AnyHost,
    SameHost,
}

/// One conversation with one remote.
pub(super) struct Conversation {
    client: Client,
    origin: Url,
    access: Arc<Access>,
    journal: Arc<Journal>,
    redirected_base: Option<String>,
    redirects: Redirects,
}

impl Conversation {
    /// Begins a conversation with `origin`. `client` must not follow redirects by itself.
    pub(in crate::git) fn new(
        client: Client,
        origin: Url,
        access: Arc<Access>,
        journal: Arc<Journal>,
        redirects: Redirects,
    ) -> Self {
        if let Some(notice) = access.protection.notice() {
            access.notices.add(notice);
        }
        Self { client, origin, access, journal, redirected_base: None, redirects }
    }

    /// Returns `request` with the protocol's headers, and with ours if `url` has the remote's own origin.
    fn with_headers<H: AsRef<str>>(
        &self,
        request: RequestBuilder,
        url: &Url,
        lines: impl IntoIterator<Item = H>,
    ) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Some((name, value)) = parse_header(line.as_ref()) {
                headers.append(name, value);
            }
        }
        if let Some(login) = self.login_for(url) {
            self.access.headers.iter().filter(|(name, _)| is_secret(name)).for_each(|(_, value)| note_header(value));
            headers.extend(self.access.headers.clone());
            if let Some(authorization) = login.header() {
                headers.insert(AUTHORIZATION, authorization);
            }
        }
        request.headers(headers)
    }

    /// Sends a GET and follows its redirects. Returns the answer and the URL that it came from.
    fn get_following(&self, url: &str, headers: &[String]) -> io::Result<(Response, Url)> {
        let mut url = Url::parse(url).map_err(io::Error::other)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.with_headers(self.client.get(url.clone()), &url, headers);
            let response = self.journal.send_with_login(request, Vec::new(), self.login_for(&url))?;
            if !response.status().is_redirection() {
                return Ok((response, url));
            }
            let redirected = |why| self.journal.fail(ExchangeFailure::Redirected(why));
            url = redirect_target(&response, &url).map_err(redirected)?;
            if self.access.follows_no_redirect {
                let place = shown_place(url.as_str());
                let setting = "git's `http.followRedirects`";
                return Err(redirected(format!("it redirects to `{place}`, which {setting} forbids to follow")));
            }
            if self.redirects == Redirects::SameHost && url.origin() != self.origin.origin() {
                let place = shown_place(url.as_str());
                return Err(redirected(format!(
                    "it redirects the push to another host, `{place}`, which is not followed"
                )));
            }
        }
        let why = format!("it answers with more than {MAX_REDIRECTS} redirects");
        Err(self.journal.fail(ExchangeFailure::Redirected(why)))
    }

    /// Returns the login, if `url` has the remote's own origin.
    fn login_for(&self, url: &Url) -> Option<&Arc<RemoteLogin>> {
        (url.origin() == self.origin.origin()).then_some(&self.access.login)
    }

    /// Returns `url` below the base that a redirect led to.
    fn effective(&self, url: &str, base_url: &str) -> String {
        match (&self.redirected_base, url.strip_prefix(base_url)) {
            (Some(base), Some(tail)) => format!("{base}{tail}"),
            _ => url.to_owned(),
        }
    }
}

impl Http for Conversation {
    type Headers = Headers;
    type ResponseBody = Body;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let headers: Vec<String> = headers.into_iter().map(|line| line.as_ref().to_owned()).collect();
        let asked = self.effective(url, base_url);
        let (response, answered_by) = self.get_following(&asked, &headers).map_err(gix::Error::from_error)?;
        if answered_by.as_str() != asked {
            let tail = url.strip_prefix(base_url).unwrap_or_default();
            let base = answered_by.as_str().strip_suffix(tail).ok_or_else(|| {
                let place = shown_place(answered_by.as_str());
                let failure = ExchangeFailure::Redirected(format!("it redirects to `{place}`, which is no repository"));
                gix::Error::from_error(self.journal.fail(failure))
            })?;
            self.redirected_base = Some(base.to_owned());
        }
        if let Some(what) = files_only(&response).or_else(|| foreign(response.headers())) {
            return Err(gix::Error::from_error(self.journal.fail(ExchangeFailure::NotGit(what))));
        }
        if let Some(base) = &self.redirected_base {
            let (from, to) = (shown_place(self.origin.as_str()), shown_place(base));
            self.access.notices.add(format!("`{from}` redirects to `{to}`, which answered; use that URL"));
        }
        let (headers, body) = self.journal.answered(response);
        Ok(GetResponse { headers, body })
    }

    fn post(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let url = Url::parse(&self.effective(url, base_url)).map_err(gix::Error::from_error)?;
        let request = self.with_headers(self.client.post(url.clone()), &url, headers);
        let (post_body, headers, body) = self.journal.open(request, self.login_for(&url).cloned());
        Ok(PostResponse { post_body, headers, body })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected_base.clone()
    }
}

/// Returns whether a configured header is a login, by its name.
fn is_secret(name: &HeaderName) -> bool {
    ["auth", "token", "key", "secret", "cookie"].iter().any(|word| name.as_str().contains(word))
}

/// Returns what is wrong with the first answer if it is a file of a server from before servers had a part in git's protocol.
fn files_only(response: &Response) -> Option<&'static str> {
    let kind = response.headers().get(CONTENT_TYPE)?;
    kind.as_bytes().starts_with(b"text/plain").then_some("it serves files only, by git's old protocol")
}

/// Returns how to show where a URL leads: a login, a query and a fragment may be secret.
fn shown_place(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return String::new() };
    let path = url.path().trim_end_matches("/info/refs");
    format!("{}{path}", url.origin().ascii_serialization())
}

/// Returns the target of a redirect, or why it is not followed. A redirect from plain HTTP to TLS is not: the login has
/// been sent in the clear already, and following would hide that.
fn redirect_target(response: &Response, from: &Url) -> Result<Url, String> {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok()).ok_or("its redirect has no valid target")?;
    match (from.scheme(), target.scheme()) {
        (same, other) if same == other => Ok(target),
        ("http", "https") => {
            Err(format!("its redirect leads to `{}`: use that URL", target.origin().ascii_serialization()))
        }
        ("https", "http") => Err("its redirect from https to http is not followed".to_owned()),
        _ => Err("its redirect away from http is not followed".to_owned()),
    }
}

/// Parses `name: value`; `None` if that is no header, which gix ignores in git's configuration too.
pub(in crate::git) fn parse_header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}
