//! Why a file was not edited. Every refusal names its place, what it found there, and what to do about it.

use std::fmt;

use super::FieldName;
use crate::image::ImageName;

/// A place in a text, both numbers from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a file was not edited.
///
/// Shown, it begins with the place where there is one; [`EditError::in_file`] writes the file's name before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the file is UTF-16, which kustomize does not read")]
    Utf16,
    #[error("{0}: the file is not UTF-8")]
    NotUtf8(Place),
    /// A line break that YAML 1.1 and 1.2 do not read alike, or a lone carriage return.
    #[error("{place}: {}", line_break(*character))]
    LineBreak { place: Place, character: char },
    #[error("{place}: not valid YAML: {message}")]
    Syntax { place: Place, message: String, template: bool },
    /// The text is YAML, in a shape that is not edited.
    #[error("{place}: {shape}")]
    Refused { place: Place, shape: Shape },
    /// An argument says "keep" of everything, and no entry has anything to keep.
    #[error("nothing to write for `{0}`: there is no entry to keep values from")]
    NothingToWrite(ImageName),
    /// The edited text did not read back as what was asked for. Nothing of it is used.
    #[error("the edit could not be proved: {difference}")]
    Unproved { difference: String },
}

/// A shape that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    SecondDocument,
    FirstDocumentEmpty,
    /// The document is something else than a mapping.
    Root(Found),
    /// `images` or `imageTags` is an alias of the list at a place.
    ListAlias {
        key: String,
        anchor: Place,
    },
    /// `images` or `imageTags` comes from a merge key of the document.
    ListInherited {
        key: &'static str,
    },
    /// `images` or `imageTags` is something else than a list.
    List {
        key: String,
        found: Found,
    },
    /// An entry to edit is an alias.
    EntryAlias {
        alias: String,
        anchor: Place,
    },
    /// An entry is something else than a mapping.
    Entry(Found),
    /// A field to edit is something else than a string.
    Value {
        field: FieldName,
        found: Found,
    },
    /// A field to edit has a tag that says it is no string.
    Tagged {
        field: FieldName,
        tag: String,
    },
    DuplicateKey {
        key: String,
        first: Place,
    },
    /// What is to be edited has an anchor, and would change wherever the aliases are.
    SharedAnchor {
        aliases: Vec<Place>,
    },
    /// A field to remove comes from a merge key.
    Inherited {
        field: FieldName,
        from: Place,
    },
    /// An alias inside what it is an alias of.
    RecursiveAlias,
    /// Aliases of aliases stand for more than a million values.
    TooManyAliases,
    /// The whole document is in flow style, as JSON is, and an entry is to be added.
    FlowRoot,
    /// `images` is in flow style, and an entry is to be added.
    FlowList,
    /// An empty list with a comment between its brackets.
    CommentInEmptyList,
    /// The file ends within a block scalar that a following line would change.
    OpenBlockScalar,
    /// Nothing can be written here without rewriting what is there.
    NoRoom,
}

/// What was found where something else belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Mapping,
    List,
    Scalar,
    Null,
    Alias,
    /// `{{`, which YAML reads as a mapping.
    Template,
}

impl EditError {
    /// Returns where in the file the reason is.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::NotUtf8(place)
            | Self::LineBreak { place, .. }
            | Self::Syntax { place, .. }
            | Self::Refused { place, .. } => Some(*place),
            Self::Utf16 | Self::NothingToWrite(_) | Self::Unproved { .. } => None,
        }
    }

    /// Returns the error with the name of its file: `overlays/prod/kustomization.yaml:7:5: …`.
    pub fn in_file(&self, file: &str) -> String {
        let space = if self.place().is_some() { "" } else { " " };
        format!("{file}:{space}{self}")
    }

    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Utf16 | Self::NotUtf8(_) => "save the file as UTF-8".to_owned(),
            Self::LineBreak { character: '\r', .. } => "end lines with `\\n` or `\\r\\n`".to_owned(),
            Self::LineBreak { .. } => "replace it by an ordinary line end or a space".to_owned(),
            Self::Syntax { template: true, .. } => TEMPLATE.to_owned(),
            Self::Syntax { .. } => return None,
            Self::Refused { shape, .. } => return shape.hint(),
            Self::NothingToWrite(name) => format!("write what `{name}` is to become, as in `{name}=NEWNAME:TAG`"),
            Self::Unproved { .. } => {
                "nothing was written; edit this entry by hand, and please report the file's shape".to_owned()
            }
        };
        Some(hint)
    }
}

const TEMPLATE: &str = "this looks like a template: render it first, or edit the file it is rendered from";

impl Shape {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Root(Found::Template)
            | Self::List { found: Found::Template, .. }
            | Self::Entry(Found::Template)
            | Self::Value { found: Found::Template, .. } => TEMPLATE.to_owned(),
            Self::SecondDocument => {
                "kustomize reads the first document only: move this one to a file of its own".to_owned()
            }
            Self::FirstDocumentEmpty => "kustomize reads the first document only: remove the `---` above".to_owned(),
            Self::Root(_) => return None,
            Self::ListAlias { anchor, .. } => format!("write the list out here, in place of the alias of {anchor}"),
            Self::ListInherited { key } => format!("write `{key}` out in this document"),
            Self::List { .. } => "write it as `- name: …` lines".to_owned(),
            Self::EntryAlias { alias, anchor } => {
                format!("edit the anchor at {anchor}, or replace `{alias}` by an entry of its own")
            }
            Self::Entry(_) => "write it as `name: …`, with `newName`, `newTag` or `digest`".to_owned(),
            Self::Value { field, .. } => format!("write `{field}` as one string"),
            Self::Tagged { tag, .. } => format!("remove the tag `{tag}`"),
            Self::DuplicateKey { .. } => "remove one of them: readers disagree on which one counts".to_owned(),
            Self::SharedAnchor { .. } => "write the value out where the aliases are".to_owned(),
            Self::Inherited { field, from } => {
                format!("remove `{field}` at {from}, or write this entry out without `<<`")
            }
            Self::RecursiveAlias | Self::TooManyAliases => "write the value out, in place of the alias".to_owned(),
            Self::FlowRoot => "add the entry by hand; from then on it is edited like any other".to_owned(),
            Self::FlowList => "write the list as `- name: …` lines, or add the entry by hand".to_owned(),
            Self::CommentInEmptyList => "move the comment out of the brackets".to_owned(),
            Self::OpenBlockScalar => "end the file with a line end".to_owned(),
            Self::NoRoom => "write the entry in block style, one field per line".to_owned(),
        };
        Some(hint)
    }
}

fn line_break(character: char) -> String {
    match character {
        '\r' => "a carriage return stands alone".to_owned(),
        _ => format!("U+{:04X} is a line break for some readers and text for others", u32::from(character)),
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecondDocument => f.write_str("a second document begins here"),
            Self::FirstDocumentEmpty => f.write_str("the first document is empty, and a second one begins here"),
            Self::Root(found) => write!(f, "a kustomization is a mapping, this is {found}"),
            Self::ListAlias { key, .. } => write!(f, "`{key}` is an alias"),
            Self::ListInherited { key } => write!(f, "`{key}` comes from this merge key"),
            Self::List { key, found } => write!(f, "`{key}` is a list, this is {found}"),
            Self::EntryAlias { .. } => f.write_str("this `images` entry is an alias"),
            Self::Entry(found) => write!(f, "an `images` entry is a mapping, this is {found}"),
            Self::Value { field, found } => write!(f, "`{field}` is a string, this is {found}"),
            Self::Tagged { field, tag } => write!(f, "`{field}` is a string, this is tagged `{tag}`"),
            Self::DuplicateKey { key, first } => write!(f, "the key `{key}` is here again, after {first}"),
            Self::SharedAnchor { aliases } => {
                f.write_str("this has an anchor, and editing it would change its aliases at ")?;
                for (index, place) in aliases.iter().enumerate() {
                    write!(f, "{}{place}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Inherited { field, .. } => write!(f, "`{field}` comes from a merge key and cannot be removed here"),
            Self::RecursiveAlias => f.write_str("this alias stands inside its own anchor"),
            Self::TooManyAliases => f.write_str("the aliases up to here stand for more than a million values"),
            Self::FlowRoot => f.write_str("entries are added in block style, and this document is in flow style"),
            Self::FlowList => f.write_str("entries are added in block style, and this list is in flow style"),
            Self::CommentInEmptyList => f.write_str("this empty list has a comment between its brackets"),
            Self::OpenBlockScalar => f.write_str("the file ends within this block scalar, without a line end"),
            Self::NoRoom => f.write_str("nothing can be added here without rewriting what is there"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mapping => "a mapping",
            Self::List => "a list",
            Self::Scalar => "a scalar",
            Self::Null => "null",
            Self::Alias => "an alias",
            Self::Template => "`{{`",
        })
    }
}
