//! Random sequences of operations over few ids, so that retries, conflicts and late words are common.

use jiff::{SignedDuration, Timestamp};
use octorato_core::{DecisionId, Money, ReservationId};
use proptest::prelude::*;

use super::world::{cents, path, policy};
use crate::budget::Scope;
use crate::ledger::{
    Append, Close, Correct, Expire, Extend, Holder, Operation, Raise, Reassign, Reference, Release,
    RequestKey, Reserve, Resolve, Settle, SourceKey,
};

/// One step of a test: an operation in small numbers, or time that passes.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Reserve { call: u8, path: u8, cents: u8 },
    Extend { call: u8, cents: u8 },
    Settle { call: u8, cents: u8, is_estimate: bool, request: u8 },
    Release { call: u8 },
    Overdue,
    Dead { process: u8 },
    GiveUp { call: u8, seen: u8, request: u8 },
    Resolve { call: u8, cents: u8 },
    CorrectCall { decision: u8, call: u8, cents: i8 },
    CorrectSource { decision: u8, source: u8, cents: i8 },
    Append { source: u8, path: u8, cents: Option<u8>, size: u8, days: u8, request: u8 },
    Raise { decision: u8, budget: u8, cents: u8, days: u8 },
    Reassign { decision: u8, of: u8, path: u8 },
    Adopt { policy: u8 },
    Close { months: u8 },
    Wait { hours: u16 },
}

pub(crate) fn id(call: u8) -> ReservationId {
    ReservationId::from_parts(Timestamp::UNIX_EPOCH, [call; 10])
}

fn decision(number: u8) -> DecisionId {
    DecisionId::from_parts(Timestamp::UNIX_EPOCH, [number; 10])
}

fn source(number: u8) -> SourceKey {
    SourceKey { reader: "test".into(), key: format!("m{number}").into() }
}

fn request(number: u8) -> Option<RequestKey> {
    let request = format!("r{number}").into();
    (number < 8).then(|| RequestKey { provider: "anthropic".into(), request })
}

fn holder(process: u8) -> Holder {
    Holder { boot: [1; 16], process: u32::from(process), started: 5 }
}

fn raise(number: u8, budget: u8, amount: Money, days: u8, now: Timestamp) -> Raise {
    let later = SignedDuration::from_hours(i64::from(days) * 24);
    let policy = policy(0);
    let budgets = policy.judges();
    // Whole days, so that a step that comes twice is mostly a retry.
    let until = (now.as_second() / 86_400) * 86_400 + later.as_secs();
    Raise {
        id: decision(number),
        budget: budgets[usize::from(budget) % budgets.len()].id,
        amount,
        until: Timestamp::from_second(until).unwrap(),
        reason: "test".into(),
        signature: None,
    }
}

impl Step {
    pub(crate) fn seconds(&self) -> i64 {
        match self {
            Self::Wait { hours } => i64::from(*hours) * 3_600 - 7,
            _ => 0,
        }
    }

    /// The operation at `now`; nothing where time passes.
    pub(crate) fn operation(&self, now: Timestamp) -> Option<Operation> {
        let patience = SignedDuration::from_hours(2);
        let amount = |number: u8| cents(i128::from(number));
        let reason = "test".into();
        Some(match *self {
            Self::Reserve { call, path: number, cents } => Operation::Reserve(Reserve {
                id: id(call),
                path: path(number),
                amount: amount(cents),
                max_output_tokens: u64::from(cents) * 10,
                patience,
                holder: Some(holder(call % 3)),
            }),
            Self::Extend { call, cents } => Operation::Extend(Extend {
                id: id(call),
                amount: amount(cents),
                max_output_tokens: 9,
                patience,
            }),
            Self::Settle { call, cents, is_estimate, request: number } => {
                Operation::Settle(Settle {
                    id: id(call),
                    amount: amount(cents),
                    is_estimate,
                    request: request(number),
                    metered: None,
                })
            }
            Self::Release { call } => Operation::Release(Release { id: id(call), reason }),
            Self::Overdue => Operation::Expire(Expire::Overdue),
            Self::Dead { process } => Operation::Expire(Expire::Holder(holder(process))),
            Self::GiveUp { call, seen, request: number } => Operation::Expire(Expire::Call {
                id: id(call),
                seen: amount(seen),
                request: request(number),
                reason,
            }),
            Self::Resolve { call, cents } => {
                Operation::Resolve(Resolve { id: id(call), amount: amount(cents), reason })
            }
            Self::CorrectCall { decision: number, call, cents: delta } => {
                Operation::Correct(Correct {
                    id: decision(number),
                    of: Reference::Call(id(call)),
                    delta: cents(i128::from(delta)),
                    reason,
                })
            }
            Self::CorrectSource { decision: number, source: key, cents: delta } => {
                Operation::Correct(Correct {
                    id: decision(number),
                    of: Reference::Source(source(key)),
                    delta: cents(i128::from(delta)),
                    reason,
                })
            }
            Self::Append { source: key, path: number, cents, size, days, request: join } => {
                let back = SignedDuration::from_hours(i64::from(days) * 24);
                Operation::Append(Append {
                    source: source(key),
                    at: now.checked_sub(back).unwrap(),
                    path: path(number),
                    amount: cents.map(amount),
                    size: u128::from(size),
                    request: request(join),
                    metered: None,
                    origin: None,
                })
            }
            Self::Raise { decision: number, budget, cents, days } => {
                Operation::Raise(raise(number, budget, amount(cents), days, now))
            }
            Self::Reassign { decision: number, of, path: to } => Operation::Reassign(Reassign {
                id: decision(number),
                // Even numbers are calls, odd ones sources.
                of: match of % 2 {
                    0 => Reference::Call(id(of / 2)),
                    _ => Reference::Source(source(of / 2)),
                },
                to: path(to),
                reason,
            }),
            Self::Adopt { policy: number } => Operation::Adopt(policy(number)),
            Self::Close { months } => {
                let utc = jiff::tz::TimeZone::UTC;
                let mut month = octorato_core::Civil::Month.before(now, &utc).unwrap();
                for _ in 0..months {
                    let start = month.start().unwrap();
                    month = octorato_core::Civil::Month.before(start, &utc).unwrap();
                }
                Operation::Close(Close {
                    scope: Scope::Operator,
                    start: month.start().unwrap(),
                    end: month.end().unwrap(),
                    label: month.label().into(),
                })
            }
            Self::Wait { .. } => return None,
        })
    }
}

/// A call that nobody settles, a log that tells what it cost, and its exact cost at last.
fn late_cost() -> impl Strategy<Value = Vec<Step>> {
    (0_u8..16, 0_u8..32, 0_u8..8, 0_u8..12, 0_u8..120, 0_u8..120).prop_map(
        |(call, path, request, source, told, cents)| {
            vec![
                Step::Reserve { call, path, cents: 30 },
                Step::GiveUp { call, seen: 3, request },
                Step::Append { source, path, cents: Some(told), size: 4, days: 0, request },
                Step::Settle { call, cents, is_estimate: false, request: 15 },
            ]
        },
    )
}

/// Some 50 steps.
pub(crate) fn random_steps() -> impl Strategy<Value = Vec<Step>> {
    some_steps(40..60)
}

/// So many steps, or a few more.
pub(crate) fn some_steps(
    count: impl Into<prop::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Step>> {
    let calls = 0_u8..16;
    let step = prop_oneof![
        8 => (calls.clone(), 0_u8..32, 1_u8..150)
            .prop_map(|(call, path, cents)| Step::Reserve { call, path, cents }),
        2 => (calls.clone(), 1_u8..200).prop_map(|(call, cents)| Step::Extend { call, cents }),
        6 => (calls.clone(), 0_u8..180, any::<bool>(), 0_u8..16).prop_map(
            |(call, cents, is_estimate, request)| Step::Settle { call, cents, is_estimate, request }
        ),
        2 => calls.clone().prop_map(|call| Step::Release { call }),
        1 => Just(Step::Overdue),
        1 => (0_u8..3).prop_map(|process| Step::Dead { process }),
        3 => (calls.clone(), 0_u8..150, 0_u8..16)
            .prop_map(|(call, seen, request)| Step::GiveUp { call, seen, request }),
        2 => (calls.clone(), 0_u8..150).prop_map(|(call, cents)| Step::Resolve { call, cents }),
        2 => (0_u8..20, calls.clone(), any::<i8>())
            .prop_map(|(decision, call, cents)| Step::CorrectCall { decision, call, cents }),
        1 => (0_u8..20, 0_u8..12, any::<i8>())
            .prop_map(|(decision, source, cents)| Step::CorrectSource { decision, source, cents }),
        6 => (
            0_u8..12, 0_u8..32, prop::option::weighted(0.9, 0_u8..120), 0_u8..5, 0_u8..80, 0_u8..16,
        )
            .prop_map(|(source, path, cents, size, days, request)| {
                Step::Append { source, path, cents, size, days, request }
            }),
        1 => (20_u8..24, 0_u8..8, 1_u8..100, 0_u8..9).prop_map(|(decision, budget, cents, days)| {
            Step::Raise { decision, budget, cents, days }
        }),
        1 => (30_u8..40, 0_u8..30, 0_u8..32)
            .prop_map(|(decision, of, path)| Step::Reassign { decision, of, path }),
        1 => (0_u8..4).prop_map(|policy| Step::Adopt { policy }),
        1 => (0_u8..2).prop_map(|months| Step::Close { months }),
        3 => prop_oneof![0_u16..5, 0_u16..40, 0_u16..800].prop_map(|hours| Step::Wait { hours }),
    ];
    let one = step.prop_map(|step| vec![step]);
    let story = prop_oneof![45 => one, 1 => late_cost()];
    prop::collection::vec(story, count).prop_map(|stories| stories.concat())
}
