//! Prices that need not be given: the relay's, and a dated snapshot of vendors' list prices (`snapshot.json` names its
//! source and licence; `tools/generate/prices.js` makes it anew).

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::price::Price;
use crate::{
    config::{
        EndpointConfig,
        vendors::{is_relay_host, vendor_of},
    },
    model_id::{self, bare},
};

/// What the relay asks in USD per million tokens for input and output, and the list price of input.
const RELAY: [(&str, f64, f64, Option<f64>); 8] = [
    ("gpt-4.1", 8.0, 32.0, Some(15.0)),
    ("gpt-4.1-mini", 1.0, 4.0, None),
    ("claude-sonnet-4", 4.5, 18.0, Some(15.0)),
    ("claude-3-5-sonnet", 3.5, 15.0, Some(15.0)),
    ("gemini-2.5-flash", 2.5, 10.0, Some(2.5)),
    ("deepseek-chat", 0.42, 1.68, Some(0.27)),
    ("deepseek-v3.2", 0.42, 1.68, Some(0.27)),
    ("claude-sonnet-4.5", 15.0, 75.0, Some(15.0)),
];

#[derive(Deserialize)]
struct Snapshot {
    source: Source,
    models: Vec<Listed>,
}

/// Where prices are from.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// `2026-11-21`
    pub taken: String,
}

#[derive(Deserialize)]
struct Listed {
    vendor: String,
    id: String,
    #[serde(flatten)]
    rates: Rates,
    above: Option<Above>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rates {
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

#[derive(Deserialize)]
struct Above {
    tokens: u64,
    #[serde(flatten)]
    rates: Tier,
}

/// What a tier does not name stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tier {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

struct Table {
    source: Option<Source>,
    prices: HashMap<(String, String), Price>,
}

static VENDORS: LazyLock<Table> = LazyLock::new(|| {
    // It is part of the program, and a test reads it; without it no price is known.
    let Ok(Snapshot { source, models }) = serde_json::from_str(include_str!("snapshot.json")) else {
        return Table { source: None, prices: HashMap::new() };
    };
    let prices = models.into_iter().map(|listed| {
        let Listed { vendor, id, rates: r, above } = listed;
        let mut price = Price::new(r.input, r.output, r.cache_read, r.cache_write);
        if let Some(Above { tokens, rates: t }) = above {
            let (read, write) = (t.cache_read.or(r.cache_read), t.cache_write.or(r.cache_write));
            price =
                price.above(tokens, t.input.unwrap_or(r.input), t.output.unwrap_or(r.output), read, write);
        }
        ((vendor, id), price)
    });
    Table { source: Some(source), prices: prices.collect() }
});

/// The price of a model at an endpoint, where the user gave none. Elsewhere than at the relay and at vendors' own hosts
/// nobody knows it.
pub fn default_price(endpoint: &EndpointConfig, model: &str) -> Option<Price> {
    let host = endpoint.base_url.host();
    if is_relay_host(host) {
        return relay(model);
    }
    let vendor = vendor_of(host)?;
    find(model, |id| VENDORS.prices.get(&(vendor.to_owned(), id.to_owned())).copied())
}

fn relay(model: &str) -> Option<Price> {
    // A relay's ids may bear the vendor's name.
    find(bare(model), |id| {
        let (_, input, output, list) = RELAY.iter().find(|(known, ..)| *known == id)?;
        let price = Price::new(*input, *output, None, None);
        // Of the output's list price nothing is said: it is taken to be as far from the relay's as the input's.
        Some(list.map_or(price, |list| price.listed_at(list, output * list / input)))
    })
}

/// By its exact id, or by what stands before a date.
pub fn find<T>(model: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    known(model).or_else(|| known(model_id::undated(model)?))
}

/// Where the vendors' prices are from.
pub fn source() -> Option<&'static Source> {
    VENDORS.source.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::usage::Usage;

    #[test]
    fn the_snapshot_is_whole() {
        let source = source().expect("it says where it is from");
        assert_eq!((source.licence.as_str(), source.taken.len()), ("MIT", 10));
        assert!(!source.name.is_empty() && !source.version.is_empty());
        for vendor in ["openai", "anthropic", "google", "deepseek"] {
            let count = VENDORS.prices.keys().filter(|(v, _)| v == vendor).count();
            assert!(count >= 5, "{vendor}: {count}");
        }
    }

    #[test]
    fn the_relay_has_prices_of_its_own() {
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 100_000, ..Usage::default() };
        let costs =
            |model: &str| relay(model).map(|p| (p.cost(&usage).usd(), p.list_cost(&usage).map(|l| l.usd())));
        assert_eq!(costs("gpt-4.1"), Some((8.0 + 3.2, Some(15.0 + 6.0))));
        assert_eq!(costs("anthropic/claude-sonnet-4-20250514"), Some((4.5 + 1.8, Some(15.0 + 6.0))));
        assert_eq!(costs("gpt-4.1-mini"), Some((1.0 + 0.4, None)));
        assert_eq!(costs("claude-sonnet-4-5"), None, "is not claude-sonnet-4");
        assert_eq!(costs("unheard-of"), None);
    }
}
