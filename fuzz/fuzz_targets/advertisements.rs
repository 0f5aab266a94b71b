//! What a server says first, for a fetch or for a push, and a list of its references are read to their end, never with a panic.
//!
//! The input is an advertisement, with the list behind it. `cargo fuzz run advertisements fuzz/corpus/advertisements
//! fuzz/seeds/advertisements` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::git::fuzzing::advertisement;

fuzz_target!(|data: &[u8]| {
    advertisement(data);
});
