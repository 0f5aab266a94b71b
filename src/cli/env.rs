//! The environment, read once: credentials and their places, and, by `ci`, what the CI system tells about this run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::ci::{self, Ci, CiForge, GitLogin, Inputs, RegistryLogin};
use super::surface::Surface;

/// A snapshot of the environment. Its `Debug` would show secrets, so it has none.
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    ci: OnceLock<Option<Ci>>,
    surface: Surface,
}

/// Set by the action, maybe to nothing, and by nothing else.
const SIGN_OF_THE_ACTION: &str = "TAGSHIP_ACTION_REPOSITORY";

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
impl Environment {
    pub fn capture() -> Self {
        let variables: BTreeMap<_, _> = std::env::vars_os().collect();
        let of_the_action = variables.contains_key(OsStr::new(SIGN_OF_THE_ACTION));
        let surface = if of_the_action { Surface::Action } else { Surface::CommandLine };
        Self { variables, ci: OnceLock::new(), surface }
    }
}

impl Environment {
    /// Returns an environment of these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, ci: OnceLock::new(), surface: Surface::CommandLine }
    }

    /// Returns a variable that is set and not empty.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns a variable of git's that counts if it is empty, too.
    pub fn even_empty(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
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

    /// Returns where the user wrote what is to be done.
    pub fn surface(&self) -> Surface {
        self.surface
    }

    pub(super) fn set_surface(&mut self, surface: Surface) {
        self.surface = surface;
    }

    /// Returns the logins for repositories, in the order in which they count: `TAGSHIP_GIT_TOKEN` for the release branch's
    /// server, then the CI system's own token for its own server and no other.
    pub fn git_logins(&self) -> Vec<GitLogin> {
        // A secret that comes from a file may end in a line end.
        let trimmed = |name| self.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let user = trimmed("TAGSHIP_GIT_USERNAME");
        let own = trimmed("TAGSHIP_GIT_TOKEN").map(|password| GitLogin {
            variable: "TAGSHIP_GIT_TOKEN",
            server: None,
            user: user.unwrap_or_else(|| "x-access-token".to_owned()),
            password,
        });
        own.into_iter().chain(ci::git_logins(&|name| self.text(name))).collect()
    }

    /// Returns what the CI system tells of the forge that it belongs to.
    pub fn ci_forge(&self) -> Option<CiForge> {
        ci::forge(&|name| self.text(name))
    }

    /// Returns the CI systems' own logins for their registries.
    pub fn registry_logins(&self) -> Vec<RegistryLogin> {
        ci::registry_logins(&|name| self.text(name))
    }

    /// Returns how the CI systems that run this hand over the inputs of a step.
    pub(super) fn inputs(&self) -> Vec<Inputs> {
        ci::inputs(&|name| self.text(name))
    }

    /// Returns whether `GIT_SSL_NO_VERIFY` turns the check of certificates off. For git every value does; here a value that
    /// says no, such as `false`, does not.
    pub fn git_unverified(&self) -> bool {
        self.says_yes("GIT_SSL_NO_VERIFY")
    }

    /// Returns whether git's `GIT_PROTOCOL_FROM_USER` says that no person gave the URL.
    pub fn url_is_not_from_user(&self) -> bool {
        const NAME: &str = "GIT_PROTOCOL_FROM_USER";
        self.even_empty(NAME).is_some() && !self.says_yes(NAME)
    }

    /// Returns whether a CI system runs this, a known one or not.
    pub fn in_ci(&self) -> bool {
        self.ci().is_some() || self.says_yes("CI")
    }

    /// Returns the folders in which the CI systems that run this put what they check out; none if none is known.
    pub fn workspaces(&self) -> Vec<PathBuf> {
        let absolute = |folder: String| match folder.strip_prefix("~/") {
            // CircleCI writes the folder as its configuration has it.
            Some(below) => self.path("HOME").map(|home| home.join(below)),
            None => Some(PathBuf::from(folder)).filter(|folder| folder.is_absolute()),
        };
        ci::workspaces(&|name| self.text(name)).into_iter().filter_map(absolute).collect()
    }

    /// Returns whether a variable is set to anything but a no.
    fn says_yes(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.to_str().is_some_and(ci::says_no))
    }

    /// Returns a variable that is a URL, as it may be shown: without its login.
    pub fn shown_url(&self, name: &str) -> Option<String> {
        ci::shown_url(&self.text(name)?)
    }

    /// Returns the folder that the CI systems' checkout is in, as they name it.
    pub fn workspace(&self) -> Option<PathBuf> {
        self.workspaces().into_iter().next()
    }

    /// Returns what the CI system tells, if a known one runs this.
    pub fn ci(&self) -> Option<&Ci> {
        self.ci.get_or_init(|| ci::detect(&|name| self.text(name))).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;
    use crate::cli::GitLogin;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables)
    }

    #[test]
    fn logins_for_repositories() {
        let github = ("GITHUB_SERVER_URL", "https://git.example:8443");
        for (variables, expected) in [
            (&[("TAGSHIP_GIT_TOKEN", "t")][..], &["x-access-token:t@the remote"][..]),
            (&[("TAGSHIP_GIT_TOKEN", "t"), ("TAGSHIP_GIT_USERNAME", "me")], &["me:t@the remote"]),
            (&[("TAGSHIP_GIT_TOKEN", "t\n"), ("TAGSHIP_GIT_USERNAME", "me\r\n")], &["me:t@the remote"]),
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
    fn a_variable_that_says_no() {
        for (value, expected) in [("true", true), ("woodpecker", true), ("false", false), ("0", false), ("", false)] {
            assert_eq!(environment(&[("CI", value)]).in_ci(), expected, "{value:?}");
        }
        assert!(environment(&[("GITLAB_CI", "true"), ("CI", "false")]).in_ci());
    }

    #[test]
    fn empty_is_unset() {
        assert!(environment(&[("HOME", "")]).path("HOME").is_none());
    }
}
