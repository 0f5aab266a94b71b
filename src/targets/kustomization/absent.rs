//! What an edit does about a name that the file does not have.

/// What to do in a file in which no entry has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Reports the name in [`Edit::absent`](super::Edit::absent).
    Report,
    /// Appends an entry.
    Append,
}
