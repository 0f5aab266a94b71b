//! The cached trees of an index (its extension `TREE`): which tree each folder is. git commits them without a look at the
//! entries, so that those of folders with changed entries must go.

use std::collections::BTreeSet;

use super::checksum::LENGTH as ID;

/// The number of entries of a folder whose tree is not known.
const UNKNOWN: &[u8] = b"-1";

/// A folder of which not all has been read.
struct Unfinished {
    /// The length of the path above it.
    above: usize,
    /// How many of its folders are still to come.
    left: usize,
    /// Whether its tree is forgotten.
    is_forgotten: bool,
}

/// Takes the trees of `folders` out of the extension's `content`; the folders above each of them are among them. Returns `None`
/// if it is malformed, which git takes as no cache.
///
/// Each folder is its name, the number of its entries, that of its folders, and its tree. Its folders follow.
pub(super) fn forget(folders: &BTreeSet<Vec<u8>>, content: &mut Vec<u8>) -> Option<()> {
    let length = content.len();
    let mut rest = content.as_slice();
    // What takes the place of which bytes. Nothing else is copied: a large repository has megabytes of these.
    let mut forgotten = Vec::new();
    let mut path = Vec::new();
    let mut unfinished: Vec<Unfinished> = Vec::new();
    loop {
        let name = until(&mut rest, 0)?;
        let begin = length - rest.len();
        let entries = until(&mut rest, b' ')?;
        let inner = until(&mut rest, b'\n')?;
        if !entries.starts_with(b"-") {
            rest.split_off(..ID)?;
        }
        let (above, left) = (path.len(), std::str::from_utf8(inner).ok()?.parse().ok()?);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        let is_forgotten = unfinished.last().is_none_or(|above| above.is_forgotten) && folders.contains(&path);
        if is_forgotten {
            forgotten.push((begin..length - rest.len(), [UNKNOWN, b" ", inner, b"\n"].concat()));
        }
        unfinished.push(Unfinished { above, left, is_forgotten });
        while let Some(finished) = unfinished.pop_if(|folder| folder.left == 0) {
            path.truncate(finished.above);
        }
        match unfinished.last_mut() {
            Some(folder) => folder.left -= 1,
            None => break,
        }
    }
    if !rest.is_empty() {
        return None;
    }
    for (bytes, unknown) in forgotten.into_iter().rev() {
        content.splice(bytes, unknown);
    }
    Some(())
}

/// Returns what is before the next `end`, and goes past it.
fn until<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
    let at = rest.iter().position(|&byte| byte == end)?;
    let before = rest.split_off(..at)?;
    *rest = &rest[1..];
    Some(before)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::forget;

    fn without(content: &[u8], folders: &BTreeSet<Vec<u8>>) -> Option<Vec<u8>> {
        let mut content = content.to_vec();
        forget(folders, &mut content).map(|()| content)
    }

    /// Returns a folder as the extension has it.
    fn folder(name: &str, entries: i32, inner: usize) -> Vec<u8> {
        let tree = if entries < 0 { vec![] } else { vec![b'\n'; 20] };
        [format!("{name}\0{entries} {inner}\n").into_bytes(), tree].concat()
    }

    fn folders(names: &[&str]) -> BTreeSet<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    #[test]
    fn trees_along_a_path_go() {
        let cache = |root, a, inner| {
            let rest = [folder("z", 2, 0), folder("b", 1, 1), folder("a", 1, 0)];
            [vec![folder("", root, 2), folder("a", a, 2), folder("b", inner, 0)], rest.to_vec()].concat().concat()
        };
        let all = cache(6, 4, 1);
        assert_eq!(without(&all, &folders(&[])), Some(all.clone()));
        assert_eq!(without(&all, &folders(&["", "a", "a/b"])), Some(cache(-1, -1, -1)));
        assert_eq!(without(&cache(-1, 4, -1), &folders(&["", "b/x"])), Some(cache(-1, 4, -1)));
    }

    #[test]
    fn a_malformed_cache_is_none() {
        let all = [folder("", 2, 1), folder("a", 1, 0)].concat();
        for end in 0..all.len() {
            assert_eq!(without(&all[..end], &folders(&["a"])), None, "{end}");
        }
        assert_eq!(without(&[all, folder("b", 1, 0)].concat(), &folders(&[])), None);
        assert_eq!(without(&folder("", 1, usize::MAX), &folders(&[])), None);
    }
}
