//! What the places of one name say together: one version, or several, of which none is taken for all. Each place has a name of
//! its own then, by which it can be named alone.

use std::collections::BTreeSet;

use super::lookup::FileImages;
use crate::targets::edit::{Fields, PlaceVersion};
use crate::targets::scalars::document::walk::walk;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::place::ImagePlace;
use crate::targets::scalars::names::parts_around::CertainRegistries;
use crate::yaml::ParsedYaml;

/// A version, with what is known of it: a place may have no scalar for a part.
struct SaidVersion {
    version: PlaceVersion,
    has_tag: bool,
    has_digest: bool,
}

impl SaidVersion {
    fn of(yaml: &ParsedYaml<'_>, place: &ImagePlace, fields: &Fields) -> Result<Self, FileRefusal> {
        let version = PlaceVersion { tag: fields.new_tag.clone(), digest: fields.digest.clone() };
        Ok(Self { version, has_tag: place.has_tag(), has_digest: place.has_digest(yaml)? })
    }

    /// Takes what another place says, and returns whether both can be one version.
    fn takes(&mut self, other: &Self) -> bool {
        let differs = |both: bool, one: &Option<String>, other: &Option<String>| both && one != other;
        let (own, others) = (&mut self.version, &other.version);
        if differs(self.has_tag && other.has_tag, &own.tag, &others.tag)
            || differs(self.has_digest && other.has_digest, &own.digest, &others.digest)
        {
            return false;
        }
        if !self.has_tag {
            own.tag.clone_from(&others.tag);
        }
        if !self.has_digest {
            own.digest.clone_from(&others.digest);
        }
        self.has_tag |= other.has_tag;
        self.has_digest |= other.has_digest;
        true
    }
}

/// Returns what the places of one name say; `None` if there are none.
///
/// # Errors
///
/// A part is no string that can be replaced.
pub(in crate::targets::scalars) fn together<'y>(
    yaml: &'y ParsedYaml<'_>,
    places: &'y [ImagePlace],
    registries: &mut CertainRegistries<'y>,
) -> Result<Option<Fields>, FileRefusal> {
    let Some((first, others)) = places.split_first() else { return Ok(None) };
    let mut fields = registries.judged(yaml, first, first.fields(yaml)?);
    let mut said = vec![SaidVersion::of(yaml, first, &fields)?];
    for place in others {
        let other = place.fields(yaml)?;
        let version = SaidVersion::of(yaml, place, &other)?;
        fields.new_name = fields.new_name.or(other.new_name);
        if !said.iter_mut().any(|said| said.takes(&version)) {
            said.push(version);
        }
    }
    let mut versions = said.into_iter().map(|said| said.version).collect::<Vec<_>>();
    match versions.as_mut_slice() {
        [only] => (fields.new_tag, fields.digest) = (only.tag.take(), only.digest.take()),
        _ => (fields.new_tag, fields.digest, fields.several) = (None, None, versions),
    }
    Ok(Some(fields))
}

/// Requires that all places of a name say the same.
///
/// # Errors
///
/// They do not, or the name means more than one image.
pub(in crate::targets::scalars) fn require_one_version(
    images: &FileImages<'_, '_>,
    name: &str,
) -> Result<(), FileRefusal> {
    let yaml = images.yaml;
    let places = images.to_edit(name)?;
    let fields = together(yaml, &places, &mut CertainRegistries::default())?;
    let Some(fields) = fields.filter(|fields| !fields.several.is_empty()) else { return Ok(()) };
    let mut first = None;
    for place in &places {
        let version = place.fields(yaml)?;
        if first.get_or_insert(version.clone()) != &version {
            let told: Vec<String> = places.iter().map(|place| told(yaml, place)).collect();
            let message = format!("`{name}` has {} versions here: {}", fields.several.len(), told.join(", "));
            let hint = match own_names(images, &places).as_slice() {
                [] => "move one of the documents to a file of its own".to_owned(),
                names => format!("name each of them: `{}`", names.join("`, `")),
            };
            return Err(FileRefusal::at(yaml, place.item, message, hint));
        }
    }
    Ok(())
}

fn told(yaml: &ParsedYaml<'_>, place: &ImagePlace) -> String {
    let fields = place.fields(yaml).unwrap_or_default();
    let tag = fields.new_tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = fields.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    let name = fields.new_name.unwrap_or_default();
    format!("`{}` at {} ({name}{tag}{digest})", place.qualified, yaml.place(place.item))
}

/// Returns a name for each of the places that means this place alone; nothing if one of them has none.
fn own_names(images: &FileImages<'_, '_>, places: &[ImagePlace]) -> Vec<String> {
    let names: Option<Vec<String>> = places.iter().map(|place| own_name(images, place)).collect();
    names.unwrap_or_default()
}

impl FileImages<'_, '_> {
    /// Returns a name for each place of `name` that means this place alone; nothing if one of them has none.
    pub(in crate::targets) fn own_names(&self, name: &str) -> Vec<String> {
        own_names(self, &self.called(name).unwrap_or_default())
    }

    /// Returns those of `names` that mean one place of `name` alone, each with the number of that place.
    pub(in crate::targets) fn named_alone(&self, name: &str, names: &BTreeSet<String>) -> Vec<(usize, String)> {
        let places: Vec<_> = self.called(name).unwrap_or_default().iter().map(ImagePlace::nodes).collect();
        let alone = |name: &String| {
            let found = self.called(name).unwrap_or_default();
            let [only] = found.as_slice() else { return None };
            let nodes = only.nodes();
            Some((places.iter().position(|place| *place == nodes)?, name.clone()))
        };
        names.iter().filter_map(alone).collect()
    }
}

fn own_name(images: &FileImages<'_, '_>, place: &ImagePlace) -> Option<String> {
    let yaml = images.yaml;
    let nodes = place.nodes();
    let object = images.object_around(place.item)?;
    let mut path = None;
    walk(yaml, object.root, &mut |visit| {
        let is_it = visit.slot.value == place.item || nodes.contains(&visit.slot.value);
        path = path.take().or_else(|| is_it.then(|| format!(".{}", visit.path)));
    });
    let label = object.label.as_deref().zip(path.as_deref()).map(|(label, path)| format!("{label}/{path}"));
    let candidates = [Some(place.qualified.clone()), path, label];
    candidates.into_iter().flatten().find(|name| {
        let found = images.called(name).unwrap_or_default();
        matches!(found.as_slice(), [only] if only.nodes() == nodes)
    })
}
