//! The keys of a mapping with their texts, found by what the key of a version says of its name. A mapping may have thousands,
//! and each of its images asks.

use std::collections::HashMap;

use super::image_text::ImageText;
use super::key_stems::{NAMES, PARTS_BESIDE, is_of_name, plain, stems};
use super::name_parts::bare_name;
use crate::image::{has_registry, split_registry};
use crate::targets::scalars::document::nodes::{filled, pairs_of};
use crate::yaml::{NodeId, ParsedYaml};

/// What the key of a name ends in that a chart takes in place of one that it makes of other texts.
const OVERRIDE: &str = "overriderepository";

/// Keys with their texts.
pub(in crate::targets::scalars) struct TextsByStem<'t> {
    texts: Vec<(&'t str, &'t str)>,
    /// The indices of the texts whose keys have a stem.
    by_stem: HashMap<String, Vec<usize>>,
}

impl<'t> TextsByStem<'t> {
    pub(in crate::targets::scalars) fn of(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let texts: Vec<(&str, &str)> = texts.into_iter().collect();
        let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, (key, _)) in texts.iter().enumerate() {
            for stem in stems(&plain(key), &NAMES) {
                by_stem.entry(stem).or_default().push(index);
            }
        }
        Self { texts, by_stem }
    }

    /// Returns the name that the tag or digest under `key` is of; nothing if it may be one of two, or if a registry is beside the
    /// name.
    pub(in crate::targets::scalars) fn name_of_version(&self, key: &str) -> Option<&'t str> {
        let version = plain(key);
        let stem = stem_of(&version)?;
        let whole = self.under(stem).chain(self.under(&format!("{stem}{OVERRIDE}"))).min();
        if let Some(index) = whole {
            return Some(self.texts[index].1);
        }
        let stems = stems(stem, &NAMES);
        let has_registry_beside = |stem: &str| self.under(&format!("{stem}registry")).next().is_some();
        if stems.iter().any(|stem| has_registry_beside(stem)) || has_registry_beside("") {
            return None;
        }
        let is_name = |text: &str| ImageText::parse(text, false).is_ok_and(|image| has_registry(&image.name));
        self.one_of(&version, |_, text| is_name(text))
    }

    /// Returns what the name ends in that the tag or digest under `key` is of, if all texts that may be it say the same. A
    /// registry may come before it. A word under `name` is often the name of something else.
    pub(in crate::targets::scalars) fn end_of_version_name(&self, key: &str) -> Option<&'t str> {
        let is_name = |other: &str, text: &str| {
            let is_word = !text.contains('/') && plain(other).ends_with("name");
            !is_word && bare_name(text).is_some()
        };
        self.one_of(&plain(key), is_name).map(|name| split_registry(name).1)
    }

    /// Returns what all those texts say that the version under a plain key is of and that are names.
    fn one_of(&self, version: &str, is_name: impl Fn(&str, &str) -> bool) -> Option<&'t str> {
        let stems = stems(stem_of(version)?, &NAMES);
        let of_stems = stems.iter().filter_map(|stem| self.by_stem.get(stem)).flatten().map(|index| self.texts[*index]);
        let mut names = of_stems
            .filter(|(other, text)| is_of_name(version, &PARTS_BESIDE, other) && is_name(other, text))
            .map(|(_, text)| text);
        let name = names.next()?;
        names.all(|other| other == name).then_some(name)
    }

    /// Returns the indices of the texts whose plain keys are `key`.
    fn under(&self, key: &str) -> impl Iterator<Item = usize> {
        let of_stem = self.by_stem.get(key).into_iter().flatten().copied();
        of_stem.filter(move |index| plain(self.texts[*index].0) == key)
    }
}

/// Returns the plain key of a version without the end that says so.
fn stem_of(version: &str) -> Option<&str> {
    PARTS_BESIDE.iter().find_map(|end| version.strip_suffix(end))
}

/// Returns the keys of a mapping with their texts.
pub(in crate::targets::scalars) fn texts_in<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
) -> impl Iterator<Item = (&'y str, &'y str)> {
    pairs_of(yaml, mapping).filter_map(|pair| Some((yaml.tree.text(pair.key)?, filled(yaml, pair.value)?)))
}

#[cfg(test)]
mod tests {
    use super::TextsByStem;

    #[test]
    fn one_name_is_known_and_of_two_none() {
        let (web, api) = ("ghcr.io/acme/web", "ghcr.io/acme/api");
        for (texts, name) in [
            (vec![("imageRepository", web)], Some(web)),
            (vec![("imageRepository", web), ("apiRepository", api)], Some(web)),
            (vec![("image", api), ("imageRepository", web)], Some(api)),
            (vec![("imageRepository", web), ("imageName", api)], None),
            (vec![("imageRepository", web), ("imageRegistry", "quay.io")], None),
            (vec![("imageRepository", "acme/web")], None),
        ] {
            assert_eq!(TextsByStem::of(texts.clone()).name_of_version("imageTag"), name, "{texts:?}");
        }
    }
}
