//! How much a server may send beside objects: gix keeps the lists of an answer whole, so without a limit a server could
//! fill our memory.

use std::cell::Cell;

/// The most bytes that a conversation reads beside packs and lists that are not kept.
const MAX_BYTES: u64 = 16 << 20;

/// A server sends more than is read.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
pub(in crate::git) struct Excess(pub(in crate::git) &'static str);

/// The allowance of one conversation.
pub(in crate::git) struct Allowance {
    left: Cell<u64>,
    /// Whether what comes now is kept by gix.
    counts: Cell<bool>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: Cell::new(MAX_BYTES), counts: Cell::new(true) }
    }
}

impl Allowance {
    /// The pack of an answer begins, or a list that is not kept: up to the next request, nothing is counted.
    pub(in crate::git) fn pause(&self) {
        self.counts.set(false);
    }

    /// Another request is sent.
    pub(in crate::git) fn resume(&self) {
        self.counts.set(true);
    }

    /// Counts bytes that have been read.
    pub(super) fn draw(&self, bytes: usize) -> Result<(), Excess> {
        if self.counts.get() {
            let left = self.left.get().checked_sub(bytes as u64);
            self.left.set(left.ok_or(Excess("it sends more than 16 MiB beside objects"))?);
        }
        Ok(())
    }
}
