//! What a file says, with the values that are text in it: the images in them, and what outside of them goes against a name.

use std::collections::HashSet;

use super::values_text::{INSIDE, ValuesText};
use crate::image::ImageArgument;
use crate::targets::edit::Fields;
use crate::targets::scalars::document::nodes::value_of;
use crate::targets::scalars::document::object::objects;
use crate::targets::scalars::document::repeated::RepeatedKeys;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::ImagePlace;
use crate::targets::scalars::kinds::argo::{IgnoredSource, kustomize_images};
use crate::targets::scalars::kinds::source_images::source_image;
use crate::targets::scalars::rewrite;
use crate::targets::scalars::search::lookup::FileImages;
use crate::targets::scalars::search::through_alias::refusal;
use crate::targets::scalars::search::together;
use crate::targets::shown_entries::ShownEntries;
use crate::yaml::{NodeId, ParsedYaml};

/// Returns what [`rewrite::shown`] returns, and the same of values that are text.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(in crate::targets) fn shown(images: &FileImages<'_, '_>) -> Result<ShownEntries, FileRefusal> {
    let mut shown = rewrite::shown(images)?;
    let repeated = RepeatedKeys::of(images.yaml);
    for values in ValuesText::all(images.yaml, &images.objects) {
        let told = |refusal: FileRefusal| values.told(refusal);
        let read = || values.read(|yaml| rewrite::shown(&FileImages::new(values.origin(), yaml))).map_err(told);
        match repeated.refuse(values.slot.value).and_then(|()| read()) {
            Ok(inside) => {
                shown.entries.extend(inside.entries.into_iter().map(|(name, mut fields)| {
                    values.told_by_line(&mut fields);
                    (name, fields)
                }));
                shown.untold.extend(inside.untold.into_iter().map(told));
                shown.overruled.extend(inside.overruled.into_iter().map(told));
                shown.doubtful.extend(inside.doubtful.into_iter().map(told));
            }
            Err(refusal) => shown.untold.push(refusal),
        }
    }
    shown.untold.extend(values_through_alias(images, None)?);
    let has_images = |ignored: &IgnoredSource| {
        ["helm", "kustomize"].iter().any(|key| value_of(images.yaml, ignored.source, key).is_some())
    };
    let ignored = images.objects.iter().filter_map(|object| IgnoredSource::of(images.yaml, object)).filter(has_images);
    shown.doubtful.extend(ignored.map(|ignored| ignored.told(images.yaml)));
    Ok(shown)
}

/// Returns what [`rewrite::entries`] returns, and the images in values that are text.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(in crate::targets) fn entries(
    images: &FileImages<'_, '_>,
    wanted: Option<&str>,
) -> Result<Vec<(String, Fields)>, FileRefusal> {
    let (mut entries, something_else) = match rewrite::entries(images, wanted) {
        Ok(entries) if wanted.is_some() && !entries.is_empty() => return Ok(entries),
        Ok(entries) => (entries, None),
        Err(refusal) if refusal.is_no_image() => (Vec::new(), Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    for values in ValuesText::all(images.yaml, &images.objects) {
        entries.extend(values.entries(wanted)?);
    }
    if let (Some(name), true) = (wanted, entries.is_empty())
        && let Some(refusal) = values_through_alias(images, Some(name))?.into_iter().next()
    {
        return Err(refusal);
    }
    for values in ValuesText::ignored(images.yaml, &images.objects).into_iter().filter(|_| entries.is_empty()) {
        if let Some(name) = wanted.filter(|name| values.has(name)) {
            let message = format!("`{name}` is in `values` alone, which Argo CD ignores beside `valuesObject`");
            let refusal = values.refusal(message, "move the image to `valuesObject` once by hand");
            return Err(refusal.of_no_image());
        }
    }
    if let Some(name) = wanted.filter(|_| entries.is_empty()) {
        require_not_ignored(images, name)?;
    }
    match something_else.filter(|_| entries.is_empty()) {
        Some(refusal) => Err(refusal),
        None => Ok(entries),
    }
}

/// Refuses a name that is that of an image in a source that Argo CD ignores.
fn require_not_ignored(images: &FileImages<'_, '_>, name: &str) -> Result<(), FileRefusal> {
    let yaml = images.yaml;
    for object in &images.objects {
        let Some(ignored) = IgnoredSource::of(yaml, object) else { continue };
        let name = object.without_label(name);
        let is_entry = || kustomize_images(yaml, ignored.source).into_iter().any(|(other, _)| other == name);
        let is_in_chart = || !matches!(source_image(yaml, ignored.source, name), Ok(None));
        let is_in_text = || ValuesText::in_ignored(yaml, object).is_some_and(|values| values.has(name));
        if is_entry() || is_in_chart() || is_in_text() {
            return Err(ignored.alone(yaml, name));
        }
    }
    Ok(())
}

/// Returns a refusal of each text of values that an alias or a merge key brings, or of those with the image `wanted`.
fn values_through_alias(images: &FileImages<'_, '_>, wanted: Option<&str>) -> Result<Vec<FileRefusal>, FileRefusal> {
    let yaml = images.yaml;
    let Some(expanded) = yaml.expanded()? else { return Ok(Vec::new()) };
    let here: HashSet<NodeId> = ValuesText::all(yaml, &images.objects).iter().map(|values| values.slot.value).collect();
    let mut refusals = Vec::new();
    for values in ValuesText::all(&expanded.yaml, &objects(images.origin.path, &expanded.yaml)) {
        let written = expanded.origin(values.slot.value);
        if let Some(through) = expanded.through(values.slot.value)
            && !here.contains(&written)
            && wanted.is_none_or(|name| values.has(name))
        {
            let refusal = refusal(yaml, through, written);
            refusals.push(if wanted.is_some() { refusal.of_no_image() } else { refusal });
        }
    }
    Ok(refusals)
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
pub(in crate::targets) fn scalars_of(images: &FileImages<'_, '_>, name: &str) -> Vec<ScalarPlace> {
    let nodes = |images: &FileImages<'_, '_>, name: &str| -> Vec<NodeId> {
        images.called(name).unwrap_or_default().iter().flat_map(ImagePlace::nodes).collect()
    };
    let outside = nodes(images, name);
    if !outside.is_empty() {
        return outside.into_iter().map(ScalarPlace::of_file).collect();
    }
    let inside = |values: ValuesText<'_, '_>| {
        let name = values.object.without_label(name);
        let nodes = values.read(|yaml| Ok(nodes(&FileImages::new(INSIDE, yaml), name))).unwrap_or_default();
        nodes.into_iter().map(move |scalar| ScalarPlace { text: Some(values.slot.value), scalar })
    };
    ValuesText::all(images.yaml, &images.objects).into_iter().flat_map(inside).collect()
}

/// Requires that all places of a name say the same, in the file or in one of the values that are text there.
///
/// # Errors
///
/// They do not, or the name means more than one image.
pub(in crate::targets) fn require_one_version(images: &FileImages<'_, '_>, name: &str) -> Result<(), FileRefusal> {
    together::require_one_version(images, name)?;
    for values in ValuesText::all(images.yaml, &images.objects) {
        let name = values.object.without_label(name);
        values
            .read(|yaml| Ok(together::require_one_version(&FileImages::new(INSIDE, yaml), name)))
            .unwrap_or(Ok(()))
            .map_err(|refusal| FileRefusal { place: Some(images.yaml.place(values.slot.value)), ..refusal })?;
    }
    Ok(())
}

/// Refuses a name that means an image outside of the text and one in the text of another source. Within one source, Argo CD takes
/// the one outside.
pub(super) fn refuse_in_another_source(
    path: &str,
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
) -> Result<(), FileRefusal> {
    let images = FileImages::new(path, yaml);
    for values in ValuesText::all(yaml, &images.objects) {
        let is_of_source = |place: &ImagePlace| yaml.tree.is_within(place.item, values.source);
        for name in arguments.iter().map(|argument| argument.name.as_str()).filter(|name| !name.starts_with('.')) {
            let outside = images.to_edit(name)?;
            if let Some(first) = outside.first()
                && !outside.iter().any(is_of_source)
                && values.has(name)
            {
                let at = yaml.place(first.item);
                let message = format!("`{name}` is ambiguous: it is at {at} too, in another source");
                return Err(values.refusal(message, "move one of them to a file of its own"));
            }
        }
    }
    Ok(())
}
