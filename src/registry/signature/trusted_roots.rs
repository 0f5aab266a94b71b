//! The keys and certificates that trust begins with: of certificate authorities, of logs, and of timestamp authorities, each
//! with the time for which it is valid (`trusted_root.json`,
//! <https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto>).
//!
//! Those of Sigstore's public good instance and of GitHub are built in, since a check makes no request for them. They change
//! about once a year, so their date is told if a key is unknown.

use std::sync::{Arc, LazyLock};

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::base64_bytes::Base64;
use super::public_key::PublicKey;

const PUBLIC_GOOD: &str = include_str!("roots/public_good.json");
const GITHUB: &str = include_str!("roots/github.json");

/// When the files were published.
const TAKEN: Date = date(2026, 10, 23);

/// One or several instances of Sigstore.
#[derive(Debug)]
pub struct TrustedRoots {
    pub(super) instances: Vec<Instance>,
    built_in: Option<Date>,
}

/// Why a file has no trusted roots.
#[derive(Debug, thiserror::Error)]
pub enum TrustedRootsError {
    #[error("it is not a `trusted_root.json`: {0}")]
    Json(#[from] serde_json::Error),
    /// The other list is most likely left out by mistake, and what is not there is not asked for.
    #[error(
        "it has `{0}` and no `{1}`, and so less would be verified; it must have both, or neither if timestamps alone prove \
         when a signature was made"
    )]
    OneListOfLogs(&'static str, &'static str),
    /// What its logs signed could not be verified, and need not be if it had no logs.
    #[error("it has no key in its `{0}` that can be read")]
    Logs(&'static str),
    #[error("it has no certificate authority")]
    Empty,
}

/// What one instance trusts. A signature is verified against one instance alone.
#[derive(Debug)]
pub(super) struct Instance {
    /// Transparency logs of signatures. If there is none, timestamps alone prove when a signature was made.
    pub(super) logs: Vec<LogKey>,
    /// Logs of certificates. If there is none, certificates need not be logged.
    pub(super) certificate_logs: Vec<LogKey>,
    pub(super) authorities: Vec<Authority>,
    pub(super) timestamp_authorities: Vec<Authority>,
}

/// The key of a log.
#[derive(Debug)]
pub(super) struct LogKey {
    pub(super) id: Vec<u8>,
    pub(super) key: PublicKey,
    pub(super) valid: Period,
}

/// An authority's certificates, the root at the end.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) valid: Period,
}

/// A time span with its ends, which may be open.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl TrustedRoots {
    /// Returns the roots that are built in. They are parsed at the first call.
    pub fn built_in() -> Arc<Self> {
        static ROOTS: LazyLock<Arc<TrustedRoots>> = LazyLock::new(|| {
            let instances = [PUBLIC_GOOD, GITHUB].map(Instance::parse);
            Arc::new(TrustedRoots { instances: instances.into_iter().flatten().collect(), built_in: Some(TAKEN) })
        });
        Arc::clone(&ROOTS)
    }

    /// Reads a `trusted_root.json`, or several of them, one after the other, as `gh attestation trusted-root` prints them.
    pub fn parse(json: &[u8]) -> Result<Self, TrustedRootsError> {
        let files = serde_json::Deserializer::from_slice(json).into_iter::<WireRoot>();
        let instances = files.map(|file| Instance::try_from(file?)).collect::<Result<Vec<_>, _>>()?;
        if instances.iter().all(|instance| instance.authorities.is_empty()) {
            return Err(TrustedRootsError::Empty);
        }
        Ok(Self { instances, built_in: None })
    }

    /// Returns the date of the roots that are built in; `None` for those of a file.
    pub fn date(&self) -> Option<Date> {
        self.built_in
    }

    /// Returns how old the roots that are built in are; `None` for those of a file.
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        let date = self.built_in?.to_zoned(TimeZone::UTC).ok()?;
        Some(now.duration_since(date.timestamp()))
    }
}

impl Period {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

/// Of what may be left out, a misspelt name is refused: it would be one that is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireRoot {
    #[serde(rename = "mediaType")]
    _media_type: Option<IgnoredAny>,
    #[serde(default)]
    tlogs: Vec<WireLog>,
    #[serde(default)]
    ctlogs: Vec<WireLog>,
    #[serde(default)]
    certificate_authorities: Vec<WireAuthority>,
    #[serde(default)]
    timestamp_authorities: Vec<WireAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    public_key: WireKey,
    log_id: WireLogId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireKey {
    raw_bytes: Base64,
    #[serde(rename = "keyDetails")]
    _details: Option<IgnoredAny>,
    #[serde(default)]
    valid_for: Period,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireAuthority {
    #[serde(rename = "subject")]
    _subject: Option<IgnoredAny>,
    #[serde(rename = "uri")]
    _uri: Option<IgnoredAny>,
    #[serde(rename = "operator")]
    _operator: Option<IgnoredAny>,
    cert_chain: WireChain,
    #[serde(default)]
    valid_for: Period,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Vec<WireCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: Base64,
}

impl Instance {
    fn parse(json: &str) -> Option<Self> {
        serde_json::from_str::<WireRoot>(json).ok()?.try_into().ok()
    }
}

impl TryFrom<WireRoot> for Instance {
    type Error = TrustedRootsError;

    fn try_from(wire: WireRoot) -> Result<Self, TrustedRootsError> {
        // A key of another kind is one that we do not know: what it signed is rejected.
        let keys = |list, logs: Vec<WireLog>| {
            let are_required = !logs.is_empty();
            let keys: Vec<_> = logs.into_iter().filter_map(WireLog::key).collect();
            if are_required && keys.is_empty() { Err(TrustedRootsError::Logs(list)) } else { Ok(keys) }
        };
        let authorities = |wire: Vec<WireAuthority>| wire.into_iter().map(Authority::from).collect();
        match (wire.tlogs.is_empty(), wire.ctlogs.is_empty()) {
            (false, true) => return Err(TrustedRootsError::OneListOfLogs("tlogs", "ctlogs")),
            (true, false) => return Err(TrustedRootsError::OneListOfLogs("ctlogs", "tlogs")),
            _ => {}
        }
        Ok(Self {
            logs: keys("tlogs", wire.tlogs)?,
            certificate_logs: keys("ctlogs", wire.ctlogs)?,
            authorities: authorities(wire.certificate_authorities),
            timestamp_authorities: authorities(wire.timestamp_authorities),
        })
    }
}

impl WireLog {
    fn key(self) -> Option<LogKey> {
        let WireKey { raw_bytes: Base64(spki), valid_for, .. } = self.public_key;
        let key = PublicKey::from_spki(&spki).ok()?;
        Some(LogKey { id: self.log_id.key_id.0, key, valid: valid_for })
    }
}

impl From<WireAuthority> for Authority {
    fn from(wire: WireAuthority) -> Self {
        let certificates = wire.cert_chain.certificates.into_iter();
        let chain = certificates.map(|certificate| CertificateDer::from(certificate.raw_bytes.0)).collect();
        Self { chain, valid: wire.valid_for }
    }
}
