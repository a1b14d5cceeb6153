//! Copies of a client for drills.

use std::time::Duration;

use napi_derive::napi;
use serde_json::Value;

use super::{client::NativeClient, hub::Hub};
use crate::config::fingerprint::ConfigFingerprint;

#[napi]
impl NativeClient {
    /// The drill schedule as JSON; `None` without one.
    #[napi(catch_unwind)]
    pub fn drills(&self) -> Option<String> {
        self.shared.engine().config.drills.as_ref().map(|drills| drills.to_json().to_string())
    }

    /// A client with this one's current configuration, whose exchanges the function `transport` of `client`
    /// makes. It has its own state.
    #[napi(catch_unwind)]
    pub fn drill_client(
        &self,
        hub: &Hub,
        client: u32,
        transport: u32,
        quiet_ms: f64,
    ) -> napi::Result<NativeClient> {
        let quiet = crate::base::duration::from_millis(quiet_ms).unwrap_or(Duration::from_secs(1));
        let config = self.shared.engine().config.for_drill(transport, quiet);
        let fingerprint = ConfigFingerprint::of(&Value::Null, &config);
        Self::start(hub.inner.clone(), client, config, fingerprint)
    }
}
