//! A small HTTP/1.1 server: a thread per connection, keep-alive, bodies by length or in chunks, a log of every request.
//!
//! It stands in for nothing: clients speak to it over a real socket. It does what servers under test must be able to
//! do and frameworks hide, such as closing a connection in the middle of a request or an answer. It leaves out
//! HTTP/2. Bodies are held in memory, but for that of [`Reply::Stream`].

mod forward;
mod log;
mod message;
mod script;
mod stream;

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use forward::forward;
pub use log::{Authorization, LoggedRequest};
pub use message::{Body, Head, Response, form_values, http_date, nginx_400, percent_decode, read_line};
pub use script::{ALWAYS, Script};

use rustls::ServerConfig;
use stream::Stream;

use super::certificate::Certificate;

/// How an answer leaves, or does not.
pub enum Reply {
    Send(Response),
    /// The head leaves, and what can be read, as soon as it can: as many chunks as reads.
    Stream(Response, Box<dyn Read>),
    /// The head and so many bytes of the body leave, then the connection is closed.
    Cut(Response, usize),
    /// The head and half the body leave, the rest after a pause.
    Stall(Response, Duration),
    /// The head leaves, then the body, one byte after each pause.
    Drip(Response, Duration),
    /// Nothing leaves until the client or the server gives up.
    Hang,
    /// The connection is closed without an answer.
    Drop,
    /// 200 without a body; from then on the connection is one with this socket, as a proxy's CONNECT makes it.
    Tunnel(TcpStream),
}

/// A server that answers until it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<LoggedRequest>>,
    stopping: AtomicBool,
    /// What is open, so that it can be closed from outside.
    connections: Mutex<HashMap<SocketAddr, TcpStream>>,
    /// Told of each connection that has ended.
    ended: Condvar,
}

impl Server {
    /// Starts to answer on a free port of 127.0.0.1.
    ///
    /// The handler may read the request's body, all of it or a part; what it leaves is read and thrown away.
    pub fn start<H>(handler: H) -> Self
    where
        H: Fn(&Head, &mut Body<'_>) -> io::Result<Reply> + Send + Sync + 'static,
    {
        Self::listen(None, handler)
    }

    /// Does so over TLS.
    pub fn start_tls<H>(certificate: &Certificate, handler: H) -> Self
    where
        H: Fn(&Head, &mut Body<'_>) -> io::Result<Reply> + Send + Sync + 'static,
    {
        Self::listen(Some(certificate.server_config()), handler)
    }

    fn listen<H>(tls: Option<Arc<ServerConfig>>, handler: H) -> Self
    where
        H: Fn(&Head, &mut Body<'_>) -> io::Result<Reply> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound socket");
        let shared = Arc::<Shared>::default();
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, tls.as_ref(), &shared, &Arc::new(handler))
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the requests since the last call, in the order in which they were answered.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        std::mem::take(&mut *lock(&self.shared.log))
    }

    /// Waits until nothing is done any more for clients that have gone away: a handler goes on without them.
    ///
    /// # Panics
    /// If a connection is still open after a minute, such as that of a client which has not gone away.
    #[track_caller]
    pub fn wait_until_idle(&self) {
        // Connections are accepted in order: once this one has ended, all before it are among those that are counted.
        let mut last = TcpStream::connect(self.address).expect("a server that listens");
        last.shutdown(Shutdown::Write).expect("a connection that is open");
        drop(last.read_to_end(&mut Vec::new()));
        let (open, limit) = (lock(&self.shared.connections), Duration::from_secs(60));
        let waited = self.shared.ended.wait_timeout_while(open, limit, |open| !open.is_empty());
        let (open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(open.is_empty(), "{} connections are still open", open.len());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The accepting thread sleeps in `accept`: a connection wakes it, and it sees that it shall stop.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
        for connection in lock(&self.shared.connections).values() {
            drop(connection.shutdown(Shutdown::Both));
        }
    }
}

fn accept<H>(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>, shared: &Arc<Shared>, handler: &Arc<H>)
where
    H: Fn(&Head, &mut Body<'_>) -> io::Result<Reply> + Send + Sync + 'static,
{
    for connection in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let (Ok(peer), Ok(handle)) = (connection.peer_addr(), connection.try_clone()) else { continue };
        lock(&shared.connections).insert(peer, handle);
        let (shared, handler) = (Arc::clone(shared), Arc::clone(handler));
        let Ok(connection) = Stream::accept(connection, tls) else { continue };
        thread::spawn(move || {
            // An error is a client that went away, which is its right.
            drop(converse(connection, &*handler, &shared.log));
            lock(&shared.connections).remove(&peer);
            shared.ended.notify_all();
        });
    }
}

/// Answers the requests of one connection, one after the other.
fn converse<H>(connection: Stream, handler: &H, log: &Mutex<Vec<LoggedRequest>>) -> io::Result<()>
where
    H: Fn(&Head, &mut Body<'_>) -> io::Result<Reply>,
{
    let mut reader = BufReader::new(connection);
    while let Some(head) = Head::read(&mut reader)? {
        let mut body = Body::new(&head, &mut reader);
        let reply = handler(&head, &mut body)?;
        let reusable = match reply {
            Reply::Send(_) | Reply::Stream(..) | Reply::Stall(..) | Reply::Drip(..) => body.discard()?,
            Reply::Cut(..) | Reply::Hang | Reply::Drop | Reply::Tunnel(_) => false,
        };
        let received = body.received();
        let without_body = head.method == "HEAD";
        let mut logged = LoggedRequest::new(head, received, &reply);
        // The receiver of an answer finds the request in the log, so it is there before the end of the answer leaves.
        if let Reply::Stream(response, pieces) = reply {
            let stream = reader.get_mut();
            stream.write_all(&response.head_before_chunks())?;
            let left = send_chunks(pieces, stream, &mut logged.sent);
            lock(log).push(logged);
            left.and_then(|()| stream.write_all(b"0\r\n\r\n"))?;
        } else {
            lock(log).push(logged);
            deliver(&reply, without_body, &mut reader)?;
        }
        if !reusable {
            break;
        }
    }
    // The other clone of this socket would keep it open.
    reader.get_ref().close()
}

/// Sends what is read, until its end, and counts it.
fn send_chunks(mut pieces: impl Read, stream: &mut Stream, sent: &mut usize) -> io::Result<()> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = pieces.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        let size = format!("{count:x}\r\n");
        stream.write_all(&[size.as_bytes(), &piece[..count], b"\r\n"].concat())?;
        *sent += count;
    }
}

fn deliver(reply: &Reply, without_body: bool, connection: &mut BufReader<Stream>) -> io::Result<()> {
    let stream = connection.get_mut();
    match reply {
        Reply::Send(response) if without_body => stream.write_all(&response.head_bytes()),
        Reply::Send(response) => stream.write_all(&[response.head_bytes(), response.body.clone()].concat()),
        Reply::Cut(response, after) => {
            stream.write_all(&response.head_bytes())?;
            stream.write_all(&response.body[..response.body.len().min(*after)])
        }
        Reply::Stall(response, pause) => {
            let (first, rest) = response.body.split_at(response.body.len() / 2);
            stream.write_all(&[&response.head_bytes(), first].concat())?;
            thread::sleep(*pause);
            stream.write_all(rest)
        }
        Reply::Drip(response, pause) => {
            stream.write_all(&response.head_bytes())?;
            response.body.iter().try_for_each(|byte| {
                thread::sleep(*pause);
                stream.write_all(&[*byte])
            })
        }
        Reply::Hang => io::copy(&mut connection.by_ref(), &mut io::sink()).map(drop),
        Reply::Drop | Reply::Stream(..) => Ok(()),
        Reply::Tunnel(target) => {
            stream.write_all(b"HTTP/1.1 200 \r\n\r\n")?;
            tunnel(connection, target)
        }
    }
}

/// Joins two sockets until either ends.
fn tunnel(connection: &mut BufReader<Stream>, target: &TcpStream) -> io::Result<()> {
    let mut client = connection.get_ref().socket().try_clone()?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut from: &TcpStream = target;
            drop(io::copy(&mut from, &mut client));
            drop(client.shutdown(Shutdown::Both));
        });
        let mut to: &TcpStream = target;
        drop(io::copy(connection, &mut to));
        target.shutdown(Shutdown::Both)
    })
}

/// Locks, also if a test's own failed assertion has poisoned the lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
