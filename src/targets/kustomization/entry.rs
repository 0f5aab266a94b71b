//! What kustomize sees of a file: the entries of `images`, and of `imageTags`, which it still merges. Keys are matched
//! in any case, as `encoding/json` does for kustomize; a merge key (`<<`) gives the fields that an entry itself lacks.

use super::error::{EditError, ImagesShape};
use crate::targets::edit::{FieldName, Fields, Unnamed};
use crate::yaml::{NodeId, NodeKind, NodeType, Pair, ParsedYaml, Shape};

/// Which mapping of a file has the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::targets) enum ListsPlace {
    /// The document itself, as kustomize reads it.
    Document,
    /// Its `spec`, as Flux reads it.
    Spec,
}

/// The lists of a file and their entries, in file order.
#[derive(Debug, Default)]
pub(super) struct ImageLists<'d> {
    /// The mapping that has the lists; nothing in a file of white space and comments.
    pub(super) root: Option<NodeId>,
    /// Whether they are those of a kustomization.
    pub(super) is_of_kustomization: bool,
    pub(super) images: Option<Pair>,
    /// `imageTags`.
    legacy: Option<Pair>,
    pub(super) entries: Vec<ImageEntry<'d>>,
}

#[derive(Debug)]
pub(super) struct ImageEntry<'d> {
    /// The item of the list: a mapping, or an alias of one.
    pub(super) item: NodeId,
    /// The mapping itself.
    pub(super) mapping: NodeId,
    /// The list that the item is in.
    pub(super) list: NodeId,
    /// Whether the list is `imageTags`.
    pub(super) legacy: bool,
    /// Never empty: an empty name is none.
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

impl ImageEntry<'_> {
    pub(super) fn is_alias(&self) -> bool {
        self.item != self.mapping
    }
}

impl<'d> ImageLists<'d> {
    pub(super) fn read(yaml: &'d ParsedYaml<'_>, place: ListsPlace) -> Result<Self, EditError> {
        let mut lists = Self { is_of_kustomization: place == ListsPlace::Document, ..Self::default() };
        let Some(root) = root(yaml, place)? else {
            return Ok(lists);
        };
        lists.root = Some(root);
        for pair in yaml.tree.pairs(root) {
            let Some(key) = yaml.tree.text(pair.key) else {
                continue;
            };
            let seen = if key.eq_ignore_ascii_case("images") {
                &mut lists.images
            } else if key.eq_ignore_ascii_case("imageTags") {
                &mut lists.legacy
            } else {
                continue;
            };
            if let Some(first) = seen.replace(pair) {
                return Err(duplicate(yaml, first, pair));
            }
            let is_legacy = lists.legacy == Some(pair);
            read_list(yaml, pair, is_legacy, &mut lists.entries)?;
        }
        for (key, own) in [("images", lists.images), ("imageTags", lists.legacy)] {
            let merge_key = yaml.tree.pairs(root).map(|pair| pair.key).find(|key| yaml.tree.is_merge_key(*key));
            if let (None, Some(merge_key), Some(_)) = (own, merge_key, inherited(yaml, root, key)) {
                return Err(EditError::refused(yaml, merge_key, ImagesShape::ListInherited { key }));
            }
        }
        Ok(lists)
    }

    /// Returns the named entries in the order in which kustomize applies them: it appends those of `imageTags` to `images`.
    pub(super) fn in_order(&self) -> Vec<&ImageEntry<'d>> {
        let (legacy, current): (Vec<_>, Vec<_>) =
            self.entries.iter().filter(|entry| entry.name.is_some()).partition(|entry| entry.legacy);
        [current, legacy].concat()
    }

    /// Whether a node is in one of the lists.
    pub(super) fn contain(&self, yaml: &ParsedYaml<'_>, node: NodeId) -> bool {
        [self.images, self.legacy].into_iter().flatten().any(|list| yaml.tree.is_within(node, list.value))
    }
}

/// Returns the mapping with the lists. kustomize reads the first document alone, so a second one is refused; Flux skips empty
/// ones.
fn root(yaml: &ParsedYaml<'_>, place: ListsPlace) -> Result<Option<NodeId>, EditError> {
    let is_read = |root: &NodeId| place == ListsPlace::Document || !yaml.tree.is_null(*root);
    let mut documents = yaml.tree.documents.iter().copied().filter(is_read);
    let root = documents.next().filter(|id| !yaml.tree.is_null(*id));
    let second = documents.find(|id| !yaml.tree.is_null(*id));
    let (node, shape) = match (root, second) {
        (Some(_), Some(second)) => (second, ImagesShape::SecondDocument),
        (None, Some(second)) => (second, ImagesShape::FirstDocumentEmpty),
        (Some(root), None) if !matches!(yaml.tree.kind(root), NodeKind::Mapping(_)) => {
            (root, ImagesShape::Root(yaml.type_of(root)))
        }
        (root, _) if place == ListsPlace::Document => return Ok(root),
        (Some(root), _) => match own_spec(yaml, root)? {
            Some(spec) if !matches!(yaml.tree.kind(spec), NodeKind::Mapping(_)) => (spec, ImagesShape::Spec),
            // Without one, it is a part of another file, and has no images.
            spec => return Ok(spec),
        },
        (None, None) => return Ok(None),
    };
    Err(EditError::refused(yaml, node, shape))
}

fn own_spec(yaml: &ParsedYaml<'_>, root: NodeId) -> Result<Option<NodeId>, EditError> {
    let mut pairs = yaml.tree.pairs(root).filter(|pair| yaml.tree.text(pair.key) == Some("spec"));
    match (pairs.next(), pairs.next()) {
        (Some(first), Some(second)) => Err(duplicate(yaml, first, second)),
        (first, _) => Ok(first.map(|pair| pair.value)),
    }
}

fn duplicate(yaml: &ParsedYaml<'_>, first: Pair, second: Pair) -> EditError {
    let key = yaml.tree.text(second.key).unwrap_or_default().to_owned();
    let first = yaml.place(first.key);
    yaml.refuse(second.key, Shape::DuplicateKey { key, first }).into()
}

fn read_list<'d>(
    yaml: &'d ParsedYaml<'_>,
    list: Pair,
    legacy: bool,
    entries: &mut Vec<ImageEntry<'d>>,
) -> Result<(), EditError> {
    let tree = &yaml.tree;
    let key = || tree.text(list.key).unwrap_or_default().to_owned();
    match tree.kind(list.value) {
        NodeKind::Sequence(_) => {}
        NodeKind::Alias(target) => {
            let anchor = yaml.place(*target);
            return Err(EditError::refused(yaml, list.value, ImagesShape::ListAlias { key: key(), anchor }));
        }
        _ if tree.is_null(list.value) => return Ok(()),
        _ => {
            let found = yaml.type_of(list.value);
            return Err(EditError::refused(yaml, list.value, ImagesShape::List { key: key(), found }));
        }
    }
    for item in tree.children(list.value) {
        let mapping = tree.resolve(item);
        if tree.is_null(mapping) {
            continue;
        }
        if !matches!(tree.kind(mapping), NodeKind::Mapping(_)) {
            return Err(EditError::refused(yaml, item, ImagesShape::Entry(yaml.type_of(mapping))));
        }
        let own = read_own(yaml, mapping)?;
        let name = own.name.map(|pair| pair.value).or_else(|| inherited(yaml, mapping, "name"));
        if yaml.type_of(mapping) == NodeType::Template {
            return Err(EditError::refused(yaml, item, ImagesShape::Entry(NodeType::Template)));
        }
        let name = name.and_then(|value| tree.text(value)).filter(|name| !name.is_empty());
        entries.push(ImageEntry { item, mapping, list: list.value, legacy, name, own });
    }
    Ok(())
}

fn read_own(yaml: &ParsedYaml<'_>, mapping: NodeId) -> Result<Own, EditError> {
    let mut own = Own::default();
    for pair in yaml.tree.pairs(mapping) {
        let Some(key) = yaml.tree.text(pair.key) else {
            continue;
        };
        let field = FieldName::ALL.into_iter().find(|field| key.eq_ignore_ascii_case(field.as_str()));
        let seen = match field {
            Some(field) => &mut own.fields[field as usize],
            None if key.eq_ignore_ascii_case("name") => &mut own.name,
            None => continue,
        };
        if let Some(first) = seen.replace(pair) {
            return Err(duplicate(yaml, first, pair));
        }
    }
    let fields = FieldName::ALL.into_iter().filter(|field| own.get(*field).is_some()).map(FieldName::as_str);
    for key in fields.chain(own.name.map(|_| "name")) {
        refuse_merged_over(yaml, mapping, key)?;
    }
    Ok(own)
}

/// Refuses a merge key that brings a field behind the entry's own one, or behind where it is going to be.
pub(super) fn refuse_merged_over(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &'static str) -> Result<(), EditError> {
    match yaml.tree.merged_over(mapping, &|text| text.eq_ignore_ascii_case(key)) {
        Some(merge) => Err(EditError::refused(yaml, merge, ImagesShape::MergedOver { key })),
        None => Ok(()),
    }
}

/// Returns what an entry says of its image, merge keys included; null is nothing.
pub(super) fn fields(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>) -> Fields {
    fields_of(yaml, entry.mapping)
}

/// The same for the mapping of an entry.
pub(super) fn fields_of(yaml: &ParsedYaml<'_>, mapping: NodeId) -> Fields {
    let text = |field: FieldName| {
        let value = effective(yaml, mapping, field.as_str())?;
        let value = yaml.tree.resolve(value);
        if yaml.tree.is_null(value) { None } else { yaml.tree.text(value).map(str::to_owned) }
    };
    Fields {
        new_name: text(FieldName::NewName),
        new_tag: text(FieldName::NewTag),
        digest: text(FieldName::Digest),
        unnamed: Unnamed::AsEntry,
        ..Fields::default()
    }
}

/// Returns the `tagSuffix` of an entry.
pub(super) fn suffix_of(yaml: &ParsedYaml<'_>, mapping: NodeId) -> Option<String> {
    let value = yaml.tree.resolve(effective(yaml, mapping, "tagSuffix")?);
    yaml.tree.text(value).filter(|_| !yaml.tree.is_null(value)).map(str::to_owned)
}

/// Returns the value that a mapping has under `key`, its own or that of a merge key.
pub(super) fn effective(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    yaml.tree.effective(mapping, &|text| text.eq_ignore_ascii_case(key))
}

/// Returns the value that a mapping gets under `key` from its merge keys.
pub(super) fn inherited(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    yaml.tree.inherited(mapping, &|text| text.eq_ignore_ascii_case(key))
}
