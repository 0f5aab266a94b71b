//! An index file without most of its entries: those that are wanted, and where its parts are. The rest stays in the file, and
//! is copied from there, so that memory does not grow with the number of files in a repository.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write};

use gix::index::entry::Mode;

use super::cached_trees;
use super::checksum::{Checksum, Hashing, LENGTH};
use super::staged_entry::{EntryHead, StagedEntries, StagedEntry, corrupt};

/// Bytes that are read or written at once.
const BLOCK: usize = 64 * 1024;

/// Bytes before the first entry: signature, version and the number of entries.
const HEADER: usize = 12;

/// Bytes before the content of an extension: its signature and the length of its content.
const EXTENSION_HEADER: u64 = 8;

type Signature = [u8; 4];

const CACHED_TREES: Signature = *b"TREE";
const END_OF_ENTRIES: Signature = *b"EOIE";
/// The file has the differences to a shared index alone.
const SPLIT: Signature = *b"link";
const SPARSE: Signature = *b"sdir";

/// What an index file has.
pub(super) struct Outline {
    file: File,
    checksum: Checksum,
    /// The wanted entries, in the order of the file.
    pub(super) entries: Vec<StagedEntry>,
    pub(super) has_folders: bool,
    entries_end: u64,
    extensions: Vec<Extension>,
}

struct Extension {
    signature: Signature,
    length: u32,
}

impl Outline {
    /// Reads `file`, and keeps the entries with `wanted` paths.
    pub(super) fn read(mut file: File, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Self> {
        let end = file.metadata()?.len().checked_sub(LENGTH as u64).ok_or_else(|| corrupt("it is too short"))?;
        file.seek(SeekFrom::Start(end))?;
        let checksum = Checksum::read(&file)?;
        file.rewind()?;
        let mut reader = BufReader::with_capacity(BLOCK, Hashing::like(checksum, (&file).take(end)));

        let mut header = [0; HEADER];
        reader.read_exact(&mut header)?;
        let [b'D', b'I', b'R', b'C', version @ .., a, b, c, d] = header else { return Err(corrupt("it is no index")) };
        let version = u32::from_be_bytes(version);
        if !(2..=4).contains(&version) {
            return Err(corrupt("its version is not known"));
        }
        let mut all = StagedEntries::of_version(version, reader, HEADER as u64);
        let (mut entries, mut has_folders) = (Vec::new(), false);
        for _ in 0..u32::from_be_bytes([a, b, c, d]) {
            let entry = all.next(|path, mode| mode == Mode::DIR || wanted(path))?;
            has_folders |= entry.as_ref().is_some_and(StagedEntry::is_folder);
            entries.extend(entry.filter(|entry| !entry.is_folder()));
        }

        let (mut reader, entries_end) = all.end();
        let mut extensions = Vec::new();
        while !reader.fill_buf()?.is_empty() {
            extensions.push(Extension::skip(&mut reader)?);
        }
        if reader.into_inner().finish().0 != checksum {
            return Err(corrupt("its checksum is wrong"));
        }
        Ok(Self { file, checksum, entries, has_folders, entries_end, extensions })
    }

    pub(super) fn is_sparse(&self) -> bool {
        self.has_folders || self.has(SPARSE)
    }

    pub(super) fn is_split(&self) -> bool {
        self.has(SPLIT)
    }

    fn has(&self, signature: Signature) -> bool {
        self.extensions.iter().any(|extension| extension.signature == signature)
    }

    /// Writes the index with the heads that its entries have now. `folders` are those above the changed ones.
    ///
    /// Other extensions stay: untracked files and blocks of entries depend on paths alone, and the monitor of files notices
    /// what the work tree gets.
    pub(super) fn write(mut self, folders: &BTreeSet<Vec<u8>>, target: impl Write) -> io::Result<()> {
        let mut target = BufWriter::with_capacity(BLOCK, Hashing::like(self.checksum, target));
        self.file.rewind()?;
        let mut offset = 0;
        for entry in &self.entries {
            copy(&self.file, entry.offset - offset, &mut target)?;
            target.write_all(entry.head.bytes())?;
            offset = entry.offset + EntryHead::LENGTH;
            self.file.seek(SeekFrom::Start(offset))?;
        }
        copy(&self.file, self.entries_end - offset, &mut target)?;

        let mut headers = Vec::new();
        for extension in &self.extensions {
            self.file.seek_relative(EXTENSION_HEADER.cast_signed())?;
            let length = u64::from(extension.length);
            match extension.signature {
                CACHED_TREES => {
                    // Its length was read to the end before, so the file has as much.
                    let mut content = vec![0; extension.length as usize];
                    self.file.read_exact(&mut content)?;
                    if cached_trees::forget(folders, &mut content).is_some() {
                        let header = Extension::header(CACHED_TREES, &content)?;
                        target.write_all(&header)?;
                        target.write_all(&content)?;
                        headers.extend(header);
                    }
                }
                // It is last, and has a checksum of the extensions' headers.
                END_OF_ENTRIES => {
                    let end = u32::try_from(self.entries_end).map_err(io::Error::other)?.to_be_bytes();
                    let content = [&end[..], Checksum::of(&headers).bytes()].concat();
                    target.write_all(&Extension::header(END_OF_ENTRIES, &content)?)?;
                    target.write_all(&content)?;
                    self.file.seek_relative(i64::from(extension.length))?;
                }
                signature => {
                    let header = [signature, extension.length.to_be_bytes()].concat();
                    target.write_all(&header)?;
                    copy(&self.file, length, &mut target)?;
                    headers.extend(header);
                }
            }
        }
        let (checksum, mut target) = target.into_inner()?.finish();
        target.write_all(checksum.bytes())
    }
}

impl Extension {
    /// Reads past an extension. What begins with a capital letter can be ignored, by git's rule.
    fn skip(reader: &mut impl io::BufRead) -> io::Result<Self> {
        let mut header = [0; EXTENSION_HEADER as usize];
        reader.read_exact(&mut header)?;
        let [signature @ .., a, b, c, d] = header;
        if !signature[0].is_ascii_uppercase() && ![SPLIT, SPARSE].contains(&signature) {
            return Err(corrupt("it needs an extension that is not known"));
        }
        let length = u32::from_be_bytes([a, b, c, d]);
        let skipped = io::copy(&mut reader.take(length.into()), &mut io::sink())?;
        if skipped == u64::from(length) {
            Ok(Self { signature, length })
        } else {
            Err(corrupt("an extension has no end"))
        }
    }

    fn header(signature: Signature, content: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        Ok([signature, length.to_be_bytes()].concat())
    }
}

/// Copies exactly `length` bytes.
fn copy(source: &File, length: u64, target: &mut impl Write) -> io::Result<()> {
    if io::copy(&mut source.take(length), target)? == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{self, Seek as _, Write as _};

    use super::super::checksum::Checksum;
    use super::Outline;

    const PATHS: [&str; 3] = ["a/b", "a/bcdefghijklmn", "c"];

    /// Returns an index of git's without its checksum, with an entry for each of `PATHS`.
    fn index(version: u8) -> Vec<u8> {
        let mut index = [b"DIRC", &[0, 0, 0, version][..], &[0, 0, 0, 3]].concat();
        for (path, (dropped, rest)) in PATHS.iter().zip([(0, "a/b"), (0, "cdefghijklmn"), (15, "c")]) {
            let begin = index.len();
            index.extend([[7; 24].as_slice(), &[0, 0, 0x81, 0xa4], &[7; 32], &[0, path.len() as u8]].concat());
            if version == 4 {
                index.extend([&[dropped], rest.as_bytes(), &[0]].concat());
            } else {
                index.extend(path.as_bytes());
                index.resize(begin + (index.len() - begin) / 8 * 8 + 8, 0);
            }
        }
        let end = u32::try_from(index.len()).unwrap().to_be_bytes();
        let trees = [&b"\x003 1\n"[..], &[9; 20], b"a\x002 0\n", &[9; 20]].concat();
        extend(&mut index, b"UNTR", b"untracked");
        extend(&mut index, b"TREE", &trees);
        let headers = [&b"UNTR\0\0\0\x09TREE\0\0\0"[..], &[trees.len() as u8]].concat();
        extend(&mut index, b"EOIE", &[&end, Checksum::of(&headers).bytes()].concat());
        index
    }

    fn extend(index: &mut Vec<u8>, signature: &[u8; 4], content: &[u8]) {
        index.extend([&signature[..], &[0, 0, 0, content.len() as u8], content].concat());
    }

    fn read(body: &[u8], checksum: &[u8]) -> io::Result<Outline> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[body, checksum].concat()).unwrap();
        file.rewind().unwrap();
        Outline::read(file, |path| path == b"a/bcdefghijklmn" || path == b"c")
    }

    #[test]
    fn an_index_with_the_same_entries_is_the_same() {
        for version in 2..=4 {
            let body = index(version);
            for checksum in [Checksum::of(&body).bytes(), &[0; 20]] {
                let outline = read(&body, checksum).unwrap();
                assert_eq!(
                    outline.entries.iter().map(|entry| &entry.path[..]).collect::<Vec<_>>(),
                    [PATHS[1].as_bytes(), b"c"]
                );
                let mut written = Vec::new();
                outline.write(&BTreeSet::new(), &mut written).unwrap();
                assert_eq!(written, [&body[..], checksum].concat());
            }
        }
    }

    #[test]
    fn an_index_that_is_cut_is_refused() {
        for version in 2..=4 {
            let body = index(version);
            // Each extension may be the last one.
            let parts = [8 + 24, 8 + 51 + 8 + 24, 8 + 9 + 8 + 51 + 8 + 24].map(|rest| body.len() - rest);
            for end in (0..body.len()).filter(|end| !parts.contains(end)) {
                assert!(read(&body[..end], &[0; 20]).is_err(), "{end} bytes of version {version}");
            }
        }
    }

    /// Whatever is in an index, it is read or refused.
    #[test]
    fn no_byte_makes_it_panic() {
        for version in 2..=4 {
            let body = index(version);
            for at in 0..body.len() {
                for byte in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut changed = body.clone();
                    changed[at] = byte;
                    if let Ok(outline) = read(&changed, &[0; 20]) {
                        outline.write(&BTreeSet::from([b"a".to_vec()]), io::sink()).unwrap();
                    }
                }
            }
        }
    }
}
