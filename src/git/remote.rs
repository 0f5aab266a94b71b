//! A remote repository: where it is, how it is reached, and with which login. Its URL as shown has no user and no
//! password. What to read from it is `fetch`, what to write to it is `push`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use gix::bstr::ByteSlice as _;
use gix::protocol::transport::client::blocking_io::ssh;
use gix::url::Scheme;
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;

use super::error::GitError;
use super::http::{Access, parse_header};
use crate::http::{Security, client};

/// A repository that is read and written over its transport, never on disk.
pub struct Remote {
    pub(super) address: Address,
    shown: String,
}

pub(super) enum Address {
    Http {
        url: Url,
        client: Client,
        access: Access,
    },
    /// ssh and local paths, which gix reaches through the programs `ssh`, and `git-upload-pack` or `git-receive-pack`.
    Program {
        url: gix::Url,
        ssh: ssh::connect::Options,
    },
}

/// What belongs to a remote beside its URL.
#[derive(Default)]
pub struct RemoteOptions {
    /// How long one request and its answer may take.
    pub timeout: Duration,
    /// What git calls `GIT_SSH_COMMAND`.
    pub ssh_command: Option<OsString>,
    /// Whether `core.sshCommand` of a checkout that belongs to another user is run: a CI system that hands us such a
    /// checkout is trusted, and actions/checkout puts its ssh key there. Elsewhere it could be anybody's trap.
    pub run_programs_of_others: bool,
    /// Header lines that git's configuration wants on every request, as actions/checkout leaves them.
    pub extra_headers: Vec<String>,
}

impl Remote {
    /// Returns the remote that `url` names: http(s), ssh (`host:path` too), or a local path.
    pub fn at(url: &str, options: &RemoteOptions) -> Result<Self, GitError> {
        // gix quotes the URL, its password included, so its own message is not kept.
        let parsed = gix::url::parse(url.as_bytes().as_bstr()).ok();
        let parsed = parsed.ok_or_else(|| invalid(url, "it does not parse"))?;
        Self::of(parsed, options)
    }

    pub(super) fn of(url: gix::Url, options: &RemoteOptions) -> Result<Self, GitError> {
        let shown = shown(&url);
        let address = match url.scheme {
            Scheme::Http | Scheme::Https => http_address(&url, &shown, options)?,
            Scheme::Ssh => {
                let command = options.ssh_command.clone();
                Address::Program { url, ssh: ssh::connect::Options { command, ..Default::default() } }
            }
            Scheme::File => local_address(url)?,
            _ => return Err(invalid(&shown, "only http, https, ssh and local paths are supported")),
        };
        Ok(Self { address, shown })
    }

    pub(super) fn has_credentials(&self) -> bool {
        matches!(&self.address, Address::Http { access, .. } if access.authorization.is_some())
    }

    pub(super) fn unavailable(&self, error: impl Into<anyhow::Error>) -> GitError {
        GitError::Unavailable { remote: self.shown.clone(), source: error.into() }
    }

    pub(super) fn unsupported(&self, what: &'static str) -> GitError {
        GitError::Unsupported { remote: self.shown.clone(), what }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn invalid(url: &str, why: &str) -> GitError {
    // A URL that did not parse may still hold a password.
    let shown = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    GitError::Url { url: shown.to_owned(), why: why.to_owned() }
}

/// Returns a URL as people name a repository: host and path, nothing that could be a secret.
fn shown(url: &gix::Url) -> String {
    let path = url.path.to_str_lossy();
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    match (url.host(), url.port) {
        (None, _) => url.path.to_str_lossy().into_owned(),
        (Some(host), None) => format!("{host}/{}", path.trim_start_matches('/')),
        (Some(host), Some(port)) => format!("{host}:{port}/{}", path.trim_start_matches('/')),
    }
}

fn http_address(url: &gix::Url, shown: &str, options: &RemoteOptions) -> Result<Address, GitError> {
    let mut access = Access::default();
    for line in &options.extra_headers {
        match parse_header(line) {
            Some((AUTHORIZATION, value)) => access.authorization = Some(value),
            Some((name, value)) => {
                access.headers.append(name, value);
            }
            None => {}
        }
    }
    if let Some(user) = url.user() {
        access.authorization = Some(basic(user, url.password().unwrap_or_default()));
    }
    if let Some(value) = &mut access.authorization {
        value.set_sensitive(true);
    }
    let mut public = url.clone();
    public.set_user(None);
    public.set_password(None);
    let url = Url::parse(&public.to_bstring().to_str_lossy()).map_err(|error| invalid(shown, &error.to_string()))?;
    let security = if url.scheme() == "https" { Security::Tls } else { Security::Plain };
    // Redirects are followed by hand: see `Conversation`.
    let client = client(security, options.timeout)
        .redirect(Policy::none())
        .build()
        .map_err(|error| GitError::unexpected("the HTTP client cannot be made", error))?;
    Ok(Address::Http { url, client, access })
}

fn basic(user: &str, password: &str) -> HeaderValue {
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    // Base64 has no character that a header forbids.
    HeaderValue::try_from(format!("Basic {login}")).unwrap_or_else(|_| HeaderValue::from_static("Basic"))
}

fn local_address(url: gix::Url) -> Result<Address, GitError> {
    let path = PathBuf::from(url.path.to_os_str_lossy().into_owned());
    if !path.is_dir() {
        return Err(GitError::NoRepository { path, source: anyhow::Error::msg("it is not a folder") });
    }
    Ok(Address::Program { url, ssh: ssh::connect::Options::default() })
}

#[cfg(test)]
mod tests {
    use super::{Address, Remote, RemoteOptions};

    fn remote(url: &str) -> Remote {
        Remote::at(url, &RemoteOptions::default()).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn shown_without_login() {
        for (url, expected) in [
            ("https://user:s3cret@github.com/org/repo.git", "github.com/org/repo"),
            ("http://127.0.0.1:8080/repo.git/", "127.0.0.1:8080/repo"),
            ("git@github.com:org/repo.git", "github.com/org/repo"),
            ("ssh://git@host:2222/srv/repo.git", "host:2222/srv/repo"),
            ("/", "/"),
        ] {
            assert_eq!(remote(url).to_string(), expected, "{url}");
        }
    }

    #[test]
    fn a_login_in_the_url_becomes_a_header() {
        let Address::Http { url, access, .. } = remote("https://me:p%40ss@host/repo.git").address else {
            panic!("no http");
        };
        assert_eq!(url.as_str(), "https://host/repo.git");
        assert_eq!(access.authorization.unwrap(), "Basic bWU6cEBzcw==", "me:p@ss");
    }

    #[test]
    fn refused_without_the_password() {
        for url in ["ftp://me:s3cret@host/repo", "https://me:s3cret@/repo", "git://host/repo", "", "ext::sh -c x"] {
            let Err(error) = Remote::at(url, &RemoteOptions::default()) else {
                panic!("{url}: accepted");
            };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
