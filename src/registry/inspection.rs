//! The way into a tag: from the index to the image of a platform, and to the configuration that says what it was built
//! from. Each part is read at most once, by its digest, and must be what that says. How deep and how wide an index may be
//! is bounded, because a registry could name indexes without end.

use super::answer::Verdict;
use super::client::Client;
use super::context::{Stop, Visit};
use super::endpoint::Store;
use super::error::{CheckError, Nonsense};
use super::manifest::{Configuration, Document, Entry, Manifest, distinct};
use super::requirement::{Finding, Part, Requirement, Revision};
use crate::image::{Digest, Platform};

/// How many indexes may lie inside of one another.
const DEPTH: usize = 4;

/// How many indexes are read inside of one.
const INNER_INDEXES: usize = 16;

/// Looks into one image.
pub(super) struct Inspection<'a> {
    client: &'a Client,
    requirements: &'a [Requirement],
    visit: &'a mut Visit,
    images: Vec<Image>,
    inner_indexes: usize,
}

/// One of the images that a tag stands for, and what was read of it.
struct Image {
    digest: Digest,
    platform: Option<Platform>,
    /// What the indexes above it say of its revision, the nearest first.
    revision_above: Option<String>,
    manifest: Option<Manifest>,
    configuration: Option<Configuration>,
}

/// Why a part of the image decides nothing.
enum Hindrance {
    Blocked(Part, Box<Verdict>),
    Error(CheckError),
}

impl Hindrance {
    /// A verdict on a part is a finding on the image; an error ends the check.
    fn at(part: Part) -> impl FnOnce(Stop) -> Self {
        |stop| match stop {
            Stop::Verdict(verdict) => Self::Blocked(part, Box::new(verdict)),
            Stop::Error(error) => Self::Error(error),
        }
    }
}

impl<'a> Inspection<'a> {
    pub(super) fn new(client: &'a Client, requirements: &'a [Requirement], visit: &'a mut Visit) -> Self {
        Self { client, requirements, visit, images: Vec::new(), inner_indexes: 0 }
    }

    /// Returns what is found of each requirement.
    pub(super) fn judge(&mut self, digest: Digest, document: Document) -> Result<Vec<Finding>, Stop> {
        if let Err(hindrance) = self.enter(digest, document) {
            let finding = settled(Err(hindrance))?;
            return Ok(vec![finding; self.requirements.len()]);
        }
        self.requirements
            .iter()
            .map(|requirement| {
                settled(match requirement {
                    Requirement::Platform(platform) => self.platform(platform),
                    Requirement::Revision(revision) => self.revision(revision),
                })
            })
            .collect()
    }

    /// Returns the platforms that were seen, each once.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        distinct(self.images.iter().filter_map(|image| image.platform.as_ref()))
    }

    /// Takes up the images that a document stands for.
    fn enter(&mut self, digest: Digest, document: Document) -> Result<(), Hindrance> {
        match document {
            Document::Image(manifest) => {
                let image = Image {
                    digest,
                    platform: None,
                    revision_above: None,
                    manifest: Some(manifest),
                    configuration: None,
                };
                self.images.push(image);
                Ok(())
            }
            Document::Index { entries, revision } => self.enter_index(entries, revision.as_deref(), DEPTH),
        }
    }

    fn enter_index(&mut self, entries: Vec<Entry>, above: Option<&str>, depth: usize) -> Result<(), Hindrance> {
        for entry in entries {
            let revision_above = entry.revision.or_else(|| above.map(str::to_owned));
            if !entry.is_index {
                self.images.push(Image {
                    digest: entry.digest,
                    platform: entry.platform,
                    revision_above,
                    manifest: None,
                    configuration: None,
                });
                continue;
            }
            self.inner_indexes += 1;
            if depth == 1 || self.inner_indexes > INNER_INDEXES {
                return Err(Hindrance::Error(self.nonsense(Nonsense::Nested)));
            }
            let body =
                self.client.read(Store::Manifests, &entry.digest, self.visit).map_err(Hindrance::at(Part::Index))?;
            match Document::parse(&body) {
                Some(Document::Index { entries, revision }) => {
                    self.enter_index(entries, revision.or(revision_above).as_deref(), depth - 1)?;
                }
                Some(Document::Image(_)) | None => {
                    return Err(Hindrance::Error(self.nonsense(Nonsense::NotAnImage)));
                }
            }
        }
        Ok(())
    }

    /// The image for the platform must be there. Where a revision is wanted too, its manifest is read anyway.
    fn platform(&mut self, wanted: &Platform) -> Result<Finding, Hindrance> {
        let Some(index) = self.image_for(wanted)? else {
            return Ok(Finding::OtherPlatforms { wanted: wanted.clone(), found: self.platforms() });
        };
        if self.images[index].manifest.is_some() {
            return Ok(Finding::Met);
        }
        if self.requirements.iter().any(|requirement| matches!(requirement, Requirement::Revision(_))) {
            return self.manifest(index).map(|_| Finding::Met);
        }
        let part = Part::Manifest(Some(wanted.clone()));
        match self.client.look_at(&self.images[index].digest, self.visit) {
            Ok(Verdict::Present(_)) => Ok(Finding::Met),
            Ok(verdict) => Err(Hindrance::Blocked(part, Box::new(verdict))),
            Err(stop) => Err(Hindrance::at(part)(stop)),
        }
    }

    /// Each image of a wanted platform must be the commit's build; without wanted platforms, the first one.
    fn revision(&mut self, wanted: &Revision) -> Result<Finding, Hindrance> {
        let mut indexes = Vec::new();
        for requirement in self.requirements {
            if let Requirement::Platform(platform) = requirement {
                indexes.extend(self.image_for(platform)?);
            }
        }
        if indexes.is_empty() && !self.images.is_empty() {
            indexes.push(0);
        }
        let mut finding = wanted.judge(None);
        for index in indexes {
            finding = wanted.judge(self.revision_of(index)?.as_deref());
            if finding != Finding::Met {
                break;
            }
        }
        Ok(finding)
    }

    /// Returns what an image says that it was built from: by its label, else by its annotations, the nearest first.
    fn revision_of(&mut self, index: usize) -> Result<Option<String>, Hindrance> {
        if let Some(label) = self.configuration(index)?.revision.clone() {
            return Ok(Some(label));
        }
        let annotation = self.manifest(index)?.revision.clone();
        Ok(annotation.or_else(|| self.images[index].revision_above.clone()))
    }

    /// Returns the first image for a platform. Those of which the index does not tell are asked themselves, and only
    /// where no other one is for it.
    fn image_for(&mut self, wanted: &Platform) -> Result<Option<usize>, Hindrance> {
        let named = |images: &[Image]| images.iter().position(|image| image.platform.as_ref() == Some(wanted));
        if let Some(index) = named(&self.images) {
            return Ok(Some(index));
        }
        for index in 0..self.images.len() {
            if self.images[index].platform.is_none() {
                self.configuration(index)?;
            }
        }
        Ok(named(&self.images))
    }

    fn manifest(&mut self, index: usize) -> Result<&Manifest, Hindrance> {
        let image = &mut self.images[index];
        if image.manifest.is_none() {
            let part = Part::Manifest(image.platform.clone());
            let body = self.client.read(Store::Manifests, &image.digest, self.visit).map_err(Hindrance::at(part))?;
            if let Some(Document::Image(manifest)) = Document::parse(&body) {
                image.manifest = Some(manifest);
            }
        }
        match &self.images[index].manifest {
            Some(manifest) => Ok(manifest),
            None => Err(Hindrance::Error(self.nonsense(Nonsense::NotAnImage))),
        }
    }

    fn configuration(&mut self, index: usize) -> Result<&Configuration, Hindrance> {
        if self.images[index].configuration.is_none() {
            let digest = self.manifest(index)?.configuration.clone();
            let part = Part::Configuration(self.images[index].platform.clone());
            let body = self.client.read(Store::Blobs, &digest, self.visit).map_err(Hindrance::at(part))?;
            let configuration = Configuration::parse(&body);
            let image = &mut self.images[index];
            image.platform = image.platform.take().or_else(|| configuration.platform.clone());
            image.configuration = Some(configuration);
        }
        Ok(self.images[index].configuration.get_or_insert_default())
    }

    fn nonsense(&self, source: Nonsense) -> CheckError {
        CheckError::Nonsense { host: super::http::address::shown_host(&self.visit.target.base), source }
    }
}

fn settled(result: Result<Finding, Hindrance>) -> Result<Finding, Stop> {
    match result {
        Ok(finding) => Ok(finding),
        Err(Hindrance::Blocked(part, verdict)) => Ok(Finding::Blocked { part, verdict: *verdict }),
        Err(Hindrance::Error(error)) => Err(Stop::Error(error)),
    }
}
