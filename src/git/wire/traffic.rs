//! What a release cost over HTTP. Requests and bytes do not drift, as seconds do.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What went to a remote and came back, bodies only, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    pub requests: u32,
    pub sent: u64,
    pub received: u64,
}

/// Traffic while it goes on.
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
