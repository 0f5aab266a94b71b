//! From arguments to splices: finds the entries that an argument names, decides what happens to each field, and leaves
//! the writing to the style that the entry is in. Nothing is changed here; a plan without splices is "already so".

use std::collections::HashSet;

use super::entry::{Entry, Images, effective, inherited};
use super::parse::Document;
use super::scalar::{is_refused, is_string, is_string_tag};
use super::splice::Splice;
use super::tree::{Kind, Layout, NodeId, Pair, Style};
use super::wish::{Action, Actions, Wish, Wishes};
use super::{Absent, EditError, FieldName, Note, NoteKind, Shape, append, block, flow};
use crate::image::{ImageArgument, ImageName};

/// All that one call does to one file.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) splices: Vec<Splice>,
    pub(super) notes: Vec<Note>,
    pub(super) absent: Vec<ImageName>,
}

pub(super) fn plan(
    document: &Document<'_>,
    images: &Images<'_>,
    wishes: &Wishes<'_>,
    absent: Absent,
) -> Result<Plan, EditError> {
    let mut planner = Planner { document, plan: Plan::default(), touched: Vec::new() };
    let mut found = HashSet::new();
    for entry in &images.entries {
        if let Some(argument) = wishes.of(entry) {
            found.insert(argument.name.as_str());
            planner.entry(entry, argument)?;
        }
    }
    let missing = wishes.arguments.iter().copied().filter(|argument| !found.contains(argument.name.as_str()));
    match absent {
        Absent::Report => planner.plan.absent.extend(missing.map(|argument| argument.name.clone())),
        Absent::Append => planner.append(images, &missing.collect::<Vec<_>>())?,
    }
    planner.refuse_shared_values()?;
    Ok(planner.plan)
}

struct Planner<'p, 'd> {
    document: &'p Document<'d>,
    plan: Plan,
    /// The keys and values that do not stay as they are.
    touched: Vec<NodeId>,
}

impl Planner<'_, '_> {
    fn entry(&mut self, entry: &Entry<'_>, argument: &ImageArgument) -> Result<(), EditError> {
        let document = self.document;
        let mut actions: Actions<'_> = [Action::Nothing; 3];
        for field in FieldName::ALL {
            let wish = Wish::of(&argument.change, field);
            actions[field as usize] = decide(document, entry, field, wish)?;
        }
        if actions == [Action::Nothing; 3] {
            return Ok(());
        }
        if entry.is_alias() {
            let alias = document.source.slice(document.tree.span(entry.item)).to_owned();
            let anchor = document.source.place(document.tree.start(entry.mapping));
            return Err(document.refuse(entry.item, Shape::EntryAlias { alias, anchor }));
        }
        refuse_shared(document, entry.mapping, document.tree.aliases(entry.mapping).iter().copied())?;
        refuse_shared(document, entry.list, document.tree.aliases(entry.list).iter().copied())?;
        self.note(argument, &actions);
        for action in actions {
            match action {
                Action::Replace(pair, _) => self.touched.push(pair.value),
                Action::Delete(pair) => self.touched.extend([pair.key, pair.value]),
                Action::Nothing | Action::Insert(_) => {}
            }
        }
        match document.tree.kind(entry.mapping) {
            Kind::Mapping(Layout::Flow) => flow::edit_entry(document, entry, &actions, &mut self.plan.splices),
            _ => block::edit_entry(document, entry, &actions, &mut self.plan.splices),
        }
    }

    /// Says what the argument's grammar drops, and what else its user may not expect.
    fn note(&mut self, argument: &ImageArgument, actions: &Actions<'_>) {
        let document = self.document;
        for (field, action) in FieldName::ALL.into_iter().zip(actions) {
            let (node, kind) = match action {
                Action::Delete(pair) => {
                    let value = document.tree.text(pair.value).unwrap_or_default().to_owned();
                    let comment = trailing_comment(document, *pair);
                    (pair.key, NoteKind::Dropped { field, value, comment })
                }
                Action::Replace(pair, _) if matches!(document.tree.kind(pair.value), Kind::Alias(_)) => {
                    let alias = document.source.slice(document.tree.span(pair.value)).to_owned();
                    (pair.value, NoteKind::AliasReplaced { field, alias })
                }
                Action::Replace(pair, value) if document.tree.text(pair.value) == Some(value) => {
                    (pair.value, NoteKind::Repaired { field, value: (*value).to_owned() })
                }
                _ => continue,
            };
            let place = document.source.place(document.tree.start(node));
            self.plan.notes.push(Note { name: argument.name.to_string(), place, kind });
        }
    }

    fn append(&mut self, images: &Images<'_>, missing: &[&ImageArgument]) -> Result<(), EditError> {
        for argument in missing {
            let writes = |field| matches!(Wish::of(&argument.change, field), Wish::Set(_));
            if !FieldName::ALL.into_iter().any(writes) {
                return Err(EditError::NothingToWrite(argument.name.clone()));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if let Some(list) = images.images {
            let aliases = self.document.tree.aliases(list.value);
            refuse_shared(self.document, list.value, aliases.iter().copied())?;
        }
        append::append(self.document, images, missing, &mut self.plan.splices)
    }

    /// A value with an anchor may change only where no alias of it is left.
    fn refuse_shared_values(&self) -> Result<(), EditError> {
        let tree = &self.document.tree;
        if self.touched.iter().all(|node| tree.aliases(*node).is_empty()) {
            return Ok(());
        }
        let touched: HashSet<NodeId> = self.touched.iter().copied().collect();
        for node in &self.touched {
            let left = tree.aliases(*node).iter().copied().filter(|alias| !touched.contains(alias));
            refuse_shared(self.document, *node, left)?;
        }
        Ok(())
    }
}

fn refuse_shared(
    document: &Document<'_>,
    node: NodeId,
    aliases: impl Iterator<Item = NodeId>,
) -> Result<(), EditError> {
    let aliases: Vec<_> = aliases.map(|alias| document.source.place(document.tree.start(alias))).collect();
    if aliases.is_empty() { Ok(()) } else { Err(document.refuse(node, Shape::SharedAnchor { aliases })) }
}

fn decide<'a>(
    document: &'a Document<'_>,
    entry: &Entry<'_>,
    field: FieldName,
    wish: Wish<'a>,
) -> Result<Action<'a>, EditError> {
    let tree = &document.tree;
    match (wish, entry.own.get(field)) {
        (Wish::Keep, Some(pair)) => Ok(match tree.text(pair.value) {
            Some(text) if is_refused(document, pair.value) => Action::Replace(pair, text),
            _ => Action::Nothing,
        }),
        (Wish::Keep, None) => Ok(Action::Nothing),
        (Wish::Set(value), own) => {
            let current = effective(document, entry.mapping, field.as_str());
            if current.is_some_and(|node| tree.text(node) == Some(value) && is_string(document, node)) {
                return Ok(Action::Nothing);
            }
            let Some(pair) = own else {
                return Ok(Action::Insert(value));
            };
            refuse_unwritable(document, field, pair.value)?;
            Ok(Action::Replace(pair, value))
        }
        (Wish::Remove, own) => {
            let from = inherited(document, entry.mapping, field.as_str()).filter(|value| !tree.is_null(*value));
            if let Some(value) = from {
                let from = document.source.place(tree.start(value));
                return Err(document.refuse(entry.item, Shape::Inherited { field, from }));
            }
            let Some(pair) = own else {
                return Ok(Action::Nothing);
            };
            refuse_collection(document, field, pair.value)?;
            Ok(Action::Delete(pair))
        }
    }
}

fn refuse_collection(document: &Document<'_>, field: FieldName, value: NodeId) -> Result<(), EditError> {
    match document.tree.kind(value) {
        Kind::Mapping(_) | Kind::Sequence(_) => {
            Err(document.refuse(value, Shape::Value { field, found: document.found(value) }))
        }
        _ => Ok(()),
    }
}

fn refuse_unwritable(document: &Document<'_>, field: FieldName, value: NodeId) -> Result<(), EditError> {
    refuse_collection(document, field, value)?;
    match document.tree.tag(value) {
        Some(tag) if !is_string_tag(tag) => {
            let tag = tag.replace("tag:yaml.org,2002:", "!!");
            Err(document.refuse(value, Shape::Tagged { field, tag }))
        }
        _ => Ok(()),
    }
}

fn trailing_comment(document: &Document<'_>, pair: Pair) -> Option<String> {
    let is_block_scalar = matches!(document.tree.kind(pair.value), Kind::Scalar(_, Style::Literal | Style::Folded));
    let end = match document.tree.kind(pair.value) {
        Kind::Null => document.colon(pair.key)?,
        _ if is_block_scalar => return None,
        _ => document.tree.span(pair.value).end,
    };
    let rest = document.source.rest(end).trim_start_matches([' ', '\t', ',']);
    rest.starts_with('#').then(|| rest.trim_end().to_owned())
}
