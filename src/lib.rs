//! bellwether keeps LLM calls answered while vendors fail.
//!
//! A call walks down through the modules and its answer walks up the same stairs:
//! `node` → `engine` → `policy`, `dialect`, `net` → the ground floor. Nothing reaches back up.

// Tests of pure policies need some moment to start from.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod alert;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod duration;
pub mod engine;
pub mod event;
pub mod health;
pub mod latin1;
pub mod model_id;
pub mod money;
pub mod net;
// It has no tests of its own in Rust: what it does is seen from JavaScript.
#[cfg(all(feature = "node", not(test)))]
mod node;
pub mod observe;
pub mod policy;
pub mod queue;
pub mod rate_limit;
pub mod reason;
pub mod retry_after;
pub mod timestamp;
pub mod vendor_error;
