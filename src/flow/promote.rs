//! `promote`: what runs in one environment is released in the next: the same names, tags and digests, in one commit. What
//! is read and what is written may be one branch, two, or two repositories.

use super::branch::ReleaseBranch;
use super::delivery::{CheckedEntries, Job, Tip, Writing, deliver};
use super::log::no_entry;
use super::rollback::exactly;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::order::history_of;
use crate::image::ImageName;
use crate::message::compose::Purpose;
use crate::message::trailers::{ReleaseTrailers, SourceCommit};
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{Effect, Images, NewBranch, PromoteRequest, TargetRequest};
use crate::system::signals::Gate;
use crate::targets::kustomization::{self, Fields};

/// How many commits are looked through for where an image was built from.
const DEPTH: usize = 50;

/// Carries entries on.
pub fn promote(request: &PromoteRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let elsewhere = request.from_target.as_ref().map(|from| elsewhere(from, request)).transpose()?;
    let mut told = false;
    let mut decide = |tip: Tip<'_, '_>, listener: &mut Listener<'_>| {
        let Tip { branch: target, snapshot, paths } = tip;
        let found;
        let running = match &elsewhere {
            Some(running) => running,
            None => {
                let path = one(target.locate(snapshot, std::slice::from_ref(&request.from))?)?;
                found = Running::read(snapshot, path)?;
                &found
            }
        };
        let mut there = Vec::new();
        for path in paths {
            let entries = kustomization::entries(snapshot.file(path)?);
            there.extend(entries.map_err(|error| Failure::edit(&path.to_string(), &error))?);
        }
        let Chosen { carried, left } = running.choose(&request.names, &there, request.delivery.add)?;
        if !std::mem::replace(&mut told, true) {
            for (name, why) in left {
                let why = match why {
                    Left::Nowhere => format!("has no entry in `{}`", paths[0]),
                    Left::Nothing => format!("has neither tag nor digest in `{}`", running.path),
                };
                listener(&Event::Noted(format!("`{name}` {why}, so it is not carried on")));
            }
        }
        running.writing(&carried)
    };
    let job = Job {
        command: "promote",
        delivery: &request.delivery,
        gate,
        images: Vec::new(),
        checked: CheckedEntries::Changed,
    };
    deliver(&job, &mut decide, listener)
}

/// What runs where it is carried on from.
struct Running {
    path: RepositoryPath,
    entries: Vec<(String, Fields)>,
    /// The newest first.
    releases: Vec<ReleaseTrailers>,
}

/// The entries to carry on.
struct Chosen<'r> {
    carried: Vec<(ImageName, &'r Fields)>,
    /// The names of those that are not.
    left: Vec<(String, Left)>,
}

/// Why an entry is not carried on.
#[derive(Clone, Copy)]
enum Left {
    /// It has no place to go to.
    Nowhere,
    /// It does not say what runs: to carry that on would take away what the other environment says.
    Nothing,
}

fn elsewhere(from: &TargetRequest, request: &PromoteRequest) -> Result<Running, Failure> {
    let written = &request.from;
    let here = ReleaseBranch::open(&request.delivery.target)?;
    let target = match here.remote() {
        Some(here) => ReleaseBranch::open(&from.beside(here))?,
        None => ReleaseBranch::open(from)?,
    };
    let mut start = target.read_tip(Effect::DryRun, &NewBranch::Refused)?;
    let path = one(target.locate(&mut start.snapshot, std::slice::from_ref(written))?)?;
    Running::read(&mut start.snapshot, path)
}

fn one(paths: Vec<RepositoryPath>) -> Result<RepositoryPath, Failure> {
    paths.into_iter().next().ok_or_else(|| Failure::usage("`--from` names no kustomization"))
}

impl Running {
    fn read(snapshot: &mut Snapshot<'_>, path: RepositoryPath) -> Result<Self, Failure> {
        let entries = kustomization::entries(snapshot.file(&path)?);
        let entries = entries.map_err(|error| Failure::edit(&path.to_string(), &error))?;
        let history = snapshot.history(DEPTH)?;
        Ok(Self { path, entries, releases: history.commits.iter().filter_map(ReleaseTrailers::read).collect() })
    }

    fn fields(&self, name: &str) -> Option<&Fields> {
        self.entries.iter().find(|(other, _)| other == name).map(|(_, fields)| fields)
    }

    fn choose(&self, names: &[ImageName], there: &[(String, Fields)], add: bool) -> Result<Chosen<'_>, Failure> {
        let path = self.path.to_string();
        let mut carried = Vec::new();
        let mut left = Vec::new();
        for name in names {
            let fields = self.fields(name.as_str()).ok_or_else(|| no_entry(name.as_str(), &self.entries, &path))?;
            if !says_what_runs(fields) {
                return Err(Failure::target(format!("`{name}` has neither tag nor digest in `{path}`")));
            }
            carried.push((name.clone(), fields));
        }
        if names.is_empty() {
            for (name, fields) in &self.entries {
                let has_place = add || there.iter().any(|(other, _)| other == name);
                match name.parse::<ImageName>() {
                    Ok(_) if !says_what_runs(fields) => left.push((name.clone(), Left::Nothing)),
                    Ok(name) if has_place => carried.push((name, fields)),
                    _ => left.push((name.clone(), Left::Nowhere)),
                }
            }
        }
        match carried.is_empty() {
            true => {
                Err(Failure::target(format!("no entry of `{path}` has something to carry on and a place to go to"))
                    .hint("`--add` appends entries"))
            }
            false => Ok(Chosen { carried, left }),
        }
    }

    fn writing(&self, carried: &[(ImageName, &Fields)]) -> Result<Writing, Failure> {
        let arguments = carried.iter().map(|(name, fields)| exactly(name, fields)).collect::<Result<_, _>>()?;
        let mut sources = carried.iter().map(|(name, _)| self.source(name.as_str()));
        // One commit names one source, so only what all were built from is one.
        let first = sources.next().flatten();
        let source = first.filter(|first| sources.all(|source| source.as_ref() == Some(first)));
        let images = Images { arguments, repeated: Vec::new() };
        Ok(Writing { images, purpose: Purpose::Promotion, source })
    }

    /// Returns the commit that the image of an entry was built from, as its last release says.
    fn source(&self, name: &str) -> Option<SourceCommit> {
        let path = self.path.to_string();
        let Fields { new_name, new_tag, digest } = self.fields(name)?;
        let last = history_of(&self.releases, &path, name)?.last;
        let called = new_name.as_deref().unwrap_or(name);
        let stands = last.image(name, called)?.matches_entry(called, new_tag.as_deref(), digest.as_deref());
        last.source.clone().filter(|_| stands)
    }
}

fn says_what_runs(fields: &Fields) -> bool {
    fields.new_tag.is_some() || fields.digest.is_some()
}
