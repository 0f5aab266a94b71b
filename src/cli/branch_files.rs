//! The files on the release branch that a command looks at, and does not write.

use clap::Args;

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
