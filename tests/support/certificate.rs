//! A certificate for a server on loopback, and the authority that it is from, which no system knows. openssl makes both.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};

use super::command::{Command, Home};
use super::servers::installed;

/// For a server that is reached as `localhost` and as 127.0.0.1.
pub const LOOPBACK: &str = "DNS:localhost,IP:127.0.0.1";

/// A certificate with its key, in files that are deleted after their last user.
#[derive(Clone)]
pub struct Certificate {
    home: Home,
    requires_client: bool,
}

impl Certificate {
    /// Makes an authority, and a certificate of it for these names. `None` if openssl is not installed.
    #[track_caller]
    pub fn issue(names: &str) -> Option<Self> {
        installed("openssl")?;
        let home = Home::new();
        home.write("extensions", &format!("subjectAltName={names}\nextendedKeyUsage=serverAuth\n"));
        let openssl = |arguments: &str| {
            Command::new("openssl").home(&home).current_dir(home.path()).args(arguments.split(' ')).run().success();
        };
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout";
        let authority = "-out ca.pem -days 30 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE";
        openssl(&format!("req -x509 {new_key} ca.key {authority}"));
        openssl(&format!("req {new_key} server.key -out server.csr -subj /CN=localhost"));
        let signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out server.pem";
        openssl(&format!("x509 -req -in server.csr {signed}"));
        Some(Self { home, requires_client: false })
    }

    /// Makes a certificate that signs itself, as the manuals of registries have it made: openssl then makes it an authority's.
    /// `None` where openssl is not installed.
    #[track_caller]
    pub fn self_signed(names: &str) -> Option<Self> {
        installed("openssl")?;
        let certificate = Self { home: Home::new(), requires_client: false };
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem";
        certificate
            .openssl(&format!("req -x509 {new_key} -days 30 -subj /CN=localhost -addext subjectAltName={names}"));
        Some(certificate)
    }

    /// Makes one that is valid between two times, such as `20200101000000Z`.
    #[track_caller]
    pub fn self_signed_between(names: &str, start: &str, end: &str) -> Option<Self> {
        installed("openssl")?;
        let certificate = Self { home: Home::new(), requires_client: false };
        let (home, files) = (&certificate.home, "database=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256");
        let policy = "policy=policy\n[policy]\ncommonName=supplied";
        home.write("configuration", &format!("[ca]\ndefault_ca=own\n[own]\n{files}\n{policy}\n"));
        home.write("extensions", &format!("subjectAltName={names}\nbasicConstraints=critical,CA:TRUE\n"));
        home.write("index", "");
        home.write("serial", "01");
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr";
        certificate.openssl(&format!("req {new_key} -subj /CN=localhost"));
        let signed = "-keyfile server.key -in server.csr -out server.pem -extfile extensions -notext";
        let dates = format!("-startdate {start} -enddate {end}");
        certificate.openssl(&format!("ca -batch -selfsign -config configuration {signed} {dates}"));
        Some(certificate)
    }

    /// Makes an authority, and a certificate of it of the first version of X.509, which names no hosts: openssl does so if it gets
    /// no extensions. `None` where openssl is not installed.
    #[track_caller]
    pub fn of_version_one() -> Option<Self> {
        let certificate = Self::issue(LOOPBACK)?;
        certificate
            .openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem");
        Some(certificate)
    }

    #[track_caller]
    fn openssl(&self, arguments: &str) {
        let folder = self.home.path();
        Command::new("openssl").home(&self.home).current_dir(folder).args(arguments.split(' ')).run().success();
    }

    /// Makes a certificate of the same authority for a client. Servers with this one then require such a one.
    #[track_caller]
    pub fn requiring_client(self) -> Self {
        let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key -out client.csr";
        self.openssl(&format!("req {new_key} -subj /CN=client"));
        self.home.write("client-extensions", "extendedKeyUsage=clientAuth\n");
        let signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile client-extensions -out client.pem";
        self.openssl(&format!("x509 -req -in client.csr {signed}"));
        Self { requires_client: true, ..self }
    }

    /// Makes the client's certificate again, of the first version of X.509.
    #[track_caller]
    pub fn with_client_of_version_one(self) -> Self {
        self.openssl("x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out client.pem");
        self
    }

    /// Returns whether servers with this certificate require one of their clients.
    pub fn requires_client(&self) -> bool {
        self.requires_client
    }

    /// Returns the file with the client's certificate.
    pub fn client(&self) -> PathBuf {
        self.home.path().join("client.pem")
    }

    /// Returns the file with the client's key.
    pub fn client_key(&self) -> PathBuf {
        self.home.path().join("client.key")
    }

    /// Writes the client's certificate and its key in the DER form, and returns their files.
    #[track_caller]
    pub fn client_in_der(&self) -> [PathBuf; 2] {
        self.openssl("x509 -in client.pem -outform DER -out client.der");
        self.openssl("pkcs8 -topk8 -nocrypt -in client.key -outform DER -out client-key.der");
        ["client.der", "client-key.der"].map(|name| self.home.path().join(name))
    }

    /// Returns the file with the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// Returns the file with the server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.home.path().join("server.pem")
    }

    /// Returns the file with the server's key.
    pub fn key(&self) -> PathBuf {
        self.home.path().join("server.key")
    }

    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        let certificates = CertificateDer::pem_file_iter(self.certificate()).expect("the server's certificate");
        let certificates = certificates.collect::<Result<_, _>>().expect("a certificate in PEM");
        let key = PrivateKeyDer::from_pem_file(self.key()).expect("the server's key in PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider's own versions of TLS");
        let config = if self.requires_client {
            let mut authorities = RootCertStore::empty();
            let authority = CertificateDer::from_pem_file(self.authority()).expect("the authority's certificate");
            authorities.add(authority).expect("an authority");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(authorities.into(), Arc::clone(&provider)).build();
            config.with_client_cert_verifier(verifier.expect("a verifier of clients"))
        } else {
            config.with_no_client_auth()
        };
        let key = provider.key_provider.load_private_key(key).expect("a key that TLS can use");
        // Whether clients can use the certificate is for them to say.
        let shown = SingleCertAndKey::from(CertifiedKey::new(certificates, key));
        config.with_cert_resolver(Arc::new(shown)).into()
    }
}
