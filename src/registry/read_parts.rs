//! The manifests and configurations that were read before, so that a wait reads nothing twice: what a digest names does not
//! change, and many registries count what is read. A tag is asked for with `HEAD` then, and read again only if it means another
//! digest.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use reqwest::Url;

use super::http::requests::HttpResponse;
use super::limits::MAX_KEPT_SIZE;
use crate::system::lock::lock;

#[derive(Debug, Default)]
pub(super) struct ReadParts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By URLs that end in a digest.
    parts: HashMap<Url, Arc<HttpResponse>>,
    /// The bytes in all parts.
    size: usize,
    /// The URLs of tags that were read.
    tags: HashSet<Url>,
    /// The URLs of tags for which `HEAD` names another digest than the body has.
    wrong_heads: HashSet<Url>,
}

impl ReadParts {
    /// Returns what was read at a URL that ends in a digest.
    pub(super) fn get(&self, part: &Url) -> Option<Arc<HttpResponse>> {
        self.state().parts.get(part).cloned()
    }

    /// Keeps what was read at a URL that ends in a digest, as far as there is room: what is not kept is read again.
    pub(super) fn keep(&self, part: Url, response: &Arc<HttpResponse>) {
        let mut state = self.state();
        let size = state.size + response.body.len();
        if size <= MAX_KEPT_SIZE && !state.parts.contains_key(&part) {
            state.size = size;
            state.parts.insert(part, Arc::clone(response));
        }
    }

    /// Notes that a tag was read.
    pub(super) fn note_tag(&self, tag: &Url) {
        self.state().tags.insert(tag.clone());
    }

    /// Notes that `HEAD` is wrong about a tag, so that it is always read.
    pub(super) fn note_wrong_head(&self, tag: &Url) {
        self.state().wrong_heads.insert(tag.clone());
    }

    /// Whether `HEAD` can tell if a tag still means what was read.
    pub(super) fn is_told_by_head(&self, tag: &Url) -> bool {
        let state = self.state();
        state.tags.contains(tag) && !state.wrong_heads.contains(tag)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}
