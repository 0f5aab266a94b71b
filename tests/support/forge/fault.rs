//! What can go wrong at a forge, on purpose.

use std::sync::Arc;

use super::Store;
use crate::support::http::Response;

/// A fault. Which requests it hits, and how often, is said where it is added.
#[derive(Clone)]
pub enum Fault {
    /// Something else answers; the forge does nothing.
    Answer(Response),
    /// The connection ends without an answer; the forge does nothing.
    Drop,
    /// No answer comes until the client gives up.
    Hang,
    /// The forge does what it is asked, then the connection ends without an answer.
    LoseAnswer,
    /// Something happens right before the request: another job pushes, or opens a request.
    Meanwhile(Arc<dyn Fn(&mut Store) + Send + Sync>),
}

impl Fault {
    /// Returns what another job does right before a request.
    pub fn meanwhile(act: impl Fn(&mut Store) + Send + Sync + 'static) -> Self {
        Self::Meanwhile(Arc::new(act))
    }

    /// Returns a refusal because of too many requests, as GitLab and others word it; the next one may come at once.
    pub fn too_many_requests() -> Self {
        Self::Answer(Response::text(429, "Retry later\n").header("Retry-After", "0"))
    }

    pub(super) fn is_early(&self) -> bool {
        !matches!(self, Self::LoseAnswer)
    }
}
