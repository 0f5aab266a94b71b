//! From what a forge did not do to what a person is told: every error has its kind and its hint.

use super::{Failure, FailureKind, again};
use crate::forge::{ForgeError, UnknownForge};

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let (kind, hint) = kind_and_hint(&error);
        let mut failure = Self::new(kind, error.to_string());
        failure.details.extend(error.words().map(ToString::to_string));
        failure.hint(hint)
    }
}

impl From<UnknownForge> for Failure {
    fn from(error: UnknownForge) -> Self {
        let hint = match &error {
            UnknownForge::Kind(_) => "name one of `github`, `gitlab`, `gitea`, `forgejo`, `azure` and `bitbucket`",
            UnknownForge::Local => "name the repository by its URL at the forge",
            UnknownForge::Host(_) => {
                "name its kind with `--forge`, and its address with `--forge-url` if it has another host"
            }
            UnknownForge::Path { .. } => "check the URL of the repository, and `--forge-url`",
            UnknownForge::Unsupported { .. } => "release by a push, to a branch that allows it",
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

fn kind_and_hint(error: &ForgeError) -> (FailureKind, String) {
    use FailureKind::{Raced, Refused, Target, Unauthorized, Unavailable, Unexpected, Usage};
    let fixed = |kind, hint: &str| (kind, hint.to_owned());
    match error {
        ForgeError::NoToken { .. } => fixed(Unauthorized, "set `TAGSHIP_GIT_TOKEN`; a key of ssh does not open an API"),
        ForgeError::NoAnswer { cause, .. } if cause.problem.is_login() => fixed(Unauthorized, cause.hint()),
        ForgeError::NoAnswer { cause, .. } => fixed(Unavailable, cause.hint()),
        ForgeError::Busy(_) => fixed(Unavailable, "try again, or allow more time with `--timeout`"),
        ForgeError::Damaged { .. } | ForgeError::NotYet { .. } => fixed(Unavailable, "run the same command again"),
        ForgeError::RateLimited { pause, .. } => (Unavailable, again(*pause)),
        ForgeError::Unauthorized(_) => fixed(Unauthorized, "check the token: is it expired, or for another host?"),
        ForgeError::Forbidden { needs, .. } => (Unauthorized, format!("allow it: {needs}")),
        ForgeError::NotFound { .. } => fixed(
            Unauthorized,
            "check the URL, `--forge` and `--forge-url`, and that the token may use this repository",
        ),
        ForgeError::Rejected { .. } => {
            fixed(Refused, "read the server's words above; if they do not say otherwise, a retry gets the same answer")
        }
        ForgeError::HeadMoved => {
            fixed(Raced, "another release has changed the pull request; run the same command again if it should win")
        }
        ForgeError::NoLongerOpen { .. } | ForgeError::Conflicts => fixed(Raced, "run the same command again"),
        ForgeError::NotArmed { setting: Some(setting), .. } => {
            (Refused, format!("turn on \"{setting}\" in the settings of the repository, or leave `--auto-merge` out"))
        }
        ForgeError::NotArmed { setting: None, .. } => {
            fixed(Refused, "look at the pull request, and merge it by hand if it is right")
        }
        ForgeError::Unverified { .. } => fixed(
            Refused,
            "use the token of the job or of a GitHub App, whose commits are signed; or sign with a key of your own \
             (`--sign=git`)",
        ),
        ForgeError::OtherCommit { .. } => {
            fixed(Unexpected, "nothing was pushed; sign with a key of your own (`--sign=git`)")
        }
        ForgeError::Unsupported { why, .. } => (Usage, (*why).to_owned()),
        ForgeError::InvalidAnswer { .. } | ForgeError::TooLong { .. } => {
            fixed(Target, "check that this is the forge's own address; `--forge-url` names another")
        }
    }
}
