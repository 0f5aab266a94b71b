//! A text under another key that a chart may put into the name of an image, so that another image is deployed than the name alone
//! says.

use std::fmt;

/// A text that a chart may put before the name of an image, or in place of its registry. It is the whole name itself, if the
/// chart may put nothing before that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeName {
    pub key: String,
    pub text: String,
    /// The name that it makes, if that can be told.
    pub made: Option<String>,
    /// Whether the name alone is not taken for the image.
    pub is_certain: bool,
}

impl BeforeName {
    /// Returns what a chart may do, if the name is not known for certain without it either.
    pub(in crate::targets) fn possible(key: &str, text: &str, made: Option<String>) -> Self {
        Self { key: key.to_owned(), text: text.to_owned(), made, is_certain: false }
    }
}

impl fmt::Display for BeforeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, text, made, .. } = self;
        if made.as_ref() == Some(text) {
            return write!(
                f,
                "the name has a registry already, and a chart that puts no other one before it deploys `{text}`"
            );
        }
        write!(f, "`{key}` is `{text}`, and a chart that puts it into the name deploys ")?;
        match made {
            Some(made) => write!(f, "`{made}`"),
            None => f.write_str("another image"),
        }
    }
}
