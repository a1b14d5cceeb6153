//! Built-in prices: the relay's, and a dated snapshot of vendors' list prices (`snapshot.json` names its
//! source and licence; `tools/generate/prices.js` creates it).

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::price::Price;
use crate::base::model_id::{self, bare};

/// The relay's prices in USD per million input and output tokens, and the list price of input.
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
struct PriceSnapshot {
    source: PriceSource,
    models: Vec<ListedPrice>,
}

/// The source of the prices.
#[derive(Clone, Debug, Deserialize)]
pub struct PriceSource {
    pub name: String,
    pub version: String,
    pub licence: String,
    /// `2026-11-21`
    pub taken: String,
}

#[derive(Deserialize)]
struct ListedPrice {
    vendor: String,
    id: String,
    #[serde(flatten)]
    rates: ListedRates,
    above: Option<ListedAbove>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedRates {
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

#[derive(Deserialize)]
struct ListedAbove {
    tokens: u64,
    #[serde(flatten)]
    rates: ListedTier,
}

/// Missing rates of a tier are the base rates.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedTier {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

struct PriceTable {
    source: Option<PriceSource>,
    prices: HashMap<(String, String), Price>,
}

static VENDORS: LazyLock<PriceTable> = LazyLock::new(|| {
    // Part of the program and covered by a test; without it, vendors' prices are unknown.
    let Ok(PriceSnapshot { source, models }) = serde_json::from_str(include_str!("snapshot.json")) else {
        return PriceTable { source: None, prices: HashMap::new() };
    };
    let prices = models.into_iter().map(|listed| {
        let ListedPrice { vendor, id, rates: r, above } = listed;
        let mut price = Price::new(r.input, r.output, r.cache_read, r.cache_write);
        if let Some(ListedAbove { tokens, rates: t }) = above {
            let (read, write) = (t.cache_read.or(r.cache_read), t.cache_write.or(r.cache_write));
            price =
                price.above(tokens, t.input.unwrap_or(r.input), t.output.unwrap_or(r.output), read, write);
        }
        ((vendor, id), price)
    });
    PriceTable { source: Some(source), prices: prices.collect() }
});

/// A seller with built-in prices.
#[derive(Clone, Copy, Debug)]
pub enum Seller<'a> {
    Relay,
    /// A vendor at its own host.
    Vendor(&'a str),
}

/// The built-in price of a model at a seller.
pub fn default_price(seller: Seller<'_>, model: &str) -> Option<Price> {
    let vendor = match seller {
        Seller::Relay => return relay(model),
        Seller::Vendor(vendor) => vendor,
    };
    find(model, |id| VENDORS.prices.get(&(vendor.to_owned(), id.to_owned())).copied())
}

fn relay(model: &str) -> Option<Price> {
    // A relay's model ids may carry the vendor's name.
    find(bare(model), |id| {
        let (_, input, output, list) = RELAY.iter().find(|(known, ..)| *known == id)?;
        let price = Price::new(*input, *output, None, None);
        // The output's list price is unknown: assume the same ratio as the input's.
        Some(list.map_or(price, |list| price.listed_at(list, output * list / input)))
    })
}

/// By exact id, or by the id without its date.
pub fn find<T>(model: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    known(model).or_else(|| known(model_id::undated(model)?))
}

/// The source of the vendors' prices.
pub fn source() -> Option<&'static PriceSource> {
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
