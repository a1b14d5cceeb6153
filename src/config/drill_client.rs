//! A client's configuration for a drill: the same, without effects on the outside.

use std::time::Duration;

use http::HeaderValue;

use super::{
    call_policy::{Fallback, OnUnavailable},
    client::ClientConfig,
    key::{ApiKey, KeySource},
};

/// The key that drills send in place of the user's.
const STAND_IN: &str = "bellwether-drill";

impl ClientConfig {
    /// Exchanges are made by `transport`, without any key. It writes no files, sends no alerts and counts
    /// no costs.
    pub fn for_drill(&self, transport: u32, quiet: Duration) -> Self {
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
        // A function of the user may have any effect.
        if matches!(config.fallback, Some(Fallback::Function(_))) {
            config.fallback = Some(Fallback::default());
        }
        for (place, endpoint) in config.endpoints.iter_mut().enumerate() {
            for (number, key) in endpoint.keys.iter_mut().enumerate() {
                // The key distinguishes endpoints that share an address (lib/drill/vendors.js).
                let stand_in = ApiKey::new(&format!("{STAND_IN}-{place}-{number}")).ok();
                if !matches!(key, KeySource::None) {
                    *key = stand_in.map_or(KeySource::None, KeySource::Static);
                }
            }
            // Headers may contain secrets.
            for (_, value) in &mut endpoint.headers {
                *value = HeaderValue::from_static(STAND_IN);
            }
            endpoint.health.status_page = None;
            endpoint.health.url = None;
        }
        config
    }
}
