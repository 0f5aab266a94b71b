//! Reads from a certificate what a person needs to know about one that is not trusted: until when it is valid, for whom it
//! was made, and its issuer ([RFC 5280](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)). It decides nothing: rustls checks
//! signatures and names. What cannot be read is `None`, since any server can send it.

use jiff::civil::DateTime;

/// The tags of DER that certificates are made of.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// The attributes of a name that are shown, the best first: common name, organizational unit, organization.
const SHOWN_ATTRIBUTES: [&[u8]; 3] = [&[0x55, 4, 3], &[0x55, 4, 11], &[0x55, 4, 10]];

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 100;

/// The parts of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    /// The name of the issuer, in DER.
    pub(super) issuer: &'a [u8],
    /// The name that it was made for, in DER.
    pub(super) subject: &'a [u8],
    /// In UTC, as the next one.
    pub(super) valid_from: DateTime,
    pub(super) valid_until: DateTime,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER.
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let (certificate, _) = expect(SEQUENCE, der)?;
        let (mut rest, _) = expect(SEQUENCE, certificate)?;
        if rest.first() == Some(&VERSION) {
            (_, rest) = expect(VERSION, rest)?;
        }
        let (_, _serial_number, rest) = element(rest)?;
        let (_, rest) = expect(SEQUENCE, rest)?;
        let (issuer, rest) = expect(SEQUENCE, rest)?;
        let (validity, rest) = expect(SEQUENCE, rest)?;
        let (subject, _) = expect(SEQUENCE, rest)?;
        let (tag, from, validity) = element(validity)?;
        let valid_from = time(tag, from)?;
        let (tag, until, _) = element(validity)?;
        Some(Self { issuer, subject, valid_from, valid_until: time(tag, until)? })
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

/// Returns the best known part of a name in DER.
pub(super) fn shown_name(name: &[u8]) -> Option<String> {
    let attributes: Vec<_> = attributes(name).collect();
    let of = |wanted: &[u8]| attributes.iter().find(|(kind, _)| *kind == wanted).map(|(_, value)| *value);
    let value = SHOWN_ATTRIBUTES.iter().find_map(|wanted| of(wanted))?;
    let text = String::from_utf8_lossy(value);
    Some(text.chars().take(MAX_NAME).collect())
}

/// Returns the attributes of a name, each with its kind.
fn attributes(name: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let (set, after) = expect(SET, rest)?;
        rest = after;
        let (attribute, _) = expect(SEQUENCE, set)?;
        let (kind, attribute) = expect(OBJECT_IDENTIFIER, attribute)?;
        let (_, value, _) = element(attribute)?;
        Some((kind, value))
    })
}

/// Reads a time in one of its two forms, which are both in UTC and to the second.
fn time(tag: u8, text: &[u8]) -> Option<DateTime> {
    let digits = text.strip_suffix(b"Z").filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let digits = std::str::from_utf8(digits).ok()?;
    let digits = match (tag, digits.len()) {
        // Two digits of a year: those from 50 on are of the last century.
        (UTC_TIME, 12) if digits >= "50" => format!("19{digits}"),
        (UTC_TIME, 12) => format!("20{digits}"),
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let number = |from: usize| digits[from..from + 2].parse::<i8>().ok();
    let year = digits[..4].parse().ok()?;
    DateTime::new(year, number(4)?, number(6)?, number(8)?, number(10)?, number(12)?, 0).ok()
}

/// Reads an element with this tag: its content, and what follows it.
fn expect(wanted: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

/// Reads an element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // The length of the length; certificates are shorter than 16 MiB.
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::{Certificate, GENERALIZED_TIME, UTC_TIME, element, shown_name, time};

    #[test]
    fn times() {
        for (tag, text, expected) in [
            (UTC_TIME, "261127120000Z", Some("2026-11-27")),
            (UTC_TIME, "991231235959Z", Some("1999-12-31")),
            (UTC_TIME, "500101000000Z", Some("1950-01-01")),
            (GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01")),
            (GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31")),
            (UTC_TIME, "20500101000000Z", None),
            (UTC_TIME, "261327120000Z", None),
            (UTC_TIME, "2611271200+1Z", None),
            (UTC_TIME, "261127120000", None),
            (GENERALIZED_TIME, "", None),
        ] {
            assert_eq!(time(tag, text.as_bytes()).map(|time| time.date().to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn names() {
        let common_name = b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03web";
        let organization = b"\x31\x0d\x30\x0b\x06\x03\x55\x04\x0a\x0c\x04acme";
        assert_eq!(shown_name(&[&organization[..], common_name].concat()).as_deref(), Some("web"));
        assert_eq!(shown_name(organization).as_deref(), Some("acme"));
        assert_eq!(shown_name(b""), None);
        assert_eq!(shown_name(&common_name[..9]), None);
    }

    /// Whatever a server sends, it is read or not, and nothing else happens.
    #[test]
    fn lengths_that_lie() {
        for der in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0x05, 1], &[0x30, 0x82, 1]] {
            assert_eq!(element(der), None, "{der:?}");
            assert_eq!(Certificate::parse(der), None, "{der:?}");
        }
        assert_eq!(element(&[4, 0x81, 1, 7, 9]), Some((4, &[7][..], &[9][..])));
    }
}
