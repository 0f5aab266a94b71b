//! The entry whose past is read.

use super::Numbers;
use crate::git::RepositoryPath;
use crate::guards::history::file_entries::FileVersions;
use crate::targets::Fields;

/// An entry as it is at the tip. If the places of its name say different things, it is one of these places.
pub struct EntryAtTip<'a> {
    pub path: RepositoryPath,
    pub name: &'a str,
    pub now: &'a Fields,
    /// Whether all places of the name are known to say the same.
    pub is_of_one_version: bool,
    /// How a tag is compared with those before it.
    pub numbers: Numbers,
    /// What was read of the versions of files, for other entries too.
    pub versions: &'a FileVersions,
}

impl<'a> EntryAtTip<'a> {
    pub fn new(file: &str, name: &'a str, now: &'a Fields, versions: &'a FileVersions) -> Self {
        let (path, numbers) = (RepositoryPath::shown_as(file), Numbers::InVersions);
        Self { path, name, now, is_of_one_version: false, numbers, versions }
    }
}
