//! The authorities that are trusted beside those of the system: one that was given for all registries, and those that
//! docker and podman keep for one registry, in `certs.d/HOST[:PORT]/*.crt`. A certificate that a registry presents itself can
//! be given in the same places. It leaves out client certificates, and has no way to trust any certificate.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::registry::error::{AuthorityProblem, CheckError};
use crate::system::bounded_file;
use crate::system::tls::SystemAuthorities;

/// Where certificates of authorities are.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// A file of PEM certificates, for all registries.
    pub ca_file: Option<PathBuf>,
    /// Folders that have a folder for each registry.
    pub folders: Vec<PathBuf>,
    pub system: SystemAuthorities,
}

impl Trust {
    /// Whether an authority was given that this registry may have its certificate from. Then it speaks TLS, even on
    /// loopback.
    pub(in crate::registry) fn covers(&self, registry: &str) -> bool {
        self.ca_file.is_some() || self.is_for(registry)
    }

    /// Whether there is an authority for this registry alone.
    pub(in crate::registry) fn is_for(&self, registry: &str) -> bool {
        !self.files_for(registry).is_empty()
    }

    /// Returns the certificates to believe for a registry.
    pub(in crate::registry) fn certificates(&self, registry: &str) -> Result<Vec<CertificateDer<'static>>, CheckError> {
        let mut given = Vec::new();
        for path in self.ca_file.iter().cloned().chain(self.files_for(registry)) {
            let certificates = read(&path).map_err(|source| CheckError::Authority { path, source })?;
            given.extend(certificates);
        }
        Ok(given)
    }

    /// Returns the files for a registry, in the order of their names. A folder that cannot be read has none.
    fn files_for(&self, registry: &str) -> Vec<PathBuf> {
        let entries = self.folders.iter().filter_map(|folder| folder.join(registry).read_dir().ok()).flatten();
        let mut files: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "crt"))
            .collect();
        files.sort();
        files
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, AuthorityProblem> {
    let pem = bounded_file::read(path).map_err(AuthorityProblem::Unreadable)?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(AuthorityProblem::NoCertificate),
    }
}
