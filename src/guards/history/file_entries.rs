//! What the entries of one version of a file say. A release may have thousands of entries, so a version is read once for all of
//! them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::ContentId;
use crate::targets;
use crate::targets::{Fields, ReadFile};

/// The entries of a file by their names. What counts of several entries with one name is known by `targets`.
pub(super) type Entries = BTreeMap<String, Fields>;

/// Returns what the entries of a file say, or the entry `name` alone; `None` if the file cannot be read.
pub(in crate::guards) fn entries(path: &str, bytes: &[u8], name: Option<&str>) -> Option<Entries> {
    targets::read(path, bytes, |file| Ok(entries_of(file, name))).ok()?
}

fn entries_of(file: &ReadFile<'_, '_>, name: Option<&str>) -> Option<Entries> {
    let mut found = BTreeMap::new();
    for (entry, fields) in file.entries(name).ok()? {
        if name.is_none_or(|name| name == entry) {
            found.entry(entry).or_insert(fields);
        }
    }
    Some(found)
}

/// How much is kept of what versions say, in entries. Of a long history of many entries, the rest is read for each of them.
const MAX_KEPT: usize = 50_000;

/// What versions of files say of the entries that are asked for.
#[derive(Default)]
pub struct FileVersions {
    names: BTreeSet<String>,
    known: RefCell<KnownVersions>,
}

/// What [`entries`] returns of an entry, without the name.
type Said = Option<Vec<Fields>>;

#[derive(Default)]
struct KnownVersions {
    /// By path and content, and then by the name of an entry.
    said: HashMap<(String, ContentId), HashMap<String, Said>>,
    kept: usize,
    #[cfg(test)]
    read: usize,
}

impl FileVersions {
    /// Returns a memory that reads the entries `names` of a version along with the first of them that is asked for.
    pub fn of_entries<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self { names: names.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Returns what [`entries`] returns of the entry `name`.
    pub(in crate::guards) fn entries(
        &self,
        path: &str,
        (id, bytes): (ContentId, &[u8]),
        name: &str,
    ) -> Option<Entries> {
        let mut known = self.known.borrow_mut();
        let version = (path.to_owned(), id);
        let mut said = known.said.get(&version).and_then(|said| said.get(name)).cloned();
        if said.is_none() {
            let is_expected = self.names.contains(name) && !known.said.contains_key(&version);
            let others = self.names.iter().filter(|other| is_expected && *other != name).map(String::as_str);
            let names: Vec<&str> = [name].into_iter().chain(others).collect();
            let kept = known.kept + names.len();
            let mut read = said_of(path, bytes, if kept > MAX_KEPT { &names[..1] } else { &names });
            said = if kept > MAX_KEPT { read.remove(name) } else { read.get(name).cloned() };
            if kept <= MAX_KEPT {
                known.kept = kept;
                known.said.entry(version).or_default().extend(read);
            }
            #[cfg(test)]
            {
                known.read += 1;
            }
        }
        Some(said??.into_iter().map(|fields| (name.to_owned(), fields)).collect())
    }
}

/// Returns what [`entries`] returns of each of these entries, without their names.
fn said_of(path: &str, bytes: &[u8], names: &[&str]) -> HashMap<String, Option<Vec<Fields>>> {
    let of_name = |file: &ReadFile<'_, '_>, name| Some(entries_of(file, Some(name))?.into_values().collect());
    let said = targets::read(path, bytes, |file| {
        Ok(Some(names.iter().map(|name| ((*name).to_owned(), of_name(file, name))).collect()))
    });
    said.unwrap_or_default().unwrap_or_else(|| names.iter().map(|name| ((*name).to_owned(), None)).collect())
}

#[cfg(test)]
mod tests {
    use super::{FileVersions, entries};
    use crate::git::ContentId;

    const FILE: &str = "a/kustomization.yaml";

    #[test]
    fn a_version_is_read_once_for_the_entries_that_are_expected() {
        let text = b"images:\n- name: web\n  newTag: v1\n- name: api\n  newTag: v2\n";
        let versions = FileVersions::of_entries(["web", "api", "gone"]);
        let said = |number, bytes: &[u8], name| {
            let said = versions.entries(FILE, (ContentId::of_number(number), bytes), name);
            assert_eq!(said, entries(FILE, bytes, Some(name)), "{name}");
            versions.known.borrow().read
        };
        assert_eq!(["web", "api", "gone", "web"].map(|name| said(1, text, name)), [1; 4]);
        assert_eq!([".images[0].newTag", "api"].map(|name| said(1, text, name)), [2; 2], "a name that is not expected");
        assert_eq!(["api", "web"].map(|name| said(2, b"images: [", name)), [3; 2], "what cannot be read");
        assert_eq!([".images[0]", "web", "api"].map(|name| said(3, text, name)), [4, 5, 6], "only one at first");
    }
}
