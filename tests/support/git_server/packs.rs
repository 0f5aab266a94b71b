//! Packs and lists that no git would send, byte by byte, for answers of hostile servers.

use std::io::Write as _;

use gix::ObjectId;
use gix::objs::Kind;
use gix::zlib::Compression;
use gix::zlib::stream::deflate;

use crate::support::http::Response;

/// The types of a pack's entries, as `gitformat-pack` numbers them.
#[derive(Clone, Copy)]
pub enum Entry {
    Commit,
    Blob,
    /// A delta to the object of this id.
    RefDelta(ObjectId),
}

/// A pack under construction.
#[derive(Default)]
pub struct Pack {
    entries: Vec<u8>,
    count: u32,
}

impl Pack {
    /// Adds an object, or a delta's instructions.
    pub fn add(&mut self, entry: Entry, data: &[u8]) {
        self.add_stream(entry, data.len(), &deflated(data));
    }

    /// Adds an entry that claims so many bytes before this zlib stream.
    pub fn add_stream(&mut self, entry: Entry, claimed: usize, stream: &[u8]) {
        let number = match entry {
            Entry::Commit => 1,
            Entry::Blob => 3,
            Entry::RefDelta(_) => 7,
        };
        let mut byte = (number << 4) | (claimed & 0xf) as u8;
        let mut rest = claimed >> 4;
        while rest > 0 {
            self.entries.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.entries.push(byte);
        if let Entry::RefDelta(base) = entry {
            self.entries.extend_from_slice(base.as_slice());
        }
        self.entries.extend_from_slice(stream);
        self.count += 1;
    }

    fn bytes(&self) -> Vec<u8> {
        let mut pack = [b"PACK\0\0\0\x02", &self.count.to_be_bytes()[..], &self.entries].concat();
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(&pack);
        pack.extend_from_slice(hasher.try_finalize().expect("a hash").as_slice());
        pack
    }

    /// Returns the pack as the answer to a fetch.
    pub fn answer(&self) -> Response {
        let mut body = packet(b"packfile\n");
        for piece in self.bytes().chunks(65_515) {
            body.extend(packet(&[&[1], piece].concat()));
        }
        body.extend_from_slice(b"0000");
        upload_pack_result(&body)
    }
}

/// Returns a zlib stream of `data`; if these are few, of one stored block, which is made at once.
pub fn deflated(data: &[u8]) -> Vec<u8> {
    if data.len() < 0x100 {
        let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        let length = data.len() as u8;
        return [&[0x78, 1, 1, length, 0, !length, 0xff], data, &((b << 16) | a).to_be_bytes()].concat();
    }
    let mut stream = deflate::Write::new(Vec::new(), Compression::DEFAULT);
    stream.write_all(data).and_then(|()| stream.flush()).expect("memory to write to");
    stream.into_inner()
}

/// Returns the id of a blob.
pub fn blob_id(data: &[u8]) -> ObjectId {
    gix::objs::compute_hash(gix::hash::Kind::Sha1, Kind::Blob, data).expect("a hash")
}

/// Returns a packet line.
pub fn packet(data: &[u8]) -> Vec<u8> {
    [format!("{:04x}", data.len() + 4).as_bytes(), data].concat()
}

/// Returns an answer of `git-upload-pack`.
pub fn upload_pack_result(body: &[u8]) -> Response {
    Response::new(200).header("Content-Type", "application/x-git-upload-pack-result").body(body)
}
