//! A lock whose holder may have panicked: what it protects is whole after every step.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
