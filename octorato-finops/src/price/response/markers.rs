//! What a response says of how it was served, in the words of the price catalog.

use octorato_core::PriceContext;
use serde_json::Value;

use super::body::Part;

/// Sets how a request was served. The catalog files batches under how a request was processed.
pub(crate) fn set_service_tier(context: &mut PriceContext, tier: &str) {
    match tier {
        "batch" => set(context, "processing", "batch"),
        tier => set(context, "service_tier", tier),
    }
}

/// Adds a pair. Of two values of one name neither is lost: both together have no price.
fn set(context: &mut PriceContext, name: &str, value: &str) {
    match context.get(name) {
        Some(known) if known != value => {
            let mut with = PriceContext::standard();
            with.set(name, value);
            if !with.is_standard() {
                let both = format!("{known}+{value}");
                context.set(name, &both);
            }
        }
        _ => context.set(name, value),
    }
}

/// The markers of a response and of its usage:
///
/// | where | what becomes of it |
/// |---|---|
/// | `service_tier` of the response (OpenAI, Groq) or of its usage (Anthropic) | `service_tier`; `batch` is `processing=batch`; Groq's `on_demand` is its standard |
/// | `usage.speed`, `usage.inference_geo` (Anthropic) | the same names |
/// | `usageMetadata.serviceTier` (Gemini), `serviceTier.type` (Bedrock) | `service_tier` |
/// | `usageMetadata.trafficType` (Vertex) | `ON_DEMAND` is standard; `ON_DEMAND_FLEX` and `ON_DEMAND_PRIORITY` are a `service_tier`, and so is any other |
/// | `performanceConfig.latency` (Bedrock) | `speed` |
///
/// Values that mean standard are left out by [`PriceContext::set`].
pub(super) fn context_of(provider: &str, part: &Part<'_>, usage: Option<&Value>) -> PriceContext {
    let mut context = PriceContext::standard();
    if part.batch {
        context.set("processing", "batch");
    }
    let body: &Value = &part.value;
    for place in [Some(body), usage.filter(|usage| !std::ptr::eq(*usage, body))] {
        let Some(place) = place else { continue };
        let mut tiers = vec![place.get("service_tier")];
        tiers.push(match place.get("serviceTier") {
            Some(Value::Object(tier)) => tier.get("type"),
            tier => tier,
        });
        for tier in tiers.into_iter().filter_map(word) {
            match &*tier {
                "on_demand" if provider == "groq" => {}
                "service_tier_unspecified" | "unspecified" => {}
                tier => set_service_tier(&mut context, tier),
            }
        }
        if let Some(traffic) = word(place.get("trafficType")) {
            match &*traffic {
                "on_demand" | "traffic_type_unspecified" => {}
                other => {
                    let tier = other.strip_prefix("on_demand_").unwrap_or(other);
                    set_service_tier(&mut context, tier);
                }
            }
        }
        let latency = place.get("performanceConfig").and_then(|config| config.get("latency"));
        for speed in [place.get("speed"), latency].into_iter().filter_map(word) {
            set(&mut context, "speed", &speed);
        }
        if let Some(region) = word(place.get("inference_geo")) {
            set(&mut context, "inference_geo", &region);
        }
    }
    context
}

/// A marker in lower case; one that is no text is kept as it is written.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.to_lowercase()),
        other => Some(other.to_string()),
    }
}
