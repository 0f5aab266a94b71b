//! Which certificates of servers are accepted. Beside what an authority has signed, a certificate is accepted that was given for
//! the server and that the server presents byte for byte. A certificate that signs itself, as the manuals of registries have
//! openssl make it, is an authority's by its own words, and is no authority's signature: the rules of the web (webpki) refuse it,
//! while openssl and Go accept it.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate::Certificate;
use super::client_certificate::ClientCertificate;
use super::untrusted_certificate::{Presented, date_time};
use crate::system::disk::bounded_file;

const NO_AUTHORITIES: &str =
    "no CA certificate was found, neither where `SSL_CERT_FILE` or `SSL_CERT_DIR` say nor in the system's own place";

/// The variable that names a file of authorities.
const FILE: &str = "SSL_CERT_FILE";

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
            true => verify_as_given(&presented),
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

/// Checks the dates and the name of a certificate that was given for the server. The handshake then shows that the server
/// has its key.
fn verify_as_given(presented: &Presented<'_>) -> Result<ServerCertVerified, Error> {
    let parsed = Certificate::parse(presented.end_entity).ok_or(CertificateError::BadEncoding)?;
    let now = date_time(presented.now).ok_or(CertificateError::BadEncoding)?;
    if now < parsed.valid_from {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > parsed.valid_until {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(presented.end_entity)?, presented.server_name)?;
    Ok(ServerCertVerified::assertion())
}
