//! Values of a chart that are text in another file, as `values: |` is in an Application of Argo CD: the same edit inside, and
//! the file around it is proved to differ in this one scalar.

use std::collections::HashSet;

use super::nested_entries::refuse_in_another_source;
use super::values_text::ValuesText;
use crate::image::{ImageArgument, ImageName};
use crate::targets::edit::{Comments, Edit, EditOptions, Fields, NoteKind};
use crate::targets::scalars::document::exchanged::compare;
use crate::targets::scalars::document::object::objects;
use crate::targets::scalars::document::repeated::RepeatedKeys;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::rewrite;
use crate::yaml::{self, Difference, NodeComparison, NodeId, NodeKind, ParsedYaml, SourceText, Splice, differs};

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
    let mut edit = rewrite::edit(path.into(), yaml, &arguments, options)?;
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

/// Values that are text, and their edit.
struct NestedEdit<'y, 'd> {
    values: ValuesText<'y, 'd>,
    edit: Edit,
    splices: Vec<Splice>,
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
    for values in ValuesText::all(yaml, &objects) {
        let named = named_inside(&values, arguments);
        let of_values: Vec<&ImageArgument> = named.iter().map(|(_, argument)| argument).collect();
        refuse_one_name(&values, &named)?;
        let comment;
        let comments = match options.comments {
            Comments::Write(write) => {
                comment = |name: &ImageName, fields: &Fields| write(outer_name(&named, name), fields);
                Comments::Write(&comment)
            }
            comments => comments,
        };
        let options = EditOptions { comments, ..options };
        let edit = values.read(|yaml| rewrite::edit(values.origin(), yaml, &of_values, options));
        let edit = renamed(edit.map_err(|refusal| values.told(refusal))?, &named);
        let is_found = arguments.iter().any(|argument| !edit.absent.contains(&argument.name));
        if is_found {
            repeated.refuse(values.slot.value)?;
        }
        let splices = values.splices(&edit)?;
        inside.push(NestedEdit { values, edit, splices });
    }
    require_one(yaml, arguments, &inside)?;
    if inside.is_empty() {
        return Ok(None);
    }
    let unproved = |Difference { text, node }: Difference| {
        let node = node.unwrap_or(inside[0].values.slot.value);
        FileRefusal::unproved(yaml.place(node), &text)
    };
    let splices = yaml::ordered(inside.iter().flat_map(|inside| inside.splices.clone()).collect());
    let splices = splices.or_else(|_| differs("two changes overlap")).map_err(unproved)?;
    let text = yaml::apply(yaml.source.text, &splices).ok_or(());
    let text = text.or_else(|()| differs("a change does not lie on characters")).map_err(unproved)?;
    prove(path, yaml, &text, &splices, &inside).map_err(unproved)?;
    Ok(Some(outcome(yaml, text.into_bytes(), arguments, &inside)))
}

/// Returns each argument with the one that means the same within values that are text: a name may begin with the `KIND/NAME/` of
/// their object.
fn named_inside<'a>(
    values: &ValuesText<'_, '_>,
    arguments: &[&'a ImageArgument],
) -> Vec<(&'a ImageArgument, ImageArgument)> {
    let inside = |argument: &&'a ImageArgument| {
        let name = values.object.without_label(argument.name.as_str()).parse();
        let name = name.unwrap_or_else(|_| argument.name.clone());
        (*argument, ImageArgument { name, change: argument.change.clone() })
    };
    arguments.iter().map(inside).collect()
}

/// Refuses two arguments that name the same image within values that are text.
fn refuse_one_name(values: &ValuesText<'_, '_>, named: &[(&ImageArgument, ImageArgument)]) -> Result<(), FileRefusal> {
    for (index, (outer, inside)) in named.iter().enumerate() {
        if let Some((other, _)) = named[..index].iter().find(|(_, other)| other.name == inside.name) {
            let message = format!("`{}` and `{}` name the same image in these values", other.name, outer.name);
            return Err(values.refusal(message, "leave one of them out"));
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
    for entry in &mut edit.entries {
        entry.name = outer_name(named, &entry.name).clone();
    }
    for note in &mut edit.notes {
        if let Some((outer, _)) = named.iter().find(|(_, inside)| inside.name.as_str() == note.name) {
            note.name = outer.name.to_string();
        }
    }
    let is_absent = |inside: &ImageArgument| edit.absent.contains(&inside.name);
    edit.absent = named.iter().filter(|(_, inside)| is_absent(inside)).map(|(outer, _)| outer.name.clone()).collect();
    edit
}

/// A name in two texts means two images.
fn require_one(
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
    inside: &[NestedEdit<'_, '_>],
) -> Result<(), FileRefusal> {
    for name in arguments.iter().map(|argument| &argument.name) {
        let mut with_name = inside.iter().filter(|inside| !inside.edit.absent.contains(name));
        if let (Some(first), Some(second)) = (with_name.next(), with_name.next()) {
            let at = yaml.place(first.values.slot.value);
            let message = format!("`{name}` is ambiguous: it is in the values at {at} too");
            let hint = match (&first.values.object.label, &second.values.object.label) {
                (Some(first), Some(second)) if first != second => {
                    format!("name one: `{first}/{name}` or `{second}/{name}`")
                }
                _ => "move one of them to a file of its own".to_owned(),
            };
            return Err(second.values.refusal(message, hint));
        }
    }
    Ok(())
}

/// Proves that the file differs in the texts of these values alone, and that they are what the edits inside, which have their
/// own proofs, made of them.
fn prove(
    path: &str,
    old: &ParsedYaml<'_>,
    text: &str,
    splices: &[Splice],
    inside: &[NestedEdit<'_, '_>],
) -> Result<(), Difference> {
    let unread = |error: yaml::YamlError| Difference { text: format!("the new text: {error}"), node: None };
    let source = SourceText::read(text.as_bytes()).map_err(unread)?;
    let proved = yaml::prove(old, &source, splices, yaml::read_again, |old, new| {
        compare(path, old, new, |nodes, old, new| {
            let NestedEdit { values, edit, .. } = inside.iter().find(|inside| inside.values.slot.value == old)?;
            Some(compare_text(nodes, old, new, values.text, edit))
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
fn outcome(yaml: &ParsedYaml<'_>, text: Vec<u8>, arguments: &[&ImageArgument], inside: &[NestedEdit<'_, '_>]) -> Edit {
    let mut entries = Vec::new();
    let mut notes = Vec::new();
    let mut names = Vec::new();
    for NestedEdit { edit, values, .. } in inside {
        let first_line = values.first_line();
        let line = |inner: usize| inner + first_line - 1;
        for mut entry in edit.entries.clone() {
            entry.line = line(entry.line);
            values.told_by_line(&mut entry.after);
            for field in &mut entry.fields {
                field.line = line(field.line);
                field.key = format!("values.{}", field.key);
            }
            entries.push(entry);
        }
        for mut note in edit.notes.clone() {
            note.place.line = line(note.place.line);
            if let NoteKind::AliasesFollow { aliases, .. } = &mut note.kind {
                for alias in aliases {
                    alias.line = line(alias.line);
                }
            }
            notes.push(note);
        }
        notes.extend(edit.entries.iter().flat_map(|entry| values.notes_of_aliases(entry.name.as_str())));
        names.extend(edit.names.clone());
    }
    let is_absent =
        |argument: &&&ImageArgument| inside.iter().all(|inside| inside.edit.absent.contains(&argument.name));
    let absent = arguments.iter().filter(is_absent).map(|argument| argument.name.clone()).collect();
    let is_changed = text != yaml.source.text.as_bytes();
    Edit { text, entries, absent, names, notes, is_kustomization: false, is_changed }
}
