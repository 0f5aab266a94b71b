//! HTTP for git: gix-transport's `Http` on our own reqwest client, so that registry and git share one stack. gix's own
//! backend would drop the text of a refusal, start a thread per connection, and refuse a redirect where a header is
//! configured, which breaks every renamed repository under actions/checkout.
//!
//! Credentials and configured headers go to the remote's own origin only, whatever a redirect says. A redirect is
//! followed for the first request of a conversation, as git does, and never from https to http.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse};
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url};

use super::credentials::Login;
use super::traffic::Counters;

const MAX_REDIRECTS: usize = 5;

/// How much of a refusal's body is kept for its message, in bytes.
const MAX_REFUSAL: u64 = 4096;

/// How much of an answer is read at a time, in bytes.
const PIECE: usize = 8 << 10;

/// How many times the time limit a whole answer may take: each read is bounded by it once, and an answer may be long.
const PATIENCE: u32 = 20;

/// What we send beside the protocol's own headers. Its values are secrets, so it has no `Debug`.
#[derive(Default)]
pub(super) struct Access {
    pub(super) login: Login,
    pub(super) headers: HeaderMap,
}

/// The last exchange that did not end well.
pub(super) struct Failure {
    /// The status of the answer; `None` where there was none.
    pub(super) status: Option<StatusCode>,
    /// What the server said in plain text, or the cause of a missing answer.
    pub(super) text: String,
}

/// What a connection's user may ask about it after the fact.
pub(super) struct Journal {
    failure: RefCell<Option<Failure>>,
    answer: RefCell<Weak<RefCell<Exchange>>>,
    counters: Arc<Counters>,
    /// When the last request went out.
    asked: Cell<Instant>,
    timeout: Duration,
}

impl Journal {
    pub(super) fn new(counters: Arc<Counters>, timeout: Duration) -> Self {
        let (failure, answer) = (RefCell::default(), RefCell::default());
        Self { failure, answer, counters, asked: Cell::new(Instant::now()), timeout }
    }

    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.failure.borrow_mut().take()
    }

    /// Ends the answer that is being read: its connection is closed, and nothing more of it comes.
    pub(super) fn abandon_answer(&self) {
        if let Some(exchange) = self.answer.borrow().upgrade() {
            *exchange.borrow_mut() = Exchange::Ended;
        }
    }

    /// Returns the two ends at which an exchange is read.
    fn reading(self: &Rc<Self>, exchange: &Rc<RefCell<Exchange>>) -> (Headers, Body) {
        *self.answer.borrow_mut() = Rc::downgrade(exchange);
        let headers = Headers { exchange: exchange.clone(), journal: self.clone(), lines: None };
        (headers, Body { exchange: exchange.clone(), journal: self.clone(), buffer: Cursor::default() })
    }

    fn fail(&self, status: Option<StatusCode>, text: String) -> io::Error {
        *self.failure.borrow_mut() = Some(Failure { status, text: text.clone() });
        io::Error::other(text)
    }
}

/// One conversation with one remote.
pub(super) struct Conversation {
    client: Client,
    origin: Url,
    access: Arc<Access>,
    journal: Rc<Journal>,
    redirected_base: Option<String>,
}

impl Conversation {
    /// `client` must not follow redirects by itself.
    pub(super) fn new(client: Client, origin: Url, access: Arc<Access>, journal: Rc<Journal>) -> Self {
        Self { client, origin, access, journal, redirected_base: None }
    }

    /// Returns the request's builder with the protocol's headers, and ours where `url` is of the remote's own origin.
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
        if url.origin() == self.origin.origin() {
            headers.extend(self.access.headers.clone());
            if let Some(authorization) = self.access.login.header() {
                headers.insert(AUTHORIZATION, authorization);
            }
        }
        request.headers(headers)
    }

    /// Sends a GET, again where the remote wants a login and git's credential helpers have one, and follows its redirects.
    /// Returns the answer and where it came from.
    fn get_following(&self, url: &str, headers: &[String]) -> io::Result<(Response, Url)> {
        let mut url = Url::parse(url).map_err(io::Error::other)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.with_headers(self.client.get(url.clone()), &url, headers);
            let response = match self.journal.send(request, Vec::new()) {
                Ok(response) => response,
                Err(_) if self.wants_another_login(&url) => {
                    self.journal.take_failure();
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !response.status().is_redirection() {
                self.access.login.accepted();
                return Ok((response, url));
            }
            url = redirect_target(&response, &url)
                .map_err(|why| self.journal.fail(Some(response.status()), why.to_owned()))?;
        }
        Err(self.journal.fail(None, format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Returns whether the last request failed for want of a login, and there now is another one.
    fn wants_another_login(&self, url: &Url) -> bool {
        let status = self.journal.failure.borrow().as_ref().and_then(|failure| failure.status);
        status == Some(StatusCode::UNAUTHORIZED) && url.origin() == self.origin.origin() && self.access.login.rejected()
    }

    /// Returns `url` below the base that a redirect led to.
    fn effective(&self, url: &str, base_url: &str) -> String {
        match (&self.redirected_base, url.strip_prefix(base_url)) {
            (Some(base), Some(tail)) => format!("{base}{tail}"),
            _ => url.to_owned(),
        }
    }
}

impl Journal {
    /// Sends a request. Returns its answer if that is a success or a redirect, and keeps what else came.
    fn send(&self, request: RequestBuilder, body: Vec<u8>) -> io::Result<Response> {
        self.counters.request(body.len());
        self.asked.set(Instant::now());
        let request = if body.is_empty() { request } else { request.body(body) };
        let response = request.send().map_err(|error| self.fail(None, chain(&error)))?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let plain = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
        let mut text = Vec::new();
        if plain {
            // What cannot be read of a refusal's text is no reason to hide the refusal.
            response.take(MAX_REFUSAL).read_to_end(&mut text).ok();
        }
        Err(self.fail(Some(status), String::from_utf8_lossy(&text).trim().to_owned()))
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
                gix::Error::from_error(self.journal.fail(
                    None,
                    format!("a redirect led to `{}{}`", answered_by.origin().ascii_serialization(), answered_by.path()),
                ))
            })?;
            self.redirected_base = Some(base.to_owned());
        }
        let (headers, body) = self.journal.reading(&Rc::new(RefCell::new(Exchange::Answered(response))));
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
        let exchange = Rc::new(RefCell::new(Exchange::Open { request, body: Vec::new() }));
        let (headers, body) = self.journal.reading(&exchange);
        Ok(PostResponse { post_body: PostBody(exchange), headers, body })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected_base.clone()
    }
}

/// One request and its answer. A POST is sent when its answer is first asked for: by then its body is written.
enum Exchange {
    Open {
        request: RequestBuilder,
        body: Vec<u8>,
    },
    Answered(Response),
    Failed,
    /// Nobody wants to read on.
    Ended,
}

impl Exchange {
    fn answer(&mut self, journal: &Journal) -> io::Result<&mut Response> {
        if let Self::Open { .. } = self
            && let Self::Open { request, body } = std::mem::replace(self, Self::Failed)
        {
            let response = journal.send(request, body)?;
            if response.status().is_redirection() {
                return Err(journal.fail(Some(response.status()), "a redirect of a POST is not followed".to_owned()));
            }
            *self = Self::Answered(response);
        }
        match self {
            Self::Answered(response) => Ok(response),
            Self::Open { .. } | Self::Failed | Self::Ended => Err(io::Error::other("the request failed before")),
        }
    }
}

/// The answer's headers; the content type is the only one that the protocol looks at.
pub(super) struct Headers {
    exchange: Rc<RefCell<Exchange>>,
    journal: Rc<Journal>,
    lines: Option<Cursor<Vec<u8>>>,
}

impl Headers {
    fn lines(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if self.lines.is_none() {
            let mut exchange = self.exchange.borrow_mut();
            let mut line = Vec::new();
            if let Some(kind) = exchange.answer(&self.journal)?.headers().get(CONTENT_TYPE) {
                line = [b"content-type: ", kind.as_bytes(), b"\n"].concat();
            }
            self.lines = Some(Cursor::new(line));
        }
        Ok(self.lines.get_or_insert_default())
    }
}

impl Read for Headers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines()?.read(buffer)
    }
}

impl BufRead for Headers {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(amount);
        }
    }
}

/// The answer's body, read in pieces.
pub(super) struct Body {
    exchange: Rc<RefCell<Exchange>>,
    journal: Rc<Journal>,
    buffer: Cursor<Vec<u8>>,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(buffer)?;
        self.consume(amount);
        Ok(amount)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let mut exchange = self.exchange.borrow_mut();
        if matches!(*exchange, Exchange::Ended) {
            return Ok(&[]);
        }
        if self.buffer.position() == self.buffer.get_ref().len() as u64 {
            let mut piece = std::mem::take(&mut self.buffer).into_inner();
            piece.resize(PIECE, 0);
            if self.journal.asked.get().elapsed() > self.journal.timeout.saturating_mul(PATIENCE) {
                return Err(self.journal.fail(None, "the answer takes too long".to_owned()));
            }
            let answer = exchange.answer(&self.journal)?;
            let length = answer.read(&mut piece).map_err(|error| self.journal.fail(None, chain(&error)))?;
            self.journal.counters.answer(length);
            piece.truncate(length);
            self.buffer = Cursor::new(piece);
        }
        self.buffer.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.buffer.consume(amount);
    }
}

/// Where the body of a POST is written.
pub(super) struct PostBody(Rc<RefCell<Exchange>>);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.borrow_mut() {
            Exchange::Open { body, .. } => body.write(bytes),
            Exchange::Answered(_) | Exchange::Failed | Exchange::Ended => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns where a redirect may lead us, or why it may not.
fn redirect_target(response: &Response, from: &Url) -> Result<Url, &'static str> {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok()).ok_or("a redirect leads nowhere")?;
    match (from.scheme(), target.scheme()) {
        ("http", "http" | "https") | ("https", "https") => Ok(target),
        ("https", "http") => Err("a redirect from https to http is not followed"),
        _ => Err("a redirect away from http is not followed"),
    }
}

/// Parses `name: value`. What is no header is left out, as gix does with lines from git's configuration.
pub(super) fn parse_header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}

/// Returns an error and its causes, without the URL that reqwest appends: it may be long, and the remote is named.
fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}
