//! What a call costs, in whole nano-dollars, so that sums are exact.

use serde_json::Value;

use crate::{config::reader::Reader, dialect::usage::Usage};

/// USD per million tokens, kept as nano-dollars per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    input: u64,
    output: u64,
    cache_read: Option<u64>,
}

impl Price {
    pub fn read(r: &mut Reader<'_>) -> Option<Self> {
        let dearest = 1_000_000.0;
        r.note_required("input");
        r.note_required("output");
        let input = r.number("input", 0.0, dearest);
        let output = r.number("output", 0.0, dearest);
        let cache_read = r.number("cacheRead", 0.0, dearest);
        for (name, value) in [("input", input), ("output", output)] {
            if value.is_none() && r.raw(name).is_none_or(Value::is_null) {
                r.problem(name, "is missing; a price has input and output, in USD per million tokens");
            }
        }
        // USD per million tokens is micro-dollars per token.
        let nano = |usd: f64| (usd * 1_000.0).round() as u64;
        Some(Self { input: nano(input?), output: nano(output?), cache_read: cache_read.map(nano) })
    }

    /// USD for these tokens.
    pub fn cost_usd(&self, usage: &Usage) -> f64 {
        let cached = usage.cached_tokens.unwrap_or(0).min(usage.input_tokens);
        let nanos = u128::from(usage.input_tokens - cached) * u128::from(self.input)
            + u128::from(cached) * u128::from(self.cache_read.unwrap_or(self.input))
            + u128::from(usage.output_tokens) * u128::from(self.output);
        nanos as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader;
    use serde_json::json;

    #[test]
    fn cached_tokens_have_their_own_price() {
        let mut problems = Vec::new();
        let price = reader::object(
            &json!({"input": 8, "output": 32, "cacheRead": 2}),
            "price",
            &mut problems,
            Price::read,
        )
        .flatten()
        .expect("valid");
        let usage =
            Usage { input_tokens: 1_000, output_tokens: 100, cached_tokens: Some(400), ..Usage::default() };
        assert_eq!(price.cost_usd(&usage), (600.0 * 8.0 + 400.0 * 2.0 + 100.0 * 32.0) / 1e6);
    }
}
