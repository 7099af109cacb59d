//! `prices.yaml` as an operator writes it, well and badly.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may fail like tests")]

use insta::assert_snapshot;
use octorato::config::prices::{self, keys, parse};
use octorato::finops::price::{Catalog, Days, OwnPrice, PriceBook, SimilarModels};
use octorato_core::{
    Currency, Diagnostic, Error, ErrorKind, Money, PriceContext, SourceText, Unit, Usage,
};
use proptest::prelude::*;

const HOME: Option<&str> = Some("/home/me");

fn read(text: &str) -> (Option<PriceBook>, Vec<Diagnostic>) {
    parse(&SourceText::new("prices.yaml", text), HOME, &|name| match name {
        "current" | "3f2a9c" => Ok(Catalog::shared()),
        _ => Err(Error::new(ErrorKind::NotFound, format!("no such snapshot: `{name}`"))),
    })
}

fn book(text: &str) -> PriceBook {
    let (book, findings) = read(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    book.unwrap()
}

/// The findings, one a line.
fn findings(text: &str) -> String {
    let (_, findings) = read(text);
    let lines: Vec<String> =
        findings.iter().map(|f| f.to_string().replacen("prices.yaml:", "", 1)).collect();
    lines.join("\n")
}

const EXAMPLE: &str = r#"snapshot: 3f2a9c                 # instead of the current one
similar_models: price            # price (marked, default) | refuse
currency: USD                    # of amounts below that name none
fx: { EUR: { 2026-01-01: 1.0831, 2026-07-01: 1.1012 } }
discounts:
  - { provider: anthropic, models: [claude-opus-4-8, "claude-sonnet-*"], units: [input, output], pct: 12.5, from: 2026-01-01, until: 2026-12-31, note: contract 4711 }
contracts:
  - { provider: anthropic, model: claude-opus-4-8, from: 2026-07-01, currency: EUR, rates: { input: 4.5, output: 22.5, cache_read: { base: 0.45, tiers: [{ above: 200000, rate: 0.9 }] } }, when: { processing: batch } }
models:
  - { provider: acme-gpu, model: qwen3-32b, rates: { compute_seconds: 2.40 } }
  - { provider: openai, model: "ft:gpt-4o-2024-08-06:acme:*", like: openai/gpt-4o, times: 1.5 }
plans:
  - { id: max-dana, provider: anthropic, monthly: 200, seats: 1, from: 2026-01-01, until: 2026-12-31, homes: [~/.claude] }
"#;

#[test]
fn a_provider_may_be_written_in_any_spelling() {
    let text = "discounts:\n  - { provider: Bedrock, pct: 10 }\n";
    assert_eq!(book(text).overlays().discounts[0].provider().as_str(), "aws");
}

#[test]
fn what_reads_in_two_ways_is_refused() {
    assert_snapshot!(
        findings(
            "discounts:\n  - { provider: anthropic, pct: 010 }\n  - { provider: openai, pct: 5, units: [input, output, input] }\nplans:\n  - { id: a, provider: openai, monthly: 020, seats: 02, homes: [/h] }\n  - { id: b, provider: openai, monthly: 2, homes: [~/.codex] }\n  - { id: c, provider: openai, monthly: 2, homes: [~/.codex/] }\n"
        ),
        @"
        2:33: error[PRC009]: `pct` is not an amount: `010`; hint: write it without a zero in front
        3:56: error[PRC004]: twice in one list: `input`; hint: remove one, or name what was meant
        5:41: error[PRC009]: `monthly` is not an amount: `020`; hint: write it without a zero in front
        5:53: error[PRC009]: `seats` is not an amount: `02`; hint: write a whole number such as `200000`
        7:11: error[PRC017]: second plan of one name or for one home: `c`; hint: line 6 has one for the same; give them different days, models or units, or remove one
        "
    );
}

#[test]
fn the_documented_example_is_read_as_documented() {
    let book = book(EXAMPLE);
    let overlays = book.overlays();
    let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
    let year = Days::new(Some(day("2026-01-01")), Some(day("2026-12-31"))).unwrap();
    assert_eq!(overlays.similar_models, SimilarModels::Price);
    let eur = Currency::new("EUR").unwrap();
    assert_eq!(overlays.fx.usd_for_one(eur, day("2026-06-30")).unwrap().to_string(), "1.0831");

    let [discount] = &overlays.discounts[..] else { panic!("one discount") };
    assert_eq!((discount.pct().to_string().as_str(), discount.days()), ("12.5", year));
    assert_eq!(discount.units(), [Unit::Input, Unit::Output]);
    assert_eq!(discount.to_string(), "contract 4711");

    let [contract] = &overlays.contracts[..] else { panic!("one contract") };
    assert_eq!(contract.currency, eur);
    assert_eq!(contract.when.to_string(), "processing=batch");
    assert_eq!(
        contract.rates.units().collect::<Vec<_>>(),
        [Unit::Input, Unit::CacheRead, Unit::Output]
    );

    let [own, tuned] = &overlays.models[..] else { panic!("two models") };
    assert!(matches!(own.price, OwnPrice::Rates { .. }));
    let OwnPrice::Like(like) = &tuned.price else { panic!("like another") };
    assert_eq!((like.provider.as_str(), like.model.as_str()), ("openai", "gpt-4o"));

    let [plan] = &overlays.plans[..] else { panic!("one plan") };
    assert_eq!((plan.id.as_str(), plan.seats, plan.days), ("max-dana", 1, year));
    assert_eq!(plan.monthly, Money::parse("200", Currency::USD).unwrap());
    assert_eq!(plan.homes, ["/home/me/.claude"]);
}

#[test]
fn what_is_read_is_what_is_charged() {
    let book = book(EXAMPLE);
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let usd = |provider, model, unit, count, way: &[(&str, &str)]| {
        let mut context = PriceContext::standard();
        for (name, value) in way {
            context.set(name, value);
        }
        let price = book.find(Some(provider), model).unwrap();
        let priced = price.charge(&Usage::new().with(unit, count), at, &context).unwrap();
        (priced.list().usd().to_string(), priced.contracted().usd().to_string())
    };
    let is = |list: &str, contracted: &str| (list.to_owned(), contracted.to_owned());
    assert_eq!(usd("anthropic", "claude-opus-4-8", Unit::Input, 100_000, &[]), is("0.5", "0.4375"));
    let batch = [("processing", "batch")];
    assert_eq!(
        usd("anthropic", "claude-opus-4-8", Unit::Output, 100_000, &batch),
        is("1.25", "2.4777") // 2.25 euros at 1.1012
    );
    assert_eq!(usd("acme-gpu", "qwen3-32b", Unit::ComputeSeconds, 1800, &[]), is("1.2", "1.2"));
    let tuned = "ft:gpt-4o-2024-08-06:acme:web";
    assert_eq!(usd("openai", tuned, Unit::Input, 1_000_000, &[]), is("3.75", "3.75"));
}

#[test]
fn a_file_without_a_value_is_the_price_list_alone() {
    let plain = PriceBook::builtin().id();
    for text in ["", "# only a comment\n", "{}\n", "similar_models: price\n", "discounts: []\n"] {
        assert_eq!(book(text).id(), plain, "{text}");
    }
}

#[test]
fn every_mistake_of_a_file_is_found_at_once_with_its_place_and_a_remedy() {
    let text = r#"similar_models: maybe
currency: eur
discont: []
fx:
  EUR: { 2026-1-1: 1.1, 2026-02-01: 0, 2026-03-01: one }
  USD: { 2026-01-01: 1 }
  euro: {}
discounts:
  - { provider: antropic, pct: 120 }
  - { provider: anthropic, pct: -5, units: [inptu, web_fetches], models: ["claude-*-4"] }
  - { provider: anthropic, pct: 101 }
  - { provider: anthropic, pct: 12 %, from: 2026-02-01, until: 2026-01-31 }
  - { provider: anthropic }
  - { provider: openai, pct: 5 }
  - { provider: openai, pct: 6, until: 2026-05-01 }
contracts:
  - { provider: anthropic, model: claude-opus-4-8, rates: {} }
  - { provider: anthropic, model: claude-opus-4-8, currency: MXN, rates: { input: 4e1 } }
  - { provider: anthropic, model: claude-opus-4-8, rates: { input: { base: 1, tiers: [{ above: 2, rate: 3 }, { above: 1.5, rate: 4 }, { above: 2, rate: 5 }] } } }
  - { provider: openai, model: gpt-4o, rates: { input: 1, output: 2 }, when: { processing: 7 } }
  - { provider: openai, model: gpt-4o, rates: { input: 1, output: 2 } }
  - { provider: openai, model: GPT-4o, rates: { output: 3 }, from: 2026-01-01 }
models:
  - { provider: acme, model: q }
  - { provider: acme, model: q, rates: { input: 1 }, like: openai/gpt-4o }
  - { provider: acme, model: q, rates: { input: 1 }, times: 2 }
  - { provider: acme, model: q, rates: { input: 2 } }
  - { provider: openai, model: "ft:*", like: gpt-4o }
  - { provider: openai, model: "ft:*", like: openai/gpt-99 }
plans:
  - { id: a, provider: anthropic, monthly: 200 }
  - { id: b, provider: anthropic, monthly: 200, homes: [.claude], seats: 0 }
  - { id: c, provider: anthropic, monthly: 200, homes: [~/.claude] }
  - { id: d, provider: anthropic, monthly: 100, homes: [/home/me/.claude], from: 2026-06-01 }
"#;
    assert_snapshot!(findings(text), @r#"
    1:17: error[PRC023]: unknown choice of `similar_models`: `maybe`; hint: use one of `price`, `refuse`
    2:11: error[PRC008]: not an ISO 4217 currency code: `eur`; hint: write `EUR`
    3:1: error[PRC003]: unknown key in the file: `discont`; hint: did you mean `discounts`?
    5:10: error[PRC010]: not a date: `2026-1-1`; hint: write YYYY-MM-DD before the year 9999, such as `2026-03-01`
    5:37: error[PRC009]: an exchange rate must be above zero: `EUR`, from: `2026-02-01`; hint: write US dollars for one unit, above zero
    5:52: error[PRC009]: `2026-03-01` is not an amount: `one`; hint: write a decimal such as `12.5`
    6:22: error[PRC009]: US dollars are what the others are measured in: `USD`, from: `2026-01-01`; hint: write US dollars for one unit, above zero
    7:3: error[PRC008]: not an ISO 4217 currency code: `euro`; hint: use three capital letters, such as `USD`
    9:17: error[PRC012]: no price list of provider: `antropic`; hint: did you mean `anthropic`?
    10:33: error[PRC009]: `pct` is negative: `-5`; hint: write 0 or more
    10:45: error[PRC015]: unknown unit: `inptu`; hint: did you mean `input`?
    10:52: error[PRC015]: unknown unit: `web_fetches`; hint: remove it: web fetches are free
    10:75: error[PRC013]: not a model's name: `claude-*-4`; hint: write a name, or the beginning of names and a `*` at the end
    11:33: error[PRC009]: not a discount: `101` per cent; hint: write per cent from 0 to 100, with at most 8 decimals
    12:33: error[PRC009]: `pct` is not an amount: `12 %`; hint: write the digits without separators, with a point before decimals
    12:64: error[PRC011]: the last day is before the first: `2026-02-01` to `2026-01-31`; hint: `until` is the last day, and it is included
    13:7: error[PRC005]: missing key in a discount: `pct`; hint: add `pct: …`
    15:17: error[PRC017]: second discount, no more specific: 6 % off openai, until 2026-05-01; hint: line 14 has one for the same; give them different days, models or units, or remove one
    17:59: error[PRC005]: a contract without a rate; hint: add a unit and its rate, such as `input: 4.5`
    18:62: error[PRC016]: no exchange rate of currency: `MXN`; hint: add `fx: { MXN: { YYYY-MM-DD: … } }`, in US dollars for one
    18:83: error[PRC009]: `input` is not an amount: `4e1`; hint: write a decimal such as `12.5`
    19:119: error[PRC009]: `above` is not an amount: `1.5`; hint: write a whole number such as `200000`
    19:135: error[PRC018]: tiers are not in ascending order; hint: write `{ base: …, tiers: [{ above: 200000, rate: … }] }`, ascending
    20:92: error[PRC006]: `processing` must be text, not a number: `7`; hint: write `"7"`
    22:32: error[PRC017]: second contract for `output` of the same days; hint: line 21 has one for the same; give them different days, models or units, or remove one
    24:30: error[PRC024]: own model without a price; hint: add `rates: { … }`, or `like: provider/model`
    25:60: error[PRC024]: two prices of one model; hint: keep `rates` or `like`
    26:61: error[PRC024]: `times` without `like`; hint: multiply the rates, or use `like`
    27:30: error[PRC017]: second price of one model on the same days: `q`; hint: line 26 has one for the same; give them different days, models or units, or remove one
    28:46: error[PRC024]: not a provider and a model: `gpt-4o`; hint: write both, such as `openai/gpt-4o`
    29:46: error[PRC024]: no price for model: `gpt-99`, provider: `openai`, tried: `the models of openai`,…; hint: the list has gpt-3.5-0301, gpt-3.5-turbo, gpt-3.5-turbo-0613; `octorato prices update` fetches newer prices
    31:11: error[PRC021]: plan without homes: `a`; hint: add `homes: [~/.claude]`
    32:57: error[PRC020]: home is not absolute: `.claude`; hint: write `~/.claude` or a whole path
    32:74: error[PRC009]: `seats` is not an amount: `0`; hint: write 1 or more
    34:11: error[PRC017]: second plan of one name or for one home: `d`; hint: line 33 has one for the same; give them different days, models or units, or remove one
    "#);
}

#[test]
fn a_way_of_processing_that_no_model_is_sold_in_is_a_warning() {
    let text = "models:
  - { provider: acme, model: tuned, rates: { input: 1 } }
contracts:
  - { provider: anthropic, model: claude-opus-4-8, rates: { input: 1 }, when: { processing: batches } }
  - { provider: anthropic, model: claude-opus-4-8, rates: { input: 1 }, when: { processing: batch } }
  - { provider: anthropic, model: 'claude-*', rates: { input: 1 }, when: { processing: batch, speed: slow } }
  - { provider: anthropic, model: 'claude-*', rates: { input: 1 }, when: { speed: fast } }
  - { provider: acme, model: tuned, rates: { input: 1 }, when: { service_tier: flex } }
  - { provider: azure, model: gpt-4o, rates: { input: 1 }, when: { processing: batch } }
";
    assert_snapshot!(findings(text), @"
    4:79: warning[PRC025]: no list price for `processing=batches`, so the contract never applies; hint: did you mean `processing=batch`?
    6:74: warning[PRC025]: no list price for `speed=slow`, so the contract never applies; hint: the price list has inference_geo=us, processing=batch, speed=fast
    8:64: warning[PRC025]: no list price for `service_tier=flex`, so the contract never applies; hint: remove `when`: its models have standard prices only
    9:66: warning[PRC025]: no list price for `processing=batch`, so the contract never applies; hint: remove `when`: its models have standard prices only
    ");
    // The contracts are kept: another price list may have the way.
    assert_eq!(read(text).0.unwrap().overlays().contracts.len(), 6);
}

#[test]
fn a_model_that_nothing_has_is_a_warning() {
    let text = "discounts:
  - { provider: anthropic, pct: 5, models: [claude-opus-48, claude-opus-4-8-20260101, 'claude-opsu-*'] }
models:
  - { provider: acme, model: 'q-*', rates: { input: 1 } }
contracts:
  - { provider: acme, model: q-1, rates: { input: 1 } }
  - { provider: acme, model: r-1, rates: { input: 1 } }
";
    assert_snapshot!(findings(text), @r"
    2:45: warning[PRC014]: no price list has such a model: `claude-opus-48`; hint: did you mean `claude-opus-4-8`?
    2:87: warning[PRC014]: no price list has such a model: `claude-opsu-*`; hint: did you mean `claude-opus-5`?
    7:30: warning[PRC014]: no price list has such a model: `r-1`; hint: add it to `models`, or remove it
    ");
    assert!(read(text).0.is_some());
}

#[test]
fn a_currency_without_a_rate_is_told_where_it_is_written() {
    let text =
        "currency: EUR\nplans:\n  - { id: a, provider: anthropic, monthly: 1, homes: [/h] }\n";
    assert_snapshot!(findings(text), @"1:11: error[PRC016]: no exchange rate of currency: `EUR`; hint: add `fx: { EUR: { YYYY-MM-DD: … } }`, in US dollars for one");
}

#[test]
fn an_empty_list_of_a_discount_could_mean_all_or_nothing() {
    let text = "discounts:\n  - { provider: anthropic, pct: 5, models: [], units: [] }\n";
    assert_snapshot!(findings(text), @r"
    2:44: error[PRC007]: `models` is empty; hint: remove it: without the key, all are meant
    2:55: error[PRC007]: `units` is empty; hint: remove it: without the key, all are meant
    ");
}

#[test]
fn a_plan_must_have_an_exchange_rate_on_its_first_day() {
    let plan = "id: a, provider: anthropic, monthly: 1, currency: EUR, homes: [/h]";
    let text = format!("fx: {{ EUR: {{ 2026-02-01: 1.1 }} }}\nplans:\n  - {{ {plan} }}\n");
    assert_snapshot!(findings(&text), @"3:44: error[PRC016]: plan before the first exchange rate of `EUR`, 2026-02-01; hint: say from which day the plan is in force, or add an earlier rate to `fx`");
    let text = text.replace("EUR, ", "EUR, from: 2026-02-01, ");
    assert_eq!(findings(&text), "");
}

#[test]
fn a_snapshot_that_is_not_there_is_an_error() {
    assert!(findings("snapshot: 0000\n").contains("no such snapshot: `0000`"));
    assert_snapshot!(findings("snapshot: 'ffff'\n"), @"1:11: error[PRC022]: no such snapshot: `ffff`; hint: `octorato prices list` shows the snapshots");
}

#[test]
fn without_a_file_there_is_the_price_list_and_a_damaged_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("prices.yaml");
    let load = || prices::load(&path, HOME, &|_| Ok(Catalog::shared()));
    assert_eq!(load().unwrap().0.id(), PriceBook::builtin().id());
    std::fs::write(&path, b"fx: {}\n# caf\xe9\n").unwrap();
    let error = load().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.diagnostics()[0].code, "PRC002");
    std::fs::write(&path, "plans: 1\nmodels: 2\n").unwrap();
    assert_eq!(load().unwrap_err().diagnostics().len(), 2);
    std::fs::write(&path, EXAMPLE).unwrap();
    assert_eq!(load().unwrap().0.overlays().plans.len(), 1);
}

proptest! {
    /// Whatever the text, there is a book if and only if no finding is an error; nothing panics.
    #[test]
    fn any_text_is_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "discounts:", "contracts:", "models:", "plans:", "fx:", "\n", "  - ", "{ ", " }", ", ",
            "provider: anthropic", "provider: x", "model: claude-opus-4-8", "model: \"*\"", "pct: 5",
            "rates: ", "input: 1", "base: 1", "tiers: ", "[", "]", "like: openai/gpt-4o", "times: 0",
            "EUR: ", "2026-01-01: 1.1", "from: 2026-01-01", "until: 2025-01-01", "monthly: 5",
            "homes: [~]", "id: a", "currency: EUR", "~", "\"", "99999999999999999999999999999999",
        ]), 0..40),
    ) {
        let text = pieces.concat();
        let (book, findings) = read(&text);
        let is_usable = findings.iter().all(|f| f.severity < octorato_core::Severity::Error);
        prop_assert_eq!(book.is_some(), is_usable, "{} {:?}", text, findings);
    }
}

mod schema {
    use super::*;
    use serde_json::Value;

    fn sorted<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
        let mut keys: Vec<&str> = keys.into_iter().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn it_has_the_keys_of_the_reader_and_no_others() {
        let schema: Value = serde_json::from_str(prices::SCHEMA).unwrap();
        for (pointer, keys) in [
            ("", keys::FILE),
            ("/$defs/discount", keys::DISCOUNT),
            ("/$defs/contract", keys::CONTRACT),
            ("/$defs/model", keys::MODEL),
            ("/$defs/plan", keys::PLAN),
            ("/$defs/rate", keys::RATE),
            ("/$defs/tier", keys::TIER),
        ] {
            let map = schema.pointer(pointer).unwrap();
            assert_eq!(map["additionalProperties"], false, "{pointer} is open");
            let found = map["properties"].as_object().unwrap().keys().map(String::as_str);
            assert_eq!(sorted(found), sorted(keys.iter().copied()), "{pointer}");
        }
    }

    #[test]
    fn it_has_every_unit_that_can_have_a_rate() {
        let schema: Value = serde_json::from_str(prices::SCHEMA).unwrap();
        let units = schema["$defs"]["unit"]["enum"].as_array().unwrap();
        let units = units.iter().map(|unit| unit.as_str().unwrap());
        let known = Unit::ALL.iter().filter(|unit| **unit != Unit::WebFetches);
        assert_eq!(sorted(units), sorted(known.map(|unit| unit.name())));
        let choices = schema["properties"]["similar_models"]["enum"].as_array().unwrap();
        let choices = choices.iter().map(|choice| choice.as_str().unwrap());
        assert_eq!(sorted(choices), sorted(keys::SIMILAR_MODELS.iter().copied()));
    }

    #[test]
    fn what_it_requires_the_reader_misses() {
        let schema: Value = serde_json::from_str(prices::SCHEMA).unwrap();
        for (list, entry) in [
            ("discounts", "discount"),
            ("contracts", "contract"),
            ("models", "model"),
            ("plans", "plan"),
        ] {
            let (_, found) = read(&format!("{list}: [{{ from: 2026-01-01 }}]\n"));
            let missed: String = found.iter().map(ToString::to_string).collect();
            for key in schema["$defs"][entry]["required"].as_array().unwrap() {
                let key = format!("`{}`", key.as_str().unwrap());
                // A plan without homes has a finding of its own, once it has a name.
                assert!(missed.contains(&key) || key == "`homes`", "{list} {key}: {missed}");
            }
        }
    }
}
