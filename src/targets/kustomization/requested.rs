//! The arguments of one call, found by the name of an entry.

use std::collections::{HashMap, HashSet};

use super::entry::ImageEntry;
use crate::image::ImageArgument;

/// The arguments of one call; of two with one name the later counts.
#[derive(Debug)]
pub(super) struct Requested<'a> {
    pub(super) arguments: Vec<&'a ImageArgument>,
    by_name: HashMap<&'a str, usize>,
}

impl<'a> Requested<'a> {
    pub(super) fn new(arguments: &'a [ImageArgument]) -> Self {
        let mut requested = Self { arguments: Vec::with_capacity(arguments.len()), by_name: HashMap::new() };
        for argument in arguments {
            let index = *requested.by_name.entry(argument.name.as_str()).or_insert(requested.arguments.len());
            match requested.arguments.get_mut(index) {
                Some(earlier) => *earlier = argument,
                None => requested.arguments.push(argument),
            }
        }
        requested
    }

    /// Returns the argument for an entry.
    pub(super) fn of(&self, entry: &ImageEntry<'_>) -> Option<&'a ImageArgument> {
        self.by_name.get(entry.name?).map(|index| self.arguments[*index])
    }

    /// Returns the arguments that name none of the entries.
    pub(super) fn missing_in(&self, entries: &[ImageEntry<'_>]) -> Vec<&'a ImageArgument> {
        let names: HashSet<&str> = entries.iter().filter_map(|entry| entry.name).collect();
        self.arguments.iter().copied().filter(|argument| !names.contains(argument.name.as_str())).collect()
    }
}
