//! The queue with the system's threads; `tests/group_schedules.rs` has it with all schedules.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use octorato_core::{ErrorKind, Result};

use super::Group;

#[test]
fn each_gets_the_answer_to_its_own_request_and_one_works_at_a_time() {
    let group: Group<usize, usize> = Group::new(5);
    let (works, largest) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..64 {
            let (group, works, largest) = (&group, &works, &largest);
            scope.spawn(move || {
                for round in 0..40 {
                    let request = number * 1_000 + round;
                    let answer = group.submit(request, 1, |batch| {
                        assert!(!works.swap(true, Ordering::SeqCst));
                        largest.fetch_max(batch.len(), Ordering::SeqCst);
                        thread::yield_now();
                        works.store(false, Ordering::SeqCst);
                        batch.into_iter().map(|request| request + 1).collect()
                    });
                    assert_eq!(answer.unwrap(), request + 1);
                }
            });
        }
    });
    assert!((2..=5).contains(&largest.into_inner()));
}

#[test]
fn who_waits_is_taken_in_the_order_of_arrival_and_by_weight() {
    let group: Group<usize, ()> = Group::new(10);
    let batches = Mutex::new(Vec::new());
    let work = |batch: Vec<usize>| {
        let answers = vec![(); batch.len()];
        batches.lock().unwrap().push(batch);
        answers
    };
    thread::scope(|scope| {
        group
            .submit(0, 1, |batch| {
                for weight in [4, 6, 1, 30, 2] {
                    let (group, queued) = (&group, group.waiting());
                    scope.spawn(move || group.submit(weight, weight, work).unwrap());
                    while group.waiting() == queued {
                        thread::yield_now();
                    }
                }
                work(batch)
            })
            .unwrap();
    });
    assert_eq!(batches.into_inner().unwrap(), [vec![0], vec![4, 6], vec![1], vec![30], vec![2]]);
}

#[test]
fn when_the_leader_panics_the_others_get_an_error_and_another_leads() {
    let group: Group<u32, u32> = Group::new(2);
    let all_wait = Barrier::new(2);
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            catch_unwind(AssertUnwindSafe(|| {
                group.submit(0, 1, |_| {
                    all_wait.wait();
                    while group.waiting() < 3 {
                        thread::yield_now();
                    }
                    panic!("the first leader");
                })
            }))
        });
        all_wait.wait();
        let followers: Vec<_> = (1..=3)
            .map(|number| {
                let group = &group;
                scope.spawn(move || {
                    catch_unwind(AssertUnwindSafe(|| {
                        group.submit(number, 1, |batch| {
                            assert!(batch.len() != 2, "the second leader");
                            batch
                        })
                    }))
                })
            })
            .collect();
        assert!(leader.join().unwrap().is_err());
        let ends: Vec<_> = followers.into_iter().map(|one| one.join().unwrap()).collect();
        // One led the batch of two and panicked, one was in that batch, one led the last batch.
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 1);
        let lost = |end: &&Result<u32>| {
            end.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable)
        };
        assert_eq!(ends.iter().flatten().filter(lost).count(), 1);
        assert_eq!(ends.iter().flatten().flatten().count(), 1);
    });
    assert_eq!(group.submit(7, 1, |batch| batch).unwrap(), 7);
}

#[test]
fn too_few_answers_are_an_error_of_those_who_got_none() {
    let group: Group<u32, u32> = Group::new(2);
    let error = group.submit(7, 1, |_| Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(group.submit(7, 1, |batch| batch).unwrap(), 7);
}
