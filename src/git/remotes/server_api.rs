//! What a remote has for the API of its own server: a client with git's settings for it, and the login.

use gix::bstr::ByteSlice as _;
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::header::HeaderValue;

use super::remote::{Address, Remote, RemoteOptions};
use crate::git::error::GitError;
use crate::git::wire::credential_helper::Helpers;
use crate::git::wire::host_login::told_by;
use crate::git::wire::http_client::{http_client, proxies};
use crate::git::wire::http_config::HttpSettings;
use crate::git::wire::known_login::{HostLogin, InsecureGit, LoginOrigin, Withheld, of_variable};
use crate::git::wire::protection::Protection;
use crate::system::network::proxy_route::ProxyRoute;

/// How the API of a remote's server is reached. It holds a login, so it has no `Debug`.
pub struct ServerApi {
    /// It does not follow redirects.
    pub client: Client,
    /// The login of the remote, as an `Authorization` of git; `None` if there is none.
    pub authorization: Option<HeaderValue>,
    /// The proxy that the API is reached through.
    pub proxy: Option<ProxyRoute>,
    /// The programs that may know a login if there is none.
    helpers: Option<Helpers>,
}

impl ServerApi {
    /// Returns the login that git's credential helpers have for the server.
    pub fn ask_helpers(&self) -> Option<HeaderValue> {
        told_by(self.helpers.as_ref()?)
    }
}

impl Remote {
    /// Returns how to reach `api`, an API of the server whose pages are at `web`. The remote's own login counts if it is of
    /// that origin, and else one of the environment that was given for the remote or for that server.
    ///
    /// # Errors
    /// The connection would not protect the login, or git's settings for it cannot be used.
    pub fn server_api(&self, web: &Url, api: &Url, options: &RemoteOptions) -> Result<ServerApi, GitError> {
        let parsed = gix::url::parse(api.as_str().as_bytes())
            .map_err(|error| GitError::unexpected("the address of the forge cannot be used", error))?;
        let config = gix::config::File::try_from(self.config.as_bstr())
            .map_err(|error| GitError::unexpected("git's configuration cannot be read again", error))?;
        let settings = HttpSettings::read(&config, &parsed, &options.tls);
        let proxies = proxies(&settings, &options.proxies)?;
        let home = options.home.as_deref();
        let client = http_client(api, &settings, &proxies, &options.system, options.timeout, home)?;
        let login = self.login_for(web, options);
        let mut helpers = None;
        match (Protection::of(api, settings.unverified_by, &proxies), options.insecure, &login) {
            (Protection::None(why), InsecureGit::Refused, Some((_, origin))) => {
                let withheld = Withheld { origin: *origin, why };
                return Err(GitError::Unprotected { remote: self.to_string(), withheld, details: Vec::new() });
            }
            (Protection::None(_), InsecureGit::Refused, None) | (_, _, Some(_)) => {}
            (_, _, None) => {
                let page = self.url().filter(|url| url.origin() == web.origin()).unwrap_or_else(|| web.clone());
                let page = gix::url::parse(page.as_str().as_bytes());
                helpers = page.ok().and_then(|page| Helpers::read(&config, page, &options.askpass, options.timeout));
            }
        }
        Ok(ServerApi { client, authorization: login.map(|(header, _)| header), proxy: proxies.route(api), helpers })
    }

    fn login_for(&self, web: &Url, options: &RemoteOptions) -> Option<(HeaderValue, LoginOrigin)> {
        let of_remote = || match &self.address {
            Address::Http { url, access, .. } if url.origin() == web.origin() => {
                access.login.header().zip(access.login.origin())
            }
            Address::Http { .. } | Address::Program(_) => None,
        };
        let is_here = |server: &String| Url::parse(server).is_ok_and(|server| server.origin() == web.origin());
        let of_environment = |login: &&HostLogin| login.server.as_ref().is_none_or(is_here);
        let given = || options.logins.iter().find(of_environment);
        of_remote().or_else(|| given().map(of_variable))
    }
}

#[cfg(test)]
mod tests {
    use super::{HostLogin, InsecureGit, Remote, RemoteOptions, Url};
    use crate::git::GitError;

    fn options() -> RemoteOptions {
        let login = |variable, server: Option<&str>, password: &str| HostLogin {
            variable,
            server: server.map(str::to_owned),
            user: "u".to_owned(),
            password: password.to_owned(),
        };
        let logins =
            vec![login("GITHUB_TOKEN", Some("https://github.com"), "job"), login("TAGSHIP_GIT_TOKEN", None, "own")];
        RemoteOptions { logins, ..RemoteOptions::default() }
    }

    /// Returns the login that the API would be shown, as it is before base64.
    fn login(remote: &str, web: &str, api: &str, options: &RemoteOptions) -> Result<Option<String>, GitError> {
        use base64::Engine as _;
        let parsed = |text: &str| Url::parse(text).unwrap();
        let remote = Remote::at(remote, &RemoteOptions::default()).unwrap();
        let header = remote.server_api(&parsed(web), &parsed(api), options)?.authorization;
        Ok(header.map(|header| {
            let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
            String::from_utf8(decoded).unwrap()
        }))
    }

    #[test]
    fn a_login_goes_to_its_own_server() {
        const LOCAL: &str = "http://127.0.0.1:1/api/v3";
        let none = RemoteOptions::default();
        for (remote, web, options, expected) in [
            ("https://me:pw@git.example/o/r", "https://git.example", &none, Some("me:pw")),
            ("https://me:pw@git.example/o/r", "https://other.example", &none, None),
            ("https://me:pw@git.example/o/r", "https://git.example:8443", &none, None),
            ("https://me:pw@git.example/o/r", "https://git.example", &options(), Some("me:pw")),
            ("git@git.example:o/r", "https://git.example", &options(), Some("u:own")),
            ("git@github.com:o/r", "https://github.com", &options(), Some("u:job")),
            ("git@git.example:o/r", "https://git.example", &none, None),
        ] {
            let found = login(remote, web, LOCAL, options).unwrap();
            assert_eq!(found.as_deref(), expected, "{remote} {web}");
        }
    }

    #[test]
    fn a_login_does_not_go_over_a_connection_that_shows_it() {
        let web = "http://git.example";
        let refused = login("http://me:pw@git.example/o/r", web, "http://git.example/api/v3", &options());
        assert!(matches!(refused, Err(GitError::Unprotected { .. })));
        let allowed = RemoteOptions { insecure: InsecureGit::Allowed, ..options() };
        let sent = login("http://me:pw@git.example/o/r", web, "http://git.example/api/v3", &allowed);
        assert_eq!(sent.unwrap().as_deref(), Some("me:pw"));
    }
}
