//! The flags that say how the commit of a release is made and pushed.

use clap::{Args, ValueEnum};

use super::white_space::Switch;

const SKIP_CI_HELP: &str = "\
How to keep the push from starting the pipeline again:

    auto         the marker of the CI system that runs this, else `[skip ci]`, in the title
    always       `[skip ci]` in the title
    SYSTEM       the marker of that system: `github`, `gitlab`, `jenkins`, `jenkins-gitlab` and so on
    skip-checks  no marker, but GitHub's trailer `skip-checks: true`
    push-option  no marker, but GitLab's push option `ci.skip`
    never        nothing
    TEXT         any other text is written into the title as it is, unless it is spelt almost as one of these

A value that is filled into the message never becomes a marker: its brackets are replaced.";

/// What signs the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignWith {
    /// The key of git's configuration, if `commit.gpgSign` is set
    #[value(aliases = ["false", "no", "off", "0"])]
    Auto,
    /// The key of git's configuration
    #[value(aliases = ["true", "yes", "on", "1"])]
    Git,
    /// GitHub, which makes the commit: its author is the owner of the token
    Forge,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Git")]
pub struct CommitArguments {
    /// Release although a `.tagship-hold` on the branch stops it
    #[arg(
        long,
        env = "TAGSHIP_OVERRIDE_HOLD",
        value_parser = Switch,
        help_heading = "Guards"
    )]
    pub override_hold: bool,

    /// Create the release branch if it does not exist, even if there is nothing to commit
    #[arg(long, env = "TAGSHIP_CREATE_BRANCH", value_parser = Switch)]
    pub create_branch: bool,

    /// Start the branch of `--create-branch` from this branch [default: the default branch]
    #[arg(long, value_name = "BRANCH", env = "TAGSHIP_BASE", requires = "create_branch", hide_short_help = true)]
    pub base: Option<String>,

    /// Sign the commit. Without a value: with the key of git's configuration [default: as `commit.gpgSign` says]
    #[arg(
        long,
        value_enum,
        value_name = "WHO",
        env = "TAGSHIP_SIGN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "git",
        ignore_case = true
    )]
    pub sign: Option<SignWith>,

    /// The commit's message: its first line is the title; `{images}`, `{tag}` and `{source}` are filled in
    #[arg(long, value_name = "TEXT", env = "TAGSHIP_MESSAGE")]
    pub message: Option<String>,

    /// Author of the commit [default: from git's configuration, else the bot of GitHub, Gitea, Forgejo or Bitbucket, else
    /// `tagship`]
    #[arg(long, value_name = "NAME <EMAIL>", env = "TAGSHIP_AUTHOR", hide_short_help = true)]
    pub author: Option<String>,

    /// Add a trailer to the commit, whose name does not begin with `Tagship-` (can be repeated)
    #[arg(
        long = "trailer",
        value_name = "TOKEN=VALUE",
        env = "TAGSHIP_TRAILER",
        value_delimiter = '\n',
        hide_short_help = true
    )]
    pub trailers: Vec<String>,

    /// How to keep the push from starting the pipeline again
    #[arg(
        long,
        value_name = "auto|always|never|TEXT",
        env = "TAGSHIP_SKIP_CI",
        default_value = "auto",
        long_help = SKIP_CI_HELP
    )]
    pub skip_ci: String,

    /// Put a tag on the release commit, pushed with it in one step; `{images}`, `{tag}` and `{source}` are filled in. A tag
    /// that exists is an error
    #[arg(long, value_name = "NAME", env = "TAGSHIP_GIT_TAG", hide_short_help = true)]
    pub git_tag: Option<String>,

    /// Make the tag of `--git-tag` an annotated one, with this message; the same places are filled in
    #[arg(long, value_name = "TEXT", env = "TAGSHIP_GIT_TAG_MESSAGE", requires = "git_tag", hide_short_help = true)]
    pub git_tag_message: Option<String>,

    /// Send this option to the server, as `git push -o` does (can be repeated) [default: `push.pushOption` of git's configuration]
    #[arg(
        long = "push-option",
        value_name = "OPTION",
        env = "TAGSHIP_PUSH_OPTION",
        value_delimiter = '\n',
        hide_short_help = true
    )]
    pub push_options: Vec<String>,

    /// Try this many times (1 to 1000) if other releases win the race for the branch
    #[arg(
        long,
        value_name = "N",
        env = "TAGSHIP_ATTEMPTS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=1000),
        hide_short_help = true
    )]
    pub attempts: u32,
}
