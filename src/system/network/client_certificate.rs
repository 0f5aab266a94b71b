//! The certificate by which this side shows who it is, for servers that require one (mutual TLS).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::certificate::Certificate;
use crate::system::disk::bounded_file;
use crate::system::disk::shown_path::shown_path;

/// What the line of a key that is encrypted has in it, in each of the PEM forms.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// The first byte of a certificate in the DER form.
const DER_SEQUENCE: u8 = 0x30;

/// A certificate, with the chain to its authority, and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate(Arc<CertifiedKey>);

/// The two files of a client certificate; they may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFile {
    Certificate,
    Key,
}

/// A client certificate that cannot be used. It shows nothing of a key.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} as the {} of a client", shown(.path), .file)]
pub struct ClientCertificateError {
    path: PathBuf,
    /// The one that is wrong.
    pub file: CertificateFile,
    source: ClientCertificateProblem,
}

impl fmt::Display for CertificateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
        })
    }
}

fn shown(path: &Path) -> String {
    shown_path(path).map_or("a text in place of the name of a file".to_owned(), |path| format!("`{path}`"))
}

/// What is wrong with a file of a client certificate.
#[derive(Debug, thiserror::Error)]
pub enum ClientCertificateProblem {
    #[error("cannot read it")]
    Unreadable(#[source] io::Error),
    #[error("it holds no certificate, in the PEM or the DER form")]
    NoCertificate,
    #[error("it holds no private key, in the PEM or the DER form")]
    NoKey,
    #[error("it is encrypted; give a key without a passphrase")]
    Encrypted,
    #[error("it is of a kind that TLS does not use here")]
    UnusableKey,
    #[error("it is not the key of the certificate")]
    OtherKey,
    #[error("there is another one beside it, `{}`; keep one of them", .0.display())]
    Second(PathBuf),
}

impl ClientCertificate {
    /// Reads a certificate, and its key from a file of its own or from the same one. Each is in the PEM or the DER form.
    ///
    /// # Errors
    /// A file cannot be read or has neither, the key is encrypted, or it is that of another certificate.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, ClientCertificateError> {
        let wrong = |file, source| {
            let path = match file {
                CertificateFile::Certificate => certificate,
                CertificateFile::Key => key,
            };
            ClientCertificateError { path: path.to_owned(), file, source }
        };
        let unread = |file, error| wrong(file, ClientCertificateProblem::Unreadable(error));
        let chain = bounded_file::read(certificate).map_err(|error| unread(CertificateFile::Certificate, error))?;
        let none = || wrong(CertificateFile::Certificate, ClientCertificateProblem::NoCertificate);
        let chain = certificates(chain).ok_or_else(none)?;
        let bytes = bounded_file::read(key).map_err(|error| unread(CertificateFile::Key, error))?;
        let in_pem = PrivateKeyDer::from_pem_slice(&bytes).ok();
        let Some(secret) = in_pem.or_else(|| PrivateKeyDer::try_from(bytes.clone()).ok()) else {
            let is_encrypted = bytes.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
            let problem =
                if is_encrypted { ClientCertificateProblem::Encrypted } else { ClientCertificateProblem::NoKey };
            return Err(wrong(CertificateFile::Key, problem));
        };
        let provider = rustls::crypto::ring::default_provider();
        let secret = provider.key_provider.load_private_key(secret);
        let secret = secret.map_err(|_unusable| wrong(CertificateFile::Key, ClientCertificateProblem::UnusableKey))?;
        let certified = CertifiedKey::new(chain, secret);
        match certified.keys_match() {
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(wrong(CertificateFile::Key, ClientCertificateProblem::OtherKey))
            }
            // Whether it can be used is for the server to say, such as of one of version 1.
            Err(_) if certified.cert.first().is_none_or(|first| Certificate::parse(first).is_none()) => Err(none()),
            Err(_) | Ok(()) => Ok(Self(Arc::new(certified))),
        }
    }

    /// Returns what shows it to a server that asks for one.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.0)))
    }
}

/// Returns the certificates in a file; `None` if it has none. In the DER form it is one, whose bytes are judged later.
fn certificates(bytes: Vec<u8>) -> Option<Vec<CertificateDer<'static>>> {
    let in_pem = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>().ok()?;
    if in_pem.is_empty() && bytes.first() == Some(&DER_SEQUENCE) {
        return Some(vec![CertificateDer::from(bytes)]);
    }
    Some(in_pem).filter(|chain| !chain.is_empty())
}

impl ClientCertificateError {
    /// Says that a server would have to be shown two certificates.
    pub fn second(path: PathBuf, other: PathBuf) -> Self {
        Self { path, file: CertificateFile::Certificate, source: ClientCertificateProblem::Second(other) }
    }
}
