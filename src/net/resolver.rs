//! Resolves names through the system's resolver on a blocking thread. Its own error type distinguishes a
//! DNS failure from a refused connection.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

#[derive(Clone)]
pub struct Resolver(GaiResolver);

#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved")]
pub struct DnsError(#[source] std::io::Error);

impl Default for Resolver {
    fn default() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DnsError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DnsError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DnsError>> {
        self.0.poll_ready(cx).map_err(DnsError)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.0.call(name);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = lookup.await.map_err(DnsError)?.collect();
            if addresses.is_empty() {
                return Err(DnsError(std::io::Error::other("no addresses")));
            }
            Ok(addresses.into_iter())
        })
    }
}
