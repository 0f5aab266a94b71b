//! The objects of a file: its documents, and the items of a `List` of Kubernetes.

use super::document_kind::{DocumentKind, document_kind, lacks_version};
use super::nodes::{text_of, value_at, value_of};
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

pub(in crate::targets::scalars) struct Object {
    pub(in crate::targets::scalars) kind: DocumentKind,
    pub(in crate::targets::scalars) root: NodeId,
    /// `KIND/NAME`, if it has both.
    pub(in crate::targets::scalars) label: Option<String>,
    /// Whether it would be a manifest if it had an `apiVersion`.
    pub(in crate::targets::scalars) lacks_version: bool,
}

impl Object {
    /// Returns what a name says behind the `KIND/NAME/` of this object; all of it if it does not begin so.
    pub(in crate::targets::scalars) fn without_label<'n>(&self, name: &'n str) -> &'n str {
        let behind = self.label.as_deref().and_then(|label| name.strip_prefix(label)?.strip_prefix('/'));
        behind.unwrap_or(name)
    }
}

/// Returns the objects of the file at `path`. A `List` comes behind its items, and has paths alone.
pub(in crate::targets::scalars) fn objects(path: &str, yaml: &ParsedYaml<'_>) -> Vec<Object> {
    let mut objects = Vec::new();
    for root in yaml.tree.documents.iter().copied() {
        let document = object(path, yaml, root);
        if document.kind == DocumentKind::List {
            let items = value_of(yaml, root, "items").into_iter().flat_map(|items| yaml.tree.children(items));
            // What an alias stands for is an object of the expanded file.
            let items = items.filter(|item| !matches!(yaml.tree.kind(*item), NodeKind::Alias(_)));
            objects.extend(items.map(|item| object(path, yaml, item)));
        }
        objects.push(document);
    }
    objects
}

fn object(path: &str, yaml: &ParsedYaml<'_>, root: NodeId) -> Object {
    let name = value_at(yaml, root, &["metadata", "name"]).and_then(|name| yaml.tree.text(name));
    let label = text_of(yaml, root, "kind").zip(name).map(|(kind, name)| format!("{kind}/{name}"));
    Object { kind: document_kind(path, yaml, root), root, label, lacks_version: lacks_version(yaml, root) }
}
