//! What an engine is given from outside: the network, the clock, and the user's functions.

use std::sync::Arc;

use crate::{
    alert::notify::AlertFunction,
    base::{clock::WallClock, event::EventSink, future::BoxFuture},
    config::key::ApiKey,
    net::{connector::Dial, proxy::Proxy, transport::Transport},
};

/// Asks the user's functions, by their numbers on the other side of the boundary.
pub trait UserCallbacks: AlertFunction + Send + Sync + 'static {
    fn key(&self, function: u32) -> BoxFuture<Result<ApiKey, String>>;
    /// The text for a call that came to nothing; `None` when the function failed.
    fn fallback(&self, function: u32, request: String) -> BoxFuture<Option<String>>;
}

/// What an engine stands on: the network, the wall clock, and chance. All of it may be simulated.
pub struct EngineDeps {
    pub dial: Arc<dyn Dial>,
    pub proxy: Option<Arc<Proxy>>,
    pub wall: Arc<dyn WallClock>,
    pub rng: fastrand::Rng,
    /// Makes the exchanges in place of the network.
    pub transport: Option<Arc<dyn Transport>>,
}

/// Who is asked and told, beside the network.
pub struct EngineHooks {
    pub events: Arc<dyn EventSink>,
    pub functions: Arc<dyn UserCallbacks>,
    pub wall: Arc<dyn WallClock>,
}
