//! The stage of an attempt that asks what the tags of pinned entries mean, before order is judged: an entry of which nothing but
//! the digest would change does not change if its tag still means that.

use super::attempt::Attempt;
use super::edited_files::{AskedFiles, KeptDigest};
use crate::flow::image_checks::further_questions::WaitPolicy;
use crate::flow::image_checks::image_to_check::ImageToCheck;
use crate::git::Snapshot;
use crate::image::Digest;
use crate::outcome::failure::Failure;
use crate::outcome::{FileEdit, Listener};
use crate::targets::EntryEdit;

impl Attempt<'_> {
    /// Keeps the digest of each entry whose tag still means it. Such an entry does not change, whatever the order of its build. A
    /// tag that is not there is not told here: it may never be released.
    pub(super) fn keep_digests<'w>(
        &mut self,
        asked: AskedFiles<'w>,
        snapshot: &Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<AskedFiles<'w>, Failure> {
        let with_image = |(file, entry, digest): (&FileEdit, &EntryEdit, Digest)| {
            // What is wrong with an entry is told when its image is checked.
            let image = ImageToCheck::of_entry(entry).ok()?;
            Some((image, KeptDigest { file: file.path.clone(), name: entry.name.clone(), digest }))
        };
        let (images, digests): (Vec<_>, Vec<_>) = asked.without_digest().filter_map(with_image).unzip();
        let not_found = self.checks.not_found(&images);
        if !not_found.is_empty() {
            let questions: Vec<_> = not_found.into_iter().map(|image| self.checks.question(image, [])).collect();
            self.checks.ask_more(&questions, WaitPolicy::Never, listener);
        }
        let means = |image: &ImageToCheck, digest: &Digest| {
            image.known().and_then(|image| self.checks.of(image)).is_some_and(|it| it.descriptor.digest == *digest)
        };
        let kept = images.iter().zip(digests).filter(|(image, kept)| means(image, &kept.digest));
        asked.keep(snapshot, kept.map(|(_, kept)| kept).collect())
    }
}
