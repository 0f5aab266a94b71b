//! Images that the branch has by a tag and a digest. The digest is what a cluster pulls, and an earlier check of a release
//! most often compared it with the tag. So it counts whatever the tag is now, and that is told.

use super::compared_source::{self, ImageSources};
use super::image_to_check::ImageToCheck;
use super::problem::Question;
use crate::image::{Digest, Reference};
use crate::registry::{CheckError, CheckedImage, Client, Detail, Verdict};

/// The images whose digests come from the branch.
#[derive(Default)]
pub(in crate::flow) struct BranchDigests {
    references: Vec<Reference>,
}

/// What became of a tag that stands beside a digest.
pub(in crate::flow) enum TagNow {
    Moved(Digest),
    Gone,
}

/// What a registry answered, and what is to be told of the tag.
pub(in crate::flow) struct RegistryAnswer {
    pub(in crate::flow) checked: Result<CheckedImage, CheckError>,
    pub(in crate::flow) tag: Option<TagNow>,
}

impl BranchDigests {
    /// Lets the digests of these images count, as they come from the branch.
    pub(in crate::flow) fn add(&mut self, images: &[ImageToCheck]) {
        for image in images {
            if let ImageToCheck::Known(reference) = image
                && reference.tag().is_some()
                && reference.digest().is_some()
                && !self.references.contains(reference)
            {
                self.references.push(reference.clone());
            }
        }
    }

    /// Checks images, and those again by the digest alone whose tag does not lead to it any more.
    pub(in crate::flow) fn check(
        &self,
        client: &Client,
        questions: &[&Question<'_>],
        sources: &ImageSources,
        detail: Detail,
    ) -> Vec<RegistryAnswer> {
        let compared: Vec<_> = questions
            .iter()
            .map(|&Question { reference, requirements }| {
                (*reference, compared_source::of_image(requirements, sources, reference))
            })
            .collect();
        let questions: Vec<_> = compared.iter().map(|(reference, required)| (*reference, required.as_ref())).collect();
        let answers = client.check_each(&questions, detail);
        let mut answers: Vec<RegistryAnswer> =
            answers.into_iter().map(|checked| RegistryAnswer { checked, tag: None }).collect();
        let mut moved = Vec::new();
        for (&(reference, requirements), answer) in questions.iter().zip(&mut answers) {
            answer.tag = answer.checked.as_ref().ok().filter(|_| self.references.contains(reference)).and_then(tag_now);
            if answer.tag.is_some() {
                moved.push((reference.without_tag(), requirements, answer));
            }
        }
        let by_digest: Vec<_> = moved.iter().map(|(reference, requirements, _)| (reference, *requirements)).collect();
        let again = client.check_each(&by_digest, detail);
        for ((_, _, answer), mut again) in moved.into_iter().zip(again) {
            if let (Ok(first), Ok(again)) = (&answer.checked, &mut again) {
                again.requests += first.requests;
                again.elapsed += first.elapsed;
            }
            answer.checked = again;
        }
        answers
    }
}

impl TagNow {
    /// Returns the warning about the tag of an image that is there by its digest.
    pub(in crate::flow) fn warning(&self, reference: &Reference) -> Option<String> {
        let (name, tag, digest) = (reference.name(), reference.tag()?, reference.digest()?);
        let what = match self {
            Self::Moved(now) => format!("is {now} in the registry"),
            Self::Gone => "is not in the registry".to_owned(),
        };
        Some(format!("the tag `{tag}` of `{name}` {what}; the recorded digest counts: {digest}"))
    }
}

/// Returns what became of the tag, if that is why an image is not the wanted one.
fn tag_now(checked: &CheckedImage) -> Option<TagNow> {
    match &checked.verdict {
        Verdict::Mismatch { found, .. } => Some(TagNow::Moved(found.digest.clone())),
        Verdict::Absent(_) => Some(TagNow::Gone),
        _ => None,
    }
}
