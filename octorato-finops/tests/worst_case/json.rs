//! From the JSON that is sent to what it can cost, by a small model of its own: every byte that the
//! model may read is a token, all output and all searches are used, and all of it at the dearest.

use std::cell::Cell;

use octorato_core::{PriceContext, Unit, Usage};
use octorato_finops::price::{ModelPrice, Request, WorstCase};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::runner;
use super::traps::{AT, find};

/// Draws from random numbers, so that a failing body becomes a small one.
struct Dice<'r> {
    rolls: &'r [u16],
    at: Cell<usize>,
}

impl Dice<'_> {
    fn roll(&self, sides: usize) -> usize {
        let at = self.at.replace(self.at.get() + 1);
        usize::from(self.rolls.get(at).copied().unwrap_or(0)) % sides
    }

    fn pick<T: Clone>(&self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }

    fn is(&self) -> bool {
        self.roll(3) == 1
    }
}

/// A request, and the most that is legal with it.
#[derive(Debug)]
struct Sent {
    provider: &'static str,
    model: &'static str,
    flavor: Option<&'static str>,
    body: Value,
    /// Bytes of the body that are a medium and no text.
    payload: u64,
    /// Numbers by the texts that stand for them, and how long a provider may write them.
    numbers: Vec<(String, u64)>,
    media: Vec<u64>,
    /// Tokens that the provider adds.
    added: u64,
    output: u64,
    searches: u64,
    /// Whether nothing limits what it costs.
    is_endless: bool,
    units: Vec<Unit>,
    contexts: Vec<PriceContext>,
}

fn window(price: &ModelPrice<'_>) -> u64 {
    price.model().context_window().max(price.model().max_input()).unwrap()
}

fn most(price: &ModelPrice<'_>) -> u64 {
    price.model().max_output().unwrap_or_else(|| window(price))
}

fn context(name: &str, value: &str) -> PriceContext {
    let mut context = PriceContext::standard();
    context.set(name, value);
    context
}

fn text(dice: &Dice<'_>) -> String {
    let word = dice.pick(&["Hello ", "日本語", "7", "\"a\\\n\t", "\u{1f600}", "\u{0}", "é"]);
    word.repeat(dice.pick(&[1, 3, 40, 600, 3_000]))
}

/// Several limits of one thing: of a provider that takes any of them, the most that it may take.
fn limited(limits: &[u64], most: u64) -> u64 {
    if limits.is_empty() || limits.contains(&0) { most } else { *limits.iter().max().unwrap() }
}

const LIMITS: [u64; 4] = [1, 1_000, 0, 30_000];

impl Sent {
    fn new(provider: &'static str, model: &'static str) -> Self {
        Self {
            provider,
            model,
            flavor: None,
            body: json!({}),
            payload: 0,
            numbers: Vec::new(),
            media: Vec::new(),
            added: 0,
            output: 0,
            searches: 0,
            is_endless: false,
            units: vec![Unit::Input, Unit::CacheRead],
            contexts: vec![PriceContext::standard()],
        }
    }

    fn price(&self) -> ModelPrice<'static> {
        find(self.provider, self.model)
    }

    /// Some JSON that a call or a schema holds, with numbers that no float holds.
    fn value(&mut self, dice: &Dice<'_>) -> Value {
        let number = dice.pick(&[
            ("12".to_owned(), 2),
            ("7".repeat(300), 300),
            ("1e300".to_owned(), 301),
            (format!("0.5{}", "0".repeat(2_000)), 2_003),
        ]);
        let count = dice.pick(&[1, 2, 20]);
        let stands = |at: usize| format!("@{at}@");
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(json!(stands(self.numbers.len())));
            self.numbers.push(number.clone());
        }
        json!({"v": values, "t": text(dice)})
    }

    /// `value`, or a list of it: a list of one may be given as itself.
    fn listed(dice: &Dice<'_>, value: Value) -> Value {
        if dice.is() { value } else { json!([value]) }
    }

    fn payload(&mut self, dice: &Dice<'_>, tokens: u64) -> String {
        let payload = "A".repeat(dice.pick(&[4, 20_000]));
        self.payload += payload.len() as u64;
        self.media.push(tokens);
        payload
    }

    fn messages(dice: &Dice<'_>) -> Self {
        let provider = dice.pick(&["anthropic", "anthropic-api"]);
        let mut sent = Self::new(provider, dice.pick(&["claude-opus-4-8", "claude-sonnet-4-5"]));
        sent.flavor = Some("anthropic");
        let mut content = vec![json!({"type": "text", "text": text(dice)})];
        if dice.is() {
            let data = sent.payload(dice, 4_784);
            content.push(json!({"type": "image", "source":
                {"type": "base64", "media_type": "image/png", "data": data}}));
        }
        if dice.is() {
            let input = sent.value(dice);
            content.push(json!({"type": "tool_use", "id": "1", "name": "f", "input": input}));
        }
        if dice.is() {
            let ttl = dice.pick(&["5m", "1h"]);
            content[0]["cache_control"] = json!({"type": "ephemeral", "ttl": ttl});
            sent.units.push(if ttl == "1h" { Unit::CacheWrite1h } else { Unit::CacheWrite5m });
        }
        sent.body["messages"] = json!([{"role": "user", "content": content}]);
        let limit = dice.pick(&LIMITS);
        sent.body["max_tokens"] = json!(limit);
        sent.output = limited(&[limit], most(&sent.price()));
        if dice.is() {
            let budget = dice.pick(&[1_024, 60_000]);
            sent.body["thinking"] = json!({"type": "enabled", "budget_tokens": budget});
            sent.output = sent.output.max(budget);
        }
        if dice.is() {
            let tool = match dice.roll(4) {
                0 => json!({"name": "f", "input_schema": sent.value(dice)}),
                1 => {
                    sent.searches = dice.pick(&[1, 3]);
                    json!({"type": "web_search_20250305", "name": "s", "max_uses": sent.searches})
                }
                _ => {
                    sent.is_endless = true;
                    let kind = dice.pick(&["web_search_20250305", "mcp_toolset", "advisor_1"]);
                    json!({"type": kind, "name": "x"})
                }
            };
            sent.added += 804;
            sent.body["tools"] = Self::listed(dice, tool);
        }
        if dice.is() {
            sent.body["inference_geo"] = json!("global");
        } else {
            sent.contexts.push(context("inference_geo", "us"));
        }
        sent
    }

    /// A tier that is not said is the project's.
    fn tier(&mut self, dice: &Dice<'_>) {
        if dice.is() {
            self.body["service_tier"] = json!("default");
        } else {
            self.contexts.push(context("service_tier", "priority"));
        }
    }

    fn chat(dice: &Dice<'_>) -> Self {
        let (provider, model) = dice.pick(&[
            ("openai", "gpt-5.4"),
            ("openai-chat", "gpt-4o"),
            ("azure-openai", "gpt-5"),
            ("azure", "gpt-4o"),
            ("xai", "grok-4"),
            ("openrouter", "openai/gpt-4o"),
            ("openrouter", "perplexity/sonar-pro-search"),
        ]);
        let mut sent = Self::new(provider, model);
        sent.flavor = Some("chat");
        sent.is_endless = model.contains("sonar");
        let price = sent.price();
        let mut content = vec![json!({"type": "text", "text": text(dice)})];
        if dice.is() {
            let tokens = match model {
                "gpt-4o" | "openai/gpt-4o" => 1_445,
                _ => window(&price),
            };
            let url = format!("data:image/png;base64,{}", sent.payload(dice, tokens));
            content.push(json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}));
        }
        sent.body["messages"] = json!([{"role": "user", "content": content}]);
        let mut limits = Vec::new();
        let mut has_total = false;
        for name in ["max_tokens", "max_completion_tokens"] {
            if dice.is() {
                let limit = dice.pick(&LIMITS);
                sent.body[name] = json!(limit);
                limits.push(limit);
                has_total = name == "max_completion_tokens";
            }
        }
        sent.output = limited(&limits, most(&price));
        if provider == "xai" && !has_total {
            sent.output += most(&price);
        }
        if dice.is() {
            let answers = dice.pick(&[2, 5]);
            sent.body["n"] = json!(answers);
            sent.output *= answers;
        }
        if dice.is() {
            let tool = if dice.is() {
                sent.is_endless = true;
                json!({"type": "browser_search"})
            } else {
                let schema = sent.value(dice);
                json!({"type": "function", "function": {"name": "f", "parameters": schema}})
            };
            sent.body["tools"] = Self::listed(dice, tool);
        }
        if dice.is() {
            let (name, value) = dice.pick(&[
                ("web_search_options", json!({})),
                ("agent_id", json!("a")),
                ("preset", json!("a")),
                ("models", json!(["a/b"])),
                ("model", json!("openai/gpt-4o:nitro")),
                ("model", json!("gpt-4o-search-preview")),
            ]);
            sent.body[name] = value;
            sent.is_endless = true;
        }
        sent.tier(dice);
        sent
    }

    fn responses(dice: &Dice<'_>) -> Self {
        let mut sent = Self::new(dice.pick(&["openai", "openai-responses"]), "gpt-5.4");
        sent.flavor = Some("responses");
        let price = sent.price();
        sent.body["input"] = json!([{"role": "user", "content": text(dice)}]);
        let mut limits = Vec::new();
        if dice.is() {
            limits.push(dice.pick(&LIMITS));
            sent.body["max_output_tokens"] = json!(limits[0]);
        }
        sent.output = limited(&limits, most(&price));
        if dice.is() {
            sent.body["previous_response_id"] = json!("resp_1");
            sent.media.push(window(&price));
        }
        if dice.is() {
            let tool = match dice.roll(3) {
                0 => json!({"type": "function", "name": "f", "parameters": sent.value(dice)}),
                1 => {
                    sent.searches = dice.pick(&[0, 1, 3]);
                    sent.is_endless = sent.searches == 0;
                    sent.body["max_tool_calls"] = json!(sent.searches);
                    json!({"type": "web_search"})
                }
                _ => {
                    sent.is_endless = true;
                    json!({"type": dice.pick(&["web_search", "code_interpreter", "mcp"])})
                }
            };
            sent.body["tools"] = Self::listed(dice, tool);
        }
        sent.tier(dice);
        sent
    }

    fn gemini(dice: &Dice<'_>) -> Self {
        let provider = dice.pick(&["google", "gemini", "vertex_ai"]);
        let mut sent = Self::new(provider, dice.pick(&["gemini-2.5-pro", "gemini-2.5-flash"]));
        let price = sent.price();
        let mut parts = vec![json!({"text": text(dice)})];
        if dice.is() {
            let args = sent.value(dice);
            parts.push(json!({"functionCall": {"name": "f", "args": args}}));
        }
        if dice.is() {
            let data = sent.payload(dice, window(&price));
            parts.push(json!({"inlineData": {"mimeType": "audio/wav", "data": data}}));
            sent.units.push(Unit::InputAudio);
        }
        sent.body["contents"] = Self::listed(dice, json!({"parts": parts}));
        let (mut limits, mut answers) = (Vec::new(), 1);
        for config in ["generationConfig", "generation_config"] {
            for name in ["maxOutputTokens", "max_output_tokens"].into_iter().filter(|_| dice.is()) {
                limits.push(dice.pick(&LIMITS));
                sent.body[config][name] = json!(limits.last());
            }
            for name in ["candidateCount", "candidate_count"].into_iter().filter(|_| dice.is()) {
                let count = dice.pick(&[1, 4]);
                answers = answers.max(count);
                sent.body[config][name] = json!(count);
            }
        }
        sent.output = limited(&limits, most(&price)) * answers;
        if dice.is() {
            let (own, name) = dice.pick(&[
                (true, "functionDeclarations"),
                (true, "function_declarations"),
                (false, "googleSearch"),
                (false, "url_context"),
            ]);
            sent.is_endless = !own;
            let value = if own { json!([sent.value(dice)]) } else { json!({}) };
            sent.body["tools"] = Self::listed(dice, json!({name: value}));
        }
        sent
    }

    fn converse(dice: &Dice<'_>) -> Self {
        let provider = dice.pick(&["aws", "bedrock", "amazon-bedrock"]);
        let mut sent = Self::new(provider, "amazon.nova-pro-v1:0");
        sent.flavor = Some("converse");
        let mut content = vec![json!({"text": text(dice)})];
        if dice.is() {
            let input = sent.value(dice);
            content.push(json!({"toolUse": {"toolUseId": "1", "name": "f", "input": input}}));
        }
        sent.body["messages"] = json!([{"role": "user", "content": content}]);
        let mut limits = Vec::new();
        if dice.is() {
            limits.push(dice.pick(&LIMITS));
            sent.body["inferenceConfig"] = json!({"maxTokens": limits[0]});
        }
        sent.output = limited(&limits, most(&sent.price()));
        if dice.is() {
            let tool = if dice.is() {
                sent.is_endless = true;
                json!({"systemTool": {"name": "nova_grounding"}})
            } else {
                json!({"toolSpec": {"name": "f", "inputSchema": {"json": sent.value(dice)}}})
            };
            sent.body["toolConfig"] = json!({"tools": Self::listed(dice, tool)});
        }
        sent
    }

    fn drawn(rolls: &[u16]) -> Self {
        let dice = Dice { rolls, at: Cell::new(0) };
        match dice.roll(5) {
            0 => Self::messages(&dice),
            1 => Self::chat(&dice),
            2 => Self::responses(&dice),
            3 => Self::gemini(&dice),
            _ => Self::converse(&dice),
        }
    }

    /// The bytes that are sent.
    fn json(&self) -> String {
        let mut text = self.body.to_string();
        for (at, (number, _)) in self.numbers.iter().enumerate() {
            text = text.replacen(&format!("\"@{at}@\""), number, 1);
        }
        text
    }

    /// The dearest usages.
    fn usages(&self, json: &str) -> Vec<Usage> {
        let longer: u64 =
            self.numbers.iter().map(|(text, longest)| longest - text.len() as u64).sum();
        let media: u64 = match self.media.iter().max() {
            Some(most) if *most == window(&self.price()) => *most,
            _ => self.media.iter().sum(),
        };
        let once = json.len() as u64 - self.payload + longer + media + self.added;
        // The first round reads what is sent; what a search finds is at most the window.
        let window = window(&self.price());
        let input = once + self.searches * once.max(window);
        self.units
            .iter()
            .map(|unit| {
                Usage::new()
                    .with(*unit, input)
                    .with(Unit::Output, self.output)
                    .with(Unit::WebSearches, self.searches)
            })
            .collect()
    }
}

#[test]
fn no_legal_usage_of_a_body_costs_more_than_its_bound() {
    let (bounded, endless, tight) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let caught = Cell::new(0_u32);
    let at = AT.parse().unwrap();
    let rolls = prop::collection::vec(any::<u16>(), 60);
    let outcome = runner(600).run(&rolls, |rolls| {
        let sent = Sent::drawn(&rolls);
        let json = sent.json();
        let requests = [
            Request::from_bytes(sent.provider, sent.flavor, json.as_bytes()).unwrap(),
            // As it is after it was read, when its numbers are no longer than they are written.
            Request::from_body(sent.provider, sent.flavor, &serde_json::from_str(&json).unwrap())
                .unwrap(),
        ];
        let price = sent.price();
        let worst = price.worst_case(at, &requests[0]).unwrap();
        let WorstCase::Bounded(bound) = worst else {
            endless.set(endless.get() + 1);
            prop_assert!(sent.is_endless, "{:?}: {:?}", worst.reasons(), sent.body);
            return Ok(());
        };
        prop_assert!(!sent.is_endless, "{} has a bound, {:?}", sent.model, sent.body);
        let is_whole = sent.numbers.iter().all(|(number, _)| number.len() < 400);
        if is_whole {
            prop_assert!(requests[1].text_bytes >= json.len() as u64 - sent.payload);
        }
        bounded.set(bounded.get() + 1);
        let mut dearest = 0;
        for usage in sent.usages(&json) {
            for context in &sent.contexts {
                let charge = price.charge_known(&usage, at, context).unwrap().booked();
                dearest = dearest.max(charge.pico());
                prop_assert!(
                    charge.pico() <= bound.amount().pico(),
                    "{} {:?} costs {charge} in {context}, more than {:?}",
                    sent.model,
                    usage,
                    bound
                );
            }
        }
        // A bound that takes two bytes for a token, as is usual for text, has to be found out.
        let usual = Request {
            text_bytes: requests[0].text_bytes / 2,
            overhead_tokens: 0,
            ..requests[0].clone()
        };
        let weak = price.worst_case(at, &usual).unwrap();
        let is_beaten = weak.bound().is_some_and(|bound| bound.amount().pico() < dearest);
        caught.set(caught.get() + u32::from(is_beaten));
        tight.set(tight.get() + u32::from(dearest * 5 >= bound.amount().pico()));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (bounded, endless, tight) = (bounded.get(), endless.get(), tight.get());
    eprintln!("{bounded} bounds, {tight} at most five times the dearest; {endless} without");
    if std::env::var_os("PROPTEST_CASES").is_none() {
        assert!(bounded > 300 && endless > 60 && tight * 2 > bounded);
        assert!(caught.get() * 4 > bounded, "a weak bound was beaten {} times", caught.get());
    }
}
