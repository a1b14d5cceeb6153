//! `price` and `prices`: USD per million tokens.

use serde_json::Value;

use super::reader::Reader;
use crate::cost::price::Price;

/// The highest price that is accepted, in USD per million tokens.
const DEAREST: f64 = 1_000_000.0;

pub fn read_price(r: &mut Reader<'_>) -> Option<Price> {
    r.note_required("input");
    r.note_required("output");
    let input = r.number("input", 0.0, DEAREST);
    let output = r.number("output", 0.0, DEAREST);
    let cache_read = r.number("cacheRead", 0.0, DEAREST);
    let cache_write = r.number("cacheWrite", 0.0, DEAREST);
    let list = r.object("list", read_pair).flatten();
    for (name, value) in [("input", input), ("output", output)] {
        missing(r, name, value);
    }
    let price = Price::new(input?, output?, cache_read, cache_write);
    Some(match list {
        Some((input, output)) => price.listed_at(input, output),
        None => price,
    })
}

fn read_pair(r: &mut Reader<'_>) -> Option<(f64, f64)> {
    let [input, output] = ["input", "output"].map(|name| {
        r.note_required(name);
        let value = r.number(name, 0.0, DEAREST);
        missing(r, name, value);
        value
    });
    Some((input?, output?))
}

fn missing(r: &mut Reader<'_>, name: &'static str, value: Option<f64>) {
    if value.is_none() && r.raw(name).is_none_or(Value::is_null) {
        r.problem(name, "is missing; a price has input and output, in USD per million tokens");
    }
}
