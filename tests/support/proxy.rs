//! A forward proxy: it opens tunnels (CONNECT) and passes requests on that name the whole URL, with a log of all that it
//! was asked. It may want a login, and misbehaves on request.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use super::http::{Body, Head, LoggedRequest, Reply, Response, Script, Server};
use super::login::Login;

/// What goes wrong with a request.
#[derive(Clone)]
pub enum ProxyFault {
    Answer(Response),
    /// Nothing happens until the client gives up.
    Hang,
}

/// A running proxy. It ends with its handle.
pub struct Proxy {
    server: Server,
    script: Arc<Script<ProxyFault>>,
}

impl Proxy {
    /// Starts one, for everybody or for who has this login.
    pub fn start(login: Option<Login>) -> Self {
        Self::resolving(login, None)
    }

    /// Starts one for which every name leads to this address, as a host in between would answer for all.
    pub fn answering_at(address: &str) -> Self {
        Self::resolving(None, Some(address.to_owned()))
    }

    fn resolving(login: Option<Login>, address: Option<String>) -> Self {
        let script = Arc::new(Script::default());
        let faults = Arc::clone(&script);
        let server = Server::start(move |head, body| {
            match faults.take(head, |_| true) {
                Some(ProxyFault::Answer(response)) => return Ok(Reply::Send(response)),
                Some(ProxyFault::Hang) => return Ok(Reply::Hang),
                None => {}
            }
            let brought = head.header("proxy-authorization").and_then(|value| value.strip_prefix("Basic "));
            if login.as_ref().is_some_and(|login| brought != Some(&login.encoded())) {
                let refusal = Response::text(407, "the proxy wants a login");
                return Ok(Reply::Send(refusal.header("Proxy-Authenticate", "Basic realm=\"proxy\"")));
            }
            pass_on(head, body, address.as_deref())
                .or_else(|error| Ok(Reply::Send(Response::text(502, &error.to_string()))))
        });
        Self { server, script }
    }

    /// Returns its URL, `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Returns its URL with a login in it.
    pub fn url_with(&self, login: &Login) -> String {
        format!("http://{}:{}@{}", login.user, login.password, self.server.address())
    }

    /// Adds a fault for the next `times` requests that begin with `pattern`, such as `CONNECT 127.0.0.1`.
    pub fn inject(&self, pattern: &str, times: usize, fault: ProxyFault) {
        self.script.add(pattern, times, fault);
    }

    /// Returns the requests since the last call.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.requests()
    }
}

fn pass_on(head: &Head, body: &mut Body<'_>, address: Option<&str>) -> io::Result<Reply> {
    if head.method == "CONNECT" {
        return Ok(Reply::Tunnel(TcpStream::connect(address.unwrap_or(&head.path))?));
    }
    let Some(rest) = head.path.strip_prefix("http://") else {
        return Ok(Reply::Send(Response::text(400, "not a request to a proxy")));
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let query = if head.query.is_empty() { String::new() } else { format!("?{}", head.query) };
    let body = body.read_all()?;
    let mut request = format!("{} /{path}{query} HTTP/1.1\r\nContent-Length: {}\r\n", head.method, body.len());
    for (name, value) in head.all_headers() {
        if !["content-length", "transfer-encoding"].contains(&name) && !name.starts_with("proxy-") {
            request += &format!("{name}: {value}\r\n");
        }
    }
    let mut stream = TcpStream::connect(address.unwrap_or(authority))?;
    stream.write_all(&[request.as_bytes(), b"\r\n", &body].concat())?;
    receive(BufReader::new(stream), &head.method).map(Reply::Send)
}

/// Reads an answer that has a length; that to a `HEAD` has no body.
fn receive(mut connection: BufReader<TcpStream>, method: &str) -> io::Result<Response> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let mut response = Response::new(status);
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok().ok_or(io::ErrorKind::InvalidData)?,
            Some((name, value)) => response = response.header(name, value),
            None => break,
        }
    }
    let mut body = vec![0; if method == "HEAD" { 0 } else { length }];
    connection.read_exact(&mut body)?;
    Ok(response.body(&body))
}
