//! What a run waits for at the moment, as data: something that takes long is told before it ends.

use crate::forge::ForgeKind;
use crate::image::Reference;

/// Something that may take long, as it begins. It lasts until the next one, or until there is a result.
pub enum Activity<'a> {
    /// Registries are asked for images, and the tip of a branch is read, or one of the two.
    Looking { images: Vec<&'a Reference>, branch: Option<BranchInRemote<'a>> },
    /// The commit is made, and a program or a forge signs it.
    Signing,
    /// The server has the push, which it may have hooks for.
    Pushing(BranchInRemote<'a>),
    /// Another release was faster, and a pause comes before the next attempt, which has this number.
    Pausing { next: u32, attempts: u32 },
    /// A forge is asked to do something, such as `open the pull request`.
    Asking { forge: ForgeKind, to: &'static str },
}

/// A branch of a repository, as both are called in messages.
pub struct BranchInRemote<'a> {
    pub remote: &'a str,
    pub branch: &'a str,
}
