//! A remote repository: its address, the transport, and the login. As shown, its URL has no user and no password. `reader`
//! reads from it, `push` writes to it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gix::bstr::{BString, ByteSlice as _};
use gix::url::Scheme;
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::AUTHORIZATION;

use super::remote_url::{parsed, written_host};
use super::same_place::is_same;
use super::unmet_include::UnmetInclude;
use crate::git::configuration::{user_configuration, values};
use crate::git::error::GitError;
use crate::git::wire::conversation::{Access, parse_header};
use crate::git::wire::credential_helper::{Askpass, Helpers};
use crate::git::wire::host_login::RemoteLogin;
use crate::git::wire::http_client::{http_client, proxies};
use crate::git::wire::http_config::{HttpSettings, RemoteUse, TlsVariables, rewritten};
use crate::git::wire::known_login::{HostLogin, InsecureGit, LoginOrigin, LoginPlaces, UrlWriter, Withheld};
use crate::git::wire::protection::Protection;
use crate::git::wire::restrictions::{ProtocolVariables, refuse_forbidden};
use crate::git::wire::ssh::{Ssh, SshSettings};
use crate::git::wire::traffic::{Counters, Traffic};
use crate::system::network::authorization_header::basic;
use crate::system::network::notices::Notices;
use crate::system::network::proxy::Proxies;
use crate::system::network::proxy_route::ProxyRoute;
use crate::system::network::tls::SystemAuthorities;

/// A repository that is read and written over a transport; a local path as well.
pub struct Remote {
    pub(in crate::git) address: Address,
    pub(in crate::git) counters: Arc<Counters>,
    pub(in crate::git) timeout: Duration,
    /// git's configuration, for other services of the server and for a push: its text, which threads can share.
    pub(super) config: BString,
    shown: String,
    url: Option<Box<Url>>,
    /// Why the configuration of a checkout may lack a login.
    pub(in crate::git) unmet_include: Option<Box<UnmetInclude>>,
}

pub(in crate::git) enum Address {
    Http { url: Url, client: Client, access: Arc<Access> },
    Program(Server),
}

/// A server that is reached through a program: `ssh`, or git's own server on this machine.
pub(in crate::git) enum Server {
    Ssh {
        ssh: Box<Ssh>,
        /// The path as the shell on the host reads it.
        path: BString,
    },
    Local {
        path: PathBuf,
    },
}

/// Settings of a remote beside its URL.
#[derive(Clone, Default)]
pub struct RemoteOptions {
    pub remote_use: RemoteUse,
    /// The limit of each wait for the server.
    pub timeout: Duration,
    pub ssh: SshSettings,
    pub tls: TlsVariables,
    pub protocols: ProtocolVariables,
    /// What the environment names in place of the system's CA certificates.
    pub system: SystemAuthorities,
    /// The forward proxies that the environment names.
    pub proxies: Proxies,
    /// Logins from the environment, in the order in which they count.
    pub logins: Vec<HostLogin>,
    /// Whether these were given for another repository, so that this one may be hidden to some of them.
    pub for_another: bool,
    /// Whether these go over a connection that does not protect them.
    pub insecure: InsecureGit,
    pub askpass: Askpass,
    /// The folder of `.netrc`.
    pub home: Option<PathBuf>,
    /// Gets what a person should know of the connections.
    pub notices: Notices,
}

impl Remote {
    /// Returns the remote that `url` names: http(s), ssh (`host:path` too), or a local path. The user's and the system's
    /// configuration of git apply.
    pub fn at(url: &str, options: &RemoteOptions) -> Result<Self, GitError> {
        let config = user_configuration()?;
        let written = url;
        let url = rewritten(&config, written, options.remote_use);
        let of_url = parsed(&url).ok_or_else(|| invalid(&url, "it does not parse"))?;
        let is_users = url == written || parsed(written).is_some_and(|written| written.password() == of_url.password());
        let written_by = if is_users { UrlWriter::User } else { UrlWriter::Configuration };
        Self::of(of_url, &url, None, written_by, &config, options)
    }

    /// Returns the remote of `url`, which `text` was parsed to. `name` is that of the remote in git's configuration.
    pub(in crate::git) fn of(
        mut url: gix::Url,
        text: &str,
        name: Option<&str>,
        written_by: UrlWriter,
        config: &gix::config::File,
        options: &RemoteOptions,
    ) -> Result<Self, GitError> {
        if url.scheme == Scheme::File && !url.serialize_alternative_form {
            url.path = unescaped(&url.path);
        }
        refuse_forbidden(&url, options.remote_use, config, &options.protocols)?;
        let shown = shown(&url);
        let public = public_url(&url);
        let address = match url.scheme {
            Scheme::Http | Scheme::Https => http_address(&url, name, written_by, &shown, config, options)?,
            Scheme::Ssh => {
                // Without its scheme, `user:token@host/path` parses as a host and a path of ssh, one of which holds the
                // token; so does `https:/user:token@host/path`.
                let is_scheme = url.host().is_some_and(|host| ["http", "https"].contains(&host));
                if is_scheme || url.path.find_byte(b'@').is_some_and(|at| !url.path[..at].contains(&b'/')) {
                    return Err(invalid(&shown, "is `https://` missing before it?"));
                }
                let path = gix::url::expand_path::for_shell(url.path.clone());
                refuse_option(&shown, &path)?;
                let ssh = Ssh::new(&url, written_host(text, &url), config, &options.ssh)
                    .map_err(|why| invalid(&shown, why))?;
                Address::Program(Server::Ssh { ssh: Box::new(ssh), path })
            }
            Scheme::File => local_address(url)?,
            scheme => {
                let why = format!(
                    "`{scheme}` is not supported; http, https, ssh and local paths are",
                    scheme = scheme.as_str()
                );
                return Err(invalid(&shown, &why));
            }
        };
        let (timeout, config) = (options.timeout, config.to_bstring());
        let url = public.map(Box::new);
        Ok(Self { address, counters: Arc::default(), timeout, config, shown, url, unmet_include: None })
    }

    /// Returns the URL of the server, without a path; `None` if the transport is not HTTP.
    pub fn server(&self) -> Option<String> {
        match &self.address {
            Address::Http { url, .. } => Some(url.origin().ascii_serialization()),
            Address::Program { .. } => None,
        }
    }

    /// Returns the URL over http, https or ssh, without a login; `None` for a local path.
    pub fn url(&self) -> Option<Url> {
        self.url.as_deref().cloned()
    }

    /// Returns whether both are the same repository, over whatever transport and login.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.url, &other.url) {
            (Some(one), Some(other)) => is_same(one, other),
            _ => self.shown == other.shown,
        }
    }

    /// Returns the options of git's configuration, for a push that is given none.
    pub fn push_options(&self) -> Vec<String> {
        let config = gix::config::File::try_from(self.config.as_bstr());
        let options = config.map(|config| values(&config, "push.pushOption")).unwrap_or_default();
        options.iter().map(|option| option.to_str_lossy().into_owned()).collect()
    }

    /// Returns the traffic over HTTP so far; ssh and local paths are not counted.
    pub fn traffic(&self) -> Traffic {
        self.counters.read()
    }

    /// Returns the login and the settings over HTTP; `None` with another transport.
    fn access(&self) -> Option<&Access> {
        match &self.address {
            Address::Http { access, .. } => Some(access),
            Address::Program(_) => None,
        }
    }

    /// Returns where the login comes from that the remote was sent; `None` if it was sent none over HTTP.
    pub(in crate::git) fn login_origin(&self) -> Option<LoginOrigin> {
        self.access()?.login.origin()
    }

    /// Returns whether a refusal of the first request may bring another login for those after it.
    pub(in crate::git) fn may_change_its_login(&self) -> bool {
        self.access().is_some_and(|access| access.login.may_change())
    }

    /// Returns the proxy that the remote is reached through.
    pub(in crate::git) fn proxy(&self) -> Option<&ProxyRoute> {
        self.access()?.proxy.as_ref()
    }

    /// Returns the login that was not sent, because the connection does not protect it.
    pub(in crate::git) fn withheld(&self) -> Option<&Withheld> {
        self.access()?.withheld.as_ref()
    }

    /// Returns which setting for a login is not read, and why git's credential helpers told none, a line each.
    pub(in crate::git) fn login_problems(&self) -> Vec<String> {
        self.access().map(|access| access.login.problems()).unwrap_or_default()
    }

    pub(in crate::git) fn unavailable(&self, error: impl Into<anyhow::Error>) -> GitError {
        let (remote, details) = (self.shown.clone(), Vec::new());
        GitError::Unavailable { remote, answered: false, source: error.into(), details }
    }

    pub(in crate::git) fn unsettled(&self, error: impl Into<anyhow::Error>) -> GitError {
        GitError::Unsettled { remote: self.shown.clone(), source: error.into() }
    }

    pub(in crate::git) fn lacking(&self, error: impl Into<anyhow::Error>) -> GitError {
        GitError::Lacking { remote: self.shown.clone(), source: error.into() }
    }

    pub(in crate::git) fn excessive(&self, what: &'static str) -> GitError {
        GitError::Excessive { remote: self.shown.clone(), what, is_sent: true }
    }

    pub(in crate::git) fn unsupported(&self, what: &'static str) -> GitError {
        GitError::Unsupported { remote: self.shown.clone(), what }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

pub(in crate::git) fn invalid(url: &str, why: &str) -> GitError {
    // A URL that did not parse may still hold a password or a token.
    let shown = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    let shown = shown.split(['?', '#']).next().unwrap_or_default();
    GitError::Url { url: shown.to_owned(), why: why.to_owned() }
}

/// Returns the host and the path of a URL, and nothing that could be a secret.
fn shown(url: &gix::Url) -> String {
    let path = url.path.to_str_lossy();
    // A query or a fragment may be a token.
    let local = path.split(['?', '#']).next().unwrap_or_default();
    let path = local.trim_end_matches('/').trim_end_matches(".git");
    match (url.host(), url.port) {
        (None, _) => local.to_owned(),
        // As it was written, so that it can be copied.
        (Some(host), None) if url.serialize_alternative_form => format!("{host}:{path}"),
        (Some(host), None) => format!("{host}/{}", path.trim_start_matches('/')),
        (Some(host), Some(port)) => format!("{host}:{port}/{}", path.trim_start_matches('/')),
    }
}

/// Returns the URL over http, https or ssh that `text` names, without a login, as it is written; `None` if it is none.
pub fn url_without_login(text: &str) -> Option<Url> {
    public_url(&parsed(text)?)
}

/// Returns a URL over http, https or ssh without its login, a query or a fragment.
fn public_url(url: &gix::Url) -> Option<Url> {
    let scheme = Some(url.scheme.as_str()).filter(|scheme| ["http", "https", "ssh"].contains(scheme))?;
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path.to_str_lossy();
    let mut public = Url::parse(&format!("{scheme}://{}{port}/{}", url.host()?, path.trim_start_matches('/'))).ok()?;
    public.set_query(None);
    public.set_fragment(None);
    Some(public)
}

fn http_address(
    url: &gix::Url,
    name: Option<&str>,
    written_by: UrlWriter,
    shown: &str,
    config: &gix::config::File,
    options: &RemoteOptions,
) -> Result<Address, GitError> {
    let mut settings = HttpSettings::read(config, url, &options.tls);
    // An empty one takes the other one back.
    let own_proxy = name.and_then(|name| config.string(&format!("remote.{name}.proxy")));
    settings.proxy = own_proxy.map(|proxy| proxy.to_str_lossy().into_owned()).or(settings.proxy);
    let mut public = url.clone();
    public.set_user(None);
    public.set_password(None);
    let public = Url::parse(&public.to_bstring().to_str_lossy()).map_err(|error| invalid(shown, &error.to_string()))?;
    let proxies = proxies(&settings, &options.proxies)?;
    let client = http_client(&public, &settings, &proxies, &options.system, options.timeout, options.home.as_deref())?;
    let mut access = Access { notices: options.notices.clone(), proxy: proxies.route(&public), ..Access::default() };
    if let (Some(setting), Some(certificate)) = (settings.unverified_by, &settings.client_certificate) {
        let named_by = certificate.named_by;
        options.notices.add(format!(
            "the certificate that `{named_by}` names is shown to no server whose own one is not checked (`{setting}`)"
        ));
    }
    let mut header = None;
    for line in &settings.extra_headers {
        match parse_header(line) {
            Some((AUTHORIZATION, value)) => header = Some(value),
            Some((name, value)) => {
                access.headers.append(name, value);
            }
            None => {}
        }
    }
    access.follows_no_redirect = settings.follows_no_redirect;
    access.protection = Protection::of(&public, settings.unverified_by, &proxies);
    let places = LoginPlaces {
        url,
        written_by,
        public: &public,
        environment: &options.logins,
        header,
        home: options.home.as_ref(),
        protection: &access.protection,
        insecure: options.insecure,
    };
    let login = match places.given() {
        Some(given) => RemoteLogin::new([given], None),
        None => {
            let helpers = Helpers::read(config, url.clone(), &options.askpass, options.timeout);
            let mut found: Vec<_> = places.found().collect();
            if found.is_empty() && helpers.is_none() {
                // The user's name may be a token itself, which has no password.
                found.extend(url.user().map(|user| (basic(user, ""), LoginOrigin::Url)));
            }
            let login = RemoteLogin::new(found, helpers);
            if options.for_another { login.of_server() } else { login }
        }
    };
    if settings.has_cookies {
        login.leave_out("http.cookieFile");
    }
    let withheld = places.withheld();
    let access = Access { withheld, login: Arc::new(login), ..access };
    Ok(Address::Http { url: public, client, access: Arc::new(access) })
}

/// Refuses a path that begins with `-`: the program that serves it would take it for an option.
fn refuse_option(shown: &str, path: &BString) -> Result<(), GitError> {
    if path.trim_start().starts_with(b"-") {
        return Err(invalid(shown, "its path would be taken for an option"));
    }
    Ok(())
}

/// Resolves the escapes in the path of a `file` URL, as git does: what is no escape stays as it is.
fn unescaped(path: &[u8]) -> BString {
    let mut rest = path;
    let mut resolved = BString::default();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|code| byte == b'%' && code.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|code| u8::from_str_radix(code.to_str().ok()?, 16).ok()).filter(|code| *code > 0);
        resolved.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    resolved
}

fn local_address(url: gix::Url) -> Result<Address, GitError> {
    let path = PathBuf::from(url.path.to_os_str_lossy().into_owned());
    let shown = path.display().to_string();
    if url.host().is_some() || url.user().is_some() {
        let host = url.host().unwrap_or_default();
        return Err(invalid(&format!("file://{host}{shown}"), "a local path has neither host nor user"));
    }
    refuse_option(&shown, &url.path)?;
    if (path.join("HEAD").exists() && path.join("objects").is_dir()) || path.join(".git").exists() {
        return Ok(Address::Program(Server::Local { path }));
    }
    let why = "it is no folder with a repository in it";
    // `token@host/path` parses as a path, and the error must not show the token.
    if url.path.contains(&b'@') {
        return Err(invalid(&shown, why));
    }
    Err(GitError::NoRepository { path, source: anyhow::Error::msg(why) })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
mod tests {
    use super::{Address, Remote, RemoteOptions, Server};

    fn remote(url: &str) -> Remote {
        Remote::at(url, &RemoteOptions::default()).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn shown_without_login() {
        for (url, expected) in [
            ("https://user:s3cret@github.com/org/repo.git", "github.com/org/repo"),
            ("http://127.0.0.1:8080/repo.git/", "127.0.0.1:8080/repo"),
            ("git@github.com:org/repo.git", "github.com:org/repo"),
            ("gitbox:/srv/git/app", "gitbox:/srv/git/app"),
            ("ssh://git@host:2222/srv/repo.git", "host:2222/srv/repo"),
        ] {
            assert_eq!(remote(url).to_string(), expected, "{url}");
        }
    }

    #[test]
    fn the_same_repository_over_any_transport() {
        let same = [
            "https://github.com/Org/repo.git",
            "https://user:s3cret@github.com:443/org/repo/",
            "git@github.com:org/repo.git",
            "git@github.com:/org/repo",
            "ssh://git@GitHub.com/org/repo.git",
        ];
        for (one, other) in same.iter().flat_map(|one| same.iter().map(move |other| (one, other))) {
            assert!(remote(one).is(&remote(other)), "{one} {other}");
        }
        for other in ["https://github.com:8443/org/repo", "git@github.com:org/repos", "git@gitlab.com:org/repo"] {
            assert!(!remote(same[0]).is(&remote(other)), "{other}");
        }
    }

    /// As for git: the escapes of a URL are resolved, a blank is a blank, and a path without a scheme is taken as it is.
    #[test]
    fn local_paths_with_escapes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display();
        for name in ["a b.git", "a%20c.git", "d%zz.git"] {
            std::fs::create_dir_all(folder.path().join(name).join("objects")).unwrap();
            std::fs::write(folder.path().join(name).join("HEAD"), "").unwrap();
        }
        for (url, expected) in [
            (format!("file://{root}/a%20b.git"), "a b.git"),
            (format!("file://{root}/a b.git"), "a b.git"),
            (format!("file://{root}/%61%20b%2Egit"), "a b.git"),
            (format!("file://{root}/a%2520c.git"), "a%20c.git"),
            (format!("file://{root}/d%zz.git"), "d%zz.git"),
            (format!("{root}/a b.git"), "a b.git"),
            (format!("{root}/a%20c.git"), "a%20c.git"),
        ] {
            let Address::Program(Server::Local { path }) = remote(&url).address else { panic!("{url}") };
            assert_eq!(path, folder.path().join(expected), "{url}");
        }
    }

    #[test]
    fn a_login_in_the_url_becomes_a_header() {
        let Address::Http { url, access, .. } = remote("https://me:p%40ss@host/repo.git").address else {
            panic!("no http");
        };
        assert_eq!(url.as_str(), "https://host/repo.git");
        assert_eq!(access.login.header().unwrap(), "Basic bWU6cEBzcw==", "me:p@ss");
    }

    /// What is wrong with a URL must be in what is shown of it.
    #[test]
    fn a_scheme_that_is_not_supported_is_shown() {
        for (url, shown) in [
            ("git://host/x", "`git`"),
            ("ftp://me:s3cret@host/x", "`ftp`"),
            ("codecommit::us-east-1://repo", "codecommit"),
            ("ext::sh -c x", "ext"),
            ("file://localhost/srv/x", "file://localhost/srv/x"),
            ("HTTP://host/x", "`HTTP`"),
        ] {
            let Err(error) = Remote::at(url, &RemoteOptions::default()) else { panic!("{url}: accepted") };
            let told = error.to_string();
            assert!(told.contains(shown) && !told.contains("s3cret"), "{url}: {told}");
        }
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
