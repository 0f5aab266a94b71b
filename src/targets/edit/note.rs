//! What a user may not expect of an edit: a value that an argument's grammar drops, what in the file kustomize will refuse, and
//! where something else is deployed than what is written. Notes never change the outcome.

use std::fmt;

use super::fields::FieldName;
use super::later_step::LaterStep;
use super::other_kind::OtherKind;
use super::pulled::{Doubt, TELL_IT};
use super::values_note::ValuesNote;
use crate::yaml::{NodeId, ParsedYaml, Position};

/// Something worth a line beside the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The name of the entry; empty if it is about the whole file.
    pub name: String,
    /// The place in the new text; for a value that is gone, in the old one.
    pub place: Position,
    pub kind: NoteKind,
}

/// What a [`Note`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteKind {
    /// The argument does not name this part of the image, so it went, as it does with kustomize.
    Dropped { key: String, value: String, comment: Option<String> },
    /// A comment stayed beside a changed value, and may be about the old one.
    CommentKept { comment: String },
    /// A marker of Flux stayed beside a changed value.
    FluxMarker { comment: String },
    /// A kept `newName` has a tag or a digest, and kustomize writes the new one behind it.
    NameWithTag { new_name: String, argument: String },
    /// The file has no place for the name of the argument.
    NotWritten { new_name: String },
    /// An alias was replaced by the value itself.
    AliasReplaced { field: FieldName, alias: String },
    /// The value has an anchor, and its aliases elsewhere in the file have the new value too.
    AliasesFollow { key: String, aliases: Vec<Position> },
    /// The value was no string to YAML, and now is one.
    Repaired { key: String, value: String },
    /// A value is a number or a truth value to YAML, and kustomize will refuse the file.
    NotAString { key: String, value: String },
    /// `newName` is the name itself.
    SameName,
    /// A digest was kept beside a new tag, and decides what is pulled.
    DigestDecides { digest: String },
    /// A chart may take what is under another key for the digest, which was kept beside a new tag.
    DigestBeside { key: String, digest: String },
    /// The digest was emptied, and a switch beside it makes the chart use it.
    EmptyDigestUsed,
    /// A variable beside the image has the old version still. `argument` names it.
    VariableKept { key: String, version: String, argument: String },
    /// Something else in the file sets the image behind it.
    LaterStep { step: LaterStep, line: usize, image: String },
    /// Something in the kustomization of the path `file`, which is in the same folder and lists the file, sets the image again.
    StepBeside { file: String, folder: String, step: LaterStep, line: usize, image: String },
    /// Another entry is for the image too, and has the last word about the version.
    Replaced { line: usize, image: String },
    /// A patch of the file sets an image that has the new name, to which the entry is not applied.
    Patched { line: usize, image: String },
    /// Another entry gives the image another name, and that is pulled.
    Renamed { line: usize, new_name: String },
    /// Another entry adds a text to the tag, and drops the digest.
    Suffixed { line: usize, suffix: String, tag: String },
    /// Other entries have the name too.
    Duplicate { lines: Vec<usize> },
    /// kustomize reads the name as a regular expression, in which this character is special.
    Pattern { character: char },
    /// The name of an entry has what is special in a regular expression, and is none that can be read.
    UnreadPattern,
    /// kustomize knows no such field.
    UnknownField { key: String },
    /// A reader of the family that kustomize's is of cannot read the file, and could not before.
    NotRead { message: String },
    /// The file has `images` entries, and says that it is no kustomization.
    OtherKind(OtherKind),
    /// A chart may make another name or version of what the file says.
    Values(ValuesNote),
    /// The file is not YAML: it was read as a template that becomes YAML.
    NotYaml { message: String },
}

impl From<&Note> for Doubt {
    fn from(note: &Note) -> Self {
        Self { place: note.place, text: note.to_string(), remedy: note.kind.remedy() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, place: _, kind } = self;
        match kind {
            NoteKind::Duplicate { .. } => write!(f, "`{name}` {kind}"),
            _ if name.is_empty() => kind.fmt(f),
            _ => write!(f, "`{name}`: {kind}"),
        }
    }
}

impl NoteKind {
    /// Returns the note that the aliases of `nodes` follow what was written under `key`; nothing if there are none.
    pub(in crate::targets) fn aliases_follow(
        yaml: &ParsedYaml<'_>,
        key: impl Into<String>,
        nodes: &[NodeId],
    ) -> Option<Self> {
        let aliases = nodes.iter().flat_map(|node| yaml.tree.aliases(*node));
        let aliases: Vec<Position> = aliases.map(|alias| yaml.place(*alias)).collect();
        (!aliases.is_empty()).then(|| Self::AliasesFollow { key: key.into(), aliases })
    }

    /// Returns what the user can do, so that the entry alone tells which image is pulled.
    fn remedy(&self) -> String {
        match self {
            Self::StepBeside { folder, step: LaterStep::Entry, .. } => {
                format!("release to the kustomization with `-k {folder}`, or remove the entry from it")
            }
            Self::StepBeside { file, step, .. } => format!("remove the image from the {step} in `{file}`"),
            _ => TELL_IT.to_owned(),
        }
    }

    /// Returns whether something else is deployed than the entry says.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::Values(note) => note.is_warning(),
            Self::Replaced { .. } | Self::Renamed { .. } | Self::Patched { .. } | Self::UnreadPattern => true,
            Self::LaterStep { .. } | Self::StepBeside { .. } | Self::VariableKept { .. } | Self::Suffixed { .. } => {
                true
            }
            Self::EmptyDigestUsed | Self::DigestBeside { .. } => true,
            _ => false,
        }
    }
}

/// Returns what else is said of a digest: a release would have pinned one, but for `--pin-digest=never` or `--no-check`.
fn and_none_is_pinned(key: &str) -> &'static str {
    if key == "digest" { ", and none is pinned" } else { "" }
}

/// What is said of the entry, or of the file.
impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { lines } => {
                let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
                write!(f, "has {} entries, on lines {}", lines.len(), lines.join(", "))
            }
            Self::Dropped { key, value, comment } => {
                write!(f, "{key} `{value}` was dropped: the argument names none{}", and_none_is_pinned(key))?;
                match comment {
                    Some(comment) => write!(f, "; its comment `{comment}` was removed too"),
                    None => Ok(()),
                }
            }
            Self::CommentKept { comment } => {
                write!(f, "the comment `{comment}` was kept: does it describe the old value?")
            }
            Self::FluxMarker { comment } => f.write_str(&flux_marker(comment)),
            Self::NameWithTag { new_name, argument } => {
                write!(
                    f,
                    "newName `{new_name}` has a tag or a digest, and kustomize writes the new one behind it: write `{argument}`"
                )
            }
            Self::NotWritten { new_name } => {
                write!(f, "the file has no place for the name `{new_name}`, so it is not written")
            }
            Self::AliasReplaced { field, alias } => {
                write!(f, "{field} was the alias `{alias}` and is now a value of its own")
            }
            Self::AliasesFollow { key, aliases } => f.write_str(&aliases_follow(key, aliases)),
            Self::Repaired { key, value } => {
                write!(f, "{key} `{value}` was not a string to YAML and is now quoted")
            }
            Self::NotAString { key, value } => f.write_str(&not_a_string(key, value)),
            Self::SameName => write!(f, "newName is the same as the name and does nothing"),
            Self::DigestDecides { digest } => {
                write!(f, "the digest `{digest}` was kept and decides what is pulled, whatever the tag")
            }
            Self::DigestBeside { key, digest } => f.write_str(&digest_beside(key, digest)),
            Self::EmptyDigestUsed => f.write_str(EMPTY_DIGEST_USED),
            Self::VariableKept { key, version, argument } => f.write_str(&variable_kept(key, version, argument)),
            Self::LaterStep { step, line, image } => f.write_str(&later_step(*step, *line, image)),
            Self::StepBeside { file, folder, step, line, image } => {
                f.write_str(&step_beside(file, folder, *step, *line, image))
            }
            Self::Replaced { line, image } => f.write_str(&replaced(*line, image)),
            Self::Patched { line, image } => f.write_str(&patched(*line, image)),
            Self::Renamed { line, new_name } => f.write_str(&renamed(*line, new_name)),
            Self::Suffixed { line, suffix, tag } => f.write_str(&suffixed(*line, suffix, tag)),
            Self::Pattern { character } => f.write_str(&pattern(*character)),
            Self::UnreadPattern => f.write_str(UNREAD_PATTERN),
            Self::UnknownField { key } => f.write_str(&unknown_field(key)),
            Self::OtherKind(other) => {
                write!(f, "{other}: kustomize does not build the file, so its `images` change nothing")
            }
            Self::Values(note) => note.fmt(f),
            Self::NotYaml { message } => {
                write!(f, "kustomize refuses the file as it stands, which looks like a template: {message}")
            }
            Self::NotRead { message } => write!(f, "kustomize most likely refuses the file: {message}"),
        }
    }
}

fn flux_marker(comment: &str) -> String {
    format!("the Flux marker `{comment}` was kept: Flux writes what it names into this line")
}

fn not_a_string(key: &str, value: &str) -> String {
    format!("{key} `{value}` is not a string to YAML, and kustomize refuses the file until it is quoted")
}

fn unknown_field(key: &str) -> String {
    format!("kustomize knows no field `{key}` in an entry and refuses the file")
}

fn pattern(character: char) -> String {
    format!("the name is a regular expression to kustomize, because of `{character}`, and can match other images")
}

const UNREAD_PATTERN: &str = "the name is a regular expression to kustomize and cannot be read as one, so that the images it is for \
     are unknown: kustomize stops at a name that is none";

const EMPTY_DIGEST_USED: &str = "the digest is empty beside `useDigest: true`, and the chart writes `@` with nothing behind it: \
     name a digest too, or write `useDigest: false`";

fn variable_kept(key: &str, version: &str, argument: &str) -> String {
    format!("`{key}` is `{version}` still; if it is the version of this image, name it too: `{argument}`")
}

fn later_step(step: LaterStep, line: usize, image: &str) -> String {
    if step.is_certain() {
        format!("the {step} on line {line} is for `{image}` too, and what it sets is deployed")
    } else {
        format!("the {step} on line {line} may set this image too, and what it sets is deployed then")
    }
}

fn step_beside(file: &str, folder: &str, step: LaterStep, line: usize, image: &str) -> String {
    let told = format!("in `{file}`, {}", later_step(step, line, image));
    if step == LaterStep::Entry { format!("{told}; release to it with `-k {folder}`") } else { told }
}

fn replaced(line: usize, image: &str) -> String {
    format!("kustomize applies the entry `{image}` on line {line} to it too, whose version is deployed in its place")
}

fn patched(line: usize, image: &str) -> String {
    format!(
        "the patch on line {line} sets `{image}`, and kustomize applies patches before `images`: what has that name already \
         keeps the version of the patch"
    )
}

fn renamed(line: usize, new_name: &str) -> String {
    format!("the entry on line {line} makes `{new_name}` of its image, and that is pulled")
}

fn suffixed(line: usize, suffix: &str, tag: &str) -> String {
    format!("the entry on line {line} adds `{suffix}` to the tag: `{tag}` is pulled, and no digest")
}

fn digest_beside(key: &str, digest: &str) -> String {
    format!("`{key}: {digest}` was kept beside the tag: charts that know this key pull that digest, whatever the tag")
}

fn aliases_follow(key: &str, aliases: &[Position]) -> String {
    let places: Vec<String> = aliases.iter().map(Position::to_string).collect();
    let verb = if let [_] = &places[..] { "alias at {} has" } else { "aliases at {} have" };
    let places = verb.replace("{}", &places.join(", "));
    format!("{key} has an anchor, and its {places} the new value too")
}
