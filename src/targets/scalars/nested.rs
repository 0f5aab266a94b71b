//! Values of a chart that are text in another file, as `values: |` is in an Application of Argo CD: the same edit inside, and
//! the file around it is proved to differ in this one scalar.

use std::collections::HashSet;

use super::argo::{PARAMETERS, ignored_values, nested_values, sources};
use super::exchanged::compare;
use super::file_refusal::FileRefusal;
use super::lookup::FileImages;
use super::object::objects;
use super::place::ImagePlace;
use super::rewrite;
use super::slot::Slot;
use crate::image::ImageArgument;
use crate::targets::kustomization::{Edit, EditOptions, Fields};
use crate::yaml::{
    self, Difference, NodeComparison, NodeId, NodeKind, ParsedYaml, ScalarStyle, SourceText, Splice, differs,
};

/// What the text inside is called: values are edited by paths.
const INSIDE: &str = "values.yaml";

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

/// Refuses a name that means an image outside of the text and one in the text of another source. Within one source, Argo CD takes
/// the one outside.
fn refuse_in_another_source(
    path: &str,
    yaml: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
) -> Result<(), FileRefusal> {
    let objects = objects(path, yaml);
    let sources: Vec<NodeId> = objects.iter().flat_map(|object| sources(yaml, object)).collect();
    let images = FileImages::new(path, yaml);
    for slot in nested_values(yaml, &objects) {
        let source = sources.iter().copied().find(|source| yaml.tree.is_within(slot.value, *source));
        let is_of_source = |node| source.is_some_and(|source| yaml.tree.is_within(node, source));
        for name in arguments.iter().map(|argument| argument.name.as_str()).filter(|name| !name.starts_with('.')) {
            let inside = entries_inside(yaml, slot, Some(name));
            let outside = if inside.is_empty() { Vec::new() } else { images.to_edit(name)? };
            if let Some(first) = outside.first()
                && !outside.iter().any(|place| is_of_source(place.item))
            {
                let at = yaml.place(first.item);
                let message = format!("`{name}` is ambiguous: it is at {at} too, in another source");
                return Err(FileRefusal::at(yaml, slot.value, message, "move one of them to a file of its own"));
            }
            for place in images.to_edit(name)?.iter().filter(|place| is_of_source(place.item)) {
                refuse_digest_inside(yaml, slot, name, place)?;
            }
        }
    }
    Ok(())
}

/// Refuses the parameter of a tag if the values that are text have a digest of the same image: it would still decide what is
/// pulled.
fn refuse_digest_inside(yaml: &ParsedYaml<'_>, slot: Slot, name: &str, place: &ImagePlace) -> Result<(), FileRefusal> {
    if !place.path.starts_with(PARAMETERS) || place.has_digest(yaml)? {
        return Ok(());
    }
    let whole = [".tag", ".version"].iter().find_map(|key| name.strip_suffix(key)).unwrap_or(name);
    let has_digest = entries_inside(yaml, slot, Some(whole)).iter().any(|(_, fields)| fields.digest.is_some());
    if !has_digest {
        return Ok(());
    }
    let message =
        format!("the digest of `{whole}` in `values` decides what is pulled, whatever the parameter of its tag");
    let hint = format!(
        "remove the parameters of `{whole}` by hand, so that `{whole}` means the values, or add the parameter `{whole}.digest`"
    );
    Err(FileRefusal::at(yaml, slot.value, message, hint))
}

fn last_of_each<'a>(arguments: &[&'a ImageArgument]) -> Vec<&'a ImageArgument> {
    let mut names = HashSet::new();
    let mut last: Vec<_> = arguments.iter().rev().copied().filter(|argument| names.insert(&argument.name)).collect();
    last.reverse();
    last
}

/// Returns what [`rewrite::entries`] returns, and the images in values that are text.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(in crate::targets) fn entries(
    path: &str,
    yaml: &ParsedYaml<'_>,
    wanted: Option<&str>,
) -> Result<Vec<(String, Fields)>, FileRefusal> {
    let mut entries = rewrite::entries(path, yaml, wanted)?;
    if wanted.is_some() && !entries.is_empty() {
        return Ok(entries);
    }
    let objects = objects(path, yaml);
    for slot in nested_values(yaml, &objects) {
        entries.extend(entries_inside(yaml, slot, wanted));
    }
    for slot in ignored_values(yaml, &objects).into_iter().filter(|_| entries.is_empty()) {
        if let Some(name) = wanted.filter(|_| !entries_inside(yaml, slot, wanted).is_empty()) {
            let message = format!("`{name}` is in `values` alone, which Argo CD ignores beside `valuesObject`");
            let refusal = FileRefusal::at(yaml, slot.value, message, "move the image to `valuesObject` once by hand");
            return Err(FileRefusal { is_no_image: true, ..refusal });
        }
    }
    Ok(entries)
}

fn entries_inside(yaml: &ParsedYaml<'_>, slot: Slot, wanted: Option<&str>) -> Vec<(String, Fields)> {
    let text = yaml.tree.text(slot.value).unwrap_or_default();
    with_values(text, |yaml| rewrite::entries(INSIDE, yaml, wanted)).unwrap_or_default()
}

/// Requires that all places of a name say the same, in the file or in one of the values that are text there.
///
/// # Errors
///
/// They do not, or the name does not mean one image.
pub(in crate::targets) fn require_one_version(
    path: &str,
    yaml: &ParsedYaml<'_>,
    name: &str,
) -> Result<(), FileRefusal> {
    rewrite::require_one_version(path, yaml, name)?;
    for slot in nested_values(yaml, &objects(path, yaml)) {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        with_values(text, |yaml| Ok(rewrite::require_one_version(INSIDE, yaml, name)))
            .unwrap_or(Ok(()))
            .map_err(|refusal| FileRefusal { place: Some(yaml.place(slot.value)), ..refusal })?;
    }
    Ok(())
}

/// Reads values that are text, and calls `then` with them.
fn with_values<R>(text: &str, then: impl FnOnce(&ParsedYaml<'_>) -> Result<R, FileRefusal>) -> Result<R, FileRefusal> {
    let source = SourceText::read(text.as_bytes())?;
    then(&yaml::read(&source)?)
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
    for slot in nested_values(yaml, &objects(path, yaml)) {
        let text = yaml.tree.text(slot.value).unwrap_or_default();
        let edit = with_values(text, |yaml| rewrite::edit(INSIDE, yaml, arguments, options)).map_err(|refusal| {
            let message = format!("in the values that are text here, {refusal}");
            FileRefusal { place: Some(yaml.place(slot.value)), message, ..refusal }
        })?;
        let first_line = first_line(yaml, slot);
        let splices = if edit.changed() { splices(yaml, slot, first_line, text, &edit)? } else { Vec::new() };
        inside.push(Inside { slot, edit, splices, first_line });
    }
    require_one(yaml, arguments, &inside)?;
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

/// A name in two texts means two images.
fn require_one(yaml: &ParsedYaml<'_>, arguments: &[&ImageArgument], inside: &[Inside]) -> Result<(), FileRefusal> {
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
                "move one of them to a file of its own",
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
