//! The entries of a pack as they arrive. gix-pack would keep the compressed bytes of each, and look at the size that an entry
//! claims after it has inflated all of it; here the claim is judged first, and nothing but the object itself is kept.

use std::io::{self, BufRead, Read};

use anyhow::Context as _;
use gix::ObjectId;
use gix::zlib::Decompress;
use gix::zlib::stream::inflate;
use gix_pack::data::{self, entry::Header};

use super::store::{HASH, Objects};
use crate::git::wire::allowance::Excess;

/// The largest pack that is read, in bytes.
const MAX_PACK: u64 = 256 << 20;

pub(super) const BROKEN: &str = "the server sent a broken pack";

/// A pack that is being received.
pub(super) struct PackEntries<R> {
    reader: Hashed<R>,
    inflate: Decompress,
    left: usize,
}

/// An object of a pack, or the instructions of a delta.
pub(super) struct PackEntry {
    pub(super) header: Header,
    pub(super) offset: u64,
    pub(super) data: Vec<u8>,
}

impl<R: BufRead> PackEntries<R> {
    /// Reads the pack's header.
    pub(super) fn open(reader: R) -> anyhow::Result<Self> {
        let hasher = gix::hash::hasher(HASH);
        let mut reader = Hashed { reader, hasher, read: 0 };
        let mut head = [0; data::header::SIZE];
        reader.read_exact(&mut head).context(BROKEN)?;
        let (_, count) = data::header::decode(&head).context(BROKEN)?;
        Ok(Self { reader, inflate: Decompress::default(), left: count as usize })
    }

    /// Returns how many entries have not been read.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Reads the next entry; `None` after the last one, if the pack's checksum is right. Its room in `objects` is taken
    /// before it is inflated.
    pub(super) fn next(&mut self, objects: &mut Objects) -> anyhow::Result<Option<PackEntry>> {
        self.next_within(u64::MAX, objects)
    }

    /// Does so if the entry claims to have at most so many bytes; if it has more, no other can be read.
    pub(super) fn next_within(&mut self, most: u64, objects: &mut Objects) -> anyhow::Result<Option<PackEntry>> {
        if self.left == 0 {
            return Ok(None);
        }
        let offset = self.reader.read;
        let entry = data::Entry::from_read(&mut self.reader, offset, HASH.len_in_bytes()).context(BROKEN)?;
        if entry.decompressed_size > most {
            return Ok(None);
        }
        objects.reserve(entry.decompressed_size)?;
        let data = self.inflate(entry.decompressed_size as usize)?;
        self.left -= 1;
        if self.left == 0 {
            self.verify()?;
        }
        Ok(Some(PackEntry { header: entry.header, offset, data }))
    }

    fn inflate(&mut self, size: usize) -> anyhow::Result<Vec<u8>> {
        self.inflate.reset();
        // One byte more shows a stream that is longer than it claims.
        let mut data = vec![0; size + 1];
        let written = inflate::read(&mut self.reader, &mut self.inflate, &mut data).context(BROKEN)?;
        anyhow::ensure!(written == size, "{BROKEN}: an object does not have the size that it claims");
        data.truncate(size);
        Ok(data)
    }

    fn verify(&mut self) -> anyhow::Result<()> {
        let hash = self.reader.hasher.clone().try_finalize().context(BROKEN)?;
        let mut checksum = ObjectId::null(HASH);
        self.reader.read_exact(checksum.as_mut_slice()).context(BROKEN)?;
        anyhow::ensure!(hash == checksum, "{BROKEN}: its checksum is wrong");
        Ok(())
    }
}

/// A reader that hashes and counts what is read of it.
struct Hashed<R> {
    reader: R,
    hasher: gix::hash::Hasher,
    read: u64,
}

impl<R: BufRead> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(buffer)?;
        self.consume(amount);
        Ok(amount)
    }
}

impl<R: BufRead> BufRead for Hashed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.read {
            0..=MAX_PACK => self.reader.fill_buf(),
            _ => Err(io::Error::other(Excess("it sends a pack of more than 256 MiB"))),
        }
    }

    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        // What was filled is there, so this reads nothing.
        if let Ok(filled) = self.reader.fill_buf() {
            self.hasher.update(&filled[..amount]);
        }
        self.read += amount as u64;
        self.reader.consume(amount);
    }
}
