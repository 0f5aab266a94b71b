//! A new entry as text, in block style, with the quotes of the entries that are there.

use super::trailing_comment::{COMMENTED, new_fields};
use crate::image::{Field, ImageArgument};
use crate::targets::edit::Comments;
use crate::targets::edit::{FieldName, Fields};
use crate::yaml::{NodeId, ParsedYaml, Quote};

/// The keys and values of a new entry, the values with the quotes they get.
pub(super) struct NewEntry(Vec<(&'static str, String)>);

impl NewEntry {
    /// Quotes each value as the entry that serves as model quotes it, or a value like it.
    pub(super) fn of(
        yaml: &ParsedYaml<'_>,
        model: Option<NodeId>,
        argument: &ImageArgument,
        comments: Comments<'_>,
    ) -> Self {
        let quote = |key: &str| {
            let pair = yaml.tree.own(model?, &|text| text.eq_ignore_ascii_case(key))?;
            yaml.quote_to_follow(pair.value)
        };
        let any = FieldName::ALL.into_iter().rev().find_map(|field| quote(field.as_str()));
        let end = model.and_then(|model| yaml.tree.subtree(model).last());
        let value = |key: &str, value: &str, any: Option<Quote>| {
            yaml.render(value, quote(key).or(any).unwrap_or(Quote::Plain), end)
        };
        let mut pairs = vec![("name", value("name", argument.name.as_str(), None))];
        for field in FieldName::ALL {
            if let Field::Set(text) = field.asked(&argument.change) {
                pairs.push((field.as_str(), value(field.as_str(), text, any)));
            }
        }
        let place = |field: FieldName| pairs.iter().position(|(key, _)| *key == field.as_str());
        if let (Comments::Write(text), Some(at)) = (comments, COMMENTED.into_iter().find_map(place)) {
            let comment = text(&argument.name, &new_fields(Fields::default(), argument));
            if !comment.is_empty() {
                pairs[at].1.push_str(&format!(" {comment}"));
            }
        }
        Self(pairs)
    }

    /// Writes the entry, each line with its line end before it.
    pub(super) fn lines(&self, yaml: &ParsedYaml<'_>, eol: &str, style: &LineStyle) -> String {
        let dash = " ".repeat(style.dash);
        let inner = format!("{eol}{dash} {}", " ".repeat(style.gap));
        let lead = if style.dash_alone { inner.clone() } else { " ".repeat(style.gap) };
        let pair = |(key, value): &(&str, String)| format!("{}: {value}", yaml.render(key, style.key_quote, None));
        let pairs: Vec<String> = self.0.iter().map(pair).collect();
        format!("{}{eol}{dash}-{lead}{}", style.separator, pairs.join(&inner))
    }
}

/// How entries in block style are laid out.
pub(super) struct LineStyle {
    /// How far the dash is indented.
    pub(super) dash: usize,
    /// How many spaces follow it.
    pub(super) gap: usize,
    /// Whether it stands on a line of its own.
    pub(super) dash_alone: bool,
    pub(super) key_quote: Quote,
    /// What separates two entries: nothing, or a blank line.
    pub(super) separator: &'static str,
}

impl LineStyle {
    pub(super) fn plain(dash: usize) -> Self {
        Self { dash, gap: 1, dash_alone: false, key_quote: Quote::Plain, separator: "" }
    }
}
