//! The checksum at the end of an index: SHA-1 of all that is before it, or zeros with `index.skipHash`. Bytes are hashed on
//! their way, so that no index is in memory as a whole.

use std::io::{self, Read, Write};

use sha1::{Digest as _, Sha1};

pub(super) const LENGTH: usize = 20;

/// The checksum of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checksum([u8; LENGTH]);

/// Hashes the bytes that are read or written through it, if the index has a checksum.
pub(super) struct Hashing<T> {
    through: T,
    hash: Option<Sha1>,
}

impl Checksum {
    /// What an index has in place of a checksum that was skipped.
    const SKIPPED: Self = Self([0; LENGTH]);

    pub(super) fn read(mut end: impl Read) -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        end.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Returns the checksum of `bytes`, whatever the index has at its end.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha1::digest(bytes).into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<T> Hashing<T> {
    /// Hashes if `checksum`, the one of the index that is read, was not skipped.
    pub(super) fn like(checksum: Checksum, through: T) -> Self {
        let hash = (checksum != Checksum::SKIPPED).then(Sha1::new);
        Self { through, hash }
    }

    /// Returns the checksum of the bytes so far, and what they went through.
    pub(super) fn finish(self) -> (Checksum, T) {
        let checksum = self.hash.map_or(Checksum::SKIPPED, |hash| Checksum(hash.finalize().into()));
        (checksum, self.through)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.through.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.through.write(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.through.flush()
    }
}
