//! A cap that holds, around any runtime's calls: `cap_a_call`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::sync::Arc;

use octorato::core::{ArmId, Arms, ClientId, Currency, Money};
use octorato::finops::budget::{Action, Budget, Cycle, InForce, Policy, Scope, Tiers};
use octorato::finops::guard::{ArmGuard, Asked, Attempt, CallSpec, Guard, Options, Reserved};
use octorato::finops::ledger::{Clock, Ledger, MemoryLedger, Operation, Tick};
use octorato::finops::price::{Overlays, PriceBook};
use serde_json::{Value, json};

/// It is always the same moment here, so that the program always prints the same.
#[derive(Clone, Copy)]
struct OneMoment;

impl Clock for OneMoment {
    fn tick(&self) -> Tick {
        Tick { wall: "2026-11-20T12:00:00Z".parse().unwrap_or_default(), uptime: None }
    }
}

/// A guard for one arm that may spend four cents a month.
fn four_cents() -> Result<(Guard, ArmGuard), Box<dyn Error>> {
    let (client, arm) = (ClientId::new("acme")?, ArmId::new("acme-web")?);
    let stop = Tiers::new(Some(Action::HardStop), None, Vec::new())?;
    let cap = Money::parse("0.04", Currency::USD)?;
    let month = Budget::new(Scope::Arm(arm.clone()), Cycle::MONTHLY, cap, stop)?.named("web");
    let arms = Arms::none();
    let policy = Arc::new(InForce::of(&Policy::of(vec![month], &arms)?, &arms)?);
    // A real program opens the ledger file, which it shares with others.
    let ledger = Arc::new(MemoryLedger::new(OneMoment));
    ledger.commit(&[Operation::Adopt(policy.clone())])?;
    let prices = Arc::new(PriceBook::on_builtin(Overlays::default())?);
    let options = Options { clock: Arc::new(OneMoment), ..Options::default() };
    let guard = Guard::with(ledger, prices, policy, options);
    let handle = guard.arm(client, arm);
    Ok((guard, handle))
}

/// What goes to the provider.
fn request(max_tokens: u64) -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": "Is 3 x 14.10 = 42.30?"}]})
}

/// What the provider answers; a real program sends the request.
fn send(request: &Value) -> (u16, Value) {
    let output = request["max_tokens"].as_u64().unwrap_or(0).min(900);
    let usage = json!({"input_tokens": 21, "output_tokens": output});
    (200, json!({"model": "claude-sonnet-4-5-20250929", "usage": usage}))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (guard, acme) = four_cents()?;
    for number in 1..=5 {
        let mut body = request(1_000);
        // At least 200 tokens of output are of use; with fewer it should not be sent.
        let asked = Asked::body("anthropic", body.to_string());
        let call = CallSpec { at_least: Some(200), ..CallSpec::of(asked) };
        let held = match acme.reserve(&call)? {
            Reserved::Granted(held) => held,
            Reserved::Busy(denial) | Reserved::Exhausted(denial) => {
                println!("call {number}: {denial}");
                break;
            }
            Reserved::Ended(_) => continue, // only where the caller brings the id
        };
        if held.is_lowered() {
            body["max_tokens"] = held.max_output_tokens().into();
        }
        let (amount, limit) = (held.amount(), &body["max_tokens"]);
        let (status, answer) = send(&body);
        let attempt = Attempt::Answered { status, body: &answer, is_whole: true };
        // Had the program died before this line, the call would count at its worst.
        let settled = held.answered("anthropic", None, attempt)?;
        println!("call {number}: {limit} tokens, at most {amount}, in fact {}", settled.amount);
    }
    let lost = guard.unbooked().len();
    println!("{lost} outcomes are not booked");
    Ok(())
}
