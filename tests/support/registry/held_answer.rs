//! An answer of a registry that is held back until the test has done something else in the meantime.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    NoRequest,
    Held,
    LetGo,
}

/// The answer to one request.
#[derive(Clone)]
pub struct HeldAnswer(Arc<(Mutex<Stage>, Condvar)>);

impl HeldAnswer {
    pub fn new() -> Self {
        Self(Arc::new((Mutex::new(Stage::NoRequest), Condvar::new())))
    }

    /// Waits until the request is there.
    ///
    /// # Panics
    /// If none comes within a minute.
    #[track_caller]
    pub fn wait_for_request(&self) {
        assert!(self.wait_for(Stage::Held), "no request came");
    }

    /// Lets the answer go.
    pub fn let_go(&self) {
        self.set(Stage::LetGo);
    }

    /// Holds the answer, for a minute at most: the test may have failed.
    pub(super) fn hold(&self) {
        self.set(Stage::Held);
        self.wait_for(Stage::LetGo);
    }

    fn set(&self, stage: Stage) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
        self.0.1.notify_all();
    }

    fn wait_for(&self, wanted: Stage) -> bool {
        let now = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(now, LIMIT, |now| *now < wanted);
        *waited.unwrap_or_else(PoisonError::into_inner).0 >= wanted
    }
}
