//! Small real images: a configuration with labels, a layer with one file, a manifest, and an index of several.

use serde_json::{Map, Value, json};

use super::storage::{Manifest, digest_of};

/// The media types that name a document's kind.
pub mod media_type {
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
}

#[derive(Clone, Copy)]
pub enum Format {
    Oci,
    Docker,
}

impl Format {
    fn index(self) -> &'static str {
        match self {
            Self::Oci => media_type::OCI_INDEX,
            Self::Docker => media_type::DOCKER_LIST,
        }
    }

    fn manifest(self) -> &'static str {
        match self {
            Self::Oci => media_type::OCI_MANIFEST,
            Self::Docker => media_type::DOCKER_MANIFEST,
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.config.v1+json",
            Self::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }

    fn layer(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.layer.v1.tar",
            Self::Docker => "application/vnd.docker.image.rootfs.diff.tar",
        }
    }
}

/// What an image shall be. Without platforms of its own it is one for linux/amd64.
#[derive(Clone)]
pub struct Image {
    format: Format,
    /// `os/architecture[/variant]`
    platforms: Vec<String>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    has_attestation: bool,
}

/// An image's documents, in the order in which they must be stored.
pub(super) struct Parts {
    pub(super) blobs: Vec<Vec<u8>>,
    pub(super) children: Vec<Manifest>,
    pub(super) top: Manifest,
}

impl Image {
    pub fn new() -> Self {
        Self {
            format: Format::Oci,
            platforms: vec!["linux/amd64".to_owned()],
            labels: Map::new(),
            annotations: Map::new(),
            has_attestation: false,
        }
    }

    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Makes it an image for these platforms; several make an index.
    #[must_use]
    pub fn platforms(mut self, platforms: &[&str]) -> Self {
        self.platforms = platforms.iter().map(|platform| (*platform).to_owned()).collect();
        self
    }

    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.into());
        self
    }

    /// Adds an annotation to the manifest, or to the index if there is one.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }

    /// Says which commit the image was built from, in the label that the OCI specification has for it.
    #[must_use]
    pub fn revision(self, commit: &str) -> Self {
        self.label("org.opencontainers.image.revision", commit)
    }

    /// Adds an attestation beside the image as BuildKit does, which makes an index also of a single platform.
    #[must_use]
    pub fn with_attestation(mut self) -> Self {
        self.has_attestation = true;
        self
    }

    pub(super) fn build(&self) -> Parts {
        let mut blobs = Vec::new();
        let is_index = self.platforms.len() > 1 || self.has_attestation;
        let annotations = if is_index { &Map::new() } else { &self.annotations };
        let mut children: Vec<Manifest> =
            self.platforms.iter().map(|platform| self.manifest(platform, annotations, &mut blobs)).collect();
        if !is_index {
            let top = children.pop().expect("an image has a platform");
            return Parts { blobs, children, top };
        }
        let mut entries: Vec<Value> = children
            .iter()
            .zip(&self.platforms)
            .map(|(manifest, platform)| {
                let mut entry = descriptor(&manifest.media_type, &manifest.bytes);
                entry["platform"] = platform_fields(platform);
                entry
            })
            .collect();
        if self.has_attestation {
            let (manifest, entry) = attestation(&entries[0], &mut blobs);
            children.push(manifest);
            entries.push(entry);
        }
        let mut index = json!({ "schemaVersion": 2, "mediaType": self.format.index(), "manifests": entries });
        annotate(&mut index, &self.annotations);
        Parts { blobs, children, top: document(self.format.index(), &index) }
    }

    fn manifest(&self, platform: &str, annotations: &Map<String, Value>, blobs: &mut Vec<Vec<u8>>) -> Manifest {
        let layer = tar("hello", format!("hello from {platform}\n").as_bytes());
        let mut config = platform_fields(platform);
        config["config"] = json!({ "Cmd": ["/hello"], "Labels": self.labels });
        config["rootfs"] = json!({ "type": "layers", "diff_ids": [digest_of(&layer)] });
        let config = config.to_string().into_bytes();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": self.format.manifest(),
            "config": descriptor(self.format.config(), &config),
            "layers": [descriptor(self.format.layer(), &layer)],
        });
        annotate(&mut manifest, annotations);
        blobs.extend([config, layer]);
        document(self.format.manifest(), &manifest)
    }
}

impl Default for Image {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns a manifest with a provenance statement, and its entry in the index, which is for no real platform. It
/// has no form but OCI's.
fn attestation(subject: &Value, blobs: &mut Vec<Vec<u8>>) -> (Manifest, Value) {
    let predicate = "https://slsa.dev/provenance/v0.2";
    let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1", "predicateType": predicate });
    let statement = statement.to_string().into_bytes();
    let mut config = platform_fields("unknown/unknown");
    config["rootfs"] = json!({ "type": "layers", "diff_ids": [digest_of(&statement)] });
    let config = config.to_string().into_bytes();
    let mut layer = descriptor("application/vnd.in-toto+json", &statement);
    layer["annotations"] = json!({ "in-toto.io/predicate-type": predicate });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": Format::Oci.manifest(),
        "config": descriptor(Format::Oci.config(), &config),
        "layers": [layer],
    });
    let manifest = document(Format::Oci.manifest(), &manifest);
    let mut entry = descriptor(&manifest.media_type, &manifest.bytes);
    entry["platform"] = platform_fields("unknown/unknown");
    entry["annotations"] = json!({
        "vnd.docker.reference.digest": subject["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    });
    blobs.extend([config, statement]);
    (manifest, entry)
}

fn document(media_type: &str, value: &Value) -> Manifest {
    Manifest { media_type: media_type.to_owned(), bytes: value.to_string().into_bytes() }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest_of(bytes), "size": bytes.len() })
}

fn annotate(document: &mut Value, annotations: &Map<String, Value>) {
    if !annotations.is_empty() {
        document["annotations"] = Value::Object(annotations.clone());
    }
}

fn platform_fields(platform: &str) -> Value {
    let mut parts = platform.split('/');
    let mut fields = json!({ "os": parts.next(), "architecture": parts.next() });
    if let Some(variant) = parts.next() {
        fields["variant"] = variant.into();
    }
    fields
}

/// Returns a tar archive (ustar) with one small file.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |offset: usize, field: &str| header[offset..offset + field.len()].copy_from_slice(field.as_bytes());
    put(0, name);
    put(100, "0000755\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    // The checksum is taken with spaces in its own place.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let checksum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{checksum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend(content);
    // The content is filled up to a whole block, and two empty blocks end the archive.
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}
