//! What a registry is asked of one image.

use crate::image::Reference;
use crate::registry::Requirement;

/// Whether an image is there and meets these.
pub(in crate::flow) struct Question<'q> {
    pub(super) reference: &'q Reference,
    pub(super) requirements: Vec<Requirement>,
}
