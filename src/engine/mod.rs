//! One call from start to end: which candidates, which attempt, what next, and what is reported.

mod state_changes;

pub mod client;

pub mod metrics;

pub mod status;
pub mod status_page;

mod reload;

pub mod recorder;

pub use self::client::Engine;
