//! What the entries of one version of a file say.

use std::collections::BTreeMap;

use crate::targets;
use crate::targets::Fields;

/// The entries of a file by their names. What counts of several entries with one name is known by `targets`.
pub(super) type Entries = BTreeMap<String, Fields>;

/// Returns what the entries of a file say, or the entry `name` alone; `None` if the file cannot be read.
pub(in crate::guards) fn entries(path: &str, bytes: &[u8], name: Option<&str>) -> Option<Entries> {
    let mut found = BTreeMap::new();
    for (entry, fields) in targets::entries(path, bytes, name).ok()? {
        if name.is_none_or(|name| name == entry) {
            found.entry(entry).or_insert(fields);
        }
    }
    Some(found)
}
