//! The files of a release as an attempt would write them at its tip, before anything is written.

use super::job::Writing;
use crate::flow::edits::{Manner, edit};
use crate::flow::image_checks::checks::Checks;
use crate::git::{Change, RepositoryPath, Snapshot};
use crate::message::compose::Purpose;
use crate::outcome::failure::Failure;
use crate::outcome::{FileEdit, LeftOut};
use crate::request::{Delivery, Images};
use crate::targets::kustomization::{EntryEdit, NoteKind};

/// Files as `writing` makes them.
pub(super) struct EditedFiles<'w> {
    pub(super) delivery: &'w Delivery,
    pub(super) writing: &'w Writing,
    pub(super) paths: &'w [RepositoryPath],
    /// One for each path, in the same order.
    pub(super) files: Vec<FileEdit>,
}

impl<'w> EditedFiles<'w> {
    /// Edits the files at `paths`.
    pub(super) fn edit(
        delivery: &'w Delivery,
        writing: &'w Writing,
        paths: &'w [RepositoryPath],
        snapshot: &Snapshot<'_>,
    ) -> Result<Self, Failure> {
        let edited = Self { delivery, writing, paths, files: Vec::new() };
        edited.again(snapshot, &[])
    }

    /// Edits the files again without what is left out.
    pub(super) fn leave_out(self, snapshot: &Snapshot<'_>, left_out: &[LeftOut]) -> Result<Self, Failure> {
        if left_out.is_empty() { Ok(self) } else { self.again(snapshot, left_out) }
    }

    /// Returns the entries that change, with the paths of their files.
    pub(super) fn changed_entries(&self) -> impl Iterator<Item = (&RepositoryPath, &EntryEdit)> {
        let files = self.paths.iter().zip(&self.files);
        files.flat_map(|(path, file)| {
            file.edit.entries.iter().filter(|entry| entry.changed()).map(move |entry| (path, entry))
        })
    }

    /// Returns whether all of `paths` are there and have what is wanted.
    pub(super) fn says_all_of(&self, paths: &[RepositoryPath]) -> bool {
        self.paths.len() == paths.len() && self.changed_entries().count() == 0
    }

    /// Returns the files that change, with their new bytes.
    pub(super) fn changes(&self) -> Vec<Change> {
        let changed = self.paths.iter().zip(&self.files).filter(|(_, file)| file.edit.changed());
        changed.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect()
    }

    /// Writes the digests that the registry has beside the tags, in each file as far as they are to be pinned there.
    pub(super) fn pin(
        mut self,
        snapshot: &Snapshot<'_>,
        checks: &mut Checks,
        left_out: &[LeftOut],
    ) -> Result<Self, Failure> {
        let Self { delivery, writing, paths, .. } = self;
        for (path, file) in paths.iter().zip(&mut self.files) {
            let arguments = checks.pinned(&writing.images.arguments, file, delivery.pin_digest)?;
            if arguments != writing.images.arguments {
                let with_digests = Writing { images: Images { arguments, repeated: Vec::new() }, ..writing.clone() };
                *file = edit_file(delivery, &with_digests, path, snapshot, left_out)?;
            }
        }
        Ok(self)
    }

    fn again(self, snapshot: &Snapshot<'_>, left_out: &[LeftOut]) -> Result<Self, Failure> {
        let again = |path| edit_file(self.delivery, self.writing, path, snapshot, left_out);
        let files = self.paths.iter().map(again).collect::<Result<_, _>>()?;
        Ok(Self { files, ..self })
    }
}

/// Returns how entries are edited.
pub(super) fn manner<'d>(delivery: &'d Delivery, writing: &Writing) -> Manner<'d> {
    let Delivery { add, comment, .. } = delivery;
    Manner { add: *add, comment, sources: writing.sources.clone() }
}

/// Edits the file at `path`, but for the entries that are left out of it.
fn edit_file(
    delivery: &Delivery,
    writing: &Writing,
    path: &RepositoryPath,
    snapshot: &Snapshot<'_>,
    left_out: &[LeftOut],
) -> Result<FileEdit, Failure> {
    let old = snapshot.file(path)?.to_vec();
    let path = path.to_string();
    let is_left_out = |name: &str| left_out.iter().any(|left| left.file == path && left.name == name);
    let arguments = writing.images.arguments.iter().filter(|argument| !is_left_out(argument.name.as_str()));
    let arguments: Vec<_> = arguments.cloned().collect();
    let mut file = edit(path, old, &arguments, &manner(delivery, writing))?;
    if writing.purpose != Purpose::Release {
        // Rollback and promote build their own arguments, so a dropped field is not the user's doing.
        file.edit.notes.retain(|note| !matches!(note.kind, NoteKind::Dropped { comment: None, .. }));
    }
    Ok(file)
}
