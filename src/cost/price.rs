//! Prices of tokens in whole pico-dollars, so that sums are exact.

use std::ops::AddAssign;

use crate::dialect::usage::Usage;

/// An amount of money in 10⁻¹² USD. One USD per million tokens is a million per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u128);

/// USD per million tokens, kept as pico-dollars per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    rates: TokenRates,
    /// Rates of requests with more input tokens, from the first token on.
    above: Option<(u64, TokenRates)>,
    /// The list price, for comparison.
    list: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TokenRates {
    input: u64,
    output: u64,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
}

impl Money {
    pub const fn of_picos(picos: u128) -> Self {
        Self(picos)
    }

    pub const fn picos(self) -> u128 {
        self.0
    }

    pub fn of_usd(usd: f64) -> Self {
        // Casting a negative number or NaN gives zero.
        Self((usd * 1e12).round() as u128)
    }

    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e12
    }

    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// USD per million tokens as pico-dollars per token.
fn picos(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}

impl TokenRates {
    fn cost(&self, usage: &Usage) -> Money {
        let read = usage.cached_tokens.unwrap_or(0).min(usage.input_tokens);
        let written = usage.cache_write_tokens.unwrap_or(0).min(usage.input_tokens - read);
        let of = |tokens: u64, rate: u64| u128::from(tokens) * u128::from(rate);
        Money(
            of(usage.input_tokens - read - written, self.input)
                + of(read, self.cache_read.unwrap_or(self.input))
                + of(written, self.cache_write.unwrap_or(self.input))
                + of(usage.output_tokens, self.output),
        )
    }
}

impl Price {
    pub fn new(input: f64, output: f64, cache_read: Option<f64>, cache_write: Option<f64>) -> Self {
        let rates = rates(input, output, cache_read, cache_write);
        Self { rates, above: None, list: None }
    }

    /// Adds other rates for requests with more than `tokens` input tokens.
    pub fn above(
        mut self,
        tokens: u64,
        input: f64,
        output: f64,
        cache_read: Option<f64>,
        cache_write: Option<f64>,
    ) -> Self {
        self.above = Some((tokens, rates(input, output, cache_read, cache_write)));
        self
    }

    pub fn listed_at(mut self, input: f64, output: f64) -> Self {
        self.list = Some((picos(input), picos(output)));
        self
    }

    pub fn cost(&self, usage: &Usage) -> Money {
        match &self.above {
            Some((tokens, rates)) if usage.input_tokens > *tokens => rates.cost(usage),
            _ => self.rates.cost(usage),
        }
    }

    /// The cost at the list price, if there is one.
    pub fn list_cost(&self, usage: &Usage) -> Option<Money> {
        let (input, output) = self.list?;
        Some(TokenRates { input, output, cache_read: None, cache_write: None }.cost(usage))
    }
}

fn rates(input: f64, output: f64, cache_read: Option<f64>, cache_write: Option<f64>) -> TokenRates {
    TokenRates {
        input: picos(input),
        output: picos(output),
        cache_read: cache_read.map(picos),
        cache_write: cache_write.map(picos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usage(input: u64, output: u64, read: u64, written: u64) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            cached_tokens: Some(read),
            cache_write_tokens: Some(written),
            ..Usage::default()
        }
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        let price = Price::new(8.0, 32.0, Some(2.0), Some(10.0));
        let cost = price.cost(&usage(1_000, 100, 400, 50));
        assert_eq!(cost.usd(), (550.0 * 8.0 + 400.0 * 2.0 + 50.0 * 10.0 + 100.0 * 32.0) / 1e6);
        // Without a rate of their own, cached tokens cost as much as others. More cached tokens than tokens
        // are ignored.
        let plain = Price::new(8.0, 32.0, None, None);
        assert_eq!(plain.cost(&usage(10, 0, 400, 400)).usd(), 80e-6);
    }

    #[test]
    fn large_requests_may_cost_more() {
        let price = Price::new(3.0, 15.0, Some(0.3), None).above(200_000, 6.0, 22.5, Some(0.6), None);
        assert_eq!(price.cost(&usage(200_000, 1_000, 0, 0)).usd(), 0.615);
        assert_eq!(price.cost(&usage(200_001, 1_000, 1, 0)).usd(), 1.222_500_6);
    }

    #[test]
    fn the_list_price_is_for_comparison() {
        let price = Price::new(8.0, 32.0, None, None).listed_at(15.0, 60.0);
        assert_eq!(price.list_cost(&usage(1_000, 100, 500, 0)).map(Money::usd), Some(0.021));
        assert_eq!(Price::new(8.0, 32.0, None, None).list_cost(&usage(1, 1, 0, 0)), None);
    }

    proptest! {
        /// Prices have at most six decimals; sums are exact in any order.
        #[test]
        fn sums_are_exact(entries in proptest::collection::vec((0u64..2_000_000, 0u64..200_000, 0u32..100_000_000, 0u32..100_000_000), 1..50)) {
            let mut sum = Money::default();
            let mut expected = 0u128;
            for (input, output, input_micros, output_micros) in &entries {
                let price = Price::new(f64::from(*input_micros) / 1e6, f64::from(*output_micros) / 1e6, None, None);
                sum += price.cost(&usage(*input, *output, 0, 0));
                expected += u128::from(*input) * u128::from(*input_micros) + u128::from(*output) * u128::from(*output_micros);
            }
            prop_assert_eq!(sum.picos(), expected);
        }
    }
}
