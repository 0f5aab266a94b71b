//! Debian's docker-registry (2.8.2): the registry that most others descend from, with each of its kinds of login.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::token_server::TokenServer;
use super::{Daemon, installed};
use crate::support::certificate::{Certificate, LOOPBACK};
use crate::support::command::{Command, Home};
use crate::support::login::Login;
use crate::support::registry::{Auth, Registry, digest_of};

/// A running docker-registry. It ends with its handle.
pub struct DockerRegistry {
    daemon: Daemon,
    login: Option<Login>,
    requests_seen: usize,
    token_server: Option<TokenServer>,
    certificate: Option<Certificate>,
}

impl DockerRegistry {
    /// Starts an empty one: open, with an htpasswd file, or with a token server. `None` if it is not installed.
    #[track_caller]
    pub fn start(auth: &Auth) -> Option<Self> {
        Self::start_in(Home::new(), auth, "")
    }

    /// Starts an open one that speaks TLS, with a certificate for `localhost` and 127.0.0.1 of an authority of its own.
    /// Returns the authority's certificate too.
    #[track_caller]
    pub fn start_tls() -> Option<(Self, PathBuf)> {
        let issued = Certificate::issue(LOOPBACK)?;
        let authority = issued.authority();
        Some((Self::start_tls_with(&issued)?, authority))
    }

    /// Starts an open one with this certificate, which may require one of its clients.
    #[track_caller]
    pub fn start_tls_with(issued: &Certificate) -> Option<Self> {
        let (certificate, key) = (issued.certificate(), issued.key());
        let clients = match issued.requires_client() {
            true => format!(", clientcas: [{}]", issued.authority().display()),
            false => String::new(),
        };
        let tls = format!(", tls: {{certificate: {}, key: {}{clients}}}", certificate.display(), key.display());
        let registry = Self::start_in(Home::new(), &Auth::None, &tls)?;
        Some(Self { certificate: Some(issued.clone()), ..registry })
    }

    #[track_caller]
    fn start_in(home: Home, auth: &Auth, tls: &str) -> Option<Self> {
        let (program, _) = (installed("docker-registry")?, installed("skopeo")?);
        let (section, login, token_server) = match auth {
            Auth::None => (String::new(), None, None),
            Auth::Basic(login) => {
                installed("perl")?;
                let file = home.write("htpasswd", &htpasswd(login));
                let section = format!("auth: {{htpasswd: {{realm: docker-registry, path: {}}}}}", file.display());
                (section, Some(login.clone()), None)
            }
            Auth::Bearer(login) => {
                installed("openssl")?;
                let server = TokenServer::start(login, &home);
                (server.registry_configuration(), Some(login.clone()), Some(server))
            }
        };
        let data = home.path().join("data/registry");
        let daemon = Daemon::start(&home, |port| {
            let configuration = format!(
                "version: 0.1\nlog: {{level: error, formatter: text}}\nhttp: {{addr: '127.0.0.1:{port}'{tls}}}\n\
                 storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n{section}\n",
                data.display()
            );
            Command::new(&program).arg("serve").arg(home.write("config.yml", &configuration))
        });
        Some(Self { daemon, login, requests_seen: 0, token_server, certificate: None })
    }

    /// Returns `127.0.0.1:port`, which begins the name of every image in this registry.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.daemon.port)
    }

    /// Copies an image with all its platforms from an open registry, with skopeo. Its digest stays.
    #[track_caller]
    pub fn copy_from(&mut self, source: &Registry, repository: &str, tag: &str) {
        let name = |address: &str| format!("docker://{address}/{repository}:{tag}");
        let (from, to) = (name(&source.address()), name(&self.address()));
        let home = Home::new();
        let auth = self.login.as_ref().map(Login::encoded);
        let auth = auth.map(|auth| serde_json::json!({ self.address(): { "auth": auth } }));
        let auth_file = home.write("auth.json", &serde_json::json!({ "auths": auth.unwrap_or_default() }).to_string());
        Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"])
            .args(["--src-tls-verify=false", "--dest-tls-verify=false", "--authfile"])
            .arg(auth_file)
            .args([from, to])
            .home(&home)
            .run()
            .success();
        self.forget_requests(&format!("PUT /v2/{repository}/manifests/{tag} 201"));
    }

    /// Pushes all that a repository of an open registry has into this open one: also what skopeo takes for no image.
    #[track_caller]
    pub fn push_from(&mut self, source: &Registry, repository: &str) {
        let contents = source.contents(repository);
        for blob in contents.blobs {
            let begun = self.send("POST", &format!("/v2/{repository}/blobs/uploads/"), "", &[]);
            let location = begun.lines().find_map(|line| line.strip_prefix("Location: ")).expect("an upload");
            let path = &location[location.find("/v2/").expect("a path")..];
            let done =
                self.send("PUT", &format!("{path}&digest={}", digest_of(&blob)), "application/octet-stream", &blob);
            assert!(done.starts_with("HTTP/1.1 201"), "{done}");
        }
        let mut last = String::new();
        for (name, media_type, bytes) in contents.manifests {
            let path = format!("/v2/{repository}/manifests/{name}");
            let done = self.send("PUT", &path, &media_type, &bytes);
            assert!(done.starts_with("HTTP/1.1 201"), "{done}");
            last = format!("PUT {path} 201");
        }
        self.forget_requests(&last);
    }

    /// Sends one request, and returns the answer.
    fn send(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> String {
        let address = self.address();
        let mut connection = TcpStream::connect(&address).expect("the registry listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        connection.write_all(&[head.as_bytes(), body].concat()).expect("the registry reads");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("the registry answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until the registry has logged `count` requests since the last call, and returns them all as
    /// `METHOD /path status`. The registry logs a request after it has answered it, so the last ones come late.
    pub fn request_lines(&mut self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let lines: Vec<_> = self.access_log().into_iter().skip(self.requests_seen).collect();
            if lines.len() >= count || Instant::now() > deadline {
                self.requests_seen += lines.len();
                return lines;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the requests to the token server since the last call as `METHOD /path status`.
    pub fn token_request_lines(&self) -> Vec<String> {
        self.token_server.iter().flat_map(TokenServer::request_lines).collect()
    }

    /// Forgets all requests up to the one that ended a push.
    fn forget_requests(&mut self, last: &str) {
        while !self.request_lines(1).iter().any(|line| line == last) {
            assert!(self.daemon.is_running(), "the registry ended:\n{}", self.daemon.log());
        }
        self.token_request_lines();
    }

    fn access_log(&self) -> Vec<String> {
        self.daemon.log().lines().filter_map(parse).collect()
    }
}

/// Returns the line of a password file. docker-registry takes bcrypt only, which perl has from the C library.
fn htpasswd(login: &Login) -> String {
    let script = r"chomp(my $password = <STDIN>); print crypt($password, q($2b$05$abcdefghijklmnopqrstuu))";
    let hash = Command::new("perl").args(["-e", script]).stdin(login.password.as_str()).run().success().stdout();
    format!("{}:{hash}\n", login.user)
}

/// Reads `… "HEAD /v2/app/manifests/v1 HTTP/1.1" 200 …`, the format of Apache.
fn parse(line: &str) -> Option<String> {
    let (request, rest) = line.split_once('"')?.1.split_once("\" ")?;
    let mut words = request.split(' ');
    let (method, target, _version) = (words.next()?, words.next()?, words.next().filter(|v| v.starts_with("HTTP/"))?);
    let path = target.split('?').next().unwrap_or(target);
    Some(format!("{method} {path} {}", rest.split(' ').next()?))
}
