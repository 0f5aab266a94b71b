//! The edit of a file of any kind: what it is shows in its content, and the editor of that kind does the rest.

use super::kustomization::{self, Edit, EditError, EditOptions, Fields, ListsPlace};
use super::scalars::{self, DocumentKind, FileRefusal, document_kind};
use crate::image::ImageArgument;
use crate::yaml::{self, Position, SourceText};

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
    /// Returns the editor of the file at `path`. What cannot be read is as its name says.
    fn of(path: &str, source: &[u8]) -> Self {
        let by_name = || {
            let name = path.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(path);
            match kustomization::FILE_NAMES.contains(&name) {
                true => Self::Lists(ListsPlace::Document),
                false => Self::Scalars,
            }
        };
        let Ok(text) = SourceText::read(source) else { return by_name() };
        // A template that becomes YAML is edited as a kustomization, too.
        let hidden = text.with_reserved_hidden();
        let read = yaml::read(&text).ok().or_else(|| yaml::read(hidden.as_ref()?).ok());
        let Some(yaml) = read else { return by_name() };
        let kinds = yaml.tree.documents.iter().map(|root| document_kind(path, &yaml, *root));
        let kinds: Vec<DocumentKind> = kinds.filter(|kind| *kind != DocumentKind::Empty).collect();
        match kinds.as_slice() {
            [] => by_name(),
            [DocumentKind::FluxKustomization] => Self::Lists(ListsPlace::Spec),
            kinds if kinds.contains(&DocumentKind::Kustomization) => Self::Lists(ListsPlace::Document),
            _ => Self::Scalars,
        }
    }
}

/// Returns whether the file at `path` is a kustomization, and no other kind of file. What cannot be read is as its name says.
pub fn is_kustomization(path: &str, source: &[u8]) -> bool {
    Editor::of(path, source) == Editor::Lists(ListsPlace::Document)
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
    let Editor::Lists(place) = Editor::of(path, source) else {
        let arguments: Vec<_> = arguments.iter().collect();
        return Ok(scalars::edit(path, source, &arguments, options)?);
    };
    let (paths, named): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| is_path(argument.name.as_str()));
    let named: Vec<ImageArgument> = named.into_iter().cloned().collect();
    if place == ListsPlace::Spec {
        scalars::require_editable(path, source)?;
    }
    let edit = kustomization::edit_at(place, source, &named, options)?;
    if paths.is_empty() {
        return Ok(edit);
    }
    let at_paths = scalars::edit(path, &edit.text, &paths, options)?;
    Ok(edit.followed_by(at_paths))
}

/// Returns the name of each image and its values, in file order: of the image `name`, or of all that show in the file.
///
/// # Errors
///
/// The file cannot be read.
pub fn entries(path: &str, source: &[u8], name: Option<&str>) -> Result<Vec<(String, Fields)>, TargetError> {
    let entries = match Editor::of(path, source) {
        Editor::Lists(place) if !name.is_some_and(is_path) => kustomization::entries_at(place, source)?,
        _ => return Ok(scalars::entries(path, source, name)?),
    };
    Ok(entries.into_iter().filter(|(other, _)| name.is_none_or(|name| name == other)).collect())
}

/// Whether a name is a path in any kind of file.
fn is_path(name: &str) -> bool {
    name.starts_with('.')
}
