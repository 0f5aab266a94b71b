//! The images to write, in kustomize's grammar.

use super::version::{Version, plus_hint};
use crate::cli::ImageArguments;
use crate::image::{ArgumentError, Field, ImageArgument, ImageName, ReferenceError, Tag, TagError};
use crate::outcome::failure::Failure;
use crate::request::values::listed;

/// Parses the name of an entry.
pub(in crate::request) fn name(text: &str) -> Result<ImageName, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("`{text}` is not the name of an entry: {error}")))
}

/// The images to write, each name once.
#[derive(Debug, Clone)]
pub struct Images {
    pub arguments: Vec<ImageArgument>,
    /// Names that were given more than once: as in kustomize, the last one counts, and a note says so.
    pub repeated: Vec<String>,
    /// Arguments that have a `=` and no name behind it, such as `web=:v1`. For kustomize, `newName` goes then.
    unnamed: Vec<ImageArgument>,
}

impl Images {
    /// Returns arguments that do not come from the command line.
    pub fn of(arguments: Vec<ImageArgument>) -> Self {
        Self { arguments, repeated: Vec::new(), unnamed: Vec::new() }
    }

    pub(in crate::request) fn parse(typed: &ImageArguments) -> Result<Self, Failure> {
        let version = Version::new(&typed.version)?;
        let mut images = Self::of(Vec::new());
        for text in listed("IMAGE", &typed.images)? {
            let mut argument: ImageArgument = text.parse().map_err(|error| not_an_image(&text, &error, &version))?;
            version.give_to(&mut argument, &text)?;
            if argument.change.new_name == Field::Remove && text.contains('=') {
                images.unnamed.push(argument.clone());
            }
            match images.arguments.iter_mut().find(|earlier| earlier.name == argument.name) {
                Some(earlier) => {
                    images.repeated.push(argument.name.to_string());
                    *earlier = argument;
                }
                None => images.arguments.push(argument),
            }
        }
        Ok(images)
    }

    /// Returns what is wrong with each image that lacks a part, which kustomize takes as it is. Most often a variable is empty,
    /// or a tag was written where the name belongs.
    pub fn incomplete(&self) -> Vec<Failure> {
        self.unnamed.iter().map(unnamed).chain(self.without_version()).collect()
    }

    /// Returns what is wrong with each image that gives its entry neither tag nor digest.
    fn without_version(&self) -> Vec<Failure> {
        let has_none = |argument: &&ImageArgument| {
            argument.change.new_tag == Field::Remove && argument.change.digest == Field::Remove
        };
        let failure = |argument: &ImageArgument| {
            let name = &argument.name;
            let image = argument.change.new_name.set().map_or("*", String::as_str);
            let failure = Failure::usage(format!("`{image}` has no tag"));
            failure.hint(match image.parse::<Tag>() {
                Ok(tag) => format!("to set only the tag, write `{name}=*:{tag}`"),
                Err(_) => format!("write `{name}={image}:TAG`, or give the tag with `--tag`"),
            })
        };
        self.arguments.iter().filter(has_none).map(failure).collect()
    }
}

/// Returns what is wrong with an image that has nothing between `=` and its tag or digest.
fn unnamed(argument: &ImageArgument) -> Failure {
    let (kept, version) =
        (argument.keeping_name(), argument.keeping_name().split_off(argument.name.as_str().len() + 2));
    let part = if version.starts_with(':') { "tag" } else { "digest" };
    let dropped = match argument.to_string() {
        text if text.contains('=') => String::new(),
        text => format!(", or `{text}` to drop its `newName`"),
    };
    Failure::usage(format!("`{}={version}` names no image before the {part}", argument.name)).hint(format!(
        "write `{kept}` to keep the image that the entry has{dropped}, and check that no variable is empty"
    ))
}

fn not_an_image(text: &str, error: &ArgumentError, version: &Version) -> Failure {
    let hint = match error {
        // A list of YAML or JSON, or what a shell has left of one.
        _ if text.starts_with(['-', '[', '"', '\'']) => {
            Some("write each image alone, one a line, without dashes, brackets and quotes".to_owned())
        }
        ArgumentError::Name(error) => error.hint(text),
        ArgumentError::Bare => match version.flag() {
            Some(flag) => Some(format!("write `{text}=*` to give it the value of `{flag}`")),
            // As in `kustomize edit set image`.
            None if text == "image" => {
                Some("leave `image` out; or if an entry is called so, write `image=*:TAG`".to_owned())
            }
            None if text.contains('/') => None,
            None => Some(format!(
                "write `{text}=*:TAG` to set only the tag, or `{text}=NEWNAME:TAG`, and check that no variable is empty"
            )),
        },
        ArgumentError::Tag(TagError::Character('+')) => Some(plus_hint(text)),
        ArgumentError::Tag(error @ TagError::Character('/')) => ReferenceError::from(error.clone()).hint(text),
        ArgumentError::Tag(TagError::Character(',' | ' ')) => {
            Some("give each image as an argument of its own; in a list, write one image a line".to_owned())
        }
        _ => None,
    };
    let usual =
        "write `NAME=NEWNAME:TAG`, `NAME:TAG`, or either with `@DIGEST`, and check that no variable in it is empty";
    Failure::usage(format!("`{text}` is not an image to write: {error}")).hint(hint.as_deref().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::{ImageArguments, Images};
    use crate::cli::VersionArguments;

    fn parse(texts: &[&str]) -> Result<Images, super::Failure> {
        let images = texts.iter().map(|text| (*text).to_owned()).collect();
        Images::parse(&ImageArguments { images, version: VersionArguments { tag: None, digest: None } })
    }

    #[test]
    fn the_last_of_one_name_wins() {
        let images = parse(&["a:1", "b:1", "a=x:2", ""]).unwrap();
        assert_eq!(images.arguments.len(), 2);
        assert_eq!(images.arguments[0], "a=x:2".parse().unwrap());
        assert_eq!(images.repeated, ["a"]);
    }

    #[test]
    fn a_tag_with_a_plus_gets_the_one_to_write() {
        let hint = |failure: super::Failure| failure.hint.unwrap_or_default();
        let expected = "write `app=*:v1_2`, as Helm does: a tag has `_` in place of `+`";
        assert_eq!(hint(parse(&["app=*:v1+2"]).unwrap_err()), expected);
        let version = VersionArguments { tag: Some("v1+2".to_owned()), digest: None };
        let images = ImageArguments { images: vec!["app".to_owned()], version };
        assert_eq!(hint(Images::parse(&images).unwrap_err()), expected.replace("app=*:", ""));
    }

    #[test]
    fn nothing_given_is_an_error() {
        assert!(parse(&[" "]).is_err());
    }
}
