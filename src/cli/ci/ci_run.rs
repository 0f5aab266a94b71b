//! What a CI system tells about the run, as far as its variables do. `event` adds what only the event of GitHub tells.

use std::fmt;

use super::shown;
use super::system::{CiSystem, System, Trigger};
use super::variables::value;

/// What the branches begin with that a merge queue of GitHub makes. Other systems build them as they build any branch.
pub const MERGE_QUEUE: &str = "gh-readonly-queue/";

/// What a run builds that is not merged yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmerged {
    PullRequest,
    MergeQueue,
}

impl fmt::Display for Unmerged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PullRequest => "a pull request",
            Self::MergeQueue => "a merge queue",
        })
    }
}

/// What a CI system tells about the run. What it does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ci {
    pub system: CiSystem,
    /// The repository that is built, as `owner/repo`.
    pub repository: Option<String>,
    /// The commit that is built, by its id.
    pub commit: Option<String>,
    /// The merge that was made to test `commit`, the head of a pull request. No branch has it, and it is built in its place.
    pub test_merge: Option<String>,
    /// The tip of the branch before the push that is built.
    pub before: Option<String>,
    /// The branch that is built; `None` for tags and for what is not merged.
    pub branch: Option<String>,
    pub unmerged: Option<Unmerged>,
    pub began: Began,
    /// Where the repository that is built is cloned from, without a login.
    pub repository_url: Option<String>,
    /// The run's page.
    pub run: Option<String>,
    /// The name of the user who began the run.
    pub actor: Option<String>,
    /// The author of the system's own commits, as `NAME <EMAIL>`.
    pub bot: Option<&'static str>,
}

/// What began a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Began {
    /// A push of commits to a branch that was there before.
    Push,
    /// The merge of a pull request, which is a push to its base. Some systems tell how many commits the request has.
    Merge { commits: Option<usize> },
    /// Something else that means the commit: a new branch, a tag, a pull request, or another workflow that was for it.
    Commit,
    /// A person, a schedule or another program, which may mean anything.
    Other,
    /// One of these two, and no push of commits to a branch: the system does not tell which.
    CommitOrOther,
    /// The system does not tell, or none runs us.
    #[default]
    Unknown,
}

impl Began {
    /// Returns what a word of the system means. `is_new`: no commit is known before the push, as on a new branch.
    fn by_word(trigger: &Trigger, word: &str, is_tag: bool, is_new: bool) -> Self {
        let (is_push, is_child) = (trigger.pushes.contains(&word), trigger.child == Some(word));
        match is_tag {
            true if is_child => Self::CommitOrOther,
            true if is_push || trigger.of_tags.contains(&word) => Self::Commit,
            // Without a commit before it, a person began the other run, or the branch is new, which is rarer.
            false if is_push || (is_child && !is_new) => Self::Push,
            _ => Self::Other,
        }
    }

    /// Returns what began the run if the branch is new, which is the work of people, whatever its tip is.
    pub(super) fn on_new_branch(self) -> Self {
        match self {
            Self::Push | Self::Unknown => Self::Commit,
            Self::Merge { .. } | Self::Commit | Self::Other | Self::CommitOrOther => self,
        }
    }
}

impl fmt::Display for Ci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.system.name())?;
        if let Some(what) = self.unmerged {
            write!(f, ", {what}")?;
        }
        let found = [
            ("source", &self.source()),
            ("before", &self.before),
            ("branch", &self.branch),
            ("actor", &self.actor),
            ("repository", &self.repository_url),
            ("run", &self.run),
        ];
        for (what, value) in found {
            if let Some(value) = value {
                write!(f, ", {what} {value}")?;
            }
        }
        Ok(())
    }
}

impl Ci {
    pub(super) fn by_variables(system: &System, variable: &impl Fn(&str) -> Option<String>) -> Self {
        // Each variable by itself, because a template may add a query of its own.
        let shown = |name: &str| {
            let text = variable(name)?;
            if text.contains([':', '@']) { shown::url(&text) } else { shown::name(&text) }
        };
        let address = |values| value(&shown, values);
        let value = |values| value(variable, values);
        let repository_url = address(system.repository_url).filter(|url| url.contains(':') || url.starts_with('/'));
        let commit = value(system.commit).filter(|id| is_commit(id));
        let (commit, test_merge) = match value(system.request_head).filter(|id| is_commit(id)) {
            Some(head) => (Some(head), commit),
            None => (commit, None),
        };
        let before = value(system.before);
        let branch = value(system.branch);
        let is_queue = branch.as_ref().is_some_and(|branch| branch.starts_with(MERGE_QUEUE));
        let unmerged = match value(system.pull_request) {
            _ if is_queue || value(system.merge_queue).is_some() => Some(Unmerged::MergeQueue),
            request => request.map(|_| Unmerged::PullRequest),
        };
        let is_tag = value(system.tag).is_some();
        let is_new = before.as_deref().is_some_and(is_nothing);
        let word = system.trigger.as_ref().and_then(|trigger| Some((trigger, variable(trigger.variable)?)));
        let began = match &word {
            _ if unmerged.is_some() => Began::Commit,
            Some((trigger, word)) => Began::by_word(trigger, word, is_tag, is_new),
            None if is_tag => Began::CommitOrOther,
            None => Began::Unknown,
        };
        Self {
            system: system.id,
            repository: value(system.repository)
                .and_then(|name| shown::name(&name))
                .or_else(|| path_of(repository_url.as_deref()?)),
            commit,
            test_merge,
            branch: branch.filter(|_| unmerged.is_none() && !is_tag),
            unmerged,
            began: if is_new { began.on_new_branch() } else { began },
            before: before.filter(|id| is_commit(id)),
            run: address(system.run).filter(|url| url.contains("://")),
            actor: value(system.actor),
            bot: system.bot,
            repository_url,
        }
    }

    /// Returns the commit that is built, as `owner/repo@sha`.
    pub fn source(&self) -> Option<String> {
        Some(format!("{}@{}", self.repository.as_ref()?, self.commit.as_ref()?))
    }
}

/// Returns whether `id` is the one that stands for no commit.
pub(super) fn is_nothing(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b == b'0')
}

/// Returns whether `id` names a commit. Systems write zeros if there is none, and Buildkite may write `HEAD`.
pub(super) fn is_commit(id: &str) -> bool {
    (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0')
}

/// Returns the path of a repository's URL, as `owner/repo`.
fn path_of(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        // As ssh takes it: `git@host:owner/repo.git`.
        None => url.split_once(':')?.1,
    };
    let path = path.trim_matches('/').trim_end_matches(".git");
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn urls() {
        for (url, path) in [
            ("https://host:8443/a/b.git", Some("a/b")),
            ("https://host/group/sub/app", Some("group/sub/app")),
            ("git@host:a/b.git", Some("a/b")),
            ("ssh://git@host:22/a/b.git", Some("a/b")),
            ("https://host", None),
        ] {
            assert_eq!(path_of(url).as_deref(), path, "{url}");
        }
    }
}
