//! What flows have in common: bytes in, edited bytes out, and what the edited entries release.

use super::image_checks::checks::Checks;
use super::image_checks::image_to_check::ImageToCheck;
use super::target_files::other_kustomizations::places_with;
use crate::image::{ImageArgument, ImageName};
use crate::message::line_comment::{CommentTemplate, CommentValues};
use crate::message::{EntrySources, Release};
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, FileEdit, Listener, Outcome, diff};
use crate::request::{CommentRequest, Images, TargetFile};
use crate::targets::kustomization::{Absent, Comments, EditOptions, EntryEdit, Fields, NoteKind, Unnamed};
use crate::targets::{self, TargetError};

/// The largest file, in bytes: no cluster needs more, and a parser takes far more memory than it reads.
const MAX_BYTES: usize = 4 << 20;

/// Said if `--add` adds nothing.
const NOTHING_TO_ADD: &str = "`--add` adds entries to the `images` of kustomizations and of Flux alone; in other files nothing \
                              would read a new one, so write the image there once by hand";

/// How files are edited, beside the arguments.
pub(super) struct Manner<'a> {
    /// Whether an entry is appended if there is none.
    pub(super) add: bool,
    pub(super) comment: &'a CommentRequest,
    /// The commits that the images were built from.
    pub(super) sources: EntrySources,
}

/// Returns what becomes of a name that a file does not have, with or without `--add`.
pub(super) fn absent(add: bool) -> Absent {
    if add { Absent::Append } else { Absent::Report }
}

pub(super) fn edit(
    path: String,
    old: Vec<u8>,
    arguments: &[ImageArgument],
    manner: &Manner<'_>,
) -> Result<FileEdit, Failure> {
    if old.len() > MAX_BYTES {
        return Err(Failure::target(format!("`{path}` is larger than 4 MiB")));
    }
    let absent = absent(manner.add);
    let comment = |template: &CommentTemplate, name: &ImageName, fields: &Fields| {
        let source = manner.sources.of(name.as_str()).map(ToString::to_string).unwrap_or_default();
        let (tag, digest) = (fields.new_tag.as_deref(), fields.digest.as_deref());
        template.fill(&CommentValues {
            entry: name.as_str(),
            tag: tag.unwrap_or_default(),
            digest: digest.unwrap_or_default(),
            source: &source,
        })
    };
    let text;
    let comments = match manner.comment {
        CommentRequest::Keep => Comments::Keep,
        CommentRequest::Drop => Comments::Drop,
        CommentRequest::Write(template) => {
            text = |name: &ImageName, fields: &Fields| comment(template, name, fields);
            Comments::Write(&text)
        }
    };
    let edit = targets::edit(&path, &old, arguments, EditOptions { absent, comments })
        .map_err(|error| Failure::edit(&path, &error))?;
    Ok(FileEdit { path, old, edit })
}

/// Every image must have an entry in at least one of the files, which were edited as `absent` says, and every file that is
/// `named` by itself one of the images: it was meant, so its entry is misspelt. `elsewhere` looks for the other
/// kustomizations that have an entry of a name.
pub(super) fn require_entries(
    images: &Images,
    files: &[FileEdit],
    named: &[Option<&TargetFile>],
    absent: Absent,
    mut elsewhere: impl FnMut(&str) -> Vec<String>,
) -> Result<(), Failure> {
    let has = |file: &FileEdit, name: &ImageName| file.edit.entries.iter().any(|entry| entry.name == *name);
    let without = images.arguments.iter().filter(|argument| !files.iter().any(|file| has(file, &argument.name)));
    let of_argument = |argument| without_entry(&[argument], files, absent, &mut elsewhere);
    Failure::of_all(without.map(of_argument).collect())?;
    let arguments: Vec<&ImageArgument> = images.arguments.iter().collect();
    let named = files.iter().zip(named).filter(|(file, _)| file.edit.entries.is_empty());
    let of_file = |(file, named): (_, &Option<&TargetFile>)| {
        let named = named.as_ref()?;
        let failure = without_entry(&arguments, std::slice::from_ref(file), absent, &mut |_| Vec::new());
        Some(failure.or_else_hint(&format!(
            "leave `{} {}` out if the file needs none, or name it by a pattern, whose matches may have none",
            named.flag(),
            named.path()
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
        let entries = wanted.iter().map(|name| targets::entries(&file.path, &file.old, Some(name)));
        let error = entries.filter_map(Result::err).find(TargetError::is_no_image)?;
        Some(Failure::edit(&file.path, &error))
    };
    if let Some(failure) = files.iter().find_map(what_is_there) {
        return failure;
    }
    let meant = || arguments.iter().find_map(|argument| meant(argument, files));
    let from_the_root = || arguments.iter().find_map(|argument| from_the_root(argument, files));
    if files.iter().all(|file| !file.edit.is_kustomization) || wanted.iter().all(|name| name.starts_with('.')) {
        let without_version = files.iter().find_map(|file| {
            let place = targets::object_without_version(&file.path, &file.old)?;
            Some(format!("{}:{place}: an object without `apiVersion` is not a manifest", file.path))
        });
        let add_version = without_version.is_some().then(|| "add the `apiVersion` of the object".to_owned());
        let remedy = meant().or(add_version);
        let remedy = remedy.unwrap_or_else(|| {
            "write the name of the image in the file, or its path, such as `backend.image`".to_owned()
        });
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
        .unwrap_or_else(|| "`--add` appends a new entry".to_owned());
    Failure::no_entry(&wanted, &names, &places, Some(&remedy))
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

/// Every edited entry must have a tag or a digest: what runs would be decided elsewhere otherwise, and nothing be checked.
pub(super) fn require_versions(files: &[FileEdit]) -> Result<(), Failure> {
    let entries = files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (&file.path, entry)));
    let has_none = |entry: &EntryEdit| entry.after.new_tag.is_none() && entry.after.digest.is_none();
    let without = entries.filter(|(_, entry)| has_none(entry)).map(|(file, entry)| {
        Failure::target(format!("`{}` would have neither tag nor digest in `{file}`", entry.name))
            .hint(format!("name the tag: `{}=*:TAG`", entry.name))
    });
    Failure::of_all(without.collect())
}

/// Every version that is written must be the one that is deployed, as far as the file tells.
pub(super) fn require_effect(files: &[FileEdit]) -> Result<(), Failure> {
    let notes = files.iter().flat_map(|file| file.edit.notes.iter().map(move |note| (&file.path, note)));
    let without = notes.filter_map(|(file, note)| {
        let NoteKind::Replaced { image, .. } = &note.kind else { return None };
        let failure = Failure::target(format!("{file}:{}: {note}", note.place));
        Some(failure.hint(format!("name `{image}` in its place, or leave the version to one of the two entries")))
    });
    Failure::of_all(without.collect())
}

/// Tells where something else is deployed than what is written.
pub(super) fn warn_of_notes(files: &[FileEdit], listener: &mut Listener<'_>) {
    for file in files {
        for note in file.edit.notes.iter().filter(|note| note.kind.is_warning()) {
            listener(&Event::Warned(format!("{}:{}: {note}", file.path, note.place)));
        }
    }
}

/// Returns the images that the `wanted` of the edited entries name.
pub(super) fn images_of(
    files: &[FileEdit],
    wanted: impl Fn(&EntryEdit) -> bool,
    listener: &mut Listener<'_>,
) -> Result<Vec<ImageToCheck>, Failure> {
    let mut images = Vec::new();
    for file in files {
        for entry in file.edit.entries.iter().filter(|entry| wanted(entry)) {
            let image = ImageToCheck::of_entry(entry).map_err(|failure| failure.detail(format!("in {}", file.path)))?;
            if matches!(image, ImageToCheck::Unpinned) {
                let entry = format!("`{}` in {}", entry.name, file.path);
                listener(&Event::Noted(format!("{entry} has neither tag nor digest, so there is nothing to check")));
            }
            images.push(image);
        }
    }
    Ok(images)
}

pub(super) fn tell_repeated(images: &Images, listener: &mut Listener<'_>) {
    for name in &images.repeated {
        listener(&Event::Noted(format!("`{name}` is given more than once; the last one counts")));
    }
}

/// Tells which place of a text is left empty.
pub(super) fn tell_unfilled(place: &str, text: &str, listener: &mut Listener<'_>) {
    let why = match place {
        "source" => "nothing tells from which commit the image was built",
        _ => "no image of this release has one",
    };
    listener(&Event::Noted(format!("nothing fills `{{{place}}}` of the {text}: {why}")));
}

/// Tells that the comments that are written name a source, if that of a changed entry is not known.
pub(super) fn tell_comment_without_source(manner: &Manner<'_>, files: &[FileEdit], listener: &mut Listener<'_>) {
    let mut changed = files.iter().flat_map(|file| &file.edit.entries).filter(|entry| entry.changed());
    if let CommentRequest::Write(template) = manner.comment
        && template.names_source()
        && changed.any(|entry| manner.sources.of(entry.name.as_str()).is_none())
    {
        tell_unfilled("source", "comment", listener);
    }
}

/// Returns what the edited entries release, with what the registry said of their images.
pub(super) fn releases_of(files: &[FileEdit], checks: &Checks) -> Vec<Release> {
    let entries = files.iter().flat_map(|file| file.edit.entries.iter().map(move |entry| (&file.path, entry)));
    entries
        .map(|(file, entry)| {
            let reference = match ImageToCheck::of_entry(entry) {
                Ok(ImageToCheck::Known(reference)) => Some(reference),
                // What cannot be a reference has been refused, unless the registry is not asked at all.
                Ok(ImageToCheck::DependsOnEntry | ImageToCheck::Unpinned) | Err(_) => None,
            };
            let checked = reference.as_ref().and_then(|reference| checks.of(reference));
            let of_registry = checked.map(|checked| checked.descriptor.digest.clone());
            let of_entry = || entry.after.digest.as_deref().and_then(|digest| digest.parse().ok());
            Release {
                file: file.clone(),
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

/// Returns what the edit of `files` comes to, before anything is done.
pub(super) fn outcome_of(command: &'static str, files: &[FileEdit], releases: Vec<Release>) -> Outcome {
    let mut outcome = Outcome { releases, ..Outcome::new(command, Ending::Unchanged) };
    for file in files.iter().filter(|file| file.edit.changed()) {
        outcome.files.push(file.path.clone());
        outcome.diff.push_str(&diff::unified(&file.path, &file.old, &file.edit.text));
    }
    outcome
}
