//! A queue of processes in front of one store.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use octorato_core::{Error, ErrorKind, Result};

use super::system;

/// A queue of threads and processes on a side file, of which one at a time passes.
///
/// The kernel keeps the queue and frees it when a process dies, whatever it dies of. The wait has a
/// deadline: where the lock is taken, a thread of this object waits for it in the kernel's queue
/// while the caller waits for that thread with a time-out. A caller that gives up leaves the thread
/// where it is, so that the next one finds its place kept; if nobody wants the lock when its turn
/// comes, it is given back at once.
///
/// The side file is empty, is never deleted, and is no file of the database: closing any file of
/// that would drop the locks that this process holds in it.
#[derive(Debug)]
pub struct Turnstile {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    path: PathBuf,
    state: Mutex<State>,
    /// For callers: the turn may be theirs.
    changed: Condvar,
    /// For the waiter: there is something to wait for, or nothing ever again.
    summons: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// A [`Turn`] of this object is out.
    is_held: bool,
    /// How many callers wait.
    wanted: usize,
    waiter: Waiter,
    /// Why the waiter did not get the lock.
    failure: Option<io::Error>,
    /// The object is gone.
    is_closed: bool,
}

/// The thread that waits in the kernel's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiter {
    #[default]
    None,
    Idle,
    Queued,
    /// It got the lock for whoever of the callers comes first.
    Got,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    shared: &'a Shared,
}

impl Turnstile {
    /// The queue on the side file `path`, which is made (for this user only) where it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let file = system::open_private(path)
            .map_err(|source| Error::io("cannot open the queue file", path, source))?;
        Ok(Self {
            shared: Arc::new(Shared {
                file,
                path: path.to_owned(),
                state: Mutex::default(),
                changed: Condvar::new(),
                summons: Condvar::new(),
            }),
        })
    }

    /// Waits at most `patience` for the turn.
    ///
    /// [`ErrorKind::Unavailable`] where it does not come in time: another process writes, or was
    /// stopped while it did. [`ErrorKind::Io`] where the system cannot lock the file.
    pub fn enter(&self, patience: Duration) -> Result<Turn<'_>> {
        let shared = &*self.shared;
        // A patience beyond what the clock can count is no deadline.
        let deadline = Instant::now().checked_add(patience);
        let mut state = shared.lock();
        state.wanted += 1;
        let outcome = loop {
            if let Some(failure) = state.failure.take() {
                break Err(shared.cannot_lock(failure));
            }
            match self.try_enter(&mut state) {
                Ok(true) => break Ok(Turn { shared }),
                Ok(false) => {}
                Err(failure) => break Err(shared.cannot_lock(failure)),
            }
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break Err(shared.busy(patience)),
                Some(left) => {
                    let waited = shared.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        };
        state.wanted -= 1;
        outcome
    }

    /// Takes the turn if it is free; else sees to it that a thread waits for it.
    fn try_enter(&self, state: &mut State) -> io::Result<bool> {
        if state.waiter == Waiter::Got {
            state.waiter = Waiter::Idle;
            state.is_held = true;
        } else if !state.is_held && state.waiter != Waiter::Queued {
            match try_lock(&self.shared.file) {
                Ok(()) => state.is_held = true,
                Err(TryLockError::Error(failure)) => return Err(failure),
                Err(TryLockError::WouldBlock) => {
                    if state.waiter == Waiter::None {
                        let shared = Arc::clone(&self.shared);
                        let thread = thread::Builder::new().name("octorato-queue".to_owned());
                        thread.spawn(move || shared.wait_for_callers())?;
                    }
                    state.waiter = Waiter::Queued;
                    self.shared.summons.notify_one();
                }
            }
            return Ok(state.is_held);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.summons.notify_one();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if let Err(failure) = self.shared.file.unlock() {
            state.failure = Some(failure);
        }
        state.is_held = false;
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl Shared {
    /// The life of the waiter: it waits in the kernel's queue as often as it is asked to.
    fn wait_for_callers(&self) {
        let mut state = self.lock();
        loop {
            while state.waiter != Waiter::Queued {
                if state.is_closed {
                    return;
                }
                state = self.summons.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            drop(state);
            let locked = lock_blocking(&self.file);
            state = self.lock();
            state.waiter = Waiter::Idle;
            match locked {
                Ok(()) if state.wanted > 0 => state.waiter = Waiter::Got,
                Ok(()) => state.failure = self.file.unlock().err(),
                Err(failure) => state.failure = Some(failure),
            }
            self.changed.notify_all();
        }
    }

    /// No code panics while it holds this lock, so that the state is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self, patience: Duration) -> Error {
        Error::new(ErrorKind::Unavailable, "the store is busy")
            .with("queue", self.path.display())
            .with("waited_ms", patience.as_millis())
            .hinted("another process writes to it, or was stopped while it did")
    }

    fn cannot_lock(&self, failure: io::Error) -> Error {
        Error::io("cannot lock the queue file", &self.path, failure)
    }
}

fn try_lock(file: &File) -> Result<(), TryLockError> {
    loop {
        match file.try_lock() {
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn lock_blocking(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn pair() -> (tempfile::TempDir, Turnstile, Turnstile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        let (one, other) = (Turnstile::open(&path).unwrap(), Turnstile::open(&path).unwrap());
        (folder, one, other)
    }

    #[test]
    fn one_at_a_time_passes() {
        let (_folder, one, other) = pair();
        let inside = AtomicU32::new(0);
        thread::scope(|scope| {
            for number in 0..8 {
                let (one, other, inside) = (&one, &other, &inside);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let gate = if number % 2 == 0 { one } else { other };
                        let turn = gate.enter(LONG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
    }

    #[test]
    fn a_wait_ends_with_its_deadline_and_leaves_nothing_locked() {
        let (_folder, one, other) = pair();
        let held = one.enter(LONG).unwrap();
        for _ in 0..3 {
            let busy = other.enter(Duration::from_millis(5)).unwrap_err();
            assert_eq!(busy.kind(), ErrorKind::Unavailable);
            assert!(busy.to_string().starts_with("the store is busy"), "{busy}");
        }
        // The other's thread is still in the kernel's queue: what it gets now it must give back.
        drop(held);
        drop(one.enter(LONG).unwrap());
        drop(other.enter(LONG).unwrap());
        drop(one.enter(LONG).unwrap());
    }

    #[test]
    fn the_one_that_waits_is_let_in() {
        let (_folder, one, other) = pair();
        let held = one.enter(LONG).unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| other.enter(LONG).map(drop));
            while other.shared.lock().waiter != Waiter::Queued {
                thread::yield_now();
            }
            drop(held);
            waits.join().unwrap().unwrap();
        });
    }

    #[test]
    fn an_object_that_is_dropped_while_it_waits_holds_nothing() {
        let (_folder, one, other) = pair();
        let held = one.enter(LONG).unwrap();
        other.enter(Duration::from_millis(5)).unwrap_err();
        drop(other);
        drop(held);
        drop(one.enter(LONG).unwrap());
    }

    #[test]
    fn no_patience_still_gets_what_is_free() {
        let (_folder, one, other) = pair();
        let held = one.enter(Duration::ZERO).unwrap();
        other.enter(Duration::ZERO).unwrap_err();
        drop(held);
        drop(other.enter(LONG).unwrap());
        drop(one.enter(Duration::MAX).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn the_side_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, _one, _other) = pair();
        let mode = folder.path().join("queue").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
