//! What an attacker controls, such as a tag's name, and what must not come of it.

mod checkouts;
mod connections;
mod escapes;
mod git_programs;
mod git_server;
mod hostile_json;
mod hostile_sizes;
mod logins;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod programs;
mod quoted_logins;
mod registry;
#[cfg(unix)]
mod set;
mod urls;
mod values;
mod yaml;

use std::io::{self, Read as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::support::command::{Command, Output};

/// Returns the address of a server that reads the head of a request, and then sends what `script` does. It answers all
/// connections at once, as a client may have several.
fn scripted(script: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, script) = (stream.unwrap(), script.clone());
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                // The client may hang up in the middle: that is what is tested.
                if stream.read(&mut head).is_ok() {
                    script(&mut stream).ok();
                }
            });
        }
    });
    address
}

/// Runs a program with 1 GiB of addresses and 60 s: a program that keeps all that it gets ends otherwise.
#[track_caller]
fn bounded(command: Command) -> Output {
    let limited = command.behind(&["sh", "-c", r#"ulimit -v 1048576; exec "$@""#, "sh"]).limit(Duration::from_secs(60));
    let output = limited.run();
    assert!(matches!(output.code, Some(0..=9)), "{:?}: {}", output.code, output.stderr());
    output
}
