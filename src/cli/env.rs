//! What the environment says, read once: where credentials are, and what the CI system tells about this run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// A snapshot of the environment. Its `Debug` would show secrets, so it has none.
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

/// What a CI system tells about the run. It only supplies defaults, and never changes what is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ci {
    pub name: &'static str,
    /// The commit that is built, as `owner/repo@sha`.
    pub source: Option<String>,
    /// The run's page.
    pub run: Option<String>,
    /// The branch that is built; `None` for tags and pull requests.
    pub branch: Option<String>,
    /// Who the system's own commits are by, as `NAME <EMAIL>`.
    pub bot: Option<&'static str>,
}

impl fmt::Display for Ci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (what, value) in [("source", &self.source), ("branch", &self.branch)] {
            if let Some(value) = value {
                write!(f, ", {what} {value}")?;
            }
        }
        Ok(())
    }
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
        Self { variables: std::env::vars_os().collect() }
    }
}

impl Environment {
    /// Returns an environment of these variables.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self { variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect() }
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

    /// Returns what the CI system tells, where one is known.
    pub fn ci(&self) -> Option<Ci> {
        if self.get("GITHUB_ACTIONS").is_some() {
            Some(self.github())
        } else if self.get("GITLAB_CI").is_some() {
            Some(self.gitlab())
        } else {
            None
        }
    }

    /// [Variables of GitHub Actions](https://docs.github.com/en/actions/reference/workflows-and-actions/variables).
    fn github(&self) -> Ci {
        let repository = self.text("GITHUB_REPOSITORY");
        let run = self.text("GITHUB_SERVER_URL").zip(repository.clone()).zip(self.text("GITHUB_RUN_ID"));
        Ci {
            name: "GitHub Actions",
            source: repository.zip(self.text("GITHUB_SHA")).map(|(repository, sha)| format!("{repository}@{sha}")),
            run: run.map(|((server, repository), id)| format!("{server}/{repository}/actions/runs/{id}")),
            branch: self.text("GITHUB_REF").and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)),
            bot: Some("github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"),
        }
    }

    /// [Variables of GitLab CI](https://docs.gitlab.com/ci/variables/predefined_variables/).
    fn gitlab(&self) -> Ci {
        let source = self.text("CI_PROJECT_PATH").zip(self.text("CI_COMMIT_SHA"));
        Ci {
            name: "GitLab CI",
            source: source.map(|(project, sha)| format!("{project}@{sha}")),
            run: self.text("CI_JOB_URL"),
            branch: self.text("CI_COMMIT_BRANCH"),
            bot: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables)
    }

    #[test]
    fn github_actions() {
        let ci = environment(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "org/app"),
            ("GITHUB_SHA", "fdafd70"),
            ("GITHUB_RUN_ID", "42"),
            ("GITHUB_REF", "refs/heads/main"),
        ])
        .ci()
        .unwrap();
        assert_eq!(ci.source.as_deref(), Some("org/app@fdafd70"));
        assert_eq!(ci.run.as_deref(), Some("https://github.com/org/app/actions/runs/42"));
        assert_eq!(ci.branch.as_deref(), Some("main"));
        let on_a_tag = environment(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/tags/v1")]).ci().unwrap();
        assert_eq!((on_a_tag.branch, on_a_tag.source), (None, None));
    }

    #[test]
    fn gitlab_ci() {
        let ci = environment(&[
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "group/app"),
            ("CI_COMMIT_SHA", "fdafd70"),
            ("CI_JOB_URL", "https://gitlab.com/group/app/-/jobs/7"),
            ("CI_COMMIT_BRANCH", "main"),
        ])
        .ci()
        .unwrap();
        assert_eq!(ci.source.as_deref(), Some("group/app@fdafd70"));
        assert_eq!(ci.run.as_deref(), Some("https://gitlab.com/group/app/-/jobs/7"));
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
        assert!(environment(&[("GITHUB_ACTIONS", "")]).ci().is_none());
        assert!(environment(&[("HOME", "")]).path("HOME").is_none());
    }
}
