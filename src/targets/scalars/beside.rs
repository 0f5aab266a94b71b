//! What stands beside a value of an image: the other pairs of its mapping, or the other parameters of its group. Some of it
//! decides what is pulled, whatever the value becomes.

use super::argo::{PARAMETERS, parameters_beside};
use super::document_kind::{filled, is_mapping, text_of, value_of};
use super::place::ImagePlace;
use super::slot::Slot;
use crate::image::Digest;
use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml};

/// The values beside one value.
pub(super) struct ValuesBeside<'y> {
    /// The key of the value; of a parameter, the last part of its name.
    pub(super) own: &'y str,
    pub(super) others: Vec<ValueBeside<'y>>,
}

pub(super) struct ValueBeside<'y> {
    pub(super) key: &'y str,
    /// The key, or the name of the parameter.
    pub(super) node: NodeId,
    /// The text, if there is any.
    pub(super) text: Option<&'y str>,
}

impl<'y> ValuesBeside<'y> {
    /// Returns what stands beside one value of an image, but for its other values.
    pub(super) fn of(yaml: &'y ParsedYaml<'_>, place: &ImagePlace, slot: Slot) -> Self {
        let own_values = place.nodes();
        // The item of a parameter is its list.
        let is_list = matches!(yaml.tree.kind(place.item), NodeKind::Sequence(_));
        if place.path.starts_with(PARAMETERS) && is_list {
            let name = text_of(yaml, slot.parent, "name").unwrap_or_default();
            let neighbour = |(key, node, item)| {
                let value = value_of(yaml, item, "value").filter(|value| !own_values.contains(value))?;
                Some(ValueBeside { key, node, text: filled(yaml, value) })
            };
            let others = parameters_beside(yaml, place.item, name).into_iter().filter_map(neighbour).collect();
            return Self { own: name.rsplit_once('.').map_or(name, |(_, key)| key), others };
        }
        let pairs = is_mapping(yaml, slot.parent).then(|| yaml.tree.pairs(slot.parent)).into_iter().flatten();
        let is_scalar = |value: NodeId| {
            !matches!(yaml.tree.kind(yaml.tree.resolve(value)), NodeKind::Mapping(_) | NodeKind::Sequence(_))
        };
        let others = pairs.filter(|pair| !own_values.contains(&pair.value) && is_scalar(pair.value));
        let neighbour = |pair: Pair| {
            let key = yaml.tree.text(pair.key)?;
            Some(ValueBeside { key, node: pair.key, text: filled(yaml, pair.value) })
        };
        Self { own: slot.key_text(yaml), others: others.filter_map(neighbour).collect() }
    }

    /// Returns what is under a key.
    pub(super) fn under(&self, key: &str) -> Option<&ValueBeside<'y>> {
        self.others.iter().find(|other| other.key == key)
    }

    /// Returns whether the chart uses a digest that is there; `None` if no switch says.
    pub(super) fn uses_digest(&self) -> Option<bool> {
        switch(self.under("useDigest")?.text?)
    }

    /// Returns the whole image that charts take in place of the value.
    pub(super) fn whole_image(&self) -> Option<&ValueBeside<'y>> {
        self.others.iter().find(|other| WHOLE_IMAGES.contains(&other.key) && other.text.is_some_and(is_whole_image))
    }

    /// Returns the tag of the name that the value is.
    pub(super) fn tag_of_name(&self) -> Option<&ValueBeside<'y>> {
        let own = plain(self.own);
        let is_named = NAMES.iter().any(|name| own.ends_with(name));
        let stems = stems(&own, &NAMES);
        self.others.iter().find(|other| {
            let key = plain(other.key);
            let of = |end: &str| key.strip_suffix(end).is_some_and(|stem| stems.iter().any(|own| own == stem));
            key == "tag" || of("tag") || (is_named && of("version"))
        })
    }

    /// Returns the digests that may be of the same image, in file order, each with whether its key says so.
    pub(super) fn digests(&self) -> impl Iterator<Item = (&ValueBeside<'y>, bool)> {
        let own = plain(self.own);
        let base = VERSIONS.iter().find_map(|end| own.strip_suffix(end)).unwrap_or(&own);
        let stems = stems(base, &NAMES);
        // In the mapping of one image, each digest may be its own.
        let is_of_one = stems.iter().any(String::is_empty);
        let judged = move |other: &'_ ValueBeside<'y>| {
            let key = plain(other.key);
            let text = other.text.filter(|text| is_digest(&key, text))?;
            let is_own = key.strip_suffix("digest").is_some_and(|stem| {
                stems.iter().any(|own| own == stem) || (is_of_one && (stem.is_empty() || NAMES.contains(&stem)))
            });
            let may_be_own = is_of_one && self.may_be_used(&key) && !self.is_of_another(&key, text);
            (is_own || may_be_own).then_some(is_own)
        };
        self.others.iter().filter_map(move |other| Some((other, judged(other)?)))
    }

    /// Whether a chart may take the digest under a key: the key is about nothing else, or a switch chooses among several.
    /// One of its own may be off, as `chroot: false` beside `digestChroot`.
    fn may_be_used(&self, digest: &str) -> bool {
        let variant = DIGESTS.iter().find_map(|begin| digest.strip_prefix(begin));
        let is_off =
            |other: &ValueBeside<'_>| Some(&*plain(other.key)) == variant && other.text.and_then(switch) == Some(false);
        (variant.is_some() || self.under("useDigest").is_some()) && !self.others.iter().any(is_off)
    }

    /// Whether the digest under a key belongs to another image of the mapping: `webDigest` beside `webTag`.
    fn is_of_another(&self, digest: &str, text: &str) -> bool {
        let stem = DIGESTS.iter().find_map(|end| digest.strip_suffix(end)).unwrap_or_default();
        let is_of = |other: &ValueBeside<'_>| other.text != Some(text) && plain(other.key).starts_with(stem);
        !stem.is_empty() && self.others.iter().any(is_of)
    }
}

/// What the key of a name ends in, of a version, and of a digest.
const NAMES: [&str; 5] = ["repository", "repo", "name", "image", "reference"];
const VERSIONS: [&str; 2] = ["tag", "version"];
const DIGESTS: [&str; 3] = ["digest", "sha256", "sha"];

/// The keys of a whole image that charts take in place of its parts, if there is any text.
pub(super) const WHOLE_IMAGES: [&str; 9] = [
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

/// Whether a text under such a key is an image, or a template of one. A switch is neither.
pub(super) fn is_whole_image(text: &str) -> bool {
    text.contains(['/', ':', '@', '{'])
}

/// Returns what a switch says; `None` if the text is none.
pub(super) fn switch(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    is("true").then_some(true).or(is("false").then_some(false))
}

/// Returns a key as it is compared: `WEB_TAG` is `webTag`.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns a key, and what is left of it without the ends that only say what it holds: of `webImageName`, `webImage` and `web`.
fn stems(key: &str, ends: &[&str]) -> Vec<String> {
    let mut stems = vec![key.to_owned()];
    let mut rest = key;
    while let Some(stem) = ends.iter().find_map(|end| rest.strip_suffix(end)) {
        stems.push(stem.to_owned());
        rest = stem;
    }
    stems
}

/// Whether a text is a digest. Without `sha256:` before it, its key must say so.
fn is_digest(key: &str, text: &str) -> bool {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Charts that know the key `sha` take what is there.
    text.parse::<Digest>().is_ok() || key == "sha" || (is_hex && DIGESTS.iter().any(|end| key.ends_with(end)))
}
