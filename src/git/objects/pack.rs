//! Packs: reads those of a fetch, with their deltas, and writes one with the objects of a commit.
//!
//! gix-pack resolves deltas through an index on disk; a release's few objects need neither.

use std::collections::HashMap;
use std::io::BufRead;

use anyhow::Context as _;
use gix::ObjectId;
use gix::objs::{Data, Kind};
use gix_pack::data::entry::Header;
use gix_pack::data::{Version, output};

use super::delta::{apply, claimed_size};
use super::pack_entries::{BROKEN, PackEntries};
use super::store::{HASH, Objects};
use crate::git::error::GitError;
use crate::git::wire::allowance::{Allowance, Excess};

/// The most objects of a pack that is read whole.
const MAX_OBJECTS: usize = 250_000;

/// A pack that is being received, in a conversation that has this allowance.
pub(in crate::git) struct Incoming<'a, R> {
    entries: PackEntries<R>,
    allowance: &'a Allowance,
}

/// How much of a pack was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Taken {
    All,
    /// The rest of the answer is unread.
    Beginning,
}

impl<'a, R: BufRead> Incoming<'a, R> {
    /// Reads a pack's header.
    pub(in crate::git) fn open(reader: R, allowance: &'a Allowance) -> anyhow::Result<Self> {
        Ok(Self { entries: PackEntries::open(reader)?, allowance })
    }

    /// Returns the number of objects in the pack.
    pub(in crate::git) fn count(&self) -> usize {
        self.entries.left()
    }

    /// Reads the commits at the beginning of the pack into `objects`, as far as a history is read, with the tree that comes
    /// next, and leaves the rest. git sends commits first, and then the root tree of the first of them.
    pub(in crate::git) fn commits(self, objects: &mut Objects) -> anyhow::Result<Taken> {
        let mut commits = 0;
        let taken = self.in_order(u64::MAX, objects, |kind, objects| {
            commits += usize::from(kind == Kind::Commit);
            kind == Kind::Commit && objects.have_room_for_history()
        })?;
        anyhow::ensure!(commits > 0, NoCommit);
        Ok(taken)
    }

    /// Reads the objects at the beginning of the pack into `objects`, up to so many bytes, and leaves the rest. git sends those
    /// of the newest commit first.
    pub(in crate::git) fn beginning(self, most: u64, objects: &mut Objects) -> anyhow::Result<Taken> {
        self.in_order(most, objects, |_, _| true)
    }

    /// Reads one object after the other while `goes_on` says so of the last one, up to `most` bytes, and as long as the base of a
    /// delta comes before it.
    fn in_order(
        mut self,
        most: u64,
        objects: &mut Objects,
        mut goes_on: impl FnMut(Kind, &Objects) -> bool,
    ) -> anyhow::Result<Taken> {
        let (mut ids, mut left) = (Offsets::default(), most);
        while let Some(entry) = self.entries.next_within(left, objects)? {
            self.allowance.check_time()?;
            left -= entry.data.len() as u64;
            let base = match entry.header {
                Header::OfsDelta { base_distance } => Some(ids.at(entry.offset.saturating_sub(base_distance))),
                Header::RefDelta { base_id } => Some(Some(base_id).filter(|id| objects.contains(id))),
                Header::Commit | Header::Tree | Header::Blob | Header::Tag => None,
            };
            let id = match base {
                None => objects.insert_received(entry.header.as_kind().context(BROKEN)?, entry.data)?,
                Some(Some(base)) => made(&base, entry.data, objects)?,
                Some(None) => {
                    objects.release(entry.data.len());
                    break;
                }
            };
            ids.0.push((entry.offset, id));
            if !objects.get(&id).is_some_and(|(kind, _)| goes_on(kind, objects)) {
                break;
            }
        }
        Ok(if self.entries.left() == 0 { Taken::All } else { Taken::Beginning })
    }

    /// Reads every object into `objects`, in which the bases of deltas are looked up too.
    pub(in crate::git) fn all(mut self, bases: Bases, objects: &mut Objects) -> anyhow::Result<()> {
        if self.count() > MAX_OBJECTS {
            return Err(Excess("it sends more than 250,000 objects").into());
        }
        let mut ids = Offsets::default();
        let mut waiting = WaitingDeltas::new();
        while let Some(entry) = self.entries.next(objects)? {
            self.allowance.check_time()?;
            let (base, known) = match entry.header {
                Header::RefDelta { base_id } => (Base::Id(base_id), Some(base_id).filter(|id| objects.contains(id))),
                Header::OfsDelta { base_distance } => {
                    let offset = entry.offset.saturating_sub(base_distance);
                    (Base::Offset(offset), ids.at(offset))
                }
                Header::Commit | Header::Tree | Header::Blob | Header::Tag => {
                    let kind = entry.header.as_kind().context(BROKEN)?;
                    ids.0.push((entry.offset, objects.insert_received(kind, entry.data)?));
                    continue;
                }
            };
            match known {
                Some(base) => ids.0.push((entry.offset, made(&base, entry.data, objects)?)),
                None => waiting.entry(base).or_default().push((entry.offset, entry.data)),
            }
        }
        let left = resolve(waiting, &ids, objects, self.allowance)?;
        anyhow::ensure!(left.is_empty() || bases == Bases::MayBeUnread, "{BROKEN}: a delta has no base");
        left.values().flatten().for_each(|(_, instructions)| objects.release(instructions.len()));
        Ok(())
    }
}

/// A pack begins with something other than a commit, such as a tree whose id was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{BROKEN}: it does not begin with the commit")]
pub(in crate::git) struct NoCommit;

/// Whether we have what the server takes for the bases of deltas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Bases {
    /// They are in the pack, or among the objects.
    AtHand,
    /// Some may be of a commit that we have only in part. What is made of these is left out.
    MayBeUnread,
}

/// What a delta is made from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Base {
    Id(ObjectId),
    Offset(u64),
}

/// The ids of a pack's objects by their offsets, which rise.
#[derive(Default)]
struct Offsets(Vec<(u64, ObjectId)>);

impl Offsets {
    fn at(&self, offset: u64) -> Option<ObjectId> {
        self.0.binary_search_by_key(&offset, |(offset, _)| *offset).ok().map(|place| self.0[place].1)
    }
}

/// The deltas whose bases have not come, by these: the offset and the instructions of each.
type WaitingDeltas = HashMap<Base, Vec<(u64, Vec<u8>)>>;

/// Applies each delta once: an object makes those that wait for it, and these make others. Returns those that have no base.
fn resolve(
    mut waiting: WaitingDeltas,
    ids: &Offsets,
    objects: &mut Objects,
    allowance: &Allowance,
) -> anyhow::Result<WaitingDeltas> {
    let known = |base: &Base| match *base {
        Base::Id(id) => Some(id).filter(|id| objects.contains(id)),
        Base::Offset(offset) => ids.at(offset),
    };
    let mut bases: Vec<_> = waiting.keys().filter_map(|base| Some((*base, known(base)?))).collect();
    while let Some((base, id)) = bases.pop() {
        for (offset, instructions) in waiting.remove(&base).unwrap_or_default() {
            allowance.check_time()?;
            let made = made(&id, instructions, objects)?;
            bases.extend([(Base::Offset(offset), made), (Base::Id(made), made)]);
        }
    }
    Ok(waiting)
}

/// Makes the object of a delta, whose instructions then need no room.
fn made(base: &ObjectId, instructions: Vec<u8>, objects: &mut Objects) -> anyhow::Result<ObjectId> {
    let (kind, whole) = applied(base, &instructions, objects)?;
    objects.release(instructions.len());
    objects.insert_received(kind, whole)
}

/// Returns what a delta makes of its base. Its room is taken before.
fn applied(base: &ObjectId, instructions: &[u8], objects: &mut Objects) -> anyhow::Result<(Kind, Vec<u8>)> {
    let unfit = "a delta does not fit its base";
    objects.reserve(claimed_size(instructions).context(unfit).context(BROKEN)?)?;
    let (kind, base) = objects.get(base).context("a delta has no base").context(BROKEN)?;
    Ok((kind, apply(base, instructions).context(unfit).context(BROKEN)?))
}

/// An object of a new commit.
pub(in crate::git) struct NewObject {
    pub(in crate::git) id: ObjectId,
    pub(in crate::git) kind: Kind,
    pub(in crate::git) bytes: Vec<u8>,
    /// Its delta to an object that the server has, if that is much shorter.
    pub(in crate::git) delta: Option<(ObjectId, Vec<u8>)>,
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

/// Reads a pack without its checksum, in each way, and the commits that come out.
#[cfg(fuzzing)]
pub fn fuzz(entries: &[u8]) {
    let mut hasher = gix::hash::hasher(HASH);
    hasher.update(entries);
    let checksum = hasher.try_finalize().expect("a checksum");
    let pack = [entries, checksum.as_slice()].concat();
    let allowance = Allowance::new(std::time::Duration::from_secs(60));
    for way in 0..3 {
        let mut objects = Objects::default();
        let Ok(incoming) = Incoming::open(&pack[..], &allowance) else { return };
        let read = match way {
            0 => incoming.all(Bases::MayBeUnread, &mut objects),
            1 => incoming.commits(&mut objects).map(drop),
            _ => incoming.beginning(1 << 10, &mut objects).map(drop),
        };
        if let Err(error) = read {
            assert!(!error.to_string().is_empty());
        }
        for id in objects.ids() {
            super::record::fuzz_record(id, &objects);
            drop(objects.tree(&id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Allowance, Bases, Data, Excess, HASH, Incoming, NewObject, Objects, Thin, Version, output, write};
    use gix::ObjectId;
    use gix::objs::Kind;

    fn hello(id: ObjectId) -> NewObject {
        NewObject { id, kind: Kind::Blob, bytes: b"hello\n".to_vec(), delta: None }
    }

    fn read(pack: &[u8], objects: &mut Objects) -> anyhow::Result<()> {
        Incoming::open(pack, &Allowance::new(Duration::MAX))?.all(Bases::AtHand, objects)
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
        let mut without = Objects::default();
        assert!(read(&pack, &mut without).is_err());
        let allowance = Allowance::new(Duration::MAX);
        let incoming = Incoming::open(&pack[..], &allowance).unwrap();
        incoming.all(Bases::MayBeUnread, &mut without).unwrap();
        assert_eq!(without.ids().count(), 0);
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
