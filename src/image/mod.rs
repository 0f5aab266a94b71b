//! The vocabulary of images: references, tags, digests, platforms and the argument grammar of `kustomize edit set image`.
//!
//! Everything here is a value that was validated when it was made; nothing does I/O and nothing knows registries,
//! files or git. An entry's name is *not* a [`Reference`]: kustomize matches it as an opaque key, and
//! `IMAGE_PLACEHOLDER` would not parse as one.

mod argument;
mod digest;
mod platform;
mod reference;
mod reference_text;
mod tag;
pub mod visible_characters;

pub use argument::{ArgumentError, Field, ImageArgument, ImageChange, ImageName};
pub use digest::{Digest, DigestError};
pub use platform::{Platform, PlatformError};
pub use reference::{
    Reference, ReferenceError, has_registry, is_registry, is_same_image, pulled_name, split_registry, with_plain_host,
};
pub use reference_text::ReferenceText;
pub use tag::{Tag, TagError, short_tag};
