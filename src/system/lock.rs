//! A mutex whose holder panicked is still one: what it guards is whole between any two statements of ours.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits for a mutex.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
