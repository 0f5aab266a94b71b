//! The flags for releases that go to their branch by a pull request.

use clap::{Args, ValueEnum};

use super::white_space::Switch;

/// What to do if the server refuses the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnRefused {
    /// Fail
    Fail,
    /// Propose the release by a pull request
    PullRequest,
}

/// Whether and how the forge merges a pull request by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AutoMergeChoice {
    /// As `squash`. If GitLab opens the merge request by push options, there is no squash, because these carry no message
    #[value(aliases = ["true", "yes", "on", "1"])]
    Auto,
    /// By a merge commit
    Merge,
    /// By one commit with our message
    Squash,
    /// By putting our commit onto the branch
    Rebase,
    /// A person merges it
    #[value(aliases = ["false", "no", "off", "0"])]
    Never,
}

/// The kind of server that a repository is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForgeChoice {
    /// GitHub, also GitHub Enterprise
    #[value(name = "github")]
    GitHub,
    /// GitLab
    #[value(name = "gitlab")]
    GitLab,
    /// Gitea
    Gitea,
    /// Forgejo
    Forgejo,
    /// Azure DevOps
    Azure,
    /// Bitbucket Cloud
    Bitbucket,
}

impl ForgeChoice {
    /// Returns the kind as it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
            Self::Azure => "azure",
            Self::Bitbucket => "bitbucket",
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Pull request")]
pub struct ProposalArguments {
    /// Propose the release by a pull request (a merge request) instead of a push to the branch: opened, or kept up to date
    #[arg(long, env = "TAGSHIP_PULL_REQUEST", value_parser = Switch, alias = "merge-request")]
    pub pull_request: bool,

    /// What to do if the server refuses the push to the branch, as a protected branch does
    #[arg(long, value_enum, value_name = "WHAT", env = "TAGSHIP_ON_REFUSED", default_value_t = OnRefused::Fail)]
    pub on_refused: OnRefused,

    /// The branch that the request of `--pull-request` or `--on-refused pull-request` comes from [default: `tagship/BRANCH/FOLDER-ENTRIES`]
    #[arg(long, value_name = "BRANCH", env = "TAGSHIP_HEAD", hide_short_help = true)]
    pub head: Option<String>,

    /// Let the forge (GitHub, GitLab and the like) merge the request of `--pull-request` or `--on-refused pull-request` as soon
    /// as its rules allow. Without a value: auto [default: never]
    #[arg(
        long,
        value_enum,
        value_name = "METHOD",
        env = "TAGSHIP_AUTO_MERGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        ignore_case = true
    )]
    pub auto_merge: Option<AutoMergeChoice>,

    /// What kind of forge the repository is on, if its host does not tell
    #[arg(long, value_enum, value_name = "KIND", env = "TAGSHIP_FORGE", ignore_case = true, hide_short_help = true)]
    pub forge: Option<ForgeChoice>,

    /// Where the forge is, such as `https://git.example.org`, if the host of the repository does not tell
    #[arg(long, value_name = "URL", env = "TAGSHIP_FORGE_URL", hide_env_values = true, hide_short_help = true)]
    pub forge_url: Option<String>,
}
