//! From the JSON that goes to a provider to a [`Request`].

use octorato_core::{Error, ErrorKind, Result, Unit};
use serde_json::Value;

use super::super::Catalog;
use super::super::catalog::Provider;
use super::fields::{Fields, answers, limit, objects, service_tier};
use super::host::think;
use super::known::{
    CHAT_FIELDS, CONTENT, CONVERSE_FIELDS, EMBEDDINGS_FIELDS, GEMINI_FIELDS, MESSAGES_FIELDS,
    RESPONSES_FIELDS, SCHEMAS,
};
use super::payload::{As, Scan};
use super::unique::given_twice;
use super::{CacheWrites, Modality, Request, number, tools};

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavor {
    /// Anthropic's Messages, also as sold by others.
    Messages,
    /// `OpenAI`'s chat completions (and the older completions), as many hosts speak them.
    Chat,
    /// `OpenAI`'s responses.
    Responses,
    /// Embeddings: no output.
    Embeddings,
    /// Gemini's `generateContent`.
    Gemini,
    /// Bedrock's Converse.
    Converse,
}

/// The flavors by the names that callers give.
const FLAVORS: &[(&str, Flavor)] = &[
    ("anthropic", Flavor::Messages),
    ("messages", Flavor::Messages),
    ("chat", Flavor::Chat),
    ("completions", Flavor::Chat),
    ("responses", Flavor::Responses),
    ("embeddings", Flavor::Embeddings),
    ("gemini", Flavor::Gemini),
    ("converse", Flavor::Converse),
];

impl Request {
    /// Reads the body of a request to `provider`: an id of a price list or another spelling of one,
    /// as in [`Catalog::find`]. Of a provider that is not known, the dearest of what any of them
    /// does is assumed.
    ///
    /// `flavor` names the form of the body: `anthropic`, `chat`, `responses`, `embeddings`,
    /// `gemini` or `converse`; without one it is told by the provider and the fields. Fields that
    /// add hidden input, fees or another model without a limit are in [`Request::unbounded`] or
    /// [`Request::hidden`]; fields that no documentation names are in
    /// [`Request::unknown_fields`], and their bytes are counted like all others.
    ///
    /// What a provider has encrypted (signatures of thoughts, reasoning, search results) is taken
    /// for no more tokens than it has bytes: it holds what the model wrote or read, made longer by
    /// base64.
    ///
    /// Batches are sent elsewhere: set `processing=batch` in [`Request::context`]. So are regional
    /// endpoints, whose uplift the body does not show.
    ///
    /// An error of kind [`ErrorKind::InvalidArgument`] where the flavor is not known or the body is
    /// no object.
    pub fn from_body(provider: &str, flavor: Option<&str>, body: &Value) -> Result<Self> {
        let fields = Fields::of(body)?;
        let provider = Catalog::builtin().provider_called(provider).ok().map(Provider::id);
        let flavor = match flavor {
            None | Some("default") => flavor_of(provider, &fields),
            Some(name) => FLAVORS
                .iter()
                .find_map(|(known, flavor)| (*known == name).then_some(*flavor))
                .ok_or_else(|| unknown_flavor(name))?,
        };
        let mut request = Self::text(0);
        request.model =
            ["model", "modelId"].iter().find_map(|name| fields.text(name)).map(Into::into);
        let writes = request.scan(body);
        match flavor {
            Flavor::Messages => request.messages(&fields, writes),
            Flavor::Chat => request.chat(provider, &fields),
            Flavor::Responses => request.responses(provider, &fields),
            Flavor::Embeddings => {
                fields.note_unknown(EMBEDDINGS_FIELDS, &mut request);
                request.max_output = Some(0);
                request.overhead_tokens = Self::EMBEDDING_OVERHEAD_TOKENS;
            }
            Flavor::Gemini => request.gemini(&fields),
            Flavor::Converse => request.converse(&fields, writes),
        }
        request.media_of_unknown_fields(body);
        if body.as_object().into_iter().flatten().any(|(name, value)| is_schema(name, value)) {
            let more = request.overhead_tokens.saturating_add(Self::TOOLS_OVERHEAD_TOKENS);
            request.overhead_tokens = more;
        }
        request.extensions(provider, &fields);
        Ok(request)
    }

    /// Like [`Request::from_body`], of bytes as they are sent; they must be JSON. A field that is
    /// given twice has no bound, since providers differ in which of the two they take. Numbers count
    /// with all the digits that are sent.
    pub fn from_bytes(provider: &str, flavor: Option<&str>, body: &[u8]) -> Result<Self> {
        let not_json = |source: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::InvalidArgument, "the body of a request is not JSON")
                .caused_by(source)
        };
        let text = std::str::from_utf8(body).map_err(|e| not_json(e.into()))?;
        let body = serde_json::from_str(text).map_err(|e| not_json(e.into()))?;
        let mut request = Self::from_body(provider, flavor, &body)?;
        // Twice, as what is in a schema.
        let cut = number::cut(text).saturating_mul(2);
        request.text_bytes = request.text_bytes.saturating_add(cut);
        if let Some(name) = given_twice(text) {
            request.unbind(format!("`{name}` is given twice"));
        }
        Ok(request)
    }

    /// Counts bytes, finds media, hidden state and requested cache writes. Schemas count twice: a
    /// provider may write them anew for the model, and keep what was sent too.
    fn scan(&mut self, body: &Value) -> CacheWrites {
        let mut scan = Scan { request: self, writes: CacheWrites::None, bytes: 0 };
        body.as_object().into_iter().for_each(|fields| scan.note_cache(fields));
        for (name, value) in body.as_object().into_iter().flatten() {
            if CONTENT.contains(&name.as_str()) {
                if name == "input" {
                    scan.blocks(value);
                }
                scan.value(value, As::Content, 0);
            } else {
                scan.value(value, As::Plain, 0);
            }
            if is_schema(name, value) {
                scan.value(value, As::Schema, 0);
            }
            scan.bytes = scan.bytes.saturating_add(name.len() as u64 + 4);
        }
        let (bytes, writes) = (scan.bytes, scan.writes);
        self.text_bytes = bytes.saturating_add(2);
        writes
    }

    /// What in fields without a name in the documentation looks like a medium may be one; its bytes
    /// are counted besides.
    fn media_of_unknown_fields(&mut self, body: &Value) {
        for name in self.unknown_fields.clone() {
            let mut scan = Scan { request: self, writes: CacheWrites::None, bytes: 0 };
            scan.blocks(&body[&*name]);
            scan.value(&body[&*name], As::Content, 0);
        }
    }

    fn messages(&mut self, fields: &Fields<'_>, writes: CacheWrites) {
        fields.note_unknown(MESSAGES_FIELDS, self);
        self.cache_writes = writes;
        // Thinking counts towards it ("counts towards your `max_tokens` limit").
        self.max_output = limit(&fields.all(&["max_tokens"]));
        if let Some(thinking) = fields.get("thinking") {
            think(&thinking["budget_tokens"], self);
        }
        tools::anthropic(&fields.list("tools", self), self);
        for name in ["mcp_servers", "fallbacks"] {
            if fields.get(name).is_some_and(|value| value.as_array().is_none_or(|l| !l.is_empty()))
            {
                self.unbind(format!("`{name}` has no limit"));
            }
        }
        if fields.get("container").is_some() {
            self.hide("a container");
        }
        if let Some(management) = fields.get("context_management") {
            let edits = management["edits"].as_array().map_or(&[][..], Vec::as_slice);
            let clears =
                |edit: &Value| edit["type"].as_str().is_some_and(|t| t.starts_with("clear_"));
            if !edits.iter().all(clears) {
                self.unbind("`context_management` may run the model once more");
            }
        }
        match fields.text("speed") {
            Some("standard") | None => {}
            Some(speed) => self.context.set("speed", speed),
        }
        match fields.text("inference_geo") {
            // The workspace's default counts. Elsewhere no price depends on it.
            None => self.choose("inference_geo"),
            Some("global" | "not_available") => {}
            Some(region) => self.context.set("inference_geo", region),
        }
        // Priority capacity of Anthropic is bought beforehand; a request costs no more for it.
    }

    fn chat(&mut self, provider: Option<&str>, fields: &Fields<'_>) {
        fields.note_unknown(CHAT_FIELDS, self);
        self.max_output = limit(&fields.all(&["max_completion_tokens", "max_tokens"]));
        // Only `max_completion_tokens` is documented to include reasoning there.
        let is_grok =
            self.model.as_deref().is_some_and(|name| name.to_lowercase().contains("grok"));
        self.reasoning_apart = (matches!(provider, Some("x-ai") | None) || is_grok)
            && fields.get("max_completion_tokens").is_none();
        for (name, budget) in
            [("thinking", "budget_tokens"), ("reasoning", "max_tokens"), ("reasoning", "budget")]
        {
            if let Some(thinking) = fields.get(name) {
                think(&thinking[budget], self);
            }
        }
        let counts = ["n", "best_of"];
        answers(counts.into_iter().filter_map(|n| Some((n, fields.get(n)?))), self);
        // Prompts of the older completions may be a list, each with answers of its own.
        let prompts = fields.get("prompt").and_then(Value::as_array).map_or(1, Vec::len) as u64;
        self.answers = self.answers.saturating_mul(prompts.max(1));
        if let Some(prediction) = fields.get("prediction") {
            // Rejected tokens of a prediction are billed as output.
            let predicted = prediction.to_string().len() as u64;
            self.extra_output = self.extra_output.saturating_add(predicted);
        }
        tools::chat(&fields.list("tools", self), self);
        if let Some(modalities) = fields.get("modalities") {
            self.output = modalities_of(modalities);
        }
        self.open_ai_tier(provider, fields);
    }

    fn responses(&mut self, provider: Option<&str>, fields: &Fields<'_>) {
        fields.note_unknown(RESPONSES_FIELDS, self);
        // "including visible output tokens and reasoning tokens"
        self.max_output = limit(&fields.all(&["max_output_tokens"]));
        let is_openai = matches!(provider, Some("openai" | "azure"));
        let calls = limit(&fields.all(&["max_tool_calls"]));
        tools::responses(&fields.list("tools", self), calls, is_openai, self);
        for name in ["previous_response_id", "conversation"] {
            if fields.get(name).is_some() {
                self.hide(format!("`{name}`"));
            }
        }
        for (name, why) in [
            ("prompt", "a stored `prompt` may hold anything"),
            ("context_management", "`context_management` may run the model once more"),
        ] {
            if fields.get(name).is_some() {
                self.unbind(why);
            }
        }
        self.open_ai_tier(provider, fields);
    }

    /// `OpenAI` takes `auto` where nothing is said, and then the project's setting counts.
    fn open_ai_tier(&mut self, provider: Option<&str>, fields: &Fields<'_>) {
        let is_auto = matches!(provider, Some("openai" | "azure") | None);
        service_tier(fields.get("service_tier"), is_auto, self);
        if matches!(provider, Some("openrouter") | None) {
            self.choose("route");
        }
    }

    fn gemini(&mut self, fields: &Fields<'_>) {
        fields.note_unknown(GEMINI_FIELDS, self);
        tools::gemini(&fields.list("tools", self), self);
        // Both spellings of a name are taken; where both are given, the dearer one counts here.
        let configs = fields.all(&["generationConfig", "generation_config"]);
        if !configs.iter().all(|config| config.is_object()) {
            self.unbind("`generationConfig` is no object");
        }
        let all = |names: [&str; 2]| -> Vec<&Value> {
            let values = configs.iter().flat_map(|config| names.map(|name| &config[name]));
            values.filter(|value| !value.is_null()).collect()
        };
        // Thoughts and the answer share it: a request that ends with `MAX_TOKENS` has as many of
        // both together. The thinking budget is no limit ("may overflow"), so it is not read.
        self.max_output = limit(&all(["maxOutputTokens", "max_output_tokens"]));
        let counts = all(["candidateCount", "candidate_count"]);
        answers(counts.into_iter().map(|count| ("candidateCount", count)), self);
        let modalities = all(["responseModalities", "response_modalities"]);
        if !modalities.is_empty() {
            let modalities: Option<Vec<_>> = modalities.into_iter().map(modalities_of).collect();
            self.output = modalities.map(|several| several.concat());
        }
        if !fields.all(&["cachedContent", "cached_content"]).is_empty() {
            self.hide("`cachedContent`");
            // A cache may hold tools, among them a search.
            self.counts.push((Unit::WebSearches, None));
        }
        service_tier(fields.one(&["serviceTier", "service_tier"], self), false, self);
    }

    fn converse(&mut self, fields: &Fields<'_>, writes: CacheWrites) {
        fields.note_unknown(CONVERSE_FIELDS, self);
        self.cache_writes = writes;
        let config = fields.get("inferenceConfig").unwrap_or(&Value::Null);
        let given = Some(&config["maxTokens"]).filter(|value| !value.is_null());
        self.max_output = limit(given.as_slice());
        if let Some(config) = fields.get("toolConfig") {
            let offered = match config {
                Value::Object(_) => objects("toolConfig.tools", &config["tools"], self),
                // There may be tools in it in whatever form.
                _ => objects("toolConfig", &Value::Bool(true), self),
            };
            tools::converse(&offered, self);
        }
        for name in ["guardrailConfig", "promptVariables", "performanceConfig"] {
            if fields.get(name).is_some() {
                self.unbind(format!("`{name}` has no price that is known"));
            }
        }
        if fields.text("modelId").is_some_and(|model| model.contains(":prompt/")) {
            self.unbind("a stored prompt may hold anything");
        }
        if let Some(more) = fields.get("additionalModelRequestFields") {
            if !more.is_object() {
                self.unbind("`additionalModelRequestFields` is no object");
            }
            for name in ["thinking", "reasoning_config"] {
                think(&more[name]["budget_tokens"], self);
            }
            let harmless = ["anthropic_beta", "reasoning_config", "thinking", "top_k"];
            for name in more.as_object().into_iter().flat_map(|more| more.keys()) {
                if !harmless.contains(&name.as_str()) {
                    self.unbind(format!(
                        "`additionalModelRequestFields.{name}` may change the price"
                    ));
                }
            }
        }
        service_tier(fields.get("serviceTier").map(|tier| &tier["type"]), false, self);
    }
}

/// Whether a field holds schemas, which a provider may write anew for the model.
fn is_schema(name: &str, value: &Value) -> bool {
    let answers =
        ["responseSchema", "response_schema", "responseJsonSchema", "_responseJsonSchema"];
    SCHEMAS.contains(&name)
        || (matches!(name, "generationConfig" | "generation_config")
            && answers.iter().any(|schema| !value[schema].is_null()))
}

/// The flavor of a body whose form is not named. `input` may be that of responses or of embeddings;
/// responses are the dearer reading.
fn flavor_of(provider: Option<&str>, fields: &Fields<'_>) -> Flavor {
    let has = |name: &str| fields.get(name).is_some();
    if has("contents") {
        Flavor::Gemini
    } else if provider == Some("anthropic") || has("anthropic_version") {
        Flavor::Messages
    } else if provider == Some("aws") {
        Flavor::Converse
    } else if has("messages") || has("prompt") && !has("input") {
        Flavor::Chat
    } else {
        Flavor::Responses
    }
}

fn unknown_flavor(name: &str) -> Error {
    let known: Vec<_> = FLAVORS.iter().map(|(name, _)| *name).collect();
    Error::new(ErrorKind::InvalidArgument, format!("no such form of a request: `{name}`"))
        .hinted(format!("use one of {}", known.join(", ")))
}

/// The modalities besides text; nothing where one is not known or none is named, which leaves them to
/// the model.
fn modalities_of(value: &Value) -> Option<Vec<Modality>> {
    let mut output = Vec::new();
    for name in value.as_array().filter(|names| !names.is_empty())? {
        match name.as_str()?.to_lowercase().as_str() {
            "text" => {}
            "audio" => output.push(Modality::Audio),
            "image" => output.push(Modality::Image),
            "video" => output.push(Modality::Video),
            _ => return None,
        }
    }
    Some(output)
}
