//! Passes a request on to another server, as a gateway does.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::message::read_line;
use super::stream::Stream;
use super::{Head, Response};

/// Headers that are about one connection, or about how the body travels.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "content-length", "expect", "transfer-encoding"];

/// Sends a request over a connection of its own, and returns the answer. Its body must come with its length, as [`super::Server`]
/// sends it; that of an answer to HEAD is as many zeros.
pub fn forward(target: SocketAddr, head: &Head, body: &[u8]) -> io::Result<Response> {
    let mut connection = BufReader::new(Stream::accept(TcpStream::connect(target)?, None)?);
    let mut request = format!("{} {} HTTP/1.1\r\n", head.method, head.target());
    for (name, value) in head.all_headers().filter(|(name, _)| !OF_THE_CONNECTION.contains(name)) {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n", body.len());
    connection.get_mut().write_all(&[request.as_bytes(), body].concat())?;
    let status_line = read_line(&mut connection)?;
    let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut response = Response::new(status.ok_or(io::ErrorKind::InvalidData)?);
    let mut length = 0;
    loop {
        let line = read_line(&mut connection)?;
        match line.split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some((name, value)) => response = response.header(name, value),
            None => break,
        }
    }
    response.body = vec![0; length];
    if head.method != "HEAD" {
        connection.read_exact(&mut response.body)?;
    }
    Ok(response)
}
