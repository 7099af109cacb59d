//! Ending a wait from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::line::Line;

/// Ends the waiting of the calls that carry it. All copies are one.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_cancelled: AtomicBool,
    lines: Mutex<Vec<Weak<Line>>>,
}

impl Cancel {
    /// One that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the waiting, now and in the future: a call that would wait is answered as busy.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        let lines = std::mem::take(&mut *self.lines());
        lines.iter().filter_map(Weak::upgrade).for_each(|line| line.wake());
    }

    /// Whether it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// A cancel after this wakes the line.
    pub(super) fn wakes(&self, line: &Arc<Line>) {
        let mut lines = self.lines();
        lines.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&Arc::downgrade(line)));
        lines.push(Arc::downgrade(line));
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Line>>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
