//! Why a file that is no kustomization was not edited: where, what stands there, and the way out.

use std::fmt;

use crate::yaml::{NodeId, ParsedYaml, Position, YamlError};

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRefusal {
    /// `None` if it is about the whole file.
    pub place: Option<Position>,
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    pub(in crate::targets) cause: RefusalCause,
}

/// What kind of reason it is, for those who look elsewhere then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) enum RefusalCause {
    /// What is asked for cannot be done in this file as it stands.
    NotAsItStands,
    /// A name leads to something else than an image. Another one of several files may have the image.
    NoImage,
    /// The file is of a kind that is never edited, such as one that is encrypted.
    NeverEdited,
}

impl std::error::Error for FileRefusal {}

impl fmt::Display for FileRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl From<YamlError> for FileRefusal {
    fn from(error: YamlError) -> Self {
        let hint = match &error {
            YamlError::NotUtf8(_) => {
                Some("if git-crypt encrypts the file, release to one that is not encrypted; else save it as UTF-8")
            }
            _ => None,
        };
        let hint = hint.map(str::to_owned).or_else(|| error.hint());
        let place = error.place();
        let text = error.to_string();
        let shown = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let message = text.strip_prefix(&shown).unwrap_or(&text).to_owned();
        Self { place, message, hint, ..Self::of_file("", "") }
    }
}

impl FileRefusal {
    pub(in crate::targets) fn of_file(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), Some(hint.into()));
        Self { place: None, message, hint, cause: RefusalCause::NotAsItStands }
    }

    /// Returns the refusal of a file whose kind is never edited.
    pub(super) fn never_edited(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { cause: RefusalCause::NeverEdited, ..Self::of_file(message, hint) }
    }

    /// Returns this refusal as that of a name that leads to something else than an image.
    pub(super) fn of_no_image(self) -> Self {
        Self { cause: RefusalCause::NoImage, ..self }
    }

    pub(in crate::targets) fn is_no_image(&self) -> bool {
        self.cause == RefusalCause::NoImage
    }

    pub(in crate::targets) fn is_never_edited(&self) -> bool {
        self.cause == RefusalCause::NeverEdited
    }

    pub(in crate::targets) fn at(
        yaml: &ParsedYaml<'_>,
        node: NodeId,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { place: Some(yaml.place(node)), ..Self::of_file(message, hint) }
    }

    pub(super) fn repeated_key(yaml: &ParsedYaml<'_>, first: NodeId, second: NodeId) -> Self {
        let key = yaml.tree.text(second).unwrap_or_default();
        let message = format!("the key `{key}` is here again, after {}", yaml.place(first));
        Self::at(yaml, second, message, "remove one of them: readers disagree on which one counts")
    }

    pub(super) fn unproved(place: Position, difference: &str) -> Self {
        let message = format!("the edit could not be proved: {difference}");
        let hint = "nothing was written; edit this image by hand, and please report the file's shape";
        Self { place: Some(place), ..Self::of_file(message, hint) }
    }
}
