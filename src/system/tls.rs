//! Which certificates of servers are accepted, and what is said of the others. Beside what an authority has signed, a
//! certificate is accepted that was given for the server and that the server presents byte for byte. A certificate that signs
//! itself, as the manuals of registries have openssl make it, is an authority's by its own words, and is no authority's
//! signature: the rules of the web (webpki) refuse it, while openssl and Go accept it.

use std::fmt;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use super::bounded_file;
use super::certificate::{Certificate, shown_name};
use super::client_certificate::ClientCertificate;

/// The longest chain of issuers that is followed to the one that is unknown.
const MAX_CHAIN: usize = 10;

/// The most names of a certificate that are told.
const MAX_NAMES: usize = 5;

/// What webpki says of the certificate of an authority in a server's place; its type is private to rustls.
const CA_AS_END_ENTITY: &str = "CaUsedAsEndEntity";

/// What webpki says of a certificate of the first version of X.509.
const VERSION_ONE: &str = "UnsupportedCertVersion";

const NO_AUTHORITIES: &str =
    "no CA certificate was found, neither where `SSL_CERT_FILE` or `SSL_CERT_DIR` say nor in the system's own place";

/// The variable that names a file of authorities.
const FILE: &str = "SSL_CERT_FILE";

const SIGNED_BY_ITSELF: &str = "its certificate is signed by itself, and is not one that was given";

/// The authorities that are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorities<'a> {
    /// Those of the system, and those that were given.
    SystemAndGiven(&'a SystemAuthorities),
    /// Those that were given alone.
    GivenAlone,
}

/// What the environment names in place of the system's authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemAuthorities {
    /// `SSL_CERT_FILE`
    pub file: Option<PathBuf>,
    /// `SSL_CERT_DIR`
    pub folder: Option<PathBuf>,
}

/// A variable of the environment that names no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no CA certificate was found: `{variable}` names `{}`, {why}", path.display())]
pub struct MisnamedAuthorities {
    pub variable: &'static str,
    path: PathBuf,
    why: String,
}

/// Why there is no client for TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(transparent)]
    Misnamed(MisnamedAuthorities),
    #[error("{NO_AUTHORITIES}")]
    NoAuthorities,
    #[error(transparent)]
    Other(#[from] Error),
}

impl SystemAuthorities {
    /// Returns the variable that names no certificate, if one is why there are none.
    fn misnamed(&self) -> Option<MisnamedAuthorities> {
        let problem = |variable, path: &Path, none: &str| {
            let why = match std::fs::metadata(path) {
                Ok(_) => none.to_owned(),
                Err(error) => format!("which cannot be read: {error}"),
            };
            MisnamedAuthorities { variable, path: path.to_owned(), why }
        };
        let file = self.file.as_ref().map(|file| problem(FILE, file, "which has no certificate in it"));
        file.or_else(|| Some(problem("SSL_CERT_DIR", self.folder.as_ref()?, "which has no certificate in it")))
    }

    /// Returns the file if it is too large: the system's own reader has no limit. A pipe can be read once alone, and is not
    /// looked at.
    fn too_large(&self) -> Option<MisnamedAuthorities> {
        let path = self.file.as_ref()?;
        let is_pipe = std::fs::metadata(path).is_ok_and(|metadata| is_pipe(&metadata));
        let error = if is_pipe { None } else { bounded_file::read(path).err() };
        let why = error.filter(|error| error.kind() == ErrorKind::FileTooLarge).map(|error| error.to_string())?;
        Some(MisnamedAuthorities { variable: FILE, path: path.clone(), why: format!("which cannot be read: {why}") })
    }

    /// Returns the certificates of the file. A server may present one of them itself.
    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let pem = self.file.as_ref().and_then(|file| bounded_file::read(file).ok()).unwrap_or_default();
        CertificateDer::pem_slice_iter(&pem).flatten().collect()
    }
}

#[cfg(unix)]
fn is_pipe(metadata: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_metadata: &Metadata) -> bool {
    false
}

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

/// Returns the configuration of a client that trusts `authorities`, of which `given` are those that were given, and shows
/// `client` to a server that asks for it.
///
/// # Errors
/// A certificate cannot be read, or there is no authority at all, as on a machine without CA certificates.
pub fn client_config(
    authorities: Authorities<'_>,
    given: Vec<CertificateDer<'static>>,
    client: Option<&ClientCertificate>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let signed = signed(authorities, &given, &provider)?;
    let of_system = match authorities {
        Authorities::SystemAndGiven(system) => system.certificates(),
        Authorities::GivenAlone => Vec::new(),
    };
    let verifier = Verifier { signed, given: given.into_iter().chain(of_system).collect() };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client {
        Some(client) => config.with_client_cert_resolver(client.resolver()),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Returns the verifier of what authorities have signed.
fn signed(
    authorities: Authorities<'_>,
    given: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let (given, provider) = (given.iter().cloned(), Arc::clone(provider));
    if let Authorities::SystemAndGiven(system) = authorities {
        if let Some(misnamed) = system.too_large() {
            return Err(TlsError::Misnamed(misnamed));
        }
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(given, provider);
        return Ok(Arc::new(verifier.map_err(|error| without_authorities(error, system))?));
    }
    let mut roots = RootCertStore::empty();
    for certificate in given {
        roots.add(certificate)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build();
    Ok(verifier.map_err(|error| Error::General(error.to_string()))?)
}

/// Says where authorities were looked for.
fn without_authorities(error: Error, system: &SystemAuthorities) -> TlsError {
    match error {
        Error::General(_) => system.misnamed().map_or(TlsError::NoAuthorities, TlsError::Misnamed),
        error => error.into(),
    }
}

/// Accepts what authorities have signed, and what was given itself.
#[derive(Debug)]
struct Verifier {
    signed: Arc<dyn ServerCertVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if verified.is_ok() {
            return verified;
        }
        let presented = Presented { end_entity, intermediates, server_name, now };
        let verified = match self.given.iter().any(|given| given == end_entity) {
            true => presented.verify_as_given(),
            false => verified,
        };
        verified.map_err(|error| presented.described(error))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// What a server presents, and to whom and when.
struct Presented<'a> {
    end_entity: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    server_name: &'a ServerName<'a>,
    now: UnixTime,
}

impl Presented<'_> {
    /// Checks the dates and the name of a certificate that was given for the server. The handshake then shows that the server
    /// has its key.
    fn verify_as_given(&self) -> Result<ServerCertVerified, Error> {
        let parsed = Certificate::parse(self.end_entity).ok_or(CertificateError::BadEncoding)?;
        let now = date_time(self.now).ok_or(CertificateError::BadEncoding)?;
        if now < parsed.valid_from {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > parsed.valid_until {
            return Err(CertificateError::Expired.into());
        }
        verify_server_name(&ParsedCertificate::try_from(self.end_entity)?, self.server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    /// Returns an error that says what is wrong in dates and names.
    fn described(&self, error: Error) -> Error {
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

fn date_time(time: UnixTime) -> Option<DateTime> {
    let timestamp = Timestamp::from_second(time.as_secs().try_into().ok()?).ok()?;
    Some(TimeZone::UTC.to_datetime(timestamp))
}

fn day(time: DateTime) -> String {
    time.date().to_string()
}
