//! What stands beside a value of an image: the other pairs of its mapping, or the other parameters of its group. Some of it
//! decides what is pulled, whatever the value becomes.

use std::collections::HashMap;

use super::image_text::ImageText;
use super::key_stems::{NAMES, VERSIONS, is_of_name, is_part_of_name, plain, stems};
use super::place::{ImagePlace, TextElsewhere};
use crate::image::Digest;
use crate::targets::scalars::document::nodes::{filled, is_list, pairs_of, text_of};
use crate::targets::scalars::document::parameters::{PARAMETERS, Parameter, Parameters};
use crate::targets::scalars::document::slot::Slot;
use crate::targets::scalars::document::variable::key_at;
use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml, Position};

/// The values beside one value.
pub(in crate::targets::scalars) struct SiblingValues<'y> {
    /// The key of the value; of a parameter, the last part of its name.
    pub(in crate::targets::scalars) own: &'y str,
    pub(in crate::targets::scalars) others: Vec<SiblingValue<'y>>,
}

pub(in crate::targets::scalars) struct SiblingValue<'y> {
    pub(in crate::targets::scalars) key: &'y str,
    /// The key, or the name of the parameter; the place of one that is written elsewhere.
    at: Result<NodeId, Position>,
    /// The value, if it is in the text that is edited.
    pub(in crate::targets::scalars) value: Option<NodeId>,
    /// The text, if there is any.
    pub(in crate::targets::scalars) text: Option<&'y str>,
}

impl SiblingValue<'_> {
    /// Returns the place of the key. There may be thousands, and to count a column takes its time.
    pub(in crate::targets::scalars) fn place(&self, yaml: &ParsedYaml<'_>) -> Position {
        self.at.map_or_else(|place| place, |node| yaml.place(node))
    }
}

impl<'y> SiblingValues<'y> {
    /// Returns what stands beside one value of an image, but for its other values.
    pub(in crate::targets::scalars) fn of(yaml: &'y ParsedYaml<'_>, place: &'y ImagePlace, slot: Slot) -> Self {
        Self::among(yaml, place, slot, &mut pairs_of(yaml, slot.parent))
    }

    /// Returns what [`SiblingValues::of`] returns, of some pairs of the mapping.
    pub(in crate::targets::scalars) fn among(
        yaml: &'y ParsedYaml<'_>,
        place: &'y ImagePlace,
        slot: Slot,
        pairs: &mut dyn Iterator<Item = Pair>,
    ) -> Self {
        let mut siblings = Self::in_same_text(yaml, place, slot, pairs);
        for TextElsewhere { key, text, place } in &place.beside {
            siblings.others.retain(|other| other.key != key);
            siblings.others.push(SiblingValue { key, at: Err(*place), value: None, text: text.as_deref() });
        }
        siblings
    }

    /// Returns what may decide about the version that the value is, of the `pairs` of its mapping.
    pub(in crate::targets::scalars) fn deciding(
        yaml: &'y ParsedYaml<'_>,
        place: &'y ImagePlace,
        slot: Slot,
        pairs: &DecidingPairs,
    ) -> Self {
        match pairs.of_version(key_at(yaml, slot, &place.path)) {
            Some(pairs) => Self::among(yaml, place, slot, &mut pairs.into_iter()),
            None => Self::of(yaml, place, slot),
        }
    }

    fn in_same_text(
        yaml: &'y ParsedYaml<'_>,
        place: &ImagePlace,
        slot: Slot,
        pairs: &mut dyn Iterator<Item = Pair>,
    ) -> Self {
        let own_values = place.nodes();
        // The item of a parameter is its list.
        if place.path.starts_with(PARAMETERS) && is_list(yaml, place.item) {
            let name = text_of(yaml, slot.parent, "name").unwrap_or_default();
            let neighbour = |(key, parameter): (&'y str, &Parameter<'y>)| {
                let value = parameter.value.filter(|value| !own_values.contains(value))?;
                Some(SiblingValue { key, at: Ok(parameter.named), value: Some(value), text: parameter.text })
            };
            let others =
                Parameters::in_list(yaml, Some(place.item), "parameters").beside(name).filter_map(neighbour).collect();
            return Self { own: name.rsplit_once('.').map_or(name, |(_, key)| key), others };
        }
        let is_scalar = |value: NodeId| {
            !matches!(yaml.tree.kind(yaml.tree.resolve(value)), NodeKind::Mapping(_) | NodeKind::Sequence(_))
        };
        let others = pairs.filter(|pair| !own_values.contains(&pair.value) && is_scalar(pair.value));
        let neighbour = |pair: Pair| {
            let key = yaml.tree.text(pair.key)?;
            Some(SiblingValue { key, at: Ok(pair.key), value: Some(pair.value), text: filled(yaml, pair.value) })
        };
        Self { own: key_at(yaml, slot, &place.path), others: others.filter_map(neighbour).collect() }
    }

    /// Returns what is under a key.
    pub(in crate::targets::scalars) fn under(&self, key: &str) -> Option<&SiblingValue<'y>> {
        self.others.iter().find(|other| other.key == key)
    }

    /// Returns whether the chart uses a digest that is there; `None` if no switch says.
    pub(in crate::targets::scalars) fn uses_digest(&self) -> Option<bool> {
        switch(self.under(USE_DIGEST)?.text?)
    }

    /// Returns the whole image that charts take in place of the value.
    pub(in crate::targets::scalars) fn whole_image(&self) -> Option<&SiblingValue<'y>> {
        self.others.iter().find(|other| WHOLE_IMAGES.contains(&other.key) && other.text.is_some_and(is_whole_image))
    }

    /// Returns what a chart may add to the tag that the value is. `was` is the tag before: what that had already is not added.
    pub(in crate::targets::scalars) fn more_of_tag(&self, was: &str, is_of_image: bool) -> Option<&SiblingValue<'y>> {
        let is_variant = |key: &str| is_of_image && is_variant_of_tag(key);
        let is_added = |text: &str| !was.starts_with(text) && !was.ends_with(text);
        let may_be_more = |other: &&SiblingValue<'_>| {
            let key = plain(other.key);
            // What a switch adds is mostly called as its key.
            let is_more = |text| if switch(text) == Some(true) { is_added(&key) } else { is_added(text) };
            (is_part_of_tag(&key) || is_variant(&key))
                && other.text.is_some_and(|text| switch(text) != Some(false) && is_more(text))
        };
        self.others.iter().find(may_be_more)
    }

    /// Returns the tag of the name that the value is.
    pub(in crate::targets::scalars) fn tag_of_name(&self) -> Option<&SiblingValue<'y>> {
        self.others.iter().find(|other| plain(other.key) == "tag" || is_of_name(other.key, &VERSIONS, self.own))
    }

    /// Returns the name that the value is the tag of, if no tag can stand behind it.
    pub(in crate::targets::scalars) fn closed_name(&self) -> Option<&SiblingValue<'y>> {
        let is_closed = |other: &&SiblingValue<'_>| other.text.is_some_and(|text| is_closed_name(other.key, text));
        self.others.iter().filter(|other| is_of_name(self.own, &VERSIONS, other.key)).find(is_closed)
    }

    /// Returns the whole image under `image` with its text, beside the `imageTag` that the value is. Programs read variables
    /// (`IMAGE`, `IMAGE_TAG`) each by itself.
    pub(in crate::targets::scalars) fn image_of_tag(&self) -> Option<(&SiblingValue<'y>, &'y str)> {
        let key = self.own.strip_suffix("Tag").filter(|key| plain(key).ends_with("image"))?;
        let image = self.under(key)?;
        image.text.filter(|text| text.contains('/') && has_version(text)).map(|text| (image, text))
    }

    /// Returns the digests that may be of the same image, in file order, each with whether its key says so.
    pub(in crate::targets::scalars) fn digests(&self) -> impl Iterator<Item = (&SiblingValue<'y>, bool)> {
        // In the mapping of one image, each digest may be its own.
        let is_of_one = stems_of_version(self.own).iter().any(String::is_empty);
        let judged = move |other: &'_ SiblingValue<'y>| {
            let key = plain(other.key);
            let text = other.text.filter(|text| is_digest(&key, text))?;
            let is_own = is_digest_of(self.own, other.key);
            let may_be_own = is_of_one && self.may_be_used(&key) && !self.is_of_another(&key, text);
            (is_own || may_be_own).then_some(is_own)
        };
        self.others.iter().filter_map(move |other| Some((other, judged(other)?)))
    }

    /// Whether a chart may take the digest under a key: the key is about nothing else, or a switch chooses among several.
    /// One of its own may be off, as `chroot: false` beside `digestChroot`.
    fn may_be_used(&self, digest: &str) -> bool {
        let variant = DIGESTS.iter().find_map(|begin| digest.strip_prefix(begin));
        let is_off = |other: &SiblingValue<'_>| {
            Some(&*plain(other.key)) == variant && other.text.and_then(switch) == Some(false)
        };
        (variant.is_some() || self.under(USE_DIGEST).is_some()) && !self.others.iter().any(is_off)
    }

    /// Whether the digest under a key belongs to another image of the mapping: `webDigest` beside `webTag`.
    fn is_of_another(&self, digest: &str, text: &str) -> bool {
        let stem = DIGESTS.iter().find_map(|end| digest.strip_suffix(end)).unwrap_or_default();
        let is_of = |other: &SiblingValue<'_>| other.text != Some(text) && plain(other.key).starts_with(stem);
        !stem.is_empty() && self.others.iter().any(is_of)
    }
}

/// The pairs of a mapping that may decide about a version in it, found by its key: a mapping may have thousands of images.
pub(in crate::targets::scalars) struct DecidingPairs {
    /// Those that may decide about any version.
    of_all: Vec<Pair>,
    /// The digests, by what stands before `digest` in their plain keys.
    digests: HashMap<String, Vec<Pair>>,
}

impl DecidingPairs {
    pub(in crate::targets::scalars) fn of(yaml: &ParsedYaml<'_>, mapping: NodeId) -> Self {
        let mut pairs = Self { of_all: Vec::new(), digests: HashMap::new() };
        for pair in pairs_of(yaml, mapping) {
            let Some(key) = yaml.tree.text(pair.key) else { continue };
            let plain = plain(key);
            if let Some(stem) = plain.strip_suffix("digest") {
                pairs.digests.entry(stem.to_owned()).or_default().push(pair);
            }
            if key == USE_DIGEST || WHOLE_IMAGES.contains(&key) || is_part_of_tag(&plain) || is_variant_of_tag(&plain) {
                pairs.of_all.push(pair);
            }
        }
        pairs
    }

    /// Returns those for the version under a key, in file order; `None` if all pairs may be.
    fn of_version(&self, key: &str) -> Option<Vec<Pair>> {
        let stems = stems_of_version(key);
        if stems.iter().any(String::is_empty) {
            return None;
        }
        let digests = stems.iter().filter_map(|stem| self.digests.get(stem)).flatten();
        let mut pairs: Vec<Pair> = self.of_all.iter().chain(digests).copied().collect();
        pairs.sort_by_key(|pair| pair.key);
        pairs.dedup_by_key(|pair| pair.key);
        Some(pairs)
    }
}

/// Returns what is left of the key of a version without the ends that only say what it is of.
fn stems_of_version(key: &str) -> Vec<String> {
    let key = plain(key);
    stems(VERSIONS.iter().find_map(|end| key.strip_suffix(end)).unwrap_or(&key), &NAMES)
}

/// Whether a key says that the digest under it is that of the version under `version`.
pub(in crate::targets::scalars) fn is_digest_of(version: &str, key: &str) -> bool {
    let (stems, key) = (stems_of_version(version), plain(key));
    let is_of_one = || stems.iter().any(String::is_empty);
    key.strip_suffix("digest").is_some_and(|stem| {
        stems.iter().any(|own| own == stem) || (is_of_one() && (stem.is_empty() || NAMES.contains(&stem)))
    })
}

/// Whether what is under a key may count beside the version under `version`: as a part of the name, or for which version it is.
pub(in crate::targets::scalars) fn counts_beside(version: &str, key: &str) -> bool {
    let plain = plain(key);
    let is_of_version =
        || plain == "tag" || is_variant_of_tag(&plain) || DIGESTS.iter().any(|word| plain.contains(word));
    let is_of_one = || stems_of_version(version).iter().any(String::is_empty);
    WHOLE_IMAGES.contains(&key)
        || is_part_of_tag(&plain)
        || is_part_of_name(version, key)
        || is_of_name(key, &VERSIONS, version)
        || is_digest_of(version, key)
        || (is_of_one() && is_of_version())
}

/// What the key of a text ends in that charts put before a tag, or behind it.
const TAG_ENDS: [&str; 2] = ["tagsuffix", "tagprefix"];

/// The keys of what charts add to a tag.
const TAG_PARTS: [&str; 3] = ["suffix", "rootless", "distroless"];

/// The keys of a variant of an image, beside its tag. In another mapping they are the role of something else.
const TAG_VARIANTS: [&str; 3] = ["variant", "flavor", "flavour"];

/// The key of a switch that says whether a digest counts.
pub(in crate::targets::scalars) const USE_DIGEST: &str = "useDigest";

fn is_part_of_tag(plain_key: &str) -> bool {
    TAG_PARTS.contains(&plain_key) || TAG_ENDS.iter().any(|end| plain_key.ends_with(end))
}

fn is_variant_of_tag(plain_key: &str) -> bool {
    TAG_VARIANTS.contains(&plain_key)
}

/// What the key of a digest ends in.
const DIGESTS: [&str; 4] = ["digest", "sha256", "sha", "hash"];

/// The end of a name behind which charts write the digits of a digest as a tag.
pub(in crate::targets::scalars) const NAME_OF_DIGITS: &str = "@sha256";

/// The keys of a whole image that charts take in place of its parts, if there is any text.
pub(in crate::targets::scalars) const WHOLE_IMAGES: [&str; 9] = [
    "override",
    "overrideValue",
    "imageOverride",
    "full",
    "fullRef",
    "fullOverride",
    "fullImageName",
    "fullImageOverride",
    "unifiedRepoTag",
];

/// Whether a text under such a key is an image, or a template of one. A switch and an address are neither.
pub(in crate::targets::scalars) fn is_whole_image(text: &str) -> bool {
    text.contains('{') || (text.contains(['/', ':', '@']) && ImageText::parse(text, false).is_ok())
}

/// Returns what a switch says; `None` if the text is none.
pub(in crate::targets::scalars) fn switch(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    is("true").then_some(true).or(is("false").then_some(false))
}

/// Whether no tag can stand behind a name: it has one already, or is made for the digits of a digest.
fn is_closed_name(key: &str, text: &str) -> bool {
    let key = plain(key);
    let is_repository = key.ends_with("repository") || key.ends_with("repo");
    text.ends_with(NAME_OF_DIGITS) || (is_repository && text.contains('/') && has_version(text))
}

fn has_version(text: &str) -> bool {
    ImageText::parse(text, false).is_ok_and(|image| image.tag.is_some() || image.digest.is_some())
}

/// Whether a text is a digest. Without `sha256:` before it, its key must say so.
fn is_digest(key: &str, text: &str) -> bool {
    // Charts that know the key `sha` take what is there.
    text.parse::<Digest>().is_ok() || key == "sha" || (are_digits(text) && DIGESTS.iter().any(|end| key.ends_with(end)))
}

/// Whether a text is the digits of a digest.
pub(in crate::targets::scalars) fn are_digits(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
