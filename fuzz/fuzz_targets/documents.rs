//! Any bytes are read as a manifest, an index, a configuration of an image and the event of a CI run, never with a panic.
//!
//! `cargo fuzz run documents fuzz/corpus/documents fuzz/seeds/documents` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::cli::fuzzing::event;
use tagship::registry::fuzzing::manifest;

fuzz_target!(|data: &[u8]| {
    manifest(data);
    event(data);
});
