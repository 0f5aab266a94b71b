//! What a person should know of the connections that were made: that one does not protect a login, or that another place
//! answered. They come up deep in a conversation, and are told by the command that had it.

use std::sync::{Arc, Mutex};

use crate::system::lock::lock;

/// The notices of one run; clones share them. Each is told once.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    texts: Vec<String>,
    /// How many of them have been taken.
    taken: usize,
}

impl Notices {
    pub(crate) fn add(&self, text: String) {
        let mut kept = lock(&self.0);
        if !kept.texts.contains(&text) {
            kept.texts.push(text);
        }
    }

    /// Returns the notices since the last call.
    pub fn take(&self) -> Vec<String> {
        let mut kept = lock(&self.0);
        let new = kept.texts[kept.taken..].to_vec();
        kept.taken = kept.texts.len();
        new
    }
}

#[cfg(test)]
mod tests {
    use super::Notices;

    #[test]
    fn a_notice_is_taken_once() {
        let notices = Notices::default();
        for text in ["one", "two", "one"] {
            notices.clone().add(text.to_owned());
        }
        assert_eq!(notices.take(), ["one", "two"]);
        notices.add("two".to_owned());
        notices.add("three".to_owned());
        assert_eq!(notices.take(), ["three"]);
        assert!(notices.take().is_empty());
    }
}
