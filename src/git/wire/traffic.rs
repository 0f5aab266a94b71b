//! The requests and bytes of a release over HTTP. Unlike seconds, they are the same in each run.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The requests to a remote, and the bytes of their bodies and of the answers' bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    pub requests: u32,
    pub sent: u64,
    pub received: u64,
}

/// Counts the traffic of a remote.
#[derive(Default)]
pub(in crate::git) struct Counters {
    requests: AtomicU32,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counters {
    pub(in crate::git) fn request(&self, bytes: usize) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(in crate::git) fn answer(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(in crate::git) fn read(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
        }
    }
}
