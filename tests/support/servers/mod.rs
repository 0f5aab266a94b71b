//! The real servers, if they are installed: docker-registry and sshd, as child processes that end with their handle.
//!
//! A test that needs one gets `None` if it is missing, after a line that says so, and returns. Under
//! `TAGSHIP_REQUIRE_SERVERS=1` a missing server is a failure instead. Do not keep a handle in a `static`: nothing drops
//! it, and the server would outlive the tests.

mod docker_registry;
mod sshd;
mod token_server;

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::command::{Command, Home};

pub use docker_registry::DockerRegistry;
pub use sshd::Sshd;

/// How long a server may take until it answers.
const STARTING_TIME: Duration = Duration::from_secs(20);

/// Returns where a program is installed. If it is not, says that a test is skipped, or fails it if it must run.
#[track_caller]
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers are not on every user's path.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file());
    if found.is_none() {
        skip(&format!("{program} is not installed"));
    }
    found
}

#[track_caller]
fn skip(reason: &str) {
    assert!(!are_required(), "{reason}, and TAGSHIP_REQUIRE_SERVERS=1 wants every test to run");
    // Not `eprintln!`, which the test runner hides if the test passes.
    drop(writeln!(std::io::stderr(), "skipped: {reason}"));
}

/// Returns whether a missing server is a failure.
pub fn are_required() -> bool {
    std::env::var_os("TAGSHIP_REQUIRE_SERVERS").is_some_and(|value| value == "1")
}

/// A server in a process of its own.
struct Daemon {
    child: Child,
    port: u16,
    home: Home,
}

impl Daemon {
    /// Starts a server that cannot choose a free port itself, and waits until it answers. Another program may take the
    /// port first; then another one is tried.
    fn start(home: &Home, command: impl Fn(u16) -> Command) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let log = File::create(home.path().join("log")).expect("a file for the server's output");
            let mut command = command(port).home(home).scrubbed();
            let command = command.stdout(log.try_clone().expect("a second handle of a file")).stderr(log);
            let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
            let mut daemon = Self { child, port, home: home.clone() };
            if daemon.answers() {
                return daemon;
            }
        }
        panic!("the server does not start:\n{}", log(home));
    }

    /// Waits for the server's first answer; `false` if it ended instead.
    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + STARTING_TIME;
        while Instant::now() < deadline {
            let reachable = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            if !self.is_running() {
                return false;
            }
            if reachable {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not answer within {STARTING_TIME:?}:\n{}", log(&self.home));
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// Returns what the server has said so far.
    fn log(&self) -> String {
        log(&self.home)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn log(home: &Home) -> String {
    std::fs::read(home.path().join("log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
    listener.local_addr().expect("the address of a bound socket").port()
}
