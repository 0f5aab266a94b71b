//! The files on the release branch that a command looks at, and does not write.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use super::groups::RepositoryArguments;

/// Files on the branch.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct BranchFilesArguments {
    /// A kustomization on the release branch, or its folder, or a pattern such as 'apps/*' (can be repeated) [default of `log` and `status`: `.`, if no `--file` is given]
    ///
    /// A pattern stands for every kustomization that it matches, or whose folder it matches: `*` is any text within one name, `**` any number of folders, `?` one character. Quote it, so that the shell does not read it. If it matches nothing, the command fails.
    #[arg(short, long = "kustomization", value_name = "PATH", env = "TAGSHIP_KUSTOMIZATION", value_delimiter = '\n')]
    pub kustomizations: Vec<String>,

    /// A file of another kind: Helm values, manifests, a compose file and the like, or a pattern (can be repeated)
    #[arg(short, long = "file", value_name = "PATH", env = "TAGSHIP_FILE", value_delimiter = '\n')]
    pub files: Vec<String>,
}

/// The files on the branch whose entries are checked.
#[derive(Debug, Args)]
pub struct ReleasedArguments {
    #[command(flatten)]
    pub branch: BranchFilesArguments,

    #[command(flatten)]
    pub repository: RepositoryArguments,
}

/// Fails if `check` is told where the release branch is, and no file of it is named, or which tag or digest images have, and no
/// image is named. A variable may be there for other commands, unless it is of one of the `inputs` of the action's step.
pub(super) fn require_what_flags_are_for(
    command: &mut Command,
    matches: &ArgMatches,
    inputs: &str,
) -> Result<(), clap::Error> {
    let Some(("check", matches)) = matches.subcommand() else { return Ok(()) };
    let has = |name: &str| matches.value_source(name).is_some();
    let is_typed = |name: &&str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let is_given = |name: &&str| is_typed(name) || (has(name) && inputs.split_whitespace().any(|input| input == *name));
    let for_files = ["repo", "remote", "branch"].into_iter().find(is_typed);
    let message = if let Some(name) = for_files.filter(|_| !has("kustomizations") && !has("files")) {
        format!(
            "`--{name}` says where files are, and no file is named\n\n  \
             tip: name the files to check with `-k` or `-f`; an image that is given is checked in its registry alone\n"
        )
    } else if let Some(name) = ["tag", "digest"].into_iter().find(is_given).filter(|_| !has("references")) {
        format!(
            "`--{name}` is for images that are named, and none is named\n\n  \
             tip: leave it out, because what is in a file is checked by its own tag and digest\n"
        )
    } else {
        return Ok(());
    };
    Err(command.error(ErrorKind::ValueValidation, message))
}
