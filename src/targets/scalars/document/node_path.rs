//! A path to a node, as `helm --set` writes it: keys between dots, `\.` for a dot in a key, `[N]` for an item from 0, and an
//! item of a list also by its `name`. Where helm has no way to write it, a key without characters is `""`.

use super::nodes::text_of;
use super::slot::Slot;
use super::walk::{EMPTY_KEY, path_to};
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::yaml::{NodeId, NodeKind, Pair, ParsedYaml};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A key of a mapping, or the `name` of an item.
    Key(String),
    Index(usize),
}

/// A path from some node on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::targets::scalars) struct NodePath(Vec<Step>);

/// Where a path leads.
pub(in crate::targets::scalars) struct Found {
    pub(in crate::targets::scalars) slot: Slot,
    /// The nodes on the way, the last one included.
    pub(in crate::targets::scalars) trail: Vec<NodeId>,
}

impl NodePath {
    /// Reads a path; `None` if it is not one.
    pub(in crate::targets::scalars) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(index) = rest.strip_prefix('[') {
                let (digits, after) = index.split_once(']')?;
                let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                steps.push(Step::Index(digits.parse().ok().filter(|_| is_number)?));
                rest = match after.strip_prefix('.') {
                    Some("") => return None,
                    Some(next) => next,
                    None if after.is_empty() || after.starts_with('[') => after,
                    None => return None,
                };
                continue;
            }
            let mut key = String::new();
            let mut characters = rest.char_indices();
            let mut end = rest.len();
            let mut next = rest.len();
            while let Some((at, character)) = characters.next() {
                match character {
                    '\\' => key.push(characters.next()?.1),
                    '.' => {
                        (end, next) = (at, at + 1);
                        break;
                    }
                    '[' => {
                        (end, next) = (at, at);
                        break;
                    }
                    character => key.push(character),
                }
            }
            if key.is_empty() || (next > end && next == rest.len()) {
                return None;
            }
            steps.push(Step::Key(if &rest[..end] == EMPTY_KEY { String::new() } else { key }));
            rest = &rest[next..];
        }
        (!steps.is_empty()).then_some(Self(steps))
    }

    /// Follows the path from `root`. Returns nothing if it leads nowhere.
    ///
    /// # Errors
    ///
    /// An alias or a merge key is on the way, a key is there twice, or two items have the name.
    pub(in crate::targets::scalars) fn follow(
        &self,
        yaml: &ParsedYaml<'_>,
        root: NodeId,
    ) -> Result<Option<Found>, FileRefusal> {
        let tree = &yaml.tree;
        let mut slot = Slot { key: None, value: root, parent: root };
        let mut trail = vec![root];
        for step in &self.0 {
            let node = slot.value;
            refuse_alias(yaml, node)?;
            let next = match (step, tree.kind(node)) {
                (Step::Key(key), NodeKind::Mapping(_)) => own_pair(yaml, node, key)?.map(|pair| Slot::of(node, pair)),
                (Step::Key(name), NodeKind::Sequence(_)) => item_called(yaml, node, name)?,
                (Step::Index(index), NodeKind::Sequence(_)) => {
                    tree.children(node).nth(*index).map(|item| Slot { key: None, value: item, parent: node })
                }
                _ => None,
            };
            let Some(next) = next else { return Ok(None) };
            trail.push(next.value);
            slot = next;
        }
        Ok(Some(Found { slot, trail }))
    }
}

/// Returns the pair of a mapping under `key`.
///
/// # Errors
///
/// The key is there twice, or only a merge key brings it.
pub(in crate::targets::scalars) fn own_pair(
    yaml: &ParsedYaml<'_>,
    mapping: NodeId,
    key: &str,
) -> Result<Option<Pair>, FileRefusal> {
    let is_key = |text: &str| text == key;
    let mut pairs = yaml.tree.pairs_under(mapping, key);
    match (pairs.next(), pairs.next()) {
        (Some(first), Some(second)) => Err(FileRefusal::repeated_key(yaml, first.key, second.key)),
        (None, _) => match yaml.tree.inherited(mapping, &is_key) {
            Some(from) => Err(FileRefusal::at(
                yaml,
                mapping,
                format!("`{key}` comes from a merge key (`<<`), from {}", yaml.place(from)),
                match path_to(yaml, from) {
                    Some(path) => format!("write `{key}` out here, or edit `.{path}`, where it is written"),
                    None => format!("write `{key}` out here, or edit the mapping that it comes from"),
                },
            )),
            None => Ok(None),
        },
        (first, None) => match yaml.tree.merged_over(mapping, &is_key) {
            Some(merge) => Err(FileRefusal::at(
                yaml,
                merge,
                format!("this merge key brings `{key}` too, and what comes last counts for most readers"),
                "move `<<` to the top of the mapping",
            )),
            None => Ok(first),
        },
    }
}

fn item_called(yaml: &ParsedYaml<'_>, list: NodeId, name: &str) -> Result<Option<Slot>, FileRefusal> {
    let has_name = |item: &NodeId| text_of(yaml, yaml.tree.resolve(*item), "name") == Some(name);
    let mut items = yaml.tree.children(list).filter(has_name);
    match (items.next(), items.next()) {
        (Some(_), Some(second)) => Err(FileRefusal::at(
            yaml,
            second,
            format!("two items of the list are named `{name}`"),
            "name the item by its index, as in `[0]`",
        )),
        (item, _) => Ok(item.map(|item| Slot { key: None, value: item, parent: list })),
    }
}

/// Refuses an alias, and tells where the value itself is.
pub(in crate::targets::scalars) fn refuse_alias(yaml: &ParsedYaml<'_>, node: NodeId) -> Result<(), FileRefusal> {
    let NodeKind::Alias(target) = yaml.tree.kind(node) else { return Ok(()) };
    let place = yaml.place(*target);
    let hint = match path_to(yaml, *target) {
        Some(path) => format!("edit `.{path}` at {place}, which this is an alias of, or write the value out here"),
        None => format!("edit the anchor at {place}, or write the value out here"),
    };
    Err(FileRefusal::at(yaml, node, "this is an alias", hint))
}

#[cfg(test)]
mod tests {
    use super::{NodePath, Step};

    #[test]
    fn a_path_is_written_as_helm_writes_it() {
        let key = |text: &str| Step::Key(text.to_owned());
        for (text, steps) in [
            ("image", vec![key("image")]),
            ("a.b", vec![key("a"), key("b")]),
            (r"a\.b.c", vec![key("a.b"), key("c")]),
            ("a[0].b", vec![key("a"), Step::Index(0), key("b")]),
            ("a[0][1]", vec![key("a"), Step::Index(0), Step::Index(1)]),
            ("[2].b", vec![Step::Index(2), key("b")]),
        ] {
            assert_eq!(NodePath::parse(text), Some(NodePath(steps)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path() {
        for text in ["", ".", "a.", "a..b", "a[", "a[x]", "a[0]b", "a[0].", "a[-1]", "a[]", r"a\"] {
            assert_eq!(NodePath::parse(text), None, "{text}");
        }
    }
}
