//! Reads options, once, into values that are always valid.

mod alert_kinds;
mod alert_rules;
pub mod alerts;
pub mod base_url;
mod breaker;
pub mod budgets;
pub mod call_policy;
pub mod client;
mod connections;
mod descriptions;
pub mod document;
mod drill_client;
pub mod drills;
pub mod endpoint;
mod endpoints;
pub mod environment;
pub mod fingerprint;
pub mod incidents;
pub mod key;
pub mod limits;
pub mod models;
pub mod monitor;
mod price;
pub mod queue;
pub mod reader;
mod retry;
pub mod routing;
pub mod schema;
mod silences;
pub mod timeouts;
pub mod vendors;

pub use self::{client::ClientConfig, endpoint::EndpointConfig, reader::Problem};
