//! The authorities that are trusted beside those of the system: one that was given for all registries, and those that
//! docker and podman keep for one registry, in `certs.d/HOST[:PORT]/*.crt`. A certificate that a registry presents itself can
//! be given in the same places. There is no way to trust any certificate. Beside the authorities of a registry is the certificate
//! that it requires of its clients, if it does: `NAME.cert`, with its key in `NAME.key`.

use std::path::{Path, PathBuf};

use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::address::shown_host;
use crate::registry::error::{AuthorityProblem, CheckError};
use crate::system::disk::bounded_file;
use crate::system::network::client_certificate::{ClientCertificate, ClientCertificateError};
use crate::system::network::tls::SystemAuthorities;

/// How the files of authorities end in the folder of a host.
const AUTHORITY: &str = "crt";

/// How the files of client certificates end there.
const CLIENT: &str = "cert";

/// Where certificates are.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// A file of PEM certificates, for all registries.
    pub ca_file: Option<PathBuf>,
    /// Folders that have a folder for each registry.
    pub folders: Vec<PathBuf>,
    pub system: SystemAuthorities,
}

impl Trust {
    /// Whether an authority was given that the host of these names may have its certificate from. Then it speaks TLS, even on
    /// loopback.
    pub(in crate::registry) fn covers(&self, names: &[String]) -> bool {
        self.ca_file.is_some() || self.is_for(names)
    }

    /// Whether there is a certificate for this host alone.
    pub(in crate::registry) fn is_for(&self, names: &[String]) -> bool {
        [AUTHORITY, CLIENT].iter().any(|kind| !self.files_for(names, kind).is_empty())
    }

    /// Returns the certificates to believe for a host.
    pub(in crate::registry) fn certificates(
        &self,
        names: &[String],
    ) -> Result<Vec<CertificateDer<'static>>, CheckError> {
        let mut given = Vec::new();
        for path in self.ca_file.iter().cloned().chain(self.files_for(names, AUTHORITY)) {
            let certificates = read(&path).map_err(|source| CheckError::Authority { path, source })?;
            given.extend(certificates);
        }
        Ok(given)
    }

    /// Returns the certificate to show to a host. docker and podman take several; which of them a server means is not decided
    /// here.
    pub(in crate::registry) fn client_certificate(
        &self,
        names: &[String],
    ) -> Result<Option<ClientCertificate>, CheckError> {
        let mut files = self.files_for(names, CLIENT).into_iter();
        let Some(certificate) = files.next() else { return Ok(None) };
        // docker and podman may have the same in a folder of their own each.
        let read = match files.find(|other| other.parent() == certificate.parent()) {
            Some(second) => Err(ClientCertificateError::second(second, certificate)),
            None => ClientCertificate::read(&certificate, &certificate.with_extension("key")),
        };
        read.map(Some).map_err(CheckError::ClientCertificate)
    }

    /// Returns the files of a kind for a host, in the order of their names. A folder that cannot be read has none.
    fn files_for(&self, names: &[String], kind: &str) -> Vec<PathBuf> {
        let folders = self.folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
        let entries = folders.filter_map(|folder| folder.read_dir().ok()).flatten();
        let mut files: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == kind))
            .collect();
        files.sort_unstable();
        files
    }
}

/// Returns the names under which authorities for the host of a URL are kept: that of the URL, and the one that the image has if
/// the host is its registry. docker and podman know the second alone, which can have capitals, or a port that a URL drops.
pub(in crate::registry) fn names(url: &Url, written: Option<&str>) -> Vec<String> {
    let shown = shown_host(url);
    let written = written.filter(|written| *written != shown).map(str::to_owned);
    written.into_iter().chain([shown]).collect()
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, AuthorityProblem> {
    let pem = bounded_file::read(path).map_err(AuthorityProblem::Unreadable)?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(AuthorityProblem::NoCertificate),
    }
}

#[cfg(test)]
mod tests {
    use super::{Url, names};

    #[test]
    fn where_authorities_are_kept() {
        for (url, written, expected) in [
            ("https://h.test/v2/", Some("h.test"), &["h.test"][..]),
            ("https://h.test/v2/", Some("h.test:443"), &["h.test:443", "h.test"]),
            ("https://h.test/v2/", Some("H.test"), &["H.test", "h.test"]),
            ("https://h.test:5000/v2/", Some("h.test:5000"), &["h.test:5000"]),
            ("https://registry-1.docker.io/v2/", Some("docker.io"), &["docker.io"]),
            ("https://auth.test/token", None, &["auth.test"]),
        ] {
            assert_eq!(names(&Url::parse(url).unwrap(), written), expected, "{url} {written:?}");
        }
    }
}
