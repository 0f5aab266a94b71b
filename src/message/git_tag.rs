//! The tag on a release commit, as the user gives it: its name, and the message of an annotated one, both with places to fill
//! in.

use super::compose::{filled, tags, unfilled};
use super::release::Release;
use super::template::{MessageTemplate, MessageValues, TemplateError};
use crate::git::{GitError, TagContent, TagName};

/// The texts of a tag with places to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitTagTemplate {
    name: MessageTemplate,
    message: Option<MessageTemplate>,
}

impl GitTagTemplate {
    /// Reads a name and a message; their places are those of the commit's message.
    pub fn parse(name: &str, message: Option<&str>) -> Result<Self, TemplateError> {
        Ok(Self {
            name: MessageTemplate::parse_as(name, "name of the tag")?,
            message: message.map(|text| MessageTemplate::parse_as(text, "message of the tag")).transpose()?,
        })
    }

    /// Returns whether a name can come of the template: if plain words in its places make none, nothing does.
    pub fn is_possible(&self) -> bool {
        self.name.fill(&MessageValues { images: "x", tag: "x", source: "x" }).parse::<TagName>().is_ok()
    }

    /// Returns the tag for `releases`. Fails if a place of the name stays empty, if the images have several tags and the
    /// name has a place for one, if what was filled in makes no name of a tag, or if nothing of the message is filled.
    pub fn fill(&self, releases: &[Release]) -> Result<TagContent, GitError> {
        let message = self.message.as_ref().map(|message| filled(message, releases));
        let empty = self.message.as_ref().filter(|_| message.as_ref().is_some_and(|text| text.trim().is_empty()));
        for (text, template) in [("name", Some(&self.name)), ("message", empty)] {
            if let Some(place) = template.and_then(|template| unfilled(template, releases)) {
                return Err(GitError::TagPlace { text, place, why: "nothing tells it for this release".to_owned() });
            }
        }
        let tags = tags(releases);
        if self.name.has_tag() && tags.len() > 1 {
            let why = format!("the images have several: {}", tags.join(", "));
            return Err(GitError::TagPlace { text: "name", place: "tag", why });
        }
        Ok(TagContent { name: filled(&self.name, releases).parse()?, message })
    }
}

#[cfg(test)]
mod tests {
    use super::GitTagTemplate;

    #[test]
    fn names_that_nothing_makes_valid() {
        for (name, is_possible) in [
            ("prod-{tag}", true),
            ("{tag}", true),
            ("{source}/{tag}", true),
            ("v1", true),
            ("a b/{tag}", false),
            ("-{tag}", false),
            ("{tag}.lock", false),
            ("{tag}..{source}", false),
        ] {
            let template = GitTagTemplate::parse(name, None).unwrap();
            assert_eq!(template.is_possible(), is_possible, "{name}");
        }
        for (name, message) in [("", None), ("{name}", None), ("v1", Some("{")), ("v1", Some(" "))] {
            assert!(GitTagTemplate::parse(name, message).is_err(), "{name}");
        }
    }
}
