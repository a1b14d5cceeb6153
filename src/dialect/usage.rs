//! Token counts in one vocabulary.

use serde::{Deserialize, Serialize};

/// The tokens of an answer. Input includes cached tokens, output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Input tokens that were written to the vendor's cache.
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
    prompt_tokens_details: Option<TokenDetails>,
    completion_tokens_details: Option<TokenDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenDetails {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
}

/// Ten times what the largest model accepts: a larger count is a mistake, which must not drive a budget.
const MOST: f64 = 100_000_000.0;

/// A count of tokens, if it is possible. Relays sometimes write floats.
pub fn count(given: f64) -> Option<u64> {
    (0.0..=MOST).contains(&given).then_some(given as u64)
}

impl OpenAiUsage {
    /// The usage; `None` unless both input and output are known, for half a count would give half a cost.
    pub fn known(self) -> Option<Usage> {
        let of = |given: Option<f64>| given.and_then(count);
        let input = of(self.prompt_tokens)?;
        let output = match self.completion_tokens {
            // Some vendors leave out zero counts, or counts that follow from the others.
            None => of(self.total_tokens)?.checked_sub(input)?,
            given => of(given)?,
        };
        let details = self.prompt_tokens_details.unwrap_or_default();
        Some(Usage {
            input_tokens: input,
            output_tokens: output,
            total_tokens: of(self.total_tokens).unwrap_or(input + output),
            cached_tokens: of(details.cached_tokens.or(self.prompt_cache_hit_tokens)),
            cache_write_tokens: of(details.cache_write_tokens),
            reasoning_tokens: of(self.completion_tokens_details.and_then(|d| d.reasoning_tokens)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn half_a_count_is_none() {
        let read = |wire: Value| {
            let usage = serde_json::from_value::<OpenAiUsage>(wire).ok().and_then(OpenAiUsage::known)?;
            Some((usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.cached_tokens))
        };
        for (wire, expected) in [
            (json!({"prompt_tokens": 3, "completion_tokens": 0}), Some((3, 0, 3, None))),
            (json!({"prompt_tokens": 3.0, "completion_tokens": 2.5}), Some((3, 2, 5, None))),
            (
                json!({"prompt_tokens": 1e8, "completion_tokens": 0}),
                Some((100_000_000, 0, 100_000_000, None)),
            ),
            (json!({"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": -1}), Some((3, 1, 4, None))),
            (
                json!({"prompt_tokens": 3, "completion_tokens": 1, "prompt_cache_hit_tokens": 2}),
                Some((3, 1, 4, Some(2))),
            ),
            (
                json!({"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": -2}}),
                Some((3, 1, 4, None)),
            ),
            (json!({}), None),
            (json!({"prompt_tokens": 8, "total_tokens": 8}), Some((8, 0, 8, None))),
            (json!({"prompt_tokens": 8, "total_tokens": 10}), Some((8, 2, 10, None))),
            (json!({"prompt_tokens": 8, "total_tokens": 7}), None),
            (json!({"prompt_tokens": 8, "completion_tokens": -1, "total_tokens": 9}), None),
            (json!({"total_tokens": 30}), None),
            (json!({"prompt_tokens": 3}), None),
            (json!({"completion_tokens": 3}), None),
            (json!({"prompt_tokens": null, "completion_tokens": 3}), None),
            (json!({"prompt_tokens": -3, "completion_tokens": 3}), None),
            (json!({"prompt_tokens": 3, "completion_tokens": 1e308}), None),
            (json!({"prompt_tokens": u64::MAX, "completion_tokens": 1}), None),
            (json!({"prompt_tokens": "3", "completion_tokens": 1}), None),
        ] {
            assert_eq!(read(wire.clone()), expected, "{wire}");
        }
    }
}
