//! The edit of a file of any kind: what it is shows in its content, and the editor of that kind does the rest. A file is read
//! once for all that is done with it.

use std::collections::BTreeSet;

use super::edit::{Edit, EditOptions, Fields};
use super::kustomization::{self, EditError, ListsPlace, is_kustomization_name};
use super::scalars::{self, DocumentKind, FileRefusal, ScalarPlace, document_kind};
use super::shown_entries::ShownEntries;
use crate::image::ImageArgument;
use crate::yaml::{self, ParsedYaml, Position, SourceText, YamlError};

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error(transparent)]
    Kustomization(#[from] EditError),
    #[error(transparent)]
    File(#[from] FileRefusal),
}

impl TargetError {
    /// Returns the place of the reason in the file.
    pub fn place(&self) -> Option<Position> {
        match self {
            Self::Kustomization(error) => error.place(),
            Self::File(refusal) => refusal.place,
        }
    }

    /// Returns whether a name leads to something else than an image.
    pub fn is_no_image(&self) -> bool {
        matches!(self, Self::File(refusal) if refusal.is_no_image)
    }

    /// Returns the error with the name of its file: `overlays/prod/kustomization.yaml:7:5: …`.
    pub fn in_file(&self, file: &str) -> String {
        let space = if self.place().is_some() { "" } else { " " };
        format!("{file}:{space}{self}")
    }

    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Kustomization(error) => error.hint(),
            Self::File(refusal) => refusal.hint.clone(),
        }
    }
}

/// Which editor a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Editor {
    /// That of lists of images, which adds and removes fields too.
    Lists(ListsPlace),
    Scalars,
}

impl Editor {
    /// Returns the editor of the file at `path`, as far as its name tells.
    fn by_name(path: &str) -> Self {
        if is_kustomization_name(path) { Self::Lists(ListsPlace::Document) } else { Self::Scalars }
    }

    /// Returns the editor of the file at `path`. A file without content is as its name says.
    fn of(path: &str, yaml: &ParsedYaml<'_>) -> Self {
        let kinds = yaml.tree.documents.iter().map(|root| document_kind(path, yaml, *root));
        let kinds: Vec<DocumentKind> = kinds.filter(|kind| *kind != DocumentKind::Empty).collect();
        match kinds.as_slice() {
            [] => Self::by_name(path),
            [DocumentKind::FluxKustomization] => Self::Lists(ListsPlace::Spec),
            kinds if kinds.contains(&DocumentKind::Kustomization) => Self::Lists(ListsPlace::Document),
            _ => Self::Scalars,
        }
    }
}

/// A file that was read.
struct ReadFile<'p, 'd> {
    path: &'p str,
    yaml: &'p ParsedYaml<'d>,
    /// Why it is no YAML as it stands, if it is a template that becomes YAML.
    template: Option<YamlError>,
    editor: Editor,
}

/// Reads the file at `path` and calls `then` with it.
fn with_file<R>(
    path: &str,
    source: &[u8],
    then: impl FnOnce(ReadFile<'_, '_>) -> Result<R, TargetError>,
) -> Result<R, TargetError> {
    let unread = |error: YamlError| match Editor::by_name(path) {
        Editor::Lists(_) => TargetError::from(EditError::from(error)),
        Editor::Scalars => scalars::refuse_text(path, source).err().unwrap_or_else(|| error.into()).into(),
    };
    let text = SourceText::read(source).map_err(unread)?;
    let read = yaml::read_template(&text, |yaml, template| {
        let editor = Editor::of(path, yaml);
        if editor != Editor::Lists(ListsPlace::Document) {
            scalars::refuse_text(path, source)?;
        }
        match (editor, template) {
            // Placeholders are for lists of images alone.
            (Editor::Scalars, Some(error)) => Err(FileRefusal::from(error).into()),
            (editor, template) => then(ReadFile { path, yaml, template, editor }),
        }
    });
    read.map_err(unread)?
}

/// Returns whether the file at `path` is a kustomization, and no other kind of file. What cannot be read is as its name says.
pub fn is_kustomization(path: &str, source: &[u8]) -> bool {
    let editor = with_file(path, source, |file| Ok(file.editor));
    editor.unwrap_or_else(|_| Editor::by_name(path)) == Editor::Lists(ListsPlace::Document)
}

/// Returns where the file at `path` has an object with a `kind` and without an `apiVersion`, which makes it no manifest.
pub fn object_without_version(path: &str, source: &[u8]) -> Option<Position> {
    let place = with_file(path, source, |file| {
        let is_other = file.editor == Editor::Scalars;
        Ok(scalars::without_version(file.yaml).filter(|_| is_other).map(|root| file.yaml.place(root)))
    });
    place.ok().flatten()
}

/// Edits every image that an argument names in the file at `path`; see [`kustomization::edit`].
///
/// # Errors
///
/// The file is not edited if it cannot be read, if a name is ambiguous in it, or if the result cannot be proved.
pub fn edit<'a>(
    path: &str,
    source: &[u8],
    arguments: &[ImageArgument],
    options: impl Into<EditOptions<'a>>,
) -> Result<Edit, TargetError> {
    let options = options.into();
    with_file(path, source, |file| match file.editor {
        Editor::Scalars => {
            let arguments: Vec<_> = arguments.iter().collect();
            Ok(scalars::edit(path, file.yaml, &arguments, options)?)
        }
        Editor::Lists(place) => edit_lists(&file, place, arguments, options),
    })
}

/// Edits the entries of lists, and then what arguments name by a path or by a policy of Flux.
fn edit_lists(
    file: &ReadFile<'_, '_>,
    place: ListsPlace,
    arguments: &[ImageArgument],
    options: EditOptions<'_>,
) -> Result<Edit, TargetError> {
    let ReadFile { path, yaml, .. } = *file;
    if place == ListsPlace::Spec {
        scalars::refuse_file(path, yaml)?;
    }
    let mut in_lists = Vec::new();
    let mut elsewhere = Vec::new();
    for argument in arguments {
        match names_no_entry(file, place, argument.name.as_str())? {
            true => elsewhere.push(argument),
            false => in_lists.push(argument.clone()),
        }
    }
    let edit = kustomization::edit_parsed(place, yaml, file.template.as_ref(), &in_lists, options)?;
    if elsewhere.is_empty() {
        return Ok(edit);
    }
    let text = SourceText::read(&edit.text).map_err(EditError::from)?;
    let later = scalars::edit(path, &yaml::read(&text).map_err(EditError::from)?, &elsewhere, options)?;
    if later.changed() {
        refuse_two_writers(&later.text, place, &in_lists, options)?;
    }
    Ok(edit.followed_by(later))
}

/// Requires that the entries are still as the arguments that name them say, after what others name by another name.
fn refuse_two_writers(
    text: &[u8],
    place: ListsPlace,
    arguments: &[ImageArgument],
    options: EditOptions<'_>,
) -> Result<(), TargetError> {
    let text = SourceText::read(text).map_err(EditError::from)?;
    let again = yaml::read_template(&text, |yaml, template| {
        kustomization::edit_parsed(place, yaml, template.as_ref(), arguments, options)
    });
    let again = again.map_err(EditError::from)??;
    let Some(entry) = again.entries.iter().find(|entry| entry.changed()) else { return Ok(()) };
    let line = entry.fields.first().map_or(entry.line, |field| field.line);
    let message = format!("two arguments write the value on line {line}, one of them by the name `{}`", entry.name);
    Err(FileRefusal::of_file(message, "leave one of them out").into())
}

/// The name of each image and its values, in file order.
type NamedFields = Vec<(String, Fields)>;

/// Returns the name of each image and its values, in file order: of the image `name`, or of all that show in the file. A
/// kustomization has one of each name: what counts of several entries.
///
/// # Errors
///
/// The file cannot be read.
pub fn entries(path: &str, source: &[u8], name: Option<&str>) -> Result<NamedFields, TargetError> {
    entries_of_each(path, source, &[name]).swap_remove(0)
}

/// Returns what [`entries`] returns for each of the names, and reads the file once.
pub fn entries_of_each(path: &str, source: &[u8], names: &[Option<&str>]) -> Vec<Result<NamedFields, TargetError>> {
    let each = with_file(path, source, |file| match (file.editor, file.template.clone()) {
        (Editor::Scalars, _) => Ok(names.iter().map(|name| Ok(scalars::entries(path, file.yaml, *name)?)).collect()),
        (Editor::Lists(_), Some(error)) => Err(EditError::from(error).into()),
        (Editor::Lists(place), None) => {
            let listed = kustomization::entries_of(place, file.yaml);
            Ok(names.iter().map(|name| entries_of_lists(&file, place, &listed, *name)).collect())
        }
    });
    each.unwrap_or_else(|error| vec![Err(error); names.len()])
}

fn entries_of_lists(
    file: &ReadFile<'_, '_>,
    place: ListsPlace,
    listed: &Result<NamedFields, EditError>,
    name: Option<&str>,
) -> Result<NamedFields, TargetError> {
    if let Some(name) = name
        && names_no_entry(file, place, name)?
    {
        return Ok(scalars::entries(file.path, file.yaml, Some(name))?);
    }
    let listed = listed.as_ref().map_err(EditError::clone)?.iter();
    Ok(listed.filter(|(other, _)| name.is_none_or(|name| name == other)).cloned().collect())
}

/// Requires that all places of a name in the file at `path` say the same.
///
/// # Errors
///
/// They do not: the error has each of them.
pub fn require_one_version(path: &str, source: &[u8], name: &str) -> Result<(), TargetError> {
    with_file(path, source, |file| match file.editor {
        Editor::Lists(place) if !names_no_entry(&file, place, name)? => Ok(()),
        _ => Ok(scalars::require_one_version(path, file.yaml, name)?),
    })
}

/// Returns a name for each place of `name` in the file at `path` that means this place alone; nothing if one of them has none.
pub fn own_names(path: &str, source: &[u8], name: &str) -> Vec<String> {
    with_file(path, source, |file| Ok(scalars::own_names(path, file.yaml, name))).unwrap_or_default()
}

/// Returns what [`entries`] returns of all images that show, with those that cannot be told.
///
/// # Errors
///
/// The file cannot be read.
pub fn shown_entries(path: &str, source: &[u8]) -> Result<ShownEntries, TargetError> {
    with_file(path, source, |file| match (file.editor, file.template) {
        (Editor::Scalars, _) => Ok(scalars::shown(path, file.yaml)?),
        (Editor::Lists(_), Some(error)) => Err(EditError::from(error).into()),
        (Editor::Lists(place), None) => {
            Ok(ShownEntries { entries: kustomization::entries_of(place, file.yaml)?, ..ShownEntries::default() })
        }
    })
}

/// Returns those of `names` that mean what `name` means in the file at `path`, or a part of it, by another spelling.
pub fn spellings(path: &str, source: &[u8], name: &str, names: &BTreeSet<&str>) -> BTreeSet<String> {
    let is_other = |other: &&&str| **other != name;
    // An entry of a kustomization has one name, unless a path or a policy of Flux is used.
    let may_be =
        |other: &&&str| !is_kustomization_name(path) || may_be_another_name(name) || may_be_another_name(other);
    let others: Vec<&str> = names.iter().filter(is_other).filter(may_be).copied().collect();
    if others.is_empty() {
        return BTreeSet::new();
    }
    let found = with_file(path, source, |file| {
        let scalars = scalars_of(&file, name)?;
        let mut spellings = BTreeSet::new();
        for other in others {
            if scalars_of(&file, other)?.iter().any(|scalar| scalars.contains(scalar)) {
                spellings.insert(other.to_owned());
            }
        }
        Ok(spellings)
    });
    found.unwrap_or_default()
}

/// Returns the scalars that say what `name` is.
fn scalars_of(file: &ReadFile<'_, '_>, name: &str) -> Result<Vec<ScalarPlace>, TargetError> {
    match file.editor {
        Editor::Lists(place) if !names_no_entry(file, place, name)? => {
            let nodes = kustomization::nodes_of(place, file.yaml, name)?;
            Ok(nodes.into_iter().map(ScalarPlace::of_file).collect())
        }
        _ => Ok(scalars::scalars_of(file.path, file.yaml, name)),
    }
}

/// Returns whether `name` may be a path, or that of a policy of Flux: another name for an entry that has one already.
pub fn may_be_another_name(name: &str) -> bool {
    name.starts_with('.') || name.contains(':')
}

/// Whether a name is a path, or that of a policy of Flux whose markers the file has.
///
/// # Errors
///
/// An entry is called so too.
fn names_no_entry(file: &ReadFile<'_, '_>, place: ListsPlace, name: &str) -> Result<bool, TargetError> {
    let is_path = name.starts_with('.');
    let elsewhere = match is_path {
        true => scalars::first_called(file.path, file.yaml, name),
        false => scalars::first_marked(file.yaml, name),
    };
    if !is_path && elsewhere.is_none() {
        return Ok(false);
    }
    let entries = match kustomization::entries_of(place, file.yaml) {
        // A path needs no entries that can be read.
        Err(_) if is_path => return Ok(true),
        entries => entries?,
    };
    let is_entry = entries.iter().any(|(other, _)| other == name);
    let Some(elsewhere) = elsewhere.filter(|_| is_entry) else { return Ok(!is_entry) };
    let what = if is_path { "a path leads here" } else { "a policy of Flux here" };
    let message = format!("`{name}` is ambiguous: an entry is called so, and {what}");
    Err(FileRefusal::at(file.yaml, elsewhere, message, "write the path of the tag, as in `.images[0].newTag`").into())
}
