//! What is said of the certificate of a server that is not accepted: what is wrong with it, and what a person must know of it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, OtherError};

use super::certificate::{Certificate, shown_name};

/// The longest chain of issuers that is followed to the one that is unknown.
const MAX_CHAIN: usize = 10;

/// The most names of a certificate that are told.
const MAX_NAMES: usize = 5;

/// What webpki says of the certificate of an authority in a server's place; its type is private to rustls.
const CA_AS_END_ENTITY: &str = "CaUsedAsEndEntity";

/// What webpki says of a certificate of the first version of X.509.
const VERSION_ONE: &str = "UnsupportedCertVersion";

const SIGNED_BY_ITSELF: &str = "its certificate is signed by itself, and is not one that was given";

/// What is wrong with the certificate of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFlaw {
    Expired,
    NotValidYet,
    /// It was made for other names.
    OtherName,
    /// No authority that is trusted has signed it.
    UnknownIssuer,
    /// It is of the first version of X.509.
    VersionOne,
    Other,
}

/// Why the certificate of a server is not accepted, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UntrustedCertificate {
    pub(super) flaw: CertificateFlaw,
    text: String,
}

impl fmt::Display for UntrustedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for UntrustedCertificate {}

/// What a server presents, and to whom and when.
pub(super) struct Presented<'a> {
    pub(super) end_entity: &'a CertificateDer<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) server_name: &'a ServerName<'a>,
    pub(super) now: UnixTime,
}

impl Presented<'_> {
    /// Returns an error that says what is wrong in dates and names.
    pub(super) fn described(&self, error: Error) -> Error {
        let Error::InvalidCertificate(problem) = &error else {
            return error;
        };
        let (flaw, text) = self.flaw(problem);
        CertificateError::Other(OtherError(Arc::new(UntrustedCertificate { flaw, text }))).into()
    }

    fn flaw(&self, problem: &CertificateError) -> (CertificateFlaw, String) {
        let parsed = Certificate::parse(self.end_entity);
        let today = date_time(self.now).map(day).unwrap_or_default();
        match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let end = match problem {
                    CertificateError::ExpiredContext { not_after, .. } => date_time(*not_after),
                    _ => parsed.map(|parsed| parsed.valid_until),
                };
                let end = end.map(day).unwrap_or_default();
                (CertificateFlaw::Expired, format!("its certificate expired on {end}; today is {today}"))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let start = match problem {
                    CertificateError::NotValidYetContext { not_before, .. } => date_time(*not_before),
                    _ => parsed.map(|parsed| parsed.valid_from),
                };
                let start = start.map(day).unwrap_or_default();
                (CertificateFlaw::NotValidYet, format!("its certificate is valid from {start}; today is {today}"))
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                (CertificateFlaw::OtherName, made_for(presented, &self.server_name.to_str()))
            }
            CertificateError::NotValidForName => {
                (CertificateFlaw::OtherName, made_for(&[], &self.server_name.to_str()))
            }
            CertificateError::UnknownIssuer => (CertificateFlaw::UnknownIssuer, self.unknown_issuer()),
            CertificateError::Other(other) if other.to_string() == CA_AS_END_ENTITY => {
                (CertificateFlaw::UnknownIssuer, self.authority_as_server())
            }
            CertificateError::Other(other) if other.to_string() == VERSION_ONE => {
                let text = "its certificate is of version 1 of X.509, in which no host can be named as a subject \
                            alternative name";
                (CertificateFlaw::VersionOne, text.to_owned())
            }
            CertificateError::Revoked => (CertificateFlaw::Other, "its certificate was revoked".to_owned()),
            CertificateError::BadEncoding => (CertificateFlaw::Other, "its certificate cannot be read".to_owned()),
            CertificateError::BadSignature => (CertificateFlaw::UnknownIssuer, self.other_issuer()),
            CertificateError::Other(other) => {
                (CertificateFlaw::Other, format!("its certificate cannot be used: {other}"))
            }
            problem => (CertificateFlaw::Other, format!("its certificate cannot be used: {problem}")),
        }
    }

    /// Says which issuer is unknown: that of the last certificate of the chain that the server sent.
    fn unknown_issuer(&self) -> String {
        let Some(mut last) = Certificate::parse(self.end_entity) else {
            return "its certificate is signed by an unknown authority".to_owned();
        };
        if last.is_self_issued() {
            return SIGNED_BY_ITSELF.to_owned();
        }
        let chain: Vec<_> = self.intermediates.iter().filter_map(|other| Certificate::parse(other)).collect();
        for _ in 0..MAX_CHAIN {
            match chain.iter().find(|other| other.subject == last.issuer && !other.is_self_issued()) {
                Some(issuer) => last = *issuer,
                None => break,
            }
        }
        match shown_name(last.issuer) {
            Some(issuer) => format!("its certificate is signed by `{issuer}`, which is not trusted here"),
            None => "its certificate is signed by an authority without a name, which is not trusted here".to_owned(),
        }
    }

    /// Says that another authority of the same name is trusted: a signature is checked with the key of that one.
    fn other_issuer(&self) -> String {
        match Certificate::parse(self.end_entity).and_then(|certificate| shown_name(certificate.issuer)) {
            Some(issuer) => {
                format!("its certificate is signed by another `{issuer}` than the one that is trusted here")
            }
            None => "its certificate is signed by another authority than the one that is trusted here".to_owned(),
        }
    }

    /// Says what is wrong with the certificate of an authority that is not the given one.
    fn authority_as_server(&self) -> String {
        match Certificate::parse(self.end_entity) {
            Some(certificate) if certificate.is_self_issued() => SIGNED_BY_ITSELF.to_owned(),
            _ => "it shows the certificate of an authority as its own, which was not given".to_owned(),
        }
    }
}

fn made_for(names: &[String], wanted: &str) -> String {
    let shown: Vec<_> = names.iter().take(MAX_NAMES).map(|name| format!("`{}`", plain_name(name))).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    match (shown.is_empty(), more) {
        (true, _) => {
            format!("its certificate names no host as a subject alternative name, so it is not for `{wanted}`")
        }
        (false, 0) => format!("its certificate is made for {}, not for `{wanted}`", shown.join(", ")),
        (false, more) => {
            format!("its certificate is made for {} and {more} more, not for `{wanted}`", shown.join(", "))
        }
    }
}

/// Returns a name as a person writes it; webpki gives it as `DnsName("host")` or `IpAddress(…)`.
fn plain_name(name: &str) -> &str {
    match (name.find('('), name.rfind(')')) {
        (Some(start), Some(end)) if start < end => name[start + 1..end].trim_matches('"'),
        _ => name,
    }
}

pub(super) fn date_time(time: UnixTime) -> Option<DateTime> {
    let timestamp = Timestamp::from_second(time.as_secs().try_into().ok()?).ok()?;
    Some(TimeZone::UTC.to_datetime(timestamp))
}

fn day(time: DateTime) -> String {
    time.date().to_string()
}
