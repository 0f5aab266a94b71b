//! Values of a chart that are text in another file, as `values: |` is in an Application of Argo CD: the same edit inside, and
//! the file around it is proved to differ in this one scalar.

use std::collections::HashSet;

use super::argo::nested_values;
use super::exchanged::compare;
use super::file_refusal::FileRefusal;
use super::object::{Object, objects};
use super::repeated::RepeatedKeys;
use super::rewrite;
use super::slot::Slot;
use super::source_images::refuse_decided_in_text;
use super::values_text::{
    INSIDE, drop_replaced_name, object_of, refuse_in_another_source, source_of, values_behind, with_values,
};
use crate::image::{ImageArgument, ImageName};
use crate::targets::edit::{Comments, Edit, EditOptions, Fields};
use crate::targets::shown_entries::ShownEntries;
use crate::yaml::{
    self, Difference, NodeComparison, NodeId, NodeKind, ParsedYaml, ScalarStyle, SourceText, Splice, differs,
};

/// Edits what the arguments name in a file that was read, and in values that are text there. Of two arguments with one name the
/// later counts.
///
/// # Errors
///
/// Those of [`rewrite::edit`], and a text that is not a block of lines.
pub(in crate::targets) fn edit(
    path: &str,
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
    options: EditOptions<'_>,
) -> Result<Edit, FileRefusal> {
    let arguments = last_of_each(arguments);
    let mut edit = rewrite::edit(path, yaml, &arguments, options)?;
    let is_missing = |argument: &&ImageArgument| edit.absent.contains(&argument.name);
    let (missing, found): (Vec<&ImageArgument>, Vec<_>) = arguments.into_iter().partition(is_missing);
    refuse_in_another_source(path, yaml, &found)?;
    if missing.is_empty() {
        return Ok(edit);
    }
    let inside = if edit.changed() {
        let source = SourceText::read(&edit.text)?;
        edit_inside(path, &yaml::read(&source)?, &missing, options)?
    } else {
        edit_inside(path, yaml, &missing, options)?
    };
    match inside {
        Some(inside) => {
            edit.absent.clear();
            Ok(edit.followed_by(inside))
        }
        None => Ok(edit),
    }
}

fn last_of_each<'a>(arguments: &[&'a ImageArgument]) -> Vec<&'a ImageArgument> {
    let mut names = HashSet::new();
    let mut last: Vec<_> = arguments.iter().rev().copied().filter(|argument| names.insert(&argument.name)).collect();
    last.reverse();
    last
}

/// Returns what [`rewrite::shown`] returns, and the same of values that are text.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(in crate::targets) fn shown(path: &str, yaml: &ParsedYaml<'_>) -> Result<ShownEntries, FileRefusal> {
    let mut shown = rewrite::shown(path, yaml)?;
    let repeated = RepeatedKeys::of(yaml);
    let objects = objects(path, yaml);
    for slot in nested_values(yaml, &objects) {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        let told = |refusal: FileRefusal| in_values(yaml, slot, refusal);
        let inside = repeated.refuse(slot.value);
        match inside.and_then(|()| with_values(text, |yaml| rewrite::shown(INSIDE, yaml)).map_err(told)) {
            Ok(mut inside) => {
                for (name, fields) in &mut inside.entries {
                    if let Some(source) = source_of(yaml, &objects, slot) {
                        drop_replaced_name(yaml, source, name, fields);
                    }
                }
                shown.entries.extend(inside.entries);
                shown.untold.extend(inside.untold.into_iter().map(told));
                shown.doubtful.extend(inside.doubtful.into_iter().map(told));
            }
            Err(refusal) => shown.untold.push(refusal),
        }
    }
    shown.untold.extend(values_behind(path, yaml, None)?);
    Ok(shown)
}

/// Returns a refusal in values that are text as one of the file around them.
fn in_values(yaml: &ParsedYaml<'_>, slot: Slot, refusal: FileRefusal) -> FileRefusal {
    let message = format!("in the values that are text here, {refusal}");
    FileRefusal { place: Some(yaml.place(slot.value)), message, ..refusal }
}

/// Values that are text, and their edit.
struct Inside {
    slot: Slot,
    edit: Edit,
    splices: Vec<Splice>,
    /// The line of the file on which the text begins, from 1.
    first_line: usize,
}

/// Returns the edit of the values inside; nothing if there are none.
fn edit_inside(
    path: &str,
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
    options: EditOptions<'_>,
) -> Result<Option<Edit>, FileRefusal> {
    let mut inside = Vec::new();
    let (objects, repeated) = (objects(path, yaml), RepeatedKeys::of(yaml));
    for slot in nested_values(yaml, &objects) {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        let named = named_inside(yaml, &objects, slot, arguments);
        let of_values: Vec<&ImageArgument> = named.iter().map(|(_, argument)| argument).collect();
        refuse_one_name(yaml, slot, &named)?;
        let comment;
        let comments = match options.comments {
            Comments::Write(write) => {
                comment = |name: &ImageName, fields: &Fields| write(outer_name(&named, name), fields);
                Comments::Write(&comment)
            }
            comments => comments,
        };
        let options = EditOptions { comments, ..options };
        let mut edit = with_values(text, |yaml| rewrite::edit(INSIDE, yaml, &of_values, options))
            .map_err(|refusal| in_values(yaml, slot, refusal))?;
        judge_by_parameters(yaml, &objects, slot, &of_values, &mut edit)?;
        let edit = renamed(edit, &named);
        let is_found = arguments.iter().any(|argument| !edit.absent.contains(&argument.name));
        if is_found {
            repeated.refuse(slot.value)?;
        }
        let first_line = first_line(yaml, slot);
        let splices = if edit.changed() { splices(yaml, slot, first_line, text, &edit)? } else { Vec::new() };
        inside.push(Inside { slot, edit, splices, first_line });
    }
    require_one(yaml, &objects, arguments, &inside)?;
    if inside.is_empty() {
        return Ok(None);
    }
    let unproved = |Difference { text, node }: Difference| {
        let node = node.unwrap_or(inside[0].slot.value);
        FileRefusal::unproved(yaml.place(node), &text)
    };
    let splices = yaml::ordered(inside.iter().flat_map(|inside| inside.splices.clone()).collect());
    let splices = splices.or_else(|_| differs("two changes overlap")).map_err(unproved)?;
    let text = yaml::apply(yaml.source.text, &splices).ok_or(());
    let text = text.or_else(|()| differs("a change does not lie on characters")).map_err(unproved)?;
    prove(path, yaml, &text, &splices, &inside).map_err(unproved)?;
    Ok(Some(outcome(yaml, text.into_bytes(), arguments, &inside)))
}

/// Refuses an edit that parameters of the same source take no notice of. A name of which they replace a part is not known.
fn judge_by_parameters(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    slot: Slot,
    arguments: &[&ImageArgument],
    edit: &mut Edit,
) -> Result<(), FileRefusal> {
    let Some(source) = source_of(yaml, objects, slot) else { return Ok(()) };
    for entry in &mut edit.entries {
        let name = entry.name.as_str();
        let asks_name =
            |argument: &&ImageArgument| argument.name == entry.name && argument.change.new_name.set().is_some();
        refuse_decided_in_text(yaml, source, slot.value, (name, entry), arguments.iter().any(asks_name))?;
        drop_replaced_name(yaml, source, name, &mut entry.before);
        drop_replaced_name(yaml, source, name, &mut entry.after);
    }
    Ok(())
}

/// Returns each argument with the one that means the same within values that are text: a name may begin with the `KIND/NAME/` of
/// their object.
fn named_inside<'a>(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    slot: Slot,
    arguments: &[&'a ImageArgument],
) -> Vec<(&'a ImageArgument, ImageArgument)> {
    let object = object_of(yaml, objects, slot);
    let inside = |argument: &&'a ImageArgument| {
        let name = object.map(|object| object.without_label(argument.name.as_str()).parse());
        let name = name.and_then(Result::ok).unwrap_or_else(|| argument.name.clone());
        (*argument, ImageArgument { name, change: argument.change.clone() })
    };
    arguments.iter().map(inside).collect()
}

/// Refuses two arguments that name the same image within values that are text.
fn refuse_one_name(
    yaml: &ParsedYaml<'_>,
    slot: Slot,
    named: &[(&ImageArgument, ImageArgument)],
) -> Result<(), FileRefusal> {
    for (index, (outer, inside)) in named.iter().enumerate() {
        if let Some((other, _)) = named[..index].iter().find(|(_, other)| other.name == inside.name) {
            let message = format!("`{}` and `{}` name the same image in these values", other.name, outer.name);
            return Err(FileRefusal::at(yaml, slot.value, message, "leave one of them out"));
        }
    }
    Ok(())
}

/// Returns the name by which an argument means the image called `inner` within values that are text.
fn outer_name<'n>(named: &'n [(&ImageArgument, ImageArgument)], inner: &'n ImageName) -> &'n ImageName {
    named.iter().find(|(_, inside)| inside.name == *inner).map_or(inner, |(outer, _)| &outer.name)
}

/// Returns an edit of values that are text with the names of the arguments.
fn renamed(mut edit: Edit, named: &[(&ImageArgument, ImageArgument)]) -> Edit {
    let outer =
        |inner: &str| named.iter().find(|(_, inside)| inside.name.as_str() == inner).map(|(outer, _)| &outer.name);
    for entry in &mut edit.entries {
        entry.name = outer_name(named, &entry.name).clone();
    }
    for note in &mut edit.notes {
        note.name = outer(&note.name).map_or_else(|| note.name.clone(), ToString::to_string);
    }
    let is_absent = |inside: &ImageArgument| edit.absent.contains(&inside.name);
    edit.absent = named.iter().filter(|(_, inside)| is_absent(inside)).map(|(outer, _)| outer.name.clone()).collect();
    edit
}

/// A name in two texts means two images.
fn require_one(
    yaml: &ParsedYaml<'_>,
    objects: &[Object],
    arguments: &[&ImageArgument],
    inside: &[Inside],
) -> Result<(), FileRefusal> {
    let label = |inside: &Inside| object_of(yaml, objects, inside.slot).and_then(|object| object.label.as_deref());
    for argument in arguments {
        let mut with_name = inside.iter().filter(|inside| !inside.edit.absent.contains(&argument.name));
        if let (Some(first), Some(second)) = (with_name.next(), with_name.next()) {
            return Err(FileRefusal::at(
                yaml,
                second.slot.value,
                format!(
                    "`{}` is ambiguous: it is in the values at {} too",
                    argument.name,
                    yaml.place(first.slot.value)
                ),
                match (label(first), label(second)) {
                    (Some(first), Some(second)) if first != second => {
                        format!("name one: `{first}/{name}` or `{second}/{name}`", name = argument.name)
                    }
                    _ => "move one of them to a file of its own".to_owned(),
                },
            ));
        }
    }
    Ok(())
}

/// Returns the line on which the lines of a block begin.
fn first_line(yaml: &ParsedYaml<'_>, slot: Slot) -> usize {
    let colon = slot.key.and_then(|key| yaml.colon(key));
    let header = yaml.tree.properties_end(slot.value).or(colon);
    header.map_or(0, |header| yaml.source.line_number(header) + 1)
}

/// Returns the changes of the lines of a block: each changed line stands in the file behind its indentation.
fn splices(
    yaml: &ParsedYaml<'_>,
    slot: Slot,
    first_line: usize,
    old: &str,
    edit: &Edit,
) -> Result<Vec<Splice>, FileRefusal> {
    let new = String::from_utf8_lossy(&edit.text);
    let refuse = || {
        let message = "these values are text that is not written as a block of lines";
        FileRefusal::at(yaml, slot.value, message, "write them below `values: |`, or as `valuesObject:`")
    };
    let is_block = matches!(yaml.tree.kind(slot.value), NodeKind::Scalar(_, ScalarStyle::Literal));
    if !is_block || slot.key.is_none() || old.split('\n').count() != new.split('\n').count() {
        return Err(refuse());
    }
    let mut splices = Vec::new();
    for (index, (old_line, new_line)) in old.split('\n').zip(new.split('\n')).enumerate() {
        if old_line == new_line {
            continue;
        }
        let start = yaml.source.offset(first_line + index, 0);
        let line = yaml.source.slice(start..yaml.source.line_end(start)).trim_end_matches('\r');
        let indent = line.strip_suffix(old_line).filter(|indent| indent.bytes().all(|byte| byte == b' '));
        let at = start + indent.ok_or_else(refuse)?.len();
        splices.push(Splice::replace(at..at + old_line.len(), new_line));
    }
    Ok(splices)
}

/// Proves that the file differs in the texts of these values alone, and that they are what the edits inside, which have their
/// own proofs, made of them.
fn prove(
    path: &str,
    old: &ParsedYaml<'_>,
    text: &str,
    splices: &[Splice],
    inside: &[Inside],
) -> Result<(), Difference> {
    let unread = |error: yaml::YamlError| Difference { text: format!("the new text: {error}"), node: None };
    let source = SourceText::read(text.as_bytes()).map_err(unread)?;
    let first_reader = old;
    let proved = yaml::prove(old, &source, splices, yaml::read_again, |old, new| {
        compare(path, old, new, |nodes, old, new| {
            let values = inside.iter().find(|inside| inside.slot.value == old)?;
            let before = first_reader.tree.text(old).unwrap_or_default();
            Some(compare_text(nodes, old, new, before, &values.edit))
        })
    })?;
    match proved.unread {
        Some(error) => differs(format!("the second reader cannot read the file: {error}")),
        None => Ok(()),
    }
}

/// Compares the text of one reader. If the file ends without a line end, the second reader ends the last line, and finds the end
/// in the old text and in the new one, beyond what the first reader found before.
fn compare_text(
    nodes: &mut NodeComparison<'_, '_>,
    old: NodeId,
    new: NodeId,
    before: &str,
    edit: &Edit,
) -> Result<(), Difference> {
    let end = nodes.old.tree.text(old).and_then(|text| text.strip_prefix(before)).unwrap_or_default();
    let is_text = nodes.new.tree.text(new).is_some_and(|text| {
        text.strip_suffix(end).is_some_and(|text| text.as_bytes() == edit.text) && ["", "\n"].contains(&end)
    });
    let (old_kind, new_kind) = (nodes.old.tree.kind(old), nodes.new.tree.kind(new));
    let is_alike = match (old_kind, new_kind) {
        (NodeKind::Scalar(_, old), NodeKind::Scalar(_, new)) => old == new,
        _ => false,
    };
    if !is_text || !is_alike || nodes.old.tree.tag(old) != nodes.new.tree.tag(new) {
        return differs("the values that are text are not what was asked for");
    }
    nodes.anchor(old, new, "the values that are text")
}

/// Tells the edits inside by the lines of the file.
fn outcome(yaml: &ParsedYaml<'_>, text: Vec<u8>, arguments: &[&ImageArgument], inside: &[Inside]) -> Edit {
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    let mut names = Vec::new();
    for Inside { edit, first_line, .. } in inside {
        let line = |inner: usize| inner + first_line - 1;
        for mut entry in edit.entries.clone() {
            entry.line = line(entry.line);
            for field in &mut entry.fields {
                field.line = line(field.line);
                field.key = format!("values.{}", field.key);
            }
            entries.push(entry);
        }
        for mut note in edit.notes.clone() {
            note.place.line = line(note.place.line);
            notes.push(note);
        }
        names.extend(edit.names.clone());
    }
    let is_absent =
        |argument: &&&ImageArgument| inside.iter().all(|inside| inside.edit.absent.contains(&argument.name));
    let absent = arguments.iter().filter(is_absent).map(|argument| argument.name.clone()).collect();
    let changed = text != yaml.source.text.as_bytes();
    Edit::new(text, changed, entries, absent, names, notes)
}
