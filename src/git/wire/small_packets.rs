//! Splits the packets of an answer with a pack into smaller ones. A server puts up to 64 kB into a packet, and gix passes a
//! packet on only when all of it has arrived. A reader that needs the first objects alone would have to download the rest
//! of their packet too. So each packet of the pack is passed on in pieces, as they arrive.

/// The state of an answer that is read piece by piece.
#[derive(Debug, Default)]
pub(super) struct SmallPackets {
    /// Whether the pack has begun: its packets have a side band.
    in_pack: bool,
    part: Part,
}

#[derive(Debug)]
enum Part {
    /// The length of a packet, in four hexadecimal digits, and how many of them have arrived.
    Length { digits: [u8; LENGTH], arrived: usize },
    /// A line: how many bytes have arrived, how many are missing, and whether it can be the line before the pack. A hostile
    /// server sends millions of lines, so that none of them is kept.
    Line { arrived: usize, left: usize, is_pack: bool },
    /// The rest of a packet of this side band, which is `None` before its number has arrived.
    Band { band: Option<u8>, left: usize },
    /// No packets: they are passed on as they are, for the parser to report.
    Garbage,
}

impl Default for Part {
    fn default() -> Self {
        Self::Length { digits: [0; LENGTH], arrived: 0 }
    }
}

/// The line before the pack.
const PACK: &[u8] = b"packfile";

/// The bytes of a packet before its data: its length, and with the number of its side band.
const LENGTH: usize = 4;
const HEAD: usize = LENGTH + 1;

impl SmallPackets {
    /// Takes the next piece of an answer, and returns its data in packets that end with the piece.
    pub(in crate::git) fn split(&mut self, mut piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() + HEAD);
        while !piece.is_empty() {
            let (taken, next) = match &mut self.part {
                Part::Length { digits, arrived } => {
                    let (taken, rest) = piece.split_at(piece.len().min(LENGTH - *arrived));
                    digits[*arrived..][..taken.len()].copy_from_slice(taken);
                    *arrived += taken.len();
                    let next = (*arrived == LENGTH).then(|| after_length(digits, self.in_pack, &mut out));
                    (rest, next)
                }
                Part::Line { arrived, left, is_pack } => {
                    let (taken, rest) = piece.split_at(piece.len().min(*left));
                    out.extend_from_slice(taken);
                    *is_pack = *is_pack && continues_pack(*arrived, taken);
                    *arrived += taken.len();
                    *left -= taken.len();
                    self.in_pack |= *left == 0 && *is_pack && *arrived >= PACK.len();
                    (rest, (*left == 0).then(Part::default))
                }
                Part::Band { band: None, left } => {
                    *left -= 1;
                    let band = Part::Band { band: Some(piece[0]), left: *left };
                    (&piece[1..], Some(band))
                }
                Part::Band { band: Some(band), left } => {
                    let (taken, rest) = piece.split_at(piece.len().min(*left));
                    out.extend(format!("{:04x}", HEAD + taken.len()).bytes());
                    out.push(*band);
                    out.extend_from_slice(taken);
                    *left -= taken.len();
                    (rest, (*left == 0).then(Part::default))
                }
                Part::Garbage => {
                    out.extend_from_slice(piece);
                    (&piece[piece.len()..], None)
                }
            };
            piece = taken;
            if let Some(next) = next {
                self.part = next;
            }
        }
        out
    }
}

/// Returns whether a line that can be the one before the pack still can, with these bytes behind those that have arrived.
fn continues_pack(arrived: usize, bytes: &[u8]) -> bool {
    let (word, blanks) = bytes.split_at(bytes.len().min(PACK.len().saturating_sub(arrived)));
    PACK[arrived.min(PACK.len())..].starts_with(word) && blanks.trim_ascii().is_empty()
}

/// Returns the part that follows a length. Writes the length to `out`, unless the packet will be split.
fn after_length(digits: &[u8], in_pack: bool, out: &mut Vec<u8>) -> Part {
    let length = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
    match length {
        Some(length) if in_pack && length > HEAD => Part::Band { band: None, left: length - LENGTH },
        Some(length) => {
            out.extend_from_slice(digits);
            match length.saturating_sub(LENGTH) {
                0 => Part::default(),
                left => Part::Line { arrived: 0, left, is_pack: true },
            }
        }
        None => {
            out.extend_from_slice(digits);
            Part::Garbage
        }
    }
}

/// Splits any answer, in one piece and in many.
#[cfg(fuzzing)]
pub fn fuzz(answer: &[u8]) {
    SmallPackets::default().split(answer);
    let mut pieces = SmallPackets::default();
    for piece in answer.chunks(3) {
        pieces.split(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::SmallPackets;

    fn packet(bytes: &[u8]) -> Vec<u8> {
        [format!("{:04x}", bytes.len() + 4).as_bytes(), bytes].concat()
    }

    fn band(band: u8, bytes: &[u8]) -> Vec<u8> {
        packet(&[&[band], bytes].concat())
    }

    /// Returns what the packets of an answer say: its lines, and what each side band carries.
    fn read(mut answer: &[u8]) -> (Vec<Vec<u8>>, [Vec<u8>; 4]) {
        let (mut lines, mut bands, mut in_pack) = (Vec::new(), [const { Vec::new() }; 4], false);
        while let Some((digits, rest)) = answer.split_at_checked(4) {
            let length = usize::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
            let (packet, rest) = rest.split_at(length.saturating_sub(4));
            answer = rest;
            if in_pack && !packet.is_empty() {
                bands[packet[0] as usize].extend_from_slice(&packet[1..]);
            } else {
                lines.push(packet.to_vec());
                in_pack |= packet == b"packfile\n";
            }
        }
        assert!(answer.is_empty());
        (lines, bands)
    }

    #[test]
    fn what_is_said_stays_the_same_however_it_comes() {
        let pack: Vec<u8> = (0..70_000_u32).map(|number| number as u8).collect();
        let answer = [
            packet(b"shallow-info\n"),
            packet(format!("shallow {}\n", "a1".repeat(20)).as_bytes()),
            b"0001".to_vec(),
            packet(b"packfile\n"),
            band(2, b"Enumerating objects\n"),
            band(1, &pack[..65_000]),
            band(1, b""),
            band(1, &pack[65_000..]),
            b"0000".to_vec(),
        ]
        .concat();
        for size in [1, 2, 3, 5, 7, 100, 8_192, 65_536, answer.len()] {
            let mut small = SmallPackets::default();
            let split: Vec<u8> = answer.chunks(size).flat_map(|piece| small.split(piece)).collect();
            assert_eq!(read(&split), read(&answer), "in pieces of {size}");
        }
    }

    #[test]
    fn what_has_come_of_a_packet_is_handed_on() {
        let mut small = SmallPackets::default();
        small.split(&packet(b"packfile\n"));
        let large = band(1, &[7; 60_000]);
        assert_eq!(small.split(&large[..1_005]), band(1, &[7; 1_000]));
        assert_eq!(small.split(&large[1_005..2_005]), band(1, &[7; 1_000]));
    }

    #[test]
    fn what_is_no_packet_passes() {
        for garbage in [&b"<!doctype html>"[..], b"zzzz0004", b"0003zzzzx"] {
            assert_eq!(SmallPackets::default().split(garbage), garbage);
        }
    }
}
