//! `rollback`: an entry becomes what it was before. It is an ordinary release, of an earlier value that history has, and its
//! commit names what it takes back: that must not come again by accident.

use std::cell::RefCell;

use super::delivery::{Job, Writing, deliver};
use super::from_history::exact_argument::{EditedTexts, by_said_name, edited, exactly};
use super::from_history::named_release::{AmbiguousName, place_of};
use super::from_history::pushed_again::{ReleasedDigest, warn_of_pushed_again};
use super::from_history::unknown_entry::never_was;
use super::release_branch::read_branch::Tip;
use super::target_files::tag_elsewhere::TagsElsewhere;
use crate::git::{CommitId, RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::entry_history::{EntryHistory, newest_commits};
use crate::guards::history::file_entries::FileVersions;
use crate::guards::order::{Build, EntryAtTip, HistoryDepth, Numbers, RunningEntry, TakenBack};
use crate::image::{ImageArgument, short_tag};
use crate::message::compose::Purpose;
use crate::message::{LoggedRelease, each_once};
use crate::outcome::failure::{Failure, FailureKind, Retry};
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{Earlier, Images, PinDigest, RollbackRequest, Route};
use crate::system::processes::signals::Gate;
use crate::targets;
use crate::targets::{Fields, PlaceVersion};

/// Takes releases of one entry back.
pub fn rollback(request: &RollbackRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let job = Job::of_branch(&request.delivery, gate, vec![request.name.clone()]);
    let (taken_back, mut told) = (RefCell::new(Vec::new()), Vec::new());
    let mut seen = None;
    let mut released = None;
    let mut decide = |tip: Tip<'_, '_>, listener: &mut Listener<'_>| {
        let [path] = &tip.files.paths[..] else {
            return Err(Failure::usage("a rollback is of one file"));
        };
        let (releases, place) = find(tip.snapshot, path, request, &mut seen)?;
        let mut note = |note| listener(&Event::Noted(note));
        let plan = plan(tip.snapshot, path, request.name.as_str(), (&releases, place), &mut note)?;
        taken_back.replace(plan.taken_back.clone());
        if let Some(remark) = plan.remark() {
            note(remark);
        }
        if plan.tells_no_version(tip.snapshot, path)? {
            let untold = format!("`{}` has neither tag nor digest in {}", request.name, plan.to.record.id.short());
            match request.delivery.registry {
                Some(_) => return Err(unchecked(untold, request)),
                None => note(format!("{untold}, so nothing tells which version runs")),
            }
        }
        released = Some(plan.released(request));
        plan.writing(request, &|argument| edited(tip.snapshot, &tip.files.paths, argument))
    };
    // What goes back is told with the edit: until then, it may turn out that there is nothing to change.
    let with_what_goes_back = &mut |event: &Event<'_>| {
        if matches!(event, Event::Edited(file) if file.edit.changed()) {
            for LoggedRelease { record, .. } in taken_back.take() {
                if !told.contains(&record.id) {
                    listener(&Event::TakenBack { id: record.id, title: record.title() });
                    told.push(record.id);
                }
            }
        }
        listener(event);
    };
    let delivered = deliver(&job, &mut decide, with_what_goes_back);
    let in_a_rollback = |problem| in_a_rollback(problem, request, released.as_ref());
    let outcome = delivered.map_err(|failure| failure.with_each(in_a_rollback))?;
    if let Some((to, Some(digest))) = &released {
        let way = format!("to go back to what ran, run this again with `--to {to} --pin-digest`");
        warn_of_pushed_again(&outcome, std::slice::from_ref(digest), &way, listener);
    }
    Ok(outcome)
}

/// Returns the command that lists the releases of the entry.
fn log_command(request: &RollbackRequest) -> String {
    request.delivery.typed_again("log", &[request.name.as_str()])
}

/// Returns what to do if the release cannot be gone back to.
fn name_another(request: &RollbackRequest) -> String {
    format!("name another release with `--to`, as {} lists them", log_command(request))
}

/// Returns how people name a release: by its tag, else by its commit.
fn named(release: &LoggedRelease) -> String {
    release.tag().map_or_else(|| release.record.id.short(), |tag| format!("`{}`", short_tag(tag)))
}

/// Returns a failure with what to do in a rollback. A build of the past is not still pushing, and a rollback that is made again
/// goes back from what runs by then.
fn in_a_rollback(
    failure: Failure,
    request: &RollbackRequest,
    released: Option<&(String, Option<ReleasedDigest>)>,
) -> Failure {
    // What must be pinned cannot be released unchecked.
    let otherwise = match (request.delivery.pin_digest, released) {
        (PinDigest::Always, _) => "go back by the tag, if it is still there, with `--pin-digest=never`",
        (PinDigest::Keep, Some((_, Some(_)))) => "go back by the digest that was released, with `--pin-digest`",
        (PinDigest::Keep | PinDigest::Never, _) => "skip the check with `--no-check`",
    };
    match (failure.retry, &request.to, released) {
        (Retry::AfterThePush, ..) => failure.hint(format!("{}, or {otherwise}", name_another(request))),
        (Retry::AfterAnOutage, ..) => {
            let again = failure.hint.as_deref().unwrap_or("try again");
            let hint = format!("{again}, or skip the check with `--no-check`");
            failure.hint(hint)
        }
        // A proposal leaves the branch where it is, so that the same command goes back to the same release.
        (Retry::AfterAnUncertainPush, Earlier::Steps(steps), Some((to, _)))
            if !matches!(request.delivery.route, Route::Propose(_)) =>
        {
            let otherwise = match steps {
                1 => ": without it, it goes back one more release".to_owned(),
                steps => format!(" in place of `--steps {steps}`, which goes back {steps} more"),
            };
            failure.hint(format!("run the same command again with `--to {to}`{otherwise} if the push took effect"))
        }
        _ => failure,
    }
}

/// No registry can be asked for what has no version.
fn unchecked(untold: String, request: &RollbackRequest) -> Failure {
    let otherwise = match request.delivery.pin_digest {
        PinDigest::Always => "",
        PinDigest::Keep | PinDigest::Never => ", or skip the check with `--no-check`",
    };
    Failure::target(untold).hint(name_another(request) + otherwise)
}

/// `--steps` counts from what the user saw; a newer change may be the fix.
fn changed(request: &RollbackRequest, by: CommitId) -> Failure {
    let message = format!("`{}` was changed in the meantime, by {}", request.name, by.short());
    Failure::new(FailureKind::Guarded, message)
        .hint(format!("{} shows what it is now; roll back again if that is bad", log_command(request)))
}

/// What a rollback writes, and what it takes back.
struct RollbackPlan {
    to: LoggedRelease,
    /// Whether the entry says already what it is to say.
    is_already_so: bool,
    /// The releases that have stood since, the newest first; none if the entry says already what it is to say.
    taken_back: Vec<LoggedRelease>,
    /// The releases that stay away: what is taken back, or, if nothing is, what was taken back before. The commit would look like
    /// a new release, after which only what it names stays away.
    rollback_of: Vec<CommitId>,
    /// What was taken back before, if the entry says already what it is to say: nothing can mark it any more.
    rolled_back_before: Option<LoggedRelease>,
    /// The names that the image may have had then, as releases say it: the file may have no place for them.
    said_names: Vec<String>,
}

/// Returns the changes of the entry, the newest first, and the place among them of the release to go back to. Steps have to be
/// counted from the newest change: `seen` is the first one that was found.
fn find(
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
    request: &RollbackRequest,
    seen: &mut Option<CommitId>,
) -> Result<(Vec<LoggedRelease>, usize), Failure> {
    let name = request.name.as_str();
    let is_found = |read: &EntryHistory| match place_of_earlier(&read.changes, request) {
        Ok(Some(place)) => tells_name(&read.changes[place..], name) && read.tells_what_went_back(place),
        Ok(None) => false,
        Err(_) => true,
    };
    let versions = FileVersions::default();
    let found = EntryHistory::read(snapshot, path, Some(name), &versions, Numbers::InVersions, &is_found)?;
    if found.changes.is_empty() && found.complete {
        return Err(never_was(name, snapshot, path)?);
    }
    if let Some(newest) = found.changes.first() {
        let id = newest.record.id;
        if matches!(request.to, Earlier::Steps(_)) && id != *seen.get_or_insert(id) {
            return Err(changed(request, id));
        }
        if newest.fields.is_none() {
            let removed = format!("`{path}` has no `{name}` any more: {} removed it", id.short());
            return Err(Failure::target(removed).hint("write it there once by hand, and roll back again"));
        }
    }
    let place = place_of_earlier(&found.changes, request).map_err(|ambiguous| {
        Failure::target(ambiguous.to_string()).hint("write more of the one that you mean, or all of it")
    })?;
    match place {
        Some(place) => Ok((found.changes, place)),
        None if found.complete => Err(no_way(request, &found.changes)),
        None => {
            let searched = format!("searched {} only", newest_commits(found.commits_read));
            Err(no_way(request, &found.changes).detail(searched))
        }
    }
}

/// Returns whether the first of these releases, or an earlier one, tells the name of its image.
fn tells_name(releases: &[LoggedRelease], name: &str) -> bool {
    let fields = releases.first().and_then(|to| to.fields.as_ref());
    fields.is_none_or(|fields| fields.image_name(name).is_some())
        || releases.iter().any(|release| release.said_name().is_some())
}

/// Returns what it takes to go back to the release at `place` of `releases`.
fn plan(
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
    name: &str,
    (releases, place): (&[LoggedRelease], usize),
    note: &mut dyn FnMut(String),
) -> Result<RollbackPlan, Failure> {
    let (now, since, to) = (&releases[0].fields, &releases[..place], releases[place].clone());
    if let Some(Fields { several, .. }) = to.fields.as_ref().filter(|fields| !fields.several.is_empty()) {
        let names =
            targets::read(path.as_str(), snapshot.file(path)?, |file| Ok(file.own_names(name))).unwrap_or_default();
        return Err(several_versions(name, several, &to.record.id, &names));
    }
    let is_already_so = *now == to.fields;
    let taken_back = since.iter().filter(|release| !is_already_so && stands(release) && release.fields != to.fields);
    let taken_back: Vec<_> = taken_back.cloned().collect();
    let mut rollback_of: Vec<_> = taken_back.iter().map(|release| release.record.id).collect();
    if rollback_of.is_empty() {
        let now = now.clone().unwrap_or_default();
        let versions = FileVersions::default();
        let entry = EntryAtTip::new(path.as_str(), name, &now, &versions);
        rollback_of = still_taken_back(snapshot, &entry, &to, note)?;
    }
    let rolled_back_before = since.iter().find(|release| is_already_so && release.rolled_back_by.is_some()).cloned();
    let said_names = said_names(releases, place);
    Ok(RollbackPlan { to, is_already_so, taken_back, rollback_of, rolled_back_before, said_names })
}

/// Returns the name of the image that the release at `place` says; if it says none, those of the next ones before and after it.
fn said_names(releases: &[LoggedRelease], place: usize) -> Vec<String> {
    let (since, until) = releases.split_at(place);
    let own = releases[place].said_name();
    let earlier = until.iter().find_map(LoggedRelease::said_name);
    let later = since.iter().rev().find_map(LoggedRelease::said_name).filter(|_| own.is_none());
    each_once(earlier.into_iter().chain(later).map(str::to_owned))
}

/// Returns what was taken back and stays away, whatever took it back, but for what is gone back to.
fn still_taken_back(
    snapshot: &mut Snapshot<'_>,
    entry: &EntryAtTip<'_>,
    to: &LoggedRelease,
    note: &mut dyn FnMut(String),
) -> Result<Vec<CommitId>, Failure> {
    let running = RunningEntry::read(snapshot, &mut BranchClaims::default(), entry, HistoryDepth::Full, note)?;
    let to = Build::of_entry(entry.name, &to.fields.clone().unwrap_or_default(), to.source());
    let runs_again =
        |TakenBack { build, .. }: &TakenBack| to.is(build) && (build.digest.is_none() || build.digest == to.digest);
    Ok(running.taken_back.iter().filter(|taken| !runs_again(taken)).map(|taken| taken.release).collect())
}

/// A name whose places said different things is no single value to go back to.
fn several_versions(name: &str, several: &[PlaceVersion], commit: &CommitId, names: &[String]) -> Failure {
    let version = |place: &PlaceVersion| match (&place.tag, &place.digest) {
        (Some(tag), _) => short_tag(tag).to_owned(),
        (None, Some(digest)) => digest.clone(),
        (None, None) => "no tag".to_owned(),
    };
    let versions: Vec<String> = several.iter().map(version).collect();
    let commit = commit.short();
    let failure = Failure::target(format!("`{name}` had several versions since {commit}: `{}`", versions.join("`, `")));
    match names {
        [] => failure.hint("change the file by hand, or move one of its documents to a file of its own"),
        names => failure.hint(format!("roll each of them back by its own name: `{}`", names.join("`, `"))),
    }
}

/// Returns whether a release may have stood: one that removes the entry is nothing to go back to.
fn stands(release: &LoggedRelease) -> bool {
    release.fields.is_some() && release.stands()
}

/// Returns the place of the release to go back to. Steps go over what stands.
fn place_of_earlier(releases: &[LoggedRelease], request: &RollbackRequest) -> Result<Option<usize>, AmbiguousName> {
    match &request.to {
        Earlier::Steps(steps) => {
            // What was removed and came again as it had been is no step, nor is a tag with or without its digest.
            let mut versions: Vec<(usize, &LoggedRelease)> = Vec::new();
            for (place, earlier) in releases.iter().enumerate().filter(|(_, release)| stands(release)) {
                match versions.last_mut() {
                    Some(last) if last.1.fields == earlier.fields => *last = (place, earlier),
                    Some((_, last)) if leads_to_same(earlier, last, request.delivery.pin_digest) => {}
                    _ => versions.push((place, earlier)),
                }
            }
            Ok(versions.get(*steps).map(|(place, _)| *place))
        }
        Earlier::Named(text) => place_of(releases, text),
    }
}

/// Returns whether the way back to the earlier of two releases leads to what the later one is: they differ in a digest beside the
/// tag, which is not written, or is the same.
fn leads_to_same(earlier: &LoggedRelease, later: &LoggedRelease, pin_digest: PinDigest) -> bool {
    let (Some(fields), Some(others)) = (&earlier.fields, &later.fields) else { return false };
    let written = match pin_digest {
        PinDigest::Never if fields.new_tag.is_some() => None,
        PinDigest::Always => earlier.digest(),
        PinDigest::Keep | PinDigest::Never => fields.digest.as_deref(),
    };
    let is_digest_of = |written| later.digest() == Some(written);
    Fields { digest: others.digest.clone(), ..fields.clone() } == *others && written.is_none_or(is_digest_of)
}

fn no_way(request: &RollbackRequest, releases: &[LoggedRelease]) -> Failure {
    let name = &request.name;
    let failure = match &request.to {
        Earlier::Steps(1) => Failure::target(format!("there is no earlier release of `{name}` in the history")),
        Earlier::Steps(steps) => {
            Failure::target(format!("there are no {steps} earlier releases of `{name}` in the history"))
        }
        Earlier::Named(text) => Failure::target(format!("there is no release `{text}` of `{name}` in the history")),
    };
    let tags: Vec<_> = releases.iter().filter_map(LoggedRelease::tag).take(8).collect();
    let failure = match tags.as_slice() {
        [] => failure,
        tags => failure
            .detail(format!("the newest: {}", tags.iter().map(|tag| short_tag(tag)).collect::<Vec<_>>().join(", "))),
    };
    failure.hint(format!("{} lists what was released", log_command(request)))
}

impl RollbackPlan {
    /// Returns what is to be told if nothing is taken back.
    fn remark(&self) -> Option<String> {
        if let Some(release) = &self.rolled_back_before {
            let by = release.rolled_back_by.map(|by| by.short()).unwrap_or_default();
            return Some(format!("{} was rolled back before by {by}, and stays away", named(release)));
        }
        // What goes was good enough to be gone back to.
        let blocks_nothing = self.to.rolled_back_by.is_some() && !self.is_already_so && self.rollback_of.is_empty();
        blocks_nothing
            .then(|| format!("{} was rolled back itself, so this rollback blocks no later release", named(&self.to)))
    }

    /// Returns whether it leads to what has neither tag nor digest, and is not `latest` for certain.
    fn tells_no_version(&self, snapshot: &mut Snapshot<'_>, path: &RepositoryPath) -> Result<bool, Failure> {
        let Some(fields) = self.to.fields.as_ref().filter(|fields| !self.is_already_so && !fields.says_what_runs())
        else {
            return Ok(false);
        };
        let image = fields.new_name.as_deref().unwrap_or_default();
        Ok(!fields.is_latest() || TagsElsewhere::default().may_set(snapshot, &[], path, image)?)
    }

    /// Returns the release that it goes back to, and what its image was.
    fn released(&self, request: &RollbackRequest) -> (String, Option<ReleasedDigest>) {
        let commit = self.to.record.id.short();
        let when = format!("when {commit} released it");
        let digest = ReleasedDigest::new(&request.name, self.to.digest(), when);
        (commit, digest)
    }

    /// Returns what to write. `edited` tells what an argument makes of the file.
    fn writing(
        &self,
        request: &RollbackRequest,
        edited: &dyn Fn(&ImageArgument) -> Option<EditedTexts>,
    ) -> Result<Writing, Failure> {
        let (name, pin_digest) = (&request.name, request.delivery.pin_digest);
        // Of two names, one is that of another image.
        let image_name = self.said_names.first().filter(|_| self.said_names.len() == 1);
        let fields = self.to.fields.clone().unwrap_or_default().with_name(image_name.cloned());
        let told = |text: &str| format!("`{name}` had `{text}` once");
        let argument = exactly(name, &fields, self.to.digest(), pin_digest, &told);
        let argument = argument.map_err(|failure| failure.hint(name_another(request)))?;
        let said = self.said_names.iter().map(String::as_str);
        let argument = by_said_name(
            argument,
            &fields,
            said.filter(|said| fields.may_be(name.as_str(), said)),
            fields.is_below_registry(),
            edited,
        )?;
        if pin_digest == PinDigest::Always
            && request.delivery.registry.is_none()
            && argument.change.digest.set().is_none()
        {
            let commit = self.to.record.id.short();
            return Err(Failure::target(format!("the history does not tell the digest of `{name}` in {commit}"))
                .hint("leave out `--no-check`, so that the registry is asked; or leave out `--pin-digest`"));
        }
        let purpose = Purpose::Rollback { of: self.rollback_of.clone() };
        let sources = self.to.source().map(|source| (name.clone(), source.clone())).into_iter().collect();
        Ok(Writing::new(Images::of(vec![argument]), purpose, sources))
    }
}
