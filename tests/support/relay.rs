//! A relay between a client and a server: it passes bytes on, remembers them, and can cut the connection at any of them.
//!
//! What it remembers is in turns: all that went one way over a connection until something came the other way. Turns are in the
//! order in which they began, whichever connections they went over. It understands no protocol, so what it counts is what is
//! on the wire, heads and all.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::http::lock;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// What went one way over a connection before the other end spoke again.
#[derive(Clone)]
pub struct Turn {
    /// The client's end of the connection.
    pub connection: SocketAddr,
    pub way: Way,
    pub bytes: Vec<u8>,
}

/// Where a connection is cut: after so many bytes of a turn, both counted from 0. None of the turn's bytes pass at 0. Where
/// the turn is shorter, the next one does not begin.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub turn: usize,
    pub after: usize,
}

/// A relay that runs until it is dropped.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    target: SocketAddr,
    course: Mutex<Course>,
    stopping: AtomicBool,
    /// Both ends of what is open, so that they can be closed from outside.
    connections: Mutex<HashMap<SocketAddr, [TcpStream; 2]>>,
}

#[derive(Default)]
struct Course {
    turns: Vec<Turn>,
    cut: Option<Cut>,
}

impl Relay {
    /// Passes on what comes on a free port of 127.0.0.1.
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound socket");
        let (course, connections) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { target, course, stopping: AtomicBool::new(false), connections });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, accepting: Some(accepting) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts one connection, and passes on all that comes after.
    pub fn cut(&self, cut: Cut) {
        lock(&self.shared.course).cut = Some(cut);
    }

    /// Returns the turns since the last call, and whether the cut that was asked for has come; it will not come any more.
    pub fn take(&self) -> (Vec<Turn>, bool) {
        let course = std::mem::take(&mut *lock(&self.shared.course));
        (course.turns, course.cut.is_none())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The accepting thread sleeps in `accept`: a connection wakes it, and it sees that it shall stop.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
        for end in lock(&self.shared.connections).values().flatten() {
            drop(end.shutdown(Shutdown::Both));
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        // An error is an end that went away, which is its right.
        drop(client.and_then(|client| connect(client, shared)));
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    let (peer, server) = (client.peer_addr()?, TcpStream::connect(shared.target)?);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    lock(&shared.connections).insert(peer, [client.try_clone()?, server.try_clone()?]);
    let ways = [(Way::Up, client.try_clone()?, server.try_clone()?), (Way::Down, server, client)];
    for (way, from, to) in ways {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            pass_on(way, peer, &from, &to, &shared);
            // Whichever way ends first: neither end can go on, as HTTP knows no half of a connection.
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
            lock(&shared.connections).remove(&peer);
        });
    }
    Ok(())
}

fn pass_on(way: Way, connection: SocketAddr, mut from: &TcpStream, mut to: &TcpStream, shared: &Shared) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let (passing, ends) = lock(&shared.course).passing(way, connection, &buffer[..length]);
        if to.write_all(&buffer[..passing]).is_err() || ends {
            return;
        }
    }
}

impl Course {
    /// Remembers bytes, and returns how many of them may pass, and whether the connection ends after them.
    fn passing(&mut self, way: Way, connection: SocketAddr, bytes: &[u8]) -> (usize, bool) {
        let last = self.turns.iter().rposition(|turn| turn.connection == connection);
        let number = last.filter(|last| self.turns[*last].way == way).unwrap_or_else(|| {
            self.turns.push(Turn { connection, way, bytes: Vec::new() });
            self.turns.len() - 1
        });
        let turn = &mut self.turns[number];
        let (passing, ends) = match self.cut {
            Some(cut) if cut.turn < number => (0, true),
            Some(cut) if cut.turn == number => {
                let left = cut.after.saturating_sub(turn.bytes.len());
                (bytes.len().min(left), bytes.len() >= left)
            }
            _ => (bytes.len(), false),
        };
        turn.bytes.extend_from_slice(&bytes[..passing]);
        if ends {
            self.cut = None;
        }
        (passing, ends)
    }
}
