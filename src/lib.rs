//! bellwether keeps LLM calls answered while vendors fail.
//!
//! The modules are listed from the top down. A module imports from those below it and never from one above it;
//! `npm test` checks that (`tools/check-imports`).

// Tests of pure policies need some moment to start from.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

// It has no tests of its own in Rust: the tests of the package cover it.
#[cfg(all(feature = "node", not(test)))]
mod binding;

pub mod health;
pub mod queue;

pub mod call;

pub mod engine;

pub mod state;

pub mod config;

pub mod alert;

pub mod observe;

pub mod cost;

pub mod dialect;
pub mod net;
pub mod policy;

pub mod base;
