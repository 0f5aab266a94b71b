//! What was found out about the mappings of a file, once for each: one may have thousands of images, and each asks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::flat_tags::FlatTags;
use crate::targets::scalars::image_parts::sibling_values::DecidingPairs;
use crate::targets::scalars::image_parts::texts_by_stem::{TextsByStem, texts_in};
use crate::targets::scalars::names::shared_registry::SharedRegistries;
use crate::yaml::{NodeId, ParsedYaml};

/// What is known of the mappings of one file.
#[derive(Default)]
pub(in crate::targets::scalars) struct KnownMappings<'y> {
    pub(super) registries: RefCell<SharedRegistries>,
    texts: RefCell<HashMap<NodeId, Rc<TextsByStem<'y>>>>,
    flat_tags: RefCell<HashMap<NodeId, Rc<FlatTags>>>,
    deciding: RefCell<HashMap<NodeId, Rc<DecidingPairs>>>,
}

impl<'y> KnownMappings<'y> {
    /// Returns the keys of a mapping with their texts.
    pub(super) fn texts(&self, yaml: &'y ParsedYaml<'_>, mapping: NodeId) -> Rc<TextsByStem<'y>> {
        let texts = || Rc::new(TextsByStem::of(texts_in(yaml, mapping)));
        self.texts.borrow_mut().entry(mapping).or_insert_with(texts).clone()
    }

    /// Returns the flat tags of a mapping.
    pub(super) fn flat_tags(&self, yaml: &ParsedYaml<'_>, mapping: NodeId) -> Rc<FlatTags> {
        let flat_tags = || Rc::new(FlatTags::of(yaml, mapping));
        self.flat_tags.borrow_mut().entry(mapping).or_insert_with(flat_tags).clone()
    }

    /// Returns the pairs of a mapping that may decide about a version in it.
    pub(in crate::targets::scalars) fn deciding(&self, yaml: &ParsedYaml<'_>, mapping: NodeId) -> Rc<DecidingPairs> {
        let deciding = || Rc::new(DecidingPairs::of(yaml, mapping));
        self.deciding.borrow_mut().entry(mapping).or_insert_with(deciding).clone()
    }
}
