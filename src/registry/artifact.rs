//! What a registry can hold beside container images, and what can be told of it in a few words.

use std::fmt;

/// What is no container image that a cluster can run; its text completes "is".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// Docker's first kind of image, which containerd no longer pulls.
    SchemaOne,
    HelmChart,
    /// An index without any entry.
    EmptyIndex,
    /// An index of nothing but what describes other images.
    Attestations,
    /// Another kind, by its media type: untrusted text.
    Other(String),
    /// An image or an index by its media type alone, or none that can be read.
    Unreadable,
    /// An index that is called an image, or the other way round, by the index above it.
    Misnamed {
        is: &'static str,
        called: &'static str,
    },
}

impl Artifact {
    /// Returns the kind of what has a configuration of `media_type`; `None` if that is an image's.
    ///
    /// The types beside the two proper ones are those that docker takes for an image's too, because registries and builders
    /// have written them (`registry/distribution` in moby).
    pub(super) fn of_configuration(media_type: &str, artifact_type: Option<&str>) -> Option<Self> {
        match media_type {
            "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
            | "application/octet-stream"
            | "application/json"
            | "text/html"
            | "" => None,
            "application/vnd.cncf.helm.config.v1+json" => Some(Self::HelmChart),
            other => Some(Self::other(artifact_type.unwrap_or(other))),
        }
    }

    /// Whether it is known what it is; if not, it may be meant to be an image.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Unreadable | Self::Misnamed { .. })
    }

    pub(super) fn other(media_type: &str) -> Self {
        Self::Other(media_type.chars().take(128).collect())
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SchemaOne => f.write_str("a schema 1 image, which containerd no longer pulls"),
            Self::HelmChart => f.write_str("a Helm chart, not a container image"),
            Self::EmptyIndex => f.write_str("an index without images"),
            Self::Attestations => f.write_str("an index of attestations, without images"),
            Self::Unreadable => f.write_str("neither an image nor an index of images that can be read"),
            Self::Misnamed { is, called } => write!(f, "{is}, which the index above it calls {called}"),
            Self::Other(media_type) => write!(f, "an artifact of the type `{media_type}`, not a container image"),
        }
    }
}
