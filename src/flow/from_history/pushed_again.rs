//! Tags that were pushed again since a release: history has the digest that the release was checked by, and this run finds
//! another one. A rollback or a promotion by such a tag deploys an image that never ran, and the tag does not show it.

use crate::image::{Digest, ImageName, short_tag};
use crate::message::Release;
use crate::outcome::{Event, Listener, Outcome};

/// What the image of an entry was in a release.
pub(in crate::flow) struct ReleasedDigest {
    pub(super) name: ImageName,
    pub(super) digest: Digest,
    /// Which release it was, as in `when 1a2b3c4 released it`.
    pub(super) when: String,
}

impl ReleasedDigest {
    /// `text` comes from a trailer, or from a file: it may be none.
    pub(in crate::flow) fn new(name: &ImageName, text: Option<&str>, when: String) -> Option<Self> {
        Some(Self { name: name.clone(), digest: text?.parse().ok()?, when })
    }
}

/// Warns of each tag that `outcome` writes and that is another image than the one that was `released`. `way` leads to that one.
pub(in crate::flow) fn warn_of_pushed_again(
    outcome: &Outcome,
    released: &[ReleasedDigest],
    way: &str,
    listener: &mut Listener<'_>,
) {
    if outcome.changes.files.is_empty() {
        return;
    }
    for ReleasedDigest { name, digest, when } in released {
        let is_other = |release: &&Release| {
            let is_other = release.digest.as_ref().is_some_and(|now| now != digest);
            release.entry.name == *name && release.entry.changed() && is_other
        };
        let Some(release) = outcome.releases.iter().find(is_other) else { continue };
        if let (Some(tag), Some(now)) = (release.entry.after.pulled_tag(), &release.digest) {
            listener(&Event::Warned(format!(
                "the tag `{}` of `{name}` is {} now, and was {} {when}: {way}",
                short_tag(tag),
                now.short(),
                digest.short()
            )));
        }
    }
}
