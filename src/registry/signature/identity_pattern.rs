//! Which identity of a certificate is the wanted one: an exact text, or a regular expression that must match all of it.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The most memory of a pattern, in bytes: a few characters can stand for many, and a rules file may have a thousand patterns.
const MAX_PATTERN_BYTES: usize = 512 << 10;

/// What regex-lite says of a pattern that is too large.
const SIZE_ERROR: &str = "compiled regex exceeded size limit";

/// The identity that a certificate must have.
#[derive(Debug, Clone)]
pub enum IdentityPattern {
    Exact(String),
    /// A regular expression, as it was given. It is compiled for each identity, which are few, and not kept.
    Regexp(ValidRegexp),
}

/// The text of a regular expression that compiles.
#[derive(Debug, Clone)]
pub struct ValidRegexp(String);

/// Why a text is no pattern of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("it is no regular expression: {0}")]
    Invalid(String),
    #[error(
        "it is too large: a regular expression may take {} KiB of memory; name fewer identities",
        MAX_PATTERN_BYTES >> 10
    )]
    TooLarge,
}

impl IdentityPattern {
    /// Reads a regular expression, which then must match the whole identity.
    pub fn regexp(text: &str) -> Result<Self, PatternError> {
        // By itself first: `a)|(b` is none, and would be one between our parentheses.
        compiled(text)?;
        anchored(text)?;
        Ok(Self::Regexp(ValidRegexp(text.to_owned())))
    }

    pub(super) fn matches(&self, identity: &str) -> bool {
        match self {
            Self::Exact(text) => text == identity,
            Self::Regexp(ValidRegexp(text)) => anchored(text).is_ok_and(|regexp| regexp.is_match(identity)),
        }
    }
}

fn anchored(text: &str) -> Result<Regex, PatternError> {
    // A comment at its end, which `(?x)` allows, goes on to the end of the line.
    compiled(&format!(r"\A(?:{text})\z")).or_else(|_| compiled(&format!("\\A(?:{text}\n)\\z")))
}

fn compiled(text: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build();
    built.map_err(|error| match error.to_string() {
        text if text == SIZE_ERROR => PatternError::TooLarge,
        text => PatternError::Invalid(text),
    })
}

/// As it was given.
impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) | Self::Regexp(ValidRegexp(text)) => f.write_str(text),
        }
    }
}
