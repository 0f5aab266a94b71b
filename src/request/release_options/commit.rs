//! What a commit says, as far as that does not depend on the edit.

use std::ffi::OsStr;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::skip_ci::markers;
use crate::cli::{CommitArguments, Environment, SignWith};
use crate::git::{GitError, Identity, IdentityParts, Signed, Trailer, TrailerError, has_login};
use crate::message::compose::Options;
use crate::message::git_tag::GitTagTemplate;
use crate::message::skip_ci::{self, SkipCi};
use crate::message::template::{MessageTemplate, TemplateError};
use crate::outcome::failure::Failure;
use crate::request::values::{EMPTY, filled, listed};

/// What the commit says, as far as it does not depend on the edit.
pub struct CommitRequest {
    pub message: Options,
    /// What a commit on the head branch of a pull request says. By default it has no marker: checks that the request waits
    /// for would not run, and a squash would carry the marker into the branch.
    pub proposed: Options,
    /// The tag on the commit.
    pub git_tag: Option<GitTagTemplate>,
    pub author: Option<Identity>,
    /// `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`.
    pub environment_author: IdentityParts,
    /// `GIT_COMMITTER_NAME` and `GIT_COMMITTER_EMAIL`.
    pub environment_committer: IdentityParts,
    /// `EMAIL`, which git takes if no other address is known.
    pub environment_email: Option<String>,
    pub signer: CommitSigner,
    /// The time of the commit in seconds since 1970, if it is given (`GIT_COMMITTER_DATE`).
    pub seconds: Option<i64>,
}

/// What signs the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitSigner {
    /// A key of git's configuration.
    Git(Signed),
    /// The forge, which makes the commit.
    Forge,
}

impl CommitSigner {
    /// Requires git to make the commit, because the release is to stay in the checkout.
    pub(in crate::request) fn require_git(self) -> Result<(), Failure> {
        match self {
            Self::Git(_) => Ok(()),
            Self::Forge => {
                Err(Failure::usage("`--no-push` makes the commit here, and `--sign=forge` has the forge make it")
                    .hint("leave out one of them, or sign with a key of your own (`--sign=git`)"))
            }
        }
    }
}

impl CommitRequest {
    pub(super) fn new(arguments: &CommitArguments, environment: &Environment) -> Result<Self, Failure> {
        let author = arguments.author.as_deref().map(|text| {
            let parsed = filled("--author", text)?.parse();
            parsed.map_err(|error| Failure::usage(format!("`{text}` is not an author: {error}")))
        });
        let trailers = listed("--trailer", &arguments.trailers)?;
        let text = arguments.message.as_deref().map(template).transpose()?;
        let markers = markers(&arguments.skip_ci, environment.ci().map(|ci| ci.system))?;
        if markers.pushed == SkipCi::Nothing && text.as_ref().is_some_and(MessageTemplate::has_marker) {
            return Err(Failure::usage("the message has a skip marker, which `--skip-ci never` forbids")
                .hint("leave out one of them: the marker keeps CI systems from building the commit"));
        }
        let trailers = trailers.iter().map(|text| trailer(text)).collect::<Result<_, _>>()?;
        let message = Options { text, trailers, skip_ci: markers.pushed };
        Ok(Self {
            proposed: Options { skip_ci: markers.proposed, ..message.clone() },
            message,
            git_tag: git_tag(arguments)?,
            author: author.transpose()?,
            environment_author: identity(environment, "AUTHOR"),
            environment_committer: identity(environment, "COMMITTER"),
            environment_email: environment.text("EMAIL"),
            signer: signer(arguments)?,
            seconds: environment.get("GIT_COMMITTER_DATE").map(seconds).transpose()?,
        })
    }
}

fn signer(arguments: &CommitArguments) -> Result<CommitSigner, Failure> {
    Ok(match arguments.sign {
        None | Some(SignWith::Auto) => CommitSigner::Git(Signed::AsConfigured),
        Some(SignWith::Git) => CommitSigner::Git(Signed::Always),
        Some(SignWith::Forge) if arguments.author.is_some() => {
            return Err(Failure::usage(
                "`--author` cannot go with `--sign=forge`: a forge signs its own commits alone",
            )
            .hint("leave out `--author`: the author is the owner of the token; or sign with a key (`--sign=git`)"));
        }
        Some(SignWith::Forge) => CommitSigner::Forge,
    })
}

fn identity(environment: &Environment, role: &str) -> IdentityParts {
    let text = |part: &str| environment.text(&format!("GIT_{role}_{part}"));
    IdentityParts { name: text("NAME"), email: text("EMAIL") }
}

/// Returns the time that git's variable names: seconds since 1970, as git writes them, or a date as in RFC 3339 or as git prints
/// it. Git knows more forms, which depend on the time zone, or on today.
fn seconds(date: &OsStr) -> Result<i64, Failure> {
    let date = date.to_string_lossy();
    let date = date.trim();
    let number = date.split(' ').next().filter(|number| number.starts_with('@') || number.len() > "20261231".len());
    let counted = number.and_then(|number| number.trim_start_matches('@').parse().ok());
    let time = match counted {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => match *date.split_whitespace().collect::<Vec<_>>() {
            [name, day, month, year, clock, zone] if name.ends_with(',') => printed([day, month, year, clock, zone]),
            [_, month, day, clock, year, zone] => printed([day, month, year, clock, zone]),
            // git writes a blank before the time zone.
            _ => date.replace(" +", "+").replace(" -", "-").parse().ok(),
        },
    };
    let seconds = time.map(Timestamp::as_second).filter(|seconds| *seconds >= 0);
    seconds.ok_or_else(|| {
        Failure::usage(format!("`GIT_COMMITTER_DATE` is not a time: `{date}`"))
            .hint("write it as `@SECONDS` since 1970, or as `2026-12-31T12:00:00Z`")
    })
}

/// Reads the parts of a date that git prints, without the day of the week.
fn printed(parts: [&str; 5]) -> Option<Timestamp> {
    // A name of a time zone may mean several.
    parts[4].starts_with(['+', '-']).then(|| DateTimeParser::new().parse_timestamp(parts.join(" ")).ok())?
}

fn template(text: &str) -> Result<MessageTemplate, Failure> {
    if has_login(text) {
        return Err(Failure::usage("a URL in the message has a login in it")
            .hint("leave it out: every reader of the repository sees its commits"));
    }
    MessageTemplate::parse(text).map_err(|error| no_template(&error))
}

fn no_template(error: &TemplateError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error {
        TemplateError::Unknown { .. } => failure.hint("use `{images}`, `{tag}` or `{source}`"),
        TemplateError::Empty(_) => failure.hint(EMPTY),
        TemplateError::Unclosed(_) => failure,
    }
}

fn git_tag(arguments: &CommitArguments) -> Result<Option<GitTagTemplate>, Failure> {
    let Some(name) = &arguments.git_tag else {
        return Ok(None);
    };
    if arguments.git_tag_message.as_deref().is_some_and(has_login) {
        return Err(Failure::usage("a URL in the message of the tag has a login in it")
            .hint("leave it out: every reader of the repository sees its tags"));
    }
    let template = GitTagTemplate::parse(name, arguments.git_tag_message.as_deref());
    let template = template.map_err(|error| no_template(&error))?;
    match template.is_possible() {
        true => Ok(Some(template)),
        false => Err(GitError::TagName(name.clone()).into()),
    }
}

fn trailer(text: &str) -> Result<Trailer, Failure> {
    let (token, value) = text.split_once('=').unwrap_or((text, ""));
    let token = token.trim();
    if token.to_ascii_lowercase().ends_with("skip-checks") {
        return Err(Failure::usage(format!("`{text}` is a skip marker, not a trailer"))
            .hint("`--skip-ci skip-checks` writes it where GitHub looks for it"));
    }
    // They are what order, rollback and log believe.
    if token.to_ascii_lowercase().starts_with("tagship-") {
        return Err(Failure::usage(format!("`{token}` is one of tagship's own trailers"))
            .hint("give yours another name; `--source` says which commit an image was built from"));
    }
    Trailer::new(token, &skip_ci::broken(value)).map_err(|error| {
        let failure = Failure::usage(format!("`{text}` is not a trailer: {error}"));
        match error {
            TrailerError::Value => failure.hint("write it as `TOKEN=VALUE`"),
            TrailerError::Token | TrailerError::Login => failure,
        }
    })
}
