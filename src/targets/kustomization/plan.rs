//! From arguments to splices: finds the entries that an argument names, and decides what happens to each field. Nothing
//! is changed here; a plan without splices is "already so".

use std::collections::HashSet;
use std::ops::Range;

use super::action::{Action, Actions, write};
use super::append::append;
use super::entry::{ImageEntry, ImageLists, effective, inherited, refuse_merged_over};
use super::error::{EditError, ImagesShape};
use super::go_yaml::is_refused;
use super::requested::Requested;
use super::trailing_comment::LineComment;
use crate::image::{Field, ImageArgument, ImageChange, ImageName, Tag};
use crate::targets::edit::{Absent, Belongs, EditOptions, FieldName, Note, NoteKind, kept_comment};
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
    options: EditOptions<'_>,
) -> Result<Plan, EditError> {
    let mut planner =
        Planner { yaml, options, splices: Vec::new(), notes: Vec::new(), replaced: Vec::new(), deleted: Vec::new() };
    for entry in &lists.entries {
        if let Some(argument) = requested.of(entry) {
            planner.entry(entry, argument)?;
        }
    }
    let missing = requested.missing_in(&lists.entries);
    let absent = match options.absent {
        Absent::Report => missing.iter().map(|argument| argument.name.clone()).collect(),
        Absent::Append => {
            planner.append(lists, &missing)?;
            Vec::new()
        }
    };
    planner.refuse_shared_values(lists)?;
    Ok(Plan { splices: planner.splices, notes: planner.notes, absent })
}

struct Planner<'p, 'd> {
    yaml: &'p ParsedYaml<'d>,
    options: EditOptions<'p>,
    splices: Vec<Splice>,
    notes: Vec<Note>,
    /// The values that are written anew; an anchor stays.
    replaced: Vec<NodeId>,
    /// The keys and values that go.
    deleted: Vec<NodeId>,
}

impl Planner<'_, '_> {
    fn entry(&mut self, entry: &ImageEntry<'_>, argument: &ImageArgument) -> Result<(), EditError> {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        refuse_second_digest(yaml, entry, argument)?;
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
        for action in actions {
            match action {
                Action::Replace(pair, _) => self.replaced.push(pair.value),
                Action::Delete(pair) => self.deleted.extend([pair.key, pair.value]),
                Action::Nothing | Action::Insert(_) => {}
            }
        }
        let mut writer = Writer::new(yaml);
        let comment = LineComment::new(self.options.comments, yaml, entry, argument, &actions);
        write(&mut writer, entry, actions, comment.added())?;
        comment.write(&mut writer, entry, &actions);
        self.note(entry, argument, &actions, &writer);
        self.splices.extend(writer.finish());
        Ok(())
    }

    /// Notes what the argument's grammar drops, and what else its user may not expect.
    fn note(
        &mut self,
        entry: &ImageEntry<'_>,
        argument: &ImageArgument,
        actions: &Actions<'_>,
        writer: &Writer<'_, '_>,
    ) {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        let comment = |at: Range<usize>| yaml.source.slice(at).to_owned();
        for (field, action) in FieldName::ALL.into_iter().zip(actions) {
            let (node, kind) = match action {
                Action::Delete(pair) => {
                    let value = tree.text(pair.value).unwrap_or_default().to_owned();
                    let gone = yaml.trailing_comment(*pair).filter(|at| writer.removes(at)).map(comment);
                    (pair.key, NoteKind::Dropped { key: field.to_string(), value, comment: gone })
                }
                Action::Replace(pair, _) if matches!(tree.kind(pair.value), NodeKind::Alias(_)) => {
                    let alias = yaml.source.slice(tree.span(pair.value)).to_owned();
                    (pair.value, NoteKind::AliasReplaced { field, alias })
                }
                Action::Replace(pair, value) if tree.text(pair.value) == Some(value) => {
                    (pair.value, NoteKind::Repaired { key: field.to_string(), value: (*value).to_owned() })
                }
                _ => continue,
            };
            self.notes.push(Note { name: argument.name.to_string(), place: yaml.place(node), kind });
        }
        for action in actions {
            self.note_comments(entry, argument, *action, writer);
        }
    }

    /// Notes the comments that stay on a changed line, or above it, and may be about the value that went.
    fn note_comments(
        &mut self,
        entry: &ImageEntry<'_>,
        argument: &ImageArgument,
        action: Action<'_>,
        writer: &Writer<'_, '_>,
    ) {
        let yaml = self.yaml;
        let (pair, behind) = match action {
            Action::Replace(pair, new) if yaml.tree.text(pair.value) != Some(new) => (pair, Belongs::Perhaps),
            // Its line became that of another field.
            Action::Delete(pair) if writer.removes(&yaml.tree.span(pair.key)) => (pair, Belongs::ToValue),
            _ => return,
        };
        let old = yaml.tree.text(pair.value).unwrap_or_default();
        let new = argument.change.new_tag.set().map(Tag::as_str);
        let above = yaml.comment_above(pair).filter(|_| writer.removes(&yaml.tree.span(pair.value)));
        // One comment behind an entry on one line is that of all its fields.
        let behind_entry = || yaml.comment_behind_flow(entry.mapping).filter(|_| behind == Belongs::Perhaps);
        let trailing = yaml.trailing_comment(pair).or_else(behind_entry);
        for (at, belongs) in [(above, Belongs::Perhaps), (trailing, behind)] {
            let Some(at) = at.filter(|at| !writer.removes(at)) else {
                continue;
            };
            if let Some(kind) = kept_comment(yaml.source.slice(at.clone()), belongs, old, new) {
                let note = Note { name: argument.name.to_string(), place: yaml.source.place(at.start), kind };
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
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
        let mut writer = Writer::with(self.yaml, std::mem::take(&mut self.splices));
        append(&mut writer, lists, missing, self.options.comments)?;
        self.splices = writer.finish();
        Ok(())
    }

    /// A value with an anchor may change if the images themselves have no alias of it left: those elsewhere are there to
    /// follow it. It may go only if no alias is left at all.
    fn refuse_shared_values(&self, lists: &ImageLists<'_>) -> Result<(), EditError> {
        let (yaml, tree) = (self.yaml, &self.yaml.tree);
        let mut changed = self.replaced.iter().chain(&self.deleted);
        if changed.all(|node| tree.aliases(*node).is_empty()) {
            return Ok(());
        }
        let changed: HashSet<NodeId> = self.replaced.iter().chain(&self.deleted).copied().collect();
        let left = |node: NodeId| tree.aliases(node).iter().copied().filter(|alias| !changed.contains(alias));
        for node in &self.deleted {
            yaml.refuse_shared(*node, left(*node))?;
        }
        for node in &self.replaced {
            yaml.refuse_shared(*node, left(*node).filter(|alias| lists.contain(yaml, *alias)))?;
        }
        Ok(())
    }
}

/// Refuses a digest beside a kept `newTag` that has one: kustomize would build `tag@digest@digest`.
fn refuse_second_digest(
    yaml: &ParsedYaml<'_>,
    entry: &ImageEntry<'_>,
    argument: &ImageArgument,
) -> Result<(), EditError> {
    let ImageChange { new_tag: Field::Keep, digest: Field::Set(_), .. } = &argument.change else {
        return Ok(());
    };
    let Some(value) = effective(yaml, entry.mapping, FieldName::NewTag.as_str()) else {
        return Ok(());
    };
    let Some((tag, _)) = yaml.tree.text(value).and_then(|text| text.split_once('@')) else {
        return Ok(());
    };
    let change = ImageChange { new_tag: tag.parse().map_or(Field::Remove, Field::Set), ..argument.change.clone() };
    let argument = ImageArgument { name: argument.name.clone(), change };
    let shape = ImagesShape::SecondDigest { argument: argument.to_string() };
    Err(EditError::refused(yaml, value, shape))
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
                refuse_merged_over(yaml, entry.mapping, field.as_str())?;
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
