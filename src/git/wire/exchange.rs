//! One request to a git server and its answer, over HTTP. `conversation` chooses the URL and the login.
//!
//! gix asks for a request's body, for the answer's headers and for its body as three objects, before the request is sent.
//! So these share one [`Exchange`], and the first read of [`Headers`] or [`Body`] sends the request:
//!
//! ```text
//!  POST: Journal::open                          GET: Journal::send, then Journal::answered
//!          │                                            │
//!          ▼    Headers or Body is read                 ▼
//!        Open ──────────────────────────────────► Answered ──────────────────────► Ended
//!          │                               (Body reads up to the end)  Journal::abandon_answer
//!          ▼    no answer, an error status, a redirect
//!        Failed ── the reason is in Journal::failure
//! ```
//!
//! [`PostBody`] writes while the exchange is `Open`. [`Headers`] and [`Body`] read while it is `Answered`; reading gives an
//! error after `Failed`, and an empty body after `Ended`. The [`Journal`] lives as long as the connection. It has a weak
//! reference to the exchange of the moment, so that an answer that gix has dropped closes its connection.

use std::io::{self, BufRead, Cursor, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};

use super::allowance::Allowance;
use super::exchange_failure::{ExchangeFailure, Refusal, foreign, page, refusal_text};
use super::host_login::RemoteLogin;
use super::retries::{RequestEffect, Retries, RetryReason};
use super::small_packets::SmallPackets;
use super::traffic::Counters;
use crate::system::lock::lock;
use crate::system::network::connection::{ConnectionError, ConnectionProblem};
use crate::system::network::retry_after;

/// The most bytes of a refusal's body that are kept for its message.
const MAX_REFUSAL_TEXT: u64 = 4096;

/// The most bytes of an answer that are read at a time.
const READ_SIZE: usize = 8 << 10;

/// The content type of an answer that may have a pack.
const UPLOAD_PACK_RESULT: &str = "application/x-git-upload-pack-result";

/// What is known about the exchanges of a connection: why the last one failed, its traffic, its time.
pub(super) struct Journal {
    failure: Mutex<Option<ExchangeFailure>>,
    /// The exchange whose answer is being read.
    answer: Mutex<Weak<Mutex<Exchange>>>,
    counters: Arc<Counters>,
    pub(super) allowance: Arc<Allowance>,
    /// What a POST of this conversation does.
    post: RequestEffect,
    /// Whether a push was sent again, because the connection had been closed.
    was_pushed_again: AtomicBool,
}

impl Journal {
    pub(super) fn new(counters: Arc<Counters>, timeout: Duration, post: RequestEffect) -> Self {
        let (failure, answer, allowance) = (Mutex::default(), Mutex::default(), Arc::new(Allowance::new(timeout)));
        Self { failure, answer, counters, allowance, post, was_pushed_again: AtomicBool::default() }
    }

    pub(super) fn was_pushed_again(&self) -> bool {
        self.was_pushed_again.load(Ordering::Relaxed)
    }

    /// Returns until when the last request may be answered.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.allowance.timeout.saturating_sub(self.allowance.elapsed())
    }

    pub(super) fn take_failure(&self) -> Option<ExchangeFailure> {
        lock(&self.failure).take()
    }

    /// Ends the answer that is being read: its connection is closed, and no more of it is read.
    pub(in crate::git) fn abandon_answer(&self) {
        if let Some(exchange) = lock(&self.answer).upgrade() {
            *lock(&exchange) = Exchange::Ended;
        }
    }

    /// Returns the server's refusal of the last request.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match &*lock(&self.failure) {
            Some(ExchangeFailure::Answered(refusal)) => Some(refusal.clone()),
            _ => None,
        }
    }

    /// Returns the readers of an answer.
    pub(in crate::git) fn answered(self: &Arc<Self>, response: Response) -> (Headers, Body) {
        self.reading(&Arc::new(Mutex::new(Exchange::Answered(response))))
    }

    /// Returns the writer of a request's body, and the readers of its answer.
    /// `login` may know another one if the server wants one for this request alone.
    pub(in crate::git) fn open(
        self: &Arc<Self>,
        request: RequestBuilder,
        login: Option<Arc<RemoteLogin>>,
    ) -> (PostBody, Headers, Body) {
        let exchange = Arc::new(Mutex::new(Exchange::Open { request, body: Vec::new(), login }));
        let (headers, body) = self.reading(&exchange);
        (PostBody(exchange), headers, body)
    }

    fn reading(self: &Arc<Self>, exchange: &Arc<Mutex<Exchange>>) -> (Headers, Body) {
        *lock(&self.answer) = Arc::downgrade(exchange);
        let headers = Headers { exchange: exchange.clone(), journal: self.clone(), lines: None };
        let (exchange, journal) = (exchange.clone(), self.clone());
        (headers, Body { exchange, journal, buffer: Cursor::default(), packets: None })
    }

    /// Keeps `failure`, because the I/O error that goes through gix cannot carry it.
    pub(in crate::git) fn fail(&self, failure: ExchangeFailure) -> io::Error {
        *lock(&self.failure) = Some(failure);
        io::Error::other("the exchange failed")
    }

    /// Sends a request, and sends it again if a busy server or a closed connection did not take it. Returns its answer if that
    /// is a success or a redirect; any other one is kept as the failure.
    fn send(&self, request: RequestBuilder, body: Vec<u8>) -> io::Result<Response> {
        let effect = if body.is_empty() { RequestEffect::None } else { self.post };
        let mut retries = Retries::new(effect, self.allowance.timeout);
        let mut request = Some(request);
        while let Some(this) = request.take() {
            request = this.try_clone();
            let (failure, reason) = match self.send_once(this, body.clone()) {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            if request.is_none() || !reason.is_some_and(|reason| retries.wait(reason)) {
                return Err(self.fail(failure));
            }
            self.was_pushed_again.fetch_or(effect == RequestEffect::Push, Ordering::Relaxed);
        }
        Err(io::Error::other("a request that cannot be sent"))
    }

    /// Sends a request, and again as long as the server wants a login and there is one that it has not seen.
    pub(super) fn send_with_login(
        &self,
        mut request: RequestBuilder,
        body: Vec<u8>,
        login: Option<&Arc<RemoteLogin>>,
    ) -> io::Result<Response> {
        loop {
            let again = login.and_then(|login| Some((request.try_clone()?, login)));
            let answered = self.send(request, body.clone());
            let Some((again, login)) = again else { return answered };
            if answered.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                login.accepted();
            } else if answered.is_err() && self.refusal().is_some_and(|refusal| login.rejected(&refusal)) {
                self.take_failure();
                // In place of the one that was refused.
                let header = login.header().map(|header| (AUTHORIZATION, header));
                request = again.headers(header.into_iter().collect());
                continue;
            }
            return answered;
        }
    }

    fn send_once(
        &self,
        request: RequestBuilder,
        body: Vec<u8>,
    ) -> Result<Response, (ExchangeFailure, Option<RetryReason>)> {
        self.counters.request(body.len());
        self.allowance.ask();
        let request = if body.is_empty() { request } else { request.body(body) };
        let response = request.send().map_err(|error| {
            let failure = ExchangeFailure::of(&error, self.allowance.timeout);
            let is_closed =
                matches!(&failure, ExchangeFailure::Connection(error) if error.problem == ConnectionProblem::Closed);
            (failure, is_closed.then_some(RetryReason::Dropped))
        })?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let pause = header(RETRY_AFTER).and_then(|value| retry_after::parse(value, SystemTime::now()));
        let reason = RetryReason::Busy(status, pause.unwrap_or_default());
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_owned()).unwrap_or_default();
        let challenges = response.headers().get_all(WWW_AUTHENTICATE).into_iter();
        let challenges = challenges.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let url = response.url().clone();
        let body = self.beginning(response);
        if let Some(error) = ConnectionError::of_page(&url, &body) {
            return Err((ExchangeFailure::Connection(error), None));
        }
        let text = refusal_text(&kind, &String::from_utf8_lossy(&body));
        Err((ExchangeFailure::Answered(Refusal { status, text, pause, challenges }), Some(reason)))
    }

    /// Returns the beginning of a refusal's text, as far as it comes within the limit. If it cannot be read, the status
    /// still tells.
    fn beginning(&self, response: Response) -> Vec<u8> {
        let mut text = Vec::new();
        let mut rest = response.take(MAX_REFUSAL_TEXT);
        let mut piece = [0; 512];
        while self.allowance.elapsed() < self.allowance.timeout {
            match rest.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(length) => text.extend_from_slice(&piece[..length]),
            }
        }
        text
    }
}

/// The state of one request and its answer. A POST is sent by the first read of its answer, when its body is complete.
enum Exchange {
    Open {
        request: RequestBuilder,
        body: Vec<u8>,
        login: Option<Arc<RemoteLogin>>,
    },
    Answered(Response),
    Failed,
    /// The rest of the answer is not wanted.
    Ended,
}

impl Exchange {
    /// Returns the answer. Sends the request if that has not been done.
    fn answer(&mut self, journal: &Journal) -> io::Result<&mut Response> {
        if let Self::Open { .. } = self
            && let Self::Open { request, body, login } = std::mem::replace(self, Self::Failed)
        {
            let response = journal.send_with_login(request, body, login.as_ref())?;
            if response.status().is_redirection() {
                let why = "it redirects in the middle of the conversation, which is not followed".to_owned();
                return Err(journal.fail(ExchangeFailure::Redirected(why)));
            }
            // git looks at the type of the report on a push alone, and so does gix.
            let other = match journal.post {
                RequestEffect::Push => foreign(response.headers()),
                RequestEffect::None => page(response.headers()),
            };
            if let Some(what) = other {
                return Err(journal.fail(ExchangeFailure::ElsewhereAnswered(what)));
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
    exchange: Arc<Mutex<Exchange>>,
    journal: Arc<Journal>,
    lines: Option<Cursor<Vec<u8>>>,
}

impl Headers {
    fn lines(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if self.lines.is_none() {
            let mut exchange = lock(&self.exchange);
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
    exchange: Arc<Mutex<Exchange>>,
    journal: Arc<Journal>,
    buffer: Cursor<Vec<u8>>,
    /// `None` if the answer has no pack.
    packets: Option<SmallPackets>,
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
        let mut exchange = lock(&self.exchange);
        if matches!(*exchange, Exchange::Ended) {
            return Ok(&[]);
        }
        // A piece may end inside of a packet's head, which gives no data yet.
        while self.buffer.position() == self.buffer.get_ref().len() as u64 {
            let mut piece = std::mem::take(&mut self.buffer).into_inner();
            piece.resize(READ_SIZE, 0);
            let in_time = self.journal.allowance.check_time();
            in_time.map_err(|late| self.journal.fail(ExchangeFailure::OutOfTime(late)))?;
            let answer = exchange.answer(&self.journal)?;
            let length = answer
                .read(&mut piece)
                .map_err(|error| self.journal.fail(ExchangeFailure::of_body(&error, self.journal.allowance.timeout)))?;
            if length == 0 {
                return Ok(&[]);
            }
            self.journal.counters.answer(length);
            let drawn = self.journal.allowance.draw(length);
            drawn.map_err(|excess| self.journal.fail(ExchangeFailure::Excessive(excess)))?;
            piece.truncate(length);
            if answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == UPLOAD_PACK_RESULT) {
                piece = self.packets.get_or_insert_default().split(&piece);
            }
            self.buffer = Cursor::new(piece);
        }
        self.buffer.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.buffer.consume(amount);
    }
}

/// The writer of a POST's body.
pub(super) struct PostBody(Arc<Mutex<Exchange>>);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *lock(&self.0) {
            Exchange::Open { body, .. } => body.write(bytes),
            Exchange::Answered(_) | Exchange::Failed | Exchange::Ended => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
