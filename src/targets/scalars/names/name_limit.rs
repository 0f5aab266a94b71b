//! Which names an argument may have, as far as the parts of an image tell.

use crate::image::{Field, ImageArgument, has_registry, is_same_image, split_registry};
use crate::targets::scalars::document::nodes::text_beside;
use crate::targets::scalars::document::parameters::PARAMETERS;
use crate::targets::scalars::file_refusal::FileRefusal;
use crate::targets::scalars::image_parts::name_parts::{NameLimit, below, ends_in};
use crate::targets::scalars::image_parts::place::{ImagePlace, Parts, Slots};
use crate::yaml::ParsedYaml;

/// Refuses a name that goes against what stands beside the version.
pub(in crate::targets::scalars) fn require_allowed(
    yaml: &ParsedYaml<'_>,
    place: &ImagePlace,
    argument: &ImageArgument,
    new_name: &str,
) -> Result<(), FileRefusal> {
    let Slots::Parts(Parts { limit: Some(limit), .. }) = &place.slots else { return Ok(()) };
    let (message, hint) = match limit {
        NameLimit::EndsIn(end) if !ends_in(new_name, end) && !is_same_image(new_name, end) => {
            let message = format!("`{end}` is beside the version, and `{new_name}` does not end in it");
            (message, other_name_hint(yaml, place, argument, end))
        }
        NameLimit::HasRegistry if !has_registry(new_name) => {
            let message = format!("the name here has its registry, and `{new_name}` has none");
            let mut meant = argument.clone();
            meant.change.new_name = Field::Set(format!("{}/{new_name}", split_registry(new_name).0));
            (message, format!("write it with its registry, as in `{meant}`"))
        }
        NameLimit::IsOfRegistry(registry) if below(registry, new_name).is_none() => {
            let message = format!("the registry is `{registry}` here, and `{new_name}` is not below it");
            (message, "name the image with that registry, or change the registry by hand".to_owned())
        }
        NameLimit::IsOneOf(names) if !names.iter().any(|name| is_same_image(name, new_name)) => {
            let message = format!("the image is `{}` or `{}` here, and not `{new_name}`", names[0], names[1]);
            (message, "name one of them, or change the name by hand".to_owned())
        }
        NameLimit::IsNot(name) if is_same_image(name, new_name) => {
            let message =
                format!("it is not certain which of the parts here are the name, and `{new_name}` may be it already");
            (message, "write the name into `repository` alone once by hand".to_owned())
        }
        _ => return Ok(()),
    };
    Err(FileRefusal::at(yaml, place.item, message, hint))
}

/// Returns what to do about a name that does not end in `end`. A word may be the name of something else, so that the version
/// alone may have any name.
fn other_name_hint(yaml: &ParsedYaml<'_>, place: &ImagePlace, argument: &ImageArgument, end: &str) -> String {
    let own_key = || match place.version_slot()? {
        version if place.path.starts_with(PARAMETERS) => {
            text_beside(yaml, version.parent, "name").and_then(|name| name.rsplit('.').next())
        }
        version => yaml.tree.text(version.key.unwrap_or(version.value)),
    };
    match own_key().filter(|key| !end.contains('/') && !place.is_version_alone(key)) {
        Some(key) => {
            let mut alone = argument.clone().to_string();
            alone.insert_str(argument.name.as_str().len(), &format!(".{key}"));
            format!("if it is the image all the same, name the version alone: `{alone}`")
        }
        None => "name the image that is here, or change its name by hand".to_owned(),
    }
}

impl ImagePlace {
    /// Whether the path is that of the version itself, whose key is `key`.
    fn is_version_alone(&self, key: &str) -> bool {
        self.path == key || self.path.strip_suffix(key).is_some_and(|path| path.ends_with('.'))
    }
}
