//! Where the entries of a large folder begin, by their names: a release into thousands of folders looks up each of them many
//! times, and a tree can be read from its beginning alone.

use gix::bstr::BStr;
use gix::hash::Kind;
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryRef;

/// Trees of fewer bytes, some 100 entries, are read from their beginning: that is as fast.
const MIN_BYTES: usize = 4096;

/// The offsets of all entries of one tree, sorted by their names, equal names as they come. Git sorts folders as if they ended
/// with a slash, and a server may send any order.
pub(super) struct TreeIndex {
    hash: Kind,
    offsets: Vec<u32>,
}

impl TreeIndex {
    /// Returns the index of a large tree; `None` if it is small, or if it cannot be read to its end.
    pub(super) fn of(tree: &[u8], hash: Kind) -> Option<Self> {
        if tree.len() < MIN_BYTES {
            return None;
        }
        let mut entries = TreeRefIter::from_bytes(tree, hash);
        let mut found = Vec::new();
        loop {
            let offset = u32::try_from(entries.offset_to_next_entry(tree)).ok()?;
            let Some(entry) = entries.next() else { break };
            found.push((entry.ok()?.filename, offset));
        }
        found.sort_by_key(|(name, _)| *name);
        Some(Self { hash, offsets: found.into_iter().map(|(_, offset)| offset).collect() })
    }

    /// Returns the first entry with this name of the tree that was indexed.
    pub(super) fn find<'t>(&self, tree: &'t [u8], name: &BStr) -> Option<EntryRef<'t>> {
        let entry = |offset: u32| TreeRefIter::from_bytes(tree.get(offset as usize..)?, self.hash).next()?.ok();
        let at = self.offsets.partition_point(|offset| entry(*offset).is_some_and(|entry| entry.filename < name));
        entry(*self.offsets.get(at)?).filter(|entry| entry.filename == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{BStr, Kind, TreeIndex, TreeRefIter};

    /// Returns a tree of these entries, each with an id that tells its place.
    fn tree(names: &[String]) -> Vec<u8> {
        let entry = |(place, name): (usize, &String)| {
            let mode = if place.is_multiple_of(2) { "40000" } else { "100644" };
            let id = [&place.to_be_bytes()[..], &[0; 12]].concat();
            [format!("{mode} {name}\0").into_bytes(), id].concat()
        };
        names.iter().enumerate().flat_map(entry).collect()
    }

    /// `a.b` is before `a/` and after `a`; the names are not in git's order, and one comes twice.
    fn names() -> Vec<String> {
        let numbered = (0..300).map(|number| format!("a{}", (number * 7) % 300));
        numbered.chain(["a.b", "a", "a0", "ä"].map(str::to_owned)).collect()
    }

    #[test]
    fn the_index_finds_what_reading_from_the_beginning_finds() {
        let tree = tree(&names());
        let index = TreeIndex::of(&tree, Kind::Sha1).unwrap();
        for name in names().iter().map(String::as_str).chain(["", "a300", "z", "A"]) {
            let name = BStr::new(name);
            let read =
                TreeRefIter::from_bytes(&tree, Kind::Sha1).map(Result::unwrap).find(|entry| entry.filename == name);
            assert_eq!(index.find(&tree, name), read, "{name}");
        }
    }

    #[test]
    fn a_tree_that_cannot_be_read_to_its_end_has_no_index() {
        let tree = tree(&names());
        assert!(TreeIndex::of(&tree[..tree.len() - 1], Kind::Sha1).is_none());
    }
}
