//! The certificate by which this side shows who it is, for servers that require one (mutual TLS).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::bounded_file;

/// What the line of a key that is encrypted has in it, in each of the PEM forms.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// A certificate, with the chain to its authority, and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate(Arc<CertifiedKey>);

/// A client certificate that cannot be used. It has nothing of a key in it.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{}` as a client certificate", path.display())]
pub struct ClientCertificateError {
    /// The file that is wrong.
    path: PathBuf,
    source: ClientCertificateProblem,
}

/// What is wrong with a file of a client certificate.
#[derive(Debug, thiserror::Error)]
pub enum ClientCertificateProblem {
    #[error("cannot read it")]
    Unreadable(#[source] io::Error),
    #[error("it holds no certificate in the PEM form")]
    NoCertificate,
    #[error("it holds no private key in the PEM form")]
    NoKey,
    #[error("its key is encrypted, and nobody is there to type a passphrase")]
    Encrypted,
    #[error("its key is of a kind that TLS does not use here")]
    UnusableKey,
    #[error("its key is not that of the certificate")]
    OtherKey,
    #[error("there is another one beside it, `{}`", .0.display())]
    Second(PathBuf),
}

impl ClientCertificate {
    /// Reads a certificate, and its key from a file of its own or from the same one. Both are in the PEM form.
    ///
    /// # Errors
    /// A file cannot be read or has neither, the key is encrypted, or it is that of another certificate.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, ClientCertificateError> {
        let wrong = |path: &Path, source| ClientCertificateError { path: path.to_owned(), source };
        let bytes = |path: &Path| {
            bounded_file::read(path).map_err(|error| wrong(path, ClientCertificateProblem::Unreadable(error)))
        };
        let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| wrong(certificate, ClientCertificateProblem::NoCertificate))?;
        let pem = bytes(key)?;
        let Ok(secret) = PrivateKeyDer::from_pem_slice(&pem) else {
            let is_encrypted = pem.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
            let problem =
                if is_encrypted { ClientCertificateProblem::Encrypted } else { ClientCertificateProblem::NoKey };
            return Err(wrong(key, problem));
        };
        let provider = rustls::crypto::ring::default_provider();
        let certified = CertifiedKey::from_der(chain, secret, &provider).map_err(|error| {
            let problem = match error {
                rustls::Error::InconsistentKeys(_) => ClientCertificateProblem::OtherKey,
                _ => ClientCertificateProblem::UnusableKey,
            };
            wrong(key, problem)
        })?;
        Ok(Self(Arc::new(certified)))
    }

    /// Returns what shows it to a server that asks for one.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.0)))
    }
}

impl ClientCertificateError {
    /// Says that a server would have to be shown two certificates.
    pub fn second(path: PathBuf, other: PathBuf) -> Self {
        Self { path, source: ClientCertificateProblem::Second(other) }
    }
}
