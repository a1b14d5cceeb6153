//! The prepared head of requests to one target: address, credential and headers.

use crate::net::request::USER_AGENT;
use std::sync::Arc;

use http::{
    HeaderMap, HeaderValue, Method,
    header::{self, HeaderName},
};

use crate::{
    config::{
        EndpointConfig,
        endpoint::{ANTHROPIC_VERSION, DEFAULT_VERSION},
        key::{ApiKey, KeySource},
    },
    dialect::codec::Dialect,
    net::request::RequestHead,
};

pub struct RequestHeads {
    whole: Arc<RequestHead>,
    stream: Arc<RequestHead>,
}

impl RequestHeads {
    pub fn new(endpoint: &EndpointConfig, model: &str, source: &KeySource) -> Self {
        let json = HeaderValue::from_static("application/json");
        let mut common = HeaderMap::with_capacity(8);
        common.insert(header::CONTENT_TYPE, json.clone());
        common.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let key = match source {
            KeySource::Static(key) => Some(key),
            KeySource::None | KeySource::Function(_) => None,
        };
        authorize(&mut common, endpoint, key);
        let mut whole = common.clone();
        whole.entry(header::ACCEPT).or_insert(json);
        whole.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip, br"));
        // No compression for streams: compressed chunks arrive late.
        let mut stream = common;
        stream.entry(header::ACCEPT).or_insert(HeaderValue::from_static("text/event-stream"));
        let head = |headers, stream| {
            let uri = endpoint.base_url.uri(&endpoint.dialect.path(model, stream));
            Arc::new(RequestHead::new(Method::POST, uri, headers))
        };
        Self { whole: head(whole, false), stream: head(stream, true) }
    }

    /// The head of a request. `key` is the key that a function gave for this attempt.
    pub fn head(&self, endpoint: &EndpointConfig, stream: bool, key: Option<&ApiKey>) -> Arc<RequestHead> {
        let prepared = if stream { &self.stream } else { &self.whole };
        if key.is_none() {
            return prepared.clone();
        }
        let mut headers = prepared.headers().clone();
        authorize(&mut headers, endpoint, key);
        Arc::new(RequestHead::new(Method::POST, prepared.uri.clone(), headers))
    }
}

/// Sets the credential and the endpoint's own headers, which take precedence.
pub fn authorize(headers: &mut HeaderMap, endpoint: &EndpointConfig, key: Option<&ApiKey>) {
    if let Some(key) = key {
        let bare = |name| (HeaderName::from_static(name), key.expose().to_owned());
        let (name, value) = match endpoint.dialect {
            // Both API versions accept this header; newer ones also accept a bearer token.
            Dialect::Anthropic(_) => bare("x-api-key"),
            Dialect::Google => bare("x-goog-api-key"),
            Dialect::OpenAi if endpoint.vendor.as_deref() == Some("azure") => bare("api-key"),
            Dialect::OpenAi | Dialect::Relay => (header::AUTHORIZATION, format!("Bearer {}", key.expose())),
        };
        // A key is printable ASCII by construction.
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    if let Dialect::Anthropic(_) = endpoint.dialect {
        headers.insert(ANTHROPIC_VERSION, HeaderValue::from_static(DEFAULT_VERSION));
    }
    for (name, value) in &endpoint.headers {
        headers.insert(name, value.clone());
    }
}
