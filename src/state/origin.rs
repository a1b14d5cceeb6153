//! The state of an address: connection failures concern every endpoint there.

use std::time::Instant;

use parking_lot::Mutex;

use super::gate::Gate;
use crate::policy::breaker::BreakerConfig;

/// Scheme, host and port, shared by every endpoint there.
pub struct Origin {
    pub address: String,
    pub gate: Mutex<Gate>,
}

impl Origin {
    pub fn new(address: &str, breaker: Option<&BreakerConfig>, now: Instant) -> Self {
        Self { address: address.into(), gate: Mutex::new(Gate::new(breaker, now)) }
    }
}
