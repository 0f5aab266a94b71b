//! Which files on the release branch `check` looks at.

use clap::Args;

use super::groups::RepositoryArguments;

/// The files on the branch whose entries are checked.
#[derive(Debug, Args)]
pub struct ReleasedArguments {
    /// Check the entries of this kustomization, or of its folder, on the release branch, and the rules that are for them (can be
    /// repeated)
    #[arg(
        short,
        long = "kustomization",
        value_name = "PATH",
        env = "TAGSHIP_KUSTOMIZATION",
        value_delimiter = '\n',
        help_heading = "Files"
    )]
    pub kustomizations: Vec<String>,

    /// Check the images of a file of another kind likewise (can be repeated)
    #[arg(
        short,
        long = "file",
        value_name = "PATH",
        env = "TAGSHIP_FILE",
        value_delimiter = '\n',
        help_heading = "Files"
    )]
    pub files: Vec<String>,

    #[command(flatten)]
    pub repository: RepositoryArguments,
}
