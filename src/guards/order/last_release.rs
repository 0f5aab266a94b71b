//! How well the last release of an entry is known: who wrote what runs decides what order and messages make of it.

/// What is known of the last release of an entry by us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LastRelease {
    /// None is known.
    #[default]
    Unknown,
    /// There was one, and the entry has changed since in another way.
    Replaced,
    /// A commit claims to have released what runs. To check that would have cost requests.
    Claimed,
    /// A commit released what runs.
    Proved,
}

impl LastRelease {
    /// Whether it made what runs.
    pub fn is_of_what_runs(self) -> bool {
        matches!(self, Self::Claimed | Self::Proved)
    }
}
