//! Whether a commit did exactly what its trailers say. A person who amends a release, or commits again with its message, keeps
//! the trailers, and often the times: so the whole change must be what the editor makes of the file, but for comments behind
//! that.

use std::collections::{HashMap, HashSet};

use super::compared_file::ComparedFile;
use crate::image::{Field, ImageArgument, ImageChange, ImageName};
use crate::message::trailers::ReleaseTrailers;
use crate::targets;
use crate::targets::{Absent, Fields, Unnamed};

/// Returns whether `file` became what a release says that it made of it, and nothing else.
pub(super) fn did_what_it_says(said: &ReleaseTrailers, file: &ComparedFile<'_>) -> bool {
    if !said.names_file(file.path) {
        return false;
    }
    let Some(released) = released(said, file) else { return false };
    // What an argument leaves out, it may have kept or removed: a field without a value may be there or not.
    [Absence::Keeps, Absence::Removes].into_iter().any(|absence| {
        let argument = |entry: &ReleasedEntry| {
            let change = change(entry.before.clone(), entry.after.clone(), absence)?;
            Some(ImageArgument { name: entry.name.clone(), change })
        };
        let Some(arguments) = released.iter().map(argument).collect::<Option<Vec<_>>>() else { return false };
        file.edit_by(&arguments, Absent::Append).is_some_and(|edit| edit.changed())
    })
}

/// What a release does about a field that has no value before and after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    Keeps,
    Removes,
}

/// An entry that is what a release says.
struct ReleasedEntry {
    name: ImageName,
    before: Option<Fields>,
    after: Fields,
}

/// Returns the entries that are what the release says; `None` if the name of one that it names could not be written.
fn released(said: &ReleaseTrailers, file: &ComparedFile<'_>) -> Option<Vec<ReleasedEntry>> {
    let mut seen = HashSet::new();
    let names = said.entries().filter(|name| seen.insert(*name)).map(|name| name.parse().ok());
    let names: Vec<ImageName> = names.collect::<Option<_>>()?;
    let (mut before, mut after) = (fields(file.path, file.before, &names), fields(file.path, file.after, &names));
    let released = |name: ImageName| {
        let after = after.remove(&name).filter(|fields| said.released(name.as_str(), fields))?;
        Some(ReleasedEntry { before: before.remove(&name), after, name })
    };
    Some(names.into_iter().filter_map(released).collect())
}

/// How many entries are read one by one, if they cannot be read together. A release of ours edits all of its entries together.
const MAX_READ_ALONE: usize = 20;

/// Returns what entries say, as an edit finds it: by a path too, and in a template, of which no list of entries can be read.
fn fields(path: &str, text: &[u8], names: &[ImageName]) -> HashMap<ImageName, Fields> {
    let as_it_is = || ImageChange { new_name: Field::Keep, new_tag: Field::Keep, digest: Field::Keep };
    let said = |names: &[ImageName]| {
        let arguments = names.iter().map(|name| ImageArgument { name: name.clone(), change: as_it_is() });
        let edit = targets::edit(path, text, &arguments.collect::<Vec<_>>(), Absent::Report).ok()?;
        Some(edit.entries.into_iter().map(|entry| (entry.name, entry.after)).collect::<Vec<_>>())
    };
    let alone = || names.chunks(1).take(MAX_READ_ALONE).filter_map(said).flatten().collect();
    said(names).unwrap_or_else(alone).into_iter().collect()
}

/// Returns what makes an entry say what it says `after` a release, if it said `before` what it did. A name that
/// stayed need not be written: it may be different in each place.
fn change(before: Option<Fields>, mut after: Fields, absence: Absence) -> Option<ImageChange> {
    let before = before.unwrap_or_default();
    if before.new_name == after.new_name {
        (after.new_name, after.unnamed) = (None, Unnamed::Elsewhere);
    }
    let mut change = after.to_change().ok()?;
    if absence == Absence::Keeps {
        if before.new_tag.is_none() && after.new_tag.is_none() {
            change.new_tag = Field::Keep;
        }
        if before.digest.is_none() && after.digest.is_none() {
            change.digest = Field::Keep;
        }
    }
    Some(change)
}

#[cfg(test)]
mod tests {
    use super::{Absent, ComparedFile, ImageArgument, ReleaseTrailers, did_what_it_says, targets};
    use crate::git::{CommitId, CommitRecord};
    use crate::growth::assert_grows_with_its_size;
    use crate::targets::{EntryEdit, Fields};

    const BEFORE: &str = "# all\nimages:\n- name: web # the site\n  newTag: v1 # now\n- name: api\n  newTag: v1\n";

    #[test]
    fn what_trailers_say_and_nothing_else() {
        let web = BEFORE.replacen("v1 # now", "v2", 1);
        let both = web.replace("newTag: v1", "newTag: v2");
        let named = web.replace("  newTag: v2", "  newName: org/web\n  newTag: v2");
        let pinned = web.replace("  newTag: v2", "  digest: sha256:99");
        let (of_web, of_both) = ("web=web:v2", "web=web:v2\nTagship-Image: api=api:v2");
        for (said, after, expected) in [
            (of_web, web.clone(), true),
            (of_web, web.replace("v2", "v2 # v1 before"), true),
            (of_both, both.clone(), true),
            (of_both, web.clone(), true),
            ("web=org/web:v2", named, true),
            ("new=new:v2", format!("{BEFORE}- name: new\n  newTag: v2\n"), true),
            (of_web, both.clone(), false),
            (of_web, web.replace("v2", "v3"), false),
            ("web=web@sha256:99", pinned, false),
            (of_web, BEFORE.to_owned(), false),
            (of_web, BEFORE.replace("newTag: v1\n", "newTag: v2\n"), false),
            (of_web, format!("{web}namePrefix: x-\n"), false),
            (of_web, web.replace("# all\n", ""), false),
            (of_web, web.replace("the site", "another"), false),
            (of_web, web.replace("v2", "'v2'"), false),
            (of_web, format!("{web}- name: new\n  newTag: v2\n"), false),
        ] {
            let file = "kustomization.yaml";
            let message = format!("x\n\nTagship-Image: {said}\nTagship-File: {file}\nTagship-Version: 0.1.0\n");
            let id = CommitId::of_number(1);
            let trailers = ReleaseTrailers::read(&CommitRecord::of(id, vec![id], &message)).unwrap();
            let compared = |path| ComparedFile { path, before: BEFORE.as_bytes(), after: after.as_bytes() };
            assert_eq!(did_what_it_says(&trailers, &compared(file)), expected, "{said}\n{after}");
            assert!(!did_what_it_says(&trailers, &compared("prod/kustomization.yaml")));
        }
    }

    /// The number of trailers is foreign. An edit of the file for each of them would take minutes.
    #[test]
    fn thousands_of_trailers() {
        for (tag, expected) in [("v2", true), ("v3", false)] {
            assert_grows_with_its_size(800, |count| {
                let text =
                    |tag| (0..count).map(move |n| format!("- name: app{n}\n  newTag: {tag}\n")).collect::<String>();
                let (before, after) = (format!("images:\n{}", text("v1")), format!("images:\n{}", text("v2 # now")));
                let said: String = (0..count).map(|n| format!("Tagship-Image: app{n}=app{n}:{tag}\n")).collect();
                let path = "kustomization.yaml";
                let message = format!("x\n\n{said}Tagship-File: {path}\nTagship-Version: 0.1.0\n");
                let id = CommitId::of_number(1);
                let trailers = ReleaseTrailers::read(&CommitRecord::of(id, vec![id], &message)).unwrap();
                let file = ComparedFile { path, before: before.as_bytes(), after: after.as_bytes() };
                assert_eq!(did_what_it_says(&trailers, &file), expected, "{tag}");
            });
        }
    }

    /// Cases with names that no trailer can be read of.
    const UNREADABLE: [&str; 4] =
        ["chain-of-name-with-tag", "keep-name-with-sha256", "keep-name-with-tag", "template-name"];

    /// Each edit that a release may make is one that its trailers tell.
    #[test]
    fn whatever_the_editor_does_is_told() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edit");
        let mut compared = 0;
        for case in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(before) = std::fs::read(case.join("kustomization.yaml")) else { continue };
            let text = std::fs::read_to_string(case.join("args")).unwrap();
            let arguments = text.lines().filter(|line| !line.starts_with("--")).map(|line| line.parse().unwrap());
            let arguments: Vec<ImageArgument> = arguments.collect();
            let path = "kustomization.yaml";
            let Ok(edit) = targets::edit(path, &before, &arguments, Absent::Append) else { continue };
            let said: String = edit.entries.iter().filter(|entry| entry.changed()).map(said).collect();
            if said.is_empty() {
                continue;
            }
            let message = format!("x\n\n{said}Tagship-File: {path}\nTagship-Version: 0.1.0\n");
            let id = CommitId::of_number(1);
            let trailers = ReleaseTrailers::read(&CommitRecord::of(id, vec![id], &message)).unwrap();
            let file = ComparedFile { path, before: &before, after: &edit.text };
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            assert_eq!(did_what_it_says(&trailers, &file), !UNREADABLE.contains(&&*name), "{name}");
            compared += 1;
        }
        assert!(compared > 250, "{compared}");
    }

    fn said(entry: &EntryEdit) -> String {
        let name = entry.name.as_str();
        let Fields { new_tag, digest, .. } = &entry.after;
        let tag = new_tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("Tagship-Image: {name}={}{tag}{digest}\n", entry.after.image_name(name).unwrap_or(name))
    }
}
