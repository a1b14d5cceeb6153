//! Alerts: the rules that fire and resolve them, and their delivery to receivers.

mod condition;
mod consecutive_failures;
pub mod dispatcher;
mod kinds;
pub mod manager;
pub mod notify;
pub mod rules;
pub mod silence;
mod types;

pub use self::{
    condition::{ConditionDetails, ConditionKind, Conditions},
    consecutive_failures::{CheckFailure, CheckObservation, ConsecutiveFailures},
    kinds::KINDS,
    types::{Alert, AlertStatus, Severity, fingerprint},
};
