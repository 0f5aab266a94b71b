//! Which image is pulled for what a place says, as far as the file tells it: what stands beside the version, and what comes
//! behind it, can make another image of it. An edit and a check of the file as it is ask the same here.

use super::later_steps::LaterSteps;
use crate::image::ImageArgument;
use crate::targets::edit::{Doubt, Fields, Note, NoteKind, Pulled, ValuesNote};
use crate::targets::kustomization::pulled_around;
use crate::targets::scalars::document::document_kind::DocumentKind;
use crate::targets::scalars::document::object::Object;
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::variable;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::name_parts::is_image_key;
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, Slots};
use crate::targets::scalars::image_parts::sibling_values::{SiblingValues, USE_DIGEST};
use crate::targets::scalars::kinds::image_path::mapping_around;
use crate::targets::scalars::plan::tag_place::{is_digest_text, require_counted};
use crate::targets::scalars::search::lookup::FileImages;
use crate::yaml::{ParsedYaml, Position};

/// Returns what the rest of the file does to the image of a place that says `after`, and the notes about what comes behind it.
pub(super) fn pulled(
    later: &mut LaterSteps<'_, '_, '_>,
    place: &ImagePlace,
    name: &str,
    after: &Fields,
    checked_as: Option<&String>,
) -> (Pulled, Vec<Note>) {
    let images = later.images;
    let yaml = images.yaml;
    let note = |(place, kind)| Note { name: name.to_owned(), place, kind };
    let new_name = checked_as.or(after.new_name.as_ref()).cloned();
    let (kinds, made) = later.after(place, Fields { new_name, ..after.clone() });
    let later: Vec<Note> = kinds.into_iter().map(|kind| note((yaml.place(place.item), kind))).collect();
    let is_kustomization = |object: &Object| object.kind == DocumentKind::Kustomization;
    let slot = place.version_slot().filter(|_| images.object_around(place.item).is_some_and(is_kustomization));
    if let Some(pulled) = slot.and_then(|slot| pulled_around(yaml, slot.value)) {
        return (pulled, later);
    }
    let is_open = |note: &&Note| matches!(note.kind, NoteKind::LaterStep { .. });
    let mut doubts: Vec<Doubt> = later.iter().filter(is_open).map(Doubt::from).collect();
    doubts.extend(doubts_beside(images, place, after).into_iter().map(|beside| Doubt::from(&note(beside))));
    (Pulled { made, doubts }, later)
}

/// Returns what the file tells of the image that the places of one name say.
///
/// # Errors
///
/// Something beside a version decides what is pulled.
pub(in crate::targets::scalars) fn pulled_as_it_is(
    later: &mut LaterSteps<'_, '_, '_>,
    name: &str,
    places: &[ImagePlace],
) -> Result<Pulled, FileRefusal> {
    let images = later.images;
    let yaml = images.yaml;
    let mut all = Pulled::default();
    for place in places {
        let says = place.fields(yaml)?;
        if let (true, Ok(name), Ok(change)) = (says.says_what_runs(), name.parse(), says.to_change()) {
            require_counted(images, place, &ImageArgument { name, change })?;
        }
        let (Pulled { made, doubts }, _) = pulled(later, place, name, &says, None);
        all.made = all.made.or(made);
        all.doubts.extend(doubts);
    }
    Ok(all)
}

/// Returns what stands beside a version and may make another one of it.
fn doubts_beside(images: &FileImages<'_, '_>, place: &ImagePlace, after: &Fields) -> Vec<(Position, NoteKind)> {
    let Some(slot) = place.version_slot().filter(|_| after.says_what_runs()) else { return Vec::new() };
    let yaml = images.yaml;
    let pairs = images.known.deciding(yaml, slot.parent);
    let (at, siblings) = (yaml.place(slot.value), SiblingValues::deciding(yaml, place, slot, &pairs));
    let is_unused = siblings.uses_digest() == Some(false);
    let is_other = |text: &str| !after.digest.as_deref().is_some_and(|digest| is_digest_text(text, digest));
    let digests = siblings.digests().filter(|_| !is_unused).filter_map(|(other, _)| {
        let (key, digest) = (other.key.to_owned(), other.text.unwrap_or_default().to_owned());
        is_other(&digest).then_some((at, NoteKind::DigestBeside { key, digest }))
    });
    let more = more_of_tag(yaml, place, slot, &siblings, after.new_tag.as_deref().unwrap_or_default(), after);
    let more = more.map(|kind| (at, kind)).into_iter().chain(note_of_digest_switch(yaml, place, after));
    digests.chain(more).collect()
}

/// Notes what a chart may add to a tag, unless a digest decides what is pulled. `was` is a tag that has it already.
pub(super) fn more_of_tag(
    yaml: &ParsedYaml<'_>,
    place: &ImagePlace,
    slot: Slot,
    siblings: &SiblingValues<'_>,
    was: &str,
    after: &Fields,
) -> Option<NoteKind> {
    let Slots::Parts(parts) = &place.slots else { return None };
    let has_digest = after.digest.is_some() && siblings.uses_digest() != Some(false);
    let is_decided = has_digest || after.new_tag.is_none();
    let (mapping, parameter) = (slot.parent, variable::key_of(yaml, slot).rsplit_once('.'));
    let is_of_image = parts.repository.is_some_and(|slot| variable::key_of(yaml, slot).ends_with("repository"))
        || parameter.is_some_and(|(group, _)| is_image_key(group))
        || mapping_around(yaml, &place.trail, mapping) != mapping;
    // The chart of Nextcloud takes its flavor in place of a tag.
    let repository = parts.repository.and_then(|slot| slot.text(yaml).ok().flatten()).unwrap_or_default();
    let is_nextcloud = repository.rsplit('/').next() == Some("nextcloud");
    let other = siblings.more_of_tag(was, is_of_image && !is_nextcloud).filter(|_| !is_decided)?;
    let (key, text) = (other.key.to_owned(), other.text.unwrap_or_default().to_owned());
    Some(NoteKind::Values(ValuesNote::MoreOfTag { key, text }))
}

/// Notes a digest that is empty and used all the same, or that is there and not used, as a switch beside it says.
pub(super) fn note_of_digest_switch(
    yaml: &ParsedYaml<'_>,
    place: &ImagePlace,
    after: &Fields,
) -> Option<(Position, NoteKind)> {
    let Slots::Parts(Parts { digest: Some(slot), .. }) = &place.slots else { return None };
    let mut switch = yaml.tree.pairs_under(slot.parent, USE_DIGEST);
    let kind = match SiblingValues::among(yaml, place, *slot, &mut switch).uses_digest()? {
        true if after.digest.is_none() && after.new_tag.is_some() => NoteKind::EmptyDigestUsed,
        false if after.digest.is_some() => NoteKind::Values(ValuesNote::DigestNotUsed),
        _ => return None,
    };
    Some((yaml.place(slot.value), kind))
}
