//! The argument grammar of `kustomize edit set image`, and what an argument does to an entry.
//!
//! The split is kustomize's own, to the byte (`api/image/image.go` and `setimage.go`, v5.8.1). What differs is on
//! purpose: name, tag and digest are validated, and an empty part (`app=`, from an empty CI variable) is an error where
//! kustomize wipes the entry.

use std::fmt;
use std::str::FromStr;

use super::visible_characters::{acts, has_no_shape};
use super::{Digest, DigestError, Reference, ReferenceError, ReferenceText, Tag, TagError};

/// The most characters of a name: more than a registry's host and a repository can have together.
const MAX_NAME: usize = 1024;

/// The `name` of an `images` entry: an opaque key, compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName(String);

impl ImageName {
    /// Returns the name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads the name of an entry as a file has it.
impl FromStr for ImageName {
    type Err = ArgumentError;

    fn from_str(text: &str) -> Result<Self, ArgumentError> {
        match text {
            "" => Err(ArgumentError::EmptyName),
            text => usable(text).map(|name| Self(name.to_owned())),
        }
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What happens to one field of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<T> {
    /// Stays as the entry has it (`*`).
    Keep,
    /// Goes, because the argument does not name it.
    Remove,
    Set(T),
}

impl<T> Field<T> {
    /// Returns the value that the field is set to.
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Remove => None,
        }
    }
}

/// What an argument makes of every entry of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageChange {
    pub new_name: Field<String>,
    pub new_tag: Field<Tag>,
    pub digest: Field<Digest>,
}

/// One `<IMAGE>` of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageArgument {
    pub name: ImageName,
    pub change: ImageChange,
}

impl ImageArgument {
    /// Returns the text of the argument that sets the same tag and digest, and keeps the name that the entry has.
    pub fn keeping_name(&self) -> String {
        let tag = self.change.new_tag.set().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.change.digest.set().map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{}=*{tag}{digest}", self.name)
    }

    /// Returns the argument that asks the same of the entry `name`, whose own name for the image stays if none is typed;
    /// `None` if no argument can name that entry.
    pub fn for_entry(&self, name: &str) -> Option<Self> {
        let new_name = match &self.change.new_name {
            Field::Remove => Field::Keep,
            typed => typed.clone(),
        };
        // What stands before the first `=` is the name.
        let name = Some(name).filter(|name| !name.contains('='))?.parse().ok()?;
        Some(Self { name, change: ImageChange { new_name, ..self.change.clone() } })
    }
}

/// Why a text is not an `<IMAGE>` argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    #[error("it has neither `=`, nor a tag, nor a digest")]
    Bare,
    #[error("the name before `=` is empty")]
    EmptyName,
    #[error("nothing follows the `=`")]
    EmptyValue,
    #[error("the name is empty")]
    EmptyImage,
    #[error("`*` is not a name")]
    Wildcard,
    #[error("an image name cannot contain `{0}`")]
    Character(char),
    #[error("an image name has at most {MAX_NAME} characters, this one has {0}")]
    Long(usize),
    #[error(transparent)]
    Name(#[from] ReferenceError),
    #[error(transparent)]
    Tag(#[from] TagError),
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl FromStr for ImageArgument {
    type Err = ArgumentError;

    fn from_str(text: &str) -> Result<Self, ArgumentError> {
        let (key, value) = match text.split_once('=') {
            Some(("", _)) => return Err(ArgumentError::EmptyName),
            Some((_, "")) => return Err(ArgumentError::EmptyValue),
            Some((key, value)) => (Some(key), value),
            None => (None, text),
        };
        let ReferenceText { name, tag, digest } = split(value);
        let (name, new_name) = match key {
            None if tag.is_none() && digest.is_none() => {
                return Err(match Reference::new(name, None, None) {
                    Err(error @ ReferenceError::Tag(_)) => error.into(),
                    _ => ArgumentError::Bare,
                });
            }
            None if name.is_empty() => return Err(ArgumentError::EmptyImage),
            None => (name, Field::Remove),
            Some(key) if name.is_empty() => (key, Field::Remove),
            Some(key) if name == "*" => (key, Field::Keep),
            Some(key) => (key, Field::Set(new_name(name)?)),
        };
        if name == "*" {
            return Err(ArgumentError::Wildcard);
        }
        Ok(Self {
            name: ImageName(usable(name)?.to_owned()),
            change: ImageChange { new_name, new_tag: field(tag)?, digest: field(digest)? },
        })
    }
}

/// Writes the argument as kustomize's grammar has it.
impl fmt::Display for ImageArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageChange { new_name, new_tag, digest } = &self.change;
        f.write_str(self.name.as_str())?;
        match new_name {
            Field::Keep => f.write_str("=*")?,
            Field::Set(name) => write!(f, "={name}")?,
            // Only behind a `=` is such a name not taken apart.
            Field::Remove if self.name.as_str().contains([':', '@']) => f.write_str("=")?,
            Field::Remove => {}
        }
        match new_tag {
            Field::Keep => f.write_str(":*")?,
            Field::Set(tag) => write!(f, ":{tag}")?,
            Field::Remove => {}
        }
        match digest {
            Field::Keep => f.write_str("@*"),
            Field::Set(digest) => write!(f, "@{digest}"),
            Field::Remove => Ok(()),
        }
    }
}

/// Takes a value apart as kustomize's `image.Split` does it.
fn split(value: &str) -> ReferenceText<'_> {
    // A port in the first component is never a tag.
    let path = value.find('/').filter(|slash| *slash > 0).unwrap_or(0);
    let (rest, digest) = match value[path..].find('@') {
        Some(at) => (&value[..path + at], Some(&value[path + at + 1..])),
        None => (value, None),
    };
    let (name, tag) = match rest[path..].find(':') {
        Some(colon) => (&rest[..path + colon], Some(&rest[path + colon + 1..])),
        None => (rest, None),
    };
    ReferenceText { name, tag, digest }
}

fn field<T: FromStr>(part: Option<&str>) -> Result<Field<T>, T::Err> {
    match part {
        None => Ok(Field::Remove),
        Some("*") => Ok(Field::Keep),
        Some(text) => text.parse().map(Field::Set),
    }
}

/// Returns the name that an entry is to have, which a registry must be able to have.
fn new_name(text: &str) -> Result<String, ArgumentError> {
    Reference::new(usable(text)?, None, None)?;
    Ok(text.to_owned())
}

/// Refuses what would need quoting tricks in a terminal, a commit title or a YAML value, and is never part of a name: also
/// characters without a shape, and marks that turn the direction of a text.
fn usable(name: &str) -> Result<&str, ArgumentError> {
    if let Some(character) = name.chars().find(|&c| c == ' ' || acts(c) || has_no_shape(c)) {
        return Err(ArgumentError::Character(character));
    }
    match name.chars().count() {
        length if length > MAX_NAME => Err(ArgumentError::Long(length)),
        _ => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::{ArgumentError, Field, ImageArgument, ReferenceError};

    const DIGEST: &str = "sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3";

    /// Shows an argument as `name|newName|newTag|digest`, `-` for what goes and `*` for what stays.
    fn show(text: &str) -> String {
        fn part<T: ToString>(field: &Field<T>) -> String {
            match field {
                Field::Keep => "*".to_owned(),
                Field::Remove => "-".to_owned(),
                Field::Set(value) => value.to_string(),
            }
        }
        let ImageArgument { name, change } = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        [name.to_string(), part(&change.new_name), part(&change.new_tag), part(&change.digest)]
            .join("|")
            .replace(DIGEST, "D")
    }

    #[test]
    fn grammar() {
        for (text, expected) in [
            ("app=reg/app:v1", "app|reg/app|v1|-"),
            ("app=reg/app", "app|reg/app|-|-"),
            ("app=reg/app@D", "app|reg/app|-|D"),
            ("app=reg/app:v1@D", "app|reg/app|v1|D"),
            ("app:v1", "app|-|v1|-"),
            ("app@D", "app|-|-|D"),
            ("app:v1@D", "app|-|v1|D"),
            ("app=*:v1", "app|*|v1|-"),
            ("app=*:v1@*", "app|*|v1|*"),
            ("app=*:*@D", "app|*|*|D"),
            ("app=*", "app|*|-|-"),
            ("app:*", "app|-|*|-"),
            ("app@*", "app|-|-|*"),
            ("app=:v1", "app|-|v1|-"),
            ("ngnix=localhost:5000/my-project/ngnix", "ngnix|localhost:5000/my-project/ngnix|-|-"),
            ("ngnix=localhost:5000/my-project/ngnix:dev-01", "ngnix|localhost:5000/my-project/ngnix|dev-01|-"),
            ("[::1]:5000/app:v1", "[::1]:5000/app|-|v1|-"),
            ("localhost:5000", "localhost|-|5000|-"),
            ("alpine@sha256:abc=alpine:3.7", "alpine@sha256:abc|alpine|3.7|-"),
            ("app:v1=app:v2", "app:v1|app|v2|-"),
            ("Nginx:V1", "Nginx|-|V1|-"),
        ] {
            let text = text.replace('D', DIGEST);
            assert_eq!(show(&text), expected, "{text}");
            let argument: ImageArgument = text.parse().unwrap();
            assert_eq!(argument.to_string().parse(), Ok(argument), "{text}");
        }
    }

    #[test]
    fn refusals() {
        for (text, expected) in [
            ("nginx", ArgumentError::Bare),
            ("*", ArgumentError::Bare),
            ("localhost:5000/app", ArgumentError::Bare),
            ("", ArgumentError::Bare),
            ("=", ArgumentError::EmptyName),
            ("=new:v1", ArgumentError::EmptyName),
            ("app=", ArgumentError::EmptyValue),
            (":v1", ArgumentError::EmptyImage),
            ("*:v1", ArgumentError::Wildcard),
            ("*=new:v1", ArgumentError::Wildcard),
            ("a b:v1", ArgumentError::Character(' ')),
            ("a=b\u{7}:v1", ArgumentError::Character('\u{7}')),
            ("a\u{202e}b:v1", ArgumentError::Character('\u{202e}')),
            ("a\u{fe0f}b:v1", ArgumentError::Character('\u{fe0f}')),
            ("a=b=c:1", ArgumentError::Name(ReferenceError::Repository("b=c".to_owned()))),
        ] {
            assert_eq!(text.parse::<ImageArgument>().unwrap_err(), expected, "{text:?}");
        }
        assert!(format!("{}:v1", "a".repeat(1024)).parse::<ImageArgument>().is_ok());
        for text in ["a".repeat(1025), format!("{}=*:v1", "a".repeat(1025))] {
            assert!(format!("{text}:v1").parse::<ImageArgument>().is_err());
        }
        for text in ["app:", "app@", "nginx:1:2", "nginx@abc", "nginx@a@b", "nginx:~", "a=b: c ", "a=b:${TAG}"] {
            assert!(text.parse::<ImageArgument>().is_err(), "{text:?}");
        }
    }
}
