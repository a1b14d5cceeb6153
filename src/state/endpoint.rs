//! An endpoint's configuration, and the state that all its models share.

use std::{
    sync::{Arc, atomic::AtomicU32},
    time::Instant,
};

use parking_lot::Mutex;

use super::{credential::Credential, origin::Origin, stats::LastError, wait_queue::WaitQueue};
use crate::{
    config::EndpointConfig,
    policy::{
        canary::Canary,
        retry_budget::{RetryBudget, RetryBudgetConfig},
    },
};

pub struct Endpoint {
    pub name: Arc<str>,
    pub config: EndpointConfig,
    pub index: usize,
    pub origin: Arc<Origin>,
    pub credentials: Vec<Arc<Credential>>,
    pub budget: Arc<Mutex<RetryBudget>>,
    pub isolated: Arc<AtomicU32>,
    pub last_error: Arc<Mutex<Option<LastError>>>,
    pub in_flight: Arc<AtomicU32>,
    /// Where calls wait for a ready endpoint.
    pub wait_queue: Arc<WaitQueue>,
    /// Set while the endpoint is a canary.
    pub canary: Option<Arc<Mutex<Canary>>>,
}

// === impl Endpoint ===

impl Endpoint {
    pub fn new(
        config: EndpointConfig,
        index: usize,
        origin: Arc<Origin>,
        credentials: Vec<Arc<Credential>>,
        budget: RetryBudgetConfig,
        wait_queue: Arc<WaitQueue>,
        now: Instant,
    ) -> Self {
        let canary = config.canary.clone().map(|canary| Arc::new(Mutex::new(Canary::new(canary, now))));
        Self {
            name: config.name.as_str().into(),
            config,
            index,
            origin,
            credentials,
            budget: Arc::new(Mutex::new(RetryBudget::new(budget, now))),
            isolated: Arc::default(),
            last_error: Arc::default(),
            in_flight: Arc::default(),
            wait_queue,
            canary,
        }
    }
}
