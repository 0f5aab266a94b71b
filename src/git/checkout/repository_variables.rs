//! The variables of a repository: where its files are, as `git rev-parse --local-env-vars` lists them. git sets them in
//! hooks, for the repository of the hook, so they must not count for another one.

use std::path::{Path, PathBuf};

use gix::config::Source;
use gix::config::file::Metadata;

use crate::git::configuration::permissions;

/// Which repository the environment's variables of a repository are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepositoryVariables {
    /// The one that is looked for, with its `GIT_DIR`.
    OfThis {
        git_dir: Option<PathBuf>,
    },
    OfAnother,
}

impl RepositoryVariables {
    /// The variables of the repository around a folder, if none names it.
    pub(super) const AROUND: Self = Self::OfThis { git_dir: None };

    pub(super) fn git_dir(&self) -> Option<&Path> {
        match self {
            Self::OfThis { git_dir } => git_dir.as_deref(),
            Self::OfAnother => None,
        }
    }

    /// Returns how to open the repository. gix reads `GIT_WORK_TREE`, `GIT_INDEX_FILE` and `GIT_SHALLOW_FILE` as if they were
    /// settings of git's configuration, each of the source `EnvOverride`, and none of the others.
    pub(super) fn options(&self) -> gix::open::Options {
        let options = gix::open::Options::default().with(gix::sec::Trust::Full).permissions(permissions());
        let is_no_variable = |section: &Metadata| section.source != Source::EnvOverride;
        match self {
            Self::OfThis { .. } => options,
            Self::OfAnother => options.filter_config_section(is_no_variable),
        }
    }
}
