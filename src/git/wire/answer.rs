//! The body of an answer over HTTP, as it arrives. reqwest can limit the wait for a whole answer alone. If somebody wants to wait
//! for a part of it, a thread reads that part.

use std::io::{self, Read as _};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

/// The most bytes of an answer that are read at a time.
const READ_SIZE: usize = 8 << 10;

/// An answer whose body has not been read to its end.
pub(super) struct Answer {
    content_type: Option<HeaderValue>,
    source: Source,
}

enum Source {
    Response(Response),
    /// The next piece was waited for, and has come.
    Came(Response, io::Result<Vec<u8>>),
    /// A thread reads the next piece.
    Awaited(Receiver<(Response, io::Result<Vec<u8>>)>),
    Failed,
}

impl Answer {
    pub(super) fn of(response: Response) -> Self {
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        Self { content_type, source: Source::Response(response) }
    }

    pub(super) fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// Returns the next piece of the body, which is empty at its end. It is read into `buffer`, unless it is here already.
    pub(super) fn next_piece(&mut self, buffer: Vec<u8>, timeout: Duration) -> io::Result<Vec<u8>> {
        if matches!(self.source, Source::Awaited(_)) {
            self.comes_within(timeout);
        }
        let (response, piece) = match std::mem::replace(&mut self.source, Source::Failed) {
            Source::Response(response) => read(response, buffer),
            Source::Came(response, piece) => (response, piece),
            Source::Awaited(_) | Source::Failed => return Err(io::ErrorKind::TimedOut.into()),
        };
        self.source = Source::Response(response);
        piece
    }

    /// Waits for the next piece of the body, or for its end, and returns whether that came in time.
    pub(super) fn comes_within(&mut self, limit: Duration) -> bool {
        let awaited = match std::mem::replace(&mut self.source, Source::Failed) {
            Source::Response(response) => read_in_thread(response),
            Source::Awaited(awaited) => awaited,
            known @ (Source::Came(..) | Source::Failed) => {
                self.source = known;
                return true;
            }
        };
        let came = awaited.recv_timeout(limit);
        self.source = came.map_or(Source::Awaited(awaited), |(response, piece)| Source::Came(response, piece));
        matches!(self.source, Source::Came(..))
    }
}

fn read(mut response: Response, mut buffer: Vec<u8>) -> (Response, io::Result<Vec<u8>>) {
    buffer.resize(READ_SIZE, 0);
    let piece = response.read(&mut buffer).map(|length| {
        buffer.truncate(length);
        buffer
    });
    (response, piece)
}

/// Nobody receives the piece of an answer that was left: the connection is closed then, when it comes.
fn read_in_thread(response: Response) -> Receiver<(Response, io::Result<Vec<u8>>)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(read(response, Vec::new())).ok());
    receiver
}
