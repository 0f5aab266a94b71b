//! A long line between a client and a server, to count what leaves the server: each byte arrives late, and the server may have
//! no more bytes on the way than TCP's slow start lets it. So a connection begins with ten segments, and each that arrives
//! allows one more. An answer that the client leaves costs what was on the way, whatever the client has read of it.
//!
//! It is a model of TCP without loss, on a line of any breadth; the buffers of loopback take part in nothing that is counted.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::http::lock;

/// What a segment carries on an Ethernet, in bytes, and how many a connection begins with (RFC 6928).
const SEGMENT: usize = 1460;
const FIRST_WINDOW: usize = 10 * SEGMENT;

/// A line that lasts as long as the process: its threads wait for connections.
pub struct LongLine {
    address: SocketAddr,
    down: Arc<AtomicUsize>,
}

impl LongLine {
    /// Passes on to `target` what comes on a free port of 127.0.0.1, each byte after `delay`: half of a round trip.
    pub fn start(target: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound socket");
        let down = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&down);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // An error is an end that went away, which is its right.
                drop(connect(client, target, delay, &counter));
            }
        });
        Self { address, down }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many bytes have left the server since the last call, heads and all.
    pub fn take_down(&self) -> usize {
        self.down.swap(0, Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, target: SocketAddr, delay: Duration, down: &Arc<AtomicUsize>) -> std::io::Result<()> {
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (up_from, up_to) = (client.try_clone()?, server.try_clone()?);
    let down = Arc::clone(down);
    thread::spawn(move || carry(&up_from, &up_to, delay, &Window::default(), &AtomicUsize::default()));
    thread::spawn(move || carry(&server, &client, delay, &Window::default(), &down));
    Ok(())
}

/// How many bytes the sender may send now.
struct Window {
    room: Mutex<usize>,
    grown: Condvar,
}

impl Default for Window {
    fn default() -> Self {
        Self { room: Mutex::new(FIRST_WINDOW), grown: Condvar::new() }
    }
}

impl Window {
    fn take(&self, most: usize) -> usize {
        let mut room = lock(&self.room);
        while *room == 0 {
            room = self.grown.wait(room).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        let taken = most.min(*room);
        *room -= taken;
        taken
    }

    fn give(&self, bytes: usize) {
        *lock(&self.room) += bytes;
        self.grown.notify_all();
    }
}

/// Carries bytes one way, until either end is closed, and counts those that leave the sender.
fn carry(mut from: &TcpStream, to: &TcpStream, delay: Duration, window: &Window, sent: &AtomicUsize) {
    let (on_the_way, arrivals) = mpsc::channel();
    let (acknowledged, acknowledgements) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            deliver(to, arrivals, delay, &acknowledged);
            // The sender hears of it as late as of all else, and sends on until then.
            wait_until(Instant::now() + delay);
            drop(from.shutdown(Shutdown::Both));
            window.give(SEGMENT);
        });
        scope.spawn(move || {
            for (at, bytes) in acknowledgements {
                wait_until(at);
                // What has arrived makes room for itself and for as much again.
                window.give(2 * bytes);
            }
        });
        let mut segment = [0; SEGMENT];
        loop {
            let room = window.take(SEGMENT);
            let length = from.read(&mut segment[..room]).unwrap_or_default();
            window.give(room - length);
            sent.fetch_add(length, Ordering::SeqCst);
            // The end of the bytes is on its way too. If no one takes them any more, they have left all the same.
            drop(on_the_way.send((Instant::now() + delay, segment[..length].to_vec())));
            if length == 0 {
                return;
            }
        }
    });
}

/// Hands on what arrives, and acknowledges it, until the sender ends or the receiver has gone away.
fn deliver(
    mut to: &TcpStream,
    arrivals: mpsc::Receiver<(Instant, Vec<u8>)>,
    delay: Duration,
    acknowledged: &mpsc::Sender<(Instant, usize)>,
) {
    for (at, bytes) in arrivals {
        wait_until(at);
        if bytes.is_empty() {
            drop(to.shutdown(Shutdown::Write));
        }
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            return;
        }
        acknowledged.send((Instant::now() + delay, bytes.len())).ok();
    }
}

fn wait_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}
