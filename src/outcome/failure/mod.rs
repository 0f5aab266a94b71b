//! What a person is told when it did not work: who must act (the exit code), what happened, and what to do. The one table
//! from the errors of all modules to that; a repository's are in `repository`.

mod repository;

use std::fmt::Write as _;
use std::time::Duration;

use crate::git::{Refusal, Rule};
use crate::image::Reference;
use crate::registry::{CheckError, Checked, Finding, Outage, Source, Verdict};
use crate::system::signals::Interrupted;
use crate::targets::kustomization::{EditError, LocateError};

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
    Guarded,
    Interrupted,
}

impl FailureKind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 10] = [
        Self::Unexpected,
        Self::Usage,
        Self::Target,
        Self::Image,
        Self::Unauthorized,
        Self::Unavailable,
        Self::Raced,
        Self::Refused,
        Self::Guarded,
        Self::Interrupted,
    ];

    /// The kinds by what a retry would do, the gravest first: of several problems, the gravest names the failure. What no
    /// retry mends comes before what may mend by itself, so that nothing tries again what a person must look at: a bug,
    /// whose other findings may be wrong too, before a slip of the caller, and a wrong login, which a retry may lock,
    /// before an image that may still come.
    const GRAVEST_FIRST: [Self; 10] = [
        Self::Interrupted,
        Self::Unexpected,
        Self::Usage,
        Self::Target,
        Self::Guarded,
        Self::Refused,
        Self::Unauthorized,
        Self::Image,
        Self::Raced,
        Self::Unavailable,
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
            Self::Guarded => 9,
            Self::Interrupted => 130,
        }
    }

    fn graver(self, other: Self) -> Self {
        let first = Self::GRAVEST_FIRST.into_iter().find(|kind| [self, other].contains(kind));
        first.unwrap_or(self)
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
            Self::Guarded => "guarded",
            Self::Interrupted => "interrupted",
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
    /// Where it must be mended, if that is one place.
    pub place: Option<Place>,
}

/// A place in a file; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As a person names it: from the repository's root, or as it was typed for a file on disk.
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: Vec::new(), hint: None, place: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub fn target(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Target, message)
    }

    /// Returns the failure of a command that a signal ended before it had any effect.
    pub fn interrupted(command: &str) -> Self {
        let failure = Self::from(Interrupted);
        match command {
            "check" => failure,
            "set" => failure.detail("nothing was written"),
            _ => failure.detail("nothing was pushed"),
        }
    }

    /// Returns the failure of a command that a signal ended while the server had its push.
    pub fn interrupted_push() -> Self {
        Self::from(Interrupted).detail("the push was under way, and whether it takes effect cannot be told").hint(AGAIN)
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
        let place = error.place().map(|place| Place { file: path.to_owned(), line: place.line, column: place.column });
        let failure = Self { place, ..Self::target(error.in_file(path)) };
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// Returns the failure of the search for a kustomization in `folder`.
    pub fn locate(folder: &str, error: &LocateError) -> Self {
        let failure = Self::target(format!("in `{folder}`, {error}"));
        match error {
            LocateError::Missing => failure.hint("`-k` names the folder or the file"),
            LocateError::Ambiguous(_) => {
                failure.hint("kustomize would refuse this folder; name one file with `-k`, or remove the others")
            }
        }
    }

    /// Fails with all `problems`, if there are any.
    pub fn of_all(problems: Vec<Self>) -> Result<(), Self> {
        let mut problems = problems.into_iter();
        match problems.next() {
            Some(first) => Err(first.and(problems.collect())),
            None => Ok(()),
        }
    }

    /// Returns this failure and `others` as one: each once, with its details and its hint, and the kind of the gravest.
    #[must_use]
    pub fn and(self, others: Vec<Self>) -> Self {
        let mut kind = self.kind;
        let mut problems = vec![self];
        for other in others {
            kind = kind.graver(other.kind);
            if !problems.contains(&other) {
                problems.push(other);
            }
        }
        if let [only] = &problems[..] {
            return only.clone();
        }
        let mut failure = Self::new(kind, format!("{} problems", problems.len()));
        for problem in problems {
            failure.details.push(problem.message);
            failure.details.extend(problem.details.iter().map(|detail| format!("  {detail}")));
            failure.details.extend(problem.hint.map(|hint| format!("  hint: {hint}")));
        }
        failure
    }

    /// Returns what is wrong with an image that was looked for, and maybe waited for: nothing where it is there, and all
    /// that it must be.
    pub fn of_check(reference: &Reference, checked: &Checked, wait: Option<Duration>) -> Vec<Self> {
        let registry = reference.registry();
        if let Some(failure) = of_verdict(&format!("`{reference}`"), registry, &checked.verdict, &checked.source, wait)
        {
            return vec![failure];
        }
        let mut failures = Vec::new();
        for finding in &checked.findings {
            let failure = match finding {
                Finding::Met => continue,
                Finding::OtherPlatforms { wanted, found } => {
                    let failure = Self::new(FailureKind::Image, format!("`{reference}` is not for {wanted}"));
                    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
                    failure
                        .detail(match found.as_slice() {
                            [] => "it says of no platform that it is for it".to_owned(),
                            found => format!("it is for {}", found.join(", ")),
                        })
                        .hint("does the build push all platforms under this one tag?")
                }
                Finding::OtherRevision { wanted, found: Some(found) } => {
                    Self::new(FailureKind::Image, format!("`{reference}` is not the build of {wanted}"))
                        .detail(format!("its revision is `{}`", found.escape_debug()))
                        .hint("was the tag pushed by another build?")
                }
                Finding::OtherRevision { wanted, found: None } => Self::new(
                    FailureKind::Image,
                    format!("`{reference}` does not say that it is the build of {wanted}"),
                )
                .hint("build it with the label `org.opencontainers.image.revision`, as docker/metadata-action does"),
                Finding::Blocked { part, verdict } => {
                    match of_verdict(&format!("{part} of `{reference}`"), registry, verdict, &checked.source, wait) {
                        Some(failure) => failure,
                        None => continue,
                    }
                }
            };
            if !failures.contains(&failure) {
                failures.push(failure);
            }
        }
        failures
    }

    /// Returns the failure of a check that came to no verdict.
    pub fn check(reference: &Reference, error: CheckError) -> Self {
        let kind = match &error {
            CheckError::Bare(_) | CheckError::Host(_) | CheckError::Config { .. } | CheckError::Authority { .. } => {
                FailureKind::Usage
            }
            CheckError::Helper { .. } | CheckError::Scheme { .. } => FailureKind::Unauthorized,
            CheckError::Nonsense { .. } => FailureKind::Unavailable,
            CheckError::Misdirected { .. } | CheckError::Setup(_) => FailureKind::Unexpected,
        };
        let failure = Self::new(kind, format!("cannot check `{reference}`"));
        let failure = match &error {
            CheckError::Setup(_) => {
                failure.hint("install the system's CA certificates (`ca-certificates`), or set `SSL_CERT_FILE`")
            }
            _ => failure,
        };
        failure.detail(format!("{:#}", anyhow::Error::from(error)))
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
        failure.hint(match refusal.rule() {
            Some(Rule::Signature) => "sign commits: `--sign`, or `commit.gpgSign` in git's configuration",
            Some(Rule::Secret) => "the server takes something in the push for a secret; it says what and where",
            Some(Rule::Identity) => "`--author` names somebody whom the server accepts",
            Some(Rule::Message) => "`--message` says what the commit's message is",
            Some(Rule::Protection) => {
                "allow this identity to bypass the rule, or release to a branch that is not protected"
            }
            Some(Rule::CheckedOut) => {
                "the repository has a work tree on this branch; push to a bare one, or see git's `receive.denyCurrentBranch`"
            }
            Some(Rule::Lock) => {
                "a process that ended early may have left the lock; if no push is under way there, remove it"
            }
            Some(Rule::Space) => "make room at the server, or raise its limit",
            Some(Rule::ReadOnly) => "the server cannot write to the repository; look at its permissions there",
            None => "a hook or a rule of the server says no; allow this identity there, or release to another branch",
        })
    }
}

/// Returns the failure that a verdict on `what` means; `None` where it is there.
fn of_verdict(
    what: &str,
    registry: &str,
    verdict: &Verdict,
    source: &Source,
    wait: Option<Duration>,
) -> Option<Failure> {
    Some(match verdict {
        Verdict::Present(_) => return None,
        Verdict::Mismatch { found, .. } => {
            Failure::new(FailureKind::Image, format!("{what} is another one in the registry"))
                .detail(format!("it is {}", found.digest))
                .hint("was the tag pushed again? release the digest that it has now, or none")
        }
        Verdict::Absent(answer) => Failure::new(FailureKind::Image, format!("{what} is not in the registry"))
            .detail(answer.to_string())
            .hint(match wait {
                Some(_) => "it was waited for; does the build push it under this very name and tag?",
                None => "if the build is still pushing, `--wait 5m` waits for it",
            }),
        Verdict::NoAccess(answer) => {
            let message = format!("{what} is not there, or this login may not see it");
            let failure = Failure::new(FailureKind::Unauthorized, message).detail(answer.to_string());
            match source {
                Source::NotAsked | Source::Anonymous => {
                    failure.hint(format!("no login for {registry} was found; `docker login` makes one"))
                }
                source => failure.hint(format!("the login from {source} was used")),
            }
        }
        Verdict::LoginRejected(answer) => {
            Failure::new(FailureKind::Unauthorized, format!("{registry} does not accept the login"))
                .detail(answer.to_string())
                .hint(format!("the login came from {source}; is it expired?"))
        }
        Verdict::RateLimited(answer) => {
            Failure::new(FailureKind::Unavailable, format!("{registry} limits our requests"))
                .detail(answer.to_string())
                .hint("try again later; a login often raises the limit")
        }
        Verdict::Unavailable(outage) => Failure::new(
            FailureKind::Unavailable,
            format!("nobody can say whether {what} is in the registry"),
        )
        .detail(outage.to_string())
        .hint(match outage {
            Outage::Untrusted { .. } => {
                "`--ca-file` names an authority of your own; a registry without TLS is named with `--plain-http`"
            }
            _ => "try again; `--timeout` allows for more tries",
        }),
    })
}

/// What to do where nobody knows whether a push took effect.
const AGAIN: &str = "run the same command again: what is already released is not released twice";

impl From<Interrupted> for Failure {
    fn from(_: Interrupted) -> Self {
        Self::new(FailureKind::Interrupted, "interrupted")
    }
}
