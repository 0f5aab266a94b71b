//! The heading of a job's summary: a mark that is seen in a list of runs, the outcome, and what came of which entry.

use super::image_row::{before, code, stays, tag};
use crate::cli::CommandName;
use crate::outcome::{Ending, StopKind};
use crate::report::command_end::CommandEnd;
use crate::report::json::Image;

/// Returns the heading of a command's end.
pub(super) fn heading(end: &CommandEnd<'_>) -> String {
    let Ok(outcome) = end.result else {
        return format!("❌ {} failed", end.title());
    };
    let images = &end.document.images;
    match &outcome.ending {
        Ending::Released { pushed, .. } => format!("✅ {}", done(end.command, *pushed, images)),
        Ending::Proposed { request, .. } if request.is_merged() => {
            format!("✅ Released {} by a pull request", all(images, "at"))
        }
        Ending::Proposed { .. } => format!("✅ Proposed {}", all(images, "at")),
        Ending::Edited => format!("✅ Edited: {}", all(images, "to")),
        Ending::Present => format!("✅ In the registry: {}", all(images, "at")),
        Ending::Unchanged => match &images[..] {
            [image] => format!("✅ Unchanged: {} is at {} already", name(image), version(image)),
            images => format!("✅ Unchanged: {}", count(images)),
        },
        Ending::DryRun => format!("🔍 Dry run: would set {}", all(images, "to")),
        Ending::Proceed => "✅ Proceed".to_owned(),
        Ending::Compared(_) => "What runs where".to_owned(),
        Ending::Logged(_) => "Releases".to_owned(),
        Ending::Stopped(stopped) => match stopped.kind {
            StopKind::Skipped if images.is_empty() => "⏭ Skipped".to_owned(),
            StopKind::Skipped => format!("⏭ Skipped: {}", left(images)),
            StopKind::Superseded => format!("⏭ Superseded: {}", left(images)),
            StopKind::Diverged => format!("⏭ Diverged: {}", left(images)),
            StopKind::Held => format!("⏸ Held: {}", left(images)),
            StopKind::Ruled if end.document.command == "check" => format!("⛔ Ruled: {}", all(images, "at")),
            StopKind::Ruled => format!("⛔ Ruled: {}", left(images)),
        },
    }
}

fn done(command: Option<CommandName>, pushed: bool, images: &[Image<'_>]) -> String {
    match command {
        _ if !pushed => format!("Committed {}; nothing was pushed", all(images, "at")),
        Some(CommandName::Rollback) => format!("Rolled back {}", all(images, "to")),
        Some(CommandName::Promote) => format!("Promoted {}", all(images, "to")),
        _ => format!("Released {}", all(images, "at")),
    }
}

/// Returns what the images became, which a preposition leads to.
fn all(images: &[Image<'_>], preposition: &str) -> String {
    match images {
        [image] => format!("{} {preposition} {}", name(image), version(image)),
        images => count(images),
    }
}

/// Returns what a guard left in place.
fn left(images: &[Image<'_>]) -> String {
    match images {
        [image] if stays(image) => format!("{} stays at {}", name(image), before(image).map(tag).unwrap_or_default()),
        [] => "nothing was released".to_owned(),
        [image] => format!("{} stays as it is", name(image)),
        images => format!("{} stay as they are", count(images)),
    }
}

fn count(images: &[Image<'_>]) -> String {
    let things = if images.iter().all(|image| image.name.is_some()) { "entries" } else { "images" };
    format!("{} {things}", images.len())
}

fn name(image: &Image<'_>) -> String {
    code(image.name.unwrap_or(image.image))
}

fn version(image: &Image<'_>) -> String {
    image.tag.or(image.digest).map_or_else(|| "no tag".to_owned(), tag)
}
