//! A pack of any entries ends in objects or a reason, never in a panic, and so do the deltas in it and the commits.
//!
//! The input is a list of entries: a byte of its kind (0 to 7), one that is added to the size that it claims, one of its length,
//! and its content, which begins with the base if it is a delta. The target compresses them, because no fuzzer guesses a
//! checksum. `cargo fuzz run packs fuzz/corpus/packs fuzz/seeds/packs` starts from some.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tagship::git::fuzzing::{delta, pack};

/// Returns a zlib stream that stores `bytes` as they are.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u16;
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (a + b) % 65521)
    });
    [&[0x78, 1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes, &(b << 16 | a).to_be_bytes()].concat()
}

/// Returns the head of an entry: its kind, and the size that it claims.
fn head(kind: u8, size: usize) -> Vec<u8> {
    let (first, mut rest) = ((kind & 7) << 4 | (size & 15) as u8, size >> 4);
    let mut head = vec![first];
    while rest > 0 {
        *head.last_mut().expect("a byte") |= 0x80;
        head.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    head
}

fuzz_target!(|data: &[u8]| {
    let (mut entries, mut count, mut rest) = (Vec::new(), 0u32, data);
    while let [kind, lie, length, after @ ..] = rest {
        let (content, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        count += 1;
        let base = match kind & 7 {
            6 => 1,
            7 => 20,
            _ => 0,
        };
        let (base, content) = content.split_at(content.len().min(base));
        entries.extend(head(*kind, content.len() + usize::from(*lie)));
        entries.extend(base);
        entries.extend(stored(content));
    }
    pack(&[b"PACK\0\0\0\x02", &count.to_be_bytes()[..], &entries].concat());
    pack(data);
    let (base, instructions) = data.split_at(data.len() / 2);
    delta(base, instructions);
});
