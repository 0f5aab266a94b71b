//! What two keys say of each other: which version is of which name. They are compared without the ends that only say what is
//! there, in any case and spelling.

use super::image_text::ImageText;
use super::name_parts::{NAME_PARTS, bare_name};
use crate::image::{has_registry, split_registry};
use crate::targets::scalars::document::nodes::{filled, pairs_of};
use crate::targets::scalars::document::slot::Slot;
use crate::yaml::{NodeId, ParsedYaml};

/// What the key of a name ends in, and of a version.
pub(super) const NAMES: [&str; 5] = ["repository", "repo", "name", "image", "reference"];
pub(in crate::targets::scalars) const VERSIONS: [&str; 2] = ["tag", "version"];

/// What the key of a name ends in that a chart takes in place of one that it makes of other texts.
const OVERRIDE: &str = "overriderepository";

/// The keys of a version whose name is in the same mapping. Other keys of versions and digests end so.
pub(in crate::targets::scalars) const PARTS_BESIDE: [&str; 3] = ["tag", "version", "digest"];

/// Returns the name that the tag or digest under `key` is of, among other keys and their texts; nothing if it may be one of two,
/// or if a registry is beside the name.
pub(in crate::targets::scalars) fn name_of_version<'t>(key: &str, others: &[(&'t str, &'t str)]) -> Option<&'t str> {
    let version = plain(key);
    let stem = PARTS_BESIDE.iter().find_map(|end| version.strip_suffix(end))?;
    let is_whole =
        |other: &str| begins_with(other, stem) && matches!(plain(other).strip_prefix(stem), Some("" | OVERRIDE));
    if let Some((_, text)) = others.iter().find(|(other, _)| is_whole(other)) {
        return Some(text);
    }
    let stems = stems(stem, &NAMES);
    let is_registry = |other: &str| {
        ends_in(other, "registry")
            && plain(other)
                .strip_suffix("registry")
                .is_some_and(|begin| begin.is_empty() || stems.iter().any(|own| own == begin))
    };
    if others.iter().any(|(other, _)| is_registry(other)) {
        return None;
    }
    let is_of_key = of_key(key);
    let is_name = |text: &str| ImageText::parse(text, false).is_ok_and(|image| has_registry(&image.name));
    let mut names = others.iter().filter(|(other, text)| is_of_key(other) && is_name(text));
    let (_, name) = names.next()?;
    names.all(|(_, other)| other == name).then_some(name)
}

/// Returns what the name ends in that the tag or digest under `key` is of, if all texts that may be it say the same. A registry
/// may come before it. A word under `name` is often the name of something else.
pub(in crate::targets::scalars) fn end_of_version_name<'t>(
    key: &str,
    others: &[(&'t str, &'t str)],
) -> Option<&'t str> {
    let is_of_key = of_key(key);
    let is_name = |other: &str, text: &str| {
        let is_word = !text.contains('/') && ends_in(other, "name");
        is_of_key(other) && !is_word && bare_name(text).is_some()
    };
    let mut names = others.iter().filter(|(other, text)| is_name(other, text)).map(|(_, text)| *text);
    let name = names.next()?;
    names.all(|other| other == name).then_some(split_registry(name).1)
}

/// Returns whether the tag or digest under `key` is of the name under another one. A mapping may have thousands of keys, and
/// nearly all of them begin in another way.
fn of_key(key: &str) -> impl Fn(&str) -> bool {
    let version = plain(key);
    let all = PARTS_BESIDE.iter().filter_map(|end| version.strip_suffix(end)).flat_map(|stem| stems(stem, &NAMES));
    let shortest = all.min_by_key(String::len);
    move |other| {
        shortest.as_ref().is_some_and(|stem| begins_with(other, stem)) && is_of_name(&version, &PARTS_BESIDE, other)
    }
}

/// Whether the version under a key is of the name under another one: `webTag` of `webImage`, `imageTag` of `repository`. Keys of
/// versions end in one of `ends`.
pub(in crate::targets::scalars) fn is_of_name(version: &str, ends: &[&str], name: &str) -> bool {
    let (version, name) = (plain(version), plain(name));
    let is_named = NAMES.iter().any(|end| name.ends_with(end));
    let names = stems(&name, &NAMES);
    let is_of = |stem: &str| stems(stem, &NAMES).iter().any(|stem| names.contains(stem));
    let mut ends = ends.iter().filter(|end| is_named || **end != "version");
    ends.any(|end| version.strip_suffix(end).is_some_and(is_of))
}

/// Whether a key is that of a part of the name whose version is under `version`.
pub(in crate::targets::scalars) fn is_part_of_name(version: &str, key: &str) -> bool {
    match PARTS_BESIDE.contains(&version) {
        true => NAME_PARTS.contains(&key),
        false => key != "name" && is_of_name(version, &VERSIONS, key),
    }
}

/// Returns the other keys of a scalar's mapping with their texts.
pub(in crate::targets::scalars) fn texts_beside<'y>(yaml: &'y ParsedYaml<'_>, slot: Slot) -> Vec<(&'y str, &'y str)> {
    texts_in(yaml, slot.parent, Some(slot.value))
}

/// Returns the keys of a mapping with their texts, but for that of one value.
pub(in crate::targets::scalars) fn texts_in<'y>(
    yaml: &'y ParsedYaml<'_>,
    mapping: NodeId,
    but: Option<NodeId>,
) -> Vec<(&'y str, &'y str)> {
    let others = pairs_of(yaml, mapping).filter(|pair| Some(pair.value) != but);
    others.filter_map(|pair| Some((yaml.tree.text(pair.key)?, filled(yaml, pair.value)?))).collect()
}

/// Returns a key as it is compared: `WEB_TAG` is `webTag`.
pub(in crate::targets::scalars) fn plain(key: &str) -> String {
    plain_chars(key).collect()
}

fn plain_chars(key: &str) -> impl DoubleEndedIterator<Item = char> {
    key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase())
}

/// Whether a key begins so, as it is compared.
fn begins_with(key: &str, begin: &str) -> bool {
    let mut chars = plain_chars(key);
    begin.chars().all(|c| chars.next() == Some(c))
}

/// Whether a key ends so, as it is compared.
fn ends_in(key: &str, end: &str) -> bool {
    let mut chars = plain_chars(key).rev();
    end.chars().rev().all(|c| chars.next() == Some(c))
}

/// Returns a key, and what is left of it without the ends that only say what it holds: of `webImageName`, `webImage` and `web`.
pub(super) fn stems(key: &str, ends: &[&str]) -> Vec<String> {
    let mut stems = vec![key.to_owned()];
    let mut rest = key;
    while let Some(stem) = ends.iter().find_map(|end| rest.strip_suffix(end)) {
        stems.push(stem.to_owned());
        rest = stem;
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::{VERSIONS, is_of_name, name_of_version};

    #[test]
    fn a_version_is_of_the_name_with_the_same_stem() {
        for (version, name) in [
            ("imageTag", "image"),
            ("imageTag", "imageRepository"),
            ("imageTag", "repository"),
            ("webTag", "webImage"),
            ("webImageTag", "webRepository"),
            ("WEB_VERSION", "WEB_REPO"),
            ("tag", "repository"),
            ("webTag", "web"),
        ] {
            assert!(is_of_name(version, &VERSIONS, name), "{version} {name}");
        }
        for (version, name) in [
            ("webTag", "apiImage"),
            ("webTag", "repository"),
            ("webTag", "image"),
            ("appVersion", "image"),
            ("webVersion", "web"),
            ("tagline", "image"),
        ] {
            assert!(!is_of_name(version, &VERSIONS, name), "{version} {name}");
        }
    }

    #[test]
    fn one_name_is_known_and_of_two_none() {
        let (web, api) = ("ghcr.io/acme/web", "ghcr.io/acme/api");
        for (others, name) in [
            (vec![("imageRepository", web)], Some(web)),
            (vec![("imageRepository", web), ("apiRepository", api)], Some(web)),
            (vec![("image", api), ("imageRepository", web)], Some(api)),
            (vec![("imageRepository", web), ("imageName", api)], None),
            (vec![("imageRepository", web), ("imageRegistry", "quay.io")], None),
            (vec![("imageRepository", "acme/web")], None),
        ] {
            assert_eq!(name_of_version("imageTag", &others), name, "{others:?}");
        }
    }
}
