//! Any bytes are a hold or a refusal, never a panic; a hold without names holds every release until its time.
//!
//! `cargo fuzz run holds fuzz/corpus/holds fuzz/seeds/holds` starts from some.

#![no_main]

use std::time::UNIX_EPOCH;

use libfuzzer_sys::fuzz_target;
use tagship::guards::hold::hold_file::{Hold, HoldState};

fuzz_target!(|data: &[u8]| match Hold::parse(data) {
    Ok(hold) => {
        let state = hold.state(["web"].into_iter(), UNIX_EPOCH);
        assert!(!hold.names.is_empty() || !matches!(state, HoldState::Unrelated));
        assert!(!hold.reason.contains('\n'));
    }
    Err(refusal) => assert!(!refusal.to_string().is_empty()),
});
