//! What a person is told when it did not work: who must act (the exit code), what happened, and what to do. The one table
//! from the errors of all modules to that.

use std::fmt::Write as _;

use crate::git::{GitError, Refusal};
use crate::image::Reference;
use crate::kustomization::{EditError, LocateError};
use crate::registry::{CheckError, Descriptor, Source, Verdict};

/// Who must act. The numbers are a contract with scripts; `README.md` has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    Unexpected,
    Usage,
    Target,
    Image,
    Unauthorized,
    Unavailable,
    Raced,
    Refused,
}

impl FailureKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 8] = [
        Self::Unexpected,
        Self::Usage,
        Self::Target,
        Self::Image,
        Self::Unauthorized,
        Self::Unavailable,
        Self::Raced,
        Self::Refused,
    ];

    pub fn exit_code(self) -> u8 {
        match self {
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Target => 3,
            Self::Image => 4,
            Self::Unauthorized => 5,
            Self::Unavailable => 6,
            Self::Raced => 7,
            Self::Refused => 8,
        }
    }

    /// Returns the kind's name in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::Target => "target",
            Self::Image => "image",
            Self::Unauthorized => "unauthorized",
            Self::Unavailable => "unavailable",
            Self::Raced => "raced",
            Self::Refused => "refused",
        }
    }
}

/// A failure as it is shown. Its texts may quote servers and files, and are escaped where they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// What stands between the message and the hint: a server's own words, the names that there are.
    pub details: Vec<String>,
    pub hint: Option<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Vec::new(), hint: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub fn target(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Target, message)
    }

    /// Returns the failure for an error that nobody planned: its message, then its causes.
    pub fn unexpected(error: impl Into<anyhow::Error>) -> Self {
        Self::new(FailureKind::Unexpected, format!("{:#}", error.into()))
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the failure of an edit of the file at `path`.
    pub fn edit(path: &str, error: &EditError) -> Self {
        let failure = Self::target(error.in_file(path));
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Returns the failure of the search for a kustomization in `folder`.
    pub fn locate(folder: &str, error: &LocateError) -> Self {
        let failure = Self::target(format!("`{folder}` {error}"));
        match error {
            LocateError::Missing => failure.hint("`-k` names the folder or the file"),
            LocateError::Ambiguous(_) => {
                failure.hint("kustomize would refuse this folder; name one file with `-k`, or remove the others")
            }
        }
    }

    /// Returns what was found of `reference`, or the failure that the verdict means.
    pub fn unless_present(reference: &Reference, verdict: Verdict, source: &Source) -> Result<Descriptor, Self> {
        let failure = match verdict {
            Verdict::Present(descriptor) => return Ok(descriptor),
            Verdict::Mismatch { found, .. } => {
                Self::new(FailureKind::Image, format!("`{reference}` is another image in the registry"))
                    .detail(format!("the tag stands for {}", found.digest))
                    .hint("was the tag pushed again? release the digest that it has now, or none")
            }
            Verdict::Absent(answer) => Self::new(FailureKind::Image, format!("`{reference}` is not in the registry"))
                .detail(answer.to_string())
                .hint("has the build pushed it, under this very name and tag?"),
            Verdict::NoAccess(answer) => {
                let message = format!("`{reference}` is not there, or this login may not see it");
                let failure = Self::new(FailureKind::Unauthorized, message).detail(answer.to_string());
                match source {
                    Source::NotAsked | Source::Anonymous => failure
                        .hint(format!("no login for {} was found; `docker login` makes one", reference.registry())),
                    source => failure.hint(format!("the login from {source} was used")),
                }
            }
            Verdict::LoginRejected(answer) => {
                Self::new(FailureKind::Unauthorized, format!("{} does not accept the login", reference.registry()))
                    .detail(answer.to_string())
                    .hint(format!("the login came from {source}; is it expired?"))
            }
            Verdict::RateLimited(answer) => {
                Self::new(FailureKind::Unavailable, format!("{} limits our requests", reference.registry()))
                    .detail(answer.to_string())
                    .hint("try again later; a login often raises the limit")
            }
            Verdict::Unavailable(outage) => {
                Self::new(FailureKind::Unavailable, format!("nobody can say whether `{reference}` is in the registry"))
                    .detail(outage.to_string())
                    .hint("try again; `--timeout` allows for more tries")
            }
        };
        Err(failure)
    }

    /// Returns the failure of a check that came to no verdict.
    pub fn check(reference: &Reference, error: CheckError) -> Self {
        let kind = match &error {
            CheckError::Bare(_) | CheckError::Host(_) | CheckError::Config { .. } => FailureKind::Usage,
            CheckError::Helper { .. } | CheckError::Scheme { .. } => FailureKind::Unauthorized,
            CheckError::Nonsense { .. } => FailureKind::Unavailable,
            CheckError::Misdirected { .. } | CheckError::Setup(_) => FailureKind::Unexpected,
        };
        Self::new(kind, format!("cannot check `{reference}`")).detail(format!("{:#}", anyhow::Error::from(error)))
    }

    /// Returns the failure of a push that the server declined.
    pub fn refused(branch: &str, refusal: &Refusal) -> Self {
        let mut message = format!("{branch} refused the push");
        if !refusal.reason.is_empty() {
            // Writing to a String cannot fail.
            write!(message, ": {}", refusal.reason).ok();
        }
        let mut failure = Self::new(FailureKind::Refused, message);
        failure.details = refusal.messages.iter().map(|line| format!("remote: {line}")).collect();
        failure.hint("a hook or a rule of the server says no; allow this identity there, or release to another branch")
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let kind = match &error {
            GitError::Url { .. } | GitError::BranchName(_) | GitError::Path { .. } => FailureKind::Usage,
            GitError::NoRepository { .. }
            | GitError::NoRemote(_)
            | GitError::NotFollowed { .. }
            | GitError::Unsupported { .. } => FailureKind::Target,
            GitError::Unauthorized { .. } | GitError::NoAccess { .. } => FailureKind::Unauthorized,
            GitError::Unavailable { .. } | GitError::Uncertain { .. } => FailureKind::Unavailable,
            GitError::Unexpected { .. } => FailureKind::Unexpected,
        };
        let hint = match &error {
            GitError::NoRepository { .. } => Some("`--repo` names a repository, by URL or path"),
            GitError::NoRemote(_) => Some("`--remote` names another one"),
            GitError::Unauthorized { credentials_sent: true, .. } => Some("is the token expired, or for another host?"),
            GitError::Unauthorized { credentials_sent: false, .. } => {
                Some("set `TAGSHIP_GIT_TOKEN`, or keep the credentials of actions/checkout")
            }
            GitError::NoAccess { .. } => Some("check the URL, and that the token may write to this repository"),
            GitError::NotFollowed { .. } => Some("name the file that it leads to"),
            GitError::Uncertain { .. } => {
                Some("run the same command again: what is already released is not released twice")
            }
            _ => None,
        };
        let (message, details) = match &error {
            GitError::Unauthorized { answer, .. } | GitError::NoAccess { answer, .. } => {
                (error.to_string(), vec![format!("it answered {answer}")])
            }
            _ => (format!("{:#}", anyhow::Error::from(error)), Vec::new()),
        };
        Self { kind, message, details, hint: hint.map(str::to_owned) }
    }
}
