//! What a file says that it is. A Deployment, the values of a chart and Flux's own `Kustomization` are no kustomization, and
//! an `images` list in them is nothing that kustomize reads.

use crate::targets::edit::OtherKind;
use crate::yaml::{NodeId, Pair, ParsedYaml};

/// The kinds that kustomize reads.
const KINDS: [&str; 2] = ["Kustomization", "Component"];
const GROUP: &str = "kustomize.config.k8s.io/";

/// Returns what the document at `root` says that it is, and where, if that is no kustomization.
pub(super) fn other_kind(yaml: &ParsedYaml<'_>, root: NodeId) -> Option<(NodeId, OtherKind)> {
    let (kind, version) = (field(yaml, root, "kind"), field(yaml, root, "apiVersion"));
    let text = |pair: Option<Pair>| pair.and_then(|pair| yaml.tree.text(pair.value));
    let is_ours = |text: &str, ours: &dyn Fn(&str) -> bool| text.is_empty() || text.contains("{{") || ours(text);
    let is_kind = text(kind).is_none_or(|kind| is_ours(kind, &|kind| KINDS.contains(&kind)));
    // A version without a group says nothing beside the kind, as in `apiVersion: v1beta1`.
    let has_kind = text(kind).is_some_and(|kind| KINDS.contains(&kind));
    let is_group_ours = |version: &str| version.starts_with(GROUP) || (has_kind && !version.contains('/'));
    let is_group = text(version).is_none_or(|version| is_ours(version, &is_group_ours));
    if is_kind && is_group {
        return None;
    }
    let [kind_text, version_text] = [kind, version].map(|pair| text(pair).unwrap_or_default().to_owned());
    let place = kind.or(version).map_or(root, |pair| pair.value);
    Some((place, OtherKind { kind: kind_text, version: version_text }))
}

/// Returns whether the document at `root` says that it is a kustomization.
pub(in crate::targets) fn says_so(yaml: &ParsedYaml<'_>, root: NodeId) -> bool {
    let text = |name: &str| field(yaml, root, name).and_then(|pair| yaml.tree.text(pair.value));
    let has_kind = text("kind").is_some_and(|kind| KINDS.contains(&kind));
    let has_group = text("apiVersion").is_some_and(|version| version.starts_with(GROUP));
    (has_kind || has_group) && other_kind(yaml, root).is_none()
}

fn field(yaml: &ParsedYaml<'_>, root: NodeId, name: &str) -> Option<Pair> {
    let is_field = |pair: &Pair| yaml.tree.text(pair.key).is_some_and(|key| key.eq_ignore_ascii_case(name));
    yaml.tree.pairs(root).find(is_field)
}
