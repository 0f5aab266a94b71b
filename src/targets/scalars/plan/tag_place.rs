//! Whether a new version belongs where it would be written, and counts there. What stands beside the place may say that the
//! tag is another value, or that a digest decides what is pulled.

use crate::image::{Field, ImageArgument, has_registry};
use crate::targets::edit::Fields;
use crate::targets::flux_marker::is_policy_name;
use crate::targets::scalars::document::parameters::PARAMETERS;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::image_text::{is_like_a_version, is_version_alone};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, ReferenceForm, Slots};
use crate::targets::scalars::image_parts::sibling_values::{NAME_OF_DIGITS, SiblingValue, SiblingValues, are_digits};
use crate::targets::scalars::kinds::image_path::{ScalarContent, content_of};
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::ParsedYaml;

/// Refuses the version or the name of an argument if it does not belong in the place, or would not count there.
pub(super) fn require_place(
    yaml: &ParsedYaml<'_>,
    place: &ImagePlace,
    before: &Fields,
    argument: &ImageArgument,
) -> Result<(), FileRefusal> {
    let version = version_of(argument);
    let is_name_alone = version.is_empty();
    if is_name_alone {
        require_name(yaml, place, argument)?;
    }
    let Some(slot) = place.version_slot() else { return Ok(()) };
    if slot.key_text(yaml) == "newName" && !is_name_alone {
        let message = "`newName` has a name alone: kustomize writes `newTag` or `digest` behind it";
        let hint = "name the entry, or the path of its `newTag` or `digest`";
        return Err(FileRefusal::at(yaml, place.item, message, hint));
    }
    let wanted = Wanted { yaml, place, slot, argument, version, siblings: SiblingValues::of(yaml, place, slot) };
    if is_name_alone {
        return wanted.require_name_place(before);
    }
    if let Some(form) = wanted.form() {
        wanted.refuse_digits()?;
        wanted.require_certain(form)?;
        wanted.refuse_tag_beside(before)?;
        wanted.refuse_registry_beside(before)?;
    }
    wanted.require_version()?;
    wanted.refuse_whole_beside()?;
    wanted.refuse_closed_name()?;
    wanted.refuse_digest_beside()
}

/// Refuses an image if something beside its version decides what is pulled. The argument says what the place says.
pub(in crate::targets::scalars) fn require_counted(
    images: &FileImages<'_, '_>,
    place: &ImagePlace,
    argument: &ImageArgument,
) -> Result<(), FileRefusal> {
    let Some(slot) = place.version_slot() else { return Ok(()) };
    let (yaml, version) = (images.yaml, version_of(argument));
    let pairs = images.known.deciding(yaml, slot.parent);
    let siblings = SiblingValues::deciding(yaml, place, slot, &pairs);
    let wanted = Wanted { yaml, place, slot, argument, version, siblings };
    wanted.refuse_whole_beside()?;
    if wanted.siblings.uses_digest() == Some(false) { Ok(()) } else { wanted.refuse_digest_beside() }
}

/// Returns the version of an argument, with what stands before it in a reference.
fn version_of(argument: &ImageArgument) -> String {
    match (argument.change.new_tag.set(), argument.change.digest.set()) {
        (Some(tag), Some(digest)) => format!(":{tag}@{digest}"),
        (Some(tag), None) => format!(":{tag}"),
        (None, Some(digest)) => format!("@{digest}"),
        (None, None) => String::new(),
    }
}

/// Refuses a tag that is given as a name: `image=v2` would drop the name.
fn require_name(yaml: &ParsedYaml<'_>, place: &ImagePlace, argument: &ImageArgument) -> Result<(), FileRefusal> {
    match &argument.change.new_name {
        Field::Set(name) if is_like_a_version(name) => {
            let message = format!("`{name}` stands for a name here, and it looks like a tag");
            let hint = format!("write `{}=*:{name}` for the tag", argument.name);
            Err(FileRefusal::at(yaml, place.item, message, hint))
        }
        _ => Ok(()),
    }
}

/// What is to be written, and where.
struct Wanted<'a, 'd> {
    yaml: &'a ParsedYaml<'d>,
    place: &'a ImagePlace,
    slot: Slot,
    argument: &'a ImageArgument,
    /// With the `:` or the `@` before it; empty if only a name is written.
    version: String,
    siblings: SiblingValues<'a>,
}

impl Wanted<'_, '_> {
    /// Refuses a name alone beside a registry of its own.
    fn require_name_place(&self, before: &Fields) -> Result<(), FileRefusal> {
        self.form().map_or(Ok(()), |_| self.refuse_registry_beside(before))
    }

    /// Returns the form of a reference that has no key.
    fn form(&self) -> Option<ReferenceForm> {
        match self.place.slots {
            Slots::Reference { form, .. } => Some(form).filter(|form| *form != ReferenceForm::Keyed),
            Slots::Parts(_) => None,
        }
    }

    /// Refuses a reference where charts read the digits of a digest, behind which they write it.
    fn refuse_digits(&self) -> Result<(), FileRefusal> {
        let key = self.slot.key_text(self.yaml);
        let is_reference = self.slot.text(self.yaml)?.is_some_and(|text| text.contains([':', '/']));
        if is_reference || !DIGITS.contains(&key) {
            return Ok(());
        }
        let message = format!("charts read the digits of a digest under `{key}`, and these are not edited");
        let hint = "write the digest there by hand, or name the mapping with the tag alone";
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses a tag that is no version, where the text alone tells that it is one: the new text would be read as a reference.
    fn require_version(&self) -> Result<(), FileRefusal> {
        let (Slots::Parts(Parts { tag: Some(slot), .. }), Some(tag)) =
            (&self.place.slots, self.argument.change.new_tag.set())
        else {
            return Ok(());
        };
        let key = self.siblings.own;
        let is_by_text = content_of(key) == ScalarContent::Reference
            && !is_policy_name(self.argument.name.as_str())
            && slot.text(self.yaml)?.is_some_and(is_version_alone);
        if !is_by_text || is_version_alone(&tag.to_string()) {
            return Ok(());
        }
        let message = format!("`{key}` is edited only from a version to a version (`v1.2.3`), and `{tag}` is none");
        Err(FileRefusal::at(self.yaml, slot.value, message, "write the tag by hand"))
    }

    /// Refuses a version behind a text that may be a tag itself: `web: v1` could become `web: v2`, or `web: v1:v2`.
    fn require_certain(&self, form: ReferenceForm) -> Result<(), FileRefusal> {
        let Some(text) = self.slot.text(self.yaml)? else { return Ok(()) };
        let is_for_a_name = matches!(form, ReferenceForm::Certain | ReferenceForm::Pulled)
            || self.argument.change.new_tag.set().is_none();
        if text.contains([':', '@', '/']) || (is_for_a_name && !is_like_a_version(text)) {
            return Ok(());
        }
        let name = self.argument.name.as_str();
        let message = format!(
            "`{text}` is neither a tag nor a reference for certain, so `{}` could belong in its place or behind it",
            self.version.trim_start_matches([':', '@'])
        );
        let hint = match is_policy_name(name) {
            true => format!(
                "write it as `NAME:TAG` once by hand if it is an image, or mark it with `{name}:tag` if it is a tag"
            ),
            false => "write it as `NAME:TAG` once by hand if it is an image; a tag alone is edited only under a key that ends in `tag` or \
                  `version`"
                .to_owned(),
        };
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses a version behind a name whose tag is another value: `image: acme/web` beside `tag: v1` would become `acme/web:v2`,
    /// and be deployed as `acme/web:v2:v1`.
    fn refuse_tag_beside(&self, before: &Fields) -> Result<(), FileRefusal> {
        let (Some(image), None, None) = (&before.new_name, &before.new_tag, &before.digest) else { return Ok(()) };
        let Some(tag) = self.siblings.tag_of_name() else { return Ok(()) };
        let (own, version) = (self.siblings.own, &self.version);
        let message = format!(
            "`{image}` has its tag beside it, at {}, so `{}` does not belong behind it",
            tag.place(self.yaml),
            version.trim_start_matches([':', '@'])
        );
        let name = self.argument.name.as_str();
        let mapping = name.strip_suffix(own).and_then(|mapping| mapping.strip_suffix('.'));
        let hint = match (own, mapping) {
            _ if is_policy_name(name) => {
                format!("mark `{own}` with `{name}:name` and `{}` with `{name}:tag`", tag.key)
            }
            ("repository" | "name", Some(mapping)) if ["tag", "version"].contains(&tag.key) => {
                format!("name the mapping, so that both are known: `{mapping}=*{version}`")
            }
            _ => {
                let image = self.argument.change.new_name.set().unwrap_or(image);
                format!("name that one, with the image: `{}={image}{version}`", self.path_to(tag))
            }
        };
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses a new name where the registry is another value: it would get the registry twice.
    fn refuse_registry_beside(&self, before: &Fields) -> Result<(), FileRefusal> {
        let filled = |key: &str| self.siblings.under(key).filter(|before| before.text.is_some());
        let is_end = ["image", "name"].contains(&self.siblings.own);
        let Some(before_it) = filled("registry").or_else(|| filled("repository").filter(|_| is_end)) else {
            return Ok(());
        };
        let Some(image) = before.new_name.as_ref().filter(|image| !has_registry(image)) else { return Ok(()) };
        if self.argument.change.new_name.set().is_none_or(|new| new == image) {
            return Ok(());
        }
        let message = format!(
            "`{image}` has its {} beside it, at {}, so what is pulled has another name",
            before_it.key,
            before_it.place(self.yaml)
        );
        let hint = match self.version.as_str() {
            "" => "change the name by hand".to_owned(),
            version => format!("leave the name as it is: `{}=*{version}`", self.argument.name),
        };
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses parts of an image beside a reference that charts take in place of them.
    fn refuse_whole_beside(&self) -> Result<(), FileRefusal> {
        let Some(whole) = self.siblings.whole_image() else { return Ok(()) };
        let message = format!("`{}` beside it is the whole image, at {}", whole.key, whole.place(self.yaml));
        let hint = format!("name that one: `{}=*{}`, or empty it once by hand", self.path_to(whole), self.version);
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses a tag beside a name that can have none behind it: `acme/web@sha256` would become `acme/web@sha256:v2`.
    fn refuse_closed_name(&self) -> Result<(), FileRefusal> {
        let Some(name) = self.siblings.closed_name() else { return Ok(()) };
        let text = name.text.unwrap_or_default();
        if text.ends_with(NAME_OF_DIGITS) && are_digits(self.version.trim_start_matches(':')) {
            return Ok(());
        }
        let message = format!(
            "`{}` beside it is `{text}`, at {}, and no `{}` can stand behind that",
            name.key,
            name.place(self.yaml),
            self.version
        );
        let hint = format!("write the name alone into `{}` once by hand", name.key);
        Err(FileRefusal::at(self.yaml, self.slot.value, message, hint))
    }

    /// Refuses a version beside a digest that still decides what is pulled.
    fn refuse_digest_beside(&self) -> Result<(), FileRefusal> {
        let is_used = match self.siblings.uses_digest() {
            Some(false) => return self.require_tag_beside_unused_digest(),
            is_used => is_used.is_some(),
        };
        let named = self.argument.change.digest.set();
        let is_named = |text: &str| named.is_some_and(|digest| is_digest_text(text, digest.as_str()));
        let deciding = self.siblings.digests().filter(|(_, is_own)| *is_own || is_used);
        let mut deciding = deciding.filter(|(digest, _)| !digest.text.is_some_and(is_named));
        let Some((digest, is_own)) = deciding.next() else { return Ok(()) };
        let key = digest.key;
        let (message, hint) = if is_own {
            let message = format!("the digest `{key}` beside the tag decides what is pulled");
            (message, "remove the digest once by hand, so that the tag decides".to_owned())
        } else {
            let switch = self.siblings.under("useDigest").filter(|switch| switch.value.is_none());
            let at = switch.map_or("beside it".to_owned(), |switch| format!("at {}", switch.place(self.yaml)));
            let message = format!("the digest `{key}` decides what is pulled, because of `useDigest: true` {at}");
            (message, "write `useDigest: false` there once by hand, so that the tag decides".to_owned())
        };
        Err(self.refusal(digest, message, hint))
    }

    /// Refuses a digest alone where no digest is used: the tag would be emptied, and nothing be left.
    fn require_tag_beside_unused_digest(&self) -> Result<(), FileRefusal> {
        let change = &self.argument.change;
        let is_digest_alone = change.digest.set().is_some() && change.new_tag == Field::Remove;
        let Some(switch) = self.siblings.under("useDigest").filter(|_| is_digest_alone) else { return Ok(()) };
        let message = "no digest is used here, because of `useDigest: false`, and the tag would be emptied";
        let hint =
            format!("name the tag, as in `{}=*:TAG`, or write `useDigest: true` once by hand", self.argument.name);
        Err(self.refusal(switch, message, hint))
    }

    /// Returns a refusal with the place of what stands beside the version, if that is in the same text.
    fn refusal(&self, beside: &SiblingValue<'_>, message: impl Into<String>, hint: impl Into<String>) -> FileRefusal {
        let place = beside.value.map_or_else(|| self.yaml.place(self.slot.value), |_| beside.place(self.yaml));
        FileRefusal { place: Some(place), ..FileRefusal::of_file(message, hint) }
    }

    /// Returns a name for what stands beside the version.
    fn path_to(&self, other: &SiblingValue<'_>) -> String {
        let (name, path, key) = (self.argument.name.as_str(), self.place.path.as_str(), other.key);
        let is_parts = matches!(self.place.slots, Slots::Parts(_));
        match (name.strip_suffix(self.siblings.own), path.strip_suffix(self.siblings.own)) {
            (Some(mapping), _) if mapping.is_empty() || mapping.ends_with('.') => format!("{mapping}{key}"),
            _ if is_parts && !is_policy_name(name) => format!("{name}.{key}"),
            (_, Some(mapping)) if path.starts_with(PARAMETERS) => {
                format!("{}{key}", mapping.trim_start_matches(PARAMETERS))
            }
            // A path that begins with the name of its object has its dot already.
            (_, Some(mapping)) if path.contains("/.") => format!("{mapping}{key}"),
            (_, Some(mapping)) => format!(".{mapping}{key}"),
            (_, None) => key.to_owned(),
        }
    }
}

/// Whether a text is a digest, with or without `sha256:` before it.
pub(in crate::targets::scalars) fn is_digest_text(text: &str, digest: &str) -> bool {
    digest.strip_suffix(text).is_some_and(|rest| ["", "sha256:"].contains(&rest))
}

/// The keys of a digest without `sha256:` before it.
pub(super) const DIGITS: [&str; 2] = ["sha", "sha256"];
