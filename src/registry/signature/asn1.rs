//! Takes DER apart without losing a byte: signatures cover the bytes of a certificate and of a timestamp, so a field is a
//! piece of the input, and never something that was decoded and encoded again.

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode as _, ErrorKind, Reader as _, SliceReader, Tag, TagNumber};
use jiff::Timestamp;

/// One element: its tag, its content, and all of its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The elements of a sequence or a set, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a>(SliceReader<'a>);

/// The tag `[number]` with elements inside.
pub(super) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag `[number]` with a plain value inside.
pub(super) const fn plain_context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// Returns the fields of a document that is one sequence.
pub(super) fn document(bytes: &[u8]) -> der::Result<Elements<'_>> {
    let mut fields = Elements::of(bytes)?;
    let sequence = fields.next(Tag::Sequence)?;
    fields.finish()?;
    sequence.fields()
}

impl<'a> Elements<'a> {
    pub(super) fn of(value: &'a [u8]) -> der::Result<Self> {
        SliceReader::new(value).map(Self)
    }

    /// Returns the next element, whatever it is.
    pub(super) fn any(&mut self) -> der::Result<Element<'a>> {
        let whole = self.0.tlv_bytes()?;
        let any = AnyRef::from_der(whole)?;
        Ok(Element { tag: any.header().tag(), value: any.value(), whole })
    }

    /// Returns the next element, which must have this tag.
    pub(super) fn next(&mut self, tag: Tag) -> der::Result<Element<'a>> {
        let element = self.any()?;
        element.tag.assert_eq(tag)?;
        Ok(element)
    }

    /// Returns the next element if it has this tag.
    pub(super) fn optional(&mut self, tag: Tag) -> der::Result<Option<Element<'a>>> {
        if self.is_finished() || Tag::peek(&self.0)? != tag {
            return Ok(None);
        }
        self.any().map(Some)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    pub(super) fn finish(self) -> der::Result<()> {
        self.0.finish()
    }

    /// Returns all elements that are left.
    pub(super) fn rest(mut self) -> der::Result<Vec<Element<'a>>> {
        let mut elements = Vec::new();
        while !self.is_finished() {
            elements.push(self.any()?);
        }
        Ok(elements)
    }
}

impl<'a> Element<'a> {
    pub(super) fn fields(self) -> der::Result<Elements<'a>> {
        Elements::of(self.value)
    }

    pub(super) fn oid(self) -> der::Result<ObjectIdentifier> {
        self.tag.assert_eq(Tag::ObjectIdentifier)?;
        ObjectIdentifier::from_bytes(self.value).or(Err(ErrorKind::OidMalformed.into()))
    }

    /// Returns the algorithm that an `AlgorithmIdentifier` names, without its parameters.
    pub(super) fn algorithm(self) -> der::Result<ObjectIdentifier> {
        self.tag.assert_eq(Tag::Sequence)?;
        self.fields()?.any()?.oid()
    }

    /// Returns the bytes of a bit string of whole bytes.
    pub(super) fn bits(self) -> der::Result<&'a [u8]> {
        match self.value.split_first() {
            Some((0, bits)) if self.tag == Tag::BitString => Ok(bits),
            _ => Err(Tag::BitString.value_error().into()),
        }
    }

    /// Returns a time of a certificate, in either of the two forms that there are.
    pub(super) fn time(self) -> der::Result<Timestamp> {
        let time = match self.tag {
            Tag::UtcTime => UtcTime::from_der(self.whole)?.to_unix_duration(),
            _ => GeneralizedTime::from_der(self.whole)?.to_unix_duration(),
        };
        let seconds = i64::try_from(time.as_secs()).or(Err(ErrorKind::DateTime))?;
        Timestamp::from_second(seconds).or(Err(ErrorKind::DateTime.into()))
    }

    /// Returns the text of a string of UTF-8 or one of its subsets.
    pub(super) fn text(self) -> der::Result<&'a str> {
        std::str::from_utf8(self.value).or(Err(self.tag.value_error().into()))
    }
}

/// Encodes an element whose tag is one byte.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut element = vec![tag];
    match length {
        [] => element.push(0),
        [short] if *short < 0x80 => element.push(*short),
        long => {
            element.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}
