//! What an edited kustomization must be: the old document with the asked fields changed, and nothing else. What "changed"
//! means is taken from the arguments, not from the plan, so that a wrong plan shows.

use super::entry::{ImageEntry, ImageLists, ListsPlace, effective};
use super::requested::Requested;
use crate::image::{Field, ImageArgument, ImageChange};
use crate::targets::edit::{Absent, FieldName};
use crate::yaml::{Difference, NodeComparison, NodeId, NodeKind, Pair, ParsedYaml, ScalarStyle, differs, is_string};

/// Reads the entries of an edited text; a refusal of what the edit made is a difference.
pub(super) fn reread<'d>(new: &'d ParsedYaml<'_>, place: ListsPlace) -> Result<ImageLists<'d>, Difference> {
    ImageLists::read(new, place).or_else(|error| differs(format!("the new text: {error}")))
}

/// Compares one reader's view of the old text and the new one.
pub(super) fn judge(
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    requested: &Requested<'_>,
    absent: Absent,
    place: ListsPlace,
) -> Result<(), Difference> {
    let (old_lists, new_lists) = (reread(old, place)?, reread(new, place)?);
    let appended = match absent {
        Absent::Report => Vec::new(),
        Absent::Append => requested.missing_in(&old_lists.entries),
    };
    let nodes = NodeComparison::new(old, new);
    let mut images = ImagesComparison { nodes, requested, appended: &appended };
    match place {
        ListsPlace::Document => images.documents(&old_lists, &new_lists),
        ListsPlace::Spec => images.around_spec(&old_lists, &new_lists),
    }
}

struct ImagesComparison<'p, 'd> {
    nodes: NodeComparison<'p, 'd>,
    requested: &'p Requested<'p>,
    appended: &'p [&'p ImageArgument],
}

impl ImagesComparison<'_, '_> {
    /// Compares documents whose lists are in `spec`: everything else is what it was.
    fn around_spec(&mut self, old_lists: &ImageLists<'_>, new_lists: &ImageLists<'_>) -> Result<(), Difference> {
        let roots = |yaml: &ParsedYaml<'_>| -> Vec<NodeId> {
            yaml.tree.documents.iter().copied().filter(|root| !yaml.tree.is_null(*root)).collect()
        };
        let (old_roots, new_roots) = (roots(self.nodes.old), roots(self.nodes.new));
        let ([old_root], [new_root]) = (old_roots.as_slice(), new_roots.as_slice()) else {
            return differs("the file has another number of documents");
        };
        self.nodes.node(*old_root, *new_root, "the document")?;
        let old_pairs: Vec<Pair> = self.nodes.old.tree.pairs(*old_root).collect();
        let new_pairs: Vec<Pair> = self.nodes.new.tree.pairs(*new_root).collect();
        if old_pairs.len() != new_pairs.len() {
            return differs("the document has other fields than before");
        }
        for (old, new) in old_pairs.into_iter().zip(new_pairs) {
            self.nodes.subtree(old.key, new.key, "a key of the document")?;
            if old_lists.root == Some(old.value) && new_lists.root == Some(new.value) {
                self.documents(old_lists, new_lists)?;
            } else {
                self.nodes.subtree(old.value, new.value, "a field").map_err(|difference| difference.at(old.key))?;
            }
        }
        Ok(())
    }

    fn documents(&mut self, old_lists: &ImageLists<'_>, new_lists: &ImageLists<'_>) -> Result<(), Difference> {
        let Some(new_root) = new_lists.root else {
            return if old_lists.root.is_none() { Ok(()) } else { differs("the new document is empty") };
        };
        let old_pairs: Vec<Pair> =
            old_lists.root.map_or_else(Vec::new, |root| self.nodes.old.tree.pairs(root).collect());
        let mut new_pairs: Vec<Pair> = self.nodes.new.tree.pairs(new_root).collect();
        if let Some(old_root) = old_lists.root {
            self.nodes.node(old_root, new_root, "the document")?;
        }
        let created = match (old_lists.images, new_lists.images) {
            (None, Some(created)) => {
                new_pairs.retain(|pair| *pair != created);
                Some(created.value)
            }
            _ => None,
        };
        if old_pairs.len() != new_pairs.len() {
            return differs("the document has other fields than before");
        }
        let mut old_entries = old_lists.entries.iter().peekable();
        let mut new_entries = new_lists.entries.iter().filter(|entry| Some(entry.list) != created).peekable();
        for (old, new) in old_pairs.into_iter().zip(new_pairs) {
            self.nodes.subtree(old.key, new.key, "a key of the document")?;
            let is_list = |pair: Option<Pair>| pair.is_some_and(|pair| pair == old);
            let legacy = old_entries.peek().is_some_and(|entry| entry.legacy && entry.list == old.value);
            if is_list(old_lists.images) || legacy {
                let old_entries = std::iter::from_fn(|| old_entries.next_if(|entry| entry.list == old.value));
                let new_entries = std::iter::from_fn(|| new_entries.next_if(|entry| entry.list == new.value));
                let appended = if is_list(old_lists.images) { self.appended } else { &[] };
                self.list(old, new, old_entries.collect(), new_entries.collect(), appended)?;
            } else {
                let name = self.nodes.old.tree.text(old.key).unwrap_or("a field");
                self.nodes.subtree(old.value, new.value, name).map_err(|difference| difference.at(old.key))?;
            }
        }
        match created {
            None if old_lists.images.is_none() && !self.appended.is_empty() => differs("`images` is not there"),
            None => Ok(()),
            Some(list) => {
                let entries: Vec<_> = new_lists.entries.iter().filter(|entry| entry.list == list).collect();
                self.new_entries(list, &entries, self.appended)
            }
        }
    }

    fn list(
        &mut self,
        old: Pair,
        new: Pair,
        old_entries: Vec<&ImageEntry<'_>>,
        new_entries: Vec<&ImageEntry<'_>>,
        appended: &[&ImageArgument],
    ) -> Result<(), Difference> {
        let was_empty = self.nodes.old.tree.children(old.value).next().is_none();
        if appended.is_empty() || !was_empty {
            self.nodes.node(old.value, new.value, "images")?;
        } else if self.nodes.old.tree.tag(old.value) != self.nodes.new.tree.tag(new.value) {
            return differs("`images` has another tag");
        } else {
            self.nodes.anchor(old.value, new.value, "images")?;
        }
        let old_items: Vec<NodeId> = self.nodes.old.tree.children(old.value).collect();
        let new_items: Vec<NodeId> = self.nodes.new.tree.children(new.value).collect();
        if old_items.len() + appended.len() != new_items.len() || new_entries.len() < old_entries.len() {
            return differs("`images` has another number of entries");
        }
        let mut entries = old_entries.iter().zip(&new_entries).peekable();
        for (old_item, new_item) in old_items.into_iter().zip(new_items) {
            let entry = entries.next_if(|(old, _)| old.item == old_item);
            match entry.and_then(|(old, new)| Some((old, new, self.requested.of(old)?))) {
                Some((old, new, argument)) if new.item == new_item && !old.is_alias() => {
                    self.entry(old, new, &argument.change)
                }
                _ => self.nodes.subtree(old_item, new_item, "an entry"),
            }
            .map_err(|difference| difference.at(old_item))?;
        }
        self.new_entries(new.value, new_entries.get(old_entries.len()..).unwrap_or_default(), appended)
    }

    fn entry(&mut self, old: &ImageEntry<'_>, new: &ImageEntry<'_>, change: &ImageChange) -> Result<(), Difference> {
        let name = old.name.unwrap_or_default();
        self.nodes.node(old.mapping, new.mapping, name)?;
        // Aliases of the three may stand before them, in the order in which they are compared.
        for field in FieldName::ALL {
            if let (Some(old), Some(new)) = (old.own.get(field), new.own.get(field)) {
                self.nodes.anchor(old.value, new.value, name)?;
            }
        }
        let untouched = |entry: &ImageEntry<'_>, pair: &Pair| {
            FieldName::ALL.into_iter().all(|field| entry.own.get(field) != Some(*pair))
        };
        let mut old_pairs = self.nodes.old.tree.pairs(old.mapping).filter(|pair| untouched(old, pair));
        let mut new_pairs = self.nodes.new.tree.pairs(new.mapping).filter(|pair| untouched(new, pair));
        loop {
            match (old_pairs.next(), new_pairs.next()) {
                (Some(old), Some(new)) => {
                    self.nodes.subtree(old.key, new.key, name)?;
                    self.nodes.subtree(old.value, new.value, name)?;
                }
                (None, None) => break,
                _ => return differs(format!("`{name}` has other fields than asked for")),
            }
        }
        for field in FieldName::ALL {
            self.field(old, new, field, field.asked(change))?;
        }
        Ok(())
    }

    fn field(
        &self,
        old: &ImageEntry<'_>,
        new: &ImageEntry<'_>,
        field: FieldName,
        asked: Field<&str>,
    ) -> Result<(), Difference> {
        let name = old.name.unwrap_or_default();
        let old_value = effective(self.nodes.old, old.mapping, field.as_str());
        let new_value = effective(self.nodes.new, new.mapping, field.as_str());
        let is_so = match (asked, new_value) {
            (Field::Set(value), Some(node)) => self.is_now(node, value),
            (Field::Set(_), None) => false,
            (Field::Remove, value) => {
                new.own.get(field).is_none() && value.is_none_or(|node| self.nodes.new.tree.is_null(node))
            }
            (Field::Keep, Some(new)) => old_value.is_some_and(|old| self.is_kept(old, new)),
            (Field::Keep, None) => old_value.is_none(),
        };
        if is_so { Ok(()) } else { differs(format!("{field} of `{name}` is not what was asked for")) }
    }

    /// Whether a new node is a string of this text to every reader.
    fn is_now(&self, node: NodeId, text: &str) -> bool {
        let tree = &self.nodes.new.tree;
        tree.text(node) == Some(text) && is_string(tree, node)
    }

    /// A kept value is the same, or the same text with quotes if it was no string before.
    fn is_kept(&self, old: NodeId, new: NodeId) -> bool {
        let (old_tree, new_tree) = (&self.nodes.old.tree, &self.nodes.new.tree);
        if self.nodes.is_same_kind(old, new) {
            return old_tree.tag(old) == new_tree.tag(new)
                && old_tree.subtree(old).len() == new_tree.subtree(new).len();
        }
        let was_plain = matches!(old_tree.kind(old_tree.resolve(old)), NodeKind::Scalar(_, ScalarStyle::Plain));
        let is_alias = matches!(new_tree.kind(new), NodeKind::Alias(_));
        was_plain && !is_alias && old_tree.text(old).is_some_and(|text| self.is_now(new, text))
    }

    /// New entries have the fields of their arguments, in the order of these, and no others.
    fn new_entries(
        &self,
        list: NodeId,
        entries: &[&ImageEntry<'_>],
        appended: &[&ImageArgument],
    ) -> Result<(), Difference> {
        if entries.len() != appended.len() {
            return differs("`images` has another number of new entries");
        }
        for (entry, argument) in entries.iter().zip(appended) {
            let is = |key: &str, value: &str| {
                let node = effective(self.nodes.new, entry.mapping, key);
                node.is_some_and(|node| self.is_now(node, value))
            };
            let mut fields = 1;
            let mut is_so = entry.list == list && is("name", argument.name.as_str());
            for field in FieldName::ALL {
                if let Field::Set(value) = field.asked(&argument.change) {
                    fields += 1;
                    is_so &= is(field.as_str(), value);
                }
            }
            if !is_so || self.nodes.new.tree.pairs(entry.mapping).count() != fields {
                return differs(format!("the new entry `{}` is not what was asked for", argument.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{judge, reread};
    use crate::image::ImageArgument;
    use crate::targets::edit::Absent;
    use crate::targets::kustomization::entry::ListsPlace;
    use crate::targets::kustomization::requested::Requested;
    use crate::yaml::{Difference, SourceText, read};

    /// Returns what differs between `new` and what the arguments make of `old`, and the rest of `old` from there, if that is
    /// known.
    fn difference(old: &str, new: &str, arguments: &[&str], absent: Absent) -> Option<(String, Option<String>)> {
        let arguments: Vec<ImageArgument> = arguments.iter().map(|text| text.parse().unwrap()).collect();
        let requested = Requested::new(&arguments);
        let (old, new) = (SourceText::read(old.as_bytes()).unwrap(), SourceText::read(new.as_bytes()).unwrap());
        let (old, new) = (read(&old).unwrap(), read(&new).unwrap());
        let Difference { text, node } = judge(&old, &new, &requested, absent, ListsPlace::Document).err()?;
        Some((text, node.map(|node| old.source.text[old.tree.start(node)..].to_owned())))
    }

    const OLD: &str = "kind: K\nimages: # i\n- name: a\n  newTag: v0\n- name: app\n  newName: x\n  newTag: v1\n  tagSuffix: s\nz: [1, {b: c}]\n";

    fn changed(from: &str, to: &str) -> Option<(String, Option<String>)> {
        assert!(OLD.contains(from), "{from}");
        difference(OLD, &OLD.replace("newTag: v1", "newTag: v2").replace(from, to), &["app=*:v2"], Absent::Report)
    }

    #[test]
    fn what_was_asked_for_is_proved() {
        assert_eq!(changed("kind", "kind"), None);
        assert_eq!(changed("# i", "# another comment is no other document"), None);
        let appended = format!("{}- name: b\n  newTag: \"7\"\n", OLD.split("z:").next().unwrap());
        assert_eq!(
            difference(&appended.replace("- name: b\n  newTag: \"7\"\n", ""), &appended, &["b:7"], Absent::Append),
            None
        );
    }

    #[test]
    fn anything_else_is_not() {
        for (from, to) in [
            ("kind: K", "kind: L"),
            ("kind: K", "kind: 'K'"),
            ("kind: K", "kind: !x K"),
            ("kind: K", "kind: &x K"),
            ("kind: K\n", ""),
            ("kind: K\n", "kind: K\nmore: 1\n"),
            ("kind:", "Kind:"),
            ("[1, {b: c}]", "[1, {b: d}]"),
            ("[1, {b: c}]", "[1, [b, c]]"),
            ("[1, {b: c}]", "[[1], {b: c}]"),
            ("images:", "Images:"),
            ("- name: a\n  newTag: v0\n", ""),
            ("- name: a\n", "- name: a\n- name: b\n"),
            ("newTag: v0", "newTag: v2"),
            ("name: a\n  newTag: v0", "newTag: v0\n  name: a"),
            ("newName: x", "newName: y"),
            ("newName: x\n", "newName: x\n  digest: d\n"),
            ("  newName: x\n", ""),
            ("tagSuffix: s", "tagSuffix: t"),
            ("  tagSuffix: s\n", ""),
            ("name: app", "name: 'app'"),
            ("- name: app", "- &a\n  name: app"),
        ] {
            assert!(changed(from, to).is_some(), "{from:?} became {to:?}");
        }
    }

    #[test]
    fn the_place_of_a_difference_is_told() {
        for (from, to, expected) in [
            ("[1, {b: c}]", "[1, {b: d}]", "z: "),
            ("newTag: v0", "newTag: v2", "name: a\n"),
            ("newName: x", "newName: y", "name: app\n"),
            ("tagSuffix: s", "tagSuffix: t", "name: app\n"),
        ] {
            let (text, place) = changed(from, to).unwrap();
            assert!(place.as_ref().is_some_and(|place| place.starts_with(expected)), "{from}: {text}: {place:?}");
        }
    }

    #[test]
    fn the_asked_values_must_be_there() {
        let text = |entry: &str| format!("images:\n- {entry}\n");
        for (old, new, argument) in [
            ("{name: app, newTag: v1}", "{name: app, newTag: v1}", "app:v2"),
            ("{name: app, newTag: v1}", "{name: app}", "app:v2"),
            ("{name: app, newTag: v1}", "{name: app, newTag: 1.10}", "app:1.10"),
            ("{name: app, newTag: v1}", "{name: app, newTag: !!int \"7\"}", "app:7"),
            ("{name: app, newTag: v1, newName: x}", "{name: app, newTag: v2, newName: x}", "app:v2"),
            ("{name: app, newTag: v1}", "{name: app, newTag: v2, tagSuffix: x}", "app:v2"),
            ("{name: app, newTag: v1}", "[name, newTag]", "app:v2"),
        ] {
            let (old, new) = (text(old), text(new));
            let source = SourceText::read(new.as_bytes()).unwrap();
            let is_readable = read(&source).is_ok_and(|yaml| reread(&yaml, ListsPlace::Document).is_ok());
            assert!(!is_readable || difference(&old, &new, &[argument], Absent::Report).is_some(), "{new}");
        }
        let old = text("name: app");
        for new in ["name: b", "name: b\n  newTag: v4", "name: b\n  newTag: v3\n  digest: d", "{newTag: v3}"] {
            let new = format!("{old}- {new}\n");
            assert!(difference(&old, &new, &["b:v3"], Absent::Append).is_some(), "{new}");
        }
        assert!(difference(&old, &old, &["b:v3"], Absent::Append).is_some(), "nothing was appended");
    }

    #[test]
    fn an_alias_must_stand_for_what_it_did() {
        let old = "a: &a 1\nb: &b 1\nc: *a\nimages:\n- name: app\n";
        let new = old.replace("name: app", "name: app\n  newTag: v2");
        assert_eq!(difference(old, &new, &["app:v2"], Absent::Report), None);
        assert!(difference(old, &new.replace("*a", "*b"), &["app:v2"], Absent::Report).is_some());
    }
}
