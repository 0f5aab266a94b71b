//! `log`: what was released to a branch, from its history.

use crate::flow::from_history::unknown_entry::never_was;
use crate::flow::release_branch::branch::LocatedFiles;
use crate::flow::release_branch::read_branch::{Tip, read_branch};
use crate::flow::target_files::named_files::named_by;
use crate::guards::history::entry_history::{EntryHistory, newest_commits, places_on_branch};
use crate::guards::history::file_entries::FileVersions;
use crate::guards::order::Numbers;
use crate::message::LoggedRelease;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, Listener, Outcome};
use crate::request::LogRequest;

/// Lists the releases of one entry, or of all entries of some files.
pub fn log(request: &LogRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    read_branch(&request.repository, &request.files, listener, |tip, listener| releases(request, tip, listener))
}

fn releases(request: &LogRequest, tip: Tip<'_, '_>, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let Tip { branch, snapshot, files: LocatedFiles { paths, never_edited } } = tip;
    let name = request.name.as_deref();
    let is_wanted =
        |release: &LoggedRelease| request.since.is_none_or(|since| release.record.seconds >= since.as_second());
    // A name that shows in no change may be a slip, which only the whole history tells.
    let is_enough = |read: &EntryHistory| {
        let is_past = || request.since.is_some_and(|since| read.read_back_to < since.as_second());
        read.changes.iter().filter(|release| is_wanted(release)).count() >= request.limit
            || (!read.changes.is_empty() && is_past())
    };
    let (mut history, mut without, mut commits_read) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        let found =
            EntryHistory::read(snapshot, path, name, &FileVersions::default(), Numbers::InVersions, &is_enough)?;
        commits_read = commits_read.max(found.commits_read);
        if found.changes.is_empty() && found.complete {
            without.push(path);
        }
        if !found.complete && !is_enough(&found) {
            listener(&Event::Noted(format!(
                "searched {} only; older releases are not listed",
                newest_commits(found.commits_read)
            )));
        }
        history.extend(found.changes.into_iter().filter(is_wanted));
    }
    if let (Some(name), [first, ..]) = (name, without.as_slice()) {
        if without.len() == paths.len() {
            return Err(never_edited.beside(never_was(name, snapshot, first)?));
        }
        // A file that a pattern matches need not have the entry.
        let named = without.into_iter().filter(|path| named_by(&branch.base, &request.files, path).is_some());
        for path in named {
            listener(&Event::Noted(never_was(name, snapshot, path)?.message));
        }
    }
    // The releases of one file are in the order of the branch, whatever clocks said, and so are those of several.
    if paths.len() > 1 {
        let places = places_on_branch(snapshot, commits_read)?;
        history.sort_by_key(|release: &LoggedRelease| places.get(&release.record.id).copied().unwrap_or(usize::MAX));
    }
    history.truncate(request.limit);
    let branch = branch.known().map(ToString::to_string);
    Ok(Outcome { branch, ..Outcome::new(Ending::Logged(history)) })
}
