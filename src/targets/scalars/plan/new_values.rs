//! What an argument makes of an image of a file: its new values, and the text of each scalar. What has no place in the file
//! is checked and not written, or refused.

use super::tag_place::{DIGITS, require_place};
use crate::image::{Digest, Field, ImageArgument, Reference, is_same_image, split_registry};
use crate::targets::edit::{FieldName, Fields};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::ImageText;
use crate::targets::scalars::image_parts::name_parts::split_name;
use crate::targets::scalars::image_parts::place::{ImagePlace, OCI_REFERENCE, Parts, ReferenceForm, Slots, split_tag};
use crate::targets::scalars::image_parts::sibling_values::SiblingValues;
use crate::targets::scalars::names::name_limit::require_allowed;
use crate::targets::scalars::names::parts_around::PartsAround;
use crate::targets::scalars::names::shared_registry::SharedName;
use crate::yaml::ParsedYaml;

/// What an image is to become.
pub(in crate::targets::scalars) struct NewValues {
    pub(in crate::targets::scalars) after: Fields,
    /// The name of the argument, if the file has no place for it.
    pub(in crate::targets::scalars) checked_as: Option<String>,
    /// What the scalar of the repository is to say, if a chart puts a registry before it.
    pub(in crate::targets::scalars) repository: Option<String>,
}

/// A scalar and its new text.
pub(in crate::targets::scalars) struct NewText {
    pub(in crate::targets::scalars) slot: Slot,
    pub(in crate::targets::scalars) field: FieldName,
    pub(in crate::targets::scalars) text: String,
}

/// Returns what an argument makes of an image that was `before`.
///
/// # Errors
///
/// The argument asks for what has no place, or for what cannot be told.
pub(in crate::targets::scalars) fn new_values(
    yaml: &ParsedYaml<'_>,
    place: &ImagePlace,
    before: &Fields,
    argument: &ImageArgument,
) -> Result<NewValues, FileRefusal> {
    if let Field::Set(new_name) = &argument.change.new_name {
        require_allowed(yaml, place, argument, new_name)?;
    }
    require_place(yaml, place, before, argument)?;
    let asking = PlannedValues { yaml, place, argument };
    let mut after = before.clone();
    let (checked_as, repository) = match asking.shared_name()? {
        None => (asking.name(&mut after)?, None),
        Some((new_name, repository)) if before.new_name.is_some() => {
            after.new_name = Some(new_name);
            (None, Some(repository))
        }
        Some((new_name, repository)) => (Some(new_name), Some(repository)),
    };
    asking.tag(&mut after)?;
    asking.digest(&mut after)?;
    Ok(NewValues { after, checked_as, repository })
}

/// An argument, and the image that it is for.
struct PlannedValues<'a, 'd> {
    yaml: &'a ParsedYaml<'d>,
    place: &'a ImagePlace,
    argument: &'a ImageArgument,
}

impl PlannedValues<'_, '_> {
    fn refused<T>(&self, message: String, hint: impl Into<String>) -> Result<T, FileRefusal> {
        Err(FileRefusal::at(self.yaml, self.place.item, message, hint))
    }

    /// Returns the name of the argument, and what the repository is to say, if a chart puts a registry before it.
    fn shared_name(&self) -> Result<Option<(String, String)>, FileRefusal> {
        let (Field::Set(new_name), Some(shared)) =
            (&self.argument.change.new_name, SharedName::of(self.yaml, self.place)?)
        else {
            return Ok(None);
        };
        let Some(repository) = shared.repository_of(new_name) else {
            let names: Vec<String> = shared.names().into_iter().filter_map(|before| before.made).collect();
            let names = names.join("` or `");
            let message =
                format!("the chart has a registry for all images, so this image is `{names}`, not `{new_name}`");
            let hint = "name the image with that registry, or change `global.imageRegistry` by hand";
            return self.refused(message, hint);
        };
        Ok(Some((new_name.clone(), repository)))
    }

    /// Returns the name that has no place in the file.
    fn name(&self, after: &mut Fields) -> Result<Option<String>, FileRefusal> {
        let Self { place, argument, .. } = self;
        let name = argument.name.as_str();
        match &argument.change.new_name {
            Field::Keep => Ok(None),
            Field::Remove => {
                let mut meant = (*argument).clone();
                meant.change.new_name = Field::Keep;
                let message =
                    format!("`{name}` says where the image is, and the image's own name cannot be dropped here");
                self.refused(message, format!("write `{meant}`"))
            }
            Field::Set(new_name) if place.has_name() => {
                if PartsAround::of(self.yaml, place).is_some_and(|around| around.keys_of(new_name).is_some()) {
                    return Ok(Some(new_name.clone()));
                }
                // In two scalars, the same name is left as it is spelled.
                let is_spelled_so = |old: &String| place.splits_name() && is_same_image(old, new_name);
                if !after.new_name.as_ref().is_some_and(is_spelled_so) {
                    after.new_name = Some(new_name.clone());
                }
                Ok(None)
            }
            Field::Set(new_name) => match &after.new_name {
                Some(known) if !is_same_image(known, new_name) => {
                    let message = format!("the image is `{known}` here, and its name is not written by an edit");
                    let version = if place.has_tag() { ":TAG" } else { "@DIGEST" };
                    self.refused(message, format!("write `{name}=*{version}`, or change the name by hand"))
                }
                _ => Ok(Some(new_name.clone())),
            },
        }
    }

    fn tag(&self, after: &mut Fields) -> Result<(), FileRefusal> {
        let name = self.argument.name.as_str();
        match &self.argument.change.new_tag {
            Field::Keep => {}
            Field::Set(_) if !self.place.has_tag() => {
                let hint = "name the scalar with the tag by its path, or add `tag` once by hand if the chart reads it";
                return self.refused(format!("`{name}` has no place for a tag"), hint);
            }
            Field::Set(tag) => after.new_tag = Some(tag.to_string()),
            Field::Remove if self.place.is_bare_tag() => {
                let message = format!("`{name}` holds only a tag, which cannot be removed here");
                return self.refused(message, format!("write `{name}=*:TAG`"));
            }
            Field::Remove => after.new_tag = None,
        }
        Ok(())
    }

    fn digest(&self, after: &mut Fields) -> Result<(), FileRefusal> {
        let Self { yaml, place, argument } = *self;
        let has_place = place.has_digest(yaml)?;
        match &argument.change.digest {
            Field::Set(digest) if has_place => after.digest = Some(digest.to_string()),
            Field::Set(_) => {
                let siblings = place.version_slot().map(|slot| SiblingValues::of(yaml, place, slot));
                let digits = siblings.and_then(|siblings| DIGITS.into_iter().find(|key| siblings.under(key).is_some()));
                let hint = match digits {
                    _ if place.path == OCI_REFERENCE => {
                        "add `digest: \"\"` beside the tag once by hand, or release without one: leave `@DIGEST` out"
                            .to_owned()
                    }
                    Some(key) => format!(
                        "write its digits under `{key}` by hand, or release without one: leave `@DIGEST` out, or add \
                             `--pin-digest=never` if the digest is pinned"
                    ),
                    None => "if the chart takes one, add `digest: \"\"` beside the tag, or write `TAG@DIGEST` as the tag \
                             once by hand; else release without one: leave `@DIGEST` out, or add `--pin-digest=never` if \
                             the digest is pinned"
                        .to_owned(),
                };
                return self.refused(format!("`{}` has no place for a digest", argument.name), hint);
            }
            Field::Remove if has_place => after.digest = None,
            Field::Keep | Field::Remove => {}
        }
        Ok(())
    }
}

impl ImagePlace {
    /// Whether the file has a place for the name, here or where another marker of the same policy is.
    fn has_name(&self) -> bool {
        self.writes_name() || self.name_follows()
    }

    /// Whether the name is in two scalars.
    fn splits_name(&self) -> bool {
        matches!(&self.slots, Slots::Parts(Parts { registry: Some(_), .. }))
    }

    pub(in crate::targets::scalars) fn has_tag(&self) -> bool {
        match &self.slots {
            Slots::Reference { .. } => true,
            Slots::Parts(parts) => parts.tag.is_some(),
        }
    }

    fn is_bare_tag(&self) -> bool {
        let Slots::Parts(parts) = &self.slots else { return false };
        parts.tag.is_some() && parts.repository.is_none() && parts.digest.is_none() && !parts.name_follows
    }

    pub(in crate::targets::scalars) fn has_digest(&self, yaml: &ParsedYaml<'_>) -> Result<bool, FileRefusal> {
        match &self.slots {
            Slots::Reference { .. } => Ok(true),
            Slots::Parts(parts) => Ok(parts.digest.is_some() || parts.tag_takes_digest(yaml)?),
        }
    }

    /// Returns the scalars of the image with what they are to say, whether that is new or not.
    ///
    /// # Errors
    ///
    /// The parts make no text.
    pub(super) fn texts(
        &self,
        yaml: &ParsedYaml<'_>,
        before: &Fields,
        new_values: &NewValues,
    ) -> Result<Vec<NewText>, FileRefusal> {
        let after = &new_values.after;
        match &self.slots {
            Slots::Parts(parts) => parts.texts(yaml, self, before, new_values),
            Slots::Reference { slot, form } => {
                let key = match slot.text(yaml)? {
                    Some(text) => form.parse(text).ok().and_then(|image| image.key),
                    None => None,
                };
                let Some(name) = after.new_name.clone() else {
                    let message = "this is empty, and `*` keeps a name";
                    return Err(FileRefusal::at(yaml, self.item, message, "write `NAME=NEWNAME:TAG`"));
                };
                // Without a key, kustomize finds the image by the name alone, so that a new one would change another image.
                let is_renamed = *form == ReferenceForm::Keyed && before.new_name != after.new_name;
                let key = key.or_else(|| before.new_name.clone().filter(|_| is_renamed));
                let image = ImageText { key, name, tag: after.new_tag.clone(), digest: after.digest.clone() };
                let text = image.render();
                if form.parse(&text).as_ref() != Ok(&image) {
                    let message = format!("`{text}` would be no reference of an image");
                    return Err(FileRefusal::at(yaml, self.item, message, "write `NAME=NEWNAME:TAG`"));
                }
                let field = if before.new_name == after.new_name { FieldName::NewTag } else { FieldName::NewName };
                Ok(vec![NewText { slot: *slot, field, text }])
            }
        }
    }
}

impl Parts {
    /// Whether the tag's scalar has a digest behind the tag, so that the chart takes one there.
    fn tag_takes_digest(&self, yaml: &ParsedYaml<'_>) -> Result<bool, FileRefusal> {
        let text = Self::text(yaml, self.tag)?;
        Ok(text.is_some_and(|text| split_tag(text).1.is_some()))
    }

    fn texts(
        &self,
        yaml: &ParsedYaml<'_>,
        place: &ImagePlace,
        before: &Fields,
        new_values: &NewValues,
    ) -> Result<Vec<NewText>, FileRefusal> {
        let after = &new_values.after;
        for slot in [self.registry, self.repository].into_iter().flatten() {
            refuse_address(yaml, slot)?;
        }
        let mut texts = Vec::new();
        let mut add = |slot: Option<Slot>, field: FieldName, text: String| {
            texts.extend(slot.map(|slot| NewText { slot, field, text }));
        };
        if let Some(repository) = &new_values.repository {
            add(self.repository, FieldName::NewName, repository.clone());
        } else if let (Some(name), true) = (&after.new_name, before.new_name != after.new_name) {
            let last = Self::text(yaml, self.repository)?.unwrap_or_default();
            let (registry, repository) = match self.registry {
                Some(_) if self.is_name_cut => split_name(name, last),
                Some(_) => split_registry(name),
                None => ("", name.as_str()),
            };
            let old = Self::text(yaml, self.registry)?;
            let had_slash = old.is_some_and(|old| old.ends_with('/'));
            let slash = if had_slash && !registry.is_empty() { "/" } else { "" };
            add(self.registry, FieldName::NewName, format!("{registry}{slash}"));
            add(self.repository, FieldName::NewName, repository.to_owned());
        } else if let Some(slot) = self.repository {
            require_name(yaml, slot)?;
        }
        let in_tag = self.digest.is_none() && self.tag_takes_digest(yaml)?;
        let tag = match (&after.new_tag, &after.digest) {
            (Some(tag), Some(digest)) if in_tag => format!("{tag}@{digest}"),
            (Some(tag), _) => tag.clone(),
            (None, Some(_)) if in_tag => {
                let message = "the digest stands behind the tag here, and the tag would go";
                return Err(FileRefusal::at(yaml, place.item, message, "name a tag too, as in `NAME=*:TAG@DIGEST`"));
            }
            (None, _) => String::new(),
        };
        self.tag.map_or(Ok(()), |slot| require_tag(yaml, slot))?;
        add(self.tag, FieldName::NewTag, tag);
        self.digest.map_or(Ok(()), |slot| require_digest(yaml, slot))?;
        add(self.digest, FieldName::Digest, after.digest.clone().unwrap_or_default());
        Ok(texts)
    }
}

/// A kept name must be one: with a tag in it, the chart would make `name:tag:tag` of it.
fn require_name(yaml: &ParsedYaml<'_>, slot: Slot) -> Result<(), FileRefusal> {
    slot.refuse_text(yaml, "name the image in the argument, as in `NAME=NEWNAME:TAG`", |text| {
        let error = Reference::new(text, None, None).err()?;
        Some(format!("`{text}` is not the name of an image: {error}"))
    })
}

fn require_tag(yaml: &ParsedYaml<'_>, slot: Slot) -> Result<(), FileRefusal> {
    let hint = "write the tag alone here, or rename the key: one that ends in `image` holds a whole reference";
    slot.refuse_text(yaml, hint, |text| {
        split_tag(text).0.contains([':', '/']).then(|| format!("`{text}` is more than a tag"))
    })
}

/// Refuses what is the address of a chart or of sources: as the part of a name, an edit would replace it.
fn refuse_address(yaml: &ParsedYaml<'_>, slot: Slot) -> Result<(), FileRefusal> {
    let hint = "name the mapping of an image; the registry of one is written without `https://`";
    slot.refuse_text(yaml, hint, |text| {
        text.contains("://").then(|| format!("`{text}` is an address, and not the name of an image"))
    })
}

fn require_digest(yaml: &ParsedYaml<'_>, slot: Slot) -> Result<(), FileRefusal> {
    let hint = "write it as `sha256:` and 64 hexadecimal digits, or leave it empty";
    slot.refuse_text(yaml, hint, |text| text.parse::<Digest>().is_err().then(|| format!("`{text}` is not a digest")))
}
