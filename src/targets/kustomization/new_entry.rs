//! A new entry as text, in block or in flow style, with the quotes and the spacing of those that are there.

use super::FieldName;
use super::block::quote_of;
use super::flow::{is_tight, value_quote};
use super::parse::Document;
use super::scalar::{Quote, render};
use super::tree::{NodeId, Pair};
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

    pub(super) fn texts(&self, key_quote: Quote, colon: &str) -> Vec<String> {
        let quote = |quote| if colon == ":" || key_quote == Quote::Double { Quote::Double } else { quote };
        let text = |(key, value, own): &(&str, &str, Quote)| {
            format!("{}{colon}{}", render(key, key_quote), render(value, quote(*own)))
        };
        self.0.iter().map(text).collect()
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

    /// Writes the entry in flow style on one line.
    pub(super) fn braces(&self, style: &BraceStyle) -> String {
        let texts = self.texts(style.key_quote, if style.tight { ":" } else { ": " });
        let padding = if style.padded { " " } else { "" };
        format!("{{{padding}{}{padding}}}", texts.join(if style.tight { "," } else { ", " }))
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

/// How entries in flow style are laid out.
pub(super) struct BraceStyle {
    pub(super) key_quote: Quote,
    pub(super) tight: bool,
    pub(super) padded: bool,
}

impl BraceStyle {
    pub(super) fn of(document: &Document<'_>, mapping: NodeId) -> Self {
        let pairs: Vec<Pair> = document.tree.pairs(mapping).collect();
        let key_quote = pairs.first().map_or(Quote::Plain, |pair| quote_of(document, pair.key));
        let padded = document.source.text[document.tree.span(mapping).start..].starts_with("{ ");
        Self { key_quote, tight: key_quote == Quote::Double && is_tight(document, &pairs), padded }
    }
}
