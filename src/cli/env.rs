//! What the environment says, read once: where credentials are, and, by `ci`, what the CI system tells about this run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::ci::{self, Ci};

/// A snapshot of the environment. Its `Debug` would show secrets, so it has none.
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    ci: OnceLock<Option<Ci>>,
}

/// A login for repositories. It holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct GitLogin {
    /// The URL of the server that it is for, and no other; `None`: the one of the release branch.
    pub server: Option<String>,
    pub user: String,
    pub password: String,
}

/// The token that a CI system gives a run for its own server: the variable that must be there for it to count, and those
/// with the server's URL and with the token; then the user that goes with it. Bitbucket gives none: there, a proxy that its
/// configuration of git names adds the login.
const TOKENS_OF_CI: [(&str, &str, &str, &str); 5] = [
    // These two set GitHub's variables too, and on GitHub a token of this name is for another server.
    ("FORGEJO_ACTIONS", "GITHUB_SERVER_URL", "FORGEJO_TOKEN", "x-access-token"),
    ("GITEA_ACTIONS", "GITHUB_SERVER_URL", "GITEA_TOKEN", "x-access-token"),
    ("GITHUB_SERVER_URL", "GITHUB_SERVER_URL", "GITHUB_TOKEN", "x-access-token"),
    ("CI_SERVER_URL", "CI_SERVER_URL", "CI_JOB_TOKEN", "gitlab-ci-token"),
    // Azure Pipelines; Azure Repos take any user.
    ("TF_BUILD", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_ACCESSTOKEN", "x-access-token"),
];

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
impl Environment {
    pub fn capture() -> Self {
        Self { variables: std::env::vars_os().collect(), ci: OnceLock::new() }
    }
}

impl Environment {
    /// Returns an environment of these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, ci: OnceLock::new() }
    }

    /// Returns a variable that is set and not empty.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns a variable that is text, and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.to_str().map(str::to_owned)
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Returns the variables whose names begin with `prefix` and that are text and not empty, by what follows it.
    pub(super) fn beginning_with(&self, prefix: &str) -> Vec<(String, String)> {
        let named = self.variables.iter().filter_map(|(name, value)| {
            let (name, value) = (name.to_str()?.strip_prefix(prefix)?, value.to_str()?);
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        });
        named.collect()
    }

    /// Sets a variable, for this program alone.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.into(), value.into());
    }

    /// Returns the logins for repositories, in the order in which they count: `TAGSHIP_GIT_TOKEN` for the release branch's
    /// server, then the CI system's own token for its own server and no other.
    pub fn git_logins(&self) -> Vec<GitLogin> {
        let own = self.text("TAGSHIP_GIT_TOKEN").map(|password| GitLogin {
            server: None,
            user: self.text("TAGSHIP_GIT_USERNAME").unwrap_or_else(|| "x-access-token".to_owned()),
            password,
        });
        let of_ci = TOKENS_OF_CI.into_iter().filter_map(|(sign, server, token, user)| {
            self.get(sign)?;
            let (server, password) = self.text(server).zip(self.text(token))?;
            Some(GitLogin { server: Some(server), user: user.to_owned(), password })
        });
        own.into_iter().chain(of_ci).collect()
    }

    /// Returns whether `GIT_SSL_NO_VERIFY` tells not to look at certificates. To git any value does; one that says no is
    /// taken at its word here.
    pub fn git_unverified(&self) -> bool {
        let says_no = |value: &str| ["0", "false", "no", "off"].contains(&value.to_ascii_lowercase().as_str());
        self.get("GIT_SSL_NO_VERIFY").is_some_and(|value| !value.to_str().is_some_and(says_no))
    }

    /// Returns what the CI system tells, where one is known.
    pub fn ci(&self) -> Option<Ci> {
        self.ci.get_or_init(|| ci::detect(self)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, GitLogin};

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables)
    }

    #[test]
    fn logins_for_repositories() {
        let github = ("GITHUB_SERVER_URL", "https://git.example:8443");
        for (variables, expected) in [
            (&[("TAGSHIP_GIT_TOKEN", "t")][..], &["x-access-token:t@the remote"][..]),
            (&[("TAGSHIP_GIT_TOKEN", "t"), ("TAGSHIP_GIT_USERNAME", "me")], &["me:t@the remote"]),
            (&[("TAGSHIP_GIT_USERNAME", "me")], &[]),
            (&[github, ("GITHUB_TOKEN", "t")], &["x-access-token:t@https://git.example:8443"]),
            (&[("GITHUB_TOKEN", "t")], &[]),
            (&[github, ("GITEA_TOKEN", "t"), ("FORGEJO_TOKEN", "t")], &[]),
            (
                &[github, ("GITEA_ACTIONS", "true"), ("GITEA_TOKEN", "t"), ("GITHUB_TOKEN", "u")],
                &["x-access-token:t@https://git.example:8443", "x-access-token:u@https://git.example:8443"],
            ),
            (
                &[github, ("FORGEJO_ACTIONS", "true"), ("FORGEJO_TOKEN", "t")],
                &["x-access-token:t@https://git.example:8443"],
            ),
            (
                &[("CI_SERVER_URL", "https://gitlab.example"), ("CI_JOB_TOKEN", "t")],
                &["gitlab-ci-token:t@https://gitlab.example"],
            ),
            (
                &[
                    ("TF_BUILD", "True"),
                    ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/org/"),
                    ("SYSTEM_ACCESSTOKEN", "t"),
                ],
                &["x-access-token:t@https://dev.azure.com/org/"],
            ),
            (&[("BITBUCKET_GIT_HTTP_ORIGIN", "http://bitbucket.org/org/app"), ("BITBUCKET_BUILD_NUMBER", "1")], &[]),
        ] {
            let logins = environment(variables).git_logins();
            let shown = |login: &GitLogin| {
                format!("{}:{}@{}", login.user, login.password, login.server.as_deref().unwrap_or("the remote"))
            };
            assert_eq!(logins.iter().map(shown).collect::<Vec<_>>(), expected, "{variables:?}");
        }
    }

    #[test]
    fn empty_is_unset() {
        assert!(environment(&[("HOME", "")]).path("HOME").is_none());
    }
}
