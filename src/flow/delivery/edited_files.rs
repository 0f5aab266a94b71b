//! The files of a release as an attempt would write them at its tip, before anything is written: first as the arguments say,
//! by which order is judged, and then with the digests that the registry has for tags.

use super::job::Writing;
use crate::flow::file_edits::edit_file::{EditSettings, edit_file};
use crate::flow::image_checks::checks::Checks;
use crate::flow::target_files::manifests_set_again::add_doubts;
use crate::flow::target_files::size_of_all::require_size;
use crate::git::{Change, RepositoryPath, Snapshot};
use crate::image::{Digest, Field, ImageArgument, ImageName};
use crate::message::compose::Purpose;
use crate::outcome::failure::Failure;
use crate::outcome::{FileEdit, LeftOut};
use crate::request::{Delivery, PinDigest};
use crate::targets::{EntryEdit, FieldEdit, FieldName, NoteKind};

/// Files as the arguments make them. What a tag means now is no part of it, so these are what order is judged by.
pub(super) struct AskedFiles<'w> {
    pub(super) delivery: &'w Delivery,
    pub(super) writing: &'w Writing,
    pub(super) paths: &'w [RepositoryPath],
    /// The entries that stay as they are.
    pub(super) left_out: Vec<LeftOut>,
    kept: Vec<KeptDigest>,
    /// One for each path, in the same order.
    pub(super) files: Vec<FileEdit>,
}

/// The same files as they are written: once the registry was asked, with the digests that are to be pinned.
pub(super) struct EditedFiles<'w> {
    pub(super) asked: AskedFiles<'w>,
    /// One for each path, in the same order.
    pub(super) files: Vec<FileEdit>,
}

/// What a release wants to be on a head branch.
pub(super) struct WantedRelease<'w> {
    pub(super) writing: &'w Writing,
    pub(super) paths: &'w [RepositoryPath],
    pub(super) left_out: Vec<LeftOut>,
}

/// A digest of an entry that an argument would drop, and that its tag still means.
pub(super) struct KeptDigest {
    pub(super) file: String,
    pub(super) name: ImageName,
    pub(super) digest: Digest,
}

impl<'w> AskedFiles<'w> {
    /// Edits the files at `paths`, but for what is left out.
    pub(super) fn edit(
        delivery: &'w Delivery,
        writing: &'w Writing,
        paths: &'w [RepositoryPath],
        left_out: Vec<LeftOut>,
        snapshot: &Snapshot<'_>,
    ) -> Result<Self, Failure> {
        require_size(paths.len(), paths.iter().map(|path| Ok(snapshot.file(path)?.len())))?;
        Self { delivery, writing, paths, left_out, kept: Vec::new(), files: Vec::new() }.again(snapshot)
    }

    /// Edits the files again without what is left out.
    pub(super) fn leave_out(self, snapshot: &Snapshot<'_>, left_out: Vec<LeftOut>) -> Result<Self, Failure> {
        if left_out.is_empty() { Ok(self) } else { Self { left_out, ..self }.again(snapshot) }
    }

    /// Edits the files again with digests that stay.
    pub(super) fn keep(self, snapshot: &Snapshot<'_>, kept: Vec<KeptDigest>) -> Result<Self, Failure> {
        if kept.is_empty() { Ok(self) } else { Self { kept, ..self }.again(snapshot) }
    }

    /// Returns the entries that lose their digest and nothing else, if digests are to be pinned. They do not change if their tags
    /// still mean what runs.
    pub(super) fn without_digest(&self) -> impl Iterator<Item = (&FileEdit, &EntryEdit, Digest)> {
        let entries = FileEdit::entries(&self.files).filter(|_| self.delivery.pin_digest != PinDigest::Never);
        entries.filter_map(|(file, entry)| match entry.fields.as_slice() {
            [FieldEdit { field: FieldName::Digest, from: Some(digest), to: None, .. }] => {
                Some((file, entry, digest.parse().ok()?))
            }
            _ => None,
        })
    }

    /// Writes the digests that the registry has beside the tags, in each file as far as they are to be pinned there.
    pub(super) fn pin(self, snapshot: &Snapshot<'_>, checks: &mut Checks) -> Result<EditedFiles<'w>, Failure> {
        let pinned = |(path, file): (&RepositoryPath, &FileEdit)| {
            let asked = self.arguments(&file.path);
            let arguments = checks.pinned(&asked, file, self.delivery.pin_digest, &self.writing.purpose)?;
            if arguments == asked { Ok(file.clone()) } else { self.edit_file(path, &arguments, snapshot) }
        };
        let mut files = self.paths.iter().zip(&self.files).map(pinned).collect::<Result<Vec<_>, Failure>>()?;
        add_doubts(snapshot, self.paths, &mut files);
        Ok(EditedFiles { asked: self, files })
    }

    fn again(self, snapshot: &Snapshot<'_>) -> Result<Self, Failure> {
        let again = |path: &RepositoryPath| self.edit_file(path, &self.arguments(path.as_str()), snapshot);
        let mut files = Failure::unless_any(self.paths.iter().map(again))?;
        add_doubts(snapshot, self.paths, &mut files);
        Ok(Self { files, ..self })
    }

    /// Returns the arguments for a file, but for the entries that are left out of it.
    fn arguments(&self, file: &str) -> Vec<ImageArgument> {
        let is_left_out = |name: &str| self.left_out.iter().any(|left| left.file == file && left.name == name);
        let asked = &self.writing.images.arguments;
        let mut arguments: Vec<_> = asked.iter().filter(|one| !is_left_out(one.name.as_str())).cloned().collect();
        for argument in &mut arguments {
            let kept = self.kept.iter().find(|kept| kept.file == file && kept.name == argument.name);
            if let Some(kept) = kept {
                argument.change.digest = Field::Set(kept.digest.clone());
            }
        }
        arguments
    }

    fn edit_file(
        &self,
        path: &RepositoryPath,
        arguments: &[ImageArgument],
        snapshot: &Snapshot<'_>,
    ) -> Result<FileEdit, Failure> {
        let old = snapshot.file(path)?.to_vec();
        let mut file = edit_file(path.to_string(), old, arguments, &edit_settings(self.delivery, self.writing))?;
        if self.writing.purpose != Purpose::Release {
            // Rollback and promote build their own arguments, so a dropped field is not the user's doing.
            file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
        }
        Ok(file)
    }
}

impl<'w> EditedFiles<'w> {
    pub(super) fn writing(&self) -> &'w Writing {
        self.asked.writing
    }

    /// Returns the files with their paths.
    pub(super) fn with_paths(&self) -> impl Iterator<Item = (&RepositoryPath, &FileEdit)> {
        self.asked.paths.iter().zip(&self.files)
    }

    /// Returns the entries, with the paths of their files.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&RepositoryPath, &EntryEdit)> {
        self.with_paths().flat_map(|(path, file)| file.edit.entries.iter().map(move |entry| (path, entry)))
    }

    /// Returns the entries that change, with the paths of their files.
    pub(super) fn changed_entries(&self) -> impl Iterator<Item = (&RepositoryPath, &EntryEdit)> {
        self.entries().filter(|(_, entry)| entry.changed())
    }

    /// Returns whether all of `paths` are there and have what is wanted.
    pub(super) fn says_all_of(&self, paths: &[RepositoryPath]) -> bool {
        self.asked.paths.len() == paths.len() && self.changed_entries().count() == 0
    }

    /// Returns the files that change, with their new bytes.
    pub(super) fn changes(&self) -> Vec<Change> {
        let changed = self.with_paths().filter(|(_, file)| file.edit.changed());
        changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
    }
}

/// Returns how entries are edited.
pub(super) fn edit_settings<'d>(delivery: &'d Delivery, writing: &Writing) -> EditSettings<'d> {
    let Delivery { add, comment, .. } = delivery;
    EditSettings { add: *add, comment, sources: writing.sources.clone() }
}
