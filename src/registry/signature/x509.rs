//! The parts of an X.509 certificate (RFC 5280) that are asked for here: webpki verifies chains of them, and says nothing of
//! extensions that it does not know.

use der::Tag;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;

use super::asn1::{self, Elements, context};

/// A certificate, taken apart. Nothing of it is verified.
#[derive(Debug)]
pub(super) struct X509<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) spki: &'a [u8],
    extensions: Vec<Extension<'a>>,
    /// What is before the extensions.
    head: Vec<&'a [u8]>,
}

#[derive(Debug)]
struct Extension<'a> {
    id: ObjectIdentifier,
    value: &'a [u8],
    whole: &'a [u8],
}

impl<'a> X509<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> der::Result<Self> {
        let mut certificate = asn1::document(bytes)?;
        let mut fields = certificate.next(Tag::Sequence)?.fields()?;
        let version = fields.next(context(0))?;
        let serial = fields.next(Tag::Integer)?;
        let algorithm = fields.next(Tag::Sequence)?;
        let issuer = fields.next(Tag::Sequence)?;
        let validity = fields.next(Tag::Sequence)?;
        let subject = fields.next(Tag::Sequence)?;
        let spki = fields.next(Tag::Sequence)?;
        let extensions = fields.next(context(3))?.fields()?.next(Tag::Sequence)?.fields()?;
        fields.finish()?;
        let mut times = validity.fields()?;
        let head = [version, serial, algorithm, issuer, validity, subject, spki];
        Ok(Self {
            issuer: issuer.whole,
            subject: subject.whole,
            not_before: times.any()?.time()?,
            not_after: times.any()?.time()?,
            spki: spki.whole,
            extensions: Extension::all(extensions)?,
            head: head.iter().map(|element| element.whole).collect(),
        })
    }

    /// Returns the value of an extension that must not be there twice.
    pub(super) fn extension(&self, id: ObjectIdentifier) -> der::Result<Option<&'a [u8]>> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == id);
        match (found.next(), found.next()) {
            (found, None) => Ok(found.map(|extension| extension.value)),
            _ => Err(Tag::ObjectIdentifier.value_error().into()),
        }
    }

    /// Returns what was signed by the authority, but for one extension.
    pub(super) fn without_extension(&self, id: ObjectIdentifier) -> Vec<u8> {
        let kept = self.extensions.iter().filter(|extension| extension.id != id);
        let extensions = kept.map(|extension| extension.whole).collect::<Vec<_>>().concat();
        let extensions = asn1::encode(0xa3, &asn1::encode(0x30, &extensions));
        asn1::encode(0x30, &[self.head.concat(), extensions].concat())
    }

    pub(super) fn is_valid_at(&self, time: Timestamp) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

impl<'a> Extension<'a> {
    fn all(fields: Elements<'a>) -> der::Result<Vec<Self>> {
        let read = |element: asn1::Element<'a>| {
            let mut fields = element.fields()?;
            let id = fields.next(Tag::ObjectIdentifier)?.oid()?;
            fields.optional(Tag::Boolean)?;
            let value = fields.next(Tag::OctetString)?.value;
            fields.finish()?;
            Ok(Self { id, value, whole: element.whole })
        };
        fields.rest()?.into_iter().map(read).collect()
    }
}

/// Returns the texts of a name (RFC 5280 section 4.1.2.4), for people.
pub(super) fn texts(name: &[u8]) -> der::Result<Vec<&str>> {
    let mut texts = Vec::new();
    for set in asn1::document(name)?.rest()? {
        for pair in set.fields()?.rest()? {
            texts.extend(pair.fields()?.rest()?.into_iter().skip(1).filter_map(|text| text.text().ok()));
        }
    }
    Ok(texts)
}
