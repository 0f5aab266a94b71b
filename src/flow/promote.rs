//! `promote`: what runs in one environment is released in the next: the same names, tags and digests, in one commit. What
//! is read and what is written may be one branch, two, or two repositories.

use std::collections::BTreeSet;

use super::delivery::{Job, Writing, deliver};
use super::from_history::exact_argument::{by_said_name, edited, exactly};
use super::from_history::promoted_name::{Destination, EntryThere, PromotedEntry};
use super::from_history::pushed_again::{ReleasedDigest, warn_of_pushed_again};
use super::release_branch::branch::{LoadedAlong, LocatedFiles, ReleaseBranch};
use super::release_branch::read_branch::{Tip, read_branch};
use super::target_files::manifests_set_again::{kustomizations_beside, warn_of_set_again};
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::file_entries::FileVersions;
use crate::guards::hold::{AffectedEntries, held};
use crate::guards::order::{Build, EntryAtTip, HistoryDepth, Numbers, RunningEntry};
use crate::image::ImageName;
use crate::message::compose::Purpose;
use crate::outcome::failure::{Failure, Retry};
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{Images, PinDigest, PromoteRequest, RepositoryRequest};
use crate::system::processes::signals::Gate;
use crate::targets::{self, Fields, ReadFile, TargetError};

/// Releases to one environment what another one runs.
pub fn promote(request: &PromoteRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let from = request.from_repository.as_ref();
    let promoted = from.map(|from| read_promoted_branch(from, request, listener)).transpose()?;
    let mut released = Vec::new();
    let mut decide = |tip: Tip<'_, '_>, listener: &mut Listener<'_>| {
        let Tip { branch: target, snapshot, files: LocatedFiles { paths, .. } } = tip;
        let found;
        let running = match &promoted {
            Some(running) => running,
            None => {
                let files = std::slice::from_ref(&request.from);
                let along = LoadedAlong { beside: kustomizations_beside, ..LoadedAlong::NOTHING };
                let from = target.locate(snapshot, files, along)?.paths;
                if from == *paths {
                    return Err(to_itself(&from[0]));
                }
                found = Running::read(snapshot, &from, request, listener)?;
                &found
            }
        };
        let mut there = Vec::new();
        for path in paths {
            let file = path.as_str();
            let entries = targets::read(file, snapshot.file(path)?, |file| entries(file, &request.names));
            let entries = entries.map_err(|error| Failure::edit(file, &error))?;
            there.extend(entries.into_iter().map(|(name, fields)| EntryThere { path: path.clone(), name, fields }));
        }
        let Chosen { carried, left } = running.choose(&request.names, &there, request.delivery.add)?;
        for (name, why) in left {
            let why = match why {
                NotPromoted::Nowhere => format!("has no entry in `{}`", paths[0]),
                NotPromoted::Nothing => format!("has neither tag nor digest in `{}`", running.path),
            };
            listener(&Event::Noted(format!("`{name}` {why}, so it is not promoted")));
        }
        released = running.released(&carried);
        let to = Destination { paths, entries: there, is_checked: request.delivery.registry.is_some() };
        let mut claims = BranchClaims::default();
        running.writing(&carried, &to, (snapshot, &mut claims), request.delivery.pin_digest)
    };
    let ordered = request.names.clone();
    let job = Job { ordered, ..Job::of_branch(&request.delivery, gate, request.names.clone()) };
    let outcome = deliver(&job, &mut decide, listener).map_err(|failure| failure.with_each(gone))?;
    let way = "to promote what was released, run this again with `--pin-digest`";
    warn_of_pushed_again(&outcome, &released, way, listener);
    Ok(outcome)
}

/// What a file runs is there already, so that nothing would ever be promoted.
fn to_itself(path: &RepositoryPath) -> Failure {
    let failure = Failure::usage(format!("`--from` and `--to` are the same file, `{path}`"));
    failure.hint(
        "name the file of another environment, or another branch or repository with `--from-branch` or `--from-repo`",
    )
}

/// What runs elsewhere is not still pushing.
fn gone(failure: Failure) -> Failure {
    match failure.retry {
        Retry::AfterThePush => failure.hint("push it again, or release another build to what `--from` names"),
        Retry::None | Retry::AtTheTip | Retry::AfterAnOutage | Retry::AfterAnUncertainPush => failure,
    }
}

/// What runs in the environment that is promoted.
struct Running {
    path: RepositoryPath,
    is_kustomization: bool,
    /// The names of all entries that show in the file.
    names: Vec<String>,
    /// The entries that are named, as far as the file has them; all if none is.
    entries: Vec<SourceEntry>,
}

/// An entry of the environment that is promoted.
struct SourceEntry {
    name: String,
    fields: Fields,
    history: RunningEntry,
    /// Why it is held.
    holds: Vec<String>,
}

/// The entries to carry on.
struct Chosen<'r> {
    carried: Vec<(ImageName, &'r SourceEntry)>,
    /// The names of those that are not.
    left: Vec<(String, NotPromoted)>,
}

/// Why an entry is not carried on.
#[derive(Clone, Copy)]
enum NotPromoted {
    /// It has no place to go to.
    Nowhere,
    /// It does not say what runs: to carry that on would take away what the other environment says.
    Nothing,
}

/// Reads what runs in an environment that is on another branch, or in another repository.
fn read_promoted_branch(
    from: &RepositoryRequest,
    request: &PromoteRequest,
    listener: &mut Listener<'_>,
) -> Result<Running, Failure> {
    let here = ReleaseBranch::open(&request.delivery.repository)?;
    let beside = here.remote().map(|here| from.beside(here));
    let from = beside.as_ref().unwrap_or(from);
    let running = read_branch(from, std::slice::from_ref(&request.from), listener, |tip, listener| {
        Running::read(tip.snapshot, &tip.files.paths, request, listener)
    });
    running.map_err(|failure| failure.of_repository(from.repository_flag, from.branch_flag))
}

/// Returns what the named entries of a file say; all of them if none is named.
fn entries(file: &ReadFile<'_, '_>, names: &[ImageName]) -> Result<Vec<(String, Fields)>, TargetError> {
    let mut all = file.entries(None)?;
    for name in names {
        if all.iter().all(|(other, _)| other != name.as_str()) {
            all.extend(file.entries(Some(name.as_str()))?);
        }
    }
    Ok(all)
}

fn unpinned(message: String) -> Failure {
    Failure::target(message).hint("release a version there first, or name another file with `--from`")
}

impl Running {
    /// Reads what runs in the environment that `--from` names, which is one file.
    fn read(
        snapshot: &mut Snapshot<'_>,
        paths: &[RepositoryPath],
        request: &PromoteRequest,
        listener: &mut Listener<'_>,
    ) -> Result<Self, Failure> {
        let path = paths.first().cloned().ok_or_else(|| Failure::usage("`--from` names no file"))?;
        let file = path.as_str();
        let bytes = snapshot.file(&path)?;
        let is_kustomization = targets::is_kustomization(file, bytes);
        if request.names.is_empty() && !is_kustomization {
            return Err(Failure::usage(format!("`{file}` is not a kustomization, so its images are promoted by name"))
                .hint(
                    "name the images to promote: all of a file of values would carry what belongs to this environment",
                ));
        }
        let entries = targets::read(file, bytes, |file| {
            let entries = entries(file, &request.names)?;
            request.names.iter().try_for_each(|name| file.require_one_version(name.as_str()))?;
            Ok(entries)
        });
        let entries = entries.map_err(|error| Failure::edit(file, &error))?;
        let names = entries.iter().map(|(name, _)| name.clone()).collect();
        let is_named =
            |name: &str| request.names.is_empty() || request.names.iter().any(|named| named.as_str() == name);
        let named: Vec<_> = entries.into_iter().filter(|(name, _)| is_named(name)).collect();
        let names_in_file = std::iter::once(named.iter().map(|(name, _)| name.as_str()).collect());
        warn_of_set_again(snapshot, std::slice::from_ref(&path), names_in_file, listener);
        let versions = FileVersions::of_entries(named.iter().map(|(name, _)| name.as_str()));
        let mut claims = BranchClaims::default();
        let read = |(name, fields): (String, Fields)| {
            let entry = EntryAtTip {
                path: path.clone(),
                name: &name,
                now: &fields,
                is_of_one_version: fields.several.is_empty(),
                numbers: Numbers::by(request.delivery.order.by),
                versions: &versions,
            };
            let mut note = |note| listener(&Event::Noted(note));
            let history = RunningEntry::read(snapshot, &mut claims, &entry, HistoryDepth::Loaded, &mut note)?;
            let affected = AffectedEntries { path: path.clone(), names: vec![name.clone()], after: None };
            let holds = held(snapshot, &[affected], request.delivery.override_hold, &mut |event| listener(&event))?;
            Ok(SourceEntry { name, fields, history, holds })
        };
        let entries = named.into_iter().map(read).collect::<Result<_, Failure>>()?;
        Ok(Self { path, is_kustomization, names, entries })
    }

    /// Returns the entries to carry to a file that has the entries `there`: those that are named, else all that it has a place
    /// for.
    fn choose(&self, names: &[ImageName], there: &[EntryThere], add: bool) -> Result<Chosen<'_>, Failure> {
        if !names.is_empty() {
            return Ok(Chosen { carried: self.named(names)?, left: Vec::new() });
        }
        let (mut carried, mut left) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let has_place = add || there.iter().any(|other| other.name == entry.name);
            match entry.name.parse::<ImageName>() {
                Ok(_) if !entry.fields.says_what_runs() => left.push((entry.name.clone(), NotPromoted::Nothing)),
                Ok(name) if has_place => carried.push((name, entry)),
                _ => left.push((entry.name.clone(), NotPromoted::Nowhere)),
            }
        }
        if !carried.is_empty() {
            return Ok(Chosen { carried, left });
        }
        let path = &self.path;
        if left.iter().all(|(_, why)| matches!(why, NotPromoted::Nothing)) {
            return Err(unpinned(format!("no entry of `{path}` has a tag or a digest")));
        }
        let message = format!("no entry of `{path}` that has a version is also in the other file");
        Err(Failure::target(message).hint("`--add` appends entries"))
    }

    fn named(&self, names: &[ImageName]) -> Result<Vec<(ImageName, &SourceEntry)>, Failure> {
        let path = self.path.to_string();
        let (mut named, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.entries.iter().find(|entry| entry.name == name.as_str()) {
                None => {
                    let (name, path) = (&[name.as_str()], std::slice::from_ref(&path));
                    let remedy = "check the name, and that `--from` names the file that has the image";
                    failures.push(match self.is_kustomization {
                        true => Failure::no_entry(name, &self.names, path, None),
                        false => Failure::no_image(name, &self.names, path, remedy),
                    });
                }
                Some(entry) if entry.fields.says_what_runs() => named.push((name.clone(), entry)),
                Some(_) => failures.push(unpinned(format!("`{name}` has neither tag nor digest in `{path}`"))),
            }
        }
        Failure::of_all(failures)?;
        Ok(named)
    }

    /// Returns what the images were when they were released here, as far as history tells.
    fn released(&self, carried: &[(ImageName, &SourceEntry)]) -> Vec<ReleasedDigest> {
        let when = format!("when it was released to `{}`", self.path);
        let digest =
            |(name, entry): &(ImageName, &SourceEntry)| ReleasedDigest::new(name, entry.history.digest(), when.clone());
        carried.iter().filter_map(digest).collect()
    }

    /// Returns what to write to an environment.
    fn writing(
        &self,
        carried: &[(ImageName, &SourceEntry)],
        to: &Destination<'_>,
        (snapshot, claims): (&mut Snapshot<'_>, &mut BranchClaims),
        pin_digest: PinDigest,
    ) -> Result<Writing, Failure> {
        let exactly = |(name, entry): &(ImageName, &SourceEntry)| {
            let SourceEntry { fields, history, .. } = *entry;
            let said_name = history.said_name.as_deref();
            let promoted = PromotedEntry { path: &self.path, name, fields, said_name };
            let image = to.name(snapshot, claims, &promoted)?;
            let argument = exactly(name, &fields.clone().with_name(image), history.digest(), pin_digest, &|text| {
                format!("`{name}` has `{text}` in `{}`", self.path)
            })?;
            let said = to.said_names(snapshot, claims, &promoted)?;
            let is_unknown = to.is_below_registry(&promoted);
            // What a release to here has said of the name that is carried.
            let carried = said_name.filter(|said| fields.is_below_registry() && fields.is_longer_name(said));
            let said = said.iter().map(String::as_str).chain(carried);
            by_said_name(argument, fields, said, is_unknown, &|argument| edited(snapshot, to.paths, argument))
        };
        let arguments = carried.iter().map(exactly).collect::<Result<_, Failure>>()?;
        let source = |(name, entry): &(ImageName, &SourceEntry)| {
            Some((name.clone(), entry.history.build.as_ref()?.source.clone()?))
        };
        let taken_back = |(name, entry): &(ImageName, &SourceEntry)| {
            let builds = entry.history.taken_back.iter().map(|taken_back| taken_back.build.clone());
            builds.map(|build| (name.clone(), build)).collect::<Vec<(ImageName, Build)>>()
        };
        let held: BTreeSet<&String> = carried.iter().flat_map(|(_, entry)| &entry.holds).collect();
        Ok(Writing {
            images: Images::of(arguments),
            purpose: Purpose::Promotion,
            sources: carried.iter().filter_map(source).collect(),
            taken_back_at_source: carried.iter().flat_map(taken_back).collect(),
            held_at_source: held.into_iter().cloned().collect(),
        })
    }
}
