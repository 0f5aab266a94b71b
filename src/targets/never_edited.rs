//! Files that are never edited, whatever is asked for: they are encrypted, templates of a chart, or in a language that is no
//! YAML. A pattern may match some of them beside others.

use super::any_file::{TargetError, edit};
use super::edit::Absent;
use super::scalars::{is_called_dotenv, refuse_text};

/// Returns why the file at `path` is never edited; `None` if another one of its kind may be.
pub fn never_edited(path: &str, source: &[u8]) -> Option<TargetError> {
    // Nearly all files need not be read for this.
    let is_marked = || source.windows(4).any(|window| window == b"sops");
    let may_be = refuse_text(path, source).is_err() || is_called_dotenv(path) || is_marked();
    let edited = may_be.then(|| edit(path, source, &[], Absent::Report))?;
    edited.err().filter(TargetError::is_never_edited)
}
