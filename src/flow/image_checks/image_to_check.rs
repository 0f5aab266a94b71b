//! The image that an argument or an edited entry names, as far as that can be told from it alone.

use crate::image::{Digest, Field, ImageArgument, Reference, Tag};
use crate::message::compose::Purpose;
use crate::outcome::failure::{Failure, FailureKind};
use crate::targets::{EntryEdit, PulledImage};

const NEW_NAME: &str = "NEWNAME";
const REAL_NAME: &str = "write `NAME=NEWNAME:TAG` with the image's real name, or skip the registry with `--no-check`";
const BY_ITSELF: &str =
    "check the image by itself, as in `tagship check NAME:TAG`, or write its real name into the file by hand";

/// The image to look for in its registry.
pub(in crate::flow) enum ImageToCheck {
    Known(Reference),
    /// The argument keeps something of the entry (`*`), so the file has to be read first.
    DependsOnEntry,
    /// There is neither tag nor digest, so what runs is decided elsewhere.
    Unpinned,
}

impl ImageToCheck {
    /// Returns what `argument` says about its image.
    pub(in crate::flow) fn of_argument(argument: &ImageArgument) -> Result<Self, Failure> {
        let change = &argument.change;
        let name = match &change.new_name {
            Field::Set(name) => name.as_str(),
            Field::Remove => argument.name.as_str(),
            Field::Keep => return Ok(Self::DependsOnEntry),
        };
        match (&change.new_tag, &change.digest) {
            (Field::Keep, _) | (_, Field::Keep) => Ok(Self::DependsOnEntry),
            (tag, digest) => {
                let image = Self::new(name, tag.set().cloned(), digest.set().cloned(), REAL_NAME);
                image.map_err(|failure| match change.new_name {
                    Field::Remove => failure.hint(format!(
                        "write `{}` to keep the image that the entry has, or `NAME=NEWNAME:TAG` with the image's real name",
                        argument.keeping_name()
                    )),
                    Field::Keep | Field::Set(_) => failure,
                })
            }
        }
    }

    /// Returns what an entry says about its image once it is edited.
    pub(in crate::flow) fn of_entry(entry: &EntryEdit) -> Result<Self, Failure> {
        Self::edited_for(&Purpose::Release, entry)
    }

    /// Returns what [`ImageToCheck::of_entry`] returns. A release takes no name of an earlier one, as the others do.
    pub(in crate::flow) fn edited_for(purpose: &Purpose, entry: &EntryEdit) -> Result<Self, Failure> {
        let name_it = match purpose {
            Purpose::Release => "name it",
            Purpose::Rollback { .. } | Purpose::Promotion => "name it once in a release",
        };
        let how = format!("{name_it}, as in `{}={NEW_NAME}:TAG`", entry.name);
        let is_of_file = entry.before.new_name.is_some() && entry.before.new_name == entry.after.new_name;
        Self::of_fields(entry, &format!("{how}, or skip the registry with `--no-check`"), REAL_NAME)
            .map_err(|failure| if is_of_file { of_file(failure) } else { failure })
    }

    /// Returns what an entry says about its image if no argument names it.
    pub(in crate::flow) fn on_branch(entry: &EntryEdit) -> Result<Self, Failure> {
        Self::of_fields(entry, BY_ITSELF, BY_ITSELF).map_err(of_file)
    }

    /// Returns the image, if it is known.
    pub(in crate::flow) fn known(&self) -> Option<&Reference> {
        match self {
            Self::Known(reference) => Some(reference),
            Self::DependsOnEntry | Self::Unpinned => None,
        }
    }

    /// The hints are for an entry that does not say its image, and for a name that no registry can have.
    fn of_fields(entry: &EntryEdit, unnamed: &str, unusable: &str) -> Result<Self, Failure> {
        let new_name = &entry.after.new_name;
        let PulledImage { name, tag, digest } = entry.pulled();
        let refused = |error: String| Failure::target(format!("the entry `{}` has {error}", entry.name));
        let tag = tag.map(str::parse).transpose();
        let tag: Option<Tag> = tag.map_err(|error| refused(format!("a bad tag: {error}")))?;
        let digest: Option<Digest> =
            digest.map(str::parse).transpose().map_err(|error| refused(format!("a bad digest: {error}")))?;
        let is_unpinned = match entry.made() {
            Some(_) => tag.is_none() && digest.is_none(),
            None => !entry.after.says_what_runs(),
        };
        if let Some(name) = new_name.as_ref().filter(|_| is_unpinned) {
            Reference::new(name, None, None).map_err(|error| {
                refused(format!("a bad name: {error}")).hint("write the name alone, and the tag in its own place")
            })?;
        }
        match name {
            Some(name) => Self::new(name, tag, digest, unusable),
            None if is_unpinned => Ok(Self::Unpinned),
            None => {
                let before = &entry.after.before_name;
                let made = before.first().and_then(|before| before.made.as_deref()).unwrap_or(NEW_NAME);
                let failure = Failure::unknown_image(entry.name.as_str(), unnamed.replace(NEW_NAME, made));
                Err(before.iter().fold(failure, |failure, before| failure.detail(before.to_string())))
            }
        }
    }

    fn new(name: &str, tag: Option<Tag>, digest: Option<Digest>, hint: &str) -> Result<Self, Failure> {
        if tag.is_none() && digest.is_none() {
            return Ok(Self::Unpinned);
        }
        let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
        let hint = if has_tag { "take the tag out of the name, which has a place of its own" } else { hint };
        Reference::new(name, tag, digest)
            .map(Self::Known)
            .map_err(|error| Failure::usage(format!("`{name}` cannot be looked up in a registry: {error}")).hint(hint))
    }
}

/// Returns a failure as one of the file, which has what is wrong.
fn of_file(failure: Failure) -> Failure {
    Failure { kind: FailureKind::Target, ..failure }
}
