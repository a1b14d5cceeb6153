//! Reports on a ledger that no client has open, for the command line.

use std::time::SystemTime;

use napi_derive::napi;

use crate::{
    base::{clock::SystemClock, timestamp::epoch_ms},
    cost::{accountant::CostAccountant, calendar},
};

/// The costs in a ledger's text between two days since 1970, both included, as JSON. Throws the problem
/// with the text.
#[napi(catch_unwind)]
pub fn ledger_report(text: String, from: Option<u32>, to: Option<u32>) -> napi::Result<String> {
    let now = epoch_ms(SystemTime::now());
    let accountant = CostAccountant::new(&[], None, &SystemClock);
    accountant.restore(&text, now).map_err(napi::Error::from_reason)?;
    Ok(accountant.report(from.unwrap_or(0), to.unwrap_or_else(|| calendar::day(now))).to_string())
}
