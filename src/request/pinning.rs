//! When the digest that the registry has is written beside a tag.

use crate::cli::{PinArguments, PinDigest};
use crate::image::{Field, ImageArgument};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinning {
    Always,
    /// If the entry has a digest already.
    Keep,
    /// Never: a digest that an argument does not name is removed.
    Never,
}

impl Pinning {
    pub(super) fn new(arguments: &PinArguments, default: Self) -> Self {
        match arguments.pin_digest {
            None => default,
            Some(PinDigest::Always) => Self::Always,
            Some(PinDigest::Keep) => Self::Keep,
            Some(PinDigest::Never) => Self::Never,
        }
    }

    /// Returns whether an argument is to get the digest from the registry for an entry that `has_digest` or not.
    pub fn concerns(self, argument: &ImageArgument, has_digest: bool) -> bool {
        match self {
            Self::Always => !matches!(argument.change.digest, Field::Set(_)),
            Self::Keep => has_digest && argument.change.digest == Field::Remove,
            Self::Never => false,
        }
    }
}
