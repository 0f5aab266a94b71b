//! What kustomize sees of a file: the entries of `images`, and of `imageTags`, which it still merges. Keys are matched
//! as `encoding/json` does it for kustomize, in any case; a merge key (`<<`) gives what an entry itself has not.

use std::fmt;

use super::parse::Document;
use super::tree::{Kind, NodeId, Pair, Style};
use super::{EditError, Found, Shape};

/// A field of an entry that an argument can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldName {
    NewName,
    NewTag,
    Digest,
}

impl FieldName {
    /// All of them, in the order in which kustomize documents them.
    pub const ALL: [Self; 3] = [Self::NewName, Self::NewTag, Self::Digest];

    /// Returns the field's key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewName => "newName",
            Self::NewTag => "newTag",
            Self::Digest => "digest",
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an entry says of its image, whether itself or through a merge key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    pub new_name: Option<String>,
    pub new_tag: Option<String>,
    pub digest: Option<String>,
}

impl Fields {
    /// Returns the value of one field.
    pub fn get(&self, field: FieldName) -> Option<&str> {
        match field {
            FieldName::NewName => self.new_name.as_deref(),
            FieldName::NewTag => self.new_tag.as_deref(),
            FieldName::Digest => self.digest.as_deref(),
        }
    }
}

/// The lists of a file and their entries, in file order.
#[derive(Debug, Default)]
pub(super) struct Images<'d> {
    pub(super) images: Option<Pair>,
    pub(super) entries: Vec<Entry<'d>>,
}

#[derive(Debug)]
pub(super) struct Entry<'d> {
    /// The item of the list: a mapping, or an alias of one.
    pub(super) item: NodeId,
    /// The mapping itself.
    pub(super) mapping: NodeId,
    /// The list that the item is in.
    pub(super) list: NodeId,
    /// Whether the list is `imageTags`.
    pub(super) legacy: bool,
    pub(super) name: Option<&'d str>,
    pub(super) own: Own,
}

/// The pairs that stand in an entry itself.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Own {
    pub(super) name: Option<Pair>,
    fields: [Option<Pair>; 3],
}

impl Own {
    pub(super) fn get(&self, field: FieldName) -> Option<Pair> {
        self.fields[field as usize]
    }
}

impl Entry<'_> {
    pub(super) fn is_alias(&self) -> bool {
        self.item != self.mapping
    }
}

impl<'d> Images<'d> {
    pub(super) fn read(document: &'d Document<'_>) -> Result<Self, EditError> {
        let mut images = Self::default();
        let Some(root) = document.root else {
            return Ok(images);
        };
        let mut legacy: Option<Pair> = None;
        for pair in document.tree.pairs(root) {
            let Some(key) = document.tree.text(pair.key) else {
                continue;
            };
            let seen = if key.eq_ignore_ascii_case("images") {
                &mut images.images
            } else if key.eq_ignore_ascii_case("imageTags") {
                &mut legacy
            } else {
                continue;
            };
            if let Some(first) = seen.replace(pair) {
                return Err(duplicate(document, first, pair));
            }
            let is_legacy = legacy == Some(pair);
            read_list(document, pair, is_legacy, &mut images.entries)?;
        }
        for (key, own) in [("images", images.images), ("imageTags", legacy)] {
            let merge_key = document.tree.pairs(root).map(|pair| pair.key).find(|key| is_merge_key(document, *key));
            if let (None, Some(merge_key), Some(_)) = (own, merge_key, inherited(document, root, key)) {
                return Err(document.refuse(merge_key, Shape::ListInherited { key }));
            }
        }
        Ok(images)
    }
}

fn duplicate(document: &Document<'_>, first: Pair, second: Pair) -> EditError {
    let key = document.tree.text(second.key).unwrap_or_default().to_owned();
    let first = document.source.place(document.tree.start(first.key));
    document.refuse(second.key, Shape::DuplicateKey { key, first })
}

fn read_list<'d>(
    document: &'d Document<'_>,
    list: Pair,
    legacy: bool,
    entries: &mut Vec<Entry<'d>>,
) -> Result<(), EditError> {
    let tree = &document.tree;
    let key = || tree.text(list.key).unwrap_or_default().to_owned();
    match tree.kind(list.value) {
        Kind::Sequence(_) => {}
        Kind::Alias(target) => {
            let anchor = document.source.place(tree.start(*target));
            return Err(document.refuse(list.value, Shape::ListAlias { key: key(), anchor }));
        }
        _ if tree.is_null(list.value) => return Ok(()),
        _ => {
            let found = document.found(list.value);
            return Err(document.refuse(list.value, Shape::List { key: key(), found }));
        }
    }
    for item in tree.children(list.value) {
        let mapping = tree.resolve(item);
        if tree.is_null(mapping) {
            continue;
        }
        if !matches!(tree.kind(mapping), Kind::Mapping(_)) {
            return Err(document.refuse(item, Shape::Entry(document.found(mapping))));
        }
        let own = read_own(document, mapping)?;
        let name = own.name.map(|pair| pair.value).or_else(|| inherited(document, mapping, "name"));
        if document.found(mapping) == Found::Template {
            return Err(document.refuse(item, Shape::Entry(Found::Template)));
        }
        let name = name.and_then(|value| tree.text(value));
        entries.push(Entry { item, mapping, list: list.value, legacy, name, own });
    }
    Ok(())
}

fn read_own(document: &Document<'_>, mapping: NodeId) -> Result<Own, EditError> {
    let mut own = Own::default();
    for pair in document.tree.pairs(mapping) {
        let Some(key) = document.tree.text(pair.key) else {
            continue;
        };
        let field = FieldName::ALL.into_iter().find(|field| key.eq_ignore_ascii_case(field.as_str()));
        let seen = match field {
            Some(field) => &mut own.fields[field as usize],
            None if key.eq_ignore_ascii_case("name") => &mut own.name,
            None => continue,
        };
        if let Some(first) = seen.replace(pair) {
            return Err(duplicate(document, first, pair));
        }
    }
    Ok(own)
}

/// Returns the value that a mapping has under `key`: its own, else the first that a merge key brings.
pub(super) fn effective(document: &Document<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let tree = &document.tree;
    let own = tree.pairs(mapping).find(|pair| tree.text(pair.key).is_some_and(|text| text.eq_ignore_ascii_case(key)));
    own.map(|pair| pair.value).or_else(|| inherited(document, mapping, key))
}

/// Returns the value that a mapping gets under `key` from its merge keys.
pub(super) fn inherited(document: &Document<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    let tree = &document.tree;
    for pair in tree.pairs(mapping).filter(|pair| is_merge_key(document, pair.key)) {
        let merged = tree.resolve(pair.value);
        let found = match tree.kind(merged) {
            Kind::Mapping(_) => effective(document, merged, key),
            Kind::Sequence(_) => tree
                .children(merged)
                .map(|item| tree.resolve(item))
                .filter(|item| matches!(tree.kind(*item), Kind::Mapping(_)))
                .find_map(|item| effective(document, item, key)),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

pub(super) fn is_merge_key(document: &Document<'_>, key: NodeId) -> bool {
    matches!(document.tree.kind(key), Kind::Scalar(text, Style::Plain) if text == "<<")
}

/// Returns what an entry says of its image, merge keys included; null is nothing.
pub(super) fn fields(document: &Document<'_>, entry: &Entry<'_>) -> Fields {
    let text = |field: FieldName| {
        let value = effective(document, entry.mapping, field.as_str())?;
        let value = document.tree.resolve(value);
        if document.tree.is_null(value) { None } else { document.tree.text(value).map(str::to_owned) }
    };
    Fields { new_name: text(FieldName::NewName), new_tag: text(FieldName::NewTag), digest: text(FieldName::Digest) }
}
