//! THE FLOWS: `release`, `check` and `set`. Nothing else sequences.
//!
//! A release is a function of the tip of the release branch: read it, edit the bytes, make one commit on it, push that
//! with the tip as lease; where another release got in between, begin again at the new tip. Every check comes before the
//! first effect, and the only effect is one ref that moves once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::backoff::Backoff;
use crate::checks::{Checks, Pace};
use crate::failure::{Failure, FailureKind};
use crate::git::{
    Authorship, Change, CommitOnTip, Destination, Identity, Message, PushOutcome, Pusher, RepositoryPath, Snapshot,
};
use crate::image::ImageArgument;
use crate::kustomization::{self, Absent};
use crate::nearest::nearest;
use crate::outcome::{Ending, Event, FileEdit, ImageOutcome, Listener, Outcome};
use crate::plan::{self, Origin, Subject};
use crate::request::{CheckRequest, Effect, Images, ReleaseRequest, SetRequest};
use crate::target::{Start, Target};
use crate::worktree;

/// Releases images: all of them in one commit, or nothing.
pub fn release(request: &ReleaseRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    if let Some(ci) = &request.ci {
        listener(&Event::Detected(ci.to_string()));
    }
    tell_repeated(&request.images, listener);
    let mut checks = Checks::new(request.registry.as_ref());
    let subjects: Vec<_> = match request.registry {
        Some(_) => request.images.arguments.iter().map(plan::subject).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let target = Target::open(request)?;
    let start = || target.start(request.effect, request.create_branch);
    let mut early = checks.require_while(&subjects, listener, start)?;
    let mut backoff = Backoff::new(request.attempts, Duration::from_secs(1), Duration::from_secs(30));
    let mut attempt = 1;
    loop {
        let begun = early.take().map_or_else(start, Ok)?;
        match try_once(request, &target, begun, &mut checks, attempt, listener)? {
            Attempt::Done(outcome) => return Ok(*outcome),
            Attempt::Waited => continue,
            Attempt::Raced => {}
        }
        let branch = target.branch_name();
        listener(&Event::Raced { branch: &branch, attempt, attempts: request.attempts });
        if !backoff.wait(Duration::ZERO) {
            return Err(Failure::new(FailureKind::Raced, format!("lost the race for {branch} {attempt} times"))
                .hint("many releases write to this branch at once; try again, or raise `--attempts`"));
        }
        attempt += 1;
    }
}

/// How one attempt ends.
enum Attempt {
    Done(Box<Outcome>),
    /// An image had to be waited for, and the branch may have moved in the meantime.
    Waited,
    /// Another release was faster.
    Raced,
}

fn try_once(
    request: &ReleaseRequest,
    target: &Target,
    start: Start<'_>,
    checks: &mut Checks,
    attempt: u32,
    listener: &mut Listener<'_>,
) -> Result<Attempt, Failure> {
    let Start { mut snapshot, pusher, destination } = start;
    if snapshot.is_whole() && attempt == 1 {
        listener(&Event::Noted(format!("{} serves no parts, so the whole commit was fetched", target.remote)));
    }
    let paths = target.locate(&mut snapshot, &request.kustomizations)?;
    let mut files = read_and_edit(&snapshot, &paths, request, &request.images.arguments)?;
    if request.registry.is_some() {
        if checks.require(&subjects_of(&files, listener)?, listener)? == Pace::AfterWaiting {
            return Ok(Attempt::Waited);
        }
        if request.pin_digest {
            files = read_and_edit(&snapshot, &paths, request, &checks.pinned(&request.images.arguments, &files)?)?;
        }
    }
    for file in &files {
        listener(&Event::Edited(file));
    }
    let mut outcome = Outcome::of_files("release", &files, |reference| checks.of(reference));
    outcome.branch = Some(destination.branch().to_string());
    outcome.parent = Some(snapshot.commit_id());
    outcome.attempts = attempt;
    if outcome.files.is_empty() {
        if let Destination::New(branch) = &destination {
            return Err(Failure::target(format!("`{branch}` does not exist, and there is nothing to commit on it"))
                .hint("the default branch has these images already; create the branch with git"));
        }
        outcome.ending = Ending::Unchanged;
        return Ok(Attempt::Done(Box::new(outcome)));
    }
    let message = message(request, &files, checks);
    outcome.message = Some(message.to_string());
    let Some(pusher) = pusher else {
        outcome.ending = Ending::DryRun;
        return Ok(Attempt::Done(Box::new(outcome)));
    };
    let changes = paths.iter().zip(&files).filter(|(_, file)| file.edit.changed());
    let changes: Vec<_> =
        changes.map(|(path, file)| Change { path: path.clone(), bytes: file.edit.text.clone() }).collect();
    let commit = snapshot.commit(&changes, &message, &authorship(request, target)?, destination)?;
    drop(snapshot);
    if !push(request, pusher, &commit, &message, listener)? {
        return Ok(Attempt::Raced);
    }
    Ok(Attempt::Done(Box::new(Outcome { ending: Ending::Released, commit: Some(commit.id()), ..outcome })))
}

/// Returns the images that the edited entries name.
fn subjects_of(files: &[FileEdit], listener: &mut Listener<'_>) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for entry in files.iter().flat_map(|file| &file.edit.entries) {
        let subject = plan::subject_of_entry(entry)?;
        if matches!(subject, Subject::Open) {
            let note = format!("`{}` has neither tag nor digest, so there is nothing to check", entry.name);
            listener(&Event::Noted(note));
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

/// Returns whether the branch is at `commit` now; `false` where another release was faster.
fn push(
    request: &ReleaseRequest,
    pusher: Pusher<'_>,
    commit: &CommitOnTip,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<bool, Failure> {
    listener(&Event::Committed { id: commit.id(), title: &message.title });
    let begun = Instant::now();
    let remote = pusher.remote();
    let pushed = pusher.push(commit, &request.push_options)?;
    let traffic = remote.traffic();
    let remote = remote.to_string();
    let branch = commit.lease().branch.to_string();
    if !pushed.takes_options && !request.push_options.is_empty() {
        listener(&Event::Noted(format!("{remote} takes no push options, so they were left out")));
    }
    match pushed.outcome {
        PushOutcome::Updated => {
            listener(&Event::Pushed {
                remote: &remote,
                branch: &branch,
                parent: commit.lease().tip,
                id: commit.id(),
                traffic,
                elapsed: begun.elapsed(),
            });
            Ok(true)
        }
        PushOutcome::Raced { .. } => Ok(false),
        PushOutcome::Refused(refusal) => Err(Failure::refused(&branch, &refusal)),
    }
}

fn read_and_edit(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    request: &ReleaseRequest,
    arguments: &[ImageArgument],
) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let old = snapshot.file(path)?.to_vec();
        files.push(edit(path.to_string(), old, arguments, request.add)?);
    }
    require_entries(&request.images, &files)?;
    Ok(files)
}

fn message(request: &ReleaseRequest, files: &[FileEdit], checks: &Checks) -> Message {
    let mut releases = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| !entry.fields.is_empty() || entry.appended) {
            let own = entry.after.digest.as_deref().and_then(|digest| digest.parse().ok());
            let digest = match plan::subject_of_entry(entry) {
                Ok(Subject::Known(reference)) => {
                    checks.of(&reference).map(|checked| checked.descriptor.digest.clone()).or(own)
                }
                Ok(Subject::OfEntry | Subject::Open) | Err(_) => own,
            };
            releases.push(plan::Release { path: &file.path, entry, digest });
        }
    }
    let ci = request.ci.as_ref();
    let origin = Origin { source: ci.and_then(|ci| ci.source.as_deref()), run: ci.and_then(|ci| ci.run.as_deref()) };
    plan::message(&request.message, &releases, origin)
}

/// Flags beat git's configuration, which beats the CI's bot.
fn authorship(request: &ReleaseRequest, target: &Target) -> Result<Authorship, Failure> {
    let bot = request.ci.as_ref().and_then(|ci| ci.bot).and_then(|bot| bot.parse().ok());
    let (author, committer) = target.identities()?;
    let (author, committer) = (
        request.message.environment_author.clone().or(author),
        request.message.environment_committer.clone().or(committer),
    );
    let author = request.message.author.clone().or(author).or_else(|| bot.clone());
    let author =
        author.unwrap_or_else(|| Identity { name: "tagship".to_owned(), email: "tagship@localhost".to_owned() });
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64);
    Ok(Authorship {
        committer: committer.or(bot).unwrap_or_else(|| author.clone()),
        author,
        seconds: request.message.seconds.unwrap_or_else(now),
        signing: target.signing()?,
    })
}

/// Checks that images are in their registries.
pub fn check(request: &CheckRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let mut checks = Checks::new(Some(&request.registry));
    let subjects: Vec<_> = request.references.iter().cloned().map(Subject::Known).collect();
    checks.require(&subjects, listener)?;
    let mut outcome = Outcome::new("check", Ending::Present);
    outcome.images = request.references.iter().filter_map(|r| checks.of(r)).map(ImageOutcome::of_reference).collect();
    Ok(outcome)
}

/// Edits kustomizations on disk: all of them, or none.
pub fn set(request: &SetRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    tell_repeated(&request.images, listener);
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in &request.kustomizations {
        let path = locate_on_disk(path)?;
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut checks = Checks::new(request.pin_digest.as_ref());
    let mut files = read_from_disk(&paths, request, &request.images.arguments)?;
    if request.pin_digest.is_some() {
        checks.require(&subjects_of(&files, listener)?, listener)?;
        files = read_from_disk(&paths, request, &checks.pinned(&request.images.arguments, &files)?)?;
    }
    for file in &files {
        listener(&Event::Edited(file));
    }
    let mut outcome = Outcome::of_files("set", &files, |reference| checks.of(reference));
    outcome.ending = match request.effect {
        _ if outcome.files.is_empty() => Ending::Unchanged,
        Effect::DryRun => Ending::DryRun,
        Effect::Full => {
            let changed = paths.iter().zip(&files).filter(|(_, file)| file.edit.changed());
            let changed: Vec<_> = changed.map(|(path, file)| (path.as_path(), file.edit.text.as_slice())).collect();
            worktree::replace(&changed).map_err(|error| Failure::target(error.to_string()))?;
            Ending::Edited
        }
    };
    Ok(outcome)
}

fn read_from_disk(
    paths: &[PathBuf],
    request: &SetRequest,
    arguments: &[ImageArgument],
) -> Result<Vec<FileEdit>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let old = std::fs::read(path)
            .map_err(|error| Failure::target(format!("cannot read `{}`: {error}", path.display())))?;
        files.push(edit(path.display().to_string(), old, arguments, request.add)?);
    }
    require_entries(&request.images, &files)?;
    Ok(files)
}

/// Returns the kustomization in a folder, or the file itself.
fn locate_on_disk(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let kind = std::fs::metadata(path).map_err(|error| {
        Failure::target(format!("cannot read `{shown}`: {error}")).hint("`-k` names a kustomization or its folder")
    })?;
    if kind.is_file() {
        return Ok(path.to_owned());
    }
    if !kind.is_dir() {
        return Err(Failure::target(format!("`{shown}` is neither a file nor a folder")));
    }
    let names = worktree::names(path).map_err(|error| Failure::target(format!("cannot read `{shown}`: {error}")))?;
    let name = kustomization::locate(names.iter().map(String::as_str))
        .map_err(|error| Failure::locate(&shown.to_string(), &error))?;
    Ok(if path == Path::new(".") { PathBuf::from(name) } else { path.join(name) })
}

fn edit(path: String, old: Vec<u8>, arguments: &[ImageArgument], add: bool) -> Result<FileEdit, Failure> {
    let absent = if add { Absent::Append } else { Absent::Report };
    let edit = kustomization::edit(&old, arguments, absent).map_err(|error| Failure::edit(&path, &error))?;
    Ok(FileEdit { path, old, edit })
}

/// Every image must have an entry in at least one of the files.
fn require_entries(images: &Images, files: &[FileEdit]) -> Result<(), Failure> {
    for argument in &images.arguments {
        if files.iter().any(|file| file.edit.entries.iter().any(|entry| entry.name == argument.name)) {
            continue;
        }
        let mut names: Vec<String> = files.iter().flat_map(|file| file.edit.names.iter().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        let places: Vec<_> = files.iter().map(|file| format!("`{}`", file.path)).collect();
        let message = format!("no `images` entry is named `{}` in {}", argument.name, places.join(", "));
        let failure = Failure::target(message).detail(if names.is_empty() {
            "there are no entries".to_owned()
        } else {
            format!("entries: {}", names.join(", "))
        });
        return Err(match nearest(argument.name.as_str(), &names) {
            Some(name) => failure.hint(format!("did you mean `{name}`? `--add` appends a new entry")),
            None => failure.hint("`--add` appends a new entry"),
        });
    }
    Ok(())
}

fn tell_repeated(images: &Images, listener: &mut Listener<'_>) {
    for name in &images.repeated {
        listener(&Event::Noted(format!("`{name}` is given more than once; the last one counts")));
    }
}
