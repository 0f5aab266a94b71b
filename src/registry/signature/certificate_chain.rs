//! Whether a certificate follows from an authority that is trusted, for one purpose and at one time.

use std::time::Duration;

use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::asn1;
use super::rejected::Rejected;
use super::trusted_roots::Authority;
use super::x509::{self, X509};

const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// What a certificate is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum CertificatePurpose {
    CodeSigning,
    Timestamping,
}

impl CertificatePurpose {
    /// Returns the extended key usage (RFC 5280 section 4.2.1.12) that the certificate must have, and that an authority
    /// must have if it has any: one of GitHub's has none.
    fn usage(self) -> ObjectIdentifier {
        match self {
            Self::CodeSigning => ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3"),
            Self::Timestamping => ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8"),
        }
    }

    fn of_authorities(self) -> KeyUsage {
        match self {
            Self::CodeSigning => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 3]),
            Self::Timestamping => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 8]),
        }
    }

    fn refused(self, why: impl ToString) -> Rejected {
        Rejected::WrongCertificate { part: self.certificate(), why: why.to_string() }
    }

    fn is_of(self, certificate: &X509<'_>) -> der::Result<bool> {
        let Some(usages) = certificate.extension(EXTENDED_KEY_USAGE)? else { return Ok(false) };
        let usages = asn1::document(usages)?.rest()?;
        Ok(usages.into_iter().any(|usage| usage.oid() == Ok(self.usage())))
    }

    fn authority(self) -> &'static str {
        match self {
            Self::CodeSigning => "the authority of its certificate",
            Self::Timestamping => "the authority of its timestamp",
        }
    }

    fn certificate(self) -> &'static str {
        match self {
            Self::CodeSigning => "its certificate",
            Self::Timestamping => "the certificate of its timestamp",
        }
    }
}

/// Returns the key of the certificate's issuer (`SubjectPublicKeyInfo`) if the certificate follows from one of the
/// authorities.
pub(super) fn verify(
    certificate: &CertificateDer<'_>,
    authorities: &[Authority],
    purpose: CertificatePurpose,
    at: Timestamp,
) -> Result<Vec<u8>, Rejected> {
    let x509 = X509::read(certificate).map_err(|error| Rejected::malformed(purpose.certificate(), error))?;
    if purpose.is_of(&x509) != Ok(true) {
        return Err(purpose.refused("it is for another purpose"));
    }
    let mut rejected = Rejected::Expired { part: purpose.authority(), at };
    for authority in authorities.iter().filter(|authority| is_valid(authority, at)) {
        match follow(certificate, authority, purpose, at) {
            Ok(issuer) => return Ok(issuer),
            Err(Error::CertExpired { .. } | Error::CertNotValidYet { .. }) => {
                let is_own = !x509.is_valid_at(at);
                return Err(Rejected::Expired {
                    part: if is_own { purpose.certificate() } else { purpose.authority() },
                    at,
                });
            }
            Err(Error::UnknownIssuer | Error::InvalidSignatureForPublicKey) => {
                rejected = unknown_authority(purpose.certificate(), x509.issuer);
            }
            Err(error) => rejected = purpose.refused(error),
        }
    }
    Err(rejected)
}

/// Whether an authority is trusted at a time; webpki takes a root as it is, whatever its time.
fn is_valid(authority: &Authority, at: Timestamp) -> bool {
    let root = authority.chain.last().and_then(|root| X509::read(root).ok());
    authority.valid.contains(at) && root.is_some_and(|root| root.is_valid_at(at))
}

fn follow(
    certificate: &CertificateDer<'_>,
    authority: &Authority,
    purpose: CertificatePurpose,
    at: Timestamp,
) -> Result<Vec<u8>, Error> {
    let roots = authority.chain.last().map(anchor_from_trusted_cert).transpose()?;
    let since_1970 = Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
    let time = UnixTime::since_unix_epoch(since_1970);
    let leaf = EndEntityCert::try_from(certificate)?;
    let (roots, chain) = (roots.as_slice(), &authority.chain);
    let path =
        leaf.verify_for_usage(ALL_VERIFICATION_ALGS, roots, chain, time, purpose.of_authorities(), None, None)?;
    Ok(path.issuer_spki().to_vec())
}

/// Says that nothing that is trusted signed a part, which is from the authority with this name.
pub(super) fn unknown_authority(part: &'static str, name: &[u8]) -> Rejected {
    let texts = x509::texts(name).unwrap_or_default().join(", ");
    let issuer = if texts.is_empty() { "it has no name".to_owned() } else { texts };
    Rejected::UnknownAuthority { part, issuer, roots: None }
}
