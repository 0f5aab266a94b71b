//! `release`: the images that the command line names.

use super::delivery::{Job, Writing, deliver};
use super::guard::ended_by_own_commit;
use super::release_branch::read_branch::Tip;
use crate::guards::order::{Agreement, agreement};
use crate::image::{Field, ImageArgument, ImageName, short_tag};
use crate::message::compose::Purpose;
use crate::message::{EntrySources, SourceCommit};
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener, Outcome};
use crate::request::{OnOwnCommit, ReleaseRequest};
use crate::system::processes::signals::Gate;
use crate::targets::{self, ReadFile};

/// Releases images: all of them in one commit, or nothing.
pub fn release(request: &ReleaseRequest, gate: &Gate, listener: &mut Listener<'_>) -> Result<Outcome, Failure> {
    let ReleaseRequest { images, delivery, on_own_commit, source: _ } = request;
    Failure::of_all(images.incomplete())?;
    if let Some(outcome) = ended_by_own_commit(&delivery.repository, *on_own_commit, listener)? {
        return Ok(outcome);
    }
    let writing = Writing::new(images.clone(), Purpose::Release, EntrySources::default());
    // With the names of their entries.
    let mut tags = Vec::new();
    for ImageArgument { name, change } in &images.arguments {
        tags.extend(change.new_tag.set().map(|tag| (name.to_string(), tag.to_string())));
    }
    let names: Vec<_> = images.arguments.iter().map(|argument| argument.name.clone()).collect();
    let job = Job {
        delivery,
        gate,
        named_in_head: names.clone(),
        ordered: names,
        arguments: images.arguments.clone(),
        sources: sources_of(request, &tags),
    };
    let mut decide = |tip: Tip<'_, '_>, listener: &mut Listener<'_>| {
        let mut tags = tags.clone();
        add_kept(&mut tags, &tip, &images.arguments)?;
        tell_contradictions(request.source.as_ref(), &tags, listener);
        Ok(Writing { sources: sources_of(request, &tags), ..writing.clone() })
    };
    deliver(&job, &mut decide, listener)
}

/// Adds the tags that the arguments keep in the files.
fn add_kept(tags: &mut Vec<(String, String)>, tip: &Tip<'_, '_>, arguments: &[ImageArgument]) -> Result<(), Failure> {
    let is_kept = |argument: &&ImageArgument| argument.change.new_tag == Field::Keep;
    let names: Vec<&str> = arguments.iter().filter(is_kept).map(|argument| argument.name.as_str()).collect();
    for path in tip.files.paths.iter().filter(|_| !names.is_empty()) {
        let of_names =
            |file: &ReadFile<'_, '_>| Ok(names.iter().filter_map(|name| file.entries(Some(name)).ok()).collect());
        let entries: Vec<_> = targets::read(path.as_str(), tip.snapshot.file(path)?, of_names).unwrap_or_default();
        for (name, fields) in entries.into_iter().flatten() {
            tags.extend(fields.each().into_iter().filter_map(|fields| Some((name.clone(), fields.new_tag?))));
        }
    }
    Ok(())
}

/// Warns of tags that name another commit than the one that the user names.
fn tell_contradictions(named: Option<&SourceCommit>, tags: &[(String, String)], listener: &mut Listener<'_>) {
    let Some(source) = named else { return };
    for (name, tag) in tags.iter().filter(|(_, tag)| agreement(tag, source) == Agreement::Disagrees) {
        let (tag, commit) = (short_tag(tag), source.commit.short());
        let warning = format!("the tag `{tag}` of `{name}` names another commit than {commit}; `--source` counts");
        listener(&Event::Warned(warning));
    }
}

/// Returns the commit that each image was built from: the one that the user names, else the commit of the CI run, unless one of
/// the `tags` of the image names another commit. If one of them names no commit, or there is none, what started the run decides:
///
/// - a push, a new branch, a tag, a pull request or another workflow for the commit: the image is of the run's commit;
/// - a person, a schedule or another program: nothing is known, because the run may release what was built elsewhere;
/// - the system does not tell: the image is of the run's commit, but nothing is known if `--on-own-commit` is `ignore`.
fn sources_of(request: &ReleaseRequest, tags: &[(String, String)]) -> EntrySources {
    let names = request.images.arguments.iter().map(|argument| argument.name.clone());
    if let Some(source) = &request.source {
        return names.map(|name| (name, source.clone())).collect();
    }
    let run = &request.delivery.repository.run;
    let Some(source) = run.source.as_ref() else { return EntrySources::default() };
    let is_silence_enough = run.is_about_its_commit().unwrap_or(request.on_own_commit != OnOwnCommit::Ignore);
    // An image of a pull request may be named by the merge that was built to test it.
    let merge = run.test_merge.map(|commit| SourceCommit { repository: None, commit });
    let says = |tag: &str| match &merge {
        Some(merge) if agreement(tag, merge) == Agreement::Agrees => Agreement::Agrees,
        _ => agreement(tag, source),
    };
    let is_of_run = |name: &ImageName| {
        let mut said = tags.iter().filter(|(entry, _)| entry == name.as_str()).map(|(_, tag)| says(tag)).peekable();
        let is_tagged = said.peek().is_some();
        said.all(|said| said == Agreement::Agrees || (said == Agreement::Silent && is_silence_enough))
            && (is_tagged || is_silence_enough)
    };
    let mut of_run: EntrySources = names.filter(is_of_run).map(|name| (name, source.clone())).collect();
    of_run.are_assumed = run.is_about_its_commit().is_none();
    of_run
}
