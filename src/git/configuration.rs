//! git's configuration of the user, the system and the environment, and the place of a mistake in it. gix names no file, and
//! quotes what it cannot parse, which may be a secret.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice as _};
use gix::config::File;
use gix::config::file::Metadata;
use gix::config::file::{includes, init};
use gix::config::source::Kind;
use gix::open::Permissions;
use gix::sec::Permission;

use super::error::GitError;
use crate::system::disk::bounded_file::{self, in_home};

const HOME: &str = "HOME";

/// The variables that name folders of the user.
const USERS_FOLDERS: [&str; 2] = [HOME, "XDG_CONFIG_HOME"];

/// How deep files that include each other are searched for a mistake.
const MAX_INCLUDES: usize = 10;

/// Returns the user's and the system's configuration of git, and that of the environment (`GIT_CONFIG_COUNT`). As for git, a
/// file that may not be read counts as none.
pub(super) fn user_configuration() -> Result<File, GitError> {
    let read = || {
        let home = home();
        let includes = includes::Options::follow_without_conditional(home.as_deref());
        let options = init::Options { includes, ignore_io_errors: true, ..init::Options::default() };
        let mut config = File::from_paths_metadata(files(), options)?.unwrap_or_default();
        config.append(File::from_environment_overrides()?)?;
        Ok(config)
    };
    read().map_err(|error: gix::Error| {
        mistake(&error, &[]).unwrap_or_else(|| GitError::unexpected("git's configuration cannot be read", error))
    })
}

/// Returns a variable for gix. An empty name of a folder of the user counts as not set: the user's configuration would be read
/// from the current folder, where a commit may have put files.
fn variable(name: &str) -> Option<OsString> {
    gix::path::env::var(name).filter(|value| !(value.is_empty() && USERS_FOLDERS.contains(&name)))
}

fn home() -> Option<PathBuf> {
    variable(HOME).map(PathBuf::from)
}

/// Returns what gix may read by itself beside a repository.
pub(super) fn permissions() -> Permissions {
    let allowed = |name| if variable(name).is_some() { Permission::Allow } else { Permission::Deny };
    let mut permissions = Permissions::all();
    [permissions.env.home, permissions.env.xdg_config_home] = USERS_FOLDERS.map(allowed);
    permissions.attributes.git = has_user_attributes();
    permissions
}

/// Returns whether the user has attributes of git. As for git, those of a home that may not be read count as none.
fn has_user_attributes() -> bool {
    let path = gix::attrs::Source::Git.storage_location(&mut variable);
    path.is_some_and(|path| path.is_file() && std::fs::File::open(path).is_ok())
}

/// Returns the values of a key that may have several. As for git, an empty one takes back those before it.
pub(super) fn values(config: &File, key: &str) -> Vec<BString> {
    let values = config.strings(key).unwrap_or_default();
    let start = values.iter().rposition(|value| value.is_empty()).map_or(0, |reset| reset + 1);
    values[start..].to_vec()
}

/// Returns the files of the user and the system that there are.
fn files() -> Vec<Metadata> {
    let sources = [Kind::GitInstallation, Kind::System, Kind::Global].into_iter().flat_map(Kind::sources);
    let files = sources.filter_map(|source| {
        let path = source.storage_location(&mut variable)?;
        let path = Some(path).filter(|path| path.is_file())?;
        Some(Metadata { path: Some(path), source: *source, level: 0, trust: gix::sec::Trust::Full })
    });
    files.collect()
}

/// Returns where the mistake is if a configuration could not be read because of one; `None` if that is not why. `others` are
/// files that may have been read beside those of the user and the system.
pub(super) fn mistake(error: &gix::Error, others: &[PathBuf]) -> Option<GitError> {
    if error.downcast_any_ref::<gix::config::parse::Error>().is_some() {
        let mut files = files().into_iter().filter_map(|file| file.path).chain(others.iter().cloned());
        let place = files.find_map(|path| broken(&path, MAX_INCLUDES));
        return Some(GitError::Configuration { place: place.unwrap_or_else(|| "a file that it includes".to_owned()) });
    }
    let messages = error.iter_errors().filter_map(|error| error.downcast_ref::<gix::error::Message>());
    let variable = messages.filter_map(|message| {
        let words = message.message.split_whitespace();
        words.into_iter().find(|word| word.starts_with("GIT_CONFIG_")).map(str::to_owned)
    });
    variable.last().map(|variable| GitError::Configuration { place: format!("the variable `{variable}`") })
}

/// Whether the configuration of a repository says that its objects are not named by SHA-1, for which no object is read.
pub(super) fn names_objects_otherwise(configuration: &Path) -> bool {
    let Ok(text) = bounded_file::read(configuration) else { return false };
    let text = text.to_str_lossy();
    let format = File::try_from(text.as_ref()).ok().and_then(|config| config.string("extensions.objectFormat"));
    format.is_some_and(|format| !format.eq_ignore_ascii_case(b"sha1"))
}

/// Returns the place of a mistake in the syntax of a file, or of one that it includes.
fn broken(path: &Path, depth: usize) -> Option<String> {
    let text = bounded_file::read(path).ok()?;
    let text = text.to_str_lossy();
    let config = match File::try_from(text.as_ref()) {
        Ok(config) => config,
        Err(error) => {
            let line = error.line_number();
            return Some(format!("`{}`, line {line}", path.display()));
        }
    };
    let sections = ["include", "includeIf"].into_iter().filter_map(|name| config.sections_by_name(name)).flatten();
    let included: Vec<BString> = sections.flat_map(|section| section.values("path")).collect();
    let home = home();
    included.iter().find_map(|included| {
        let included = in_home(Path::new(included.to_str().ok()?), home.as_deref());
        broken(&path.parent()?.join(included), depth.checked_sub(1)?)
    })
}
