//! What a checkout's configuration includes for other folders alone. actions/checkout keeps its login in a file that is included
//! for the path of its checkout: in a copy of that, or behind another mount, there is no login, and the reader must know why.

use std::fmt;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use gix::config::{File, Source};

/// A condition that keeps a file out of the configuration of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct UnmetInclude {
    /// The repository that the file is included for.
    wanted: String,
    /// The repository of this checkout.
    here: PathBuf,
}

impl UnmetInclude {
    /// Returns the first condition on a folder in the checkout's own configuration; `None` if one of them is met.
    pub(in crate::git) fn find(config: &File, here: &Path) -> Option<Self> {
        let mut first = None;
        let sections = config.sections_by_name("includeIf").into_iter().flatten();
        for section in sections.filter(|section| matches!(section.meta().source, Source::Local | Source::Worktree)) {
            let condition = section.header().subsection_name().unwrap_or_default();
            let Some(folder) = condition.strip_prefix(b"gitdir:") else { continue };
            for included in section.values("path") {
                if is_read(config, &included.to_str_lossy()) {
                    return None;
                }
                first.get_or_insert_with(|| folder.to_str_lossy().into_owned());
            }
        }
        Some(Self { wanted: first?, here: here.to_owned() })
    }
}

/// Returns whether the file at this path is part of the configuration.
fn is_read(config: &File, path: &str) -> bool {
    config.sections().any(|section| section.meta().path.as_deref() == Some(Path::new(path)))
}

impl fmt::Display for UnmetInclude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, here } = self;
        write!(f, "git's configuration has more for the repository `{wanted}`, and this one is `{}`", here.display())
    }
}
