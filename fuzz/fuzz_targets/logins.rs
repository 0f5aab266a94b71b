//! Any bytes are read as a challenge, as docker's configuration and as `.netrc`, never with a panic.
//!
//! `cargo fuzz run logins fuzz/corpus/logins fuzz/seeds/logins` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::git::fuzzing::netrc;
use tagship::registry::fuzzing::{challenge, docker_config};

fuzz_target!(|data: &[u8]| {
    netrc(data);
    docker_config(data);
    if let Ok(text) = std::str::from_utf8(data) {
        challenge(text);
    }
});
