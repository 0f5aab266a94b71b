//! What a program reads: one object, also on failure. Its keys are a contract; nothing in it is cut or coloured.

use serde::Serialize;

use crate::failure::Failure;
use crate::outcome::{Ending, ImageOutcome, Outcome};

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
    error: Option<Error<'a>>,
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
        error: None,
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
        changed: entry.is_some_and(|entry| entry.appended || !entry.fields.is_empty()),
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
