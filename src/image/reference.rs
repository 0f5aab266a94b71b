//! A reference: which registry, repository, tag and digest an image name means when it is pulled. It resolves Docker
//! Hub's defaults for the request only; what the user wrote is kept and shown, never rewritten.

use std::fmt;
use std::str::FromStr;

use super::{Digest, DigestError, ReferenceText, Tag, TagError};

/// The registry that a name without one means, and its other names.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 3] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

/// An image in a registry, as `[registry/]repository[:tag][@digest]` names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    name: String,
    registry: String,
    repository: String,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("the image name is empty")]
    Empty,
    #[error("`{0}` is not part of an image name")]
    Scheme(String),
    #[error("image names are lower case")]
    UpperCase { name: String, lower: String },
    #[error("`{0}` is not the host of a registry")]
    Registry(String),
    #[error(
        "`{0}` is not a repository: a repository has lower-case letters, digits, single `.`, `_` or `-` between them, and `/` between its parts"
    )]
    Repository(String),
    #[error(transparent)]
    Tag(#[from] TagError),
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl ReferenceError {
    /// Returns how to write `text`, which has the name that is wrong.
    pub fn hint(&self, text: &str) -> Option<String> {
        match self {
            Self::Scheme(scheme) => Some(format!("leave out `{scheme}`")),
            Self::UpperCase { name, lower } => {
                // The name of the entry may be the same text, and comes first.
                let at = text.rfind(name.as_str())?;
                Some(format!("write `{}{lower}{}`", &text[..at], &text[at + name.len()..]))
            }
            Self::Tag(TagError::Character('/')) => Some(
                "write the tag with `-` in place of `/`, as docker/metadata-action makes it of a branch".to_owned(),
            ),
            _ => None,
        }
    }
}

impl Reference {
    /// Returns the reference of `name`, which has neither tag nor digest, with the given ones.
    pub fn new(name: &str, tag: Option<Tag>, digest: Option<Digest>) -> Result<Self, ReferenceError> {
        if name.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if let Some(end) = name.find("://") {
            return Err(ReferenceError::Scheme(name[..end + 3].to_owned()));
        }
        let (registry, repository) = split_registry(name);
        let repository = repository.to_owned();
        if has_branch(registry, &repository) {
            return Err(TagError::Character('/').into());
        }
        if !is_registry(registry) {
            return Err(ReferenceError::Registry(registry.to_owned()));
        }
        if !is_repository(&repository) {
            return Err(match is_repository(&repository.to_ascii_lowercase()) {
                true => ReferenceError::UpperCase { name: name.to_owned(), lower: name.to_ascii_lowercase() },
                false => ReferenceError::Repository(repository),
            });
        }
        let (registry, repository) = if DOCKER_HUB_ALIASES.contains(&registry) {
            let official = !repository.contains('/');
            (DOCKER_HUB, if official { format!("library/{repository}") } else { repository })
        } else {
            (registry, repository)
        };
        Ok(Self { name: name.to_owned(), registry: registry.to_owned(), repository, tag, digest })
    }

    /// Returns the names of the same repository, from the full one (`docker.io/library/nginx`) to the shortest (`nginx`). Their
    /// hosts are in small letters, and without the port 443.
    pub fn spellings(&self) -> Vec<String> {
        let host = plain_host(&self.registry);
        let mut spellings = vec![format!("{host}/{}", self.repository)];
        if host == DOCKER_HUB {
            spellings.push(self.repository.clone());
            if let Some(official) = self.repository.strip_prefix("library/") {
                spellings.extend([format!("{DOCKER_HUB}/{official}"), official.to_owned()]);
            }
        }
        spellings
    }

    /// Returns whether this is the same tag and digest in the same repository, however the names are written.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_same_repository(other) && (&self.tag, &self.digest) == (&other.tag, &other.digest)
    }

    /// Returns whether this is in the same repository, however the names are written.
    pub fn is_same_repository(&self, other: &Self) -> bool {
        (&self.registry, &self.repository) == (&other.registry, &other.repository)
    }

    /// Returns the name by which it is pulled, with its registry.
    pub fn pulled_name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Returns the name as it was written, without tag and digest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the registry's `host[:port]`; every name of Docker Hub is `docker.io`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository within the registry, `library/` included if Docker Hub implies it.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the same reference without its tag.
    #[must_use]
    pub fn without_tag(&self) -> Self {
        Self { tag: None, ..self.clone() }
    }

    /// Returns the same reference with this digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }
}

/// A name's first part is a registry if it could not be part of a repository on Docker Hub; the rule of docker and of
/// every tool since (distribution/reference, `splitDockerDomain`).
fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.contains(|c: char| c.is_ascii_uppercase())
}

/// Splits a name at its registry; `docker.io` if it names none.
pub fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest)) if is_host(first) => (first, rest),
        _ => (DOCKER_HUB, name),
    }
}

/// Returns the host of a registry as it is compared: in lower case, without the port of TLS, and Docker Hub by one name. What
/// would be no host then, such as `Org`, stays as it is.
fn plain_host(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    let plain = lower.strip_suffix(":443").unwrap_or(&lower);
    match plain {
        hub if DOCKER_HUB_ALIASES.contains(&hub) => DOCKER_HUB.to_owned(),
        plain if is_host(plain) => plain.to_owned(),
        _ => host.to_owned(),
    }
}

/// Returns the name of an image, or a pattern of names, with its host as [`Reference::spellings`] has it.
pub fn with_plain_host(name: &str) -> String {
    match name.split_once('/') {
        Some((first, rest)) if is_host(first) => format!("{}/{rest}", plain_host(first)),
        _ => name.to_owned(),
    }
}

/// Returns whether the name of an image begins with its registry.
pub fn has_registry(name: &str) -> bool {
    name.split_once('/').is_some_and(|(first, _)| is_host(first))
}

/// Returns whether what is read as a name ends in a tag with a `/`, as the name of a branch has one: `web:feature/x`.
fn has_branch(registry: &str, repository: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let in_host = registry.split_once(':').is_some_and(|(host, port)| !host.contains(['.', '[']) && !is_port(port));
    in_host || repository.split_once(':').is_some_and(|(_, tag)| tag.contains('/'))
}

/// Returns whether a text is the host of a registry, with a port or without one.
pub fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let valid = address.parse::<std::net::Ipv6Addr>().is_ok();
            (if valid { address } else { "" }, port.strip_prefix(':').or((!port.is_empty()).then_some("")))
        }
        None => match text.split_once(':') {
            Some((host, port)) if host.split('.').all(is_domain_label) => (host, Some(port)),
            None if text.split('.').all(is_domain_label) => (text, None),
            _ => ("", None),
        },
    };
    let port_is_valid = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    !host.is_empty() && port_is_valid
}

fn is_domain_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

fn is_repository(text: &str) -> bool {
    text.len() <= 255 && text.split('/').all(is_repository_part)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the distribution specification.
fn is_repository_part(part: &str) -> bool {
    let alphanumeric = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9');
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    alphanumeric(*first)
        && alphanumeric(*last)
        && bytes
            .split(|b| alphanumeric(*b))
            .all(|separator| matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-'))
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let ReferenceText { name, tag, digest } = ReferenceText::split(text);
        let digest = digest.map(str::parse).transpose()?;
        Self::new(name, tag.map(str::parse).transpose()?, digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Returns whether two names are of one image when they are pulled: `acme/web` is `docker.io/acme/web`.
pub fn is_same_image(one: &str, other: &str) -> bool {
    pulled_name(one) == pulled_name(other)
}

/// Returns the name by which an image is pulled, with its registry; a text that is no name, as it is.
pub fn pulled_name(name: &str) -> String {
    Reference::new(name, None, None).map_or_else(|_| name.to_owned(), |image| image.pulled_name())
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn where_a_name_leads() {
        for (text, registry, repository, tag) in [
            ("nginx", "docker.io", "library/nginx", None),
            ("nginx:1.27", "docker.io", "library/nginx", Some("1.27")),
            ("jakousa/dwk-4-gitops-app:v1", "docker.io", "jakousa/dwk-4-gitops-app", Some("v1")),
            ("index.docker.io/library/nginx", "docker.io", "library/nginx", None),
            ("registry-1.docker.io/nginx", "docker.io", "library/nginx", None),
            ("ghcr.io/org/app:v1", "ghcr.io", "org/app", Some("v1")),
            ("localhost/app", "localhost", "app", None),
            ("localhost:5000/app", "localhost:5000", "app", None),
            ("[::1]:5000/app:v1", "[::1]:5000", "app", Some("v1")),
            ("[::1]/app", "[::1]", "app", None),
            ("Host/app", "Host", "app", None),
            ("a--b/c__d.e_f", "docker.io", "a--b/c__d.e_f", None),
        ] {
            let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(reference.registry(), registry, "{text}");
            assert_eq!(reference.repository(), repository, "{text}");
            assert_eq!(reference.tag().map(super::Tag::as_str), tag, "{text}");
            assert_eq!(reference.to_string(), text, "shown as it was written");
        }
    }

    #[test]
    fn one_image_has_several_spellings() {
        let is_same = |one: &str, other: &str| {
            let [one, other]: [Reference; 2] = [one, other].map(|text| text.parse().unwrap());
            one.is_same(&other)
        };
        assert!(is_same("nginx:v2", "docker.io/nginx:v2"));
        assert!(is_same("index.docker.io/library/nginx:v2", "nginx:v2"));
        assert!(!is_same("nginx:v2", "nginx:v3"));
        assert!(!is_same("nginx:v2", "nginx"));
        assert!(!is_same("nginx:v2", "ghcr.io/library/nginx:v2"));
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "",
            ":v1",
            "@sha256:00",
            "IMAGE",
            "a//b",
            "/a",
            "a/",
            "../a",
            "a/../b",
            "a b",
            "a:b:c",
            "a:",
            "a@",
            "-a.io/b",
            "host:port/a",
            "host:99999/a",
            "host:+1/a",
            "[::g]:1/a",
            "[::1]x/a",
            "user@host.io/a",
            "a..b",
            "a___b",
            "a\n",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn tag_and_digest() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let reference: Reference = format!("localhost:5000/a:v1@{digest}").parse().unwrap();
        assert_eq!(reference.digest().unwrap().as_str(), digest);
        assert_eq!(reference.name(), "localhost:5000/a");
    }
}
