//! The fields that the documentation of each form of a request names.

/// <https://platform.claude.com/docs/en/api/messages>, with the fields of beta versions.
pub(super) const MESSAGES_FIELDS: &[&str] = &[
    "anthropic_beta",
    "anthropic_version",
    "betas",
    "cache_control",
    "container",
    "context_management",
    "fallbacks",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
];

/// <https://platform.openai.com/docs/api-reference/chat/create>, and what hosts add that costs
/// nothing.
pub(super) const CHAT_FIELDS: &[&str] = &[
    "audio",
    "best_of",
    "echo",
    "frequency_penalty",
    "function_call",
    "functions",
    "input",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "min_p",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "random_seed",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "suffix",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
];

/// <https://platform.openai.com/docs/api-reference/responses/create>.
pub(super) const RESPONSES_FIELDS: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// <https://platform.openai.com/docs/api-reference/embeddings/create>.
pub(super) const EMBEDDINGS_FIELDS: &[&str] =
    &["dimensions", "encoding_format", "input", "input_type", "model", "service_tier", "user"];

/// <https://ai.google.dev/api/generate-content#request-body>, in both spellings.
pub(super) const GEMINI_FIELDS: &[&str] = &[
    "cachedContent",
    "cached_content",
    "contents",
    "generationConfig",
    "generation_config",
    "labels",
    "model",
    "modelArmorConfig",
    "safetySettings",
    "safety_settings",
    "serviceTier",
    "service_tier",
    "store",
    "systemInstruction",
    "system_instruction",
    "toolConfig",
    "tool_config",
    "tools",
];

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.
pub(super) const CONVERSE_FIELDS: &[&str] = &[
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "messages",
    "modelId",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "system",
    "toolConfig",
];

/// Fields whose value is a schema or a list of them.
pub(super) const SCHEMAS: &[&str] = &[
    "functions",
    "output_config",
    "output_format",
    "outputConfig",
    "response_format",
    "text",
    "toolConfig",
    "tools",
];

/// Fields that hold messages.
pub(super) const CONTENT: &[&str] =
    &["contents", "input", "messages", "system", "systemInstruction", "system_instruction"];
