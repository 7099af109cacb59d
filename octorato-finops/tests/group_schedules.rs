//! The queue of group commit under random schedules: nobody waits for ever, nobody gets another's
//! answer. Its source is compiled once more, with the scheduler's locks in place of the system's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "the source is that of a library")]
#![allow(clippy::duplicate_mod, clippy::unused_self, reason = "the same source, a mutant lock")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use shuttle::thread;

/// The queue as it is.
#[path = "../src/ledger/edge"]
mod sound {
    pub(super) mod group;

    mod waiting {
        pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    }
}

/// The queue with a condition variable that loses the wake-up of one who waits already.
#[path = "../src/ledger/edge"]
mod lossy {
    pub(super) mod group;

    mod waiting {
        use std::sync::LockResult;

        pub(super) use shuttle::sync::{Mutex, MutexGuard};

        #[derive(Debug)]
        pub(super) struct Condvar(shuttle::sync::Condvar);

        impl Condvar {
            pub(super) fn new() -> Self {
                Self(shuttle::sync::Condvar::new())
            }

            pub(super) fn wait<'a, T>(
                &self,
                guard: MutexGuard<'a, T>,
            ) -> LockResult<MutexGuard<'a, T>> {
                self.0.wait(guard)
            }

            pub(super) fn notify_one(&self) {}
        }
    }
}

/// Five callers of two rounds each, batches of at most two.
macro_rules! callers {
    ($group:ty) => {
        || {
            let group = Arc::new(<$group>::new(2));
            let callers: Vec<_> = (0..5_u32)
                .map(|caller| {
                    let group = Arc::clone(&group);
                    thread::spawn(move || {
                        for round in 0..2 {
                            let request = caller * 10 + round;
                            let answer = group.submit(request, 1, |batch| {
                                assert!(!batch.is_empty() && batch.len() <= 2);
                                batch.into_iter().map(|request| request + 1).collect()
                            });
                            assert_eq!(answer.unwrap(), request + 1);
                        }
                    })
                })
                .collect();
            for caller in callers {
                caller.join().unwrap();
            }
        }
    };
}

#[test]
fn everybody_gets_an_answer_under_any_schedule() {
    shuttle::check_random(callers!(sound::group::Group<u32, u32>), 2_000);
    shuttle::check_pct(callers!(sound::group::Group<u32, u32>), 2_000, 3);
}

#[test]
fn a_lost_wake_up_is_found() {
    let found = catch_unwind(AssertUnwindSafe(|| {
        shuttle::check_random(callers!(lossy::group::Group<u32, u32>), 2_000);
    }));
    let why = found.unwrap_err();
    let why = why.downcast_ref::<String>().unwrap();
    assert!(why.contains("deadlock"), "{why}");
}
