//! An answer of any packets to a push or a fetch is read to its end, never with a panic, and the split of a pack's packets adds
//! no more than one head to a piece.
//!
//! `cargo fuzz run packets fuzz/corpus/packets fuzz/seeds/packets` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::git::fuzzing::{push_report, small_packets};

fuzz_target!(|data: &[u8]| {
    push_report(data);
    small_packets(data);
});
