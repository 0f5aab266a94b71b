//! The commit that the provenance of an image is compared with: it is known once the branch, or a file on it, was read. If
//! nothing else names one, a tag with a whole commit id does.

use std::borrow::Cow;
use std::sync::Arc;

use super::image_to_check::ImageToCheck;
use crate::guards::order::source_in_tag;
use crate::image::{ImageArgument, Reference};
use crate::message::{EntrySources, SourceCommit, each_once};
use crate::outcome::FileEdit;
use crate::registry::{Claim, ExpectedSource, RequiredClaim, Requirement, Revision, SourceNaming};

/// The commits that the images of a release were built from, as far as they are known.
#[derive(Default)]
pub(in crate::flow) struct ImageSources(Vec<(Reference, SourceCommit)>);

impl ImageSources {
    /// Returns the sources of the images that are known before a file is read.
    pub(in crate::flow) fn of_arguments(arguments: &[ImageArgument], sources: &EntrySources) -> Self {
        let with_source = arguments.iter().filter_map(|argument| {
            Some((ImageToCheck::of_argument(argument).ok()?, sources.of(argument.name.as_str())?))
        });
        Self::of(with_source)
    }

    /// Returns the sources of the images that entries have.
    pub(in crate::flow) fn of_files(files: &[FileEdit], sources: &EntrySources) -> Self {
        let entries = FileEdit::entries(files);
        Self::of(
            entries
                .filter_map(|(_, entry)| Some((ImageToCheck::of_entry(entry).ok()?, sources.of(entry.name.as_str())?))),
        )
    }

    fn of<'s>(images: impl Iterator<Item = (ImageToCheck, &'s SourceCommit)>) -> Self {
        let known = images.filter_map(|(image, source)| Some((image.known()?.clone(), source.clone())));
        Self(known.collect())
    }

    /// Returns the commits that an image was built from, pinned or not, each once. Entries that disagree about it name several.
    pub(in crate::flow) fn of_image(&self, reference: &Reference) -> Vec<&SourceCommit> {
        let is_same = |other: &Reference| {
            let is_digest =
                other.digest().is_none() || reference.digest().is_none() || other.digest() == reference.digest();
            other.is_same_repository(reference) && other.tag() == reference.tag() && is_digest
        };
        each_once(self.0.iter().filter(|(other, _)| is_same(other)).map(|(_, source)| source))
    }
}

/// Returns the requirements of one image: provenance must be of each commit that the image was built from, unless it is required
/// of the commit of a release already. If none is known, provenance that may be of any commit must be of the one in the
/// image's tag.
pub(in crate::flow) fn of_image<'r>(
    requirements: &'r [Requirement],
    sources: &ImageSources,
    reference: &Reference,
) -> Cow<'r, [Requirement]> {
    if !compares(requirements) {
        return Cow::Borrowed(requirements);
    }
    let released = sources.of_image(reference).into_iter().filter_map(|source| expected(source, SourceNaming::Release));
    let released: Vec<_> = released.collect();
    let tagged = reference.tag().and_then(|tag| expected(&source_in_tag(tag.as_str())?, SourceNaming::Tag));
    let mut compared = Vec::new();
    for requirement in requirements {
        let sources = match requirement {
            Requirement::Claim(RequiredClaim { claim: Claim::Provenance(wanted), by }) => match wanted {
                Some(wanted) if wanted.named_by == SourceNaming::Release => None,
                wanted if released.is_empty() => wanted.is_none().then_some((by, tagged.as_slice())),
                _ => Some((by, released.as_slice())),
            },
            _ => None,
        };
        match sources {
            None | Some((_, [])) => compared.push(requirement.clone()),
            Some((by, sources)) => compared.extend(sources.iter().map(|source| {
                let claim = Claim::Provenance(Some(source.clone()));
                Requirement::Claim(RequiredClaim { claim, by: Arc::clone(by) })
            })),
        }
    }
    Cow::Owned(compared)
}

/// Returns whether a requirement is one of provenance.
pub(in crate::flow) fn compares(requirements: &[Requirement]) -> bool {
    let is_provenance = |requirement: &Requirement| {
        matches!(requirement, Requirement::Claim(RequiredClaim { claim: Claim::Provenance(_), .. }))
    };
    requirements.iter().any(is_provenance)
}

/// Returns a warning if provenance is required of an image, and not known of which commit. `compared` are its requirements with
/// the commits that are known.
pub(in crate::flow) fn uncompared(compared: &[Requirement], reference: &Reference) -> Option<String> {
    let why = "which commit is released is not known; name it with `--expect-revision`, or with `--source` of `tagship release`";
    let warning = || format!("the commit in the provenance of `{reference}` was not compared: {why}");
    compared.iter().any(is_of_any_commit).then(warning)
}

fn expected(source: &SourceCommit, named_by: SourceNaming) -> Option<ExpectedSource> {
    let revision = Revision::new(&source.commit.to_string())?;
    Some(ExpectedSource { repository: source.repository.clone(), revision, named_by })
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
            ("r/web:1".to_owned(), &["1"][..]),
            (format!("r/web:1@{}", digest("a")), &["1"]),
            ("r/web:2".to_owned(), &[]),
            ("r/api:1".to_owned(), &["2"]),
            (format!("r/job:1@{}", digest("b")), &["4"]),
            ("r/job:1".to_owned(), &["3", "4"]),
            ("r/both:1".to_owned(), &["5", "6"]),
        ] {
            let expected: Vec<_> = expected.iter().map(|digit| source(digit)).collect();
            assert_eq!(sources.of_image(&image.parse().unwrap()), expected.iter().collect::<Vec<_>>(), "{image}");
        }
    }
}
