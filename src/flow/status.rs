//! `status`: what runs where, by what the files of the release branch say. It reads no history, so that it costs the same for
//! any number of entries; `log` tells when and by which commit.

use crate::flow::release_branch::read_branch::{Tip, read_branch};
use crate::flow::target_files::manifests_set_again::warn_of_set_again;
use crate::outcome::failure::Failure;
use crate::outcome::{Comparison, Ending, EntryState, Event, Listener, Outcome};
use crate::request::{Shown, StatusRequest};
use crate::targets::{self, TargetError};

/// Compares the entries of some files.
pub fn status(request: &StatusRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let (branch, mut comparison) = read_branch(&request.repository, &request.files, listener, compared)?;
    if comparison.files.len() > 1 && comparison.entries.iter().all(|entry| entry.count() == 1) {
        listener(&Event::Noted("no two of the files have an entry of one name, so nothing was compared".to_owned()));
    }
    if request.shown == Shown::Differing {
        comparison.entries.retain(|entry| entry.state() != EntryState::Same);
    }
    Ok(Outcome { branch, ..Outcome::new(Ending::Compared(comparison)) })
}

/// Returns the branch, and what its files say.
fn compared(tip: Tip<'_, '_>, listener: &mut Listener<'_>) -> Result<(Option<String>, Comparison), Failure> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in &tip.files.paths {
        let file = path.as_str();
        let shown = targets::read(file, tip.snapshot.file(path)?, |file| file.shown_entries());
        let shown = match shown {
            Ok(shown) => shown,
            Err(error) => {
                problems.push(Failure::edit(file, &error));
                continue;
            }
        };
        for refusal in shown.untold.into_iter().chain(shown.doubtful) {
            listener(&Event::Warned(format!("not listed: {}", TargetError::from(refusal).in_file(file))));
        }
        files.push((path.to_string(), shown.entries));
    }
    Failure::of_all(problems)?;
    let names = files.iter().map(|(_, entries)| entries.iter().map(|(name, _)| name.as_str()).collect());
    warn_of_set_again(tip.snapshot, &tip.files.paths, names, listener);
    Ok((tip.branch.known().map(ToString::to_string), Comparison::of(files)))
}
