//! The price engine: opening the snapshot, finding a model, charging a turn.
//! `cargo bench -p octorato-benches --bench price`
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has no result")]

use std::hint::black_box;

use divan::Bencher;
use jiff::Timestamp;
use octorato::core::{PriceContext, Unit, Usage};
use octorato::finops::price::Catalog;

/// The snapshot as a file would give it.
const SNAPSHOT: &str = include_str!("../../octorato-finops/data/prices.jsonl");

fn main() {
    divan::main();
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

fn at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Check every provider of the snapshot, as for a file from outside.
#[divan::bench]
fn parse_whole_snapshot() -> Catalog {
    Catalog::parse(black_box(SNAPSHOT)).unwrap()
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
