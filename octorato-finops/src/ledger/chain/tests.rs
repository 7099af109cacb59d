use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    ArmId, AttributionReason, ClientId, Currency, DecisionId, ErrorKind, ModelId, Money, Precision,
    PriceContext, ReservationId, Unit, Usage,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::budget::{Action, BudgetId, InForce, OnError, Percent, Scope, SpendPath, Unpriced};
use crate::ledger::keys::PublicKey;
use crate::ledger::{
    AddKey, Amounts, Close, Correct, Entry, Fact, Holder, Metered, Origin, Posting, Raise,
    Reference, RequestKey, Slot, SourceKey,
};

fn usd(pico: i128) -> Money {
    Money::from_pico(pico, Currency::USD)
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn call(number: u8) -> ReservationId {
    ReservationId::from_parts(time(1_800_000_000), [number; 10])
}

fn decision(number: u8) -> DecisionId {
    DecisionId::from_parts(time(1_800_000_000), [number; 10])
}

fn arm(name: &str) -> ArmId {
    ArmId::new(name).unwrap()
}

fn parts(place: u64, entry: &Entry) -> [Vec<u8>; 3] {
    let mut canonical = Canonical::new();
    canonical.spell(place, entry).unwrap();
    [canonical.client_view(), canonical.amounts(), canonical.operator_view()].map(<[u8]>::to_vec)
}

fn secrets() -> Secrets {
    Secrets { client: [1; 32], operator: Some([2; 32]) }
}

fn link(place: u64, entry: &Entry) -> Head {
    let mut canonical = Canonical::new();
    canonical.spell(place, entry).unwrap();
    Head::start(b"ledger", arm_of(entry)).then(&Halves::of(&canonical, place, &secrets()).unwrap())
}

fn word() -> impl Strategy<Value = Arc<str>> {
    "[a-zé/ ]{0,9}".prop_map(Arc::from)
}

fn slug() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,9}"
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (-377_705_023_201_i64..253_402_207_200, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    prop_oneof![
        any::<i64>().prop_map(|pico| usd(pico.into())),
        any::<i128>().prop_map(usd),
        any::<i128>().prop_map(|pico| Money::from_pico(pico, Currency::new("MXN").unwrap())),
    ]
}

fn paths() -> impl Strategy<Value = SpendPath> {
    let slugs = (option::of(slug()), option::of(slug()));
    let words = vec(option::of(word()), 7);
    (slugs, words, btree_map(word(), word(), 0..3)).prop_map(|((client, arm), words, tags)| {
        let word = |at: usize| words[at].clone();
        SpendPath {
            client: client.map(|name| ClientId::new(&name).unwrap()),
            arm: arm.map(|name| ArmId::new(&name).unwrap()),
            project: word(0),
            agent: word(1),
            session: word(2).map(Into::into),
            run: word(3),
            skill: word(4),
            model: word(5).map(Into::into),
            priced_as: word(6).map(Into::into),
            tags,
        }
    })
}

fn postings() -> impl Strategy<Value = Vec<Posting>> {
    let amounts = (money(), money(), money());
    let posting = (moment(), moment(), amounts, any::<bool>());
    (paths(), paths(), vec(posting, 0..4)).prop_map(|(one, other, postings)| {
        let (one, other) = (Arc::new(one), Arc::new(other));
        let posting = |(dated, posted, (spent, open, orphaned), is_one)| Posting {
            path: Arc::clone(if is_one { &one } else { &other }),
            dated,
            posted,
            amounts: Amounts { spent, open, orphaned },
        };
        postings.into_iter().map(posting).collect()
    })
}

fn metered() -> impl Strategy<Value = Option<Arc<Metered>>> {
    let counts = vec((0..Unit::ALL.len(), any::<u64>()), 0..6);
    let context = btree_map("[a-z]{1,5}", "[a-z]{1,5}", 0..3);
    let metered = (option::of(word()), word(), counts, context, word());
    option::of(metered.prop_map(|(provider, model, counts, pairs, book)| {
        let mut usage = Usage::new();
        for (unit, count) in counts {
            usage.set(Unit::ALL[unit], count);
        }
        let mut context = PriceContext::standard();
        for (name, value) in &pairs {
            context.set(name, value);
        }
        let provider = provider.map(Into::into);
        Arc::new(Metered { provider, model: ModelId::from(model), usage, context, book })
    }))
}

fn request() -> impl Strategy<Value = RequestKey> {
    (word(), word()).prop_map(|(provider, request)| RequestKey {
        provider: provider.into(),
        request: request.into(),
    })
}

fn source() -> impl Strategy<Value = SourceKey> {
    (word(), word()).prop_map(|(reader, key)| SourceKey { reader, key })
}

fn reference() -> impl Strategy<Value = Reference> {
    prop_oneof![
        any::<u8>().prop_map(|number| Reference::Call(call(number))),
        source().prop_map(Reference::Source),
    ]
}

fn id() -> impl Strategy<Value = ReservationId> {
    any::<u8>().prop_map(call)
}

fn about_calls() -> BoxedStrategy<Fact> {
    let holder = (any::<[u8; 16]>(), any::<u32>(), any::<u64>())
        .prop_map(|(boot, process, started)| Holder { boot, process, started });
    prop_oneof![
        (id(), any::<[u8; 16]>(), money(), any::<u64>(), moment(), option::of(holder)).prop_map(
            |(id, fingerprint, amount, max_output_tokens, deadline, holder)| Fact::Reserved {
                id,
                fingerprint,
                amount,
                max_output_tokens,
                deadline,
                holder
            }
        ),
        (id(), money(), any::<u64>(), moment()).prop_map(
            |(id, amount, max_output_tokens, deadline)| {
                Fact::Extended { id, amount, max_output_tokens, deadline }
            }
        ),
        (
            (id(), any::<[u8; 16]>(), money(), money()),
            any::<bool>(),
            option::of(request()),
            metered()
        )
            .prop_map(
                |((id, fingerprint, amount, overrun), is_estimate, request, metered)| {
                    Fact::Settled {
                        id,
                        fingerprint,
                        amount,
                        overrun,
                        is_estimate,
                        request,
                        metered,
                    }
                }
            ),
        (id(), word()).prop_map(|(id, reason)| Fact::Released { id, reason }),
        (id(), money(), option::of(request()), word())
            .prop_map(|(id, seen, request, reason)| Fact::Orphaned { id, seen, request, reason }),
        (id(), money(), money(), word(), option::of(source())).prop_map(
            |(id, amount, overrun, reason, source)| Fact::Resolved {
                id,
                amount,
                overrun,
                reason,
                source
            }
        ),
    ]
    .boxed()
}

fn origin() -> impl Strategy<Value = Option<Arc<Origin>>> {
    let texts = (option::of(word()), option::of(word()), option::of(word()), option::of(word()));
    let reason = prop_oneof![Just(AttributionReason::Root), Just(AttributionReason::Inherited)];
    let precision = prop_oneof![Just(Precision::Exact), Just(Precision::Estimated)];
    let numbers = (any::<u64>(), any::<u64>(), any::<u32>());
    let origin = (moment(), texts, reason, precision, word(), numbers, option::of(money()));
    let origin = origin.boxed();
    option::of(origin.prop_map(
        |(at, (agent, cwd, message, cost), attribution, precision, file, numbers, contracted)| {
            let (line, offset, records) = numbers;
            Arc::new(Origin {
                at,
                parent_agent: cost.clone().map(Into::into),
                agent: agent.map(Into::into),
                cwd,
                precision,
                attribution,
                file,
                line,
                offset,
                records,
                request: message.clone().map(Into::into),
                message: message.map(Into::into),
                reported_cost: cost,
                contracted,
            })
        },
    ))
}

fn slots() -> BoxedStrategy<Slot> {
    prop_oneof![
        moment().prop_map(Slot::From),
        any::<i64>().prop_map(Slot::Bucket),
        Just(Slot::Total),
        word().prop_map(|session| Slot::Session(session.into())),
        word().prop_map(Slot::Run),
    ]
    .boxed()
}

fn key_pair() -> BoxedStrategy<PublicKey> {
    any::<[u8; 32]>().prop_map(public).boxed()
}

fn public(seed: [u8; 32]) -> PublicKey {
    let key = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    PublicKey::from_bytes(&key.to_bytes()).unwrap()
}

fn later_facts() -> BoxedStrategy<Fact> {
    let budget = any::<[u8; 32]>().prop_map(BudgetId::from_bytes);
    let percent =
        (1_i64..1_000_000).prop_map(|of| Percent::new(rust_decimal::Decimal::new(of, 4)).unwrap());
    let action = prop_oneof![Just(Action::Alert), Just(Action::Warn), Just(Action::HardStop)];
    prop_oneof![
        (id(), any::<[u8; 16]>(), money(), money(), option::of(request()), metered()).prop_map(
            |(id, fingerprint, amount, overrun, request, metered)| Fact::Confirmed {
                id,
                fingerprint,
                amount,
                overrun,
                request,
                metered
            }
        ),
        (id(), vec(budget.clone(), 0..3)).prop_map(|(id, budgets)| Fact::WouldDeny { id, budgets }),
        (any::<u8>(), reference(), money(), word()).prop_map(|(id, of, amount, reason)| {
            Fact::Reversed { id: decision(id), of, amount, reason }
        }),
        (any::<u8>(), reference(), money(), any::<[u8; 16]>(), word()).prop_map(
            |(id, of, amount, fingerprint, reason)| Fact::Rebooked {
                id: decision(id),
                of,
                amount,
                fingerprint,
                reason
            }
        ),
        (any::<u8>(), key_pair(), option::of(key_pair()), option::of(vec(any::<u8>(), 0..70)))
            .prop_map(|(id, public, replaces, signature)| Fact::KeyAdded(AddKey {
                id: decision(id),
                public,
                replaces,
                signature: signature.map(Arc::from),
            })),
        (budget, slots(), percent, action, money(), money()).prop_map(
            |(budget, slot, at_pct, action, spent, cap)| Fact::TierReached {
                budget,
                slot,
                at_pct,
                action,
                spent,
                cap
            }
        ),
    ]
    .boxed()
}

fn facts() -> BoxedStrategy<Fact> {
    let scope = prop_oneof![
        Just(Scope::Operator),
        slug().prop_map(|name| Scope::Client(ClientId::new(&name).unwrap())),
        slug().prop_map(|name| Scope::Arm(ArmId::new(&name).unwrap())),
    ];
    let budget = any::<[u8; 32]>().prop_map(BudgetId::from_bytes);
    let signature = option::of((word(), vec(any::<u8>(), 0..70).prop_map(Arc::from)));
    prop_oneof![
        6 => about_calls(),
        1 => (any::<u8>(), reference(), money(), word()).prop_map(|(id, of, delta, reason)| {
            Fact::Corrected(Correct { id: decision(id), of, delta, reason })
        }),
        1 => (reference(), request(), money())
            .prop_map(|(of, request, delta)| Fact::Adjusted { of, request, delta }),
        2 => ((source(), any::<u32>(), any::<u128>(), option::of(id())), option::of(money()),
            option::of(request()), metered(), origin()).prop_map(
            |((source, revision, size, copy_of), amount, request, metered, origin)| Fact::Imported {
                source, revision, amount, size, request, copy_of, metered, origin
            }
        ),
        3 => later_facts(),
        1 => Just(Fact::Adopted(Arc::new(InForce::none()))),
        1 => (budget.clone(), moment(), moment(), word())
            .prop_map(|(budget, start, end, label)| Fact::Opened { budget, start, end, label }),
        1 => (any::<u8>(), budget, money(), moment(), word(), signature).prop_map(
            |(id, budget, amount, until, reason, signature)| {
                let id = decision(id);
                Fact::Raised(Raise { id, budget, amount, until, reason, signature })
            }
        ),
        1 => (scope, moment(), moment(), word()).prop_map(|(scope, start, end, label)| {
            Fact::Closed(Close { scope, start, end, label })
        }),
        1 => option::of(moment()).prop_map(|before| Fact::ClockReset { before }),
    ]
    .boxed()
}

fn entries() -> impl Strategy<Value = Entry> {
    (any::<u64>(), moment(), facts(), postings()).prop_map(|(sequence, at, fact, postings)| Entry {
        sequence,
        at,
        fact,
        postings,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_spelled_is_read_back(place in any::<u64>(), entry in entries()) {
        let [client, amounts, operator] = parts(place, &entry);
        prop_assert_eq!(decode(&client, &amounts, &operator).unwrap(), (place, entry));
    }

    /// One spelling for each entry: bytes that differ anywhere are refused or mean another entry.
    #[test]
    fn a_changed_byte_is_an_error_or_another_entry(
        entry in entries(), part in 0..3_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut parts = parts(7, &entry);
        let at = at.index(parts[part].len());
        parts[part][at] ^= flip;
        let [client, amounts, operator] = &parts;
        if let Ok((place, read)) = decode(client, amounts, operator) {
            prop_assert!((place, &read) != (7, &entry));
            prop_assert_eq!(&self::parts(place, &read), &parts);
        }
    }

    #[test]
    fn bytes_of_whatever_kind_are_no_panic(parts in vec(vec(any::<u8>(), 0..60), 3)) {
        let mut parts = parts;
        parts.iter_mut().filter_map(|part| part.first_mut()).for_each(|byte| *byte = VERSION);
        let _ = decode(&parts[0], &parts[1], &parts[2]);
    }
}

/// One change of an entry, with a name for the test's report.
type Change = (&'static str, fn(&mut Entry));

/// Changes `$fact`'s field in place.
macro_rules! field {
    ($variant:ident, $field:ident => $value:expr) => {
        (concat!(stringify!($variant), ".", stringify!($field)), |entry: &mut Entry| {
            let Fact::$variant { $field, .. } = &mut entry.fact else { return };
            *$field = $value;
        })
    };
    ($variant:ident($inner:ident): $field:ident => $value:expr) => {
        (concat!(stringify!($variant), ".", stringify!($field)), |entry: &mut Entry| {
            let Fact::$variant($inner) = &mut entry.fact else { return };
            $inner.$field = $value;
        })
    };
}

/// Changes a field of what was metered.
macro_rules! metered {
    ($field:ident => $value:expr) => {
        (concat!("metered.", stringify!($field)), |entry: &mut Entry| {
            let (Fact::Settled { metered: Some(metered), .. }
            | Fact::Confirmed { metered: Some(metered), .. }
            | Fact::Imported { metered: Some(metered), .. }) = &mut entry.fact
            else {
                return;
            };
            Arc::make_mut(metered).$field = $value;
        })
    };
}

/// Changes a field of the first posting or of its path.
macro_rules! posting {
    (path.$field:ident => $value:expr) => {
        (concat!("path.", stringify!($field)), |entry: &mut Entry| {
            let Some(posting) = entry.postings.first_mut() else { return };
            Arc::make_mut(&mut posting.path).$field = $value;
        })
    };
    ($($field:ident).+ => $value:expr) => {
        (concat!("posting" $(, ".", stringify!($field))+), |entry: &mut Entry| {
            let Some(posting) = entry.postings.first_mut() else { return };
            posting.$($field).+ = $value;
        })
    };
}

fn changes_of_later_facts() -> Vec<Change> {
    vec![
        field!(KeyAdded(add): id => decision(9)),
        field!(KeyAdded(add): public => public([9; 32])),
        field!(KeyAdded(add): replaces => None),
        field!(KeyAdded(add): replaces => Some(public([9; 32]))),
        field!(KeyAdded(add): signature => None),
        field!(Imported, origin => None),
        ("Imported.origin.file", |entry| {
            let Fact::Imported { origin: Some(origin), .. } = &mut entry.fact else { return };
            Arc::make_mut(origin).file = "other".into();
        }),
        ("Imported.origin.contracted", |entry| {
            let Fact::Imported { origin: Some(origin), .. } = &mut entry.fact else { return };
            Arc::make_mut(origin).contracted = Some(usd(99));
        }),
        field!(Confirmed, id => call(9)),
        field!(Confirmed, fingerprint => [9; 16]),
        field!(Confirmed, amount => usd(99)),
        field!(Confirmed, overrun => usd(99)),
        field!(Confirmed, request => None),
        field!(Confirmed, metered => None),
        field!(WouldDeny, id => call(9)),
        field!(WouldDeny, budgets => Vec::new()),
        field!(Reversed, id => decision(9)),
        field!(Reversed, of => Reference::Call(call(9))),
        field!(Reversed, amount => usd(99)),
        field!(Reversed, reason => "other".into()),
        field!(Rebooked, id => decision(9)),
        field!(Rebooked, of => Reference::Call(call(9))),
        field!(Rebooked, amount => usd(99)),
        field!(Rebooked, fingerprint => [9; 16]),
        field!(Rebooked, reason => "other".into()),
        field!(TierReached, budget => BudgetId::from_bytes([9; 32])),
        field!(TierReached, slot => Slot::Bucket(9)),
        field!(TierReached, at_pct => Percent::new(9.into()).unwrap()),
        field!(TierReached, action => Action::Warn),
        field!(TierReached, spent => usd(99)),
        field!(TierReached, cap => usd(99)),
    ]
}

fn changes_of_everything() -> Vec<Change> {
    vec![
        ("sequence", |entry| entry.sequence += 1),
        ("at", |entry| entry.at = time(1)),
        ("no posting", |entry| drop(entry.postings.pop())),
        ("postings swapped", |entry| entry.postings.reverse()),
        posting!(dated => time(1)),
        posting!(posted => time(1)),
        posting!(amounts.spent => usd(1)),
        posting!(amounts.open => usd(1)),
        posting!(amounts.orphaned => Money::from_pico(3, Currency::new("EUR").unwrap())),
        posting!(path.client => None),
        posting!(path.project => Some("".into())),
        posting!(path.agent => None),
        posting!(path.session => None),
        posting!(path.run => Some("other".into())),
        posting!(path.skill => None),
        posting!(path.model => None),
        posting!(path.priced_as => None),
        posting!(path.tags => BTreeMap::new()),
        metered!(provider => None),
        metered!(model => ModelId::from("other")),
        metered!(usage => Usage::new().with(Unit::ALL[0], 8)),
        metered!(context => PriceContext::standard()),
        metered!(book => "other".into()),
        field!(Reserved, id => call(9)),
        field!(Reserved, fingerprint => [9; 16]),
        field!(Reserved, amount => usd(99)),
        field!(Reserved, max_output_tokens => 99),
        field!(Reserved, deadline => time(99)),
        field!(Reserved, holder => None),
        field!(Reserved, holder => Some(Holder { boot: [9; 16], process: 2, started: 3 })),
        field!(Reserved, holder => Some(Holder { boot: [1; 16], process: 9, started: 3 })),
        field!(Reserved, holder => Some(Holder { boot: [1; 16], process: 2, started: 9 })),
        field!(Extended, id => call(9)),
        field!(Extended, amount => usd(99)),
        field!(Extended, max_output_tokens => 99),
        field!(Extended, deadline => time(99)),
        field!(Settled, id => call(9)),
        field!(Settled, fingerprint => [9; 16]),
        field!(Settled, amount => usd(99)),
        field!(Settled, overrun => usd(99)),
        field!(Settled, is_estimate => false),
        field!(Settled, request => None),
        field!(Settled, metered => None),
        field!(Released, id => call(9)),
        field!(Released, reason => "other".into()),
        field!(Orphaned, id => call(9)),
        field!(Orphaned, seen => usd(99)),
        field!(Orphaned, request => None),
        field!(Orphaned, reason => "other".into()),
        field!(Resolved, id => call(9)),
        field!(Resolved, amount => usd(99)),
        field!(Resolved, overrun => usd(99)),
        field!(Resolved, reason => "other".into()),
        field!(Resolved, source => None),
        field!(Corrected(correct): id => decision(9)),
        field!(Corrected(correct): of => Reference::Call(call(9))),
        field!(Corrected(correct): delta => usd(-1)),
        field!(Corrected(correct): reason => "other".into()),
        field!(Adjusted, of => Reference::Call(call(9))),
        field!(Adjusted, request => key("other")),
        field!(Adjusted, delta => usd(-1)),
        field!(Imported, source => SourceKey { reader: "reader".into(), key: "other".into() }),
        field!(Imported, source => SourceKey { reader: "other".into(), key: "key".into() }),
        field!(Imported, revision => 9),
        field!(Imported, amount => None),
        field!(Imported, size => 99),
        field!(Imported, request => None),
        field!(Imported, copy_of => None),
        field!(Imported, metered => None),
        ("Adopted", |entry| {
            let Fact::Adopted(in_force) = &mut entry.fact else { return };
            let (policy, refuse) = (in_force.policy(), Some(OnError::Deny));
            *in_force =
                Arc::new(InForce::new(policy, refuse, Unpriced::Refuse, Vec::new()).unwrap());
        }),
        field!(Opened, budget => BudgetId::from_bytes([9; 32])),
        field!(Opened, start => time(99)),
        field!(Opened, end => time(99)),
        field!(Opened, label => "other".into()),
        field!(Raised(raise): id => decision(9)),
        field!(Raised(raise): budget => BudgetId::from_bytes([9; 32])),
        field!(Raised(raise): amount => usd(99)),
        field!(Raised(raise): until => time(99)),
        field!(Raised(raise): reason => "other".into()),
        field!(Raised(raise): signature => None),
        field!(Raised(raise): signature => Some(("key".into(), Arc::from([9_u8].as_slice())))),
        field!(Closed(close): scope => Scope::Client(ClientId::new("acme").unwrap())),
        field!(Closed(close): start => time(99)),
        field!(Closed(close): end => time(99)),
        field!(Closed(close): label => "other".into()),
        field!(ClockReset, before => None),
    ]
}

fn key(request: &str) -> RequestKey {
    RequestKey { provider: "provider".into(), request: request.into() }
}

/// An entry of each kind with everything that it can have.
fn an_origin() -> Origin {
    Origin {
        at: time(51),
        agent: None,
        parent_agent: None,
        cwd: Some("/work".into()),
        precision: Precision::Exact,
        attribution: AttributionReason::Root,
        file: "a.jsonl".into(),
        line: 1,
        offset: 2,
        records: 3,
        message: None,
        request: None,
        reported_cost: None,
        contracted: None,
    }
}

fn later_of_each(metered: Option<Arc<Metered>>) -> Vec<Fact> {
    let (id, fingerprint, amount, overrun) = (call(1), [1; 16], usd(41), usd(42));
    let (budget, request) = (BudgetId::from_bytes([4; 32]), Some(key("request")));
    let of = Reference::Source(SourceKey { reader: "reader".into(), key: "key".into() });
    let reason: Arc<str> = "reason".into();
    vec![
        Fact::Reversed { id: decision(1), of: of.clone(), amount, reason: reason.clone() },
        Fact::Rebooked { id: decision(1), of, amount, fingerprint, reason },
        Fact::Confirmed { id, fingerprint, amount, overrun, request, metered },
        Fact::WouldDeny { id, budgets: vec![budget] },
        Fact::KeyAdded(AddKey {
            id: decision(1),
            public: public([1; 32]),
            replaces: Some(public([2; 32])),
            signature: Some(Arc::from([5_u8; 64].as_slice())),
        }),
        Fact::TierReached {
            budget,
            slot: Slot::Total,
            at_pct: Percent::HUNDRED,
            action: Action::Alert,
            spent: amount,
            cap: overrun,
        },
    ]
}

fn one_of_each() -> Vec<Entry> {
    let path = Arc::new(SpendPath {
        project: Some("project".into()),
        agent: Some("agent".into()),
        session: Some("session".into()),
        run: Some("run".into()),
        skill: Some("skill".into()),
        model: Some("model".into()),
        priced_as: Some("priced as".into()),
        tags: [("team".into(), "blue".into())].into(),
        ..SpendPath::of_arm(ClientId::new("acme").unwrap(), arm("web"))
    });
    let amounts = Amounts { spent: usd(11), open: usd(12), orphaned: usd(13) };
    let posting = Posting { path, dated: time(21), posted: time(22), amounts };
    let postings = vec![posting.clone(), Posting { dated: time(23), ..posting }];
    let mut context = PriceContext::standard();
    context.set("speed", "fast");
    let metered = Some(Arc::new(Metered {
        provider: Some("provider".into()),
        model: "model".into(),
        usage: Usage::new().with(Unit::ALL[0], 7).with(Unit::ALL[1], 5),
        context,
        book: "book".into(),
    }));
    let (id, deadline, fingerprint) = (call(1), time(31), [1; 16]);
    let (amount, overrun, request) = (usd(41), usd(42), Some(key("request")));
    let reason: Arc<str> = "reason".into();
    let source = SourceKey { reader: "reader".into(), key: "key".into() };
    let of = Reference::Source(source.clone());
    let holder = Some(Holder { boot: [1; 16], process: 2, started: 3 });
    let (budget, label): (_, Arc<str>) = (BudgetId::from_bytes([4; 32]), "label".into());
    let (start, end) = (time(51), time(52));
    let scope = Scope::Arm(arm("web"));
    let signature = Some(("key".into(), Arc::from([5_u8; 64].as_slice())));
    let max_output_tokens = 6;
    let mut facts = later_of_each(metered.clone());
    facts.extend([
        Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder },
        Fact::Extended { id, amount, max_output_tokens, deadline },
        Fact::Settled {
            id,
            fingerprint,
            amount,
            overrun,
            is_estimate: true,
            request: request.clone(),
            metered: metered.clone(),
        },
        Fact::Released { id, reason: reason.clone() },
        Fact::Orphaned { id, seen: amount, request: request.clone(), reason: reason.clone() },
        Fact::Resolved {
            id,
            amount,
            overrun,
            reason: reason.clone(),
            source: Some(source.clone()),
        },
        Fact::Corrected(Correct {
            id: decision(1),
            of: of.clone(),
            delta: amount,
            reason: reason.clone(),
        }),
        Fact::Adjusted { of, request: key("request"), delta: amount },
        Fact::Imported {
            source,
            revision: 1,
            amount: Some(amount),
            size: 12,
            request,
            copy_of: Some(id),
            metered,
            origin: Some(Arc::new(an_origin())),
        },
        Fact::Adopted(Arc::new(InForce::none())),
        Fact::Opened { budget, start, end, label: label.clone() },
        Fact::Raised(Raise { id: decision(1), budget, amount, until: end, reason, signature }),
        Fact::Closed(Close { scope, start, end, label }),
        Fact::ClockReset { before: Some(start) },
    ]);
    let entry = |fact| Entry { sequence: 3, at: time(20), fact, postings: postings.clone() };
    facts.into_iter().map(entry).collect()
}

#[test]
fn every_field_of_every_fact_changes_the_link() {
    let entries = one_of_each();
    for (name, change) in changes_of_everything().into_iter().chain(changes_of_later_facts()) {
        let mut tried = 0;
        for entry in &entries {
            let mut changed = entry.clone();
            change(&mut changed);
            if changed == *entry {
                continue;
            }
            tried += 1;
            assert_ne!(link(1, entry).link, link(1, &changed).link, "{name} of {:?}", entry.fact);
        }
        assert!(tried > 0, "{name} changes nothing");
    }
    // And so does its kind, its place, and what came before it.
    let links: std::collections::BTreeSet<_> =
        entries.iter().map(|entry| link(1, entry).link).collect();
    assert_eq!(links.len(), entries.len());
    assert_ne!(link(1, &entries[0]).link, link(2, &entries[0]).link);
}

#[test]
fn the_client_view_holds_nothing_of_the_operators() {
    for entry in one_of_each() {
        let [client, ..] = parts(5, &entry);
        let mut changed = entry.clone();
        changed.sequence += 1;
        for posting in &mut changed.postings {
            posting.path = Arc::new(SpendPath::default());
            posting.amounts = Amounts::ZERO;
        }
        match &mut changed.fact {
            Fact::Settled { id, amount, overrun, request, is_estimate, .. } => {
                (*id, *amount, *overrun) = (call(9), usd(0), usd(0));
                (*request, *is_estimate) = (None, false);
            }
            Fact::Orphaned { reason, seen, .. } => (*reason, *seen) = ("other".into(), usd(0)),
            Fact::Raised(raise) => raise.reason = "other".into(),
            _ => {}
        }
        assert_eq!(client, parts(5, &changed)[0]);
    }
}

/// A chain of some entries, as a store would keep it.
fn chain(entries: &[Entry], secrets: &Secrets) -> (Head, Vec<Halves>) {
    let mut canonical = Canonical::new();
    let mut head = Head::start(b"ledger", Some(&arm("web")));
    let mut kept = Vec::new();
    for entry in entries {
        let place = head.place + 1;
        canonical.spell(place, entry).unwrap();
        let halves = Halves::of(&canonical, place, secrets).unwrap();
        head = head.then(&halves);
        kept.push(halves);
    }
    (head, kept)
}

#[test]
fn a_purged_chain_still_verifies_and_its_private_half_cannot_be_made_again() {
    let entries = one_of_each();
    let (head, kept) = chain(&entries, &secrets());

    // What is kept of a purged entry: what the client view and the amounts say, and one hash.
    let purged = Secrets { operator: None, ..secrets() };
    let mut canonical = Canonical::new();
    let mut again = Head::start(b"ledger", Some(&arm("web")));
    for (entry, halves) in entries.iter().zip(&kept) {
        let mut left = entry.clone();
        left.sequence = 0;
        for posting in &mut left.postings {
            posting.path = Arc::new(SpendPath::default());
        }
        let place = again.place + 1;
        canonical.spell(place, &left).unwrap();
        let refused = Halves::of(&canonical, place, &purged).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotFound);
        again =
            again.then(&Halves::of_client_half(&canonical, place, &purged.client, halves.operator));
    }
    assert_eq!(again, head);

    // Without the salt a guess of the private half cannot be checked: another secret, another hash.
    let other = Secrets { operator: Some([3; 32]), ..secrets() };
    let (_, guessed) = chain(&entries, &other);
    assert!(kept.iter().zip(&guessed).all(|(kept, guess)| kept.operator != guess.operator));
    assert!(kept.iter().zip(&guessed).all(|(kept, guess)| kept.client == guess.client));
}

#[test]
fn a_client_checks_what_it_is_shown_with_amounts_or_without() {
    let (entries, secrets) = (one_of_each(), secrets());
    let (head, kept) = chain(&entries, &secrets);
    for shows_amounts in [true, false] {
        let mut canonical = Canonical::new();
        let mut again = Head::start(b"ledger", Some(&arm("web")));
        for (entry, halves) in entries.iter().zip(&kept) {
            let place = again.place + 1;
            canonical.spell(place, entry).unwrap();
            let shown = Disclosure::of(&canonical, place, &secrets.client, halves, shows_amounts);
            let is_shown = matches!(&shown.amounts, ShownAmounts::Open { amounts, .. }
                if amounts == canonical.amounts());
            assert_eq!(is_shown, shows_amounts);
            assert_eq!(shown.halves(), *halves);
            // A view that was changed, in the amounts too, does not fit.
            let mut forged = shown.clone();
            forged.client_view[3] ^= 1;
            assert_ne!(forged.halves(), *halves);
            let mut forged = shown.clone();
            match &mut forged.amounts {
                ShownAmounts::Open { amounts, .. } => amounts[1] ^= 1,
                ShownAmounts::Sealed(hash) => hash[0] ^= 1,
            }
            assert_ne!(forged.halves(), *halves);
            again = again.then(&shown.halves());
        }
        assert_eq!(again, head);
    }
}

#[test]
fn chains_of_other_arms_and_ledgers_begin_elsewhere() {
    let starts = [
        Head::start(b"ledger", None),
        Head::start(b"ledger", Some(&arm("web"))),
        Head::start(b"ledger", Some(&arm("api"))),
        Head::start(b"other", None),
    ];
    for (at, one) in starts.iter().enumerate() {
        assert!(starts.iter().skip(at + 1).all(|other| other.link != one.link));
    }
    assert_eq!(starts[0].short(), starts[0].link[..16]);
    let arm = arm("web");
    assert_ne!(starts[1].statement(b"ledger", Some(&arm)), starts[1].statement(b"ledger", None));
}

#[test]
fn an_entry_stands_in_the_chain_of_its_only_arm() {
    let mut entry = one_of_each().remove(2);
    assert_eq!(arm_of(&entry), Some(&arm("web")));
    let other = Arc::new(SpendPath { arm: Some(arm("api")), ..SpendPath::default() });
    entry.postings[1].path = other;
    assert_eq!(arm_of(&entry), None);
    entry.postings[1].path = Arc::new(SpendPath::default());
    assert_eq!(arm_of(&entry), None);
    entry.postings.clear();
    assert_eq!(arm_of(&entry), None);
}

#[test]
fn secrets_are_not_printed_and_never_the_same() {
    assert_eq!(format!("{:?}", secrets()), "Secrets(..)");
    assert!(Secrets::fresh().unwrap() != Secrets::fresh().unwrap());
}
