//! What manifests and configurations say, as far as requirements look into them: the images of an index, their platforms
//! and revisions, and what is no image. Bytes in, values out. Only what names digests is kept; entries that are no image are
//! passed over. Texts are read leniently, because one odd label must not hide the others.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::artifact::Artifact;
use super::descriptor::MediaType;
use crate::image::{Digest, Platform};
use crate::system::bounded_json;

/// Where an image says from which commit it was built
/// ([image-spec](https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys)).
const REVISION: &str = "org.opencontainers.image.revision";
/// Where an image says in which repository that commit is.
const SOURCE: &str = "org.opencontainers.image.source";

/// Says that an entry of an index is about another one, as BuildKit's attestations are.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A manifest, by what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manifest {
    Index {
        entries: Vec<IndexEntry>,
        revision: Option<String>,
    },
    Image(ImageManifest),
    /// It is no image, and leads to none.
    Other(Artifact),
}

/// An image or an index that an index names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) digest: Digest,
    pub(super) platform: Option<Platform>,
    pub(super) os_version: Option<String>,
    pub(super) is_index: bool,
    pub(super) revision: Option<String>,
}

/// The manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageManifest {
    pub(super) configuration: Digest,
    pub(super) revision: Option<String>,
    pub(super) source: Option<String>,
}

/// The configuration of one image. Of one that is no container's, nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Configuration {
    pub(super) platform: Option<Platform>,
    pub(super) revision: Option<String>,
    pub(super) source: Option<String>,
}

/// Annotations or labels, of which only texts and numbers count.
type Annotations = Value;

#[derive(Deserialize)]
struct RawManifest {
    #[serde(rename = "schemaVersion", default)]
    schema_version: Value,
    #[serde(rename = "mediaType", default, deserialize_with = "lenient")]
    media_type: Option<String>,
    #[serde(rename = "artifactType", default, deserialize_with = "lenient")]
    artifact_type: Option<String>,
    manifests: Option<Vec<RawEntry>>,
    config: Option<RawConfig>,
    layers: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Deserialize)]
struct RawEntry {
    digest: String,
    #[serde(rename = "mediaType", default, deserialize_with = "lenient")]
    media_type: Option<String>,
    platform: Option<RawPlatform>,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Deserialize)]
struct RawConfig {
    digest: String,
    #[serde(rename = "mediaType", default, deserialize_with = "lenient")]
    media_type: Option<String>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default, deserialize_with = "lenient")]
    os: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    architecture: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    variant: Option<String>,
    #[serde(rename = "os.version", default, deserialize_with = "lenient")]
    os_version: Option<String>,
}

impl Manifest {
    /// Reads a manifest; `None` if it is none, or could be read as an image and as an index: two readers could then
    /// see two different things ([CVE-2021-41190](https://github.com/advisories/GHSA-77vh-xpmg-72qh)).
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let raw: RawManifest = bounded_json::from_slice(body).ok()?;
        if raw.is_schema_one() {
            return Some(Self::Other(Artifact::SchemaOne));
        }
        let revision = revision(&raw.annotations);
        let artifact_type = raw.artifact_type.as_deref();
        match (raw.manifests, raw.config) {
            (Some(entries), None) if raw.layers.is_none() => {
                let is_empty = entries.is_empty();
                let images = entries.into_iter().filter(|entry| !entry.is_about_another());
                let entries: Vec<_> = images.map(RawEntry::read).collect::<Option<_>>()?;
                Some(match (is_empty, entries.is_empty()) {
                    (true, _) => Self::Other(Artifact::EmptyIndex),
                    (false, true) => Self::Other(Artifact::Attestations),
                    (false, false) => Self::Index { entries, revision },
                })
            }
            (None, Some(config)) => {
                let media_type = config.media_type.as_deref().unwrap_or_default();
                if let Some(artifact) = Artifact::of_configuration(media_type, artifact_type) {
                    return Some(Self::Other(artifact));
                }
                Some(Self::Image(ImageManifest {
                    configuration: config.digest.parse().ok()?,
                    revision,
                    source: label(&raw.annotations, SOURCE),
                }))
            }
            (None, None) => artifact_type.map(|media_type| Self::Other(Artifact::other(media_type))),
            _ => None,
        }
    }

    /// Returns the platforms that the manifest itself names, each once.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        match self {
            Self::Index { entries, .. } => distinct(entries.iter().filter_map(|entry| entry.platform.as_ref())),
            Self::Image(_) | Self::Other(_) => Vec::new(),
        }
    }
}

impl RawManifest {
    fn is_schema_one(&self) -> bool {
        let is_typed = self.media_type.as_deref().and_then(MediaType::new).is_some_and(|kind| kind.is_schema_one());
        is_typed || self.schema_version == 1
    }
}

impl RawEntry {
    fn is_about_another(&self) -> bool {
        let marked = self.annotations.get(REFERENCE_TYPE).is_some();
        marked || self.platform.as_ref().and_then(RawPlatform::read).is_some_and(|platform| platform.is_unknown())
    }

    fn read(self) -> Option<IndexEntry> {
        let media_type = self.media_type.as_deref().and_then(MediaType::new);
        Some(IndexEntry {
            digest: self.digest.parse().ok()?,
            platform: self.platform.as_ref().and_then(RawPlatform::read),
            os_version: self.platform.and_then(|platform| platform.os_version).filter(|version| version.len() <= 64),
            is_index: matches!(media_type, Some(MediaType::OciIndex | MediaType::DockerList)),
            revision: revision(&self.annotations),
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
            #[serde(rename = "Labels", default)]
            labels: Annotations,
        }
        let Ok(raw) = bounded_json::from_slice::<Raw>(body) else {
            return Self::default();
        };
        let labels = raw.config.map(|settings| settings.labels).unwrap_or_default();
        Self { platform: raw.platform.read(), revision: revision(&labels), source: label(&labels, SOURCE) }
    }
}

fn revision(annotations: &Annotations) -> Option<String> {
    label(annotations, REVISION)
}

fn label(annotations: &Annotations, name: &str) -> Option<String> {
    text(annotations.get(name)?).filter(|text| !text.trim().is_empty())
}

/// Reads a text, or a number as one; anything else counts as none.
pub(super) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text(&Value::deserialize(deserializer)?))
}

/// Returns a text or a number; some servers give their codes as numbers.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the platforms in their order, each once.
pub(super) fn distinct<'a>(platforms: impl Iterator<Item = &'a Platform>) -> Vec<Platform> {
    let mut seen = HashSet::new();
    platforms.filter(|platform| seen.insert(*platform)).cloned().collect()
}

/// Reads any bytes as a manifest, an index and a configuration.
#[cfg(fuzzing)]
pub fn fuzz(body: &[u8]) {
    match Manifest::parse(body) {
        Some(Manifest::Index { entries, .. }) => assert!(!entries.is_empty()),
        Some(Manifest::Other(artifact)) => assert!(!artifact.to_string().is_empty()),
        Some(Manifest::Image(_)) | None => {}
    }
    let configuration = Configuration::parse(body);
    assert!(configuration.revision.is_none_or(|revision| !revision.trim().is_empty()));
}

#[cfg(test)]
mod tests {
    use super::{Configuration, Manifest, Platform, REVISION, distinct};
    use crate::growth::assert_grows_with_its_size;

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
    fn each_of_many_platforms_is_looked_at_once() {
        let platform = |n: usize| Platform::new("linux", &format!("a{n}"), None).unwrap();
        assert_grows_with_its_size(16_000, |count| {
            let platforms: Vec<_> = (0..count).map(platform).collect();
            assert_eq!(distinct(platforms.iter().chain(&platforms)), platforms);
        });
    }

    #[test]
    fn what_is_no_image() {
        let unknown = r#"{"digest":"D","platform":{"os":"unknown","architecture":"unknown"}}"#;
        let attestations = format!(r#"{{"schemaVersion":2,"manifests":[{unknown}]}}"#);
        for (body, expected) in [
            (r#"{"schemaVersion":1,"name":"app","fsLayers":[]}"#, "a schema 1 image, which containerd no longer pulls"),
            (r#"{"schemaVersion":2,"manifests":[]}"#, "an index without images"),
            (&attestations, "an index of attestations, without images"),
            (
                r#"{"config":{"digest":"D","mediaType":"application/vnd.cncf.helm.config.v1+json"}}"#,
                "a Helm chart, not a container image",
            ),
            (
                r#"{"artifactType":"text/spdx","config":{"digest":"D","mediaType":"application/vnd.oci.empty.v1+json"}}"#,
                "an artifact of the type `text/spdx`, not a container image",
            ),
            (r#"{"artifactType":"a/b","blobs":[]}"#, "an artifact of the type `a/b`, not a container image"),
        ] {
            let Some(Manifest::Other(artifact)) = parse(body) else { panic!("{body}") };
            assert_eq!(artifact.to_string(), expected);
        }
        for config in ["application/octet-stream", "application/vnd.docker.container.image.v1+json", ""] {
            let image = parse(&format!(r#"{{"config":{{"digest":"D","mediaType":"{config}"}}}}"#));
            assert!(matches!(image, Some(Manifest::Image(_))), "{config}");
        }
    }

    #[test]
    fn odd_values_hide_no_others() {
        let annotations = format!(r#""annotations":{{"a":null,"b":1,"{REVISION}":1234567}}"#);
        let entry =
            r#"{"digest":"D","mediaType":null,"platform":{"os":"linux","architecture":"amd64","variant":null}}"#;
        let Some(Manifest::Index { entries, revision }) = parse(&format!(r#"{{{annotations},"manifests":[{entry}]}}"#))
        else {
            panic!()
        };
        assert_eq!((entries.len(), revision.as_deref()), (1, Some("1234567")));
        let image = parse(r#"{"config":{"digest":"D"},"annotations":null}"#);
        assert!(matches!(image, Some(Manifest::Image(_))), "{image:?}");
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
            (r#"{"os":"linux","architecture":"amd64","config":{"Labels":{"a":null,"b":[1]}}}"#, ("linux/amd64", None)),
            ("{}", ("", None)),
            ("not JSON", ("", None)),
        ] {
            let Configuration { platform, revision, .. } = Configuration::parse(body.as_bytes());
            let platform = platform.map(|platform| platform.to_string()).unwrap_or_default();
            assert_eq!((platform.as_str(), revision.as_deref()), expected, "{body}");
        }
    }
}
