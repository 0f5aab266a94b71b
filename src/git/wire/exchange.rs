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

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::CONTENT_TYPE;

use super::allowance::{Allowance, Excess, OutOfTime};
use super::small_packets::SmallPackets;
use super::traffic::Counters;
use crate::system::connection::{ConnectionError, ConnectionProblem};

/// The most bytes of a refusal's body that are kept for its message.
const MAX_REFUSAL_TEXT: u64 = 4096;

/// The most bytes of an answer that are read at a time.
const READ_SIZE: usize = 8 << 10;

/// The content type of an answer that may have a pack.
const UPLOAD_PACK_RESULT: &str = "application/x-git-upload-pack-result";

/// Why an exchange failed.
pub(super) enum ExchangeFailure {
    /// The server answered with this status, and with this plain text.
    Answered(StatusCode, String),
    /// There was no answer, or one that cannot be used.
    Silent(String),
    /// There was no answer, because of the connection.
    Connection(ConnectionError),
    /// The server that answered does not speak git.
    NotGit(&'static str),
    /// The server sends too much.
    Excessive(Excess),
    /// The server takes too long.
    OutOfTime(OutOfTime),
}

impl ExchangeFailure {
    /// Returns what an error of a request, or of reading its answer, means. `limit` is that of each wait.
    fn of(error: &(dyn Error + 'static), limit: Duration) -> Self {
        let is_to_connect = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
        match ConnectionError::of(error) {
            ConnectionError { problem: ConnectionProblem::TimedOut, .. } if !is_to_connect => {
                Self::OutOfTime(OutOfTime::Silent(limit))
            }
            error => Self::Connection(error),
        }
    }
}

/// What is known about the exchanges of a connection: why the last one failed, its traffic, its time.
pub(super) struct Journal {
    failure: RefCell<Option<ExchangeFailure>>,
    /// The exchange whose answer is being read.
    answer: RefCell<Weak<RefCell<Exchange>>>,
    counters: Arc<Counters>,
    pub(super) allowance: Rc<Allowance>,
}

impl Journal {
    pub(in crate::git) fn new(counters: Arc<Counters>, timeout: Duration) -> Self {
        let (failure, answer, allowance) = (RefCell::default(), RefCell::default(), Rc::new(Allowance::new(timeout)));
        Self { failure, answer, counters, allowance }
    }

    pub(super) fn take_failure(&self) -> Option<ExchangeFailure> {
        self.failure.borrow_mut().take()
    }

    /// Ends the answer that is being read: its connection is closed, and no more of it is read.
    pub(in crate::git) fn abandon_answer(&self) {
        if let Some(exchange) = self.answer.borrow().upgrade() {
            *exchange.borrow_mut() = Exchange::Ended;
        }
    }

    /// Returns whether the last request ended with this status.
    pub(super) fn has_failed_with(&self, expected: StatusCode) -> bool {
        matches!(*self.failure.borrow(), Some(ExchangeFailure::Answered(status, _)) if status == expected)
    }

    /// Returns the readers of an answer.
    pub(in crate::git) fn answered(self: &Rc<Self>, response: Response) -> (Headers, Body) {
        self.reading(&Rc::new(RefCell::new(Exchange::Answered(response))))
    }

    /// Returns the writer of a request's body, and the readers of its answer.
    pub(in crate::git) fn open(self: &Rc<Self>, request: RequestBuilder) -> (PostBody, Headers, Body) {
        let exchange = Rc::new(RefCell::new(Exchange::Open { request, body: Vec::new() }));
        let (headers, body) = self.reading(&exchange);
        (PostBody(exchange), headers, body)
    }

    fn reading(self: &Rc<Self>, exchange: &Rc<RefCell<Exchange>>) -> (Headers, Body) {
        *self.answer.borrow_mut() = Rc::downgrade(exchange);
        let headers = Headers { exchange: exchange.clone(), journal: self.clone(), lines: None };
        let (exchange, journal) = (exchange.clone(), self.clone());
        (headers, Body { exchange, journal, buffer: Cursor::default(), packets: None })
    }

    /// Keeps `failure`, because the I/O error that goes through gix cannot carry it.
    pub(in crate::git) fn fail(&self, failure: ExchangeFailure) -> io::Error {
        *self.failure.borrow_mut() = Some(failure);
        io::Error::other("the exchange failed")
    }

    fn broken(&self, error: &(dyn Error + 'static)) -> io::Error {
        self.fail(ExchangeFailure::of(error, self.allowance.timeout))
    }

    /// Sends a request. Returns its answer if that is a success or a redirect; any other one is kept as the failure.
    pub(in crate::git) fn send(&self, request: RequestBuilder, body: Vec<u8>) -> io::Result<Response> {
        self.counters.request(body.len());
        self.allowance.ask();
        let request = if body.is_empty() { request } else { request.body(body) };
        let response = request.send().map_err(|error| self.broken(&error))?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_owned()).unwrap_or_default();
        let text = self.beginning(response);
        Err(self.fail(ExchangeFailure::Answered(status, refusal_text(&kind, &String::from_utf8_lossy(&text)))))
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

/// Returns the words of a refusal: plain text, the message of a JSON object, or the title of a page.
fn refusal_text(kind: &[u8], body: &str) -> String {
    let text = match kind {
        kind if kind.starts_with(b"text/plain") => Some(body.to_owned()),
        kind if kind.starts_with(b"application/json") || kind.starts_with(b"application/problem+json") => {
            let document: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let named = ["message", "error_description", "detail", "error"].map(|name| document[name].as_str());
            named.into_iter().flatten().next().map(str::to_owned)
        }
        kind if kind.starts_with(b"text/html") => {
            let title = |tag| Some(body.split_once(tag)?.1.split_once("</")?.0.to_owned());
            title("<title>").or_else(|| title("<TITLE>"))
        }
        _ => None,
    };
    text.unwrap_or_default().trim().to_owned()
}

/// The state of one request and its answer. A POST is sent by the first read of its answer, when its body is complete.
enum Exchange {
    Open {
        request: RequestBuilder,
        body: Vec<u8>,
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
            && let Self::Open { request, body } = std::mem::replace(self, Self::Failed)
        {
            let response = journal.send(request, body)?;
            if response.status().is_redirection() {
                let why = "a redirect of a POST is not followed".to_owned();
                return Err(journal.fail(ExchangeFailure::Answered(response.status(), why)));
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
        let mut exchange = self.exchange.borrow_mut();
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
            let length = answer.read(&mut piece).map_err(|error| self.journal.broken(&error))?;
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
