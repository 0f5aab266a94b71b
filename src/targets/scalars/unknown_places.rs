//! What looks like an image, and is in no place that is known to have one: a check says that it was not looked at.

use std::collections::HashSet;

use super::document_kind::DocumentKind;
use super::file_refusal::FileRefusal;
use super::image_text::ImageText;
use super::object::Object;
use super::walk::{Visit, walk};
use crate::image::has_registry;
use crate::yaml::{NodeId, ParsedYaml};

/// What may be an image.
pub(super) struct UnknownPlace {
    pub(super) path: String,
    /// What a check says of it.
    pub(super) refusal: FileRefusal,
}

/// Returns what may be an image, beside those whose scalars are `covered`: a reference with a version, that has a registry or is
/// under a key of images.
pub(super) fn unknown_places(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    covered: &HashSet<NodeId>,
) -> Vec<UnknownPlace> {
    let mut unknown = Vec::new();
    // What is in a `List` is in its items.
    for object in objects.iter().filter(|object| object.kind != DocumentKind::List) {
        walk(yaml, object.root, &mut |Visit { path, slot, .. }| {
            let value = slot.value;
            let Some(text) = yaml.tree.text(value).filter(|_| !covered.contains(&value)) else { return };
            let Ok(image) = ImageText::parse(text, false) else { return };
            if is_likely(slot.key_text(yaml), &image) {
                let message = format!("`{text}` may be an image, and images are not read at `{path}`");
                let hint = format!("to check it, name `{text}` in the same command");
                let refusal = FileRefusal::at(yaml, value, message, hint);
                unknown.push(UnknownPlace { path: format!(".{path}"), refusal });
            }
        });
    }
    unknown
}

/// Whether a reference under a key is an image: it has a version, and a registry or a key of images.
fn is_likely(key: &str, image: &ImageText) -> bool {
    (image.tag.is_some() || image.digest.is_some()) && (has_registry(&image.name) || is_of_images(key))
}

/// Whether values under a key are often images.
fn is_of_images(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.ends_with("image") || key.ends_with("imagename") || key == "reference"
}

#[cfg(test)]
mod tests {
    use super::is_likely;
    use crate::targets::scalars::image_text::ImageText;

    #[test]
    fn a_registry_a_version_or_a_key_tells_an_image() {
        let digest = format!("reg.acme.io/web@sha256:{}", "1".repeat(64));
        for (key, text) in [
            ("api", "ghcr.io/org/api:red"),
            ("api", "registry.gitlab.com/org/api:red"),
            ("api", "europe-docker.pkg.dev/p/r/api:red"),
            ("api", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:red"),
            ("api", "localhost:5000/api:red"),
            ("api", "reg.acme.io/web:v1"),
            ("api", "reg.acme.io/web:1.2.3-alpine"),
            ("api", "reg.acme.io/web:alpine-3.19"),
            ("api", "reg.acme.io/web:main-1a2b3c4-1700000200"),
            ("api", "reg.acme.io/web:0574186"),
            ("api", "reg.acme.io/web:latest"),
            ("api", &digest),
            ("container", "reg.acme.io/web:red"),
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
            ("image", "reg.acme.io/web"),
        ] {
            assert!(!is_likely(key, &ImageText::parse(text, false).unwrap()), "{key}: {text}");
        }
    }
}
