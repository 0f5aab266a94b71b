//! One image of a file: where each of its parts is, and what they say.

use super::file_refusal::FileRefusal;
use super::image_text::ImageText;
use super::name_parts::{NameLimit, NameSource, SaidName};
use super::slot::Slot;
use crate::targets::edit::{FieldName, Fields, Unnamed, Untagged};
use crate::yaml::{NodeId, ParsedYaml, Position};

/// The path of the image of an OCIRepository.
pub(super) const OCI_REFERENCE: &str = "spec.ref";

/// An image of a file.
pub(super) struct ImagePlace {
    /// What is called so in this file alone, for a message about several.
    pub(super) qualified: String,
    /// The path of each slot begins so.
    pub(super) path: String,
    pub(super) item: NodeId,
    pub(super) slots: Slots,
    /// The nodes on the way to it.
    pub(super) trail: Vec<NodeId>,
    /// What counts beside its version, and is written elsewhere.
    pub(super) beside: Vec<TextElsewhere>,
}

/// What a parameter of Argo CD says over the values beside an image, or what values say under its parameters.
pub(super) struct TextElsewhere {
    pub(super) key: String,
    /// The text, if there is any.
    pub(super) text: Option<String>,
    pub(super) place: Position,
}

/// Where the parts of an image are.
pub(super) enum Slots {
    /// All in one scalar.
    Reference { slot: Slot, form: ReferenceForm },
    /// Each in a scalar of its own, or nowhere.
    Parts(Parts),
}

/// What may stand in the scalar of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceForm {
    /// A reference, perhaps behind `KEY=`.
    Keyed,
    /// A reference: the file says so.
    Certain,
    /// A reference by which a container or a service is pulled, as it stands.
    Pulled,
    /// A text without `:`, `@` and `/` could be a tag as well.
    Uncertain,
}

impl ReferenceForm {
    pub(super) fn parse(self, text: &str) -> Result<ImageText, String> {
        ImageText::parse(text, self == Self::Keyed)
    }
}

/// The scalars that one image is spread over.
#[derive(Default)]
pub(super) struct Parts {
    /// What comes before the repository: the registry, or more of the name.
    pub(super) registry: Option<Slot>,
    /// Whether `registry` has all of the name but its end.
    pub(super) is_name_cut: bool,
    pub(super) repository: Option<Slot>,
    pub(super) tag: Option<Slot>,
    pub(super) digest: Option<Slot>,
    /// The name, if another place of the file says it.
    pub(super) known_name: Option<String>,
    /// Whether that place is written too.
    pub(super) name_follows: bool,
    /// Which names an argument may have.
    pub(super) limit: Option<NameLimit>,
    /// A registry for all images of the chart, which may come before the name.
    pub(super) shared_registry: Option<String>,
}

/// A tag and the digest behind it, as some charts take them in one scalar.
pub(super) fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (text, None),
    }
}

impl Parts {
    /// Takes the name from where it is said to be. `slot` finds the scalar under a key.
    pub(super) fn take_name(
        &mut self,
        said: SaidName,
        slot: &dyn Fn(&str) -> Result<Option<Slot>, FileRefusal>,
    ) -> Result<(), FileRefusal> {
        self.limit = said.limit;
        match said.source {
            NameSource::Known(name) => self.known_name = Some(name),
            NameSource::Elsewhere => {}
            NameSource::Written { before, last } => {
                self.registry = match before {
                    Some(key) => slot(key)?,
                    None if last == "image" => None,
                    None => slot("registry")?,
                };
                self.repository = slot(last)?;
                self.is_name_cut = before == Some("repository");
            }
        }
        Ok(())
    }

    /// Takes a registry for all images to be before the name, or in place of its registry.
    pub(super) fn is_below_shared(&mut self, registry: &str) {
        self.shared_registry = Some(registry.trim_end_matches('/').to_owned());
        self.known_name = None;
        self.limit.take_if(|limit| self.repository.is_some() || !matches!(limit, NameLimit::EndsIn(_)));
        if self.is_name_cut {
            (self.registry, self.repository) = (None, None);
        }
    }

    /// Returns the text of a slot, if there is one and it has any.
    pub(super) fn text<'y>(yaml: &'y ParsedYaml<'_>, slot: Option<Slot>) -> Result<Option<&'y str>, FileRefusal> {
        slot.map_or(Ok(None), |slot| slot.text(yaml))
    }

    fn fields(&self, yaml: &ParsedYaml<'_>) -> Result<Fields, FileRefusal> {
        let registry = Self::text(yaml, self.registry)?.map(|registry| registry.trim_end_matches('/'));
        let repository = Self::text(yaml, self.repository)?;
        let name = match (registry, repository) {
            (own, Some(_)) if self.shared_registry.as_deref().is_some_and(|shared| own != Some(shared)) => None,
            (Some(registry), Some(repository)) => Some(format!("{registry}/{repository}")),
            (None, Some(repository)) => Some(repository.to_owned()),
            (_, None) => self.known_name.clone(),
        };
        let tag = Self::text(yaml, self.tag)?.map(split_tag);
        let digest = Self::text(yaml, self.digest)?.or(tag.and_then(|(_, digest)| digest));
        Ok(Fields {
            new_name: name,
            new_tag: tag.map(|(tag, _)| tag.to_owned()),
            digest: digest.map(str::to_owned),
            unnamed: Unnamed::Elsewhere,
            ..Fields::default()
        })
    }
}

impl ImagePlace {
    /// Returns the image that is called so by its place, with nothing elsewhere that counts.
    pub(super) fn new(qualified: String, path: String, item: NodeId, slots: Slots, trail: Vec<NodeId>) -> Self {
        Self { qualified, path, item, slots, trail, beside: Vec::new() }
    }

    /// Returns what the file says of the image.
    ///
    /// # Errors
    ///
    /// A part is no string that can be replaced.
    pub(super) fn fields(&self, yaml: &ParsedYaml<'_>) -> Result<Fields, FileRefusal> {
        match &self.slots {
            Slots::Parts(parts) => parts.fields(yaml),
            Slots::Reference { slot, form } => {
                let untagged = if *form == ReferenceForm::Pulled { Untagged::Latest } else { Untagged::Elsewhere };
                let Some(text) = slot.text(yaml)? else {
                    return Ok(Fields { unnamed: Unnamed::Elsewhere, untagged, ..Fields::default() });
                };
                let image = form.parse(text).map_err(|error| {
                    let message = format!("`{text}` is not a reference of an image: {error}");
                    FileRefusal::at(yaml, slot.value, message, "write it as `NAME:TAG`, or name another path")
                })?;
                Ok(Fields {
                    new_name: Some(image.name),
                    new_tag: image.tag,
                    digest: image.digest,
                    unnamed: Unnamed::Elsewhere,
                    untagged,
                    ..Fields::default()
                })
            }
        }
    }

    /// Whether the image's name is in a scalar of its own, or in a reference, and is written.
    pub(super) fn writes_name(&self) -> bool {
        match &self.slots {
            Slots::Reference { .. } => true,
            Slots::Parts(parts) => parts.repository.is_some(),
        }
    }

    /// Whether its name is written in another place of the file.
    pub(super) fn name_follows(&self) -> bool {
        matches!(&self.slots, Slots::Parts(Parts { name_follows: true, .. }))
    }

    /// Returns what a message about several images says of this one.
    pub(super) fn told(&self, yaml: &ParsedYaml<'_>) -> String {
        let name = self.fields(yaml).ok().and_then(|fields| fields.new_name);
        let of = name.map(|name| format!(" ({name})")).unwrap_or_default();
        format!("`{}` at {}{of}", self.qualified, yaml.place(self.item))
    }

    /// Returns the scalar that has one part of the image, and nothing else.
    pub(super) fn slot_of(&self, field: FieldName) -> Option<Slot> {
        match (&self.slots, field) {
            (Slots::Reference { .. }, _) => None,
            (Slots::Parts(parts), FieldName::NewName) => parts.repository,
            (Slots::Parts(parts), FieldName::NewTag) => parts.tag,
            (Slots::Parts(parts), FieldName::Digest) => parts.digest,
        }
    }

    /// Exchanges each node for that of another tree.
    pub(super) fn change_nodes(&mut self, node: impl Fn(NodeId) -> NodeId) {
        let change = |slot: &mut Slot| {
            let Slot { key, value, parent } = *slot;
            *slot = Slot { key: key.map(&node), value: node(value), parent: node(parent) };
        };
        self.item = node(self.item);
        self.trail.iter_mut().for_each(|one| *one = node(*one));
        match &mut self.slots {
            Slots::Reference { slot, .. } => change(slot),
            Slots::Parts(Parts { registry, repository, tag, digest, .. }) => {
                [registry, repository, tag, digest].into_iter().flatten().for_each(change);
            }
        }
    }

    /// Returns the scalar of the tag, or that of the digest if there is no tag; of a reference, its own.
    pub(super) fn version_slot(&self) -> Option<Slot> {
        match &self.slots {
            Slots::Reference { slot, .. } => Some(*slot),
            Slots::Parts(parts) => parts.tag.or(parts.digest),
        }
    }

    /// Returns the nodes that say which version of the image this is.
    pub(super) fn version_nodes(&self) -> Vec<NodeId> {
        match &self.slots {
            Slots::Parts(Parts { tag, digest, .. }) => {
                [tag, digest].into_iter().flatten().map(|slot| slot.value).collect()
            }
            Slots::Reference { .. } => self.nodes(),
        }
    }

    /// Takes the name for one that another place says.
    pub(super) fn has_name_elsewhere(&mut self, name: Option<String>) {
        if let Slots::Parts(parts) = &mut self.slots {
            (parts.registry, parts.repository, parts.known_name) = (None, None, name);
        }
    }

    /// Returns the nodes that an edit of this image may replace.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        match &self.slots {
            Slots::Reference { slot, .. } => vec![slot.value],
            Slots::Parts(parts) => {
                let all = [parts.registry, parts.repository, parts.tag, parts.digest];
                all.into_iter().flatten().map(|slot| slot.value).collect()
            }
        }
    }
}
