//! The kinds of failures: one table of exit codes, names and meanings, which `--help`, the reference and the JSON are made of.

/// The party that must act. Exit codes and names are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    Unexpected,
    Usage,
    Target,
    Image,
    Unauthorized,
    Unavailable,
    Raced,
    Refused,
    Guarded,
    Interrupted,
}

impl FailureKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 10] = [
        Self::Unexpected,
        Self::Usage,
        Self::Target,
        Self::Image,
        Self::Unauthorized,
        Self::Unavailable,
        Self::Raced,
        Self::Refused,
        Self::Guarded,
        Self::Interrupted,
    ];

    /// The kinds by what a retry would do, the gravest first: of several problems, the gravest names the failure. Problems
    /// that a person must solve come before those that a retry may solve: a bug, whose other findings may be wrong too,
    /// before a mistake of the caller, and a wrong login, which a retry may lock, before an image that may still come.
    const GRAVEST_FIRST: [Self; 10] = [
        Self::Interrupted,
        Self::Unexpected,
        Self::Usage,
        Self::Target,
        Self::Guarded,
        Self::Refused,
        Self::Unauthorized,
        Self::Image,
        Self::Raced,
        Self::Unavailable,
    ];

    pub fn exit_code(self) -> u8 {
        self.row().0
    }

    /// Returns the kind's name in machine-readable output.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Returns what the kind means, for help and documents.
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Unexpected => (1, "unexpected", "an I/O error, or a bug"),
            Self::Usage => (2, "usage", "a flag, reference, tag or digest is wrong"),
            Self::Target => (3, "target", "the file, entry or branch is missing, ambiguous or broken"),
            Self::Image => (4, "image", "the image is not in the registry, or not what it must be"),
            Self::Unauthorized => (5, "unauthorized", "the login is missing or wrong, or lacks a permission"),
            Self::Unavailable => (6, "unavailable", "the registry or repository cannot be reached; try again"),
            Self::Raced => (7, "raced", "other releases were faster in every attempt; try again"),
            Self::Refused => (8, "refused", "a hook or a protected branch refused the push"),
            Self::Guarded => {
                (9, "guarded", "a hold, a rule on the branch, or a guard that is set to `fail`, stopped the release")
            }
            Self::Interrupted => (130, "interrupted", "a signal ended the program; try again"),
        }
    }

    pub(super) fn graver(self, other: Self) -> Self {
        let first = Self::GRAVEST_FIRST.into_iter().find(|kind| [self, other].contains(kind));
        first.unwrap_or(self)
    }
}
