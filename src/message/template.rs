//! The text of a commit as the user gives it, with places to fill in.

use crate::message::skip_ci::{self, PieceOrigin};

/// A commit's text with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Images,
    Tag,
    Source,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the message is empty")]
    Empty,
    #[error("a `{{` in the message is not closed")]
    Unclosed,
    #[error("the message has no placeholder `{{{0}}}`")]
    Unknown(String),
}

/// What goes into a template.
pub struct MessageValues<'a> {
    pub images: &'a str,
    pub tag: &'a str,
    pub source: &'a str,
}

impl MessageTemplate {
    /// Reads a template; `{images}`, `{tag}` and `{source}` are its places.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(Piece::Text(before.to_owned()));
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::Unclosed);
            };
            pieces.push(match name {
                "images" => Piece::Images,
                "tag" => Piece::Tag,
                "source" => Piece::Source,
                _ => return Err(TemplateError::Unknown(name.to_owned())),
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        Ok(Self(pieces))
    }

    /// Returns whether its own text asks CI systems to leave the commit alone.
    pub fn has_marker(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Text(text) if skip_ci::is_in(text)))
    }

    /// Returns the text. What was filled in is not filled again, and makes no marker.
    pub fn fill(&self, values: &MessageValues<'_>) -> String {
        skip_ci::joined(self.0.iter().map(|piece| match piece {
            Piece::Text(text) => (text.as_str(), PieceOrigin::Typed),
            Piece::Images => (values.images, PieceOrigin::Filled),
            Piece::Tag => (values.tag, PieceOrigin::Filled),
            Piece::Source => (values.source, PieceOrigin::Filled),
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
