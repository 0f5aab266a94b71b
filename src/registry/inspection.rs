//! Follows a tag from its index to the image of a platform, and to the configuration that names the commit it was built
//! from. Each part is read at most once, and must have the digest by which it was asked for. The depth and the number of
//! indexes are bounded, because a registry could name indexes without end.

use std::collections::HashSet;

use super::artifact::Artifact;
use super::context::CheckContext;
use super::early_end::EarlyEnd;
use super::endpoint::Store;
use super::error::{CheckError, InvalidResponse};
use super::fetch::Fetcher;
use super::http::address::shown_host;
use super::manifest::{Configuration, ImageManifest, IndexEntry, Manifest, distinct};
use super::requirement::{Finding, ImagePart, ImagePlatform, Requirement, RevisedImages};
use super::revision::Revision;
use super::verdict::Verdict;
use crate::image::{Digest, Platform};

/// How many indexes may be nested.
const MAX_INDEX_DEPTH: usize = 4;

/// How many inner indexes are read for one image.
const MAX_INNER_INDEXES: usize = 16;

/// What an image says that it was built from, in its labels or annotations: untrusted text, of whatever length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltFrom {
    pub revision: String,
    /// Most often the URL of a repository.
    pub source: Option<String>,
}

/// The parts of one image, as far as they were read.
pub(super) struct Inspection<'a> {
    fetcher: &'a Fetcher,
    requirements: &'a [Requirement],
    context: &'a mut CheckContext,
    images: Vec<InspectedImage>,
    inner_indexes: usize,
}

/// One of the images that a tag stands for, and what was read of it.
struct InspectedImage {
    digest: Digest,
    platform: Option<Platform>,
    os_version: Option<String>,
    /// What the indexes above it say of its revision, the nearest first.
    revision_above: Option<String>,
    manifest: Option<ImageManifest>,
    configuration: Option<Configuration>,
}

impl InspectedImage {
    fn new(digest: Digest) -> Self {
        let (platform, os_version, revision_above) = (None, None, None);
        Self { digest, platform, os_version, revision_above, manifest: None, configuration: None }
    }
}

/// Why a requirement cannot be judged by a part of the image.
enum PartError {
    Blocked(ImagePart, Box<Verdict>),
    Error(CheckError),
}

impl From<PartError> for EarlyEnd {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Blocked(_, verdict) => Self::Verdict(*verdict),
            PartError::Error(error) => Self::Error(error),
        }
    }
}

impl PartError {
    /// A verdict on a part is a finding on the image; an error ends the check.
    fn at(part: ImagePart) -> impl FnOnce(EarlyEnd) -> Self {
        |end| match end {
            EarlyEnd::Verdict(verdict) => Self::Blocked(part, Box::new(verdict)),
            EarlyEnd::Error(error) => Self::Error(error),
        }
    }
}

impl<'a> Inspection<'a> {
    pub(super) fn new(fetcher: &'a Fetcher, requirements: &'a [Requirement], context: &'a mut CheckContext) -> Self {
        Self { fetcher, requirements, context, images: Vec::new(), inner_indexes: 0 }
    }

    /// Returns what is found of each requirement but claims, which `signed_image` judges.
    pub(super) fn judge(&mut self, digest: Digest, manifest: Manifest) -> Result<Vec<Finding>, EarlyEnd> {
        if let Err(error) = self.collect_images(digest, manifest) {
            let finding = settled(Err(error))?;
            let judged_here = self.requirements.iter().filter(|requirement| requirement.claim().is_none());
            return Ok(judged_here.map(|_| finding.clone()).collect());
        }
        let mut findings = Vec::new();
        for requirement in self.requirements {
            findings.push(settled(match requirement {
                Requirement::Platform(platform) => self.platform(platform),
                Requirement::Revision(revision, images) => self.revision(revision, images),
                Requirement::Claim(_) => continue,
            })?);
        }
        Ok(findings)
    }

    /// Returns the platforms that were seen, each once.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        distinct(self.images.iter().filter_map(|image| image.platform.as_ref()))
    }

    /// Takes up the images that a manifest stands for.
    fn collect_images(&mut self, digest: Digest, manifest: Manifest) -> Result<(), PartError> {
        match manifest {
            Manifest::Image(manifest) => {
                self.images.push(InspectedImage { manifest: Some(manifest), ..InspectedImage::new(digest) });
                Ok(())
            }
            Manifest::Index { entries, revision } => {
                self.collect_from_index(entries, revision.as_deref(), MAX_INDEX_DEPTH)
            }
            Manifest::Other(_) => Ok(()),
        }
    }

    fn collect_from_index(
        &mut self,
        entries: Vec<IndexEntry>,
        above: Option<&str>,
        depth: usize,
    ) -> Result<(), PartError> {
        for entry in entries {
            let revision_above = entry.revision.or_else(|| above.map(str::to_owned));
            if !entry.is_index {
                let IndexEntry { digest, platform, os_version, .. } = entry;
                self.images.push(InspectedImage {
                    platform,
                    os_version,
                    revision_above,
                    ..InspectedImage::new(digest)
                });
                continue;
            }
            self.inner_indexes += 1;
            if depth == 1 || self.inner_indexes > MAX_INNER_INDEXES {
                return Err(PartError::Error(self.invalid(InvalidResponse::Nested)));
            }
            let body = self
                .fetcher
                .read_part(Store::Manifests, &entry.digest, self.context)
                .map_err(PartError::at(ImagePart::Index))?;
            match Manifest::parse(&body.body) {
                Some(Manifest::Index { entries, revision }) => {
                    self.collect_from_index(entries, revision.or(revision_above).as_deref(), depth - 1)?;
                }
                Some(Manifest::Other(Artifact::EmptyIndex | Artifact::Attestations)) => {}
                Some(Manifest::Image(_)) => {
                    return Err(no_image(ImagePart::Index, Artifact::Misnamed { is: "an image", called: "an index" }));
                }
                Some(Manifest::Other(artifact)) => return Err(no_image(ImagePart::Index, artifact)),
                None => return Err(no_image(ImagePart::Index, Artifact::Unreadable)),
            }
        }
        Ok(())
    }

    /// The images for the platform must be there. If a revision of them is wanted too, their manifests are read anyway.
    fn platform(&mut self, wanted: &Platform) -> Result<Finding, PartError> {
        let images = self.images_for(wanted)?;
        if images.is_empty() {
            return Ok(Finding::OtherPlatforms { wanted: wanted.clone(), found: self.platforms() });
        }
        let is_read = self.requirements.iter().any(|requirement| match requirement {
            Requirement::Revision(_, RevisedImages::All) => true,
            Requirement::Revision(_, RevisedImages::For(platforms)) => platforms.contains(wanted),
            Requirement::Platform(_) | Requirement::Claim(_) => false,
        });
        for index in images {
            if self.images[index].manifest.is_some() {
                continue;
            }
            if is_read {
                self.manifest(index)?;
                continue;
            }
            let part = ImagePart::Manifest(self.image_platform(index));
            match self.fetcher.find_by_digest(&self.images[index].digest, self.context) {
                Ok(Verdict::Present(_)) => {}
                Ok(verdict) => return Err(PartError::Blocked(part, Box::new(verdict))),
                Err(end) => return Err(PartError::at(part)(end)),
            }
        }
        Ok(Finding::Met)
    }

    /// Returns the image whose labels order builds: the first one with a platform, because an entry without one need not be
    /// an image.
    fn first_image(&self) -> Option<usize> {
        let with_platform = self.images.iter().position(|image| image.platform.is_some());
        with_platform.or((!self.images.is_empty()).then_some(0))
    }

    /// Each of these images must be the commit's build.
    fn revision(&mut self, wanted: &Revision, images: &RevisedImages) -> Result<Finding, PartError> {
        let mut indexes = Vec::new();
        match images {
            RevisedImages::All => indexes.extend(0..self.images.len()),
            RevisedImages::For(platforms) => {
                for platform in platforms {
                    indexes.extend(self.images_for(platform)?);
                }
                if indexes.is_empty() {
                    indexes.extend(self.first_image());
                }
            }
        }
        let is_any = *images == RevisedImages::All;
        let mut finding = Finding::of_label(wanted, None, None);
        for index in indexes {
            let label = match self.revision_of(index) {
                Err(error) if is_any && self.images[index].platform.is_none() && is_no_image(&error) => continue,
                label => label?,
            };
            let image = self.image_platform(index).filter(|_| self.images.len() > 1);
            finding = Finding::of_label(wanted, label.as_deref(), image);
            if finding != Finding::Met {
                break;
            }
        }
        Ok(finding)
    }

    /// Returns what the image, or the first one of an index, says that it was built from.
    pub(super) fn built_from(mut self, digest: Digest, manifest: Manifest) -> Result<Option<BuiltFrom>, EarlyEnd> {
        self.collect_images(digest, manifest)?;
        let Some(index) = self.first_image() else { return Ok(None) };
        let Some(revision) = self.revision_of(index)? else { return Ok(None) };
        let image = &self.images[index];
        let label = image.configuration.as_ref().and_then(|configuration| configuration.source.clone());
        let annotation = || image.manifest.as_ref().and_then(|manifest| manifest.source.clone());
        let source = label.or_else(annotation);
        Ok(Some(BuiltFrom { revision, source }))
    }

    /// Returns what an image says that it was built from: by its label, else by its annotations, the nearest first.
    fn revision_of(&mut self, index: usize) -> Result<Option<String>, PartError> {
        if let Some(label) = self.configuration(index)?.revision.clone() {
            return Ok(Some(label));
        }
        let annotation = self.manifest(index)?.revision.clone();
        Ok(annotation.or_else(|| self.images[index].revision_above.clone()))
    }

    /// Returns the images for a platform: all of them, since Windows' nodes choose by version. If there is none, those for
    /// the next platform that container runtimes take for it. If the index names none for it, the images whose platform it
    /// does not name are asked themselves.
    fn images_for(&mut self, wanted: &Platform) -> Result<Vec<usize>, PartError> {
        let named = self.images_named(wanted);
        if !named.is_empty() {
            return Ok(named);
        }
        for index in 0..self.images.len() {
            if self.images[index].platform.is_none() {
                match self.configuration(index) {
                    Ok(_) => {}
                    // It is no image, so it has no platform.
                    Err(error) if is_no_image(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let platforms = std::iter::once(wanted.clone()).chain(wanted.runs_too());
        Ok(platforms.map(|platform| self.images_named(&platform)).find(|found| !found.is_empty()).unwrap_or_default())
    }

    /// Returns the images whose platform is known to be this one, each digest once.
    fn images_named(&self, platform: &Platform) -> Vec<usize> {
        let mut seen = HashSet::new();
        let of_platform = self.images.iter().enumerate().filter(|(_, image)| image.platform.as_ref() == Some(platform));
        of_platform.filter(|(_, image)| seen.insert(&image.digest)).map(|(index, _)| index).collect()
    }

    fn image_platform(&self, index: usize) -> Option<ImagePlatform> {
        let InspectedImage { platform, os_version, .. } = &self.images[index];
        Some(ImagePlatform { platform: platform.clone()?, os_version: os_version.clone() })
    }

    fn manifest(&mut self, index: usize) -> Result<&ImageManifest, PartError> {
        let manifest = match self.images[index].manifest.take() {
            Some(read) => read,
            None => self.read_manifest(index)?,
        };
        Ok(self.images[index].manifest.insert(manifest))
    }

    fn read_manifest(&mut self, index: usize) -> Result<ImageManifest, PartError> {
        let part = ImagePart::Manifest(self.image_platform(index));
        let read = self.fetcher.read_part(Store::Manifests, &self.images[index].digest, self.context);
        match Manifest::parse(&read.map_err(PartError::at(part.clone()))?.body) {
            Some(Manifest::Image(manifest)) => Ok(manifest),
            Some(Manifest::Other(artifact)) => Err(no_image(part, artifact)),
            Some(Manifest::Index { .. }) => {
                Err(no_image(part, Artifact::Misnamed { is: "an index", called: "an image" }))
            }
            None => Err(no_image(part, Artifact::Unreadable)),
        }
    }

    fn configuration(&mut self, index: usize) -> Result<&Configuration, PartError> {
        let configuration = match self.images[index].configuration.take() {
            Some(read) => read,
            None => self.read_configuration(index)?,
        };
        let image = &mut self.images[index];
        image.platform = image.platform.take().or_else(|| configuration.platform.clone());
        Ok(image.configuration.insert(configuration))
    }

    fn read_configuration(&mut self, index: usize) -> Result<Configuration, PartError> {
        let digest = self.manifest(index)?.configuration.clone();
        let part = ImagePart::Configuration(self.image_platform(index));
        let read = self.fetcher.read_part(Store::Blobs, &digest, self.context);
        Ok(Configuration::parse(&read.map_err(PartError::at(part))?.body))
    }

    fn invalid(&self, source: InvalidResponse) -> CheckError {
        CheckError::InvalidResponse { host: shown_host(&self.context.endpoint.base), source }
    }
}

fn no_image(part: ImagePart, artifact: Artifact) -> PartError {
    PartError::Blocked(part, Box::new(Verdict::NotAnImage(artifact)))
}

/// Whether a part is known to be something else than an image.
fn is_no_image(error: &PartError) -> bool {
    matches!(error, PartError::Blocked(_, verdict) if matches!(&**verdict, Verdict::NotAnImage(artifact) if artifact.is_known()))
}

fn settled(result: Result<Finding, PartError>) -> Result<Finding, EarlyEnd> {
    match result {
        Ok(finding) => Ok(finding),
        Err(PartError::Blocked(part, verdict)) => Ok(Finding::Blocked { part, verdict: *verdict }),
        Err(PartError::Error(error)) => Err(EarlyEnd::Error(error)),
    }
}
