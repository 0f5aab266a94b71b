//! What values that are text in another file say: the images in them, and what outside of them goes against a name.

use std::collections::HashSet;

use super::argo::{PARAMETERS, ignored_values, nested_values, sources};
use super::behind::refusal;
use super::file_refusal::FileRefusal;
use super::lookup::FileImages;
use super::object::{Object, objects};
use super::place::ImagePlace;
use super::rewrite;
use super::slot::Slot;
use super::source_images::name_in_parameters;
use crate::image::ImageArgument;
use crate::targets::edit::Fields;
use crate::yaml::{self, NodeId, ParsedYaml, SourceText};

/// What the text inside is called: values are edited by paths.
pub(super) const INSIDE: &str = "values.yaml";

/// Returns what [`rewrite::entries`] returns, and the images in values that are text.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(in crate::targets) fn entries(
    path: &str,
    yaml: &ParsedYaml<'_>,
    wanted: Option<&str>,
) -> Result<Vec<(String, Fields)>, FileRefusal> {
    let (mut entries, something_else) = match rewrite::entries(path, yaml, wanted) {
        Ok(entries) if wanted.is_some() && !entries.is_empty() => return Ok(entries),
        Ok(entries) => (entries, None),
        Err(refusal) if refusal.is_no_image => (Vec::new(), Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    let objects = objects(path, yaml);
    for slot in nested_values(yaml, &objects) {
        entries.extend(entries_inside(yaml, &objects, slot, wanted));
    }
    if let (Some(name), true) = (wanted, entries.is_empty())
        && let Some(refusal) = values_behind(path, yaml, Some(name))?.into_iter().next()
    {
        return Err(refusal);
    }
    for slot in ignored_values(yaml, &objects).into_iter().filter(|_| entries.is_empty()) {
        if let Some(name) = wanted.filter(|_| !entries_inside(yaml, &objects, slot, wanted).is_empty()) {
            let message = format!("`{name}` is in `values` alone, which Argo CD ignores beside `valuesObject`");
            let refusal = FileRefusal::at(yaml, slot.value, message, "move the image to `valuesObject` once by hand");
            return Err(FileRefusal { is_no_image: true, ..refusal });
        }
    }
    match something_else.filter(|_| entries.is_empty()) {
        Some(refusal) => Err(refusal),
        None => Ok(entries),
    }
}

/// Returns a refusal of each text of values that an alias or a merge key brings, or of those with the image `wanted`.
pub(super) fn values_behind(
    path: &str,
    yaml: &ParsedYaml<'_>,
    wanted: Option<&str>,
) -> Result<Vec<FileRefusal>, FileRefusal> {
    let Some(expanded) = yaml.expanded()? else { return Ok(Vec::new()) };
    let here: HashSet<NodeId> = nested_values(yaml, &objects(path, yaml)).iter().map(|slot| slot.value).collect();
    let objects = objects(path, &expanded.yaml);
    let mut refusals = Vec::new();
    for slot in nested_values(&expanded.yaml, &objects) {
        let written = expanded.origin(slot.value);
        if let Some(through) = expanded.through(slot.value)
            && !here.contains(&written)
            && wanted.is_none_or(|name| !entries_inside(&expanded.yaml, &objects, slot, Some(name)).is_empty())
        {
            refusals.push(FileRefusal { is_no_image: wanted.is_some(), ..refusal(yaml, through, written) });
        }
    }
    Ok(refusals)
}

fn entries_inside(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    slot: Slot,
    wanted: Option<&str>,
) -> Vec<(String, Fields)> {
    let text = yaml.tree.text(slot.value).unwrap_or_default();
    let inside = wanted.map(|name| object_of(yaml, objects, slot).map_or(name, |object| object.without_label(name)));
    let entries = with_values(text, |yaml| rewrite::entries(INSIDE, yaml, inside)).unwrap_or_default();
    let source = source_of(yaml, objects, slot);
    let named = |(name, mut fields): (String, Fields)| {
        if let Some(source) = source {
            drop_replaced_name(yaml, source, &name, &mut fields);
        }
        (wanted.map_or(name, str::to_owned), fields)
    };
    entries.into_iter().map(named).collect()
}

/// Returns the source of an Application that has values that are text.
pub(super) fn source_of(yaml: &ParsedYaml<'_>, objects: &[Object], slot: Slot) -> Option<NodeId> {
    let mut sources = objects.iter().flat_map(|object| sources(yaml, object));
    sources.find(|source| yaml.tree.is_within(slot.value, *source))
}

/// Drops the name of an image in values that are text, if a parameter of the source replaces a part of it.
pub(super) fn drop_replaced_name(yaml: &ParsedYaml<'_>, source: NodeId, name: &str, fields: &mut Fields) {
    if name_in_parameters(yaml, source, name).is_some() {
        fields.new_name = None;
    }
}

/// A scalar of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) struct ScalarPlace {
    /// The values that are text, if it is in these.
    text: Option<NodeId>,
    scalar: NodeId,
}

impl ScalarPlace {
    /// Returns the place of a scalar that is in no text.
    pub(in crate::targets) fn of_file(scalar: NodeId) -> Self {
        Self { text: None, scalar }
    }
}

/// Returns the scalars of the images that `name` means; none if it means no image, or not one.
pub(in crate::targets) fn scalars_of(path: &str, yaml: &ParsedYaml<'_>, name: &str) -> Vec<ScalarPlace> {
    let nodes = |path: &str, yaml: &ParsedYaml<'_>, name: &str| -> Vec<NodeId> {
        let places = FileImages::new(path, yaml).called(name).unwrap_or_default();
        places.iter().flat_map(ImagePlace::nodes).collect()
    };
    let outside = nodes(path, yaml, name);
    if !outside.is_empty() {
        return outside.into_iter().map(ScalarPlace::of_file).collect();
    }
    let objects = objects(path, yaml);
    let inside = |slot: Slot| {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        let name = object_of(yaml, &objects, slot).map_or(name, |object| object.without_label(name));
        let nodes = with_values(text, |yaml| Ok(nodes(INSIDE, yaml, name))).unwrap_or_default();
        nodes.into_iter().map(move |scalar| ScalarPlace { text: Some(slot.value), scalar })
    };
    nested_values(yaml, &objects).into_iter().flat_map(inside).collect()
}

/// Requires that all places of a name say the same, in the file or in one of the values that are text there.
///
/// # Errors
///
/// They do not, or the name means more than one image.
pub(in crate::targets) fn require_one_version(
    path: &str,
    yaml: &ParsedYaml<'_>,
    name: &str,
) -> Result<(), FileRefusal> {
    rewrite::require_one_version(path, yaml, name)?;
    let objects = objects(path, yaml);
    for slot in nested_values(yaml, &objects) {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        let name = object_of(yaml, &objects, slot).map_or(name, |object| object.without_label(name));
        with_values(text, |yaml| Ok(rewrite::require_one_version(INSIDE, yaml, name)))
            .unwrap_or(Ok(()))
            .map_err(|refusal| FileRefusal { place: Some(yaml.place(slot.value)), ..refusal })?;
    }
    Ok(())
}

/// Reads values that are text, and calls `then` with them.
pub(super) fn with_values<R>(
    text: &str,
    then: impl FnOnce(&ParsedYaml<'_>) -> Result<R, FileRefusal>,
) -> Result<R, FileRefusal> {
    let source = SourceText::read(text.as_bytes())?;
    then(&yaml::read(&source)?)
}

pub(super) fn object_of<'o>(yaml: &ParsedYaml<'_>, objects: &'o [Object], slot: Slot) -> Option<&'o Object> {
    objects.iter().find(|object| yaml.tree.is_within(slot.value, object.root))
}

/// Refuses a name that means an image outside of the text and one in the text of another source. Within one source, Argo CD takes
/// the one outside.
pub(super) fn refuse_in_another_source(
    path: &str,
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
) -> Result<(), FileRefusal> {
    let objects = objects(path, yaml);
    let sources: Vec<NodeId> = objects.iter().flat_map(|object| sources(yaml, object)).collect();
    let images = FileImages::new(path, yaml);
    for slot in nested_values(yaml, &objects) {
        let source = sources.iter().copied().find(|source| yaml.tree.is_within(slot.value, *source));
        let is_of_source = |node| source.is_some_and(|source| yaml.tree.is_within(node, source));
        for name in arguments.iter().map(|argument| argument.name.as_str()).filter(|name| !name.starts_with('.')) {
            let inside = entries_inside(yaml, &objects, slot, Some(name));
            let outside = if inside.is_empty() { Vec::new() } else { images.to_edit(name)? };
            if let Some(first) = outside.first()
                && !outside.iter().any(|place| is_of_source(place.item))
            {
                let at = yaml.place(first.item);
                let message = format!("`{name}` is ambiguous: it is at {at} too, in another source");
                return Err(FileRefusal::at(yaml, slot.value, message, "move one of them to a file of its own"));
            }
            for place in images.to_edit(name)?.iter().filter(|place| is_of_source(place.item)) {
                refuse_digest_inside(yaml, &objects, slot, name, place)?;
            }
        }
    }
    Ok(())
}

/// Refuses the parameter of a tag if the values that are text have a digest of the same image: it would still decide what is
/// pulled.
fn refuse_digest_inside(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    slot: Slot,
    name: &str,
    place: &ImagePlace,
) -> Result<(), FileRefusal> {
    if !place.path.starts_with(PARAMETERS) || place.has_digest(yaml)? {
        return Ok(());
    }
    let whole = [".tag", ".version"].iter().find_map(|key| name.strip_suffix(key)).unwrap_or(name);
    let has_digest = entries_inside(yaml, objects, slot, Some(whole)).iter().any(|(_, fields)| fields.digest.is_some());
    if !has_digest {
        return Ok(());
    }
    let message =
        format!("the digest of `{whole}` in `values` decides what is pulled, whatever the parameter of its tag");
    let hint = format!(
        "remove the parameters of `{whole}` by hand, so that `{whole}` means the values, or add the parameter `{whole}.digest`"
    );
    Err(FileRefusal::at(yaml, slot.value, message, hint))
}
