//! Reads the identity out of a signer's certificate: the subject's alternative name, and Fulcio's extensions
//! (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>).

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::asn1::{Element, Elements, context, plain_context};
use super::rejected::Rejected;
use super::verified::CertifiedIdentity;
use super::x509::X509;

const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// A name of a user that is neither an address nor a URL.
const OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
/// The issuer in its first form: the text itself.
const ISSUER_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
const SOURCE_REPOSITORY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.12");
const SOURCE_COMMIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.13");

/// Returns the identity that a certificate is for.
pub(super) fn read(certificate: &X509<'_>) -> Result<CertifiedIdentity, Rejected> {
    let identity = identity(certificate)?;
    let issuer = issuer(certificate)?;
    let claim = |id| match extension(certificate, id)? {
        Some(value) => utf8(value).map(Some),
        None => Ok(None),
    };
    Ok(CertifiedIdentity {
        identity,
        issuer,
        source_repository: claim(SOURCE_REPOSITORY)?,
        source_commit: claim(SOURCE_COMMIT)?,
    })
}

fn malformed(why: impl ToString) -> Rejected {
    Rejected::malformed("the certificate", why)
}

fn extension<'a>(certificate: &X509<'a>, id: ObjectIdentifier) -> Result<Option<&'a [u8]>, Rejected> {
    certificate.extension(id).map_err(malformed)
}

/// Returns the only alternative name. With several, it would not be known which of them was authenticated.
fn identity(certificate: &X509<'_>) -> Result<String, Rejected> {
    let value = extension(certificate, ALTERNATIVE_NAME)?.ok_or_else(|| malformed("it has no identity"))?;
    let names = names(value).map_err(malformed)?;
    let [name] = names.as_slice() else { return Err(malformed(format!("it has {} identities", names.len()))) };
    let text = if name.tag == plain_context(1) || name.tag == plain_context(6) {
        name.text().map_err(malformed)?
    } else if name.tag == context(0) {
        other_name(*name).map_err(malformed)?
    } else {
        return Err(malformed("its identity is neither a URL nor an address"));
    };
    clean(text)
}

fn names(value: &[u8]) -> der::Result<Vec<Element<'_>>> {
    let mut fields = Elements::of(value)?;
    let names = fields.next(Tag::Sequence)?.fields()?.rest()?;
    fields.finish()?;
    Ok(names)
}

fn other_name(name: Element<'_>) -> der::Result<&str> {
    let mut fields = name.fields()?;
    if fields.any()?.oid()? != OTHER_NAME {
        return Err(Tag::ObjectIdentifier.value_error().into());
    }
    fields.next(context(0))?.fields()?.next(Tag::Utf8String)?.text()
}

/// Returns the issuer, of which both forms must agree if both are there.
fn issuer(certificate: &X509<'_>) -> Result<String, Rejected> {
    let first = extension(certificate, ISSUER_V1)?.map(|value| std::str::from_utf8(value).map_err(malformed));
    let first = first.transpose()?.map(clean).transpose()?;
    let second = extension(certificate, ISSUER)?.map(utf8).transpose()?;
    match (first, second) {
        (Some(first), Some(second)) if first != second => Err(malformed("it has two issuers")),
        (_, Some(issuer)) | (Some(issuer), None) => Ok(issuer),
        (None, None) => Err(malformed("it has no issuer of its identity")),
    }
}

fn utf8(value: &[u8]) -> Result<String, Rejected> {
    let text = Elements::of(value).and_then(|mut fields| {
        let text = fields.next(Tag::Utf8String)?.text()?;
        fields.finish().map(|()| text)
    });
    clean(text.map_err(malformed)?)
}

/// No identity has a line break, and a pattern must not meet one.
fn clean(text: &str) -> Result<String, Rejected> {
    if text.chars().any(char::is_control) {
        return Err(malformed("a control character is in its identity"));
    }
    Ok(text.to_owned())
}
