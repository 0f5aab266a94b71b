//! The tag and the digest that one call gives to all of its images.

use std::fmt::Display;
use std::str::FromStr;

use crate::cli::VersionArguments;
use crate::image::{Digest, Field, ImageArgument, Reference, Tag};
use crate::outcome::failure::Failure;
use crate::request::values::EMPTY;

/// What every image of a call gets that does not name it itself.
#[derive(Debug, Default)]
pub(in crate::request) struct Version {
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Version {
    pub(in crate::request) fn new(arguments: &VersionArguments) -> Result<Self, Failure> {
        fn value<T: FromStr<Err: Display>>(flag: &str, text: Option<&String>) -> Result<Option<T>, Failure> {
            let parse = |text: &String| {
                let text = text.trim();
                text.parse().map_err(|error| {
                    let failure = Failure::usage(format!("`{text}` is no value for `{flag}`: {error}"));
                    match text {
                        "" => failure.hint(EMPTY),
                        text if flag == "--tag" && text.contains('+') => failure.hint(plus_hint(text)),
                        _ => failure,
                    }
                })
            };
            text.map(parse).transpose()
        }
        Ok(Self { tag: value("--tag", arguments.tag.as_ref())?, digest: value("--digest", arguments.digest.as_ref())? })
    }

    /// Returns the flag that gives one to all images, if one does.
    pub(super) fn flag(&self) -> Option<&'static str> {
        let digest = self.digest.as_ref().map(|_| "--digest");
        self.tag.as_ref().map(|_| "--tag").or(digest)
    }

    /// Gives it to an image to write, which was written as `text`.
    pub(super) fn give_to(&self, argument: &mut ImageArgument, text: &str) -> Result<(), Failure> {
        if let Some(tag) = &self.tag {
            require_none("tag", text, argument.change.new_tag == Field::Remove)?;
            argument.change.new_tag = Field::Set(tag.clone());
        }
        if let Some(digest) = &self.digest {
            require_none("digest", text, argument.change.digest == Field::Remove)?;
            argument.change.digest = Field::Set(digest.clone());
        }
        Ok(())
    }

    /// Returns the reference with it, which was written as `text`.
    pub(in crate::request) fn of(&self, reference: &Reference, text: &str) -> Result<Reference, Failure> {
        require_none("tag", text, self.tag.is_none() || reference.tag().is_none())?;
        require_none("digest", text, self.digest.is_none() || reference.digest().is_none())?;
        let tag = self.tag.as_ref().or_else(|| reference.tag()).cloned();
        let digest = self.digest.as_ref().or_else(|| reference.digest()).cloned();
        Reference::new(reference.name(), tag, digest)
            .map_err(|error| Failure::usage(format!("`{text}` is not a reference: {error}")))
    }
}

fn require_none(what: &str, text: &str, has_none: bool) -> Result<(), Failure> {
    if has_none {
        return Ok(());
    }
    Err(Failure::usage(format!("`{text}` has a {what} of its own, and `--{what}` gives one for all images"))
        .hint(format!("write it without the {what}, or leave out `--{what}`")))
}

/// A version of semantic versioning may have a `+`, and a tag may not.
pub(super) fn plus_hint(text: &str) -> String {
    format!("write `{}`, as Helm does: a tag has `_` in place of `+`", text.replace('+', "_"))
}
