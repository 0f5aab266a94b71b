//! Why a kustomization was not edited. Every refusal names its place, what stands there, and what to do about it.

use std::fmt;

use crate::image::ImageName;
use crate::targets::edit::FieldName;
use crate::targets::edit::OtherKind;
use crate::yaml::{NodeId, NodeType, ParsedYaml, Position, TEMPLATE_HINT, YamlError};

/// Why a file was not edited.
///
/// Shown, it begins with the place, if there is one; [`EditError::in_file`] writes the file's name before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not YAML, or in a shape of YAML that is not edited.
    #[error("{}", of_yaml(.0))]
    Yaml(#[from] YamlError),
    /// The text is YAML, and not a kustomization that is edited.
    #[error("{place}: {shape}")]
    Refused { place: Position, shape: ImagesShape },
    /// The new entry `added` would be applied to the image of another one too, and replace what that one says.
    #[error("{}{}", shown(place), replacing(entry, added))]
    Replacing {
        /// Where the other one is; `None` if it is new itself.
        place: Option<Position>,
        entry: String,
        added: String,
        /// The argument that has the other one say it, if there can be one.
        argument: Option<String>,
    },
    /// An argument says "keep" of everything, and no entry has anything to keep.
    #[error("nothing to write for `{0}`: there is no entry to keep values from")]
    NothingToWrite(ImageName),
    /// The edited text did not read back as what was asked for. Nothing of it is used.
    #[error("{place}: the edit could not be proved: {difference}")]
    Unproved { place: Position, difference: String },
}

/// A shape of a kustomization and its `images` that is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImagesShape {
    SecondDocument,
    FirstDocumentEmpty,
    /// A Kustomization of Flux has no mapping `spec`.
    Spec,
    /// The document is not a mapping.
    Root(NodeType),
    /// The document says that it is something else.
    OtherKind(OtherKind),
    /// `images` or `imageTags` is an alias of the list at a place.
    ListAlias {
        key: String,
        anchor: Position,
    },
    /// `images` or `imageTags` comes from a merge key of the document.
    ListInherited {
        key: &'static str,
    },
    /// `images` or `imageTags` is not a list.
    List {
        key: String,
        found: NodeType,
    },
    /// An entry to edit is an alias.
    EntryAlias {
        alias: String,
        anchor: Position,
    },
    /// An entry is not a mapping.
    Entry(NodeType),
    /// A field to edit is not a string.
    Value {
        field: FieldName,
        found: NodeType,
    },
    /// A field to edit has a tag that says it is no string.
    Tagged {
        field: FieldName,
        tag: String,
    },
    /// A digest is to come beside a kept `newTag` that has one already.
    SecondDigest {
        /// The argument that writes the tag without it.
        argument: String,
    },
    /// A field to remove comes from a merge key.
    Inherited {
        field: FieldName,
        from: Position,
    },
    /// A merge key behind a field brings it too, and counts for kustomize.
    MergedOver {
        key: &'static str,
    },
    /// The whole document is in flow style, as JSON is, and an entry is to be added.
    FlowRoot,
    /// `images` is in flow style, and an entry is to be added.
    FlowList,
    /// An empty list with a comment between its brackets.
    CommentInEmptyList,
}

impl EditError {
    pub(super) fn refused(yaml: &ParsedYaml<'_>, node: NodeId, shape: ImagesShape) -> Self {
        Self::Refused { place: yaml.place(node), shape }
    }

    /// Returns the place of the reason in the file.
    pub fn place(&self) -> Option<Position> {
        match self {
            Self::Yaml(error) => error.place(),
            Self::Refused { place, .. } | Self::Unproved { place, .. } => Some(*place),
            Self::Replacing { place, .. } => *place,
            Self::NothingToWrite(_) => None,
        }
    }

    /// Returns the error with the name of its file: `overlays/prod/kustomization.yaml:7:5: …`.
    pub fn in_file(&self, file: &str) -> String {
        let space = if self.place().is_some() { "" } else { " " };
        format!("{file}:{space}{self}")
    }

    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Yaml(error) => error.hint(),
            Self::Refused { shape, .. } => shape.hint(),
            Self::Replacing { argument: Some(argument), .. } => Some(format!("write `{argument}`")),
            Self::Replacing { place: Some(_), .. } => Some("change that entry by hand".to_owned()),
            Self::Replacing { place: None, .. } => Some("name only one of the two".to_owned()),
            Self::NothingToWrite(name) => Some(format!("write what `{name}` is to become, as in `{name}=NEWNAME:TAG`")),
            Self::Unproved { .. } => {
                Some("nothing was written; edit this entry by hand, and please report the file's shape".to_owned())
            }
        }
    }
}

fn shown(place: &Option<Position>) -> String {
    place.map_or_else(String::new, |place| format!("{place}: "))
}

fn replacing(entry: &str, added: &str) -> String {
    format!(
        "kustomize would apply the new entry `{added}` to the image of `{entry}` too, and what `{entry}` says would not be deployed"
    )
}

fn of_yaml(error: &YamlError) -> String {
    match error {
        YamlError::Utf16 => format!("{error}, which kustomize does not read"),
        error => error.to_string(),
    }
}

impl ImagesShape {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Root(NodeType::Template)
            | Self::List { found: NodeType::Template, .. }
            | Self::Entry(NodeType::Template)
            | Self::Value { found: NodeType::Template, .. } => TEMPLATE_HINT.to_owned(),
            Self::SecondDocument => {
                "kustomize reads the first document only: move this one to a file of its own; if this is no kustomization, \
                 name it with `-f`"
                    .to_owned()
            }
            Self::FirstDocumentEmpty => "kustomize reads the first document only: remove the `---` above".to_owned(),
            Self::Root(_) | Self::Spec => return None,
            Self::OtherKind(OtherKind { version, .. }) if version.starts_with("kustomize.toolkit.fluxcd.io/") => {
                "name the folder that its `spec.path` names, or edit the images in its `spec` with `-f`".to_owned()
            }
            Self::OtherKind(_) => {
                "name the kustomization that has this file among its `resources`, or edit its own images with `-f`"
                    .to_owned()
            }
            Self::ListAlias { anchor, .. } => format!("write the list out here, in place of the alias of {anchor}"),
            Self::ListInherited { key } => format!("write `{key}` out in this document"),
            Self::List { .. } => "write it as `- name: …` lines".to_owned(),
            Self::EntryAlias { alias, anchor } => {
                format!("edit the anchor at {anchor}, or replace `{alias}` by an entry of its own")
            }
            Self::Entry(_) => "write it as `name: …`, with `newName`, `newTag` or `digest`".to_owned(),
            Self::Value { field, .. } => format!("write `{field}` as one string"),
            Self::Tagged { tag, .. } => format!("remove the tag `{tag}`"),
            Self::SecondDigest { argument } => format!("write `{argument}`"),
            Self::Inherited { field, from } => {
                format!("remove `{field}` at {from}, or write this entry out without `<<`")
            }
            Self::MergedOver { .. } => "move `<<` to the top of the entry".to_owned(),
            Self::FlowRoot => "add the entry by hand; from then on it is edited like any other".to_owned(),
            Self::FlowList => "write the list as `- name: …` lines, or add the entry by hand".to_owned(),
            Self::CommentInEmptyList => "move the comment out of the brackets".to_owned(),
        };
        Some(hint)
    }
}

impl fmt::Display for ImagesShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecondDocument => f.write_str("a second document begins here"),
            Self::FirstDocumentEmpty => f.write_str("the first document is empty, and a second one begins here"),
            Self::Spec => {
                f.write_str("the images of a Kustomization of Flux are in its `spec`, and that is no mapping")
            }
            Self::Root(found) => write!(f, "a kustomization is a mapping, this is {found}"),
            Self::OtherKind(other) => other.fmt(f),
            Self::ListAlias { key, .. } => write!(f, "`{key}` is an alias"),
            Self::ListInherited { key } => write!(f, "`{key}` comes from this merge key"),
            Self::List { key, found } => write!(f, "`{key}` is a list, this is {found}"),
            Self::EntryAlias { .. } => f.write_str("this `images` entry is an alias"),
            Self::Entry(found) => write!(f, "an `images` entry is a mapping, this is {found}"),
            Self::Value { field, found } => write!(f, "`{field}` is a string, this is {found}"),
            Self::Tagged { field, tag } => write!(f, "`{field}` is a string, this is tagged `{tag}`"),
            Self::SecondDigest { .. } => {
                f.write_str("`newTag` already has a digest, and kustomize would write another one behind it")
            }
            Self::Inherited { field, .. } => write!(f, "`{field}` comes from a merge key and cannot be removed here"),
            Self::MergedOver { key } => {
                write!(f, "this merge key brings `{key}` too, and what comes last counts for kustomize")
            }
            Self::FlowRoot => f.write_str("entries are added in block style, and this document is in flow style"),
            Self::FlowList => f.write_str("entries are added in block style, and this list is in flow style"),
            Self::CommentInEmptyList => f.write_str("this empty list has a comment between its brackets"),
        }
    }
}
