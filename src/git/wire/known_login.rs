//! Which login a remote gets of those that are known before the first request, and where it comes from.

use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::netrc::netrc;
use super::protection::{Protection, Unprotected};
use crate::system::network::authorization_header::basic;

/// A login from the environment. It holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct HostLogin {
    /// The variable that has the password.
    pub variable: &'static str,
    /// The URL of the server that it is for, of which scheme, host and port count; `None`: it is for the remote.
    pub server: Option<String>,
    pub user: String,
    pub password: String,
}

/// Where the login of a remote comes from, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOrigin {
    /// The URL, as the user wrote it.
    Url,
    Variable(&'static str),
    /// The URL in a checkout's configuration, or one that `insteadOf` made.
    ConfiguredUrl,
    /// The `Authorization` of `http.extraHeader`.
    Header,
    Netrc,
    CredentialHelper,
    /// The program that this variable or setting names.
    Askpass(&'static str),
}

impl fmt::Display for LoginOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("the URL"),
            Self::Variable(name) => write!(f, "`{name}`"),
            Self::ConfiguredUrl => f.write_str("the URL in git's configuration"),
            Self::Header => f.write_str("git's `http.extraHeader`"),
            Self::Netrc => f.write_str("`.netrc`"),
            Self::Askpass(name) => write!(f, "the program of `{name}`"),
            Self::CredentialHelper => f.write_str("git's credential helper"),
        }
    }
}

/// The author of the URL of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum UrlWriter {
    /// The user, who means the login in it.
    User,
    /// A CI system that made the checkout, or `insteadOf`. A login that the user gives beats the one in it.
    Configuration,
}

/// Whether logins from the environment may go over a connection that does not protect them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InsecureGit {
    #[default]
    Refused,
    /// `--insecure-git`
    Allowed,
}

/// The places in which a login may be.
pub(in crate::git) struct LoginPlaces<'a> {
    pub(in crate::git) url: &'a gix::Url,
    pub(in crate::git) written_by: UrlWriter,
    /// The URL without its login.
    pub(in crate::git) public: &'a Url,
    /// Logins from the environment, in the order in which they count.
    pub(in crate::git) environment: &'a [HostLogin],
    /// The `Authorization` of git's configuration.
    pub(in crate::git) header: Option<HeaderValue>,
    /// The folder of `.netrc`.
    pub(in crate::git) home: Option<&'a PathBuf>,
    pub(in crate::git) protection: &'a Protection,
    pub(in crate::git) insecure: InsecureGit,
}

/// A login that is not sent, because the connection does not protect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    pub(in crate::git) origin: LoginOrigin,
    pub(in crate::git) why: Unprotected,
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not sent: {}", self.origin, self.why)
    }
}

impl LoginPlaces<'_> {
    /// Returns the login that was given for this repository or this run: that of a URL that the user wrote, that of the
    /// environment for this remote, that of the configured URL, or that of git's header. No other one takes its place.
    pub(in crate::git) fn given(&self) -> Option<(HeaderValue, LoginOrigin)> {
        let of_url = |writer: UrlWriter, origin| {
            let password = self.url.password().filter(|_| self.written_by == writer)?;
            Some((basic(self.url.user().unwrap_or_default(), password), origin))
        };
        of_url(UrlWriter::User, LoginOrigin::Url)
            .or_else(|| self.sendable().find(|login| login.server.is_none()).map(of_variable))
            .or_else(|| of_url(UrlWriter::Configuration, LoginOrigin::ConfiguredUrl))
            .or_else(|| self.header.clone().map(|header| (header, LoginOrigin::Header)))
    }

    /// Returns the logins that are there for the server, in the order in which they count: that of `.netrc`, and those of the
    /// environment for this server. If the remote refuses one, the next one may be right.
    pub(in crate::git) fn found(&self) -> impl Iterator<Item = (HeaderValue, LoginOrigin)> {
        let user = self.url.user().filter(|user| !user.is_empty());
        let netrc = || netrc(self.home?, self.public.host_str()?, user);
        let netrc = netrc().map(|(user, password)| (basic(&user, &password), LoginOrigin::Netrc));
        let of_server = self.sendable().filter(|login| login.server.is_some()).map(of_variable);
        netrc.into_iter().chain(of_server)
    }

    /// Returns the first login of the environment that would count if the connection protected it.
    pub(in crate::git) fn withheld(&self) -> Option<Withheld> {
        let login = self.of_environment().next()?;
        let why = self.exposed_by()?.clone();
        Some(Withheld { origin: LoginOrigin::Variable(login.variable), why })
    }

    fn sendable(&self) -> impl Iterator<Item = &HostLogin> {
        let is_protected = self.exposed_by().is_none();
        self.of_environment().filter(move |_| is_protected)
    }

    /// Returns the environment's logins that are for this server.
    fn of_environment(&self) -> impl Iterator<Item = &HostLogin> {
        let origin = self.public.origin();
        let is_here = move |server: &str| Url::parse(server).is_ok_and(|server| server.origin() == origin);
        self.environment.iter().filter(move |login| login.server.as_deref().is_none_or(&is_here))
    }

    /// Returns why a login must not go over the connection.
    fn exposed_by(&self) -> Option<&Unprotected> {
        match (self.protection, self.insecure) {
            (Protection::None(why), InsecureGit::Refused) => Some(why),
            _ => None,
        }
    }
}

/// Returns a login of the environment as it is sent.
pub(in crate::git) fn of_variable(login: &HostLogin) -> (HeaderValue, LoginOrigin) {
    (basic(&login.user, &login.password), LoginOrigin::Variable(login.variable))
}
