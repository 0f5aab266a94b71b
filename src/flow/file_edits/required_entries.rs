//! Requires that the files have the images that are named. What is told of a name that is nowhere is what was likely meant.

use std::collections::HashSet;

use crate::flow::target_files::other_kustomizations::places_with;
use crate::image::ImageArgument;
use crate::outcome::FileEdit;
use crate::outcome::failure::{Failure, NAME_OR_PATH};
use crate::request::{Images, TargetFile};
use crate::targets::{self, Absent, TargetError, Unnamed};

/// Said if `--add` adds nothing.
const NOTHING_TO_ADD: &str = "`--add` adds entries to the `images` of kustomizations and of Flux alone; in other files nothing \
                              would read a new one, so write the image there once by hand";

/// Every image must have an entry in at least one of the files, which were edited as `absent` says, and every file that is
/// `named` by itself one of the images: it was meant, so its entry is misspelt. `elsewhere` looks for the other
/// kustomizations that have an entry of a name.
pub(in crate::flow) fn require_entries<'t>(
    images: &Images,
    files: &[FileEdit],
    named: impl Iterator<Item = Option<&'t TargetFile>>,
    absent: Absent,
    mut elsewhere: impl FnMut(&str) -> Vec<String>,
) -> Result<(), Failure> {
    let there: HashSet<&str> = FileEdit::entries(files).map(|(_, entry)| entry.name.as_str()).collect();
    let without = images.arguments.iter().filter(|argument| !there.contains(argument.name.as_str()));
    let of_argument = |argument| without_entry(&[argument], files, absent, &mut elsewhere);
    Failure::of_all(without.map(of_argument).collect())?;
    let arguments: Vec<&ImageArgument> = images.arguments.iter().collect();
    let named = files.iter().zip(named).filter(|(file, _)| file.edit.entries.is_empty());
    let of_file = |(file, named): (_, Option<&TargetFile>)| {
        let named = named?;
        let failure = without_entry(&arguments, std::slice::from_ref(file), absent, &mut |_| Vec::new());
        Some(failure.or_else_hint(&format!(
            "leave `{} {}` out if the file needs none, or name it by a pattern, whose matches may have none",
            named.flag(),
            named.path
        )))
    };
    Failure::of_all(named.filter_map(of_file).collect())
}

/// Returns what is wrong with arguments of which none of the files has an entry.
fn without_entry(
    arguments: &[&ImageArgument],
    files: &[FileEdit],
    absent: Absent,
    elsewhere: &mut dyn FnMut(&str) -> Vec<String>,
) -> Failure {
    let mut names: Vec<String> = files.iter().flat_map(|file| file.edit.names.iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let places: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    let wanted: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
    let what_is_there = |file: &FileEdit| {
        let error = targets::read(&file.path, &file.old, |file| {
            let mut errors = wanted.iter().filter_map(|name| file.entries(Some(name)).err());
            Ok(errors.find(TargetError::is_no_image))
        });
        Some(Failure::edit(&file.path, &error.ok()??))
    };
    if let Some(failure) = files.iter().find_map(what_is_there) {
        return failure;
    }
    let meant = || arguments.iter().find_map(|argument| meant(argument, files));
    let from_the_root = || arguments.iter().find_map(|argument| from_the_root(argument, files));
    if files.iter().all(|file| !file.edit.is_kustomization) || wanted.iter().all(|name| name.starts_with('.')) {
        let without_version = files.iter().find_map(|file| {
            let place = targets::read(&file.path, &file.old, |file| Ok(file.object_without_version())).ok()??;
            Some(format!("{}:{place}: an object without `apiVersion` is not a manifest", file.path))
        });
        let add_version = without_version.is_some().then(|| "add the `apiVersion` of the object".to_owned());
        let remedy = meant().or(add_version).unwrap_or_else(|| NAME_OR_PATH.to_owned());
        let failure = Failure::no_image(&wanted, &names, &places, &remedy);
        let failure = without_version.into_iter().fold(failure, Failure::detail);
        // A dot is easily overlooked in a name that is near.
        let failure = from_the_root().into_iter().fold(failure, Failure::hint);
        return match absent {
            Absent::Append => failure.detail(NOTHING_TO_ADD.to_owned()),
            Absent::Report => failure,
        };
    }
    let remedy = wanted
        .iter()
        .find_map(|name| places_with(&elsewhere(name), name))
        .or_else(meant)
        .or_else(from_the_root)
        .unwrap_or_else(|| {
            if files.iter().any(has_image_key) { IMAGES } else { "`--add` appends a new entry" }.to_owned()
        });
    Failure::no_entry(&wanted, &names, &places, Some(&remedy))
}

const IMAGES: &str = "write `images:` in place of `image:`, which kustomize does not know";

/// Returns whether a kustomization has its entries under a key that is almost `images`.
fn has_image_key(file: &FileEdit) -> bool {
    file.edit.is_kustomization && file.old.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"image:"))
}

/// Returns what to write in place of an argument that names an image by its path from the root, without the dot.
fn from_the_root(argument: &ImageArgument, files: &[FileEdit]) -> Option<String> {
    let path = format!(".{}", argument.name);
    let has_image = |file: &FileEdit| {
        targets::entries(&file.path, &file.old, Some(&path))
            .is_ok_and(|images| images.iter().any(|(name, _)| *name == path))
    };
    files.iter().any(has_image).then(|| format!("a path from the root begins with a dot here: write `.{argument}`"))
}

/// Returns what to write in place of an argument that names an entry by what it becomes, or without the tag in its name.
fn meant(argument: &ImageArgument, files: &[FileEdit]) -> Option<String> {
    let entries = files.iter().flat_map(|file| targets::entries(&file.path, &file.old, None).unwrap_or_default());
    let wanted = argument.name.as_str();
    let (name, why) = entries.into_iter().find_map(|(name, fields)| {
        let is_tagged = name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with([':', '@']));
        let why = match fields.unnamed {
            Unnamed::AsEntry => format!("`{name}` has this as its newName: "),
            Unnamed::Elsewhere => format!("`{name}` is this image: "),
        };
        match fields.new_name {
            Some(new_name) if new_name == wanted => Some((name, why)),
            _ => is_tagged.then_some((name, String::new())),
        }
    })?;
    let meant = argument.for_entry(&name)?;
    Some(format!("{why}write `{meant}`"))
}
