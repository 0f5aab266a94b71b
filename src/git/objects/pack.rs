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

use super::delta::{MAX_OBJECT, apply, claimed_size};
use super::store::{HASH, Objects};
use crate::git::error::GitError;
use crate::git::wire::allowance::Excess;

/// The largest pack that is read, in bytes: a server without filters sends the whole of a commit.
const MAX_PACK: u64 = 256 << 20;

/// The most objects of a pack. A commit of the largest repositories has some 400,000 files and folders.
const MAX_OBJECTS: usize = 500_000;

/// A pack that is being received.
pub(in crate::git) struct Incoming<R> {
    entries: input::BytesToEntriesIter<io::Take<R>>,
}

impl<R: BufRead> Incoming<R> {
    /// Reads a pack's header.
    pub(in crate::git) fn open(reader: R) -> anyhow::Result<Self> {
        let (verify, keep) = (input::Mode::Verify, input::EntryDataMode::Keep);
        let entries = input::BytesToEntriesIter::new_from_header(reader.take(MAX_PACK), verify, keep, HASH);
        let entries = entries.context(BROKEN)?;
        match entries.size_hint().0 {
            0..=MAX_OBJECTS => Ok(Self { entries }),
            _ => Err(Excess("it sends more than 500,000 objects").into()),
        }
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
                Header::Commit => inflate(&entry, objects)?,
                Header::OfsDelta { base_distance } => {
                    let Some(base) = ids.get(&entry.pack_offset.saturating_sub(base_distance)).copied() else {
                        break;
                    };
                    let instructions = inflate(&entry, objects)?;
                    applied(&base, &instructions, objects)?.1
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
        let mut waiting = Waiting::new();
        for entry in self.entries {
            let entry = entry.context(BROKEN)?;
            let data = inflate(&entry, objects)?;
            let base = match entry.header {
                Header::RefDelta { base_id } => Base::Id(base_id),
                Header::OfsDelta { base_distance } => Base::Offset(entry.pack_offset.saturating_sub(base_distance)),
                Header::Commit | Header::Tree | Header::Blob | Header::Tag => {
                    let kind = entry.header.as_kind().context(BROKEN)?;
                    ids.insert(entry.pack_offset, objects.insert(kind, data)?);
                    continue;
                }
            };
            waiting.entry(base).or_default().push(Delta { offset: entry.pack_offset, instructions: data });
        }
        resolve(waiting, ids, objects)
    }
}

const BROKEN: &str = "the server sent a broken pack";

/// What a delta is made from.
#[derive(PartialEq, Eq, Hash)]
enum Base {
    Id(ObjectId),
    Offset(u64),
}

struct Delta {
    offset: u64,
    instructions: Vec<u8>,
}

/// The deltas of a pack by their bases.
type Waiting = HashMap<Base, Vec<Delta>>;

/// Applies each delta once: every object that is there makes those of which it is the base, and these make others. A base
/// may come after its delta.
fn resolve(mut waiting: Waiting, ids: HashMap<u64, ObjectId>, objects: &mut Objects) -> anyhow::Result<()> {
    let mut bases: Vec<(Base, ObjectId)> = ids.into_iter().map(|(offset, id)| (Base::Offset(offset), id)).collect();
    bases.extend(objects.ids().map(|id| (Base::Id(id), id)));
    while let Some((base, id)) = bases.pop() {
        for delta in waiting.remove(&base).unwrap_or_default() {
            let (kind, whole) = applied(&id, &delta.instructions, objects)?;
            let made = objects.insert(kind, whole)?;
            bases.extend([(Base::Offset(delta.offset), made), (Base::Id(made), made)]);
        }
    }
    match waiting.is_empty() {
        true => Ok(()),
        false => Err(anyhow::Error::msg("a delta has no base").context(BROKEN)),
    }
}

/// Returns what a delta makes of its base. Its room is taken before.
fn applied(base: &ObjectId, instructions: &[u8], objects: &mut Objects) -> anyhow::Result<(Kind, Vec<u8>)> {
    let unfit = "a delta does not fit its base";
    objects.reserve(claimed_size(instructions).context(unfit).context(BROKEN)?)?;
    let (kind, base) = objects.get(base).context("a delta has no base").context(BROKEN)?;
    Ok((kind, apply(base, instructions).context(unfit).context(BROKEN)?))
}

/// Inflates an entry. Its room is taken before.
fn inflate(entry: &input::Entry, objects: &mut Objects) -> anyhow::Result<Vec<u8>> {
    if entry.decompressed_size > MAX_OBJECT {
        return Err(Excess("it sends an object of more than 64 MiB").into());
    }
    objects.reserve(entry.decompressed_size)?;
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
pub(in crate::git) fn write<'o>(
    objects: impl IntoIterator<Item = &'o NewObject>,
    thin: Thin,
) -> Result<Vec<u8>, GitError> {
    let failed = |error: gix::Error| GitError::unexpected("the pack cannot be made", error);
    let entries = objects.into_iter().map(|object| entry(object, thin));
    let entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(failed)?;
    let mut pack = Vec::new();
    let count = entries.len() as u32;
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
    use super::{Data, Excess, HASH, Incoming, NewObject, Objects, Thin, Version, output, write};
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

    /// A pack of these entries: header byte and base of each, and the data, whose size the header claims.
    fn scripted(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let entries = entries.iter().map(|(base, data)| {
            let kind = if base.is_empty() {
                output::entry::Kind::Base(Kind::Blob)
            } else {
                output::entry::Kind::DeltaOid { id: ObjectId::from_bytes_or_panic(base) }
            };
            let count = output::Count {
                id: ObjectId::from_bytes_or_panic(&[1; 20]),
                entry_pack_location: output::count::PackLocation::NotLookedUp,
            };
            let data = Data { kind: Kind::Blob, data, object_hash: HASH };
            let whole = output::Entry::from_data(&count, &data, gix::zlib::Compression::DEFAULT).unwrap();
            output::Entry { kind, ..whole }
        });
        let entries: Vec<_> = entries.collect();
        let (mut pack, count) = (Vec::new(), entries.len() as u32);
        let steps = output::bytes::FromEntriesIter::new(
            std::iter::once(Ok::<_, gix::Error>(entries)),
            &mut pack,
            count,
            Version::V2,
            HASH,
        );
        for step in steps {
            step.unwrap();
        }
        pack
    }

    /// Each delta comes before its base, so a reader that goes round until nothing moves needs a round for each.
    #[test]
    fn deltas_in_reverse_order() {
        let mut objects = Objects::default();
        let mut content = b"0".to_vec();
        let mut base = objects.insert(Kind::Blob, content.clone()).unwrap();
        let mut deltas = Vec::new();
        for number in 1..2_000 {
            let next = number.to_string().into_bytes();
            deltas.push((base.as_slice().to_vec(), crate::git::objects::delta::between(&content, &next)));
            base = gix::objs::compute_hash(HASH, Kind::Blob, &next).unwrap();
            content = next;
        }
        deltas.reverse();
        read(&scripted(&deltas), &mut objects).unwrap();
        assert_eq!(objects.blob(&base).unwrap(), b"1999");
    }

    /// The instructions of a delta are a few kB on the wire; without a base, they are kept until the pack's end.
    #[test]
    fn the_instructions_of_deltas_count() {
        let mut objects = Objects::default();
        objects.reserve(255 << 20).unwrap();
        let error = read(&scripted(&[(vec![1; 20], vec![0; 2 << 20])]), &mut objects);
        assert!(error.unwrap_err().is::<Excess>());
    }

    #[test]
    fn a_delta_counts_by_the_size_that_it_claims() {
        let mut objects = Objects::default();
        let base = objects.insert(Kind::Blob, b"0".to_vec()).unwrap();
        // From 1 byte to 512 MiB.
        let error =
            read(&scripted(&[(base.as_slice().to_vec(), vec![1, 0x80, 0x80, 0x80, 0x80, 2, 0x90, 1])]), &mut objects);
        assert!(error.unwrap_err().is::<Excess>());
    }
}
