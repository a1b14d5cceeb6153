//! Builds the engine for a new configuration.

use super::{inherit::PreviousEngine, ports::EngineHooks};
use crate::{
    config::ClientConfig,
    net::{
        client::HttpClient,
        connector::{Connector, TcpDial},
        proxy::Proxy,
        tls::BadCertificate,
        transport::Transport,
    },
};
use std::sync::Arc;

use super::Engine;

impl Engine {
    /// The connections for a new configuration: the current ones when it would make the same.
    pub fn connections(
        &self,
        config: &ClientConfig,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<HttpClient, BadCertificate> {
        let own = &self.config;
        let alike = config.tls == own.tls
            && config.proxy == own.proxy
            && config.timeouts.connect == own.timeouts.connect
            && config.transport == own.transport;
        if alike {
            return Ok(self.http.clone());
        }
        let proxy = Proxy::new(&config.proxy).map(Arc::new);
        let dial = Arc::new(TcpDial::new(&config.tls, proxy.clone())?);
        let proxy = proxy.filter(|_| transport.is_none());
        Ok(HttpClient::new(Connector::new(dial, config.timeouts.connect), proxy, transport))
    }

    /// The engine for a new configuration. It inherits the state of endpoints that remain. This engine keeps
    /// its running calls.
    pub fn reloaded(&self, config: ClientConfig, http: HttpClient) -> Arc<Self> {
        let hooks = EngineHooks {
            events: self.events.clone(),
            functions: self.functions.clone(),
            wall: self.wall.clone(),
        };
        let rng = self.rng.lock().fork();
        let successor = Self::assemble(config, http, hooks, rng, &PreviousEngine::of(self));
        for endpoint in successor.endpoints.iter().filter(|_| !self.is_closed()) {
            if self.status_pages.take(&endpoint.name) {
                successor.watch_status_page(endpoint);
            }
        }
        successor
    }
}
