//! Variables and parameters, such as `{name: IMAGE_TAG, value: v1}`: the name is the key of the value.

use super::nodes::{filled, text_beside};
use super::slot::Slot;
use crate::yaml::ParsedYaml;

/// Returns the key of a scalar: of the value of a variable, its name.
pub(in crate::targets::scalars) fn key_of<'y>(yaml: &'y ParsedYaml<'_>, slot: Slot) -> &'y str {
    match slot.key_text(yaml) {
        "value" => text_beside(yaml, slot.parent, "name").unwrap_or("value"),
        key => key,
    }
}

/// Returns the key of a scalar that is named by its path. A whole reference is one under any key, and the parameters of a chart
/// decide among each other, so that they are called by their names.
pub(in crate::targets::scalars) fn key_at<'y>(yaml: &'y ParsedYaml<'_>, slot: Slot, path: &str) -> &'y str {
    let is_reference = filled(yaml, slot.value).is_some_and(|text| text.contains([':', '/']));
    if is_reference || is_of_chart(path) { slot.key_text(yaml) } else { key_of(yaml, slot) }
}

/// Whether a path leads into the parameters of a chart.
pub(in crate::targets::scalars) fn is_of_chart(path: &str) -> bool {
    path.contains("helm.parameters[")
}
