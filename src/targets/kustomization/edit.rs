//! One call, one file: read, plan, splice, prove, and say what became of each entry.

use std::borrow::Cow;

use super::chain::applied;
use super::claim::other_kind;
use super::entry::{ImageLists, ListsPlace, effective};
use super::error::{EditError, ImagesShape};
use super::outcome::{Side, outcome};
use super::plan::plan;
use super::pulled::applied_as_pulled;
use super::requested::Requested;
use super::verify::{judge, reread};
use crate::image::ImageArgument;
use crate::targets::edit::{Edit, EditOptions, FieldName, Fields, Note, NoteKind};
use crate::yaml::{self, Difference, NodeId, ParsedYaml, Proved, SourceText, YamlError};

/// Edits every entry that an argument names. Of two arguments with one name the later counts, as with kustomize.
///
/// The result is proved before it is returned: read again by two readers, it is the old document with the asked fields
/// changed, and every byte outside the changes is the same.
///
/// # Errors
///
/// The text is not edited if it is not YAML, not a kustomization, in a shape that cannot be spliced, or if the result
/// cannot be proved.
pub fn edit<'a>(
    source: &[u8],
    arguments: &[ImageArgument],
    options: impl Into<EditOptions<'a>>,
) -> Result<Edit, EditError> {
    let source = SourceText::read(source)?;
    let options = options.into();
    yaml::read_template(&source, |yaml, template| {
        edit_parsed(ListsPlace::Document, yaml, template.as_ref(), arguments, options)
    })?
}

/// Returns the name of each entry and its values, in file order. Entries of one name are told as one, as kustomize applies them:
/// see `applied`.
///
/// # Errors
///
/// The text is not YAML, or not a kustomization.
pub fn entries(source: &[u8]) -> Result<Vec<(String, Fields)>, EditError> {
    let source = SourceText::read(source)?;
    entries_of(ListsPlace::Document, &yaml::read(&source)?)
}

/// The same for a text that was read, and for lists in another place.
pub(in crate::targets) fn entries_of(
    place: ListsPlace,
    yaml: &ParsedYaml<'_>,
) -> Result<Vec<(String, Fields)>, EditError> {
    let lists = ImageLists::read(yaml, place)?;
    Ok(applied(yaml, &lists))
}

/// Returns the same with what the rest of the file does to each image.
pub(in crate::targets) fn entries_as_pulled(
    place: ListsPlace,
    yaml: &ParsedYaml<'_>,
) -> Result<Vec<(String, Fields)>, EditError> {
    let lists = ImageLists::read(yaml, place)?;
    Ok(applied_as_pulled(yaml, &lists))
}

/// Returns the scalars of the entries that are called `name`.
pub(in crate::targets) fn nodes_of(
    place: ListsPlace,
    yaml: &ParsedYaml<'_>,
    name: &str,
) -> Result<Vec<NodeId>, EditError> {
    let lists = ImageLists::read(yaml, place)?;
    let called = lists.entries.iter().filter(|entry| entry.name == Some(name));
    let values = called.flat_map(|entry| FieldName::ALL.map(|field| effective(yaml, entry.mapping, field.as_str())));
    Ok(values.flatten().collect())
}

/// Edits a text that was read, with lists in any place. `template` says why it is no YAML as it stands.
pub(in crate::targets) fn edit_parsed(
    lists_place: ListsPlace,
    old: &ParsedYaml<'_>,
    template: Option<&YamlError>,
    arguments: &[ImageArgument],
    options: EditOptions<'_>,
) -> Result<Edit, EditError> {
    let requested = Requested::new(arguments);
    let mut edit = edit_lists(lists_place, old, &requested, options)?;
    if let Some(YamlError::Syntax { place, message, .. }) = template {
        let kind = NoteKind::NotYaml { message: message.clone() };
        edit.notes.push(Note { name: String::new(), place: *place, kind });
    }
    Ok(edit)
}

fn edit_lists(
    lists_place: ListsPlace,
    old: &ParsedYaml<'_>,
    requested: &Requested<'_>,
    options: EditOptions<'_>,
) -> Result<Edit, EditError> {
    let old_lists = ImageLists::read(old, lists_place)?;
    let other_kind = old_lists.root.and_then(|root| other_kind(old, root));
    if let (Some((node, kind)), true) = (&other_kind, old_lists.entries.is_empty()) {
        return Err(EditError::refused(old, *node, ImagesShape::OtherKind(kind.clone())));
    }
    let mut plan = plan(old, &old_lists, requested, options)?;
    if let Some((node, kind)) = other_kind {
        // Its entries are written as kustomize's own command writes them, which looks at no kind either.
        let place = old.source.place(old.tree.start(node));
        plan.notes.push(Note { name: String::new(), place, kind: NoteKind::OtherKind(kind) });
    }
    let before = Side { yaml: old, lists: &old_lists };
    let unproved = |at: usize, difference: &str| EditError::Unproved {
        place: before.entry_at(at),
        difference: difference.to_owned(),
    };
    let splices = yaml::ordered(std::mem::take(&mut plan.splices)).map_err(|at| unproved(at, "two changes overlap"))?;
    let Some(first) = splices.first().map(|splice| splice.range.start) else {
        return outcome(before, before, requested, plan);
    };
    let differs = |Difference { text, node }| unproved(node.map_or(first, |node| old.tree.start(node)), &text);
    let text =
        yaml::apply(old.source.text, &splices).ok_or_else(|| unproved(first, "a change does not lie on characters"))?;
    let mut source = SourceText::read(text.as_bytes())?;
    if matches!(old.source.readable, Cow::Owned(_))
        && let Some(hidden) = source.with_reserved_hidden()
    {
        source = hidden;
    }
    let Proved { new, unread } = yaml::prove(old, &source, &splices, yaml::read_again, |old, new| {
        judge(old, new, requested, options.absent, lists_place)
    })
    .map_err(differs)?;
    if let Some(YamlError::Syntax { place, message, .. }) = unread {
        plan.notes.push(Note { name: String::new(), place, kind: NoteKind::NotRead { message } });
    }
    let new_lists = reread(&new, lists_place).map_err(differs)?;
    if !changes_nothing(&new, &new_lists, requested, options) {
        return Err(unproved(first, "a second run would change the file again"));
    }
    outcome(before, Side { yaml: &new, lists: &new_lists }, requested, plan)
}

/// Whether a second run on the result finds nothing to do.
fn changes_nothing(
    new: &ParsedYaml<'_>,
    lists: &ImageLists<'_>,
    requested: &Requested<'_>,
    options: EditOptions<'_>,
) -> bool {
    plan(new, lists, requested, options).is_ok_and(|plan| plan.splices.is_empty())
}
