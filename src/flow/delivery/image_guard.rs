//! The stage of an attempt that requires the images to be in their registries. What stops a release whatever a registry says,
//! such as a hold, is told in place of an image that is not there, and nobody waits for that one.

use super::attempt::{Attempt, Stop};
use super::release_plan::Draft;
use crate::flow::file_edits::released::images_of;
use crate::flow::image_checks::awaited::Pace;
use crate::git::Snapshot;
use crate::message::compose::Purpose;
use crate::outcome::Listener;
use crate::targets::EntryEdit;

impl Attempt<'_> {
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
        let purpose = &draft.edited.asked.writing.purpose;
        let is_release = *purpose == Purpose::Release;
        let is_checked = |entry: &EntryEdit| is_release || draft.is_judged(entry);
        let images = images_of(purpose, &draft.edited.files, is_checked, listener)?;
        if !is_release {
            self.checks.digests_count(&images);
        }
        if !self.checks.find(&images, listener) {
            self.guard_hold(draft, snapshot, listener)?;
            self.guard_rules_beside_images(draft, snapshot, listener)?;
        }
        match self.checks.require(&images, listener)? {
            Pace::AtOnce => Ok(()),
            Pace::AfterWaiting => Err(Stop::Outdated),
        }
    }
}
