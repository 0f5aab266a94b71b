//! From arguments to splices: finds the entries that an argument names, and decides what happens to each field. Nothing
//! is changed here; a plan without splices is "already so".

use std::collections::HashSet;

use super::absent::Absent;
use super::action::{Action, Actions, write};
use super::append::append;
use super::entry::{ImageEntry, ImageLists, effective, inherited};
use super::error::{EditError, ImagesShape};
use super::field::FieldName;
use super::go_yaml::is_refused;
use super::notes::{Note, NoteKind};
use super::requested::Requested;
use crate::image::{Field, ImageArgument, ImageName};
use crate::yaml::{NodeId, NodeKind, ParsedYaml, Splice, Writer, is_string, is_string_tag};

/// All that one call does to one file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) splices: Vec<Splice>,
    pub(super) notes: Vec<Note>,
    pub(super) absent: Vec<ImageName>,
}

pub(super) fn plan(
    yaml: &ParsedYaml<'_>,
    lists: &ImageLists<'_>,
    requested: &Requested<'_>,
    absent: Absent,
) -> Result<Plan, EditError> {
    let mut planner = Planner { yaml, writer: Writer::new(yaml), notes: Vec::new(), touched: Vec::new() };
    for entry in &lists.entries {
        if let Some(argument) = requested.of(entry) {
            planner.entry(entry, argument)?;
        }
    }
    let missing = requested.missing_in(&lists.entries);
    let absent = match absent {
        Absent::Report => missing.iter().map(|argument| argument.name.clone()).collect(),
        Absent::Append => {
            planner.append(lists, &missing)?;
            Vec::new()
        }
    };
    planner.refuse_shared_values()?;
    Ok(Plan { splices: planner.writer.finish(), notes: planner.notes, absent })
}

struct Planner<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    writer: Writer<'p, 'd>,
    notes: Vec<Note>,
    /// The keys and values that do not stay as they are.
    touched: Vec<NodeId>,
}

impl Planner<'_, '_> {
    fn entry(&mut self, entry: &ImageEntry<'_>, argument: &ImageArgument) -> Result<(), EditError> {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        let mut actions: Actions<'_> = [Action::Nothing; 3];
        for field in FieldName::ALL {
            actions[field as usize] = decide(yaml, entry, field, field.asked(&argument.change))?;
        }
        if actions == [Action::Nothing; 3] {
            return Ok(());
        }
        if entry.is_alias() {
            let alias = yaml.source.slice(tree.span(entry.item)).to_owned();
            let anchor = yaml.place(entry.mapping);
            return Err(EditError::refused(yaml, entry.item, ImagesShape::EntryAlias { alias, anchor }));
        }
        yaml.refuse_shared(entry.mapping, tree.aliases(entry.mapping).iter().copied())?;
        yaml.refuse_shared(entry.list, tree.aliases(entry.list).iter().copied())?;
        self.note(argument, &actions);
        for action in actions {
            match action {
                Action::Replace(pair, _) => self.touched.push(pair.value),
                Action::Delete(pair) => self.touched.extend([pair.key, pair.value]),
                Action::Nothing | Action::Insert(_) => {}
            }
        }
        Ok(write(&mut self.writer, entry, actions)?)
    }

    /// Notes what the argument's grammar drops, and what else its user may not expect.
    fn note(&mut self, argument: &ImageArgument, actions: &Actions<'_>) {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        for (field, action) in FieldName::ALL.into_iter().zip(actions) {
            let (node, kind) = match action {
                Action::Delete(pair) => {
                    let value = tree.text(pair.value).unwrap_or_default().to_owned();
                    (pair.key, NoteKind::Dropped { field, value, comment: yaml.trailing_comment(*pair) })
                }
                Action::Replace(pair, _) if matches!(tree.kind(pair.value), NodeKind::Alias(_)) => {
                    let alias = yaml.source.slice(tree.span(pair.value)).to_owned();
                    (pair.value, NoteKind::AliasReplaced { field, alias })
                }
                Action::Replace(pair, value) if tree.text(pair.value) == Some(value) => {
                    (pair.value, NoteKind::Repaired { field, value: (*value).to_owned() })
                }
                _ => continue,
            };
            self.notes.push(Note { name: argument.name.to_string(), place: yaml.place(node), kind });
        }
    }

    fn append(&mut self, lists: &ImageLists<'_>, missing: &[&ImageArgument]) -> Result<(), EditError> {
        for argument in missing {
            let writes = |field: FieldName| matches!(field.asked(&argument.change), Field::Set(_));
            if !FieldName::ALL.into_iter().any(writes) {
                return Err(EditError::NothingToWrite(argument.name.clone()));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if let Some(list) = lists.images {
            self.yaml.refuse_shared(list.value, self.yaml.tree.aliases(list.value).iter().copied())?;
        }
        append(&mut self.writer, lists, missing)
    }

    /// A value with an anchor may change only if no alias of it is left.
    fn refuse_shared_values(&self) -> Result<(), EditError> {
        let tree = &self.yaml.tree;
        if self.touched.iter().all(|node| tree.aliases(*node).is_empty()) {
            return Ok(());
        }
        let touched: HashSet<NodeId> = self.touched.iter().copied().collect();
        for node in &self.touched {
            let left = tree.aliases(*node).iter().copied().filter(|alias| !touched.contains(alias));
            self.yaml.refuse_shared(*node, left)?;
        }
        Ok(())
    }
}

fn decide<'a>(
    yaml: &'a ParsedYaml<'_>,
    entry: &ImageEntry<'_>,
    field: FieldName,
    asked: Field<&'a str>,
) -> Result<Action<'a>, EditError> {
    let tree = &yaml.tree;
    match (asked, entry.own.get(field)) {
        (Field::Keep, Some(pair)) => Ok(match tree.text(pair.value) {
            Some(text) if is_refused(tree, pair.value) => Action::Replace(pair, text),
            _ => Action::Nothing,
        }),
        (Field::Keep, None) => Ok(Action::Nothing),
        (Field::Set(value), own) => {
            let current = effective(yaml, entry.mapping, field.as_str());
            if current.is_some_and(|node| tree.text(node) == Some(value) && is_string(tree, node)) {
                return Ok(Action::Nothing);
            }
            let Some(pair) = own else {
                return Ok(Action::Insert(value));
            };
            refuse_unwritable(yaml, field, pair.value)?;
            Ok(Action::Replace(pair, value))
        }
        (Field::Remove, own) => {
            let from = inherited(yaml, entry.mapping, field.as_str()).filter(|value| !tree.is_null(*value));
            if let Some(value) = from {
                let shape = ImagesShape::Inherited { field, from: yaml.place(value) };
                return Err(EditError::refused(yaml, entry.item, shape));
            }
            let Some(pair) = own else {
                return Ok(Action::Nothing);
            };
            refuse_collection(yaml, field, pair.value)?;
            Ok(Action::Delete(pair))
        }
    }
}

fn refuse_collection(yaml: &ParsedYaml<'_>, field: FieldName, value: NodeId) -> Result<(), EditError> {
    match yaml.tree.kind(value) {
        NodeKind::Mapping(_) | NodeKind::Sequence(_) => {
            let shape = ImagesShape::Value { field, found: yaml.type_of(value) };
            Err(EditError::refused(yaml, value, shape))
        }
        _ => Ok(()),
    }
}

fn refuse_unwritable(yaml: &ParsedYaml<'_>, field: FieldName, value: NodeId) -> Result<(), EditError> {
    refuse_collection(yaml, field, value)?;
    match yaml.tree.tag(value) {
        Some(tag) if !is_string_tag(tag) => {
            let tag = tag.replace("tag:yaml.org,2002:", "!!");
            Err(EditError::refused(yaml, value, ImagesShape::Tagged { field, tag }))
        }
        _ => Ok(()),
    }
}
