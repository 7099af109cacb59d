//! The price engine: a whole call, opening the snapshot, finding a model, charging a turn; side by
//! side with the genai-prices crate, from whose data the built-in catalog was made.
//! `cargo bench -p octorato-benches --bench price`
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has no result")]
#![allow(clippy::disallowed_types, reason = "the other engine counts in doubles")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::hint::black_box;
use std::process::Command;
use std::time::{Instant, SystemTime};

use divan::Bencher;
use genai_prices::{Calculator, PriceRequest, UsageKey};
use jiff::Timestamp;
use octorato::core::{PriceContext, Unit, Usage};
use octorato::finops::price::Catalog;

/// The snapshot as a file would give it.
const SNAPSHOT: &str = include_str!("../../octorato-finops/data/prices.jsonl");

fn main() {
    match std::env::var(COLD).as_deref() {
        Ok("octorato") => println!("{}", cold(first_of_ours)),
        Ok("genai-prices") => println!("{}", cold(first_of_theirs)),
        _ => {
            first_prices();
            divan::main();
        }
    }
}

/// A request to price.
#[derive(Clone, Copy)]
struct Call {
    provider: Option<&'static str>,
    model: &'static str,
    usage: Usage,
    pairs: &'static [(&'static str, &'static str)],
}

const NOTHING: Usage = Usage::new();

const CALLS: [(&str, Call); 6] = [
    ("two units", simple("gpt-5")),
    (
        "cache and tier",
        Call {
            provider: Some("anthropic"),
            model: "claude-sonnet-4-5-20250929",
            usage: NOTHING
                .with(Unit::Input, 3)
                .with(Unit::CacheRead, 212_114)
                .with(Unit::CacheWrite5m, 300)
                .with(Unit::CacheWrite1h, 1_211)
                .with(Unit::Output, 412),
            pairs: &[],
        },
    ),
    ("batch", Call { pairs: &[("processing", "batch")], ..simple("gpt-5-pro") }),
    ("no provider named", Call { provider: None, ..simple("gpt-5") }),
    ("sold by another", Call { provider: Some("azure"), ..simple("gpt-5-2025-08-07") }),
    ("unknown model", simple("gpt-none-such")),
];

const fn simple(model: &'static str) -> Call {
    let usage = NOTHING.with(Unit::Input, 1_200).with(Unit::Output, 340);
    Call { provider: Some("openai"), model, usage, pairs: &[] }
}

impl Call {
    fn named(name: &str) -> Self {
        CALLS.iter().find_map(|(known, call)| (*known == name).then_some(*call)).unwrap()
    }

    fn context(&self) -> PriceContext {
        let mut context = PriceContext::standard();
        for (name, value) in self.pairs {
            context.set(name, value);
        }
        context
    }

    /// The usage as inclusive totals.
    fn totals(&self) -> genai_prices::Usage {
        let tokens = |count: u128| f64::from(u32::try_from(count).unwrap());
        let writes = [Unit::CacheWrite5m, Unit::CacheWrite1h];
        let all = [
            (UsageKey::INPUT_TOKENS, self.usage.input_tokens()),
            (UsageKey::CACHE_READ_TOKENS, self.usage.cache_read_tokens()),
            (UsageKey::CACHE_WRITE_TOKENS, self.usage.sum_where(|unit| writes.contains(&unit))),
            (UsageKey::CACHE_WRITE_1H_TOKENS, u128::from(self.usage[Unit::CacheWrite1h])),
            (UsageKey::OUTPUT_TOKENS, self.usage.output_tokens()),
        ];
        let used = all.into_iter().filter(|(_, count)| *count > 0);
        used.map(|(key, count)| (key, tokens(count))).collect()
    }
}

fn at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Find the model and charge, as the other engine does at each call.
#[divan::bench(args = CALLS.map(|(name, _)| name))]
fn call_octorato(bencher: Bencher<'_, '_>, name: &str) {
    let call = Call::named(name);
    let (at, context) = (at(), call.context());
    let price = || {
        let price = Catalog::builtin().find(black_box(call.provider), black_box(call.model))?;
        price.charge(black_box(&call.usage), at, &context)
    };
    bencher.bench_local(price);
}

/// Charge only, with the model kept from call to call.
#[divan::bench(args = CALLS.map(|(name, _)| name).into_iter().filter(|name| *name != "unknown model"))]
fn call_octorato_model_kept(bencher: Bencher<'_, '_>, name: &str) {
    let call = Call::named(name);
    let (at, context) = (at(), call.context());
    let price = Catalog::builtin().find(call.provider, call.model).unwrap();
    let context = if name == "sold by another" { PriceContext::standard() } else { context };
    bencher.bench_local(|| price.charge(black_box(&call.usage), at, &context).unwrap());
}

#[divan::bench(args = CALLS.map(|(name, _)| name))]
fn call_genai_prices(bencher: Bencher<'_, '_>, name: &str) {
    let call = Call::named(name);
    let (at, totals) = (SystemTime::from(at()), call.totals());
    let calculator = Calculator::bundled();
    let price = || {
        let mut request = PriceRequest::new(black_box(call.model), black_box(&totals));
        request.provider_id = black_box(call.provider);
        request.timestamp = Some(at);
        for (name, value) in call.pairs {
            request = request.with_price_context(name, value);
        }
        calculator.calculate(&request)
    };
    bencher.bench_local(price);
}

/// A turn as Claude Code makes most of them.
fn turn() -> Usage {
    Usage::new()
        .with(Unit::Input, 3)
        .with(Unit::CacheRead, 92_114)
        .with(Unit::CacheWrite5m, 300)
        .with(Unit::CacheWrite1h, 1_211)
        .with(Unit::Output, 412)
}

/// Check every provider of the snapshot, as for a file from outside.
#[divan::bench]
fn load_octorato_parse_everything() -> Catalog {
    Catalog::parse(black_box(SNAPSHOT)).unwrap()
}

/// Decode the source of the snapshot, where it lies beside the workspace.
#[divan::bench]
fn load_genai_prices(bencher: Bencher<'_, '_>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/prices-genai.json");
    match std::fs::read(path) {
        Ok(source) => bencher.bench_local(|| Calculator::from_json(black_box(&source)).unwrap()),
        Err(error) => println!("skipped: no source of the snapshot: {error}"),
    }
}

#[divan::bench]
fn find_known_provider() {
    let price = Catalog::builtin().find(Some("anthropic"), black_box("claude-opus-4-8"));
    black_box(price.unwrap());
}

#[divan::bench]
fn charge_a_turn(bencher: Bencher<'_, '_>) {
    let price = Catalog::builtin().find(Some("anthropic"), "claude-opus-4-8").unwrap();
    let (turn, at, standard) = (turn(), at(), PriceContext::standard());
    bencher.bench_local(|| price.charge(black_box(&turn), at, &standard).unwrap());
}

#[divan::bench]
fn charge_a_fast_turn(bencher: Bencher<'_, '_>) {
    let price = Catalog::builtin().find(Some("anthropic"), "claude-opus-4-8").unwrap();
    let (turn, at, mut fast) = (turn(), at(), PriceContext::standard());
    fast.set("speed", "fast");
    bencher.bench_local(|| price.charge(black_box(&turn), at, &fast).unwrap());
}

/// Names the engine whose first price a process of its own times.
const COLD: &str = "OCTORATO_BENCH_FIRST_PRICE";

/// How long the first price takes, its prices still unread.
fn cold(first: fn()) -> u128 {
    let start = Instant::now();
    first();
    start.elapsed().as_nanos()
}

fn first_of_ours() {
    let call = Call::named("two units");
    let price = Catalog::builtin().find(call.provider, call.model).unwrap();
    black_box(price.charge(&call.usage, at(), &PriceContext::standard()).unwrap());
}

fn first_of_theirs() {
    let call = Call::named("two units");
    let totals = call.totals();
    let request = PriceRequest::new(call.model, &totals).with_timestamp(at());
    black_box(Calculator::bundled().calculate(&request.with_provider_id("openai")).unwrap());
}

/// The first price of a fresh process, the median of rounds in which each engine runs in turn.
fn first_prices() {
    const ROUNDS: usize = 15;
    let exe = std::env::current_exe().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (engine, times) in ["octorato", "genai-prices"].into_iter().zip(&mut times) {
            let run = Command::new(&exe).env(COLD, engine).output().unwrap();
            times.push(String::from_utf8(run.stdout).unwrap().trim().parse::<u128>().unwrap());
        }
    }
    let [ours, theirs] = times.map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2] / 1_000
    });
    println!("first price of a fresh process: octorato {ours} us, genai-prices {theirs} us");
}
