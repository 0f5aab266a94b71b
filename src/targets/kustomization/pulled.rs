//! Which image each entry of a kustomization pulls, as far as the file tells it: the end of its chain through the other entries
//! and the transformers of images. A patch, a replacement or a name that cannot be read leaves it in doubt.

use std::collections::HashMap;

use super::chain::{AppliedEntries, AppliedEntry, applied, unread_note};
use super::entry::{ImageEntry, ImageLists, ListsPlace};
use super::other_steps::{OtherSteps, StepsAsked, TransformerEntry};
use crate::targets::edit::{Doubt, Fields, MadeImage, Pulled};
use crate::yaml::{NodeId, ParsedYaml};

/// Returns what the rest of the file does to the images of the entries that are wanted, by the items of their lists.
pub(super) fn pulled(
    yaml: &ParsedYaml<'_>,
    (entries, steps): (&[&ImageEntry<'_>], &AppliedEntries<'_>),
    others: &OtherSteps<'_, '_>,
    is_wanted: impl Fn(&ImageEntry<'_>) -> bool,
) -> HashMap<NodeId, Box<Pulled>> {
    let mut transformers = others.transformers.iter().flat_map(|transformer| &transformer.entries).peekable();
    let has_transformers = transformers.peek().is_some();
    let last = transformers.map(|TransformerEntry { name, says, suffix, item }| AppliedEntry {
        name,
        says: says.clone(),
        suffix: suffix.clone(),
        item: *item,
    });
    let with_transformers = has_transformers.then(|| steps.and(last));
    let steps = with_transformers.as_ref().unwrap_or(steps);
    let by = |at: usize| {
        let step = steps.at(at);
        let line = yaml.source.line_number(yaml.tree.start(step.item));
        match entries.get(at) {
            Some(_) => format!("the entry `{}` on line {line}", step.name),
            None => format!("the transformer on line {line}"),
        }
    };
    let pulled_of = |(at, entry): (usize, &&ImageEntry<'_>)| {
        let made = steps.made_of(at).map(|(last, made)| MadeImage { by: by(last), ..made });
        let mut notes = others.notes_of(entry, StepsAsked::BesideImages(made.as_ref()));
        // One is enough: each entry has it.
        notes.extend(steps.unread().next().map(|unread| unread_note(yaml, unread)));
        let doubts = notes.iter().map(Doubt::from).collect();
        (entry.item, Box::new(Pulled { made, doubts }))
    };
    entries.iter().enumerate().filter(|(_, entry)| is_wanted(entry)).map(pulled_of).collect()
}

/// Returns the same of lists that are read for this alone.
fn pulled_in(
    yaml: &ParsedYaml<'_>,
    lists: &ImageLists<'_>,
    is_wanted: impl Fn(&ImageEntry<'_>) -> bool,
) -> HashMap<NodeId, Box<Pulled>> {
    let entries = lists.in_order();
    pulled(yaml, (&entries, &AppliedEntries::read(yaml, &entries)), &OtherSteps::of(yaml, lists), is_wanted)
}

/// Returns what the rest of a kustomization does to the image of the entry that a node is in; nothing if it is in none.
pub(in crate::targets) fn pulled_around(yaml: &ParsedYaml<'_>, node: NodeId) -> Option<Pulled> {
    let lists = ImageLists::read(yaml, ListsPlace::Document).ok()?;
    let item = lists.entries.iter().map(|entry| entry.item).find(|item| yaml.tree.is_within(node, *item))?;
    pulled_in(yaml, &lists, |entry| entry.item == item).remove(&item).map(|pulled| *pulled)
}

/// Returns what [`applied`] returns, with what the rest of the file does to each image.
pub(super) fn applied_as_pulled(yaml: &ParsedYaml<'_>, lists: &ImageLists<'_>) -> Vec<(String, Fields)> {
    let mut first: HashMap<&str, NodeId> = HashMap::new();
    for entry in &lists.entries {
        first.entry(entry.name.unwrap_or_default()).or_insert(entry.item);
    }
    let mut pulled = pulled_in(yaml, lists, |entry| entry.name.and_then(|name| first.get(name)) == Some(&entry.item));
    let mut entries = applied(yaml, lists);
    for (name, fields) in &mut entries {
        fields.pulled = first.get(name.as_str()).and_then(|item| pulled.remove(item));
    }
    entries
}
