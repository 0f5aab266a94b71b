//! A new entry as text, in block style, with the quotes of the entries that are there.

use super::field::FieldName;
use crate::image::{Field, ImageArgument};
use crate::yaml::{NodeId, NodeKind, ParsedYaml, Quote, ScalarStyle, render};

/// The keys and values of a new entry, with the quotes they get.
pub(super) struct NewEntry<'a>(Vec<(&'static str, &'a str, Quote)>);

impl<'a> NewEntry<'a> {
    /// Quotes each value as the entry that serves as model quotes it, or a value like it.
    pub(super) fn of(yaml: &ParsedYaml<'_>, model: Option<NodeId>, argument: &'a ImageArgument) -> Self {
        let quote = |key: &str| model.and_then(|model| value_quote(yaml, model, key));
        let any = FieldName::ALL.into_iter().rev().find_map(|field| quote(field.as_str()));
        let mut pairs = vec![("name", argument.name.as_str(), quote("name").unwrap_or(Quote::Plain))];
        for field in FieldName::ALL {
            if let Field::Set(value) = field.asked(&argument.change) {
                pairs.push((field.as_str(), value, quote(field.as_str()).or(any).unwrap_or(Quote::Plain)));
            }
        }
        Self(pairs)
    }

    /// Writes the entry, each line with its line end before it.
    pub(super) fn lines(&self, eol: &str, style: &LineStyle) -> String {
        let dash = " ".repeat(style.dash);
        let inner = format!("{eol}{dash} {}", " ".repeat(style.gap));
        let lead = if style.dash_alone { inner.clone() } else { " ".repeat(style.gap) };
        let pair = |(key, value, quote): &(&str, &str, Quote)| {
            format!("{}: {}", render(key, style.key_quote), render(value, *quote))
        };
        let pairs: Vec<String> = self.0.iter().map(pair).collect();
        format!("{}{eol}{dash}-{lead}{}", style.separator, pairs.join(&inner))
    }
}

/// Returns the quotes that the value of `key` has in a mapping.
fn value_quote(yaml: &ParsedYaml<'_>, mapping: NodeId, key: &str) -> Option<Quote> {
    let pair = yaml.tree.own(mapping, &|text| text.eq_ignore_ascii_case(key))?;
    match yaml.tree.kind(pair.value) {
        NodeKind::Scalar(_, style @ (ScalarStyle::Plain | ScalarStyle::Single | ScalarStyle::Double)) => {
            Some((*style).into())
        }
        _ => None,
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
