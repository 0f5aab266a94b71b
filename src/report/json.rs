//! What a program reads: one object, also on failure. Its keys are a contract; nothing in it is cut or coloured.

use serde::Serialize;

use crate::failure::Failure;
use crate::kustomization::EntryEdit;
use crate::outcome::{Ending, ImageOutcome, LoggedRelease, Outcome};

/// The object, in the order of its keys. What does not apply is null or empty, never missing.
#[derive(Default, Serialize)]
struct Document<'a> {
    command: &'a str,
    outcome: &'a str,
    reason: Option<&'a str>,
    changed: bool,
    branch: Option<&'a str>,
    commit: Option<String>,
    parent: Option<String>,
    pushed: bool,
    attempts: u32,
    images: Vec<Image<'a>>,
    files: &'a [String],
    message: Option<&'a str>,
    diff: &'a str,
    releases: Vec<Release<'a>>,
    error: Option<Error<'a>>,
}

/// An entry of the log.
#[derive(Serialize)]
struct Release<'a> {
    name: &'a str,
    image: Option<&'a str>,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
    time: String,
    by: &'a str,
    commit: String,
    title: &'a str,
    source: Option<String>,
    run: Option<&'a str>,
    by_hand: bool,
    rolled_back_by: Option<String>,
}

#[derive(Serialize)]
struct Image<'a> {
    file: Option<&'a str>,
    name: Option<&'a str>,
    image: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
    platforms: &'a [String],
    previous: Option<Previous<'a>>,
    changed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Previous<'a> {
    new_name: Option<&'a str>,
    new_tag: Option<&'a str>,
    digest: Option<&'a str>,
}

#[derive(Serialize)]
struct Error<'a> {
    kind: &'a str,
    message: &'a str,
    details: &'a [String],
    hint: Option<&'a str>,
    exit_code: u8,
}

pub(super) fn document(command: &str, result: &Result<Outcome, Failure>) -> String {
    let document = match result {
        Ok(outcome) => success(outcome),
        Err(failure) => Document { command, outcome: "failed", error: Some(error(failure)), ..Document::default() },
    };
    // Strings, numbers and lists of them always have a JSON form.
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

fn success(outcome: &Outcome) -> Document<'_> {
    let released = outcome.ending == Ending::Released;
    Document {
        command: outcome.command,
        outcome: match outcome.ending {
            Ending::Released => "released",
            Ending::Edited => "edited",
            Ending::Present => "present",
            Ending::Unchanged => "unchanged",
            Ending::DryRun => "dry-run",
            Ending::Skipped => "skipped",
            Ending::Superseded => "superseded",
            Ending::Held => "held",
            Ending::Listed => "listed",
        },
        reason: outcome.reason.as_deref(),
        changed: released || outcome.ending == Ending::Edited,
        branch: outcome.branch.as_deref(),
        commit: outcome.commit.map(|id| id.to_string()),
        parent: outcome.parent.map(|id| id.to_string()),
        pushed: released,
        attempts: outcome.attempts,
        images: outcome.images.iter().map(image).collect(),
        files: &outcome.files,
        message: outcome.message.as_deref(),
        diff: &outcome.diff,
        releases: outcome.releases.iter().map(release).collect(),
        error: None,
    }
}

fn release(release: &LoggedRelease) -> Release<'_> {
    let LoggedRelease { name, fields, record, provenance, rolled_back_by } = release;
    Release {
        name,
        image: fields.as_ref().map(|fields| fields.new_name.as_deref().unwrap_or(name)),
        tag: fields.as_ref().and_then(|fields| fields.new_tag.as_deref()),
        digest: fields.as_ref().and_then(|fields| fields.digest.as_deref()),
        time: record.time(),
        by: &record.author,
        commit: record.id.to_string(),
        title: record.title(),
        source: provenance.as_ref().and_then(|said| said.source.as_ref()).map(ToString::to_string),
        run: provenance.as_ref().and_then(|said| said.run.as_deref()),
        by_hand: provenance.is_none(),
        rolled_back_by: rolled_back_by.map(|id| id.to_string()),
    }
}

fn image(image: &ImageOutcome) -> Image<'_> {
    let entry = image.entry.as_ref();
    Image {
        file: image.file.as_deref(),
        name: entry.map(|entry| entry.name.as_str()),
        image: &image.image,
        tag: image.tag.as_deref(),
        digest: image.digest.as_deref(),
        platforms: &image.platforms,
        previous: entry.filter(|entry| !entry.appended).map(|entry| Previous {
            new_name: entry.before.new_name.as_deref(),
            new_tag: entry.before.new_tag.as_deref(),
            digest: entry.before.digest.as_deref(),
        }),
        changed: entry.is_some_and(EntryEdit::changed),
    }
}

fn error(failure: &Failure) -> Error<'_> {
    Error {
        kind: failure.kind.name(),
        message: &failure.message,
        details: &failure.details,
        hint: failure.hint.as_deref(),
        exit_code: failure.kind.exit_code(),
    }
}
