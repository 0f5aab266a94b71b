//! `log`: what was released to a branch, from its history.

use crate::flow::branch::{Aim, ReleaseBranch, tell_connections};
use crate::flow::elsewhere::{kustomizations_with, places_with};
use crate::flow::rereads::Rereads;
use crate::git::RefsKept;
use crate::guards::entry_history::EntryHistory;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, Listener, Outcome};
use crate::request::{Effect, LogRequest, NewBranch};
use crate::targets;
use crate::targets::kustomization::Fields;

/// Lists the releases of one entry, or of all entries of a file.
pub fn log(request: &LogRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let listed = Rereads::new(request.target.timeout).run(listener, |listener| releases(request, listener));
    tell_connections(&request.target, listener);
    listed
}

fn releases(request: &LogRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let target = ReleaseBranch::open(&request.target)?;
    let mut start = target.read_tip(Effect::DryRun, &NewBranch::NotWanted, Aim::Branch(RefsKept::Branch))?;
    let snapshot = &mut start.snapshot;
    if let (true, Some(remote)) = (snapshot.is_whole(), target.remote()) {
        listener(&Event::Noted(format!("{remote} does not support partial fetches; only its newest commit is known")));
    }
    let paths = target.locate(snapshot, std::slice::from_ref(&request.file), &[])?;
    let mut outcome = Outcome::new("log", Ending::Listed);
    outcome.branch = start.destination.branch().map(ToString::to_string);
    for path in paths {
        let name = request.name.as_deref();
        let mut found = EntryHistory::read(snapshot, &path, name, |changes| changes.len() >= request.limit)?;
        if let (true, Some(name)) = (found.changes.is_empty() && found.complete, name) {
            let entries = targets::entries(&path.to_string(), snapshot.file(&path)?, None).unwrap_or_default();
            return Err(no_entry(name, &entries, &path.to_string(), &kustomizations_with(snapshot, name)));
        }
        if !found.complete && found.changes.len() < request.limit && !snapshot.is_whole() {
            listener(&Event::Noted(format!(
                "searched the newest {} commits only; older releases are not listed",
                found.commits_read
            )));
        }
        found.changes.truncate(request.limit);
        outcome.history.extend(found.changes);
    }
    Ok(outcome)
}

/// Returns the failure for a name that no entry has or ever had in the file at `path`; the folders `elsewhere` have it.
pub(super) fn no_entry(name: &str, entries: &[(String, Fields)], path: &str, elsewhere: &[String]) -> Failure {
    let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    Failure::no_entry(name, &names, &[path.to_owned()], places_with(elsewhere, name).as_deref())
}
