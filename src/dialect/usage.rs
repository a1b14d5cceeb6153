//! Token counts in one vocabulary, whatever the vendor calls them.

use serde::{Deserialize, Serialize};

/// What a report says about tokens. Inputs include cached ones, outputs include reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Tokens of the input that were kept for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

/// OpenAI's `usage` object, with DeepSeek's extra field. Every count may be missing or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OpenAiUsage {
    prompt_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    total_tokens: Option<f64>,
    prompt_cache_hit_tokens: Option<f64>,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
}

impl From<OpenAiUsage> for Usage {
    fn from(wire: OpenAiUsage) -> Self {
        // Relays write counts as floats at times; casting saturates and turns NaN into zero.
        let count = |n: Option<f64>| n.map(|n| n as u64);
        let input = count(wire.prompt_tokens).unwrap_or(0);
        let output = count(wire.completion_tokens).unwrap_or(0);
        Self {
            input_tokens: input,
            output_tokens: output,
            total_tokens: count(wire.total_tokens).unwrap_or(input.saturating_add(output)),
            cached_tokens: count(
                wire.prompt_tokens_details
                    .as_ref()
                    .and_then(|d| d.cached_tokens)
                    .or(wire.prompt_cache_hit_tokens),
            ),
            cache_write_tokens: count(wire.prompt_tokens_details.as_ref().and_then(|d| d.cache_write_tokens)),
            reasoning_tokens: count(wire.completion_tokens_details.and_then(|d| d.reasoning_tokens)),
        }
    }
}
