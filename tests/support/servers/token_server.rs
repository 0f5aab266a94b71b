//! The token server that docker-registry is configured for: the fixture's rules, and tokens that it can verify, which
//! the `openssl` program signs (RS256).

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::command::{Command, Home};
use crate::support::http::{LoggedRequest, Reply, Response, Server};
use crate::support::login::Login;
use crate::support::registry::{Grant, grant};

const ISSUER: &str = "test token server";
const SERVICE: &str = "docker-registry";
const LIFETIME: u64 = 300;

pub(super) struct TokenServer {
    server: Server,
    certificate: PathBuf,
}

impl TokenServer {
    /// Starts one that knows a login. Its key and certificate are made in `home`.
    pub(super) fn start(login: &Login, home: &Home) -> Self {
        let signer = Signer::create(home);
        let certificate = signer.certificate.clone();
        let login = login.clone();
        let server = Server::start(move |head, body| {
            let body = body.read_all()?;
            Ok(Reply::Send(match grant(head, &body, &login) {
                Ok(grant) => {
                    let token = signer.token(&grant);
                    Response::json(200, &json!({ "token": token, "access_token": token, "expires_in": LIFETIME }))
                }
                Err(refusal) => refusal,
            }))
        });
        Self { server, certificate }
    }

    /// Returns the section of docker-registry's configuration that sends clients here.
    pub(super) fn registry_configuration(&self) -> String {
        format!(
            "auth: {{token: {{realm: 'http://{}/token', service: {SERVICE}, issuer: {ISSUER}, rootcertbundle: {}}}}}",
            self.server.address(),
            self.certificate.display()
        )
    }

    pub(super) fn request_lines(&self) -> Vec<String> {
        self.server.requests().iter().map(LoggedRequest::line).collect()
    }
}

struct Signer {
    key: PathBuf,
    certificate: PathBuf,
    /// The certificate as a token carries it: its DER form in base64.
    chain: String,
    issued: AtomicUsize,
}

impl Signer {
    fn create(home: &Home) -> Self {
        let (key, certificate) = (home.path().join("token.key"), home.path().join("token.pem"));
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .run()
            .success();
        let pem = std::fs::read_to_string(&certificate).expect("the certificate that was made just now");
        let chain = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Self { key, certificate, chain, issued: AtomicUsize::new(0) }
    }

    fn token(&self, grant: &Grant) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        let access: Vec<Value> = grant
            .scopes
            .iter()
            .map(|scope| json!({ "type": "repository", "name": scope.repository, "actions": scope.actions }))
            .collect();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [self.chain] });
        let claims = json!({
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": grant.user.as_deref().unwrap_or_default(),
            "iat": now,
            "nbf": now - 5,
            "exp": now + LIFETIME,
            "jti": self.issued.fetch_add(1, Ordering::SeqCst).to_string(),
            "access": access,
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let openssl = Command::new("openssl").args(["dgst", "-sha256", "-sign"]).arg(&self.key);
        let signature = openssl.stdin(signed.as_str()).run().success().stdout;
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
