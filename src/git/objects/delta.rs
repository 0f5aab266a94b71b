//! Deltas between two objects, as `gitformat-pack` describes them: applies those that a server sends, and makes the one kind
//! that a release needs, for a few changed bytes in the middle of a large folder or file.

/// Applies a delta; `None` if it does not fit its base. The caller has judged the size that it claims.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    let base_size = read_size(&mut rest)?;
    let size = read_size(&mut rest)?;
    if base_size != base.len() {
        return None;
    }
    let mut out = Vec::with_capacity(size);
    while let Some((&instruction, after)) = rest.split_first() {
        rest = after;
        match instruction {
            0 => return None,
            1..=0x7f => {
                let (literal, after) = rest.split_at_checked(instruction as usize)?;
                out.extend_from_slice(literal);
                rest = after;
            }
            _ => {
                let offset = read_sparse(&mut rest, instruction, 4)?;
                let length = match read_sparse(&mut rest, instruction >> 4, 3)? {
                    0 => 0x10000,
                    length => length,
                };
                out.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
            }
        }
        if out.len() > size {
            return None;
        }
    }
    (out.len() == size).then_some(out)
}

/// Returns the size that a delta claims for its object.
pub(super) fn claimed_size(mut delta: &[u8]) -> Option<u64> {
    read_size(&mut delta)?;
    read_size(&mut delta).map(|size| size as u64)
}

/// Returns the delta from `base` to `new`: a copy of their common beginning, the new bytes, a copy of their common end.
pub(in crate::git) fn between(base: &[u8], new: &[u8]) -> Vec<u8> {
    let start = base.iter().zip(new).take_while(|(a, b)| a == b).count();
    let most = base.len().min(new.len()) - start;
    let end = base.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut delta = Vec::new();
    write_size(&mut delta, base.len());
    write_size(&mut delta, new.len());
    copy(&mut delta, 0, start);
    for literal in new[start..new.len() - end].chunks(0x7f) {
        delta.push(literal.len() as u8);
        delta.extend_from_slice(literal);
    }
    copy(&mut delta, base.len() - end, end);
    delta
}

/// Writes instructions to copy `length` bytes of the base.
fn copy(delta: &mut Vec<u8>, mut offset: usize, mut length: usize) {
    while length > 0 {
        let piece = length.min(0xffff);
        let offset_bytes = (offset as u32).to_le_bytes();
        let length_bytes = (piece as u16).to_le_bytes();
        let mut instruction = 0x80;
        let mut operands = Vec::new();
        for (position, byte) in offset_bytes.into_iter().chain(length_bytes).enumerate() {
            if byte != 0 {
                instruction |= 1 << position;
                operands.push(byte);
            }
        }
        delta.push(instruction);
        delta.extend(operands);
        offset += piece;
        length -= piece;
    }
}

/// Writes a little-endian number of seven bits a byte.
fn write_size(delta: &mut Vec<u8>, mut size: usize) {
    while size > 0x7f {
        delta.push(size as u8 | 0x80);
        size >>= 7;
    }
    delta.push(size as u8);
}

/// Reads a little-endian number of seven bits a byte.
fn read_size(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= ((byte & 0x7f) as usize).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Reads a little-endian number that leaves out the bytes which `present` does not mark; these are 0.
fn read_sparse(rest: &mut &[u8], present: u8, bytes: u32) -> Option<usize> {
    let mut value = 0;
    for position in 0..bytes {
        if present & (1 << position) != 0 {
            let (&byte, after) = rest.split_first()?;
            *rest = after;
            value |= (byte as usize) << (8 * position);
        }
    }
    Some(value)
}

/// Applies any delta to any base, and makes the delta between the two.
#[cfg(fuzzing)]
pub fn fuzz(base: &[u8], delta: &[u8]) {
    let claimed = claimed_size(delta).filter(|size| *size <= 1 << 20);
    if let Some(made) = claimed.and_then(|_| apply(base, delta)) {
        assert_eq!(Some(made.len() as u64), claimed);
    }
    assert_eq!(apply(base, &between(base, delta)).as_deref(), Some(delta));
}

#[cfg(test)]
mod tests {
    use super::{apply, between};

    #[test]
    fn as_the_format_says() {
        let base = b"0123456789";
        // Copy 3 from 2, add "ab", copy 2 from 0.
        let delta = [10, 7, 0x91, 2, 3, 2, b'a', b'b', 0x90, 2];
        assert_eq!(apply(base, &delta).unwrap(), b"234ab01");
        for broken in
            [&[10, 7][..], &[9, 0], &[10, 1, 0], &[10, 3, 0x91, 8, 3], &[10, 1, 5, b'a'], &[10, 1, 0x91], &[0xff; 12]]
        {
            assert_eq!(apply(base, broken), None, "{broken:?}");
        }
    }

    #[test]
    fn there_and_back() {
        let long: Vec<u8> = (0..300_000u32).map(|i| (i * 7) as u8).collect();
        let mut changed = long.clone();
        changed[150_000..150_020].fill(0xee);
        let repeated = [b'a'; 100];
        for (base, new) in [
            (&long[..], &changed[..]),
            (&long, &long),
            (&long, b""),
            (b"", &changed),
            (b"newTag: v1\n", b"newTag: v22\n"),
            (&repeated[..50], &repeated),
            (&repeated, &repeated[..50]),
        ] {
            assert_eq!(apply(base, &between(base, new)).unwrap(), new);
        }
        assert!(between(&long, &changed).len() < 100);
    }
}
