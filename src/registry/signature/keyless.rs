//! Verifies a signature that was made with a short-lived certificate. The certificate names the signer; a log or a timestamp
//! authority proves that it was valid when it signed, whatever the time is now.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::certificate_chain::{self, CertificatePurpose, unknown_authority};
use super::certificate_log;
use super::log_body::LoggedContent;
use super::log_proof;
use super::logged_entry::LoggedEntry;
use super::public_key::PublicKey;
use super::rejected::Rejected;
use super::stored_signature::Material;
use super::timestamp_token;
use super::trusted_roots::{Instance, LogKey, TrustedRoots};
use super::verified::LogEntry;
use super::x509::X509;
use crate::system::hexadecimal::hexadecimal;

/// What is proved beside the signer.
#[derive(Debug)]
pub(super) struct ProvedSigning {
    pub(super) signed: Timestamp,
    pub(super) logged: Option<LogEntry>,
}

/// Verifies everything but the identity and what the signature is about.
pub(super) fn verify(
    certificate: &X509<'_>,
    content: LoggedContent<'_>,
    material: &Material,
    roots: &TrustedRoots,
) -> Result<ProvedSigning, Rejected> {
    let mut rejected = None;
    for instance in roots.instances.iter().filter(|instance| instance.has_authority(certificate.issuer)) {
        let attempt = InstanceCheck { certificate, content, material, instance };
        match attempt.verify() {
            Ok(proved) => return Ok(proved),
            Err(why) => rejected = rejected.or(Some(why)),
        }
    }
    let rejected = rejected.unwrap_or_else(|| unknown_authority("its certificate", certificate.issuer));
    Err(rejected.dated(roots.date()))
}

impl Instance {
    /// Whether an authority has this name. A private instance may use a name of the public one, so names only choose.
    fn has_authority(&self, name: &[u8]) -> bool {
        let has_name = |der: &CertificateDer<'_>| X509::read(der).is_ok_and(|x509| x509.subject == name);
        self.authorities.iter().any(|authority| authority.chain.iter().any(has_name))
    }
}

/// A verification against one instance.
struct InstanceCheck<'a> {
    certificate: &'a X509<'a>,
    content: LoggedContent<'a>,
    material: &'a Material,
    instance: &'a Instance,
}

impl InstanceCheck<'_> {
    fn verify(&self) -> Result<ProvedSigning, Rejected> {
        let entries = self.entries()?;
        let times = self.times(&entries)?;
        for at in times.iter().copied() {
            self.verify_certificate(at)?;
            if entries.iter().any(|(log, _)| !log.valid.contains(at)) {
                return Err(Rejected::Expired { part: "the key of its log", at });
            }
        }
        let key = PublicKey::from_spki(self.certificate.spki);
        let key = key.map_err(|error| Rejected::malformed("the key of the certificate", error))?;
        if !key.verifies(self.content.message, self.content.signature) {
            return Err(Rejected::WrongSignature);
        }
        let signed = times.into_iter().min().ok_or_else(|| Rejected::NoTime("there is none".to_owned()))?;
        Ok(ProvedSigning { signed, logged: entries.into_iter().next().map(|(_, entry)| entry) })
    }

    /// Verifies all log entries: one that proves nothing is not passed over.
    fn entries(&self) -> Result<Vec<(&LogKey, LogEntry)>, Rejected> {
        let entries = &self.material.entries;
        if entries.is_empty() && !self.instance.logs.is_empty() {
            return Err(Rejected::NotInLog("it has no entry".to_owned()));
        }
        let prove = |entry: &LoggedEntry| {
            let log = self.instance.logs.iter().find(|log| log.id == entry.log);
            let log = log.ok_or_else(|| Rejected::UnknownLog { key: hexadecimal(&entry.log), roots: None })?;
            let proved = log_proof::prove(entry, self.material.proof, log)?;
            self.content.require(&entry.body)?;
            Ok((log, proved))
        };
        entries.iter().map(prove).collect()
    }

    /// Returns the times that are proved, at least one. A timestamp of an unknown authority proves nothing, and harms
    /// nothing if something else proves a time.
    fn times(&self, entries: &[(&LogKey, LogEntry)]) -> Result<Vec<Timestamp>, Rejected> {
        let mut times: Vec<Timestamp> = entries.iter().filter_map(|(_, entry)| entry.time).collect();
        let mut reason = Rejected::NoTime("it has neither a time of the log nor a timestamp".to_owned());
        for answer in &self.material.timestamps {
            match timestamp_token::verify(answer, self.content.signature, &self.instance.timestamp_authorities) {
                Ok(time) => times.push(time),
                Err(why) => reason = why,
            }
        }
        if times.is_empty() { Err(reason) } else { Ok(times) }
    }

    fn verify_certificate(&self, at: Timestamp) -> Result<(), Rejected> {
        let Instance { authorities, certificate_logs, .. } = self.instance;
        let certificate = CertificateDer::from(self.content.certificate);
        let issuer = certificate_chain::verify(&certificate, authorities, CertificatePurpose::CodeSigning, at)?;
        if certificate_logs.is_empty() {
            return Ok(());
        }
        certificate_log::require(self.certificate, &issuer, certificate_logs)
    }
}
