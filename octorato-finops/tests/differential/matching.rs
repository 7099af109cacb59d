//! Both engines find the same entry for the same name.

use genai_prices::{Calculator, PriceRequest};
use octorato_core::ErrorKind;
use octorato_finops::price::{Catalog, Matched, ProviderMatch, Step};

/// Whether the answer is one of ours alone: the name was rewritten, or names its provider itself.
fn is_further(matched: &Matched<'_>) -> bool {
    matched.provider == ProviderMatch::NamedInModel
        || matched.steps.iter().any(|step| *step != Step::DashedDate)
}

/// The name with its first date written without dashes: `gpt-4o-2024-08-06` is `gpt-4o-20240806`.
fn compact_date(name: &str) -> Option<String> {
    let is_date = |at: &usize| {
        let Some(text) = name.get(*at..at + 11) else { return false };
        let shape = text.bytes().zip("-2000-00-00".bytes());
        text.starts_with("-20")
            && shape.into_iter().all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'2' => byte == b'2',
                dash => byte == dash,
            })
    };
    let at = (0..name.len()).find(is_date)?;
    let (stem, rest) = name.split_at(at + 1);
    Some(format!("{stem}{}{}", rest[..10].replace('-', ""), &rest[10..]))
}

/// The same name leads to the same entry: every id of the list, as logs vary it.
#[test]
fn both_engines_find_the_same_entry() {
    let calculator = Calculator::bundled();
    let at = std::time::SystemTime::UNIX_EPOCH;
    let nothing = genai_prices::Usage::new();
    let (mut same, mut neither, mut further) = (0, 0, 0);
    let mut only_here = Vec::new();
    let mut check = |provider: Option<&str>, name: &str| {
        let mut request = PriceRequest::new(name, &nothing).with_timestamp(at);
        request.provider_id = provider;
        let theirs = calculator.calculate(&request).map(|it| (it.provider_id, it.model_id));
        let ours = Catalog::builtin().find(provider, name);
        match (ours, theirs) {
            // `google/gemini-...:free` is a model of OpenRouter's, whatever `gemini` is a part of.
            (Ok(ours), Ok(_)) if ours.matched().provider == ProviderMatch::NamedInModel => {
                assert_eq!(provider, None, "{name}");
                further += 1;
            }
            // What the source's order does not find may be found by rewriting the name.
            (Ok(ours), Err(_)) if is_further(ours.matched()) => further += 1,
            (Ok(ours), Ok((provider, model))) => {
                assert_eq!(
                    (ours.provider().id(), ours.model().id()),
                    (&*provider, &*model),
                    "{name}"
                );
                same += 1;
            }
            (Err(ours), Err(_)) => {
                assert_eq!(ours.kind(), ErrorKind::Unpriced, "{name}");
                neither += 1;
            }
            (Ok(_), Err(_)) => only_here.push(format!("{provider:?} {name}")),
            (Err(ours), Ok(theirs)) => panic!("{provider:?} {name}: {ours:?}, not {theirs:?}"),
        }
    };
    for (at, (provider, model)) in calculator
        .providers()
        .flat_map(|provider| provider.models().map(move |model| (provider.id(), model.id())))
        .enumerate()
    {
        check(Some(provider), model);
        match at % 4 {
            0 => check(Some(provider), &format!("{model}-20251001")),
            1 => check(Some(provider), &format!("{model}-2025-10-01")),
            2 => check(Some(provider), &model.to_uppercase()),
            _ => check(None, model),
        }
        if let Some(compact) = compact_date(model) {
            check(Some(provider), &compact);
            check(None, &compact);
        }
    }
    for (provider, name) in [
        (None, "claude-sonnet-4-5-20250929"),
        (None, "gpt-4o-20240806"),
        (Some("bedrock"), "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (Some("azure"), "gpt-4o-2024-08-06"),
        (Some("vertex"), "claude-opus-4-8"),
        (Some("nobody"), "gpt-4o"),
        (None, "nothing-like-it"),
    ] {
        check(provider, name);
    }
    eprintln!("{same} the same, {neither} found by neither");
    eprintln!("{further} found by more than the rules of the source");
    assert!(only_here.is_empty(), "{only_here:#?}");
    assert!(same > 2_500, "{same}");
}
