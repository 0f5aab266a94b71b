//! The types of attestations, by the names that people use for them. A type is a URI; those of a name have versions behind
//! them, which the tools that write them do not agree on.

use std::fmt;

use super::provenance::Provenance;

/// The statement by which cosign 3 signs an image: it says nothing beside its subject.
pub(super) const COSIGN_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What the names stand for: those of cosign, of in-toto and of GitHub's actions.
const NAMES: [(&str, &[&str]); 9] = [
    ("spdx", &["https://spdx.dev/Document"]),
    ("cyclonedx", &["https://cyclonedx.org/bom"]),
    ("vuln", &["https://cosign.sigstore.dev/attestation/vuln", "https://in-toto.io/attestation/vulns"]),
    ("openvex", &["https://openvex.dev/ns"]),
    ("vsa", &["https://slsa.dev/verification_summary"]),
    ("test-result", &["https://in-toto.io/attestation/test-result"]),
    ("release", &["https://in-toto.io/attestation/release"]),
    ("link", &["https://in-toto.io/Link"]),
    ("scai", &["https://in-toto.io/attestation/scai"]),
];

/// Why a text is not the type of an attestation that can be required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAttestationType {
    /// It is neither a name nor a URI.
    Unknown,
    /// It is provenance, which is required in another way.
    Provenance,
    /// It is the statement by which cosign signs, so that it counts as a signature.
    Signature,
}

/// The type that an attestation must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationType(String);

impl AttestationType {
    /// Returns the type of a name, or of a URI.
    ///
    /// # Errors
    /// If the text is neither, or the URI of a statement that never counts as an attestation of a type.
    pub fn new(text: &str) -> Result<Self, NoAttestationType> {
        let is_uri = text.contains("://") && text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_name = NAMES.iter().any(|(name, _)| *name == text);
        match text {
            _ if Provenance::is_type(text) => Err(NoAttestationType::Provenance),
            COSIGN_SIGNATURE => Err(NoAttestationType::Signature),
            text if is_name || is_uri => Ok(Self(text.to_owned())),
            _ => Err(NoAttestationType::Unknown),
        }
    }

    /// Returns the names that stand for types.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether a statement's predicate type is this one. A name stands for all versions.
    pub(super) fn is(&self, predicate_type: &str) -> bool {
        match NAMES.iter().find(|(name, _)| *name == self.0) {
            Some((_, bases)) => bases.iter().any(|base| match predicate_type.strip_prefix(base) {
                Some(rest) => rest.is_empty() || is_version(rest),
                None => false,
            }),
            None => predicate_type == self.0,
        }
    }
}

/// Whether this is what stands behind a type for its version, such as `/v0.2` or `/v2.3`.
fn is_version(text: &str) -> bool {
    text.strip_prefix("/v").is_some_and(|version| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    })
}

impl fmt::Display for AttestationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{AttestationType, NoAttestationType};

    #[test]
    fn what_a_name_stands_for() {
        for (name, predicate_type, expected) in [
            ("spdx", "https://spdx.dev/Document", true),
            ("spdx", "https://spdx.dev/Document/v2.3", true),
            ("spdx", "https://spdx.dev/DocumentOther", false),
            ("spdx", "https://spdx.dev/Document/v2/other", false),
            ("spdx", "https://cyclonedx.org/bom", false),
            ("cyclonedx", "https://cyclonedx.org/bom/v1.4", true),
            ("vuln", "https://in-toto.io/attestation/vulns/v0.1", true),
            ("test-result", "https://in-toto.io/attestation/test-result/v0.1", true),
            ("https://example.org/review", "https://example.org/review", true),
            ("https://example.org/review", "https://example.org/review/v1", false),
        ] {
            let kind = AttestationType::new(name).unwrap();
            assert_eq!(kind.is(predicate_type), expected, "{name} {predicate_type}");
        }
        for text in ["", "SPDX", "provenance", "https://a b", "spdx\n"] {
            assert_eq!(AttestationType::new(text), Err(NoAttestationType::Unknown), "{text:?}");
        }
    }
}
