//! The entries of an index file, one after the other, as gitformat-index(5) describes them for the versions 2 to 4.

use std::io::{self, BufRead};

use gix::ObjectId;
use gix::index::entry::{Mode, Stat};

/// Bytes of an entry before its flags: times, device, inode, mode, owner, size and object id.
const HEAD: usize = 60;

/// One entry, and where it begins in the file, in bytes.
pub(super) struct StagedEntry {
    pub(super) offset: u64,
    pub(super) path: Vec<u8>,
    pub(super) head: EntryHead,
    flags: u16,
    /// Flags of version 3 and 4; 0 if the entry has none.
    extended_flags: u16,
}

/// The part of an entry that changes if other content is staged for its path. Its length is the same for all.
#[derive(Clone, Copy)]
pub(super) struct EntryHead([u8; HEAD]);

impl EntryHead {
    pub(super) const LENGTH: u64 = HEAD as u64;

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn mode(&self) -> Mode {
        let [a, b, c, d] = [self.0[24], self.0[25], self.0[26], self.0[27]];
        Mode::from_bits_truncate(u32::from_be_bytes([a, b, c, d]))
    }

    pub(super) fn id(&self) -> ObjectId {
        ObjectId::from_bytes_or_panic(&self.0[40..])
    }

    /// Replaces content and stat data; the mode stays.
    pub(super) fn stage(&mut self, id: ObjectId, stat: &Stat) {
        let words = [stat.ctime.secs, stat.ctime.nsecs, stat.mtime.secs, stat.mtime.nsecs, stat.dev, stat.ino];
        let (before_mode, rest) = self.0.split_at_mut(24);
        put(before_mode, &words);
        put(&mut rest[4..16], &[stat.uid, stat.gid, stat.size]);
        rest[16..].copy_from_slice(id.as_slice());
    }
}

fn put(place: &mut [u8], words: &[u32]) {
    for (place, word) in place.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_be_bytes());
    }
}

impl StagedEntry {
    /// Returns 0, or which side of a conflict the entry is.
    pub(super) fn stage(&self) -> u16 {
        self.flags >> 12 & 0b11
    }

    /// Returns whether a sparse checkout leaves the file out of the work tree.
    pub(super) fn is_skipped(&self) -> bool {
        self.extended_flags & 1 << 14 != 0
    }

    /// Returns whether the file is to be added later (`git add --intent-to-add`): its object is a placeholder.
    pub(super) fn is_intended(&self) -> bool {
        self.extended_flags & 1 << 13 != 0
    }

    /// Returns whether the entry stands for a whole folder.
    pub(super) fn is_folder(&self) -> bool {
        self.head.mode() == Mode::DIR
    }
}

/// Reads entries in turn. It needs the path of the one before, of which version 4 writes the differences alone.
pub(super) struct StagedEntries<R> {
    reader: R,
    version: u32,
    offset: u64,
    path: Vec<u8>,
}

impl<R: BufRead> StagedEntries<R> {
    /// Begins at the first entry, at `offset` of the file.
    pub(super) fn of_version(version: u32, reader: R, offset: u64) -> Self {
        Self { reader, version, offset, path: Vec::new() }
    }

    /// Reads the next entry. `wanted` says by the path and the mode whether it is returned.
    pub(super) fn next(&mut self, wanted: impl Fn(&[u8], Mode) -> bool) -> io::Result<Option<StagedEntry>> {
        let begin = self.offset;
        let head = EntryHead(self.take()?);
        let flags = u16::from_be_bytes(self.take()?);
        let is_extended = flags & 1 << 14 != 0;
        if is_extended && self.version == 2 {
            return Err(corrupt("it has flags that its version does not know"));
        }
        let extended_flags = if is_extended { u16::from_be_bytes(self.take()?) } else { 0 };
        match self.version {
            4 => self.read_path_after_last()?,
            _ => self.read_path(begin, flags & 0xfff)?,
        }
        let entry = || StagedEntry { offset: begin, path: self.path.clone(), head, flags, extended_flags };
        Ok(wanted(&self.path, head.mode()).then(entry))
    }

    /// Returns the reader and its offset in the file.
    pub(super) fn end(self) -> (R, u64) {
        (self.reader, self.offset)
    }

    /// Reads a path and its padding of 1 to 8 zeros, which makes the length of the entry a multiple of 8.
    fn read_path(&mut self, begin: u64, length: u16) -> io::Result<()> {
        self.path.clear();
        let mut after_path = 0;
        if length < 0xfff {
            self.path.resize(length.into(), 0);
            self.reader.read_exact(&mut self.path)?;
        } else {
            // Its length is not told.
            self.read_to_zero()?;
            after_path = 1;
        }
        self.offset += self.path.len() as u64;
        let padding = 8 - (self.offset - begin) % 8;
        self.reader.read_exact(&mut [0; 8][after_path..padding as usize])?;
        self.offset += padding;
        Ok(())
    }

    /// Reads a path that is told by how many bytes of the last one go, and what comes in their place.
    fn read_path_after_last(&mut self) -> io::Result<()> {
        let dropped = self.variable_length_number()?;
        let kept = self.path.len().checked_sub(dropped).ok_or_else(|| corrupt("a path is shorter than nothing"))?;
        self.path.truncate(kept);
        self.read_to_zero()?;
        self.offset += (self.path.len() - kept + 1) as u64;
        Ok(())
    }

    fn variable_length_number(&mut self) -> io::Result<usize> {
        let [mut byte] = self.take()?;
        let mut number = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.take()?;
            let shifted = number.checked_add(1).and_then(|number| number.checked_mul(1 << 7));
            number = shifted.ok_or_else(|| corrupt("a number is too large"))? | usize::from(byte & 0x7f);
        }
        Ok(number)
    }

    /// Appends to the path what comes before the next zero, and reads the zero too. The offset stays.
    fn read_to_zero(&mut self) -> io::Result<()> {
        self.reader.read_until(0, &mut self.path)?;
        match self.path.pop() {
            Some(0) => Ok(()),
            _ => Err(corrupt("a path has no end")),
        }
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.offset += N as u64;
        Ok(bytes)
    }
}

/// Returns the failure to read an index that is not as its format has it.
pub(super) fn corrupt(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
