//! The proof: an edited text is used only if both readers find in it the old document with the asked fields changed,
//! and nothing else. What "changed" means is taken from the arguments, not from the plan, so that a wrong plan shows.

use std::collections::HashMap;

use super::entry::{Entry, Images, effective};
use super::parse::{Document, parse};
use super::scalar::is_string;
use super::source::Source;
use super::splice::{Splice, is_outside_equal};
use super::tree::{Kind, NodeId, Pair, Style};
use super::wish::{Wish, Wishes};
use super::{EditError, FieldName, second_reader};
use crate::image::{ImageArgument, ImageChange};

fn differs<T>(difference: impl Into<String>) -> Result<T, EditError> {
    Err(EditError::Unproved { difference: difference.into() })
}

/// Reads an edited text; that it can be read is the first part of the proof.
pub(super) fn reparse<'d>(source: &'d Source<'d>) -> Result<Document<'d>, EditError> {
    parse(source).or_else(|error| differs(format!("the new text cannot be read: {error}")))
}

/// Proves that `new` is `old` with what the arguments ask for.
pub(super) fn prove(
    (old, old_images): (&Document<'_>, &Images<'_>),
    (new, new_images): (&Document<'_>, &Images<'_>),
    splices: &[Splice],
    wishes: &Wishes<'_>,
    appended: &[&ImageArgument],
) -> Result<(), EditError> {
    if !is_outside_equal(old.source.text, new.source.text, splices) {
        return differs("bytes changed that were not to change");
    }
    let anchors = HashMap::new();
    Comparison { old, new, wishes, appended, anchors }.documents(old_images, new_images)?;
    if second_reader::agrees(&new.tree, &new.source.readable) {
        return Ok(());
    }
    // The readers differ. If they did so before, the second one judges by its own reading of both texts, and where it
    // could not read the old one it is no judge.
    let Ok(second_old) = second_reader::read(old.source) else {
        return Ok(());
    };
    match second_reader::read(new.source) {
        Ok(second_new) => compare(&second_old, &second_new, wishes, appended)
            .or_else(|error| differs(format!("the second reader: {error}"))),
        Err(unread) => differs(format!("the second reader cannot read the new text: {unread}")),
    }
}

/// Reads the entries of an edited text; a refusal of what the edit made is a difference.
pub(super) fn reread<'d>(new: &'d Document<'_>) -> Result<Images<'d>, EditError> {
    Images::read(new).or_else(|error| differs(format!("the new text: {error}")))
}

fn compare(
    old: &Document<'_>,
    new: &Document<'_>,
    wishes: &Wishes<'_>,
    appended: &[&ImageArgument],
) -> Result<(), EditError> {
    let (old_images, new_images) = (reread(old)?, reread(new)?);
    Comparison { old, new, wishes, appended, anchors: HashMap::new() }.documents(&old_images, &new_images)
}

struct Comparison<'p, 'd> {
    old: &'p Document<'d>,
    new: &'p Document<'d>,
    wishes: &'p Wishes<'p>,
    appended: &'p [&'p ImageArgument],
    /// Which new node stands for which old one, of those that have an anchor.
    anchors: HashMap<NodeId, NodeId>,
}

impl Comparison<'_, '_> {
    fn documents(&mut self, old_images: &Images<'_>, new_images: &Images<'_>) -> Result<(), EditError> {
        let Some(new_root) = self.new.root else {
            return if self.old.root.is_none() { Ok(()) } else { differs("the new document is empty") };
        };
        let old_pairs: Vec<Pair> = self.old.root.map_or_else(Vec::new, |root| self.old.tree.pairs(root).collect());
        let mut new_pairs: Vec<Pair> = self.new.tree.pairs(new_root).collect();
        if let Some(old_root) = self.old.root {
            self.node(old_root, new_root, "the document")?;
        }
        let created = match (old_images.images, new_images.images) {
            (None, Some(created)) => {
                new_pairs.retain(|pair| *pair != created);
                Some(created.value)
            }
            _ => None,
        };
        if old_pairs.len() != new_pairs.len() {
            return differs("the document has other fields than before");
        }
        let mut old_entries = old_images.entries.iter().peekable();
        let mut new_entries = new_images.entries.iter().filter(|entry| Some(entry.list) != created).peekable();
        for (old, new) in old_pairs.into_iter().zip(new_pairs) {
            self.subtree(old.key, new.key, "a key of the document")?;
            let is_list = |pair: Option<Pair>| pair.is_some_and(|pair| pair == old);
            let legacy = old_entries.peek().is_some_and(|entry| entry.legacy && entry.list == old.value);
            if is_list(old_images.images) || legacy {
                let old_entries = std::iter::from_fn(|| old_entries.next_if(|entry| entry.list == old.value));
                let new_entries = std::iter::from_fn(|| new_entries.next_if(|entry| entry.list == new.value));
                let appended = if is_list(old_images.images) { self.appended } else { &[] };
                self.list(old, new, old_entries.collect(), new_entries.collect(), appended)?;
            } else {
                self.subtree(old.value, new.value, self.old.tree.text(old.key).unwrap_or("a field"))?;
            }
        }
        match created {
            None if old_images.images.is_none() && !self.appended.is_empty() => differs("`images` is not there"),
            None => Ok(()),
            Some(list) => {
                let entries: Vec<_> = new_images.entries.iter().filter(|entry| entry.list == list).collect();
                self.new_entries(list, &entries, self.appended)
            }
        }
    }

    /// Compares one node with another, without what is in them.
    fn node(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), EditError> {
        let (old_tree, new_tree) = (&self.old.tree, &self.new.tree);
        let is_equal = match (old_tree.kind(old), new_tree.kind(new)) {
            (Kind::Alias(old), Kind::Alias(new)) => self.anchors.get(old) == Some(new),
            (old, new) => old == new,
        };
        if !is_equal || old_tree.tag(old) != new_tree.tag(new) {
            return differs(format!("`{what}` is not what it was"));
        }
        self.anchor(old, new, what)
    }

    fn anchor(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), EditError> {
        match (self.old.tree.is_anchored(old), self.new.tree.is_anchored(new)) {
            (false, false) => Ok(()),
            (true, true) => {
                self.anchors.insert(old, new);
                Ok(())
            }
            _ => differs(format!("`{what}` has an anchor more or less")),
        }
    }

    fn subtree(&mut self, old: NodeId, new: NodeId, what: &str) -> Result<(), EditError> {
        let (old_nodes, new_nodes) = (self.old.tree.subtree(old), self.new.tree.subtree(new));
        if old_nodes.len() != new_nodes.len() {
            return differs(format!("`{what}` is not what it was"));
        }
        for (old, new) in old_nodes.zip(new_nodes) {
            self.node(old, new, what)?;
            let is_as_deep = self.old.tree.subtree(old).len() == self.new.tree.subtree(new).len();
            if !is_as_deep {
                return differs(format!("`{what}` is not what it was"));
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        old: Pair,
        new: Pair,
        old_entries: Vec<&Entry<'_>>,
        new_entries: Vec<&Entry<'_>>,
        appended: &[&ImageArgument],
    ) -> Result<(), EditError> {
        let was_empty = self.old.tree.children(old.value).next().is_none();
        if appended.is_empty() || !was_empty {
            self.node(old.value, new.value, "images")?;
        } else if self.old.tree.tag(old.value) != self.new.tree.tag(new.value) {
            return differs("`images` has another tag");
        } else {
            self.anchor(old.value, new.value, "images")?;
        }
        let old_items: Vec<NodeId> = self.old.tree.children(old.value).collect();
        let new_items: Vec<NodeId> = self.new.tree.children(new.value).collect();
        if old_items.len() + appended.len() != new_items.len() || new_entries.len() < old_entries.len() {
            return differs("`images` has another number of entries");
        }
        let mut entries = old_entries.iter().zip(&new_entries).peekable();
        for (old_item, new_item) in old_items.into_iter().zip(new_items) {
            let entry = entries.next_if(|(old, _)| old.item == old_item);
            match entry.and_then(|(old, new)| Some((old, new, self.wishes.of(old)?))) {
                Some((old, new, argument)) if new.item == new_item && !old.is_alias() => {
                    self.entry(old, new, &argument.change)?;
                }
                _ => self.subtree(old_item, new_item, "an entry")?,
            }
        }
        self.new_entries(new.value, new_entries.get(old_entries.len()..).unwrap_or_default(), appended)
    }

    fn entry(&mut self, old: &Entry<'_>, new: &Entry<'_>, change: &ImageChange) -> Result<(), EditError> {
        let name = old.name.unwrap_or_default();
        self.node(old.mapping, new.mapping, name)?;
        let untouched = |entry: &Entry<'_>, pair: &Pair| {
            FieldName::ALL.into_iter().all(|field| entry.own.get(field) != Some(*pair))
        };
        let mut old_pairs = self.old.tree.pairs(old.mapping).filter(|pair| untouched(old, pair));
        let mut new_pairs = self.new.tree.pairs(new.mapping).filter(|pair| untouched(new, pair));
        loop {
            match (old_pairs.next(), new_pairs.next()) {
                (Some(old), Some(new)) => {
                    self.subtree(old.key, new.key, name)?;
                    self.subtree(old.value, new.value, name)?;
                }
                (None, None) => break,
                _ => return differs(format!("`{name}` has other fields than asked for")),
            }
        }
        for field in FieldName::ALL {
            if let (Some(old), Some(new)) = (old.own.get(field), new.own.get(field)) {
                self.anchor(old.value, new.value, name)?;
            }
            self.field(old, new, field, Wish::of(change, field))?;
        }
        Ok(())
    }

    fn field(&self, old: &Entry<'_>, new: &Entry<'_>, field: FieldName, wish: Wish<'_>) -> Result<(), EditError> {
        let name = old.name.unwrap_or_default();
        let old_value = effective(self.old, old.mapping, field.as_str());
        let new_value = effective(self.new, new.mapping, field.as_str());
        let is_so = match (wish, new_value) {
            (Wish::Set(value), Some(node)) => self.new.tree.text(node) == Some(value) && is_string(self.new, node),
            (Wish::Set(_), None) => false,
            (Wish::Remove, value) => {
                new.own.get(field).is_none() && value.is_none_or(|node| self.new.tree.is_null(node))
            }
            (Wish::Keep, Some(new)) => old_value.is_some_and(|old| self.is_kept(old, new)),
            (Wish::Keep, None) => old_value.is_none(),
        };
        if is_so { Ok(()) } else { differs(format!("{field} of `{name}` is not what was asked for")) }
    }

    /// A kept value is the same, or the same text with quotes where it was no string before.
    fn is_kept(&self, old: NodeId, new: NodeId) -> bool {
        let is_plain = matches!(self.old.tree.kind(self.old.tree.resolve(old)), Kind::Scalar(_, Style::Plain));
        let (old_kind, new_kind) = (self.old.tree.kind(old), self.new.tree.kind(new));
        match (old_kind, new_kind) {
            (Kind::Alias(old_target), Kind::Alias(new_target)) => self.anchors.get(old_target) == Some(new_target),
            (old_kind, new_kind) if old_kind == new_kind => {
                self.old.tree.tag(old) == self.new.tree.tag(new)
                    && self.old.tree.subtree(old).len() == self.new.tree.subtree(new).len()
            }
            _ => is_plain && self.old.tree.text(old) == self.new.tree.text(new) && is_string(self.new, new),
        }
    }

    /// New entries have the fields of their arguments, in the order of these, and no others.
    fn new_entries(&self, list: NodeId, entries: &[&Entry<'_>], appended: &[&ImageArgument]) -> Result<(), EditError> {
        if entries.len() != appended.len() {
            return differs("`images` has another number of new entries");
        }
        for (entry, argument) in entries.iter().zip(appended) {
            let is = |key: &str, value: &str| {
                let node = effective(self.new, entry.mapping, key);
                node.is_some_and(|node| self.new.tree.text(node) == Some(value) && is_string(self.new, node))
            };
            let mut fields = 1;
            let mut is_so = entry.list == list && is("name", argument.name.as_str());
            for field in FieldName::ALL {
                if let Wish::Set(value) = Wish::of(&argument.change, field) {
                    fields += 1;
                    is_so &= is(field.as_str(), value);
                }
            }
            if !is_so || self.new.tree.pairs(entry.mapping).count() != fields {
                return differs(format!("the new entry `{}` is not what was asked for", argument.name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{prove, reread};
    use crate::image::ImageArgument;
    use crate::targets::kustomization::parse::parse;
    use crate::targets::kustomization::source::Source;
    use crate::targets::kustomization::splice::Splice;
    use crate::targets::kustomization::wish::Wishes;

    /// Tries to prove `new` of `old`, as if all of the text had been exchanged.
    fn difference(old: &str, new: &str, arguments: &[&str], appended: usize) -> Option<String> {
        let arguments: Vec<ImageArgument> = arguments.iter().map(|text| text.parse().unwrap()).collect();
        let wishes = Wishes::new(&arguments);
        let (old_source, new_source) = (Source::read(old.as_bytes()).unwrap(), Source::read(new.as_bytes()).unwrap());
        let (old, new) = (parse(&old_source).unwrap(), parse(&new_source).unwrap());
        let (old_images, new_images) = (reread(&old).unwrap(), reread(&new).unwrap());
        let splices = [Splice::replace(0..old_source.text.len(), new_source.text)];
        let appended: Vec<&ImageArgument> = arguments.iter().rev().take(appended).rev().collect();
        prove((&old, &old_images), (&new, &new_images), &splices, &wishes, &appended)
            .err()
            .map(|error| error.to_string())
    }

    const OLD: &str = "kind: K\nimages: # i\n- name: a\n  newTag: v0\n- name: app\n  newName: x\n  newTag: v1\n  tagSuffix: s\nz: [1, {b: c}]\n";

    fn changed(from: &str, to: &str) -> Option<String> {
        assert!(OLD.contains(from), "{from}");
        difference(OLD, &OLD.replace("newTag: v1", "newTag: v2").replace(from, to), &["app=*:v2"], 0)
    }

    #[test]
    fn what_was_asked_for_is_proved() {
        assert_eq!(changed("kind", "kind"), None);
        assert_eq!(changed("# i", "# another comment is no other document"), None);
        let appended = format!("{}- name: b\n  newTag: \"7\"\n", OLD.split("z:").next().unwrap());
        assert_eq!(difference(&appended.replace("- name: b\n  newTag: \"7\"\n", ""), &appended, &["b:7"], 1), None);
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
            let source = Source::read(new.as_bytes()).unwrap();
            let is_readable = parse(&source).and_then(|document| reread(&document).map(|_| ())).is_ok();
            assert!(!is_readable || difference(&old, &new, &[argument], 0).is_some(), "{new}");
        }
        let old = text("name: app");
        for new in ["name: b", "name: b\n  newTag: v4", "name: b\n  newTag: v3\n  digest: d", "{newTag: v3}"] {
            let new = format!("{old}- {new}\n");
            assert!(difference(&old, &new, &["b:v3"], 1).is_some(), "{new}");
        }
        assert!(difference(&old, &old, &["b:v3"], 1).is_some(), "nothing was appended");
    }

    #[test]
    fn an_alias_must_stand_for_what_it_did() {
        let old = "a: &a 1\nb: &b 1\nc: *a\nimages:\n- name: app\n";
        let new = old.replace("name: app", "name: app\n  newTag: v2");
        assert_eq!(difference(old, &new, &["app:v2"], 0), None);
        assert!(difference(old, &new.replace("*a", "*b"), &["app:v2"], 0).is_some());
    }
}
