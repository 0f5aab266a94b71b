//! Flat tags, such as `webTag` beside `webImage`. Of the two, the tag is listed as the image, because an edit writes the tag.

use std::collections::{HashMap, HashSet};

use crate::image::has_registry;
use crate::targets::scalars::document::nodes::{filled, is_list, is_mapping, pairs_of};
use crate::targets::scalars::image_parts::key_stems::{NAMES, PARTS_BESIDE, is_of_name, plain, stems};
use crate::targets::scalars::image_parts::name_parts::bare_name;
use crate::yaml::{NodeId, Pair, ParsedYaml};

/// What the key of a version ends in whose name is an image's by its registry alone. `chartVersion` is beside such names too.
const VERSIONS_OF_IMAGES: [&str; 2] = ["tag", "digest"];

/// The flat tags and digests of one mapping.
pub(super) struct FlatTags {
    /// The names of which one is listed.
    names: HashSet<NodeId>,
    tags: HashSet<NodeId>,
}

impl FlatTags {
    pub(super) fn of(yaml: &ParsedYaml<'_>, mapping: NodeId) -> Self {
        let versions = FlatVersions::of(yaml, mapping);
        let mut flat = Self { names: HashSet::new(), tags: HashSet::new() };
        for Pair { key, value } in pairs_of(yaml, mapping) {
            let Some(name) = filled(yaml, value).and_then(bare_name) else { continue };
            if let Some(tag) = yaml.tree.text(key).and_then(|key| versions.of_name(key, &name)) {
                flat.names.insert(value);
                flat.tags.insert(tag);
            }
        }
        flat
    }

    /// Whether a value is a name whose tag is beside it.
    pub(super) fn has_tag(&self, name: NodeId) -> bool {
        self.names.contains(&name)
    }

    /// Whether a value is the tag, or the digest, of a name that is beside it.
    pub(super) fn is_tag(&self, value: NodeId) -> bool {
        self.tags.contains(&value)
    }
}

/// Whether a key may be that of a flat tag, as it is compared.
pub(super) fn may_be_tag(plain_key: &str) -> bool {
    PARTS_BESIDE.iter().any(|end| plain_key.ends_with(end))
}

/// The versions of a mapping that are no part of the image that the mapping is.
struct FlatVersions<'y> {
    /// Each with its key, in file order.
    all: Vec<(&'y str, NodeId)>,
    /// The indices of those whose names may have a stem.
    by_stem: HashMap<String, Vec<usize>>,
}

impl<'y> FlatVersions<'y> {
    fn of(yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> Self {
        let is_root = yaml.tree.documents.contains(&mapping);
        let mut versions = Self { all: Vec::new(), by_stem: HashMap::new() };
        for pair in pairs_of(yaml, mapping).filter(|pair| !is_mapping(yaml, pair.value) && !is_list(yaml, pair.value)) {
            let Some(key) = yaml.tree.text(pair.key) else { continue };
            let plain = plain(key);
            let Some((end, stem)) = PARTS_BESIDE.iter().find_map(|end| Some((*end, plain.strip_suffix(end)?))) else {
                continue;
            };
            // Everywhere else, `tag` makes an image of the mapping; and the version of an API is another thing.
            let is_flat = if stem.is_empty() { is_root && end != "version" } else { key != "apiVersion" };
            if is_flat {
                for stem in stems(stem, &NAMES) {
                    versions.by_stem.entry(stem).or_default().push(versions.all.len());
                }
                versions.all.push((key, pair.value));
            }
        }
        versions
    }

    /// Returns the tag of the name under a key, or else its version or its digest.
    fn of_name(&self, key: &str, name: &str) -> Option<NodeId> {
        let plain_name = plain(key);
        let (is_image, has_registry) = (plain_name.ends_with("image"), has_registry(name));
        let ends: &[&str] = match (is_image, has_registry) {
            (true, _) => &PARTS_BESIDE,
            (false, true) => &VERSIONS_OF_IMAGES,
            (false, false) => return None,
        };
        let stems = stems(&plain_name, &NAMES);
        let of_stems: HashSet<usize> =
            stems.iter().filter_map(|stem| self.by_stem.get(stem)).flatten().copied().collect();
        let rank = |index: usize| {
            let (version, _) = self.all[index];
            let rank = ends.iter().position(|end| plain(version).ends_with(end))?;
            let is_alone = PARTS_BESIDE.contains(&&*plain(version));
            let is_of = if is_alone { key == "image" && has_registry } else { is_of_name(version, ends, key) };
            is_of.then_some((rank, index))
        };
        let (_, index) = of_stems.into_iter().filter_map(rank).min()?;
        Some(self.all[index].1)
    }
}
