//! A network that fails: relays that stand before servers and let a part of the messages meet faults, as a seed says.
//!
//! Which message meets which fault is decided by the seed, the number of the release, the request, and how often that came.
//! So the same seed makes the same faults again, whatever the times are. A relay reads whole requests and whole answers,
//! because a fault is about the effect of a request as much as about its bytes: what has no answer may have been done, or
//! may be done later.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::http::{Body, Head, Reply, Response, Server, forward, lock};

/// What a message meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection ends within the body of the request, which has no effect.
    CutRequest,
    /// The connection ends after the request, which has no effect.
    CutBefore,
    /// The connection ends without an answer, and the request has its effect.
    CutAfter,
    /// The connection ends within the answer.
    CutAnswer,
    /// The effect and its answer come late, but while the client waits.
    Late,
    /// The effect comes when the client waits no more.
    TooLate,
    /// Half the answer comes, and the rest a little later.
    PauseInAnswer,
    /// Half the answer comes, and the rest when the client waits no more.
    StallInAnswer,
    /// No answer comes, ever, and the request has no effect.
    Silence,
    /// A gateway answers with this status, and the request has no effect.
    BusyBefore(u16),
    /// A gateway answers with this status, and the request has its effect.
    BusyAfter(u16),
    /// The answer is a success of random bytes; the request has no effect.
    GarbageBefore,
    /// The answer is a success of random bytes, and the request has its effect.
    GarbageAfter,
    /// The request has its effect twice; the first answer comes.
    TwiceFirst,
    /// The request has its effect twice; the second answer comes.
    TwiceSecond,
}

const FAULTS: [Fault; 22] = [
    Fault::CutRequest,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::CutAfter,
    Fault::CutAnswer,
    Fault::CutAnswer,
    Fault::Late,
    Fault::TooLate,
    Fault::PauseInAnswer,
    Fault::StallInAnswer,
    Fault::Silence,
    Fault::BusyBefore(429),
    Fault::BusyBefore(500),
    Fault::BusyBefore(502),
    Fault::BusyBefore(503),
    Fault::BusyAfter(500),
    Fault::BusyAfter(502),
    Fault::BusyAfter(504),
    Fault::GarbageBefore,
    Fault::GarbageAfter,
    Fault::TwiceFirst,
    Fault::TwiceSecond,
];

/// What is late and still in time.
const LATE: Duration = Duration::from_millis(200);

/// Relays that share a seed, and the faults of one release after the other.
pub struct Network {
    weather: Arc<Weather>,
    relays: Vec<Server>,
}

struct Weather {
    seed: String,
    /// How long the client waits for an answer.
    patience: Duration,
    now: Mutex<Now>,
    ended: Condvar,
}

#[derive(Default)]
struct Now {
    release: usize,
    /// Of a thousand messages so many meet a fault.
    per_mille: u64,
    seen: HashMap<String, usize>,
    met: Vec<(Fault, String)>,
    /// Requests that may still have an effect.
    at_work: usize,
}

impl Network {
    /// Returns a network without relays, for clients that wait `patience` for an answer.
    pub fn new(seed: String, patience: Duration) -> Self {
        let weather = Weather { seed, patience, now: Mutex::default(), ended: Condvar::new() };
        Self { weather: Arc::new(weather), relays: Vec::new() }
    }

    /// Puts a relay before a server, both as `127.0.0.1:port`. Faults tell it by its name.
    pub fn relay(&mut self, name: &'static str, target: &str) -> String {
        let target: SocketAddr = target.parse().expect("an address with a port");
        let weather = Arc::clone(&self.weather);
        let relay = Server::start(move |head, body| weather.pass(name, target, head, body));
        let address = relay.address().to_string();
        self.relays.push(relay);
        address
    }

    /// Begins a release in which so many of a thousand messages meet a fault.
    pub fn begin(&self, release: usize, per_mille: u64) {
        let mut now = lock(&self.weather.now);
        *now = Now { release, per_mille, at_work: now.at_work, ..Now::default() };
    }

    /// Returns what the present release has met.
    pub fn met(&self) -> Vec<(Fault, String)> {
        lock(&self.weather.now).met.clone()
    }

    /// Waits for the requests whose effect comes when no client waits any more.
    pub fn settle(&self) {
        let now = lock(&self.weather.now);
        drop(self.weather.ended.wait_while(now, |now| now.at_work > 0).expect("no relay panics"));
    }
}

/// Bytes from which all about one fault is decided.
struct Chance([u8; 32]);

impl Chance {
    fn number(&self, place: usize, below: u64) -> u64 {
        let bytes = self.0[place * 8..][..8].try_into().expect("eight bytes");
        u64::from_be_bytes(bytes) % below
    }

    fn garbage(&self) -> Vec<u8> {
        let blocks = (0..10_u8).flat_map(|block| Sha256::new().chain_update(self.0).chain_update([block]).finalize());
        blocks.collect()
    }
}

impl Weather {
    fn meet(&self, message: String) -> (Option<Fault>, Chance) {
        let mut now = lock(&self.now);
        now.at_work += 1;
        let times = now.seen.entry(message.clone()).and_modify(|times| *times += 1).or_insert(1);
        let times = *times;
        let text = format!("{} {} {times} {message}", self.seed, now.release);
        let chance = Chance(Sha256::digest(text).into());
        if chance.number(0, 1000) >= now.per_mille {
            return (None, chance);
        }
        let fault = FAULTS[chance.number(1, FAULTS.len() as u64) as usize];
        now.met.push((fault, message));
        (Some(fault), chance)
    }

    fn pass(&self, name: &str, target: SocketAddr, head: &Head, body: &mut Body<'_>) -> io::Result<Reply> {
        let (fault, chance) = self.meet(format!("{name}: {} {}", head.method, head.target()));
        let reply = self.answer(fault, &chance, target, head, body);
        lock(&self.now).at_work -= 1;
        self.ended.notify_all();
        reply
    }

    fn answer(
        &self,
        fault: Option<Fault>,
        chance: &Chance,
        target: SocketAddr,
        head: &Head,
        body: &mut Body<'_>,
    ) -> io::Result<Reply> {
        if fault == Some(Fault::CutRequest) {
            io::copy(&mut body.take(chance.number(2, 600)), &mut io::sink())?;
            return Ok(Reply::Drop);
        }
        let body = body.read_all()?;
        match fault {
            Some(Fault::CutBefore) => return Ok(Reply::Drop),
            Some(Fault::Silence) => return Ok(Reply::Hang),
            Some(Fault::BusyBefore(status)) => return Ok(Reply::Send(busy(status))),
            Some(Fault::GarbageBefore) => {
                let success = Response::new(200).header("Content-Type", &content_type(head));
                return Ok(Reply::Send(success.body(&chance.garbage())));
            }
            Some(Fault::Late) => thread::sleep(LATE),
            Some(Fault::TooLate) => thread::sleep(self.patience + LATE),
            _ => {}
        }
        let mut response = forward(target, head, &body)?;
        if matches!(fault, Some(Fault::TwiceFirst | Fault::TwiceSecond)) {
            let second = forward(target, head, &body)?;
            response = if fault == Some(Fault::TwiceFirst) { response } else { second };
        }
        Ok(match fault {
            Some(Fault::CutAfter) => Reply::Drop,
            Some(Fault::CutAnswer) => {
                let after = chance.number(2, response.body.len() as u64 + 1) as usize;
                Reply::Cut(response, after)
            }
            Some(Fault::PauseInAnswer) if head.method != "HEAD" => Reply::Stall(response, LATE),
            Some(Fault::StallInAnswer) if head.method != "HEAD" => Reply::Stall(response, self.patience + LATE),
            Some(Fault::BusyAfter(status)) => Reply::Send(busy(status)),
            Some(Fault::GarbageAfter) => Reply::Send(response.body(&chance.garbage())),
            _ => Reply::Send(response),
        })
    }
}

fn busy(status: u16) -> Response {
    let response = Response::text(status, "try later\n");
    if status == 429 { response.header("Retry-After", "0") } else { response }
}

/// Returns the type of a right answer: one of another type says that the URL is wrong, and that a person must act.
fn content_type(head: &Head) -> String {
    let last = head.path.rsplit('/').next().unwrap_or_default();
    match head.query_values("service").pop() {
        Some(service) => format!("application/x-{service}-advertisement"),
        None if last.starts_with("git-") => format!("application/x-{last}-result"),
        None if head.path.starts_with("/v2/") => "application/vnd.oci.image.manifest.v1+json".to_owned(),
        None => "application/json".to_owned(),
    }
}
