//! What is asked of a file, field by field, and what therefore happens to each field of an entry. The vocabulary between the
//! plan, the styles that write, and the proof.

use std::collections::HashMap;

use super::FieldName;
use super::entry::Entry;
use super::tree::Pair;
use crate::image::{Field, ImageArgument, ImageChange};

/// The arguments of one call; of two with one name the later counts.
#[derive(Debug)]
pub(super) struct Wishes<'a> {
    pub(super) arguments: Vec<&'a ImageArgument>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Wishes<'a> {
    pub(super) fn new(arguments: &'a [ImageArgument]) -> Self {
        let mut wishes = Self { arguments: Vec::with_capacity(arguments.len()), by_name: HashMap::new() };
        for argument in arguments {
            let index = *wishes.by_name.entry(argument.name.as_str()).or_insert(wishes.arguments.len());
            match wishes.arguments.get_mut(index) {
                Some(earlier) => *earlier = argument,
                None => wishes.arguments.push(argument),
            }
        }
        wishes
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a ImageArgument> {
        self.by_name.get(name).map(|index| self.arguments[*index])
    }

    /// Returns the argument for an entry.
    pub(super) fn of(&self, entry: &Entry<'_>) -> Option<&'a ImageArgument> {
        self.get(entry.name?)
    }
}

/// What an argument says of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish<'a> {
    Keep,
    Remove,
    Set(&'a str),
}

impl<'a> Wish<'a> {
    pub(super) fn of(change: &'a ImageChange, field: FieldName) -> Self {
        match field {
            FieldName::NewName => Self::from_field(&change.new_name, String::as_str),
            FieldName::NewTag => Self::from_field(&change.new_tag, crate::image::Tag::as_str),
            FieldName::Digest => Self::from_field(&change.digest, crate::image::Digest::as_str),
        }
    }

    fn from_field<T>(field: &'a Field<T>, text: impl Fn(&'a T) -> &'a str) -> Self {
        match field {
            Field::Keep => Self::Keep,
            Field::Remove => Self::Remove,
            Field::Set(value) => Self::Set(text(value)),
        }
    }
}

/// What happens to one field in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action<'a> {
    Nothing,
    /// The value that stands there is written anew.
    Replace(Pair, &'a str),
    Insert(&'a str),
    Delete(Pair),
}

/// What happens to the fields of one entry, in the order of [`FieldName::ALL`].
pub(super) type Actions<'a> = [Action<'a>; 3];
