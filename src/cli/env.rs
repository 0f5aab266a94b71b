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
    /// The `host` or `host:port` that it is for; `None`: wherever the release goes.
    pub host: Option<String>,
    pub user: String,
    pub password: String,
}

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

    /// Returns the logins for repositories, in the order in which they count: `TAGSHIP_GIT_TOKEN` for any, then the CI
    /// system's own token for its own server and no other.
    pub fn git_logins(&self) -> Vec<GitLogin> {
        let own = self.text("TAGSHIP_GIT_TOKEN").map(|password| GitLogin {
            host: None,
            user: self.text("TAGSHIP_GIT_USERNAME").unwrap_or_else(|| "x-access-token".to_owned()),
            password,
        });
        let authority = |url: String| Some(url.split_once("://")?.1.split('/').next()?.to_owned());
        let token_of_ci = |server: &str, token: &str, user: &str| {
            let (host, password) = self.text(server).and_then(authority).zip(self.text(token))?;
            Some(GitLogin { host: Some(host), user: user.to_owned(), password })
        };
        // Gitea and Forgejo set the variables of GitHub.
        let github = token_of_ci("GITHUB_SERVER_URL", "GITHUB_TOKEN", "x-access-token");
        let gitlab = token_of_ci("CI_SERVER_URL", "CI_JOB_TOKEN", "gitlab-ci-token");
        [own, github, gitlab].into_iter().flatten().collect()
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
    use super::Environment;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables)
    }

    #[test]
    fn logins_for_repositories() {
        let logins = environment(&[
            ("TAGSHIP_GIT_TOKEN", "one"),
            ("GITHUB_SERVER_URL", "https://git.example:8443"),
            ("GITHUB_TOKEN", "two"),
            ("CI_SERVER_URL", "https://gitlab.example"),
            ("CI_JOB_TOKEN", "three"),
        ])
        .git_logins();
        let shown: Vec<_> = logins
            .iter()
            .map(|login| format!("{}:{}@{}", login.user, login.password, login.host.as_deref().unwrap_or("*")))
            .collect();
        let expected =
            ["x-access-token:one@*", "x-access-token:two@git.example:8443", "gitlab-ci-token:three@gitlab.example"];
        assert_eq!(shown, expected);
        assert!(environment(&[("GITHUB_TOKEN", "two")]).git_logins().is_empty(), "for no server");
    }

    #[test]
    fn empty_is_unset() {
        assert!(environment(&[("HOME", "")]).path("HOME").is_none());
    }
}
