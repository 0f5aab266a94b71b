//! What a server says when it refuses a push, and the rule that it names, if its words are well known. What happened, the branch
//! tells. The words choose a hint, and tell a rule from the lock of another push and from an outage, after which a retry can
//! succeed.

use crate::git::error::GitError;

/// What the server said when it refused a push. Untrusted text, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushRefusal {
    pub reason: String,
    pub messages: Vec<String>,
}

/// The rule or the condition that the push broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// No rule: a part of the server does not answer at the moment.
    Outage,
    /// Commits must be signed.
    Signature,
    /// Something in the push looks like a secret.
    Secret,
    /// The server does not accept this author or committer.
    Identity,
    /// The message does not have the form that the server requires.
    Message,
    /// The branch is protected against direct pushes by us.
    Protection,
    /// The branch is checked out in the repository that is pushed to.
    CheckedOut,
    /// The branch is locked, by another push or by a process that ended early.
    Lock,
    /// The name of the branch or the tag is a folder in that of another, or the other way around.
    Name,
    /// The disk or the quota is full.
    Space,
    /// The server's own user may not write to the repository.
    ReadOnly,
}

/// The words that name a rule, in lower case: of GitHub, GitLab, Gitea, Bitbucket, Azure Repos and git itself. The first
/// that are found count, so special rules come before general ones.
const KNOWN_BY: [(&str, Rule); 36] = [
    ("internal server error", Rule::Outage),
    ("internal api unreachable", Rule::Outage),
    ("deadline exceeded", Rule::Outage),
    ("hook timed out", Rule::Outage),
    ("verified signature", Rule::Signature),
    ("must be signed", Rule::Signature),
    ("contain secrets", Rule::Secret),
    ("secrets detected", Rule::Secret),
    ("vs403654", Rule::Secret),
    ("private email", Rule::Identity),
    ("committer email", Rule::Identity),
    ("author's email", Rule::Identity),
    ("committer's email", Rule::Identity),
    ("is not a member of team", Rule::Identity),
    ("commit message does not follow", Rule::Message),
    ("gh006", Rule::Protection),
    ("gh013", Rule::Protection),
    ("protected branch", Rule::Protection),
    ("protected ref", Rule::Protection),
    ("not allowed to push", Rule::Protection),
    ("permission denied to update branch", Rule::Protection),
    ("through a pull request", Rule::Protection),
    ("through pull requests", Rule::Protection),
    ("use a pull request", Rule::Protection),
    ("branch is currently checked out", Rule::CheckedOut),
    (".lock': file exists", Rule::Lock),
    ("exists; cannot create", Rule::Name),
    ("no space left on device", Rule::Space),
    ("quota", Rule::Space),
    ("size limit", Rule::Space),
    ("exceeds maximum allowed size", Rule::Space),
    ("read-only", Rule::ReadOnly),
    ("insufficient permission for adding an object", Rule::ReadOnly),
    ("unable to create temporary object directory", Rule::ReadOnly),
    ("unable to migrate objects to permanent storage", Rule::ReadOnly),
    (".lock': permission denied", Rule::ReadOnly),
];

/// The words of git if a hook ends a transaction of references.
const ABORTED: [&str; 2] = ["ref updates aborted by hook", "update aborted by the reference-transaction hook"];

/// The words, in lower case, of a server that another push was ahead of: of git, JGit, GitHub and Azure Repos.
const LOST_RACE: [&str; 12] = [
    "failed to update ref",
    "cannot lock",
    "failed to lock",
    "unable to lock",
    "lock_failure",
    "old value",
    "non-fast-forward",
    "fetch first",
    "stale info",
    "already exists",
    "already been updated",
    "but expected",
];

impl PushRefusal {
    /// Returns the refusal of a hook that ends `git-receive-pack` in place of its report, as git's `reference-transaction` does;
    /// `None` if the server says no such thing. Nothing has moved then.
    pub(super) fn ended_by_hook(lost: &GitError) -> Option<Self> {
        // Each line has the name of the program before it.
        let lines = lost.details().iter().map(|line| line.split_once(": ").map_or(line.as_str(), |(_, line)| line));
        let (last, said): (Vec<_>, Vec<_>) = lines.partition(|line| {
            line.strip_prefix("fatal: ").is_some_and(|line| ABORTED.iter().any(|words| line.contains(words)))
        });
        let reason = last.first()?.trim_start_matches("fatal: ").to_owned();
        Some(Self { reason, messages: said.into_iter().map(str::to_owned).collect() })
    }

    /// Returns the error for a refusal that is no rule: the server, or a part of it, does not answer at the moment.
    pub(super) fn outage(&self, remote: String) -> GitError {
        self.unavailable(remote, anyhow::anyhow!("it refused the push ({})", self.reason))
    }

    /// Returns the error for a refusal after which the branch cannot be read now.
    pub(super) fn beside_an_outage(&self, remote: String, unread: GitError) -> GitError {
        let context = format!("it refused the push ({}), and the branch could not be read again", self.reason);
        self.unavailable(remote, anyhow::Error::from(unread).context(context))
    }

    fn unavailable(&self, remote: String, source: anyhow::Error) -> GitError {
        let details = self.remote_lines().collect();
        GitError::Unavailable { remote, answered: true, source, details }
    }

    /// Returns whether the reason is another one than that the branch has moved. If it stays so at each attempt, a retry
    /// cannot succeed.
    pub fn is_by_rule(&self) -> bool {
        let reason = self.reason.to_lowercase();
        match rule_in(&reason) {
            // A hook that declines says in its own words that a part of the server is away.
            _ if self.rule() == Some(Rule::Outage) => false,
            Some(rule) => rule != Rule::Lock,
            None => !reason.is_empty() && !tells_of_a_race(&reason),
        }
    }

    /// Returns whether the reason is that of a hook.
    pub fn is_by_hook(&self) -> bool {
        self.reason.contains("hook")
    }

    /// Returns whether the server says that another push was ahead, or is at work, although the branch has not moved yet: it may
    /// be locked, or a copy of the repository answered that is behind. A refusal by a hook is not a lost race.
    pub(super) fn is_by_another_push(&self) -> bool {
        match self.rule() {
            Some(rule) => rule == Rule::Lock,
            None => {
                tells_of_a_race(&self.reason.to_lowercase()) && !self.messages.iter().any(|line| line.contains(" hook"))
            }
        }
    }

    /// Returns whether the server says that the branch would not go forward.
    pub(super) fn wants_fast_forward(&self) -> bool {
        self.reason.to_lowercase().contains("non-fast-forward")
    }

    /// Returns the reason and the messages, a line each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let reason = Some(&self.reason).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!("the server's reason: {reason}"));
        reason.into_iter().chain(self.remote_lines())
    }

    /// Returns the messages, a line each.
    pub fn remote_lines(&self) -> impl Iterator<Item = String> {
        self.messages.iter().map(|line| format!("remote: {line}"))
    }

    /// Returns the rule that the server's words name; `None` if they are unknown.
    pub fn rule(&self) -> Option<Rule> {
        rule_in(&format!("{}\n{}", self.reason, self.messages.join("\n")).to_lowercase())
    }
}

fn tells_of_a_race(reason: &str) -> bool {
    LOST_RACE.iter().any(|words| reason.contains(words))
}

fn rule_in(said: &str) -> Option<Rule> {
    KNOWN_BY.iter().find(|(words, _)| said.contains(words)).map(|(_, rule)| *rule)
}

#[cfg(test)]
mod tests {
    use super::{PushRefusal, Rule};

    /// What servers are known to say: the reason, and what their hooks say beside it.
    const SAID: [(&str, &str, Option<Rule>); 26] = [
        (
            "protected branch hook declined",
            "error: GH006: Protected branch update failed for refs/heads/main.",
            Some(Rule::Protection),
        ),
        (
            "protected branch hook declined",
            "error: GH006: Protected branch update failed for refs/heads/main.\n\
             error: Commits must have verified signatures.",
            Some(Rule::Signature),
        ),
        (
            "push declined due to repository rule violations",
            "error: GH013: Repository rule violations found for refs/heads/main.\n\n\
             - Changes must be made through a pull request.",
            Some(Rule::Protection),
        ),
        (
            "push declined due to repository rule violations",
            "error: GH013: Repository rule violations found for refs/heads/main.\n\n\
             - Push cannot contain secrets",
            Some(Rule::Secret),
        ),
        (
            "push declined due to email privacy restrictions",
            "error: GH007: Your push would publish a private email address.",
            Some(Rule::Identity),
        ),
        (
            "pre-receive hook declined",
            "GitLab: You are not allowed to push code to protected branches on this project.",
            Some(Rule::Protection),
        ),
        ("pre-receive hook declined", "GitLab: You are not allowed to push into this branch.", Some(Rule::Protection)),
        ("pre-receive hook declined", "GitLab: Commit must be signed with a GPG key", Some(Rule::Signature)),
        (
            "pre-receive hook declined",
            "GitLab: Author's email 'a@b' does not follow the pattern 'x'",
            Some(Rule::Identity),
        ),
        (
            "pre-receive hook declined",
            "GitLab: You can only push commits if the committer email is one of your own verified emails.",
            Some(Rule::Identity),
        ),
        (
            "pre-receive hook declined",
            "GitLab: Commit message does not follow the pattern 'JIRA-'",
            Some(Rule::Message),
        ),
        (
            "pre-receive hook declined",
            "GitLab: Your push has been rejected, because this repository has exceeded its size limit of 10 MB",
            Some(Rule::Space),
        ),
        ("pre-receive hook declined", "Gitea: Not allowed to push to protected branch main", Some(Rule::Protection)),
        ("pre-receive hook declined", "Forgejo: Not allowed to push to protected branch main", Some(Rule::Protection)),
        ("pre-receive hook declined", "Permission denied to update branch main.", Some(Rule::Protection)),
        (
            "pre-receive hook declined",
            "Branch refs/heads/main can only be modified through pull requests.",
            Some(Rule::Protection),
        ),
        (
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
            "",
            Some(Rule::Protection),
        ),
        ("VS403654: The push was rejected because it contains one or more secrets.", "", Some(Rule::Secret)),
        (
            "branch is currently checked out",
            "error: refusing to update checked out branch: refs/heads/main",
            Some(Rule::CheckedOut),
        ),
        (
            "failed to update ref",
            "error: cannot lock ref 'refs/heads/main': Unable to create '/srv/x.git/refs/heads/main.lock': File exists.",
            Some(Rule::Lock),
        ),
        (
            "failed to update ref",
            "error: cannot lock ref 'refs/heads/main': Unable to create '/srv/x.git/refs/heads/main.lock': \
             Permission denied",
            Some(Rule::ReadOnly),
        ),
        (
            "unpack failed: unpack-objects abnormal exit",
            "fatal: write error: No space left on device",
            Some(Rule::Space),
        ),
        ("unpack failed: unable to create temporary object directory", "", Some(Rule::ReadOnly)),
        (
            "unpack failed: unpack-objects abnormal exit",
            "error: insufficient permission for adding an object to repository database ./objects",
            Some(Rule::ReadOnly),
        ),
        ("pre-receive hook declined", "only on Tuesdays", None),
        ("hook declined", "", None),
    ];

    #[test]
    fn rules_are_known_by_what_servers_say() {
        for (reason, said, expected) in SAID {
            let messages = said.lines().map(str::to_owned).collect();
            let refusal = PushRefusal { reason: reason.to_owned(), messages };
            assert_eq!(refusal.rule(), expected, "{reason}: {said}");
        }
    }

    #[test]
    fn what_is_no_lost_race() {
        for (reason, expected) in [
            ("cannot lock ref 'refs/heads/main': is at a but expected b", false),
            ("failed to update ref", false),
            ("LOCK_FAILURE", false),
            ("Unable to create '/srv/main.lock': File exists", false),
            ("blocked by policy", true),
            ("this branch is locked", true),
            ("Unable to create '/srv/main.lock': Permission denied", true),
            ("pre-receive hook declined", true),
            ("", false),
        ] {
            let refusal = PushRefusal { reason: reason.to_owned(), messages: Vec::new() };
            assert_eq!(refusal.is_by_rule(), expected, "{reason}");
        }
    }
}
