//! Which identity of a certificate is the wanted one: an exact text, or a regular expression that must match all of it.

use std::fmt;

use regex_lite::Regex;

/// The identity that a certificate must have.
#[derive(Debug, Clone)]
pub enum IdentityPattern {
    Exact(String),
    /// A regular expression, as it was given and as it is used.
    Regexp {
        text: String,
        anchored: Regex,
    },
}

/// Why a text is no pattern of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no regular expression: {0}")]
pub struct PatternError(String);

impl IdentityPattern {
    /// Reads a regular expression, which then must match the whole identity.
    pub fn regexp(text: &str) -> Result<Self, PatternError> {
        // By itself first: `a)|(b` is none, and would be one between our parentheses.
        let compile = |text: &str| Regex::new(text).map_err(|error| PatternError(error.to_string()));
        compile(text)?;
        Ok(Self::Regexp { text: text.to_owned(), anchored: compile(&format!(r"\A(?:{text})\z"))? })
    }

    pub(super) fn matches(&self, identity: &str) -> bool {
        match self {
            Self::Exact(text) => text == identity,
            Self::Regexp { anchored, .. } => anchored.is_match(identity),
        }
    }
}

/// As it was given.
impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) | Self::Regexp { text, .. } => f.write_str(text),
        }
    }
}
