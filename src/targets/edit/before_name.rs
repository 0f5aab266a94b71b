//! A text under another key that a chart may put into the name of an image, so that another image is deployed than the name alone
//! says.

use std::fmt;

/// A text that a chart may put before the name of an image, or in place of its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeName {
    pub key: String,
    pub text: String,
    /// The name that it makes, if that can be told.
    pub made: Option<String>,
    /// Whether the name alone is not taken for the image.
    pub is_certain: bool,
}

impl fmt::Display for BeforeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, text, made, .. } = self;
        write!(f, "`{key}` is `{text}`, and a chart that puts it into the name deploys ")?;
        match made {
            Some(made) => write!(f, "`{made}`"),
            None => f.write_str("another image"),
        }
    }
}
