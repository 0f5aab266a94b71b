//! What a file with `images` says that it is, if that is no kustomization.

use std::fmt;

/// What a file says that it is. Both texts may be empty, but not at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherKind {
    pub kind: String,
    pub version: String,
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind.as_str(), self.version.as_str()) {
            ("", version) => write!(f, "this is of `{version}`, not a kustomization"),
            (kind, "") => write!(f, "this is a `{kind}`, not a kustomization"),
            (kind, version) => write!(f, "this is a `{kind}` of `{version}`, not a kustomization"),
        }
    }
}
