//! What several files say of the same entries, as the report tells it.

use std::collections::BTreeMap;

use crate::targets::Fields;

/// Entries of some files, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// From the repository's root, in the order in which they were named.
    pub files: Vec<String>,
    /// By their names.
    pub entries: Vec<ComparedEntry>,
}

/// One entry, in all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedEntry {
    pub name: String,
    /// What each file says, in the order of the files; `None` if it has no such entry.
    pub places: Vec<Option<Fields>>,
}

/// How what the files say of an entry goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// Every file has the entry, with the same image, tag and digest.
    Same,
    /// Two files name another image, tag or digest, or two places of one file do. A digest that only one of them has is a
    /// difference.
    Differs,
    /// The files that have the entry agree, and some have none.
    Missing,
}

impl Comparison {
    /// Compares what each file says, in the order of the files.
    pub fn of(files: Vec<(String, Vec<(String, Fields)>)>) -> Self {
        let mut entries: BTreeMap<String, Vec<Option<Fields>>> = BTreeMap::new();
        let mut names = Vec::new();
        let count = files.len();
        for (index, (file, said)) in files.into_iter().enumerate() {
            names.push(file);
            for (name, fields) in said {
                entries.entry(name).or_insert_with(|| vec![None; count])[index].get_or_insert(fields);
            }
        }
        let entries = entries.into_iter().map(|(name, places)| ComparedEntry { name, places });
        Self { files: names, entries: entries.collect() }
    }
}

impl ComparedEntry {
    /// Returns how many files have the entry.
    pub fn count(&self) -> usize {
        self.places.iter().flatten().count()
    }

    pub fn state(&self) -> EntryState {
        let image = |fields: &Fields| fields.image_name(&self.name).unwrap_or(&self.name).to_owned();
        let mut said = self.places.iter().flatten().map(|fields| (image(fields), &fields.new_tag, &fields.digest));
        let first = said.next();
        let is_mixed = self.places.iter().flatten().any(|fields| !fields.several.is_empty());
        match !is_mixed && said.all(|other| Some(&other) == first.as_ref()) {
            false => EntryState::Differs,
            true if self.count() < self.places.len() => EntryState::Missing,
            true => EntryState::Same,
        }
    }

    /// Returns whether two files name different images for the entry, whatever the versions are.
    pub fn has_several_images(&self) -> bool {
        let mut images = self.places.iter().flatten().map(|fields| fields.image_name(&self.name).unwrap_or(&self.name));
        let first = images.next();
        images.any(|image| Some(image) != first)
    }
}

impl EntryState {
    /// Returns it as one word, for people and programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Missing => "missing",
        }
    }
}
