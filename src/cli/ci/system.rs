//! What there is to know about a CI system: the columns of the table in `systems`.

use super::variables::Values;
use crate::cli::surface::Surface;

/// A known CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiSystem {
    ForgejoActions,
    GiteaActions,
    GitHubActions,
    GitLabCi,
    Woodpecker,
    Drone,
    BitbucketPipelines,
    AzurePipelines,
    CircleCi,
    Buildkite,
    Jenkins,
    Travis,
    AppVeyor,
    Semaphore,
    JenkinsWithGitLab,
    TeamCity,
}

/// A CI system: what its variables are called, and what it understands.
pub(super) struct System {
    pub(super) id: CiSystem,
    pub(super) name: &'static str,
    /// Set if and only if this system runs us; none: the system can be named, but not detected.
    pub(super) sign: Values,
    /// The system whose variables this one sets too, and with values of its own.
    pub(super) imitates: Option<CiSystem>,
    /// The repository's name with its owner. If no variable has it, it is read from the URL.
    pub(super) repository: Values,
    pub(super) repository_url: Values,
    /// The folder in which the system checks repositories out.
    pub(super) workspace: Values,
    pub(super) commit: Values,
    /// The last commit of the pull or merge request, if `commit` is the merge that was made to test it.
    pub(super) request_head: Values,
    pub(super) before: Values,
    /// The file with the event, which has `before` too.
    pub(super) event: Values,
    pub(super) branch: Values,
    /// Set if a tag is built.
    pub(super) tag: Values,
    /// Set if a pull or merge request is built.
    pub(super) pull_request: Values,
    /// Set if a merge queue is built, whatever its branch is called.
    pub(super) merge_queue: Values,
    pub(super) trigger: Option<Trigger>,
    pub(super) run: Values,
    pub(super) actor: Values,
    pub(super) bot: Option<&'static str>,
    pub(super) skip: Option<Skip>,
    pub(super) git_token: Option<GitToken>,
    pub(super) registry_logins: &'static [RegistryToken],
    /// The forge that the system belongs to; `None`: it builds for several, of which it tells nothing.
    pub(super) forge: Option<ForgeVariables>,
    pub(super) inputs: Option<Inputs>,
    pub(super) log_commands: &'static [LogCommand],
}

/// How a system tells what began a run.
pub(super) struct Trigger {
    pub(super) variable: &'static str,
    /// Its words for a push.
    pub(super) pushes: &'static [&'static str],
    /// Its other words for a run of the tag that was pushed.
    pub(super) of_tags: &'static [&'static str],
    /// Its word for a run that another run of the same commit began. Only the commit before the push tells whether a push began
    /// that one.
    pub(super) child: Option<&'static str>,
}

/// How a commit asks the system not to build it.
pub(super) struct Skip {
    /// The value of `--skip-ci` that chooses this system.
    pub(super) preset: &'static str,
    /// The text in the commit's title.
    pub(super) marker: &'static str,
}

/// The token that a system gives a run for its own git server.
pub(super) struct GitToken {
    /// The variable that must be set for the token to count.
    pub(super) sign: &'static str,
    /// The variable with the server's URL.
    pub(super) server: &'static str,
    pub(super) token: &'static str,
    pub(super) user: &'static str,
}

/// A login that a system gives a run for its own registry; the first that is complete counts.
pub(super) struct RegistryToken {
    /// The variable with the URL of the server whose registry this is, and that URL. If the variable has another URL, the
    /// login is another server's.
    pub(super) home: Option<(&'static str, &'static str)>,
    pub(super) registry: Values,
    pub(super) username: Values,
    /// The variable with the password.
    pub(super) password: &'static str,
    /// The host or URL that gives tokens for the registry, if it is another one.
    pub(super) server: Values,
}

/// What the variables with the addresses of a system's own forge are called.
pub(super) struct ForgeVariables {
    /// A word of `--forge`.
    pub(super) kind: &'static str,
    pub(super) web: &'static str,
    pub(super) api: Option<&'static str>,
    pub(super) graphql: Option<&'static str>,
}

/// How a system hands the inputs of a step to a container.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Inputs {
    /// What the variables of inputs begin with.
    pub(in crate::cli) prefix: &'static str,
    pub(in crate::cli) lists: Lists,
    pub(in crate::cli) surface: Surface,
    /// The names, without the prefix, that the system sets by itself.
    pub(in crate::cli) of_the_system: &'static [&'static str],
}

/// How an input writes a list that is not JSON.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Lists {
    /// One value a line.
    Lines,
    /// One value a line, or values with commas between them.
    LinesOrCommas,
}

/// A text in a log that the system takes for a command.
#[derive(Debug, Clone, Copy)]
pub enum LogCommand {
    /// At the beginning of a line, after any space.
    LineStart(&'static str),
    Anywhere(&'static str),
}

/// In the title and in lower case, nearly every system knows this marker.
pub const USUAL_SKIP_MARKER: &str = "[skip ci]";
