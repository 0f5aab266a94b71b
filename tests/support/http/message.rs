//! What travels over a connection: a request's head, its body as it is read, and the response.

use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::stream::Stream;

/// A request without its body.
#[derive(Clone)]
pub struct Head {
    pub method: String,
    pub path: String,
    /// What follows the `?`, as it was sent; empty if nothing does.
    pub query: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads the next request's head; `None` if the client closed the connection instead.
    pub(super) fn read(connection: &mut BufReader<Stream>) -> io::Result<Option<Self>> {
        if connection.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let request_line = read_line(connection)?;
        let mut words = request_line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(malformed("a request line"));
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        let mut headers = Vec::new();
        loop {
            let line = read_line(connection)?;
            if line.is_empty() {
                return Ok(Some(Self { method, path, query, headers }));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Returns the first header of a name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// Returns all headers of a name, which is given in lower case.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Returns every header, its name in lower case.
    pub fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the values of a key of the query, decoded.
    pub fn query_values(&self, key: &str) -> Vec<String> {
        form_values(&self.query, key)
    }

    /// Returns the request at another path, as if it had been sent there.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// Returns path and query, as they were sent.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// Returns the values of a key of a form or a query.
pub fn form_values(form: &str, key: &str) -> Vec<String> {
    form.split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| percent_decode(name) == key)
        .map(|(_, value)| percent_decode(value))
        .collect()
}

/// Returns the text of a part of a query or form. What is not UTF-8 is no test's business.
pub fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                decoded.push(b' ');
                rest = tail;
            }
            _ => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A request's body, read from the connection when the handler asks for it: a handler can stop in the middle.
pub struct Body<'a> {
    connection: &'a mut BufReader<Stream>,
    /// Bytes left of the body, or of the present chunk.
    left: usize,
    chunks_follow: bool,
    awaits_continue: bool,
    received: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(head: &Head, connection: &'a mut BufReader<Stream>) -> Self {
        let chunked = head.headers("transfer-encoding").any(|value| value.eq_ignore_ascii_case("chunked"));
        let length = head.header("content-length").and_then(|length| length.parse().ok());
        Self {
            connection,
            left: if chunked { 0 } else { length.unwrap_or(0) },
            chunks_follow: chunked,
            awaits_continue: head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")),
            received: 0,
        }
    }

    /// Returns all of it.
    pub fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads what the handler left. Returns `false` if a client still waits to be told to send it, and the
    /// connection is of no further use.
    pub(super) fn discard(&mut self) -> io::Result<bool> {
        if self.awaits_continue {
            return Ok(false);
        }
        io::copy(self, &mut io::sink()).map(|_| true)
    }

    pub(super) fn received(&self) -> usize {
        self.received
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let line = read_line(self.connection)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = usize::from_str_radix(size, 16).ok().ok_or_else(|| malformed("the size of a chunk"))?;
        if self.left == 0 {
            self.chunks_follow = false;
            while !read_line(self.connection)?.is_empty() {}
        }
        Ok(())
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.awaits_continue) {
            self.connection.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if self.left == 0 && self.chunks_follow {
            self.next_chunk()?;
        }
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let wanted = buffer.len().min(self.left);
        let count = self.connection.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count;
        self.received += count;
        if self.left == 0 && self.chunks_follow {
            read_line(self.connection)?;
        }
        Ok(count)
    }
}

/// Returns the next line without its end. Half a line is none.
pub fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is malformed"))
}

/// What a request is answered with.
#[derive(Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn text(status: u16, text: &str) -> Self {
        Self::new(status).header("Content-Type", "text/plain; charset=utf-8").body(text.as_bytes())
    }

    pub fn json(status: u16, document: &Value) -> Self {
        Self::new(status).header("Content-Type", "application/json").body(document.to_string().as_bytes())
    }

    /// Returns the way to somewhere else, method and body kept (307).
    pub fn redirect(url: &str) -> Self {
        Self::new(307).header("Location", url)
    }

    /// Adds a header; one of the same name may be there already.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the content type.
    #[must_use]
    pub fn retyped(mut self, kind: &str) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        self.header("Content-Type", kind)
    }

    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns status line and headers. The length is that of the body, also if the body stays away (HEAD).
    pub(super) fn head_bytes(&self) -> Vec<u8> {
        self.head_with(&format!("Content-Length: {}", self.body.len()))
    }

    /// Returns status line and headers of an answer whose body comes in chunks.
    pub(super) fn head_before_chunks(&self) -> Vec<u8> {
        self.head_with("Transfer-Encoding: chunked")
    }

    fn head_with(&self, framing: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} \r\n{framing}\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        head.into_bytes()
    }
}

/// Returns the page of nginx for a connection that has the wrong kind of TLS, or none.
pub fn nginx_400(words: &str) -> Response {
    let body = format!(
        "<html>\r\n<head><title>400 {words}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
         <center>{words}</center>\r\n<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n"
    );
    Response::new(400).header("Content-Type", "text/html").body(body.as_bytes())
}

/// Returns a moment `from_now` as HTTP writes dates, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(from_now: Duration) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970") + from_now;
    let (mut day, second) = (moment.as_secs() / 86400, moment.as_secs() % 86400);
    let weekday = WEEKDAYS[(day % 7) as usize];
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {:02} {} {year} {hours:02}:{minutes:02}:{seconds:02} GMT", day + 1, MONTHS[month])
}
