//! Lets one thread go first where all would do the same: the others wait until it knows, and then go by what it learned.
//! So a registry is asked only once how it wants to be asked, and shown a login only once that may be wrong.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Something that one thread finds out for all.
#[derive(Debug)]
pub(in crate::registry) struct Turn<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Unknown,
    /// Somebody is finding out.
    Taken,
    Known(T),
}

/// What a thread has to do that wants to know.
pub(in crate::registry) enum Entry<T> {
    /// Find out, and say so.
    First(Taken<T>),
    Known(T),
    /// Nothing: whoever is first has not found out in time.
    TooLate,
}

/// The right and the duty to find out. Given up, it passes to one of those who wait.
#[derive(Debug)]
pub(in crate::registry) struct Taken<T>(Arc<Turn<T>>);

impl<T> Default for Turn<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State::Unknown), changed: Condvar::new() }
    }
}

impl<T: Clone> Turn<T> {
    /// Takes the turn, or waits for whoever has it, until `deadline`.
    pub(in crate::registry) fn enter(self: &Arc<Self>, deadline: Instant) -> Entry<T> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Known(value) => return Entry::Known(value.clone()),
                State::Unknown => {
                    *state = State::Taken;
                    return Entry::First(Taken(Arc::clone(self)));
                }
                State::Taken => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Entry::TooLate;
            }
            (state, _) = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Turn<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Taken<T> {
    /// Tells everybody.
    pub(in crate::registry) fn settle(self, value: T) {
        *self.0.lock() = State::Known(value);
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        if matches!(*state, State::Taken) {
            *state = State::Unknown;
        }
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Turn};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn one_finds_out_for_all() {
        let turn = Arc::new(Turn::default());
        let firsts = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| match turn.enter(soon()) {
                    Entry::First(taken) => {
                        firsts.fetch_add(1, Ordering::SeqCst);
                        taken.settle(7);
                    }
                    Entry::Known(value) => assert_eq!(value, 7),
                    Entry::TooLate => panic!("nobody was slow"),
                });
            }
        });
        assert_eq!(firsts.into_inner(), 1);
    }

    #[test]
    fn who_gives_up_passes_it_on() {
        let turn = Arc::new(Turn::<()>::default());
        for _ in 0..2 {
            let Entry::First(taken) = turn.enter(soon()) else { panic!("it is free") };
            assert!(matches!(turn.enter(Instant::now()), Entry::TooLate));
            drop(taken);
        }
    }
}
