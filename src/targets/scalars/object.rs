//! The objects of a file: its documents, and the items of a `List` of Kubernetes.

use super::document_kind::{DocumentKind, document_kind, lacks_version, text_of, value_of};
use crate::yaml::{NodeId, NodeKind, ParsedYaml};

pub(super) struct Object {
    pub(super) kind: DocumentKind,
    pub(super) root: NodeId,
    /// `KIND/NAME`, if it has both.
    pub(super) label: Option<String>,
    /// Whether it would be a manifest if it had an `apiVersion`.
    pub(super) lacks_version: bool,
}

impl Object {
    /// Returns what a name says behind the `KIND/NAME/` of this object; all of it if it does not begin so.
    pub(super) fn without_label<'n>(&self, name: &'n str) -> &'n str {
        let behind = self.label.as_deref().and_then(|label| name.strip_prefix(label)?.strip_prefix('/'));
        behind.unwrap_or(name)
    }
}

/// Returns the objects of the file at `path`.
pub(super) fn objects(path: &str, yaml: &ParsedYaml<'_>) -> Vec<Object> {
    let mut objects = Vec::new();
    for root in yaml.tree.documents.iter().copied() {
        let is_list = text_of(yaml, root, "kind") == Some("List") && text_of(yaml, root, "apiVersion").is_some();
        let items = value_of(yaml, root, "items").filter(|_| is_list);
        match items.filter(|items| matches!(yaml.tree.kind(*items), NodeKind::Sequence(_))) {
            Some(items) => objects.extend(yaml.tree.children(items).map(|item| object(path, yaml, item))),
            None => objects.push(object(path, yaml, root)),
        }
    }
    objects
}

fn object(path: &str, yaml: &ParsedYaml<'_>, root: NodeId) -> Object {
    let name = value_of(yaml, root, "metadata").and_then(|metadata| text_of(yaml, metadata, "name"));
    let label = text_of(yaml, root, "kind").zip(name).map(|(kind, name)| format!("{kind}/{name}"));
    Object { kind: document_kind(path, yaml, root), root, label, lacks_version: lacks_version(yaml, root) }
}
