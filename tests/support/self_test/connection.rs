//! A client that is nothing but a socket: it sends what it is told and hides nothing that comes back.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A connection that is kept from one request to the next.
pub(super) struct Connection(BufReader<TcpStream>);

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn headers(&self, name: &str) -> Vec<&str> {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    /// Forgets how the body travelled: with its length, or in chunks.
    pub(super) fn without_framing(mut self) -> Self {
        self.headers.retain(|(name, _)| !["Content-Length", "Transfer-Encoding"].contains(&name.as_str()));
        self
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON: {error}: {self:?}"))
    }

    /// Returns the code of the first error in the body.
    pub(super) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().expect("an error with a code").to_owned()
    }
}

impl Connection {
    pub(super) fn open(address: &str) -> Self {
        Self::try_open(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"))
    }

    /// Opens a connection to an address at which a server may have ended.
    pub(super) fn try_open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(super) fn set_patience(&self, patience: Duration) {
        self.0.get_ref().set_read_timeout(Some(patience)).expect("a socket option");
    }

    /// Sends a request and returns the answer.
    #[track_caller]
    pub(super) fn ask(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_ask(line, headers, body).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Sends a request and returns the answer, or the error if the server ends the connection.
    pub(super) fn try_ask(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\n", self.0.get_ref().peer_addr()?);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n", body.len());
        self.send(&[request.as_bytes(), body].concat())?;
        self.receive(line.starts_with("HEAD "))
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    pub(super) fn receive(&mut self, without_body: bool) -> io::Result<Answer> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => break,
            }
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        if answer.header("transfer-encoding") == Some("chunked") {
            while self.receive_chunk(&mut answer.body)? > 0 {}
        } else if !without_body {
            answer.body.resize(length, 0);
            self.0.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }

    /// Appends the next chunk, and returns its size: 0 at the end.
    fn receive_chunk(&mut self, body: &mut Vec<u8>) -> io::Result<usize> {
        let size = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
        let before = body.len();
        body.resize(before + size, 0);
        self.0.read_exact(&mut body[before..])?;
        self.line().map(|_| size)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
