//! What a registry keeps: per repository, because what one repository has another has not.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Returns the digest of bytes, `sha256:` and 64 digits.
pub fn digest_of(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A document that tags and digests lead to.
#[derive(Clone)]
pub(super) struct Manifest {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Storage {
    repositories: BTreeMap<String, Repository>,
    uploads: HashMap<usize, Vec<u8>>,
    uploads_begun: usize,
}

/// All that a repository has, in an order in which it can be pushed.
#[derive(Default)]
pub struct Contents {
    pub blobs: Vec<Vec<u8>>,
    /// Tag or digest, media type, and bytes.
    pub manifests: Vec<(String, String, Vec<u8>)>,
}

#[derive(Default)]
struct Repository {
    blobs: HashMap<String, Vec<u8>>,
    manifests: HashMap<String, Manifest>,
    tags: BTreeMap<String, String>,
    /// The descriptors of what refers to a digest.
    referrers: HashMap<String, Vec<Value>>,
}

/// Returns what a manifest refers to, and its descriptor in the list of referrers.
fn referral(digest: &str, manifest: &Manifest) -> Option<(String, Value)> {
    let document: Value = serde_json::from_slice(&manifest.bytes).ok()?;
    let subject = document["subject"]["digest"].as_str()?.to_owned();
    let descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": digest,
        "size": manifest.bytes.len(),
        "artifactType": document["artifactType"],
        "annotations": document["annotations"],
    });
    Some((subject, descriptor))
}

impl Storage {
    pub(super) fn has_repository(&self, repository: &str) -> bool {
        self.repositories.contains_key(repository)
    }

    /// Returns a repository's tags, sorted.
    pub(super) fn tags(&self, repository: &str) -> Option<impl Iterator<Item = &str>> {
        Some(self.repositories.get(repository)?.tags.keys().map(String::as_str))
    }

    /// Returns what a tag or digest leads to, with its digest.
    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<(&str, &Manifest)> {
        let repository = self.repositories.get(repository)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get_key_value(digest).map(|(digest, manifest)| (digest.as_str(), manifest))
    }

    /// Keeps a manifest under its digest, and under a tag. Returns the digest.
    pub(super) fn put_manifest(&mut self, repository: &str, tag: Option<&str>, manifest: Manifest) -> String {
        let digest = digest_of(&manifest.bytes);
        let repository = self.repositories.entry(repository.to_owned()).or_default();
        if let Some((subject, descriptor)) = referral(&digest, &manifest) {
            repository.referrers.entry(subject).or_default().push(descriptor);
        }
        repository.manifests.insert(digest.clone(), manifest);
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    /// Returns the descriptors of all manifests that refer to a digest, the earliest first.
    pub(super) fn referrers(&self, repository: &str, digest: &str) -> Vec<Value> {
        let referrers = self.repositories.get(repository).and_then(|repository| repository.referrers.get(digest));
        referrers.cloned().unwrap_or_default()
    }

    pub(super) fn contents(&self, repository: &str) -> Contents {
        let Some(repository) = self.repositories.get(repository) else { return Contents::default() };
        let manifest = |name: &String, digest: &String| {
            let manifest = &repository.manifests[digest];
            (name.clone(), manifest.media_type.clone(), manifest.bytes.clone())
        };
        let mut manifests: Vec<_> = repository.manifests.keys().map(|digest| manifest(digest, digest)).collect();
        // What an index names must be there before it.
        manifests.sort_by_key(|(_, media_type, _)| media_type.contains("index") || media_type.contains("list"));
        manifests.extend(repository.tags.iter().map(|(tag, digest)| manifest(tag, digest)));
        Contents { blobs: repository.blobs.values().cloned().collect(), manifests }
    }

    pub(super) fn remove_manifest(&mut self, repository: &str, reference: &str) {
        if let Some(repository) = self.repositories.get_mut(repository) {
            let digest = repository.tags.remove(reference).unwrap_or_else(|| reference.to_owned());
            repository.manifests.remove(&digest);
            repository.tags.retain(|_, other| *other != digest);
        }
    }

    pub(super) fn blob(&self, repository: &str, digest: &str) -> Option<&[u8]> {
        self.repositories.get(repository)?.blobs.get(digest).map(Vec::as_slice)
    }

    pub(super) fn put_blob(&mut self, repository: &str, bytes: Vec<u8>) -> String {
        let digest = digest_of(&bytes);
        self.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Begins an upload and returns its number.
    pub(super) fn begin_upload(&mut self) -> usize {
        self.uploads_begun += 1;
        self.uploads.insert(self.uploads_begun, Vec::new());
        self.uploads_begun
    }

    /// Adds to an upload and returns how much it has now; `None` if there is no such upload.
    pub(super) fn append(&mut self, upload: usize, bytes: &[u8]) -> Option<usize> {
        let uploaded = self.uploads.get_mut(&upload)?;
        uploaded.extend(bytes);
        Some(uploaded.len())
    }

    pub(super) fn end_upload(&mut self, upload: usize) -> Option<Vec<u8>> {
        self.uploads.remove(&upload)
    }
}
