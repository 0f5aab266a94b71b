//! What a user may not expect: a value that an argument's grammar drops, and what in the file kustomize will
//! refuse. Notes never change the outcome.

use std::collections::HashMap;
use std::fmt;

use super::claim::OtherKind;
use super::entry::{ImageEntry, ImageLists, effective, fields};
use super::field::FieldName;
use super::go_yaml::is_refused;
use super::requested::Requested;
use crate::image::{Field, ImageArgument, ImageChange, Tag};
use crate::targets::values_note::ValuesNote;
use crate::yaml::{ParsedYaml, Position};

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
    /// The chart has a registry for all images, and the image one of its own.
    TwoRegistries { shared: String, own: String },
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
    /// A post-renderer of Flux changes the image behind the chart.
    PostRenderer { line: usize, image: String },
    /// A later entry is for what this one makes of its image, and replaces the version.
    Replaced { line: usize, image: String },
    /// A patch of the file sets an image that has the new name, to which the entry is not applied.
    Patched { line: usize, image: String },
    /// A later entry gives the image another name, and that is pulled.
    Renamed { line: usize, new_name: String },
    /// Other entries have the name too.
    Duplicate { lines: Vec<usize> },
    /// kustomize reads the name as a regular expression, in which this character is special.
    Pattern { character: char },
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
    /// Returns whether something else is deployed than the entry says.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::Values(note) => note.is_warning(),
            Self::Replaced { .. } | Self::Renamed { .. } | Self::Patched { .. } => true,
            Self::PostRenderer { .. } | Self::EmptyDigestUsed => true,
            _ => false,
        }
    }
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
                write!(f, "{key} `{value}` was dropped, because the argument does not name it")?;
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
            Self::TwoRegistries { shared, own } => f.write_str(&two_registries(shared, own)),
            Self::AliasReplaced { field, alias } => {
                write!(f, "{field} was the alias `{alias}` and is now a value of its own")
            }
            Self::AliasesFollow { key, aliases } => f.write_str(&aliases_follow(key, aliases)),
            Self::Repaired { key, value } => {
                write!(f, "{key} `{value}` was not a string to YAML and is now quoted")
            }
            Self::NotAString { key, value } => {
                write!(f, "{key} `{value}` is not a string to YAML, and kustomize refuses the file until it is quoted")
            }
            Self::SameName => write!(f, "newName is the same as the name and does nothing"),
            Self::DigestDecides { digest } => {
                write!(f, "the digest `{digest}` was kept and decides what is pulled, whatever the tag")
            }
            Self::DigestBeside { key, digest } => f.write_str(&digest_beside(key, digest)),
            Self::EmptyDigestUsed => f.write_str(EMPTY_DIGEST_USED),
            Self::PostRenderer { line, image } => f.write_str(&post_renderer(*line, image)),
            Self::Replaced { line, image } => f.write_str(&replaced(*line, image)),
            Self::Patched { line, image } => f.write_str(&patched(*line, image)),
            Self::Renamed { line, new_name } => f.write_str(&renamed(*line, new_name)),
            Self::Pattern { character } => f.write_str(&pattern(*character)),
            Self::UnknownField { key } => {
                write!(f, "kustomize knows no field `{key}` in an entry and refuses the file")
            }
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

fn pattern(character: char) -> String {
    format!("the name is a regular expression to kustomize, because of `{character}`, and can match other images")
}

const EMPTY_DIGEST_USED: &str = "the digest was emptied beside `useDigest: true`, and the chart writes `@` with nothing behind it: \
     name a digest too, or write `useDigest: false`";

fn post_renderer(line: usize, image: &str) -> String {
    format!("the post-renderer on line {line} is for `{image}` too, and what it sets is deployed")
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

fn two_registries(shared: &str, own: &str) -> String {
    format!(
        "`global.imageRegistry` is `{shared}` and the image's own registry `{own}`, and the chart decides which one counts"
    )
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

/// What is special in a regular expression. Not `.`: nearly every name has one, and it matches itself.
const SPECIAL: [char; 13] = ['*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '^', '$', '\\'];

/// The fields that kustomize knows in an entry, beside the merge key.
const KNOWN: [&str; 6] = ["name", "newName", "newTag", "tagSuffix", "digest", "<<"];

/// Looks over the entries of an edited file.
pub(super) fn survey(yaml: &ParsedYaml<'_>, lists: &ImageLists<'_>, requested: &Requested<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut lines: HashMap<&str, Vec<usize>> = HashMap::with_capacity(lists.entries.len());
    for entry in &lists.entries {
        let at = yaml.tree.start(entry.item);
        if let Some(name) = entry.name {
            lines.entry(name).or_default().push(yaml.source.line_number(at));
        }
        survey_keys(yaml, entry, &mut notes);
        survey_asked(yaml, entry, requested, &mut notes);
    }
    for entry in &lists.entries {
        let Some(lines) = entry.name.and_then(|name| lines.remove(name)) else {
            continue;
        };
        if lines.len() > 1 {
            notes.push(note(yaml, entry, yaml.tree.start(entry.item), NoteKind::Duplicate { lines }));
        }
    }
    notes
}

/// Notes the aliases of the fields that changed. None of them is in an entry: that is refused.
pub(super) fn note_aliases(
    yaml: &ParsedYaml<'_>,
    entry: &ImageEntry<'_>,
    changed: impl Iterator<Item = FieldName>,
    notes: &mut Vec<Note>,
) {
    for field in changed {
        let Some(value) = entry.own.get(field).map(|pair| pair.value) else {
            continue;
        };
        let aliases: Vec<Position> = yaml.tree.aliases(value).iter().map(|alias| yaml.place(*alias)).collect();
        if !aliases.is_empty() {
            notes.push(note(
                yaml,
                entry,
                yaml.tree.start(value),
                NoteKind::AliasesFollow { key: field.to_string(), aliases },
            ));
        }
    }
}

fn note(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, at: usize, kind: NoteKind) -> Note {
    Note { name: entry.name.unwrap_or_default().to_owned(), place: yaml.source.place(at), kind }
}

fn survey_keys(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, notes: &mut Vec<Note>) {
    let tree = &yaml.tree;
    for pair in tree.pairs(entry.mapping) {
        let Some(key) = tree.text(pair.key) else {
            continue;
        };
        if !KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            let at = tree.start(pair.key);
            notes.push(note(yaml, entry, at, NoteKind::UnknownField { key: key.to_owned() }));
        } else if is_refused(&yaml.tree, pair.value) {
            let value = tree.text(pair.value).unwrap_or_default().to_owned();
            let at = tree.start(pair.value);
            notes.push(note(yaml, entry, at, NoteKind::NotAString { key: key.to_owned(), value }));
        }
    }
}

fn survey_asked(yaml: &ParsedYaml<'_>, entry: &ImageEntry<'_>, requested: &Requested<'_>, notes: &mut Vec<Note>) {
    let (Some(name), Some(argument)) = (entry.name, requested.of(entry)) else {
        return;
    };
    let at = yaml.tree.start(entry.item);
    let fields = fields(yaml, entry);
    if fields.new_name.as_deref() == Some(name) {
        let value = effective(yaml, entry.mapping, FieldName::NewName.as_str());
        let at = value.map_or(at, |value| yaml.tree.start(value));
        notes.push(note(yaml, entry, at, NoteKind::SameName));
    }
    if let Some(character) = name.chars().find(|character| SPECIAL.contains(character)) {
        notes.push(note(yaml, entry, at, NoteKind::Pattern { character }));
    }
    if let Some((new_name, argument)) = fields.new_name.as_deref().and_then(|kept| without_tag(kept, argument)) {
        let value = effective(yaml, entry.mapping, FieldName::NewName.as_str());
        let at = value.map_or(at, |value| yaml.tree.start(value));
        notes.push(note(yaml, entry, at, NoteKind::NameWithTag { new_name, argument }));
    }
    let asked = |field: FieldName| field.asked(&argument.change);
    if let (Some(digest), Field::Set(_), Field::Keep) =
        (fields.digest, asked(FieldName::NewTag), asked(FieldName::Digest))
    {
        notes.push(note(yaml, entry, at, NoteKind::DigestDecides { digest }));
    }
}

/// Returns a kept `newName` whose own tag or digest makes the asked reference impossible, and the argument that writes
/// the name without it. `name@sha256` with the hexadecimal digits as the tag is a form that builds.
fn without_tag(kept: &str, argument: &ImageArgument) -> Option<(String, String)> {
    let ImageChange { new_name: Field::Keep, new_tag, digest } = &argument.change else {
        return None;
    };
    let path = kept.rfind('/').map_or(0, |slash| slash + 1);
    let end = path + kept[path..].find([':', '@'])?;
    let tag = new_tag.set().map(Tag::as_str);
    let is_hex = |tag: &str| tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    if (tag.is_none() && digest.set().is_none()) || (kept.ends_with("@sha256") && tag.is_some_and(is_hex)) {
        return None;
    }
    let change = ImageChange { new_name: Field::Set(kept[..end].to_owned()), ..argument.change.clone() };
    Some((kept.to_owned(), ImageArgument { name: argument.name.clone(), change }.to_string()))
}
