//! An image in one scalar: `[KEY=]NAME[:TAG][@DIGEST]`. Taken apart and put together again, it is the same text, or it is
//! refused.

use crate::image::{Digest, Reference, ReferenceText, Tag};
use crate::targets::edit::Fields;

/// A reference as a file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::targets) struct ImageText {
    /// What stands before the `=`.
    pub(in crate::targets::scalars) key: Option<String>,
    pub(in crate::targets) name: String,
    pub(in crate::targets::scalars) tag: Option<String>,
    pub(in crate::targets::scalars) digest: Option<String>,
}

impl ImageText {
    /// Takes a text apart; an error says what is wrong with it.
    pub(in crate::targets::scalars) fn parse(text: &str, keyed: bool) -> Result<Self, String> {
        let (key, reference) = match text.split_once('=') {
            Some((key, reference)) if keyed => (Some(key.to_owned()), reference),
            _ => (None, text),
        };
        let ReferenceText { name, tag, digest } = ReferenceText::split(reference);
        let parsed_tag = tag.map(str::parse::<Tag>).transpose().map_err(|error| error.to_string())?;
        let parsed_digest = digest.map(str::parse::<Digest>).transpose().map_err(|error| error.to_string())?;
        Reference::new(name, parsed_tag, parsed_digest).map_err(|error| error.to_string())?;
        let parsed =
            Self { key, name: name.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) };
        if parsed.render() == text { Ok(parsed) } else { Err("it is not written as references are".to_owned()) }
    }

    /// Returns its version alone.
    pub(in crate::targets) fn version(&self) -> Fields {
        Fields { new_tag: self.tag.clone(), digest: self.digest.clone(), ..Fields::default() }
    }

    pub(in crate::targets) fn render(&self) -> String {
        let mut text = self.key.as_ref().map(|key| format!("{key}=")).unwrap_or_default();
        text.push_str(&self.name);
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest);
        }
        text
    }
}

/// Returns the references with a version in a text, such as a patch.
pub(in crate::targets) fn versioned_images(text: &str) -> impl Iterator<Item = ImageText> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '{' | '}');
    let images = text.split(is_end).filter_map(|word| ImageText::parse(word, false).ok());
    images.filter(|image| image.tag.is_some() || image.digest.is_some())
}

/// Whether a word is hardly the name of an image: `v1`, `1.2.3-rc.1`.
pub(in crate::targets::scalars) fn is_like_a_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let number = text.split(['-', '+', '_']).next().unwrap_or_default();
    number.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a version for certain, whatever its key: `v1.2`, `1.2.3`.
pub(in crate::targets::scalars) fn is_version_alone(text: &str) -> bool {
    let is_certain = text.starts_with('v') || text.matches('.').count() > 1;
    is_certain && text.contains('.') && is_like_a_version(text)
}

#[cfg(test)]
mod tests {
    use super::{ImageText, is_like_a_version, versioned_images};
    use crate::image::is_same_image;

    const DIGEST: &str = "sha256:1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c1f0c";

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let pinned = format!("localhost:5000/a/b:v1@{DIGEST}");
        for text in ["web", "web:v1", "ghcr.io/acme/web", "localhost:5000/a/b:v1", &pinned] {
            assert_eq!(ImageText::parse(text, false).unwrap().render(), text);
        }
        let keyed = ImageText::parse("web=ghcr.io/acme/web:v1", true).unwrap();
        assert_eq!((keyed.key.as_deref(), keyed.name.as_str()), (Some("web"), "ghcr.io/acme/web"));
        assert_eq!(keyed.render(), "web=ghcr.io/acme/web:v1");
    }

    #[test]
    fn what_is_no_reference_is_an_error() {
        for text in ["", "Web:v1", "web:v1:v2", "web:", "web@sha256:1", "docker://web", " web", "web=x", "a b"] {
            assert!(ImageText::parse(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn names_of_docker_hub_are_alike() {
        assert!(is_same_image("acme/web", "docker.io/acme/web"));
        assert!(!is_same_image("ghcr.io/acme/web", "acme/web"));
    }

    #[test]
    fn a_reference_in_a_text_is_whole() {
        let pinned = format!("image: acme/web@{DIGEST}");
        let has_reference =
            |text: &str, name: &str| versioned_images(text).any(|image| is_same_image(&image.name, name));
        for text in ["image: acme/web:v1", "{\"image\":\"acme/web:v1\"}", "- docker.io/acme/web:v1\n", &pinned] {
            assert!(has_reference(text, "acme/web"), "{text}");
        }
        for text in
            ["a: acme/webshop", "acme/web: x", "image: quay.io/acme/web:v1", "image: acme/web", "acme/webshop:v1"]
        {
            assert!(!has_reference(text, "acme/web"), "{text}");
        }
    }

    #[test]
    fn a_version_is_hardly_a_name() {
        for text in ["v1", "1.2.3", "v1.2.3-rc.1", "2024.01", "7"] {
            assert!(is_like_a_version(text), "{text}");
        }
        for text in ["web", "v", "", "7zip", "v8engine", "1.x", "vault"] {
            assert!(!is_like_a_version(text), "{text}");
        }
    }
}
