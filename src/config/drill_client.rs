//! A client's configuration for a rehearsal: the same but for whatever would touch the world.

use std::time::Duration;

use http::HeaderValue;

use super::{
    call_policy::{Fallback, OnUnavailable},
    client::ClientConfig,
    key::{ApiKey, KeySource},
};

/// Sent in the place of what users configured for their vendors.
const STAND_IN: &str = "bellwether-drill";

impl ClientConfig {
    /// Its exchanges are made by `transport`, without any key. It keeps nothing, tells nobody, and counts no money.
    pub fn rehearsal(&self, transport: u32, quiet: Duration) -> Self {
        let mut config = self.clone();
        config.transport = Some(transport);
        config.queue = None;
        config.ledger = None;
        config.alerts = None;
        config.drills = None;
        config.budgets.clear();
        config.health_starts = false;
        config.incidents.quiet = quiet;
        if config.on_unavailable == OnUnavailable::Queue {
            config.on_unavailable = OnUnavailable::Wait;
        }
        // A function of the user's may do anything.
        if matches!(config.fallback, Some(Fallback::Function(_))) {
            config.fallback = Some(Fallback::default());
        }
        for (place, endpoint) in config.endpoints.iter_mut().enumerate() {
            for (number, key) in endpoint.keys.iter_mut().enumerate() {
                // It tells endpoints apart that share an address (lib/drill/vendors.js).
                let stand_in = ApiKey::new(&format!("{STAND_IN}-{place}-{number}")).ok();
                if !matches!(key, KeySource::None) {
                    *key = stand_in.map_or(KeySource::None, KeySource::Static);
                }
            }
            // They may hold secrets.
            for (_, value) in &mut endpoint.headers {
                *value = HeaderValue::from_static(STAND_IN);
            }
            endpoint.health.status_page = None;
            endpoint.health.url = None;
        }
        config
    }
}
