//! Which image an entry pulls in the end, and whether its file tells that for certain. Other entries, transformers, post-renderers
//! and values beside a tag can make another image of it than it says. Each editor answers that once, here, and all that asks for
//! an image, pins it or judges it by a rule reads this answer: otherwise one image is proved, and another one is pulled.

use super::entry_edit::EntryEdit;
use super::note::Note;

/// What the rest of a file does to the image of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// What it becomes for certain, if that is something else than the entry says.
    pub(in crate::targets) made: Option<MadeImage>,
    /// Why it may become something else.
    pub(in crate::targets) doubts: Vec<Note>,
}

impl Pulled {
    /// Returns why the image may become something else.
    pub fn doubts(&self) -> &[Note] {
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

impl EntryEdit {
    /// Returns the image that is pulled, as far as the file or the argument says it.
    pub fn pulled(&self) -> PulledImage<'_> {
        match self.made() {
            Some(MadeImage { name, tag, digest, .. }) => {
                PulledImage { name: name.as_deref(), tag: tag.as_deref(), digest: digest.as_deref() }
            }
            None => PulledImage {
                name: self.image_name(),
                tag: self.after.pulled_tag(),
                digest: self.after.digest.as_deref(),
            },
        }
    }

    /// Returns the name of the image that is pulled, as the file says it. What an argument says beside it is not written, and
    /// decides nothing of what runs.
    pub fn pulled_name(&self) -> Option<&str> {
        let own = || self.after.image_name(self.name.as_str()).or(self.shared_name.as_deref());
        self.made().map_or_else(own, |made| made.name.as_deref())
    }

    /// Returns what others make of the image, if that is something else than the entry says.
    pub fn made(&self) -> Option<&MadeImage> {
        self.after.pulled.as_ref()?.made.as_ref()
    }

    /// Returns why the file does not tell for certain which image is pulled, as one sentence without its end.
    pub fn doubt(&self) -> Option<String> {
        let doubt = self.doubts().first()?;
        Some(format!("cannot tell for certain which image `{}` pulls, at {}: {doubt}", self.name, doubt.place))
    }

    /// Returns what may make another image of it.
    fn doubts(&self) -> &[Note] {
        self.after.pulled.as_ref().map_or(&[], |pulled| &pulled.doubts)
    }

    /// Returns whether the version that is pulled is the one that the entry says, so that a digest in it counts.
    pub fn version_counts(&self) -> bool {
        let said = (self.after.pulled_tag(), self.after.digest.as_deref());
        self.made().is_none_or(|made| (made.tag.as_deref(), made.digest.as_deref()) == said)
    }
}
