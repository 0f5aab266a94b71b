//! Whether a log of certificates has recorded a certificate: its signed timestamps are inside of the certificate, and cover
//! what the certificate was before they came in (RFC 6962 section 3.2).

use der::Tag;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::asn1::Elements;
use super::rejected::Rejected;
use super::trusted_roots::LogKey;
use super::x509::X509;

const TIMESTAMPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// Rejects a certificate that no log has recorded. `issuer` is the key of its authority (`SubjectPublicKeyInfo`).
pub(super) fn require(certificate: &X509<'_>, issuer: &[u8], logs: &[LogKey]) -> Result<(), Rejected> {
    let why = |why: &str| Rejected::CertificateNotInLog(why.to_owned());
    let list = certificate.extension(TIMESTAMPS).map_err(|error| Rejected::malformed("the certificate", error))?;
    let list = list.ok_or_else(|| why("it has no timestamp of a log"))?;
    let timestamps = read_list(list).ok_or_else(|| why("its timestamps of logs cannot be read"))?;
    let certificate = certificate.without_extension(TIMESTAMPS);
    let known = |timestamp: &LogTimestamp<'_>| logs.iter().find(|log| log.id == timestamp.log);
    if !timestamps.iter().any(|timestamp| known(timestamp).is_some()) {
        return Err(why("the log is not among the trusted roots"));
    }
    let mut rejected = why("the log did not sign the timestamp");
    for timestamp in &timestamps {
        let (Some(log), Some(at)) = (known(timestamp), timestamp.time()) else { continue };
        let signed = timestamp.signed(&certificate, issuer);
        if !signed.is_some_and(|signed| log.key.verifies(&signed, timestamp.signature)) {
            continue;
        }
        if log.valid.contains(at) {
            return Ok(());
        }
        rejected = Rejected::Expired { part: "the key of the log of its certificate", at };
    }
    Err(rejected)
}

/// A signed certificate timestamp, version 1.
struct LogTimestamp<'a> {
    log: &'a [u8],
    milliseconds: u64,
    extensions: &'a [u8],
    signature: &'a [u8],
}

fn read_list(extension: &[u8]) -> Option<Vec<LogTimestamp<'_>>> {
    let mut fields = Elements::of(extension).ok()?;
    let mut list = Bytes(fields.next(Tag::OctetString).ok()?.value);
    fields.finish().ok()?;
    let mut entries = Bytes(list.prefixed()?);
    let mut timestamps = Vec::new();
    while !entries.0.is_empty() {
        timestamps.extend(LogTimestamp::read(entries.prefixed()?));
    }
    list.0.is_empty().then_some(timestamps)
}

impl<'a> LogTimestamp<'a> {
    /// Returns a timestamp; `None` for one of another version.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let version = bytes.take(1)?;
        let log = bytes.take(32)?;
        let milliseconds = u64::from_be_bytes(bytes.take(8)?.try_into().ok()?);
        let extensions = bytes.prefixed()?;
        // The algorithm follows from the log's key.
        bytes.take(2)?;
        let signature = bytes.prefixed()?;
        (version == [0] && bytes.0.is_empty()).then_some(Self { log, milliseconds, extensions, signature })
    }

    fn time(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.milliseconds.try_into().ok()?).ok()
    }

    /// Returns what the log signed: a `digitally-signed` struct about a precertificate.
    fn signed(&self, certificate: &[u8], issuer: &[u8]) -> Option<Vec<u8>> {
        let mut signed = vec![0, 0];
        signed.extend(self.milliseconds.to_be_bytes());
        signed.extend([0, 1]);
        signed.extend(digest(&SHA256, issuer).as_ref());
        let length = u32::try_from(certificate.len()).ok()?.to_be_bytes();
        signed.extend(&length[1..]);
        signed.extend(certificate);
        signed.extend(u16::try_from(self.extensions.len()).ok()?.to_be_bytes());
        signed.extend(self.extensions);
        (length[0] == 0).then_some(signed)
    }
}

/// What is left of a TLS structure.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Returns bytes whose length is before them, in two bytes.
    fn prefixed(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(length.into())
    }
}
