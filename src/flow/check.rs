//! `check`: whether images are in their registries, and whether what is on the release branch is as the rules there demand.
//! Nothing is written.

use std::collections::HashSet;

use super::file_edits::released::{images_of, releases_of};
use super::file_edits::remarks::warn_of_notes;
use super::image_checks::checks::Checks;
use super::image_checks::image_origins::ImageOrigins;
use super::image_checks::image_to_check::ImageToCheck;
use super::image_checks::rulings::{EntryToRule, broken_beside_images, rule};
use super::image_checks::source_attestations::add_forges_if_claims_are_required;
use super::release_branch::branch::LocatedFiles;
use super::release_branch::read_branch::{Tip, read_branch};
use super::target_files::manifests_set_again::add_doubts;
use super::target_files::tag_elsewhere::TagsElsewhere;
use crate::git::{RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::file_entries::FileVersions;
use crate::guards::order::{EntryAtTip, HistoryDepth, RunningEntry};
use crate::guards::rules::{RulesState, rules_for};
use crate::image::{ImageName, Reference};
use crate::message::SourceCommit;
use crate::message::compose::Purpose;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome, Ruling};
use crate::request::CheckRequest;
use crate::targets::{self, Absent, EntryEdit, Fields, TargetError, Untagged};

/// Said if no file has an image to ask for.
const NO_IMAGE: &str = "name a file with a tag or a digest: in a kustomization in `images`, in a manifest or a compose file under \
                        the key `image` of a container or a service, in other files under a key that ends in `image` or beside \
                        `repository`";

/// Checks images, and the entries of files on the release branch.
pub fn check(request: &CheckRequest, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let mut checks = Checks::new(Some(&request.registry));
    add_forges_if_claims_are_required(&mut checks, &request.repository, None, request.repository.run.source.as_ref());
    let mut images: Vec<_> = request.references.iter().cloned().map(ImageToCheck::Known).collect();
    if request.files.is_empty() {
        checks.require(&images, listener)?;
        return Ok(Outcome { present: checks.into_found(), ..Outcome::new(Ending::Present) });
    }
    let released = read_branch(&request.repository, &request.files, listener, Released::read)?;
    require_references(&request.references, &released.files)?;
    checks.set_origins(ImageOrigins::of_files(&released.files));
    let mut on_branch = images_of(&Purpose::Release, &released.files, |_| true, listener)?;
    // What the command line names must be what its tag means.
    require_images(&released.files, &on_branch, listener)?;
    on_branch.retain(|image| !image.known().is_some_and(|named| request.references.contains(named)));
    checks.trust_digests_of_branch(&on_branch);
    images.append(&mut on_branch);
    let certain = checks.require_certain(&released.files, |_| true);
    if let Err(failure) = certain.and_then(|()| checks.require(&images, listener)) {
        return Err(beside_broken_rules(failure, &released, &mut checks, listener));
    }
    let rulings = rule(&released.rules, &released.entries(), None, &mut checks, listener)?.rulings;
    for ruling in &rulings {
        listener(&Event::Judged(ruling));
    }
    let ending = Ruling::stop(&rulings).map_or(Ending::Present, Ending::Stopped);
    Ok(Outcome {
        branch: released.branch,
        releases: releases_of(&released.files, &checks),
        present: request.references.iter().filter_map(|reference| checks.of(reference)).cloned().collect(),
        rulings,
        ..Outcome::new(ending)
    })
}

/// Adds a problem for each rule that does not hold, as far as the files and the images that were found tell.
fn beside_broken_rules(
    failure: Failure,
    released: &Released,
    checks: &mut Checks,
    listener: &mut Listener<'_>,
) -> Failure {
    let (broken, unanswered) = broken_beside_images(&released.rules, released.entries(), None, checks, listener);
    for ruling in &broken {
        listener(&Event::Judged(ruling));
    }
    let problems = broken.iter().map(|ruling| Failure::new(FailureKind::Guarded, ruling.to_string()));
    let problems = problems.chain(unanswered).collect();
    Failure { rulings: broken.into(), ..failure.and(problems) }
}

/// What is on the release branch.
struct Released {
    branch: Option<String>,
    files: Vec<FileEdit>,
    /// Those of all files.
    entries: Vec<ReleasedEntry>,
    rules: RulesState,
}

struct ReleasedEntry {
    path: RepositoryPath,
    entry: EntryEdit,
    /// The commit that it was built from, as far as history tells, and a rule wants to know.
    source: Option<SourceCommit>,
}

impl Released {
    fn read(tip: Tip<'_, '_>, listener: &mut Listener<'_>) -> Result<Self, Failure> {
        let Tip { branch, snapshot, files: LocatedFiles { paths, .. } } = tip;
        let rules = rules_for(snapshot, paths, &mut |warning| listener(&Event::Warned(warning)))?;
        let (mut claims, mut entries) = (BranchClaims::default(), Vec::new());
        let files = as_they_are(snapshot, &mut claims, paths, listener)?;
        let mut note = |note| listener(&Event::Noted(note));
        let mut all_applying = Vec::new();
        for (path, file) in paths.iter().zip(&files) {
            let versions = FileVersions::of_entries(file.edit.entries.iter().map(|entry| entry.name.as_str()));
            for entry in &file.edit.entries {
                let name = entry.name.as_str();
                let mut source = None;
                let applying = rules.applying(path, name);
                if applying.iter().any(|applying| applying.rule.compares_source()) {
                    let entry = EntryAtTip::new(&file.path, name, &entry.after, &versions);
                    let running = RunningEntry::read(snapshot, &mut claims, &entry, HistoryDepth::Loaded, &mut note)?;
                    source = running.build.and_then(|build| build.source);
                }
                all_applying.extend(applying);
                entries.push(ReleasedEntry { path: path.clone(), entry: entry.clone(), source });
            }
        }
        // They may be for other files, or their patterns are misspelt, and they stop nothing.
        let idle = rules.idle(&all_applying);
        if !idle.is_empty() && !entries.is_empty() {
            note(format!(
                "the rules {} match no entry here; if one of them should, check its `paths` and `entries`",
                idle.join(", ")
            ));
        }
        let branch = branch.known().map(ToString::to_string);
        Ok(Self { branch, files, entries, rules })
    }

    fn entries(&self) -> Vec<EntryToRule<'_>> {
        let entries = self.entries.iter().map(|ReleasedEntry { path, entry, source }| EntryToRule {
            path,
            entry,
            source: source.clone(),
            order: None,
            was_on_branch: true,
        });
        entries.collect()
    }
}

/// Returns the files at `paths`, each with its entries as they are.
///
/// # Errors
///
/// Files cannot be read, or do not tell what their images are: all of these, once the remarks on the others were told.
fn as_they_are(
    snapshot: &mut Snapshot<'_>,
    claims: &mut BranchClaims,
    paths: &[RepositoryPath],
    listener: &mut Listener<'_>,
) -> Result<Vec<FileEdit>, Failure> {
    let (mut files, mut problems, mut uncertain) = (Vec::new(), Vec::new(), Vec::new());
    let mut tags_elsewhere = TagsElsewhere::default();
    for path in paths {
        let file = path.as_str();
        let shown = match targets::read(file, snapshot.file(path)?, |file| file.shown_entries()) {
            Ok(shown) => shown,
            Err(error) => {
                problems.push(Failure::edit(file, &error));
                continue;
            }
        };
        for doubtful in shown.doubtful {
            let doubtful = Failure::edit(file, &doubtful.into());
            listener(&Event::Warned(format!("not checked: {}", doubtful.on_one_line())));
        }
        let refusals = shown.untold.into_iter().chain(shown.overruled);
        problems.extend(refusals.map(|refusal| Failure::edit(file, &refusal.into())));
        let mut entries = shown.entries;
        for (_, fields) in entries.iter_mut().filter(|(_, fields)| fields.is_latest()) {
            let image = fields.new_name.as_deref().unwrap_or_default();
            if tags_elsewhere.may_set(snapshot, paths, path, image)? {
                fields.untagged = Untagged::Elsewhere;
            }
        }
        let doubts = entries.iter().filter_map(|(_, fields)| fields.pulled.as_ref()).flat_map(|pulled| pulled.doubts());
        uncertain.extend(doubts.map(|doubt| format!("{file}:{}: {}", doubt.place, doubt.text)));
        match as_it_is(snapshot, claims, path, entries) {
            Ok(edited) => {
                let told = edited.edit.entries.iter().filter_map(|entry| {
                    Some(format!("`{}` in {file}: {}, which was not checked", entry.name, entry.other_name()?))
                });
                uncertain.extend(told);
                files.push(edited);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let paths: Vec<RepositoryPath> = files.iter().map(|file| RepositoryPath::shown_as(&file.path)).collect();
    add_doubts(snapshot, &paths, &mut files);
    warn_of_notes(&files, listener);
    let mut told = HashSet::new();
    for doubt in &uncertain {
        if told.insert(doubt) {
            listener(&Event::Warned(doubt.clone()));
        }
    }
    Failure::of_all(problems)?;
    Ok(files)
}

/// Returns a file with its entries as they are, in the form of an edit that changes nothing.
fn as_it_is(
    snapshot: &mut Snapshot<'_>,
    claims: &mut BranchClaims,
    path: &RepositoryPath,
    entries: Vec<(String, Fields)>,
) -> Result<FileEdit, Failure> {
    let file = path.as_str();
    let old = snapshot.file(path)?.to_vec();
    let refused = |error: &TargetError| Failure::edit(file, error);
    let mut edit = targets::edit(file, &old, &[], Absent::Report).map_err(|error| refused(&error))?;
    let versions = FileVersions::of_entries(entries.iter().map(|(name, _)| name.as_str()));
    for (name, fields) in entries {
        let name: ImageName = name.parse().map_err(|error| {
            Failure::target(format!("`{file}` has an image whose name cannot be used: {error}"))
                .hint("give the image another name in the file")
        })?;
        // Charts put a registry before the name, and releases have named the image.
        let checked_as = if fields.known_name(name.as_str()).is_none() && !fields.before_name.is_empty() {
            let entry = EntryAtTip::new(file, name.as_str(), &fields, &versions);
            let running = RunningEntry::read(snapshot, claims, &entry, HistoryDepth::Loaded, &mut |_| {})?;
            running.said_name.filter(|said| fields.is_made_name(said))
        } else {
            None
        };
        let unchanged =
            |fields| EntryEdit { checked_as: checked_as.clone(), ..EntryEdit::unchanged(name.clone(), fields) };
        for entry in fields.each().into_iter().map(unchanged) {
            ImageToCheck::on_branch(&entry).map_err(|failure| failure.detail(format!("in {file}")))?;
            edit.entries.push(entry);
        }
    }
    Ok(FileEdit { path: path.to_string(), old, edit })
}

/// Requires that no reference is what a file calls another image, such as its path: a registry would be asked for that.
fn require_references(references: &[Reference], files: &[FileEdit]) -> Result<(), Failure> {
    let entries: Vec<_> = FileEdit::entries(files).filter(|(file, _)| !file.edit.is_kustomization).collect();
    let wrong = |reference: &Reference| {
        let name = reference.name();
        let (file, entry) = entries.iter().find(|(_, entry)| entry.name.as_str() == name)?;
        let image = entry.image_name().unwrap_or("REGISTRY/NAME");
        let meant = reference.to_string().replacen(name, image, 1);
        let is_meant = meant.parse().is_ok_and(|meant: Reference| meant.spellings() == reference.spellings());
        (!is_meant).then(|| {
            Failure::target(format!("`{name}` is what an image is called in `{}`", file.path)).hint(format!(
                "leave `{reference}` out to check what is in the file, or write the image itself: `{meant}`"
            ))
        })
    };
    Failure::of_all(references.iter().filter_map(wrong).collect())
}

/// Requires that at least one image of `files` can be asked for, and tells which files have none.
fn require_images(files: &[FileEdit], images: &[ImageToCheck], listener: &mut Listener<'_>) -> Result<(), Failure> {
    if images.iter().all(|image| image.known().is_none()) {
        let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.path)).collect();
        return Err(Failure::target(format!("there is no image to check in {}", names.join(", "))).hint(NO_IMAGE));
    }
    // A kustomization may have no `images`.
    for file in files.iter().filter(|file| file.edit.entries.is_empty() && !file.edit.is_kustomization) {
        listener(&Event::Warned(format!("no image shows in `{}`, so nothing of it is checked", file.path)));
    }
    Ok(())
}
