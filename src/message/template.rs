//! Texts as the user gives them, with places to fill in.

use super::skip_ci::{self, PieceOrigin};

/// A text with places to fill in. `P` is what may be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<P>(Vec<Piece<P>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<P> {
    Text(String),
    Place(P),
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the {0} is empty")]
    Empty(&'static str),
    #[error("a `{{` in the {0} is not closed")]
    Unclosed(&'static str),
    #[error("the {what} has no placeholder `{{{name}}}`")]
    Unknown { what: &'static str, name: String },
}

impl<P: Copy + PartialEq> Template<P> {
    /// Reads a template; `what` is what it is called in a message, `places` are the names that may stand in `{` and `}`.
    pub(super) fn parse(text: &str, what: &'static str, places: &[(&str, P)]) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(Piece::Text(before.to_owned()));
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed(what))?;
            let place = places.iter().find(|(place, _)| *place == name);
            let (_, place) = place.ok_or_else(|| TemplateError::Unknown { what, name: name.to_owned() })?;
            pieces.push(Piece::Place(*place));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if text.trim().is_empty() {
            return Err(TemplateError::Empty(what));
        }
        Ok(Self(pieces))
    }

    /// Returns whether the text has the place.
    pub(super) fn has(&self, place: P) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Place(named) if *named == place))
    }

    /// Returns the pieces of the text, the places filled in. What was filled in is not filled again.
    pub(super) fn fill<'a>(&'a self, value: impl Fn(P) -> &'a str) -> impl Iterator<Item = (&'a str, PieceOrigin)> {
        self.0.iter().map(move |piece| match piece {
            Piece::Text(text) => (text.as_str(), PieceOrigin::Typed),
            Piece::Place(place) => (value(*place), PieceOrigin::Filled),
        })
    }
}

/// A commit's text with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTemplate(Template<MessagePlace>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MessagePlace {
    Images,
    Tag,
    Source,
}

/// What goes into a commit's text.
pub struct MessageValues<'a> {
    pub images: &'a str,
    pub tag: &'a str,
    pub source: &'a str,
}

impl MessageTemplate {
    /// Reads a template; `{images}`, `{tag}` and `{source}` are its places.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_as(text, "message")
    }

    /// Reads a template of another text than the message; `what` is what it is called.
    pub(super) fn parse_as(text: &str, what: &'static str) -> Result<Self, TemplateError> {
        let places = [("images", MessagePlace::Images), ("tag", MessagePlace::Tag), ("source", MessagePlace::Source)];
        Template::parse(text, what, &places).map(Self)
    }

    /// Returns whether its own text asks CI systems to leave the commit alone.
    pub fn has_marker(&self) -> bool {
        self.0.fill(|_| "").any(|(text, _)| skip_ci::is_in(text))
    }

    /// Returns whether the text has `{tag}`.
    pub(super) fn has_tag(&self) -> bool {
        self.0.has(MessagePlace::Tag)
    }

    /// Returns the name of a place that nothing fills.
    pub(super) fn unfilled(&self, values: &MessageValues<'_>) -> Option<&'static str> {
        let places = [
            ("images", MessagePlace::Images, values.images),
            ("tag", MessagePlace::Tag, values.tag),
            ("source", MessagePlace::Source, values.source),
        ];
        let mut empty = places.into_iter().filter(|(_, _, value)| value.is_empty());
        empty.find(|(_, place, _)| self.0.has(*place)).map(|(name, ..)| name)
    }

    /// Returns the text. What was filled in makes no marker.
    pub fn fill(&self, values: &MessageValues<'_>) -> String {
        skip_ci::joined(self.0.fill(|place| match place {
            MessagePlace::Images => values.images,
            MessagePlace::Tag => values.tag,
            MessagePlace::Source => values.source,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{MessageTemplate, MessageValues};

    #[test]
    fn templates() {
        let template = MessageTemplate::parse("Release {images} ({tag}) of {source}").unwrap();
        let values = MessageValues { images: "a:{tag}", tag: "v1", source: "org/app@1" };
        assert_eq!(
            template.fill(&values),
            "Release a:{tag} (v1) of org/app@1",
            "what was filled in is not filled again"
        );
        for text in ["{image}", "{", " "] {
            assert!(MessageTemplate::parse(text).is_err(), "{text:?}");
        }
    }
}
