//! The commit that the provenance of an image is compared with: it is known once the branch, or a file on it, was read. If nothing
//! else names one, a tag with a whole commit id does.

use std::borrow::Cow;

use super::image_to_check::ImageToCheck;
use crate::guards::order::source_in_tag;
use crate::image::{ImageArgument, Reference};
use crate::message::{EntrySources, SourceCommit};
use crate::outcome::FileEdit;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, Revision, SourceNaming};

/// The commits that the images of a release were built from, as far as they are known.
#[derive(Default)]
pub(super) struct ImageSources(Vec<(Reference, SourceCommit)>);

impl ImageSources {
    /// Returns the sources of the images that are known before a file is read.
    pub(super) fn of_arguments(arguments: &[ImageArgument], sources: &EntrySources) -> Self {
        let with_source = arguments.iter().filter_map(|argument| {
            Some((ImageToCheck::of_argument(argument).ok()?, sources.of(argument.name.as_str())?))
        });
        Self::of(with_source)
    }

    /// Returns the sources of the images that entries have.
    pub(super) fn of_files(files: &[FileEdit], sources: &EntrySources) -> Self {
        let entries = files.iter().flat_map(|file| &file.edit.entries);
        Self::of(
            entries.filter_map(|entry| Some((ImageToCheck::of_entry(entry).ok()?, sources.of(entry.name.as_str())?))),
        )
    }

    fn of<'s>(images: impl Iterator<Item = (ImageToCheck, &'s SourceCommit)>) -> Self {
        let known = images.filter_map(|(image, source)| match image {
            ImageToCheck::Known(reference) => Some((reference, source.clone())),
            ImageToCheck::DependsOnEntry | ImageToCheck::Unpinned => None,
        });
        Self(known.collect())
    }

    /// Returns the commit that an image was built from, pinned or not; `None` if entries disagree about it.
    pub(super) fn of_image(&self, reference: &Reference) -> Option<&SourceCommit> {
        let is_same = |other: &Reference| {
            let is_digest =
                other.digest().is_none() || reference.digest().is_none() || other.digest() == reference.digest();
            other.name() == reference.name() && other.tag() == reference.tag() && is_digest
        };
        let mut sources = self.0.iter().filter(|(other, _)| is_same(other)).map(|(_, source)| source);
        let first = sources.next()?;
        sources.all(|source| source == first).then_some(first)
    }
}

/// Returns the requirements of one image: provenance must name the commit that the image was built from. If that is not known,
/// provenance that may be of any commit must name the one in the image's tag.
pub(super) fn of_image<'r>(
    requirements: &'r [Requirement],
    sources: &ImageSources,
    reference: &Reference,
) -> Cow<'r, [Requirement]> {
    let released = sources.of_image(reference).and_then(|source| expected(source, SourceNaming::Release));
    let tagged = || expected(&source_in_tag(reference.tag()?.as_str())?, SourceNaming::Tag);
    let (expected, is_released) = (released.clone().or_else(tagged), released.is_some());
    if expected.is_none() || !compares(requirements) {
        return Cow::Borrowed(requirements);
    }
    let mut requirements = requirements.to_vec();
    for wanted in requirements.iter_mut().filter_map(compared).filter(|wanted| is_released || wanted.is_none()) {
        wanted.clone_from(&expected);
    }
    Cow::Owned(requirements)
}

/// Returns whether a requirement is one of provenance.
pub(super) fn compares(requirements: &[Requirement]) -> bool {
    let is_provenance = |requirement: &Requirement| {
        matches!(requirement, Requirement::Claim(RequiredClaim { claim: Claim::Provenance(_), .. }))
    };
    requirements.iter().any(is_provenance)
}

/// Returns a warning if provenance is required, and not known of which commit.
pub(super) fn uncompared(
    requirements: &[Requirement],
    sources: &ImageSources,
    reference: &Reference,
) -> Option<String> {
    let why = "which commit is released is not known; name it with `--expect-revision`, or with `--source` of `tagship release`";
    let warning = || format!("the commit in the provenance of `{reference}` was not compared: {why}");
    of_image(requirements, sources, reference).iter().any(is_of_any_commit).then(warning)
}

fn expected(source: &SourceCommit, named_by: SourceNaming) -> Option<ExpectedSource> {
    let revision = Revision::new(&source.commit.to_string())?;
    Some(ExpectedSource { repository: source.repository.clone(), revision, named_by })
}

/// Returns the place of the commit that a requirement compares; `None` if it compares none.
fn compared(requirement: &mut Requirement) -> Option<&mut Option<ExpectedSource>> {
    match requirement {
        Requirement::Claim(RequiredClaim { claim: Claim::Provenance(wanted), .. }) => Some(wanted),
        _ => None,
    }
}

fn is_of_any_commit(requirement: &Requirement) -> bool {
    matches!(requirement, Requirement::Claim(RequiredClaim { claim: Claim::Provenance(None), .. }))
}

#[cfg(test)]
mod tests {
    use super::ImageSources;
    use crate::message::SourceCommit;

    #[test]
    fn each_image_has_its_own_source() {
        let source = |digit: &str| SourceCommit::parse(&format!("org/app@{}", digit.repeat(40))).unwrap();
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let images = [
            ("r/web:1".to_owned(), "1"),
            ("r/api:1".to_owned(), "2"),
            (format!("r/job:1@{}", digest("a")), "3"),
            (format!("r/job:1@{}", digest("b")), "4"),
            ("r/both:1".to_owned(), "5"),
            ("r/both:1".to_owned(), "6"),
        ];
        let sources = ImageSources(images.map(|(image, digit)| (image.parse().unwrap(), source(digit))).into());
        for (image, expected) in [
            ("r/web:1".to_owned(), Some("1")),
            (format!("r/web:1@{}", digest("a")), Some("1")),
            ("r/web:2".to_owned(), None),
            ("r/api:1".to_owned(), Some("2")),
            (format!("r/job:1@{}", digest("b")), Some("4")),
            ("r/job:1".to_owned(), None),
            ("r/both:1".to_owned(), None),
        ] {
            assert_eq!(sources.of_image(&image.parse().unwrap()), expected.map(source).as_ref(), "{image}");
        }
    }
}
