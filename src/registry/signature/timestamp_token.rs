//! Verifies the answer of a timestamp authority (RFC 3161): a signed message (CMS, RFC 5652) that says when the authority
//! saw a hash.

use der::Tag;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ring::digest::{SHA256, SHA384, SHA512, digest};
use rustls::pki_types::CertificateDer;

use super::asn1::{self, Element, Elements, context};
use super::certificate_chain::{self, CertificatePurpose, unknown_authority};
use super::public_key::PublicKey;
use super::rejected::Rejected;
use super::trusted_roots::Authority;
use super::x509::X509;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TIMESTAMP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const ID_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const ID_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const ID_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// Of a token: the signer's and those of its authorities.
const MOST_CERTIFICATES: usize = 8;

/// Returns when an authority saw a signature.
pub(super) fn verify(answer: &[u8], signature: &[u8], authorities: &[Authority]) -> Result<Timestamp, Rejected> {
    let token = TimestampToken::read(answer).map_err(|error| Rejected::malformed("the timestamp", error))?;
    let why = |why: &str| Rejected::NoTime(why.to_owned());
    let time = token.time().ok_or_else(|| why("the timestamp has no time"))?;
    if hash(token.imprint_algorithm, signature).as_deref() != Some(token.imprint) {
        return Err(why("the timestamp is of another signature"));
    }
    if !token.is_coherent() {
        return Err(why("what the timestamp says is not what its authority signed"));
    }
    let own = authorities.iter().flat_map(|authority| &authority.chain).map(AsRef::as_ref);
    let signer = token.certificates.iter().copied().chain(own).find(|certificate| token.is_signed_by(certificate));
    let signer = signer.ok_or_else(|| unknown_authority("its timestamp", token.issuer))?;
    let signer = CertificateDer::from(signer);
    certificate_chain::verify(&signer, authorities, CertificatePurpose::Timestamping, time)?;
    Ok(time)
}

fn hash(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match algorithm {
        ID_SHA256 => &SHA256,
        ID_SHA384 => &SHA384,
        ID_SHA512 => &SHA512,
        _ => return None,
    };
    Some(digest(algorithm, bytes).as_ref().to_vec())
}

/// The parts of a timestamp that are verified.
struct TimestampToken<'a> {
    /// The `TSTInfo`, which is what is signed by way of its hash.
    info: &'a [u8],
    imprint_algorithm: ObjectIdentifier,
    imprint: &'a [u8],
    time: &'a [u8],
    certificates: Vec<&'a [u8]>,
    /// The name of the authority that issued the signer's certificate.
    issuer: &'a [u8],
    digest_algorithm: ObjectIdentifier,
    /// The attributes that are signed, as a set.
    attributes: Vec<u8>,
    content_type: Option<ObjectIdentifier>,
    message_digest: Option<&'a [u8]>,
    signature: &'a [u8],
}

impl<'a> TimestampToken<'a> {
    /// Reads a `TimeStampResp`.
    fn read(answer: &'a [u8]) -> der::Result<Self> {
        let mut response = asn1::document(answer)?;
        let status = response.next(Tag::Sequence)?.fields()?.next(Tag::Integer)?;
        if !matches!(status.value, [0 | 1]) {
            return Err(Tag::Integer.value_error().into());
        }
        let mut content = response.next(Tag::Sequence)?.fields()?;
        require(content.any()?, SIGNED_DATA)?;
        let mut data = content.next(context(0))?.fields()?.next(Tag::Sequence)?.fields()?;
        data.next(Tag::Integer)?;
        data.next(Tag::Set)?;
        let mut inner = data.next(Tag::Sequence)?.fields()?;
        require(inner.any()?, TIMESTAMP_INFO)?;
        let info = inner.next(context(0))?.fields()?.next(Tag::OctetString)?.value;
        let certificates = match data.optional(context(0))? {
            Some(certificates) => certificates.fields()?.rest()?,
            None => Vec::new(),
        };
        data.optional(context(1))?;
        let signers = data.next(Tag::Set)?.fields()?.rest()?;
        let [signer] = signers.as_slice() else { return Err(Tag::Set.value_error().into()) };
        let certificates = certificates.iter().take(MOST_CERTIFICATES).map(|element| element.whole).collect();
        Self::of_signer(info, certificates, signer.fields()?)
    }

    /// Reads a `SignerInfo` and the `TSTInfo` that it is about.
    fn of_signer(info: &'a [u8], certificates: Vec<&'a [u8]>, mut signer: Elements<'a>) -> der::Result<Self> {
        signer.next(Tag::Integer)?;
        // It names a certificate; the one counts whose key made the signature.
        let name = signer.any()?;
        let issuer = if name.tag == Tag::Sequence { name.fields()?.any()?.whole } else { &[] };
        let digest_algorithm = signer.next(Tag::Sequence)?.algorithm()?;
        let attributes = signer.next(context(0))?;
        signer.next(Tag::Sequence)?;
        let signature = signer.next(Tag::OctetString)?.value;
        let mut fields = asn1::document(info)?;
        fields.next(Tag::Integer)?;
        fields.next(Tag::ObjectIdentifier)?;
        let mut imprint = fields.next(Tag::Sequence)?.fields()?;
        let imprint_algorithm = imprint.next(Tag::Sequence)?.algorithm()?;
        let imprint = imprint.next(Tag::OctetString)?.value;
        fields.next(Tag::Integer)?;
        let time = fields.next(Tag::GeneralizedTime)?.value;
        Ok(Self {
            info,
            imprint_algorithm,
            imprint,
            time,
            certificates,
            issuer,
            digest_algorithm,
            attributes: asn1::encode(0x31, attributes.value),
            content_type: attribute(attributes, CONTENT_TYPE)?.map(Element::oid).transpose()?,
            message_digest: attribute(attributes, MESSAGE_DIGEST)?.map(|element| element.value),
            signature,
        })
    }

    /// Returns the time, which may have a fraction of a second; der knows none.
    fn time(&self) -> Option<Timestamp> {
        let text = std::str::from_utf8(self.time).ok()?.strip_suffix('Z')?;
        let time = DateTime::strptime("%Y%m%d%H%M%S%.f", text).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// Whether the signed attributes are about the content.
    fn is_coherent(&self) -> bool {
        let digest = hash(self.digest_algorithm, self.info);
        self.content_type == Some(TIMESTAMP_INFO) && digest.is_some() && digest.as_deref() == self.message_digest
    }

    fn is_signed_by(&self, certificate: &[u8]) -> bool {
        let key = X509::read(certificate).ok().and_then(|certificate| PublicKey::from_spki(certificate.spki).ok());
        key.is_some_and(|key| key.verifies(&self.attributes, self.signature))
    }
}

fn require(element: Element<'_>, wanted: ObjectIdentifier) -> der::Result<()> {
    if element.oid()? == wanted { Ok(()) } else { Err(Tag::ObjectIdentifier.value_error().into()) }
}

/// Returns the only value of an attribute that must not be there twice.
fn attribute(attributes: Element<'_>, wanted: ObjectIdentifier) -> der::Result<Option<Element<'_>>> {
    let mut found = None;
    for attribute in attributes.fields()?.rest()? {
        let mut fields = attribute.fields()?;
        if fields.any()?.oid()? != wanted {
            continue;
        }
        let values = fields.next(Tag::Set)?.fields()?.rest()?;
        let ([value], None) = (values.as_slice(), found) else { return Err(Tag::Set.value_error().into()) };
        found = Some(*value);
    }
    Ok(found)
}
