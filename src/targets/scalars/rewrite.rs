//! One call, one file: find what is named, replace its scalars, prove it, and say what became of each image.

use std::collections::{BTreeSet, HashMap};

use super::document::document_kind::refuse_file;
use super::document::exchanged::compare;
use super::file_refusal::FileRefusal;
use super::image_parts::place::ImagePlace;
use super::names::parts_around::CertainRegistries;
use super::names::shared_registry::SharedName;
use super::notes::image_edit::outcome;
use super::notes::later_steps::LaterSteps;
use super::notes::pulled::pulled_as_it_is;
use super::plan::as_read::require_same_as_read;
use super::plan::comments::write_comments;
use super::plan::new_values::{NewText, NewValues, new_values};
use super::plan::planned_image::{ImagesPlan, plan};
use super::search::lookup::{FileImages, TextOrigin};
use super::search::shown_images::ShownImages;
use super::search::together::together;
use crate::image::{ImageArgument, is_same_image};
use crate::targets::edit::{Comments, Edit, EditOptions, Fields};
use crate::targets::shown_entries::ShownEntries;
use crate::yaml::{
    self, Difference, Layout, NodeComparison, NodeId, NodeKind, ParsedYaml, Proved, Quote, ScalarStyle, SourceText,
    Splice, Writer, differs, is_string,
};

/// Edits every image that an argument names. No two arguments have one name.
///
/// # Errors
///
/// The file is not edited if it is of a kind that is not edited, if a name is ambiguous or has no place for what is asked, or
/// if the result cannot be proved.
pub(super) fn edit(
    origin: TextOrigin<'_>,
    old: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
    options: EditOptions<'_>,
) -> Result<Edit, FileRefusal> {
    refuse_file(origin.path, old)?;
    let old_images = FileImages::new(origin, old);
    let plan = plan(&old_images, arguments)?;
    require_same_as_read(&old_images, arguments, &plan)?;
    let splices = splices(old, &plan, options.comments)?;
    let Some(first) = splices.first().map(|splice| old.source.place(splice.range.start)) else {
        return outcome(old, &old_images, plan);
    };
    let differs = |Difference { text, node }: Difference| {
        FileRefusal::unproved(node.map_or(first, |node| old.place(node)), &text)
    };
    let Some(text) = yaml::apply(old.source.text, &splices) else {
        return Err(FileRefusal::unproved(first, "a change does not lie on characters"));
    };
    let new_source = SourceText::read(text.as_bytes())?;
    let Proved { new, unread } =
        yaml::prove(old, &new_source, &splices, yaml::read_again, |old, new| judge(origin, old, new, arguments))
            .map_err(differs)?;
    if let Some(error) = unread {
        let refusal = FileRefusal::unproved(first, &format!("the second reader cannot read the file: {error}"));
        let hint = "Helm and kustomize read as this one does, and most likely refuse the file too: correct what it names; a character \
                    that is escaped as `\\ud83d…` is written as it is";
        return Err(FileRefusal { hint: Some(hint.to_owned()), ..refusal });
    }
    let new_images = FileImages::new(origin, &new);
    let again = self::plan(&new_images, arguments)?;
    if !self::splices(&new, &again, options.comments)?.is_empty() {
        return Err(FileRefusal::unproved(first, "a second run would change the file again"));
    }
    outcome(old, &new_images, plan)
}

/// Returns what the images of a file say: those called `wanted`, or all that show without being asked for.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(super) fn entries(images: &FileImages<'_, '_>, wanted: Option<&str>) -> Result<Vec<(String, Fields)>, FileRefusal> {
    refuse_file(images.origin.path, images.yaml)?;
    let Some(name) = wanted else { return each_together(images.yaml, images.all().images) };
    let fields = together(images.yaml, &images.called(name)?, &mut CertainRegistries::default())?;
    Ok(fields.map(|fields| (name.to_owned(), fields)).into_iter().collect())
}

/// Returns what the images say that show without being asked for, and which of them cannot be told.
///
/// # Errors
///
/// The file is not edited, whatever is asked for.
pub(super) fn shown(images: &FileImages<'_, '_>) -> Result<ShownEntries, FileRefusal> {
    refuse_file(images.origin.path, images.yaml)?;
    let ShownImages { images: all, untold, doubtful } = images.all();
    let (mut overruled, mut later) = (Vec::new(), LaterSteps::of(images));
    let mut pulled = HashMap::new();
    for (name, places) in &all {
        match pulled_as_it_is(&mut later, name, places) {
            Ok(image) => drop(pulled.insert(name.clone(), Box::new(image))),
            Err(refusal) => overruled.push(refusal),
        }
    }
    let mut entries = each_together(images.yaml, all)?;
    for (name, fields) in &mut entries {
        fields.pulled = pulled.remove(name);
    }
    Ok(ShownEntries { entries, untold, overruled, doubtful })
}

fn each_together(
    yaml: &ParsedYaml<'_>,
    images: Vec<(String, Vec<ImagePlace>)>,
) -> Result<Vec<(String, Fields)>, FileRefusal> {
    let (mut entries, mut registries) = (Vec::new(), CertainRegistries::default());
    for (name, places) in &images {
        entries.extend(together(yaml, places, &mut registries)?.map(|fields| (name.clone(), fields)));
    }
    Ok(entries)
}

fn splices(yaml: &ParsedYaml<'_>, plan: &ImagesPlan<'_>, comments: Comments<'_>) -> Result<Vec<Splice>, FileRefusal> {
    let mut writer = Writer::new(yaml);
    let mut written: HashMap<NodeId, &str> = HashMap::new();
    for image in &plan.images {
        for new in &image.texts {
            match written.insert(new.slot.value, &new.text) {
                Some(text) if text == new.text => continue,
                Some(_) => {
                    let message = "two arguments write this value";
                    return Err(FileRefusal::at(yaml, new.slot.value, message, "leave one of them out"));
                }
                None => write_value(&mut writer, new)?,
            }
        }
        write_comments(&mut writer, comments, &image.argument.name, &image.new_values.after, &image.texts);
    }
    yaml::ordered(writer.finish()).map_err(|at| FileRefusal::unproved(yaml.source.place(at), "two changes overlap"))
}

fn write_value(writer: &mut Writer<'_, '_>, new: &NewText) -> Result<(), FileRefusal> {
    let (yaml, NewText { slot, text, .. }) = (writer.yaml, new);
    let least = match yaml.tree.kind(slot.parent) {
        NodeKind::Mapping(Layout::Flow) => yaml.least_quote(&yaml.tree.pairs(slot.parent).collect::<Vec<_>>()),
        NodeKind::Sequence(Layout::Flow) if yaml.is_json() => Quote::Double,
        _ => Quote::Plain,
    };
    match (slot.pair(), yaml.tree.kind(slot.value)) {
        (Some(pair), _) => writer.replace_value(pair, text, least)?,
        (None, NodeKind::Scalar(_, style)) if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) => {
            let quote = if *style == ScalarStyle::Plain { least } else { (*style).into() };
            writer.replace(yaml.tree.span(slot.value), yaml.render(text, quote, slot.value));
        }
        (None, _) => {
            let message = "this item of a list is not written on one line";
            return Err(FileRefusal::at(yaml, slot.value, message, "write it as a plain or quoted string"));
        }
    }
    Ok(())
}

/// Compares one reader's view of the old text and the new one: the named images have what the arguments ask for, and every
/// other node is what it was. What is asked for comes from the arguments and the old values, not from the plan.
fn judge(
    origin: TextOrigin<'_>,
    old: &ParsedYaml<'_>,
    new: &ParsedYaml<'_>,
    arguments: &[&ImageArgument],
) -> Result<(), Difference> {
    let failed = |refusal: FileRefusal| Difference { text: refusal.message, node: None };
    let (old_images, new_images) = (FileImages::new(origin, old), FileImages::new(origin, new));
    let mut may_change: BTreeSet<NodeId> = BTreeSet::new();
    for argument in arguments {
        let name = argument.name.as_str();
        let old_places = old_images.to_edit(name).map_err(failed)?;
        let new_places = new_images.to_edit(name).map_err(failed)?;
        if old_places.len() != new_places.len() {
            return differs(format!("`{name}` is in another number of places"));
        }
        for (old_place, new_place) in old_places.iter().zip(&new_places) {
            let before = old_place.fields(old).map_err(failed)?;
            let after = new_place.fields(new).map_err(failed)?;
            let NewValues { after: wanted, repository, .. } =
                new_values(old, old_place, &before, argument).map_err(failed)?;
            let same_name = match (&wanted.new_name, &after.new_name) {
                (Some(wanted), Some(after)) => wanted == after || is_same_image(wanted, after),
                (wanted, after) => wanted == after,
            };
            let was = SharedName::of(old, old_place).map_err(failed)?;
            let is = SharedName::of(new, new_place).map_err(failed)?;
            let same_name = same_name
                && match (&repository, was, is) {
                    (Some(repository), Some(was), Some(is)) => was.becomes(&is, repository),
                    (repository, ..) => repository.is_none(),
                };
            if !same_name || wanted.new_tag != after.new_tag || wanted.digest != after.digest {
                return differs(format!("`{name}` is not what was asked for"));
            }
            may_change.extend(old_place.nodes());
        }
    }
    compare(origin.path, old, new, |nodes, old, new| {
        may_change.contains(&old).then(|| compare_changed(nodes, old, new))
    })
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
