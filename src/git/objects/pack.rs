//! Packs: reads those of a fetch, with their deltas, and writes one with the objects of a commit.
//!
//! gix-pack resolves deltas through an index on disk; a release's few objects need neither. The pack's checksum and each
//! object's id are verified.

use std::collections::HashMap;
use std::io::{self, BufRead};

use anyhow::Context as _;
use gix::ObjectId;
use gix::objs::{Data, Kind};
use gix_pack::data::entry::Header;
use gix_pack::data::{Version, input, output};

use super::delta::{MAX_OBJECT, apply};
use super::store::{HASH, Objects};
use crate::git::error::GitError;

/// The largest pack that is read, in bytes: a server without filters sends the whole of a commit.
const MAX_PACK: u64 = 256 << 20;

/// A pack that is being received.
pub(in crate::git) struct Incoming<R> {
    entries: input::BytesToEntriesIter<io::Take<R>>,
}

impl<R: BufRead> Incoming<R> {
    /// Reads a pack's header.
    pub(in crate::git) fn open(reader: R) -> anyhow::Result<Self> {
        let (verify, keep) = (input::Mode::Verify, input::EntryDataMode::Keep);
        let entries = input::BytesToEntriesIter::new_from_header(reader.take(MAX_PACK), verify, keep, HASH);
        Ok(Self { entries: entries.context(BROKEN)? })
    }

    /// Returns the number of objects in the pack.
    pub(in crate::git) fn count(&self) -> usize {
        self.entries.size_hint().0
    }

    /// Reads the commits at the beginning of the pack into `objects`, and leaves the rest unread. git sends commits first.
    pub(in crate::git) fn commits(self, objects: &mut Objects) -> anyhow::Result<()> {
        let mut ids = HashMap::new();
        for entry in self.entries {
            let entry = entry.context(BROKEN)?;
            let data = match entry.header {
                Header::Commit => inflate(&entry)?,
                Header::OfsDelta { base_distance } => {
                    let base = ids.get(&entry.pack_offset.saturating_sub(base_distance));
                    let Some((_, base)) = base.and_then(|id| objects.get(id)) else {
                        break;
                    };
                    apply(base, &inflate(&entry)?).context("a delta does not fit its base").context(BROKEN)?
                }
                Header::RefDelta { .. } | Header::Tree | Header::Blob | Header::Tag => break,
            };
            ids.insert(entry.pack_offset, objects.insert(Kind::Commit, data)?);
        }
        anyhow::ensure!(!ids.is_empty(), "{BROKEN}: it does not begin with the commit");
        Ok(())
    }

    /// Reads every object into `objects`, in which the bases of deltas are looked up too.
    pub(in crate::git) fn all(self, objects: &mut Objects) -> anyhow::Result<()> {
        let mut ids = HashMap::new();
        let mut deltas = Vec::new();
        for entry in self.entries {
            let entry = entry.context(BROKEN)?;
            let data = inflate(&entry)?;
            let base = match entry.header {
                Header::RefDelta { base_id } => Base::Id(base_id),
                Header::OfsDelta { base_distance } => Base::Offset(entry.pack_offset.saturating_sub(base_distance)),
                Header::Commit | Header::Tree | Header::Blob | Header::Tag => {
                    let kind = entry.header.as_kind().context(BROKEN)?;
                    ids.insert(entry.pack_offset, objects.insert(kind, data)?);
                    continue;
                }
            };
            deltas.push(Delta { offset: entry.pack_offset, base, instructions: data });
        }
        resolve(deltas, &mut ids, objects)
    }
}

const BROKEN: &str = "the server sent a broken pack";

enum Base {
    Id(ObjectId),
    Offset(u64),
}

struct Delta {
    offset: u64,
    base: Base,
    instructions: Vec<u8>,
}

/// Applies deltas until all are objects. A base may come after its delta, so this repeats until no delta is left.
fn resolve(mut deltas: Vec<Delta>, ids: &mut HashMap<u64, ObjectId>, objects: &mut Objects) -> anyhow::Result<()> {
    while !deltas.is_empty() {
        let mut waiting = Vec::new();
        let before = deltas.len();
        for delta in deltas {
            let base = match &delta.base {
                Base::Id(id) => Some(*id),
                Base::Offset(offset) => ids.get(offset).copied(),
            };
            let Some((kind, base)) = base.and_then(|id| objects.get(&id)) else {
                waiting.push(delta);
                continue;
            };
            let whole = apply(base, &delta.instructions).context("a delta does not fit its base").context(BROKEN)?;
            ids.insert(delta.offset, objects.insert(kind, whole)?);
        }
        if waiting.len() == before {
            return Err(anyhow::Error::msg("a delta has no base").context(BROKEN));
        }
        deltas = waiting;
    }
    Ok(())
}

fn inflate(entry: &input::Entry) -> anyhow::Result<Vec<u8>> {
    let fits = entry.decompressed_size <= MAX_OBJECT;
    anyhow::ensure!(fits, "{BROKEN}: an object is larger than 64 MiB");
    let compressed = entry.compressed.as_deref().context("an object has no data").context(BROKEN)?;
    let mut data = vec![0; entry.decompressed_size as usize];
    let (status, _, written) = gix::zlib::Inflate::default().once(compressed, &mut data).context(BROKEN)?;
    let complete = status == gix::zlib::Status::StreamEnd && written == data.len();
    anyhow::ensure!(complete, "{BROKEN}: an object is shorter than it says");
    Ok(data)
}

/// An object of a new commit.
pub(in crate::git) struct NewObject {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) kind: Kind,
    pub(in crate::git) bytes: Vec<u8>,
    /// Its delta to an object that the server has, if that is much shorter.
    pub(super) delta: Option<(ObjectId, Vec<u8>)>,
}

/// Whether objects may be sent as deltas to objects that the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Thin {
    Yes,
    No,
}

/// Returns a pack of `objects`.
pub(in crate::git) fn write(objects: &[NewObject], thin: Thin) -> Result<Vec<u8>, GitError> {
    let failed = |error: gix::Error| GitError::unexpected("the pack cannot be made", error);
    let entries: Vec<_> = objects.iter().map(|object| entry(object, thin)).collect::<Result<_, _>>().map_err(failed)?;
    let mut pack = Vec::new();
    let count = objects.len() as u32;
    let written =
        output::bytes::FromEntriesIter::new(std::iter::once(Ok(entries)), &mut pack, count, Version::V2, HASH);
    for step in written {
        step.map_err(|error: gix::Error| failed(error))?;
    }
    Ok(pack)
}

fn entry(object: &NewObject, thin: Thin) -> gix::Result<output::Entry> {
    let count = output::Count { id: object.id, entry_pack_location: output::count::PackLocation::NotLookedUp };
    let (bytes, kind) = match &object.delta {
        Some((base, delta)) if thin == Thin::Yes => (delta, output::entry::Kind::DeltaOid { id: *base }),
        _ => (&object.bytes, output::entry::Kind::Base(object.kind)),
    };
    let data = Data { kind: object.kind, data: bytes, object_hash: HASH };
    let whole = output::Entry::from_data(&count, &data, gix::zlib::Compression::DEFAULT)?;
    Ok(output::Entry { kind, ..whole })
}

#[cfg(test)]
mod tests {
    use super::{Incoming, NewObject, Objects, Thin, write};
    use gix::ObjectId;
    use gix::objs::Kind;

    fn hello(id: ObjectId) -> NewObject {
        NewObject { id, kind: Kind::Blob, bytes: b"hello\n".to_vec(), delta: None }
    }

    fn read(pack: &[u8], objects: &mut Objects) -> anyhow::Result<()> {
        Incoming::open(pack)?.all(objects)
    }

    #[test]
    fn a_pack_is_read_as_it_was_written() {
        let mut objects = Objects::default();
        let blob = objects.insert(Kind::Blob, b"hello\n".to_vec()).unwrap();
        assert_eq!(blob.to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let pack = write(&[hello(blob)], Thin::No).unwrap();
        let mut read_back = Objects::default();
        read(&pack, &mut read_back).unwrap();
        assert_eq!(read_back.blob(&blob).unwrap(), b"hello\n");
    }

    #[test]
    fn a_thin_pack_is_made_whole_with_its_bases() {
        let mut server = Objects::default();
        let base = server.insert(Kind::Blob, b"hello, everybody\n".to_vec()).unwrap();
        let mut object = hello(Objects::default().insert(Kind::Blob, b"hello\n".to_vec()).unwrap());
        object.delta = Some((base, crate::git::objects::delta::between(b"hello, everybody\n", b"hello\n")));
        let pack = write(std::slice::from_ref(&object), Thin::Yes).unwrap();
        read(&pack, &mut server).unwrap();
        assert_eq!(server.blob(&object.id).unwrap(), b"hello\n");
        assert!(read(&pack, &mut Objects::default()).is_err(), "without the base");
    }

    #[test]
    fn a_damaged_pack_is_an_error() {
        let mut objects = Objects::default();
        let blob = objects.insert(Kind::Blob, b"hello\n".to_vec()).unwrap();
        let pack = write(&[hello(blob)], Thin::No).unwrap();
        for length in 0..pack.len() {
            assert!(read(&pack[..length], &mut Objects::default()).is_err(), "cut at {length}");
        }
        for position in 0..pack.len() {
            let mut damaged = pack.clone();
            damaged[position] ^= 0x55;
            assert!(read(&damaged, &mut Objects::default()).is_err(), "damaged at {position}");
        }
    }
}
