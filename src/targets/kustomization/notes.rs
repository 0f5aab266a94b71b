//! What a user may not expect: a value that an argument's grammar drops, and what in the file kustomize will stumble
//! over. Notes never change the outcome.

use std::collections::HashMap;
use std::fmt;

use super::entry::{Entry, Images, effective, fields};
use super::parse::Document;
use super::scalar::is_refused;
use super::source::is_blank;
use super::wish::{Wish, Wishes};
use super::{FieldName, Place};

/// Something worth a line beside the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The name of the entry; empty where it is about the whole file.
    pub name: String,
    /// Where it is: in the new text, or in the old one for what is not there any more.
    pub place: Place,
    pub kind: NoteKind,
}

/// What a [`Note`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteKind {
    /// The argument does not name this field, so it went, as it does with kustomize.
    Dropped { field: FieldName, value: String, comment: Option<String> },
    /// An alias was replaced by the value itself.
    AliasReplaced { field: FieldName, alias: String },
    /// The value was no string to YAML, and now is one.
    Repaired { field: FieldName, value: String },
    /// A value is a number or a truth value to YAML, and kustomize will refuse the file.
    NotAString { key: String, value: String },
    /// `newName` is the name itself.
    SameName,
    /// A digest was kept beside a new tag, and decides what is pulled.
    DigestDecides { digest: String },
    /// Other entries have the name too.
    Duplicate { lines: Vec<usize> },
    /// kustomize reads the name as a regular expression, in which this character is special.
    Pattern { character: char },
    /// kustomize knows no such field.
    UnknownField { key: String },
    /// A tab follows the dash, which kustomize does not read.
    TabAfterDash,
    /// The file is not YAML: it was read as a template that becomes YAML.
    NotYaml { message: String },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, place: _, kind } = self;
        match kind {
            NoteKind::Dropped { field, value, comment } => {
                write!(f, "`{name}`: {field} `{value}` was dropped, because the argument does not name it")?;
                match comment {
                    Some(comment) => write!(f, "; with it went the comment `{comment}`"),
                    None => Ok(()),
                }
            }
            NoteKind::AliasReplaced { field, alias } => {
                write!(f, "`{name}`: {field} was the alias `{alias}` and is now a value of its own")
            }
            NoteKind::Repaired { field, value } => {
                write!(f, "`{name}`: {field} `{value}` was not a string to YAML and is now quoted")
            }
            NoteKind::NotAString { key, value } => {
                write!(
                    f,
                    "`{name}`: {key} `{value}` is not a string to YAML, and kustomize refuses the file until it is quoted"
                )
            }
            NoteKind::SameName => write!(f, "`{name}`: newName is the same as the name and does nothing"),
            NoteKind::DigestDecides { digest } => {
                write!(f, "`{name}`: the digest `{digest}` was kept and decides what is pulled, whatever the tag")
            }
            NoteKind::Duplicate { lines } => {
                let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
                write!(f, "`{name}` has {} entries, on lines {}", lines.len(), lines.join(", "))
            }
            NoteKind::Pattern { character } => {
                write!(
                    f,
                    "`{name}` is a regular expression to kustomize, because of `{character}`, and can match other images"
                )
            }
            NoteKind::UnknownField { key } => {
                write!(f, "`{name}`: kustomize knows no field `{key}` in an entry and refuses the file")
            }
            NoteKind::NotYaml { message } => {
                write!(f, "kustomize refuses the file as it stands, which looks like a template: {message}")
            }
            NoteKind::TabAfterDash => write!(f, "`{name}`: kustomize does not read a tab after the dash"),
        }
    }
}

/// What is special in a regular expression. Not `.`: nearly every name has one, and it matches itself.
const SPECIAL: [char; 13] = ['*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '^', '$', '\\'];

/// The fields that kustomize knows in an entry, beside the merge key.
const KNOWN: [&str; 6] = ["name", "newName", "newTag", "tagSuffix", "digest", "<<"];

/// Looks over the entries of an edited file.
pub(super) fn survey(document: &Document<'_>, images: &Images<'_>, wishes: &Wishes<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut lines: HashMap<&str, Vec<usize>> = HashMap::with_capacity(images.entries.len());
    for entry in &images.entries {
        let at = document.tree.start(entry.item);
        if let Some(name) = entry.name {
            lines.entry(name).or_default().push(document.source.line_number(at));
        }
        survey_keys(document, entry, &mut notes);
        survey_wish(document, entry, wishes, &mut notes);
        let line = document.source.before(at).trim_start_matches(' ');
        if line.strip_prefix('-').is_some_and(|gap| gap.contains('\t') && is_blank(gap)) {
            notes.push(note(document, entry, at, NoteKind::TabAfterDash));
        }
    }
    for entry in &images.entries {
        let Some(lines) = entry.name.and_then(|name| lines.remove(name)) else {
            continue;
        };
        if lines.len() > 1 {
            notes.push(note(document, entry, document.tree.start(entry.item), NoteKind::Duplicate { lines }));
        }
    }
    notes
}

fn note(document: &Document<'_>, entry: &Entry<'_>, at: usize, kind: NoteKind) -> Note {
    Note { name: entry.name.unwrap_or_default().to_owned(), place: document.source.place(at), kind }
}

fn survey_keys(document: &Document<'_>, entry: &Entry<'_>, notes: &mut Vec<Note>) {
    let tree = &document.tree;
    for pair in tree.pairs(entry.mapping) {
        let Some(key) = tree.text(pair.key) else {
            continue;
        };
        if !KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            let at = tree.start(pair.key);
            notes.push(note(document, entry, at, NoteKind::UnknownField { key: key.to_owned() }));
        } else if is_refused(document, pair.value) {
            let value = tree.text(pair.value).unwrap_or_default().to_owned();
            let at = tree.start(pair.value);
            notes.push(note(document, entry, at, NoteKind::NotAString { key: key.to_owned(), value }));
        }
    }
}

fn survey_wish(document: &Document<'_>, entry: &Entry<'_>, wishes: &Wishes<'_>, notes: &mut Vec<Note>) {
    let (Some(name), Some(argument)) = (entry.name, wishes.of(entry)) else {
        return;
    };
    let at = document.tree.start(entry.item);
    let fields = fields(document, entry);
    if fields.new_name.as_deref() == Some(name) {
        let value = effective(document, entry.mapping, FieldName::NewName.as_str());
        let at = value.map_or(at, |value| document.tree.start(value));
        notes.push(note(document, entry, at, NoteKind::SameName));
    }
    if let Some(character) = name.chars().find(|character| SPECIAL.contains(character)) {
        notes.push(note(document, entry, at, NoteKind::Pattern { character }));
    }
    let wish = |field| Wish::of(&argument.change, field);
    if let (Some(digest), Wish::Set(_), Wish::Keep) = (fields.digest, wish(FieldName::NewTag), wish(FieldName::Digest))
    {
        notes.push(note(document, entry, at, NoteKind::DigestDecides { digest }));
    }
}
