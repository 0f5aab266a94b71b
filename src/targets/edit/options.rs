//! What a caller chooses beside the arguments: what to do about a name that the file does not have, and about comments.

use std::fmt;

use super::fields::Fields;
use crate::image::ImageName;

/// How a file is edited. [`Absent`] alone means that comments are kept.
#[derive(Debug, Clone, Copy)]
pub struct EditOptions<'a> {
    pub absent: Absent,
    pub comments: Comments<'a>,
}

impl From<Absent> for EditOptions<'_> {
    fn from(absent: Absent) -> Self {
        Self { absent, comments: Comments::Keep }
    }
}

/// What to do in a file in which no entry has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Reports the name in [`Edit::absent`](super::Edit::absent).
    Report,
    /// Appends an entry.
    Append,
}

/// What to do about the comment behind a changed value. A marker of Flux always stays.
#[derive(Clone, Copy)]
pub enum Comments<'a> {
    Keep,
    Drop,
    /// Writes what the function returns for an entry and its new values: a comment of one line, with its `#`. If that is empty,
    /// the old one goes.
    Write(&'a dyn Fn(&ImageName, &Fields) -> String),
}

impl fmt::Debug for Comments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Drop => "Drop",
            Self::Write(_) => "Write",
        })
    }
}
