//! Whether a commit did exactly what its title says, and nothing else. The title is all that is left of a release if a
//! squash kept it alone, and the head branch is deleted. A copied title does not count, because the whole change must be
//! what the editor makes of the file, but for comments.

use super::compared_file::ComparedFile;
use crate::guards::history::file_entries::entries;
use crate::image::ImageArgument;
use crate::message::{compose, short_image};
use crate::targets::Absent;

/// Returns whether `title` is the usual one of a release of exactly what changed in `files`.
pub(super) fn does_what_the_title_says(title: &str, files: &[ComparedFile<'_>]) -> bool {
    let images: Option<Vec<Vec<String>>> = files.iter().map(released).collect();
    images.is_some_and(|images| compose::is_title_of(title, &images.concat()))
}

/// Returns the images that a file's change releases, as titles name them; `None` if it does anything else.
fn released(file: &ComparedFile<'_>) -> Option<Vec<String>> {
    let read = |bytes| entries(file.path, bytes, None);
    let (before, after) = (read(file.before)?, read(file.after)?);
    let arguments = after
        .iter()
        .filter(|(name, fields)| before.get(*name) != Some(fields))
        .map(|(name, fields)| Some(ImageArgument { name: name.parse().ok()?, change: fields.to_change().ok()? }))
        .collect::<Option<Vec<_>>>()?;
    let edit = file.edit_by(&arguments, Absent::Report)?;
    let changed = edit.entries.iter().filter(|entry| entry.changed());
    let image = |entry| short_image(entry, None);
    Some(changed.map(image).collect())
}

#[cfg(test)]
mod tests {
    use super::{ComparedFile, does_what_the_title_says};

    const BEFORE: &str = "images: # all\n- name: web\n  newName: org/web\n  newTag: v1\n- name: api\n  newTag: v1\n";

    #[test]
    fn titles_and_changes() {
        let web = BEFORE.replacen("v1", "v2", 1);
        let both = BEFORE.replace("v1", "v2");
        let digest = format!("sha256:{}", "9".repeat(64));
        let pinned = BEFORE.replacen("newTag: v1", &format!("digest: {digest}"), 1);
        for (title, after, expected) in [
            ("Release org/web:v2", web.clone(), true),
            ("Release org/web:v2 (#7)", web.clone(), true),
            ("Release org/web:v2 [skip ci] (!7)", web.clone(), true),
            ("Roll back to org/web:v2", web.clone(), true),
            ("Promote org/web:v2", web.clone(), true),
            ("Release 2 images (#7)", both.clone(), true),
            ("Release org/web@sha256:999999999999", pinned, true),
            ("Release org/web:v3", web.clone(), false),
            ("Release org/web:v2 and tune it", web.clone(), false),
            ("Release org/web:v2", both, false),
            ("Release 2 images", web.clone(), false),
            ("Release org/web:v2", BEFORE.to_owned(), false),
            ("Release 0 images", BEFORE.to_owned(), false),
            ("Release org/web:v2", format!("{web}namePrefix: x-\n"), false),
            ("Release org/web:v2", web.replace(" # all", ""), false),
            ("Release org/web:v2", web.replace("v2", "v2 # of 1234567"), true),
            ("Release org/web:v2", web.replace("org/web", "org/web # of 1234567"), false),
            ("Release org/web:v2", web.replace("v2", "'v2'"), false),
            ("Release org/web:v2", format!("{web}- name: new\n  newTag: v2\n"), false),
        ] {
            let file = ComparedFile { path: "kustomization.yaml", before: BEFORE.as_bytes(), after: after.as_bytes() };
            assert_eq!(does_what_the_title_says(title, &[file]), expected, "{title}\n{after}");
        }
    }

    /// The line that an edit writes may stand in another entry already.
    #[test]
    fn a_comment_behind_a_line_that_stands_elsewhere() {
        let before = BEFORE.replacen("newTag: v1", "newTag: v0", 1);
        let after = BEFORE.replacen("newTag: v1", "newTag: v1 # of 1234567", 1);
        let path = "kustomization.yaml";
        let file = ComparedFile { path, before: before.as_bytes(), after: after.as_bytes() };
        assert!(does_what_the_title_says("Release org/web:v1", &[file]));
    }
}
