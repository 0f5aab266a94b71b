//! A commit of any bytes is a record or a reason, never a panic, and its trailers are a release or none.
//!
//! `cargo fuzz run commits fuzz/corpus/commits fuzz/seeds/commits` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::git::fuzzing::commit;
use tagship::message::trailers::ReleaseTrailers;

fuzz_target!(|data: &[u8]| {
    if let Some(record) = commit(data)
        && let Some(release) = ReleaseTrailers::read(&record)
    {
        assert_eq!(release.commit, record.id);
        assert!(release.still_taken_back("kustomization.yaml", "web").len() <= 20);
        assert!(release.image("web", "ghcr.io/org/web").is_none_or(|image| !image.name.contains('@')));
    }
});
