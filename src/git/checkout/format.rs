//! The format of a repository on disk, as its own configuration tells it. An extension that is not known may change what any
//! file of it means, so that git leaves such a repository alone, which gix does not.

use gix::bstr::ByteSlice as _;
use gix::config::File;

use crate::system::disk::bounded_file;

/// The newest version of the format that is known, as for git.
const NEWEST: i64 = 1;

/// The extensions that git 2.48 knows whatever the version is.
const OF_ANY_VERSION: [&str; 4] = ["noop", "preciousobjects", "partialclone", "worktreeconfig"];

/// The extensions that git 2.48 knows from version 1 on, and refuses before. Relative paths of linked work trees are read in any
/// format.
const OF_VERSION_1: [&str; 5] = ["noop-v1", "objectformat", "compatobjectformat", "refstorage", "relativeworktrees"];

/// Returns why the repository whose files are in `folder` is of a format that is not known; `None` if it is known. Files that
/// its configuration includes do not count for this.
pub(super) fn unknown_format(folder: &std::path::Path) -> Option<String> {
    let text = bounded_file::read(&folder.join("config")).ok()?;
    judge(&File::try_from(text.to_str_lossy().as_ref()).ok()?)
}

fn judge(config: &File) -> Option<String> {
    // As for git, a repository that names no version is judged by nothing else.
    let version = config.integer("core.repositoryFormatVersion").ok()??;
    if version > NEWEST {
        return Some(format!("its format has the version {version}, which is not known"));
    }
    let sections = config.sections_by_name("extensions").into_iter().flatten();
    let extensions = sections.flat_map(|section| {
        let below = section.header().subsection_name().map(|below| format!("{below}.")).unwrap_or_default();
        section.value_names().map(|name| format!("{below}{name}")).collect::<Vec<_>>()
    });
    let is_refused = |extension: &String| {
        let is_one_of = |known: &[&str]| known.iter().any(|known| extension.eq_ignore_ascii_case(known));
        match version {
            0 => is_one_of(&OF_VERSION_1),
            _ => !is_one_of(&OF_ANY_VERSION) && !is_one_of(&OF_VERSION_1),
        }
    };
    let refused = extensions.into_iter().find(is_refused)?;
    Some(match version {
        0 => format!("its format has the extension `{refused}`, and not the version for that"),
        _ => format!("its format has the extension `{refused}`, which is not known"),
    })
}
