//! One call, one file: find what is named, replace its scalars, prove it, and say what became of each image.

use super::asked::{Asked, NewText, asked};
use super::document_kind::{document_kind, refuse_file, refuse_text};
use super::file_refusal::FileRefusal;
use super::lookup::{images_called, names};
use super::place::ImagePlace;
use crate::image::{ImageArgument, ImageName};
use crate::targets::flux_marker::is_marker;
use crate::targets::kustomization::{
    Comments, Edit, EditOptions, EntryEdit, FieldEdit, FieldName, Fields, Note, NoteKind,
};
use crate::yaml::{
    self, Difference, NodeComparison, NodeId, NodeKind, ParsedYaml, Position, Quote, SourceText, Splice, Writer,
    differs, is_string,
};

/// What is to become of the images that the arguments name.
#[derive(Default)]
struct Plan<'a> {
    images: Vec<PlannedImage<'a>>,
    absent: Vec<ImageName>,
}

struct PlannedImage<'a> {
    argument: &'a ImageArgument,
    place: ImagePlace,
    before: Fields,
    asked: Asked,
    /// The scalars that change.
    texts: Vec<NewText>,
}

/// Edits every image that an argument names. Of two arguments with one name the later counts.
///
/// # Errors
///
/// The file is not edited if it is of a kind that is not edited, if a name is ambiguous or has no place for what is asked, or
/// if the result cannot be proved.
pub(in crate::targets) fn edit(
    path: &str,
    source: &[u8],
    arguments: &[&ImageArgument],
    options: EditOptions<'_>,
) -> Result<Edit, FileRefusal> {
    let arguments = last_of_each(arguments);
    refuse_text(path, source)?;
    let source = SourceText::read(source)?;
    let old = yaml::read(&source)?;
    refuse_file(path, &old)?;
    let plan = plan(path, &old, &arguments)?;
    if !matches!(options.comments, Comments::Keep) && plan.images.iter().any(|image| !image.texts.is_empty()) {
        let hint = "leave `--comment` out, or edit this file in a call of its own";
        return Err(FileRefusal::of_file("comments are written in kustomizations alone", hint));
    }
    let splices = splices(&old, &plan)?;
    let Some(first) = splices.first().map(|splice| old.source.place(splice.range.start)) else {
        return outcome(path, &old, &old, plan);
    };
    let differs = |Difference { text, node }: Difference| {
        FileRefusal::unproved(node.map_or(first, |node| old.place(node)), &text)
    };
    let Some(text) = yaml::apply(old.source.text, &splices) else {
        return Err(FileRefusal::unproved(first, "a change does not lie on characters"));
    };
    let new_source = SourceText::read(text.as_bytes())?;
    let new = yaml::read(&new_source)
        .map_err(|error| FileRefusal::unproved(first, &format!("the new text cannot be read: {error}")))?;
    let unread = yaml::prove(&old, &new, &splices, yaml::read_again, |old, new| judge(path, old, new, &arguments))
        .map_err(differs)?;
    if let Some(error) = unread {
        return Err(FileRefusal::unproved(first, &format!("the second reader cannot read the file: {error}")));
    }
    let again = self::plan(path, &new, &arguments)?;
    if !self::splices(&new, &again)?.is_empty() {
        return Err(FileRefusal::unproved(first, "a second run would change the file again"));
    }
    outcome(path, &old, &new, plan)
}

/// Refuses a file that must not be edited, whatever is asked for.
pub(in crate::targets) fn require_editable(path: &str, source: &[u8]) -> Result<(), FileRefusal> {
    refuse_text(path, source)?;
    let source = SourceText::read(source)?;
    refuse_file(path, &yaml::read(&source)?)
}

/// Returns what the images of a file say: those called `wanted`, or all that show without being asked for.
///
/// # Errors
///
/// The file cannot be read.
pub(in crate::targets) fn entries(
    path: &str,
    source: &[u8],
    wanted: Option<&str>,
) -> Result<Vec<(String, Fields)>, FileRefusal> {
    refuse_text(path, source)?;
    let source = SourceText::read(source)?;
    let yaml = yaml::read(&source)?;
    refuse_file(path, &yaml)?;
    if let Some(name) = wanted {
        let places = images_called(path, &yaml, name)?;
        let fields = places.first().map(|place| place.fields(&yaml)).transpose()?;
        return Ok(fields.map(|fields| (name.to_owned(), fields)).into_iter().collect());
    }
    let mut entries = Vec::new();
    for name in names(path, &yaml) {
        // What cannot be told without a doubt is not an entry.
        let places = images_called(path, &yaml, &name).unwrap_or_default();
        let fields = places.first().and_then(|place| place.fields(&yaml).ok());
        entries.extend(fields.map(|fields| (name, fields)));
    }
    Ok(entries)
}

fn last_of_each<'a>(arguments: &[&'a ImageArgument]) -> Vec<&'a ImageArgument> {
    let is_last = |(at, argument): &(usize, &&ImageArgument)| {
        !arguments[at + 1..].iter().any(|later| later.name == argument.name)
    };
    arguments.iter().enumerate().filter(is_last).map(|(_, argument)| *argument).collect()
}

fn plan<'a>(path: &str, yaml: &ParsedYaml<'_>, arguments: &[&'a ImageArgument]) -> Result<Plan<'a>, FileRefusal> {
    let mut plan = Plan::default();
    for argument in arguments.iter().copied() {
        let places = images_called(path, yaml, argument.name.as_str())?;
        if places.is_empty() {
            plan.absent.push(argument.name.clone());
        }
        for place in places {
            let before = place.fields(yaml)?;
            let asked = asked(yaml, &place, &before, argument)?;
            let mut texts = place.texts(yaml, &before, &asked.after)?;
            let mut changed = Vec::new();
            for new in texts.drain(..) {
                if is_new(yaml, &new, argument)? {
                    changed.push(new);
                }
            }
            plan.images.push(PlannedImage { argument, place, before, asked, texts: changed });
        }
    }
    plan.images.sort_by_key(|image| image.place.item);
    Ok(plan)
}

/// Whether a scalar is to be written: it says something else, or what is asked for without being a string.
fn is_new(yaml: &ParsedYaml<'_>, new: &NewText, argument: &ImageArgument) -> Result<bool, FileRefusal> {
    let text = new.slot.text(yaml)?.unwrap_or_default();
    let is_set = match new.field {
        FieldName::NewName => argument.change.new_name.set().is_some(),
        FieldName::NewTag => argument.change.new_tag.set().is_some(),
        FieldName::Digest => argument.change.digest.set().is_some(),
    };
    Ok(text != new.text || (is_set && !text.is_empty() && !is_string(&yaml.tree, new.slot.value)))
}

fn splices(yaml: &ParsedYaml<'_>, plan: &Plan<'_>) -> Result<Vec<Splice>, FileRefusal> {
    let mut writer = Writer::new(yaml);
    let mut written: Vec<(NodeId, &str)> = Vec::new();
    for new in plan.images.iter().flat_map(|image| &image.texts) {
        match written.iter().find(|(node, _)| *node == new.slot.value) {
            Some((_, text)) if *text == new.text => continue,
            Some(_) => {
                let message = "two arguments write this value";
                return Err(FileRefusal::at(yaml, new.slot.value, message, "leave one of them out"));
            }
            None => written.push((new.slot.value, &new.text)),
        }
        let is_mapping = matches!(yaml.tree.kind(new.slot.parent), NodeKind::Mapping(_));
        let siblings: Vec<_> = if is_mapping { yaml.tree.pairs(new.slot.parent).collect() } else { Vec::new() };
        let least = match yaml.tree.kind(new.slot.parent) {
            NodeKind::Mapping(yaml::Layout::Flow) => yaml.least_quote(&siblings),
            _ => Quote::Plain,
        };
        match (new.slot.pair(), yaml.tree.kind(new.slot.value)) {
            (Some(pair), _) => writer.replace_value(pair, &new.text, least)?,
            (None, NodeKind::Scalar(_, style)) if !is_block(*style) => {
                let quote = (*style).into();
                writer.replace(yaml.tree.span(new.slot.value), yaml.render(&new.text, quote, new.slot.value));
            }
            (None, _) => {
                let message = "this item of a list is not written on one line";
                return Err(FileRefusal::at(yaml, new.slot.value, message, "write it as a plain or quoted string"));
            }
        }
    }
    yaml::ordered(writer.finish()).map_err(|at| FileRefusal::unproved(yaml.source.place(at), "two changes overlap"))
}

fn is_block(style: yaml::ScalarStyle) -> bool {
    matches!(style, yaml::ScalarStyle::Literal | yaml::ScalarStyle::Folded)
}

/// Compares one reader's view of the old text and the new one: the named images have what the arguments ask for, and every
/// other node is what it was. What is asked for comes from the arguments and the old values, not from the plan.
fn judge(
    path: &str,
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
) -> Result<(), Difference> {
    let failed = |refusal: FileRefusal| Difference { text: refusal.message, node: None };
    let mut may_change: Vec<NodeId> = Vec::new();
    for argument in arguments {
        let name = argument.name.as_str();
        let old_places = images_called(path, old, name).map_err(failed)?;
        let new_places = images_called(path, new, name).map_err(failed)?;
        if old_places.len() != new_places.len() {
            return differs(format!("`{name}` is in another number of places"));
        }
        for (old_place, new_place) in old_places.iter().zip(&new_places) {
            let before = old_place.fields(old).map_err(failed)?;
            let after = new_place.fields(new).map_err(failed)?;
            let Asked { after: wanted, .. } = asked(old, old_place, &before, argument).map_err(failed)?;
            let same_name = match (&wanted.new_name, &after.new_name) {
                (Some(wanted), Some(after)) => wanted == after || super::image_text::is_same_image(wanted, after),
                (wanted, after) => wanted == after || before.new_name.is_none(),
            };
            if !same_name || wanted.new_tag != after.new_tag || wanted.digest != after.digest {
                return differs(format!("`{name}` is not what was asked for"));
            }
            may_change.extend(old_place.nodes());
        }
    }
    compare(path, old, new, &may_change)
}

fn compare(path: &str, old: &ParsedYaml<'_>, new: &ParsedYaml<'_>, may_change: &[NodeId]) -> Result<(), Difference> {
    let (old_roots, new_roots) = (&old.tree.documents, &new.tree.documents);
    if old_roots.len() != new_roots.len() {
        return differs("the file has another number of documents");
    }
    let mut nodes = NodeComparison::new(old, new);
    for (old_root, new_root) in old_roots.iter().zip(new_roots) {
        if document_kind(path, old, *old_root) != document_kind(path, new, *new_root) {
            return differs("a document is of another kind");
        }
        let (old_nodes, new_nodes) = (old.tree.subtree(*old_root), new.tree.subtree(*new_root));
        if old_nodes.len() != new_nodes.len() {
            return differs("a document has another number of values");
        }
        for (old_node, new_node) in old_nodes.zip(new_nodes) {
            let compared = if may_change.contains(&old_node) {
                compare_changed(&mut nodes, old_node, new_node)
            } else {
                nodes.node(old_node, new_node, "a value")
            };
            compared.map_err(|difference| difference.at(old_node))?;
            if old.tree.subtree(old_node).len() != new.tree.subtree(new_node).len() {
                return differs("a value is not what it was").map_err(|difference: Difference| difference.at(old_node));
            }
        }
    }
    Ok(())
}

/// A scalar that was written is a string, and keeps its anchor and its tag; one that was not is what it was.
fn compare_changed(nodes: &mut NodeComparison<'_, '_>, old: NodeId, new: NodeId) -> Result<(), Difference> {
    if nodes.is_same_kind(old, new) {
        return nodes.node(old, new, "a value");
    }
    let is_written = is_string(&nodes.new.tree, new) && matches!(nodes.new.tree.kind(new), NodeKind::Scalar(..));
    if !is_written || nodes.old.tree.tag(old) != nodes.new.tree.tag(new) {
        return differs("a new value is not a string");
    }
    nodes.anchor(old, new, "a new value")
}

fn outcome(path: &str, old: &ParsedYaml<'_>, new: &ParsedYaml<'_>, plan: Plan<'_>) -> Result<Edit, FileRefusal> {
    let mut notes = Vec::new();
    let mut entries = Vec::new();
    for image in &plan.images {
        notes.extend(notes_of(old, new, image));
        // The nodes of both texts are the same: only scalars were exchanged.
        let after = image.place.fields(new)?;
        let line = |node: NodeId| new.source.line_number(new.tree.start(node));
        entries.push(EntryEdit {
            name: image.argument.name.clone(),
            line: line(image.place.item),
            appended: false,
            fields: field_edits(new, image, &after),
            before: image.before.clone(),
            after,
            checked_as: image.asked.checked_as.clone(),
        });
    }
    let names = names(path, new);
    let text = new.source.text.as_bytes().to_vec();
    let changed = new.source.text != old.source.text;
    Ok(Edit::new(text, changed, entries, plan.absent, names, notes))
}

fn field_edits(new: &ParsedYaml<'_>, image: &PlannedImage<'_>, after: &Fields) -> Vec<FieldEdit> {
    let written = |field: FieldName| {
        let of_field = image.texts.iter().find(|text| text.field == field);
        of_field.or(image.texts.first())
    };
    let edit = |field: FieldName| {
        let (from, to) = (image.before.get(field), after.get(field));
        let is_written = image.texts.iter().any(|text| text.field == field);
        let text = written(field).filter(|_| from != to || is_written)?;
        let node = text.slot.key.unwrap_or(text.slot.value);
        Some(FieldEdit {
            field,
            key: key_of(new, image, text),
            line: new.source.line_number(new.tree.start(node)),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        })
    };
    // A reference is written as one, for whichever of its parts.
    let edits: Vec<FieldEdit> = FieldName::ALL.into_iter().filter_map(edit).collect();
    let is_change = |edit: &&FieldEdit| edit.from != edit.to;
    if edits.iter().any(|edit| is_change(&edit)) {
        return edits.iter().filter(is_change).cloned().collect();
    }
    edits
}

/// Returns the path of a scalar that was written.
fn key_of(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>, text: &NewText) -> String {
    let path = &image.place.path;
    match text.slot.key.and_then(|key| yaml.tree.text(key)) {
        Some(key) if image.place.item != text.slot.key.unwrap_or(text.slot.value) => format!("{path}.{key}"),
        _ => path.clone(),
    }
}

/// Returns what the file calls a part of an image: its key, or in a whole reference the part's own name.
fn word_of(yaml: &ParsedYaml<'_>, image: &PlannedImage<'_>, field: FieldName) -> String {
    let key = image.place.slot_of(field).and_then(|slot| yaml.tree.text(slot.key?));
    let word = match field {
        FieldName::NewName => "name",
        FieldName::NewTag => "tag",
        FieldName::Digest => "digest",
    };
    key.unwrap_or(word).to_owned()
}

fn notes_of(old: &ParsedYaml<'_>, new: &ParsedYaml<'_>, image: &PlannedImage<'_>) -> Vec<Note> {
    let name = image.argument.name.to_string();
    let note = |place: Position, kind: NoteKind| Note { name: name.clone(), place, kind };
    let mut notes = Vec::new();
    if let Some(checked) = &image.asked.checked_as {
        notes.push(note(new.place(image.place.item), NoteKind::NotWritten { new_name: checked.clone() }));
    }
    let argument = &image.argument.change;
    for (field, removed) in [
        (FieldName::NewTag, argument.new_tag == crate::image::Field::Remove),
        (FieldName::Digest, argument.digest == crate::image::Field::Remove),
    ] {
        if let (true, Some(value), None) = (removed, image.before.get(field), image.asked.after.get(field)) {
            let key = word_of(new, image, field);
            let kind = NoteKind::Dropped { key, value: value.to_owned(), comment: None };
            notes.push(note(old.place(image.place.item), kind));
        }
    }
    for text in &image.texts {
        let comment = text.slot.pair().and_then(|pair| new.trailing_comment(pair));
        if let Some(comment) = comment.map(|range| new.source.slice(range)).filter(|text| is_marker(text)) {
            let kind = NoteKind::FluxMarker { comment: comment.to_owned() };
            notes.push(note(new.place(text.slot.value), kind));
        }
        let mut anchored: Vec<NodeId> = image.place.trail.clone();
        anchored.push(text.slot.value);
        anchored.dedup();
        let aliases: Vec<Position> =
            anchored.iter().flat_map(|node| new.tree.aliases(*node)).map(|alias| new.place(*alias)).collect();
        if !aliases.is_empty() {
            notes.push(note(
                new.place(text.slot.value),
                NoteKind::AliasesFollow { key: word_of(new, image, text.field), aliases },
            ));
        }
    }
    notes
}
