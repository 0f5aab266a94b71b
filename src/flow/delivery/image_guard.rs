//! The stage of an attempt that requires the images to be in their registries. If one is missing, holds and rules are judged
//! first: a release that they stop need not wait for the image.

use super::attempt::{Attempt, Stop};
use super::edited_files::AskedFiles;
use super::job::Writing;
use super::release_plan::Draft;
use crate::flow::file_edits::released::images_of;
use crate::flow::image_checks::awaited::WaitedForImages;
use crate::git::Snapshot;
use crate::guards::order::EntryOrders;
use crate::image::ImageArgument;
use crate::message::compose::Purpose;
use crate::outcome::Listener;
use crate::request::Images;
use crate::targets::EntryEdit;

impl Attempt<'_> {
    /// Requires the images that are known to be missing, before the order is asked for, which may depend on them. What the other
    /// entries come to is not known yet, so those do not count here.
    pub(super) fn guard_missing_images(
        &mut self,
        AskedFiles { delivery, writing, paths, files, .. }: &AskedFiles<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let entries = files.iter().flat_map(|file| &file.edit.entries);
        let missing: Vec<_> = entries.filter(|entry| self.checks.have_problem_with(entry)).collect();
        let is_missing = |argument: &&ImageArgument| missing.iter().any(|entry| entry.name == argument.name);
        let arguments: Vec<_> = writing.images.arguments.iter().filter(is_missing).cloned().collect();
        if arguments.is_empty() {
            return Ok(());
        }
        let writing = Writing { images: Images::of(arguments), ..(*writing).clone() };
        let asked = AskedFiles::edit(delivery, &writing, paths, Vec::new(), snapshot)?;
        let mut draft = Draft::unpinned(asked, EntryOrders::default(), snapshot.commit_id(), self.is_new);
        self.guard_images(&mut draft, snapshot, listener)
    }

    /// Requires the images of a draft without pinned digests, or stops by what stops it without them.
    pub(super) fn guard_images(
        &mut self,
        draft: &mut Draft<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        if self.job.delivery.registry.is_none() {
            return Ok(());
        }
        // A release checks what it names. A rollback and a promotion check what they change, with the digests of the branch. To a
        // new branch all is new.
        let purpose = &draft.edited.writing().purpose;
        let is_release = *purpose == Purpose::Release;
        let is_checked = |entry: &EntryEdit| is_release || draft.is_judged(entry);
        let images = images_of(purpose, &draft.edited.files, is_checked, listener)?;
        self.checks.require_certain(&draft.edited.files, is_checked)?;
        self.checks.add_origins_made_by_others(&draft.edited.files);
        if !is_release {
            self.checks.trust_digests_of_branch(&images);
        }
        if !self.checks.find(&images, listener) {
            self.guard_hold(draft, snapshot, listener)?;
            self.guard_rules_beside_images(draft, snapshot, listener)?;
        }
        match self.checks.require(&images, listener)? {
            WaitedForImages::No => Ok(()),
            WaitedForImages::Yes => Err(Stop::Outdated),
        }
    }
}
