//! One request to a git server and its answer, over HTTP, and what is to be known about them afterwards. Where to ask, and
//! with which login, is `http`'s affair.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::CONTENT_TYPE;

use super::small_packets::SmallPackets;
use super::traffic::Counters;
use crate::system::connection::ConnectionError;

/// How much of a refusal's body is kept for its message, in bytes.
const MAX_REFUSAL: u64 = 4096;

/// How much of an answer is read at a time, in bytes.
const PIECE: usize = 8 << 10;

/// The content type of an answer that may have a pack.
const PACK: &str = "application/x-git-upload-pack-result";

/// How many times the time limit a whole answer may take: each read is bounded by it once, and an answer may be long.
pub(super) const PATIENCE: u32 = 20;

/// How the last exchange ended that did not end well.
pub(super) enum Failure {
    /// With this status, and what the server said in plain text.
    Answered(StatusCode, String),
    /// Without an answer, or with one that cannot be used.
    Silent(String),
    /// Without an answer, because of the connection.
    Connection(ConnectionError),
    /// What answered does not speak git.
    NotGit(&'static str),
}

impl Failure {
    fn of(error: &(dyn Error + 'static)) -> Self {
        Self::Connection(ConnectionError::of(error))
    }
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

    /// Returns whether the last request ended with this status.
    pub(super) fn has_failed_with(&self, expected: StatusCode) -> bool {
        matches!(*self.failure.borrow(), Some(Failure::Answered(status, _)) if status == expected)
    }

    /// Returns where an answer is read.
    pub(super) fn answered(self: &Rc<Self>, response: Response) -> (Headers, Body) {
        self.reading(&Rc::new(RefCell::new(Exchange::Answered(response))))
    }

    /// Returns where the body of a request is written, and where its answer is read.
    pub(super) fn open(self: &Rc<Self>, request: RequestBuilder) -> (PostBody, Headers, Body) {
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

    /// Keeps `failure`, which says more than an I/O error can.
    pub(super) fn fail(&self, failure: Failure) -> io::Error {
        *self.failure.borrow_mut() = Some(failure);
        io::Error::other("the exchange failed")
    }

    /// Sends a request. Returns its answer if that is a success or a redirect, and keeps what else came.
    pub(super) fn send(&self, request: RequestBuilder, body: Vec<u8>) -> io::Result<Response> {
        self.counters.request(body.len());
        self.asked.set(Instant::now());
        let request = if body.is_empty() { request } else { request.body(body) };
        let response = request.send().map_err(|error| self.fail(Failure::of(&error)))?;
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
        Err(self.fail(Failure::Answered(status, String::from_utf8_lossy(&text).trim().to_owned())))
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
                let why = "a redirect of a POST is not followed".to_owned();
                return Err(journal.fail(Failure::Answered(response.status(), why)));
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
    /// Where the answer may have a pack.
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
        // A piece may hold no more than the beginning of a packet, and then nothing comes of it yet.
        while self.buffer.position() == self.buffer.get_ref().len() as u64 {
            let mut piece = std::mem::take(&mut self.buffer).into_inner();
            piece.resize(PIECE, 0);
            if self.journal.asked.get().elapsed() > self.journal.timeout.saturating_mul(PATIENCE) {
                return Err(self.journal.fail(Failure::Silent("the answer takes too long".to_owned())));
            }
            let answer = exchange.answer(&self.journal)?;
            let length = answer.read(&mut piece).map_err(|error| self.journal.fail(Failure::of(&error)))?;
            if length == 0 {
                return Ok(&[]);
            }
            self.journal.counters.answer(length);
            piece.truncate(length);
            if answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PACK) {
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
