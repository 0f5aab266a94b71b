//! The edit of a file of any kind: what it is shows in its content, and the editor of that kind does the rest. A file is read
//! once for all that is done with it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::edit::{Edit, EditOptions, Fields};
use super::kustomization::{self, EditError, ListsPlace, is_kustomization_name};
use super::scalars::{self, DocumentKind, FileImages, FileRefusal, FluxImages, ScalarPlace, document_kind};
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
        matches!(self, Self::File(refusal) if refusal.is_no_image())
    }

    /// Returns whether the file is of a kind that is never edited.
    pub(super) fn is_never_edited(&self) -> bool {
        matches!(self, Self::File(refusal) if refusal.is_never_edited())
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

/// A file that was read. What is asked of it does not read it again.
pub struct ReadFile<'p, 'd> {
    path: &'p str,
    yaml: &'p ParsedYaml<'d>,
    /// Why it is no YAML as it stands, if it is a template that becomes YAML.
    template: Option<YamlError>,
    editor: Editor,
    images: OnceCell<FileImages<'p, 'd>>,
    /// The entries of its lists, if it has any.
    listed: OnceCell<Result<NamedFields, EditError>>,
}

/// Reads the file at `path` and calls `then` with it.
///
/// # Errors
///
/// The file cannot be read.
pub fn read<R: Default>(
    path: &str,
    source: &[u8],
    then: impl Fn(&ReadFile<'_, '_>) -> Result<R, TargetError>,
) -> Result<R, TargetError> {
    let mut result = R::default();
    read_then(path, source, &mut |file| {
        result = then(file)?;
        Ok(())
    })?;
    Ok(result)
}

/// Reads a file without a copy of all that for each caller.
fn read_then(
    path: &str,
    source: &[u8],
    then: &mut dyn FnMut(&ReadFile<'_, '_>) -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    scalars::refuse_encrypted(source)?;
    let unread = |error: YamlError| match Editor::by_name(path) {
        Editor::Lists(_) => TargetError::from(EditError::from(error)),
        Editor::Scalars => scalars::no_yaml(path, source, error).into(),
    };
    let text = SourceText::read(source).map_err(unread)?;
    let read = yaml::read_template(&text, |yaml, template| {
        scalars::refuse_sops(yaml)?;
        let editor = Editor::of(path, yaml);
        if editor != Editor::Lists(ListsPlace::Document) {
            scalars::refuse_text(path, source)?;
        }
        match (editor, template) {
            // Placeholders are for lists of images alone.
            (Editor::Scalars, Some(error)) => Err(FileRefusal::from(error).into()),
            (editor, template) => {
                then(&ReadFile { path, yaml, template, editor, images: OnceCell::new(), listed: OnceCell::new() })
            }
        }
    });
    read.map_err(unread)?
}

/// Returns whether the file at `path` is a kustomization, and no other kind of file. What cannot be read is as its name says.
pub fn is_kustomization(path: &str, source: &[u8]) -> bool {
    let is_kustomization = |editor| editor == Editor::Lists(ListsPlace::Document);
    let read = read(path, source, |file| Ok(is_kustomization(file.editor)));
    read.unwrap_or_else(|_| is_kustomization(Editor::by_name(path)))
}

/// Returns what the Kustomizations of Flux in the file at `path` set; nothing if it cannot be read.
pub fn flux_images(path: &str, source: &[u8]) -> Vec<FluxImages> {
    if !str::from_utf8(source).is_ok_and(|text| text.contains(scalars::FLUX_KUSTOMIZATIONS)) {
        return Vec::new();
    }
    read(path, source, |file| Ok(scalars::flux_images(file.images()))).unwrap_or_default()
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
    read(path, source, |file| match file.editor {
        Editor::Scalars => {
            let arguments: Vec<_> = arguments.iter().collect();
            Ok(scalars::edit(path, file.yaml, &arguments, options)?)
        }
        Editor::Lists(place) => edit_lists(file, place, arguments, options),
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
        match file.names_no_entry(place, argument.name.as_str())? {
            true => elsewhere.push(argument),
            false => in_lists.push(argument.clone()),
        }
    }
    let edit = kustomization::edit_parsed(place, yaml, file.template.as_ref(), &in_lists, options)?;
    match &file.template {
        _ if elsewhere.is_empty() => return Ok(edit),
        Some(error) => return Err(EditError::from(error.clone()).into()),
        None => {}
    }
    let text = SourceText::read(&edit.text).map_err(EditError::from)?;
    let later = scalars::edit(path, &yaml::read(&text).map_err(EditError::from)?, &elsewhere, options);
    // The file may have fewer lines than what was just written, so its own edit tells the place.
    let later = later.map_err(|error| scalars::edit(path, yaml, &elsewhere, options).err().unwrap_or(error))?;
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

/// Returns what [`ReadFile::entries`] returns of the file at `path`.
///
/// # Errors
///
/// The file cannot be read.
pub fn entries(path: &str, source: &[u8], name: Option<&str>) -> Result<NamedFields, TargetError> {
    read(path, source, |file| file.entries(name))
}

/// Returns what [`ReadFile::spellings`] returns of the file at `path`; none if it cannot be read.
pub fn spellings(path: &str, source: &[u8], name: &str, names: &BTreeSet<&str>) -> BTreeSet<String> {
    // The name of a kustomization tells what its entries are called, so that it need not be read.
    let mut others = names.iter().filter(|other| **other != name);
    let may_be = |other: &str| may_be_another_name(name) || may_be_another_name(other);
    if !others.any(|other| !is_kustomization_name(path) || may_be(other)) {
        return BTreeSet::new();
    }
    read(path, source, |file| file.spellings(name, names)).unwrap_or_default()
}

impl<'p, 'd> ReadFile<'p, 'd> {
    /// Returns the name of each image and its values, in file order: of the image `name`, or of all that show in the file. A
    /// kustomization has one of each name: what counts of several entries.
    ///
    /// # Errors
    ///
    /// The name means more than one image, or something else.
    pub fn entries(&self, name: Option<&str>) -> Result<NamedFields, TargetError> {
        let Some(place) = self.lists()? else { return Ok(scalars::entries(self.images(), name)?) };
        if let Some(name) = name
            && self.names_no_entry(place, name)?
        {
            return Ok(scalars::entries(self.images(), Some(name))?);
        }
        let listed = self.listed(place)?.iter();
        Ok(listed.filter(|(other, _)| name.is_none_or(|name| name == other)).cloned().collect())
    }

    /// Returns what [`ReadFile::entries`] returns of all images that show, with those that cannot be told.
    ///
    /// # Errors
    ///
    /// The file is not edited, whatever is asked for.
    pub fn shown_entries(&self) -> Result<ShownEntries, TargetError> {
        match self.lists()? {
            Some(place) => {
                let entries = kustomization::entries_as_pulled(place, self.yaml)?;
                Ok(ShownEntries { entries, ..ShownEntries::default() })
            }
            None => Ok(scalars::shown(self.images())?),
        }
    }

    /// Requires that all places of a name say the same.
    ///
    /// # Errors
    ///
    /// They do not: the error has each of them.
    pub fn require_one_version(&self, name: &str) -> Result<(), TargetError> {
        match self.editor {
            Editor::Lists(place) if !self.names_no_entry(place, name)? => Ok(()),
            _ => Ok(scalars::require_one_version(self.images(), name)?),
        }
    }

    /// Returns a name for each place of `name` that means this place alone; nothing if one of them has none.
    pub fn own_names(&self, name: &str) -> Vec<String> {
        self.images().own_names(name)
    }

    /// Returns those of `names` that mean one place of `name` alone, each with the number of that place.
    pub fn named_alone(&self, name: &str, names: &BTreeSet<String>) -> Vec<(usize, String)> {
        self.images().named_alone(name, names)
    }

    /// Returns where an object has a `kind` and no `apiVersion`, which makes it no manifest.
    pub fn object_without_version(&self) -> Option<Position> {
        let is_other = self.editor == Editor::Scalars;
        scalars::without_version(self.yaml).filter(|_| is_other).map(|root| self.yaml.place(root))
    }

    /// Returns those of `names` that mean what `name` means, or a part of it, by another spelling.
    ///
    /// # Errors
    ///
    /// One of them is ambiguous.
    pub fn spellings(&self, name: &str, names: &BTreeSet<&str>) -> Result<BTreeSet<String>, TargetError> {
        // An entry of a kustomization has one name, unless a path or a policy of Flux is used.
        let may_be = |other: &str| may_be_another_name(name) || may_be_another_name(other);
        let is_by_name = is_kustomization_name(self.path);
        let scalars = self.scalars_of(name)?;
        let mut spellings = BTreeSet::new();
        for other in names.iter().filter(|other| **other != name && (!is_by_name || may_be(other))) {
            if self.scalars_of(other)?.iter().any(|scalar| scalars.contains(scalar)) {
                spellings.insert((*other).to_owned());
            }
        }
        Ok(spellings)
    }

    /// Returns where the lists of the file are; `None` if another editor is for it.
    ///
    /// # Errors
    ///
    /// It is a template.
    fn lists(&self) -> Result<Option<ListsPlace>, TargetError> {
        match (self.editor, &self.template) {
            (Editor::Scalars, _) => Ok(None),
            (Editor::Lists(_), Some(error)) => Err(EditError::from(error.clone()).into()),
            (Editor::Lists(place), None) => Ok(Some(place)),
        }
    }

    pub(super) fn images(&self) -> &FileImages<'p, 'd> {
        self.images.get_or_init(|| FileImages::new(self.path, self.yaml))
    }

    /// Returns the entries of the lists.
    fn listed(&self, place: ListsPlace) -> Result<&[(String, Fields)], TargetError> {
        let listed = self.listed.get_or_init(|| kustomization::entries_of(place, self.yaml));
        listed.as_deref().map_err(|error| error.clone().into())
    }

    /// Returns the scalars that say what `name` is.
    fn scalars_of(&self, name: &str) -> Result<Vec<ScalarPlace>, TargetError> {
        match self.editor {
            Editor::Lists(place) if !self.names_no_entry(place, name)? => {
                let nodes = kustomization::nodes_of(place, self.yaml, name)?;
                Ok(nodes.into_iter().map(ScalarPlace::of_file).collect())
            }
            _ => Ok(scalars::scalars_of(self.images(), name)),
        }
    }

    /// Whether a name is a path, or that of a policy of Flux whose markers the file has.
    ///
    /// # Errors
    ///
    /// An entry is called so too.
    fn names_no_entry(&self, place: ListsPlace, name: &str) -> Result<bool, TargetError> {
        let is_path = name.starts_with('.');
        let elsewhere = match is_path {
            true => self.images().first_called(name),
            false => scalars::first_marked(self.yaml, name),
        };
        if !is_path && elsewhere.is_none() {
            return Ok(false);
        }
        let entries = match self.listed(place) {
            // A path needs no entries that can be read.
            Err(_) if is_path => return Ok(true),
            entries => entries?,
        };
        let is_entry = entries.iter().any(|(other, _)| other == name);
        let Some(elsewhere) = elsewhere.filter(|_| is_entry) else { return Ok(!is_entry) };
        let what = if is_path { "a path leads here" } else { "a policy of Flux here" };
        let message = format!("`{name}` is ambiguous: an entry is called so, and {what}");
        let hint = "write the path of the tag, as in `.images[0].newTag`";
        Err(FileRefusal::at(self.yaml, elsewhere, message, hint).into())
    }
}

/// Returns whether `name` may be a path, or that of a policy of Flux: another name for an entry that has one already.
pub fn may_be_another_name(name: &str) -> bool {
    name.starts_with('.') || name.contains(':')
}
