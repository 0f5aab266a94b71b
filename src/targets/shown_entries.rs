//! What the images of a file say that show without being asked for, and what a check of the file must not pass over.

use super::scalars::FileRefusal;
use crate::targets::edit::Fields;

/// The images of a file by their names, and those that cannot be told.
#[derive(Debug, Default)]
pub struct ShownEntries {
    /// In file order.
    pub entries: Vec<(String, Fields)>,
    /// Images of which the file does not tell what they are.
    pub untold: Vec<FileRefusal>,
    /// Why something else than the version that an image has decides what is pulled.
    pub overruled: Vec<FileRefusal>,
    /// Values that may be no images at all, and images that are chosen elsewhere.
    pub doubtful: Vec<FileRefusal>,
}
