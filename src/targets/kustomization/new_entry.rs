//! A new entry as text, in block style, with the quotes and the spacing of those that are there.

use super::FieldName;
use super::flow::value_quote;
use super::parse::Document;
use super::scalar::{Quote, render};
use super::tree::NodeId;
use super::wish::Wish;
use crate::image::ImageArgument;

/// The keys and values of a new entry, with the quotes they get.
pub(super) struct Members<'a>(Vec<(&'static str, &'a str, Quote)>);

impl<'a> Members<'a> {
    /// Quotes each value as the entry that serves as model quotes it, or a value like it.
    pub(super) fn of(document: &Document<'_>, model: Option<NodeId>, argument: &'a ImageArgument) -> Self {
        let quote = |key: &str| model.and_then(|model| value_quote(document, model, key));
        let any = FieldName::ALL.into_iter().rev().find_map(|field| quote(field.as_str()));
        let mut members = vec![("name", argument.name.as_str(), quote("name").unwrap_or(Quote::Plain))];
        for field in FieldName::ALL {
            if let Wish::Set(value) = Wish::of(&argument.change, field) {
                members.push((field.as_str(), value, quote(field.as_str()).or(any).unwrap_or(Quote::Plain)));
            }
        }
        Self(members)
    }

    /// Writes the entry in block style, each line with its line end before it.
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
