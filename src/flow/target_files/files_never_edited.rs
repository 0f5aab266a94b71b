//! Files that a pattern matches, and that are never edited. They are left out with a warning, so that one secret does not stop
//! the release of the files beside it. A file that is named by itself is meant, so it is an error there.

use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener};
use crate::targets::{TargetError, never_edited};

/// How many files are told by their names.
const MAX_TOLD: usize = 3;

/// The files that are left out, each with the reason.
#[derive(Default)]
pub(in crate::flow) struct NeverEdited(Vec<(String, TargetError)>);

impl NeverEdited {
    /// Leaves the file at `path` out if it is never edited, and returns whether it is.
    pub(in crate::flow) fn takes(&mut self, path: &str, text: &[u8]) -> bool {
        let Some(error) = never_edited(path, text) else { return false };
        self.0.push((path.to_owned(), error));
        true
    }

    /// Fails with the reasons if no other file is left.
    pub(in crate::flow) fn require_others(&self, others: usize) -> Result<(), Failure> {
        let reasons = self.0.iter().filter(|_| others == 0);
        Failure::of_all(reasons.map(|(path, error)| Failure::edit(path, error)).collect())
    }

    pub(in crate::flow) fn tell(&self, listener: &mut Listener<'_>) {
        if let Some(told) = self.told() {
            listener(&Event::Warned(told));
        }
    }

    /// Adds the files to the failure for a name that no other file has: one of them may have it.
    pub(in crate::flow) fn beside(&self, failure: Failure) -> Failure {
        self.told().into_iter().fold(failure, Failure::detail)
    }

    fn told(&self) -> Option<String> {
        let names: Vec<String> = self.0.iter().take(MAX_TOLD).map(|(path, _)| format!("`{path}`")).collect();
        let more = self.0.len().saturating_sub(MAX_TOLD);
        let list = if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) };
        match self.0.len() {
            0 => None,
            1 => Some(format!(
                "left out 1 file that a pattern matches, because it is encrypted, a template or no YAML: {list}"
            )),
            files => Some(format!(
                "left out {files} files that a pattern matches, because they are encrypted, templates or no YAML: {list}"
            )),
        }
    }
}
