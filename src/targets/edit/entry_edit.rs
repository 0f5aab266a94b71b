//! What an edit tells its caller: the text, and what became of each entry that an argument names.

use super::before_name::BeforeName;
use super::fields::{FieldName, Fields};
use super::note::Note;
use super::pulled::{Doubt, MadeImage, PulledImage, TELL_IT, UncertainImage};
use crate::image::{ImageName, is_same_image};

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new text; the old one if nothing changes.
    pub text: Vec<u8>,
    /// Each entry that an argument names, in file order, changed or not, and then those that are new.
    pub entries: Vec<EntryEdit>,
    /// The names that no entry has, with [`Absent::Report`](super::Absent::Report).
    pub absent: Vec<ImageName>,
    /// The names of all entries, in file order. Of a file that is no kustomization they are told if a name is absent.
    pub names: Vec<String>,
    pub notes: Vec<Note>,
    /// Whether the file is a kustomization.
    pub is_kustomization: bool,
    pub(in crate::targets) is_changed: bool,
}

impl Edit {
    /// Whether the new text differs from the old one.
    pub fn changed(&self) -> bool {
        self.is_changed
    }

    /// Adds notes about what is pulled in place of entries, as far as they are new.
    pub fn add_doubts(&mut self, mut notes: Vec<Note>) {
        notes.retain(|note| !self.notes.contains(note));
        for note in notes {
            for entry in self.entries.iter_mut().filter(|entry| entry.name.as_str() == note.name) {
                entry.after.pulled.get_or_insert_default().doubts.push(Doubt::from(&note));
            }
            self.notes.push(note);
        }
    }

    /// Returns this edit and one of its text as one edit.
    pub(in crate::targets) fn followed_by(mut self, later: Self) -> Self {
        self.entries.extend(later.entries);
        self.absent.extend(later.absent);
        self.notes.extend(later.notes);
        self.names.extend(later.names);
        Self { text: later.text, is_changed: self.is_changed || later.is_changed, ..self }
    }
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryEdit {
    pub name: ImageName,
    /// The line of the entry in the new text, from 1.
    pub line: usize,
    pub appended: bool,
    /// Of an entry without a `newName`, what kustomize makes of all entries of its name.
    pub before: Fields,
    pub after: Fields,
    /// What changed.
    pub fields: Vec<FieldEdit>,
    /// The image's name by the argument, if the file has no place for it, or if texts under other keys make it of the name there.
    pub checked_as: Option<String>,
    /// The chart's registry for all images, if the name by the argument is not below it.
    pub other_registry: Option<String>,
}

impl EntryEdit {
    /// Returns an entry as it is; its line is not known.
    pub fn unchanged(name: ImageName, fields: Fields) -> Self {
        Self {
            name,
            line: 1,
            appended: false,
            before: fields.clone(),
            after: fields,
            fields: Vec::new(),
            checked_as: None,
            other_registry: None,
        }
    }

    /// Returns the name of the image that the entry says; `None` if neither the file nor the argument says it.
    pub fn image_name(&self) -> Option<&str> {
        self.checked_as.as_deref().or_else(|| self.after.known_name(self.name.as_str()))
    }

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
        let around = self.after.before_name.iter().find(|before| self.is_named(before));
        let own = || around.and(self.image_name()).or(self.after.image_name(self.name.as_str()));
        self.made().map_or_else(own, |made| made.name.as_deref())
    }

    /// Returns what others make of the image, if that is something else than the entry says.
    pub fn made(&self) -> Option<&MadeImage> {
        self.after.pulled.as_ref()?.made.as_ref()
    }

    /// Returns why the file does not tell for certain which image is pulled.
    pub fn uncertain_image(&self) -> Option<UncertainImage> {
        let (why, remedy) = match (self.doubts().first(), self.other_name()) {
            (Some(doubt), _) => (format!(", at {}: {}", doubt.place, doubt.text), doubt.remedy.clone()),
            (None, Some(before)) => (format!(": {before}"), TELL_IT.to_owned()),
            (None, None) => return None,
        };
        Some(UncertainImage { why: format!("cannot tell for certain which image `{}` pulls{why}", self.name), remedy })
    }

    /// Returns another name than the image's that a chart may make of the file.
    pub fn other_name(&self) -> Option<&BeforeName> {
        self.after.before_name.iter().find(|before| !self.is_named(before))
    }

    fn is_named(&self, before: &BeforeName) -> bool {
        before.made.as_deref().zip(self.image_name()).is_some_and(|(made, name)| is_same_image(made, name))
    }

    /// Returns what may make another image of it.
    fn doubts(&self) -> &[Doubt] {
        self.after.pulled.as_ref().map_or(&[], |pulled| &pulled.doubts)
    }

    /// Returns whether the version that is pulled is the one that the entry says, so that a digest in it counts.
    pub fn version_counts(&self) -> bool {
        let said = (self.after.pulled_tag(), self.after.digest.as_deref());
        self.made().is_none_or(|made| (made.tag.as_deref(), made.digest.as_deref()) == said)
    }

    /// Whether it is not what it was.
    pub fn changed(&self) -> bool {
        self.appended || !self.fields.is_empty()
    }
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    pub field: FieldName,
    /// What the file calls it.
    pub key: String,
    /// The line of the value in the new text; of what went, in the old one.
    pub line: usize,
    pub from: Option<String>,
    pub to: Option<String>,
}
