//! What looks like an image, and is in no place that is known to have one: a check says that it was not looked at.

use std::collections::HashSet;

use crate::image::{has_registry, split_registry};
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::nodes::text_beside;
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::walk::{Visit, walk};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::{ImageText, is_like_a_version};
use crate::targets::scalars::image_parts::name_parts::NameParts;
use crate::yaml::{NodeId, ParsedYaml};

/// What may be an image.
pub(super) struct UnknownPlace {
    pub(super) path: String,
    /// What a check says of it.
    pub(super) refusal: FileRefusal,
}

/// Returns what may be an image, beside those whose scalars are `covered`.
pub(super) fn unknown_places(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    covered: &HashSet<NodeId>,
) -> Vec<UnknownPlace> {
    let mut unknown = Vec::new();
    // What is in a `List` is in its items.
    for object in objects.iter().filter(|object| object.kind != DocumentKind::List) {
        walk(yaml, object.root, &mut |Visit { path, slot, .. }| {
            let (key, value) = (slot.key_text(yaml), slot.value);
            let text = match yaml.tree.text(value) {
                Some(text) => (!covered.contains(&value)).then(|| text.to_owned()),
                // In the values of charts, images in parts are read.
                None => (object.kind == DocumentKind::Manifest).then(|| image_in_parts(yaml, value, key)).flatten(),
            };
            let Some(text) = text else { return };
            let Ok(image) = ImageText::parse(&text, false) else { return };
            if is_likely(key, &image) {
                let message = format!("`{text}` may be an image, and images are not read at `{path}`");
                let hint = format!("to check it, name `{text}` in the same command");
                let refusal = FileRefusal::at(yaml, value, message, hint);
                unknown.push(UnknownPlace { path: format!(".{path}"), refusal });
            }
        });
    }
    unknown
}

/// Returns the image in the parts of a mapping, which custom resources have as charts do.
fn image_in_parts(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<String> {
    let text = |key: &str| text_beside(yaml, mapping, key);
    let name = NameParts::of(&text, is_of_images(key)).name()?;
    let version = |key: &str, mark: &str| Some(format!("{name}{mark}{}", text(key)?));
    version("tag", ":").or_else(|| version("version", ":")).or_else(|| version("digest", "@"))
}

/// Whether a reference with a version is an image for all that shows: by its key, or by its host, beside which addresses of
/// other things look alike (`example.com/team:payments`).
fn is_likely(key: &str, image: &ImageText) -> bool {
    let has_version = image.tag.is_some() || image.digest.is_some();
    let is_of_registry = || is_known_registry(&image.name);
    let is_versioned = || image.digest.is_some() || image.tag.as_deref().is_some_and(is_certain_tag);
    has_version && (is_of_images(key) || (has_registry(&image.name) && (is_of_registry() || is_versioned())))
}

/// Whether the host of a name is called as registries are, or has a port.
fn is_known_registry(name: &str) -> bool {
    let (host, _) = split_registry(name);
    let is_of_registry = |label: &str| {
        REGISTRY_LABELS.contains(&label)
            || REGISTRY_WORDS.iter().any(|word| label.contains(word))
            || REGISTRY_ENDS.iter().any(|end| label.ends_with(end))
    };
    host.contains(':') || host.to_ascii_lowercase().split('.').any(is_of_registry)
}

/// What labels of registries have in them: what they are, or the product that serves them.
const REGISTRY_WORDS: [&str; 11] =
    ["registry", "docker", "harbor", "quay", "jfrog", "artifactory", "nexus", "codeberg", "gitlab", "gitea", "forgejo"];

/// What labels of registries end in: `ghcr.io`, `dkr.ecr`, `azurecr.io`, `pkg.dev`.
const REGISTRY_ENDS: [&str; 2] = ["cr", "pkg"];

/// Labels of registries, which others have in them as well: `region`.
const REGISTRY_LABELS: [&str; 3] = ["reg", "images", "containers"];

/// Whether a tag is one for certain: a part of it is a version or a commit, or it is a word that moves or a year, perhaps with
/// numbers behind it. Another short number may be a port.
fn is_certain_tag(tag: &str) -> bool {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_year = |part: &str| part.parse().is_ok_and(|year| (2010..2040).contains(&year));
    let is_version = |part: &str| is_like_a_version(part) && part.contains(['v', '.']);
    let is_commit = |part: &str| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let parts = || tag.split(['-', '_']);
    (parts().take(1).any(|word| MOVING_TAGS.contains(&word) || is_year(word)) && parts().skip(1).all(is_number))
        || parts().any(|part| is_version(part) || (is_commit(part) && has_digit(part)))
}

const MOVING_TAGS: [&str; 10] =
    ["latest", "stable", "edge", "main", "master", "dev", "prod", "release", "staging", "next"];

/// Whether values under a key are often images.
fn is_of_images(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("image") || key.ends_with("imagename") || key == "reference" || key == "container"
}

#[cfg(test)]
mod tests {
    use super::is_likely;
    use crate::targets::scalars::image_parts::image_text::ImageText;

    #[test]
    fn a_registry_a_version_or_a_key_tells_an_image() {
        let digest = format!("r.acme.io/web@sha256:{}", "1".repeat(64));
        for (key, text) in [
            ("api", "ghcr.io/org/api:red"),
            ("api", "registry.gitlab.com/org/api:red"),
            ("api", "europe-docker.pkg.dev/p/r/api:red"),
            ("api", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:red"),
            ("api", "localhost:5000/api:red"),
            ("api", "r.acme.io/web:v1"),
            ("api", "r.acme.io/web:1.2.3-alpine"),
            ("api", "r.acme.io/web:alpine-3.19"),
            ("api", "r.acme.io/web:main-1a2b3c4-1700000200"),
            ("api", "r.acme.io/web:0574186"),
            ("api", "r.acme.io/web:latest"),
            ("api", "r.acme.io/web:dev"),
            ("api", "r.acme.io/web:prod"),
            ("api", "r.acme.io/web:release"),
            ("api", "r.acme.io/web:staging"),
            ("api", "r.acme.io/web:next"),
            ("api", "r.acme.io/web:stable-1"),
            ("api", "r.acme.io/web:2024"),
            ("api", "r.acme.io/web:2024-05-01"),
            ("api", "acme.jfrog.io/docker-local/web:red"),
            ("api", "artifactory.corp.io/web:red"),
            ("api", "nexus.acme.io/web:red"),
            ("api", "codeberg.org/o/web:red"),
            ("api", "gitlab.acme.io/o/web:red"),
            ("api", "gitea.acme.io/o/web:red"),
            ("api", "forgejo.acme.io/o/web:red"),
            ("api", "reg.acme.io/web:build42"),
            ("api", "images.acme.io/web:red"),
            ("api", "containers.acme.io/web:red"),
            ("api", &digest),
            ("container", "r.acme.io/web:red"),
            ("sidecarImage", "acme/web:red"),
            ("reference", "acme/web:red"),
        ] {
            assert!(is_likely(key, &ImageText::parse(text, false).unwrap()), "{key}: {text}");
        }
        for (key, text) in [
            ("api", "acme/web:v1"),
            ("api", "a.b/c:12"),
            ("mount", "localhost/data:rw"),
            ("subject", "system.serviceaccount/ns:name"),
            ("kind", "apps.example.com/v1:Deployment"),
            ("owner", "example.com/team:payments"),
            ("address", "redis.example.com/0:6379"),
            ("export", "files.example.com/share:2049"),
            ("label", "example.com/page:release-notes"),
            ("source", "github.com/org/web:red"),
            ("source", "github.com/org/web:12"),
            ("owner", "region.example.com/team:payments"),
            ("image", "reg.acme.io/web"),
        ] {
            assert!(!is_likely(key, &ImageText::parse(text, false).unwrap()), "{key}: {text}");
        }
    }
}
