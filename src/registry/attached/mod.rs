//! What is attached to an image: its signatures and attestations, wherever tools put them beside it. Here they are found and
//! read; `signature` verifies them, and `signed` judges what they are good for.
//!
//! There are three places. The referrers API lists what refers to a manifest. A registry without it has that list under a tag
//! that is made of the digest. The earlier form of cosign has tags of its own, `.sig` for signatures and `.att` for
//! attestations, whose layers are the signed things.

mod layers;
mod link;
mod referrers;
mod search;

pub(super) use layers::{Layer, LayerKind};
pub(super) use referrers::Referrer;
pub(super) use search::{AttachedSearch, CosignTag, ReferrerList};
