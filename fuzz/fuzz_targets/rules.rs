//! Any bytes are rules or a refusal with a place in them, never a panic; and what is read twice is the same.
//!
//! `cargo fuzz run rules fuzz/corpus/rules fuzz/seeds/rules` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::guards::rules::RulesFile;

fuzz_target!(|data: &[u8]| match RulesFile::parse(data) {
    Ok(file) => {
        assert!(!file.rules.is_empty());
        for rule in &file.rules {
            assert!(!rule.demands.is_empty() && !rule.paths.is_empty());
            rule.is_for("overlays/production/kustomization.yaml", "web");
        }
        assert!(RulesFile::parse(data).is_ok_and(|again| again.rules.len() == file.rules.len()));
    }
    Err(refusal) => {
        assert!(!refusal.why.is_empty());
        let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!(refusal.place.is_none_or(|place| (1..=lines).contains(&place.line) && place.column > 0));
    }
});
