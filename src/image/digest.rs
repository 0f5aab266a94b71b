//! A content digest. Only the two registered algorithms are accepted, because what we cannot recompute we cannot check.

use std::fmt;
use std::str::FromStr;

/// A digest: `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits
/// ([image-spec](https://github.com/opencontainers/image-spec/blob/main/descriptor.md#registered-algorithms)).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    #[error("a digest is `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits")]
    Algorithm,
    #[error("a {algorithm} digest has {wanted} lower-case hexadecimal digits, this one has {found}")]
    Length { algorithm: &'static str, wanted: usize, found: usize },
    #[error("a digest is written in lower-case hexadecimal digits, not `{0}`")]
    Character(char),
}

/// How many digits of a digest people are shown: enough to tell the digests of one repository apart.
const SHORT: usize = 12;

impl Digest {
    /// Returns the digest's text, with its algorithm.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the digits after the algorithm.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// Returns the algorithm and the first 12 digits, for people to read.
    pub fn short(&self) -> &str {
        &self.0[..self.0.len() - self.hex().len() + SHORT]
    }

    /// Returns the first 12 digits, for people to read.
    pub fn short_hex(&self) -> &str {
        &self.hex()[..SHORT]
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, wanted, hex) = match text.split_once(':') {
            Some(("sha256", hex)) => ("sha256", 64, hex),
            Some(("sha512", hex)) => ("sha512", 128, hex),
            _ => return Err(DigestError::Algorithm),
        };
        if let Some(character) = hex.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(DigestError::Character(character));
        }
        if hex.len() != wanted {
            return Err(DigestError::Length { algorithm, wanted, found: hex.len() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, DigestError};

    #[test]
    fn what_is_a_digest() {
        let good = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(good.parse::<Digest>().unwrap().hex().len(), 64);
        assert!(format!("sha512:{}", "0a".repeat(64)).parse::<Digest>().is_ok());
        assert_eq!(good.parse::<Digest>().unwrap().short(), "sha256:0a0a0a0a0a0a");
        assert_eq!(good.parse::<Digest>().unwrap().short_hex(), "0a0a0a0a0a0a");
        for (text, expected) in [
            ("", DigestError::Algorithm),
            ("abc", DigestError::Algorithm),
            ("md5:00", DigestError::Algorithm),
            ("sha256:abc", DigestError::Length { algorithm: "sha256", wanted: 64, found: 3 }),
            (&good.to_uppercase().replace("SHA256", "sha256"), DigestError::Character('A')),
            (&format!("{good}@x"), DigestError::Character('@')),
        ] {
            assert_eq!(text.parse::<Digest>().unwrap_err(), expected, "{text:?}");
        }
    }
}
