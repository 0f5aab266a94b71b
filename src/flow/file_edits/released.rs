//! What the edited entries come to: images to check, and releases.

use crate::flow::image_checks::checks::Checks;
use crate::flow::image_checks::image_to_check::ImageToCheck;
use crate::message::Release;
use crate::message::compose::Purpose;
use crate::outcome::failure::Failure;
use crate::outcome::{Event, FileEdit, Listener};
use crate::targets::EntryEdit;

/// Returns the images that the `wanted` of the edited entries name.
pub(in crate::flow) fn images_of(
    purpose: &Purpose,
    files: &[FileEdit],
    wanted: impl Fn(&EntryEdit) -> bool,
    listener: &mut Listener<'_>,
) -> Result<Vec<ImageToCheck>, Failure> {
    let mut images = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| wanted(entry)) {
            let image = ImageToCheck::edited_for(purpose, entry);
            let image = image.map_err(|failure| failure.detail(format!("in {}", file.path)))?;
            if matches!(image, ImageToCheck::Unpinned) {
                let entry = format!("`{}` in {}", entry.name, file.path);
                listener(&Event::Warned(format!("not checked: {entry} has neither tag nor digest")));
            }
            images.push(image);
        }
    }
    Ok(images)
}

/// Returns what the edited entries release, with what the registry said of their images.
pub(in crate::flow) fn releases_of(files: &[FileEdit], checks: &Checks) -> Vec<Release> {
    FileEdit::entries(files)
        .map(|(file, entry)| {
            // What cannot be a reference has been refused, unless the registry is not asked at all.
            let reference = ImageToCheck::of_entry(entry).ok().and_then(|image| image.known().cloned());
            let checked = reference.as_ref().and_then(|reference| checks.of(reference));
            let of_registry = checked.map(|checked| checked.descriptor.digest.clone());
            let of_entry = || entry.after.digest.as_deref().and_then(|digest| digest.parse().ok());
            Release {
                file: file.path.clone(),
                entry: entry.clone(),
                digest: of_registry.or_else(of_entry),
                source: None,
                order: None,
                comparison: None,
                still_taken_back: Vec::new(),
                platforms: checked.map(|checked| checked.platforms.clone()).unwrap_or_default(),
                verified: checked.map(|checked| checked.verified.clone()).unwrap_or_default(),
                reference,
            }
        })
        .collect()
}
