//! The interfaces through which an engine reaches the outside: network, clock, user callbacks, events.

use std::sync::Arc;

use crate::{
    alert::notify::AlertFunction,
    base::{clock::WallClock, event::EventSink, future::BoxFuture},
    config::key::ApiKey,
    net::{connector::Dial, proxy::Proxy, transport::Transport},
};

/// Calls the user's functions by their number.
pub trait UserCallbacks: AlertFunction + Send + Sync + 'static {
    fn key(&self, function: u32) -> BoxFuture<Result<ApiKey, String>>;
    /// The fallback text of a failed call; `None` when the function failed.
    fn fallback(&self, function: u32, request: String) -> BoxFuture<Option<String>>;
}

/// The dependencies of an engine. All of them can be simulated.
pub struct EngineDeps {
    pub dial: Arc<dyn Dial>,
    pub proxy: Option<Arc<Proxy>>,
    pub wall: Arc<dyn WallClock>,
    pub rng: fastrand::Rng,
    /// Exchanges requests in place of the network.
    pub transport: Option<Arc<dyn Transport>>,
}

/// The event sink and the user's functions.
pub struct EngineHooks {
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn UserCallbacks>,
    pub wall: Arc<dyn WallClock>,
}
