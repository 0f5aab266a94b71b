//! Which image an entry pulls in the end, and whether its file tells that for certain. Other entries, transformers,
//! post-renderers and values beside a tag can make another image of it than it says. Each editor answers that once, in these
//! words, and all that asks for an image, pins it or judges it by a rule reads this answer: otherwise one image is proved, and
//! another one is pulled.

use crate::yaml::Position;

/// What the rest of a file does to the image of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// What it becomes for certain, if that is something else than the entry says.
    pub(in crate::targets) made: Option<MadeImage>,
    /// Why it may become something else.
    pub(in crate::targets) doubts: Vec<Doubt>,
}

/// What may make another image of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub place: Position,
    /// What is told of it, with the name of the entry.
    pub text: String,
    /// What the user can do about it.
    pub(super) remedy: String,
}

/// That a file does not tell for certain which image an entry pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncertainImage {
    /// Why, as one sentence without its end.
    pub why: String,
    /// What the user can do about it.
    pub remedy: String,
}

/// What helps if something in the file itself is in the way.
pub(super) const TELL_IT: &str = "change the file by hand, so that it tells which image is pulled";

impl Pulled {
    /// Returns why the image may become something else.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }
}

/// What others make of the image of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeImage {
    pub(in crate::targets) name: Option<String>,
    pub(in crate::targets) tag: Option<String>,
    pub(in crate::targets) digest: Option<String>,
    /// What does, as in `the entry on line 5`.
    pub by: String,
}

/// An image as it is pulled.
#[derive(Debug, Clone, Copy)]
pub struct PulledImage<'a> {
    pub name: Option<&'a str>,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}
