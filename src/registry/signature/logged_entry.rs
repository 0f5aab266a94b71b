//! An entry of a transparency log, as a signature brings it: nothing of it is verified yet.

/// An entry of a log, as the signature brings it.
#[derive(Debug)]
pub(super) struct LoggedEntry {
    /// The id of the log's key.
    pub(super) log: Vec<u8>,
    pub(super) index: u64,
    /// In seconds since 1970; 0 if the log does not say.
    pub(super) time: u64,
    pub(super) promise: Option<Vec<u8>>,
    pub(super) proof: Option<InclusionProof>,
    /// What was logged.
    pub(super) body: Vec<u8>,
}

/// Hashes from an entry to the root of a tree.
#[derive(Debug)]
pub(super) struct InclusionProof {
    pub(super) index: u64,
    pub(super) tree_size: u64,
    pub(super) root: Vec<u8>,
    pub(super) hashes: Vec<Vec<u8>>,
    /// A signed note with the size and the root of the tree; may be empty.
    pub(super) checkpoint: String,
}

/// What must prove that an entry is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryProof {
    /// The log's signed promise to include it, in forms from before there were proofs.
    Promise,
    /// A proof of inclusion in a tree whose root the log signed.
    Inclusion,
}
