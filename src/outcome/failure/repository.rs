//! From the errors of a repository to what a person is told: one table, in which every error has its kind and its hint.

use std::error::Error;
use std::fmt::Write as _;
use std::io;

use super::{AGAIN, Failure, FailureKind, NO_AUTHORITIES_HINT, Retry, misnamed_hint};
use crate::git::{GitError, OutOfTime, PushRefusal, Rule};
use crate::system::network::connection::{ALLOW_TIME, CHECK_ALL, ConnectionError, ConnectionProblem, causes};
use crate::system::network::untrusted_certificate::CertificateFlaw;
use crate::system::processes::thread_limit;

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let (kind, hint) = kind_and_hint(&error);
        let details = error.details().to_vec();
        let hint = match &error {
            GitError::MisnamedAuthorities(misnamed) => Some(misnamed_hint(misnamed)),
            _ => hint.map(str::to_owned),
        };
        let retry = match &error {
            GitError::Unsettled { .. } | GitError::Lacking { .. } => Retry::AtTheTip,
            GitError::Uncertain { .. } => Retry::AfterAnUncertainPush,
            _ => Retry::None,
        };
        let failure = |message: String| Self { details, hint, retry, ..Self::new(kind, message) };
        match &error {
            // Its cause says the same again.
            GitError::NoRepository { .. } => failure(error.to_string()),
            _ => failure(error.told()),
        }
    }
}

impl Failure {
    /// Returns the failure of a push that the server declined.
    pub fn refused(branch: &str, refusal: &PushRefusal) -> Self {
        let mut message = format!("the server refused the push to `{branch}`");
        if !refusal.reason.is_empty() {
            // Writing to a String cannot fail.
            write!(message, ": {}", refusal.reason).ok();
        }
        let mut failure = Self::new(FailureKind::Refused, message);
        failure.details = refusal.remote_lines().collect();
        failure.hint(match refusal.rule() {
            Some(Rule::Signature) => {
                "sign the commit with `--sign`, or let GitHub make and sign it with `--sign=forge`"
            }
            Some(Rule::Secret) => "the server found a secret in the push; remove what its message names",
            Some(Rule::Identity) => "name an author that the server accepts with `--author`",
            Some(Rule::Message) => "write a message that the server accepts with `--message`",
            Some(Rule::Protection) => {
                "propose the release with `--pull-request`, or let this identity bypass the rule"
            }
            Some(Rule::CheckedOut) => {
                "push to a bare repository, or set git's `receive.denyCurrentBranch` there: this branch is checked out in it"
            }
            Some(Rule::Lock) => {
                "remove the lock at the server if no push is under way there; a process that ended early may have left it"
            }
            Some(Rule::Name) => {
                "choose another name: a branch or tag `a` and one `a/b` cannot both exist"
            }
            Some(Rule::Outage) => "try again later",
            Some(Rule::Space) => "make room at the server, or raise its limit",
            Some(Rule::ReadOnly) => "check the permissions of the repository's files at the server",
            None if refusal.is_by_hook() => {
                "allow this identity in the server's hook or rule, or release to another branch"
            }
            None => "read the server's words above; its administrator can tell what is wrong there",
        })
    }
}

/// Whether a proxy wants a login or forbids the way, or the server a certificate, which no retry brings.
fn is_login(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ConnectionError>().is_some_and(|error| error.problem.is_login())
}

fn unavailable_hint(source: &anyhow::Error) -> &'static str {
    match source.downcast_ref::<ConnectionError>() {
        Some(error) => error.hint(),
        None if source.is::<OutOfTime>() => ALLOW_TIME,
        None => CHECK_ALL,
    }
}

fn untrusted_hint(cause: &ConnectionError) -> &'static str {
    match cause.problem {
        ConnectionProblem::Untrusted(CertificateFlaw::UnknownIssuer) => {
            "name your CA certificate with git's `http.sslCAInfo`, or with `SSL_CERT_FILE`"
        }
        _ => cause.hint(),
    }
}

const FOREIGN: &str = "run as the owner of the checkout, name it in git's `safe.directory`, or use `--repo URL`; in CI, set the \
                       variable `CI`, and run in the workspace";

const IN_A_SUBMODULE: &str = "release to the submodule's own repository: name it with `--repo`, by URL or by its folder in a \
                              checkout, and its branch with `--branch`; paths begin in it";

const LET_IT_BE_READ: &str =
    "let this user read it, or name the repository by its URL with `--repo`, without this checkout";

const NO_REMOTE: &str = "name another remote with `--remote`, or the repository with `--repo URL`";

const HAS_MOVED: &str =
    "give the URL where the repository is now; a web page to log in at means that `TAGSHIP_GIT_TOKEN` is needed";

const WRITE_A_URL: &str = "write it as `https://HOST/PATH` or `ssh://HOST/PATH`, or give the path of a repository";

const WRITE_A_PATH: &str =
    "write it relative to the current folder; with `--repo`, relative to the repository or folder that it names";

fn kind_and_hint(error: &GitError) -> (FailureKind, Option<&'static str>) {
    use FailureKind::{Refused, Target, Unauthorized, Unavailable, Unexpected, Usage};
    match error {
        GitError::Url { .. }
        | GitError::BranchName(_)
        | GitError::TagName(_)
        | GitError::TagPlace { .. }
        | GitError::Path { .. }
        | GitError::Configuration { .. }
        | GitError::Setting { .. }
        | GitError::Forbidden { .. }
        | GitError::SigningSettings { .. } => (Usage, Some(usage_hint(error))),
        GitError::Unauthorized { .. }
        | GitError::LoginSchemes { .. }
        | GitError::Unincluded { .. }
        | GitError::Unprotected { .. }
        | GitError::NoAccess { .. }
        | GitError::NoPush { .. }
        | GitError::KeyRefused { .. }
        | GitError::HostKey { .. } => (Unauthorized, Some(login_hint(error))),
        GitError::TagTaken { .. }
        | GitError::NoRepository { .. }
        | GitError::Foreign { .. }
        | GitError::Format { .. }
        | GitError::BrokenIndex { .. }
        | GitError::Unread { .. }
        | GitError::NoRemote { .. }
        | GitError::SeveralUrls(_)
        | GitError::NoServer { .. }
        | GitError::Redirected { .. }
        | GitError::Submodule { .. }
        | GitError::NotFollowed { .. }
        | GitError::TooManyFolders { .. }
        | GitError::Unsorted { .. }
        | GitError::OtherKind { .. }
        | GitError::TooLarge { .. }
        | GitError::Excessive { .. }
        | GitError::IncompleteCheckout
        | GitError::Unsupported { .. } => (Target, Some(target_hint(error))),
        GitError::Unavailable { source, .. } if is_login(source) => {
            (Unauthorized, source.downcast_ref().map(ConnectionError::hint))
        }
        GitError::Unavailable { source, .. }
        | GitError::Unsettled { source, .. }
        | GitError::Lacking { source, .. } => (Unavailable, Some(unavailable_hint(source))),
        GitError::Untrusted { cause, .. } => (Unavailable, Some(untrusted_hint(cause))),
        GitError::Uncertain { .. } => (Unavailable, Some(AGAIN)),
        GitError::Declined { has_words, .. } => (Refused, Some(declined_hint(*has_words))),
        GitError::NoProgram { .. }
        | GitError::ProgramMissing { .. }
        | GitError::Unsigned { .. }
        | GitError::SignerFailed { .. } => (Unexpected, Some(program_hint(error))),
        GitError::NoAuthorities(_) => (Unexpected, Some(NO_AUTHORITIES_HINT)),
        GitError::MisnamedAuthorities(_) => (Usage, None),
        // Of another one, nothing is known that would help.
        GitError::Unexpected { source, .. } => (Unexpected, is_limit(source).then_some(thread_limit::HINT)),
    }
}

/// Returns what to do about a repository that cannot be used as it is, or as it is named.
fn target_hint(error: &GitError) -> &'static str {
    match error {
        GitError::TagTaken { .. } => "give `--git-tag` a name that is new; a tag is never moved",
        GitError::NoRepository { .. } => "name a repository with `--repo`, by URL or path",
        GitError::Foreign { .. } => FOREIGN,
        GitError::Format { .. } => "name the repository by its URL with `--repo`, without this checkout",
        GitError::Unread { .. } => LET_IT_BE_READ,
        GitError::NoRemote { .. } => NO_REMOTE,
        GitError::SeveralUrls(_) => "name one URL with `--repo`",
        GitError::NoServer { .. } => "check the URL: is it the one to clone from?",
        GitError::Redirected { .. } => HAS_MOVED,
        GitError::Submodule { .. } | GitError::NotFollowed { what: "submodule", .. } => IN_A_SUBMODULE,
        GitError::NotFollowed { .. } => "name the file that it leads to",
        GitError::TooManyFolders { .. } => "begin the pattern with the names of folders",
        GitError::Unsorted { .. } => "commit a change in that folder with git, which sorts what it writes",
        GitError::OtherKind { .. } => "repair the repository; `git fsck` there tells what is wrong",
        GitError::TooLarge { .. } => "move the files to write into a smaller folder",
        GitError::Excessive { is_sent: true, .. } => {
            "run it in a clone of the repository: what that has need not be sent"
        }
        GitError::Excessive { is_sent: false, .. } => "name fewer files, or narrower patterns",
        GitError::IncompleteCheckout => {
            "leave out `--no-push`, or bring what is missing with `git fetch --refetch --no-filter`"
        }
        _ => "release to another repository; this one needs what tagship does not support",
    }
}

/// Returns what to do about a name, a value or a setting that is wrong.
fn usage_hint(error: &GitError) -> &'static str {
    match error {
        GitError::BranchName(_) => "check the name with `git check-ref-format --branch NAME`",
        GitError::TagName(_) => "check the name with `git check-ref-format refs/tags/NAME`",
        GitError::TagPlace { .. } => "give `--git-tag` or `--git-tag-message` a text without it",
        GitError::Path { .. } => WRITE_A_PATH,
        GitError::Configuration { .. } => "correct it; `git config --list` complains of the same place",
        GitError::Setting { .. } => "correct it, in git's configuration or in the variable",
        GitError::Forbidden { .. } => {
            "change the setting, or use a URL that it allows; `git config --show-origin --list` names its file"
        }
        GitError::SigningSettings { .. } => "set `gpg.format` and `user.signingKey` in git's configuration",
        _ => WRITE_A_URL,
    }
}

/// Returns what to do about a request that the server refused: its words tell, if it gave any beside its status.
fn declined_hint(has_words: bool) -> &'static str {
    match has_words {
        true => "read the server's words above; a retry gets the same answer",
        false => "ask the administrator of the server, or of a gateway before it; a retry gets the same answer",
    }
}

/// Whether the machine allows no more threads or processes.
fn is_limit(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    causes(error.as_ref()).any(|cause| kind(cause) == Some(io::ErrorKind::WouldBlock))
}

/// Returns what to do about a program that is missing, or that failed.
fn program_hint(error: &GitError) -> &'static str {
    use io::ErrorKind::{NotFound, PermissionDenied};
    match error {
        GitError::NoProgram { source, .. } if !matches!(source.kind(), NotFound | PermissionDenied) => {
            "raise the limit that the error names: `ulimit -n` for files, `ulimit -u` or that of the container for processes"
        }
        GitError::NoProgram { program, .. } if program.starts_with("git") => {
            "install git, which a repository given by its path needs, or give its URL"
        }
        GitError::NoProgram { .. } => "install OpenSSH's client, or name another with `GIT_SSH_COMMAND`",
        GitError::ProgramMissing { .. } => {
            "check that `GIT_SSH_COMMAND` or `core.sshCommand` names a program here, and that the host has git on the `PATH` of a \
             login without a terminal"
        }
        _ => "check git's `gpg.format`, `user.signingKey` and `gpg.program`; a key with a passphrase needs its agent",
    }
}

/// Returns what to do about a login, a key, or the lack of one.
fn login_hint(error: &GitError) -> &'static str {
    match error {
        GitError::Unauthorized { login: Some(_), .. } => "check the token: is it expired, or for another host?",
        GitError::LoginSchemes { .. } => "use an address of the server that takes a login by `Basic`, or ssh",
        GitError::Unincluded { .. } => "set `TAGSHIP_GIT_TOKEN`, or release from the folder that actions/checkout made",
        GitError::Unprotected { .. } => {
            "use https with a certificate that is checked; `--insecure-git` sends it all the same"
        }
        GitError::NoAccess { .. } => "check the URL, and that the login may use this repository",
        GitError::NoPush { login: None, .. } => "give a login that may write here, as `TAGSHIP_GIT_TOKEN`",
        GitError::NoPush { .. } => {
            "let the login write to this repository and branch; in a job of GitHub, `permissions: contents: write`"
        }
        GitError::KeyRefused { .. } => {
            "add your public key at the host; a key with a passphrase needs `ssh-agent`; `GIT_SSH_COMMAND='ssh -i FILE'` chooses \
             the key to use"
        }
        GitError::HostKey { .. } => {
            "compare the host's key with the published one, and keep it in `~/.ssh/known_hosts`"
        }
        _ => {
            "set `TAGSHIP_GIT_TOKEN`, or let git know a login: by a credential helper, `.netrc`, or as actions/checkout leaves it"
        }
    }
}
