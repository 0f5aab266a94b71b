//! What a commit is to say, as far as it does not depend on the edit.

use super::values::listed;
use crate::cli::{CommitArguments, Environment};
use crate::failure::Failure;
use crate::git::{Identity, Trailer};
use crate::message_template::MessageTemplate;

/// What the commit says, as far as it does not depend on the edit.
pub struct CommitRequest {
    pub text: Option<MessageTemplate>,
    pub author: Option<Identity>,
    /// `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`.
    pub environment_author: Option<Identity>,
    /// `GIT_COMMITTER_NAME` and `GIT_COMMITTER_EMAIL`.
    pub environment_committer: Option<Identity>,
    pub trailers: Vec<Trailer>,
    /// What the title ends in to keep CI from starting again.
    pub marker: Option<String>,
    /// The time of the commit in seconds since 1970, where it is given (`GIT_COMMITTER_DATE=@SECONDS`).
    pub seconds: Option<i64>,
}

impl CommitRequest {
    pub(super) fn new(arguments: &CommitArguments, environment: &Environment) -> Result<Self, Failure> {
        let author = arguments
            .author
            .as_deref()
            .map(|text| text.parse().map_err(|error| Failure::usage(format!("`{text}` is not an author: {error}"))));
        let trailers = listed("--trailer", &arguments.trailers)?;
        let trailers = trailers.iter().map(|text| {
            let (token, value) = text.split_once('=').unwrap_or((text, ""));
            Trailer::new(token.trim(), value)
                .map_err(|error| Failure::usage(format!("`{}` is not a trailer: {error}", text.escape_debug())))
        });
        Ok(Self {
            text: arguments.message.as_deref().map(MessageTemplate::parse).transpose()?,
            author: author.transpose()?,
            environment_author: identity(environment, "AUTHOR"),
            environment_committer: identity(environment, "COMMITTER"),
            trailers: trailers.collect::<Result<_, _>>()?,
            marker: marker(&arguments.skip_ci)?,
            seconds: environment
                .get("GIT_COMMITTER_DATE")
                .and_then(|date| date.to_str()?.strip_prefix('@')?.split(' ').next()?.parse().ok()),
        })
    }
}

fn identity(environment: &Environment, role: &str) -> Option<Identity> {
    let text = |part: &str| environment.get(format!("GIT_{role}_{part}"))?.to_str();
    format!("{} <{}>", text("NAME")?, text("EMAIL")?).parse().ok()
}

/// `auto` is on, because every release is a direct push. In the title and in lower case, `[skip ci]` is the one spelling
/// that nearly every CI system knows.
fn marker(text: &str) -> Result<Option<String>, Failure> {
    match text {
        "auto" | "always" => Ok(Some("[skip ci]".to_owned())),
        "never" => Ok(None),
        text if text.contains(char::is_control) => Err(Failure::usage("a marker is one line")),
        text => Ok(Some(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::marker;

    #[test]
    fn markers() {
        assert_eq!(marker("auto").unwrap().as_deref(), Some("[skip ci]"));
        assert_eq!(marker("never").unwrap(), None);
        assert_eq!(marker("[ci skip]").unwrap().as_deref(), Some("[ci skip]"));
        assert!(marker("a\nb").is_err());
    }
}
