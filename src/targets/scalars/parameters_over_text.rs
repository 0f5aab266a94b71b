//! What the parameters of a source of Argo CD decide of an image in its values that are text.

use super::beside::{WHOLE_IMAGES, is_digest_of, is_whole_image};
use super::file_refusal::FileRefusal;
use super::image_path::{Holds, holds};
use super::key_stems::{NAMES, PARTS_BESIDE, is_part_of_name, plain};
use super::parameters::{FILES, Parameter, Parameters};
use crate::targets::edit::{EntryEdit, FieldEdit, FieldName};
use crate::targets::flux_marker::is_policy_name;
use crate::yaml::{NodeId, ParsedYaml};

/// Refuses the edit of an image in values that are text, if a parameter decides what is pulled, or comes before a new name.
pub(super) fn refuse_decided_in_text(
    yaml: &ParsedYaml<'_>,
    source: NodeId,
    text: NodeId,
    (name, edit): (&str, &EntryEdit),
    asks_name: bool,
) -> Result<(), FileRefusal> {
    // The name of a policy is no path, and what was edited has one.
    let is_version = |field: &&FieldEdit| field.field != FieldName::NewName;
    let edited = edit.fields.iter().find(is_version).or(edit.fields.first()).filter(|_| is_policy_name(name));
    let path = edited.map_or(name, |field| field.key.as_str());
    let (image, own) = version_of_path(path);
    let decides = |parameter: &Parameter<'_>| {
        let (group, key) = parameter.group_and_key();
        let is_there = parameter.list == FILES || parameter.text.is_some();
        let is_version = PARTS_BESIDE.contains(&own) && ["tag", "version"].contains(&key);
        let is_version = group == image && (is_version || key == own);
        let is_digest = group == image && is_digest_of(own, key);
        let is_whole = |text: Option<&str>| parameter.list == FILES || text.is_some_and(is_whole_image);
        let is_whole = group == image && WHOLE_IMAGES.contains(&key) && is_whole(parameter.text);
        let is_around = image == parameter.name || behind_dot(image, parameter.name);
        is_whole || is_version || (is_there && (is_digest || is_around))
    };
    if let Some(Parameter { list, name: parameter, .. }) =
        Parameters::with_files(yaml, source).0.into_iter().find(decides)
    {
        let message = format!("`{parameter}` in `{list}` decides what is pulled, whatever the tag in the values");
        return Err(FileRefusal::at(yaml, text, message, format!("remove `{parameter}` once by hand")));
    }
    if let Some(parameter) =
        name_in_parameters(yaml, source, name).filter(|_| asks_name && edit.after.new_name.is_some())
    {
        let message =
            format!("`{parameter}` in the parameters decides the name, whatever the values that are text say");
        let hint = format!("keep the name, as in `{name}=*:TAG`, or change it by hand");
        return Err(FileRefusal::at(yaml, text, message, hint));
    }
    match Parameters::of(yaml, source).text("global.imageRegistry") {
        Some(registry) if edit.before.new_name != edit.after.new_name => {
            let message = format!(
                "`global.imageRegistry` in `parameters` is `{registry}`, and comes before a name in values that are text"
            );
            let hint = format!("keep the name, as in `{name}=*:TAG`, or change it by hand");
            Err(FileRefusal::at(yaml, text, message, hint))
        }
        _ => Ok(()),
    }
}

/// Returns the parameter that replaces a part of the name of an image in values that are text.
pub(super) fn name_in_parameters<'y>(yaml: &'y ParsedYaml<'_>, source: NodeId, name: &str) -> Option<&'y str> {
    let (image, own) = version_of_path(name);
    let is_part = |parameter: &Parameter<'_>| {
        let (group, key) = parameter.group_and_key();
        // Where the values of a policy are is not known, so that each name may be theirs.
        let is_name = || key != "name" && NAMES.iter().any(|end| plain(key).ends_with(end));
        (is_policy_name(name) && is_name()) || (group == image && is_part_of_name(own, key))
    };
    Parameters::with_files(yaml, source).0.into_iter().find(is_part).map(|parameter| parameter.name)
}

/// Returns the path of the mapping that a path in values means, and the key of the version in it.
fn version_of_path(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('.').unwrap_or(path);
    let (mapping, key) = path.rsplit_once('.').unwrap_or(("", path));
    if holds(key) == Holds::Reference { (path, "tag") } else { (mapping, key) }
}

fn behind_dot(path: &str, before: &str) -> bool {
    path.strip_prefix(before).is_some_and(|rest| rest.starts_with('.'))
}
