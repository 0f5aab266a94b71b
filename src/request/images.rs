//! The images to write, in kustomize's grammar.

use super::values::listed;
use crate::image::{Field, ImageArgument, ImageName, Reference};
use crate::outcome::failure::Failure;

/// Parses the name of an entry.
pub(super) fn name(text: &str) -> Result<ImageName, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("`{text}` is not the name of an entry: {error}")))
}

/// The images to write, each name once.
#[derive(Debug, Clone)]
pub struct Images {
    pub arguments: Vec<ImageArgument>,
    /// Names that were given more than once: as in kustomize, the last one counts, and a note says so.
    pub repeated: Vec<String>,
}

impl Images {
    pub(super) fn parse(texts: &[String]) -> Result<Self, Failure> {
        let mut images = Self { arguments: Vec::<ImageArgument>::new(), repeated: Vec::new() };
        for text in listed("IMAGE", texts)? {
            let argument: ImageArgument = text.parse().map_err(|error| {
                Failure::usage(format!("`{text}` is not an image to write: {error}")).hint(
                    "write `NAME=NEWNAME:TAG`, `NAME:TAG`, or either with `@DIGEST`, and check that no variable in it is empty",
                )
            })?;
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

    /// Returns the registry of each image, `None` if only its entry tells.
    pub(super) fn registries(&self) -> Vec<Option<String>> {
        let registry = |argument: &ImageArgument| {
            let name = match &argument.change.new_name {
                Field::Set(name) => name.as_str(),
                Field::Remove => argument.name.as_str(),
                Field::Keep => return None,
            };
            Some(Reference::new(name, None, None).ok()?.registry().to_owned())
        };
        self.arguments.iter().map(registry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Images;

    #[test]
    fn the_last_of_one_name_wins() {
        let texts = ["a:1", "b:1", "a=x:2", ""].map(str::to_owned);
        let images = Images::parse(&texts).unwrap();
        assert_eq!(images.arguments.len(), 2);
        assert_eq!(images.arguments[0], "a=x:2".parse().unwrap());
        assert_eq!(images.repeated, ["a"]);
    }

    #[test]
    fn nothing_given_is_an_error() {
        assert!(Images::parse(&[" ".to_owned()]).is_err());
    }
}
