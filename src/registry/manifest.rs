//! What manifests and configurations say, as far as requirements look into them: the images of an index, their platforms
//! and revisions. Bytes in, values out. Only what names digests is kept; entries that are no image are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::descriptor::MediaType;
use crate::image::{Digest, Platform};

/// Where an image says from which commit it was built
/// ([image-spec](https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys)).
const REVISION: &str = "org.opencontainers.image.revision";

/// Says that an entry of an index is about another one, as BuildKit's attestations are.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A manifest, by what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manifest {
    Index { entries: Vec<IndexEntry>, revision: Option<String> },
    Image(ImageManifest),
}

/// An image or an index that an index names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) digest: Digest,
    pub(super) platform: Option<Platform>,
    pub(super) is_index: bool,
    pub(super) revision: Option<String>,
}

/// The manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageManifest {
    pub(super) configuration: Digest,
    pub(super) revision: Option<String>,
}

/// The configuration of one image. Of one that is no container's, nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Configuration {
    pub(super) platform: Option<Platform>,
    pub(super) revision: Option<String>,
}

type Annotations = BTreeMap<String, String>;

#[derive(Deserialize)]
struct RawManifest {
    manifests: Option<Vec<RawEntry>>,
    config: Option<RawConfig>,
    layers: Option<serde::de::IgnoredAny>,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct RawEntry {
    digest: String,
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    platform: Option<RawPlatform>,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct RawConfig {
    digest: String,
}

#[derive(Deserialize)]
struct RawPlatform {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl Manifest {
    /// Reads a manifest; `None` if it is none, or could be read as an image and as an index: two readers could then
    /// see two different things ([CVE-2021-41190](https://github.com/advisories/GHSA-77vh-xpmg-72qh)).
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let raw: RawManifest = serde_json::from_slice(body).ok()?;
        let revision = revision(raw.annotations.as_ref());
        match (raw.manifests, raw.config) {
            (Some(entries), None) if raw.layers.is_none() => {
                let images = entries.into_iter().filter(|entry| !entry.is_about_another());
                let entries = images.map(RawEntry::read).collect::<Option<_>>()?;
                Some(Self::Index { entries, revision })
            }
            (None, Some(config)) => {
                Some(Self::Image(ImageManifest { configuration: config.digest.parse().ok()?, revision }))
            }
            _ => None,
        }
    }

    /// Returns the platforms that the manifest itself names, each once.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        match self {
            Self::Index { entries, .. } => distinct(entries.iter().filter_map(|entry| entry.platform.as_ref())),
            Self::Image(_) => Vec::new(),
        }
    }
}

impl RawEntry {
    fn is_about_another(&self) -> bool {
        let marked = self.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(REFERENCE_TYPE));
        marked || self.platform.as_ref().and_then(RawPlatform::read).is_some_and(|platform| platform.is_unknown())
    }

    fn read(self) -> Option<IndexEntry> {
        let media_type = self.media_type.as_deref().and_then(MediaType::new);
        Some(IndexEntry {
            digest: self.digest.parse().ok()?,
            platform: self.platform.as_ref().and_then(RawPlatform::read),
            is_index: matches!(media_type, Some(MediaType::OciIndex | MediaType::DockerList)),
            revision: revision(self.annotations.as_ref()),
        })
    }
}

impl RawPlatform {
    fn read(&self) -> Option<Platform> {
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        Platform::new(self.os.as_deref()?, self.architecture.as_deref()?, variant).ok()
    }
}

impl Configuration {
    pub(super) fn parse(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(flatten)]
            platform: RawPlatform,
            config: Option<Settings>,
        }
        #[derive(Deserialize)]
        struct Settings {
            #[serde(rename = "Labels")]
            labels: Option<Annotations>,
        }
        let Ok(raw) = serde_json::from_slice::<Raw>(body) else {
            return Self::default();
        };
        let labels = raw.config.and_then(|settings| settings.labels);
        Self { platform: raw.platform.read(), revision: revision(labels.as_ref()) }
    }
}

fn revision(annotations: Option<&Annotations>) -> Option<String> {
    annotations?.get(REVISION).filter(|revision| !revision.trim().is_empty()).cloned()
}

/// Returns the platforms in their order, each once.
pub(super) fn distinct<'a>(platforms: impl Iterator<Item = &'a Platform>) -> Vec<Platform> {
    let mut distinct = Vec::new();
    for platform in platforms {
        if !distinct.contains(platform) {
            distinct.push(platform.clone());
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::{Configuration, Manifest, REVISION};

    const D: &str = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";

    fn parse(body: &str) -> Option<Manifest> {
        Manifest::parse(body.replace('D', D).as_bytes())
    }

    #[test]
    fn the_platforms_of_an_index() {
        for (entries, expected) in [
            (r#"{"digest":"D","platform":{"os":"linux","architecture":"amd64"}}"#, "linux/amd64"),
            (r#"{"digest":"D","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}"#, "linux/arm64"),
            (r#"{"digest":"D","platform":{"os":"linux","architecture":"arm","variant":""}}"#, "linux/arm/v7"),
            (r#"{"digest":"D"}"#, ""),
            (r#"{"digest":"D","platform":{"os":"li\nnux","architecture":"amd64"}}"#, ""),
            (r#"{"digest":"D","platform":{"os":"unknown","architecture":"unknown"}}"#, ""),
            (
                r#"{"digest":"D","platform":{"os":"linux","architecture":"s390x"},
                    "annotations":{"vnd.docker.reference.type":"attestation-manifest"}}"#,
                "",
            ),
            (
                r#"{"digest":"D","platform":{"os":"linux","architecture":"amd64"}},
                    {"digest":"D","platform":{"os":"linux","architecture":"amd64"}}"#,
                "linux/amd64",
            ),
        ] {
            let manifest = parse(&format!(r#"{{"manifests":[{entries}]}}"#)).unwrap_or_else(|| panic!("{entries}"));
            let platforms: Vec<_> = manifest.platforms().iter().map(ToString::to_string).collect();
            assert_eq!(platforms.join(" "), expected, "{entries}");
        }
    }

    #[test]
    fn what_is_neither_image_nor_index() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"manifests":[],"config":{"digest":"D"}}"#,
            r#"{"manifests":[],"layers":[]}"#,
            r#"{"manifests":[{"digest":"sha256:1"}]}"#,
            r#"{"config":{"digest":"../x"}}"#,
        ] {
            assert_eq!(parse(body), None, "{body}");
        }
    }

    #[test]
    fn configurations() {
        let labels = format!(r#"{{"os":"linux","architecture":"arm","config":{{"Labels":{{"{REVISION}":"abc"}}}}}}"#);
        for (body, expected) in [
            (labels.as_str(), ("linux/arm/v7", Some("abc"))),
            (r#"{"os":"linux","architecture":"amd64","config":{"Labels":null}}"#, ("linux/amd64", None)),
            (r#"{"os":"linux","architecture":"amd64"}"#, ("linux/amd64", None)),
            ("{}", ("", None)),
            ("not JSON", ("", None)),
        ] {
            let Configuration { platform, revision } = Configuration::parse(body.as_bytes());
            let platform = platform.map(|platform| platform.to_string()).unwrap_or_default();
            assert_eq!((platform.as_str(), revision.as_deref()), expected, "{body}");
        }
    }
}
