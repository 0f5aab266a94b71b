//! A place in a file, which failures and rules both have.

/// A place in a file; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As a person names it: from the repository's root, or as it was typed for a file on disk.
    pub file: String,
    pub line: usize,
    pub column: usize,
}
